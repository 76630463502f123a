# SPDX-License-Identifier: EUPL-1.2
"""The machine that crawls, as a warcinfo record names it. Asks nothing of any network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

_ELSEWHERE = ("192.0.2.1", 9)
"""An address of documentation (RFC 5737): the system says how it would go there, and nothing is sent."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Its name, and the address by which servers know it where that is a public one."""

    hostname: str
    ip: str | None = None


def this_machine() -> Machine:
    """Return the machine we run on. A private address says nothing to who reads the file, and is left out."""
    address = _own_address()
    public = address is not None and ipaddress.ip_address(address).is_global
    return Machine(socket.gethostname(), address if public else None)


def _own_address() -> str | None:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(_ELSEWHERE)
            return str(probe.getsockname()[0])
    except OSError:  # no network at all: the crawl will say so
        return None
