"""What an issuer publishes, what holders share, and the page that checks a credential."""

import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges import (
    did_web,
    exporting,
    issuing,
    micro_credentials,
    open_badges,
    queries,
    showing,
    signing,
    uploads,
)
from lti_tool.badges.carriers import MOST_FILE_BYTES
from lti_tool.badges.errors import PrivateCredentialError, UnreadableCredentialError
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import Achievement
from lti_tool.badges.routes.pictures import as_picture
from lti_tool.badges.routes.private import as_file, as_private
from lti_tool.badges.rules import AchievementDraft
from lti_tool.badges.stacking import list_larger
from lti_tool.badges.verifying import handed_in, links
from lti_tool.badges.verifying.checking import CheckedTranscript
from lti_tool.badges.verifying.handed_in import Link
from lti_tool.badges.verifying.issuers import find_issuer
from lti_tool.core import settings, web
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId
from lti_tool.core.language import phrase

blueprint = Blueprint("badges", __name__)

# Verifiers ask from browsers and from everywhere. Keys change rarely, revocations are wanted soon.
_KEYS_SECONDS, _LIST_SECONDS, _PICTURE_SECONDS = 300, 60, 86_400
_FOR_EVER_SECONDS = 31_536_000
_KIND_WORDS = {
    FileKind.JSON: phrase("Open Badge 3.0 file (JSON)"),
    FileKind.JWT: phrase("Signed token (JWT)"),
    FileKind.SVG: phrase("Picture with the badge in it (SVG)"),
    FileKind.PNG: phrase("Picture with the badge in it (PNG)"),
}
_ADDRESS = re.compile(r"https?://\S+")
_FOREIGN_LINK = phrase(
    "This link does not lead to a badge that somebody shares here, and other links are not opened."
)
_LINKED_DATA = (open_badges.MEDIA_TYPE, "application/ld+json", "application/json")


@blueprint.get("/i/<slug>")
def show_issuer(slug: str) -> ResponseReturnValue:
    """Say who issues here: a page, or the profile for programs."""
    issuer = find_issuer(slug)
    if _wants_linked_data():
        profile = open_badges.profile_document(issuing.badge_issuer(issuer))
        return _document(profile, open_badges.MEDIA_TYPE, _KEYS_SECONDS)
    with transaction(issuer.institution_id) as session:
        achievements = queries.list_achievements(session)
    return render_template("badges/show_issuer.html", issuer=issuer, achievements=achievements)


@blueprint.get("/i/<slug>/did.json")
def show_did_document(slug: str) -> ResponseReturnValue:
    """Publish the issuer's keys as its did document."""
    issuer = find_issuer(slug)
    document = did_web.document(issuer.did, signing.public_keys(issuer))
    return _document(document, did_web.MEDIA_TYPE, _KEYS_SECONDS)


@blueprint.get("/i/<slug>/jwks.json")
def show_key_set(slug: str) -> ResponseReturnValue:
    """Publish the keys of both forms as a JWK set."""
    issuer = find_issuer(slug)
    key_set = exporting.key_set(issuer)
    return _document(key_set, "application/jwk-set+json", _KEYS_SECONDS)


@blueprint.get(micro_credentials.PATH)
def show_context() -> ResponseReturnValue:
    """Publish the terms of our own that credentials use; they never change."""
    document = micro_credentials.find_context(
        micro_credentials.address(settings.current().issuer_url)
    )
    if document is None:
        raise RuntimeError("the issuers' host is none that a context can be at")
    response = _document(document, micro_credentials.MEDIA_TYPE, _FOR_EVER_SECONDS)
    response.headers["Cache-Control"] += ", immutable"
    return response


@blueprint.get("/i/<slug>/status/<int(max=2147483647):number>")
def show_status_list(slug: str, number: int) -> ResponseReturnValue:
    """Publish a status list, signed."""
    document = issuing.published_status_list(find_issuer(slug).institution_id, number)
    return _document(document, open_badges.MEDIA_TYPE, _LIST_SECONDS)


