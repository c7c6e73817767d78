"""How products differ from the specifications, as data: one entry per product.

Everything that a product's name decides is decided here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lti_tool.core.language import phrase
from lti_tool.platforms.rules import origin_of, origins_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What to do differently for one product.

    Attributes:
        in_flight: score requests under way at once, per registration.
        origins: where its customers' servers are, besides the addresses of the
            registration; `*` stands for the customer.
        token_audience: `aud` of our token requests where it is not the token URL.
        takes_token_url_only: what it calls its authorization server when it registers us is the
            name of a host, which it does not take as `aud`.
        stale_statuses: answers to a score that may mean: a newer one, or one as new, is here.
        not_in_course: answers to a score that mean: this user is no learner there. Status,
            and words that the body must contain, in small letters; "" for any body.
        tool_removed: answers to a score that mean: we are in that course no more. Status and words.
        token_spent: the same, for answers of services that mean: this token is taken no longer.
            Everywhere 401 means it.
        passing: the same, for answers that another one may follow without a new score.
        canvas_submission: scores carry Canvas' own part. Without it each would count as
            another submission and take a teacher's grade away.
        takes_comments: a comment belongs to the score and is replaced by the next one's. Not
            so in Canvas, where each one is added to those before.
        links_share_id: links in pages may all be launched by the course's own id, and without
            their custom parameters: their address alone tells them apart.
        clears_grades: a score without points takes the grade out of the gradebook.
        column_characters: how long the name of a column may be.
        own_points: a column's points are the course's to say; what a link says is not used.
        deep_linking: what holds of its deep linking settings, whatever it says there.
        failing_hint: status of an answer to a score, and what people can do about it; a sentence.
        placing_note: what instructors should know before they place something; sentences.
        ticks: by the last word of a scope, what the product's administrators tick to allow it.
    """

    in_flight: int = 16
    origins: tuple[str, ...] = ()
    token_audience: str | None = None
    takes_token_url_only: bool = False
    stale_statuses: frozenset[int] = frozenset({409})
    not_in_course: tuple[tuple[int, str], ...] = ((400, ""), (422, ""))
    tool_removed: tuple[tuple[int, str], ...] = ()
    token_spent: tuple[tuple[int, str], ...] = ()
    passing: tuple[tuple[int, str], ...] = ()
    canvas_submission: bool = False
    takes_comments: bool = True
    links_share_id: bool = False
    clears_grades: bool = True
    column_characters: int = 255
    own_points: bool = False
    deep_linking: Mapping[str, object] = field(default_factory=dict)
    failing_hint: tuple[int, str] | None = None
    placing_note: str = ""
    ticks: Mapping[str, str] = field(default_factory=dict)

    def refuses_token(self, status: int, body: str) -> bool:
        """Tell whether an answer means that another token may be taken; `body` as it came."""
        words = body.lower()
        return status == _UNAUTHORIZED or any(
            status == one and said in words for one, said in self.token_spent
        )

    def tick_of(self, scope: str) -> str | None:
        """Return what the product's administrators tick to allow a service, if that is known."""
        return self.ticks.get(scope.rpartition("/")[2])


