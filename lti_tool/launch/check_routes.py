"""What works in this browser, and why: for whoever helps somebody whose launch does not.

Everything a launch needs is found out without scripts: a cookie is set, and the page behind the
redirect sees whether it came back. Where the page is shown, the browser says itself
(Fetch Metadata, W3C). A script adds what only a script can know.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core import logs, web
from lti_tool.launch.session import PREFIX, set_cookie

CHECK = f"{PREFIX}check"
_SECONDS = 300
_FRAMES = frozenset({"iframe", "frame", "embed", "object"})

blueprint = Blueprint("check", __name__, url_prefix="/lti/check")
log = logs.get(__name__)


@blueprint.before_request
def _show_in_frames() -> None:
    """Let it be seen inside any course: what it tells is about the browser alone."""
    web.frame_ancestors(("*",))


@blueprint.get("")
def begin() -> ResponseReturnValue:
    """Set a cookie as a launch does, and see on the next page whether it comes back."""
    response = redirect(url_for(".show", window=request.args.get("window")), 303)
    set_cookie(response, CHECK, "1", max_age=_SECONDS)
    return response


@blueprint.get("/result")
def show() -> ResponseReturnValue:
    """Say what works, in words. The answer is about this way here: reloading begins again."""
    has_cookie = CHECK in request.cookies
    where = request.headers.get("Sec-Fetch-Dest")
    framed = where in _FRAMES
    log.info("browser_checked", cookie=has_cookie, framed=framed)
    return render_template(
        "launch/check.html",
        has_cookie=has_cookie,
        framed=framed,
        tells_where=where is not None,
        in_new_window="window" in request.args,
    )
