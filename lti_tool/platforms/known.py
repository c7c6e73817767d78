"""Registrations and deployments as launches look them up, kept in the process.

They change a few times a year and are read at every login and launch. A login takes what this
process saw within the last seconds; what a launch opens is confirmed by the statement that writes
it (`launch.record`), so that nothing is done on the word of a row that has changed.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from lti_tool.core.db import run_alone
from lti_tool.core.driver import statement
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

# So long may a second registration of an issuer, or a new login address, go unseen by a login.
_LOGIN_SECONDS: Final = 5.0
# So long may what launches taught a deployment meanwhile go unseen: nothing is judged by it.
_DEPLOYMENT_SECONDS: Final = 60.0
_MOST: Final = 5000

_CLIENTS = statement("""
    SELECT id, client_id, auth_url FROM registrations
    WHERE issuer = :issuer
        AND client_id = coalesce(CAST(:client_id AS text), client_id)
        AND id = coalesce(CAST(:registration_id AS uuid), id)
    LIMIT 2
""")
# What people decided about a platform, as one text: another one after each change of any of it,
# and only then. What launches themselves teach a deployment (its pages' hosts, which other sites
# came) is left out, or a crowd that teaches would hold itself up. Of a registration, which no
# launch writes, it is PostgreSQL's own mark.
VERSION: Final = """concat_ws(' ', r.xmin, r.ctid, d.id, d.institution_id, d.frame_origins,
    d.role_map, CASE WHEN d.other_guids <> '{}' THEN jsonb_path_query_array(d.other_guids,
        '$.keyvalue() ? (exists (@.value.refused_at) || exists (@.value.same_at))') ELSE '[]' END,
    CASE WHEN d.learnt_origins @? '$.*.removed_at' THEN jsonb_path_query_array(d.learnt_origins,
        '$.keyvalue() ? (exists (@.value.removed_at))') ELSE '[]' END,
    d.platform_guid)"""
_DEPLOYMENT = statement(f"""
    SELECT r.id AS registration_id, r.name, r.issuer, r.client_id, r.product, r.auth_url,
        r.token_url, r.jwks_url, r.allows_anonymous, d.id AS deployment_id, d.institution_id,
        d.frame_origins, d.learnt_origins, d.role_map, d.platform_guid, d.other_guids,
        {VERSION} AS version
    FROM registrations AS r
    LEFT JOIN deployments AS d ON d.registration_id = r.id AND d.platform_id = :platform_id
    WHERE r.id = :registration_id
""")  # noqa: S608 - put together once, from words of ours


@dataclass(frozen=True, slots=True)
class Client:
    """What a login needs of a registration."""

    registration_id: RegistrationId
    client_id: str
    auth_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A registration and the deployment a message named.

    Attributes:
        platform_id: of the deployment, as it was asked for.
        addresses: the registration's, and those an operator added for the deployment.
        deployment_id: None when nobody saw that deployment before.
        institution_id: None while it waits for approval.
        learnt_origins: where its pages are besides; see `rules.learnt`. No service is.
        role_map: what the institution decided that its roles count as; see `launch.rules.roles_of`.
        guid, other_guids: of its site, and of others that launched; see `launch.copies`.
        version: of what a launch is judged by.
    """

    registration_id: RegistrationId
    platform_id: str | None
    name: str
    issuer: str
    client_id: str
    jwks_url: str
    product: str
    anonymous: bool
    addresses: tuple[str, ...]
    deployment_id: DeploymentId | None
    institution_id: InstitutionId | None
    learnt_origins: Mapping[str, Any]
    role_map: Mapping[str, str]
    guid: str | None
    other_guids: Mapping[str, Any]
    version: str


_clients: dict[tuple[str, str | None, RegistrationId | None], tuple[float, Client]] = {}
_deployments: dict[tuple[RegistrationId, str], tuple[float, Known]] = {}
_keeping = threading.Lock()


def clients(
    issuer: str, client_id: str | None, registration_id: RegistrationId | None
) -> tuple[Client, ...]:
    """Return the registrations a login may mean: none, the one, or two of several."""
    key, now = (issuer, client_id, registration_id), time.monotonic()
    seen = _clients.get(key)
    if seen is not None and now - seen[0] < _LOGIN_SECONDS:
        return (seen[1],)
    values = {"issuer": issuer, "client_id": client_id, "registration_id": registration_id}
    found = tuple(
        Client(row.id, row.client_id, row.auth_url) for row in run_alone(_CLIENTS, values)
    )
    if len(found) == 1:
        _keep(_clients, key, (now, found[0]))
    return found


def deployment(registration_id: RegistrationId, platform_id: str | None) -> Known | None:
    """Return a registration and this deployment of it, perhaps as it was a while ago.

    Kept is only what belongs to an institution: what waits may be approved in any moment.
    """
    kept = _deployments.get((registration_id, platform_id or ""))
    if kept is not None and time.monotonic() - kept[0] < _DEPLOYMENT_SECONDS:
        return kept[1]
    return look_again(registration_id, platform_id)


def look_again(registration_id: RegistrationId, platform_id: str | None) -> Known | None:
    """Return them as they are now; None: there is no such registration."""
    values = {"registration_id": registration_id, "platform_id": platform_id}
    rows = run_alone(_DEPLOYMENT, values)
    if not rows:
        return None
    (row,) = rows
    found = Known(
        registration_id=row.registration_id,
        platform_id=platform_id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        jwks_url=row.jwks_url,
        product=row.product,
        anonymous=row.allows_anonymous,
        addresses=(row.auth_url, row.issuer, row.token_url, *(row.frame_origins or ())),
        deployment_id=row.deployment_id,
        institution_id=row.institution_id,
        learnt_origins=row.learnt_origins or {},
        role_map=row.role_map or {},
        guid=row.platform_guid,
        other_guids=row.other_guids or {},
        version=row.version,
    )
    if platform_id is not None and found.institution_id is not None:
        _keep(_deployments, (registration_id, platform_id), (time.monotonic(), found))
    elif platform_id is not None:
        with _keeping:
            _deployments.pop((registration_id, platform_id), None)
    return found


def forget_clients() -> None:
    """Forget what logins look up: a registration was added or changed here."""
    with _keeping:
        _clients.clear()


def forget_all() -> None:
    """Forget what this process knows. For tests."""
    _clients.clear()
    _deployments.clear()


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    with _keeping:
        while len(kept) >= _MOST and key not in kept:
            del kept[next(iter(kept))]
        kept[key] = value
