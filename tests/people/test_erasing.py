"""Erasing a person: nothing leads to them any more, and what they did still counts."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from lti_tool.administration import personal_data
from lti_tool.assessments.models import (
    Accommodation,
    Attachment,
    Attempt,
    ItemMark,
    LateResponse,
    PlacementResult,
    Response,
)
from lti_tool.assessments.services import key_of, open_attempt
from lti_tool.badges import issuing
from lti_tool.badges import services as badges
from lti_tool.badges.models import Award, AwardCause, Credential, Share, StatusList
from lti_tool.badges.rules import Shows
from lti_tool.badges.status_list import decode, is_set
from lti_tool.badges.transcripts import making
from lti_tool.badges.transcripts.contents import Asked, Contents
from lti_tool.core import audit, clock, schema
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import Base, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttachmentId, PersonId, UserId, new_id
from lti_tool.core.storage import storage
from lti_tool.grading.models import DesiredScore
from lti_tool.grading.services import desire_score, desire_scores_of_context
from lti_tool.launch.models import Launch
from lti_tool.people import merging
from lti_tool.people.accounts import list_accounts
from lti_tool.people.erasing import erase_person
from lti_tool.people.models import LearnerSession, MailLink, PersonEmail, PersonMerge
from lti_tool.people.queries import find_person, search_people
from lti_tool.platforms.models import ResourceLink, Roster, RosterMember, User
from tests.conftest import Worker
from tests.learner import story

SIGNS = ("Zuleika", "Quendel", "zuleika@northfell.example", "S-4711", "sub-of-zuleika", "MARKER")
REASON = "Asked for on paper, 12 March."


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Somebody who has left a trace in every table there is."""

    here: story.University
    activity: story.Activity
    user_id: UserId
    person_id: PersonId
    file: str
    visit: story.Visit

    def erase(self) -> bool:
        return erase_person(
            self.here.institution_id, self.person_id, reason=REASON, actor=audit.CLI
        )


def learner_of(here: story.University, activity: story.Activity, name: str) -> UserId:
    user_id = story.enrol(here, name)
    story.take(here, activity, user_id, "right", "right")
    return user_id


@pytest.fixture
def zuleika(app: Flask, worker: Worker) -> Learner:
    assert app.testing
    here = story.open_university()
    activity = story.add_activity(here, "Counting")
    user_id = learner_of(here, activity, f"{SIGNS[0]} {SIGNS[1]}")
    visit = story.launch(here, user_id, activity.link_id)
    with transaction(here.institution_id) as session:
        user = session.scalars(select(User).where(User.id == user_id)).one()
        user.email, user.sis_id, user.subject = SIGNS[2:5]
        user.language, user.zone, user.reported_zone = "de", "Asia/Tokyo", "Europe/Berlin"
        user.issuer = f"https://lms{here.slug.rpartition('-')[2]}.example"
    worker.run()
    with transaction(here.institution_id) as session:
        person_id = find_person(session, user_id)
        assert person_id is not None
        link = session.scalars(select(ResourceLink)).one()
        link.line_item_url = "https://lms.example/1"
        session.add(Roster(context_id=here.context_id, read_at=clock.now()))
        session.add(
            Accommodation(id=user_id, factor=Decimal("1.5"), extra_minutes=5, set_at=clock.now())
        )
        session.add(
            RosterMember(
                context_id=here.context_id,
                subject=SIGNS[4],
                name=SIGNS[0],
                roles=[],
                is_active=True,
            )
        )
        session.add(PersonEmail(person_id=person_id, address=SIGNS[2], verified_at=clock.now()))
        for purpose, asker in (("confirm", person_id), ("sign_in", None)):
            session.add(
                MailLink(purpose=purpose, address=SIGNS[2], person_id=asker, asked_at=clock.now())
            )
        session.add(
            LearnerSession(
                person_id=person_id,
                address=SIGNS[2],
                secret_hash=b"",
                created_at=clock.now(),
                expires_at=clock.now() + timedelta(hours=1),
            )
        )
    desire_score(here.institution_id, activity.placement_id, user_id)
    file = leave_answers(here, user_id)
    with transaction(here.institution_id) as session:
        credential = session.scalars(select(Credential)).one()
        award_id = session.scalars(select(Award.id)).one()
        session.execute(update(AwardCause).values(reason="MARKER", evidence=["MARKER"]))
        session.execute(update(Award).values(withdrawn_reason="MARKER"))
    badges.share(
        here.institution_id,
        credential.id,
        person_id=person_id,
        shows=Shows(name=True, result=False, label="MARKER Ltd"),
    )
    transcript_id = making.new_transcript_id()
    making.sign_transcript(
        here.institution_id,
        transcript_id,
        person_id,
        Contents(awards=(award_id,)),
        Asked(says_name=True, recipient="MARKER and daughters"),
    )
    making.compact_form(here.institution_id, transcript_id)
    return Learner(
        here=here,
        activity=activity,
        user_id=user_id,
        person_id=person_id,
        file=file,
        visit=visit,
    )


