"""Keep the catalogues of translations in step with the sources: `make messages`.

Finds every sentence that templates and modules mark, and writes it into each language's
catalogue: what is new comes in without a translation, what nobody says any more goes.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from lti_tool.core.language import LANGUAGES, SOURCE, TRANSLATIONS

ROOT = Path(__file__).parents[2]
# The campus is another product, and the demo's content and commands are in English.
_APART = ("lti_tool/campus/**", "lti_tool/demo/**", "lti_tool/commands/**")
_METHODS = [
    *((name, "ignore") for name in _APART),
    ("lti_tool/**.py", "python"),
    ("templates/**.html", "jinja2.ext.babel_extract"),
]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "marked": None,
    "phrase": None,
    "phrases": (1, 2),
}
_TO_TRANSLATORS = "Translators:"
# Without dates and names of programs: what did not change is no difference.
_HEADER = """\
# Keep the names in %(...)s as they are. `make messages` brings in what is new; then every
# sentence needs its translation here. Which words we use: docs/glossary.md.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def extract() -> Catalog:
    """Return all sentences that the sources mark, without translations."""
    found = Catalog()
    for source in ("lti_tool", "templates"):
        for name, _line, message, comments, context in extract_from_dir(
            ROOT / source,
            method_map=_local(source, _METHODS),
            options_map={_within(source, k): v for k, v in _OPTIONS.items()},
            keywords=_KEYWORDS,
            comment_tags=(_TO_TRANSLATORS,),
            strip_comment_tags=True,
            directory_filter=lambda _: True,  # else those that begin with _ are left out
        ):
            places = [(f"{source}/{name}", 0)]
            found.add(message, None, places, auto_comments=comments, context=context)
    return found


def _local(source: str, methods: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(_within(source, name), how) for name, how in methods if name.startswith(source)]


def _within(source: str, pattern: str) -> str:
    return pattern.removeprefix(f"{source}/")


def path_of(code: str) -> Path:
    """Return where the catalogue of a language is."""
    return TRANSLATIONS / code / "LC_MESSAGES/messages.po"


def read(code: str) -> Catalog:
    """Return the catalogue of a language as it is kept; empty if there is none yet."""
    path = path_of(code)
    if not path.exists():
        return Catalog(locale=code)
    with path.open("rb") as source:
        return read_po(source, locale=code)


def update(code: str, found: Catalog) -> Catalog:
    """Return the language's catalogue with exactly the sentences that were found."""
    kept = read(code)
    fresh = Catalog(locale=code)
    for message in found:
        if message.id:
            before = kept.get(message.id, message.context)
            # One that counts now, or no longer does, is another sentence.
            same = before is not None and before.pluralizable == message.pluralizable
            fresh.add(
                message.id,
                before.string if before is not None and same else None,
                message.locations,
                flags=message.flags,
                auto_comments=message.auto_comments,
                context=message.context,
            )
    return fresh


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as it is kept: sorted, so that two people's changes seldom meet."""
    target = BytesIO()
    write_po(target, catalogue, width=100, omit_header=True, sort_output=True, include_lineno=False)
    header = _HEADER.format(
        language=catalogue.locale_identifier, plural_forms=catalogue.plural_forms
    )
    return header.encode() + target.getvalue()


def untranslated(catalogue: Catalog) -> Iterator[str]:
    """Name the sentences that a language cannot say yet."""
    for message in catalogue:
        said = message.string if isinstance(message.string, tuple | list) else [message.string]
        if message.id and (message.fuzzy or not all(said)):
            yield message.id if isinstance(message.id, str) else message.id[0]


def main() -> None:
    """Bring every catalogue up to date, and say what is missing in it."""
    found = extract()
    for code in LANGUAGES:
        if code == SOURCE:
            continue
        catalogue = update(code, found)
        path_of(code).parent.mkdir(parents=True, exist_ok=True)
        path_of(code).write_bytes(written(catalogue))
        missing = list(untranslated(catalogue))
        print(f"{code}: {len(catalogue)} sentences, {len(missing)} without a translation")  # noqa: T201 - a command
        for sentence in missing:
            print(f"  {sentence}")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
