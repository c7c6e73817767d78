"""Launches of a copy: another site that sends the same issuer, client and deployment.

A staging site made of the production's database, or a site that has changed its guid: only people
know which. Until one decides, its people come in as before, and where its gradebook is said to be
is not believed: see docs/decisions/0015.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lti_tool.core import clock
from lti_tool.launch.claims import Message
from lti_tool.launch.errors import CopyRefusedError
from lti_tool.launch.record import LaunchRecord
from lti_tool.platforms.rules import is_noted, is_own_guid, is_refused_copy


def other_guid(message: Message, known: str | None, others: Mapping[str, Any]) -> str | None:
    """Return the guid of a message that comes from another site than is known; else None.

    Args:
        message: verified.
        known: of the deployment's site; None if no message said so yet.
        others: those that were seen besides, and what was decided about them.

    Raises:
        CopyRefusedError: the institution lets this site's launches in no more.
    """
    said = message.platform.guid if message.platform else None
    if not said or not known or said == known or is_own_guid(others, said):
        return None
    if is_refused_copy(others, said):
        raise CopyRefusedError(message.return_url)
    return said


def without_services(launch: LaunchRecord) -> LaunchRecord:
    """Return what to keep of a copy's launch: what is known of course and link stays."""
    return replace(
        launch,
        line_items_url=None,
        memberships_url=None,
        service_scopes=[],
        has_endpoint=False,
        line_item_url=None,
    )


def unnoted(message: Message, known: str | None, others: Mapping[str, Any]) -> str | None:
    """Return the guid that is to be remembered: a deployment's first, or each other's once a day.

    Mostly None.
    """
    said = message.platform.guid if message.platform else None
    if not said or said == known or (known and is_noted(others, said, clock.now())):
        return None
    return said
