# SPDX-License-Identifier: EUPL-1.2
"""
Tests replay.js in Chromium: replay and live servers on loopback, and the live one must hear nothing.

In the engine alone (`world`), and where storage matters in two whole Chromiums: `denying` as playwright starts it,
which denies storage to a frame of another site, and `visitors` as visitors have it, with storage of its own for each
pair of sites.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, Error, Frame, Page

from index.urlkey import Origin
from tests.support.chromium import launch_whole, visit
from viewer.addresses.address import ReplayAddresses
from viewer.replaying.script import page_script
from viewer.rewriting.head import head_script
from viewer.rewriting.headers import security_headers
from viewer.rewriting.html import rewrite_html

pytestmark = pytest.mark.browser

TIMESTAMP = "20261123023000"
NEXT_DAY = "20261124023000"
SCRIPT = page_script()
TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png", "events": "text/event-stream"}
SANDBOX = "allow-scripts allow-same-origin allow-forms"
PAGE = "<!doctype html><title>One</title><p id=p>x</p>"
WORKER = b"self.onconnect = (event) => event.ports[0].postMessage('connected')"


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
    refused: list[str] = field(default_factory=list)  # what Chromium said of requests that the CSP stopped
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
        """Return type, headers and body of what a host answers; `/bare.html` goes out without replay.js."""
        label = self.addresses.label_of(host)
        if label is None:
            return self._frame(*path.strip("/?").split("/"))
        own = self.addresses.source(label.timestamp, [self.site, self.cdn])
        security = [*security_headers(own, self.viewer), ("Access-Control-Allow-Origin", "*")]
        # as in a browser that does not know it: what is tried here is the script alone
        security = [(name, value) for name, value in security if name != "Connection-Allowlist"]
        if path == "/.daykeep/replay.js":
            return "text/javascript", security, SCRIPT
        kind = TYPES.get(path.partition("?")[0].rpartition(".")[2], "text/html")
        if kind != "text/html":
            return kind, security, WORKER if path == "/w.js" else b""
        head = head_script(
            f"{own[0]}/.daykeep/replay.js", pattern=self.addresses.pattern, timestamp=label.timestamp,
            origin=str(self.site), viewer=self.viewer,
        )  # fmt: skip
        mapper = self.addresses.mapper(label.timestamp, f"{self.site}/page.html")
        bodies = {"/page.html": self.body, "/bare.html": self.body}
        body = bodies.get(path, b"<!doctype html><title>other</title>arrived")
        return "text/html", security, body if path == "/bare.html" else rewrite_html(body, None, mapper, head)

    def _frame(self, timestamp: str = "", page: str = "") -> tuple[str, list[tuple[str, str]], bytes]:
        """Return the viewer's page, which writes down what it is told, around a page of a snapshot."""
        policy = [("Content-Security-Policy", f"frame-src {self.addresses.wildcard()}")]
        source = f"{self.addresses.origin(timestamp, self.site)}/{page}"
        frame = f'<iframe id="daykeep-page" sandbox="{SANDBOX}" src="{source}"></iframe>'
        listen = "<script>told=[];addEventListener('message',e=>told.push([e.data,e.origin]))</script>"
        return "text/html", policy, (listen + frame).encode()

    def open(self, body: str = PAGE, *, timestamp: str = TIMESTAMP, name: str = "page.html") -> Frame:
        """Show an archived page in the viewer's frame, and return that frame once its load is over."""
        self.body = body.encode()
        self.asked.clear()
        self.page.goto(f"{self.viewer}/{timestamp}/{name}")
        handle = self.page.wait_for_selector("#daykeep-page")
        frame = handle.content_frame()
        frame.wait_for_load_state("load")
        return frame

    def run(self, code: str, *, timestamp: str = TIMESTAMP, name: str = "page.html") -> object:
        """Run a script in an archived page; LIVE and CDN in it are the live origins."""
        live = f"const LIVE={str(self.site)!r},CDN={str(self.cdn)!r};"
        return self.open(timestamp=timestamp, name=name).evaluate(f"async()=>{{{live}{code}}}")

    def reached(self, *paths: str, origin: Origin | None = None) -> bool:
        """Wait until the replay host of an origin was asked for one of the paths, five seconds at most."""
        host = self.addresses.origin(TIMESTAMP, origin or self.cdn).removeprefix("http://")
        until = time.monotonic() + 5
        while time.monotonic() < until:
            if any((host, path) in self.asked for path in paths):
                return True
            self.page.wait_for_timeout(20)
        return False

    def hear(self, text: str) -> None:
        """Write down what the console says of the policy."""
        if "Content Security Policy" in text:
            self.refused.append(text)


