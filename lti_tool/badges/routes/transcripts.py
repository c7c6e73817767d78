"""A transcript shown to whoever has its link, checked as the page is made."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from lti_tool.badges import transcript_files, verifying
from lti_tool.badges.transcript_files import TranscriptKind

blueprint = Blueprint("transcripts", __name__, url_prefix="/i/<slug>/transcripts")


@blueprint.get("/<token>")
def show_transcript(slug: str, token: str) -> ResponseReturnValue:
    """Show a transcript, and check it and all that is in it."""
    opened = verifying.open_transcript(slug, token)
    response = Response(
        render_template(
            "badges/show_transcript.html",
            opened=opened,
            checked=opened.checked,
            link=opened.issuer.transcript_url(token),
            slug=slug,
            token=token,
        )
    )
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/<token>.<any(json, jwt):kind>")
def download_transcript(slug: str, token: str, kind: str) -> ResponseReturnValue:
    """Give the signed transcript as a file, in the form asked for."""
    # Whoever gets the file checks it: that takes half a second for a large one.
    institution_id, transcript_id = verifying.find_transcript(slug, token)
    file = transcript_files.transcript_file(institution_id, transcript_id, TranscriptKind(kind))
    response = Response(file.data, content_type=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["X-Robots-Tag"] = "noindex"
    return response
