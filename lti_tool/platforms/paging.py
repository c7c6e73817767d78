"""Reading a platform's lists to their end: results, members.

A list that breaks off is no list: whoever took it for one would see learners gone who are
there. So a page that fails, leads in a circle or to another host is an error, and what was
read until then is thrown away by the caller.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urljoin

import httpx

from lti_tool.core import http
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.core.quoting import quoted
from lti_tool.platforms import service_client
from lti_tool.platforms.errors import ListGoneError, PartialListError, ServiceRefusedError
from lti_tool.platforms.rules import is_throttled, origin_of

MAX_PAGES: Final = 500
_MAX_BYTES: Final = 20_000_000
_SECONDS: Final = 30
_REASON_CHARACTERS: Final = 200
_GONE: Final = frozenset({404, 410})
_REFUSED: Final = range(400, 500)
_PASSING: Final = frozenset({408, 425, 429})
# Sakai says 403 of a token from before it was started again (2026).
_MAY_BE_THE_TOKEN: Final = frozenset({401, 403})

# RFC 8288, and Moodle's gradebook: typographic quotes, & written as in HTML (4.5). What opens twice
# without an end is given up at once: to look for an end from each opening takes too long.
_LINK: Final = re.compile(r'<([^<>]*)>((?:[^,"“”]|"[^"]*"|“[^“”]*”)*)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|“([^”]*)”|([^\s;,]+))', re.IGNORECASE)


def next_link(headers: Iterable[str]) -> str | None:
    """Return where the next page is, as the `Link` headers of an answer have it."""
    for header in headers:
        for address, parameters in _LINK.findall(header):
            relations = {
                word.lower()
                for found in _REL.findall(parameters)
                for word in "".join(found).split()
            }
            if "next" in relations:
                return str(address).strip().replace("&amp;", "&")
    return None


def pages(
    registration_id: RegistrationId, scopes: Sequence[str], url: str, *, accept: str
) -> Iterator[object]:
    """Read a list page by page, as JSON; calls the platform, so never inside a transaction.

    Raises:
        ListGoneError: there is no such list any more.
        PartialListError: it leads in a circle, elsewhere, or never ends.
        ServiceRefusedError: the platform does not let us read it.
        TokenRefusedError: it gives no token for these scopes.
        OutboundFailedError: it does not answer, or not with JSON. Temporary.
    """
    origin = origin_of(url)
    seen: set[str] = set()
    before = b""
    here: str | None = url
    with http.client(max_bytes=_MAX_BYTES, timeout_seconds=_SECONDS) as client:
        while here is not None:
            if here in seen or len(seen) >= MAX_PAGES:
                raise PartialListError(phrase("The course site's list leads in a circle."))
            if origin_of(here) != origin:  # the token goes along
                raise PartialListError(phrase("The course site's list goes on at another site."))
            seen.add(here)
            answer = _get(client, registration_id, scopes, here, accept)
            if answer.content == before:
                raise PartialListError(
                    phrase("The course site sends the same page again and again.")
                )
            before = answer.content
            following = next_link(answer.headers.get_list("link"))
            yield _json_of(answer)
            here = None if following is None else _joined(here, following)


def _joined(here: str, following: str) -> str:
    try:
        return urljoin(here, following)
    except ValueError as error:
        words = phrase("The course site's list goes on at another site.")
        raise PartialListError(words) from error


def _get(
    client: httpx.Client,
    registration_id: RegistrationId,
    scopes: Sequence[str],
    url: str,
    accept: str,
) -> httpx.Response:
    """Get one page; with a fresh token, once, if the one we had is not taken any more."""
    answer, token = _ask(client, registration_id, scopes, url, accept)
    if answer.status_code in _MAY_BE_THE_TOKEN and not is_throttled(
        answer.status_code, answer.headers, answer.text.lower()
    ):
        service_client.forget_token(registration_id, scopes, token)
        answer, _ = _ask(client, registration_id, scopes, url, accept)
    status = answer.status_code
    if status in _GONE:
        raise ListGoneError(
            phrase(
                "The course site answered %(status)s.",
                status=status,
            )
        )
    if status in _REFUSED and status not in _PASSING:
        words = quoted(answer.text, _REASON_CHARACTERS)
        reason = "" if words.startswith("<") else words
        raise ServiceRefusedError(
            phrase(
                "The course site answered %(status)s. %(reason)s",
                status=status,
                reason=reason,
            ).strip()
        )
    if not answer.is_success:
        raise http.OutboundFailedError(
            phrase(
                "The course site answered %(status)s.",
                status=status,
            ),
            status=status,
        )
    return answer


def _ask(
    client: httpx.Client,
    registration_id: RegistrationId,
    scopes: Sequence[str],
    url: str,
    accept: str,
) -> tuple[httpx.Response, str]:
    token = service_client.access_token(registration_id, scopes)
    answer = client.get(url, headers={"Authorization": f"Bearer {token}", "Accept": accept})
    return answer, token


def _json_of(answer: httpx.Response) -> object:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise http.OutboundFailedError(
            phrase("The course site answered with something else than a list."),
            status=answer.status_code,
        ) from error
