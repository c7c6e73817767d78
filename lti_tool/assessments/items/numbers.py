"""Numbers as people all over the world write them."""

import re
from decimal import Decimal, localcontext

_SPACES = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3}(?:\D|$))")
_POWER = re.compile(r"\s*[\u00d7\u00b7x*]\s*10\s*(?:\^|\*\*)\s*\(?([+-]?\d{1,3})\)?$")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_FRACTION = re.compile(r"([+-]?\d{1,20})\s*/\s*(\d{1,20})")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
# A single point is always a decimal point, as the field's hint shows one.
_THOUSANDS_DOTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3}){2,}(?:,\d*)?|\.\d{3},\d*)")


def readings(text: str) -> tuple[Decimal, ...]:
    """Return the numbers that a text may mean; none when it is no number.

    A comma is a decimal comma to some and a mark of thousands to others: `1,250` is both
    1.25 and 1250. Whoever has the right number in mind, in the writing learned at school,
    is right.
    """
    word = text.strip().replace("\u2212", "-").replace("\u2013", "-")  # minus sign and dash
    word = _POWER.sub(r"e\1", _SPACES.sub("", word))
    found = dict.fromkeys(
        Decimal(form) for form in _forms(word) if _PLAIN.fullmatch(form) and form.isascii()
    )
    fraction = _FRACTION.fullmatch(word)
    if fraction and word.isascii() and int(fraction[2]):
        with localcontext(prec=40):
            found[Decimal(fraction[1]) / Decimal(fraction[2])] = None
    return tuple(found)


def _forms(word: str) -> list[str]:
    forms = [word, word.replace(",", ".")]
    if _THOUSANDS.fullmatch(word):
        forms.append(word.replace(",", ""))
    if _THOUSANDS_DOTS.fullmatch(word):
        forms.append(word.replace(".", "").replace(",", "."))
    return forms
