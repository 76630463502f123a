# SPDX-License-Identifier: EUPL-1.2
"""The viewer as in production: behind nginx and behind Caddy, over TLS, under a wildcard name, in Chromium."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from msgspec import structs
from playwright.sync_api import Browser, expect

from archiver.settings import Viewer
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import ARGUMENTS, shell, visit
from tests.support.importing import EXAMPLE, empty_archive, exchange, take, write
from tests.support.nginx import Nginx
from tests.support.part_records import STAMP, part, records, whole
from tests.support.ports import LOOPBACK, accepts, free_port, free_ports, wait_until
from tests.support.production import caddy_example, certificate, nginx_example
from tests.support.rawserver import Connection, RawServer
from tests.support.viewing import serving

pytestmark = pytest.mark.browser

SITE = "https://www.example.org"
CDN = "https://cdn.example.net"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
VIEWER = "archive.example.org"
SCRIPT = """
fetch('/data.json').then((answer) => answer.json()).then(({ day }) => {
  document.querySelector('output').textContent = day;
});
"""
PAGE = """<!doctype html><html lang="nl"><head><title>Home</title><link rel="stylesheet" href="{cdn}/a.css"></head><body>
<h1>{day}</h1><output></output><a href="/map%2Fdeel//lijst?q=a%26b">Lijst</a>
<video src="/film.mp4"></video><script>{script}</script></body></html>"""
FILM = bytes(range(256)) * 64


def day(name: str) -> dict[str, Reply]:
    """Return a day of the site, on which all says its name."""
    return {
        f"{SITE}/": Reply(PAGE.format(cdn=CDN, day=name, script=SCRIPT)),
        f"{SITE}/data.json": Reply(f'{{"day": "{name} also"}}', "application/json"),
        f"{SITE}/map%2Fdeel//lijst?q=a%26b": Reply(f"<!doctype html><title>L</title><p>list of {name}"),
        f"{SITE}/film.mp4": Reply(FILM, "video/mp4"),
        f"{CDN}/a.css": Reply("h1 { color: rgb(1, 2, 3) }", "text/css"),
        f"{SITE}/long.css": Reply(
            f"h1 {{ background: url({CDN}/a.png) }}" + "p { color: red }" * 100, "text/css"
        ),
        f"{SITE}/in-pieces.txt": Reply("piece " * 500, "text/plain", chunked=True),
        f"{SITE}/packed.txt": Reply(
            gzip.compress(b"packed " * 500, mtime=0), "text/plain", headers=(("Content-Encoding", "gzip"),)
        ),
        f"{SITE}/moved": Reply("moved", status=302, headers=(("Location", "/"),)),
        f"{SITE}/broken": Reply("an error", "text/plain", status=500),
    }


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("archive")
    with build(folder, {"example": {MONDAY: day("Monday"), TUESDAY: day("Tuesday")}}) as made:
        yield made


@contextmanager
def caddy(folder: Path, secure: int, behind: int) -> Iterator[None]:
    """Run Caddy with the production example."""
    config = folder / "Caddyfile"
    config.write_text(caddy_example(folder, secure, behind), encoding="utf-8")
    home = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    with (folder / "caddy.log").open("wb") as log:
        command = ["caddy", "run", "--config", config, "--adapter", "caddyfile"]
        process = subprocess.Popen(command, env=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: accepts(secure), lambda: process.poll() is None, 30)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(params=["nginx", "caddy"])
def in_production(request, tmp_path) -> Callable[[Archive], AbstractContextManager[int]]:
    """Return what starts the viewer of an archive, and a proxy in front of it, and yields the port of the public."""

    @contextmanager
    def start(archive: Archive) -> Iterator[int]:
        plain, secure = free_ports(2)
        behind = free_port()
        certificate(tmp_path)
        names = Viewer(f"https://{VIEWER}:{secure}", f"https://{{label}}.replay.example.org:{secure}")
        settings = structs.replace(archive.settings, viewer=names)
        renamed = Archive(settings, archive.collection, archive.history, archive.catalogue)
        with serving(renamed, behind):
            if request.param == "nginx":
                with Nginx({}, tmp_path / "nginx", http=nginx_example(tmp_path, plain, secure, behind)):
                    yield secure
            else:
                with caddy(tmp_path, secure, behind):
                    yield secure

    return start


@pytest.fixture
def production(in_production, archive) -> Iterator[int]:
    """Start it with the archive of two days; return the port at which the public comes."""
    with in_production(archive) as port:
        yield port


@pytest.fixture(scope="module")
def public(browser: Browser) -> Iterator[Browser]:
    """Start a Chromium for which every name is this machine, and the certificate good."""
    sandbox = () if os.geteuid() else ("--no-sandbox",)
    rules = ("--host-resolver-rules=MAP * 127.0.0.1", "--ignore-certificate-errors")
    options = [*ARGUMENTS, *rules, *sandbox]
    with browser.browser_type.launch(executable_path=shell(), args=options) as started:
        yield started


def test_a_page_is_replayed(production: int, public: Browser) -> None:
    """Style of another host, a script's data, a link with escapes, and only names of the archive are asked."""
    start = f"https://{VIEWER}:{production}/web/{MONDAY}/{SITE}/"
    with visit(public, start, ignore_https_errors=True) as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("h1")).to_have_css("color", "rgb(1, 2, 3)")
        expect(frame.locator("output")).to_have_text("Monday also")
        frame.get_by_role("link", name="Lijst").click()
        expect(frame.locator("p")).to_have_text("list of Monday")
        expect(seen.page).to_have_url(
            re.compile(r"/web/\d{14}/https://www\.example\.org/map%2Fdeel//lijst\?q=a%26b$")
        )
        hosts = {re.match(r"https://([^/:]+)", url)[1] for url in seen.requests}  # type: ignore[index]
        assert all(host == VIEWER or host.endswith(".replay.example.org") for host in hosts), hosts
        assert seen.problems == []


