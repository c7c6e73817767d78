import gc

import pytest

from lti_tool.core.loading import loading


def test_what_is_loaded_is_not_looked_at_again_and_what_comes_after_is() -> None:
    gc.collect()
    frozen = gc.get_freeze_count()

    with loading():
        enabled_within = gc.isenabled()
        stays = [[number] for number in range(1_000)]

    assert not enabled_within
    assert gc.get_freeze_count() >= frozen + len(stays)
    assert gc.isenabled()


def test_the_collector_works_again_when_something_cannot_be_loaded() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError

    assert gc.isenabled()
