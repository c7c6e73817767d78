"""What a platform says of itself before it registers us (LTI Dynamic Registration 1.0 §2.1).

https://www.imsglobal.org/spec/lti-dr/v1p0
"""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lti_tool.core.language import phrase
from lti_tool.launch.claims import MAX_TEXT
from lti_tool.platforms.quirks import quirks_of
from lti_tool.platforms.rules import belongs, origins_of

CANVAS: Final = "https://canvas.instructure.com/lti/"
LTI_SCOPES: Final = "https://purl.imsglobal.org/spec/lti"

# Each service we call and why, in words; Moodle grants reading columns apart from writing them.
SCOPES: Final[Mapping[str, str]] = {
    "https://purl.imsglobal.org/spec/lti-ags/scope/score": (
        phrase("Put results into the gradebook columns of its own assessments")
    ),
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly": (
        phrase("Read back what these columns hold, to see that a result has arrived")
    ),
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem": (
        phrase("Make and change the columns of its own assessments")
    ),
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly": phrase("Read these columns"),
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly": (
        phrase("Read who is in a course that uses it")
    ),
}

# Issuers that are a product's and no server's: where such a platform describes itself.
SHARED_ISSUERS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "https://canvas.instructure.com",
            "https://canvas.beta.instructure.com",
            "https://canvas.test.instructure.com",
        ),
        ("https://*.instructure.com", "https://*.canvaslms.com"),
    ),
    "https://blackboard.com": ("https://*.blackboard.com",),
}
_PRODUCTS: Final = {
    "canvas": "canvas",
    "moodle": "moodle",
    "blackboard": "blackboard",
    "blackboardlearn": "blackboard",
    "desire2learn": "brightspace",
    "d2l": "brightspace",
    "brightspace": "brightspace",
    "sakai": "sakai",
    "sakailms.org": "sakai",
}

Text = Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class Said(BaseModel):
    """Of what a platform sends, unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PlatformMessage(Said):
    """A message that a platform may send (Dynamic Registration 1.0 §2.1.1)."""

    type: str
    placements: tuple[str, ...] = ()


class PlatformDetails(Said):
    """What a platform says of itself beyond OpenID Connect (Dynamic Registration 1.0 §2.1.1)."""

    product_family_code: str = ""
    version: str = ""
    messages_supported: tuple[PlatformMessage, ...] = ()
    canvas_account: str | None = Field(
        None, alias="https://canvas.instructure.com/lti/account_name"
    )
    canvas_domain: str | None = Field(
        None, alias="https://canvas.instructure.com/lti/account_domain"
    )


class Platform(Said):
    """A platform's configuration (Dynamic Registration 1.0 §2.1).

    Attributes:
        authorization_server: `aud` of token requests, where it is not the token endpoint.
    """

    issuer: Text
    authorization_endpoint: Text
    token_endpoint: Text
    jwks_uri: Text
    registration_endpoint: Text
    authorization_server: Text | None = None
    scopes_supported: tuple[str, ...] = ()
    details: PlatformDetails = Field(
        default_factory=lambda: PlatformDetails.model_validate({}),
        alias="https://purl.imsglobal.org/spec/lti-platform-configuration",
    )

    @property
    def product(self) -> str:
        """Return the product by our name."""
        return _PRODUCTS.get(self.details.product_family_code.strip().lower(), "generic")

    @property
    def name(self) -> str:
        """Return what to call it: the account's name, else its host."""
        named = (self.details.canvas_account or "").strip()
        return named[:MAX_TEXT] or urlsplit(self.issuer).hostname or self.issuer

    @property
    def account_origins(self) -> tuple[str, ...]:
        """Return where the customer is, as Canvas tells: there it registers us.

        Many have a host of their own (canvas.northgate.edu), while the issuer they share describes
        them from its own.
        """
        is_shared = self.issuer.rstrip("/") in SHARED_ISSUERS
        return origins_of([f"https://{self.details.canvas_domain}"]) if is_shared else ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return where it may register us: its issuer's, of all who share that, and its own."""
        family = quirks_of(self.product).origins
        return (
            *origins_of([self.issuer]),
            *SHARED_ISSUERS.get(self.issuer.rstrip("/"), ()),
            *(family if belongs(self.issuer, family) else ()),
            *self.account_origins,
        )

    @property
    def host(self) -> str:
        """Return the host of its issuer."""
        return urlsplit(self.issuer).hostname or self.issuer

    def offered(self, message_type: str) -> set[str]:
        """Return the places from which it sends such messages.

        Canvas' own without the address before them: it takes both forms, and wrote one in 2024
        and the other in 2026.
        """
        return {
            placement.removeprefix(CANVAS)
            for message in self.details.messages_supported
            if message.type == message_type
            for placement in message.placements
        }

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return what to ask for: all of ours, less what it says it does not have.

        Some list nothing of LTI at all (Sakai), and grant it.
        """
        has = [scope for scope in self.scopes_supported if scope.startswith(LTI_SCOPES)]
        return tuple(scope for scope in SCOPES if not has or scope in has)
