"""Which language a request is answered in, and the words that templates need for it.

The person's own choice, else the language that the LMS says it is used in, else the browser's,
else English. Sessions tell what they know by `prefer`, and keep a choice with the account by
`take_choice`; of those who have none, and of sessions that have ended, a cookie remembers it.

The time zone is the person's choice, else what their browser tells, now or last, else that of the
institution, else UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, TypedDict, cast
from urllib.parse import quote, urlencode

import jinja2
from flask import Flask, Response, current_app, g, has_request_context, render_template, request
from flask.typing import ResponseReturnValue
from jinja2.runtime import Context
from markupsafe import Markup

from lti_tool.core import clock, settings, zones
from lti_tool.core.errors import ToolError
from lti_tool.core.language import (
    ENGLISH,
    LANGUAGES,
    SOURCE,
    WRITTEN,
    Language,
    chosen,
    figures,
    joined,
    language,
    own_name,
    recalled,
    runs,
)

# In which pages are shown: those whose catalogue says all of them, as tests see to. A page that
# says it is German and speaks English is worse than an English one, to a screen reader above all.
OFFERED: tuple[str, ...] = LANGUAGES

COOKIE = "cairn-language"
# Written by a script: no header of a browser says where its person is.
ZONE_COOKIE = "cairn-zone"
_YEAR_SECONDS = 365 * 24 * 3600
# Chosen, it leaves the zone to whatever browser the person uses.
OF_DEVICE = "device"
_IN_PATHS = "/:@!$&'()*+,;=~"  # RFC 3986 §3.3
# Of exactly these types: phrases are text, too, and what has phrases in it is HTML.
_SAID_AS_IT_IS = frozenset({str, Markup, int})


class Kept(TypedDict, total=False):
    """What an account keeps of how its person reads: what they chose, what their browser told."""

    language: str
    zone: str | None
    reported_zone: str


@dataclass(frozen=True, slots=True)
class Zones:
    """What is known of the time zone of an account, by name; what comes first counts.

    Attributes:
        chosen: by the person.
        reported: by the browser they used last.
        institution: where the institution is.
    """

    chosen: str | None
    reported: str | None
    institution: str | None

    def best(self, told: str | None = None) -> tzinfo:
        """Return the zone to speak in, at a browser that tells `told`; UTC if nobody knows."""
        names = (self.chosen, told, self.reported, self.institution)
        return next(filter(None, map(zones.find, names)), UTC)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a page of whoever reads it: as what its layout asks would answer."""

    other_languages: tuple[tuple[str, str, str], ...]
    zone_url: str | None
    zone_attributes: Markup

    @property
    def words(self) -> Mapping[str, Callable[[], object]]:
        """Return it under the names that layouts have for it."""
        return {
            "other_languages": lambda: self.other_languages,
            "zone_url": lambda: self.zone_url,
            "zone_attributes": lambda: self.zone_attributes,
        }


def around_pages() -> Around:
    """Return what stands around the page of this request."""
    return Around(_others(), _zone_url(), _zone_attributes())


def prefer(own: str | None, locale: str | None = None, known: Zones | None = None) -> None:
    """Tell what a session knows: which language its account chose, that of its LMS, its zone.

    All count more than this browser's cookie, which may be of somebody else who sits here; None
    of a zone for whom no account stands.
    """
    g.preferred_languages = [name for name in (own, locale) if name]
    g.known_zones = known
    g.pop("language", None)


def remembered() -> str | None:
    """Return what this browser's cookie says: for those whom no account stands for."""
    return request.cookies.get(COOKIE)


def leave_choice_to(view: Callable[..., ResponseReturnValue]) -> None:
    """Mark a view that has an account: it calls `take_choice` before it does anything else."""
    cast("Any", view).takes_choice = True


