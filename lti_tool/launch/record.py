"""What a launch leaves in the database: one statement, which writes only what differs.

The same statement uses up the login and confirms what was looked up for it: if the state was used
before, or registration or deployment have changed meanwhile, nothing of it is written.

Context, resource link and user are the platform's; a course of 500 launches the same ones 500
times. Reading first, and inserting only what is new or different, leaves their rows unlocked and
unwritten; `ON CONFLICT DO UPDATE` alone would lock them, one launch after the other.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from lti_tool.core import outbox
from lti_tool.core.db import after_commit, run, run_in
from lti_tool.core.driver import statement
from lti_tool.core.ids import (
    DeploymentId,
    InstitutionId,
    LaunchId,
    RegistrationId,
    new_id,
)
from lti_tool.launch.errors import LaunchUsedError
from lti_tool.platforms.events import CourseServicesChanged
from lti_tool.platforms.known import VERSION

# Parameters with their types: a NULL alone has none.
_GIVEN: Final = {
    "uuid": "institution_id deployment_id registration_id launch_id",
    "text": (
        "context_platform_id context_title context_label line_items_url memberships_url"
        " link_platform_id link_title line_item_url issuer subject name email sis_id"
        " message_type placement_token version"
    ),
    "jsonb": "service_scopes roles settings",
    "boolean": "has_endpoint is_visitor",
    "bytea": "secret_hash state_hash",
    "double precision": "age_seconds",
    "timestamptz": "now expires_at login_expires_at",
}
_TYPED: Final = ", ".join(
    f"CAST(:{name} AS {kind}) AS {name}" for kind, names in _GIVEN.items() for name in names.split()
)

# For each table: what it should hold (`_new`: where the platform did not say, what we had), what
# was written because it was missing or different, and then its id either way. A row that this
# snapshot does not see yet, because another launch is inserting it, is met by ON CONFLICT.
_SQL = f"""
WITH asked AS (SELECT {_TYPED}),
confirmed AS (
    SELECT 1 AS one FROM asked
    JOIN registrations AS r ON r.id = asked.registration_id
    JOIN deployments AS d ON d.id = asked.deployment_id AND d.registration_id = r.id
        AND d.institution_id = asked.institution_id
    WHERE version IS NULL OR version = {VERSION}
),
used AS (
    INSERT INTO used_logins (state_hash, expires_at)
    SELECT state_hash, login_expires_at FROM asked, confirmed WHERE state_hash IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1 AS one
),
given AS (
    SELECT asked.* FROM asked, confirmed WHERE state_hash IS NULL OR EXISTS (SELECT FROM used)
),
context_new AS (
    SELECT coalesce(old.id, uuidv7()) AS id, context_platform_id AS platform_id,
        coalesce(context_title, old.title) AS title,
        coalesce(context_label, old.label) AS label,
        CASE WHEN has_endpoint THEN given.line_items_url ELSE old.line_items_url END
            AS line_items_url,
        coalesce(given.memberships_url, old.memberships_url) AS memberships_url,
        CASE WHEN has_endpoint THEN given.service_scopes
            ELSE coalesce(old.service_scopes, '[]') END AS service_scopes,
        old AS old
    FROM given LEFT JOIN contexts AS old ON old.institution_id = given.institution_id
        AND old.deployment_id = given.deployment_id AND old.platform_id = context_platform_id
    WHERE context_platform_id IS NOT NULL
),
context_written AS (
    INSERT INTO contexts AS c (institution_id, id, deployment_id, platform_id, title, label,
        line_items_url, memberships_url, service_scopes)
    SELECT institution_id, n.id, deployment_id, n.platform_id, n.title, n.label,
        n.line_items_url, n.memberships_url, n.service_scopes
    FROM given, context_new AS n
    WHERE (old).id IS NULL
        OR ((old).title, (old).label, (old).line_items_url, (old).memberships_url,
            (old).service_scopes)
        IS DISTINCT FROM (n.title, n.label, n.line_items_url, n.memberships_url, n.service_scopes)
    ON CONFLICT (institution_id, deployment_id, platform_id) DO UPDATE SET
        title = excluded.title, label = excluded.label,
        line_items_url = excluded.line_items_url, memberships_url = excluded.memberships_url,
        service_scopes = excluded.service_scopes
    RETURNING c.id
),
context AS (
    SELECT coalesce((SELECT id FROM context_written), id) AS id FROM context_new
),
link_new AS (
    SELECT coalesce(old.id, uuidv7()) AS id, link_platform_id AS platform_id,
        coalesce((SELECT id FROM context), old.context_id) AS context_id,
        coalesce(link_title, old.title) AS title,
        CASE WHEN has_endpoint THEN given.line_item_url ELSE old.line_item_url END
            AS line_item_url,
        old AS old
    FROM given LEFT JOIN resource_links AS old ON old.institution_id = given.institution_id
        AND old.deployment_id = given.deployment_id AND old.platform_id = link_platform_id
    WHERE link_platform_id IS NOT NULL
),
link_written AS (
    INSERT INTO resource_links AS r (institution_id, id, deployment_id, platform_id, context_id,
        title, line_item_url)
    SELECT institution_id, n.id, deployment_id, n.platform_id, n.context_id, n.title,
        n.line_item_url
    FROM given, link_new AS n
    WHERE (old).id IS NULL
        OR ((old).context_id, (old).title, (old).line_item_url)
        IS DISTINCT FROM (n.context_id, n.title, n.line_item_url)
    ON CONFLICT (institution_id, deployment_id, platform_id) DO UPDATE SET
        context_id = excluded.context_id, title = excluded.title,
        line_item_url = excluded.line_item_url
    RETURNING r.id
),
link AS (
    SELECT coalesce((SELECT id FROM link_written), id) AS id FROM link_new
),
user_new AS (
    SELECT coalesce(old.id, uuidv7()) AS id,
        coalesce(given.name, old.name) AS name,
        coalesce(given.email, old.email) AS email,
        coalesce(given.sis_id, old.sis_id) AS sis_id,
        given.is_visitor AS is_visitor,
        old AS old
    FROM given LEFT JOIN users AS old ON old.institution_id = given.institution_id
        AND old.issuer = given.issuer AND old.subject = given.subject
),
user_written AS (
    INSERT INTO users AS u (institution_id, id, issuer, subject, name, email, sis_id,
        is_visitor)
    SELECT institution_id, n.id, issuer, subject, n.name, n.email, n.sis_id, n.is_visitor
    FROM given, user_new AS n
    WHERE (old).id IS NULL
        OR ((old).name, (old).email, (old).sis_id, (old).is_visitor)
        IS DISTINCT FROM (n.name, n.email, n.sis_id, n.is_visitor)
    ON CONFLICT (institution_id, issuer, subject) DO UPDATE SET
        name = excluded.name, email = excluded.email, sis_id = excluded.sis_id,
        is_visitor = excluded.is_visitor
    RETURNING u.id
),
changed AS (
    SELECT n.id FROM context_new AS n
    WHERE (n.old).service_scopes IS DISTINCT FROM n.service_scopes AND (n.old).id IS NOT NULL
    UNION ALL
    SELECT n.context_id FROM link_new AS n
    WHERE (n.old).line_item_url IS DISTINCT FROM n.line_item_url AND (n.old).id IS NOT NULL
    LIMIT 1
),
change AS (
    SELECT institution_id, now AS recorded_at,
        jsonb_build_object('institution_id', institution_id, 'context_id', changed.id) AS payload
    FROM given, changed WHERE changed.id IS NOT NULL
),
announced AS ({outbox.announcing(CourseServicesChanged, "change")}),
launched AS (
    INSERT INTO launches (institution_id, id, registration_id, deployment_id, user_id, context_id,
        resource_link_id, message_type, roles, placement_token, settings, secret_hash,
        age_seconds, created_at, expires_at)
    SELECT institution_id, launch_id, registration_id, deployment_id,
        coalesce((SELECT id FROM user_written), user_new.id), (SELECT id FROM context),
        (SELECT id FROM link), message_type, roles, placement_token, settings, secret_hash,
        age_seconds, now, expires_at
    FROM given, user_new
    RETURNING 1
)
SELECT EXISTS (SELECT FROM confirmed) AS confirmed, EXISTS (SELECT FROM launched) AS written,
    ARRAY(SELECT CAST(id AS text) FROM announced) AS deliveries
