# SPDX-License-Identifier: EUPL-1.2
"""Tests replay.js in Chromium: replay and live servers on loopback, and the live one must hear nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, Frame, Page

import viewer
from index.urlkey import Origin
from tests.support.chromium import visit
from viewer.address import ReplayAddresses
from viewer.rewrite_headers import security_headers
from viewer.rewrite_html import head_script, rewrite_html

pytestmark = pytest.mark.browser

TIMESTAMP = "20261123023000"
SCRIPT = (Path(viewer.__file__).parent / "static" / "replay.js").read_bytes()
TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png", "events": "text/event-stream"}
SANDBOX = "allow-scripts allow-same-origin allow-forms"


class _Live(BaseHTTPRequestHandler):
    """Writes down every connection, whatever is said on it."""

    heard: ClassVar[list[str]]

    def handle(self) -> None:
        self.heard.append("connection")
        super().handle()

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_error(404)

    do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 — http.server's names

    def log_message(self, *_args: object) -> None:
        """Stay silent."""


@dataclass
class World:
    """The two servers: what was asked of replay, as (label, path), and what the live one heard."""

    replay_port: int = 0
    live_port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    body: bytes = b""
    page: Page = None  # type: ignore[assignment]

    @property
    def addresses(self) -> ReplayAddresses:
        return ReplayAddresses(f"http://{{label}}.localhost:{self.replay_port}")

    @property
    def site(self) -> Origin:
        return Origin("http", "127.0.0.1", self.live_port)

    @property
    def cdn(self) -> Origin:
        return Origin("http", "127.0.0.2", self.live_port)

    @property
    def viewer(self) -> str:
        return f"http://localhost:{self.replay_port}"

    def answer(self, host: str, path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return type, headers and body of what a host answers."""
        own = self.addresses.source(TIMESTAMP, [self.site, self.cdn])
        if self.addresses.label_of(host) is None:
            policy = [("Content-Security-Policy", f"frame-src {self.addresses.wildcard()}")]
            frame = f'<iframe id="daykeep-page" sandbox="{SANDBOX}" src="{own[0]}/page.html"></iframe>'
            listen = "<script>told=[];addEventListener('message',e=>told.push([e.data,e.origin]))</script>"
            return "text/html", policy, (listen + frame).encode()
        security = [*security_headers(own, self.viewer), ("Access-Control-Allow-Origin", "*")]
        if path == "/.daykeep/replay.js":
            return "text/javascript", security, SCRIPT
        kind = TYPES.get(path.partition("?")[0].rpartition(".")[2], "text/html")
        if kind != "text/html":
            return kind, security, b""
        head = head_script(
            f"{own[0]}/.daykeep/replay.js", pattern=self.addresses.pattern, timestamp=TIMESTAMP,
            origin=str(self.site), viewer=self.viewer,
        )  # fmt: skip
        page = f"{self.site}/page.html"
        body = self.body if path == "/page.html" else b"<!doctype html><title>other</title>arrived"
        return "text/html", security, rewrite_html(body, None, self.addresses.mapper(TIMESTAMP, page), head)

    def open(self, body: str = "<!doctype html><title>One</title><p id=p>x</p>") -> Frame:
        """Show an archived page in the viewer's frame, and return that frame once its load is over."""
        self.body = body.encode()
        self.asked.clear()
        self.page.goto(f"{self.viewer}/")
        handle = self.page.wait_for_selector("#daykeep-page")
        frame = handle.content_frame()
        frame.wait_for_load_state("load")
        return frame

    def run(self, code: str, body: str = "<!doctype html><title>One</title><p id=p>x</p>") -> object:
        """Run a script in an archived page; LIVE and CDN in it are the live origins."""
        live = f"const LIVE={str(self.site)!r},CDN={str(self.cdn)!r};"
        return self.open(body).evaluate(f"async()=>{{{live}{code}}}")

    def reached(self, path: str, origin: Origin | None = None) -> bool:
        """Wait until replay was asked for a path on the replay host of an origin, five seconds at most."""
        host = self.addresses.origin(TIMESTAMP, origin or self.cdn).removeprefix("http://")
        until = time.monotonic() + 5
        while time.monotonic() < until:
            if (host, path) in self.asked:
                return True
            self.page.wait_for_timeout(20)
        return False


def _serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def whole(browser: Browser) -> Iterator[World]:
    world = World()

    class Replay(_Live):
        heard: ClassVar[list[str]] = []

        def do_GET(self) -> None:
            host = self.headers.get("Host", "")
            world.asked.append((host, self.path))
            kind, headers, body = world.answer(host, self.path)
            self.send_response(200)
            for name, value in [
                ("Content-Type", f"{kind}; charset=utf-8"),
                ("Content-Length", str(len(body))),
                *headers,
            ]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 — http.server's name

    live = _serve(type("Live", (_Live,), {"heard": world.heard}))
    replay = _serve(Replay)
    world.live_port, world.replay_port = live.server_port, replay.server_port
    with visit(browser) as seen:
        world.page = seen.page
        yield world
    for server in (live, replay):
        server.shutdown()
        server.server_close()