def take_choice(keep: Callable[[Kept], object]) -> ResponseReturnValue | None:
    """Keep the language of `?lang=` or the zone of `?zone=` with the account of this page.

    Which zone its browser tells is kept, too, when it is another than before. Another site's link
    chooses for nobody's account.

    Returns:
        Where the same page is, as it was chosen; the page to choose a zone from, for
        `?zone=choose`; or None if nothing was chosen here.
    """
    language_wanted: str | None = g.pop("chosen_language", None)
    if language_wanted is not None:
        if _keeps():
            keep({"language": language_wanted})
        return _shown_again(language_wanted)
    known: Zones | None = g.get("known_zones")
    if known is None:
        return None
    asks = request.query_string and _can_be_asked_again()
    zone_wanted = request.args.get("zone") if asks else None
    if zone_wanted is not None:
        if zone_wanted == OF_DEVICE or zones.find(zone_wanted) is not None:
            if _keeps():
                keep({"zone": None if zone_wanted == OF_DEVICE else zone_wanted})
            return _shown_again(None)
        return _zones_to_choose_from(known)
    told = _told_zone()
    if told is not None and told != known.reported:
        keep({"reported_zone": told})
    return None


def _keeps() -> bool:
    return request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}


def current() -> Language:
    """Return how the person at this request reads; plain English where there is none."""
    if not has_request_context():
        return ENGLISH
    found: Language | None = g.get("language")
    if found is None:
        known = [*g.get("preferred_languages", ()), remembered() or ""]
        asked = [*known, *request.accept_languages.values()]
        offered = [name for name in asked if name[:2].lower() in OFFERED]
        found = g.language = language(chosen(offered) or SOURCE, _zone())
    return found


def say(text: str) -> str:
    """Return a phrase as the person at this request reads it."""
    return current().say(text)


def install(app: Flask) -> None:
    """Teach an application's templates to speak, and let people choose."""
    teach(app.jinja_env)
    app.before_request(_note_choice)
    app.after_request(_take_choice_of_nobody)
    app.after_request(_vary)


def teach(environment: jinja2.Environment) -> None:
    """Give templates `{% trans %}`, `_`, `ngettext`, and numbers and instants as people write them.

    A phrase that Python made is translated wherever a template puts it out; one that was stored as
    its text is, too, by the filter `recalled`, and several in a row by `joined` (`join` makes plain
    English of them).
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # the extension's own
    environment.finalize = _finalize
    environment.filters.update(recalled=recalled, figures=figures, joined=joined)
    environment.globals.update(
        _=_gettext,
        gettext=_gettext,
        ngettext=_ngettext,
        say=say,
        say_number=lambda value: current().number(value),
        say_decimal=lambda value, places: current().decimal(value, places),
        say_day=lambda instant: current().day(instant),
        say_moment=lambda instant: current().moment(instant),
        say_clock=lambda instant: current().clock(instant),
        page_language=current,
        other_languages=_others,
        zone_place=_zone_place,
        zone_url=_zone_url,
        zone_attributes=_zone_attributes,
        written_in=_written_in,
        languages_to_write=[(code, own_name(code)) for code in WRITTEN],
    )


def _finalize(value: object) -> object:
    if type(value) in _SAID_AS_IT_IS:  # a page puts out a hundred values, few of them phrases
        return value
    if isinstance(value, ToolError):
        value = value.sentence
    return current().say(value) if isinstance(value, str) else value


@jinja2.pass_context
def _gettext(context: Context, message: str, /, **values: object) -> str:
    reader = current()
    if not values:
        return sentence(reader, message, as_html=context.eval_ctx.autoescape)
    return _said(context, reader.catalogue.gettext(message), values)


@jinja2.pass_context
def _ngettext(context: Context, one: str, several: str, number: int, /, **values: object) -> str:
    reader = current()
    values.setdefault("num", reader.number(number))
    return _said(context, reader.form(one, several, number), values)


def sentence(reader: Language, message: str, *, as_html: bool) -> str:
    """Return a sentence of a template that has no values, as it is said in a language."""
    if as_html:
        return _markup(reader.catalogue, message)
    return reader.catalogue.gettext(message) % {}


@lru_cache(maxsize=8192)
def _markup(catalogue: NullTranslations, message: str) -> Markup:
    """Return a sentence without values: most of a page's are the same each time."""
    return Markup(catalogue.gettext(message)) % {}  # noqa: S704 - the catalogue is ours


def _said(context: Context, text: str, values: Mapping[str, object]) -> str:
    ready = {name: _finalize(value) for name, value in values.items()}
    if context.eval_ctx.autoescape:
        return Markup(text) % ready  # noqa: S704 - the catalogue is ours; values are escaped
    return text % ready


