"""Counting what was refused: cheap, for strangers can have it done."""

from sqlalchemy import Connection, text

from lti_tool.launch.refusals import note_refusal
from tests.launch.platform import Browser


def test_a_refusal_is_counted_without_waiting_for_the_disk(
    student: Browser, database: Connection
) -> None:
    connected = student.connected
    decided = text("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'")
    assert database.scalar(decided) != "session"

    for _ in range(2):
        note_refusal(connected.registration_id, connected.institution_id, "token_signature")

    assert database.scalar(decided) == "session"
    assert database.scalar(text("SELECT times FROM launch_refusals")) == 2
