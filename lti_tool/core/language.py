"""Sentences that can be said in several languages, and numbers and instants as people write them.

Pure: what is said is decided by a `Language` that somebody passes. `core.speaking` knows which
one the person at a request reads. Anything that is no page (logs, the audit trail, a command)
takes a `Phrase` for the plain English text that it is.
"""

import gettext as catalogues
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal, Self

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, get_timezone_name
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol
from markupsafe import Markup

TRANSLATIONS = Path(__file__).parents[1] / "translations"
# English is what the sources say; of its varieties dates are written day first.
SOURCE = "en"
LANGUAGES = (SOURCE, "de")

# In which authors may say that they write: pages mark such a text, whatever they speak themselves.
WRITTEN = (
    *(
        "ar",
        "bg",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "ga",
    ),
    *(
        "gl",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "is",
        "it",
        "ja",
        "ko",
        "lt",
        "lv",
        "mi",
        "ms",
        "mt",
        "nb",
    ),
    *(
        "nl",
        "nn",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "th",
        "tr",
        "uk",
        "vi",
    ),
    *("zh",),
)

_PO = "LC_MESSAGES/messages.po"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_VALUE = re.compile(r"%\((\w+)\)s")
# Letters besides the values, by which a sentence is known again.
_LEAST_WORDS = 12
# Of a sentence that may be known again.
_MOST_LETTERS = 500


class Phrase(str):  # noqa: SLOT000 - text cannot have slots
    """An English sentence that remembers what it was made of, so that it can be translated.

    Attributes:
        message: the English text of the catalogue, with a name for each value: `%(name)s`.
        several: the same for other numbers than one, if it counts something.
        number: how many, where `several` is given.
        values: what stands for the names; phrases among them are translated too.
    """

    message: str
    several: str | None
    number: int
    values: Mapping[str, object]

    def __new__(
        cls,
        message: str,
        values: Mapping[str, object],
        several: str | None = None,
        number: int = 1,
    ) -> Self:
        """Say it in English at once, which is what everything but a page needs."""
        text = message if several is None or number == 1 else several
        made = super().__new__(cls, _filled(text, values, ENGLISH))
        made.message, made.several, made.number, made.values = message, several, number, values
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, object], str | None, int]:  # type: ignore[override]  # str's own copies have one part
        """Let copies be made of the same parts."""
        return self.message, self.values, self.several, self.number


@dataclass(frozen=True, slots=True)
class OnDay:
    """An instant of which the day alone is said: that of the reader's zone."""

    instant: datetime


class _ReadersZone:
    """A word that is another for each reader: the name of the zone that instants are told in."""


READERS_ZONE = _ReadersZone()


class Figures(str):
    """Numbers in full, as they were set: said with the reader's decimal sign, without groups."""

    __slots__ = ()


def figures(text: str) -> str:
    """Return a number that was written down as text, to be said as people write it."""
    return Figures(text) if _NUMBER.fullmatch(text) else text


class Worded(Markup):
    """HTML that has phrases in it: made anew with the words of each reader's language.

    Attributes:
        make: makes it; gets what says a text.
    """

    make: Callable[[Callable[[str], str]], Markup]

    def __new__(cls, make: Callable[[Callable[[str], str]], Markup]) -> Self:
        """Make it in English at once."""
        made = super().__new__(cls, make(ENGLISH.say))
        made.make = make
        return made

    def __getnewargs__(self) -> tuple[Callable[[Callable[[str], str]], Markup]]:  # type: ignore[override]  # str's own copies have text
        """Let copies be made in the same way."""
        return (self.make,)


def phrase(message: str, /, **values: object) -> str:
    """Return a sentence of the catalogue; `values` stand for its `%(name)s`."""
    return Phrase(message, values)


def phrases(one: str, several: str, number: int, /, **values: object) -> str:
    """Return a sentence that counts: `%(num)s` is the number, as people write it."""
    return Phrase(one, {"num": number, **values}, several, number)


def marked(message: str) -> str:
    """Name a sentence for the catalogue whose values come later: `phrase(kept, name=...)`."""
    return message


