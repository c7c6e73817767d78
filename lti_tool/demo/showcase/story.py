"""What happened in the showcase's course so far: by the services that real learners use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from uuid import uuid4

from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments import services as assessments
from lti_tool.assessments.drafts import DraftItem
from lti_tool.assessments.items import FileUpload, LongText
from lti_tool.assessments.marking import Decision
from lti_tool.assessments.rules import GRACE, Save
from lti_tool.badges import services as badges
from lti_tool.badges.models import Award
from lti_tool.campus import store
from lti_tool.core import clock, outbox, queue
from lti_tool.core.audit import CLI
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import AttemptId, EditionId, InstitutionId, ItemVersionId, UserId
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.demo.showcase.answering import right, wrong
from lti_tool.demo.showcase.course import ShowcaseCourse
from lti_tool.demo.showcase.learners import Cast, Learner, Sitting, plan
from lti_tool.people.queries import find_person

_WITHDRAWN = "The answers were somebody else's, as the examination board found out."
# Percent of the points that rules give: what somebody who passes loses at most, and what is left
# to somebody who fails.
_LOST_AT_MOST, _LEFT_AT_MOST = 25, 45
_ANSWERED_WHILE_OPEN = 5
_WORKED_BEFORE_SAVING = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens in a story."""

    at: datetime
    do: Callable[[], None]


def play(stories: Sequence["Story"], now: datetime) -> None:
    """Let several courses' past happen as one, in the order of time, up to `now`."""
    steps = [step for story in stories for step in story.begin(now)]
    for step in sorted(steps, key=lambda step: step.at):
        step.do()
    for story in stories:
        story.take_leave()
    # Every job that was handed over is done; scores are sent by whoever finds them due.
    queue.queue().empty()  # type: ignore[no-untyped-call]  # as RQ has it


