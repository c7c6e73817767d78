"""The editor of achievements at the issuers' desk: new ones, new editions, and how they look."""

import re
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges import artwork, queries, services, uploads
from lti_tool.badges.artwork import Outline
from lti_tool.badges.details import PLAIN, WORDS, Participation, Stackability, Supervision
from lti_tool.badges.errors import AchievementExistsError, UnusablePictureError
from lti_tool.badges.forms import AchievementForm, LookForm, look_letters
from lti_tool.badges.pictures import PictureKind
from lti_tool.badges.routes.desk import back_to, blueprint, sent_fields
from lti_tool.badges.routes.pictures import as_picture
from lti_tool.badges.rules import KIND_WORDS, AchievementDraft, AchievementType
from lti_tool.core.db import transaction
from lti_tool.core.errors import InvalidRequestError, NotFoundError
from lti_tool.core.ids import AchievementId, AssessmentId
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form, takes_up_to
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

__all__ = ["blueprint"]  # the desk's, with the pages below

_LARGEST_REQUEST = uploads.MOST_BYTES + 500_000  # a picture, and what a form puts around it

_PICTURE_ID = re.compile(r"[0-9a-f]{64}")
_COLOUR_WORDS = {
    artwork.Field.STATISTICS.value: phrase("Teal"),
    artwork.Field.DATA.value: phrase("Green"),
    artwork.Field.COMMUNICATION.value: phrase("Wine red"),
    artwork.Field.ETHICS.value: phrase("Violet"),
    artwork.Field.METHOD.value: phrase("Brown"),
    artwork.Field.PATH.value: phrase("Blue"),
}
_CHOICES = {
    "kinds": [(kind.value, words) for kind, words in KIND_WORDS.items()],
    "outlines": [(one.value, artwork.WORDS[one]) for one in Outline],
    "colours": [("", phrase("That of its sign")), *_COLOUR_WORDS.items()],
    "signs": [(one.value, artwork.WORDS[one]) for one in artwork.Field],
    "participations": [(one.value, WORDS[one]) for one in Participation],
    "supervisions": [(one.value, WORDS[one]) for one in Supervision],
    "stackabilities": [(one.value, WORDS[one]) for one in Stackability],
}
_NEW = {
    **dict.fromkeys(AchievementForm.model_fields, ""),
    "kind": AchievementType.MICRO_CREDENTIAL,
    "outline": Outline.STONE,
    "sign": artwork.Field.METHOD,
    "stones": "1",
    "participation": PLAIN.participation,
    "assessment": PLAIN.assessment,
    "quality": PLAIN.quality,
    "supervision": PLAIN.supervision,
    "stackability": PLAIN.stackability,
}


@blueprint.get("/new")
@staff_page(Act.ISSUE)
def new_achievement(here: CurrentStaff) -> ResponseReturnValue:
    """Ask for a new achievement."""
    return _editor(here, _NEW, None, None)


@blueprint.post("/new")
@takes_up_to(_LARGEST_REQUEST)
@staff_page(Act.ISSUE)
def publish_achievement(here: CurrentStaff) -> ResponseReturnValue:
    """Publish a new achievement."""
    sent = sent_fields()
    if sent.pop("look", None):
        return _look(here, sent, None)
    try:
        draft = _draft(here, sent)
        achievement_id = services.publish_achievement(here.institution_id, draft, actor=here.actor)
    except (InvalidRequestError, AchievementExistsError) as error:
        return _editor(here, {**_NEW, **sent}, None, error), 400
    return back_to(here, achievement_id)


def _unearned(here: CurrentStaff) -> dict[AssessmentId, str]:
    """Return the titles of the assessments whose pass earns nothing yet."""
    with transaction(here.institution_id) as session:
        return {one.id: one.title for one in queries.list_unearned_assessments(session)}


