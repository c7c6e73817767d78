"""A transcript shown to whoever has its link, checked as the page is made."""

from http import HTTPStatus

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from lti_tool.badges.errors import TakenBackTranscriptError
from lti_tool.badges.routes.private import as_file, as_private
from lti_tool.badges.transcripts import files
from lti_tool.badges.transcripts.files import TranscriptKind
from lti_tool.badges.verifying import issuers, links

blueprint = Blueprint("transcripts", __name__, url_prefix="/i/<slug>/transcripts")


@blueprint.get("/<token>")
def show_transcript(slug: str, token: str) -> ResponseReturnValue:
    """Show a transcript, and check it and all that is in it."""
    try:
        opened = links.open_transcript(slug, token)
    except TakenBackTranscriptError:
        return _taken_back(slug)
    return as_private(
        render_template(
            "badges/show_transcript.html",
            opened=opened,
            checked=opened.checked,
            link=opened.issuer.transcript_url(token),
            slug=slug,
            token=token,
        )
    )


@blueprint.get("/<token>.<any(json, jwt):kind>")
def download_transcript(slug: str, token: str, kind: str) -> ResponseReturnValue:
    """Give the signed transcript as a file, in the form asked for."""
    # Whoever gets the file checks it: that takes half a second for a large one.
    try:
        institution_id, transcript_id = links.find_transcript(slug, token)
    except TakenBackTranscriptError:
        return _taken_back(slug)
    return as_file(files.transcript_file(institution_id, transcript_id, TranscriptKind(kind)))


def _taken_back(slug: str) -> Response:
    """Say that it was taken back, and nothing of what it held."""
    page = render_template("badges/taken_back.html", issuer=issuers.find_issuer(slug))
    return as_private(Response(page, status=HTTPStatus.GONE))