"""  # noqa: S608 - put together once, from words of ours; every value is a parameter
_RECORD = statement(_SQL)


class LookUpChangedError(Exception):
    """Registration or deployment are not as they were looked up: look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRecord:
    """All that is kept of one launch. None is what the platform did not say.

    Attributes:
        has_endpoint: the message named the gradebook; only then does a missing line item
            mean that there is none.
        secret_hash: of the cookie.
        settings: see `session.CurrentLaunch`.
        age_seconds: of the message when it came, by our clock and the platform's.
        is_visitor: nobody in particular: see `platforms.models.User`.
        state_hash: of the login that this launch uses up, until `login_expires_at`; None: by none.
        version: of what was looked up for it (`platforms.known`); None: nothing was.
    """

    institution_id: InstitutionId
    registration_id: RegistrationId
    deployment_id: DeploymentId
    issuer: str
    subject: str
    name: str | None
    email: str | None
    sis_id: str | None
    context_platform_id: str | None
    context_title: str | None
    context_label: str | None
    line_items_url: str | None
    memberships_url: str | None
    service_scopes: list[str]
    has_endpoint: bool
    link_platform_id: str | None
    link_title: str | None
    line_item_url: str | None
    message_type: str
    roles: list[str]
    placement_token: str | None
    settings: dict[str, Any]
    secret_hash: bytes
    now: datetime
    expires_at: datetime
    is_visitor: bool = False
    age_seconds: float | None = None
    state_hash: bytes | None = None
    login_expires_at: datetime | None = None
    version: str | None = None


