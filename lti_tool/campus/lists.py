"""Pages of lists: `limit`, `page`, and the `Link` header of RFC 8288."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

from flask import Response, request

from lti_tool.campus.errors import RefusalError
from lti_tool.campus.runtime import campus

T = TypeVar("T")
_HIGHEST: Final = 1_000_000


def check_accept(media_type: str) -> None:
    """Refuse a request that does not accept exactly this media type, as Moodle does.

    Raises:
        RefusalError: 406.
    """
    accepted = {
        part.partition(";")[0].strip() for part in request.headers.get("Accept", "").split(",")
    }
    wildcard = campus().settings.personality.accepts_wildcard and "*/*" in accepted
    if media_type not in accepted and not wildcard:
        raise RefusalError(406, "not_acceptable", f"Accept must be {media_type}")


def check_content(media_type: str) -> None:
    """Refuse a body of another media type; parameters such as charset may follow.

    Raises:
        RefusalError: 415.
    """
    if request.mimetype != media_type:
        message = f"Content-Type must be {media_type}, not {request.mimetype or 'absent'}"
        raise RefusalError(415, "unsupported_media_type", message)


def cut_page(
    items: Sequence[T], *, curly: bool = False, stuck: bool = False
) -> tuple[Sequence[T], dict[str, str]]:
    """Return the page of `items` that was asked for and the headers that lead on.

    Args:
        items: all of them.
        curly: write the header as Moodle's gradebook does, which breaks RFC 8288.
        stuck: lead to the same page again, as Schoology does (2026).

    Raises:
        RefusalError: `limit` or `page` is no number above 0.
    """
    personality = campus().settings.personality
    limit = min(_count("limit", personality.page_size), personality.page_size)
    page = _count("page", 1)
    start = (page - 1) * limit
    if start + limit >= len(items):
        return items[start : start + limit], {}
    # Everything the request filtered by has to come with the next page.
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    following = page if stuck else page + 1
    address = f"{campus().url(request.path)}?{urlencode([*query, ('page', following)])}"
    link = f'<{address}>; rel="next"'
    if curly:
        link = f"<{address.replace('&', '&amp;')}>; rel=“next”"
        link = link.encode().decode("latin-1")  # the bytes of UTF-8, as WSGI wants them
    return items[start : start + limit], {"Link": link}


def answer(
    body: object, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return `body` as JSON of exactly this media type."""
    return Response(json.dumps(body), status, headers, mimetype=media_type)


def _count(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < _HIGHEST:
        raise RefusalError(400, "bad_request", f"{name} must be a number above 0")
    return int(text)