@blueprint.get("/<uuid:achievement_id>/edit")
@staff_page(Act.ISSUE)
def edit_achievement(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Ask for a new edition, beginning with what the newest says."""
    with transaction(here.institution_id) as session:
        achievement = queries.get_achievement(session, AchievementId(achievement_id))
        content = queries.edition_content(session, achievement, achievement.edition)
    return _editor(here, AchievementForm.filled_in(content), achievement.id, None)


@blueprint.post("/<uuid:achievement_id>/edit")
@takes_up_to(_LARGEST_REQUEST)
@staff_page(Act.ISSUE)
def publish_edition(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Publish a new edition."""
    sent = sent_fields()
    if sent.pop("look", None):
        return _look(here, sent, AchievementId(achievement_id))
    try:
        draft = _draft(here, sent)
    except InvalidRequestError as error:
        return _editor(here, {**_NEW, **sent}, AchievementId(achievement_id), error), 400
    services.revise_achievement(
        here.institution_id, AchievementId(achievement_id), draft, actor=here.actor
    )
    return back_to(here, achievement_id)


@blueprint.get("/look.svg")
@staff_page(Act.ISSUE)
def draw_look(here: CurrentStaff) -> ResponseReturnValue:  # noqa: ARG001 - the guard's
    """Draw a badge from what is chosen so far."""
    form = read_form(LookForm, request.args.to_dict())
    drawn = form.artwork()
    return as_picture(artwork.draw(drawn, seed=form.of, label=artwork.describe(drawn)), "svg")


@blueprint.get("/pictures/<picture_id>.<any(svg, png):kind>")
@staff_page(Act.ISSUE)
def show_kept_picture(here: CurrentStaff, picture_id: str, kind: str) -> ResponseReturnValue:
    """Show a picture that was uploaded, before an edition has it."""
    if not _PICTURE_ID.fullmatch(picture_id):
        raise NotFoundError(phrase("There is no such picture."))
    return as_picture(uploads.get_kept(here.institution_id, picture_id, PictureKind(kind)), kind)


def _look(
    here: CurrentStaff, sent: dict[str, str], achievement_id: AchievementId | None
) -> ResponseReturnValue:
    """Show how it would look; nothing is published, and nothing typed is lost."""
    problem = None
    try:
        _keep_picture(here, sent)
    except UnusablePictureError as error:
        problem = error
    return _editor(here, {**_NEW, **sent}, achievement_id, problem), 400 if problem else 200


def _keep_picture(here: CurrentStaff, sent: dict[str, str]) -> None:
    """Keep a picture that came along, and name it in `sent`.

    Raises:
        UnusablePictureError: it cannot be made safe, or nobody said what it shows.
    """
    upload = request.files.get("picture")
    if upload and upload.filename:
        data = upload.stream.read(uploads.MOST_BYTES + 1)
        picture = uploads.keep(here.institution_id, data, words=sent.get("picture_words", ""))
        sent.update(AchievementForm.named_picture(picture))
        sent.pop("drawn", None)


def _draft(here: CurrentStaff, sent: dict[str, str]) -> AchievementDraft:
    """Return what was filled in; a picture that came along is kept, and named in `sent`.

    So it need not be chosen again when something else is wrong.

    Raises:
        InvalidRequestError: something is wrong with it.
    """
    _keep_picture(here, sent)
    draft = read_form(AchievementForm, sent).draft()
    if draft.picture is not None and not uploads.is_kept(here.institution_id, draft.picture):
        raise UnusablePictureError(phrase("It is no longer here. Choose the file again."))
    if draft.assessment_id not in {None, *_unearned(here)}:
        raise InvalidRequestError(
            phrase("That assessment earns a badge already. Choose another one.")
        )
    return draft


def _art_url(
    here: CurrentStaff, values: dict[str, str], achievement_id: AchievementId | None
) -> str:
    """Return the address of the picture of what is filled in."""
    slug, id_, kind = here.institution_slug, values["picture_id"], values["picture_kind"]
    if _PICTURE_ID.fullmatch(id_) and kind in set(PictureKind) and not values["drawn"]:
        return url_for(".show_kept_picture", slug=slug, picture_id=id_, kind=kind)
    return url_for(
        ".draw_look",
        slug=slug,
        of=achievement_id,
        outline=values["outline"],
        sign=values["sign"],
        colour=values["colour"],
        letters=look_letters(values["letters"]),
        stones=values["stones"],
    )


def _editor(
    here: CurrentStaff,
    values: dict[str, str],
    achievement_id: AchievementId | None,
    problem: InvalidRequestError | AchievementExistsError | None,
) -> str:
    return render_template(
        "badges/desk/edit_achievement.html",
        art_url=_art_url(here, values, achievement_id),
        here=here,
        values=values,
        achievement_id=achievement_id,
        problem=problem,
        wrong=problem.fields if isinstance(problem, InvalidRequestError) else (),
        sources=[
            ("", phrase("Only by hand, from a table or by a pathway")),
            *((str(id_), title) for id_, title in _unearned(here).items()),
        ],
        picture_problem=problem if isinstance(problem, UnusablePictureError) else None,
        **_CHOICES,
    )
