"""Connecting an LMS by hand: what its administrator enters where, product by product.

What each product calls a value is its own word, so that people find the field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from lti_tool.core.language import phrase
from lti_tool.launch.dynamic_registration import DEEP_LINK_LABEL
from lti_tool.launch.logins import LAUNCH_PATH
from lti_tool.launch.platform_description import SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """How one product is connected by hand.

    Attributes:
        values: pairs of what the product calls a field, and which of `addresses` goes there.
        before: where to go, and what to choose there.
        after: what to do when the values are entered.
        send_back: what Cairn's administrator needs from there, in the product's words.
    """

    name: str
    before: Sequence[str]
    values: Sequence[tuple[str, str]]
    after: Sequence[str]
    send_back: Sequence[str]


_USUAL = (
    (phrase("Login initiation URL"), "login"),
    (phrase("Launch URL, target link URI and redirect URI"), "launch"),
    (phrase("Public key set URL (JWKS)"), "keys"),
)

GUIDES: Mapping[str, Guide] = MappingProxyType(
    {
        "moodle": Guide(
            name="Moodle",
            before=(
                phrase(
                    "Site administration, Plugins, External tool, Manage tools, "
                    "Configure a tool manually."
                ),
                phrase("Choose LTI version: LTI 1.3, and Public key type: Keyset URL."),
                phrase("Choose Default launch container: New window, or Embed without blocks."),
            ),
            values=(
                ("Tool name", "name"),
                ("Tool URL", "launch"),
                ("Public keyset", "keys"),
                ("Initiate login URL", "login"),
                ("Redirection URI(s)", "launch"),
                ("Content Selection URL", "launch"),
                ("Icon URL", "icon"),
            ),
            after=(
                phrase("Tick Supports Deep Linking (Content-Item Message)."),
                phrase(
                    "Under Services: Use this service for grade sync and column management, and "
                    "Use this service to retrieve members' information."
                ),
                phrase(
                    "Under Privacy: share the launcher's name and e-mail always, and accept grades."
                ),
                phrase("Save, then press the list symbol of the tool to see its details."),
            ),
            send_back=(phrase("Platform ID (the site's address)"), "Client ID", "Deployment ID"),
        ),
        "canvas": Guide(
            name="Canvas",
            before=(
                phrase("Admin, Developer Keys, + Developer Key, + LTI Key."),
                phrase(
                    "Choose Method: Enter URL, and paste the JSON URL below: it fills in the rest. "
                    "The other values are for entering them by hand."
                ),
            ),
            values=(
                ("JSON URL", "canvas"),
                ("Redirect URIs", "launch"),
                ("Target Link URI", "launch"),
                ("OpenID Connect Initiation Url", "login"),
                ("JWK Method: Public JWK URL", "keys"),
            ),
            after=(
                phrase(
                    "Save, and turn the key's state to On. The long number below Details is the "
                    "client id."
                ),
                phrase(
                    "Admin, Settings, Apps, + App, By Client ID: enter that number and install."
                ),
                phrase("Press the wheel of the app to see its deployment id."),
            ),
            send_back=(phrase("Client ID (the long number of the key)"), "Deployment Id"),
        ),
        "blackboard": Guide(
            name="Blackboard",
            before=(
                phrase(
                    "Register Cairn as an LTI tool at developer.blackboard.com, if it is not yet."
                ),
                phrase(
                    "Then: Administrator Panel, LTI Tool Providers, Register LTI 1.3/Advantage "
                    "Tool, and enter the application's client id."
                ),
            ),
            values=(
                ("Login Initiation URL", "login"),
                ("Tool Redirect URL(s)", "launch"),
                ("Tool JWKS URL", "keys"),
                ("Domain(s)", "domain"),
            ),
            after=(
                phrase(
                    "Allow: Role in course, Name, E-mail address, grade service access and "
                    "membership service access."
                ),
                phrase(
                    "Add a placement of type Deep Linking content tool, with this target link URI: "
                    "the launch address above."
                ),
            ),
            send_back=("Client ID (application id)", "Deployment ID"),
        ),
        "brightspace": Guide(
            name="Brightspace",
            before=(
                phrase("Manage Extensibility, LTI Advantage, Register Tool, Standard."),
                phrase(
                    "Tick Assignment and Grade Services, Deep Linking, Names and Role Provisioning."
                ),
            ),
            values=(
                ("Domain", "origin"),
                ("Redirect URLs", "launch"),
                ("OpenID Connect Login URL", "login"),
                ("Target Link URI", "launch"),
                ("Keyset URL", "keys"),
            ),
            after=(
                phrase(
                    "Register, then View Deployments, New Deployment: tick the same services, "
                    "share name and e-mail, and choose the organization units."
                ),
                phrase(
                    "Under View Links make one link of type Deep Linking Quicklink with the target "
                    "link URI above."
                ),
            ),
            send_back=("Client ID", phrase("Issuer (your site's address)"), "Deployment ID"),
        ),
        "sakai": Guide(
            name="Sakai",
            before=("Administration Workspace, External Tools, Install LTI 1.x Tool, LTI 1.3.",),
            values=(
                ("Launch URL", "launch"),
                ("LTI 1.3 Tool Keyset URL", "keys"),
                ("LTI 1.3 Tool OpenID Connect/Initialization Endpoint", "login"),
                ("LTI 1.3 Tool Redirect Endpoint(s)", "launch"),
            ),
            after=(
                phrase("Allow it to return grades, to read the roster, and deep linking."),
                phrase("Save: Sakai then shows what Cairn needs, the token address included."),
            ),
            send_back=("Issuer", "Client ID", "Deployment ID", phrase("Token and keyset URLs")),
        ),
        "schoology": Guide(
            name="Schoology",
            before=("App Center, My Developer Apps, Add App, Type: LTI 1.3.",),
            values=(
                ("Launch URL", "launch"),
                ("OIDC Login Init URL", "login"),
                ("Redirect URLs", "launch"),
                ("JWKS URL", "keys"),
                ("Domain", "domain"),
            ),
            after=("Allow names, e-mail addresses, grades and members, and install it.",),
            send_back=("Client ID", "Deployment ID"),
        ),
        "openedx": Guide(
            name="Open edX",
            before=(
                phrase(
                    "Studio, Advanced Settings: add lti_consumer. Then add an LTI Consumer block."
                ),
            ),
            values=(
                ("Launch URL", "launch"),
                ("Tool Initiate Login URL (OIDC)", "login"),
                ("Tool Public Key Mode: Keyset URL", "keys"),
                ("Deep Linking Launch URL", "launch"),
            ),
            after=(
                phrase(
                    "Choose LTI 1.3 and Assignment and Grades: Declarative. Turn on Deep linking, "
                    "Names & Roles (NRPS), Share Full name, Share Email and “This activity is "
                    "graded”: without the last, no grade reaches the gradebook."
                ),
                phrase(
                    "Studio shows the block's addresses below it. Each block is a registration."
                ),
                phrase(
                    "Place something as a member of the course team: Open edX keeps its global "
                    "staff from deep linking."
                ),
            ),
            send_back=("Client ID", "Deployment ID", "Keyset URL", "Access token URL"),
        ),
        "generic": Guide(
            name=phrase("Another LMS"),
            before=("Where your LMS registers an LTI 1.3 tool.",),
            values=(*_USUAL, ("Domain", "domain")),
            after=(
                phrase(
                    "Allow deep linking, Assignment and Grade Services, Names and Role "
                    "Provisioning, names and e-mail addresses."
                ),
            ),
            send_back=(
                "Issuer",
                "Client ID",
                "Deployment ID",
                phrase("OIDC authorization, access token and keyset URLs"),
            ),
        ),
    }
)


def addresses(base_url: str) -> Mapping[str, str]:
    """Return our values by the names that `Guide.values` uses."""
    parts = urlsplit(base_url)
    return {
        "name": "Cairn",
        "login": f"{base_url}/lti/login",
        "launch": f"{base_url}{LAUNCH_PATH}",
        "keys": f"{base_url}/lti/jwks.json",
        "canvas": f"{base_url}/lti/connect/canvas.json",
        "icon": f"{base_url}/static/logo.svg",
        "domain": parts.netloc,
        "origin": f"{parts.scheme}://{parts.netloc}",
    }


def canvas_key(base_url: str) -> dict[str, Any]:
    """Return what Canvas reads to make an LTI developer key ("Enter URL")."""
    known = addresses(base_url)
    common = {"icon_url": known["icon"], "target_link_uri": known["launch"], "enabled": True}
    placements = [
        {
            **common,
            "placement": placement,
            "text": DEEP_LINK_LABEL,
            "message_type": "LtiDeepLinkingRequest",
            "selection_width": 900,
            "selection_height": 700,
        }
        for placement in (
            "assignment_selection",
            "link_selection",
            "course_assignments_menu",
            "module_index_menu_modal",
        )
    ]
    placements.append(
        {
            **common,
            "placement": "course_navigation",
            "text": "Cairn",
            "message_type": "LtiResourceLinkRequest",
        }
    )
    return {
        "title": "Cairn",
        "description": "Assessments that lead to badges, certificates and degrees.",
        "oidc_initiation_url": known["login"],
        "target_link_uri": known["launch"],
        "redirect_uris": [known["launch"]],
        "public_jwk_url": known["keys"],
        "scopes": list(SCOPES),
        "custom_fields": {},
        "extensions": [
            {
                "domain": known["domain"],
                "tool_id": "cairn",
                "platform": "canvas.instructure.com",
                "privacy_level": "public",
                "settings": {
                    "text": "Cairn",
                    "icon_url": known["icon"],
                    "placements": placements,
                },
            }
        ],
    }