def joined(parts: Iterable[str], between: str = " ") -> str:
    """Return several sentences as one, each still translated."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Phrase(between.join(f"%({name})s" for name in values), values)


@lru_cache(maxsize=4096)
def recalled(text: str) -> str:
    """Return a sentence that was stored as its English text, so that it can be translated again.

    What no catalogue knows, such as the words of another server, is returned as it is, and so is
    what is longer than sentences are: to look for several values in it takes ever longer.
    """
    if len(text) > _MOST_LETTERS:
        return text
    plain, patterns = _known_sentences()
    if text in plain:
        return Phrase(text, {})
    for pattern, message in patterns:
        if found := pattern.fullmatch(text):
            return Phrase(
                message, {name: recalled(part) for name, part in found.groupdict().items()}
            )
    return text


@cache
def _known_sentences() -> tuple[frozenset[str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Return what modules say: sentences as they are, and with values, the longest first."""
    plain: set[str] = set()
    filled: list[str] = []
    for message in filter(None, map(_said_by_a_module, _read(LANGUAGES[-1]))):
        if not _VALUE.search(message):
            plain.add(message)
        elif len(_VALUE.sub("", message)) >= _LEAST_WORDS:
            filled.append(message)
    filled.sort(key=lambda message: -len(_VALUE.sub("", message)))
    return frozenset(plain), tuple((_pattern(message), message) for message in filled)


def _said_by_a_module(message: Message) -> str | None:
    is_ours = any(place.endswith(".py") for place, _ in message.locations)
    return message.id if isinstance(message.id, str) and is_ours else None