@pytest.fixture
def world(whole: World) -> Iterator[World]:
    whole.heard.clear()
    yield whole
    assert whole.heard == [], "the live server was reached"


LOADS = {
    "fetch": "fetch(CDN+'/x.js')",
    "fetch-url-object": "fetch(new URL(CDN+'/x.js'))",
    "fetch-request": "fetch(new Request(CDN+'/x.js',{integrity:'sha256-AAAA'}))",
    "fetch-protocol-relative": "fetch(CDN.replace('http:','')+'/x.js')",
    "xhr": "const x=new XMLHttpRequest();x.open('GET',CDN+'/x.js');x.send()",
    "img-src": "new Image().src=CDN+'/x.js'",
    "img-srcset": "const i=new Image();i.srcset=CDN+'/x.js 1x, /y.png 9x'",
    "set-attribute": "document.createElement('img').setAttribute('SRC',CDN+'/x.js')",
    "set-attribute-ns": "const u=document.createElementNS('http://www.w3.org/2000/svg','image');u.setAttributeNS('http://www.w3.org/1999/xlink','xlink:href',CDN+'/x.js');const s=document.createElementNS('http://www.w3.org/2000/svg','svg');s.append(u);document.body.append(s)",
    "script": "const s=document.createElement('script');s.src=CDN+'/x.js';s.integrity='sha256-AAAA';document.head.append(s)",
    "stylesheet": "const l=document.createElement('link');l.rel='stylesheet';l.href=CDN+'/x.js';document.head.append(l)",
    "inner-html": 'p.innerHTML=`<img alt="a > b" src="${CDN}/x.js">`',
    "inner-html-style": 'p.innerHTML=`<i style="display:block;height:9px;background:url(&quot;${CDN}/x.js&quot;)">x</i>`',
    "outer-html": "p.outerHTML=`<img src=${CDN}/x.js>`",
    "insert-adjacent-html": "p.insertAdjacentHTML('beforeend',`<img src='${CDN}/x.js'>`)",
    "document-write": "document.write(`<img src='${CDN}/x.js'>`)",
    "write-in-pieces": "document.open();document.write('<img src=\"'+CDN);document.write('/x.js\">');document.close()",
    "contextual-fragment": "p.append(document.createRange().createContextualFragment(`<img src='${CDN}/x.js'>`))",
    "dom-parser": "p.append(document.adoptNode(new DOMParser().parseFromString(`<img src='${CDN}/x.js'>`,'text/html').body.firstChild))",
    "srcdoc": "const f=document.createElement('iframe');f.srcdoc=`<img src='${CDN}/x.js'>`;document.body.append(f)",
    "iframe": "const f=document.createElement('iframe');f.src=CDN+'/x.js';document.body.append(f)",
    "shadow-root": "p.attachShadow({mode:'closed'}).innerHTML=`<img src='${CDN}/x.js'>`",
    "style-property": "p.style.backgroundImage=`url(${CDN}/x.js)`",
    "style-set-property": "p.style.setProperty('background',`url('${CDN}/x.js')`)",
    "style-css-text": 'p.style.cssText=`background:url("${CDN}/x.js")`',
    "insert-rule": "const s=document.createElement('style');document.head.append(s);s.sheet.insertRule(`p{background:url(${CDN}/x.js)}`)",
    "replace-sync": "const s=new CSSStyleSheet();s.replaceSync(`p{background:url(${CDN}/x.js)}`);document.adoptedStyleSheets=[s]",
    "style-text": "const s=document.createElement('style');s.textContent=`p{background:url(${CDN}/x.js)}`;document.head.append(s)",
    "font-face": "new FontFace('f',`url(${CDN}/x.js)`).load().catch(()=>0)",
    "audio": "new Audio(CDN+'/x.js').load()",
    "video-poster": "const v=document.createElement('video');v.poster=CDN+'/x.js';document.body.append(v)",
    "object": "const o=document.createElement('object');o.data=CDN+'/x.js';document.body.append(o)",
    "event-source": "new EventSource(CDN+'/x.js')",
    "blank-frame": "const f=document.createElement('iframe');document.body.append(f);frames[0].fetch(CDN+'/x.js')",
}

LOADS_OWN = {
    "worker": "new Worker(LIVE+'/w.js')",
    "shared-worker": "new SharedWorker(LIVE+'/w.js').onerror=()=>fetch('/w.js')",
}

