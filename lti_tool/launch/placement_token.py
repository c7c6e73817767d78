"""What a deep link carries so that a later launch finds its placement.

A teacher can edit the custom parameters of a link in the LMS: an id there would be a wish. A keyed
MAC over placement, institution and edition makes it ours or nothing.
"""

import base64
import binascii
from uuid import UUID

from lti_tool.core import keys
from lti_tool.core.ids import EditionId, InstitutionId, PlacementId

_PREFIX = "p1."
_PURPOSE = "placement"
_ID_BYTES, _TAG_BYTES = 16, 32


def make(placement_id: PlacementId, institution_id: InstitutionId, edition_id: EditionId) -> str:
    """Return the token of a placement: 89 characters that URLs and forms leave alone."""
    ids = placement_id.bytes + edition_id.bytes
    tag = keys.mac(_PURPOSE, placement_id.bytes, institution_id.bytes, edition_id.bytes)
    return _PREFIX + base64.urlsafe_b64encode(ids + tag).rstrip(b"=").decode()


def read(token: str, institution_id: InstitutionId) -> PlacementId | None:
    """Return the placement a token of this institution stands for; None for any other text."""
    if not token.startswith(_PREFIX) or not token.isascii():
        return None
    encoded = token.removeprefix(_PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    if len(raw) != 2 * _ID_BYTES + _TAG_BYTES:
        return None
    placement, edition, tag = raw[:_ID_BYTES], raw[_ID_BYTES:-_TAG_BYTES], raw[-_TAG_BYTES:]
    if not keys.mac_matches(tag, _PURPOSE, placement, institution_id.bytes, edition):
        return None
    return PlacementId(UUID(bytes=placement))