def test_two_days_do_not_meet(production: int, public: Browser) -> None:
    """The same address of another day, with the browser's cache and the proxy's warm, is that other day's."""
    with visit(public, ignore_https_errors=True) as seen:
        for stamp, name in ((MONDAY, "Monday"), (TUESDAY, "Tuesday"), (MONDAY, "Monday")):
            seen.page.goto(f"https://{VIEWER}:{production}/web/{stamp}/{SITE}/")
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.locator("h1")).to_have_text(name)
            expect(frame.locator("output")).to_have_text(f"{name} also")


def test_a_replay_name_at_top_level_leads_to_the_frame(production: int, public: Browser) -> None:
    """Who opens an archived page's own name sees it in the viewer's frame."""
    with visit(public, ignore_https_errors=True) as seen:
        seen.page.goto(f"https://{MONDAY}-www-example-org.replay.example.org:{production}/")
        expect(seen.page).to_have_url(f"https://{VIEWER}:{production}/web/{MONDAY}/{SITE}/")
        expect(seen.page.frame_locator("#daykeep-page").locator("h1")).to_have_text("Monday")


@pytest.mark.parametrize("times", [1, 3])
def test_a_range_is_a_range(production: int, tmp_path: Path, times: int) -> None:
    """Seeking in a film works through the proxy, also once the whole of it is in its cache."""
    host = f"{MONDAY}-www-example-org.replay.example.org"
    for _ in range(times):
        status, headers, body = get(production, tmp_path, host, "/film.mp4", "Range: bytes=100-199\r\n")
        assert (status, headers["Content-Range"], body) == (206, f"bytes 100-199/{len(FILM)}", FILM[100:200])
        assert get(production, tmp_path, host, "/film.mp4", "")[2] == FILM