NAVIGATIONS = {
    "location-href": "location.href=CDN+'/n.html'",
    "location-assign": "location.assign(CDN+'/n.html')",
    "location-replace": "location.replace(CDN+'/n.html')",
    "link": "const a=document.createElement('a');a.href=CDN+'/n.html';document.body.append(a);a.click()",
    "link-blank": "const a=document.createElement('a');a.target='_blank';a.href=CDN+'/n.html';document.body.append(a);a.click()",
    "link-top": "p.innerHTML=`<a target=_top href='${CDN}/n.html'>x</a>`;p.firstChild.click()",
    "link-named": "p.innerHTML=`<a target=other href='${CDN}/n.html'>x</a>`;p.firstChild.click()",
    "form": "p.innerHTML=`<form action='${CDN}/n.html'></form>`;p.firstChild.submit()",
    "refresh": "const m=document.createElement('meta');m.httpEquiv='refresh';m.content=`0;url=${CDN}/n.html`;document.head.append(m)",
}

STOPPED = {
    "beacon": ("return navigator.sendBeacon(CDN+'/b','x')", True),
    "beacon-native": (
        "const f=document.createElement('iframe');document.body.append(f);return frames[0].navigator.sendBeacon(CDN+'/b')",
        True,
    ),
    "webrtc": (
        "return [typeof RTCPeerConnection, typeof webkitRTCPeerConnection, typeof WebTransport]",
        ["undefined"] * 3,
    ),
    "webrtc-in-frame": (
        "const f=document.createElement('iframe');document.body.append(f);return typeof f.contentWindow.RTCPeerConnection",
        "undefined",
    ),
    "webrtc-in-inner-html": (
        "p.innerHTML='<iframe></iframe>';return typeof frames[0].RTCPeerConnection",
        "undefined",
    ),
    "webrtc-in-written": (
        "document.write('<iframe></iframe>');return typeof frames[0].RTCPeerConnection",
        "undefined",
    ),
    "websocket": (
        "return await new Promise(r=>{const s=new WebSocket(CDN.replace('http','ws'));s.onerror=()=>r('error')})",
        "error",
    ),
    "service-worker": (
        "return await navigator.serviceWorker.register('/sw.js').catch(e=>e.name)",
        "SecurityError",
    ),
    "open": ("return window.open(CDN+'/o.html')", None),
    "ping": (
        "p.innerHTML=`<a href='#x' ping='${CDN}/ping'>x</a>`;p.firstChild.click();await new Promise(r=>setTimeout(r,200));return 1",
        1,
    ),
    "data-frame": (
        "const f=document.createElement('iframe');f.src=`data:text/html,<img src='${CDN}/d.png'>`;document.body.append(f);await new Promise(r=>setTimeout(r,300));return 1",
        1,
    ),
    "preconnect": (
        "const l=document.createElement('link');l.rel='preconnect';l.href=CDN;document.head.append(l);await new Promise(r=>setTimeout(r,300));return 1",
        1,
    ),
    "speculation": (
        "const s=document.createElement('script');s.type='speculationrules';s.textContent=JSON.stringify({prefetch:[{urls:[CDN+'/s.html'],eagerness:'immediate'}]});document.head.append(s);await new Promise(r=>setTimeout(r,300));return s.type",
        "text/x-speculationrules",
    ),
    "top": ("try{top.location=CDN+'/t.html'}catch(e){return e.name}", "SecurityError"),
}

TOLD = {
    "url": ("document.URL", "{site}/page.html"),
    "document-uri": ("document.documentURI", "{site}/page.html"),
    "base-uri": ("document.body.baseURI", "{site}/page.html"),
    "domain": ("document.domain", "127.0.0.1"),
    "origin": ("window.origin", "{site}"),
    "referrer": ("document.referrer", ""),
    "parent": ("parent===window", True),
    "frame-element": ("window.frameElement", None),
    "own-script-gone": ("document.scripts.length", 0),
    "native-text": ("/native code/.test(fetch.toString())&&fetch.length", 1),
    "cookie": ("(document.cookie='a=1; path=/',document.cookie='b=2; max-age=100',document.cookie)", "a=1; b=2"),
    "cookie-expired": ("(document.cookie='a=1',document.cookie='a=; expires=Thu, 01 Jan 1970 00:00:00 GMT',document.cookie)", ""),
    "cookie-max-age-first": ("(document.cookie='a=1; max-age=0; expires=Thu, 01 Jan 2099 00:00:00 GMT',document.cookie)", ""),
    "storage": ("(localStorage.setItem('a',1),localStorage.b='2',[localStorage.getItem('a'),localStorage.b,localStorage.length,localStorage.key(0),Object.keys(localStorage).sort().join()].join('|'))", "1|2|2|a|a,b"),
    "session-storage": ("(sessionStorage.setItem('a',1),sessionStorage.removeItem('a'),sessionStorage.getItem('a'))", None),
    "push-state": ("(history.pushState({},'','/b?c'),document.URL)", "{site}/b?c"),
    "push-state-absolute": ("(history.pushState({},'','{site}/b#d'),document.URL)", "{site}/b#d"),
    "text-untouched": ("(p.innerHTML='&lt;a href=&quot;{cdn}/x&quot;&gt; {cdn}',p.textContent)", '<a href="{cdn}/x"> {cdn}'),
}  # fmt: skip

