"""Pytest's side of the outside verifiers: `witness` asks both about a credential."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

FOLDER = Path(__file__).parent
INSTALL_SECONDS = 300
# Of a test that may be the first: a neighbour tries to install the witness, then it does itself.
INSTALLING_SECONDS = 2 * INSTALL_SECONDS + 200
ASK_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the two stacks say, as they say it.

    Attributes:
        digital_bazaar: its `verified`, which says nothing of revocation, `revoked` and `errors`.
        dcc: the `log` of checks by name, `schema` (None when it was not at hand) and `errors`.
        missing: addresses they asked for that nobody gave them.
    """

    digital_bazaar: dict[str, Any]
    dcc: dict[str, Any]
    missing: list[str]

    @property
    def accepted(self) -> bool:
        """Whether both take the credential for genuine, in date and not revoked."""
        return (
            self.digital_bazaar["verified"]
            and not self.digital_bazaar["revoked"]
            and not self.dcc["errors"]
            and self.dcc["log"].get("valid_signature") is True
            and self.dcc["log"].get("expiration") is True
            and self.dcc["log"].get("revocation_status") is not False
        )


class Witness:
    """Asks the outside verifiers, in a process of its own each time: they keep caches."""

    def __init__(self, node: str) -> None:
        self._node = node

    def __call__(
        self, credential: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]]
    ) -> Verdict:
        """Ask both about a credential.

        Args:
            credential: signed.
            documents: what the web would answer: did documents by did, status lists by address.
        """
        result = subprocess.run(
            [self._node, str(FOLDER / "verify.mjs")],
            input=json.dumps({"credential": credential, "documents": documents}),
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        verdict = json.loads(result.stdout)
        return Verdict(
            digital_bazaar=verdict["digitalBazaar"], dcc=verdict["dcc"], missing=verdict["missing"]
        )

    def of_compact(
        self, compact: str, keys: Sequence[Mapping[str, Any]], *, at: str | None = None
    ) -> dict[str, Any]:
        """Ask jose about a compact credential: `verified` and `problems`.

        Args:
            compact: the credential.
            keys: what the issuer publishes.
            at: the instant to judge by, now if omitted.
        """
        result = subprocess.run(
            [self._node, str(FOLDER / "verify_jwt.mjs")],
            input=json.dumps({"compact": compact, "keys": keys, "at": at}),
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer


@pytest.fixture(scope="session")
def witness() -> Witness:
    """Install the verifiers, once per lock file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _do_without("Node and npm are not installed")
    _install(npm)
    return Witness(node)


class OpenBadgesLib:
    """Asks openbadgeslib, which is LGPL, in a Python of its own."""

    def __init__(self, python: Path) -> None:
        self._python = python

    def __call__(self, **question: object) -> dict[str, Any]:
        """Return `accepted` and `problem`; the question is told in `openbadgeslib_verify.py`."""
        result = subprocess.run(
            [str(self._python), str(FOLDER / "openbadgeslib_verify.py")],
            input=json.dumps({"documents": {}, **question}),
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer


@pytest.fixture(scope="session")
def openbadgeslib() -> OpenBadgesLib:
    """Install openbadgeslib in an environment of its own."""
    return OpenBadgesLib(environment("openbadgeslib"))


def environment(name: str) -> Path:
    """Install what a lock file beside us names, once per lock file; return its Python.

    Without a package registry, or a wheel of something, the test is skipped, and says so.
    """
    home, lock = FOLDER / ".venv" / name, FOLDER / f"{name}.txt"
    python, mark = home / "bin" / "python", home / ".installed"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    with lock.open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (mark.exists() and mark.read_text() == digest):
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            ends_at = time.monotonic() + INSTALL_SECONDS
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(home)],
                [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)],
            ):
                _install_by(command, ends_at, name)
            mark.write_text(digest)
    return python


def _install(npm: str) -> None:
    lock = FOLDER / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    mark = FOLDER / "node_modules" / ".installed"
    # Parallel test workers share the folder: one installs, the others wait.
    with (FOLDER / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == digest:
            return
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        _install_by(command, time.monotonic() + INSTALL_SECONDS, "npm ci failed")
        mark.write_text(digest)


def _install_by(command: list[str], ends_at: float, name: str) -> None:
    seconds = max(ends_at - time.monotonic(), 0)
    try:
        result = subprocess.run(
            command, cwd=FOLDER, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        _do_without(f"{name}: not installed within {INSTALL_SECONDS} seconds")
    if result.returncode != 0:
        _do_without(f"{name}: {result.stderr.strip().splitlines()[-1:]}")


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CAIRN_REQUIRE_ALL") == "1":
        pytest.fail(f"the outside witnesses are required: {reason}")
    pytest.skip(f"no outside witness: {reason}")
