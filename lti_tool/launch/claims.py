"""The claims of an LTI message, typed: LTI Core 1.3 §5.3, Deep Linking 2.0 §4.4.1.

https://www.imsglobal.org/spec/lti/v1p3/
"""

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
)

from lti_tool.launch.errors import MessageRefusedError, Reason
from lti_tool.platforms.rules import origin_of

LTI: Final = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/"
RESOURCE_LINK_REQUEST: Final = "LtiResourceLinkRequest"
DEEP_LINKING_REQUEST: Final = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW_REQUEST: Final = "LtiSubmissionReviewRequest"
MESSAGE_TYPES: Final = frozenset(
    {RESOURCE_LINK_REQUEST, DEEP_LINKING_REQUEST, SUBMISSION_REVIEW_REQUEST}
)
VERSION: Final = "1.3.0"
PLACEMENT_PARAMETER: Final = "placement"
# In an address it stands beside what others write there: Canvas' own example is `?placement=`.
PLACEMENT_QUERY: Final = "cairn_placement"
MAX_TEXT: Final = 500
MAX_IDENTIFIER: Final = 255


def _printable(word: str) -> str:
    if not word.isprintable():
        raise ValueError("has characters that cannot be seen")
    return word


def _tidy(word: str) -> str:
    if word.isprintable():
        return word[:MAX_TEXT].strip()
    return "".join(letter if letter.isprintable() else " " for letter in word)[:MAX_TEXT].strip()


def _replaced(word: str | None) -> str | None:
    # A variable that a platform does not know, or has no value for, stays as it was written
    # (LTI Core 1.3 §6.1): Canvas sends "$Person.sourcedId" for whoever has no such number.
    return None if word is None or word.startswith("$") else word or None


def _object_or_none(value: object) -> object:
    # PHP writes an empty object as [] (Moodle); an empty one says as much as none.
    return None if value in ([], {}) else value


# LTI Core 1.3 §5.3: identifiers are case-sensitive and at most 255 ASCII characters. Other
# scripts do no harm, so they are taken.
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_IDENTIFIER), AfterValidator(_printable)
]
Text = Annotated[str, AfterValidator(_tidy)]


