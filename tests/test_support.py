# SPDX-License-Identifier: EUPL-1.2
"""The servers and the browser that other tests lean on."""

from __future__ import annotations

import ast
import gzip
import socket
import subprocess
import sys
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from PIL import Image

from tests.support import chromium, ports
from tests.support import nginx as web

ROOT = Path(__file__).resolve().parent.parent
PAGE = """<!doctype html><meta charset="utf-8"><title>Dag</title><link rel="icon" href="data:,">
<body style="margin:0;background:{colour}"><p>{text}</p><script src="/later.js"></script>"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site with a space"
    folder.mkdir()
    (folder / "index.html").write_text(
        PAGE.format(colour="white", text="Goedemorgen. " * 100), encoding="utf-8"
    )
    (folder / "later.js").write_text("document.title = 'Loaded'", encoding="utf-8")
    return folder


def fetch(url: str, **headers: str):
    return urlopen(
        Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()}), timeout=5
    )


def picture(width: int, height: int, *dots: tuple[int, int], dot=(255, 255, 255)) -> bytes:
    image = Image.new("RGB", (width, height))
    for place in dots:
        image.putpixel(place, dot)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_free_ports_differ():
    """Ports asked for together are all different and all free."""
    found = ports.free_ports(20)
    assert len(set(found)) == 20
    for port in found:
        socket.create_server((ports.LOOPBACK, port)).close()


def test_a_port_is_one_callers():
    """No process is given a port that another was given, nor one that the kernel may give to a connection."""
    code = "from tests.support.ports import free_ports; print(*free_ports(100), flush=True); input()"
    given = list(map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()))
    with ExitStack() as stack:
        asked = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(3)
        ]
        found = [int(port) for one in asked if one.stdout for port in one.stdout.readline().split()]
        for one in asked:
            one.communicate("\n", timeout=20)
    assert len(set(found)) == 300
    assert max(found) < given[0]


def test_a_name_that_is_taken_is_no_free_port():
    """What another process was given is passed over until that process lets go of it."""
    port = ports.free_port()
    assert ports._marked(port) is None


def test_a_server_that_ended_is_told_at_once():
    """Waiting for a process that has ended stops at once, with an error."""
    with pytest.raises(ConnectionError):
        ports.wait_until_accepting(ports.free_port(), lambda: False)


def test_a_server_that_never_accepts_is_told_in_time():
    """Waiting for a port nobody listens on ends after the given time."""
    with pytest.raises(TimeoutError):
        ports.wait_until_accepting(ports.free_port(), lambda: True, seconds=0.05)


def test_nginx_serves_validators(nginx, site):
    """A page comes with ETag and Last-Modified, and asking with that ETag is answered by 304."""
    server = nginx(site)
    with fetch(server.url) as answer:
        assert answer.status == 200
        assert answer.headers["Last-Modified"]
        etag = answer.headers["ETag"]
    with pytest.raises(HTTPError, match="304") as unchanged:
        fetch(server.url, If_None_Match=etag)
    unchanged.value.close()


def test_nginx_compresses_text(nginx, site):
    """Text goes out compressed to a client that takes it, and plain to one that does not."""
    server = nginx(site)
    with fetch(server.url, Accept_Encoding="gzip") as answer, fetch(server.url) as plain:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.read()) == plain.read()


def test_nginx_serves_several_roots(nginx, site, tmp_path):
    """Each prefix has a folder of its own."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("elsewhere", encoding="utf-8")
    server = nginx({"/": site, "/docs/": other})
    with fetch(server.url + "docs/a.txt") as answer:
        assert answer.read() == b"elsewhere"
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_nginx_tells_what_was_asked(nginx, site):
    """Requests are in the log with their status and If-None-Match."""
    server = nginx(site)
    fetch(server.url + "later.js").close()
    with pytest.raises(HTTPError, match="404") as missing:
        fetch(server.url + "none?a=1", If_None_Match='"x"')
    missing.value.close()
    fetch(server.url).close()  # the log's last line may lag behind the answer
    assert server.requests()[:2] == [
        web.Request("GET", "/later.js", 200, None),
        web.Request("GET", "/none?a=1", 404, r"\x22x\x22"),
    ]


def test_two_nginx_at_once_and_none_afterwards(site, tmp_path):
    """Several servers run side by side, and each is gone when its block ends."""
    with web.Nginx(site, tmp_path / "one") as one, web.Nginx(site, tmp_path / "two") as two:
        assert one.port != two.port
        assert ports.accepts(one.port)
        assert ports.accepts(two.port)
    assert not ports.accepts(one.port)
    assert not ports.accepts(two.port)