def _serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def _world(browser: Browser) -> Iterator[World]:
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
        seen.page.on("console", lambda message: world.hear(message.text))
        yield world
    for server in (live, replay):
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def whole(browser: Browser) -> Iterator[World]:
    with _world(browser) as world:
        yield world


@contextmanager
def _whole_chromium(browser: Browser, *more: str) -> Iterator[World]:
    with launch_whole(browser.browser_type, *more) as own, _world(own) as world:
        yield world


@pytest.fixture(scope="module")
def partitioned(browser: Browser) -> Iterator[World]:
    # Of one switch given twice the last counts: this undoes what playwright disables, partitioned storage too
    with _whole_chromium(browser, "--disable-features=") as world:
        yield world


@pytest.fixture(scope="module")
def denied(browser: Browser) -> Iterator[World]:
    with _whole_chromium(browser) as world:
        yield world


def _quiet(world: World) -> Iterator[World]:
    world.heard.clear()
    world.refused.clear()
    yield world
    assert world.heard == [], "the live server was reached"


@pytest.fixture
def world(whole: World) -> Iterator[World]:
    yield from _quiet(whole)


@pytest.fixture
def denying(denied: World) -> Iterator[World]:
    yield from _quiet(denied)


@pytest.fixture
def visitors(partitioned: World) -> Iterator[World]:
    yield from _quiet(partitioned)


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
    "xlink-in-markup": "p.innerHTML=`<svg><image xlink:href='${CDN}/x.js'/></svg>`",
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

# Cases whose first request the CSP stops: markup parsed elsewhere is seen only once it stands in the page.
MENDED = {"dom-parser"}

SHARED_WORKER = """const worker = new SharedWorker(LIVE + '/w.js');
return await new Promise((resolve) => {
  worker.onerror = (event) => resolve(event.type);
  worker.port.onmessage = (event) => resolve(event.data);
});"""
DENIED = """const said = [];
for (const name of ['localStorage', 'sessionStorage']) try { window[name]; } catch (e) { said.push(e.name); }
return said;"""

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
        "p.innerHTML=`<a href='#x' ping='${CDN}/ping'>x</a>`;p.firstChild.click();await new Promise(r=>setTimeout(r,200));return p.firstChild.ping",
        "",
    ),
    "data-frame": (
        "const f=document.createElement('iframe');f.src=`data:text/html,<img src='${CDN}/d.png'>`;document.body.append(f);await new Promise(r=>setTimeout(r,300));return 1",
        1,
    ),
    "preconnect": (
        "const l=document.createElement('link');l.rel='preconnect';l.href=CDN;document.head.append(l);await new Promise(r=>setTimeout(r,300));return l.href.startsWith(CDN)",
        False,
    ),
    "speculation": (
        "const s=document.createElement('script');s.type='speculationrules';s.textContent=JSON.stringify({prefetch:[{urls:[CDN+'/s.html'],eagerness:'immediate'}]});document.head.append(s);await new Promise(r=>setTimeout(r,300));return s.type",
        "text/x-speculationrules",
    ),
    "top": ("try{top.location=CDN+'/t.html'}catch(e){return e.name}", "SecurityError"),
}

SILENCE = 2
"""Seconds in which nothing is to be heard of what has begun."""

