from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lti_tool.badges import data_integrity, open_badges
from lti_tool.badges.data_integrity import VerificationMethod
from lti_tool.badges.examination import Dates, Examination, Status, Verdict, examine
from tests.badges.samples import AT, BADGE, METHOD, changed, published, signed


def examined(
    document: dict[str, object] | None = None,
    *,
    status: Status = Status.GOOD,
    at: datetime = AT,
    methods: tuple[VerificationMethod, ...] = (METHOD,),
) -> Examination:
    document = document or published().credential
    badge = open_badges.read(document)
    proof = data_integrity.verify(document, methods=methods, at=at)
    return examine(badge, proof=proof, status=status, at=at)


def test_what_was_signed_is_in_date_and_not_revoked_is_valid() -> None:
    assert examined().verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (Status.GOOD, Verdict.VALID),
        (Status.NONE, Verdict.VALID),
        (Status.REVOKED, Verdict.REVOKED),
        (Status.UNREADABLE, Verdict.UNPROVEN),
    ],
)
def test_the_status_decides_when_the_proof_is_good(status: Status, verdict: Verdict) -> None:
    assert examined(status=status).verdict is verdict


def test_a_changed_document_is_never_called_merely_revoked() -> None:
    document = changed(published().credential, "credentialSubject.achievement.name", "PhD")

    assert examined(document, status=Status.REVOKED).verdict is Verdict.ALTERED


def test_without_the_issuers_keys_nothing_is_proven() -> None:
    assert examined(methods=()).verdict is Verdict.UNPROVEN


@pytest.mark.parametrize(
    ("after_end", "dates", "verdict"),
    [
        (timedelta(seconds=-1), Dates.CURRENT, Verdict.VALID),
        (timedelta(0), Dates.EXPIRED, Verdict.EXPIRED),
    ],
    ids=str,
)
def test_it_ends_at_the_second_it_says(
    after_end: timedelta, dates: Dates, verdict: Verdict
) -> None:
    end = datetime(2024, 6, 1, tzinfo=UTC)

    found = examined(published(valid_until=end).credential, at=end + after_end)

    assert (found.dates, found.verdict) == (dates, verdict)


@pytest.mark.parametrize(
    ("after_start", "verdict"),
    [(timedelta(seconds=-1), Verdict.NOT_YET), (timedelta(0), Verdict.VALID)],
    ids=str,
)
def test_it_begins_at_the_second_it_says(after_start: timedelta, verdict: Verdict) -> None:
    assert examined(at=BADGE.valid_from + after_start).verdict is verdict


def test_a_revoked_and_expired_one_is_called_revoked() -> None:
    document = signed(replace(BADGE, valid_until=AT).to_json())

    assert examined(document, status=Status.REVOKED).verdict is Verdict.REVOKED