class _Claims(BaseModel):
    """Unknown members are ignored, as LTI Core 1.3 §5.4.7 asks."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ContextClaim(_Claims):
    """LTI Core 1.3 §5.4.1."""

    id: Identifier
    title: Text | None = None
    label: Text | None = None


class ResourceLinkClaim(_Claims):
    """LTI Core 1.3 §5.3.5."""

    id: Identifier
    title: Text | None = None


class LisClaim(_Claims):
    """LTI Core 1.3 §5.4.5: ids of the student information system."""

    person_sourcedid: Annotated[Text | None, AfterValidator(_replaced)] = None


class PlatformClaim(_Claims):
    """LTI Core 1.3 §5.4.2."""

    guid: Text | None = None
    name: Text | None = None


class PresentationClaim(_Claims):
    """LTI Core 1.3 §5.4.4."""

    return_url: str | None = None
    document_target: Text | None = None
    locale: Text | None = None


class EndpointClaim(_Claims):
    """AGS 2.0 §3.1: where the gradebook is. No `lineitem`: the link has no column, or several."""

    scope: Annotated[list[str], BeforeValidator(lambda value: value or [])] = Field(
        default_factory=list
    )
    lineitems: str | None = None
    lineitem: str | None = None


class NamesAndRolesClaim(_Claims):
    """NRPS 2.0 §2.2."""

    context_memberships_url: str | None = None


class ForUserClaim(_Claims):
    """Submission Review 1.0 §3.1.2: whose work is to be seen."""

    user_id: Identifier


class DeepLinkingSettings(_Claims):
    """Deep Linking 2.0 §4.4.1; what is not listed here is kept as sent for the answer."""

    deep_link_return_url: str
    accept_types: list[str]
    accept_presentation_document_targets: list[str]


def _required(alias: str) -> Any:  # noqa: ANN401 - what pydantic's Field returns
    return Field(alias=alias)


def _optional(alias: str) -> Any:  # noqa: ANN401 - the same
    return Field(default=None, alias=alias)


class Message(_Claims):
    """A verified message: nothing else makes one but `verify_id_token`.

    Attributes:
        subject: None in an anonymous message; `read_message` says whether that is allowed.
        platform_deployment_id: the platform's name for the deployment.
        role_names: as sent, URIs and short names; `rules.roles_of` reads them.
        custom: the parameters of the link, or of the tool; values of any type.
        deep_linking_settings: exactly as sent, for the answer has to echo a part of them.
    """

    _ignored: tuple[str, ...] = PrivateAttr(())

    subject: Identifier | None = Field(default=None, alias="sub")
    issued_at: float = Field(alias="iat")
    name: Text | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    email: Text | None = None
    message_type: str = _required(f"{LTI}message_type")
    platform_deployment_id: Identifier = _required(f"{LTI}deployment_id")
    role_names: list[str] = _required(f"{LTI}roles")
    target_link_url: str | None = _optional(f"{LTI}target_link_uri")
    context: Annotated[ContextClaim | None, BeforeValidator(_object_or_none)] = _optional(
        f"{LTI}context"
    )
    resource_link: Annotated[ResourceLinkClaim | None, BeforeValidator(_object_or_none)] = (
        _optional(f"{LTI}resource_link")
    )
    lis: Annotated[LisClaim | None, BeforeValidator(_object_or_none)] = _optional(f"{LTI}lis")
    platform: Annotated[PlatformClaim | None, BeforeValidator(_object_or_none)] = _optional(
        f"{LTI}tool_platform"
    )
    presentation: Annotated[PresentationClaim | None, BeforeValidator(_object_or_none)] = _optional(
        f"{LTI}launch_presentation"
    )
    custom: Annotated[dict[str, Any] | None, BeforeValidator(_object_or_none)] = _optional(
        f"{LTI}custom"
    )
    endpoint: Annotated[EndpointClaim | None, BeforeValidator(_object_or_none)] = _optional(
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    )
    names_and_roles: Annotated[NamesAndRolesClaim | None, BeforeValidator(_object_or_none)] = (
        _optional("https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice")
    )
    for_user: Annotated[ForUserClaim | None, BeforeValidator(_object_or_none)] = _optional(
        f"{LTI}for_user"
    )
    deep_linking_settings: Annotated[dict[str, Any] | None, BeforeValidator(_object_or_none)] = (
        _optional(f"{DEEP_LINKING}deep_linking_settings")
    )

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return which claims, or members of them, were of a wrong type and are not read."""
        return self._ignored

    @property
    def full_name(self) -> str | None:
        """Return the name to show, put together from its parts where it has to be."""
        parts = " ".join(filter(None, (self.given_name, self.family_name)))
        return self.name or parts or None

    @property
    def activity(self) -> ResourceLinkClaim | None:
        """Return the link that was opened. A deep linking request has none.

        Blackboard sends the placement's handle with one, which may be some activity's id as well
        (2026); Open edX sent the block that was only being made (2024, no more in 11.4.4).
        """
        return self.resource_link if self.message_type in _OF_A_LINK else None

    @property
    def placement_token(self) -> str | None:
        """Return our placement token, as the platform sends it: a claim until it is read.

        A link's custom parameter counts; without one its address, which copies keep longest.
        """
        value = (self.custom or {}).get(PLACEMENT_PARAMETER)
        if not isinstance(value, str) or not value or value.startswith("$"):
            query = dict(parse_qsl(urlsplit(self.target_link_url or "").query))
            value = query.get(PLACEMENT_QUERY, "")
        return value if value.isprintable() and 0 < len(value) <= MAX_TEXT else None

    @property
    def is_of_course(self) -> bool:
        """Tell whether the link that was opened goes by the id of the course."""
        link, context = self.activity, self.context
        return link is not None and context is not None and link.id == context.id

    @property
    def return_url(self) -> str | None:
        """Return where the person came from, if the platform says."""
        return self.presentation.return_url if self.presentation else None


# Which failure a wrong claim is; whatever is not named here is Reason.CLAIM.
_REASONS = {
    "sub": Reason.SUBJECT,
    f"{LTI}message_type": Reason.MESSAGE_TYPE,
    f"{LTI}deployment_id": Reason.DEPLOYMENT,
    f"{LTI}roles": Reason.ROLES,
    f"{LTI}resource_link": Reason.RESOURCE_LINK,
    f"{LTI}for_user": Reason.FOR_USER,
    f"{DEEP_LINKING}deep_linking_settings": Reason.DEEP_LINKING,
}
_OF_A_LINK = frozenset({RESOURCE_LINK_REQUEST, SUBMISSION_REVIEW_REQUEST})
_MOST_NESTED = 20
_TOO_LONG = {"string_too_long", "value_error"}
_CONTEXT, _LINK = f"{LTI}context", f"{LTI}resource_link"
# What a message is nothing without: every one, and besides that those of a type.
_NEEDED = frozenset(
    {"sub", "iat", f"{LTI}message_type", f"{LTI}deployment_id", f"{LTI}roles", _CONTEXT}
)
_NEEDED_BY_TYPE = {
    RESOURCE_LINK_REQUEST: frozenset({_LINK}),
    DEEP_LINKING_REQUEST: frozenset({f"{DEEP_LINKING}deep_linking_settings"}),
    SUBMISSION_REVIEW_REQUEST: frozenset({_LINK, f"{LTI}for_user"}),
}
# Whose members say something each by itself. Half of what is said of a service says nothing: a
# gradebook whose column cannot be read is not one without a column.
_OF_PARTS = frozenset({f"{LTI}lis", f"{LTI}tool_platform", f"{LTI}launch_presentation"})
_SPARE_PARTS = frozenset({(_CONTEXT, "title"), (_CONTEXT, "label"), (_LINK, "title")})


