from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from lti_tool.core import audit
from lti_tool.core.audit import CLI, SYSTEM, Actor, AuditEntry, Fact
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId, new_id
from lti_tool.platforms.services import add_institution

STAFF, AWARD = Actor("staff", UUID(int=1)), UUID(int=2)


@pytest.fixture
def institution(database: Connection) -> InstitutionId:  # noqa: ARG001 - what it is stored in
    return add_institution("first", "First University")


def _record(institution_id: InstitutionId, act: str, object_id: UUID = AWARD) -> None:
    with transaction(institution_id) as session:
        audit.record(session, actor=SYSTEM, act=act, object_kind="award", object_id=object_id)


def _acts(institution_id: InstitutionId) -> list[str]:
    with transaction(institution_id) as session:
        return [entry.act for entry in audit.list_entries(session)]


def _fail_after_noting(institution_id: InstitutionId) -> None:
    with transaction(institution_id) as session:
        audit.record(session, actor=CLI, act="try", object_kind="award", object_id=AWARD)
        raise ZeroDivisionError


def test_an_entry_says_who_did_what_to_what_and_why(institution: InstitutionId) -> None:
    with transaction(institution) as session:
        audit.record(
            session,
            actor=STAFF,
            act="withdraw_award",
            object_kind="award",
            object_id=AWARD,
            reason="granted twice",
            facts={"pathways": 2, "revoked": True, "from": None, "to": "withdrawn"},
        )
    with transaction(institution) as session:
        (entry,) = audit.list_entries(session)
    assert (entry.actor_kind, entry.actor_id, entry.act) == ("staff", STAFF.id, "withdraw_award")
    assert (entry.object_kind, entry.object_id) == ("award", AWARD)
    assert entry.reason == "granted twice"
    assert entry.facts == {"pathways": 2, "revoked": True, "from": None, "to": "withdrawn"}
    assert entry.recorded_at.tzinfo is not None


def test_what_is_rolled_back_is_not_noted(institution: InstitutionId) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail_after_noting(institution)
    assert _acts(institution) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entries SET reason = 'another'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ],
)
def test_the_database_refuses_to_change_an_entry(institution: InstitutionId, change: str) -> None:
    _record(institution, "grant_award")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction(institution) as s:
        s.execute(text(change))
    assert _acts(institution) == ["grant_award"]


def test_another_institution_sees_nothing_of_it(institution: InstitutionId) -> None:
    other = add_institution("second", "Second University")
    _record(institution, "ours")
    _record(other, "theirs")
    with transaction(other) as session:
        assert session.scalars(select(AuditEntry.act)).all() == ["theirs"]
    with system_transaction() as session:
        assert session.scalar(select(func.count(AuditEntry.id))) == 0


def test_without_an_institution_nothing_can_be_noted(database: Connection) -> None:  # noqa: ARG001 - settings
    with pytest.raises(RuntimeError, match="transaction"), system_transaction() as session:
        audit.record(session, actor=SYSTEM, act="any", object_kind="award", object_id=AWARD)


def test_entries_are_listed_newest_first_page_by_page(institution: InstitutionId) -> None:
    acts = [f"act_{number}" for number in range(25)]
    with transaction(institution) as session:
        for act in acts:  # many within one millisecond
            audit.record(session, actor=SYSTEM, act=act, object_kind="award", object_id=AWARD)
    seen: list[str] = []
    before = None
    while True:
        with transaction(institution) as session:
            page = audit.list_entries(session, before=before, limit=10)
        if not page:
            break
        assert len(page) <= 10
        seen += [entry.act for entry in page]
        before = page[-1].id
    assert seen == acts[::-1]


def test_entries_about_one_thing_are_found(institution: InstitutionId) -> None:
    other = new_id()
    _record(institution, "one")
    _record(institution, "two", other)
    with transaction(institution) as session:
        audit.record(session, actor=SYSTEM, act="three", object_kind="pathway", object_id=other)
        about = audit.list_entries(session, object_kind="award", object_id=other)
        kind = audit.list_entries(session, object_kind="award")
    assert [entry.act for entry in about] == ["two"]
    assert [entry.act for entry in kind] == ["two", "one"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("email", "x"), ("learner_name", "x"), ("note", "alice@example.edu"), ("note", "x" * 201)],
)
def test_a_fact_about_a_person_is_a_bug(institution: InstitutionId, name: str, value: Fact) -> None:
    with pytest.raises(ValueError, match="audit"), transaction(institution) as session:
        audit.record(
            session,
            actor=SYSTEM,
            act="any",
            object_kind="award",
            object_id=AWARD,
            facts={name: value},
        )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Learning @ Northgate", "Learning (at) Northgate"),
        ("deans@northgate.example: registrar", "[removed]: registrar"),
        ("a@b", "[removed]"),
        ("x" * 300, "x" * 200),
        ("@" * 300, ("(at)" * 300)[:200]),
    ],
)
def test_what_somebody_wrote_can_be_made_a_fact(
    institution: InstitutionId, written: str, told: str
) -> None:
    with transaction(institution) as session:
        audit.record(
            session,
            actor=SYSTEM,
            act="any",
            object_kind="pathway",
            object_id=AWARD,
            facts={"former": audit.told(written)},
        )
        (entry,) = audit.list_entries(session)

    assert entry.facts == {"former": told}


def test_an_actor_is_somebody_or_nobody() -> None:
    with pytest.raises(ValueError, match="user"):
        Actor("user")
    with pytest.raises(ValueError, match="system"):
        Actor("system", UUID(int=1))


def test_the_database_knows_that_too(institution: InstitutionId) -> None:
    nobody = Actor("system")
    object.__setattr__(nobody, "kind", "staff")
    with pytest.raises(IntegrityError, match="actor_id"), transaction(institution) as session:
        audit.record(session, actor=nobody, act="any", object_kind="award", object_id=AWARD)