ORIGINS = [
    Origin("https", "www.ind.nl", 443),
    Origin("http", "127.0.0.1", 8080),
    Origin("https", "xn--bcher-kva.example", 443),
    Origin("http", "a-b--c.example", 80),
    Origin("https", "a_b.example", 443),
    Origin("https", "a-.example", 8443),
    Origin("http", "[2001:db8::1]", 80),
    Origin("https", "x" * 60 + ".example", 443),
    Origin("https", "xn--bcher-kva.a-long-name-of-a-department.government.example", 444),
]


@pytest.mark.parametrize("code", LOADS.values(), ids=LOADS)
def test_loads(world: World, code: str) -> None:
    """What a script asks of another archived origin is asked of that origin's replay."""
    world.run(code)
    assert world.reached("/x.js")


@pytest.mark.parametrize("code", LOADS_OWN.values(), ids=LOADS_OWN)
def test_loads_own(world: World, code: str) -> None:
    """Workers, which must be of the page's own origin, come from its replay."""
    world.run(code)
    assert world.reached("/w.js", world.site)


@pytest.mark.parametrize("code", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_navigations(world: World, code: str) -> None:
    """Where a script goes, the frame goes within the archive."""
    world.run(f"setTimeout(()=>{{{code}}},0)")
    assert world.reached("/n.html") or world.reached("/n.html?")


@pytest.mark.parametrize(("code", "expected"), STOPPED.values(), ids=STOPPED)
def test_stopped(world: World, code: str, expected: object) -> None:
    """What cannot be replayed ends in an answer that pages know, and nothing is sent."""
    assert world.run(code) == expected


@pytest.mark.parametrize(("code", "expected"), TOLD.values(), ids=TOLD)
def test_told(world: World, code: str, expected: object) -> None:
    """A page that asks where it is hears where it was archived from."""
    known = {"{site}": str(world.site), "{cdn}": str(world.cdn)}
    for name, value in known.items():
        code = code.replace(name, value)
        expected = expected.replace(name, value) if isinstance(expected, str) else expected
    assert world.run(f"return {code}") == expected


@pytest.mark.parametrize("origin", ORIGINS, ids=str)
def test_same_label(world: World, origin: Origin) -> None:
    """The script computes the label that the server computes, hashes included."""
    found = world.run(f"const a=document.createElement('a');a.href='{origin}/x?y#z';return a.href")
    assert found == f"{world.addresses.origin(TIMESTAMP, origin)}/x?y#z"


def test_tells_the_viewer(world: World) -> None:
    """The viewer's page hears the archived address and title, at load and at every navigation."""
    frame = world.open("<!doctype html><title>One</title>")
    frame.evaluate("() => history.pushState({}, '', '/two')")
    world.page.wait_for_function("told.some(([d]) => d.url.endsWith('/two'))")
    told = world.page.evaluate("told")
    assert told[0][0] == {"daykeep": 1, "url": f"{world.site}/page.html", "title": "One"}
    assert told[-1] == [
        {"daykeep": 1, "url": f"{world.site}/two", "title": "One"},
        world.addresses.origin(TIMESTAMP, world.site),
    ]


def test_runs_before_the_page(world: World) -> None:
    """No script of the page runs first, however the page begins; a frame it makes is treated at once."""
    early = "<script>early=typeof RTCPeerConnection</script>"
    for body in (early, f"<!-- c --><!doctype html>{early}", f"<html><head>{early}", f"text{early}"):
        assert world.open(body).evaluate("early") == "undefined"
    parsed = world.open("<iframe></iframe><script>inner=typeof frames[0].RTCPeerConnection</script>")
    assert parsed.evaluate("inner") == "undefined"


def test_no_complaints(world: World) -> None:
    """A plain page in replay puts nothing on the console: Chromium knows every header we send."""
    messages: list[str] = []
    world.page.on("console", lambda message: messages.append(message.text))
    world.open("<!doctype html><title>One</title><link rel=icon href='data:,'>")
    assert [text for text in messages if "favicon" not in text and "404" not in text] == []


def test_static_markup(world: World) -> None:
    """Markup that the server rewrote loads from replay: images, data frames and what they hold."""
    cdn = str(world.cdn)
    world.open(
        f"<!doctype html><img src={cdn}/a.png><iframe src=\"data:text/html,<img src='{cdn}/b.png'>\"></iframe>"
    )
    assert world.reached("/a.png")
    assert world.reached("/b.png")
