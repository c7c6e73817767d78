"""Which network addresses Cairn may call when somebody else names the host.

Pure judgements, no look-ups: `core.http` resolves a name and asks here about every
address it got. What is not plainly public is refused, by the lists of the IANA
special-purpose registries (https://www.iana.org/assignments/iana-ipv4-special-registry/,
https://www.iana.org/assignments/iana-ipv6-special-registry/). They are written out
because `ipaddress.is_global` changed its mind between releases of Python 3.11.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

REFUSED_V4 = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # "this network": Linux takes it for loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and the metadata service of one cloud
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata service of the others
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# Only 2000::/3 is given out as global unicast; inside it these carry an IPv4 address
# (Teredo, 6to4), are for documentation or belong to protocols.
GLOBAL_V6 = ip_network("2000::/3")
REFUSED_V6 = tuple(
    ip_network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

# A network without IPv4 reaches IPv4 hosts by this prefix (RFC 6052 §2.1): the last 32
# bits are the address that counts.
NAT64 = ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an address, as `getaddrinfo` writes it, is on the open internet.

    False for loopback, private, shared, link-local, multicast, reserved and
    documentation addresses and for every IPv6 form that hides an IPv4 one, except
    NAT64, where the hidden address is judged.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in block for block in REFUSED_V4)
    if parsed.scope_id is not None:
        return False
    if parsed in NAT64:
        return is_public(str(_last_32_bits(parsed)))
    return parsed in GLOBAL_V6 and not any(parsed in block for block in REFUSED_V6)


def is_literal(host: str) -> bool:
    """Tell whether a URL's host is an IP address, with or without brackets."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_allowed(host: str, port: int, allowed_hosts: Iterable[str]) -> bool:
    """Tell whether an operator named this host, for every port or for this one.

    Entries are `name`, `name:port`, `address`, `address:port` or `[ipv6]:port`; they are
    compared with what the URL says, never with what it resolves to.
    """
    name = normal_host(host)
    written = f"[{name}]" if ":" in name else name
    wanted = {name, written, f"{written}:{port}"}
    return any(normal_host(entry) in wanted for entry in allowed_hosts)


def normal_host(host: str) -> str:
    """Return the host in lower case, without the final dot of a full name."""
    return host.strip().lower().removesuffix(".")


def _last_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)
