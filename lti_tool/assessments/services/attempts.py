"""One learner's attempt, from its first minute to its result.

Saving and ending hold the attempt's row lock, so that they happen one after the
other: what a save was told is what the scoring saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import SystemRandom

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import conditions, items, queries, rules
from lti_tool.assessments.conditions import Bar, Conditions
from lti_tool.assessments.errors import (
    AttemptClosedError,
    NoAttemptsLeftError,
    ResponseConflictError,
    TooEarlyError,
    UnknownItemError,
    UnreadableResponseError,
    WindowClosedError,
)
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.rules import Ending, Save, Stored, Verdict
from lti_tool.assessments.services.scoring import score_attempt
from lti_tool.core import clock, logs
from lti_tool.core.db import Base, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AttemptId,
    EditionId,
    InstitutionId,
    PlacementId,
    UserId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.people.services import meet
from lti_tool.platforms.models import User
from lti_tool.platforms.rounds import every_institution

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a save.

    Attributes:
        stored: the server's copy afterwards; None when nothing is stored.
        verdict: why it is that.
        is_late: it arrived after the end: kept apart, and not counted.
        closes_at: the attempt's end as it is now, without grace; None for none.
    """

    verdict: Verdict
    stored: Stored | None
    is_late: bool = False
    closes_at: datetime | None = None


def open_attempt(
    institution_id: InstitutionId, placement_id: PlacementId, user_id: UserId
) -> AttemptId:
    """Begin an attempt, or return to the one that is open.

    An open one whose time is over is ended by this and returned: the learner sees
    its result before beginning another.

    Raises:
        NotFoundError: no such placement or user.
        NoAttemptsLeftError: the learner has used them all.
        TooEarlyError: the window has not opened, or the last attempt is too recent.
        WindowClosedError: the window has closed.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        # Two tabs begin at once: the second waits here and then finds the first one's attempt.
        user = session.scalar(
            select(User.id).where(User.id == user_id).with_for_update(key_share=True)
        )
        if user is None:
            raise NotFoundError(phrase("There is no such learner."))
        placement = queries.get_placement(session, placement_id, keep=True)
        attempt = queries.find_open_attempt(session, placement_id, user_id)
        if attempt is not None:
            if not rules.accepts(attempt.closes_at, now):
                attempt = queries.get_attempt(session, attempt.id, lock=True)
                _end(session, institution_id, attempt, now, Ending.CLOCK)
            return attempt.id
        before = queries.list_attempts(session, placement_id, user_id)
        held = queries.conditions_of(session, placement)
        _refuse_barred(held, now, before)
        allowance = queries.allowance_for(session, held, user_id)
        attempt = Attempt(
            placement_id=placement_id,
            edition_id=placement.edition_id,
            user_id=user_id,
            number=len(before) + 1,
            form=_draw_form(session, placement.edition_id),
            started_at=now,
            minutes=allowance.minutes,
            factor=allowance.factor,
            extra_minutes=allowance.extra_minutes,
            closes_at=conditions.ends_at(now, allowance, held),
        )
        session.add(attempt)
        session.flush()  # fills the id in
        return attempt.id


def _refuse_barred(held: Conditions, now: datetime, before: Sequence[Attempt]) -> None:
    ended = [attempt.submitted_at for attempt in before if attempt.submitted_at is not None]
    bar = conditions.barred(held, now, used=len(before), last_ended_at=max(ended, default=None))
    if bar is None:
        return
    if bar.why is Bar.USED_UP:
        raise NoAttemptsLeftError(held.max_attempts or 0)
    if bar.until is None:
        raise WindowClosedError
    raise TooEarlyError(bar.until)


def _draw_form(session: Session, edition_id: EditionId) -> list[dict[str, object]]:
    """Return what an attempt at this edition asks, as `Attempt.form` stores it."""
    random = SystemRandom()  # nobody can work an order out
    return [
        {
            "item_version_id": str(version_id),
            **items.read_item(content).draw(random).model_dump(mode="json"),
        }
        for version_id, content in queries.list_edition_content(session, edition_id)
    ]


def save_response(
    institution_id: InstitutionId, attempt_id: AttemptId, save: Save, *, user_id: UserId
) -> Saved:
    """Save one answer; sending the same save again changes nothing.

    Raises:
        NotFoundError: the learner has no such attempt.
        UnknownItemError: the attempt does not ask that.
        UnreadableResponseError: the question does not offer that.
        ResponseConflictError: another window saved something else, which is kept.
        AttemptClosedError: it came after the end; it is kept apart.
    """
    [saved] = save_responses(institution_id, attempt_id, [save], user_id=user_id)
    if saved.is_late:
        raise AttemptClosedError
    if saved.verdict is Verdict.CONFLICT and saved.stored is not None:
        raise ResponseConflictError(_as_details(saved.stored))
    return saved


def save_responses(
    institution_id: InstitutionId,
    attempt_id: AttemptId,
    saves: Sequence[Save],
    *,
    user_id: UserId,
) -> list[Saved]:
    """Save answers to different questions at once; each is decided by itself.

    Returns:
        What became of each, in the order of `saves`.

    Raises:
        NotFoundError: the learner has no such attempt.
        UnknownItemError: the attempt does not ask one of them; nothing is saved.
        UnreadableResponseError: a question does not offer that; nothing is saved.
    """
    received_at = clock.now()  # before any wait for a lock: that is not the learner's time
    with transaction(institution_id) as session:
        attempt = queries.hold_attempt(session, attempt_id, user_id)
        offered = {queries.form_item_id(asked): asked for asked in attempt.form}
        for save in saves:
            if save.item_version_id not in offered:
                raise UnknownItemError(
                    phrase("The answer is to a question that is not asked here.")
                )
            takes = queries.form_takes(offered[save.item_version_id])
            takes.check(save.value)
            if takes.takes == "files" and save.value:
                _check_files(session, attempt_id, save)
        stored = queries.find_stored(session, attempt_id, [save.item_version_id for save in saves])
        is_over = attempt.submitted_at is not None or not rules.accepts(
            attempt.closes_at, received_at
        )
        saved = []
        for save in saves:
            copy = stored.get(save.item_version_id)
            verdict = rules.judge(save, copy)
            if is_over:
                saved.append(_keep_late(session, attempt_id, save, copy, received_at))
            elif verdict is Verdict.STORE:
                copy = queries.put_response(session, attempt_id, save, received_at)
                saved.append(Saved(verdict=verdict, stored=copy))
            else:
                saved.append(Saved(verdict=verdict, stored=copy))
    return [replace(one, closes_at=attempt.closes_at) for one in saved]


def _check_files(session: Session, attempt_id: AttemptId, save: Save) -> None:
    """Refuse an answer of files that were not sent for this question of this attempt."""
    sent = queries.list_attachments(session, attempt_id)
    if not all(
        word in sent and sent[word].item_version_id == save.item_version_id for word in save.value
    ):
        raise UnreadableResponseError(
            phrase("It names a file that was not sent for this question.")
        )


def _keep_late(
    session: Session, attempt_id: AttemptId, save: Save, copy: Stored | None, at: datetime
) -> Saved:
    verdict = rules.judge(save, copy)
    counted = copy.value if copy is not None else ()
    if verdict in {Verdict.SAME, Verdict.OLDER} or save.value == counted:
        return Saved(verdict=verdict, stored=copy)  # nothing would be lost
    session.connection().execute(
        _UPSERT_LATE,
        {
            "id": new_id(),
            "attempt_id": attempt_id,
            "item_version_id": save.item_version_id,
            "value": list(save.value),
            "save_id": save.save_id,
            "received_at": at,
        },
    )
    log.info("response_late", attempt=str(attempt_id), item=str(save.item_version_id))
    return Saved(verdict=verdict, stored=copy, is_late=True)


def submit_attempt(
    institution_id: InstitutionId, attempt_id: AttemptId, *, user_id: UserId
) -> Attempt:
    """End an attempt for its learner, score it, and announce what changed.

    Twice is once: the second finds it ended and announces nothing. After time and
    grace it is the clock that has ended it, from what was saved by then.

    Raises:
        NotFoundError: the learner has no such attempt.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        attempt = queries.get_attempt(session, attempt_id, of_user=user_id, lock=True)
        in_time = rules.accepts(attempt.closes_at, now)
        _end(session, institution_id, attempt, now, Ending.LEARNER if in_time else Ending.CLOCK)
    return attempt