# Ways to a window that our script has not seen; SPEAK in them sends to the STUN server from a window.
FRAME = "const f=document.createElement('iframe');"
LATER = "await new Promise(r=>setTimeout(r,400));"
SCRIPTED = "`<script>(${SPEAK})(window)<\\/script>`"
REALMS = {
    "text-after": FRAME + "p.firstChild.after(f);SPEAK(frames[0])",
    "text-before": FRAME + "p.firstChild.before(f);SPEAK(frames[0])",
    "text-replace-with": FRAME + "p.firstChild.replaceWith(f);SPEAK(frames[0])",
    "nested": FRAME + "p.append(f);const d=frames[0].document;d.body.append(d.createElement('iframe'));SPEAK(frames[0][0])",
    "insert-adjacent-html": "p.insertAdjacentHTML('beforeend','<iframe>');SPEAK(frames[0])",
    "set-html-unsafe": "p.setHTMLUnsafe('<iframe>');SPEAK(frames[0])",
    "shadow-set-html-unsafe": "const s=p.attachShadow({mode:'closed'});s.setHTMLUnsafe('<iframe>');SPEAK(s.firstChild.contentWindow)",
    "onload-in-markup": "window.SPEAK=SPEAK;p.innerHTML='<iframe onload=SPEAK(frames[0])>'",
    "exec-command": "p.contentEditable=true;p.focus();document.execCommand('insertHTML',false,'<iframe></iframe>');SPEAK(frames[0])",
    "surround-contents": FRAME + "const r=document.createRange();r.selectNodeContents(p);r.surroundContents(f);SPEAK(frames[0])",
    "table-caption": "const t=document.createElement('table'),c=document.createElement('caption');p.append(t);c.append(document.createElement('iframe'));t.caption=c;SPEAK(frames[0])",
    "body-setter": "const b=document.createElement('body');b.append(document.createElement('iframe'));document.body=b;SPEAK(frames[0])",
    "document-open": "document.open();document.write('<iframe></iframe>');SPEAK(frames[0])",
    "with-a-script": FRAME + "window.SPEAK=SPEAK;const s=document.createElement('script');s.text='SPEAK(frames[0])';p.append(f,s)",
    "named": FRAME + "f.name='inner';p.firstChild.after(f);SPEAK(window.inner)",
    "object-blank": "const o=document.createElement('object');o.data='about:blank';p.append(o);o.offsetTop;" + LATER + "SPEAK(frames[0])",
    "object-in-markup": "p.innerHTML='<object data=about:blank>';p.offsetTop;" + LATER + "SPEAK(frames[0])",
    "srcdoc": FRAME + f"f.srcdoc={SCRIPTED};p.append(f);" + LATER,
    "srcdoc-attribute": FRAME + f"f.setAttribute('srcdoc',{SCRIPTED});p.append(f);" + LATER,
    "srcdoc-sandboxed": FRAME + f"f.sandbox='allow-scripts';f.srcdoc={SCRIPTED};p.append(f);" + LATER,
    "srcdoc-in-markup": f"p.innerHTML='<iframe sandbox=allow-scripts></iframe>';p.firstChild.srcdoc={SCRIPTED};" + LATER,
    "javascript-location": f"window.page={SCRIPTED};setTimeout(()=>{{location='javascript:page'}});" + LATER,
    "javascript-link": f"window.page={SCRIPTED};p.innerHTML='<a href=javascript:page>x</a>';setTimeout(()=>p.firstChild.click());" + LATER,
    "javascript-frame": FRAME + f"window.page={SCRIPTED};f.src='javascript:parent.page';p.append(f);" + LATER,
    "blob-frame": FRAME + f"f.src=URL.createObjectURL(new Blob([{SCRIPTED}],{{type:'text/html'}}));p.append(f);" + LATER,
    "blob-svg-frame": FRAME + "f.src=URL.createObjectURL(new Blob([`<svg xmlns='http://www.w3.org/2000/svg'><script>(${SPEAK.toString().replace('=>','=&gt;')})(window)</script></svg>`],{type:'image/svg+xml'}));p.append(f);" + LATER,
}  # fmt: skip
SPEAK = """async (w) => {
  const c = new w.RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:%d" }] });
  c.createDataChannel("x");
  await c.setLocalDescription(await c.createOffer());
  await new Promise((r) => w.setTimeout(r, 200));
}"""

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


@pytest.mark.parametrize("name", LOADS)
def test_loads(world: World, name: str) -> None:
    """What a script asks of another archived origin is asked of that origin's replay, and of nothing else."""
    world.run(LOADS[name])
    assert world.reached("/x.js")
    assert bool(world.refused) == (name in MENDED), world.refused


def test_beacon(world: World) -> None:
    """A beacon is answered as if it were sent, and replay hears nothing of it either."""
    sent = "const sent = navigator.sendBeacon('/b', 'x') && navigator.sendBeacon(CDN + '/b', 'x');"
    assert world.run(f"{sent}await new Promise(r=>setTimeout(r,200));return sent") is True
    assert "/b" not in [path for _, path in world.asked]
    assert world.refused == []


