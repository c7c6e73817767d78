"""The issuers here, by their address and by their did, and what they say was revoked."""

import re

from lti_tool.badges import did_web, queries
from lti_tool.badges.examination import Status
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.open_badges import StatusEntry
from lti_tool.core import settings
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.language import phrase

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")


def find_issuer(slug: str) -> Issuer:
    """Return the issuer of that name.

    Raises:
        NotFoundError: none here has it.
    """
    if not _SLUG.fullmatch(slug):
        raise NotFoundError(phrase("Nobody issues badges at this address."))
    with system_transaction() as session:
        return queries.get_issuer(session, slug)


def issuer_of(did: str) -> Issuer | None:
    """Return the issuer here that has the did, or None."""
    prefix = did_web.did_of(settings.current().issuer_url) + ":i:"
    if not did.startswith(prefix):
        return None
    try:
        return find_issuer(did.removeprefix(prefix))
    except NotFoundError:
        return None


def status_at(issuer: Issuer, entry: StatusEntry | None) -> Status:
    """Look at the credential's bit: the list is ours, so its rows are newer than any copy."""
    if entry is None:
        return Status.NONE
    number = entry.list_url.removeprefix(issuer.status_list_url(0).removesuffix("0"))
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004 - an int4
        return Status.UNREADABLE
    with transaction(issuer.institution_id) as session:
        found = queries.find_status_list(session, int(number))
        if found is None:
            return Status.UNREADABLE
        revoked = queries.is_revoked(session, found.id, entry.index)
    return Status.REVOKED if revoked else Status.GOOD