def leave_answers(here: story.University, user_id: UserId) -> str:
    """Answer, late and in a file as well, and have it commented on. Returns the file's key."""
    with transaction(here.institution_id) as session:
        attempt = session.scalars(select(Attempt).where(Attempt.user_id == user_id)).one()
        session.execute(update(Response).values(value=["MARKER"]))
        item_id = session.scalars(select(Response.item_version_id)).first()
        places = {"attempt_id": attempt.id, "item_version_id": item_id}
        file = Attachment(
            id=AttachmentId(new_id()),
            name="MARKER.pdf",
            media_type="application/pdf",
            size=4,
            sha256="0",
            sent_at=clock.now(),
            **places,
        )
        session.add(file)
        session.add(
            LateResponse(value=["MARKER"], save_id=new_id(), received_at=clock.now(), **places)
        )
        session.add(
            ItemMark(
                number=1,
                save_id=new_id(),
                points=Decimal(1),
                out_of=Decimal(1),
                levels=[],
                comment="Well done, MARKER",
                marked_by=user_id,
                marked_at=clock.now(),
                **places,
            )
        )
        key = key_of(here.institution_id, file)
    storage().put(key, b"%PDF", "application/pdf")
    return key


def everything(here: story.University) -> str:
    """Return every row of every table as the institution sees it."""
    schema.load_models()
    with transaction(here.institution_id) as session:
        return "\n".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in session.scalars(
                text(f"SELECT one::text FROM {table.name} AS one")  # noqa: S608 - our own names
            )
        )


def counts(here: story.University) -> dict[str, int]:
    tables = (Attempt, Response, PlacementResult, DesiredScore, Award, AwardCause, Credential)
    with transaction(here.institution_id) as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def test_nothing_leads_to_an_erased_person_and_everything_still_counts(
    zuleika: Learner, worker: Worker
) -> None:
    here = zuleika.here
    before, trail = counts(here), everything(here)
    assert all(sign in trail for sign in SIGNS), "the test looks for what is there"
    assert storage().exists(zuleika.file)

    assert zuleika.erase()
    worker.run()

    assert counts(here) == before
    left = everything(here)
    assert [sign for sign in SIGNS if sign in left] == []
    assert not storage().exists(zuleika.file)
    with transaction(here.institution_id) as session:
        assert session.scalar(select(func.count()).select_from(Launch)) == 0
        assert session.scalar(select(func.count()).select_from(Share)) == 0
        assert session.scalar(select(func.count()).select_from(Accommodation)) == 0
        reads = session.execute(select(User.language, User.zone, User.reported_zone)).one()
        assert tuple(reads) == (None, None, None)
        attempt = session.scalars(select(Attempt)).one()
        assert attempt.points_earned == 2
        assert attempt.passed
        assert search_people(session, SIGNS[0], limit=5) == []
        assert list_accounts(session, SIGNS[1], limit=5) == []
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "erase_person")).one()
    assert (entry.object_id, entry.reason, entry.facts) == (
        zuleika.person_id,
        REASON,
        {"accounts": 1},
    )


@pytest.mark.parametrize("undone", [False, True], ids=["merged", "told apart again"])
def test_a_merge_does_not_remember_the_time_zones_of_an_erased_person(
    zuleika: Learner, worker: Worker, *, undone: bool
) -> None:
    here = zuleika.here
    other = learner_of(here, zuleika.activity, "Somebody Else")
    worker.run()
    with transaction(here.institution_id) as session:
        person_id = find_person(session, other)
        session.execute(update(User).where(User.id == other).values(reported_zone="Asia/Kabul"))
    assert person_id is not None
    merge_id = new_id()
    merging.merge(
        here.institution_id,
        zuleika.person_id,
        person_id,
        merge_id=merge_id,
        actor=audit.CLI,
        reason="One.",
    )
    with transaction(here.institution_id) as session:
        assert "browsers" in session.scalars(select(PersonMerge.moved)).one()
    if undone:
        merging.split(here.institution_id, merge_id, actor=audit.CLI, reason="Two.")

    assert zuleika.erase()

    with transaction(here.institution_id) as session:
        moved = session.scalars(select(PersonMerge.moved)).one()
    assert "users" in moved
    assert "browsers" not in moved


def bits_of(document: dict[str, Any]) -> bytes:
    return decode(document["credentialSubject"]["encodedList"])


def test_the_credential_is_revoked_for_whoever_has_it(
    client: FlaskClient, zuleika: Learner, worker: Worker
) -> None:
    here = zuleika.here
    with transaction(here.institution_id) as session:
        credential = session.scalars(select(Credential)).one()
        number = session.scalars(
            select(StatusList.number).where(StatusList.holds == "credentials")
        ).one()
    before = issuing.published_status_list(here.institution_id, number)
    assert not is_set(bits_of(before), credential.status_index)

    zuleika.erase()
    worker.run()

    after = issuing.published_status_list(here.institution_id, number)
    assert is_set(bits_of(after), credential.status_index)
    client.set_cookie(*zuleika.visit.cookie)
    assert client.get(f"{zuleika.visit.url}/badges").status_code in {403, 404}


