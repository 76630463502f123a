# SPDX-License-Identifier: EUPL-1.2
"""
Whether a line of the index describes its record, and a revisit what it refers to. Knows nothing of seals.

    line ──▶ record             same key, address, moment, length, payload digest, kind, id
         ──▶ record of request  where that was no GET: same method, same body, and each other's
    revisit's line ──▶ revisit  the profile of its status; same id, address and moment of the original
                   ──▶ line of the original, in the index of its own snapshot: same place, payload, id
                   ──▶ record of the original (`unread`): is the response of that URL, with that payload
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from index.cdxj import Index
from index.model import Capture, Original, Request
from index.request_key import key_of_request
from index.urlkey import urlkey

from ..identity import identity, moment_of
from ..named_fields import IDENTICAL, NOT_MODIFIED
from ..readback import Found
from ..records import open_whole
from ..responses import payload_digest
from ..scanning.scan import scan
from ..scanning.seen import Seen
from ..sent import request_of
from ..snapshot_folder import SnapshotFolder
from ..warc import refer

MAX_OPEN = 64
"""Indexes of earlier snapshots that are kept open; each takes a file descriptor."""

NO_DIGEST = "-"
"""In the line of a revisit that says no digest and refers to nothing there is."""

_STRING = rb'"[ -!#-\[\]-~]*+"'
_KEPT = rb'"([ -!#-\[\]-~]*+)"'
ANSWER = re.compile(
    rb'([!-~]++) (\d{14}) \{"url":%(kept)b,"mime":%(any)b,"status":"(?:\d{1,18}|-)","digest":%(kept)b,'
    rb'"length":"(\d{1,18})","offset":"\d{1,18}","filename":%(kept)b'
    rb'(?:,"redirect":%(any)b)?+(?:,"etag":%(any)b)?+(?:,"last_modified":%(any)b)?+(?:,"truncated":%(any)b)?+'
    rb'(?:,"record":%(kept)b)?+(?:,"date":%(kept)b)?+(?:,"recorded":%(any)b)?+\}\n'
    % {b"kept": _KEPT, b"any": _STRING}
)
"""A whole line as we write it, of what is no revisit, not made up, and in one record; strings as they are."""
_NOT_DIGITS = {ord(mark): None for mark in "-:T"}


def is_plain(line: bytes, filename: str, found: Found) -> bool:
    """
    Tell whether a line is as we write those of responses, and all that it says is as in its record.

    It only ever accepts what `misdescribed` finds nothing wrong with; to read the line whole takes longer.
    """
    said = ANSWER.fullmatch(line)
    if said is None or found.kind == "revisit" or "warc-segment-number" in found.fields:
        return False
    key, timestamp, url, digest, length, file, record, date = said.groups()
    fields = found.fields
    moment = fields.get("warc-date", "")
    address = identity(found.url)
    return (
        url.decode("ascii") == address
        and key.decode("ascii") == urlkey(address)
        and file.decode("ascii") == filename
        and int(length) == found.end - found.offset
        and digest.decode("ascii") == found.digest
        and timestamp.decode("ascii") == moment_of(moment)
        and (date is None or date.decode("ascii") == moment)
        and (record is None or record.decode("ascii") == fields.get("warc-record-id", "").strip("<> "))
    )


def misdescribed(capture: Capture, filename: str, found: Found) -> str:
    """Return what of a line is not as in the record where it points, empty where all is."""
    date = found.fields.get("warc-date", "")
    url = identity(found.url)
    facts = {
        "key": (capture.urlkey, _key(capture, url)),
        "address": (capture.url, url),
        "place": (capture.filename, filename),
        "length": (capture.length, found.end - found.offset),
        "payload digest": (_digest_in(capture, found), found.digest),
        "kind": (capture.original is not None or capture.unresolved, found.kind == "revisit"),
        "timestamp": (capture.timestamp, moment_of(date)),
        "date": (capture.date or date, date),
        "record": (capture.record, found.fields.get("warc-record-id", "").strip("<> ")),
    }
    if capture.record is None:
        del facts["record"]
    return _differing(facts)


def _key(capture: Capture, url: str) -> str:
    request = capture.request
    return key_of_request(url, request.method, request.query) if request else urlkey(url)


def misanswered(request: Request, found: Found, path: Path) -> str:
    """Return what of a line's request is not as in its record, empty where all is. Raises DamagedError."""
    if not request.filename:
        return ""  # it did not come along
    there = next(scan(path, request.offset, request.offset + 1), None)
    if not isinstance(there, Seen) or there.kind != "request":
        return "record"
    names = {there.fields.get("warc-concurrent-to"), found.fields.get("warc-concurrent-to")}
    own = {found.fields.get("warc-record-id"), there.fields.get("warc-record-id")}
    return _differing(
        {
            "method, body or place": (request, request_of(there, request.filename)),
            "answer": (True, bool(names & own) or names == {None}),
        }
    )


