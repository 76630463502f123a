# SPDX-License-Identifier: EUPL-1.2
"""
Which IP addresses a crawl may talk to. Knows nothing of connections or of names beyond resolving them.

A page, a redirect or a sitemap may name any host, and any host's DNS may point into the network the
crawler stands in. So the rule is on the address itself, at the moment of connecting to it: globally
routable addresses, and what the operator lists under `allow_addresses`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[tuple[str, int]]]
"""Host and port to the addresses and ports to try, in order; raises OSError where there are none."""

# The IANA special-purpose registries (RFC 6890 and its updates) by name. Not `is_global` of the standard
# library: in Python 3.11.7 it takes multicast, ::10.0.0.1, 64:ff9b:1::/48 and fec0::/10 for global, and
# its answers change between patch releases. One address is in no registry: 168.63.129.16 is Azure's own
# service to the virtual machine that asks (its documentation, "What is IP address 168.63.129.16?").
_SPECIAL: Final = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "private",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "reserved",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved",
    "192.88.99.0/24": "reserved",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "reserved",
    "198.51.100.0/24": "reserved",
    "203.0.113.0/24": "reserved",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::/128": "unspecified",
    "::1/128": "loopback",
    "2001::/23": "reserved",
    "2001:db8::/32": "reserved",
    "3fff::/20": "reserved",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "private",
    "ff00::/8": "multicast",
}
# RFC 4291 section 2.4: global unicast is what IANA has given out, and that is 2000::/3 alone.
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def resolve_by_system(host: str, port: int) -> list[tuple[str, int]]:
    """Return the addresses of a host as the system finds them. Raises OSError; bounded by its resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(str(sockaddr[0]), int(sockaddr[1])) for _, _, _, _, sockaddr in found]


class AddressGuard:
    """Globally routable addresses, and networks the operator allows."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Allow the given addresses or networks (`10.1.0.0/16`, `::1`) too. Raises ValueError for others."""
        self._allowed = tuple(ip_network(network) for network in allowed)
        self._special = tuple((ip_network(network), word) for network, word in _SPECIAL.items())

    def refusal(self, text: str) -> str | None:
        """Return why an address may not be connected to, in one word or a few; None where it may."""
        try:
            address = ip_address(text)
        except ValueError:
            return "not an IP address"
        inner = _unwrapped(address)
        if any(_holds(network, one) for network in self._allowed for one in (address, inner)):
            return None
        return self._kind(inner)

    def _kind(self, address: Address) -> str | None:
        for network, word in self._special:
            if _holds(network, address):
                return word
        return None if address.version == 4 or address in _GLOBAL_V6 else "reserved"


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address inside a mapped (RFC 4291), 6to4 (RFC 3056) or NAT64 (RFC 6052) one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
