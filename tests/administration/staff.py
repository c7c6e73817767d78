"""An institution with staff who are signed in."""

import re
from dataclasses import dataclass
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool.core.ids import InstitutionId
from lti_tool.people.services import add_identity_provider, sign_in
from lti_tool.people.staff_session import COOKIE
from lti_tool.platforms import services

ROLES = ("registrar", "issuer", "auditor", "tool_administrator")


@dataclass(frozen=True, kw_only=True)
class Office:
    """One institution's desk and a browser at it."""

    client: FlaskClient
    institution_id: InstitutionId
    slug: str

    def get(self, path: str, **query: str) -> TestResponse:
        """Ask for a page of the desk."""
        return self.client.get(f"/desk/{self.slug}/{path}", query_string=query)

    def post(self, path: str, *, page: str = "platforms", **values: str) -> TestResponse:
        """Send a form of a page of the desk."""
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', self.get(page).text)
        assert found is not None
        return self.client.post(
            f"/desk/{self.slug}/{path}", data={"csrf_token": found[1], **values}
        )


def office(
    client: FlaskClient,
    *roles: str,
    institution_id: InstitutionId | None = None,
    slug: str | None = None,
) -> Office:
    """Sign somebody in with these roles, at a new institution or at this one."""
    slug = slug or f"i-{uuid4().hex[:8]}"
    if institution_id is None:
        institution_id = services.add_institution(slug, "Northgate University")
    provider_id = add_identity_provider(
        institution_id,
        "Campus",
        f"https://{uuid4().hex[:8]}.example",
        "cairn",
        "secret",
        {role: [role] for role in ROLES},
    )
    claims = {"sub": "ruth", "name": "Ruth", "roles": list(roles)}
    opened = sign_in(institution_id, provider_id, claims)
    client.set_cookie(COOKIE, f"{institution_id}.{opened.id}.{opened.secret}")
    return Office(client=client, institution_id=institution_id, slug=slug)