def _digest_in(capture: Capture, found: Found) -> str:
    """Return the digest that a line says its record has: of another tool's revisit in its own words."""
    if found.kind != "revisit":
        return capture.digest
    return capture.recorded or ("" if capture.digest == NO_DIGEST else capture.digest)


def misreferred(capture: Capture, original: Original, found: Found) -> str:
    """Return what a revisit's line says of the original and its record says otherwise."""
    date = found.fields.get("warc-refers-to-date", "")
    record = found.fields.get("warc-refers-to", "")
    facts = {
        "profile": (NOT_MODIFIED if capture.status == 304 else IDENTICAL, found.fields.get("warc-profile")),
        "address": (original.url, found.fields.get("warc-refers-to-target-uri")),
        "timestamp": (original.timestamp, _digits(date)),
        "date": (original.date or date, date),
        "record": (f"<{original.record}>" if original.record else record, record),
    }
    differing = _differing(facts)
    return f"its record gives another {differing}" if differing else ""


def unread(path: Path, capture: Capture, original: Original) -> str:
    """Return what is wrong with the very record that a revisit refers to. Raises DamagedError."""
    there = refer(path, original)
    facts = {
        "date": (original.date or there.date, there.date),
        "record": (f"<{original.record}>" if original.record else there.record_id, there.record_id),
        "payload digest": (capture.digest, there.digest),
    }
    differing = _differing(facts)
    return f"the record there has another {differing}" if differing else ""


def whole_digest(path: Path, capture: Capture) -> str:
    """Return the payload digest of a record that stands in segments, all of it read. Raises DamagedError."""
    with open_whole(path.with_name, path, capture.offset, capture.segments) as record:
        return payload_digest(record)


class OpenIndexes:
    """The indexes of a snapshot and of those that its revisits refer to, each opened once. Close it."""

    def __init__(self, folder: SnapshotFolder) -> None:
        self._folder = folder
        self._open: dict[str, Index] = {}

    def of(self, snapshot: str) -> Index:
        """Return the index of a snapshot of the site. Raises NotFoundError, OSError."""
        if snapshot not in self._open:
            home = self._folder
            if snapshot != home.timestamp:
                home = SnapshotFolder(home.site, snapshot, home.path.parent / snapshot)
                self._make_room()
            self._open[snapshot] = Index(home.index_path)
        return self._open[snapshot]

    def unknown(self, capture: Capture, original: Original) -> str:
        """Return what is wrong where the original's own snapshot has another payload there, or none."""
        for line in self.of(original.snapshot).candidates(original.url, capture.urlkey):
            if (line.filename, line.offset) == (original.filename, original.offset):
                if line.segments != original.segments:
                    continue
                same_record = original.record in {None, line.record} and original.date in {None, line.date}
                if line.original is None and line.digest == capture.digest and same_record:
                    return ""
        return f"snapshot {original.snapshot} knows no such payload there"

    def close(self) -> None:
        """Close all."""
        for index in self._open.values():
            index.close()
        self._open.clear()

    def _make_room(self) -> None:
        others = [snapshot for snapshot in self._open if snapshot != self._folder.timestamp]
        if len(others) >= MAX_OPEN:
            self._open.pop(others[0]).close()


def _digits(date: str) -> str:
    """Return the 14 digits of a WARC-Date in UTC."""
    return date[:19].translate(_NOT_DIGITS)


def _differing(facts: Mapping[str, tuple[object, object]]) -> str:
    return ", ".join([name for name, (said, there) in facts.items() if said != there])
