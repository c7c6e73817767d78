"""Who has all that is public of a badge, and a list of everybody, finds nobody in it."""

import hashlib
import re
from base64 import urlsafe_b64encode
from io import BytesIO
from uuid import NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL, NAMESPACE_X500, uuid5

from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import update

from lti_tool.badges import detailing, exporting, services, vc_jwt
from lti_tool.badges.detailing import Asked
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.rules import Shows
from lti_tool.core.db import transaction
from lti_tool.core.ids import CredentialId
from lti_tool.platforms.models import User
from tests.badges.factories import Place, another_achievement, held_badges, issue, issuer, place

ADDRESS, NUMBER = "amara.nwosu@northfell.example", "s104711"
EVERYBODY = [
    *(f"s{104_000 + number}" for number in range(1_000)),
    *(f"learner{number}@northfell.example" for number in range(500)),
    ADDRESS,
]
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
_DIGESTS = ("md5", "sha1", "sha256", "sha512")


def enrolled() -> Place:
    at = place()
    with transaction(at.institution_id) as session:
        session.execute(
            update(User).where(User.id == at.user_id).values(email=ADDRESS, sis_id=NUMBER)
        )
    return at


def all_that_is_public(client: FlaskClient, at: Place, credential_id: CredentialId) -> str:
    """Return the page of a link that names nobody, and every file and document there is to it."""
    token = services.share(
        at.institution_id, credential_id, person_id=at.person_id, shows=Shows(name=False)
    )
    page = f"/i/northfell/shared/{token}"
    paths = (page, f"{page}/embed", *(f"{page}.{kind}" for kind in FileKind))
    texts = [client.get(path).data.decode("latin-1") for path in paths]
    compact = client.get(f"{page}.jwt").text
    document = vc_jwt.read(compact)
    certificate = exporting.certificate_file(
        at.institution_id,
        credential_id,
        link=issuer(at).share_url(token),
        verify_url="http://localhost/verify",
        holder=None,
    )
    pdf = PdfReader(BytesIO(certificate.data))
    texts += [
        str(document),
        *(leaf.extract_text() for leaf in pdf.pages),
        *(attached.content.decode() for attached in pdf.attachment_list),
        str(pdf.metadata),
        client.get(document["credentialStatus"]["statusListCredential"][16:]).text,
        client.get(document["credentialSubject"]["achievement"]["id"][16:]).text,
        client.get("/i/northfell/did.json").text,
    ]
    return "\n".join(texts)


def found_in(text: str) -> set[str]:
    """Return who of everybody can be recognised: as written, or hashed with anything at hand."""
    tokens = set(_TOKEN.findall(text))
    salts = ["", *sorted(tokens)]
    lowered = text.lower()
    return {
        person
        for person in EVERYBODY
        if person.lower() in lowered or any(form in tokens for form in disguises(person, salts))
    }


def disguises(person: str, salts: list[str]) -> set[str]:
    forms = {urlsafe_b64encode(person.encode()).decode().rstrip("=")}
    for namespace in (NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL, NAMESPACE_X500):
        forms.add(str(uuid5(namespace, person)))
    for salt in salts:
        for said in (f"{person}{salt}", f"{salt}{person}", f"{person}:{salt}", f"{salt}:{person}"):
            for name in _DIGESTS if not salt else ("md5", "sha256"):
                digest = hashlib.new(name, said.encode())
                forms |= {digest.hexdigest(), urlsafe_b64encode(digest.digest()).decode()[:-1]}
    return forms


def test_a_list_of_everybody_recovers_nobody_from_a_shared_badge(client: FlaskClient) -> None:
    at = enrolled()
    text = all_that_is_public(client, at, issue(at))
    assert "Reading Statistics Critically" in text

    assert found_in(text) == set()
    assert "Amara" not in text
    assert at.user_id.hex not in text.replace("-", "")
    assert at.person_id.hex not in text.replace("-", "")


def test_the_same_list_finds_who_had_an_address_put_into_it(client: FlaskClient) -> None:
    """What is looked for can be found: an identifier that its holder chose is there to be known."""
    at = enrolled()
    issue(at)
    [badge] = held_badges(at)
    with transaction(at.institution_id) as session:
        offered = detailing.offer(session, at.person_id, badge.award_id)
    own = next(one.choice for one in offered.identifiers if one.value == ADDRESS)
    detailed = detailing.sign_detailed(
        at.institution_id,
        badge.award_id,
        person_id=at.person_id,
        asked=Asked(identifier=own),
    )

    text = all_that_is_public(client, at, detailed)

    assert found_in(text) == {ADDRESS}
    assert ADDRESS not in text


def test_two_badges_of_one_person_have_no_more_in_common_than_those_of_two(
    client: FlaskClient,
) -> None:
    at = enrolled()
    first, second = issue(at), issue(another_achievement(at, "Tables"))

    def tokens(credential_id: CredentialId) -> set[str]:
        token = services.share(
            at.institution_id, credential_id, person_id=at.person_id, shows=Shows(name=False)
        )
        return set(_TOKEN.findall(client.get(f"/i/northfell/shared/{token}.json").text))

    shared = tokens(first) & tokens(second)

    did = client.get("/i/northfell/did.json").text
    assert {token for token in shared if re.search(r"\d", token)} <= set(_TOKEN.findall(did))