BYTES = bytes(range(100))
V1 = {"ETag": '"v1"'}
GIVEN = [
    part("/lone.bin", BYTES, 40, 60, 1, **V1),
    part("/hole.bin", BYTES, 0, 30, 1, **V1),
    part("/hole.bin", BYTES, 60, 100, 2, **V1),
    part("/joined.bin", BYTES, 50, 100, 1, **V1),
    part("/joined.bin", BYTES, 0, 60, 2, **V1),
    whole("/whole.bin", BYTES, 1, **V1),
]
SEEKING = b"""<!doctype html><title>seeks</title><p></p><script>
(async () => {
  const told = [];
  for (const range of ["bytes=30-39", "bytes=0-", "bytes=60-99", "bytes=30-", "bytes=10-"]) {
    const answer = await fetch("/hole.bin", { headers: { Range: range } });
    told.push(answer.ok ? `${(await answer.arrayBuffer()).byteLength}` : "gap");
  }
  document.querySelector("p").textContent = told.join(" ");
})();
</script>"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Make a day that a browser recorded, which asked for parts."""
    root = tmp_path_factory.mktemp("recorded")
    with empty_archive(root / "data") as opened:
        pages = exchange("/seeking", SEEKING, "2026-02-10T11:00:00Z", 900)
        take(opened, write(root / "a.warc", pages + records(GIVEN)), texts=False)
        shelves = opened.shelves
        yield Archive(opened.settings, opened.collection, shelves.history, shelves.catalogue)


@pytest.fixture
def recorded_day(in_production, recorded) -> Iterator[int]:
    with in_production(recorded) as port:
        yield port


RECORDED = f"{STAMP}h-www-example-org.replay.example.org"
ASKED = [
    ("/lone.bin", "bytes=40-", 206, (40, 60)),
    ("/lone.bin", "bytes=45-49", 206, (45, 50)),
    ("/lone.bin", "bytes=0-", 404, None),
    ("/lone.bin", "", 404, None),
    ("/lone.bin", "bytes=100-", 416, None),
    ("/hole.bin", "bytes=0-", 206, (0, 30)),
    ("/hole.bin", "bytes=30-", 404, None),
    ("/hole.bin", "bytes=-40", 206, (60, 100)),
    ("/hole.bin", "bytes=0-1,4-5", 404, None),
    ("/hole.bin", "nonsense", 404, None),
    ("/joined.bin", "bytes=55-64", 206, (55, 65)),
    ("/joined.bin", "", 200, (0, 100)),
    ("/whole.bin", "bytes=55-64", 206, (55, 65)),
    ("/whole.bin", "", 200, (0, 100)),
]
"""What is asked for of a day of parts, and what comes."""


@pytest.mark.parametrize("order", [1, -1])
def test_parts_that_were_stored(recorded_day: int, tmp_path: Path, order: int) -> None:
    """As without a proxy, whatever was asked for before and however often: what is stored comes, and all else is a gap."""
    for path, wanted, status, stretch in [*ASKED, *ASKED][::order]:
        fields = f"Range: {wanted}\r\n" if wanted else ""
        got, headers, body = get(recorded_day, tmp_path, RECORDED, path, f"Sec-Fetch-Dest: video\r\n{fields}")
        assert (got, path, wanted) == (status, path, wanted)
        if stretch is not None:
            first, end = stretch
            assert body == BYTES[first:end]
            assert headers["Content-Length"] == str(end - first)
            told = f"bytes {first}-{end - 1}/100" if status == 206 else None
            assert headers["Content-Range"] == told
        elif status == 416:
            assert headers["Content-Range"] == "bytes */100"
        head = raw(recorded_day, tmp_path, RECORDED, path, f"Sec-Fetch-Dest: video\r\n{fields}", "HEAD")
        assert head[0] in ({200, 206} if path in {"/joined.bin", "/whole.bin"} else {404})
        assert head[2] == b""


