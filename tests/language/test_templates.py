"""No template says anything that cannot be said in another language."""

from pathlib import Path

import pytest

from lti_tool.core import speaking
from lti_tool.core.language import SOURCE
from tests.language.templates import TEMPLATES, bare_words

# Rooms whose words are not marked yet. What is not here is marked to the last word.
NOT_YET: set[str] = {"pathways"}


def room_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).parts[0]


PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if room_of(path) not in NOT_YET)


def test_the_rooms_that_are_left_exist() -> None:
    assert {room_of(path) for path in TEMPLATES.rglob("*.html")} >= NOT_YET


def test_no_language_is_offered_before_every_room_is_marked() -> None:
    assert not NOT_YET or speaking.OFFERED == (SOURCE,)


def test_no_template_says_anything_outside_of_the_catalogue() -> None:
    bare = {str(path.relative_to(TEMPLATES)): list(bare_words(path.read_text())) for path in PAGES}

    assert {page: words for page, words in bare.items() if words} == {}


@pytest.mark.parametrize(
    "source",
    [
        "<p>Bare text</p>",
        '<p aria-label="Bare text"></p>',
        '{{ pill("check", "Bare text") }}',
        "{% if x %}<b>bare</b>{% endif %}",
        '{{ _("Marked %(x)s", x="Not marked") }}',
        '{{ " of them" ~ x }}',
        '{% set words = {"key": "Bare text"} %}',
    ],
)
def test_what_is_bare_is_found(source: str) -> None:
    assert list(bare_words(source))


@pytest.mark.parametrize(
    "source",
    [
        "<p>{% trans n=number(x) %}Marked {{ n }}{% endtrans %}</p>",
        '<p aria-label="{{ _("Marked") }}" class="pill accent"></p>',
        '{{ ngettext("%(num)s stone", "%(num)s stones", n) }}',
        '{% if kind == "Some Kind" %}{{ icon("check") }}{% endif %}',
        '{% include "Some/template.html" %}',
        '{{ {"Key with words": 1}["Key with words"] }}',
    ],
)
def test_what_is_marked_or_no_word_is_not(source: str) -> None:
    assert list(bare_words(source)) == []
