"""Reading and verifying what strangers hand in, in a process that may be killed.

A process of its own (`python -m lti_tool.badges.reader`) is kept and asked question by question.
The kernel ends it when a question has used its CPU time: no file, graph or archive can hold a web
process up, whatever library it is that goes round in circles. It has no database, no keys and no
network to ask for.
"""

import atexit
import base64
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lti_tool.badges import baking, carriers, data_integrity, raster, vector
from lti_tool.badges.carriers import Carrier, Codes, Found, NoCredentialError
from lti_tool.badges.data_integrity import ProofCheck, ProofOutcome, VerificationMethod
from lti_tool.badges.vector import UnsafePictureError
from lti_tool.core.errors import TemporaryError
from lti_tool.core.language import phrase, recalled

CPU_SECONDS = 2.0  # per question, or per document where it is of several
_WALL_SECONDS = 20.0  # on a machine that is busy with other things
_QUEUE_SECONDS = 20.0
# Each who waits holds a thread of this process, and exams need those: the next one is sent away.
MOST_WAITING = 1
_QUEUE_WORDS = phrase("There is a queue; what you sent was not looked at.")
_MEMORY_BYTES = 1 << 30
_LENGTH_BYTES = 4


class TooCostlyError(ValueError):
    """It could not be read within the time or memory that anything honest needs."""


class BusyError(TemporaryError):
    """Others are having things checked, one after the other."""

    code = "checking_busy"
    title = phrase("Many are checking credentials just now")
    steps = (phrase("Try again in a minute."),)


def find(data: bytes) -> Found | Codes:
    """Return the credential in what was handed in, or what the codes in a picture say.

    Raises:
        NoCredentialError: as `carriers.find`.
        TooCostlyError: it would take too long to find out.
        BusyError: the queue is long.
    """
    answer = _READER.ask({"ask": "find", "data": base64.b64encode(data).decode()})
    if "problem" in answer:
        raise NoCredentialError(recalled(answer["problem"]))
    if "codes" in answer:
        return Codes(texts=tuple(answer["codes"]))
    return Found(
        carrier=Carrier(answer["carrier"]),
        document=answer["document"],
        compact=answer["compact"],
    )


def verify(
    document: dict[str, Any], *, methods: Iterable[VerificationMethod], at: datetime
) -> ProofCheck:
    """Check the embedded proof, as `data_integrity.verify` does; too costly is unsafe.

    Raises:
        BusyError: the queue is long.
    """
    (check,) = verify_all([document], methods=methods, at=at)
    return check


def verify_all(
    documents: Sequence[dict[str, Any]], *, methods: Iterable[VerificationMethod], at: datetime
) -> list[ProofCheck]:
    """Check several documents as one question: nobody's question comes between.

    Raises:
        BusyError: the queue is long.
    """
    keys = [
        {"id": m.id, "controller": m.controller, "key": m.public_key.public_bytes_raw().hex()}
        for m in methods
    ]
    question = {
        "ask": "verify",
        "documents": list(documents),
        "methods": keys,
        "at": at.isoformat(),
    }
    try:
        answer = _READER.ask(question)
    except TooCostlyError as error:
        return [ProofCheck(outcome=ProofOutcome.UNSAFE, detail=str(error))] * len(documents)
    return [
        ProofCheck(
            outcome=ProofOutcome(check["outcome"]),
            method_id=check["method_id"],
            created_at=check["created_at"] and datetime.fromisoformat(check["created_at"]),
            detail=check["detail"],
        )
        for check in answer["checks"]
    ]


def remake(data: bytes, *, label: str) -> tuple[str | None, bytes]:
    """Return somebody's picture made anew: as SVG, if it is one, and as PNG.

    Raises:
        UnsafePictureError: it cannot be a badge's picture.
        TooCostlyError: it would take too long to find out or to draw.
        BusyError: the queue is long.
    """
    encoded = base64.b64encode(data).decode()
    answer = _READER.ask({"ask": "remake", "data": encoded, "label": label})
    if "problem" in answer:
        raise UnsafePictureError(recalled(answer["problem"]))
    return answer["svg"], base64.b64decode(answer["png"])


