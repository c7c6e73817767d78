"""The demo's databases, on a server that has others."""

from lti_tool.core.settings import Settings
from lti_tool.demo import databases


def test_what_an_older_demo_did_not_make_is_missed(live_settings: Settings) -> None:
    assert databases.find_missing(live_settings.database.url, ("postgres", "no_such_school")) == [
        "no_such_school"
    ]
