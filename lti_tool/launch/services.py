"""Logins and launches: each step one transaction, none open while a platform is asked."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from lti_tool.core import clock, logs, settings
from lti_tool.core.db import run_alone, transaction
from lti_tool.core.driver import statement
from lti_tool.core.ids import DeploymentId, InstitutionId, LaunchId, RegistrationId
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.launch import history, rules
from lti_tool.launch.claims import Message
from lti_tool.launch.errors import (
    AmbiguousPlatformError,
    DeploymentPendingError,
    LaunchUsedError,
    LoginIncompleteError,
    MessageRefusedError,
    OtherBrowserError,
    Reason,
    UnknownPlatformError,
)
from lti_tool.launch.id_token import ExpectedLogin, claimed_deployment, verify_id_token
from lti_tool.launch.record import LaunchRecord, record, record_alone
from lti_tool.launch.session import PREFIX, expiry, frames_said_by
from lti_tool.people.rules import Role
from lti_tool.platforms import invitations, quirks
from lti_tool.platforms.rules import belongs, origin_of, shared_link_id, unlearnt
from lti_tool.platforms.services import learn_frames

LOGIN_LIFETIME = timedelta(minutes=10)
LAUNCH_PATH = "/lti/launch"
ANONYMOUS = "anonymous:"

log = logs.get(__name__)

# One statement each, built once, past the ORM: a launch is the product's most frequent write. None
# of a launch's three commits waits for the disk. They come in order, and whatever a learner then
# does lasts, and these with it: a database that is killed may forget that somebody just came in,
# the use of the login along with it, and they open the activity again.
_BEGIN = statement("""
    WITH found AS (
        SELECT id, client_id, auth_url FROM registrations
        WHERE issuer = :issuer
            AND client_id = coalesce(CAST(:client_id AS text), client_id)
            AND id = coalesce(CAST(:registration_id AS uuid), id)
        LIMIT 2
    ), added AS (
        INSERT INTO pending_logins
            (state_hash, nonce_hash, cookie_hash, registration_id, target_link_url, expires_at)
        SELECT :state_hash, :nonce_hash, :cookie_hash, id, :target_link_url, :expires_at
        FROM found WHERE (SELECT count(*) FROM found) = 1
    )
    SELECT client_id, auth_url, set_config('synchronous_commit', 'off', true) FROM found
