"""Faults on demand: what real platforms do on their worst days."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from lti_tool.campus.errors import RefusalError


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults in force. A fresh one has none.

    Attributes:
        token_status: the token endpoint answers this status instead.
        jwks_status: the key set answers this status instead.
        scores_status: score posts answer this status and are not stored.
        scores_retry_after_s: sent as `Retry-After` beside it.
        scores_hang_s: a score post waits this long before it is handled.
        scores_reset: the score is stored, then the connection breaks without an answer
            (under Werkzeug; another server answers 502).
        results_status: reading results answers this status instead.
        scores_remaining: so many score posts are affected; None is all.
        scores_item: only posts to this line item are affected; None is any.
        scores_every: of those only each so-manieth, 5 for a fifth of them.
        posts: scores that were posted since the faults were cleared last.
        html: services answer 200 with a login page, as after a lost session.
        latency_ms: every LTI endpoint waits this long first.
        missing_key: the key set leaves out the key that signs, and no other.
        clock_skew_s: added to `iat` and `exp` of what Campus signs.
    """

    token_status: int | None = None
    jwks_status: int | None = None
    scores_status: int | None = None
    scores_retry_after_s: int | None = None
    scores_hang_s: float = 0
    scores_reset: bool = False
    results_status: int | None = None
    scores_remaining: int | None = None
    scores_item: int | None = None
    scores_every: int = 1
    html: bool = False
    latency_ms: int = 0
    missing_key: bool = False
    clock_skew_s: int = 0
    posts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def change(self, wanted: Mapping[str, object]) -> None:
        """Put the named faults in force and leave the others.

        Raises:
            RefusalError: a name or a type is unknown; nothing was changed.
        """
        allowed = {
            "token_status": int | None,
            "jwks_status": int | None,
            "scores_status": int | None,
            "scores_retry_after_s": int | None,
            "scores_hang_s": int | float,
            "scores_reset": bool,
            "results_status": int | None,
            "scores_remaining": int | None,
            "scores_item": int | None,
            "scores_every": int,
            "html": bool,
            "latency_ms": int,
            "missing_key": bool,
            "clock_skew_s": int,
        }
        for name, value in wanted.items():
            if name not in allowed or not isinstance(value, allowed[name]):
                raise RefusalError(400, "unknown_fault", f"no such fault: {name}={value!r}")
        for name, value in wanted.items():
            setattr(self, name, value)

    def clear(self) -> None:
        """End all faults."""
        fresh = Faults()
        for item in fields(self):
            if item.name != "_lock":
                setattr(self, item.name, getattr(fresh, item.name))

    def takes_score(self, line_item_id: int) -> bool:
        """Tell whether this score post is affected, and count it."""
        with self._lock:
            self.posts += 1
            if self.scores_item not in {None, line_item_id}:
                return False
            if self.posts % max(self.scores_every, 1):
                return False
            if self.scores_remaining is None:
                return True
            if self.scores_remaining <= 0:
                return False
            self.scores_remaining -= 1
            return True