class Reader:
    """The one process that this one asks; started when first needed, and after each killing.

    Args:
        module: what it runs.
    """

    def __init__(self, module: str = "lti_tool.badges.reader") -> None:
        self._module = module
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + MOST_WAITING)
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._owner = 0

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one question; a few questions wait for each other.

        Raises:
            TooCostlyError: the process was ended before it had the answer.
            BusyError: the queue is long.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError(_QUEUE_WORDS)
        try:
            return self._ask_in_turn(question)
        finally:
            self._places.release()

    def _ask_in_turn(self, question: dict[str, Any]) -> dict[str, Any]:
        if not self._turn.acquire(timeout=_QUEUE_SECONDS):
            raise BusyError(_QUEUE_WORDS)
        try:
            line = self._open_line()
            try:
                _send(line, question)
                return _receive(line)
            except (OSError, EOFError) as error:
                self.end()
                raise TooCostlyError(
                    phrase("It takes too long to read; no real badge does.")
                ) from error
        finally:
            self._turn.release()

    def end(self) -> None:
        """End the process. The next question starts another."""
        line, process, ours = self._line, self._process, self._owner == os.getpid()
        self._line = self._process = None
        if line is not None:
            line.close()
        if process is not None and ours:
            process.kill()
            process.wait()

    def _open_line(self) -> socket.socket:
        # A process forked off this one must not share its line.
        if self._line is None or self._process is None or self._owner != os.getpid():
            self.end()
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - a module of ours
                    [sys.executable, "-m", self._module],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PATH": os.defpath},  # the secrets of this process are not its business
                )
            ours.settimeout(_WALL_SECONDS)
            self._line, self._owner = ours, os.getpid()
        return self._line


def _send(line: socket.socket, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    line.sendall(len(body).to_bytes(_LENGTH_BYTES) + body)


def _receive(line: socket.socket) -> dict[str, Any]:
    """Return the next message.

    Raises:
        EOFError: the other side has ended.
    """
    length = int.from_bytes(_take(line, _LENGTH_BYTES))
    message: dict[str, Any] = json.loads(_take(line, length))
    return message


def _take(line: socket.socket, length: int) -> bytes:
    taken = bytearray()
    while len(taken) < length:
        part = line.recv(min(length - len(taken), 65_536))
        if not part:
            raise EOFError
        taken += part
    return bytes(taken)


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    if question["ask"] == "find":
        try:
            found = carriers.find(base64.b64decode(question["data"]))
        except NoCredentialError as error:
            return {"problem": str(error)}
        if isinstance(found, Codes):
            return {"codes": found.texts}
        return {
            "carrier": found.carrier,
            "document": found.document,
            "compact": found.compact,
        }
    if question["ask"] == "remake":
        return _remade(base64.b64decode(question["data"]), question["label"])
    methods = [
        VerificationMethod(
            id=method["id"],
            controller=method["controller"],
            public_key=Ed25519PublicKey.from_public_bytes(bytes.fromhex(method["key"])),
        )
        for method in question["methods"]
    ]
    at = datetime.fromisoformat(question["at"])
    checks = [
        data_integrity.verify(document, methods=methods, at=at)
        for document in question["documents"]
    ]
    return {
        "checks": [
            {
                "outcome": check.outcome,
                "method_id": check.method_id,
                "created_at": check.created_at and check.created_at.isoformat(),
                "detail": check.detail,
            }
            for check in checks
        ]
    }


def _remade(data: bytes, label: str) -> dict[str, Any]:
    try:
        if data.startswith(baking.PNG_SIGNATURE):
            svg, png = None, raster.remake(data)
        else:
            svg = vector.clean(data, label=label)
            png = raster.draw(svg)
    except UnsafePictureError as error:
        return {"problem": str(error)}
    except ValueError:  # what resvg raises
        return {"problem": phrase("It cannot be drawn. Save it as plain SVG, or upload it as PNG.")}
    return {"svg": svg, "png": base64.b64encode(png).decode()}


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer until the asker is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the asker
    with socket.socket(fileno=0) as line:
        while True:
            try:
                question = _receive(line)
            except EOFError:
                return
            # SIGPROF ends the process wherever it is, also inside a library's own code.
            times = max(1, len(question.get("documents", ())))
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS * times)
            answered = answer(question)
            signal.setitimer(signal.ITIMER_PROF, 0)
            _send(line, answered)


_READER = Reader()
atexit.register(_READER.end)

if __name__ == "__main__":
    serve(_answer)
