"""What learners send us about their badges."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from lti_tool.badges.detailing import Asked
from lti_tool.badges.rules import Shows
from lti_tool.core.ids import PathwayId


class Ends(StrEnum):
    """When a link ends by itself."""

    IN_30_DAYS = "30"
    IN_6_MONTHS = "183"
    NEVER = "never"


class ShareForm(BaseModel):
    """What a new link shows, and for how long. An unticked box is not sent."""

    model_config = ConfigDict(extra="forbid")

    show_name: bool = False
    show_result: bool = False
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    ends: Ends = Ends.NEVER

    def shows(self, now: datetime) -> Shows:
        """Return it as the badges' services take it."""
        until = None if self.ends is Ends.NEVER else now + timedelta(days=int(self.ends))
        return Shows(
            name=self.show_name, result=self.show_result, label=self.label or None, until=until
        )


class DetailsForm(BaseModel):
    """What a detailed form of a badge says; `identifier` is empty for none."""

    model_config = ConfigDict(extra="forbid")

    name: bool = False
    results: bool = False
    evidence: bool = False
    identifier: Annotated[str, StringConstraints(max_length=100)] = ""

    def asked(self) -> Asked:
        """Return it as the badges' services take it."""
        return Asked(
            name=self.name,
            results=self.results,
            evidence=self.evidence,
            identifier=self.identifier or None,
        )


class AddressForm(BaseModel):
    """An e-mail address; whether it is one, people say."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class CertificateForm(BaseModel):
    """What is printed."""

    model_config = ConfigDict(extra="forbid")

    show_name: bool = False


class Scope(StrEnum):
    """How much a transcript holds."""

    ALL = "all"
    CHOSEN = "chosen"


class TranscriptForm(BaseModel):
    """What a transcript shall hold; `form` is the id it will have, so that twice is once."""

    model_config = ConfigDict(extra="forbid")

    form: UUID
    scope: Scope
    pathway: list[UUID] = []
    show_name: bool = False
    show_results: bool = False

    def chosen(self) -> frozenset[PathwayId] | None:
        """Return the pathways that were chosen; None for everything."""
        if self.scope is Scope.ALL:
            return None
        return frozenset(map(PathwayId, self.pathway))