def read_message(claims: dict[str, Any], *, anonymous: bool = False) -> Message:
    """Type the claims of a token whose signature was checked.

    What is of a wrong type and not needed is left out, and named by `Message.ignored`.

    Args:
        claims: of the token.
        anonymous: a message that names nobody is taken.

    Raises:
        MessageRefusedError: naming the first needed claim that is not as the specification has it.
    """
    try:
        message = Message.model_validate(claims)
    except ValidationError as error:
        message = _read_without(claims, error)
    if message.subject is None and not anonymous:
        raise MessageRefusedError(Reason.SUBJECT)
    if message.message_type in _OF_A_LINK and message.resource_link is None:
        raise MessageRefusedError(Reason.RESOURCE_LINK)
    if message.message_type == SUBMISSION_REVIEW_REQUEST:
        _check_review(message)
    if message.message_type == DEEP_LINKING_REQUEST:
        _check_deep_linking(message)
    return message


def _read_without(claims: dict[str, Any], error: ValidationError) -> Message:
    """Type the claims without those that are wrong; refuse them if one of those is needed."""
    kept, ignored = dict(claims), list[str]()
    for wrong in error.errors(include_input=False, include_url=False):
        place = _spare(claims, wrong["loc"])
        claim = str(wrong["loc"][0])
        if place is None and wrong["type"] in _TOO_LONG:
            raise MessageRefusedError(Reason.IDENTIFIER, claim) from error
        if place is None:
            raise MessageRefusedError(_REASONS.get(claim, Reason.CLAIM), claim) from error
        ignored.append(".".join(map(str, place)))
        if place == (claim,):
            kept.pop(claim, None)
        elif claim in kept:
            kept[claim] = {name: value for name, value in kept[claim].items() if name != place[1]}
    message = Message.model_validate(kept)
    message._ignored = tuple(dict.fromkeys(ignored))  # noqa: SLF001 - a field could be claimed
    return message


def _spare(claims: dict[str, Any], place: tuple[int | str, ...]) -> tuple[int | str, ...] | None:
    """Return what to leave out so that what is wrong at a place is gone; None if it is needed."""
    claim, part = place[0], place[:2]
    if part in _SPARE_PARTS or (len(part) > 1 and claim in _OF_PARTS):
        return part
    if claim in _NEEDED or claim in _NEEDED_BY_TYPE.get(str(claims.get(f"{LTI}message_type")), ()):
        return None
    return (claim,)


def _check_review(message: Message) -> None:
    """Submission Review 1.0 §3.1: whose work, and of which column."""
    if message.for_user is None:
        raise MessageRefusedError(Reason.FOR_USER)
    if message.endpoint is None or "lineitem" not in message.endpoint.model_fields_set:
        raise MessageRefusedError(Reason.LINE_ITEM)


def _check_deep_linking(message: Message) -> None:
    if message.deep_linking_settings is None:
        raise MessageRefusedError(Reason.DEEP_LINKING)
    try:
        settings = DeepLinkingSettings.model_validate(message.deep_linking_settings)
    except ValidationError as error:
        raise MessageRefusedError(Reason.DEEP_LINKING) from error
    if "ltiResourceLink" not in settings.accept_types:
        raise MessageRefusedError(Reason.OTHER_CONTENT)
    if not settings.accept_presentation_document_targets:
        raise MessageRefusedError(Reason.DEEP_LINKING)
    # The answer is posted there by our page, as a form: never to a script.
    if origin_of(settings.deep_link_return_url) is None:
        raise MessageRefusedError(Reason.DEEP_LINKING)
    # They are stored, and echoed: what nests without end can be read and not be written.
    if not _is_shallow(message.deep_linking_settings, _MOST_NESTED):
        raise MessageRefusedError(Reason.DEEP_LINKING)


def _is_shallow(value: object, most: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return most > 0 and all(_is_shallow(each, most - 1) for each in inner)
