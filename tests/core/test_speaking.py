"""In which language a page answers."""

from dataclasses import replace

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from lti_tool.core import settings as settings_module
from lti_tool.core import speaking, web
from lti_tool.core.language import LANGUAGES, phrase
from lti_tool.core.settings import Settings

PAGE = (
    '{{ page_language().code }} {{ say_number(1.5) }} {{ _("%(x)s!", x=words) }} {{ words }}'
    '{% for code, name, url in other_languages() %} <a href="{{ url }}">{{ name }}</a>{% endfor %}'
)


@pytest.fixture
def client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(speaking, "OFFERED", LANGUAGES)
    use = replace(settings, base_url="https://cairn.example.edu")
    monkeypatch.setattr(settings_module, "_installed", [use])
    app = Flask("tool")
    web.install(app)

    @app.route("/page", methods=["GET", "POST"])
    @app.route("/lti/login", endpoint="login")
    @app.route("//elsewhere.example", endpoint="odd")
    def page() -> str:
        return render_template_string(PAGE, words=phrase("<b>"))

    @app.get("/from/<locale>")
    def launched(locale: str) -> str:
        speaking.prefer(None, locale)
        return page()

    @app.get("/of/<own>/from/<locale>")
    def chosen(own: str, locale: str) -> str:
        speaking.prefer(own, locale)
        return page()

    return app.test_client()


def test_without_a_word_a_page_is_english(client: FlaskClient) -> None:
    assert client.get("/page").text.startswith("en 1.5")
    assert client.get("/page", headers={"Accept-Language": "fr, xx;q=0.5"}).text.startswith("en")


def test_the_browser_asks_for_a_language(client: FlaskClient) -> None:
    answer = client.get("/page", headers={"Accept-Language": "fr, de-AT;q=0.5, en;q=0.1"})

    assert answer.text.startswith("de 1,5")
    assert "Accept-Language" in answer.vary


def test_the_platforms_language_counts_more_than_the_browsers(client: FlaskClient) -> None:
    assert client.get("/from/de-DE", headers={"Accept-Language": "en"}).text.startswith("de")
    assert client.get("/from/xx", headers={"Accept-Language": "de"}).text.startswith("de")


def test_the_choice_of_somebody_without_account_counts_more_than_the_browsers(
    client: FlaskClient,
) -> None:
    # The cookie is for https; a test client at http would not send it.
    safely = {"base_url": "https://cairn.example.edu"}

    chosen = client.get("/page?lang=de&x=1&x=2", **safely)

    assert chosen.status_code == 303
    assert chosen.location == "https://cairn.example.edu/page?x=1&x=2"
    assert client.get("/page", **safely, headers={"Accept-Language": "en"}).text.startswith("de")


def test_an_accounts_choice_counts_more_than_the_platforms_and_both_than_the_cookie(
    client: FlaskClient,
) -> None:
    client.get("/page?lang=de", base_url="https://cairn.example.edu")

    for path, language in (("/from/en", "en"), ("/of/de/from/en", "de"), ("/of/xx/from/en", "en")):
        said = client.get(path, base_url="https://cairn.example.edu")
        assert said.text.startswith(language)


def test_a_choice_never_leads_to_another_host(client: FlaskClient) -> None:
    answer = client.get("//elsewhere.example?lang=de")

    assert answer.headers.get("Location", "https://cairn.example.edu/").startswith(
        "https://cairn.example.edu/"
    )


@pytest.mark.parametrize("path", ["/a%0Ab", "/a%3Fb", "/a%23b%25", "/%C3%A4"])
def test_a_choice_leads_back_to_the_very_address_it_was_made_at(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(f"{path}?lang=de")

    assert answer.headers["Location"] == f"https://cairn.example.edu{path}"


@pytest.mark.parametrize("wanted", ["xx", "", "de-AT", "en\r\nX: y"])
def test_a_language_that_we_do_not_speak_is_no_choice(client: FlaskClient, wanted: str) -> None:
    answer = client.get("/page", query_string={"lang": wanted})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_page_offers_the_other_language_and_keeps_its_query(client: FlaskClient) -> None:
    assert '<a href="?x=1&amp;lang=de">Deutsch</a>' in client.get("/page?x=1").text


def test_an_answer_to_a_form_offers_none(client: FlaskClient) -> None:
    answer = client.post("/page")

    assert answer.text.startswith("en 1.5")
    assert "Deutsch" not in answer.text


def test_a_step_of_the_login_offers_none_and_takes_none(client: FlaskClient) -> None:
    answer = client.get("/lti/login?lang=de")

    assert (answer.status_code, "Deutsch" in answer.text) == (200, False)


def test_several_phrases_in_a_row_are_each_translated(client: FlaskClient) -> None:
    with client.application.test_request_context(headers={"Accept-Language": "de"}):
        words = [phrase("Results"), "Ruth & Co"]
        said = render_template_string("{{ words | joined(', ') }}", words=words)

    assert said == "Ergebnisse, Ruth &amp; Co"


def test_words_within_a_sentence_are_escaped(client: FlaskClient) -> None:
    assert "&lt;b&gt;! &lt;b&gt;" in client.get("/page").text


@pytest.mark.parametrize("zone", ["Europe/Berlin", "../x", "Europe", "x" * 2000, "é"])
def test_a_zone_that_makes_no_sense_is_left_out(client: FlaskClient, zone: str) -> None:
    client.set_cookie(speaking.ZONE_COOKIE, zone)

    assert client.get("/page").status_code == 200
