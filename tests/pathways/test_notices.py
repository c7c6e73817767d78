"""Telling learners what lapses: once, bounded, to an address they left switched on."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.administration import personal_data
from lti_tool.badges.models import Award
from lti_tool.core import clock
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.core.settings import MailFolder, Settings, install
from lti_tool.core.speaking import Kept
from lti_tool.pathways import jobs, notices, queries, services, sweeping
from lti_tool.pathways.letters import Warned
from lti_tool.pathways.stand import LapsePolicy
from lti_tool.people import mail_access
from lti_tool.people.models import PersonEmail, PersonUser
from lti_tool.platforms import deciding
from lti_tool.platforms.models import User
from tests.conftest import Worker
from tests.pathways.records import University, university
from tests.pathways.test_sweeping import because
from tests.pathways.trees import NOON

DAY = timedelta(days=1)
ADDRESS = "ada@example.org"


@pytest.fixture
def letters(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Send mail into a folder."""
    install(replace(settings, mail=MailFolder(sender="Cairn <cairn@example.edu>", path=tmp_path)))
    yield tmp_path
    install(settings)


@pytest.fixture
def northgate(worker: Worker, letters: Path) -> University:  # noqa: ARG001 - the order of set-up
    return university()


def texts(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted(folder.iterdir())]


def warned(place: University, person: PersonId) -> list[Warned]:
    with transaction(place.id) as session:
        return notices.list_warnings(session, person)


def lapsing(
    place: University, policy: LapsePolicy, *, names: tuple[str, ...] = ("Certificate",)
) -> tuple[PathwayId, PersonId]:
    """Complete pathways at noon that end 100 days later, of somebody with an address."""
    ada = place.person()
    with transaction(place.id) as session:
        session.add(PersonEmail(person_id=ada, address=ADDRESS, verified_at=NOON))
    pathway_id = None
    for name in names:
        pathway_id = place.pathway(name, ["Ethics", "Data"])
        sweeping.set_lapse_policy(place.id, pathway_id, policy, notice_days=30, decision=because())
    for name in ("Ethics", "Data"):
        jobs.count_award(place.grant(ada, name))
    ends(place, "Data", NOON + 100 * DAY)
    assert pathway_id is not None
    return pathway_id, ada


def ends(place: University, name: str, at: datetime | None) -> None:
    with transaction(place.id) as session:
        award = session.scalars(
            select(Award).where(Award.achievement_id == place.achievements[name])
        ).one()
        award.valid_until = at
        granted = award
    with transaction(place.id) as session:
        pathways = queries.list_pathways_of(session, granted.person_id, granted.achievement_id)
    for pathway_id in pathways:
        services.recount(place.id, pathway_id, granted.person_id)


def pass_time(worker: Worker) -> None:
    sweeping.sweep()
    worker.run()