class Story:
    """The course's past, played once."""

    def __init__(self, course: ShowcaseCourse, cast: Cast, learners: Sequence[Learner]) -> None:
        self._course, self._cast, self._learners = course, cast, learners
        self._institution_id: InstitutionId = course.connection.institution_id
        self._users: dict[int, UserId] = {}
        self._items: dict[EditionId, Sequence[tuple[ItemVersionId, DraftItem]]] = {}

    def begin(self, now: datetime) -> list[Step]:
        """Open the course's activities, and return what then happens up to `now`."""
        sittings = plan(self._learners, now)
        with clock.at(sittings[0].begins_at - timedelta(days=5)):
            teachers = [
                self._course.visit(self._course.teacher, module, role="Instructor")
                for module in self._course.activities
            ]
            _work_off()
        attempts: dict[Sitting, AttemptId] = {}

        def sit(sitting: Sitting) -> None:
            attempts[sitting] = self._sit(sitting)

        def mark(sitting: Sitting, at: datetime) -> None:
            with clock.at(at):
                self._mark(sitting, attempts[sitting], teachers[0])
                _work_off()

        return [
            *(Step(one.ends_at or one.begins_at, partial(sit, one)) for one in sittings),
            *(
                Step(one.marked_at, partial(mark, one, one.marked_at))
                for one in sittings
                if one.marked_at
            ),
        ]

    def _sit(self, sitting: Sitting) -> AttemptId:
        module = self._course.activities[sitting.module]
        with clock.at(sitting.begins_at):
            user_id = self._user_of(sitting)
            attempt_id = assessments.open_attempt(
                self._institution_id, module.placement_id, user_id
            )
        answers = self._answers(sitting)
        if sitting.ends_at is None:
            answers = dict(list(answers.items())[:_ANSWERED_WHILE_OPEN])
        with clock.at(sitting.begins_at + _WORKED_BEFORE_SAVING):
            self._save(attempt_id, user_id, answers, sequence=1)
            if sitting.ends_at is not None:
                self._send_files(sitting, attempt_id, user_id)
        if sitting.ends_at is not None:
            with clock.at(sitting.ends_at):
                assessments.submit_attempt(self._institution_id, attempt_id, user_id=user_id)
                _work_off()
        elif sitting.fate == "late":
            self._come_too_late(sitting, attempt_id, user_id)
        return attempt_id

    def _user_of(self, sitting: Sitting) -> UserId:
        known = self._users.get(sitting.learner)
        if known is None:
            person = self._course.learners[sitting.learner]
            known = self._users[sitting.learner] = self._course.visit(person, sitting.module)
        return known

    def _answers(self, sitting: Sitting) -> dict[ItemVersionId, tuple[str, ...]]:
        """Return answers that earn what the fate asks for; files are sent by themselves."""
        items = self._items_of(sitting.module)
        by_rule = [pair for pair in items if not isinstance(pair[1].item, LongText | FileUpload)]
        seed = f"{sitting.learner} {sitting.module} {sitting.tries}"
        random = Random(seed)  # noqa: S311 - a story, no secret
        fails = sitting.fate == "fail"
        total = sum((draft.points for _, draft in by_rule), Decimal())
        lost_at_most = 100 if fails else random.randint(0, _LOST_AT_MOST)
        missed, lost = set(), Decimal()
        for version_id, draft in random.sample(by_rule, len(by_rule)):
            is_enough = fails and total - lost <= total * _LEFT_AT_MOST / 100
            if not is_enough and lost + draft.points <= total * lost_at_most / 100:
                missed.add(version_id)
                lost += draft.points
        text = self._cast.texts.get(sitting.module, "")
        return {
            version_id: (wrong if version_id in missed else right)(draft.item, text)
            for version_id, draft in items
        }

    def _items_of(self, module: str) -> Sequence[tuple[ItemVersionId, DraftItem]]:
        published = self._course.activities[module].module
        known = self._items.get(published.edition_id)
        if known is None:
            with transaction(self._institution_id) as session:
                rows = queries.list_edition_content(session, published.edition_id)
            versions = [version_id for version_id, _ in rows]
            known = list(zip(versions, published.module.items, strict=True))
            self._items[published.edition_id] = known
        return known

    def _save(
        self,
        attempt_id: AttemptId,
        user_id: UserId,
        answers: Mapping[ItemVersionId, tuple[str, ...]],
        *,
        sequence: int,
    ) -> None:
        page_id = uuid4()
        saves = [
            Save(
                item_version_id=version_id,
                value=value,
                flagged=False,
                save_id=uuid4(),
                page_id=page_id,
                sequence=sequence,
                base=sequence - 1,
            )
            for version_id, value in answers.items()
            if value
        ]
        assessments.save_responses(self._institution_id, attempt_id, saves, user_id=user_id)

    def _send_files(self, sitting: Sitting, attempt_id: AttemptId, user_id: UserId) -> None:
        for version_id, draft in self._items_of(sitting.module):
            if isinstance(draft.item, FileUpload):
                assessments.answer_by_file(
                    self._institution_id,
                    attempt_id,
                    version_id,
                    user_id=user_id,
                    name=self._cast.file.name,
                    data=self._cast.file.content.lstrip().encode(),
                )

    def _come_too_late(self, sitting: Sitting, attempt_id: AttemptId, user_id: UserId) -> None:
        """Let the clock end it, and one more answer come after that."""
        minutes = self._course.activities[sitting.module].module.module.minutes
        closed_at = sitting.begins_at + timedelta(minutes=minutes) + GRACE
        answers = self._answers(sitting)
        version_id = list(answers)[_ANSWERED_WHILE_OPEN]
        with clock.at(closed_at + timedelta(minutes=1)):
            assessments.close_overdue()
            self._save(attempt_id, user_id, {version_id: answers[version_id]}, sequence=1)
            _work_off()

    def _mark(self, sitting: Sitting, attempt_id: AttemptId, teacher: UserId) -> None:
        best = sitting.fate == "marked"
        for version_id, draft in self._items_of(sitting.module):
            if isinstance(draft.item, LongText | FileUpload):
                level = 0 if best else -1
                assessments.mark_answer(
                    self._institution_id,
                    self._course.activities[sitting.module].placement_id,
                    attempt_id,
                    version_id,
                    Decision(
                        points=None,
                        levels={one.id: one.levels[level].id for one in draft.item.rubric},
                        comment=self._cast.comments[sitting.fate],
                        seen=0,
                    ),
                    marked_by=teacher,
                )

    def take_leave(self) -> None:
        """Take back what is withdrawn, and take those out of the course who left."""
        for number, learner in enumerate(self._learners):
            if learner.withdrawn is not None:
                self._withdraw(self._users[number], learner.withdrawn)
            if learner.left:
                person = self._course.learners[number]
                store.unenrol(
                    self._course.campus.engine,
                    course_id=self._course.course_id,
                    person_id=person.id,
                )
        _work_off()

    def _withdraw(self, user_id: UserId, module: str) -> None:
        achievement_id = self._course.activities[module].module.achievement_id
        with transaction(self._institution_id) as session:
            award_id = session.scalars(
                select(Award.id).where(
                    Award.person_id == find_person(session, user_id),
                    Award.achievement_id == achievement_id,
                )
            ).one()
        badges.withdraw_award(self._institution_id, award_id, reason=_WITHDRAWN, actor=CLI)


def _work_off() -> None:
    """Do at once, and at the story's time, what a worker would."""
    untried = (
        select(OutboxDelivery.id)
        .where(OutboxDelivery.due_at.is_not(None), OutboxDelivery.tries == 0)
        .order_by(OutboxDelivery.id)
    )
    while True:
        with system_transaction() as session:
            waiting = session.scalars(untried).all()
        if not waiting:
            return
        for delivery_id in waiting:
            outbox.deliver(str(delivery_id))
