"""Making a gradebook column where a link has none, or had one that is gone."""

from datetime import timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert

from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PlacementId
from lti_tool.core.language import phrase
from lti_tool.core.quoting import quoted
from lti_tool.grading import ags, platform, queries
from lti_tool.grading.errors import CannotMakeColumnError, ColumnThereError
from lti_tool.grading.models import GradebookColumn
from lti_tool.grading.rules import grants
from lti_tool.grading.services.desired import desire_scores_of_context
from lti_tool.launch.deep_linking import REVIEWABLE
from lti_tool.platforms.models import ResourceLink
from lti_tool.platforms.quirks import quirks_of
from lti_tool.platforms.rules import told_link_id

# Longer than making one can take.
MAKING = timedelta(seconds=60)


def make_column(
    institution_id: InstitutionId, placement_id: PlacementId, *, actor: audit.Actor
) -> int:
    """Ask the platform for a new column for a placement, and send all its results there.

    Of two who ask at once, one gets it. Calls the platform, so never inside a transaction.

    Returns:
        How many scores will be sent.

    Raises:
        ColumnThereError: there is a column, or somebody else makes one just now.
        CannotMakeColumnError: the course names no place for columns, or gives no right to.
        TokenRefusedError: the platform gives no token for it.
        OutboundFailedError: it does not answer, or not with a column.
    """
    with transaction(institution_id) as session:
        place = queries.get_place(session, placement_id)
        if place.line_item_url and not queries.is_gone(session, placement_id, place.line_item_url):
            raise ColumnThereError(phrase("This activity has a column in the gradebook."))
    if place.line_items_url is None or place.context_id is None:
        raise CannotMakeColumnError(phrase("The course site did not say where columns are made."))
    if not grants(place.scopes, ags.LINE_ITEM_SCOPE):
        raise CannotMakeColumnError(phrase("Cairn was not given the right to make columns here."))
    item = ags.LineItem(
        label=quoted(place.title, quirks_of(place.product).column_characters),
        maximum=place.points,
        resource_link_id=told_link_id(place.resource_link_platform_id),
        resource_id=str(placement_id),
        reviewable=REVIEWABLE,
    )
    url: str | None = None
    _claim(institution_id, placement_id)
    try:
        url = platform.make_line_item(place.registration_id, place.line_items_url, item)
    finally:
        if url is None:  # so that the next one need not wait
            _give_up(institution_id, placement_id)
    now = clock.now()
    with transaction(institution_id) as session:
        session.execute(
            update(ResourceLink)
            .where(ResourceLink.id == place.resource_link_id)
            .values(line_item_url=url)
        )
        new = insert(GradebookColumn).values(
            institution_id=institution_id, placement_id=placement_id, made_url=url, made_at=now
        )
        session.execute(
            new.on_conflict_do_update(
                index_elements=["placement_id", "institution_id"],
                set_={"made_url": url, "made_at": now, "compared_at": None, "compare_error": None},
            )
        )
        audit.record(
            session,
            actor=actor,
            act="make_column",
            object_kind="placement",
            object_id=placement_id,
            facts={"line_item_url": audit.told(url)},
        )
    return desire_scores_of_context(institution_id, place.context_id)


def _claim(institution_id: InstitutionId, placement_id: PlacementId) -> None:
    """Become the one who makes the column; a claim of somebody who died is over in a minute."""
    now = clock.now()
    new = insert(GradebookColumn).values(
        institution_id=institution_id, placement_id=placement_id, made_at=now
    )
    with transaction(institution_id) as session:
        claimed = session.scalar(
            new.on_conflict_do_update(
                index_elements=["placement_id", "institution_id"],
                set_={"made_at": now},
                where=or_(
                    GradebookColumn.made_at.is_(None), GradebookColumn.made_at <= now - MAKING
                ),
            ).returning(GradebookColumn.placement_id)
        )
    if claimed is None:
        raise ColumnThereError(phrase("Somebody has just asked for this column."))


def _give_up(institution_id: InstitutionId, placement_id: PlacementId) -> None:
    with transaction(institution_id) as session:
        session.execute(
            update(GradebookColumn)
            .where(GradebookColumn.placement_id == placement_id)
            .values(made_at=None)
        )
