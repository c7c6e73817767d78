"""Launches: from an answered login to a session. No transaction is open while keys are fetched."""

from dataclasses import dataclass
from typing import Any

from lti_tool.core import clock, logs, settings
from lti_tool.core.db import transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import DeploymentId, InstitutionId, LaunchId
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.launch import copies, history, rules
from lti_tool.launch.claims import Message
from lti_tool.launch.errors import (
    DeploymentPendingError,
    LaunchInterruptedError,
    LaunchUsedError,
    MessageRefusedError,
    Reason,
)
from lti_tool.launch.id_token import ExpectedLogin, claimed_deployment, verify_id_token
from lti_tool.launch.logins import AnsweredLogin
from lti_tool.launch.record import LaunchRecord, LookUpChangedError, record, record_alone
from lti_tool.launch.session import expiry, frames_said_by
from lti_tool.people.rules import Role
from lti_tool.platforms import invitations, known, quirks
from lti_tool.platforms.known import Known
from lti_tool.platforms.rules import belongs, origin_of, room_to_learn, shared_link_id, unlearnt
from lti_tool.platforms.services import learn_frames, learn_guid

ANONYMOUS = "anonymous:"
# What launches are judged by changes a few times a year, and once at a deployment's first guid.
_LOOKS = 5

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLaunch:
    """A new session.

    Attributes:
        secret: goes into its cookie and is stored nowhere.
        age_seconds: of the message, by our clock: below 0 the platform's clock is ahead.
        ignored_claims: of a wrong type, and not needed.
        other_guid: of the site it came from, if that is not the deployment's.
    """

    launch_id: LaunchId
    institution_id: InstitutionId
    secret: str
    message_type: str
    age_seconds: float
    ignored_claims: tuple[str, ...]
    other_guid: str | None


def known_to(login: AnsweredLogin, id_token: str) -> Known:
    """Return the platform that a login went to, with the deployment that its answer names.

    Args:
        login: as it came back.
        id_token: read unverified, to look up all there is to know at once; empty for none.

    Raises:
        LaunchUsedError: there is no such registration any more.
    """
    found = known.deployment(login.registration_id, claimed_deployment(id_token))
    if found is None:
        raise LaunchUsedError
    return found


def institution_of(platform: Known) -> InstitutionId | None:
    """Return whose a deployment is by what this process saw last, perhaps after it was given."""
    now = known.deployment(platform.registration_id, platform.platform_id)
    return (now or platform).institution_id


def open_launch(login: AnsweredLogin, platform: Known, id_token: str) -> OpenedLaunch:
    """Verify the answer to a login and open a session for it.

    What is known of the platform may be from a while ago: if anything comes of it but a session,
    it is looked up again, and the session itself is opened only if nothing changed.

    Raises:
        LaunchUsedError: the login was used before.
        MessageRefusedError: the answer is not what it has to be; see its reason.
        KeySetUnreachableError: the platform's keys were never seen and cannot be had now.
        DeploymentPendingError: nobody has given the deployment to an institution yet.
        CopyRefusedError: it comes from a site that the institution keeps out.
        LaunchInterruptedError: what was looked up changed again at every look.
    """
    for _ in range(_LOOKS):
        try:
            return _open(login, platform, id_token)
        except LaunchUsedError:
            raise
        except (ToolError, LookUpChangedError) as error:
            now = known.look_again(platform.registration_id, platform.platform_id)
            if now is None:
                raise LaunchUsedError from error
            if now.version == platform.version and isinstance(error, ToolError):
                raise
            platform = now
    raise LaunchInterruptedError


