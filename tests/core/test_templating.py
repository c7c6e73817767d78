"""The ground of templates: what parts of a page may name."""

import flask
import jinja2
import pytest

from lti_tool.core.templating import Environment

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