def _pattern(message: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for number, part in enumerate(_VALUE.split(message)):
        if number % 2 == 0:
            parts.append(re.escape(part.replace("%%", "%")))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How one person reads: a language, its way to write numbers, and a time zone.

    `language` makes one of each: what is kept for it is found again at once.
    """

    locale: Locale
    catalogue: catalogues.NullTranslations
    zone: tzinfo = UTC

    @property
    def code(self) -> str:
        """Return the language, as HTML names it."""
        return self.locale.language

    @property
    def name(self) -> str:
        """Return it as `language` takes it, with its variety."""
        return str(self.locale)

    @property
    def direction(self) -> str:
        """Return which way lines run, as HTML names it."""
        return self.locale.text_direction

    def say(self, text: str) -> str:
        """Return a phrase in this language; any other text as it is."""
        if isinstance(text, Figures):
            return text.replace(".", get_decimal_symbol(self.locale))
        if isinstance(text, Worded):
            return text.make(self.say)
        if not isinstance(text, Phrase):
            return text
        if text.several is None:
            said = self.catalogue.gettext(text.message)
        else:
            said = self.form(text.message, text.several, text.number)
        return _filled(said, text.values, self)

    def form(self, one: str, several: str, number: Decimal | float) -> str:
        """Return the form of a catalogue's sentence for a number; parts of one are several."""
        return self.catalogue.ngettext(one, several, int(number) if number == int(number) else 2)

    def number(self, value: Decimal | float) -> str:
        """Write a number without idle noughts: 15, 12.5, 1,284. Exact to four decimals."""
        text = f"{value:,.4f}".rstrip("0").rstrip(".")
        return text.translate(_signs(self.locale))

    def decimal(self, value: Decimal | float, places: int) -> str:
        """Write a number with exactly so many decimals."""
        return f"{value:,.{places}f}".translate(_signs(self.locale))

    def day(self, day: date) -> str:
        """Write a day in words: 16 March 2027. An instant's day is that of the person's zone."""
        if isinstance(day, datetime):
            day = day.astimezone(self.zone)
        return _day(day.toordinal(), self.locale)

    def moment(self, instant: datetime) -> str:
        """Write day and time with the zone: 16 March 2027, 12:31 UTC."""
        there = instant.astimezone(self.zone)
        return f"{self.day(there)}, {there:%H:%M} {_zone_of(there, self.locale)}"

    def clock(self, instant: datetime) -> str:
        """Write a time with seconds, where saving is meant: 12:31:09 UTC."""
        there = instant.astimezone(self.zone)
        return f"{there:%H:%M:%S} {_zone_of(there, self.locale)}"

    def _time(self, value: date | OnDay) -> str:
        if isinstance(value, datetime):
            return self.moment(value)
        return self.day(value.instant if isinstance(value, OnDay) else value)

    def written(self, value: object) -> object:
        """Return a value as it stands in a sentence."""
        if isinstance(value, Phrase | Figures | Worded):
            return self.say(value)
        if isinstance(value, _ReadersZone):
            return str(self.zone)
        if isinstance(value, date | OnDay):
            return self._time(value)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return self.number(value)
        return value


def language(code: str, zone: tzinfo = UTC) -> Language:
    """Return one of our languages, by a name from `LANGUAGES` or a variety of it (`de_AT`)."""
    return _language(code, zone)


@lru_cache(maxsize=4096)
def _language(code: str, zone: tzinfo) -> Language:
    locale = Locale.parse(code, sep="_")
    return Language(locale, _catalogue(locale.language), zone)


def chosen(wanted: Sequence[str]) -> str | None:
    """Return the first of these that we speak, in its variety; as a platform or browser names it.

    BCP 47 (`de-AT`) and the older way with an underscore both occur in launches.
    """
    for name in wanted:
        found = _spoken(name[:35])
        if found is not None:
            return found
    return None


@lru_cache(maxsize=1024)
def _spoken(name: str) -> str | None:
    parts = name.strip().replace("-", "_").split("_")
    if parts[0].lower() not in LANGUAGES:
        return None
    base = parts[0].lower()
    variety = f"{base}_{parts[-1].upper()}" if len(parts) > 1 else base
    try:
        return str(Locale.parse(variety, sep="_"))
    except (UnknownLocaleError, ValueError):
        return base


def _filled(text: str, values: Mapping[str, object], reader: "Language") -> str:
    if not values:
        return text
    return text % {name: reader.written(value) for name, value in values.items()}


@cache
def _signs(locale: Locale) -> Mapping[int, str]:
    # Switzerland groups by an apostrophe and English by a comma: whatever the language says.
    signs = {",": get_group_symbol(locale), ".": get_decimal_symbol(locale)}
    return str.maketrans(signs)


@cache
def _day_locale(locale: Locale) -> Locale:
    return Locale("en", "GB") if locale.language == SOURCE else locale


@lru_cache(maxsize=4096)
def _day(ordinal: int, locale: Locale) -> str:
    return format_date(date.fromordinal(ordinal), "long", locale=_day_locale(locale))


def offset(there: datetime) -> str:
    """Write how far a clock is from UTC at an instant of its zone: UTC+5:30."""
    ahead = there.utcoffset() or timedelta()
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    sign = "\u2212" if ahead < timedelta() else "+"
    return f"UTC{sign}{hours}{f':{minutes:02}' if minutes else ''}"


def _zone_of(there: datetime, locale: Locale) -> str:
    """Return the short name of an instant's zone; how far it is from UTC where it has none."""
    name = there.tzname() or ""
    if locale.language != SOURCE and name != "UTC":
        own = _own_zone_name(there.tzinfo or UTC, bool(there.dst()), locale)
        name = own if own.isalpha() else name
    return name if name.isalpha() else offset(there)


@lru_cache(maxsize=1024)
def _own_zone_name(zone: tzinfo, is_summer: bool, locale: Locale) -> str:  # noqa: FBT001 - a key of the cache
    variant: Literal["daylight", "standard"] = "daylight" if is_summer else "standard"
    return get_timezone_name(zone, "short", locale=locale, zone_variant=variant)


@cache
def _read(code: str) -> Catalog:
    with (TRANSLATIONS / code / _PO).open("rb") as source:
        return read_po(source, locale=code)


@cache
def _catalogue(code: str) -> catalogues.NullTranslations:
    """Read a catalogue once in a process, from the text that translators edit."""
    if code == SOURCE:
        return catalogues.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, _read(code))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


@cache
def runs(code: str) -> str:
    """Return which way lines of a language run, as HTML names it."""
    return Locale.parse(code, sep="_").text_direction


@cache
def own_name(code: str) -> str:
    """Return what a language calls itself."""
    return str(Locale.parse(code, sep="_").get_display_name())


ENGLISH = Language(Locale("en"), catalogues.NullTranslations())
