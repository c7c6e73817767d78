"""What the administrator's pages are sent."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2048)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


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


class Rotation(BaseModel):
    """Which key to replace."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    purpose: Literal["lti", "credential", "credential_jwt"]