@blueprint.get("/i/<slug>/achievements/<uuid:achievement_id>")
def show_achievement(slug: str, achievement_id: UUID) -> ResponseReturnValue:
    """Say what an achievement is: a page, or JSON-LD for programs."""
    issuer, achievement, content = _achievement(slug, achievement_id)
    if _wants_linked_data():
        told = issuing.badge_achievement(
            issuer, achievement.id, content, edition=achievement.edition
        )
        document = open_badges.achievement_document(
            replace(told, micro=issuing.micro_credential(content.details)),
            issuing.badge_issuer(issuer),
        )
        return _document(document, open_badges.MEDIA_TYPE, _KEYS_SECONDS)
    with transaction(issuer.institution_id) as session:
        replaced_by = achievement.replaced_by_id and queries.get_achievement(
            session, achievement.replaced_by_id
        )
        larger = list_larger(session, achievement.id)
    return render_template(
        "badges/show_achievement.html",
        replaced_by=replaced_by,
        issuer=issuer,
        achievement=achievement,
        content=content,
        facts=exporting.facts(content, without_stacking=bool(larger)),
        larger=larger,
        picture=uploads.words_of(content),
    )


@blueprint.get("/i/<slug>/achievements/<uuid:achievement_id>/image.<any(svg, png):kind>")
def show_picture(slug: str, achievement_id: UUID, kind: str) -> ResponseReturnValue:
    """Show an achievement's picture as it is now."""
    issuer, achievement, content = _achievement(slug, achievement_id)
    return _picture(issuer, achievement, content, kind, is_fixed=False)


@blueprint.get(
    "/i/<slug>/achievements/<uuid:achievement_id>"
    "/editions/<int(min=1, max=2147483647):edition>/image.<any(svg, png):kind>"
)
def show_edition_picture(
    slug: str, achievement_id: UUID, edition: int, kind: str
) -> ResponseReturnValue:
    """Show the picture that an edition of an achievement has, whatever came after it."""
    issuer, achievement, content = _achievement(slug, achievement_id, edition)
    return _picture(issuer, achievement, content, kind, is_fixed=content.picture is not None)


def _picture(
    issuer: Issuer,
    achievement: Achievement,
    content: AchievementDraft,
    kind: str,
    *,
    is_fixed: bool,
) -> Response:
    whose = issuer.institution_id
    picture = uploads.png_of if kind == "png" else uploads.svg_of
    response = as_picture(picture(whose, content, achievement.id), kind)
    _for_everybody(response, _FOR_EVER_SECONDS if is_fixed else _PICTURE_SECONDS)
    if is_fixed:
        response.headers["Cache-Control"] += ", immutable"
    return response


@blueprint.get("/i/<slug>/credentials/<uuid:credential_id>")
def explain_credential(slug: str, credential_id: UUID) -> ResponseReturnValue:
    """Say that a credential's id shows nothing; the same for those there are and are not."""
    issuer = find_issuer(slug)
    raise PrivateCredentialError(
        phrase(
            "This address is the name of a credential of %(name)s, number %(credential_id)s.",
            name=issuer.name,
            credential_id=credential_id,
        )
    )


@blueprint.get("/i/<slug>/shared/<token>")
def show_shared(slug: str, token: str) -> ResponseReturnValue:
    """Show a badge to whoever has its link, checked at this moment."""
    opened = links.open_share(slug, token)
    return as_private(
        render_template(
            "badges/show_shared.html",
            **showing.page_of(opened),
            link=opened.issuer.share_url(token),
            slug=slug,
            token=token,
            kinds=[(kind, _KIND_WORDS[kind]) for kind in FileKind],
        )
    )


@blueprint.get("/i/<slug>/shared/<token>/embed")
def embed_shared(slug: str, token: str) -> ResponseReturnValue:
    """Show the same in a small box for other people's pages."""
    opened = links.open_share(slug, token, count=False)
    web.frame_ancestors(("*",))
    return as_private(
        render_template(
            "badges/embed_shared.html",
            opened=opened,
            badge=opened.checked.examination.badge,
            examination=opened.checked.examination,
            link=opened.issuer.share_url(token),
        )
    )


