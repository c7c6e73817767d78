"""The answer to a deep linking request: what was chosen, signed (Deep Linking 2.0 §4.5).

https://www.imsglobal.org/spec/lti-dl/v2p0
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem
from pylti1p3.registration import Registration

from lti_tool.core import settings
from lti_tool.core.db import system_transaction
from lti_tool.core.errors import InvalidRequestError
from lti_tool.core.language import phrase
from lti_tool.launch import history
from lti_tool.launch.claims import DEEP_LINKING, PLACEMENT_PARAMETER, PLACEMENT_QUERY
from lti_tool.launch.errors import LaunchEndedError
from lti_tool.launch.logins import LAUNCH_PATH
from lti_tool.launch.services import web_address
from lti_tool.launch.session import CurrentLaunch
from lti_tool.platforms import queries as platforms
from lti_tool.platforms import tool_keys
from lti_tool.platforms.quirks import quirks_of

# Whose work staff can look at: whoever handed something in (Submission Review 1.0 §3.3).
# The states of a score (AGS 2.0 §3.4.7) at which we have a learner's work to show.
REVIEWABLE = ("Submitted", "Completed")


class OnlyOneItemError(InvalidRequestError):
    """More was chosen than the platform takes at once."""

    code = "only_one_item"
    title = phrase("Your course takes one at a time here")
    steps = (phrase("Choose one."), phrase("Then add the next in the same way."))

    def __init__(self) -> None:
        super().__init__(phrase("You chose several. None was added."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentItem:
    """One link to be placed in a course.

    Attributes:
        text: plain, shown below the title by some platforms.
        placement_token: made by `placement_token.make`; comes back with every launch.
        points: what the gradebook's column is out of; None makes no column.
        resource_id: our id of what is placed, to tell columns apart.
        tag: what the column is for, where one resource has several.
        icon_url: absolute.
        opens_at: from when it can be taken, aware; platforms may show it, Cairn holds to it.
        closes_at: until when.
        in_new_window: it shall open beside the course, not inside its page.
    """

    title: str
    text: str
    placement_token: str
    points: Decimal | None
    resource_id: str
    tag: str | None = None
    icon_url: str | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    in_new_window: bool = False


class _Link(DeepLinkResource):
    """pylti1p3's link with what it cannot say (Deep Linking 2.0 §3.1)."""

    more: dict[str, object]

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), **self.more}


def _more(item: ContentItem) -> dict[str, object]:
    more: dict[str, object] = {"text": item.text} if item.text else {}
    if item.in_new_window:
        more["window"] = {"targetName": "_blank"}
    times = {"startDateTime": item.opens_at, "endDateTime": item.closes_at}
    window = {name: at.isoformat() for name, at in times.items() if at is not None}
    return more | ({"available": window, "submission": window} if window else {})


def takes_several(here: CurrentLaunch) -> bool:
    """Tell whether the platform takes more than one item at once. Some write it as a word."""
    return _request(here).get("accept_multiple") in (True, "true")


def takes_new_windows(here: CurrentLaunch) -> bool:
    """Tell whether the platform can open an item in a window of its own."""
    return "window" in _request(here).get("accept_presentation_document_targets", ())


def takes_columns(here: CurrentLaunch) -> bool:
    """Tell whether the platform makes gradebook columns for items. Silence means that it may."""
    return _request(here).get("accept_lineitem") not in (False, "false")


def response_form(
    here: CurrentLaunch, items: Sequence[ContentItem], *, message: str | None = None
) -> tuple[str, str]:
    """Return where to post the answer, and the answer: the form's field `JWT`.

    Render `launch/return_form.html` with both, after `web.form_action(return_url)`. Reads the
    database and the key, so never inside a transaction.

    Args:
        here: the launch of the request.
        items: what was chosen; none is an answer, too.
        message: shown to the person by the platform.

    Raises:
        LaunchEndedError: the launch was no deep linking request.
        OnlyOneItemError: several items where the platform takes one.
    """
    request = _request(here)
    return_url = web_address(request.get("deep_link_return_url"))
    if return_url is None:
        raise LaunchEndedError
    if len(items) > 1 and not takes_several(here):
        raise OnlyOneItemError
    with system_transaction() as session:
        registration = platforms.get_registration(session, here.registration_id)
        deployment = platforms.get_deployment(session, here.deployment_id)
    known = Registration().set_issuer(registration.issuer).set_client_id(registration.client_id)
    answer = DeepLink(known, deployment.platform_id, cast("Any", request))
    by_address = quirks_of(registration.product).links_share_id
    links = [_link(item, columns=takes_columns(here), by_address=by_address) for item in items]
    claims = answer.get_message_jwt(links)
    if "data" not in request:  # echoed if and only if it was sent: §4.5.1
        del claims[f"{DEEP_LINKING}data"]
    if message is not None:
        claims[f"{DEEP_LINKING}msg"] = message
    return return_url, tool_keys.sign(claims)


def _request(here: CurrentLaunch) -> dict[str, Any]:
    request: dict[str, Any] = here.settings.get("deep_linking") or {}
    return request


def _link(item: ContentItem, *, columns: bool, by_address: bool) -> DeepLinkResource:
    link = _Link()
    link.more = _more(item)
    url = settings.current().base_url + LAUNCH_PATH
    if by_address:
        url += "?" + urlencode({PLACEMENT_QUERY: item.placement_token})
    link.set_title(item.title).set_url(url)
    link.set_custom_params({PLACEMENT_PARAMETER: item.placement_token, **history.PARAMETERS})
    if item.icon_url is not None:
        link.set_icon_url(item.icon_url)
    if item.points is not None and columns:
        column = LineItem().set_label(item.title).set_resource_id(item.resource_id)
        # 10, not 10.0: platforms show what they were sent.
        whole = item.points == item.points.to_integral_value()
        column.set_score_maximum(int(item.points) if whole else float(item.points))
        if item.tag is not None:
            column.set_tag(item.tag)
        # Without this no platform offers its gradebook's way to a learner's answers.
        column.set_submission_review([*REVIEWABLE])
        link.set_lineitem(column)
    return link
