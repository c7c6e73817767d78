"""What one demo remembers between two runs: its ports, its secrets, how far it was made."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(slots=True, kw_only=True)
class State:
    """One demo's memory, in `state.json` of its home, readable by its owner only.

    Attributes:
        web_port, campus_port: stored in both databases as parts of URLs, so they never change.
        seeded: the demo content is complete.
    """

    web_port: int
    campus_port: int
    seeded: bool = False
    secret_key: str = field(default_factory=_secret, repr=False)
    owner_password: str = field(default_factory=_secret, repr=False)
    app_password: str = field(default_factory=_secret, repr=False)
    campus_password: str = field(default_factory=_secret, repr=False)
    campus_secret_key: str = field(default_factory=_secret, repr=False)

    @property
    def base_url(self) -> str:
        """Cairn, on another site than Campus: cookies are really third-party."""
        return f"http://localhost:{self.web_port}"

    @property
    def campus_url(self) -> str:
        """Campus, and its name as an LTI issuer."""
        return f"http://127.0.0.1:{self.campus_port}"

    def write(self, home: Path) -> None:
        """Write it whole or not at all."""
        partial = home / "state.partial"
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(home / "state.json")


def read_state(home: Path) -> State | None:
    """Return what the demo in `home` remembers, None before its first run."""
    try:
        return State(**json.loads((home / "state.json").read_text()))
    except FileNotFoundError:
        return None
