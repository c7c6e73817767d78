import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey

from lti_tool.core.jwk import PrivateKey, public_jwk

ED25519, RSA = Ed25519PrivateKey.generate(), generate_private_key(65537, 2048)


@pytest.mark.parametrize(("private", "reader"), [(ED25519, OKPKey), (RSA, RSAKey)])
def test_another_library_reads_the_key_and_finds_the_same_thumbprint(
    private: PrivateKey, reader: type[OKPKey | RSAKey]
) -> None:
    jwk = public_jwk(private)
    read = reader.import_key(jwk)
    assert read.thumbprint() == jwk["kid"]
    assert not read.is_private
    assert set(jwk) & {"d", "p", "q", "dp", "dq", "qi"} == set()


def test_numbers_are_written_as_another_library_does_without_leading_zeros() -> None:
    """RFC 7518 §6.3.1.1: in as few octets as there can be."""
    jwk, written = public_jwk(RSA), RSAKey.import_key(RSA).as_dict(private=False)

    assert (jwk["n"], jwk["e"]) == (written["n"], "AQAB")


def test_another_library_verifies_what_the_key_signs() -> None:
    signer = RSAKey.import_key(RSA)
    token = jws.serialize_compact({"alg": "RS256"}, b"text", signer)
    assert jws.deserialize_compact(token, RSAKey.import_key(public_jwk(RSA))).payload == b"text"


def test_the_ed25519_example_of_rfc_8037() -> None:
    """RFC 8037, appendices A.1 to A.3."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    jwk = public_jwk(Ed25519PrivateKey.from_private_bytes(seed))
    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert jwk["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert json.dumps(jwk)
