"""Seven products as platforms: what each says on the wire, and a server that says it.

Facts are from the products' sources, their makers' documentation and recorded traffic (2024 to
2026). Where none of these shows a value, it is written as the specification has it.
"""

import pytest

from tests.conformance.lti.products.canvas import CANVAS
from tests.conformance.lti.products.hosted import BLACKBOARD, BRIGHTSPACE, SCHOOLOGY
from tests.conformance.lti.products.own_site import MOODLE, OPEN_EDX, SAKAI
from tests.conformance.lti.products.product import Product

PRODUCTS: tuple[Product, ...] = (
    CANVAS,
    MOODLE,
    BLACKBOARD,
    BRIGHTSPACE,
    SAKAI,
    SCHOOLOGY,
    OPEN_EDX,
)

EACH = pytest.mark.parametrize("wire", PRODUCTS, ids=lambda product: product.code, indirect=True)
