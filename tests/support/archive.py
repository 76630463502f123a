# SPDX-License-Identifier: EUPL-1.2
"""
A sealed and published archive of a few days, made by hand and without a network.

    days = {"20260302023000": {"https://www.example.org/": Reply("<title>Home</title>Monday")}, …}
    with build(tmp_path, {"demo": days}) as archive:
        archive.history.newest("demo")

What is written goes through the modules that a real crawl writes with; only the answers are made up. A URL
whose payload is that of the day before becomes a revisit, as in a crawl, and so does one answered with 304.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

from archiver import package
from archiver.collection import Collection
from archiver.day_changes import write_changes
from archiver.durable import publish_dir, write_file
from archiver.exchange import Exchange
from archiver.ledger import Entry, UrlOutcome, count, judge, lacking, write_lines
from archiver.markup import MAX_TITLE
from archiver.named_fields import Reference
from archiver.noise_rules import noise_of
from archiver.pages import write_pages
from archiver.publish import Shelves, publish
from archiver.settings import Settings, Site, Viewer
from archiver.snapshot_folder import SnapshotFolder
from archiver.warc import WarcFiles, original_of, refer
from index.catalogue import Catalogue
from index.cdxj import format_line
from index.changes import Kind, encode_changes, merge, reported, tally
from index.history import History
from index.model import Capture, Page
from index.timestamp import local_date, parse_timestamp, to_timestamp
from index.urlkey import urlkey

HTML = "text/html; charset=utf-8"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_LANGUAGE = re.compile(r"<html[^>]*\slang=\"?([a-z]+)")
_UNSEEN = re.compile(r"<(title|script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: `body` as it went over the wire, without transfer coding."""

    body: bytes | str = b""
    mime: str | None = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    truncated: str | None = None
    chunked: bool = False

    @property
    def payload(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body

    def fields(self) -> tuple[tuple[str, str], ...]:
        typed = (("Content-Type", self.mime),) if self.mime else ()
        framed = (
            ("Transfer-Encoding", "chunked") if self.chunked else ("Content-Length", str(len(self.payload)))
        )
        return (*typed, framed, *self.headers)


@dataclass(frozen=True, slots=True)
class Lost:
    """A URL that gave no answer; `outcome` is a word of the ledger."""

    outcome: UrlOutcome
    reason: str = "it was made up so"


Day = Mapping[str, Reply | Lost]


@dataclass(frozen=True, slots=True)
class Archive:
    """Everything that a reader of the archive needs, open."""

    settings: Settings
    collection: Collection
    history: History
    catalogue: Catalogue
    texts: bool = False
    """Whether a day tells of how many changes a reader sees another text, as a real one does."""


@contextmanager
def build(
    root: Path,
    sites: Mapping[str, Mapping[str, Day]],
    *,
    port: int = 8080,
    texts: bool = False,
    **more: Any,
) -> Iterator[Archive]:
    """
    Make an archive of these sites: name → timestamp → URL → answer. Close it by leaving the context.

    `port` is where viewer and replay will be found; `more` goes to every `Site`.
    """
    settings = Settings(
        data=str(root),
        viewer=Viewer(f"http://localhost:{port}", f"http://{{label}}.localhost:{port}"),
        site=tuple(_site(name, days, more) for name, days in sites.items()),
    )
    collection = Collection.create(root)
    catalogue_folder = collection.catalogue / "search"
    with (
        History(collection.catalogue / "history.sqlite") as history,
        Catalogue(catalogue_folder) as catalogue,
    ):
        archive = Archive(settings, collection, history, catalogue, texts)
        for site in settings.site:
            for timestamp, day in sorted(sites[site.name].items()):
                add_day(archive, site, timestamp, day)
        yield archive


def add_day(archive: Archive, site: Site, timestamp: str, day: Day) -> SnapshotFolder:
    """Write, seal and publish one snapshot."""
    folder = archive.collection.begin(site.name, parse_timestamp(timestamp))
    assert folder.timestamp == timestamp, f"{timestamp} is taken"
    before = _previous(archive.collection, site.name, timestamp)
    written = _write(archive, site, folder, day, before)
    _describe(archive, site, folder, written, before)
    sealed = archive.collection.at(site.name, timestamp)
    publish_dir(folder.path, sealed.path)
    publish(archive.collection, Shelves(archive.history, archive.catalogue), sealed)
    return sealed


@dataclass(slots=True)
class _Written:
    captures: list[Capture] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def _site(name: str, days: Mapping[str, Day], more: Mapping[str, Any]) -> Site:
    seed = next((url for day in days.values() for url in day), "https://www.example.org/")
    return Site(**{"name": name, "seeds": (seed,), "title": f"Site {name}", **more})


def _previous(collection: Collection, site: str, timestamp: str) -> SnapshotFolder | None:
    earlier = [folder for folder in collection.snapshots(site) if folder.timestamp < timestamp]
    return next((folder for folder in reversed(earlier) if folder.summary.outcome != "failed"), None)


def _write(
    archive: Archive, site: Site, folder: SnapshotFolder, day: Day, before: SnapshotFolder | None
) -> _Written:
    moments = itertools.count()
    start = parse_timestamp(folder.timestamp)
    files = WarcFiles(
        folder.path / "archive",
        f"{site.name}-{folder.timestamp}",
        compression=site.compression,
        warcinfo={"software": package.SOFTWARE},
        now=lambda: start,
        new_id=lambda: f"<urn:uuid:{uuid.uuid4()}>",
    )
    written = _Written()
    for url, answer in day.items():
        moment = start + timedelta(seconds=next(moments))
        if isinstance(answer, Lost):
            written.entries.append(_entry(url, answer.outcome, None, answer.reason, 0, moment))
        else:
            _write_reply(archive, files, written, exchange(url, answer, moment), before)
    files.close()
    return written


def exchange(url: str, reply: Reply, moment: datetime) -> Exchange:
    """Return an answer as it would have come over the wire."""
    fields = reply.fields()
    lines = [f"HTTP/1.1 {reply.status} Made up", *(f"{name}: {value}" for name, value in fields), "", ""]
    head = "\r\n".join(lines).encode("latin-1")
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(reply.payload), reply.payload) if reply.chunked else reply.payload
    return Exchange(
        url=url,
        date=moment,
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=BytesIO(head + body),
        length=len(head) + len(body),
        head_length=len(head),
        status=reply.status,
        headers=fields,
        payload_digest=f"sha256:{hashlib.sha256(reply.payload).hexdigest()}",
        payload_length=len(reply.payload),
        chunked=reply.chunked,
        address="192.0.2.1",
        protocols=("http/1.1",),
        truncated=reply.truncated,
    )


