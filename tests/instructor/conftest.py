"""The instructor's pages served for a browser."""

from collections.abc import Iterator

import pytest
from flask import Flask

from lti_tool.core.settings import Settings
from tests.doors import with_doors


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url
