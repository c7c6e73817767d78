"""Connecting a platform that registers us itself: the platform asked, then everything stored."""

from lti_tool.core import settings
from lti_tool.core.errors import ToolError
from lti_tool.core.http import OutboundRefusedError
from lti_tool.launch import dynamic_registration
from lti_tool.launch.errors import PlatformAddressError
from lti_tool.launch.platform_description import SCOPES, Platform
from lti_tool.platforms import invitations
from lti_tool.platforms.invitations import Connected, Granted, Invited
from lti_tool.platforms.services import Endpoints


def look_at(url: str, token: str | None) -> Platform:
    """Ask a platform to describe itself. Calls it: never in a transaction.

    Raises:
        PlatformAddressError: its address, or one that it names, is not one we may call.
        ToolError: as `dynamic_registration.fetch_platform`.
    """
    try:
        return dynamic_registration.fetch_platform(url, token)
    except OutboundRefusedError as error:
        raise PlatformAddressError(error.sentence) from error


def connect(
    invited: Invited, platform: Platform, token: str | None
) -> tuple[Connected, tuple[str, ...]]:
    """Have a platform register us, and remember it. Calls the platform: never in a transaction.

    A refusal leaves the invitation good for another try.

    Returns:
        What became of it, and the services that we asked for and were not granted.

    Raises:
        InvitationTakenError: somebody else is about it.
        ToolError: as `dynamic_registration.register`, and `invitations.use`.
    """
    invitations.take(invited.id)
    try:
        registered = dynamic_registration.register(platform, token, settings.current().base_url)
        granted = registered.granted(platform.scopes)
        connected = invitations.use(
            invited,
            Granted(
                issuer=platform.issuer,
                client_id=registered.client_id,
                name=platform.name,
                product=platform.product,
                endpoints=Endpoints(
                    auth_url=platform.authorization_endpoint,
                    token_url=platform.token_endpoint,
                    jwks_url=platform.jwks_uri,
                    token_audience=platform.authorization_server,
                ),
                deployment_id=registered.deployment_id,
                origins=platform.account_origins,
                scopes=granted,
            ),
        )
    except ToolError:
        invitations.give_back(invited.id)
        raise
    return connected, tuple(scope for scope in SCOPES if scope not in granted)
