"""Whose turn it is, of work that goes through all institutions."""

from collections.abc import Sequence

from sqlalchemy import func, select

from lti_tool.core.db import system_transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.platforms.models import Institution


def every_institution() -> Sequence[InstitutionId]:
    """Return all institutions, in a transaction of its own and in another order each time.

    Such work ends with the time of its job: the last of a fixed order would wait for as long as
    the first have a crowd.
    """
    with system_transaction() as session:
        return session.scalars(select(Institution.id).order_by(func.random())).all()
