# SPDX-License-Identifier: EUPL-1.2
"""
Persistent Web IDentifiers: names of archived pages that stay when addresses of archives change. Pure.

    urn:pwid:archief.example.org:2026-03-02T02:30:04Z:page:https://www.ind.nl/a%3Fp=1

The form is that of the namespace `pwid` as registered with IANA (version 1, 2022): which archive, the moment
of the capture in UTC, how much is meant (`page`: with its parts; `part`: this file alone), and the archived
address. A `?`, `#` or bracket in it is written as an escape: RFC 8141 section 2 has no place for them there.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote, urlsplit

from index.timestamp import parse_timestamp

_NO_PLACE = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/%-]+")


def pwid(archive: str, timestamp: str, url: str, coverage: Literal["page", "part"] = "page") -> str:
    """Return the name of a capture (14-digit UTC) of a normalised URL in an archive, named by its host."""
    moment = f"{parse_timestamp(timestamp):%Y-%m-%dT%H:%M:%SZ}"
    item = _NO_PLACE.sub(lambda found: quote(found[0], safe=""), url)
    return f"urn:pwid:{archive}:{moment}:{coverage}:{item}"


def archive_of(base_url: str, website: str = "") -> str:
    """Return what an archive is called in such names: the host of its website, else that of the viewer."""
    return urlsplit(website).hostname or urlsplit(base_url).hostname or ""
