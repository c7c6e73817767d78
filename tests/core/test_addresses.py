import pytest

from lti_tool.core.addresses import is_allowed, is_literal, is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - to be refused
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "localhost",
        "",
    ],
)
def test_what_is_not_plainly_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "172.32.0.1",
        "192.169.0.1",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "64:ff9b::808:808",
    ],
)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(address)


def test_an_operator_allows_a_host_for_all_ports_or_for_one() -> None:
    assert is_allowed("lms.example.edu", 8443, ["lms.example.edu"])
    assert is_allowed("LMS.Example.edu.", 443, ["lms.example.edu"])
    assert is_allowed("127.0.0.1", 5001, ["127.0.0.1:5001"])
    assert is_allowed("::1", 5001, ["[::1]:5001"])
    assert is_allowed("::1", 5001, ["::1"])


def test_an_allowed_host_allows_no_other() -> None:
    assert not is_allowed("127.0.0.1", 5002, ["127.0.0.1:5001"])
    assert not is_allowed("evil.lms.example.edu", 443, ["lms.example.edu"])
    assert not is_allowed("lms.example.edu.evil.com", 443, ["lms.example.edu"])
    assert not is_allowed("127.0.0.1", 80, ["localhost"])
    assert not is_allowed("anything", 443, [])


@pytest.mark.parametrize(
    ("host", "literal"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("lms.example.edu", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_an_address_is_told_from_a_name(host: str, *, literal: bool) -> None:
    assert is_literal(host) is literal
