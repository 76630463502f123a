# SPDX-License-Identifier: EUPL-1.2
"""Which IP addresses a crawl may talk to."""

from __future__ import annotations

import pytest

from archiver.addresses import AddressGuard, resolve_by_system


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        ("93.184.216.34", None),
        ("2a02:898:0:20::1", None),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", None),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("169.254.169.254", "link-local"),
        ("168.63.129.16", "reserved"),
        ("168.63.129.17", None),
        ("192.0.0.192", "reserved"),
        ("100.100.100.200", "private"),
        ("fd00:ec2::254", "private"),
        ("198.18.0.1", "reserved"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::10.0.0.1", "reserved"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "reserved"),
        ("2001:0:1::1", "reserved"),
        ("64:ff9b:1::a00:1", "reserved"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:93.184.216.34", None),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b::5db8:d822", None),
        ("2002:7f00:1::1", "loopback"),
        ("2002:5db8:d822::1", None),
        ("0x7f.1", "not an IP address"),
        ("localhost", "not an IP address"),
    ],
)
def test_only_global_addresses_pass(address: str, refusal: str | None):
    """An address passes if it, or the IPv4 address inside it, is globally routable."""
    assert AddressGuard().refusal(address) == refusal


@pytest.mark.parametrize(
    ("allowed", "address", "passes"),
    [
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16", "10.2.0.1", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("fd00::/8", "fd12::1", True),
        ("64:ff9b::/96", "64:ff9b::a00:1", True),
        ("::1", "127.0.0.1", False),
    ],
)
def test_the_operator_may_allow_more(allowed: str, address: str, passes: bool):
    """A listed network passes, and nothing beside it does."""
    assert (AddressGuard([allowed]).refusal(address) is None) is passes


def test_a_network_with_host_bits_is_refused():
    """A network that is written wrongly is an error and not a guess."""
    with pytest.raises(ValueError, match="host bits"):
        AddressGuard(["10.0.0.1/8"])


def test_the_system_resolves_literal_addresses():
    """The default resolver gives address and port as the system finds them."""
    assert resolve_by_system("127.0.0.1", 8080) == [("127.0.0.1", 8080)]
