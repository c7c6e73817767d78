"""Single calls to a platform's gradebook: reading a column, making one.

Sending is another matter: see `sender`.
"""

import json
from dataclasses import replace
from typing import Final

import httpx

from lti_tool.core import http
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.grading import ags
from lti_tool.grading.ags import LineItem, Result
from lti_tool.grading.errors import ColumnGoneError
from lti_tool.platforms import paging, service_client
from lti_tool.platforms.errors import ListGoneError
from lti_tool.platforms.rules import belongs, origins_of

_MAX_BYTES: Final = 20_000_000
_SECONDS: Final = 30
# Whoever asks once more then does so with another one.
_MAY_BE_THE_TOKEN: Final = frozenset({401, 403})
_NO_SUCH_LINK: Final = frozenset({400, 404, 412, 422})


def read_column(registration_id: RegistrationId, line_item_url: str) -> dict[str, Result]:
    """Return all results of a column, by the platform's user id.

    Raises:
        ColumnGoneError: there is no such column any more.
        PartialListError: not all of them could be read.
        InvalidRequestError: the answer is no result container.
        TokenRefusedError: the platform gives no token for it.
        OutboundFailedError: it does not answer, or not with results. Temporary.
    """
    found: dict[str, Result] = {}
    try:
        for page in paging.pages(
            registration_id,
            (ags.RESULT_SCOPE,),
            ags.results_url(line_item_url),
            accept=ags.RESULTS_MEDIA_TYPE,
        ):
            found |= ags.read_results(page)
    except ListGoneError as error:
        raise ColumnGoneError(phrase("The course site no longer has this column.")) from error
    return found


def make_line_item(registration_id: RegistrationId, line_items_url: str, item: LineItem) -> str:
    """Make a column and return its address.

    It belongs to its link where the platform lets it, else to the course alone: Canvas makes no
    column for a link that has none, or whose assignment was deleted (404 and 412;
    instructure/canvas-lms, LineItemsController, 2025).

    Raises:
        TokenRefusedError: the platform gives no token for it.
        OutboundFailedError: it does not answer, or not with a column.
    """
    scopes = (ags.LINE_ITEM_SCOPE,)
    token = service_client.access_token(registration_id, scopes)
    with http.client(max_bytes=_MAX_BYTES, timeout_seconds=_SECONDS) as client:
        answer = _post_line_item(client, token, line_items_url, item)
        if answer.status_code in _NO_SUCH_LINK and item.resource_link_id is not None:
            alone = replace(item, resource_link_id=None)
            answer = _post_line_item(client, token, line_items_url, alone)
    if answer.status_code in _MAY_BE_THE_TOKEN:
        service_client.forget_token(registration_id, scopes, token)
    if not answer.is_success:
        raise http.OutboundFailedError(
            phrase(
                "The course site answered %(status_code)s to a new column.",
                status_code=answer.status_code,
            ),
            status=answer.status_code,
        )
    try:
        url = ags.read_line_item_url(answer.json())
    except ValueError as error:
        raise http.OutboundFailedError(
            phrase("The course site answered a new column with no JSON.")
        ) from error
    if not belongs(url, origins_of([line_items_url])):  # tokens and grades will go there
        raise http.OutboundFailedError(phrase("The course site made a column at another site."))
    return url


def _post_line_item(
    client: httpx.Client, token: str, line_items_url: str, item: LineItem
) -> httpx.Response:
    return client.post(
        line_items_url,
        content=json.dumps(item.to_json()),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": ags.LINE_ITEM_MEDIA_TYPE,
            "Accept": ags.LINE_ITEM_MEDIA_TYPE,
        },
    )
