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

from lti_tool.badges import artwork, baking, micro_credentials, multikey, vc_jwt
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.open_badges import Badge
from lti_tool.core.jwk import public_jwk
from tests.badges.did_documents import document_path
from tests.badges.samples import (
    AT,
    BADGE,
    CONTEXT_URL,
    DID,
    FULL,
    KEY,
    LIST_URL,
    Published,
    changed,
    published,
    signed,
)
from tests.witness.fixture import (
    INSTALLING_SECONDS,
    OpenBadgesLib,
    Verdict,
    Witness,
    openbadgeslib,
    witness,
)

__all__ = ["openbadgeslib", "witness"]

pytestmark = pytest.mark.timeout(INSTALLING_SECONDS)  # whoever comes first installs a witness


def ask(witness: Witness, what: Published, credential: dict[str, Any] | None = None) -> Verdict:
    own_context = micro_credentials.find_context(CONTEXT_URL)
    assert own_context is not None
    documents = {DID: what.did_document, LIST_URL: what.status_list, CONTEXT_URL: own_context}
    return witness(credential or what.credential, documents)


@pytest.mark.parametrize("badge", [BADGE, FULL], ids=["minimal", "detailed"])
def test_a_signed_credential_is_accepted(witness: Witness, badge: Badge) -> None:
    verdict = ask(witness, published(badge))

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
        ("credentialSubject.result", []),
        ("credentialSubject.identifier", []),
        ("credentialSubject.achievement.microCredential.level", "EQF 8"),
        ("credentialSubject.achievement.creditsAvailable", 25),
        ("evidence", ...),
    ],
    ids=str,
)
def test_a_changed_credential_is_refused_by_both(
    witness: Witness, path: str, value: object
) -> None:
    what = published(FULL)

    verdict = ask(witness, what, changed(what.credential, path, value))

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


@pytest.mark.parametrize("badge", [BADGE, FULL], ids=["minimal", "detailed"])
def test_a_revoked_credential_is_seen_as_such_by_both(witness: Witness, badge: Badge) -> None:
    verdict = ask(witness, published(badge, revoked=True))

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
DID_URL = f"https://cairn.northfell.example{document_path(DID)}"


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


def test_openbadgeslib_takes_our_own_terms_when_it_is_given_their_context(
    openbadgeslib: OpenBadgesLib,
) -> None:
    what = published(FULL)
    public = KEY.public_key()
    key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    contexts = {CONTEXT_URL: micro_credentials.find_context(CONTEXT_URL)}
    forged = changed(
        what.credential, "credentialSubject.achievement.microCredential.level", "EQF 8"
    )
    documents = {DID_URL: what.did_document, LIST_URL: what.status_list}

    good = openbadgeslib(credential=what.credential, key=key, contexts=contexts)
    wrong = openbadgeslib(credential=forged, key=key, contexts=contexts)
    without = openbadgeslib(credential=what.credential, documents=documents)

    assert good == {"accepted": True, "problem": ""}
    assert not wrong["accepted"]
    assert "context" in without["problem"]


def test_jose_takes_a_detailed_compact_credential(witness: Witness) -> None:
    token = vc_jwt.sign(FULL.to_json(), key=KEY_PAIR)

    assert witness.of_compact(token, PUBLISHED_KEYS)["verified"]
    assert not witness.of_compact(altered(token), PUBLISHED_KEYS)["verified"]
