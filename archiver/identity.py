# SPDX-License-Identifier: EUPL-1.2
"""
The address and the moment by which the index knows a record, from its fields as any tool wrote them.

    https://Example.org:443/a b      https://example.org/a%20b            as `index.urlkey.normalise` has it
    urn:text:https://Example.org     urn:text:https://example.org/        names of Browsertrix and of ours
    dns:example.org                  (none)                               no address of the web

    2026-03-02T02:30:00.5Z           20260302023000

Our own records have their address written so already. Knows nothing of records.
"""

from __future__ import annotations

import re
from functools import lru_cache

from index.timestamp import to_timestamp
from index.urlkey import normalise

from .dialect import warc_moment

_ARTEFACT = re.compile(r"urn:(?:text|textFinal|pageinfo|view|thumbnail|fullPage|fullPageFinal):", re.ASCII)
"""Names with the address of a page in them (browsertrix-crawler, docs/qa.md)."""
_PLAIN_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?Z", re.ASCII)
_MARKS = {ord(mark): None for mark in "-T:"}
_NAMED = re.compile(r"urn:[!-~]{1,4000}", re.ASCII)


def identity(uri: str, base: str | None = None) -> str:
    """Return the address by which a record is found; empty where it can have none."""
    found = normalise(uri, base)
    if found is not None:
        return found
    artefact = _ARTEFACT.match(uri)
    if artefact and (page := normalise(uri[artefact.end() :])):
        return artefact[0] + page
    return uri if _NAMED.fullmatch(uri) else ""


def moment_of(date: str) -> str:
    """Return the 14 digits of a WARC-Date in UTC, empty where it is none."""
    if _PLAIN_DATE.fullmatch(date) and (minute := _minute(date[:16])):
        return minute + date[17:19]
    moment = warc_moment(date)
    return to_timestamp(moment) if moment else ""


@lru_cache(maxsize=4096)
def _minute(text: str) -> str:
    """Return the 12 digits of a minute, `2026-03-02T02:30`; empty where there is none such."""
    digits = text.translate(_MARKS)
    return digits if warc_moment(f"{digits}00") is not None else ""
