"""How several workers share the tests: file by file, what takes long first.

A file's tests stay together, since they share what its fixtures start: a browser, processes, a
platform. Each folder below is one piece, for the same reason. What takes long goes first, so that
at the end no worker is left alone with it.

xdist's own way, `--dist loadgroup` with marks, does not group with pytest 9.2
(https://github.com/pytest-dev/pytest-xdist/issues/1386): a worker knows a test's marks, who shares
the tests out knows only its name.
"""

from collections.abc import Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# By seconds on a machine that does nothing else, from 250 to 15. Journeys share one installation;
# of the others that start and kill whole ones, never two run side by side.
LONGEST: Sequence[tuple[str, ...]] = (
    ("tests/journeys/",),
    ("tests/demo/test_supervisor.py", "tests/faults/"),
    ("tests/registrar/test_pages.py",),
    ("tests/assessments/test_desk_pages.py",),
    ("tests/assessments/test_question_pages.py",),
    ("tests/learner/test_pages.py",),
    ("tests/instructor/test_pages.py",),
    ("tests/grading/test_outages.py",),
    ("tests/pathways/test_rules.py",),
    ("tests/assessments/test_reading_aids.py",),
    ("tests/assessments/test_pages.py",),
    ("tests/assessments/test_offline.py",),
    ("tests/pathways/test_pages.py",),
    ("tests/badges/test_desk_pages.py",),
    ("tests/campus/test_pages.py",),
    ("tests/assessments/test_every_type.py",),
    ("tests/test_templates.py",),
    ("tests/badges/test_pages.py",),
    ("tests/test_cli.py",),
    ("tests/conformance/test_every_route.py",),
    ("tests/launch/test_registration_in_browser.py",),
    ("tests/launch/test_in_browser.py",),
    ("tests/launch/test_in_firefox.py",),
    ("tests/launch/test_in_webkit.py",),
    ("tests/administration/test_pages.py",),
    ("tests/learner/test_german.py",),
    ("tests/instructor/test_marking_pages.py",),
    ("tests/witness/test_openedx.py",),
    ("tests/witness/test_platform.py",),
    ("tests/test_stopping.py",),
)


def piece_of(nodeid: str) -> str:
    """Return the piece that a test belongs to: one of `LONGEST`, or its file."""
    path, _, _ = nodeid.partition("::")
    return next((names[0] for names in LONGEST if path.startswith(names)), path)


def rank_of(nodeid: str) -> int:
    """Return how early a test is to run: 0 first."""
    path, _, _ = nodeid.partition("::")
    ranks = (rank for rank, names in enumerate(LONGEST) if path.startswith(names))
    return next(ranks, len(LONGEST))


class ByPiece(LoadScopeScheduling):
    """Gives a worker that has nothing more to do the next piece, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return piece_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPiece:
    """Share the tests so, whatever `--dist` says."""
    config.option.loadscopereorder = False  # it would go by numbers of tests
    return ByPiece(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes long first, in a worker."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank_of(item.nodeid))
