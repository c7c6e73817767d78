"""The institution's own page: what it tells, and another name from now on."""

from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from lti_tool.core import audit
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.platforms import services
from lti_tool.platforms.models import Institution
from lti_tool.registrar.sentences import sentence
from tests.administration.staff import Office, office
from tests.administration.test_routes import add_platform, another_institution, text_of


@pytest.fixture
def desk(client: FlaskClient) -> Office:
    return office(client, "tool_administrator")


def name_of(institution_id: InstitutionId) -> str:
    with system_transaction() as session:
        return session.get_one(Institution, institution_id).name


def acts_of(institution_id: InstitutionId) -> list[str]:
    with transaction(institution_id) as session:
        return [entry.act for entry in audit.list_entries(session)]


def rename(desk: Office, name: str) -> int:
    return desk.post("institution/name", page="institution", name=name).status_code


def test_the_page_tells_what_badges_say_and_what_belongs_to_the_institution(desk: Office) -> None:
    moodle = add_platform("Our Moodle", of=desk.institution_id)
    services.add_deployment(moodle.id, "deployment-7", desk.institution_id)

    page = text_of(desk.get("institution").text)

    assert f":i:{desk.slug}" in page
    assert f"The word {desk.slug} in the address is fixed." in page
    assert "Our Moodle" in page
    assert "deployment-7" in page
    assert moodle.issuer in page
    assert "Badges as JWT" in page
    assert "Campus https://" in page


def test_a_name_may_have_an_at_sign(desk: Office) -> None:
    assert rename(desk, "Learning @ Northgate") == 303

    assert name_of(desk.institution_id) == "Learning @ Northgate"
    with transaction(desk.institution_id) as session:
        (entry,) = audit.list_entries(session, object_kind="institution")
    assert entry.facts["after"] == "Learning (at) Northgate"


def test_nothing_of_another_institution_is_on_the_page(desk: Office, client: FlaskClient) -> None:
    shared = add_platform("Shared LMS")
    theirs = another_institution()
    services.add_deployment(shared.id, "of-ours", desk.institution_id)
    services.add_deployment(shared.id, "of-theirs", theirs)
    services.add_deployment(add_platform("Their Canvas", of=theirs).id, "3", theirs)
    with system_transaction() as session:
        slug = session.get_one(Institution, theirs).slug

    page = desk.get("institution").text

    assert "of-ours" in page
    assert "of-theirs" not in page
    assert "Their Canvas" not in page
    assert slug not in page
    elsewhere = client.get(f"/desk/{slug}/institution")
    assert elsewhere.status_code == 303
    assert f"/staff/{slug}/" in elsewhere.location


def test_a_new_name_is_on_pages_and_in_the_profile_at_once_and_the_id_stays(
    desk: Office, client: FlaskClient
) -> None:
    profile = {"Accept": "application/ld+json"}
    before = client.get(f"/i/{desk.slug}", headers=profile).get_json()

    status = rename(desk, "  Northgate Technical University ")

    after = client.get(f"/i/{desk.slug}", headers=profile).get_json()
    assert status == 303
    assert after == {**before, "name": "Northgate Technical University"}
    assert "Northgate Technical University" in desk.get("platforms").text
    with transaction(desk.institution_id) as session:
        (entry,) = audit.list_entries(session, object_kind="institution")
    assert sentence(entry.act, "", kind=entry.object_kind) == "Gave the institution another name"
    assert entry.facts == {
        "before": "Northgate University",
        "after": "Northgate Technical University",
    }


def test_a_name_that_stays_is_nothing_that_was_done(desk: Office) -> None:
    assert rename(desk, "Northgate University") == 303

    assert "rename_institution" not in acts_of(desk.institution_id)


@pytest.mark.parametrize(
    "name",
    ["", "   ", "a" * 256, "North\ngate", "North\u202egate"],
    ids=["empty", "blank", "long", "lines", "turned"],
)
def test_a_name_that_cannot_be_is_asked_for_again(desk: Office, name: str) -> None:
    answer = desk.post("institution/name", page="institution", name=name)

    assert answer.status_code == 400
    assert "The name was not changed" in answer.text
    assert name_of(desk.institution_id) == "Northgate University"


def test_markup_in_a_name_is_text(desk: Office) -> None:
    rename(desk, "<b>North</b> & 'gate'")

    page = desk.get("institution", saved="1").text
    assert "<b>North" not in page
    assert "&lt;b&gt;North&lt;/b&gt; &amp; &#39;gate&#39;" in page


def test_only_an_administrator_of_this_institution_renames_it(client: FlaskClient) -> None:
    registrar = office(client, "registrar", slug=f"i-{uuid4().hex[:8]}")

    assert registrar.get("institution").status_code == 403
    assert client.post(f"/desk/{registrar.slug}/institution/name").status_code in {400, 403}
    assert name_of(registrar.institution_id) == "Northgate University"


def test_the_institution_says_in_which_zone_it_speaks_to_whom_it_knows_none_of(
    desk: Office,
) -> None:
    answer = desk.post("institution/zone", page="institution", zone="Europe/Berlin")

    assert answer.status_code == 303
    page = desk.get("institution").text
    assert '<option value="Europe/Berlin" selected>' in page
    assert "Time zone: Berlin" in page
    assert "place_institution" in acts_of(desk.institution_id)
    assert desk.post("institution/zone", page="institution", zone="Mars/Base").status_code == 400
