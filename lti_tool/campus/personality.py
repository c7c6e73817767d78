"""How a platform behaves where specifications leave room or products break them.

A personality is data: the code asks it, and never asks for a product's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MEMBERSHIP: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_AT_HOME: Final = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
_ANYBODY: Final = "http://purl.imsglobal.org/vocab/lis/v2/system/person#User"
_COURSE: Final = "http://purl.imsglobal.org/vocab/lis/v2/course#"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLinkPlace:
    """Where in the product instructors begin to choose in a tool, and what may come back.

    Attributes:
        name: as registrations and messages call it.
        words: of the button; `{tool}` stands for the tool.
        accept_multiple: several items at once.
        accept_lineitem: sent if it is not None.
        targets: `accept_presentation_document_targets`.
        auto_create: sent as it is; nobody edits the items before they are there.
        makes_section: the items become a part of the course of their own.
    """

    name: str
    words: str = "Choose in {tool}"
    accept_multiple: bool = True
    accept_lineitem: bool | None = None
    targets: tuple[str, ...] = ("iframe", "window")
    auto_create: bool = False
    makes_section: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One platform's habits; the defaults follow the specifications strictly.

    Attributes:
        name: what the log calls it.
        product_family_code: in the `tool_platform` claim; Open edX sends none.
        id_token_lifetime_s: `exp` minus `iat`; Moodle gives 60.
        assertion_leeway_s: how far a tool's clock may be ahead; Moodle refuses 30.
        token_audience: the only `aud` of assertions it takes; None for its token URL.
        drops_unknown_scopes: grant the rest instead of `invalid_scope`.
        stale_score_status: for a score older than the stored one.
        equal_timestamp_conflicts: a score as old as the stored one is refused as well.
        progress_clears_grade: anything but FullyGraded wipes the grade, as in Moodle.
        scales_over_maximum: a score above the maximum is kept as extra credit
            (AGS 2.0 §3.4.5), not cut to it.
        not_enrolled: status and reason for a score of somebody who is no student here;
            `{subject}` stands for who.
        unknown_person: the same for somebody the platform never heard of.
        score_taken: status and body for a score that was stored.
        submission_extension: knows Canvas' own part of a score; without it every score is
            a new submission, and takes a teacher's grade away.
        at_once: how many score posts it bears at the same time; None for any number.
        throttled: status and body for more than that.
        limits_results: `limit` works for results; Moodle answers 404.
        accepts_wildcard: `Accept: */*` is taken for the service's media type.
        columns_follow_columns: a tool may add a column to an activity that has one, to no other.
        deep_link_maximum_is_percent: `scoreMaximum` has to be a whole number of 1..100.
        short_roles_in_members: `Learner` instead of the role's URI.
        message_is_object: with `rlid` a member's `message` is no list.
        most_members: more make the members' list answer 403; None for any number.
        stuck_members_link: the members' next page is the page one is on.
        curly_links: `Link` headers of the gradebook's lists with typographic quotes and
            `&amp;`; the members' one is sound in Moodle.
        page_size: most items on a page of a list, whatever `limit` asks for.
        places: where instructors choose in a tool; a registration may name those it wants.
        roles: what "Instructor" and "Learner" are called in messages, in this order.
        context_type: of courses.
        claims: further claims that are the same in every message.
        login_fields: further fields of a login initiation; Canvas names a frame for storage.
        numeric_client_ids: as Canvas' developer keys, which all accounts may share.
        subject: of people; `{number}` and `{uuid}` are filled in.
        opaque_ids: courses and links are known by ids that say nothing.
        deployment: its id; `{tool}` and `{hex}` are filled in. Empty for a random one.
        hint: the message hint; `{token}` and `{activity}` are filled in.
        spent_hint: the error of a launch that was opened twice.
        link_history: substitutes `$ResourceLink.id.history`.
        sends_data: a deep linking request has `data`, which has to come back.
        confirms_items: the instructor sees what is about to be added, and saves.
        takes_windows: an item may ask for a window of its own.
        takes_times: an item's times are shown with the activity.
        configuration_needs_token: the openid configuration is shown to its bearer only.
        authorization_server: in the openid configuration; `{host}` is Campus' own.
        registration_tells_deployment: with its answer, not only with the first launch.
        switch_on: what the administrator presses before a registered tool can be used.
            Empty where it can be at once.
        asks_update: a tool of a known address may renew its registration.
        tells_reviews: the openid configuration says so.
        reviews: the gradebook leads to the tool's page of one person's work (Submission
            Review 1.0).
        names_reviewed: the review says who that is, not only by which id.
        frame_allows: what a tool's page may do in its frame (the `allow` of an `iframe`).
    """

    name: str
    product_family_code: str | None = "campus"
    id_token_lifetime_s: int = 60
    assertion_leeway_s: int = 10
    token_audience: str | None = None
    drops_unknown_scopes: bool = False
    stale_score_status: int = 409
    equal_timestamp_conflicts: bool = True
    progress_clears_grade: bool = True
    scales_over_maximum: bool = True
    not_enrolled: tuple[int, str] = (400, "userId {subject} is no student of this course")
    unknown_person: tuple[int, str] = (400, "userId {subject} is no student of this course")
    score_taken: tuple[int, str] = (204, "")
    submission_extension: bool = False
    at_once: int | None = None
    throttled: tuple[int, str] = (429, "too many requests")
    limits_results: bool = True
    accepts_wildcard: bool = False
    columns_follow_columns: bool = False
    deep_link_maximum_is_percent: bool = False
    short_roles_in_members: bool = False
    message_is_object: bool = False
    most_members: int | None = None
    stuck_members_link: bool = False
    curly_links: bool = False
    page_size: int = 100
    places: tuple[DeepLinkPlace, ...] = (DeepLinkPlace(name="ContentArea", accept_lineitem=True),)
    roles: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "Instructor": (f"{_MEMBERSHIP}Instructor", f"{_AT_HOME}Faculty"),
            "Learner": (f"{_MEMBERSHIP}Learner", f"{_AT_HOME}Student"),
        }
    )
    context_type: str = f"{_COURSE}CourseSection"
    claims: Mapping[str, object] = field(default_factory=dict)
    login_fields: Mapping[str, str] = field(default_factory=dict)
    numeric_client_ids: bool = False
    subject: str = "campus-{number}"
    opaque_ids: bool = False
    deployment: str = ""
    hint: str = "{token}"
    spent_hint: str = "access_denied"
    link_history: bool = True
    sends_data: bool = True
    confirms_items: bool = False
    takes_windows: bool = True
    takes_times: bool = True
    configuration_needs_token: bool = False
    authorization_server: str = ""
    registration_tells_deployment: bool = True
    switch_on: str = ""
    asks_update: bool = False
    tells_reviews: bool = True
    reviews: bool = True
    names_reviewed: bool = True
    frame_allows: str = "clipboard-write; fullscreen; storage-access"

    def find_place(self, name: str | None) -> DeepLinkPlace:
        """Return the place of this name, else the first."""
        return next((place for place in self.places if place.name == name), self.places[0])