def test_loads_worker(world: World) -> None:
    """A worker, which must be of the page's own origin, comes from its replay."""
    world.run("new Worker(LIVE+'/w.js')")
    assert world.reached("/w.js", origin=world.site)


def test_shared_worker(visitors: World) -> None:
    """A shared worker of the page's own origin comes from its replay and answers."""
    assert visitors.run(SHARED_WORKER) == "connected"
    assert visitors.reached("/w.js", origin=visitors.site)


@pytest.mark.parametrize("name", ["bare.html", "page.html"])
def test_shared_worker_denied(denying: World, name: str) -> None:
    """Where the browser denies it, the page hears `error`, with replay.js as without, and nothing is asked."""
    code = SHARED_WORKER.replace("LIVE + ", "") if name == "bare.html" else SHARED_WORKER
    assert denying.run(code, name=name) == "error"
    assert "/w.js" not in [path for _, path in denying.asked]


def test_storage_denied(denying: World) -> None:
    """Where the browser throws on storage, a page has one of its own instead, which ends with the page."""
    assert denying.run(DENIED, name="bare.html") == ["SecurityError", "SecurityError"]
    assert denying.run(f"localStorage.a = sessionStorage.a = 'one';{DENIED}") == []
    assert denying.run("return [localStorage.a, sessionStorage.a, localStorage.length]") == [None, None, 0]


def test_storage_allowed(visitors: World) -> None:
    """Where the browser gives storage, a page has that and nothing else, and finds its values again."""
    visitors.run("localStorage.a = sessionStorage.a = 'one'")
    assert visitors.run("return [localStorage.a, sessionStorage.a]", name="bare.html") == ["one", "one"]


@pytest.mark.parametrize("fixture", ["denying", "visitors"])
def test_storage_of_a_day(fixture: str, request: pytest.FixtureRequest) -> None:
    """What a page of one day stores, the same page of another day does not see."""
    world: World = request.getfixturevalue(fixture)
    stored = "return [localStorage.day, sessionStorage.day, document.cookie]"
    write = "localStorage.day = sessionStorage.day = 'one'; document.cookie = 'day=one';"
    assert world.run(write + stored) == ["one", "one", "day=one"]
    assert world.run(stored, timestamp=NEXT_DAY) == [None, None, ""]
    assert world.run("return document.URL", timestamp=NEXT_DAY) == f"{world.site}/page.html"


