"""Every catalogue holds exactly what the sources say, whole, with its values and plural forms."""

import re

import pytest
from babel.messages.catalog import Catalog, Message

from lti_tool.core import catalogues
from lti_tool.core.language import LANGUAGES, SOURCE

OTHERS = [code for code in LANGUAGES if code != SOURCE]
_VALUE = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"</?[a-z][^>]*>")


@pytest.fixture(scope="module")
def found() -> Catalog:
    return catalogues.extract()


def sentences(message: Message) -> list[str]:
    return list(message.id) if isinstance(message.id, tuple | list) else [message.id]


def translations(message: Message) -> list[str]:
    said = message.string
    return list(said) if isinstance(said, tuple | list) else [said or ""]


@pytest.mark.parametrize("code", OTHERS)
def test_the_catalogue_holds_what_the_sources_say(code: str, found: Catalog) -> None:
    wanted = {message.id for message in found if message.id}
    held = {message.id for message in catalogues.read(code) if message.id}

    assert wanted - held == set(), "new: run `make messages`, then translate"
    assert held - wanted == set(), "nobody says this any more: run `make messages`"


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_waits_for_a_translation(code: str) -> None:
    assert list(catalogues.untranslated(catalogues.read(code))) == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_values_and_tags_of_its_sentence(code: str) -> None:
    for message in catalogues.read(code):
        if message.id:
            # One stone may be said without its number.
            wanted = set(_VALUE.findall(sentences(message)[-1]))
            tags = sorted(_TAG.findall(sentences(message)[-1]))
            for said in translations(message):
                assert set(_VALUE.findall(said)) | {"num"} == wanted | {"num"}, message.id
                assert sorted(_TAG.findall(said)) == tags, message.id


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_can_be_filled_in(code: str) -> None:
    """A stray percent sign, or a name that is cut short, would break the page."""
    for message in catalogues.read(code):
        for said in translations(message) if message.id else []:
            names = _VALUE.findall(said)
            # Python fills in only what has values; templates always do.
            in_page = any(place.endswith(".html") for place, _ in message.locations)
            if names or in_page:
                assert said % dict.fromkeys([*names, "num"], "x")


@pytest.mark.parametrize("code", OTHERS)
def test_what_counts_has_every_plural_form(code: str) -> None:
    catalogue = catalogues.read(code)
    counting = [message for message in catalogue if isinstance(message.id, tuple | list)]
    assert counting
    for message in counting:
        assert len(translations(message)) == catalogue.num_plurals, message.id


@pytest.mark.parametrize("code", OTHERS)
def test_the_catalogue_is_kept_as_the_tool_writes_it(code: str, found: Catalog) -> None:
    fresh = catalogues.update(code, found)

    # Compared before it is asserted: a difference of a megabyte takes minutes to print.
    same = catalogues.path_of(code).read_bytes() == catalogues.written(fresh)
    assert same, "run `make messages`"


def test_a_new_sentence_comes_in_and_an_old_one_goes(found: Catalog) -> None:
    found.add("A sentence that only this test says", locations=[("x.py", 1)])

    fresh = catalogues.update("de", found)

    assert "A sentence that only this test says" in list(catalogues.untranslated(fresh))