def _open(login: AnsweredLogin, platform: Known, id_token: str) -> OpenedLaunch:
    expected = ExpectedLogin(
        issuer=platform.issuer,
        client_id=platform.client_id,
        jwks_url=platform.jwks_url,
        nonce_hash=login.nonce_hash,
        target_link_hash=login.target_link_hash,
        anonymous=platform.anonymous,
    )
    message = verify_id_token(id_token, expected, now=clock.now())
    # The look-up read the same bytes, unverified: if the two readings ever differ, no one enters.
    if message.platform_deployment_id != platform.platform_id:
        raise MessageRefusedError(Reason.DEPLOYMENT)
    if platform.deployment_id is None:
        platform = _meet(platform, message)
    if platform.deployment_id is None or platform.institution_id is None:
        raise DeploymentPendingError(web_address(message.return_url))
    guid = copies.other_guid(message, platform.guid, platform.other_guids)
    secret = new_secret()
    launch = _record_of(
        message,
        login,
        platform,
        platform.deployment_id,
        platform.institution_id,
        secret=secret,
    )
    if guid is not None:
        launch = copies.without_services(launch)
    unnoted = copies.unnoted(message, platform.guid, platform.other_guids)
    new = unlearnt(
        frames_said_by(launch.settings),
        quirks.origins(platform.product, platform.addresses),
        platform.learnt_origins,
        insecure=settings.current().base_url.startswith("http:"),
    )
    if new and not room_to_learn(platform.learnt_origins, clock.now()):
        new = ()
    if new or unnoted is not None:
        with transaction(platform.institution_id, fleeting=True) as session:
            launch_id = record(session, launch)
            if new:
                learn_frames(session, platform.institution_id, platform.deployment_id, new)
            if unnoted is not None:
                learn_guid(session, platform.institution_id, platform.deployment_id, unnoted)
        # This process, at least, need not teach it again.
        known.look_again(platform.registration_id, platform.platform_id)
    else:
        launch_id = record_alone(launch)
    return OpenedLaunch(
        launch_id=launch_id,
        institution_id=platform.institution_id,
        secret=secret,
        message_type=message.message_type,
        age_seconds=clock.now().timestamp() - message.issued_at,
        ignored_claims=message.ignored,
        other_guid=guid,
    )


def _meet(platform: Known, message: Message) -> Known:
    """Remember a deployment at its first launch; return what is known of it then."""
    said = message.platform
    invitations.adopt(
        platform.registration_id,
        message.platform_deployment_id,
        platform_name=said.name if said else None,
        platform_guid=(said.guid or None) if said else None,
    )
    found = known.look_again(platform.registration_id, message.platform_deployment_id)
    if found is None:
        raise LookUpChangedError
    return found


def _record_of(  # noqa: PLR0913 - all that goes into it
    message: Message,
    login: AnsweredLogin,
    platform: Known,
    deployment_id: DeploymentId,
    institution_id: InstitutionId,
    *,
    secret: str,
) -> LaunchRecord:
    now = clock.now()
    roles = rules.roles_of(message.role_names, platform.role_map)
    if message.subject is None:
        roles = rules.roles_of_nobody(roles)
    context, link, endpoint = message.context, message.activity, message.endpoint
    origins = quirks.origins(platform.product, platform.addresses)
    members = message.names_and_roles.context_memberships_url if message.names_and_roles else None
    return LaunchRecord(
        institution_id=institution_id,
        registration_id=platform.registration_id,
        deployment_id=deployment_id,
        issuer=platform.issuer,
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
        link_platform_id=_link_id(message, platform.product),
        link_title=link.title if link else None,
        line_item_url=_own(endpoint.lineitem if endpoint else None, origins),
        message_type=message.message_type,
        roles=sorted(roles),
        placement_token=message.placement_token,
        settings=_settings_of(message, platform.product),
        secret_hash=hash_of(secret),
        age_seconds=now.timestamp() - message.issued_at,
        now=now,
        expires_at=expiry(now),
        is_visitor=message.subject is None or Role.TEST_USER in roles,
        state_hash=login.state_hash,
        login_expires_at=login.expires_at,
        version=platform.version,
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


def _settings_of(message: Message, product: str) -> dict[str, Any]:
    presentation, asked = message.presentation, message.deep_linking_settings
    found = {
        "deep_linking": {**asked, **quirks.quirks_of(product).deep_linking} if asked else None,
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