@pytest.mark.parametrize("code", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_navigations(world: World, code: str) -> None:
    """Where a script goes, the frame goes within the archive."""
    world.run(f"setTimeout(()=>{{{code}}},0)")
    assert world.reached("/n.html", "/n.html?")


@pytest.mark.parametrize(("code", "expected"), STOPPED.values(), ids=STOPPED)
def test_stopped(world: World, code: str, expected: object) -> None:
    """What cannot be replayed ends in an answer that pages know, and nothing is sent."""
    assert world.run(code) == expected


@pytest.mark.parametrize(("code", "expected"), TOLD.values(), ids=TOLD)
def test_told(denying: World, code: str, expected: object) -> None:
    """A page that asks where it is hears where it was archived from."""
    known = {"{site}": str(denying.site), "{cdn}": str(denying.cdn)}
    for name, value in known.items():
        code = code.replace(name, value)
        expected = expected.replace(name, value) if isinstance(expected, str) else expected
    assert denying.run(f"return {code}") == expected


def _heard(server: socket.socket) -> bool:
    """Tell whether a packet has come to a UDP socket."""
    try:
        return bool(server.recv(2048))
    except BlockingIOError:
        return False


def _stun(world: World, name: str) -> dict[str, bool]:
    """Run each script in a page of its own, with SPEAK in it; tell of which a packet comes, each to a socket of its own."""
    shown, heard = world.page, dict.fromkeys(REALMS, False)
    with ExitStack() as left:
        left.callback(setattr, world, "page", shown)
        servers: dict[str, socket.socket] = {}
        for realm, code in REALMS.items():
            server = servers[realm] = left.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            server.bind(("127.0.0.1", 0))
            server.settimeout(0)
            world.page = shown.context.new_page()
            left.callback(world.page.close)
            speak = SPEAK % server.getsockname()[1]
            with suppress(Error):  # the page left for the document that it made, as it meant to
                world.run(f"const SPEAK={speak};(async()=>{{{code}}})().catch(()=>0)", name=name)
        until = time.monotonic() + (SILENCE if name == "page.html" else 10)
        while time.monotonic() < until and not all(heard.values()):
            shown.wait_for_timeout(50)
            heard |= {realm: heard[realm] or _heard(server) for realm, server in servers.items()}
    return heard


@pytest.fixture(scope="module")
def spoken(whole: World) -> dict[str, dict[str, bool]]:
    """Return by page, ours and the bare one, from which of the realms in it a packet came."""
    whole.heard.clear()
    told = {name: _stun(whole, name) for name in ("page.html", "bare.html")}
    assert whole.heard == [], "the live server was reached"
    return told


@pytest.mark.parametrize("realm", REALMS)
def test_no_webrtc(spoken: dict[str, dict[str, bool]], realm: str) -> None:
    """However a page comes to a window of its own, no packet of WebRTC leaves it."""
    assert not spoken["page.html"][realm]


@pytest.mark.parametrize("realm", REALMS)
def test_webrtc_without_our_script(spoken: dict[str, dict[str, bool]], realm: str) -> None:
    """The same page without our script does send, so that the silence above means something."""
    assert spoken["bare.html"][realm]


BLOB_WORKER = """const code = "postMessage([eval('1 + 1'), typeof Function('return 1')])";
const worker = new Worker(URL.createObjectURL(new Blob([code])));
return await new Promise((resolve) => { worker.onmessage = (event) => resolve(event.data); worker.onerror = () => resolve(0); });"""


def test_scripts_from_strings(world: World) -> None:
    """A page and its workers may still make scripts of strings."""
    assert world.run("return [eval('1 + 1'), new Function('return 3')()]") == [2, 3]
    assert world.run(BLOB_WORKER) == [2, "function"]
    code = "trustedTypes.createPolicy('default', {createScript: (x) => x}); p.innerHTML = '<b>b</b>'; return p.textContent"
    assert world.run(code) == "b"


@pytest.mark.parametrize("origin", ORIGINS, ids=str)
def test_same_label(world: World, origin: Origin) -> None:
    """The script computes the label that the server computes, hashes included."""
    found = world.run(f"const a=document.createElement('a');a.href='{origin}/x?y#z';return a.href")
    assert found == f"{world.addresses.origin(TIMESTAMP, origin)}/x?y#z"


def test_tells_the_viewer(world: World) -> None:
    """The viewer's page hears the archived address and title, at load and at every navigation."""
    frame = world.open("<!doctype html><title>One</title>")
    frame.evaluate("() => history.pushState({}, '', '/two')")
    world.page.wait_for_function("told.some(([d]) => d.url && d.url.endsWith('/two'))")
    told = world.page.evaluate("told.filter(([d]) => d.url)")
    assert told[0][0] == {"daykeep": 1, "url": f"{world.site}/page.html", "title": "One", "gone": False}
    assert told[-1] == [
        {"daykeep": 1, "url": f"{world.site}/two", "title": "One", "gone": False},
        world.addresses.origin(TIMESTAMP, world.site),
    ]


def test_tells_the_parts(world: World) -> None:
    """The viewer's page hears which parts were asked for, by their archived addresses, of frames within too."""
    parts = f"<img src='{world.cdn}/a.png#x'><script src=/s.js></script><iframe src='{world.cdn}/f.html'></iframe>"
    world.open(f"<!doctype html><title>One</title>{parts}<img src='data:image/png,'>")
    world.page.wait_for_function("told.flatMap(([d]) => d.parts || []).length >= 4")
    told = world.page.evaluate("told.map(([d]) => d).filter((d) => d.parts)")
    assert told[0]["parts"] == [], "begun before any frame within can tell"
    assert len({one["page"] for one in told} - {None}) == 1
    of_page = [one for one in told if one["page"] is not None]
    assert any(one["page"] is None for one in told), "a frame within tells what it is itself"
    assert sorted(part for one in of_page for part in one["parts"]) == [
        ["frame", f"{world.cdn}/f.html"],
        ["image", f"{world.cdn}/a.png"],
        ["script", f"{world.site}/s.js"],
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