""")
# Whoever deletes the row has the one use of the state. The deployment is looked up on the way, by
# what the token says before it is verified: nothing is done with it until it is.
_USE = statement("""
    WITH used AS (DELETE FROM pending_logins WHERE state_hash = :state_hash RETURNING *)
    SELECT used.nonce_hash, used.cookie_hash, used.target_link_url, used.expires_at,
        r.id AS registration_id, r.name, r.issuer, r.client_id, r.product, r.auth_url, r.token_url,
        r.jwks_url, r.allows_anonymous, d.id AS deployment_id, d.institution_id, d.frame_origins,
        d.learnt_origins, d.role_map, set_config('synchronous_commit', 'off', true)
    FROM used JOIN registrations AS r ON r.id = used.registration_id
    LEFT JOIN deployments AS d ON d.registration_id = r.id AND d.platform_id = :deployment
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a platform asked for; the fields are those of the specification.

    Attributes:
        registration_id: when the login address was one registration's own.
    """

    issuer: str
    client_id: str | None
    registration_id: RegistrationId | None
    login_hint: str
    message_hint: str | None
    target_link_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedLogin:
    """Where to send the browser, and the cookie it has to bring back with the answer."""

    auth_url: str
    cookie_name: str
    cookie_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedLogin:
    """A login that was answered, and by that is over, with what it was for.

    Attributes:
        addresses: the registration's, and those an operator added for the deployment.
        deployment_claim: what the token says of its deployment, unverified when looked up.
        deployment_id: None when nobody saw that deployment before.
        institution_id: None while it waits for approval.
        learnt_origins: where its pages are besides; see `platforms.rules.learnt`. No service is.
        role_map: what the institution decided that its roles count as; see `rules.roles_of`.
    """

    registration_id: RegistrationId
    name: str
    issuer: str
    client_id: str
    jwks_url: str
    product: str
    anonymous: bool
    addresses: tuple[str, ...]
    nonce_hash: bytes
    target_link_url: str
    deployment_claim: str | None
    deployment_id: DeploymentId | None
    institution_id: InstitutionId | None
    learnt_origins: Mapping[str, Any]
    role_map: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLaunch:
    """A new session.

    Attributes:
        secret: goes into its cookie and is stored nowhere.
        age_seconds: of the message, by our clock: below 0 the platform's clock is ahead.
        ignored_claims: of a wrong type, and not needed.
    """

    launch_id: LaunchId
    institution_id: InstitutionId
    secret: str
    message_type: str
    age_seconds: float
    ignored_claims: tuple[str, ...]


def begin_login(login: Login) -> StartedLogin:
    """Remember a login and say where to send the browser for the answer.

    Raises:
        LoginIncompleteError: the link asked for is not one of ours.
        UnknownPlatformError: no registration for this issuer and client id.
        AmbiguousPlatformError: several, and the login does not say which.
    """
    current = settings.current()
    if origin_of(login.target_link_url) != origin_of(current.base_url):
        raise LoginIncompleteError(
            phrase("It asked for an address that is not Cairn's (target_link_uri).")
        )
    state, nonce, cookie = new_secret(), new_secret(), new_secret()
    found = run_alone(
        _BEGIN,
        {
            "issuer": login.issuer,
            "client_id": login.client_id,
            "registration_id": login.registration_id,
            "state_hash": hash_of(state),
            "nonce_hash": hash_of(nonce),
            "cookie_hash": hash_of(cookie),
            "target_link_url": login.target_link_url,
            "expires_at": clock.now() + LOGIN_LIFETIME,
        },
    )
    if not found:
        raise UnknownPlatformError
    if len(found) > 1:
        raise AmbiguousPlatformError
    (registration,) = found
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": registration.client_id,
        "redirect_uri": current.base_url + LAUNCH_PATH,
        "login_hint": login.login_hint,
        "state": state,
        "nonce": nonce,
    }
    if login.message_hint is not None:
        query["lti_message_hint"] = login.message_hint
    return StartedLogin(
        auth_url=_with_query(registration.auth_url, query),
        cookie_name=login_cookie_name(state),
        cookie_value=cookie,
    )


def _with_query(url: str, query: dict[str, str]) -> str:
    parts = urlsplit(url)
    merged = [*parse_qsl(parts.query, keep_blank_values=True), *query.items()]
    return parts._replace(query=urlencode(merged)).geturl()


def login_cookie_name(state: str) -> str:
    """Return the name of a login's cookie: one each, for several may be under way at once."""
    return f"{PREFIX}login-{hash_of(state).hex()[:16]}"


def use_login(state: str, cookie: str | None, id_token: str = "") -> UsedLogin:
    """Take a login back: once, in time, in the browser it began in. It is over in any case.

    Args:
        state: as it came back.
        cookie: of the login, as it came back.
        id_token: read unverified for the deployment, to look up all there is to know at once.

    Raises:
        LaunchUsedError: unknown, used before, or older than 10 minutes; which is not told.
        OtherBrowserError: the login's cookie did not come back.
    """
    claim = claimed_deployment(id_token)
    values = {"state_hash": hash_of(state), "deployment": claim}
    rows = run_alone(_USE, values)
    if not rows or rows[0].expires_at <= clock.now():
        raise LaunchUsedError
    (row,) = rows
    if not hmac.compare_digest(row.cookie_hash, hash_of(cookie or "")):
        raise OtherBrowserError
    return UsedLogin(
        registration_id=row.registration_id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        jwks_url=row.jwks_url,
        product=row.product,
        anonymous=row.allows_anonymous,
        addresses=(row.auth_url, row.issuer, row.token_url, *(row.frame_origins or ())),
        nonce_hash=row.nonce_hash,
        target_link_url=row.target_link_url,
        deployment_claim=claim,
        deployment_id=row.deployment_id,
        institution_id=row.institution_id,
        learnt_origins=row.learnt_origins or {},
        role_map=row.role_map or {},
    )


