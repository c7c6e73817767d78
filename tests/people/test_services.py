"""Who somebody is; connecting a sign-in; what is kept of staff."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, text

from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import InstitutionId, PersonId, UserId, new_id
from lti_tool.people import queries
from lti_tool.people.errors import NoStaffRoleError, UnknownRoleError
from lti_tool.people.models import Person, StaffMember
from lti_tool.people.services import (
    add_identity_provider,
    end_session,
    note_reading,
    person_of,
    sign_in,
)
from lti_tool.platforms.errors import NotAWebAddressError
from lti_tool.platforms.models import User
from lti_tool.platforms.services import add_institution

ISSUER = "https://id.northgate.example"


def institution() -> InstitutionId:
    return add_institution(f"p-{uuid.uuid4().hex[:8]}", "Northgate University")


def user(place: InstitutionId, name: str | None = None) -> UserId:
    with transaction(place) as session:
        made = User(issuer="https://lms.example", subject=uuid.uuid4().hex, name=name)
        session.add(made)
        session.flush()
        return made.id


def person(place: InstitutionId, name: str | None = None) -> PersonId:
    user_id = user(place, name)
    with transaction(place) as session:
        return person_of(session, user_id)


def provider(place: InstitutionId, **role_map: list[str]) -> uuid.UUID:
    return add_identity_provider(
        place, "Campus", ISSUER, "cairn", "secret", role_map or {"registrar": ["registrar"]}
    )


def claims(**more: object) -> dict[str, object]:
    return {"sub": "ruth", "roles": ["registrar"], **more}


@pytest.fixture
def place(database: Connection) -> InstitutionId:  # noqa: ARG001 - its rows go with the test
    return institution()


def test_a_user_is_the_same_person_every_time(place: InstitutionId) -> None:
    user_id = user(place)

    with transaction(place) as session:
        first = person_of(session, user_id)
    with transaction(place) as session:
        assert person_of(session, user_id) == first
        assert queries.find_person(session, user_id) == first
        assert [one.id for one in queries.list_users(session, first)] == [user_id]


def test_a_user_who_arrives_many_times_at_once_becomes_one_person(
    live_app: Flask,  # noqa: ARG001 - binds a real database
) -> None:
    place = institution()
    user_id = user(place)
    barrier = Barrier(4)

    def arrive(_: int) -> PersonId:
        barrier.wait()
        with transaction(place) as session:
            return person_of(session, user_id)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(arrive, range(4)))

    assert len(found) == 1
    with transaction(place) as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_people_are_found_and_named_within_their_institution(place: InstitutionId) -> None:
    linh, nameless = person(place, "Linh Đặng"), person(place)
    stranger = person(institution(), "Linh Elsewhere")

    with transaction(place) as session:
        assert set(session.scalars(queries.whoever_is_called("inh"))) == {linh}
        assert session.scalars(queries.whoever_is_called("_")).all() == []
        assert queries.display_names(session, [linh, nameless, stranger]) == {linh: "Linh Đặng"}
        assert queries.get_person(session, linh).id == linh
        with pytest.raises(NotFoundError):
            queries.get_person(session, stranger)


def test_the_client_secret_is_kept_encrypted(place: InstitutionId, database: Connection) -> None:
    add_identity_provider(place, "Campus", ISSUER, "cairn", "a very secret word", {})

    database.execute(text("SELECT set_config('app.institution_id', :id, true)"), {"id": str(place)})
    row = database.execute(text("SELECT * FROM identity_providers")).one()
    assert b"a very secret word" not in bytes(row.client_secret_encrypted)
    assert "a very secret word" not in str(row)


@pytest.mark.parametrize("role", ["learner", "instructor", "administrator", "king", ""])
def test_a_role_that_staff_cannot_have_is_refused(place: InstitutionId, role: str) -> None:
    with pytest.raises(UnknownRoleError, match="use auditor, issuer, programme_lead, registrar"):
        provider(place, word=["registrar", role])


def test_an_issuer_is_connected_once_and_is_an_address(place: InstitutionId) -> None:
    provider(place)

    with pytest.raises(ConflictError):
        provider(place)
    provider(institution())  # another institution may
    with pytest.raises(NotAWebAddressError):
        add_identity_provider(place, "Campus", "id.example", "cairn", "secret", {})


def test_a_provider_of_another_institution_is_not_found(place: InstitutionId) -> None:
    foreign = provider(institution())

    with pytest.raises(NotFoundError):
        sign_in(place, foreign, claims())


def test_claims_are_kept_as_text_that_fits(place: InstitutionId) -> None:
    provider_id = provider(place)

    sign_in(place, provider_id, claims(name="\x00 \ud800Ruth " + "x" * 300, email=["no"]))

    with transaction(place) as session:
        staff = session.scalars(select(StaffMember)).one()
    assert staff.name is not None
    assert staff.name.startswith("Ruth xxx")
    assert len(staff.name) == 255
    assert staff.email is None
    assert staff.roles == ["registrar"]


def test_roles_are_those_of_the_last_sign_in(place: InstitutionId) -> None:
    provider_id = provider(place, registrar=["registrar"], audit=["auditor"])
    opened = sign_in(place, provider_id, claims())

    sign_in(place, provider_id, claims(roles=["audit"]))

    with transaction(place) as session:
        found = queries.find_signed_in(session, opened.id, clock.now())
        assert found is not None
        assert found[1].roles == ["auditor"]


def test_who_lost_the_last_role_is_shut_out_and_that_is_noted(place: InstitutionId) -> None:
    provider_id = provider(place)
    opened = sign_in(place, provider_id, claims())

    with pytest.raises(NoStaffRoleError):
        sign_in(place, provider_id, claims(roles=[]))

    with transaction(place) as session:
        assert queries.find_signed_in(session, opened.id, clock.now()) is None
        assert session.scalars(select(StaffMember.roles)).one() == []
        entries = audit.list_entries(session, object_kind="staff_member")
        acts = [(one.act, one.object_id) for one in entries]
    assert acts == [("lose_access", opened.staff_id), ("sign_in", opened.staff_id)]


def test_signing_out_twice_is_signing_out(place: InstitutionId) -> None:
    opened = sign_in(place, provider(place), claims())

    end_session(place, opened.id)
    end_session(place, opened.id)

    with transaction(place) as session:
        assert queries.find_signed_in(session, opened.id, clock.now()) is None


def test_a_session_of_another_institution_cannot_be_ended(place: InstitutionId) -> None:
    opened = sign_in(place, provider(place), claims())

    end_session(institution(), opened.id)

    with transaction(place) as session:
        assert queries.find_signed_in(session, opened.id, clock.now()) is not None


def test_the_secret_is_not_shown_by_accident(place: InstitutionId) -> None:
    opened = sign_in(place, provider(place), claims())

    assert opened.secret not in repr(opened)


def test_that_a_sign_in_was_connected_is_noted(place: InstitutionId) -> None:
    provider_id = provider(place)

    with transaction(place) as session:
        [entry] = audit.list_entries(session)
    assert (entry.act, entry.actor_kind, entry.object_id) == ("connect_sign_in", "cli", provider_id)
    assert entry.facts["issuer"] == ISSUER


def test_reading_is_noted_with_who_and_what(place: InstitutionId) -> None:
    staff_id, pathway_id = new_id(), new_id()

    note_reading(
        place,
        actor=Actor("staff", staff_id),
        act="export_learners",
        object_kind="pathway",
        object_id=pathway_id,
        facts={"learners": 3},
    )

    with transaction(place) as session:
        [entry] = audit.list_entries(session)
    assert (entry.actor_id, entry.object_id, entry.facts) == (staff_id, pathway_id, {"learners": 3})
