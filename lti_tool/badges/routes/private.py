"""Answers that a link alone leads to, and signed files that it gives."""

from flask import Response

from lti_tool.badges.exporting import File


def as_private(page: str | Response) -> Response:
    """Return an answer with a page that no index is to list, and whose address goes nowhere."""
    response = page if isinstance(page, Response) else Response(page)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def as_file(file: File) -> Response:
    """Return an answer with a file to save."""
    response = Response(file.data, content_type=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["X-Robots-Tag"] = "noindex"
    return response
