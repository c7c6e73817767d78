"""Whose rows are whose, held by the database itself, whatever our queries forget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError, StatementError
from sqlalchemy.pool import NullPool

from lti_tool.core import audit, clock, db, outbox, queue, schema
from lti_tool.core.db import Base, system_transaction, transaction
from lti_tool.core.ids import InstitutionId, PersonId, new_id
from lti_tool.core.settings import Settings
from lti_tool.people.models import Person, PersonUser
from lti_tool.platforms.models import User
from lti_tool.platforms.services import add_institution
from tests.conftest import Worker

# Rows that are found before the tenant is known: they name one, and hold nothing personal.
WITHOUT_POLICY = {
    *("deployments", "launch_refusals", "outbox_deliveries", "registration_invitations"),
    "sender_lanes",
}


@dataclass(frozen=True, slots=True)
class PersonWanted:
    """An event of these tests alone."""

    institution_id: InstitutionId


@pytest.fixture
def institutions(database: Connection) -> tuple[InstitutionId, InstitutionId]:  # noqa: ARG001 - they are part of the test
    """Make two institutions with one person each."""
    both = add_institution("northgate", "Northgate"), add_institution("southgate", "Southgate")
    for institution_id in both:
        _add_person(institution_id)
    return both


def _add_person(institution_id: InstitutionId) -> PersonId:
    with transaction(institution_id) as session:
        person = Person(id=PersonId(new_id()), created_at=clock.now())
        session.add(person)
    return person.id


def _people(institution_id: InstitutionId) -> Sequence[Person]:
    """Return everybody: a query that forgot whose."""
    with transaction(institution_id) as session:
        return session.scalars(select(Person)).all()


class TestRows:
    def test_a_query_that_forgets_the_tenant_sees_one(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        for institution_id in institutions:
            (person,) = _people(institution_id)
            assert person.institution_id == institution_id

    def test_without_a_tenant_there_are_no_rows(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        assert len(institutions) == 2
        with system_transaction() as session:
            assert session.scalars(select(Person)).all() == []

    def test_a_job_sees_one_tenant(
        self, institutions: tuple[InstitutionId, InstitutionId], worker: Worker
    ) -> None:
        seen: list[InstitutionId] = []

        def look(event: PersonWanted) -> None:
            seen.extend(person.institution_id for person in _people(event.institution_id))

        outbox.subscribe(PersonWanted, [look])
        for institution_id in institutions:
            with transaction(institution_id) as session:
                outbox.record(session, PersonWanted(institution_id))
        worker.run()
        del outbox._event_types["PersonWanted"], outbox._handlers["PersonWanted"]

        assert sorted(seen) == sorted(institutions)

    def test_a_row_of_another_tenant_cannot_be_added(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        mine, foreign = institutions

        def smuggle() -> None:
            with transaction(mine) as session:
                session.add(
                    Person(institution_id=foreign, id=PersonId(new_id()), created_at=clock.now())
                )

        with pytest.raises(ProgrammingError, match="row-level security policy"):
            smuggle()
        assert len(_people(foreign)) == 1

    def test_a_row_cannot_be_moved_to_another_tenant(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        mine, foreign = institutions

        def give_away() -> None:
            with transaction(mine) as session:
                session.execute(update(Person).values(institution_id=foreign))

        with pytest.raises(ProgrammingError, match="row-level security policy"):
            give_away()

    def test_rows_of_another_tenant_are_neither_changed_nor_deleted(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        mine, foreign = institutions
        before = _people(foreign)[0].created_at

        with transaction(mine) as session:
            session.execute(update(Person).values(created_at=before - timedelta(days=1)))
            session.execute(delete(Person))

        assert _people(mine) == []
        assert [person.created_at for person in _people(foreign)] == [before]

    def test_a_foreign_key_cannot_reach_over(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        mine, foreign = institutions
        stranger = _people(foreign)[0].id

        def link() -> None:
            with transaction(mine) as session:
                user = User(issuer="https://lms.example", subject="7")
                session.add(user)
                session.flush()  # its link refers to it
                session.add(PersonUser(id=user.id, person_id=stranger, linked_at=clock.now()))

        with pytest.raises(IntegrityError, match="person_id"):
            link()


class TestTransactions:
    def test_one_inside_another_is_refused(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        def nest() -> None:
            with transaction(institutions[0]), transaction(institutions[1]):
                pass

        with pytest.raises(RuntimeError, match="inside transaction"):
            nest()
        assert len(_people(institutions[0])) == 1

    def test_a_tenants_row_needs_a_tenant(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        def forget() -> None:
            with system_transaction() as session:
                session.add(Person(id=PersonId(new_id()), created_at=clock.now()))

        assert len(institutions) == 2
        with pytest.raises(StatementError, match=r"needs transaction\(institution_id\)"):
            forget()

    def test_what_follows_a_commit_may_open_one_and_what_is_rolled_back_has_none(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        seen: list[int] = []

        def run(*, fail: bool) -> None:
            with transaction(institutions[0]) as session:
                db.after_commit(session, lambda: seen.append(len(_people(institutions[1]))))
                if fail:
                    raise ZeroDivisionError

        run(fail=False)
        with pytest.raises(ZeroDivisionError):
            run(fail=True)

        assert seen == [1]


def test_pages_on_one_connection_see_the_rows_of_their_tenant_each(live_app: Flask) -> None:
    mine = add_institution("northgate", "Northgate")
    foreign = add_institution("southgate", "Southgate")
    for institution_id in (mine, foreign):
        _add_person(institution_id)

    def list_owners(owner: UUID) -> list[str]:
        return [str(person.institution_id) for person in _people(InstitutionId(owner))]

    def count_all() -> str:
        with system_transaction() as session:
            return str(len(session.scalars(select(Person)).all()))

    live_app.add_url_rule("/people/<uuid:owner>", "list_owners", list_owners)
    live_app.add_url_rule("/people", "count_all", count_all)
    client = live_app.test_client()

    for _ in range(2):
        for owner in (mine, foreign):
            assert client.get(f"/people/{owner}").get_json() == [str(owner)]
            assert client.get("/people").text == "0"


class TestPolicies:
    @pytest.fixture
    def owner(self, database_url: str) -> Iterator[Connection]:
        engine = create_engine(database_url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def test_every_table_with_an_institution_has_its_policy(self, owner: Connection) -> None:
        schema.load_models()
        tenants_own = {
            table.name for table in Base.metadata.sorted_tables if "institution_id" in table.c
        } - WITHOUT_POLICY
        forced = text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        policies = owner.execute(
            text(
                "SELECT tablename, cmd, permissive, roles, qual, with_check FROM pg_policies"
                " WHERE policyname = 'tenant'"
            )
        ).all()

        assert tenants_own == set(owner.scalars(forced))
        assert tenants_own == {policy.tablename for policy in policies}
        assert len(policies) == len(tenants_own)
        for policy in policies:
            assert (policy.cmd, policy.permissive, policy.roles) == (
                "ALL",
                "PERMISSIVE",
                ["public"],
            )
            assert "institution_id" in policy.qual
            assert "app.institution_id" in policy.qual
            assert policy.with_check is None  # then new rows are held to `qual`

    def test_every_other_policy_only_hides_more(self, owner: Connection) -> None:
        others = owner.execute(
            text(
                "SELECT tablename, policyname, permissive FROM pg_policies"
                " WHERE policyname <> 'tenant'"
            )
        ).all()

        assert others == [("attempts", "deleted", "RESTRICTIVE")]

    def test_the_tables_in_the_database_are_those_of_the_models(self, owner: Connection) -> None:
        schema.load_models()
        there = owner.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))

        assert set(there) == {*Base.metadata.tables, "alembic_version"}

    def test_the_exceptions_still_exist(self) -> None:
        schema.load_models()

        assert set(Base.metadata.tables) >= WITHOUT_POLICY

    def test_every_foreign_key_between_tenants_rows_carries_the_tenant(self) -> None:
        schema.load_models()
        own = {
            table
            for table in Base.metadata.sorted_tables
            if "institution_id" in table.primary_key.columns
        }
        between = [
            key
            for table in own
            for key in table.foreign_key_constraints
            if key.referred_table in own
        ]

        assert len(between) > len(own) / 2
        assert [key.name for key in between if "institution_id" not in key.column_keys] == []

    def test_the_application_cannot_escape_its_policies(self, owner: Connection) -> None:
        role = owner.execute(
            text(
                "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
                "WHERE rolname = 'cairn_test_app'"
            )
        ).one()
        owned = owner.scalar(
            text("SELECT count(*) FROM pg_tables WHERE tableowner = 'cairn_test_app'")
        )

        assert tuple(role) == (False, False, False, False)
        assert owned == 0

    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER TABLE persons DISABLE ROW LEVEL SECURITY",
            "DROP POLICY tenant ON persons",
            "CREATE TABLE mine (id int)",
            "TRUNCATE persons",
            "UPDATE alembic_version SET version_num = 'x'",
        ],
    )
    def test_the_application_cannot_change_the_schema(
        self, settings: Settings, statement: str
    ) -> None:
        engine: Engine = create_engine(settings.database.url, poolclass=NullPool)

        with engine.connect() as connection, pytest.raises(ProgrammingError):
            connection.execute(text(statement))


class TestAudit:
    def _entry(self, institution_id: InstitutionId) -> UUID:
        object_id = new_id()
        with transaction(institution_id) as session:
            audit.record(
                session,
                actor=audit.SYSTEM,
                act="award.withdraw",
                object_kind="award",
                object_id=object_id,
            )
        return object_id

    @pytest.mark.parametrize(
        "change",
        [
            update(audit.AuditEntry).values(act="nothing.happened"),
            delete(audit.AuditEntry),
        ],
    )
    def test_what_was_noted_cannot_be_changed(
        self, institutions: tuple[InstitutionId, InstitutionId], change: object
    ) -> None:
        self._entry(institutions[0])

        def rewrite() -> None:
            with transaction(institutions[0]) as session:
                session.execute(change)  # type: ignore[call-overload]  # both are statements

        with pytest.raises(ProgrammingError, match="permission denied"):
            rewrite()

    def test_entries_are_of_one_tenant_and_cannot_be_written_for_another(
        self, institutions: tuple[InstitutionId, InstitutionId]
    ) -> None:
        mine, foreign = institutions
        object_id = self._entry(mine)

        def forge() -> None:
            with transaction(mine) as session:
                session.execute(
                    insert(audit.AuditEntry).values(
                        institution_id=foreign,
                        recorded_at=clock.now(),
                        actor_kind="system",
                        act="award.withdraw",
                        object_kind="award",
                        object_id=new_id(),
                        facts={},
                    )
                )

        with pytest.raises(ProgrammingError, match="row-level security policy"):
            forge()
        with transaction(mine) as session:
            assert [e.object_id for e in audit.list_entries(session)] == [object_id]
        with transaction(foreign) as session:
            assert audit.list_entries(session) == []
        assert queue.count_waiting() == 0
