"""No template says anything that cannot be said in another language."""

import re

import pytest

from tests.language.templates import TEMPLATES, bare_words

PAGES = sorted(TEMPLATES.rglob("*.html"))


def test_no_template_says_anything_outside_of_the_catalogue() -> None:
    bare = {str(path.relative_to(TEMPLATES)): list(bare_words(path.read_text())) for path in PAGES}

    assert {page: words for page, words in bare.items() if words} == {}


@pytest.mark.parametrize(
    "source",
    [
        "<p>Bare text</p>",
        '<p aria-label="Bare text"></p>',
        '{{ pill("check", "Bare text") }}',
        '{{ tile(number(count), "bare") }}',
        "{% if x %}<b>bare</b>{% endif %}",
        '{{ _("Marked %(x)s", x="Not marked") }}',
        '{{ " of them" ~ x }}',
        '{% set words = {"key": "Bare text"} %}',
        '{{ field("a", hint="Bare, such as https://a.example") }}',
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


# Of blocks that stand alone on a line Jinja drops line break and indentation, unless told by `{%+`.
_GLUED = re.compile(
    r"\{% endtrans %\}\n(?:[ \t]*\{% (?:endif|if[^%]*) %\}\n)*"
    r"[ \t]*\{% (?:if[^%]* %\}\n?[ \t]*\{% )?trans"
)


def test_no_sentence_is_glued_to_the_one_before() -> None:
    glued = {
        str(path.relative_to(TEMPLATES)): _GLUED.findall(path.read_text())
        for path in TEMPLATES.rglob("*.html")
    }

    assert {page: found for page, found in glued.items() if found} == {}
