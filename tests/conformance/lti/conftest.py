"""The same Campus and product as the tests of `launch`."""

from tests.launch.conftest import (  # noqa: F401 - fixtures are found by name
    campus_site,
    connected,
    instructor,
    product,
    site,
    student,
)