def close_overdue() -> int:
    """End every attempt whose time and grace are over, from what is saved. Runs every minute.

    Safe beside learners who submit and beside itself: the attempt's lock decides.

    Returns:
        How many it ended.
    """
    now = clock.now()
    ended = 0
    for institution_id in every_institution():
        with transaction(institution_id) as session:
            overdue = queries.list_overdue(session, now)
        for attempt_id in overdue:
            # One transaction each: no learner waits for the others' scoring.
            with transaction(institution_id) as session:
                try:
                    attempt = queries.get_attempt(session, attempt_id, lock=True)
                except NotFoundError:  # deleted, or a trial that is over, since the list was made
                    continue
                ended += _end(session, institution_id, attempt, now, Ending.CLOCK)
    return ended


def _end(
    session: Session,
    institution_id: InstitutionId,
    attempt: Attempt,
    at: datetime,
    ended_by: Ending,
) -> bool:
    """Score and close a locked attempt. Returns False when somebody else did before."""
    if attempt.submitted_at is not None:
        return False
    by_clock = ended_by is Ending.CLOCK and attempt.closes_at is not None
    attempt.submitted_at = attempt.closes_at if by_clock else at
    attempt.ended_by = ended_by
    score_attempt(session, institution_id, attempt, at)
    meet(session, attempt.user_id)  # the desk finds learners who passed nothing, too
    return True


def _as_details(stored: Stored) -> dict[str, object]:
    """Return the server's copy as a script reads it."""
    return {
        "value": list(stored.value),
        "flagged": stored.flagged,
        "sequence": stored.sequence,
        "save_id": str(stored.save_id),
        "saved_at": stored.saved_at.isoformat(timespec="milliseconds"),
    }


# Built once: building a statement costs more than running it.
_late_responses = Base.metadata.tables["late_responses"]

_insert_late = insert(_late_responses)
_UPSERT_LATE = _insert_late.on_conflict_do_update(
    index_elements=["institution_id", "attempt_id", "item_version_id"],
    set_={
        name: _insert_late.excluded[name]
        for name in ("value", "save_id", "received_at", "is_taken")
    },
)
