# SPDX-License-Identifier: EUPL-1.2
"""
The rules that every record of ours keeps, as a table, and what breaks them in a file.

    broken(paths)  →  ["t-00000.warc: response <urn:uuid:…>: one date with a fraction", …]

Written against ISO 28500:2017 and the Dutch guideline, by hand, and apart from `archiver.strict.days`: two readings of
one standard find more than one. Reads with warcio, another reader than ours.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

# RFC 3986 appendix A, for the URIs that can stand here: hierarchical ones, and names.
_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_TAIL = rf"(?:\?(?:{_PCHAR}|[/?])*)?"
_HTTP = re.compile(
    rf"https?://(?:\[[0-9a-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{{2}})+)(?::\d+)?(?:/{_PCHAR}*)*{_TAIL}"
)
_NAME = re.compile(rf"urn:[a-z0-9][a-z0-9-]{{0,30}}[a-z0-9]:{_PCHAR}(?:{_PCHAR}|/)*{_TAIL}")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_ID = re.compile(r"<urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}>")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*")
_PROFILE = "http://netpreserve.org/warc/1.1/revisit/"


@dataclass(frozen=True)
class One:
    """A record as another reader has it."""

    kind: str
    fields: tuple[tuple[str, str], ...]
    block: bytes

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name), "")

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The named fields in the block, of application/warc-fields."""
        parts = (line.partition(":") for line in self.block.decode().split("\r\n")[:-1])
        return [(name, value.strip()) for name, _, value in parts]

    @property
    def segmented(self) -> bool:
        return "WARC-Segment-Number" in self


def no_field_twice(one: One) -> bool:
    return max(Counter(name.lower() for name, _ in one.fields).values()) == 1


def has_what_all_have(one: One) -> bool:
    names = {
        "WARC-Type",
        "WARC-Record-ID",
        "WARC-Date",
        "Content-Length",
        "Content-Type",
        "WARC-Block-Digest",
    }
    return names <= {name for name, _ in one.fields}


def block_digest(one: One) -> bool:
    return one["WARC-Block-Digest"] == f"sha256:{hashlib.sha256(one.block).hexdigest()}"


def warcinfo_lines(one: One) -> bool:
    said = dict(one.lines)
    wanted = {
        "software",
        "format",
        "conformsTo",
        "robots",
        "hostname",
        "http-header-user-agent",
        "description",
        "isPartOf",
    }
    return len(said) == len(one.lines) and wanted | {"daykeep-configuration"} <= set(said)


def revisit_is_complete(one: One) -> bool:
    same = one["WARC-Profile"] == f"{_PROFILE}identical-payload-digest"
    known = same or one["WARC-Profile"] == f"{_PROFILE}server-not-modified"
    refers = _ID.fullmatch(one["WARC-Refers-To"]) and _HTTP.fullmatch(one["WARC-Refers-To-Target-URI"])
    date, payload = _DATE.fullmatch(one["WARC-Refers-To-Date"]), _DIGEST.fullmatch(one["WARC-Payload-Digest"])
    head = one.block.startswith(b"HTTP/") and one.block.endswith(b"\r\n\r\n")
    return all((known, refers, date, payload, head, (one["WARC-Truncated"] == "length") == same))


ON = {
    "warcinfo": "WARC-Filename",
    "response": "WARC-Payload-Digest WARC-Truncated",
    "revisit": "WARC-Payload-Digest WARC-Truncated WARC-Profile WARC-Refers-To WARC-Refers-To-Target-URI WARC-Refers-To-Date",
    "request": "WARC-Concurrent-To",
    "metadata": "WARC-Concurrent-To WARC-Refers-To",
    "resource": "WARC-Payload-Digest",
    "continuation": "WARC-Segment-Origin-ID WARC-Segment-Total-Length WARC-Truncated",
}
"""Fields of each type beyond those that all have."""
WIRE = {"WARC-IP-Address", "WARC-Protocol", "WARC-Cipher-Suite"}
ALL = {"WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Type", "Content-Length", "WARC-Block-Digest"}


def allowed(kind: str) -> set[str]:
    """Return every field that a record of a type may have."""
    more = WIRE if kind in {"response", "revisit", "request"} else set()
    own = set() if kind == "warcinfo" else {"WARC-Warcinfo-ID", "WARC-Target-URI"}
    segments = {"WARC-Segment-Number"} if kind in {"response", "resource", "continuation"} else set()
    return ALL | own | more | segments | set(ON[kind].split())


Rule = tuple[str, Callable[[One], bool], Callable[[One], bool]]
"""What it says, of which records, and whether one keeps it."""


def _of(*kinds: str) -> Callable[[One], bool]:
    return lambda one: one.kind in kinds


def _all_but(*kinds: str) -> Callable[[One], bool]:
    return lambda one: one.kind not in kinds


def _has(name: str) -> Callable[[One], bool]:
    return lambda one: name in one


