"""What `cairn doctor` looks at beyond the installation's own parts: platforms and issuers."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select

from lti_tool.badges import did_web, signing
from lti_tool.badges.queries import get_issuer_of
from lti_tool.core import clock, http
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.doctor import Check, Finding
from lti_tool.core.settings import Settings
from lti_tool.grading.backlog import get_backlog, list_lanes
from lti_tool.platforms.models import Deployment, Institution, Registration
from lti_tool.platforms.rules import has_open_copies


def _platforms(_settings: Settings) -> Iterator[Finding]:
    """Find platforms that take no scores, or of which there may be a copy."""
    with system_transaction() as session:
        lanes = list_lanes(session)
    failing = False
    for registration_id, institution_id in lanes:
        with transaction(institution_id) as session:
            lane = get_backlog(session, registration_id, institution_id, due_before=clock.now())
        if lane.failing_since is not None:
            failing = True
            yield Finding(
                about="platforms",
                ok=False,
                says=f"{lane.platform_name} takes no scores since "
                f"{lane.failing_since:%Y-%m-%d %H:%M} UTC ({lane.waiting} wait): "
                f"{lane.platform_error or 'it does not answer'} They are sent as soon as it does; "
                "try its connection in the administration.",
            )
    with system_transaction() as session:
        copied = [
            name
            for name, others in session.execute(
                select(Registration.name, Deployment.other_guids)
                .join(Deployment, Deployment.registration_id == Registration.id)
                .where(Deployment.other_guids != {}, Deployment.institution_id.is_not(None))
                .order_by(Registration.name, Deployment.id)
            )
            if has_open_copies(others)
        ]
    for name in copied:
        yield Finding(
            about="platforms",
            ok=False,
            says=f"{name} is launched from another site with the same ids, perhaps a copy for "
            "tests: what is done there counts. Its administrator decides, in its settings.",
        )
    if not failing and not copied:
        yield Finding(about="platforms", ok=True, says="none is failing")


def _issuers(settings: Settings) -> Iterator[Finding]:
    """See that verifiers find each institution's present keys where credentials name them."""
    own = (urlsplit(settings.issuer_url).netloc, *settings.http.allowed_hosts)
    with system_transaction() as session:
        institutions = list(session.scalars(select(Institution.id).order_by(Institution.slug)))
    for institution_id in institutions:
        with transaction(institution_id) as session:
            issuer = get_issuer_of(session, institution_id)
        ours = did_web.document(issuer.did, signing.public_keys(issuer))
        if http.get_json(f"{issuer.url}/did.json", allowed_hosts=own) != ours:
            yield Finding(
                about="issuers",
                ok=False,
                says=f"{issuer.url}/did.json is not what this installation publishes: no verifier "
                "accepts its credentials. Let the name in CAIRN_ISSUER_URL lead here.",
            )
            return
    yield Finding(
        about="issuers",
        ok=True,
        says=f"verifiers find the keys of {len(institutions)} at {settings.issuer_url}",
    )


CHECKS: Final[Mapping[str, tuple[Check, str]]] = {
    "platforms": (_platforms, "The state of platforms cannot be read: run `cairn migrate`."),
    "issuers": (
        _issuers,
        "No credential can be verified: let the name in CAIRN_ISSUER_URL lead to `cairn serve`.",
    ),
}
