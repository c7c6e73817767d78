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


PICTURE = "image:" + "0f" * 32


def test_a_formula_becomes_mathml() -> None:
    assert content.inline(r"Is $\frac{a}{b}$ right?") == (
        'Is <math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mfrac><mrow>'
        "<mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac></mrow></math> right?"
    )
    assert 'display="block"' in content.block("$$\nx^2\n$$")


def test_money_is_no_formula() -> None:
    assert content.inline("between $5 and $6") == "between $5 and $6"


@pytest.mark.parametrize(
    "hostile",
    [
        r"$\href{javascript:alert(1)}{x}$",
        r"$\text{<script>alert(1)</script>}$",
        r"$\text{<img src=x onerror=alert(1)>}$",
        r"$\class{x}{y}$",
        r"$\style{background:url(https://x.example)}{y}$",
    ],
)
def test_a_formula_runs_nothing_and_calls_nowhere(hostile: str) -> None:
    found = Tags()
    found.feed(content.block(hostile))
    assert not {"script", "img", "a", "style"} & {tag for tag, _ in found.tags}
    for _, attributes in found.tags:
        assert not {"href", "src", "style", "onerror", "class"} & attributes.keys()


@pytest.mark.parametrize(
    "formula", [r"\foo{x}", r"\left( x", "x^{2", "x}", r"\begin{matrix}1", "x_1_2"]
)
def test_a_formula_that_cannot_be_shown_right_is_refused_when_it_is_written(formula: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        content.check(f"See ${formula}$.")
    assert content.inline(f"See ${formula}$.").startswith("See ")  # and never an error page


def test_formulas_and_images_that_everybody_can_read_are_taken() -> None:
    text = rf"""Look at ![A *rising* line]({PICTURE}) and $\{{1, 2\}}$:

$$
\sqrt[3]{{x}} \le \sum_{{i=1}}^n x_i
$$
"""

    assert content.check(text) == text


def test_an_image_is_ours_and_says_what_it_shows() -> None:
    made = content.inline(f"![A *rising* line]({PICTURE})")

    [(tag, attributes)] = _tags(made)
    assert tag == "img"
    assert attributes["src"] == "/images/" + "0f" * 32
    assert attributes["alt"] == "A rising line"


@pytest.mark.parametrize(
    "image",
    [
        f"![]({PICTURE})",
        f"![ ]({PICTURE})",
        "![x](https://elsewhere.example/pixel.png)",
        "![x](image:../../secret)",
        f"- [![]({PICTURE})](https://x.example)",
    ],
)
def test_an_image_of_elsewhere_or_without_words_is_refused(image: str) -> None:
    with pytest.raises(ValueError, match="image"):
        content.check(image)


def test_what_stands_in_a_select_is_text_alone() -> None:
    assert content.plain("**a** < $x^2$ & `b`") == "a < x2 & b"


def _tags(html: str) -> list[tuple[str, dict[str, str]]]:
    found = Tags()
    found.feed(html)
    return found.tags


def test_markup_in_text_is_shown_as_text() -> None:
    assert content.inline("if a < b & c > d") == "if a &lt; b &amp; c &gt; d"