@pytest.mark.parametrize("path", ["/lone.bin", "/joined.bin", "/whole.bin"])
def test_if_range(recorded_day: int, tmp_path: Path, path: str) -> None:
    """A range of these bytes comes; of others the whole, and where that is not there nothing, never a mixture."""
    _, headers, _ = get(recorded_day, tmp_path, RECORDED, path, "Range: bytes=45-49\r\n")
    etag = headers["ETag"]
    for _ in range(2):
        same = f"Range: bytes=45-49\r\nIf-Range: {etag}\r\n"
        status, headers, body = get(recorded_day, tmp_path, RECORDED, path, same)
        assert (status, body, headers["ETag"]) == (206, BYTES[45:50], etag)
        other = 'Range: bytes=45-49\r\nIf-Range: "other"\r\n'
        status, _, body = get(recorded_day, tmp_path, RECORDED, path, other)
        assert (status, body) == (200, BYTES) if path != "/lone.bin" else status == 404


def test_several_ranges_of_a_whole(recorded_day: int, tmp_path: Path) -> None:
    """They come as they are asked for, or the whole does; nginx does the one once it keeps the whole."""
    for _ in range(2):
        status, headers, body = get(
            recorded_day, tmp_path, RECORDED, "/whole.bin", "Range: bytes=0-1,98-99\r\n"
        )
        if status == 200:
            assert body == BYTES
        else:
            assert status == 206
            assert headers.get_content_type() == "multipart/byteranges"
            assert body.count(b"Content-Range: bytes ") == 2
            assert BYTES[:2] in body
            assert BYTES[98:] in body


def test_a_page_that_seeks(recorded_day: int, public: Browser) -> None:
    """An archived script gets the stretches that were stored, after others that are not there."""
    start = f"https://{VIEWER}:{recorded_day}/web/{STAMP}/{EXAMPLE}/seeking"
    with visit(public, start, ignore_https_errors=True) as seen:
        expect(seen.page.frame_locator("#daykeep-page").locator("p")).to_have_text("gap 30 40 gap 20")


NOW = {"date", "connection", "keep-alive"}
"""Fields of this answer alone."""
FRAMING = {"transfer-encoding"}
HEADS = [
    ("/", "iframe", ""),
    ("/", "iframe", "Accept-Encoding: gzip\r\n"),
    ("/long.css", "style", "Accept-Encoding: gzip\r\n"),
    ("/long.css", "empty", "Accept-Encoding: gzip\r\n"),
    ("/film.mp4", "video", ""),
    ("/data.json", "empty", ""),
    ("/in-pieces.txt", "empty", ""),
    ("/packed.txt", "empty", ""),
    ("/packed.txt", "empty", "Accept-Encoding: gzip\r\n"),
    ("/moved", "iframe", ""),
    ("/broken", "empty", ""),
    ("/nowhere", "iframe", ""),
    ("/nowhere.png", "image", ""),
    ("/.daykeep/replay.js", "script", ""),
]


@pytest.mark.parametrize(("path", "destination", "fields"), HEADS)
def test_head_is_get_without_its_body(production: int, tmp_path: Path, path, destination, fields) -> None:
    """HEAD has the fields of GET, its length where that is known, and nothing after them; whichever comes first."""
    host = f"{MONDAY}-www-example-org.replay.example.org"
    said = f"Sec-Fetch-Dest: {destination}\r\n{fields}"
    first = raw(production, tmp_path, host, path, said, "HEAD")
    got = get(production, tmp_path, host, path, said)
    again = raw(production, tmp_path, host, path, said, "HEAD")
    for status, headers, behind in (first, again):
        assert behind == b""
        assert status == got[0]
        assert known(headers) == known(got[1])


@pytest.mark.parametrize("path", [f"/web/{MONDAY}/{SITE}/", f"/web/{MONDAY}id_/{SITE}/film.mp4", "/about"])
def test_head_of_the_viewer(production: int, tmp_path: Path, path: str) -> None:
    """The viewer's own pages too."""
    status, headers, behind = raw(production, tmp_path, VIEWER, path, "", "HEAD")
    got = get(production, tmp_path, VIEWER, path, "")
    assert (status, known(headers), behind) == (got[0], known(got[1]), b"")
    assert headers["Content-Length"] == str(len(got[2]))


