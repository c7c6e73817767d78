"""Which addresses are a platform's own, and what time it is there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lti_tool.platforms import rules
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


NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class TestLearning:
    def test_an_address_of_pages_is_learnt_once_and_not_where_it_is_the_platforms_own(self) -> None:
        named = ("https://lms.example", "https://known.example", "https://new.example")
        stored = rules.learn({}, ["https://known.example"], NOON)

        found = rules.unlearnt(named, ("https://lms.example",), stored, insecure=False)

        assert found == ("https://new.example",)

    def test_servers_of_others_at_the_same_host_make_no_address_known(self) -> None:
        named = ("https://school.lms.example",)

        assert rules.unlearnt(named, ("https://*.lms.example",), {}, insecure=False) == named

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            "https://*",
            "https://*.example.edu",
            "https://a.example;script-src",
            "https://a.example; frame-ancestors *",
            "https://a.example\r\nX-Evil: 1",
            "https://user@a.example",
            "https://a_b.example",
            "https://bücher.example",
            f"https://{'a' * 254}",
            "https://a.example:99999",
            "https://[::1]",
            "http://a.example",
            "//a.example",
            "null",
        ],
    )
    def test_what_no_header_may_hold_is_not_learnt(self, url: str) -> None:
        assert rules.unlearnt(rules.origins_of([url]), (), {}, insecure=False) == ()

    def test_path_and_usual_port_are_left_out_and_another_port_is_kept(self) -> None:
        named = rules.origins_of(["https://A.example:443/x?y#z", "https://b.example:8443/"])

        found = rules.unlearnt(named, (), {}, insecure=False)

        assert found == ("https://a.example", "https://b.example:8443")

    def test_http_will_do_where_cairn_itself_is_asked_so(self) -> None:
        assert rules.unlearnt(["http://localhost:81"], (), {}, insecure=True)

    def test_of_a_hundred_the_last_ten_stay_and_what_was_removed_as_well(self) -> None:
        removed = {"at": NOON.isoformat(), "removed_at": NOON.isoformat()}
        stored: dict[str, Any] = {"https://removed.example": removed}
        for number in range(100):
            origin = f"https://h{number}.example"
            stored = rules.learn(stored, [origin], NOON + timedelta(days=number))

        assert {one.origin for one in rules.learnt(stored)} == {
            "https://removed.example",
            *(f"https://h{number}.example" for number in range(90, 100)),
        }
        assert rules.learnt(stored)[0].origin == "https://h99.example"
        assert len(rules.frames(stored)) == rules.MOST_LEARNT

    def test_a_full_list_stays_as_it_is_for_a_day(self) -> None:
        many = [f"https://h{number}.example" for number in range(30)]
        stored = rules.learn({}, many, NOON)

        assert list(stored) == many[: rules.MOST_LEARNT]
        assert rules.learn(stored, many, NOON + timedelta(hours=23)) == stored
        assert rules.room_to_learn(stored, NOON + timedelta(hours=23)) == 0
        assert set(rules.learn(stored, many[10:15], NOON + timedelta(days=1))) > set(many[10:15])

    def test_what_was_removed_frames_nothing_even_where_a_message_names_it(self) -> None:
        removed = {"at": NOON.isoformat(), "removed_at": NOON.isoformat()}
        stored = {"https://a.example": removed, "https://b.example": {"at": NOON.isoformat()}}

        found = rules.frames(stored, ["https://a.example", "https://c.example"])

        assert found == ("https://b.example", "https://c.example")
        assert rules.learn(stored, ["https://a.example"], NOON) == stored
