# SPDX-License-Identifier: EUPL-1.2
"""
What the feature site answers, as one table: path, or host and path, to an answer.

    ANSWERS["/gone"]                      on every host
    ANSWERS["cdn.features.test/m.js"]     on one host, before those of every host

An answer is status, header fields and body, or a function from what was asked to one. Pages stand in pages/,
with %NAME% for the origins below. Knows nothing of sockets.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import brotli
from backports import zstd

HERE = Path(__file__).parent
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf")

SITE = "http://features.test"
ORIGINS = {
    "SITE": SITE,
    "CDN": "http://cdn.features.test",
    "PORT": "http://features.test:8081",
    "LONG": "http://a-department-with-a-very-long-name.and-its-directorate-general.government.test",
    "IDN": "http://bücher.features.test",
    "UNDER": "http://a_b.features.test",
    "HYPHEN": "http://a-b.features.test",
    "DOT": "http://a.b.features.test",
    "TWO": "http://a--b.features.test",
    "IP": "http://127.0.0.1:8082",
    "SECURE": "https://secure.features.test",
}
"""The archived origins, by the name that stands for each in pages."""

WIDTHS = {
    "features.test:8081": 41, "a_b.features.test": 43, "a-b.features.test": 44, "a.b.features.test": 45,
    "a--b.features.test": 46, "127.0.0.1:8082": 47, "xn--bcher-kva.features.test": 48,
    "secure.features.test": 49, "cdn.features.test": 50,
    "a-department-with-a-very-long-name.and-its-directorate-general.government.test": 42,
}  # fmt: skip
"""How wide `/which.png` is on each host, so that a page can tell which one answered."""


class Answer(NamedTuple):
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes


class Asked(NamedTuple):
    method: str
    host: str
    target: str
    fields: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


Reply = Answer | Callable[[Asked], Answer]


def text(
    body: str | bytes, mime: str = "text/plain; charset=utf-8", status: int = 200, **more: str
) -> Answer:
    """Return an answer; `more` are header fields, written with underscores."""
    fields = [("Content-Type", mime), *((name.replace("_", "-"), value) for name, value in more.items())]
    return Answer(
        status, tuple(one for one in fields if one[1]), body.encode() if isinstance(body, str) else body
    )


def script(body: str, **more: str) -> Answer:
    """Return an answer of a script that any origin may load as a module."""
    return text(named(body), "text/javascript; charset=utf-8", Access_Control_Allow_Origin="*", **more)


def page(body: str, **more: str) -> Answer:
    """Return an answer of HTML."""
    return text(named(body), "text/html; charset=utf-8", **more)


def to(location: str, status: int = 302) -> Answer:
    """Return a redirect."""
    return Answer(status, (("Location", named(location)), ("Access-Control-Allow-Origin", "*")), b"")


def named(body: str) -> str:
    """Return a text with the origins in their places."""
    for name, origin in ORIGINS.items():
        body = body.replace(f"%{name}%", origin)
    return body


@cache
def png(width: int, height: int = 1) -> bytes:
    """Return a picture of one colour; its size says which one it is."""
    rows = (b"\0" + b"\x20\x80\x20" * width) * height

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@cache
def wave(seconds: int = 120, rate: int = 8000) -> bytes:
    """Return a sound long enough that a browser asks for a part of it."""
    data = bytes([128, 140]) * (seconds * rate // 2)
    form = (
        b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate, 1, 8)
        + b"data"
        + struct.pack("<I", len(data))
    )
    return b"RIFF" + struct.pack("<I", len(form) + len(data)) + form + data


def picture(asked: Asked) -> Answer:
    """Answer `/img/<width>.png`, to which any origin may look."""
    width = int(urlsplit(asked.target).path.rpartition("/")[2].partition(".")[0])
    return text(png(width), "image/png", Access_Control_Allow_Origin="*", Timing_Allow_Origin="*")


def which(asked: Asked) -> Answer:
    """Answer a picture whose width tells the host."""
    return text(png(WIDTHS.get(asked.host, 40)), "image/png")


def echo(asked: Asked) -> Answer:
    """Answer what was sent: its method, its type without a boundary, and its length."""
    mime = asked.fields.get("Content-Type", "").partition(";")[0]
    sent = asked.body.decode("utf-8", "replace")
    if mime == "multipart/form-data":
        boundary = asked.body.partition(b"\r\n")[0].decode()
        sent = sent.replace(boundary, "--").replace("\r\n", "|")
    said = {"method": asked.method, "type": mime, "sent": sent}
    allowed = {"Access_Control_Allow_Origin": "*", "Access_Control_Allow_Headers": "content-type, x-asked"}
    return text(json.dumps(said), "application/json", **allowed)


def posted(asked: Asked) -> Answer:
    """Answer a form that was sent, as a page."""
    fields = dict(parse_qsl(asked.body.decode()))
    return page(
        f"<!doctype html><title>Posted</title><p id=sent>{asked.method} {fields.get('word', '')}</p>{TELL}"
    )


def preflight(_asked: Asked) -> Answer:
    """Allow what a script asks leave for (Fetch section 3.2.2)."""
    allowed = {
        "Access_Control_Allow_Methods": "GET, POST, PUT",
        "Access_Control_Allow_Headers": "content-type, x-asked",
    }
    return text("", "", 204, Access_Control_Allow_Origin="*", **allowed)


def ranged(body: bytes, mime: str) -> Callable[[Asked], Answer]:
    """Return the answer of a body of which a part may be asked for."""

    def answer(asked: Asked) -> Answer:
        wanted = asked.fields.get("Range", "")
        if not wanted.startswith("bytes=") or "," in wanted:
            return text(body, mime, Accept_Ranges="bytes")
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(len(body) - int(last), 0)
        end = min(int(last) + 1, len(body)) if first and last else len(body)
        if start >= end:
            return text("", mime, 416, Content_Range=f"bytes */{len(body)}")
        part = f"bytes {start}-{end - 1}/{len(body)}"
        return text(body[start:end], mime, 206, Accept_Ranges="bytes", Content_Range=part)

    return answer


def counted(asked: Asked) -> Answer:
    """Answer a list that depends on its page, and on nothing else that a script may send along."""
    return text(json.dumps({"page": asked.query.get("page", "1")}), "application/json")


TELL = "<script>parent.postMessage({name: self.name, arrived: document.title, query: location.search}, '*')</script>"
"""Tells the page around a frame that it has arrived."""

LETTERS = bytes(range(65, 91))
WORDS = "voorwaarden € ë ł"
XHTML = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>X</title></head><body><p id="p">x</p>
<img alt="" src="%CDN%/img/11.png"/><script>//<![CDATA[
parent.postMessage({name: self.name, arrived: 1 < 2 && document.contentType}, "*")
//]]></script></body></html>"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="20">
<image xlink:href="%CDN%/img/12.png" width="12" height="1"/><rect id="r" width="9" height="9"/>
<script>window.ran = document.getElementById("r").width.baseVal.value</script></svg>"""
SHEETED = (
    """<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="{href}"?><list><item>een</item></list>"""
)
XSLT = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="html"/>
<xsl:template match="/"><html><head><title>T</title></head><body><b id="made"><xsl:value-of select="list/item"/></b></body></html></xsl:template>
</xsl:stylesheet>"""
ECHOING = """const say = (event) => (event.ports[0] || self).postMessage(["echo", event.data]);
self.onmessage = say; self.onconnect = (event) => { event.ports[0].onmessage = (said) => event.ports[0].postMessage(["shared", said.data]); };"""
ASKING = """self.onmessage = async ({ data }) => {
  try { self.postMessage(await (0, eval)(data)); } catch (error) { self.postMessage("failed: " + error); } };"""

ANSWERS: dict[str, Reply] = {
    "/robots.txt": text("User-agent: *\nAllow: /\n"),
    "/favicon.ico": text(png(16, 16), "image/png"),
    "/which.png": which,
    "/a//b.png": text(png(22), "image/png"),
    "/a%2Fb.png": text(png(23), "image/png"),
    "/met%20spatie%20%C3%A9.png": text(png(24), "image/png"),
    "/semi;colon.png?b=2;a=1&c": text(png(25), "image/png"),
    f"/{'/'.join(f's{n}' for n in range(1, 25))}/x.png": text(png(26), "image/png"),
    "/plus+and%2Bmore.png": text(png(27), "image/png"),
    # HTTP
    "/to/relative": to("../words.txt"),
    "/to/other": to("%CDN%/words.txt", 301),
    "/to/307": to("/to/relative", 307),
    "/to/308": to("/to/307", 308),
    "/to/303": to("/words.txt", 303),
    "/to/protocol-relative": to("//cdn.features.test/words.txt"),
    "/to/fragment": to("/arrive.html?to=fragment#there"),
    "/to/page": to("%CDN%/arrive.html"),
    "/words.txt": text(WORDS, Access_Control_Allow_Origin="*", Content_Language="nl", Last_Modified="Mon, 02 Mar 2026 02:30:00 GMT", X_Total_Count="17", Access_Control_Expose_Headers="x-total-count"),
    "/gone": text("weg", "text/html", 410),
    "/missing": text("<title>M</title>niet hier", "text/html; charset=utf-8", 404),
    "/broken": text('{"error": "stuk"}', "application/json", 500),
    "/busy": text("later", status=503),
    "/teapot": text("thee", status=418),
    "/forbidden": text("nee", status=403),
    "/login": text("wie?", status=401, WWW_Authenticate='Unheard-Of realm="x"'),
    "/nothing": text("", "", 204),
    "/other": text("anders", status=203),
    "/letters.bin": ranged(LETTERS, "application/octet-stream"),
    "/sound.wav": ranged(wave(), "audio/wav"),
    "/clip.webm": ranged((HERE / "files" / "clip.webm").read_bytes(), "video/webm"),
    "/part.bin": ranged(LETTERS, "application/octet-stream"),
    "/part.wav": ranged(wave(), "audio/wav"),
    "/gzip.txt": text(gzip.compress(WORDS.encode()), Content_Encoding="gzip"),
    "/brotli.txt": text(brotli.compress(WORDS.encode()), Content_Encoding="br", Access_Control_Allow_Origin="*"),
    "/zstd.txt": text(zstd.compress(WORDS.encode()), Content_Encoding="zstd", Access_Control_Allow_Origin="*"),
    "/deflate.txt": text(zlib.compress(WORDS.encode()), Content_Encoding="deflate"),
    "/gzip.html": text(gzip.compress(named(f"<!doctype html><title>gzip</title><img src=%CDN%/img/13.png>{TELL}").encode()), "text/html", Content_Encoding="gzip"),
    "/chunked.txt": text(WORDS, Transfer_Encoding="chunked"),
    "/download.csv": text("a;b\n1;2\n", "text/csv", Content_Disposition='attachment; filename="cijfers.csv"'),
    "/report.pdf": text(b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n", "application/pdf"),
    "/nosniff.txt": text("window.sniffed = 1", "text/plain", X_Content_Type_Options="nosniff"),
    "/policy.html": page(f"<!doctype html><title>policy</title><script>eval('1')</script><img src=%CDN%/img/14.png>{TELL}", Content_Security_Policy="script-src 'unsafe-inline' 'unsafe-eval'; img-src http:; frame-ancestors http://features.test", X_Frame_Options="SAMEORIGIN"),
    "/isolated.html": page(f"<!doctype html><title>isolated</title>{TELL}", Cross_Origin_Opener_Policy="same-origin", Strict_Transport_Security="max-age=9", Permissions_Policy="camera=()"),
    "/refresh": text("<!doctype html><title>first</title>", "text/html", Refresh="0; url=http://features.test/arrive.html?by=header"),
    "/arrive.html": page(f"<!doctype html><title>arrived</title>{TELL}"),
    "/latin": text(f"<!doctype html><title>caf\xe9</title>{TELL}".encode("latin-1"), "text/html; charset=iso-8859-1"),
    "/meta-charset": text(f"<!doctype html><meta charset=windows-1251><title>\u0434\u0430</title>{TELL}".encode("cp1251"), "text/html"),
    "/meta-pragma": text(f"<!doctype html><meta http-equiv=Content-Type content='text/html; charset=shift_jis'><title>\u65e5\u672c</title>{TELL}".encode("shift_jis"), "text/html"),
    "/utf-16": text(f"\ufeff<!doctype html><title>z\u00e9\u0142</title>{TELL}".encode("utf-16-le"), "text/html"),
    "/bom": text(f"<!doctype html><title>\u0142\u00f3d\u017a</title>{TELL}".encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
    "/untyped": text(f"<!doctype html><title>sniffed</title>{TELL}", ""),
    "/latin.js": text("window.latinScript = 'caf\xe9'".encode("latin-1"), "text/javascript; charset=iso-8859-1"),
    "/declared.xml": text('<?xml version="1.0" encoding="iso-8859-1"?><a>caf\xe9</a>'.encode("latin-1"), "application/xml"),
    "/cors-no.txt": text("geheim"),
    "/cors-exact.txt": text("voor u", Access_Control_Allow_Origin=SITE, Access_Control_Allow_Credentials="true"),
    "/preflighted.json": lambda asked: preflight(asked) if asked.method == "OPTIONS" else text('{"a": 1}', "application/json", Access_Control_Allow_Origin="*"),
    "/cookies.html": page(f"<!doctype html><title>cookies</title><script>document.title = document.cookie.split('; ').sort().join()</script>{TELL}", Set_Cookie="taal=nl; Path=/"),
    "/data.json": text('{"words": ["een", "twee"]}', "application/json", Access_Control_Allow_Origin="*"),
    "/events": text("data: hallo\n\n", "text/event-stream"),
    # queries
    "/list.json": counted,
    "/search.html": page(f"<!doctype html><title>search</title><script>document.title = new URLSearchParams(location.search).get('q')</script>{TELL}"),
    # sending
    "/echo": echo,
    "/sent": posted,
    # documents
    "/xhtml.xhtml": text(named(XHTML), "application/xhtml+xml"),
    "/drawing.svg": text(named(SVG), "image/svg+xml"),
    "/picture.svg": text('<svg xmlns="http://www.w3.org/2000/svg" width="33" height="3"><rect width="33" height="3"/></svg>', "image/svg+xml"),
    "/symbols.svg": text('<svg xmlns="http://www.w3.org/2000/svg"><symbol id="s" viewBox="0 0 9 9"><rect width="9" height="9"/></symbol></svg>', "image/svg+xml"),
    "/sheeted.xml": text(SHEETED.format(href="sheet.xsl"), "text/xml"),
    "/sheeted-absolute.xml": text(SHEETED.format(href=f"{SITE}/sheet.xsl"), "application/xml"),
    "/sheet.xsl": text(XSLT, "text/xsl"),
    "/styled.xml": text('<?xml version="1.0"?><?xml-stylesheet type="text/css" href="styled.css"?><list><item>een</item></list>', "text/xml"),
    "/styled.css": text("item { display: block; width: 77px }", "text/css"),
    "/quirks.html": page(f"<title>quirks</title><p>x</p><script>document.title = document.compatMode</script>{TELL}"),
    "/standards.html": page(f"<!-- first --><!DOCTYPE html><title>t</title><script>document.title = document.compatMode</script>{TELL}"),
    "/untouched.html": page(f"<!doctype html><html><head><title>t</title><script>document.title = [document.scripts.length, document.head.children.length, document.documentElement.outerHTML.length].join()</script></head><body>{TELL}</body></html>"),
    "/based.html": page("<!doctype html><base href='%CDN%/deep/'><title>based</title><img id=i src=../img/15.png onload=\"parent.postMessage({name: self.name, arrived: 'based', wide: this.naturalWidth, uri: document.baseURI}, '*')\">"),
    "/base-target.html": page("<!doctype html><base target=inner><title>b</title><iframe name=inner></iframe><a id=a href=arrive.html?by=base>x</a><script>onmessage = (e) => parent.postMessage({...e.data, name: self.name}, '*'); a.click()</script>"),
    "/frameset.html": page("<!doctype html><title>set</title><frameset cols='50%,*'><frame name=one src='%SITE%/arrive.html?frame=1'><frame name=two src='arrive.html?frame=2'></frameset>"),
    "/nested.html": page("<!doctype html><title>nested</title><iframe src='%SITE%/referring.html'></iframe><script>onmessage = (e) => parent.postMessage({...e.data, name: self.name}, '*')</script>"),
    "/referring.html": page("<!doctype html><title>r</title><script>parent.postMessage({name: self.name, arrived: 'referring', referrer: document.referrer, url: document.URL, origin: self.origin}, '*')</script>"),
    "/refreshing.html": page("<!doctype html><meta http-equiv=refresh content='0; url=%SITE%/arrive.html?by=meta'><title>r</title>"),
    "/talking.html": page("<!doctype html><title>talk</title><script>onmessage = (e) => { if (e.origin === 'http://features.test') e.source.postMessage({name: self.name, arrived: 'talk', heard: e.data, from: e.origin}, 'http://features.test'); else parent.postMessage({name: self.name, arrived: 'talk', heard: 'wrong origin ' + e.origin}, '*'); }; parent.postMessage({name: self.name, arrived: 'ready'}, '*');</script>"),
    "/storing.html": page("<!doctype html><title>s</title><script>addEventListener('storage', (e) => parent.postMessage({name: self.name, arrived: 'storage', key: e.key, value: e.newValue}, '*')); parent.postMessage({name: self.name, arrived: 'storing', cookie: document.cookie, local: localStorage.getItem('shared')}, '*')</script>"),
    "/walking.html": page("<!doctype html><title>w</title><script>parent.postMessage({name: self.name, arrived: 'walking', path: location.pathname + location.search + location.hash, length: history.length, state: history.state}, '*'); addEventListener('popstate', (e) => parent.postMessage({name: self.name, arrived: 'popped', path: location.pathname, state: e.state}, '*'))</script>"),
    "/form.html": page("<!doctype html><title>f</title><form id=f action='%SITE%/arrive.html'><input name=q value='a b'><input name=r value='é'></form><script>f.submit()</script>"),
    "/form-post.html": page("<!doctype html><title>f</title><form id=f method=post action='%SITE%/sent'><input name=word value=een></form><script>f.submit()</script>"),
    "/form-button.html": page("<!doctype html><title>f</title><form id=f action=/nowhere><input name=q value=1><button id=b formaction='%SITE%/arrive.html'>x</button></form><script>b.click()</script>"),
    # scripts and modules
    "/plain.js": script("window.plain = document.currentScript && document.currentScript.src.endsWith('/plain.js')"),
    "/other.js": script("window.other = (window.other || 0) + 1"),
    "/m/one.js": script("export const name = 'one'; export const url = import.meta.url;"),
    "/m/two.js": script("import { name } from './one.js'; export default name + ' two'; "),
    "/m/absolute.js": script("import { name } from '%CDN%/m/far.js'; export default name;"),
    "/m/rooted.js": script("import { name } from '/m/one.js'; export const far = () => import('%CDN%/m/far.js'); export default name;"),
    "/m/far.js": script("import near from './near.js'; export const name = 'far ' + near;"),
    "/m/near.js": script("export default 'near';"),
    "/m/mapped.js": script("export default 'mapped';"),
    "/m/late.js": script("export default await new Promise((resolve) => setTimeout(resolve, 1, 'late'));"),
    "/m/data.json": text('{"a": 5}', "application/json", Access_Control_Allow_Origin="*"),
    "/m/sheet.css": text(".module-sheet { width: 71px }", "text/css", Access_Control_Allow_Origin="*"),
    "/m/strict.js": script("export default (function () { return this; })() === undefined;"),
    "/w/echo.js": script(ECHOING),
    "/w/ask.js": script(ASKING),
    "/w/module.js": script(f"import {{ name }} from '../m/one.js'; self.named = name; {ASKING}"),
    "/w/imported.js": script("self.imported = 'imported from ' + self.location.pathname;"),
    "/w/strict.js": script('"use strict"; self.onmessage = () => self.postMessage((function () { return this; })() === undefined);'),
    "/w/sw.js": script("self.addEventListener('fetch', () => {});"),
    "/w/worklet.js": script("registerProcessor('silence', class extends AudioWorkletProcessor { process() { return false; } });"),
    # styles
    "/s/main.css": text(named("""@import url("%CDN%/s/imported.css"); @import "layered.css" layer(low); @layer low, high;
