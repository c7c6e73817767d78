"""Badges' pictures as answers."""

from flask import Response

MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def as_picture(data: str | bytes, kind: str) -> Response:
    """Return an answer with a picture.

    Opened by itself an SVG is a page: it has its own styles and the pixels it carries, it runs
    nothing and reaches nobody.
    """
    response = Response(data, mimetype=MEDIA_TYPES[kind])
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    )
    return response
