"""A Campus to connect."""

from tests.launch.conftest import campus_site, site  # noqa: F401 - found by name
