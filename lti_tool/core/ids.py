"""Our ids: UUIDv7, one type per thing, so that a swapped id is a type error."""

import os
import time
from datetime import datetime
from typing import NewType
from uuid import UUID

InstitutionId = NewType("InstitutionId", UUID)
RegistrationId = NewType("RegistrationId", UUID)
DeploymentId = NewType("DeploymentId", UUID)
ContextId = NewType("ContextId", UUID)
ResourceLinkId = NewType("ResourceLinkId", UUID)
UserId = NewType("UserId", UUID)
PersonId = NewType("PersonId", UUID)
StaffId = NewType("StaffId", UUID)
LaunchId = NewType("LaunchId", UUID)
AssessmentId = NewType("AssessmentId", UUID)
EditionId = NewType("EditionId", UUID)
ItemId = NewType("ItemId", UUID)
ItemVersionId = NewType("ItemVersionId", UUID)
PlacementId = NewType("PlacementId", UUID)
AttemptId = NewType("AttemptId", UUID)
AttachmentId = NewType("AttachmentId", UUID)
DesiredScoreId = NewType("DesiredScoreId", UUID)
AchievementId = NewType("AchievementId", UUID)
AwardId = NewType("AwardId", UUID)
CredentialId = NewType("CredentialId", UUID)
ShareId = NewType("ShareId", UUID)
TranscriptId = NewType("TranscriptId", UUID)
PathwayId = NewType("PathwayId", UUID)
PathwayVersionId = NewType("PathwayVersionId", UUID)

ALL = (
    InstitutionId, RegistrationId, DeploymentId, ContextId, ResourceLinkId, UserId, PersonId,
    StaffId, LaunchId, AssessmentId, EditionId, ItemId, ItemVersionId, PlacementId, AttemptId,
    AttachmentId,
    DesiredScoreId, AchievementId, AwardId, CredentialId, ShareId, TranscriptId, PathwayId,
    PathwayVersionId,
)  # fmt: skip


def new_id() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562 §5.7): ordered by millisecond, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68) << 64
    value |= 0b10 << 62 | random & 0x3FFFFFFFFFFFFFFF
    return UUID(int=value)


def first_of(instant: datetime) -> UUID:
    """Return the least UUIDv7 of an instant: every id that was made before is smaller.

    Before 1970 there is none.
    """
    milliseconds = max(0, int(instant.timestamp() * 1000))
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)
