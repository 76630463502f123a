# SPDX-License-Identifier: EUPL-1.2
"""
Servers that misbehave: each way has its outcome, what arrived is kept, and everything else goes on.

One crawl of all of them with small limits, in a process of its own whose memory is bounded.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from archiver import ledger
from archiver.addresses import AddressGuard
from archiver.checking.verify import verify
from archiver.collection import Collection
from archiver.records import iterate
from archiver.settings import Site
from archiver.snapshot import finder, take
from archiver.snapshot_folder import SnapshotFolder
from archiver.strict.days import check
from archiver.strict.rules import Level
from tests.support import hostile
from tests.support.fetching import failed, make_fetcher, received
from tests.support.hostile import ORDINARY, Hostile
from tests.support.misbehaviours import (
    INSIDE,
    MAX_BYTES,
    MAX_DEPTH,
    MISBEHAVIOURS,
    SITE,
    Misbehaviour,
    slowly_extra,
    table,
)
from tests.support.oracles import oracle
from tests.support.rawserver import RawServer
from tests.support.record_rules import broken
from tests.support.sites import Web, text
from tests.support.snapshots import HOST, HandClock, opened

ROOT = Path(__file__).resolve().parent.parent
LIMITS = MappingProxyType(
    {
        "timeout": 1,
        "max_seconds": 3,
        "max_bytes": MAX_BYTES,
        "max_depth": MAX_DEPTH,
        "max_urls": 2000,
        "connections": 8,
    }
)
MEMORY = 4 << 30
"""Bytes of address space; a crawl that wants more fails instead of the machine."""


@dataclass(frozen=True, slots=True)
class Crawled:
    folder: SnapshotFolder
    entries: dict[str, ledger.Entry]
    records: dict[str, tuple[str | None, bytes]]
    """Of every response: WARC-Truncated, and the block."""
    requests: list[bytes]
    peak: int
    reached_inside: bool


def crawled_in_child(folder: Path, ports: dict[str, int], **site) -> dict:
    """Crawl the hostile web in a process of its own, and return what it tells of itself."""
    asked = {"data": str(folder / "data"), "site": {**LIMITS, **site}, "ports": ports, "memory": MEMORY}
    command = [sys.executable, "-m", "tests.support.hostile", json.dumps(asked)]
    # one heap for all threads: each further one takes address space that it does not use
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def responses(folder: SnapshotFolder) -> dict[str, tuple[str | None, bytes]]:
    found = {}
    for warc in folder.warcs:
        for _, record in iterate(warc):
            if record.kind == "response":
                block = record.block.read()
                found[record.field("WARC-Target-URI")] = record.field("WARC-Truncated"), block
    return found


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """Crawl the whole hostile web once."""
    folder = tmp_path_factory.mktemp("hostile")
    retries = {"retries": 0} if "retries" in Site.__struct_fields__ else {}
    with socket.create_server(("127.0.0.2", 0)) as inside:
        inside.settimeout(0)
        with Hostile(inside.getsockname()[1], hostile.certify(folder)) as web:
            told = crawled_in_child(folder, web.ports, **retries)
        reached = True
        with contextlib.suppress(BlockingIOError):
            inside.accept()[0].close()
            reached = False
    collection = Collection(folder / "data")
    snapshot = collection.at("example", told["timestamp"])
    assert list(verify(snapshot, finder(collection, "example"))) == []
    entries = {entry.url: entry for entry in ledger.read(snapshot.ledger_path)}
    yield Crawled(snapshot, entries, responses(snapshot), web.main.requests, told["peak"], not reached)
    shutil.rmtree(folder, ignore_errors=True)


def test_records_keep_the_rules(crawled):
    """Whatever the hostile web sends: every record keeps every rule, by two readings of the standard and by FastWARC."""
    assert broken(crawled.folder.warcs) == []
    found = check(crawled.folder.warcs, datetime(2026, 12, 1, tzinfo=UTC))
    assert [str(one) for one in found if one.level is not Level.SHOULD] == []
    for path in crawled.folder.warcs:
        ran = oracle("fastwarc", "check", "-q", path)
        assert (ran.returncode, ran.stdout) == (0, "")


def outcome(crawl: Crawled, url: str) -> str | None:
    entry = crawl.entries.get(url)
    return entry.outcome.value if entry else None


def became(crawl: Crawled, one: Misbehaviour) -> tuple:
    """Return what became of a misbehaviour, in the order in which `expected` tells what should have."""
    entry = crawl.entries.get(one.url)
    truncated, _ = crawl.records.get(one.url, (None, b""))
    leads = {url: outcome(crawl, url if "://" in url else SITE + url) for url in one.leads}
    return outcome(crawl, one.url), truncated, entry and entry.status, leads


def expected(one: Misbehaviour) -> tuple:
    return one.outcome, one.truncated, one.status, dict(one.leads)


def test_each_misbehaviour_has_its_outcome(crawled):
    """Ledger, WARC and what was found in the answer are as the list says, for every misbehaviour."""
    wrong = {one.name: became(crawled, one) for one in MISBEHAVIOURS if became(crawled, one) != expected(one)}
    assert wrong == {}


def test_what_arrived_is_kept(crawled):
    """The record has the very bytes that were sent, all of them or up to the cut; nothing where none came."""
    for one in MISBEHAVIOURS:
        _, block = crawled.records.get(one.url, (None, b""))
        assert (block == b"") is (one.status is None), one.name
        if isinstance(one.answer, bytes) and one.answer and block:
            assert one.answer.startswith(block), one.name
            extra = "more bytes than its response" in crawled.entries[one.url].reason
            assert block != one.answer if extra else (block == one.answer or one.truncated), one.name
        if one.truncated == "length":
            assert len(block) > 250_000, one.name


def test_whatever_lacks_has_a_reason(crawled):
    """An outcome that is not as the server meant it comes with a sentence."""
    silent = {"captured", "redirect", "http-error"}
    assert [
        url for url, one in crawled.entries.items() if one.outcome.value not in silent and not one.reason
    ] == []


def test_the_rest_of_the_crawl_goes_on(crawled):
    """Ordinary pages before, between and after, and what they link to, are captured; the day is partial."""
    assert {outcome(crawled, f"{SITE}{path}") for path in ORDINARY} == {"captured"}
    assert crawled.folder.summary.outcome == "partial"
    assert dict(crawled.folder.summary.counts) == Counter(entry.outcome for entry in crawled.entries.values())
    assert "not-reached" not in crawled.folder.summary.counts


def test_nothing_inside_is_asked(crawled):
    """No spelling of a private address is connected to; each is in the ledger with its kind."""
    assert not crawled.reached_inside
    inside = [entry for url, entry in crawled.entries.items() if url.endswith("/inside")]
    assert {entry.outcome.value for entry in inside} == {"out-of-scope"}
    kinds = {match[1] for entry in inside if (match := re.search(r"is (\S+); list it under", entry.reason))}
    assert kinds == {"loopback", "unspecified", "private", "link-local"}
    assert (
        len(inside) == len(INSIDE) - 4
    )  # four of the spellings are the first one's own address, in other digits


def test_no_address_of_another_scheme_is_known(crawled):
    """Every address in the ledger is http or https, and has no control character in it."""
    assert [url for url in crawled.entries if not re.fullmatch(r"https?://[!-~]+", url)] == []


def test_nothing_is_carried_from_one_request_to_the_next(crawled):
    """No cookie goes back, and no request has a line that a server put into it."""
    assert [
        request for request in crawled.requests if b"cookie" in request.lower().partition(b"\r\n")[2]
    ] == []
    assert {request.count(b"\r\n") for request in crawled.requests} <= {7, 8}


def test_no_answer_is_taken_for_another(crawled):
    """An answer that nobody asked for is in no record as the answer to something."""
    owned = [url for url, (_, block) in crawled.records.items() if block.endswith(b"\r\n\r\nowned")]
    assert owned == []


def test_memory_is_bounded(crawled):
    """A dozen bombs and endless answers at once cost no more than any site may."""
    assert crawled.peak < 400 << 20


def test_documentation_lists_every_misbehaviour():
    """docs/hostile.md is the list itself."""
    page = (ROOT / "docs" / "hostile.md").read_text(encoding="utf-8")
    assert table() in page


def test_a_late_answer_does_not_answer_the_next_request():
    """What comes on an idle connection ends it; the next request goes over a new one."""

    def answer(connection):
        while connection.request():
            slowly_extra(connection, "")

    with RawServer(answer) as server, make_fetcher() as fetcher:
        first = received(fetcher.fetch(server.url()))
        time.sleep(0.3)
        second = received(fetcher.fetch(server.url("/next")))
    assert (first.endswith(b"fine"), second.endswith(b"fine"), server.accepted) == (True, True, 2)


@pytest.mark.parametrize("later", ["127.0.0.1", "10.0.0.1", "::ffff:169.254.169.254", "fd00::1"])
def test_a_name_that_changes_its_address(later):
    """A name that is public when first asked for and private afterwards is refused by the address connected to."""
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return [("192.0.2.1" if len(asked) == 1 else later, port)]

    # 192.0.2.0/24 stands for the public address here; nothing listens there
    with make_fetcher(guard=AddressGuard(["192.0.2.0/24"]), resolve=rebinding, timeout=0.2) as fetcher:
        first, second = (failed(fetcher.fetch("http://rebinding.test/")) for _ in range(2))
    assert first.outcome in {"timeout", "network-error"}
    assert (second.outcome, later in second.reason) == ("out-of-scope", True)
    assert len(asked) == 2


def test_a_name_that_changes_its_address_in_a_crawl(tmp_path):
    """A site whose name leads inside after its first request loses what comes after, and nothing inside is asked."""
    asked = []
    with (
        Web({"/": text('<a href="/next">x</a>', "text/html")}) as web,
        socket.create_server(("127.0.0.2", 0)) as inside,
    ):
        inside.settimeout(0)
        web.pages["/"] = (200, {"Content-Type": "text/html", "Connection": "close"}, b'<a href="/next">x</a>')
        web.pages["/robots.txt"] = (404, {"Connection": "close"}, b"")

        def rebinding(host, _port):
            asked.append(host)
            return [("127.0.0.1", web.port) if len(asked) < 3 else ("127.0.0.2", inside.getsockname()[1])]

        with opened(tmp_path, web, HandClock(), allow_addresses=("127.0.0.1",), connections=1) as made:
            archive = replace(made, resolve=rebinding)
            taken = take(archive, archive.settings.site[0])
            entries = {
                one.url: one
                for one in ledger.read(archive.collection.at("example", taken.timestamp).ledger_path)
            }
        with pytest.raises(BlockingIOError):
            inside.accept()
    refused = [
        one.url for one in entries.values() if "127.0.0.2" in one.reason and one.outcome == "out-of-scope"
    ]
    assert refused
    assert len(refused) + len(web.asked) == len(entries)


def test_a_sitemap_of_a_million_addresses(tmp_path):
    """A sitemap is read up to the protocol's own limit; what is beyond `max_urls` is over-limit, and the site is archived."""
    rows = b"".join(b"<url><loc>%b/n/%d</loc></url>" % (HOST.encode(), number) for number in range(1_000_000))
    listed = gzip.compress(b"<urlset>" + rows + b"</urlset>", 1, mtime=0)
    pages = {
        "/": text('<a href="/page">x</a>', "text/html"),
        "/sitemap.xml": (200, {"Content-Type": "application/gzip"}, listed),
        "/page": text("here"),
    }
    with Web(pages) as web, opened(tmp_path, web, HandClock(), max_urls=30) as archive:
        taken = take(archive, archive.settings.site[0])
        entries = list(ledger.read(archive.collection.at("example", taken.timestamp).ledger_path))
    counted = Counter(entry.outcome.value for entry in entries)
    assert counted["over-limit"] > 49_900
    assert len(entries) < 50_010
    assert len(web.asked) <= 31