@blueprint.get("/i/<slug>/shared/<token>.<any(json, jwt, svg, png):kind>")
def download_shared(slug: str, token: str, kind: str) -> ResponseReturnValue:
    """Give the signed credential as a file, in the form asked for."""
    opened = links.open_share(slug, token, count=False)
    file = exporting.credential_file(
        opened.issuer.institution_id, opened.shared.credential_id, FileKind(kind)
    )
    return as_file(file)


@blueprint.get("/")
def begin() -> ResponseReturnValue:
    """Lead whoever types our name alone to what needs no account; others come from elsewhere."""
    return redirect(url_for("badges.show_verify"), 303)


@blueprint.get("/verify")
def show_verify() -> ResponseReturnValue:
    """Offer to check a credential."""
    return render_template("badges/show_verify.html", checked=None, problem=None, file_name=None)


@blueprint.post("/verify")
@web.takes_up_to(MOST_FILE_BYTES + 500_000)
def verify() -> ResponseReturnValue:
    """Check a file, a pasted credential or link, or a picture of a code. Nothing of it is kept."""
    upload = request.files.get("file")
    file_name = upload.filename if upload else None
    text = request.form.get("text", "").strip()
    if upload and file_name:
        data = upload.stream.read(MOST_FILE_BYTES + 1)
    elif (path := _path_of_share(text)) is not None:
        return redirect(path, 303)
    elif _ADDRESS.fullmatch(text):
        return _unreadable(UnreadableCredentialError(_FOREIGN_LINK)), 400
    else:
        data = text.encode()
    try:
        found = handed_in.look_into(data)
        if isinstance(found, Link):
            return redirect(_path_of_share(found.url) or url_for(".show_verify"), 303)
        checked = handed_in.check_found(found)
    except UnreadableCredentialError as problem:
        return _unreadable(problem, file_name), 400
    earned = None if isinstance(checked, CheckedTranscript) else checked.earned
    return render_template(
        "badges/show_verify.html",
        checked=checked,
        facts=exporting.facts(earned.content, without_stacking=bool(earned.larger))
        if earned and earned.content
        else [],
        problem=None,
        file_name=file_name,
    )


def _unreadable(problem: UnreadableCredentialError, file_name: str | None = None) -> str:
    return render_template(
        "badges/show_verify.html", checked=None, problem=problem, file_name=file_name
    )


def _path_of_share(text: str) -> str | None:
    """Return where a pasted link of ours leads, on this host; None for anything else."""
    address = links.parse_share_url(text)
    if address is not None:
        return url_for(".show_shared", slug=address[0], token=address[1])
    address = links.parse_transcript_url(text)
    if address is not None:
        return url_for("transcripts.show_transcript", slug=address[0], token=address[1])
    return None


def _achievement(
    slug: str, achievement_id: UUID, edition: int | None = None
) -> tuple[Issuer, Achievement, AchievementDraft]:
    """Return an achievement and what one of its editions says, the newest if none is named."""
    issuer = find_issuer(slug)
    with transaction(issuer.institution_id) as session:
        achievement = queries.get_achievement(session, AchievementId(achievement_id))
        edition = edition or achievement.edition
        if edition > achievement.edition:
            raise NotFoundError(phrase("This badge has no such edition."))
        return (issuer, achievement, queries.edition_content(session, achievement, edition))


def _wants_linked_data() -> bool:
    """Tell programs from people: only browsers ask for HTML by name."""
    kinds = [*_LINKED_DATA, "text/html"]
    return request.accept_mimetypes.best_match(kinds, default=kinds[0]) in _LINKED_DATA


def _document(document: dict[str, Any], media_type: str, seconds: int) -> Response:
    # In one order: what was just signed and the same from the database are one answer.
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    response = Response(text, content_type=media_type)
    return _for_everybody(response, seconds)


def _for_everybody(response: Response, seconds: int) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.add_etag()
    response.make_conditional(request)
    return response
