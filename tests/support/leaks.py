# SPDX-License-Identifier: EUPL-1.2
"""
Ways in which a page may try to reach the live web, each a page of its own, and a listener that hears of any.

    with Listener() as live:
        page = WAYS["image"].page(live.base("image"))
        live.heard  →  {"image": ["tcp"]}

Each way has a live address of its own, an IP address of this machine (127.77.…), so that a mere connection, on which
nothing is sent, tells which way it was. `LIVE` in a page is that address with its scheme, `HOST` without.

Ways that leave their page as it is stand in one page as well, some at a time: `TOGETHER`. The others are `ALONE`.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from tests.support.archive import Reply

HTML = "text/html; charset=utf-8"
DONE = "document.documentElement.dataset.tried = 1"
LONG = "new Promise((r) => setTimeout(r, 3000))"
"""What a page waits for at most: some ways get no answer, and no error either."""


@dataclass(frozen=True, slots=True)
class Way:
    """A page that tries: its text, type, fields and status; `also` are other pages beside it, by path."""

    body: str
    mime: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    also: tuple[tuple[str, str, str], ...] = ()
    """Path, media type and text of each."""
    part: str = ""
    """What stands for it in a page of several ways; nothing where it takes a page of its own."""

    def pages(self, name: str, live: str) -> dict[str, Reply]:
        """Return every page of the way by its path."""
        fields = tuple((key, _at(value, live)) for key, value in self.headers)
        found = {f"/{name}": Reply(_at(self.body, live), self.mime, status=self.status, headers=fields)}
        return found | {path: Reply(_at(text, live), mime) for path, mime, text in self.also}


def _at(text: str, live: str) -> str:
    return text.replace("LIVE", live).replace("HOST", live.partition("//")[2])


def markup(text: str) -> Way:
    """Return a page with this in its body, which has tried once it is loaded."""
    body = f"<!doctype html><title>t</title><body>{text}<script>onload = () => {{ {DONE} }}</script>"
    return Way(body, part=text)


def code(text: str, *also: tuple[str, str, str]) -> Way:
    """Return a page whose script does this; it may take its time, and may throw."""
    run = f"Promise.race([(async () => {{ {text} }})().catch(() => 0), {LONG}])"
    body = f"<!doctype html><title>t</title><body><p id=p>x</p><script>{run}.finally(() => {{ {DONE} }})</script>"
    part = f"<p>x</p><script>tries.push(((p) => {run})(document.currentScript.previousSibling))</script>"
    return Way(body, also=also, part=part)


def together(names: Iterable[str], base: Callable[[str], str]) -> Reply:
    """Return a page that tries all of these, each at its own live address."""
    parts = "".join(f"<div>{_at(WAYS[name].part, base(name))}</div>" for name in names)
    done = f"onload = () => Promise.all(tries).then(() => {{ {DONE} }})"
    return Reply(
        f"<!doctype html><title>t</title><body><script>const tries = []; {done}</script>{parts}", HTML
    )


def field_of(name: str, value: str, body: str = "") -> Way:
    """Return a page with this header field."""
    return Way(
        f"<!doctype html><title>t</title>{body}<script>onload = () => {{ {DONE} }}</script>",
        headers=((name, value),),
    )


SPEAK = """async (w) => { const c = new w.RTCPeerConnection({ iceServers: [{ urls: "stun:HOST" }] }); c.createDataChannel("x");
await c.setLocalDescription(await c.createOffer()); await new Promise((r) => { c.onicegatheringstatechange = () => c.iceGatheringState === "complete" && r(); w.setTimeout(r, 300); }); }"""
WORKER = "new Promise((r) => { W.onmessage = W.onerror = r; })"
ASK = "fetch('LIVE/w').catch(() => 0).then(() => (self.postMessage || (() => 0))(1))"
FRAME = "const f = document.createElement('iframe');"
LOADED = "new Promise((r) => { f.onload = f.onerror = r; document.body.append(f); })"
XHTML = "http://www.w3.org/1999/xhtml"
SVG = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"

WAYS: dict[str, Way] = {
    # ---- parts of a page
    "image": markup("<img src=LIVE/x>"),
    "srcset": markup("<img srcset='LIVE/x 1x, LIVE/y 2x'>"),
    "picture": markup("<picture><source srcset=LIVE/x><img></picture>"),
    "script": markup("<script src=LIVE/x></script>"),
    "module": markup("<script type=module src=LIVE/x></script>"),
    "module-import": markup("<script type=module>import 'LIVE/x';</script>"),
    "import-map": markup('<script type=importmap>{"imports":{"a":"LIVE/x"}}</script><script type=module>import "a";</script>'),
    "style-sheet": markup("<link rel=stylesheet href=LIVE/x>"),
    "icon": markup("<link rel=icon href=LIVE/x>"),
    "apple-icon": markup("<link rel=apple-touch-icon href=LIVE/x>"),
    "manifest": markup("<link rel=manifest href=LIVE/x>"),
    "preload": markup("<link rel=preload as=font crossorigin href=LIVE/x>"),
    "preload-srcset": markup("<link rel=preload as=image imagesrcset='LIVE/x 1x'>"),
    "modulepreload": markup("<link rel=modulepreload href=LIVE/x>"),
    "prefetch": markup("<link rel=prefetch href=LIVE/x>"),
    "preconnect": markup("<link rel=preconnect href=LIVE>"),
    "preconnect-icon": markup("<link rel='preconnect icon' href=LIVE/x>"),
    "noscript-attribute": markup('<noscript><p title="</noscript><link rel=preconnect href=LIVE><img src=LIVE/x>"></noscript>'),
    "noscript-comment": markup("<noscript><!-- </noscript><link rel=preconnect href=LIVE><img src=LIVE/x><!-- -->"),
    "noscript-elements": markup("<p><span><noscript><div></div></noscript><svg></span><![CDATA[><link rel=preconnect href=LIVE><img src=LIVE/x>]]></svg>"),
    # ---- what Chromium sees that scans ahead, and takes nothing for foreign
    "ahead-section": markup("<svg><![CDATA[><link rel=preconnect href=LIVE><img src=LIVE/x>]]></svg>"),
    "ahead-title": markup("<svg><title><style></title><link rel=preconnect href=LIVE><img src=LIVE/x></style></title></svg>"),
    "ahead-style": markup("<svg><style><!-- </style><link rel=preconnect href=LIVE><img src=LIVE/x> --></style></svg>"),
    "ahead-script": markup("<svg><script><!-- </script><link rel=preconnect href=LIVE><img src=LIVE/x> --></script></svg>"),
    "ahead-style-section": markup("<svg><style><![CDATA[ </style><link rel=preconnect href=LIVE><img src=LIVE/x> ]]></style></svg>"),
    "ahead-import": markup("<style>@import url(LIVE/x'a);</style>"),
    "dns-prefetch": markup("<link rel=dns-prefetch href=LIVE>"),
    "prerender": markup("<link rel=prerender href=LIVE/x>"),
    "speculation-prefetch": markup('<script type=speculationrules>{"prefetch":[{"urls":["LIVE/x"],"eagerness":"immediate"}]}</script>'),
    "speculation-prerender": markup('<script type=speculationrules>{"prerender":[{"urls":["LIVE/x"],"eagerness":"immediate"}]}</script>'),
    "speculation-document": markup('<script type=speculationrules>{"prefetch":[{"where":{"href_matches":"/*"},"eagerness":"immediate"}]}</script><a href=LIVE/x>x</a>'),
    "css-background": markup("<style>body{background:url(LIVE/x)}</style>"),
    "css-import": markup("<style>@import 'LIVE/x';</style>"),
    "css-escaped": markup(r"<style>body{background:u\72l(LIVE/x)}</style>"),
    "css-font": markup("<style>@font-face{font-family:F;src:url(LIVE/x)}p{font-family:F}</style><p>x"),
    "css-image-set": markup("<style>body{background:image-set('LIVE/x' 1x)}</style>"),
    "css-variable": markup("<style>body{--u:url(LIVE/x);background:var(--u)}</style>"),
    "style-attribute": markup("<p style='background:url(LIVE/x)'>x"),
    "base": markup("<base href=LIVE/><img src=x>"),
    "video": markup("<video src=LIVE/x preload=auto></video>"),
    "poster": markup("<video poster=LIVE/x></video>"),
    "audio": markup("<audio src=LIVE/x preload=auto></audio>"),
    "track": markup("<video src=/none><track default kind=captions src=LIVE/x></video><script>document.querySelector('track').track.mode='showing'</script>"),
    "input": markup("<input type=image src=LIVE/x>"),
    "background": markup("<table background=LIVE/x><tr><td>x</table>"),
    "frame": markup("<iframe src=LIVE/x></iframe>"),
    "frameset": Way(f"<!doctype html><title>t</title><frameset onload='{DONE}'><frame src=LIVE/x></frameset>"),
    "object": markup("<object data=LIVE/x></object>"),
    "embed": markup("<embed src=LIVE/x>"),
    "svg-image": markup("<svg><image href=LIVE/x width=9 height=9 /></svg>"),
    "svg-xlink": markup("<svg><image xlink:href=LIVE/x width=9 height=9 /></svg>"),
    "svg-use": markup("<svg><use href=LIVE/x#a /></svg>"),
    "svg-filter": markup("<svg><filter id=a><feImage href=LIVE/x /></filter><rect width=9 height=9 filter=url(#a) /></svg>"),
    "svg-script": markup("<svg><script href=LIVE/x></script></svg>"),
    "svg-animated": markup("<svg><image width=9 height=9><set attributeName=href to=LIVE/x /></image></svg>"),
    "data-frame": markup("<iframe src=\"data:text/html,<img src='LIVE/x'>\"></iframe>"),
    "data-frame-script": markup("<iframe src=\"data:text/html,<script>location='LIVE/x'</script>\"></iframe>"),
    "srcdoc": markup("<iframe srcdoc=\"<img src='LIVE/x'>\"></iframe>"),
    "srcdoc-script": markup("<iframe sandbox=allow-scripts srcdoc=\"<script>new Image().src='LIVE/x'</script>\"></iframe>"),
    "references": markup("<img src='&#104;ttp&colon;&#x2f;/HOST/x'>"),
    "protocol-relative": markup("<img src=//HOST/x>"),
    "backslashes": markup("<img src='http:\\\\HOST\\x'>"),
    "https": markup("<img src=https://HOST/x>"),
    # ---- documents of other kinds
    "svg-document": Way(f"<svg {SVG}><image xlink:href='LIVE/x' width='9' height='9'/><script>document.documentElement.setAttribute('data-tried', 1)</script></svg>", "image/svg+xml"),
    "svg-document-script": Way(f"<svg {SVG}><script>location = 'LIVE/x'</script></svg>", "image/svg+xml"),
    "xhtml-document": Way("<html xmlns='http://www.w3.org/1999/xhtml'><head><title>t</title></head><body><img src='LIVE/x'/></body></html>", "application/xhtml+xml"),
    "xhtml-entity": Way(f"<!DOCTYPE html [<!ENTITY x \"<link xmlns='{XHTML}' rel='preconnect' href='LIVE'/><img xmlns='{XHTML}' src='LIVE/x'/>\">]><html xmlns='{XHTML}'><head><title>t</title></head><body>&x;</body></html>", "application/xhtml+xml"),
    "xhtml-entity-in-attribute": Way(f"<!DOCTYPE html [<!ENTITY x 'LIVE'>]><html xmlns='{XHTML}'><head><title>t</title><link rel='preconnect' href='&x;'/></head><body><img src='&x;/x'/></body></html>", "application/xhtml+xml"),
    "xhtml-entity-in-pieces": Way(f"<!DOCTYPE html [<!ENTITY l '//HOST'><!ENTITY x '&l;/x'>]><html xmlns='{XHTML}'><head><title>t</title><link rel='preconnect' href='http:&x;'/></head><body><img src='http:&x;'/></body></html>", "application/xhtml+xml"),
    "xhtml-default": Way(f"<!DOCTYPE html [<!ATTLIST link rel CDATA 'preconnect' href CDATA 'LIVE'><!ATTLIST img src CDATA 'LIVE/x'>]><html xmlns='{XHTML}'><head><title>t</title><link/></head><body><img/></body></html>", "application/xhtml+xml"),
    "svg-default": Way(f"<!DOCTYPE svg [<!ATTLIST image xlink:href CDATA 'LIVE/x'>]><svg {SVG}><image width='9' height='9'/></svg>", "image/svg+xml"),
    "xml-document": Way("<a xmlns:h='http://www.w3.org/1999/xhtml'><h:script>location = 'LIVE/x'</h:script></a>", "text/xml"),
    "xml-style-sheet": Way("<?xml version='1.0'?><?xml-stylesheet type='text/css' href='LIVE/x'?><a>x</a>", "text/xml"),
    "xslt": Way("<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='LIVE/x'?><a>x</a>", "text/xml"),
    "xslt-made": Way(
        "<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='/made.xsl'?><a>x</a>", "text/xml",
        also=(("/made.xsl", "text/xsl", "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:output method='html'/><xsl:template match='/'><html><body><img src='LIVE/x'/><script>location = 'LIVE/y'</script></body></html></xsl:template></xsl:stylesheet>"),),
    ),
    "redirect": Way("", headers=(("Location", "LIVE/x"),), status=302),
    # ---- fields
    "link-preload": field_of("Link", "<LIVE/x>; rel=preload; as=image"),
    "link-preconnect": field_of("Link", "<LIVE>; rel=preconnect"),
    "link-style-sheet": field_of("Link", "<LIVE/x>; rel=stylesheet"),
    "refresh-field": field_of("Refresh", "0; url=LIVE/x"),
    "report-uri": field_of("Content-Security-Policy", "img-src 'none'; report-uri LIVE/x", "<img src=/a>"),
    "reporting": field_of("Reporting-Endpoints", 'default="LIVE/x"', "<img src=/a>"),
    "nel": field_of("NEL", '{"report_to":"a","max_age":9,"success_fraction":1}'),
    "speculation-field": field_of("Speculation-Rules", '"LIVE/x"'),
    "source-map": field_of("SourceMap", "LIVE/x"),
    # ---- going there
    "meta-refresh": markup("<meta http-equiv=refresh content='0; url=LIVE/x'>"),
    "location": code("location = 'LIVE/x'"),
    "location-href": code("location.href = 'LIVE/x'"),
    "location-assign": code("location.assign('LIVE/x')"),
    "location-replace": code("location.replace('LIVE/x')"),
    "location-host": code("location.host = 'HOST'"),
    "location-late": code("setTimeout(\"location = 'LIVE/x'\", 1); await new Promise((r) => setTimeout(r, 50))"),
    "navigation": code("await navigation.navigate('LIVE/x').committed"),
    "document-location": code("document.location = 'LIVE/x'"),
    "top": code("top.location = 'LIVE/x'"),
    "parent": code("parent.location.href = 'LIVE/x'"),
    "open": code("open('LIVE/x')"),
    "open-self": code("open('LIVE/x', '_self')"),
    "open-blank": code("const w = open('', '_blank'); w.location = 'LIVE/x'"),
    "link": code("p.innerHTML = '<a href=LIVE/x>x</a>'; p.firstChild.click()"),
    "link-top": code("p.innerHTML = '<a target=_top href=LIVE/x>x</a>'; p.firstChild.click()"),
    "link-blank": code("p.innerHTML = '<a target=_blank href=LIVE/x>x</a>'; p.firstChild.click()"),
    "link-download": code("p.innerHTML = '<a download href=LIVE/x>x</a>'; p.firstChild.click()"),
    "link-ping": code("p.innerHTML = '<a ping=LIVE/x href=#a>x</a>'; p.firstChild.click()"),
    "link-event": code("const a = document.createElement('a'); a.href = 'LIVE/x'; a.dispatchEvent(new MouseEvent('click'))"),
    "form": code("p.innerHTML = '<form action=LIVE/x></form>'; p.firstChild.submit()"),
    "form-post": code("p.innerHTML = '<form method=post action=LIVE/x></form>'; p.firstChild.submit()"),
    "form-button": code("p.innerHTML = '<form action=/a><button formaction=LIVE/x></button></form>'; p.firstChild.requestSubmit(p.querySelector('button'))"),
    "form-top": code("p.innerHTML = '<form target=_top action=LIVE/x></form>'; p.firstChild.submit()"),
    # ---- asking
    "fetch": code("await fetch('LIVE/x')"),
    "fetch-opaque": code("await fetch('LIVE/x', { mode: 'no-cors', keepalive: true })"),
    "fetch-late": code("fetchLater('LIVE/x', { activateAfter: 0 })"),
    "request": code("await fetch(new Request('LIVE/x'))"),
    "xhr": code("const x = new XMLHttpRequest(); x.open('GET', 'LIVE/x', false); x.send()"),
    "beacon": code("navigator.sendBeacon('LIVE/x', 'b')"),
    "beacon-at-the-end": code("addEventListener('pagehide', () => navigator.sendBeacon('LIVE/x')); location = '/end'"),
    "fetch-at-the-end": code("addEventListener('pagehide', () => fetch('LIVE/x', { keepalive: true, mode: 'no-cors' })); location = '/end'"),
    "new-image": code("await new Promise((r) => { const i = new Image(); i.onload = i.onerror = r; i.src = 'LIVE/x'; })"),
    "new-audio": code("await new Audio('LIVE/x').play()"),
    "new-font": code("await new FontFace('F', 'url(LIVE/x)').load()"),
    "socket": code("await new Promise((r) => { const s = new WebSocket('ws://HOST/x'); s.onerror = s.onclose = r; })"),
    "event-source": code("await new Promise((r) => { const s = new EventSource('LIVE/x'); s.onerror = r; })"),
    "import": code("await import('LIVE/x')"),
    "constructed-sheet": code("const s = new CSSStyleSheet(); s.replaceSync('body{background:url(LIVE/x)}'); document.adoptedStyleSheets = [s]"),
    "inserted-rule": code("document.head.append(document.createElement('style')); document.styleSheets[0].insertRule('body{background:url(LIVE/x)}')"),
    "shadow-root": code("p.attachShadow({ mode: 'closed' }).innerHTML = '<img src=LIVE/x>'"),
    "parsed-elsewhere": code("p.append(document.adoptNode(new DOMParser().parseFromString('<img src=LIVE/x>', 'text/html').body.firstChild))"),
    "written": code("document.write('<img src=LIVE/x>')"),
    "worklet": code("await new AudioContext().audioWorklet.addModule('LIVE/x')"),
    "paint-worklet": code("await CSS.paintWorklet.addModule('LIVE/x')"),
    "payment": code("await new PaymentRequest([{ supportedMethods: 'https://HOST/x' }], { total: { label: 'a', amount: { currency: 'EUR', value: '1' } } }).canMakePayment()"),
    "background-fetch": code("await (await navigator.serviceWorker.register('/w/sw.js')).backgroundFetch.fetch('a', 'LIVE/x')"),
    "clipboard-image": code("await createImageBitmap(await (await fetch('LIVE/x')).blob())"),
    # ---- workers
    "worker": code("const W = new Worker('LIVE/w.js'); await " + WORKER),
    "worker-fetch": code("const W = new Worker('/w/f.js'); await " + WORKER, ("/w/f.js", "text/javascript", ASK)),
    "worker-scripts": code("const W = new Worker('/w/i.js'); await " + WORKER, ("/w/i.js", "text/javascript", "try { importScripts('LIVE/x') } catch { postMessage(1) }")),
    "worker-import": code("const W = new Worker('/w/m.js', { type: 'module' }); await " + WORKER, ("/w/m.js", "text/javascript", "import('LIVE/x').catch(() => postMessage(1))")),
    "worker-static-import": code("const W = new Worker('/w/s.js', { type: 'module' }); await " + WORKER, ("/w/s.js", "text/javascript", "import 'LIVE/x'; postMessage(1)")),
    "worker-socket": code("const W = new Worker('/w/k.js'); await " + WORKER, ("/w/k.js", "text/javascript", "const s = new WebSocket('ws://HOST/x'); s.onerror = s.onclose = () => postMessage(1)")),
    "worker-blob": code(f"const W = new Worker(URL.createObjectURL(new Blob([`{ASK}`]))); await " + WORKER),
    "worker-data": code(f"const W = new Worker('data:text/javascript,' + encodeURIComponent(`{ASK}`)); await " + WORKER),
    "worker-shared": code("const W = new SharedWorker('/w/h.js').port; await " + WORKER, ("/w/h.js", "text/javascript", "onconnect = (e) => fetch('LIVE/x').catch(() => 0).then(() => e.ports[0].postMessage(1))")),
    "worker-nested": code("const W = new Worker('/w/n.js'); await " + WORKER, ("/w/n.js", "text/javascript", f"const w = new Worker(URL.createObjectURL(new Blob([`{ASK}`]))); w.onmessage = w.onerror = () => postMessage(1)")),
    "service-worker": code("await navigator.serviceWorker.register('/w/sw2.js'); await navigator.serviceWorker.ready", ("/w/sw2.js", "text/javascript", "oninstall = (e) => e.waitUntil(fetch('LIVE/x', { mode: 'no-cors' }).catch(() => 0))")),
    # ---- frames
    "frame-made": code(FRAME + "f.src = 'LIVE/x'; await " + LOADED),
    "frame-cloned": code("const t = document.createElement('template'); t.innerHTML = '<iframe src=LIVE/x></iframe>'; document.body.append(t.content.cloneNode(true))"),
    "frame-of-parser": code("const d = document.implementation.createHTMLDocument(''); d.write('<iframe src=LIVE/x></iframe>'); document.body.append(d.body.firstChild)"),
    "frame-attribute-node": code(FRAME + "const a = document.createAttribute('src'); a.value = 'LIVE/x'; f.setAttributeNode(a); await " + LOADED),
    "frame-xslt": code("const x = new XSLTProcessor(); x.importStylesheet(new DOMParser().parseFromString(`<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:template match='/'><iframe src='LIVE/x'/></xsl:template></xsl:stylesheet>`, 'text/xml')); document.body.append(x.transformToFragment(document, document))"),
    "frame-by-name": code("p.innerHTML = '<iframe name=n></iframe>'; open('LIVE/x', 'n')"),
    "frame-target": code("p.innerHTML = '<iframe name=m></iframe><a target=m href=LIVE/x>x</a>'; p.lastChild.click()"),
    "frame-form": code("p.innerHTML = '<iframe name=o></iframe><form target=o action=LIVE/x></form>'; p.lastChild.submit()"),
    "frame-location": code(FRAME + "document.body.append(f); f.contentWindow.location = 'LIVE/x'"),
    "frame-location-index": code(FRAME + "document.body.append(f); frames[0].location.replace('LIVE/x')"),
    "frame-own-location": code(FRAME + "document.body.append(f); f.contentWindow.eval(\"location = 'LIVE/x'\")"),
    "frame-eval-image": code(FRAME + "document.body.append(f); f.contentWindow.eval(\"new Image().src = 'LIVE/x'\")"),
    "frame-fetch": code(FRAME + "document.body.append(f); await f.contentWindow.fetch('LIVE/x')"),
    "frame-written": code(FRAME + "document.body.append(f); f.contentDocument.write('<img src=LIVE/x><script>location = \"LIVE/y\"<\\/script>')"),
    "frame-javascript": code(FRAME + "f.src = `javascript:'<img src=LIVE/x>'`; await " + LOADED),
    "frame-javascript-location": code(FRAME + "f.src = `javascript:void(location='LIVE/x')`; document.body.append(f)"),
    "frame-data": code(FRAME + "f.src = `data:text/html,<img src=LIVE/x><script>location='LIVE/y'<\\/script>`; await " + LOADED),
    "frame-data-svg": code(FRAME + "f.src = `data:image/svg+xml,` + encodeURIComponent(`<svg xmlns='http://www.w3.org/2000/svg'><script>location='LIVE/y'<\\/script></svg>`); await " + LOADED),
    "frame-blob": code(FRAME + "f.src = URL.createObjectURL(new Blob([`<img src=LIVE/x><script>location='LIVE/y'<\\/script>`], { type: 'text/html' })); await " + LOADED),
    "frame-blob-xml": code(FRAME + "f.src = URL.createObjectURL(new Blob([`<html xmlns='http://www.w3.org/1999/xhtml'><script>location='LIVE/y'<\\/script></html>`], { type: 'text/xml' })); await " + LOADED),
    "frame-sandboxed": code(FRAME + "f.sandbox = 'allow-scripts'; f.srcdoc = `<script>location='LIVE/x'<\\/script>`; await " + LOADED),
    "frame-nested": code(FRAME + "f.srcdoc = `<iframe srcdoc=\"<script>location='LIVE/x'</script>\"></iframe>`.replace('</script>', '<\\/script>'); await " + LOADED),
    "frame-in-one-piece": code("window.go = () => { frames[0].location = 'LIVE/x' }; const s = document.createElement('script'); s.text = 'go()'; " + FRAME + "p.append(f, s)"),
    "object-made": code("const o = document.createElement('object'); o.data = 'LIVE/x'; document.body.append(o)"),
    "embed-made": code("const o = document.createElement('embed'); o.src = 'LIVE/x'; document.body.append(o)"),
    "fenced-frame": code("const o = document.createElement('fencedframe'); o.config = new FencedFrameConfig('LIVE/x'); document.body.append(o)"),
    "svg-link-script": code(f"p.innerHTML = `<svg {SVG}><a href=\"javascript:void(location='LIVE/x')\"><text>x</text></a></svg>`; p.querySelector('a').dispatchEvent(new MouseEvent('click'))"),
    # ---- UDP
    "webrtc": code(f"const SPEAK = {SPEAK}; await SPEAK(window)"),
    "webrtc-blank": code(f"const SPEAK = {SPEAK};" + FRAME + "document.body.append(f); await SPEAK(f.contentWindow)"),
    "webrtc-one-piece": code(f"window.SPEAK = {SPEAK}; const s = document.createElement('script'); s.text = 'SPEAK(frames[0])'; " + FRAME + "f.src = '/end'; p.append(f, s); await new Promise((r) => setTimeout(r, 400))"),
    "webrtc-between": code(f"const SPEAK = {SPEAK};" + FRAME + "f.src = '/end'; document.body.append(f); const w = frames[0]; const was = w.document; while (w.document === was) await new Promise((r) => setTimeout(r)); await SPEAK(w)"),
    "webrtc-between-index": code(f"const SPEAK = {SPEAK};" + FRAME + "f.src = '/slow'; document.body.append(f); for (let i = 0; i < 400; i++) { try { await SPEAK(frames[0]); break } catch { await 0 } }"),
    "webrtc-object": code(f"const SPEAK = {SPEAK}; const o = document.createElement('object'); o.data = '/end'; document.body.append(o); for (let i = 0; i < 200 && !frames[0]; i++) await new Promise((r) => setTimeout(r)); await SPEAK(frames[0])"),
    "webrtc-svg": Way(f"<svg {SVG}><script><![CDATA[({SPEAK})(window).catch(() => 0).finally(() => document.documentElement.setAttribute('data-tried', 1))]]></script></svg>", "image/svg+xml"),
    "webrtc-xml": Way(f"<a xmlns:h='http://www.w3.org/1999/xhtml'><h:script><![CDATA[({SPEAK})(window)]]></h:script></a>", "text/xml"),
    "webrtc-svg-link": Way(f"<svg {SVG}><a id='a' href='javascript:\"&lt;script>({SPEAK.replace('=>', '=&gt;').replace(chr(34), chr(96))})(window)&lt;/script>\"'><text>x</text></a><script>document.getElementById('a').dispatchEvent(new MouseEvent('click'))</script></svg>", "image/svg+xml"),
    "webrtc-javascript": code(f"window.SPEAK = {SPEAK}; " + FRAME + "f.src = `javascript:void(parent.SPEAK(window))`; document.body.append(f); await new Promise((r) => setTimeout(r, 400))"),
    "webrtc-open": code(f"const SPEAK = {SPEAK}; const w = open('', '_blank'); await SPEAK(w)"),
    "webrtc-srcdoc-sandboxed": code(FRAME + f"f.sandbox = 'allow-scripts'; f.srcdoc = '<script>(' + ({SPEAK}) + ')(window)<\\/script>'; await " + LOADED + "; await new Promise((r) => setTimeout(r, 400))"),
    "webtransport": code("await new WebTransport('https://HOST/x').ready"),
}  # fmt: skip

# The rest leave their page, or its style, base or only frame, to what they do to it.
_APART = frozenset({
    "base", "import-map", "meta-refresh", "xhr", "speculation-prefetch", "written", "beacon-at-the-end", "fetch-at-the-end", "inserted-rule", "constructed-sheet",
    "css-background", "css-escaped", "css-image-set", "css-variable", "svg-link-script",
    "location", "location-href", "location-assign", "location-replace", "location-host", "location-late", "navigation", "document-location",
    "top", "parent", "open", "open-self", "open-blank", "link", "link-top", "link-blank", "link-download", "link-event", "form", "form-post", "form-button", "form-top",
    "frame-location-index", "frame-in-one-piece", "frame-xslt", "webrtc-one-piece", "webrtc-between", "webrtc-between-index", "webrtc-object", "webrtc-open",
})  # fmt: skip
ALONE = tuple(name for name, way in WAYS.items() if not way.part or name in _APART)
"""Ways that go elsewhere, that change what others do, or that are no HTML."""

SIZE = 20
_MANY = [name for name in WAYS if name not in ALONE]
TOGETHER = {
    f"together-{start // SIZE}": tuple(_MANY[start : start + SIZE]) for start in range(0, len(_MANY), SIZE)
}
"""The ways of each page that has several."""


@dataclass
class Listener:
    """Listens on one port of every live address, for connections and for packets, and answers nothing."""

    port: int = 0
    heard: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __enter__(self) -> Self:
        self._names = {self.host(name): name for name in [*WAYS, "sentinel"]}
        self._selector = selectors.DefaultSelector()
        listener = socket.create_server(
            ("0.0.0.0", 0), backlog=256
        )  # every address of this machine: which one, tells the way
        self.port = int(listener.getsockname()[1])
        self._selector.register(listener, selectors.EVENT_READ)
        for host in self._names:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind((host, self.port))
            self._selector.register(udp, selectors.EVENT_READ)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def host(self, name: str) -> str:
        """Return the IP address that stands for a way."""
        number = [*WAYS, "sentinel"].index(name) + 1
        return f"127.77.{number >> 8}.{number & 255}"

    def base(self, name: str) -> str:
        """Return the live origin of a way."""
        return f"http://{self.host(name)}:{self.port}"

    def _listen(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(0.05):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock.type == socket.SOCK_DGRAM:
                    sock.recv(2048)
                    self._hear(sock.getsockname()[0], "udp")
                    continue
                connection, _ = sock.accept()
                with connection, contextlib.suppress(OSError):
                    self._hear(connection.getsockname()[0], "tcp")

    def _hear(self, host: str, how: str) -> None:
        self.heard[self._names.get(host, host)].append(how)