RULES: list[Rule] = [
    ("no field stands twice", _all_but(), no_field_twice),
    ("type, id, date, length, content type and block digest", _all_but(), has_what_all_have),
    ("no field that this type has not", _all_but(), lambda one: {name for name, _ in one.fields} <= allowed(one.kind)),
    ("the block digest is that of the block", _all_but(), block_digest),
    ("the id is a UUID in brackets", _all_but(), lambda one: bool(_ID.fullmatch(one["WARC-Record-ID"]))),
    ("one date with a fraction, in UTC", _all_but(), lambda one: bool(_DATE.fullmatch(one["WARC-Date"]))),
    ("digests are sha256 in lower case", _has("WARC-Payload-Digest"), lambda one: bool(_DIGEST.fullmatch(one["WARC-Payload-Digest"]))),
    ("the warcinfo it stands under", _all_but("warcinfo"), lambda one: bool(_ID.fullmatch(one["WARC-Warcinfo-ID"]))),
    ("the target is a URI of RFC 3986", _all_but("warcinfo"), lambda one: bool(_HTTP.fullmatch(one["WARC-Target-URI"]) or _NAME.fullmatch(one["WARC-Target-URI"]))),
    ("names stand on resources alone", _has("WARC-Target-URI"), lambda one: one["WARC-Target-URI"].startswith("urn:") == (one.kind == "resource") or one.kind == "continuation"),
    ("the address that was talked to", _of("response", "revisit", "request"), lambda one: bool(_ADDRESS.fullmatch(one["WARC-IP-Address"]))),
    ("the protocol, once", _of("response", "revisit", "request"), lambda one: one["WARC-Protocol"] in {"http/1.0", "http/1.1"}),
    ("the cipher suite where it was https", _of("response", "revisit", "request"), lambda one: one["WARC-Target-URI"].startswith("https:") == one["WARC-Cipher-Suite"].startswith("TLS_")),
    ("content type of responses", _of("response", "revisit"), lambda one: one["Content-Type"] == "application/http; msgtype=response"),
    ("content type of requests", _of("request"), lambda one: one["Content-Type"] == "application/http; msgtype=request"),
    ("content type of fields", _of("warcinfo", "metadata"), lambda one: one["Content-Type"] == "application/warc-fields"),
    ("what a request belongs to", _of("request", "metadata"), lambda one: bool(_ID.fullmatch(one["WARC-Concurrent-To"]))),
    ("what metadata is about", _of("metadata"), lambda one: one["WARC-Refers-To"] == one["WARC-Concurrent-To"]),
    ("no field twice in the block", _of("metadata"), lambda one: len(dict(one.lines)) == len(one.lines) > 0),
    ("what a warcinfo says, each once", _of("warcinfo"), warcinfo_lines),
    ("revisits are complete", _of("revisit"), revisit_is_complete),
    ("reasons of truncation", _has("WARC-Truncated"), lambda one: one["WARC-Truncated"] in {"length", "time", "disconnect", "unspecified"}),
    ("the payload of a resource is its block", _of("resource"), lambda one: one["WARC-Payload-Digest"] == one["WARC-Block-Digest"] or one.segmented),
    ("a first segment says no payload digest", _of("response", "resource"), lambda one: not one.segmented or "WARC-Payload-Digest" not in one),
    ("where a continuation belongs", _of("continuation"), lambda one: bool(_ID.fullmatch(one["WARC-Segment-Origin-ID"])) and int(one["WARC-Segment-Number"]) > 1),
    ("the DNS is not made up", _all_but(), lambda one: not one["WARC-Target-URI"].startswith("dns:")),
]  # fmt: skip


def records(path: Path) -> Iterator[One]:
    """Yield every record of a file, as warcio reads it."""
    with path.open("rb") as file:
        for one in ArchiveIterator(file, no_record_parse=True):
            yield One(one.rec_type, tuple(one.rec_headers.headers), one.raw_stream.read())


def broken(paths: Iterable[Path]) -> list[str]:
    """Return which record breaks which rule, and what is wrong between records of one exchange."""
    found, events, kinds = [], defaultdict(set), set()
    for path in paths:
        first = None
        for one in records(path):
            where = f"{path.name}: {one.kind} {one['WARC-Record-ID']}"
            found += [f"{where}: {says}" for says, of, kept in RULES if of(one) and not kept(one)]
            first = first or one
            kinds.add(one.kind)
            if one.kind != "warcinfo" and one["WARC-Warcinfo-ID"] != first["WARC-Record-ID"]:
                found.append(f"{where}: stands under the warcinfo of another file")
            event = one["WARC-Concurrent-To"] or one["WARC-Segment-Origin-ID"] or one["WARC-Record-ID"]
            events[event].add((one["WARC-Date"], one["WARC-Target-URI"]))
        if first is None or first.kind != "warcinfo" or first["WARC-Filename"] != path.name:
            found.append(f"{path.name}: does not begin with its warcinfo")
        if path.stat().st_size >= 10**9:
            found.append(f"{path.name}: reaches 10^9 bytes")
    found += [f"{event}: one exchange with {facts}" for event, facts in events.items() if len(facts) > 1]
    return found
