"""The same Campus and product as the tests of `launch`; and seven products' installations."""

from tests.conformance.lti.products.fixtures import (  # noqa: F401 - fixtures are found by name
    client,
    wire,
)
from tests.launch.conftest import (  # noqa: F401 - fixtures are found by name
    campus_site,
    connected,
    instructor,
    product,
    site,
    student,
)