def record(session: Session, launch: LaunchRecord) -> LaunchId:
    """Write a launch and what it says about context, resource link and user.

    A link we know that has another column now, or a course with other rights, is announced:
    scores may be waiting for that.

    Raises:
        LookUpChangedError: what was looked up is not true any more.
        LaunchUsedError: another launch used the login.
    """
    launch_id = LaunchId(new_id())
    deliveries = _deliveries(run(session, _RECORD, _values_of(launch, launch_id)))
    after_commit(session, lambda: outbox.hand_over(deliveries))
    return launch_id


def record_alone(launch: LaunchRecord) -> LaunchId:
    """Do the same in a transaction of its own, whose commit does not wait for the disk."""
    launch_id = LaunchId(new_id())
    values = _values_of(launch, launch_id)
    deliveries = _deliveries(run_in(launch.institution_id, _RECORD, values, fleeting=True))
    outbox.hand_over(deliveries)
    return launch_id


def _deliveries(rows: list[Any]) -> list[str]:
    """Read what came of the statement: which deliveries it made, if it wrote anything at all."""
    (row,) = rows
    if not row.confirmed:
        raise LookUpChangedError
    if not row.written:
        raise LaunchUsedError
    deliveries: list[str] = row.deliveries
    return deliveries


def _values_of(launch: LaunchRecord, launch_id: LaunchId) -> dict[str, Any]:
    return {name: getattr(launch, name) for name in LaunchRecord.__slots__} | {
        "launch_id": launch_id,
        "service_scopes": json.dumps(launch.service_scopes),
        "roles": json.dumps(launch.roles),
        "settings": json.dumps(launch.settings),
        "subscribers": outbox.subscribers(CourseServicesChanged),
    }
