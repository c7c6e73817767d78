"""Pytest's side of Open edX: `openedx` is a running site, its block registered with us by hand."""

import re
import select
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId
from lti_tool.platforms import services
from lti_tool.platforms.products import filled
from tests.campus.site import WIRE
from tests.witness.fixture import environment

START_SECONDS = 120
PATIENCE_SECONDS = 60  # of a machine that does much else
FOLDER = Path(__file__).parent
BLOCK = "block-v1:School+BIO2+2026+type@lti_consumer+block@{}"
COURSE = "course-v1:School+BIO2+2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEdx:
    """A running Open edX with one course.

    Attributes:
        port: on this machine, under both its names.
        url: as it calls itself: its issuer.
    """

    port: int
    url: str

    def at(self, host: str) -> "OpenEdx":
        """Return it as a site of this name."""
        return OpenEdx(port=self.port, url=f"http://{host}:{self.port}")

    def author(self, block: str, base_url: str, **fields: object) -> None:
        """Type into a block's form what our guide says, and what else a test wants."""
        launch = f"{base_url}/lti/launch"
        usual = {
            "display_name": "Reading statistics",
            "lti_version": "lti_1p3",
            "lti_1p3_launch_url": launch,
            "lti_1p3_oidc_url": f"{base_url}/lti/login",
            "lti_1p3_redirect_uris": [launch],
            "lti_1p3_tool_key_mode": "keyset_url",
            "lti_1p3_tool_keyset_url": f"{base_url}/lti/jwks.json",
            "lti_advantage_deep_linking_enabled": True,
            "lti_advantage_deep_linking_launch_url": launch,
            "lti_advantage_ags_mode": "declarative",
            "lti_1p3_enable_nrps": True,
            "has_score": True,
            "weight": 10,
        }
        said = {"lms": self.url, **usual, **fields}
        address = f"{self.url}/test/author/{block}"
        WIRE.post(address, json=said, timeout=PATIENCE_SECONDS).raise_for_status()

    def do(self, what: str) -> None:
        """Have something done that people do at its administrators' pages."""
        WIRE.post(f"{self.url}/test/{what}", timeout=PATIENCE_SECONDS).raise_for_status()

    def kept(self) -> Any:  # noqa: ANN401 - JSON
        """Return what the package has stored, and its gradebook."""
        return WIRE.get(f"{self.url}/test/kept", timeout=PATIENCE_SECONDS).raise_for_status().json()

    def page(self, username: str, path: str) -> str:
        """Return a page as somebody sees it."""
        address = f"{self.url}/sign-in/{username}"
        entered = WIRE.get(address, params={"next": path}, timeout=PATIENCE_SECONDS)
        cookie = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}
        page = WIRE.get(f"{self.url}{path}", headers=cookie, timeout=PATIENCE_SECONDS)
        assert page.status_code == 200, page.text
        return page.text

    def studio(self, block: str) -> dict[str, str]:
        """Return what Studio shows below the block, for the tool's administrator."""
        page = self.page("mirela", f"/studio/{block}")
        return {
            name: unescape(value)
            for name, value in re.findall(r"<b>([^<]+): </b>\s*(\S+)\s*</p>", page)
        }


def register(edx: OpenEdx, block: str, institution_id: InstitutionId) -> "Registered":
    """Register a block with us, by what Studio shows of it and what we know of Open edX."""
    shown, known = edx.studio(block), filled("openedx", site=edx.url)
    assert known.auth_url == shown["Login URL"]
    registration_id = services.add_registration(
        issuer=known.issuer,
        client_id=shown["Client ID"],
        name="Open edX",
        product="openedx",
        endpoints=services.Endpoints(
            auth_url=known.auth_url,
            token_url=shown["Access Token URL"],
            jwks_url=shown["Keyset URL"],
        ),
    )
    deployment_id = services.add_deployment(registration_id, shown["Deployment ID"], institution_id)
    return Registered(registration_id=registration_id, deployment_id=deployment_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A block that we know."""

    registration_id: RegistrationId
    deployment_id: DeploymentId


@pytest.fixture(scope="module")
def openedx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenEdx]:
    """Install it, once per lock file, and run it on an empty database."""
    python = environment("openedx")
    folder = tmp_path_factory.mktemp("openedx")
    with subprocess.Popen(
        [python, FOLDER / "openedx_site.py", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            told, _, _ = select.select([process.stdout], [], [], START_SECONDS)
            assert told, f"Open edX did not start within {START_SECONDS} seconds"
            port = int(process.stdout.readline())
            yield OpenEdx(port=port, url=f"http://127.0.0.1:{port}")
        finally:
            process.kill()
