"""What a running Campus holds, and how views reach it."""

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import Engine

from lti_tool.campus.faults import Faults
from lti_tool.campus.keys import SigningKeys
from lti_tool.campus.personality import STRICT, Personality
from lti_tool.campus.tool_keys import ToolKeys

EXTENSION = "campus"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampusSettings:
    """How to run a Campus.

    Attributes:
        database_url: `postgresql+psycopg://…`, a database of its own.
        base_url: without a trailing slash; also the LTI issuer.
        secret_key: signs the persona cookie.
        faults: accept `POST /faults` from anybody. For tests only.
        personality: how strict, and which habits.
        name: for people; empty for one that tells the personality.
        sibling: name and address of another LMS that people should know of.
    """

    database_url: str = field(repr=False)  # has a password in it
    base_url: str
    secret_key: str = field(repr=False)
    faults: bool = False
    personality: Personality = STRICT
    name: str = ""
    sibling: tuple[str, str] | None = None

    @property
    def title(self) -> str:
        """What the LMS calls itself."""
        if self.name or self.personality == STRICT:
            return self.name or "Campus"
        return f"Campus as {self.personality.name.capitalize()}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers name who sends a form."""
        return self.base_url.removesuffix(self.path)

    @property
    def path(self) -> str:
        """Where below its host it is; empty for the root."""
        return urlsplit(self.base_url).path


class Counter:
    """How many are within its block at once: `with counter as number`, oneself included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> int:
        """Count one more."""
        with self._lock:
            self._inside += 1
            return self._inside

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Count one less."""
        with self._lock:
            self._inside -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Campus:
    """One running Campus: `app.extensions["campus"]`.

    Tests reach into `engine` (with `store`), `faults` and `keys` here.
    """

    settings: CampusSettings
    engine: Engine
    keys: SigningKeys
    faults: Faults = field(default_factory=Faults)
    tool_keys: ToolKeys = field(default_factory=ToolKeys)
    posting: Counter = field(default_factory=Counter)

    def url(self, path: str) -> str:
        """Return the absolute URL of a path that begins with a slash."""
        return self.settings.base_url + path


def campus() -> Campus:
    """Return the Campus that the current request is for."""
    return cast("Campus", current_app.extensions[EXTENSION])
