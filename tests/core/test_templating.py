"""The ground of templates: what parts of a page may name."""

from functools import partial

import flask
import jinja2
import pytest
from markupsafe import escape

from lti_tool.core import speaking
from lti_tool.core.language import Language, language
from lti_tool.core.templating import Environment

REMARKS = {
    "page": "{{ kept('remark', word=word) }}",
    "remark": "{{ tell(word) }} {{ word }}",
    "forgetful": "{{ kept('theirs') }}",
    "theirs": "{{ csrf_token() }}",
    "start": "{{ tell(word) }} {{ word }}{% if name %} {{ name }} {{ id }}{% endif %} {{ id }}",
    "bare": "{{ id }} {{ csrf_token() }}",
}
PARTS = {
    "page": "{% from 'part' import part %}{{ part() }} {{ word }}",
    "part": "{% macro part() %}{{ word }}{% endmacro %}",
}


@pytest.fixture
def environment() -> Environment:
    made = Environment(flask.Flask(__name__), loader=jinja2.DictLoader(PARTS))
    made.globals["word"] = "ours"
    return made


def test_a_page_and_its_parts_name_the_same_words(environment: Environment) -> None:
    assert environment.get_template("page").render() == "ours ours"


def test_words_of_one_template_stay_with_it_and_its_parts(environment: Environment) -> None:
    lent = environment.from_string(PARTS["page"], globals={"more": "theirs"})

    assert environment.from_string("{{ more }}", globals={"more": "theirs"}).render() == "theirs"
    assert lent.render() == "ours ours"
    assert "more" not in environment.globals


def test_parts_are_made_once_and_not_for_every_page_that_takes_them(
    environment: Environment,
) -> None:
    first = environment.get_template("page").render()
    part = environment.get_template("part")

    assert part.module is environment.get_template("part").module
    assert environment.get_template("page").render() == first
    assert part.globals is environment.globals


@pytest.fixture
def translated() -> Environment:
    said = {
        "page.html": "{{ _('Start') }} {% trans %}Start{% endtrans %} {{ _('Go on') | upper }}",
        "letter.txt": "{{ _('Start') }} {{ _(word) }}",
    }
    app = flask.Flask(__name__)
    made = Environment(app, loader=jinja2.DictLoader(said), autoescape=app.select_jinja_autoescape)
    speaking.teach(made)
    made.globals["word"] = "Start"
    return made


@pytest.mark.parametrize(("code", "start"), [("en", "Start"), ("de", "Beginnen")])
def test_sentences_are_said_in_the_language_of_whoever_reads(
    translated: Environment, monkeypatch: pytest.MonkeyPatch, code: str, start: str
) -> None:
    monkeypatch.setattr(speaking, "current", lambda: language(code))

    assert translated.get_template("letter.txt").render() == f"{start} {start}"
    assert translated.get_template("page.html").render().startswith(f"{start} {start} ")


def _itself(reader: Language) -> Language:
    return reader


def test_a_page_for_one_reader_does_not_speak_to_the_next(
    translated: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = []
    for reader in (language("de"), language("en"), language("de")):
        monkeypatch.setattr(speaking, "current", partial(_itself, reader))
        pages.append(translated.get_template("page.html").render())

    assert pages[0] == pages[2] != pages[1]


def test_a_sentence_without_values_is_part_of_the_page_before_it_is_asked_for(
    translated: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "current", lambda: language("de"))
    page = translated.get_template("page.html")

    translated.globals.update(_=None, gettext=None)  # nobody looks any more

    assert "Beginnen" in page.render()


@pytest.fixture
def keeping() -> Environment:
    loader = jinja2.DictLoader(REMARKS)
    made = Environment(
        flask.Flask(__name__), loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )
    told: list[str] = []
    made.globals.update(told=told, tell=told.append, csrf_token=lambda: "of one session")
    return made


def test_a_part_that_is_kept_is_made_once_for_each_reader_and_value(
    keeping: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, word in (("en", "<1>"), ("en", "<1>"), ("en", "2"), ("de", "2"), ("de", "<1>")):
        monkeypatch.setattr(speaking, "current", partial(language, code))
        shown = keeping.get_template("page").render(word=word)
        assert shown == f"None {escape(word)}"

    assert keeping.globals["told"] == ["<1>", "2", "2", "<1>"]


def test_a_part_that_is_kept_names_nothing_of_one_request(keeping: Environment) -> None:
    with pytest.raises(jinja2.UndefinedError):
        keeping.get_template("forgetful").render()


def test_a_page_that_is_kept_is_made_once_and_its_gaps_are_filled_each_time(
    keeping: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "current", lambda: language("en"))

    def show(word: str, **gaps: object) -> str:
        return keeping.keep_page("start", gaps, (("word", word),))

    assert show("<1>", id=1, name="A & B") == "None &lt;1&gt; A &amp; B 1 1"
    assert show("<1>", id=2, name="{{ id }}") == "None &lt;1&gt; {{ id }} 2 2"
    assert show("<1>", id=3, name=None) == "None &lt;1&gt; 3"
    assert show("2", id=3, name=None) == "None 2 3"
    assert keeping.globals["told"] == ["<1>", "<1>", "2"]


def test_a_page_that_is_kept_names_nothing_of_one_request_but_what_is_left_open(
    keeping: Environment,
) -> None:
    with pytest.raises(jinja2.UndefinedError):
        keeping.keep_page("bare", {"id": 1}, ())


def test_what_an_address_asks_for_at_will_is_not_kept(
    keeping: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "current", lambda: language("en"))
    app = flask.Flask(__name__)
    told = keeping.globals["told"]

    def show() -> None:
        assert keeping.keep_page("start", {"id": 1, "name": None}, (("word", "a"),)) == "None a 1"
        assert keeping.get_template("page").render(word="b") == "None b"

    for query in ("q=1", "q=2", "q=2"):
        with app.test_request_context(f"/?{query}"):
            show()
    assert told == ["a", "b"] * 3

    for _ in range(2):
        with app.test_request_context("/"):
            show()
    assert told == ["a", "b"] * 4