def open_launch(login: UsedLogin, id_token: str) -> OpenedLaunch:
    """Verify the answer to a login and open a session for it.

    Raises:
        MessageRefusedError: the answer is not what it has to be; see its reason.
        KeySetUnreachableError: the platform's keys were never seen and cannot be had now.
        DeploymentPendingError: nobody has given the deployment to an institution yet.
    """
    expected = ExpectedLogin(
        issuer=login.issuer,
        client_id=login.client_id,
        jwks_url=login.jwks_url,
        nonce_hash=login.nonce_hash,
        target_link_url=login.target_link_url,
        anonymous=login.anonymous,
    )
    message = verify_id_token(id_token, expected, now=clock.now())
    # The look-up read the same bytes, unverified: if the two readings ever differ, no one enters.
    if message.platform_deployment_id != login.deployment_claim:
        raise MessageRefusedError(Reason.DEPLOYMENT)
    if login.deployment_id is None:
        login = _meet(login, message)
    if login.deployment_id is None or login.institution_id is None:
        raise DeploymentPendingError(web_address(message.return_url))
    secret = new_secret()
    launch = _record_of(message, login, login.deployment_id, login.institution_id, secret)
    new = unlearnt(
        frames_said_by(launch.settings),
        quirks.origins(login.product, login.addresses),
        login.learnt_origins,
        insecure=settings.current().base_url.startswith("http:"),
    )
    if new:
        with transaction(login.institution_id, fleeting=True) as session:
            launch_id = record(session, launch)
            learn_frames(session, login.institution_id, login.deployment_id, new)
    else:
        launch_id = record_alone(launch)
    return OpenedLaunch(
        launch_id=launch_id,
        institution_id=login.institution_id,
        secret=secret,
        message_type=message.message_type,
        age_seconds=clock.now().timestamp() - message.issued_at,
        ignored_claims=message.ignored,
    )


def _meet(login: UsedLogin, message: Message) -> UsedLogin:
    """Remember a deployment at its first launch; return the login with whose it is."""
    platform = message.platform
    deployment_id, institution_id = invitations.adopt(
        login.registration_id,
        message.platform_deployment_id,
        platform_name=platform.name if platform else None,
        platform_guid=platform.guid if platform else None,
    )
    return replace(login, deployment_id=deployment_id, institution_id=institution_id)


def _record_of(
    message: Message,
    login: UsedLogin,
    deployment_id: DeploymentId,
    institution_id: InstitutionId,
    secret: str,
) -> LaunchRecord:
    now = clock.now()
    roles = rules.roles_of(message.role_names, login.role_map)
    if message.subject is None:
        roles = rules.roles_of_nobody(roles)
    context, link, endpoint = message.context, message.activity, message.endpoint
    origins = quirks.origins(login.product, login.addresses)
    members = message.names_and_roles.context_memberships_url if message.names_and_roles else None
    return LaunchRecord(
        institution_id=institution_id,
        registration_id=login.registration_id,
        deployment_id=deployment_id,
        issuer=login.issuer,
        # Without a name every visit is somebody else's: nothing of two can be put together.
        subject=message.subject or f"{ANONYMOUS}{new_secret()}",
        name=message.full_name,
        email=message.email or None,
        sis_id=message.lis.person_sourcedid if message.lis else None,
        context_platform_id=context.id if context else None,
        context_title=context.title if context else None,
        context_label=context.label if context else None,
        line_items_url=_own(endpoint.lineitems if endpoint else None, origins),
        memberships_url=_own(members, origins),
        service_scopes=endpoint.scope if endpoint else [],
        has_endpoint=endpoint is not None,
        link_platform_id=_link_id(message, login.product),
        link_title=link.title if link else None,
        line_item_url=_own(endpoint.lineitem if endpoint else None, origins),
        message_type=message.message_type,
        roles=sorted(roles),
        placement_token=message.placement_token,
        settings=_settings_of(message),
        secret_hash=hash_of(secret),
        age_seconds=now.timestamp() - message.issued_at,
        now=now,
        expires_at=expiry(now),
        is_visitor=message.subject is None or Role.TEST_USER in roles,
    )


def _link_id(message: Message, product: str) -> str | None:
    """Return the id of the link that was opened, made one of its own where others share it."""
    link, token = message.activity, message.placement_token
    if link is None:
        return None
    if token and message.is_of_course and quirks.quirks_of(product).links_share_id:
        return shared_link_id(link.id, hash_of(token).hex())
    return link.id


def _own(url: str | None, origins: tuple[str, ...]) -> str | None:
    """Keep a service's address only where the platform lives: tokens and grades go there."""
    if url is None or belongs(url, origins):
        return url
    log.warning("service_url_foreign", origin=origin_of(url))
    return None


def _settings_of(message: Message) -> dict[str, Any]:
    presentation = message.presentation
    found = {
        "deep_linking": message.deep_linking_settings,
        "for_user": message.for_user.user_id if message.for_user else None,
        "course_history": history.course_ids(message.custom),
        "link_history": history.link_ids(message.custom),
        "return_url": web_address(message.return_url),
        "locale": presentation.locale if presentation else None,
        "document_target": presentation.document_target if presentation else None,
    }
    return {name: value for name, value in found.items() if value is not None and value != []}


def web_address(url: str | None) -> str | None:
    """Return an address that a page may link to, or None: `javascript:` is not one."""
    return url if origin_of(url) is not None else None