def test_erasing_twice_is_erasing_once_and_nobody_else_is_touched(
    zuleika: Learner, worker: Worker
) -> None:
    here = zuleika.here
    other = learner_of(here, zuleika.activity, "Somebody Else")
    worker.run()

    assert zuleika.erase()
    assert not zuleika.erase()
    worker.run()

    with transaction(here.institution_id) as session:
        assert session.scalars(select(User.name).where(User.id == other)).one() == "Somebody Else"
        theirs = select(Award.id).where(Award.person_id != zuleika.person_id)
        kept = session.scalars(select(Credential).where(Credential.award_id.in_(theirs))).one()
        assert kept.revoked_at is None
        values = session.scalars(
            select(Response.value)
            .join(Attempt, Attempt.id == Response.attempt_id)
            .where(Attempt.user_id == other)
        ).all()
    assert values == [["right"], ["right"]]


def test_nothing_more_is_sent_signed_or_closed_for_an_erased_person(
    zuleika: Learner, worker: Worker
) -> None:
    here = zuleika.here
    at_work = open_attempt(here.institution_id, zuleika.activity.placement_id, zuleika.user_id)
    with transaction(here.institution_id) as session:
        award_id = session.scalars(select(Award.id)).one()
        session.execute(update(Credential).values(document=None, issued_at=None))
    zuleika.erase()
    worker.run()

    issuing.issue_credential(here.institution_id, award_id)
    with transaction(here.institution_id) as session:
        session.execute(update(ResourceLink).values(line_item_url="https://lms.example/2"))
    assert desire_scores_of_context(here.institution_id, here.context_id) == 0

    with transaction(here.institution_id) as session:
        assert session.scalars(select(Credential.document)).one() is None
        score = session.scalars(select(DesiredScore)).one()
        assert (score.due_at, score.refused_at is not None) == (None, True)
        assert session.scalar(select(Attempt.id).where(Attempt.id == at_work)) is None


def test_another_institutions_person_is_not_found(zuleika: Learner) -> None:
    elsewhere = story.open_university("Elsewhere")

    with pytest.raises(NotFoundError):
        erase_person(elsewhere.institution_id, zuleika.person_id, reason=REASON, actor=audit.CLI)
    with transaction(elsewhere.institution_id) as session, pytest.raises(NotFoundError):
        personal_data.collect(session, zuleika.person_id)


def test_what_is_kept_is_told_whole(zuleika: Learner) -> None:
    with transaction(zuleika.here.institution_id) as session:
        told = personal_data.collect(session, zuleika.person_id)
        files = personal_data.list_files(session, zuleika.person_id)

    words = str(told)
    assert all(sign in words for sign in SIGNS)
    assert [file.name for file in files] == ["MARKER.pdf"]
    [attempt] = told["attempts"]
    assert (attempt["activity"], attempt["passed"], len(attempt["answers"])) == (
        "Counting",
        True,
        2,
    )
    assert told["awards"][0]["credentials"][0]["shared_by_links"][0]["for"] == "MARKER Ltd"
    [cause] = told["awards"][0]["causes"]
    assert (cause["kind"], cause["earned_again"], cause["valid_until"]) == ("pass", False, None)
    assert cause["caused_at"] == told["awards"][0]["awarded_at"]
    assert told["transcripts"][0]["for"] == "MARKER and daughters"
    assert told["accounts"][0]["language"] == "de"
    assert told["accounts"][0]["time_zone_chosen"] == "Asia/Tokyo"
    assert told["accounts"][0]["time_zone_of_the_last_browser"] == "Europe/Berlin"
    assert told["grades"][0]["points"] == 2
    [course] = told["courses_whose_lists_name_them"]
    assert course["name"] == SIGNS[0]
    assert told["visits"][0]["at"] > clock.now() - timedelta(minutes=5)


# Whoever adds a table about people decides here what erasing does to it, and the first test sees
# that no name is left.
DECIDED = {
    "person_users", "users", "accommodations", "user_words", "launches", "attempts", "responses",
    "late_responses", "attempt_times",
    "attachments", "item_marks", "placement_results", "desired_scores", "awards", "award_causes",
    "credentials", "shares", "award_reviews", "contributions", "pathway_progress",
    "pathway_completions", "pathway_rulings", "pathway_allocations", "persons", "person_emails",
    "mail_links", "learner_sessions", "pathway_notices", "person_merges", "person_matches",
    "pathway_batch_people", "transcripts", "transcript_credentials", "transcript_links",
}  # fmt: skip


def test_of_every_table_about_people_it_is_decided_what_erasing_does() -> None:
    schema.load_models()
    about, more = set[str](), {"users", "persons"}
    while more - about:
        about |= more
        more = {
            table.name
            for table in Base.metadata.sorted_tables
            for key in table.foreign_keys
            if key.column.table.name in about and table.name != "placements"
        }
    assert about == DECIDED
