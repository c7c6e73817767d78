"""Where the servers of known products listen, so that nobody has to look it up and mistype it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A learning management system by name.

    Attributes:
        name: as its users call it.
        issuer: `{site}` stands for the address of the customer's own site; empty: ask for it.
        auth_url: with `{site}`; empty: ask for it. So are the two below.
        jwks_url: with `{site}` or `{client_id}`.
    """

    name: str
    issuer: str = ""
    auth_url: str = ""
    token_url: str = ""
    jwks_url: str = ""

    @property
    def asks_site(self) -> bool:
        """Tell whether an address depends on the customer's site."""
        return "{site}" in self.issuer


_CANVAS = "https://sso.canvaslms.com"
_SCHOOLOGY = "https://lti-service.svc.schoology.com/lti-service"
_BLACKBOARD = "https://developer.blackboard.com/api/v1"

PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "canvas": Product(
            name="Canvas",
            issuer="https://canvas.instructure.com",
            auth_url=f"{_CANVAS}/api/lti/authorize_redirect",
            token_url=f"{_CANVAS}/login/oauth2/token",
            jwks_url=f"{_CANVAS}/api/lti/security/jwks",
        ),
        "moodle": Product(
            name="Moodle",
            issuer="{site}",
            auth_url="{site}/mod/lti/auth.php",
            token_url="{site}/mod/lti/token.php",  # noqa: S106 - an address
            jwks_url="{site}/mod/lti/certs.php",
        ),
        "blackboard": Product(
            name="Blackboard",
            issuer="https://blackboard.com",
            auth_url=f"{_BLACKBOARD}/gateway/oidcauth",
            token_url=f"{_BLACKBOARD}/gateway/oauth2/jwttoken",
            jwks_url=f"{_BLACKBOARD}/management/applications/{{client_id}}/jwks.json",
        ),
        "brightspace": Product(
            name="Brightspace",
            issuer="{site}",
            auth_url="{site}/d2l/lti/authenticate",
            token_url="https://auth.brightspace.com/core/connect/token",  # noqa: S106 - an address
            jwks_url="{site}/d2l/.well-known/jwks",
        ),
        "sakai": Product(
            name="Sakai",
            issuer="{site}",
            auth_url="{site}/imsoidc/lti13/oidc_auth",
            jwks_url="{site}/imsblis/lti13/keyset",
        ),
        "schoology": Product(
            name="Schoology",
            issuer="https://schoology.schoology.com",
            auth_url=f"{_SCHOOLOGY}/authorize-redirect",
            token_url=f"{_SCHOOLOGY}/access-token",
            jwks_url=f"{_SCHOOLOGY}/.well-known/jwks",
        ),
        "openedx": Product(
            name="Open edX", issuer="{site}", auth_url="{site}/api/lti_consumer/v1/launch/"
        ),
        "generic": Product(name=phrase("Another LMS")),
    }
)


def filled(product: str, *, site: str = "", client_id: str = "") -> Product:
    """Return a product with the addresses of one customer; what is not known stays empty."""
    known = PRODUCTS.get(product, PRODUCTS["generic"])
    site = site.strip().rstrip("/")

    def fill(pattern: str) -> str:
        missing = ("{site}" in pattern and not site) or ("{client_id}" in pattern and not client_id)
        return "" if missing else pattern.format(site=site, client_id=client_id)

    return Product(
        name=known.name,
        issuer=fill(known.issuer),
        auth_url=fill(known.auth_url),
        token_url=fill(known.token_url),
        jwks_url=fill(known.jwks_url),
    )
