"""Checking what somebody shows us, against what we hold of the issuers here.

Anybody may ask, so size, depth, blank nodes and look-alikes are bounded (here and in `canonical`),
the cheap questions come first, and nothing is fetched.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from lti_tool.badges import did_web, open_badges, queries, signing
from lti_tool.badges.errors import UnknownShareError, UnreadableCredentialError
from lti_tool.badges.examination import Examination, Status, examine
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.open_badges import Badge, NotAnOpenBadgeError
from lti_tool.badges.services import token_hash
from lti_tool.core import clock, settings
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId
from lti_tool.people.queries import display_names

MOST_BYTES = 256 * 1024

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The examination of a document that was handed in.

    Attributes:
        issuer: None when it is none of those here; then nothing could be looked up.
    """

    examination: Examination
    issuer: Issuer | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a share link shows.

    Attributes:
        holder: the name, if the holder chose to show it and a platform gave one.
        artwork: as stored.
    """

    checked: Checked
    issuer: Issuer
    achievement_id: AchievementId
    artwork: dict[str, Any]
    holder: str | None


def find_issuer(slug: str) -> Issuer:
    """Return the issuer of that name.

    Raises:
        NotFoundError: none here has it.
    """
    if not _SLUG.fullmatch(slug):
        raise NotFoundError(f"no issuer {slug!r}")
    with system_transaction() as session:
        return queries.get_issuer(session, slug)


def open_share(slug: str, token: str) -> Opened:
    """Return what a link shows, checked now.

    Raises:
        NotFoundError: as `find_issuer`.
        UnknownShareError: there is no such link, or its maker ended it.
    """
    issuer = find_issuer(slug)
    if not _TOKEN.fullmatch(token):
        raise UnknownShareError("not a link of ours")
    with transaction(issuer.institution_id) as session:
        shared = queries.find_shared(session, token_hash(token))
        if shared is None:
            raise UnknownShareError("no such link")
        names = display_names(session, [shared.person_id]) if shared.show_name else {}
    return Opened(
        checked=check(shared.document),
        issuer=issuer,
        achievement_id=shared.achievement_id,
        artwork=shared.artwork,
        holder=names.get(shared.person_id),
    )


def read_document(data: bytes) -> dict[str, Any]:
    """Return the JSON object that was handed in.

    Raises:
        UnreadableCredentialError: empty, too large, or not a JSON object.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableCredentialError("It is larger than 256 KB; no badge is.")
    if not data.strip():
        raise UnreadableCredentialError("Choose a file, or paste a link or a credential.")
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableCredentialError("It is not JSON, or it is cut short.") from error
    if not isinstance(document, dict):
        raise UnreadableCredentialError("It is JSON, but not a credential.")
    return document


def check(document: Mapping[str, Any]) -> Checked:
    """Examine a credential now.

    Raises:
        UnreadableCredentialError: it is not an Open Badge in the one form that is safe to show.
    """
    try:
        badge = open_badges.read(document)
    except NotAnOpenBadgeError as error:
        raise UnreadableCredentialError(
            f"It is not an Open Badge 3.0 as we can read it: {error}."
        ) from error
    issuer = _issuer_of(badge.issuer.id)
    examination = examine(
        document,
        badge,
        methods=signing.methods(issuer) if issuer else (),
        status=_status(issuer, badge) if issuer else Status.UNREADABLE,
        at=clock.now(),
    )
    return Checked(examination=examination, issuer=issuer, document=document)


def _issuer_of(did: str) -> Issuer | None:
    """Return the issuer here that has the did, or None."""
    prefix = did_web.did_of(settings.current().issuer_url) + ":i:"
    if not did.startswith(prefix):
        return None
    try:
        return find_issuer(did.removeprefix(prefix))
    except NotFoundError:
        return None


def _status(issuer: Issuer, badge: Badge) -> Status:
    """Look at the credential's bit: the list is ours, so its rows are newer than any copy."""
    if badge.status is None:
        return Status.NONE
    number = badge.status.list_url.removeprefix(issuer.status_list_url(0).removesuffix("0"))
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004 - an int4
        return Status.UNREADABLE
    with transaction(issuer.institution_id) as session:
        found = queries.find_status_list(session, int(number))
        if found is None:
            return Status.UNREADABLE
        revoked = queries.is_revoked(session, found.id, badge.status.index)
    return Status.REVOKED if revoked else Status.GOOD


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