def _write_reply(
    archive: Archive, files: WarcFiles, written: _Written, answer: Exchange, before: SnapshotFolder | None
) -> None:
    same = _same(archive.collection, answer, before)
    capture = files.exchange(answer, same)
    written.captures.append(capture)
    outcome = _outcome(answer, unchanged=same is not None)
    written.entries.append(_entry(answer.url, outcome, answer.status, "", answer.length, answer.date))
    if answer.status == 200 and answer.mime == "text/html":
        markup = b"".join(answer.payload()).decode("utf-8", "replace")
        title, language = _TITLE.search(markup), _LANGUAGE.search(markup)
        called = _read(title[1])[:MAX_TITLE] if title else ""
        written.pages.append(Page(answer.url, capture.timestamp, called, language[1] if language else ""))
        if same is None:
            text = _read(_UNSEEN.sub(" ", markup)).encode("utf-8", "replace")
            written.captures.append(files.resource(f"urn:text:{answer.url}", "text/plain", text, answer.date))


def _read(markup: str) -> str:
    """Return what a reader sees of markup without tags: references read, white space collapsed."""
    return " ".join(unescape(markup).split())


def _same(collection: Collection, answer: Exchange, before: SnapshotFolder | None) -> Reference | None:
    found = before.index.find(answer.url) if before else None
    if before is None or found is None or answer.status not in {200, 304}:
        return None
    if answer.status == 200 and found.digest != answer.payload_digest:
        return None
    original = original_of(found, before.timestamp)
    return refer(collection.at(before.site, original.snapshot).warc(original.filename), original)


def _outcome(answer: Exchange, *, unchanged: bool) -> UrlOutcome:
    if answer.truncated:
        return UrlOutcome.TRUNCATED
    if unchanged:
        return UrlOutcome.UNCHANGED
    if 300 <= answer.status < 400:
        return UrlOutcome.REDIRECT
    return UrlOutcome.CAPTURED if answer.status < 400 else UrlOutcome.HTTP_ERROR


def _entry(
    url: str, outcome: UrlOutcome, status: int | None, reason: str, size: int, moment: datetime
) -> Entry:
    return Entry(url, outcome, status, reason, "seed", size, to_timestamp(moment))


def _describe(
    archive: Archive, site: Site, folder: SnapshotFolder, written: _Written, before: SnapshotFolder | None
) -> None:
    by_key = sorted(written.entries, key=lambda entry: (urlkey(entry.url), entry.url))
    write_file(folder.index_path, sorted(map(format_line, written.captures)))
    write_file(folder.pages_path, write_pages(written.pages))
    write_file(folder.ledger_path, write_lines(by_key))
    counts = count(by_key)
    server_errors = sum((entry.status or 0) >= 500 for entry in by_key)
    outcome = judge(counts, server_errors)
    own = {
        "site": site.name,
        "timestamp": folder.timestamp,
        "day": local_date(folder.timestamp, archive.settings.zone).isoformat(),
        "outcome": outcome.value,
        "counts": counts,
        **_changes(archive, site, folder, before, failed=outcome == "failed"),
        "lacking": lacking(counts, server_errors),
        "full": before is None,
        "demonstration": site.demonstration,
        "timezone": archive.settings.timezone,
    }
    described = package.describe(
        site.title,
        site.seeds[0],
        parse_timestamp(folder.timestamp),
        package.resources(folder.path, _hash),
        own,
    )
    package.write_package(folder.path, described, _hash)


def _changes(
    archive: Archive, site: Site, folder: SnapshotFolder, before: SnapshotFolder | None, *, failed: bool
) -> dict[str, Any]:
    """Write what a day changed, and return what is sealed of it."""
    if archive.texts:
        others = reversed(archive.collection.snapshots(site.name))
        earlier = (one for one in others if one.summary.outcome != "failed")
        zone = archive.settings.zone
        return write_changes(archive.collection, folder, earlier, noise_of(site), zone, failed=failed)
    kinds: Counter[Kind] = Counter()
    changes = merge(before.index.captures() if before else (), folder.index.captures())
    write_file(folder.changes_path, encode_changes(tally(() if failed else changes, kinds)))
    return {"changes": {kind.value: kinds[kind] for kind in Kind}, "changed": reported(kinds)}


def _hash(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
