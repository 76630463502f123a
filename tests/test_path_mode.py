# SPDX-License-Identifier: EUPL-1.2
"""Replay on one origin, the archived address in the path: in Chromium, with a listener where the live web stood."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect

from archiver.cli.listening import with_address
from archiver.settings import Viewer
from index.errors import ConfigurationError
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, app_of, serving

MONDAY, TUESDAY = "20260302023000", "20260303023000"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20" fill="{}"/></svg>'
JS, CSS, IMAGE = "text/javascript", "text/css", "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Live:
    """What heard somebody at the addresses of the archived sites."""

    port: int
    heard: list[str]

    @property
    def site(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def other(self) -> str:
        """Another archived origin, at the same port."""
        return f"http://cdn.localhost:{self.port}"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.command} {self.path}")
            self.send_error(500)

        do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 — names of the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Live(server.server_port, heard)
        server.shutdown()


# Each line tells in the page what came of one way to write an address
PAGE = """<!doctype html><html lang="nl"><head><title>Pad</title>
<link rel="stylesheet" href="/css/root.css"><link rel="stylesheet" href="style.css">
<style>#c {{ background: url("/img/green.svg?style") }} @import "/css/imported.css";</style>
</head><body>
<img id="rooted" src="/img/green.svg"><img id="relative" src="../img/green.svg?r">
<img id="climbing" src="../../../../img/green.svg?c"><img id="absolute" src="{site}/img/green.svg?a">
<img id="protocol" src="//cdn.localhost:{port}/green.svg"><img id="set" srcset="/img/green.svg?s 1x, {other}/green.svg?s 2x">
<div id="c" style="width:9px;height:9px"></div><a id="link" href="/next?q=1#part">next</a>
<a id="far" href="{other}/page">far</a>
<form id="search" action="/search"><input name="q" value="word"></form>
<p id="out"></p>
<script>
  const told = {{}};
  const tell = (name, value) => {{ told[name] = `${{value}}`; }};
  const ask = (name, url, init) => fetch(url, init).then((a) => a.text()).then((t) => tell(name, t.trim()), (e) => tell(name, e));
  ask("fetch-rooted", "/data.json"); ask("fetch-relative", "../data.json"); ask("fetch-absolute", "{site}/data.json");
  ask("fetch-origin", location.origin + "/data.json"); ask("fetch-other", "{other}/data.json");
  ask("fetch-same-origin", "/data.json", {{ mode: "same-origin", credentials: "include" }});
  ask("fetch-header", "/data.json", {{ headers: {{ "X-Own": "1" }} }});
  const xhr = new XMLHttpRequest(); xhr.withCredentials = true; xhr.open("GET", "/data.json");
  xhr.onload = () => tell("xhr", xhr.responseText); xhr.onerror = () => tell("xhr", "error"); xhr.send();
  for (const [name, url] of [["made-rooted", "/img/green.svg?m"], ["made-absolute", "{other}/green.svg?m"]]) {{
    const image = new Image(); image.onload = () => tell(name, image.naturalWidth); image.onerror = () => tell(name, "error"); image.src = url;
  }}
  document.body.insertAdjacentHTML("beforeend", '<img id="inner" src="/img/green.svg?i"><i id="bg" style="background:url(/img/green.svg?b)"></i>');
  const sheet = new CSSStyleSheet(); sheet.replaceSync("#out {{ color: rgb(1, 2, 3) }}"); document.adoptedStyleSheets = [sheet];
  localStorage.setItem("a", "b"); document.cookie = "c=d"; tell("storage", localStorage.getItem("a") + document.cookie);
  tell("earlier", localStorage.getItem("kept") || document.cookie.includes("kept") || "nothing");
  localStorage.setItem("kept", "1"); document.cookie = "kept=1";
  addEventListener("message", (event) => {{ if (event.data.to) tell("message", event.data.to + event.origin); }});
  postMessage({{ to: "self" }}, "{site}");
  const worker = new Worker("/work.js"); worker.onmessage = (event) => tell("worker", event.data); worker.onerror = (e) => tell("worker", e.message);
  const own = new Worker("/module.js", {{ type: "module" }}); own.onmessage = (event) => tell("module-worker", event.data);
  own.onerror = (e) => tell("module-worker", "error");
  tell("url", document.URL); tell("base", document.baseURI);
  history.replaceState({{ n: 1 }}, "", "/nl/page.html?state=1"); tell("state", document.URL);
</script>
<script type="module">
  import {{ value }} from "/js/one.js";
  import {{ far }} from "{other}/js/far.js";
  tell("module", value + far);
  import("/js/two.js").then((m) => tell("dynamic", m.two), (e) => tell("dynamic", e));
