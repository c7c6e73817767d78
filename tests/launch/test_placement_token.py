"""An id in a link is a wish; a token is ours or nothing."""

import base64
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from lti_tool.core import settings as settings_module
from lti_tool.core.ids import EditionId, InstitutionId, PlacementId, new_id
from lti_tool.core.settings import Settings
from lti_tool.launch import placement_token

PLACEMENT, INSTITUTION, EDITION = (
    PlacementId(new_id()),
    InstitutionId(new_id()),
    EditionId(new_id()),
)

pytestmark = pytest.mark.usefixtures("database")


def test_a_token_brings_back_its_placement() -> None:
    token = placement_token.make(PLACEMENT, INSTITUTION, EDITION)

    assert placement_token.read(token, INSTITUTION) == PLACEMENT
    assert len(token) < 100


def test_a_token_is_worth_nothing_at_another_institution() -> None:
    token = placement_token.make(PLACEMENT, INSTITUTION, EDITION)

    assert placement_token.read(token, InstitutionId(new_id())) is None


def test_no_byte_of_a_token_can_be_changed() -> None:
    token = placement_token.make(PLACEMENT, INSTITUTION, EDITION)
    raw = bytearray(base64.urlsafe_b64decode(token.removeprefix("p1.") + "=="))

    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        encoded = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert placement_token.read(f"p1.{encoded}", INSTITUTION) is None


# Named, since an id made anew by each process is no name: pytest-xdist's workers compare them.
@pytest.mark.parametrize(
    "word",
    ["", "p1.", str(PLACEMENT), "$ResourceLink.id", "p1.%%%", "p1.é", "p2." + "A" * 86],
    ids=["empty", "prefix", "bare-id", "variable", "no-base64", "no-ascii", "next-version"],
)
def test_other_words_are_no_tokens(word: str) -> None:
    assert placement_token.read(word, INSTITUTION) is None


def test_links_in_courses_outlive_a_new_secret_key(
    database: Connection,  # noqa: ARG001 - installs the settings
    settings: Settings,
) -> None:
    token = placement_token.make(PLACEMENT, INSTITUTION, EDITION)
    newer = replace(settings, secret_keys=(b"n" * 32, *settings.secret_keys))
    settings_module.install(newer)

    assert placement_token.read(token, INSTITUTION) == PLACEMENT
    settings_module.install(settings)