def test_nginx_takes_another_port_when_one_is_taken(site, tmp_path, monkeypatch):
    """A port that somebody took in the meantime is no failure."""
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        offers = iter([taken.getsockname()[1], ports.free_port()])
        monkeypatch.setattr(web, "free_port", lambda: next(offers))
        with web.Nginx(site, tmp_path / "nginx") as server, fetch(server.url) as answer:
            assert answer.status == 200


def test_nginx_with_a_wrong_configuration_says_why(site, tmp_path):
    """A server that cannot start raises with nginx's own words."""
    with (
        pytest.raises(RuntimeError, match="unknown directive"),
        web.Nginx(site, tmp_path, server="nonsense on;"),
    ):
        pass


def test_missing_programs_are_errors_that_say_what_to_install(monkeypatch):
    """Without Chromium the tests fail with what to install; they are not skipped."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(RuntimeError, match="make machine"):
        chromium.executable()


@pytest.mark.browser
def test_browser_shows_and_tells(browser, nginx, site):
    """A visit runs the page's script and lists every address it asked for."""
    server = nginx(site)
    with chromium.visit(browser, server.url) as seen:
        assert seen.page.title() == "Loaded"
        assert seen.requests == [server.url, server.url + "later.js"]
        assert seen.problems == []
        assert seen.failed == []


@pytest.mark.browser
def test_browser_tells_problems(browser, nginx, site):
    """A script's exception, a console error and an address that does not answer are all collected."""
    dead = f"http://{ports.LOOPBACK}:{ports.free_port()}/"
    script = f"fetch('{dead}').catch(() => {{}}); console.error('alas'); throw new Error('broken')"
    (site / "later.js").write_text(script, encoding="utf-8")
    with chromium.visit(browser, nginx(site).url, wait_until="networkidle") as seen:
        assert "alas" in seen.problems
        assert "broken" in seen.problems
        assert seen.failed == [dead]


@pytest.mark.browser
def test_a_click_that_is_lost_is_made_again(browser, nginx, site, monkeypatch):
    """`follow` clicks until a page is asked for, and says so when none ever is."""
    monkeypatch.setattr(chromium, "PATIENCE", 10)
    lost = "if (!window.again) { window.again = true; event.preventDefault(); fetch('/later.js') }"
    (site / "links.html").write_text(
        f'<a id=lost href="/later.js" onclick="{lost}">lost</a> <a id=dead href="#here">dead</a>',
        encoding="utf-8",
    )
    with chromium.visit(browser, f"{nginx(site).url}links.html") as seen:
        with pytest.raises(AssertionError, match=r"2 clicks on .*#dead.* and no page asked for"):
            chromium.follow(seen, seen.page.locator("#dead"), tries=2)
        chromium.follow(seen, seen.page.locator("#lost"))
        seen.page.wait_for_url("**/later.js")


@pytest.mark.browser
def test_browser_visits_share_nothing(browser, nginx, site):
    """What one visit stores, the next does not see."""
    url = nginx(site).url
    with chromium.visit(browser, url) as seen:
        seen.page.evaluate("localStorage.setItem('a', 'b')")
    with chromium.visit(browser, url) as seen:
        assert seen.page.evaluate("localStorage.getItem('a')") is None


@pytest.mark.browser
def test_screenshots_of_one_page_are_equal(browser, nginx, site):
    """The same page gives the same picture; another background gives another."""
    url = nginx(site).url
    with chromium.visit(browser, url) as seen:
        first = seen.page.screenshot()
    with chromium.visit(browser, url) as seen:
        again = seen.page.screenshot()
        seen.page.evaluate("document.body.style.background = 'navy'")
        changed = seen.page.screenshot()
    assert chromium.difference(first, again) == 0
    assert chromium.difference(first, changed) > 0.5


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (picture(10, 10), picture(10, 10), 0),
        (picture(10, 10), picture(10, 10, (3, 4)), 0.01),
        (picture(10, 10), picture(10, 10, (3, 4), dot=(0, 0, 16)), 0),
        (picture(10, 10), picture(10, 10, (3, 4), dot=(0, 0, 17)), 0.01),
        (picture(10, 10), picture(10, 20), 0.5),
        (picture(20, 10), picture(10, 20), 0.75),
    ],
)
def test_difference(one, other, expected):
    """Pixels beyond the tolerance count, and so does what only one picture covers."""
    assert chromium.difference(one, other) == pytest.approx(expected)
    assert chromium.difference(other, one) == pytest.approx(expected)


def test_browser_tests_are_marked():
    """Tests that need Chromium are marked, so that they can be run apart."""
    root = Path(__file__).parents[1]
    for path in (root / "tests").glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = any(
            "pytestmark" in ast.unparse(node) and "browser" in ast.unparse(node) for node in tree.body
        )
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                needs = any(argument.arg == "browser" for argument in node.args.args)
                marked = whole or "pytest.mark.browser" in map(ast.unparse, node.decorator_list)
                assert marked or not needs, f"{path.name}: {node.name}"
