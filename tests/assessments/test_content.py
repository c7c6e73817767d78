from html.parser import HTMLParser

import pytest

from lti_tool.assessments import content


class Tags(HTMLParser):
    """What a browser would make elements of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://elsewhere.example/pixel.png)",
        '<a href="https://x.example" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        "<form action=https://x.example><input></form>",
    ],
)
def test_nothing_an_author_writes_can_run_or_call_home(hostile: str) -> None:
    for made in (content.block(hostile), content.inline(hostile)):
        found = Tags()
        found.feed(made)
        assert {tag for tag, _ in found.tags} <= {"p", "a"}
        for _, attributes in found.tags:
            assert attributes.keys() <= {"href", "target", "rel"}
            assert attributes.get("href", "https:").startswith("https:")


def test_a_prompt_is_one_run_of_text() -> None:
    assert content.inline("Is **this** right?") == "Is <strong>this</strong> right?"


def test_a_table_looks_like_the_others_and_its_figures_stand_right() -> None:
    made = content.block("| People | Tested |\n|---|--:|\n| all | 100 |")

    assert '<div class="table-box"><table class="table">' in made
    assert '<th scope="col" class="end">Tested</th>' in made
    assert '<td class="end">100</td>' in made


def test_a_link_opens_beside_the_attempt_and_tells_nothing() -> None:
    made = content.inline("[a report](https://stats.example/r)")

    assert 'target="_blank"' in made
    assert 'rel="noopener noreferrer nofollow"' in made


def test_markup_in_text_is_shown_as_text() -> None:
    assert content.inline("if a < b & c > d") == "if a &lt; b &amp; c &gt; d"
