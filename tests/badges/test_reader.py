import json
import os
import resource
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lti_tool.badges import data_integrity, reader
from lti_tool.badges.carriers import Carrier, Found, NoCredentialError
from lti_tool.badges.data_integrity import ProofOutcome
from tests.badges.samples import AT, METHOD, changed, published

DOCUMENT = published().credential


def process_id() -> int:
    process = reader._READER._process
    assert process is not None
    return process.pid


def test_it_finds_and_verifies_as_this_process_would() -> None:
    found = reader.find(json.dumps(DOCUMENT).encode())

    assert isinstance(found, Found)
    assert (found.carrier, found.document) == (Carrier.TEXT, DOCUMENT)
    assert reader.verify(DOCUMENT, methods=[METHOD], at=AT) == data_integrity.verify(
        DOCUMENT, methods=[METHOD], at=AT
    )
    forged = changed(DOCUMENT, "name", "PhD")
    assert reader.verify(forged, methods=[METHOD], at=AT).outcome is ProofOutcome.WRONG


def test_several_are_told_apart() -> None:
    several = [DOCUMENT, changed(DOCUMENT, "name", "PhD"), DOCUMENT]

    checks = reader.verify_all(several, methods=[METHOD], at=AT)

    assert [check.verified for check in checks] == [True, False, True]


def test_what_cannot_be_read_is_told_in_the_same_words() -> None:
    with pytest.raises(NoCredentialError, match="not JSON"):
        reader.find(b"hello")


def test_one_process_answers_many_questions() -> None:
    reader.find(json.dumps(DOCUMENT).encode())
    first = process_id()
    reader.find(json.dumps(DOCUMENT).encode())

    assert process_id() == first


def test_a_killed_process_is_replaced() -> None:
    reader.find(json.dumps(DOCUMENT).encode())
    os.kill(process_id(), signal.SIGKILL)

    with pytest.raises(reader.TooCostlyError):
        reader.find(json.dumps(DOCUMENT).encode())
    found = reader.find(json.dumps(DOCUMENT).encode())
    assert isinstance(found, Found)
    assert found.document == DOCUMENT


@pytest.mark.timeout(30)
@pytest.mark.parametrize("where", ["ourselves", "library"])
def test_the_kernel_ends_a_question_that_takes_too_long(where: str) -> None:
    spinning = reader.Reader("tests.badges.spinning")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    with pytest.raises(reader.TooCostlyError):
        spinning.ask({"ask": where})

    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert reader.CPU_SECONDS / 2 < spent < reader.CPU_SECONDS + 4  # with its start


@pytest.mark.timeout(180)
def test_few_wait_and_the_others_are_sent_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a machine that is busy with other things the one before takes long.
    monkeypatch.setattr(reader, "_QUEUE_SECONDS", 120.0)
    spinning = reader.Reader("tests.badges.spinning")

    def ask() -> type[Exception]:
        with pytest.raises((reader.TooCostlyError, reader.BusyError)) as raised:
            spinning.ask({"ask": "ourselves"})
        return raised.type

    with ThreadPoolExecutor(8) as threads:
        ends = Counter(threads.map(lambda _: ask(), range(8)))

    assert ends[reader.TooCostlyError] == 1 + reader.MOST_WAITING
    assert ends[reader.BusyError] == 7 - reader.MOST_WAITING


def test_it_has_none_of_our_secrets() -> None:
    reader.find(json.dumps(DOCUMENT).encode())

    assert b"CAIRN" not in Path(f"/proc/{process_id()}/environ").read_bytes()
