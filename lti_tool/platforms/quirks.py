"""How products differ from the specifications, as data: one entry per product.

Everything that a product's name decides is decided here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lti_tool.platforms.rules import origins_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What to do differently for one product.

    Attributes:
        in_flight: score requests under way at once, per registration.
        origins: where its customers' servers are, besides the addresses of the
            registration; `*` stands for the customer.
        token_audience: `aud` of our token requests where it is not the token URL.
    """

    in_flight: int = 16
    origins: tuple[str, ...] = ()
    token_audience: str | None = None


_GENERIC = Quirks()
_PRODUCTS = {
    # Throttles by client id; a customer is a host below instructure.com while the issuer is shared
    # (developerdocs.instructure.com, "Throttling" and "LTI 1.3 configuration", 2026).
    "canvas": Quirks(in_flight=4, origins=("https://*.instructure.com",)),
    "moodle": Quirks(in_flight=8),
    "blackboard": Quirks(in_flight=8, origins=("https://*.blackboard.com",)),
    # docs.valence.desire2learn.com, "LTI Advantage": one audience for all tenants.
    "brightspace": Quirks(
        in_flight=8,
        origins=("https://*.brightspace.com",),
        token_audience="https://api.brightspace.com/auth/token",  # noqa: S106 - an audience
    ),
}


def quirks_of(product: str) -> Quirks:
    """Return what a product needs; an unknown one needs nothing special."""
    return _PRODUCTS.get(product, _GENERIC)


def origins(product: str, addresses: Iterable[str]) -> tuple[str, ...]:
    """Return where a platform lives, each origin once.

    Args:
        product: of its registration.
        addresses: its registration's, and those an operator added for the deployment.
    """
    return (*origins_of(addresses), *quirks_of(product).origins)
