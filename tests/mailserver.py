"""A mail server on this machine, for tests: takes letters, or refuses them with a code."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


def newest_letter(folder: Path) -> str:
    """Return the text of the letter that was put into a folder last."""
    newest = max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    letter = message_from_bytes(newest.read_bytes(), _class=EmailMessage, policy=policy.default)
    text: str = letter.get_content()
    return text


class MailServer:
    """What it was sent, and what it answers."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuses_recipient: int | None = None
        self.port = 0


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run one until the block ends."""
    state = MailServer()

    class Talk(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 test")
            for line in iter(self.rfile.readline, b""):
                match line[:4].upper():
                    case b"EHLO":
                        self.say("250 test")
                    case b"RCPT" if state.refuses_recipient:
                        self.say(f"{state.refuses_recipient} no")
                    case b"DATA":
                        self.say("354 go on")
                        self.take()
                        self.say("250 taken")
                    case b"QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 yes")

        def take(self) -> None:
            lines = iter(self.rfile.readline, b".\r\n")
            state.letters.append(
                message_from_bytes(
                    b"".join(line.removeprefix(b".") for line in lines),
                    _class=EmailMessage,
                    policy=policy.default,
                )
            )

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()
