"""What is asked of us and what we answer: Flask's, at half of what they cost.

Most requests are small forms of ours and of platforms, and most answers are there as a whole. For
these, what follows does the same as Werkzeug in fewer steps; everything else goes its way.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import flask
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_FORM: Final = "application/x-www-form-urlencoded"
_OK, _NO_CONTENT, _NOT_MODIFIED = 200, 204, 304
# An address of these letters alone needs none of them written otherwise (RFC 3986 §2).
_PLAIN_URL: Final = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*")


class Request(flask.Request):
    """A request whose form holds nothing that PostgreSQL cannot.

    Looked at when the form is read, which a view may have allowed to be larger than others.
    """

    def _load_form_data(self) -> None:
        if "form" in self.__dict__:
            return
        if self.environ.get("CONTENT_TYPE") == _FORM and not hasattr(self, "_cached_data"):
            self._load_plain_form()
        else:
            super()._load_form_data()
            refuse_nul(words_of(self.form))

    def _load_plain_form(self) -> None:
        stream = self.stream
        try:
            body = stream.read().decode()
            pairs = parse_qsl(body, keep_blank_values=True, errors="werkzeug.url_quote")
        except ValueError:  # not UTF-8; nothing can be read
            body, pairs = "", []
        form, no_files = ImmutableMultiDict(pairs), ImmutableMultiDict[str, Any]()
        self.__dict__ |= {"stream": stream, "form": form, "files": no_files}
        if "%00" in body or "\0" in body:
            refuse_nul(words_of(form))


def words_of(values: MultiDict[str, str]) -> Iterator[str]:
    """Return every name and every value of a form or a query."""
    for name, words in values.lists():
        yield name
        yield from words


def refuse_nul(words: Iterable[str]) -> None:
    """Refuse what no text in PostgreSQL can hold, before it becomes an error deep inside.

    Raises:
        BadRequest: there is such a text.
    """
    if any("\0" in word for word in words):
        raise BadRequest


class Response(flask.Response):
    """An answer, with headers that it has unless it says otherwise.

    Attributes:
        standing: these headers, with names as they are sent.
    """

    standing: tuple[tuple[str, str], ...] = ()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Send it; as a list where it is whole, which the server need not ask for in pieces."""
        headers = self.headers.to_wsgi_list()
        said = {name.lower() for name, _ in headers}
        missing = [header for header in self.standing if header[0].lower() not in said]
        if not self._is_plain(environ, said):
            self.headers.extend(missing)
            return super().__call__(environ, start_response)
        body = list(self.iter_encoded())
        if "content-length" not in said:
            missing.append(("Content-Length", str(sum(map(len, body)))))
        start_response(self.status, headers + missing)
        return body

    def _is_plain(self, environ: "WSGIEnvironment", said: set[str]) -> bool:
        """Tell whether all there is to be sent is what it holds."""
        status = self.status_code
        return (
            type(self.response) is list
            and not self._on_close
            and status >= _OK
            and status not in {_NO_CONTENT, _NOT_MODIFIED}
            and environ["REQUEST_METHOD"] != "HEAD"
            and "content-location" not in said
            and (
                "location" not in said or _PLAIN_URL.fullmatch(self.headers["Location"]) is not None
            )
        )