_GENERIC = Quirks()
_BAD_REQUEST, _UNAUTHORIZED = 400, 401
_STALE_AS_BAD_REQUEST = frozenset({_BAD_REQUEST, 409})
_MOODLE_GRADES = "Use this service for grade sync and column management"
_PRODUCTS = {
    # Throttles by client id; a customer is a host below instructure.com while the issuer is shared
    # (developerdocs.instructure.com, "Throttling", "Score" and "LTI 1.3 configuration", 2026).
    "canvas": Quirks(
        in_flight=1,
        origins=("https://*.instructure.com",),
        # It says "authorization_server": "sso.canvaslms.com", and refuses any `aud` but its token
        # URL (instructure/canvas-lms, SecurityController and JwtValidator, 2024, as seen in 2026).
        takes_token_url_only=True,
        stale_statuses=_STALE_AS_BAD_REQUEST,
        # "Access Token not linked to a Tool associated with this Context": no other token helps.
        tool_removed=((401, "not linked to a tool"),),
        # 422 also says that the course is over, the attempts are used up, or the assignment is not
        # published yet (its Score API; instructure/canvas-lms, ScoresController, 2025).
        not_in_course=((422, "not a student"),),
        passing=((422, "still unpublished"),),
        canvas_submission=True,
        takes_comments=False,
        # instructure/canvas-lms#1944: no link of its own, so the course's id (2021, as in 2026).
        links_share_id=True,
        # As its pages of developer keys and apps call them (2026).
        ticks={
            "lineitem": (
                "Can create and view assignment data in the gradebook associated with the tool"
            ),
            "lineitem.readonly": (
                "Can view assignment data in the gradebook associated with the tool"
            ),
            "result.readonly": (
                "Can view submission data for assignments associated with the tool"
            ),
            "score": (
                "Can create and update submission results for assignments associated with the tool"
            ),
            "contextmembership.readonly": (
                "Can retrieve user data associated with the context the tool is installed in"
            ),
        },
    ),
    # Seen in Moodle 4.5 (2026), and so in the source of 5.1: 409 for a timestamp that is not newer,
    # 400 for whoever has no grade; other points leave the teacher at a form error; dates and window
    # are not read.
    "moodle": Quirks(
        in_flight=8,
        not_in_course=((400, ""),),
        # Seen in Moodle 4.5 (2026): 500 to any score for a locked column.
        failing_hint=(
            500,
            phrase("Moodle answers so while the column is locked: unlock it there."),
        ),
        placing_note=(
            phrase(
                "Moodle takes whole points from 1 to 100. Cairn holds to the "
                "times you set here, but "
                "Moodle shows them nowhere: set them in Moodle's settings of the activity too, and "
                "whether it opens in a new window."
            )
        ),
        ticks={
            "lineitem": _MOODLE_GRADES,
            "lineitem.readonly": _MOODLE_GRADES,
            "result.readonly": _MOODLE_GRADES,
            "score": _MOODLE_GRADES,
            "contextmembership.readonly": "Use this service to retrieve members' information",
        },
    ),
    # blackboard.com, one client id for all customers; "User could not be found" with 400, as tools
    # met it (hypothesis/lms, 2026).
    "blackboard": Quirks(
        in_flight=8, origins=("https://*.blackboard.com",), not_in_course=((400, "user"),)
    ),
    # docs.valence.desire2learn.com, "LTI Advantage", 2026: one audience for all tenants; 403, 404
    # and 422 for whom it does not grade.
    "brightspace": Quirks(
        in_flight=8,
        origins=("https://*.brightspace.com",),
        token_audience="https://api.brightspace.com/auth/token",  # noqa: S106 - an audience
        not_in_course=(
            (403, "not enrolled"),
            (404, "user in requested score"),
            (422, ""),
        ),
    ),
    # The server is the issuer, tokens are for its own token URL, and those from before it was
    # started again end in 403. 400 is its answer to everything that is wrong; columns are found by
    # their names (sakaiproject/sakai, LTI13Servlet, LineItemUtil and SakaiLTIUtil, 2026).
    "sakai": Quirks(
        in_flight=8,
        token_spent=((403, "signature_error"), (403, "token_parse_failure")),
        not_in_course=((400, "does not belong to site"),),
        placing_note=phrase(
            "Sakai finds columns of its gradebook by their names: give what you place "
            "names that nothing else in the site has."
        ),
    ),
    # One issuer, service host and client id for all customers, who are told by their deployment
    # (developers.schoology.com, "LTI apps", 2026). Its members' next page is the page one is on
    # (code-dot-org#69926, 2025): `paging.pages` ends at a page that repeats.
    "schoology": Quirks(in_flight=8, origins=("https://lti-service.svc.schoology.com",)),
    # Seen in lti-consumer-xblock 11.4.4 (2026): 400 for a timestamp that is not newer, 403 for a
    # token that is over or of an old key, 500 to a score for somebody whose account is gone; the
    # gradebook keeps what is taken back. A block has one id and one column, by its own settings,
    # however much is placed in it: what a link says of points and windows is not used.
    "openedx": Quirks(
        in_flight=8,
        stale_statuses=_STALE_AS_BAD_REQUEST,
        not_in_course=(),
        token_spent=((403, "invalid token"),),
        clears_grades=False,
        column_characters=100,
        own_points=True,
        deep_linking={
            "accept_multiple": False,
            "accept_presentation_document_targets": ["iframe"],
        },
        failing_hint=(
            500,
            phrase("Open edX answers so where the learner's account there was removed."),
        ),
        placing_note=phrase(
            "Open edX takes one assessment in each block. The block's own settings in Studio say "
            "how many points it gives and whether it opens in a new window. Cairn holds to the "
            "times you set here, but Open edX shows them nowhere."
        ),
    ),
}