STRICT = Personality(name="strict")

# Products as they were in 2026: Moodle 4.5 on the wire and 5.1 by its source, Canvas and Open edX
# (lti-consumer 11.4) by their sources, the others by their documentation and what tools met there.
MOODLE = Personality(
    name="moodle",
    product_family_code="moodle",
    drops_unknown_scopes=True,
    scales_over_maximum=False,
    not_enrolled=(400, "[]"),
    unknown_person=(400, "[]"),
    score_taken=(200, ""),
    limits_results=False,
    deep_link_maximum_is_percent=True,
    short_roles_in_members=True,
    curly_links=True,
    places=(DeepLinkPlace(name="ContentArea", targets=("frame", "iframe", "window")),),
    roles={"Instructor": (f"{_MEMBERSHIP}Instructor",), "Learner": (f"{_MEMBERSHIP}Learner",)},
    context_type="CourseSection",
    claims={"https://purl.imsglobal.org/spec/lti/claim/ext": {"lms": "moodle-2"}},
    subject="{number}",
    deployment="{tool}",
    hint='{{"cmid":{activity},"launchid":"{token}"}}',
    link_history=False,
    sends_data=False,
    confirms_items=True,
    takes_windows=False,
    takes_times=False,
    switch_on="Activate",
    asks_update=True,
    tells_reviews=False,
    names_reviewed=False,
    # No clipboard (`mod/lti/view.php`, 2026); `allowfullscreen` is an attribute of its own there.
    frame_allows="microphone; camera; geolocation; midi; encrypted-media; autoplay; fullscreen",
)
_CANVAS: Final = "https://canvas.instructure.com/lti/"
CANVAS = Personality(
    name="canvas",
    product_family_code="canvas",
    id_token_lifetime_s=3600,
    stale_score_status=400,
    equal_timestamp_conflicts=False,
    not_enrolled=(422, "User not found in course or is not a student"),
    unknown_person=(422, "User not found in course or is not a student"),
    score_taken=(200, '{"resultUrl": "result"}'),
    submission_extension=True,
    at_once=2,
    throttled=(403, "403 Forbidden (Rate Limit Exceeded)"),
    accepts_wildcard=True,
    page_size=50,
    places=(
        DeepLinkPlace(
            name=f"{_CANVAS}assignment_selection",
            words="Make one assignment with {tool}",
            accept_multiple=False,
        ),
        DeepLinkPlace(
            name=f"{_CANVAS}course_assignments_menu", words="Make several assignments with {tool}"
        ),
        DeepLinkPlace(
            name=f"{_CANVAS}module_index_menu_modal",
            words="Make a module with {tool}",
            auto_create=True,
            makes_section=True,
        ),
    ),
    roles={
        "Instructor": (f"{_AT_HOME}Instructor", f"{_MEMBERSHIP}Instructor", _ANYBODY),
        # Whoever teaches somewhere is called so everywhere; the course's role decides.
        "Learner": (
            f"{_AT_HOME}Instructor",
            f"{_AT_HOME}Student",
            f"{_MEMBERSHIP}Learner",
            _ANYBODY,
        ),
    },
    context_type=f"{_COURSE}CourseOffering",
    login_fields={
        "canvas_region": "us-east-1",
        "canvas_environment": "prod",
        "lti_storage_target": "post_message_forwarding",
    },
    numeric_client_ids=True,
    subject="{uuid}",
    opaque_ids=True,
    deployment="{tool}:{hex}",
    spent_hint="launch_no_longer_valid",
    link_history=False,
    sends_data=False,
    columns_follow_columns=True,
    configuration_needs_token=True,
    authorization_server="{host}",
    registration_tells_deployment=False,
    switch_on="Install",
    reviews=False,
)
BLACKBOARD = Personality(
    name="blackboard",
    product_family_code="BlackboardLearn",
    id_token_lifetime_s=3600,
    not_enrolled=(400, "User could not be found:"),
    unknown_person=(400, "User could not be found:"),
    message_is_object=True,
    reviews=False,
)
BRIGHTSPACE = Personality(
    name="brightspace",
    product_family_code="desire2learn",
    id_token_lifetime_s=3600,
    token_audience="https://api.brightspace.com/auth/token",  # noqa: S106 - an audience
    not_enrolled=(403, "User in requested score is not enrolled in the org unit"),
    unknown_person=(404, "User in requested score does not exist"),
    page_size=200,
)
OPEN_EDX = Personality(
    name="openedx",
    product_family_code=None,
    id_token_lifetime_s=3600,
    stale_score_status=400,
    most_members=1000,
    reviews=False,
)
PERSONALITIES = {
    personality.name: personality
    for personality in (STRICT, MOODLE, CANVAS, BLACKBOARD, BRIGHTSPACE, OPEN_EDX)
}
