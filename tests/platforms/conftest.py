"""The same Campus and product as the tests of `launch`."""

from tests.launch.conftest import campus_site, product, site  # noqa: F401 - found by name