#from-main { width: 61px; background: url(../img/61.png) } #absolute { background: url("%CDN%/img/62.png") } @layer high { #layers { width: 64px } }
#by-port { background: url('//features.test:8081/img/65.png') } #set { background: image-set("%CDN%/img/66.png" 1x, url(%CDN%/img/67.png) 9x) }
#variable { --picture: url("%CDN%/img/68.png"); background: var(--picture) } #masked { mask: url(%CDN%/img/69.png) }
.nest { & #nested { width: 70px } @media all { & #nested-media { width: 72px } } } #contained { content: url(%CDN%/img/73.png) }
@font-face { font-family: Far; src: url(%CDN%/font.ttf) format("truetype") } @font-face { font-family: Near; src: url(/font.ttf) }
#escaped { background: url(http\\:\\/\\/cdn.features.test/img/74.png) } #cursor { cursor: url(%CDN%/img/75.png), auto }
#listed { list-style-image: url(%CDN%/img/76.png); display: list-item } #border { border: 5px solid; border-image: url(%CDN%/img/77.png) 1 }
@supports (display: grid) { #supported { width: 78px } } #text::before { content: "http://not.an.address.test/x.png" }
"""), "text/css"),
    "/s/imported.css": text(named("@import url(deeper.css); #imported { width: 62px } #imported-picture { content: url(../img/78.png) }"), "text/css"),
    "/s/deeper.css": text("#deeper { width: 63px }", "text/css"),
    "/s/layered.css": text("#layers { width: 65px !important; } #layers { height: 6px }", "text/css"),
    "/s/latin.css": text('@charset "iso-8859-1"; #latin::before { content: "caf\xe9" }'.encode("latin-1"), "text/css"),
    "/s/linked.css": text("#linked { width: 79px }", "text/css", Access_Control_Allow_Origin="*"),
    "/s/print.css": text("#printed { width: 1px }", "text/css"),
    "/font.ttf": lambda _: text(FONT.read_bytes(), "font/ttf", Access_Control_Allow_Origin="*"),
    "/track.vtt": text("WEBVTT\n\n00:00.000 --> 00:04.000\nhallo\n", "text/vtt"),
    "/app.webmanifest": text('{"name": "Features"}', "application/manifest+json"),
}  # fmt: skip