def habits(quirks: Quirks) -> list[str]:
    """Return what Cairn does differently for a product, in sentences for its administrator."""
    told = [
        phrase(
            "Cairn sends it up to %(in_flight)s scores at a time.",
            in_flight=quirks.in_flight,
        )
    ]
    if quirks.in_flight == 1:
        told = [
            phrase("Cairn sends it one score at a time, because it limits how much a tool may ask.")
        ]
    for origin in quirks.origins:
        told.append(
            phrase(
                "Its servers at %(origin)s are taken for its own.",
                origin=origin,
            )
        )
    if quirks.token_audience:
        told.append(
            phrase(
                "Tokens are asked for with the audience %(token_audience)s.",
                token_audience=quirks.token_audience,
            )
        )
    sentences = (
        (
            _BAD_REQUEST in quirks.stale_statuses,
            phrase("It may answer 400 to a score that it has already: Cairn looks and compares."),
        ),
        (
            quirks.canvas_submission,
            phrase("Scores say that they are no new submission, so a teacher's grade stays."),
        ),
        (
            not quirks.takes_comments,
            phrase("Scores carry no comment: it would add each one to those before."),
        ),
        (
            not quirks.clears_grades,
            phrase("Its gradebook keeps a grade that Cairn takes back: it is changed there."),
        ),
        (
            quirks.links_share_id,
            phrase(
                "Links in its pages may all come with the course's own id: Cairn tells them apart "
                "by what was placed."
            ),
        ),
    )
    told += [sentence for holds, sentence in sentences if holds]
    if quirks.failing_hint:
        status, hint = quirks.failing_hint
        told.append(
            phrase(
                "About the answer %(status)s: %(hint)s",
                status=status,
                hint=hint,
            )
        )
    if quirks.placing_note:
        told.append(quirks.placing_note)
    return told


def quirks_of(product: str) -> Quirks:
    """Return what a product needs; an unknown one needs nothing special."""
    return _PRODUCTS.get(product, _GENERIC)


def audience(product: str, named: str | None, token_url: str) -> str:
    """Return the `aud` of our token requests.

    Args:
        product: of the registration.
        named: what the platform, or an operator, called its authorization server.
        token_url: where tokens are asked for.
    """
    quirks = quirks_of(product)
    if named and not (quirks.takes_token_url_only and origin_of(named) is None):
        return named
    return quirks.token_audience or token_url


def origins(product: str, addresses: Iterable[str]) -> tuple[str, ...]:
    """Return where a platform lives, each origin once.

    Args:
        product: of its registration.
        addresses: its registration's, and those an operator added for the deployment.
    """
    return (*origins_of(addresses), *quirks_of(product).origins)
