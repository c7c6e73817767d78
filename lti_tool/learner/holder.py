"""Who looks at their badges, and by which door they came in: a launch, or a link in an e-mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import url_for

from lti_tool.core.ids import InstitutionId, LaunchId, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One person before pages about what they hold.

    Attributes:
        person_id: None for somebody who has done nothing here yet.
        door: the blueprint that has these pages for those who came as they did.
        address: what every address of these pages has in it.
        institution_name: for the foot of pages that have no LMS around them.
        launch_id: of the launch they came by; None for those who came without an LMS.
        signed_in_as: the address they came by without one.
    """

    institution_id: InstitutionId
    person_id: PersonId | None
    may_share: bool
    door: str
    address: Mapping[str, UUID | str]
    institution_name: str = ""
    launch_id: LaunchId | None = None
    signed_in_as: str | None = None

    @property
    def layout(self) -> str:
        """The layout of their pages: the LMS has its own menu around ours."""
        return "_layouts/framed.html" if self.launch_id else "learner/_own.html"

    def to(self, page: str, **values: object) -> str:
        """Return the address of another of these pages."""
        return url_for(f"{self.door}.{page}", **self.address, **values)  # type: ignore[arg-type]  # werkzeug names no types for values
