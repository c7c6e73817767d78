"""The shell and the parts every page is made of, looked at in a browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, UndefinedError, nodes
from playwright.sync_api import expect

from lti_tool.core import speaking
from lti_tool.core.templating import Environment
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.helpers import serving

ROOT = Path(__file__).parents[1]
POLICY = (
    "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; form-action 'self'"
)
INSTANT = datetime(2027, 3, 16, 12, 31, 9, tzinfo=UTC)
ERROR: dict[str, object] = {
    "error_title": "Please open it again from your course",
    "error_message": "The link from your course to this page works once. Nothing is lost.",
    "error_steps": ["Go back to the course page.", "Open the activity there again."],
    "error_code": "launch_state_used",
    "request_id": "4F7K-19QD",
    "return_url": "https://lms.example/course/2",
    "framed": True,
}


def make_gallery() -> Flask:
    app = Flask("gallery", static_folder=ROOT / "lti_tool/static")
    app.jinja_environment = Environment
    app.jinja_options = {
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "templates"), FileSystemLoader(ROOT / "tests/templates")]
    )
    speaking.teach(app.jinja_env)
    app.jinja_env.globals["static_url"] = lambda path: url_for("static", filename=path)

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/gallery/<layout>")
    def gallery(layout: str) -> str:
        return render_template("gallery.html", layout=f"_layouts/{layout}.html", instant=INSTANT)

    @app.get("/autosubmit")
    def autosubmit() -> str:
        return render_template("autosubmit.html")

    @app.post("/received")
    def received() -> ResponseReturnValue:
        return f"<p>received {request.form['JWT']}</p>"

    @app.get("/error/<where>")
    def error(where: str) -> ResponseReturnValue:
        bare: dict[str, object] = {"error_steps": [], "return_url": None, "framed": False}
        return render_template("error.html", **(ERROR if where == "framed" else ERROR | bare)), 404

    return app


@pytest.fixture(scope="module")
def gallery_url() -> Iterator[str]:
    with serving(make_gallery()) as url:
        yield url


@pytest.mark.parametrize(
    ("layout", "width", "dark"),
    [
        ("framed", 1280, False),
        ("framed", 320, True),
        ("public", 1280, True),
        ("public", 320, False),
        ("desk", 1280, False),
        ("desk", 320, True),
    ],
)
def test_every_part_passes_axe_and_fits(
    gallery_url: str, open_page: OpenPage, layout: str, width: int, *, dark: bool
) -> None:
    page = open_page(f"{gallery_url}/gallery/{layout}", width=width, dark=dark)

    assert axe_violations(page) == []
    assert overflow_px(page) == 0


@pytest.mark.parametrize("where", ["framed", "public"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_error_page_passes_axe_and_fits(
    gallery_url: str, open_page: OpenPage, where: str, width: int
) -> None:
    page = open_page(f"{gallery_url}/error/{where}", width=width, dark=width == 320)

    assert axe_violations(page) == []
    assert overflow_px(page) == 0
    assert page.title() == "Please open it again from your course · Cairn"
    assert page.locator("main").get_by_role("listitem").count() == (2 if where == "framed" else 0)
    page.get_by_text("It happens again").click()
    assert page.get_by_text("launch_state_used 4F7K-19QD").is_visible()


def test_the_error_page_leads_out_of_the_frame(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/error/framed")

    link = page.get_by_role("link", name="Go back to your course")
    assert link.get_attribute("href") == "https://lms.example/course/2"
    assert link.get_attribute("target") == "_top"


def test_axe_is_really_looking(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/error/framed")
    page.evaluate("""() => {
        document.documentElement.removeAttribute("lang");
        const small = "position: static; display: inline-block; font-size: 8px; color: #aaa";
        const links = `<a id="a" href="#">one</a><a id="b" href="#">two</a>`;
        document.querySelector("h1").innerHTML = links;
        for (const id of ["a", "b"]) document.getElementById(id).style = small;
    }""")

    found = {line.split(":")[0] for line in axe_violations(page)}

    assert found >= {"html-has-lang", "color-contrast", "target-size"}


def test_tab_reaches_the_skip_link_first(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/error/public")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_what_went_wrong_takes_the_focus(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/gallery/framed")

    expect(page.get_by_role("alert")).to_be_focused()


def test_the_rail_opens_on_a_narrow_window_without_a_script(
    gallery_url: str, open_page: OpenPage
) -> None:
    page = open_page(f"{gallery_url}/gallery/desk", width=360, javascript=False)
    assert not page.get_by_role("link", name="Sign out").is_visible()

    page.get_by_role("button", name="Menu").click()

    assert page.get_by_role("link", name="Sign out").is_visible()


def test_a_dialog_opens_in_place_and_closes_without_sending(
    gallery_url: str, open_page: OpenPage
) -> None:
    page = open_page(f"{gallery_url}/gallery/framed")

    page.get_by_role("button", name="Take back").click()
    assert page.get_by_role("dialog", name="Take the link back?").is_visible()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    assert axe_violations(page) == []
    page.keyboard.press("Enter")

    assert page.get_by_role("dialog").count() == 0
    assert page.url == f"{gallery_url}/gallery/framed"


def test_copying_says_that_it_did(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/gallery/framed")

    page.get_by_role("button", name="Copy Link to this badge").click()

    page.get_by_text("Copied", exact=True).wait_for()


def test_without_a_script_there_is_no_copy_button(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/gallery/framed", javascript=False)

    assert page.get_by_label("Link to this badge").is_visible()
    assert page.get_by_role("button", name="Copy").count() == 0


def test_a_message_to_another_site_sends_itself_once(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/autosubmit")

    page.get_by_text("received a.b.c").wait_for()


def test_coming_back_does_not_send_a_message_again(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/error/framed")
    sent: list[str] = []
    page.on("request", lambda sending: sent.append(sending.method))
    page.route("**/received", lambda route: route.fulfill(status=204))
    with page.expect_request("**/received"):
        page.goto(f"{gallery_url}/autosubmit")
    assert sent.count("POST") == 1

    page.goto(f"{gallery_url}/error/public")
    page.go_back()

    page.get_by_role("button", name="Go back to your course").wait_for()
    page.wait_for_timeout(100)
    assert sent.count("POST") == 1


def test_without_a_script_a_message_has_a_button(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/autosubmit", javascript=False)

    page.get_by_role("button", name="Go back to your course").click()

    assert page.get_by_text("received a.b.c").is_visible()


def test_a_ring_puts_the_pass_mark_where_it_belongs(gallery_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{gallery_url}/gallery/framed")

    ring = page.get_by_role("img", name="15 of 18 right")

    assert ring.locator(".value").get_attribute("stroke-dasharray") == "83.3 100"
    assert ring.locator(".cut").get_attribute("transform") == "rotate(260.0 60 60)"
    assert page.get_by_role("img", name="0 of 18 right").locator(".value").count() == 0


def test_an_instant_names_its_zone_until_a_script_knows_the_readers(
    gallery_url: str, open_page: OpenPage
) -> None:
    plain = open_page(f"{gallery_url}/gallery/framed", javascript=False)
    scripted = open_page(f"{gallery_url}/gallery/framed", zone="Asia/Tokyo")

    assert plain.locator("#moment").inner_text() == "16 March 2027, 12:31 UTC"
    assert "21:31" in scripted.locator("#moment").inner_text().replace("9:31 PM", "21:31")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (15, "15"),
        (Decimal("15.0000"), "15"),
        (Decimal("12.5"), "12.5"),
        (Decimal("0.0001"), "0.0001"),
        (100, "100"),
        (1284, "1,284"),
        (0, "0"),
    ],
)
def test_a_number_carries_no_idle_noughts(value: int | Decimal, text: str) -> None:
    app = make_gallery()
    source = '{% from "_macros/words.html" import number %}{{ number(value) }}'

    with app.test_request_context():
        assert app.jinja_env.from_string(source).render(value=value) == text


def test_an_icon_that_does_not_exist_is_an_error() -> None:
    app = make_gallery()
    source = '{% from "_macros/icons.html" import icon %}{{ icon("chek") }}'

    with app.test_request_context(), pytest.raises(UndefinedError, match="chek"):
        app.jinja_env.from_string(source).render()


def test_no_page_in_a_frame_downloads_by_attribute() -> None:
    """With it Chromium leaves partitioned cookies away, so that the file is refused in an LMS."""
    pages = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    framed = [page for page in pages if '"_layouts/framed.html"' in page]
    assert framed
    jinja = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
    plain = [jinja.sub("", page) for page in framed]
    assert not [page for page in plain if re.search(r"<a\s[^>]*\sdownload[\s>=]", page)]


def test_no_style_or_script_is_written_into_a_page() -> None:
    pages = list((ROOT / "templates").rglob("*.html"))
    assert len(pages) > 50
    for path in pages:
        source = path.read_text()
        assert " style=" not in source, path
        assert "<style" not in source, path
        assert not re.search(r"\son(blur|change|click|error|focus|input|load|submit)=", source), (
            path
        )
        assert "<script>" not in source, path


def _bound(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template gives to something of its own."""
    for node in tree.find_all((nodes.Macro, nodes.Import, nodes.FromImport, nodes.Name)):
        if isinstance(node, nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in node.names)
        elif isinstance(node, nodes.Name) and node.ctx != "load":
            yield node.name


@pytest.mark.parametrize(
    "source",
    [
        "{% macro kept(names) %}{% endmacro %}",
        "{% set kept = 1 %}",
        "{% set kept %}1{% endset %}",
        "{% with kept = 1 %}{% endwith %}",
        "{% for kept in (1, 2) %}{% endfor %}",
        "{% macro part(kept) %}{% endmacro %}",
        "{% import 'base.html' as kept %}",
        "{% from 'base.html' import shell as kept %}",
    ],
)
def test_a_name_is_given_in_each_of_these_ways(_product: Flask, source: str) -> None:  # noqa: PT019
    assert "kept" in _bound(_product.jinja_env.parse(source))


def test_no_template_hides_what_all_templates_may_name(_product: Flask) -> None:  # noqa: PT019
    """A layout above it would find the template's own under the name of what it asks for."""
    environment = _product.jinja_env
    assert {"kept", "launch_url", "static_url", "csrf_token", "url_for"} <= {*environment.globals}
    names = [name for name in environment.list_templates() if (ROOT / "templates" / name).is_file()]
    assert len(names) > 50
    for name in names:
        tree = environment.parse((ROOT / "templates" / name).read_text(), name)
        assert not {*_bound(tree)} & {*environment.globals}, name
