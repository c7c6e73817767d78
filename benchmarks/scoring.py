"""CPU of scoring an attempt of 40 questions of all types: reading what is stored, and marking it.

Pure functions, no database: rows as they come from there, answers by the letter. Beside it, in
the same run, what cannot be avoided: making Python objects of the same JSON.

    .venv/bin/python benchmarks/scoring.py [--attempts 200] [--rounds 5]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.assessments import rules
from lti_tool.assessments.items import read_item
from lti_tool.assessments.rules import FormItem
from lti_tool.core.ids import ItemVersionId, new_id
from tests.assessments.items.samples import SAMPLES, sample

QUESTIONS = 40
ALLOWED_MS = 5.0


def main() -> None:
    """Print milliseconds of CPU for one attempt: median over rounds, and the worst round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    types = [list(SAMPLES)[number % len(SAMPLES)] for number in range(QUESTIONS)]
    rows = [json.dumps(sample(type_).model_dump(mode="json", exclude_none=True)) for type_ in types]
    ids = [ItemVersionId(new_id()) for _ in types]
    # Every second answer is wrong: both ways through the rules are walked.
    answers = {
        id_: tuple(SAMPLES[type_][1 + number % 2])
        for number, (id_, type_) in enumerate(zip(ids, types, strict=True))
    }
    stored = [json.loads(row) for row in rows]
    form = read(ids, stored)
    assert rules.mark(form, answers).earned == QUESTIONS / 2

    parts: dict[str, Callable[[], object]] = {
        "unavoidable: JSON to objects": lambda: [json.loads(row) for row in rows],
        "reading typed items": lambda: read(ids, stored),
        "marking": lambda: rules.mark(form, answers),
        "both": lambda: rules.mark(read(ids, stored), answers),
    }
    print(f"{QUESTIONS} questions of {len(SAMPLES)} types, ms of CPU an attempt: median (worst)")
    for name, work in parts.items():
        times = [measure(work, options.attempts) for _ in range(options.rounds)]
        print(f"  {name:30} {statistics.median(times):6.2f} ({max(times):.2f})")
        if name == "both" and statistics.median(times) > ALLOWED_MS:
            sys.exit(f"more than {ALLOWED_MS} ms")


def read(ids: list[ItemVersionId], stored: list[object]) -> list[FormItem]:
    """Return the form as `queries.list_form` makes it."""
    return [
        FormItem(
            id=id_,
            number=number,
            item=read_item(content),
            order=(),
            points=Decimal(1),
            competency=None,
        )
        for number, (id_, content) in enumerate(zip(ids, stored, strict=True), 1)
    ]


def measure(work: Callable[[], object], times: int) -> float:
    """Return milliseconds of this process's CPU for one run."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) * 1000 / times


if __name__ == "__main__":
    main()
