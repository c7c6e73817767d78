"""Which addresses are a platform's own, and what time it is there."""

from datetime import UTC, datetime

import pytest

from lti_tool.platforms.quirks import origins
from lti_tool.platforms.rules import (
    belongs,
    measure_lead,
    origin_of,
    origins_of,
    shared_link_id,
    told_link_id,
)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://lms.example/a?b#c", "https://lms.example"),
        ("https://LMS.example:443/", "https://lms.example"),
        ("http://lms.example:80", "http://lms.example"),
        ("http://127.0.0.1:8401/x", "http://127.0.0.1:8401"),
        ("http://[::1]:8401/x", "http://[::1]:8401"),
        ("https://lms.example:", "https://lms.example"),
        (None, None),
        ("", None),
        ("lms.example", None),
        ("//lms.example", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://user@lms.example", None),
        ("https://lms.example:99999", None),
        ("https://[::1", None),
        ("https://lms.example;script-src *", None),
        ("https://lms .example", None),
        ("https://lms.example/\n;script-src *", None),
        ("https://lms.exa\tmple", None),
        ("https://lms.example/\0", None),
        ("https://schüle.example", None),
        ("https://xn--schle-lva.example", "https://xn--schle-lva.example"),
        ("https://lms.example/".ljust(2048, "x"), "https://lms.example"),
        ("https://lms.example/".ljust(2049, "x"), None),
    ],
)
def test_an_origin_is_what_a_browser_would_say(url: str | None, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_origins_are_named_once_in_order() -> None:
    urls = ["https://b.example/1", "issuer", "https://a.example", "https://b.example/2"]

    assert origins_of(urls) == ("https://b.example", "https://a.example")


def test_a_service_belongs_to_its_platform_or_it_gets_no_token() -> None:
    own = origins("generic", ["https://lms.example/auth", "https://files.example"])

    assert belongs("https://lms.example/lineitems/1?type_id=2", own)
    assert belongs("https://files.example/x", own)
    assert not belongs("https://lms.example.evil.example/lineitems", own)
    assert not belongs("http://lms.example/lineitems", own)
    assert not belongs("https://lms.example:8443/lineitems", own)
    assert not belongs("lineitems", own)


def test_customers_of_a_hosted_product_are_hosts_below_its_own() -> None:
    canvas = origins("canvas", ["https://sso.canvaslms.com/api/lti/authorize_redirect"])

    assert belongs("https://school.instructure.com/api/lti/courses/1/line_items", canvas)
    assert not belongs("https://instructure.com.evil.example/x", canvas)
    assert not belongs("https://evilinstructure.com/x", canvas)
    assert not belongs("http://school.instructure.com/x", canvas)
    assert not belongs("https://.instructure.com/x", canvas)
    assert not belongs("line_items", canvas)
    assert not belongs("https://school.instructure.com/x", origins("generic", []))


NOW = datetime(2026, 3, 1, 12, 0, 5, 640_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Sun, 01 Mar 2026 11:57:05 GMT", 180.64),
        ("Sun, 01 Mar 2026 12:00:05 GMT", 0.64),
        ("Sun, 01 Mar 2026 12:00:08 GMT", -2.36),
        ("Sun, 01 Mar 2026 11:00:06 GMT", 3599.64),
        ("Sun, 01 Mar 2026 11:00:05 GMT", None),
        ("Sun, 01 Mar 2026 13:00:06 GMT", None),
        ("Sun, 01 Mar 2026 12:00:05", None),
        ("yesterday", None),
        ("Sun, 01 Mar 99999999999999999999 12:00:05 GMT", None),
        ("Sun, 01 Mar 2026 12:00:05 +99999999999999999999", None),
        ("", None),
    ],
)
def test_our_clocks_lead_is_measured_by_the_date(date: str, seconds: float | None) -> None:
    lead = measure_lead({"Date": date}, NOW)

    assert (None if lead is None else lead.total_seconds()) == seconds


def test_an_id_that_several_links_share_is_never_told_to_the_platform() -> None:
    assert told_link_id("9a3ce0a4") == "9a3ce0a4"
    assert shared_link_id("9a3ce0a4", "a") != shared_link_id("9a3ce0a4", "b")
    assert told_link_id(shared_link_id("9a3ce0a4", "a")) is None
