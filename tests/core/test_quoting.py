import pytest

from lti_tool.core.quoting import quoted


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("not found", "not found"),
        ("  two\r\n lines\t", "two lines"),
        ("n\x00o\x00t\x00", "not"),
        ("half \ud800 a character", "half a character"),
        ("turned \u202eround", "turned round"),
        ("\x00 \x07", ""),
        ("a" * 50, "a" * 20),
        (" " * 10**6 + "late", ""),
    ],
    ids=["as it is", "lines", "nulls", "half", "turned", "nothing", "long", "endless"],
)
def test_what_is_said_is_kept_as_far_as_it_can_be_seen(said: str, kept: str) -> None:
    assert quoted(said, 20) == kept
