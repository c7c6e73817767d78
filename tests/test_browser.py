"""What tests of pages rely on: that a page which is not for everybody is told, whatever it is."""

from urllib.parse import quote

import pytest

from tests.browser import OpenPage, unfit_for

PAGE = """<!doctype html><html lang="en"><title>A page</title><style>{style}</style>
<main><h1>A page</h1><p>Text</p>{more}</main></html>"""
PALE = "p { color: #ddd; background: #fff }"
FORCED = "p { forced-color-adjust: none }"


def address_of(style: str = "", more: str = "") -> str:
    """Return the address of a page with a style and something more in it."""
    return "data:text/html," + quote(PAGE.format(style=style, more=more))


@pytest.mark.parametrize(
    ("dark", "style", "more", "expected"),
    [
        (False, PALE, "", "color-contrast: p"),
        (
            False,
            f"@media (forced-colors: active) {{ {FORCED} {PALE} }}",
            "",
            "in other colours: color-contrast: p",
        ),
        (True, f"@media (prefers-color-scheme: dark) {{ {PALE} }}", "", "color-contrast: p"),
        (
            True,
            f"@media (prefers-color-scheme: light) {{ {PALE} }}",
            "",
            "in other colours: color-contrast: p",
        ),
        (False, "main { width: 2000px }", "", "728 pixels wider than its window"),
        (True, "", "<input>", "label: input"),
    ],
    ids=["light", "forced", "dark", "light after dark", "wide", "nameless"],
)
def test_what_is_not_for_everybody_is_found_on_the_first_page_and_on_later_ones(
    open_page: OpenPage, style: str, more: str, expected: str, *, dark: bool
) -> None:
    page = open_page("about:blank", dark=dark)

    for _ in range(3):  # the script that looks is brought in another way each time
        page.goto(address_of())
        assert unfit_for(page, dark=dark) == []
        page.goto(address_of(style, more))
        found, *_ = unfit_for(page, dark=dark)
        assert found.startswith(expected)
