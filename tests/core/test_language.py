"""A phrase is plain English to programs and the reader's language to people."""

import copy
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from gettext import NullTranslations
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from markupsafe import Markup

from lti_tool.assessments.items.parts import listed
from lti_tool.core.language import (
    Figures,
    Language,
    Phrase,
    chosen,
    language,
    own_name,
    phrase,
    phrases,
    recalled,
)

INSTANT = datetime(2027, 3, 16, 23, 31, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class Shouting(NullTranslations):
    """A language of the tests' own, which needs no catalogue."""

    def gettext(self, message: str) -> str:
        return message.replace("stone", "STEIN")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{msgid1 if n == 1 else msgid2}!"


LOUD = Language(Locale("de"), Shouting(), BERLIN)


def test_a_phrase_is_its_english_text() -> None:
    said = phrase("A stone of %(weight)s kg", weight=Decimal("1.5"))

    assert said == "A stone of 1.5 kg"
    assert json.dumps(said) == '"A stone of 1.5 kg"'
    assert f"{said}" == "A stone of 1.5 kg"


def test_a_phrase_is_said_in_another_language_with_its_values() -> None:
    assert LOUD.say(phrase("A stone of %(weight)s kg", weight=Decimal("1.5"))) == (
        "A STEIN of 1,5 kg"
    )


def test_phrases_within_a_phrase_are_said_too() -> None:
    outer = phrase("Not yet: %(why)s", why=phrase("a stone is missing"))

    assert outer == "Not yet: a stone is missing"
    assert LOUD.say(outer) == "Not yet: a STEIN is missing"


def test_a_phrase_that_counts_takes_the_form_of_its_number() -> None:
    one, many = (phrases("%(num)s stone", "%(num)s stones", number) for number in (1, 1284))

    assert (one, many) == ("1 stone", "1,284 stones")
    assert (LOUD.say(one), LOUD.say(many)) == ("1 stone!", "1.284 stones!")


def test_a_copy_of_a_phrase_can_still_be_said() -> None:
    copied = copy.deepcopy(phrase("A stone of %(weight)s", weight=2))

    assert LOUD.say(copied) == "A STEIN of 2"


def test_other_text_is_said_as_it_is() -> None:
    assert LOUD.say("A stone from a course") == "A stone from a course"


def test_a_percent_sign_of_a_phrase_without_values_stays() -> None:
    assert phrase("100% done") == "100% done"


@pytest.mark.parametrize(
    ("code", "day", "moment", "number"),
    [
        ("en", "16 March 2027", "16 March 2027, 23:31 UTC", "1,284.5"),
        ("en_US", "16 March 2027", "16 March 2027, 23:31 UTC", "1,284.5"),
        ("de", "16. März 2027", "16. März 2027, 23:31 UTC", "1.284,5"),
        ("de_CH", "16. März 2027", "16. März 2027, 23:31 UTC", "1\u2019284.5"),
    ],
)
def test_days_and_numbers_are_written_as_the_language_does(
    code: str, day: str, moment: str, number: str
) -> None:
    reader = language(code)

    assert reader.day(INSTANT) == day
    assert reader.moment(INSTANT) == moment
    assert reader.number(Decimal("1284.5000")) == number


def test_an_instant_is_told_in_the_persons_zone_and_a_date_is_a_date() -> None:
    reader = language("de", BERLIN)

    assert reader.moment(INSTANT) == "17. März 2027, 00:31 MEZ"
    assert reader.clock(INSTANT) == "00:31:09 MEZ"
    assert reader.day(INSTANT) == "17. März 2027"
    assert reader.day(date(2027, 3, 16)) == "16. März 2027"
    assert reader.moment(INSTANT + timedelta(days=30)) == "16. April 2027, 01:31 MESZ"


def test_decimals_are_as_many_as_asked_for() -> None:
    assert language("de").decimal(2, 2) == "2,00"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["de"], "de"),
        (["de-AT"], "de_AT"),
        (["de_de"], "de_DE"),
        (["DE-de"], "de_DE"),
        (["de-Latn-AT"], "de_AT"),
        (["de-xx-yyyyyyyyy"], "de"),
        (["fr", "de"], "de"),
        (["en-GB", "de"], "en_GB"),
        (["", "xx", "*", "../../etc", "de" * 4000], None),
        ([], None),
    ],
)
def test_the_first_language_that_we_speak_is_chosen(wanted: list[str], found: str | None) -> None:
    assert chosen(wanted) == found


def test_a_language_names_itself() -> None:
    assert (own_name("de"), own_name("en")) == ("Deutsch", "English")
    assert language("de").direction == "ltr"


def test_html_and_numbers_in_full_are_said_in_the_readers_language_too() -> None:
    told = listed([Figures("98765.25 ± 0.5"), phrase("No reason given.")])

    assert told == "<ul><li>98765.25 ± 0.5</li><li>No reason given.</li></ul>"
    said = language("de").say(told)
    assert said == "<ul><li>98765,25 ± 0,5</li><li>Kein Grund angegeben.</li></ul>"
    assert isinstance(said, Markup)
    assert language("de").say(Markup("<b>a.b</b>")) == Markup("<b>a.b</b>")


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("No reason given.", "Kein Grund angegeben."),
        ("no answer within 10 seconds", "keine Antwort innerhalb von 10 Sekunden"),
        ("Quota exceeded, see 100% of the log (x)", "Quota exceeded, see 100% of the log (x)"),
        ("", ""),
    ],
)
def test_a_sentence_that_was_stored_is_known_again_and_another_servers_words_are_left(
    stored: str, said: str
) -> None:
    assert recalled(stored) == stored
    assert language("de").say(recalled(stored)) == said


def test_what_is_longer_than_a_sentence_is_not_searched_for_values() -> None:
    short, long = (f"{'x' * letters} did not answer in time." for letters in (100, 1000))

    assert isinstance(recalled(short), Phrase)
    assert not isinstance(recalled(long), Phrase)


def test_there_is_one_of_each_however_its_zone_is_named() -> None:
    assert language("en") is language("en", UTC)
    assert language("en", zone=UTC) is language("en")
    assert language("en", ZoneInfo("Europe/Berlin")) is not language("en")
