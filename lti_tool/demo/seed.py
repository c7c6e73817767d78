"""Load the demo's content, as an administrator and an author would: by the product's services."""

from flask import Flask

from lti_tool.campus import store
from lti_tool.core.ids import InstitutionId
from lti_tool.core.settings import Settings
from lti_tool.platforms import services as platform_services
from lti_tool.platforms.services import Endpoints

SLUG, NAME = "northgate", "Northgate University"


def seed_demo(settings: Settings, campus: Flask) -> None:
    """Fill two empty databases: Cairn's and Campus'.

    Args:
        settings: of this process, which is connected to Cairn's database.
        campus: the application on Campus' database.
    """
    institution_id = platform_services.add_institution(SLUG, NAME)
    _connect_campus(settings, campus, institution_id)


def _connect_campus(settings: Settings, campus: Flask, institution_id: InstitutionId) -> None:
    running = campus.extensions["campus"]
    store.seed(running.engine)
    base, campus_url = settings.base_url, running.settings.base_url
    tool = store.connect_tool(
        running.engine,
        name="Cairn",
        login_url=f"{base}/lti/login",
        launch_url=f"{base}/lti/launch",
        deep_link_url=f"{base}/lti/launch",
        jwks_url=f"{base}/lti/jwks.json",
        redirect_uris=[f"{base}/lti/launch"],
    )
    registration_id = platform_services.add_registration(
        issuer=campus_url,
        client_id=tool.client_id,
        name="Campus",
        endpoints=Endpoints(
            auth_url=f"{campus_url}/lti/auth",
            token_url=f"{campus_url}/lti/token",
            jwks_url=f"{campus_url}/lti/jwks",
        ),
    )
    platform_services.add_deployment(registration_id, tool.deployment_id, institution_id)
