"""A learner who sits before an attempt that asks one question of each type."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.services import create_assessment, create_placement, publish_edition
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import Visit, visit
from tests.assessments.factories import University, form_of, university
from tests.assessments.items.samples import SAMPLES, sample

# Those that are scored by themselves, less the one that most other tests are about.
TYPES = [type_ for type_ in SAMPLES if type_ != "single_choice"]


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """A learner with an open attempt that asks one question of each type."""

    here: Visit
    attempt_id: AttemptId
    types: list[str]

    @property
    def url(self) -> str:
        return self.here.enter_url(self.attempt_id)

    def number(self, type_: str) -> int:
        return self.types.index(type_) + 1

    def saved(self) -> dict[str, tuple[str, ...]]:
        """Return what the server has, by type; questions without an answer are left out."""
        with transaction(self.here.place.id) as session:
            found = queries.list_responses(session, self.attempt_id)
        asked = zip(self.types, form_of(self.here.place, self.attempt_id), strict=True)
        return {type_: found[id_].value for type_, id_ in asked if id_ in found}

    def points(self) -> Decimal | None:
        with transaction(self.here.place.id) as session:
            return queries.get_attempt(session, self.attempt_id).points_earned


Sit = Callable[..., Sitting]


def draft(place: University, types: list[str]) -> EditionDraft:
    return EditionDraft(
        assessment_id=create_assessment(place.id, "Every type"),
        title="Every type",
        summary="All there is to answer.",
        pass_mark=Decimal("0.5"),
        items=tuple(DraftItem(item=sample(type_, title=type_)) for type_ in types),
    )


def seat(origin: str, *types: str) -> Sitting:
    """Seat a new learner before questions of these types, else of all in `TYPES`."""
    asked = list(types or TYPES)
    place = university()
    placement_id = create_placement(
        place.id,
        publish_edition(place.id, draft(place, asked)),
        context_id=None,
        created_by=None,
        title="Every type",
    )
    here = visit(place, placement_id, origin=origin)
    return Sitting(here=here, attempt_id=here.begin(), types=asked)
