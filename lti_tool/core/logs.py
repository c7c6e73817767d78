"""Structured logs: one line per event, with the request's id, without personal data.

Everything a process logs, ours and the libraries', goes through one handler. Three rules
keep people out of the logs: values under a personal name are replaced, addresses lose
their query, e-mail addresses and tokens inside texts are cut out; and a traceback tells
where, the type and the first line of the message, never the variables.
"""

import json as json_module
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, cast
from uuid import UUID

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.stdlib import add_log_level, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer

REMOVED: Final = "[removed]"

# A key is personal when it is one of these, or when one of its words is.
PERSONAL_KEYS = frozenset(
    {"name", "sub", "subject", "state", "nonce", "code", "login_hint", "lti_message_hint"}
    | {"id_token", "sis_id", "person_sourcedid", "remote_addr", "ip", "address", "query_string"}
)
PERSONAL_WORDS = frozenset(
    {"answer", "answers", "authorization", "birthdate", "bearer", "comment", "cookie", "cookies"}
    | {"draft", "email", "firstname", "form", "fullname", "jwt", "lastname", "mail", "password"}
    | {"phone", "picture", "response", "responses", "secret", "token", "tokens", "username"}
)
PERSONAL_ENDINGS = (
    "given_name",
    "family_name",
    "middle_name",
    "full_name",
    "display_name",
    "person_name",
    "learner_name",
    "student_name",
    "user_name",
    "staff_name",
    "holder_name",
    "picture_url",
    "photo_url",
    "avatar_url",
)
# What a key says about such a thing without saying the thing.
HARMLESS_ENDINGS = ("_count", "_seconds", "_bytes", "_at", "_status", "_url", "_kind")
# Our own codes of failures are logged under this name.
_OUR_CODE = re.compile(r"[a-z0-9_]{2,64}")

_IN_TEXT = re.compile(
    r"(?P<url>\bhttps?://[^\s?#\"'<>]*)[?#][^\s\"'<>]*"  # what follows the path of an address
    r"|(?P<path>(?<=\s)/[^\s?#\"'<>]*)\?[^\s\"'<>]+"  # the same in a request line
    r"|\beyJ[\w-]{5,}\.[\w-]+\.?[\w-]*"  # a signed token
    r"|(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|[\w.%+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
)

Event = MutableMapping[str, Any]


