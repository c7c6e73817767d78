from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lti_tool.badges import did_web, multikey
from tests.badges.did_documents import document_path, read_document
from tests.badges.samples import DID, KEY, METHOD

OLD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.mark.parametrize(
    ("url", "did", "path"),
    [
        # The three examples of the did:web method specification.
        ("https://w3c-ccg.github.io", "did:web:w3c-ccg.github.io", "/.well-known/did.json"),
        (
            "https://w3c-ccg.github.io/user/alice",
            "did:web:w3c-ccg.github.io:user:alice",
            "/user/alice/did.json",
        ),
        (
            "https://example.com:3000/user/alice",
            "did:web:example.com%3A3000:user:alice",
            "/user/alice/did.json",
        ),
        ("http://localhost:8400/i/northfell", "did:web:localhost%3A8400:i:northfell", None),
    ],
)
def test_a_did_and_its_address_are_one_thing(url: str, did: str, path: str | None) -> None:
    assert did_web.did_of(url) == did
    assert document_path(did) == (path or "/i/northfell/did.json")


@pytest.mark.parametrize("did", ["did:key:z6Mk", "web:example.com", "did:web:", ""])
def test_another_did_has_no_address(did: str) -> None:
    with pytest.raises(ValueError, match="not a did:web"):
        document_path(did)


def test_every_listed_key_may_sign_and_reads_back() -> None:
    document = did_web.document(DID, [KEY.public_key(), OLD_KEY.public_key()])

    methods = read_document(document, did=DID)

    assert methods == [METHOD, did_web.verification_method(DID, OLD_KEY.public_key())]
    assert document["assertionMethod"] == [method.id for method in methods]


def test_the_fragment_is_the_key_itself() -> None:
    assert METHOD.id == f"{DID}#{multikey.encode_public_key(KEY.public_key())}"


def test_a_document_about_another_is_refused() -> None:
    document = did_web.document(DID, [KEY.public_key()])

    with pytest.raises(ValueError, match="not the document of"):
        read_document(document, did="did:web:other.example")
    with pytest.raises(ValueError, match="not the document of"):
        read_document([document], did=DID)


def test_a_key_for_another_purpose_or_of_another_kind_is_passed_over() -> None:
    document: dict[str, Any] = did_web.document(DID, [KEY.public_key(), OLD_KEY.public_key()])
    document["assertionMethod"] = [METHOD.id]  # the old one signs in, say, but asserts nothing
    document["verificationMethod"].append(
        {
            "id": f"{DID}#p256",
            "controller": DID,
            "publicKeyMultibase": "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP",
        }
    )
    document["assertionMethod"].append(f"{DID}#p256")

    assert read_document(document, did=DID) == [METHOD]


def test_a_key_may_stand_in_the_list_itself() -> None:
    document = did_web.document(DID, [KEY.public_key()])
    embedded = {"id": DID, "assertionMethod": document["verificationMethod"]}

    assert read_document(embedded, did=DID) == [METHOD]


@pytest.mark.parametrize("junk", [None, "x", 5, {"a": 1}, [None, 5, {}, {"id": []}, [1]]])
def test_junk_in_place_of_keys_is_no_key(junk: object) -> None:
    document = {"id": DID, "verificationMethod": junk, "assertionMethod": junk}

    assert read_document(document, did=DID) == []


def test_the_key_set_holds_the_same_keys() -> None:
    (key,) = did_web.key_set(DID, [KEY.public_key()])["keys"]

    assert multikey.from_base64url(key["x"]) == KEY.public_key().public_bytes_raw()
    assert key["kid"] == METHOD.id
    assert "d" not in key
