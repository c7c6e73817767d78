"""Our credentials before verifiers that share no code with us."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from resvg_py import svg_to_bytes

from lti_tool.badges import artwork, baking, did_web, multikey, vc_jwt
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.core.jwk import public_jwk
from tests.badges.samples import AT, BADGE, DID, LIST_URL, Published, changed, published, signed
from tests.witness.fixture import (
    OpenBadgesLib,
    Verdict,
    Witness,
    openbadgeslib,
    witness,
)

__all__ = ["openbadgeslib", "witness"]

pytestmark = pytest.mark.xdist_group("witness")


def ask(witness: Witness, what: Published, credential: dict[str, Any] | None = None) -> Verdict:
    documents = {DID: what.did_document, LIST_URL: what.status_list}
    return witness(credential or what.credential, documents)


def test_a_signed_credential_is_accepted(witness: Witness) -> None:
    verdict = ask(witness, published())

    assert verdict.accepted, verdict
    assert verdict.dcc["log"]["revocation_status"] is True


def test_one_that_ends_later_is_accepted(witness: Witness) -> None:
    verdict = ask(witness, published(valid_until=datetime(2999, 1, 1, tzinfo=UTC)))

    assert verdict.accepted, verdict


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("credentialSubject.achievement.name", "PhD"),
        ("credentialStatus", ...),
        ("validFrom", "2020-01-01T00:00:00Z"),
        ("proof.created", "2020-01-01T00:00:00Z"),
    ],
    ids=str,
)
def test_a_changed_credential_is_refused_by_both(
    witness: Witness, path: str, value: object
) -> None:
    what = published()

    verdict = ask(witness, what, changed(what.credential, path, value))

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


def test_a_revoked_credential_is_seen_as_such_by_both(witness: Witness) -> None:
    verdict = ask(witness, published(revoked=True))

    assert not verdict.accepted
    assert verdict.digital_bazaar["revoked"]
    assert verdict.dcc["log"]["revocation_status"] is False


def test_an_expired_credential_is_refused_by_both(witness: Witness) -> None:
    verdict = ask(witness, published(valid_until=AT))

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"]["expiration"] is False


def test_a_key_that_is_no_longer_published_is_refused(witness: Witness) -> None:
    what = published()
    what.did_document["verificationMethod"] = []
    what.did_document["assertionMethod"] = []

    verdict = ask(witness, what)

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


def test_a_forged_status_list_is_not_believed(witness: Witness) -> None:
    what = published(revoked=True)
    empty = published().status_list["credentialSubject"]["encodedList"]
    what.status_list["credentialSubject"]["encodedList"] = empty

    verdict = ask(witness, what)

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("revocation_status") is not True


def test_an_achievement_type_the_specification_does_not_know_still_verifies(
    witness: Witness,
) -> None:
    """Signature and schema are different questions: this one is only about the first."""
    document = published().credential
    del document["proof"]
    document["credentialSubject"]["achievement"]["achievementType"] = "ext:Stone"

    verdict = ask(witness, published(), signed(document))

    assert verdict.accepted, verdict


KEY_PAIR = generate_private_key(65537, 2048)
PUBLISHED_KEYS = [{**public_jwk(KEY_PAIR), "iss": DID}]
DID_URL = f"https://cairn.northfell.example{did_web.document_path(DID)}"


def compact(until: datetime | None = None) -> str:
    return vc_jwt.sign(replace(BADGE, valid_until=until).to_json(), key=KEY_PAIR)


def pem() -> str:
    public = KEY_PAIR.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def altered(token: str) -> str:
    """Have a token say something else under the signature it has."""
    header, payload, signature = token.split(".")
    text = multikey.from_base64url(payload).replace(b"Statistics", b"Everything")
    return f"{header}.{multikey.to_base64url(text)}.{signature}"


def baked_png() -> bytes:
    picture = artwork.draw(
        Artwork(outline=Outline.STONE, field=Field.DATA, level=1), seed=UUID(int=1), label="x"
    )
    png = bytes(svg_to_bytes(svg_string=picture, width=64, skip_system_fonts=True))
    return baking.bake_png(png, json.dumps(published().credential))


def test_jose_takes_a_compact_credential_and_refuses_what_is_wrong_with_it(
    witness: Witness,
) -> None:
    good, ended = compact(datetime(2999, 1, 1, tzinfo=UTC)), compact(AT)
    stranger = [{**public_jwk(generate_private_key(65537, 2048)), "iss": DID}]

    assert witness.of_compact(good, PUBLISHED_KEYS) == {"verified": True, "problems": []}
    assert not witness.of_compact(altered(good), PUBLISHED_KEYS)["verified"]
    assert witness.of_compact(ended, PUBLISHED_KEYS)["problems"] == ["ERR_JWT_EXPIRED"]
    assert witness.of_compact(good, stranger)["problems"] == ["key"]


def test_openbadgeslib_takes_both_forms_and_the_picture(openbadgeslib: OpenBadgesLib) -> None:
    what = published()
    documents = {DID_URL: what.did_document, LIST_URL: what.status_list}
    png = base64.b64encode(baked_png()).decode()

    for question in (
        {"credential": what.credential, "documents": documents},
        {"png": png, "documents": documents},
        {"compact": compact(), "key": pem()},
    ):
        assert openbadgeslib(**question) == {"accepted": True, "problem": ""}


def test_openbadgeslib_refuses_what_is_changed_revoked_or_over(
    openbadgeslib: OpenBadgesLib,
) -> None:
    good, revoked, over = published(), published(revoked=True), published(valid_until=AT)
    forged = changed(good.credential, "credentialSubject.achievement.name", "PhD")

    for credential, what, says in (
        (forged, good, "signature mismatch"),
        (revoked.credential, revoked, "revocation"),
        (over.credential, over, "expired"),
    ):
        documents = {DID_URL: what.did_document, LIST_URL: what.status_list}
        answer = openbadgeslib(credential=credential, documents=documents)
        assert not answer["accepted"]
        assert says in answer["problem"].lower()
    assert not openbadgeslib(compact=altered(compact()), key=pem())["accepted"]
    assert not openbadgeslib(compact=compact(AT), key=pem())["accepted"]