</script>
<iframe id="nested" src="/nested.html"></iframe>
</body></html>"""


def day(live: Live, colour: str) -> dict[str, Reply]:
    site, other = live.site, live.other
    return {
        f"{site}/nl/page.html": Reply(PAGE.format(site=site, other=other, port=live.port)),
        f"{site}/css/root.css": Reply('#rooted { border: 1px solid } @import "/css/deep.css"; #bg { background: url(/img/green.svg?css) }', CSS),
        f"{site}/css/deep.css": Reply("body { color: rgb(9, 9, 9) }", CSS),
        f"{site}/css/imported.css": Reply("", CSS),
        f"{site}/nl/style.css": Reply("body { background: rgb(250, 250, 250) }", CSS),
        f"{site}/img/green.svg": Reply(SVG.format(colour), IMAGE),
        f"{other}/green.svg": Reply(SVG.format(colour), IMAGE),
        f"{site}/data.json": Reply(f'"{colour}"', "application/json"),
        f"{other}/data.json": Reply(f'"far {colour}"', "application/json"),
        f"{site}/work.js": Reply('importScripts("/js/part.js"); postMessage(part);', JS),
        f"{site}/js/part.js": Reply(f'self.part = "part {colour}";', JS),
        f"{site}/module.js": Reply('import { one } from "./js/plain.js"; postMessage(one);', JS),
        f"{site}/js/plain.js": Reply(f'export const one = "plain {colour}";', JS),
        f"{site}/js/one.js": Reply('export { value } from "/js/deep.js";', JS),
        f"{site}/js/deep.js": Reply(f'export const value = "deep {colour} ";', JS),
        f"{site}/js/two.js": Reply(f'export const two = "two {colour}";', JS),
        f"{other}/js/far.js": Reply('export { far } from "/js/lib.js";', JS),
        f"{other}/js/lib.js": Reply(f'export const far = "far {colour}";', JS),
        f"{site}/next": Reply("<title>Next</title><p>next <a href='/nl/page.html'>back</a>"),
        f"{site}/search": Reply("<title>Found</title><p>found"),
        f"{other}/page": Reply("<title>Far</title><p>far"),
        f"{site}/nested.html": Reply("<script>parent.postMessage({ to: 'nested' }, '*')</script>"),
        f"{site}/moved": Reply(status=301, headers=(("Location", "/next"),)),
        f"{site}/leaving": Reply('<title>Leaving</title><p>here<script>setTimeout(() => { location.href = "/next"; }, 50)</script>'),
        f"{site}/button": Reply('<title>Button</title><button onclick="location.href = \'/next\'">go</button>'),
    }  # fmt: skip


@pytest.fixture(scope="module")
def archive(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    port = free_port()
    sites = {"demo": {MONDAY: day(live, "green"), TUESDAY: day(live, "red")}}
    with build(tmp_path_factory.mktemp("archive"), sites, port=port) as built:
        viewer = Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
        yield replace(built, settings=msgspec.structs.replace(built.settings, viewer=viewer))


@pytest.fixture(scope="module")
def here(archive: Archive) -> Iterator[str]:
    with serving(archive, int(archive.settings.viewer.base_url.rpartition(":")[2])) as address:
        yield address


def frame_of(page: Any) -> Any:
    return page.frame_locator("#daykeep-page")


def inner(page: Any) -> Any:
    return next(frame for frame in page.frames if frame.parent_frame == page.main_frame)


EXPECTED = {
    "fetch-rooted": '"{}"', "fetch-relative": '"{}"', "fetch-absolute": '"{}"', "fetch-origin": '"{}"',
    "fetch-other": '"far {}"', "fetch-same-origin": '"{}"', "fetch-header": '"{}"', "xhr": '"{}"',
    "made-rooted": "30", "made-absolute": "30", "storage": "bc=d", "earlier": "nothing",
    "worker": "part {}", "module-worker": "plain {}", "module": "deep {} far {}", "dynamic": "two {}",
}  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize(("moment", "colour"), [(MONDAY, "green"), (TUESDAY, "red")])
def test_every_way_to_write_an_address(browser, here, live, moment, colour):
    """Root-relative, relative, absolute and script-made addresses lead to what that day had, modules and workers too."""
    url = f"{live.site}/nl/page.html"
    with visit(browser, f"{here}/web/{moment}/{url}") as seen:
        page = inner(seen.page)
        page.wait_for_function(f"() => Object.keys(told).length >= {len(EXPECTED) + 4}", timeout=15_000)
        told = page.evaluate("told")
        assert {name: told[name] for name in EXPECTED} == {
            name: value.format(colour, colour) for name, value in EXPECTED.items()
        }
        assert told["url"] == told["base"] == url
        assert told["state"] == f"{url}?state=1"
        assert told["message"] in {f"self{live.site}", f"nested{live.site}"}
        widths = page.evaluate("[...document.images].map((i) => [i.id, i.naturalWidth])")
        assert widths == [
            [name, 30] for name in ("rooted", "relative", "climbing", "absolute", "protocol", "set", "inner")
        ]
        styles = page.evaluate("""() => [getComputedStyle(document.getElementById("rooted")).borderTopWidth,
            getComputedStyle(document.body).backgroundColor, getComputedStyle(document.getElementById("out")).color]""")
        assert styles == ["1px", "rgb(250, 250, 250)", "rgb(1, 2, 3)"]
    assert live.heard == []


@pytest.mark.browser
def test_days_never_mix(browser, here, live):
    """In whatever order two days are visited, with a warm cache, each has its own parts, and no memory of the other."""
    url = f"{live.site}/nl/page.html"
    with visit(browser, f"{here}/web/{MONDAY}/{url}") as seen:
        for moment, colour in [(TUESDAY, "red"), (MONDAY, "green"), (TUESDAY, "red"), (MONDAY, "green")]:
            seen.page.goto(f"{here}/web/{moment}/{url}")
            page = inner(seen.page)
            page.wait_for_function(f"() => Object.keys(told).length >= {len(EXPECTED) + 4}", timeout=15_000)
            told = page.evaluate("told")
            assert [told[name] for name in ("fetch-rooted", "worker", "module", "earlier")] == [
                f'"{colour}"', f"part {colour}", f"deep {colour} far {colour}", "nothing",
            ]  # fmt: skip
    assert live.heard == []


def wait_for(page: Any, what: str) -> Any:
    """Wait until the frame shows a page that has this, whichever document it is by then."""
    return frame_of(page).get_by_text(what).first.wait_for(timeout=10_000)


def shown(page: Any) -> tuple[str, str]:
    return page.locator("#daykeep-address").inner_text(), page.url.partition("/web/")[2]


@pytest.mark.browser
def test_links_and_forms_lead_on(browser, here, live):
    """Links, also to another archived host, and forms lead to what that day had, and the banner follows."""
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/nl/page.html") as seen:
        follow(frame_of(seen.page).locator("#link"))
        wait_for(seen.page, "next")
        seen.page.wait_for_function(
            "() => document.getElementById('daykeep-address').textContent.endsWith('/next?q=1')"
        )
        assert shown(seen.page) == (f"{live.site}/next?q=1", f"{MONDAY}/{live.site}/next?q=1#part")
        follow(frame_of(seen.page).locator("a"))
        frame_of(seen.page).locator("#search").wait_for()
        frame_of(seen.page).locator("#search").evaluate("(form) => form.submit()")
        wait_for(seen.page, "found")
        expect(seen.page.locator("#daykeep-address")).to_have_text(f"{live.site}/search?q=word")
        seen.page.goto(f"{here}/web/{MONDAY}/{live.site}/nl/page.html")
        follow(frame_of(seen.page).locator("#far"))
        seen.page.wait_for_url(f"{here}/web/{MONDAY}/{live.other}/page")
        wait_for(seen.page, "far")
        assert shown(seen.page)[0] == f"{live.other}/page"
    assert live.heard == []


@pytest.mark.browser
def test_another_host_is_gone_to_once(browser, here, live):
    """A page of another archived host is opened anew once, however often it says where it is, and one can go back."""
    first, second = f"{here}/web/{MONDAY}/{live.site}/nl/page.html", f"{here}/web/{MONDAY}/{live.other}/page"
    with visit(browser, first) as seen:
        opened: list[str] = []
        seen.page.on(
            "request", lambda one: opened.append(one.url) if is_of_the_viewer(seen.page, one) else None
        )
        follow(frame_of(seen.page).locator("#far"))
        seen.page.wait_for_url(second)
        wait_for(seen.page, "far")
        assert opened == [second]
        seen.page.go_back()
        frame_of(seen.page).locator("#far").wait_for()
        assert seen.page.url.startswith(first)
        assert second not in opened[1:]
    assert live.heard == []


def follow(link: Any) -> None:
    """Follow a link, wherever it is by now: a banner that grows meanwhile would have a mouse miss it."""
    link.evaluate("(link) => link.click()")


def is_of_the_viewer(page: Any, request: Any) -> bool:
    """Tell whether this is a visit to a page of the viewer, not something that such a page asks for."""
    return bool(request.is_navigation_request() and request.frame == page.main_frame)


@pytest.mark.browser
def test_a_redirect_from_the_root(browser, here, live):
    """An archived redirect to an address from the root is followed within the snapshot."""
    with visit(browser, f"{here}/web/{TUESDAY}/{live.site}/moved") as seen:
        wait_for(seen.page, "next")
        assert inner(seen.page).url.endswith(f"/replay/{TUESDAY}/{live.site}/next")
        assert not seen.page.locator("#daykeep-elsewhere").is_visible()
        assert seen.page.locator("a[href='/about#simpler']").is_visible()


@pytest.mark.browser
def test_a_script_that_leaves_is_told_of(browser, here, live):
    """Where a script sends the frame to what cannot be followed, the page it was on comes back, with words."""
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/button") as seen:
        frame_of(seen.page).locator("button").click()
        seen.page.locator("#daykeep-elsewhere").wait_for(state="visible", timeout=10_000)
        frame_of(seen.page).locator("button").wait_for()
        assert seen.page.url == f"{here}/web/{MONDAY}/{live.site}/button"
    assert live.heard == []


@pytest.mark.browser
def test_a_script_that_always_leaves_is_not_run_for_ever(browser, here, live):
    """A page that sends its frame elsewhere each time it is shown ends up without scripts."""
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/leaving") as seen:
        seen.page.wait_for_url(f"{here}/web/{MONDAY}ns_/{live.site}/leaving", timeout=15_000)
        wait_for(seen.page, "here")
    assert live.heard == []


@pytest.mark.browser
def test_no_frame_speaks_past_the_policy(browser, here, live):
    """A frame of a text, sandboxed or not, has no WebRTC, which no policy would stop."""
    tried = """(sandbox) => new Promise((told) => {
        const frame = document.createElement("iframe");
        if (sandbox) frame.sandbox = "allow-scripts";
        frame.srcdoc = "<script>parent.postMessage({ rtc: typeof RTCPeerConnection }, '*')<" + "/script>";
        addEventListener("message", ({ data }) => data.rtc && told(data.rtc));
        document.body.append(frame);
    })"""
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/next") as seen:
        wait_for(seen.page, "next")
        assert [inner(seen.page).evaluate(tried, sandboxed) for sandboxed in (True, False)] == [
            "undefined"
        ] * 2


@pytest.mark.browser
@pytest.mark.parametrize(
    "attack",
    [
        "reached('/replay/{tuesday}/{site}/data.json')",
        "reached('{replay}/replay/{tuesday}/{site}/data.json')",
        "reached('http://live.localhost:{port}/x')",
        "reached('{here}/about')",
        "new Promise((yes, no) => {{ const i = new Image(); i.onload = yes; i.onerror = no; i.src = '{replay}/replay/{tuesday}/{site}/img/green.svg'; }})",
        "import('{replay}/replay/{tuesday}/{site}/js/deep.js')",
        "Promise.resolve(top.document)",
        "Promise.resolve(top.frames[0].localStorage && document.getElementById('nested').contentWindow.document)",
        "caches.open('a')",
        "new Promise((yes, no) => {{ const r = indexedDB.open('a'); r.onsuccess = yes; r.onerror = no; }})",
        "navigator.serviceWorker.register('/work.js')",
    ],
)  # fmt: skip
def test_no_page_reaches_another_day(browser, here, live, archive, attack):
    """Nor the viewer, nor the live web, nor anything that outlasts it."""
    words = {
        "tuesday": TUESDAY,
        "site": live.site,
        "port": live.port,
        "here": here,
        "replay": archive.settings.viewer.replay_url,
    }
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/nl/page.html") as seen:
        frame_of(seen.page).locator("#nested").wait_for()
        done = inner(seen.page).evaluate(
            "async () => { const reached = async (url) => { if (!(await fetch(url)).ok) throw new Error(); };"
            f" try {{ await ({attack.format(**words)}); return 'done' }} catch (e) {{ return 'refused' }} }}"
        )
        assert done == "refused"
    assert live.heard == []


@pytest.mark.browser
def test_the_frame_cannot_go_to_another_day(browser, here, live, archive):
    """A page that sends its frame to another day shows an error and then itself, never that day under this banner."""
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/next") as seen:
        wait_for(seen.page, "next")
        there = f"{archive.settings.viewer.replay_url}/replay/{TUESDAY}/{live.site}/search"
        inner(seen.page).evaluate(f"setTimeout(() => {{ location.href = {there!r} }}, 0)")
        seen.page.locator("#daykeep-elsewhere").wait_for(state="visible", timeout=10_000)
        wait_for(seen.page, "next")
        assert TUESDAY not in inner(seen.page).url


@pytest.mark.browser
def test_a_page_cannot_pass_for_one_of_another_host(browser, here, live):
    """What a page says of itself counts for its own archived host; of another one the page itself is opened."""
    with visit(browser, f"{here}/web/{MONDAY}/{live.site}/next") as seen:
        wait_for(seen.page, "next")
        inner(seen.page).evaluate(
            f"top.postMessage({{ daykeep: 1, url: '{live.other}/page', title: 'x' }}, '*')"
        )
        seen.page.wait_for_url(f"{here}/web/{MONDAY}/{live.other}/page")
        wait_for(seen.page, "far")


@pytest.mark.browser
def test_without_scripts(browser, here, live):
    """The view without scripts has the page, its images and its style, and runs nothing."""
    with visit(browser, f"{here}/web/{MONDAY}ns_/{live.site}/nl/page.html") as seen:
        frame_of(seen.page).locator("#inner").wait_for(state="detached")
        page = inner(seen.page)
        assert page.locator("#rooted").evaluate("(image) => image.naturalWidth") == 30
        assert page.locator("iframe").count() == 1
        assert "/replay/" + MONDAY + "n/" in page.url


def test_headers(archive, live):
    """The policy names the path of the snapshot and never the whole origin, and the origin is nobody's."""
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    visitor = Visitor(archive, port)
    replay = f"http://127.0.0.1:{port}"
    for path in ("/nl/page.html", "/img/green.svg", "/nowhere", "/moved"):
        answer = visitor.ask("GET", replay, f"/replay/{MONDAY}/{live.site}{path}", Sec_Fetch_Dest="iframe")
        policy = dict(one.split(" ", 1) for one in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["sandbox"].split() == [
            "allow-scripts",
            "allow-modals",
            "allow-forms",
            "allow-downloads",
        ]
        for name in ("default-src", "frame-src", "object-src", "base-uri", "form-action"):
            sources = [word for word in policy[name].split() if word.startswith(("http", "'self'"))]
            assert sources == [
                *([f"{replay}/.daykeep/"] if name == "default-src" else []),
                f"{replay}/replay/{MONDAY}/",
            ]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in answer.headers
    asked = visitor.ask(
        "OPTIONS", replay, f"/replay/{MONDAY}/{live.site}/data.json", Access_Control_Request_Method="GET"
    )
    assert (asked.status_code, asked.headers["Access-Control-Allow-Headers"]) == (204, "*")
    framed = visitor.get(f"/web/{MONDAY}/{live.site}/next")
    assert (
        f"frame-src {replay}/replay/{MONDAY}/ mailto: tel: sms:;" in framed.headers["Content-Security-Policy"]
    )
    assert 'sandbox="allow-scripts allow-forms"' in framed.text


@pytest.mark.parametrize(
    "path",
    ["/", "/nl/page.html", "/replay/", f"/replay/{MONDAY}", f"/replay/{MONDAY}/", "/replay/20260302/http://a/", "/replay/x",
     "/web/2026-03-02/https://www.example.org/", "/about", f"/replay/{MONDAY}/mailto:x", "/replay/99999999999999/http://a/"],
)  # fmt: skip
def test_nothing_else_is_on_the_replay_origin(archive, path):
    """What is no address of a snapshot is a gap, under a policy, and nothing of the viewer answers there."""
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    answer = Visitor(archive, port).ask("GET", f"http://127.0.0.1:{port}", path)
    assert answer.status_code == 404
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "allow-same-origin" not in answer.headers["Content-Security-Policy"]


def test_a_visit_outside_the_frame_is_led_to_it(archive, live):
    """As in the other mode."""
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    path = f"/replay/{MONDAY}/{live.site}/next?q=1"
    answer = Visitor(archive, port).ask("GET", f"http://127.0.0.1:{port}", path, Sec_Fetch_Dest="document")
    assert answer.headers["Location"] == f"http://localhost:{port}/web/{MONDAY}/{live.site}/next?q=1"


def test_the_viewer_is_somewhere_else(archive):
    """Two ports of one name become one where `daykeep serve` listens on one: that is refused with what to do."""
    viewer = Viewer("http://localhost:8080", "http://localhost:8081")
    moved = with_address(msgspec.structs.replace(archive.settings, viewer=viewer), 8080)
    with pytest.raises(ConfigurationError, match=r"use http://localhost and http://127\.0\.0\.1"):
        app_of(replace(archive, settings=moved))
