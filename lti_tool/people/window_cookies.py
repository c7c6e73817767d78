"""Cookies of pages that have a window of their own: sessions that no LMS frames.

They are Lax, so that no other site's page sends them along with a change. A session's cookie says
whose institution it is, which session, and the secret whose hash is kept.
"""

from typing import NamedTuple
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from lti_tool.core.db import uuid_or_none
from lti_tool.core.ids import InstitutionId


class Claimed(NamedTuple):
    """The session a browser says it has; nothing of it is checked."""

    institution_id: InstitutionId
    session_id: UUID
    secret: str


def read_session(name: str) -> Claimed | None:
    """Return what the cookie of this name claims; None without one of the right form."""
    institution, _, rest = request.cookies.get(name, "").partition(".")
    word, _, secret = rest.partition(".")
    institution_id, session_id = uuid_or_none(institution), uuid_or_none(word)
    if institution_id is None or session_id is None or not secret:
        return None
    return Claimed(InstitutionId(institution_id), session_id, secret)


def keep_session(response: Response, name: str, claimed: Claimed) -> None:
    """Sign this browser in until it is closed, or the session ends."""
    set_cookie(response, name, ".".join(map(str, claimed)))


def set_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set a cookie for this site's own windows. Without `max_age` it ends with the browser."""
    response.set_cookie(
        name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Lax"
    )


def end_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie set by `set_cookie`."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