def _note_choice() -> Response | None:
    """Take the language of `?lang=`, or leave it to the page's account."""
    if not request.query_string:
        return None
    wanted = request.args.get("lang")
    if wanted not in OFFERED or not _can_be_asked_again():
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    if not hasattr(view, "takes_choice"):
        return _shown_again(wanted)
    g.chosen_language = wanted
    return None


def _take_choice_of_nobody(response: Response) -> Response:
    """Let a page whose session has ended speak another language, too."""
    wanted = g.pop("chosen_language", None)
    return response if wanted is None else _shown_again(wanted)


def _shown_again(wanted: str | None) -> Response:
    """Return the same page without the choice; a cookie remembers a language."""
    rest = _rest_of_query()
    query = f"?{urlencode(rest)}" if rest else ""
    # Our own origin is named: a path may begin with two slashes, which alone is another host.
    # As it was asked for: decoded, an address may hold a question mark or the end of a line.
    here = f"{settings.current().origin}{quote(request.path, safe=_IN_PATHS)}{query}"
    response = Response(status=303, headers={"Location": here})
    if wanted is None:
        return response
    # Comes back inside an LMS's page too; holds nothing about anybody.
    response.set_cookie(
        COOKIE,
        wanted,
        max_age=_YEAR_SECONDS,
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )
    return response


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        if "Vary" in response.headers:
            response.vary.update(("Accept-Language", "Cookie"))
        else:
            response.headers.add("Vary", "Accept-Language, Cookie")
    return response


def _others() -> tuple[tuple[str, str, str], ...]:
    """Return code, own name and address of this page in each other language.

    None where the page cannot be asked for again: an answer to a form, a step of the login.
    """
    if not has_request_context() or not _can_be_asked_again():
        return ()
    spoken = current().code
    return tuple(
        (code, own_name(code), _asked_with("lang", code)) for code in OFFERED if code != spoken
    )


def _written_in(code: str) -> Markup:
    """Return the attributes of what an author wrote in a language; none in the page's own."""
    if not code or code == current().code:
        return Markup()
    return Markup(' lang="{}" dir="{}"').format(code, runs(code))


def _can_be_asked_again() -> bool:
    return request.method == "GET" and not request.path.startswith("/lti/")


def _zone() -> tzinfo:
    known: Zones = g.get("known_zones") or Zones(None, None, None)
    return known.best(_told_zone())


def _told_zone() -> str | None:
    """Return the zone that a script of ours wrote into a cookie, if it is one."""
    told = request.cookies.get(ZONE_COOKIE, "")
    return told if zones.find(told) is not None else None


def _zones_to_choose_from(known: Zones) -> str:
    reader, now = current(), clock.now()
    device = Zones(None, known.reported, known.institution).best(_told_zone())
    return render_template(
        "zones.html",
        layout="framed" if request.path.startswith("/l/") else "public",
        chosen=known.chosen or OF_DEVICE,
        of_device=OF_DEVICE,
        device=zones.place(device, reader),
        areas=zones.options(reader, now),
        now=now,
        rest=_rest_of_query(),
    )


def _rest_of_query() -> list[tuple[str, str]]:
    """Return what else the address asks for, without what is chosen."""
    return [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in {"lang", "zone"}
    ]


def zone_words_of(name: str) -> str:
    """Return how a page names a zone, of which it shows times to be changed."""
    return zones.words(zones.find(name) or UTC, current())


def _zone_place() -> str:
    return zones.place(current().zone, current())


def _zone_url() -> str | None:
    """Return where the zone of this page is chosen; None where it cannot be."""
    if not has_request_context() or g.get("known_zones") is None or not _can_be_asked_again():
        return None
    return _asked_with("zone", "choose")


def _asked_with(name: str, word: str) -> str:
    """Return the address of the same page with something chosen."""
    return (
        f"?{urlencode([*_rest_of_query(), (name, word)])}"
        if request.query_string
        else f"?{name}={word}"
    )


def _zone_attributes() -> Markup:
    """Return what tells scripts of the zone: that an account keeps it, and that one was chosen."""
    known: Zones | None = g.get("known_zones") if has_request_context() else None
    if known is None:
        return Markup()
    chosen_zone = zones.find(known.chosen)
    if chosen_zone is None:
        return Markup(" data-keeps-zone")
    return Markup(' data-keeps-zone data-zone-chosen="{}"').format(zones.name_of(chosen_zone))
