# SPDX-License-Identifier: EUPL-1.2
"""
The feature site in an archive: crawled by our own crawler, with a recording of what no crawl can find.

    with archived(folder) as archive:       the crawl and the recording, brought together into one day; the site is gone
        day_of(archive)
        with shown(archive) as base: …

What a crawl cannot find: what is only posted; https, for want of a certificate that anyone trusts; a body of which
only a part was asked for. It is recorded as a client of HTTP does it, into a WARC that is imported.
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from msgspec import structs
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.archive import Archive
from archiver.importing.imports import bring
from archiver.snapshot import take
from archiver.snapshot_folder import SnapshotFolder
from tests.support.archive import Archive as Held
from tests.support.ports import free_port
from tests.support.snapshots import FIRST, HandClock, opened
from tests.support.viewing import serving

from .answers import ORIGINS, SITE
from .server import FeatureSite

NAME = "example"
"""What the site is called in the archive."""

FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
BOUNDARY = "----WebKitFormBoundaryAbCdEfGhIjKlMnOp"
PARTS = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{BOUNDARY}\r\nContent-Disposition: '
    f'form-data; name="b"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n--{BOUNDARY}--\r\n'
)

PATHS = (
    "bom", "broken", "busy", "forbidden", "gone", "latin", "login", "meta-charset", "meta-pragma", "nothing", "other",
    "refresh", "teapot", "untyped", "utf-16", "w/imported.js", "w/worklet.js", "plain.js?ver=1",
)  # fmt: skip
ARRIVALS = ("eval", "form", "header", "href", "replace", "search", "meta", "base")
FAR = (
    "arrive.html?by=assign", "arrive.html?by=link", "arrive.html?by=name", "arrive.html?by=src", "arrive.html?lazy",
    "cors-exact.txt", "cors-no.txt", "preflighted.json", "talking.html", "w/imported.js",
    *(f"img/{number}.png" for number in range(131, 166)),
)  # fmt: skip
QUERIES = (
    "arrive.html?q=1", "arrive.html?q=a+b&r=%C3%A9", "list.json?page=1", "list.json?page=2", "list.json?page=3",
    "list.json?page=4&sort=asc",
)  # fmt: skip
SEEDS = (
    f"{SITE}/",
    *(f"{SITE}/{path}" for path in (*PATHS, *QUERIES)),
    *(f"{SITE}/arrive.html?by={name}" for name in ARRIVALS),
    *(f"{ORIGINS['CDN']}/{path}" for path in FAR),
)
"""Where the crawl begins: the front page, and what only a script puts together or a browser asks for."""


class Sent(NamedTuple):
    """A request of the recording."""

    method: str
    url: str
    body: str = ""
    fields: dict[str, str] = {}  # noqa: RUF012 — never changed


RECORDED = (
    Sent("POST", f"{SITE}/echo", "hallo", TEXT),
    Sent("POST", f"{SITE}/echo", '{"query":"een"}', JSON),
    Sent("POST", f"{SITE}/echo", '{"query":"twee"}', JSON),
    Sent("POST", f"{SITE}/echo", "a=1&b=%C3%A9", FORM),
    Sent("POST", f"{SITE}/echo", PARTS, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}),
    Sent("POST", f"{SITE}/echo", '{"by":"xhr"}', JSON),
    Sent("POST", f"{ORIGINS['CDN']}/echo", '{"far":1}', JSON),
    Sent("POST", f"{SITE}/echo?empty"),
    Sent("PUT", f"{SITE}/echo", "p", TEXT),
    Sent("POST", f"{SITE}/sent", "word=een", {"Content-Type": "application/x-www-form-urlencoded"}),
    Sent("GET", f"{SITE}/echo?get"),
    Sent("GET", f"{SITE}/part.bin", fields={"Range": "bytes=0-"}),
    Sent("GET", f"{SITE}/part.wav", fields={"Range": "bytes=0-"}),
    Sent("GET", f"{ORIGINS['SECURE']}/which.png"),
    Sent("GET", f"{ORIGINS['SECURE']}/brotli.txt"),
    Sent("GET", f"{ORIGINS['SECURE']}/zstd.txt"),
)


@contextlib.contextmanager
def archived(folder: Path) -> Iterator[Archive]:
    """Yield an archive of one day of the site, its server stopped."""
    with FeatureSite() as site:
        crawl = crawled(folder / "crawled", site)
        # by this name an import knows that a file belongs with a crawl of ours: one day, not two
        recording = folder / f"originals-{crawl.name.partition('.')[0].rpartition('-')[0]}.warc.gz"
        warcs = [crawl, recorded(recording, site)]
    with opened(folder / "data", site, HandClock()) as archive:  # type: ignore[arg-type]
        report = bring(archive, archive.settings.site[0], warcs)
        assert len(report.snapshots) == 1, report
        yield archive


def crawled(folder: Path, site: FeatureSite) -> Path:
    """Crawl the site, and return the WARC of that day."""
    more = {
        "seeds": SEEDS,
        "scope": "domain",
        "include": (r"features\.test",),
        "connections": 4,
        "retry_wait": 0.0,
    }
    with opened(folder, site, HandClock(), **more) as archive:  # type: ignore[arg-type]
        take(archive, archive.settings.site[0])
        (day,) = archive.collection.snapshots(NAME)
        (warc,) = day.warcs
        return warc


def recorded(path: Path, site: FeatureSite) -> Path:
    """Ask the site for what a crawl does not find, and write down what was said as a recording client does."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
        for sent in RECORDED:
            _record(writer, sent, site.port)
    return path


def _record(writer: WARCWriter, sent: Sent, port: int) -> None:
    host, _, rest = sent.url.partition("://")[2].partition("/")
    fields = {"Host": host, **sent.fields} | ({"Content-Length": str(len(sent.body))} if sent.body else {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(sent.method, f"/{rest}", sent.body.encode() or None, fields)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    date = {"WARC-Date": _date(FIRST)}
    said = StatusAndHeaders(f"{answer.status} {answer.reason}", answer.getheaders(), protocol="HTTP/1.1")
    asked = StatusAndHeaders(f"{sent.method} /{rest} HTTP/1.1", list(fields.items()), is_http_request=True)
    response = writer.create_warc_record(
        sent.url, "response", BytesIO(body), http_headers=said, warc_headers_dict=dict(date)
    )
    request = writer.create_warc_record(
        sent.url, "request", BytesIO(sent.body.encode()), http_headers=asked, warc_headers_dict=dict(date)
    )
    writer.write_request_response_pair(request, response)
    for record in (request, response):
        record.raw_stream.close()  # warcio has put it into a file of its own


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(archive: Archive) -> SnapshotFolder:
    """Return the one day of the site."""
    (day,) = archive.collection.snapshots(NAME)
    return day


@contextlib.contextmanager
def shown(archive: Archive) -> Iterator[str]:
    """Serve the viewer over the archive on a free port, and yield its address."""
    port = free_port()
    viewer = structs.replace(
        archive.settings.viewer,
        base_url=f"http://localhost:{port}",
        replay_url=f"http://{{label}}.localhost:{port}",
    )
    settings = structs.replace(archive.settings, viewer=viewer)
    held = Held(settings, archive.collection, archive.shelves.history, archive.shelves.catalogue)
    with serving(held, port) as base:
        yield base