def known(headers: http.client.HTTPMessage) -> dict[str, str]:
    """Return the fields that do not tell of the connection or the moment; how a body is framed is told by one."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in NOW | FRAMING}


def get(
    port: int, folder: Path, host: str, path: str, fields: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask for something over TLS."""
    with secured(port, folder, host, f"GET {path} HTTP/1.1", fields) as answer:
        return answer.status, answer.headers, answer.read()


def raw(
    port: int, folder: Path, host: str, path: str, fields: str, method: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask by another method; return what comes behind the head, whatever may come there."""
    with secured(port, folder, host, f"{method} {path} HTTP/1.1", fields) as answer:
        return answer.status, answer.headers, answer.fp.read()


@contextmanager
def secured(port: int, folder: Path, host: str, line: str, fields: str) -> Iterator[http.client.HTTPResponse]:
    """Ask over TLS; yield the answer, its head read."""
    with asking(port, folder, host, line, fields) as secure:
        answer = http.client.HTTPResponse(secure)
        answer.begin()
        yield answer


@contextmanager
def asking(port: int, folder: Path, host: str, line: str, fields: str) -> Iterator[ssl.SSLSocket]:
    """Ask over TLS, with the name checked against the certificate, and read nothing."""
    context = ssl.create_default_context(cafile=folder / "fullchain.pem")
    with (
        socket.create_connection((LOOPBACK, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        head = f"{line}\r\nHost: {host}:{port}\r\nConnection: close\r\n{fields}\r\n"
        secure.sendall(head.encode())
        yield secure


@pytest.mark.parametrize("path", ["search?q=x", f"compare?url={SITE}/", f"{MONDAY}/export/wacz"])
def test_what_costs_most_is_limited(nginx, tmp_path: Path, path: str) -> None:
    """Nginx says 503 to one address that searches, compares or downloads without a pause, and not to a reader."""
    plain, secure = free_ports(2)
    certificate(tmp_path)
    nginx(tmp_path, http=nginx_example(tmp_path, plain, secure, free_port()))

    def asked(target: str) -> list[int]:
        context = ssl._create_unverified_context()
        found = []
        for _ in range(50):
            connection = http.client.HTTPSConnection(LOOPBACK, secure, context=context, timeout=20)
            connection.request("GET", target, headers={"Host": VIEWER})
            found.append(connection.getresponse().status)
            connection.close()
        return found

    # nobody listens behind it: what nginx lets through it answers with 502
    limited = asked(f"/example/{path}")
    assert limited[0] == 502
    assert 503 in limited
    assert set(asked("/example/2026-03-02/")) == {502}


WAITS = "proxy_cache_lock_timeout 1h;\nproxy_cache_lock_age 1h;\n"
"""What would let others wait for the one whose answer is being kept, were the example to let them."""
HELD = b"HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 100\r\n\r\n"
STRETCH = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 90-99/100\r\nContent-Length: 10\r\n\r\n"


def test_nobody_waits_for_what_another_is_sent(nginx, tmp_path: Path) -> None:
    """While the whole of a film is on its way to one visitor, and into the cache, another seeks in it."""
    plain, secure = free_ports(2)
    certificate(tmp_path)
    begun = threading.Event()

    def answer(connection: Connection) -> None:
        if b"\r\nRange: bytes=90-99\r\n" in connection.request():
            connection.send(STRETCH + BYTES[90:])
        else:
            connection.send(HELD + BYTES[:50])
            begun.set()
            connection.pause()

    with RawServer(answer) as server:
        nginx(tmp_path, http=WAITS + nginx_example(tmp_path, plain, secure, server.port))
        with asking(secure, tmp_path, RECORDED, "GET /film HTTP/1.1", ""):
            assert begun.wait(10)
            found = get(secure, tmp_path, RECORDED, "/film", "Range: bytes=90-99\r\n")
            assert (found[0], found[2]) == (206, BYTES[90:])
