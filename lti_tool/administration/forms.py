"""What the administrator's pages are sent."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from lti_tool.core import zones
from lti_tool.core.errors import InvalidRequestError
from lti_tool.core.language import phrase
from lti_tool.platforms.deciding import Verdict

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2048)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


Written = Annotated[str, StringConstraints(max_length=255)]
# `launch.rules.GIVEN_ROLES`
Given = Literal["learner", "instructor", "content_developer", "administrator", "none"]


class Product(BaseModel):
    """Which LMS is added by hand, and what fills in its addresses."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    product: Annotated[str, StringConstraints(pattern="^[a-z]{1,20}$")] = "moodle"
    site: Line = ""
    client_id: Line = ""


class ByHand(BaseModel):
    """A platform added by hand: what its administrator read off."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    product: Annotated[str, StringConstraints(pattern="^[a-z]{1,20}$")]
    name: Name
    issuer: Name
    client_id: Name
    auth_url: Line
    token_url: Line
    jwks_url: Line
    deployment_id: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] = ""


class SiteVerdict(BaseModel):
    """What another site is that launches under a deployment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Verdict


class RoleNames(BaseModel):
    """What the roles of a platform count as: pairs of its name and ours; empty names are left out.

    A platform's names are kept exactly as written: they are compared so.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    rows: Annotated[list[tuple[Written, Given]], Field(max_length=100)]

    def as_map(self) -> dict[str, str]:
        """Return the pairs that have a name.

        Raises:
            InvalidRequestError: a name is there twice, with different meanings.
        """
        found: dict[str, str] = {}
        for written, role in self.rows:
            name = written.strip()
            if name and found.setdefault(name, role) != role:
                raise InvalidRequestError(
                    phrase(
                        "%(name)s is there twice, with two meanings.",
                        name=name,
                    )
                )
        return found


class InstitutionName(BaseModel):
    """What the institution is called: one line, without marks that turn the text around it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True,
            min_length=1,
            max_length=255,
            pattern=r"^[^\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff]+$",
        ),
    ]


class InstitutionZone(BaseModel):
    """In which time zone the institution speaks to people of whom none is known."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    zone: Annotated[str, StringConstraints(max_length=64)] = zones.UNIVERSAL

    @field_validator("zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if zones.find(name) is None:
            raise ValueError("no time zone")
        return name


class Register(BaseModel):
    """Of which register a platform's student numbers are; empty: of none that counts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    register_name: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[\w .-]*$")
    ]


class Retirement(BaseModel):
    """Which older key is no longer published."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kid: Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Rotation(BaseModel):
    """Which key to replace."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    purpose: Literal["lti", "credential", "credential_jwt"]
