import json
from hashlib import sha256

import pytest

from lti_tool.badges import micro_credentials
from tests.badges.samples import CONTEXT_URL, FULL


def test_the_context_never_changes() -> None:
    """What was signed with it is verified with it: a change is a new version beside it."""
    document = micro_credentials.find_context(CONTEXT_URL)

    digest = sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    assert digest == "2e85b76fa8be6a824c1609935422d1b81cd8947da89867de07795b2c33b63980"


def test_every_element_is_written_and_read() -> None:
    micro = FULL.achievement.micro
    assert micro is not None

    assert len(micro.to_json()) == 1 + len(micro.__slots__)
    assert micro_credentials.read(micro.to_json()) == micro


@pytest.mark.parametrize(
    "url",
    [
        CONTEXT_URL + "#x",
        CONTEXT_URL.replace("-1", "-2"),
        CONTEXT_URL.replace("https", "file"),
        CONTEXT_URL.replace("cairn", "user@cairn"),
        CONTEXT_URL.replace("/contexts", "/x/contexts"),
        "",
    ],
)
def test_another_address_has_no_context(url: str) -> None:
    assert micro_credentials.find_context(url) is None