def test_nothing_is_told_of_a_lapse_any_more_once_the_pathway_keeps_what_was_completed(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = lapsing(northgate, LapsePolicy.REVIEW)
    with clock.at(NOON + 80 * DAY):
        sweeping.sweep()
        assert [one.kind for one in warned(northgate, ada)] == ["lapsing"]

        sweeping.set_lapse_policy(
            northgate.id, pathway_id, LapsePolicy.KEEP, notice_days=30, decision=because()
        )
        pass_time(worker)

        assert warned(northgate, ada) == []
        assert texts(letters) == []


def test_before_and_after_a_part_falls_away_the_learner_is_told_once(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        _, ada = lapsing(northgate, LapsePolicy.SUSPEND)
        pass_time(worker)
        assert warned(northgate, ada) == []
    with clock.at(NOON + 80 * DAY):
        pass_time(worker)
        pass_time(worker)
        [before] = warned(northgate, ada)
    with transaction(northgate.id) as session:
        kept = personal_data.collect(session, ada)["pathways"]
    assert [one["told_of"] for one in kept if "told_of" in one] == ["lapsing"]
    [letter] = texts(letters)
    assert (before.kind, list(before.stones)) == ("lapsing", ["Data"])
    assert f"To: {ADDRESS}" in letter
    assert "Subject: Certificate is about to lapse" in letter
    assert "is complete until 10 June 2026" in " ".join(letter.split())
    assert "/my/northgate/badges" in letter

    with clock.at(NOON + 101 * DAY):
        pass_time(worker)
        pass_time(worker)
        [after] = warned(northgate, ada)
    assert len(texts(letters)) == 2
    assert after.kind == "lapsed"
    assert "Missing: Data." in after.told
    assert "Else “Certificate” is withdrawn on 11 July 2026, 12:00 UTC." in after.told

    with clock.at(NOON + 140 * DAY):
        pass_time(worker)
        pass_time(worker)
        assert warned(northgate, ada) == []
    assert len(texts(letters)) == 3
    assert any("Subject: Certificate was withdrawn" in text for text in texts(letters))


@pytest.mark.parametrize(
    ("of_institution", "told", "until"),
    [
        (None, {}, "10 June 2026, 22:30 UTC"),
        ("Europe/Berlin", {}, "11 June 2026, 00:30 CEST"),
        ("Europe/Berlin", {"reported_zone": "America/New_York"}, "10 June 2026, 18:30 EDT"),
        (None, {"reported_zone": "UTC", "zone": "Asia/Kathmandu"}, "11 June 2026, 04:15 UTC+5:45"),
    ],
    ids=["nobody-knows", "the-institutions", "the-browsers", "chosen"],
)
def test_a_letter_tells_an_end_in_the_zone_of_its_reader(  # noqa: PLR0913, PLR0917 - parameters
    northgate: University,
    worker: Worker,
    letters: Path,
    of_institution: str | None,
    told: Kept,
    until: str,
) -> None:
    deciding.place_institution(northgate.id, of_institution, actor=SYSTEM)
    with clock.at(NOON + DAY):
        _, ada = lapsing(northgate, LapsePolicy.SUSPEND)
        ends(northgate, "Data", NOON + 100 * DAY + timedelta(hours=10, minutes=30))
        with transaction(northgate.id) as session:
            user = User(issuer="https://lms.example.edu", subject="ada", **told)
            session.add(user)
            session.flush()
            session.add(PersonUser(id=user.id, person_id=ada, linked_at=NOON))
        pass_time(worker)
    with clock.at(NOON + 80 * DAY):
        pass_time(worker)

    [letter] = texts(letters)

    message = email.message_from_string(letter, policy=email.policy.default)
    assert f"is complete until {until}: then" in " ".join(message.get_content().split())


def test_what_is_earned_again_in_time_is_not_told_any_more_and_later_told_anew(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        _, ada = lapsing(northgate, LapsePolicy.REVIEW)
        worker.run()
    with clock.at(NOON + 80 * DAY):
        pass_time(worker)
        ends(northgate, "Data", None)
        assert warned(northgate, ada) == []
        ends(northgate, "Data", NOON + 105 * DAY)
        pass_time(worker)
        assert [one.kind for one in warned(northgate, ada)] == ["lapsing"]
    assert len(texts(letters)) == 2


def test_what_is_renewed_for_a_while_is_told_again_when_that_while_is_over(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        _, ada = lapsing(northgate, LapsePolicy.REVIEW)
        worker.run()
    with clock.at(NOON + 80 * DAY):
        pass_time(worker)
        ends(northgate, "Data", NOON + 400 * DAY)
        assert warned(northgate, ada) == []
    with clock.at(NOON + 390 * DAY):
        pass_time(worker)
        [again] = warned(northgate, ada)

    assert again.at == NOON + 400 * DAY
    assert len(texts(letters)) == 2


def test_a_letter_that_is_no_news_any_more_is_not_sent(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        lapsing(northgate, LapsePolicy.REVIEW)
        worker.run()
    with clock.at(NOON + 80 * DAY):
        sweeping.sweep()
        ends(northgate, "Data", None)
        worker.run()

    assert texts(letters) == []


def test_who_switched_letters_off_reads_it_on_their_pages_only(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        _, ada = lapsing(northgate, LapsePolicy.REVIEW)
        worker.run()
    with transaction(northgate.id) as session:
        [email] = mail_access.list_addresses(session, ada)
    mail_access.set_notices(northgate.id, ada, email.id, wanted=False)
    with clock.at(NOON + 80 * DAY):
        pass_time(worker)
        assert len(warned(northgate, ada)) == 1

    assert texts(letters) == []
    with pytest.raises(NotFoundError):
        mail_access.set_notices(northgate.id, northgate.person(), email.id, wanted=True)


def test_many_pathways_at_once_make_few_letters(
    northgate: University, worker: Worker, letters: Path
) -> None:
    names = ("One", "Two", "Three", "Four", "Five")
    with clock.at(NOON + DAY):
        _, ada = lapsing(northgate, LapsePolicy.REVIEW, names=names)
        worker.run()
    with clock.at(NOON + 80 * DAY):
        pass_time(worker)
        assert len(warned(northgate, ada)) == len(names)

    assert len(texts(letters)) == notices.MOST_LETTERS_A_DAY


def test_a_withdrawn_award_is_told_too_where_time_takes_nothing(
    northgate: University, worker: Worker, letters: Path
) -> None:
    with clock.at(NOON + DAY):
        pathway_id = northgate.pathway("Certificate", ["Ethics"])
        ada = northgate.person()
        granted = northgate.grant(ada, "Ethics")
        jobs.count_award(granted)
        jobs.uncount_award(northgate.withdraw(granted))
        worker.run()
        [told] = warned(northgate, ada)

    assert northgate.progress(pathway_id, ada).missing == 1
    assert "stays as it is unless your institution withdraws it" in told.told
    assert texts(letters) == []