def configure(*, json: bool) -> None:
    """Send this process's logs to standard error, as JSON lines or for human eyes.

    Called once, at start-up. Libraries that log every request with its address, or
    every job with its arguments, are heard from `WARNING` up.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(json=json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for library in ("httpx", "httpcore", "aiohttp", "werkzeug", "rq", "alembic", "authlib"):
        logging.getLogger(library).setLevel(logging.WARNING)


def formatter(*, json: bool) -> logging.Formatter:
    """Return the formatter that makes one line of any record, ours or a library's."""
    renderer: structlog.typing.Processor = (
        JSONRenderer(serializer=_to_json)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return _Formatter(
        ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        _shorten_traceback if json else _write_traceback,
        remove_personal,
        renderer,
    )


class _Line(logging.LogRecord):
    """A line of ours, whose message is the event with all that is said of it."""


class _Logger:
    """A logger of the standard library that structlog gives its lines to.

    structlog's own looks for the line of code that wrote each, which nobody is told, and its
    formatter copies each line twice: half of what a line cost.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._standard = logging.getLogger(name)

    def info(self, event: Event) -> None:
        self._write(logging.INFO, event)

    def warning(self, event: Event) -> None:
        self._write(logging.WARNING, event)

    def error(self, event: Event) -> None:
        self._write(logging.ERROR, event)

    def critical(self, event: Event) -> None:
        self._write(logging.CRITICAL, event)

    def _write(self, level: int, event: Event) -> None:
        if self._standard.isEnabledFor(level):
            self._standard.handle(_Line(self.name, level, "", 0, cast("Any", event), None, None))


class _Formatter(logging.Formatter):
    """Makes one line of text of any record; what libraries log first becomes an event."""

    def __init__(self, *processors: structlog.typing.Processor) -> None:
        super().__init__()
        self._processors = processors

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        name = record.levelname.lower()
        if isinstance(record, _Line):
            event: Any = dict(cast("Any", record.msg))
        else:
            event = {"event": record.getMessage(), "logger": record.name}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            if record.stack_info:
                event["stack_info"] = record.stack_info
            for add in _SHARED:
                event = add(None, name, event)
        for process in self._processors:
            event = process(None, name, event)
        return cast("str", event)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module: `log.info("award_granted", award=str(award_id))`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def bind_request_id(request_id: str | None = None) -> str:
    """Put one id on every line of this request or job, and forget the one before.

    `request_id` must have been checked: it is written as it is. Without one a new one is
    made. Returns the id.
    """
    clear_contextvars()
    request_id = token_hex(8) if request_id is None else request_id
    bind_contextvars(request_id=request_id)
    return request_id


def bind(**facts: str | int) -> None:
    """Put facts, such as the id of an institution, on every further line of this request."""
    bind_contextvars(**facts)


def clear() -> None:
    """Forget what was bound: at the end of a request or job."""
    clear_contextvars()


@lru_cache(maxsize=4096)
def is_personal(key: str) -> bool:
    """Tell whether values under this name are about a person, or let one act as them."""
    key = key.lower().replace("-", "_")
    if key in PERSONAL_KEYS or key.endswith(PERSONAL_ENDINGS):
        return True
    return not key.endswith(HARMLESS_ENDINGS) and not PERSONAL_WORDS.isdisjoint(key.split("_"))


def remove_personal(_logger: object, _method: str, event: Event) -> Event:
    """Replace what is personal by a mark, so that a developer sees that it was there."""
    return {key: _without_personal(key, value) for key, value in event.items()}


def _without_personal(key: str, value: object) -> object:
    our_code = key == "code" and isinstance(value, str) and _OUR_CODE.fullmatch(value)
    if is_personal(key) and not our_code:
        return REMOVED
    if isinstance(value, str):
        return _IN_TEXT.sub(_mark, value)
    if isinstance(value, Mapping):
        return {str(k): _without_personal(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_personal("", each) for each in value]
    if value is None or isinstance(value, int | float):
        return value
    # The text of anything else could hold anything.
    plain = isinstance(value, Decimal | UUID | date | Path)
    return str(value) if plain else type(value).__name__


def _mark(found: re.Match[str]) -> str:
    kept = found["url"] or found["path"]
    return f"{kept}?{REMOVED}" if kept else REMOVED


def _shorten_traceback(_logger: object, _method: str, event: Event) -> Event:
    """Keep of each message the first line: PostgreSQL and pydantic quote values below it."""
    if "exception" in event:
        event["exception"] = [
            {
                "type": stack["exc_type"],
                "message": (stack["exc_value"].splitlines() or [""])[0],
                "frames": [
                    f"{frame['filename']}:{frame['lineno']} {frame['name']}"
                    for frame in stack["frames"]
                ],
            }
            for stack in event["exception"]
        ]
    return event


def _write_traceback(logger: object, method: str, event: Event) -> Event:
    event = _shorten_traceback(logger, method, event)
    if "exception" in event:
        event["exception"] = "\n".join(
            "\n".join([*stack["frames"], f"{stack['type']}: {stack['message']}"])
            for stack in reversed(event["exception"])
        )
    return event


def _as_it_is(_logger: object, _method: str, event: Event) -> tuple[tuple[Event], dict[str, Any]]:
    return (event,), {}


def _to_json(event: Event, **_options: object) -> str:
    return json_module.dumps(event, ensure_ascii=False, separators=(",", ":"))


_SHARED: list[structlog.typing.Processor] = [
    merge_contextvars,
    add_log_level,
    TimeStamper(fmt="iso", utc=True),
]
# At import, because loggers are made at import; where the lines go is `configure`'s.
structlog.configure(
    processors=[*_SHARED, add_logger_name, _as_it_is],
    logger_factory=_Logger,
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    cache_logger_on_first_use=True,
)
