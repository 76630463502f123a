# SPDX-License-Identifier: EUPL-1.2
"""
Every way we know in which a server misbehaves, and what has to become of each.

    MISBEHAVIOURS     name → what is answered, the ledger's outcome, WARC-Truncated, what it leads to
    docs/hostile.md   the same as a page: `table` writes its rows

Plain values and functions of a connection; `tests.support.hostile` serves them. Every name under .test is
this web; INSIDE are the addresses of a server that must never be asked.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import brotli
from backports import zstd

from tests.support.rawserver import Connection

SITE = "http://bad.test"
MAX_BYTES = 1_000_000
MAX_DEPTH = 12
HOPS = 20
OK = b"HTTP/1.1 200 OK\r\n"
HTML = OK + b"Content-Type: text/html\r\n"
CHUNKED = HTML + b"Transfer-Encoding: chunked\r\n\r\n"
GIVEN = "x" * 10_000
INSIDE = (
    "127.0.0.2:{port}", "127.2:{port}", "2130706434:{port}", "0177.0.0.2:{port}", "0x7f.0.0.2:{port}", "localhost:{port}",
    "[::ffff:127.0.0.2]:{port}", "[::1]:{port}", "0.0.0.0:{port}", "10.0.0.1", "169.254.169.254", "[fe80::1]",
)  # fmt: skip
"""Authorities of what a crawl must not talk to; `port` is that of a server which tells whether it was."""

Answer = bytes | Callable[[Connection, str], None]
"""Bytes, or a function of the connection and the path that was asked for."""


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """One way to misbehave, and what has to become of it."""

    name: str
    what: str
    """In words, for the page."""
    answer: Answer
    outcome: str
    truncated: str | None = None
    status: int | None = 200
    leads: Mapping[str, str] = field(default_factory=dict)
    """What it leads to: addresses, absolute or of the site, with the outcome of each."""
    stays: bool = False
    """Whether the server leaves the connection open for the next request."""
    path: str = ""
    """Path where it is found, where that is not its name."""
    host: str = "bad.test"
    embed: bool = False
    """Whether it is part of a page, and not linked to."""

    @property
    def target(self) -> str:
        return self.path or f"/{self.name}"

    @property
    def url(self) -> str:
        """Where it is, as the ledger has it."""
        return f"{'https' if self.host.startswith('tls-') else 'http'}://{self.host}{self.target}"

    @property
    def kept(self) -> str:
        """What is in the archive, in words."""
        if self.status is None:
            return "the reason"
        return "what arrived" if self.truncated else "everything"


def page(body: str, *fields: str, status: str = "200 OK") -> bytes:
    """Return a whole answer, a page of HTML."""
    return raw(body.encode(), "Content-Type: text/html; charset=utf-8", *fields, status=status)


def raw(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def redirect(location: str | bytes, status: str = "302 Found") -> bytes:
    value = location.encode() if isinstance(location, str) else location
    return b"HTTP/1.1 " + status.encode() + b"\r\nContent-Length: 0\r\nLocation: " + value + b"\r\n\r\n"


def links(*targets: str) -> str:
    return "<!doctype html><title>t</title>" + "".join(f'<a href="{target}">x</a>' for target in targets)


def endless(start: bytes, again: bytes) -> Answer:
    """Return an answer that begins and then goes on for as long as anybody listens."""
    more = again * (65536 // len(again) + 1)

    def answer(connection: Connection, _path: str) -> None:
        connection.send(start)
        while not connection.server.closing.is_set():
            connection.send(more)

    return answer


def dripping(start: bytes, again: bytes) -> Answer:
    """Return an answer of which every byte comes late, but never so late that it is silence."""

    def answer(connection: Connection, _path: str) -> None:
        connection.send(start)
        connection.drip(again * 400, 0.2)

    return answer


def hanging(start: bytes) -> Answer:
    """Return an answer that begins and does not go on."""

    def answer(connection: Connection, _path: str) -> None:
        connection.send(start)
        connection.pause()

    return answer


def resetting(start: bytes) -> Answer:
    """Return an answer that begins and is broken off by a reset."""

    def answer(connection: Connection, _path: str) -> None:
        connection.send(start)
        connection.server.closing.wait(0.2)  # so that what was sent is received before the reset
        connection.reset()

    return answer


def made(make: Callable[[str], bytes]) -> Answer:
    """Return an answer that depends on what was asked for: `make` is given path and query."""
    return lambda connection, path: connection.send(make(path))


def numbered(path: str) -> int:
    digits = "".join(letter for letter in path if letter.isdigit())
    return int(digits or 0)


def zeros(mebibytes: int, unit: bytes = b"\0") -> bytes:
    """Return that much of one unit, repeated, as gzip of many members."""
    return gzip.compress(unit * (2**20 // len(unit)), mtime=0) * mebibytes


@cache
def brotli_zeros(mebibytes: int) -> bytes:
    packer = brotli.Compressor(quality=3)
    data = b"".join(packer.process(bytes(2**20)) for _ in range(mebibytes)) + packer.finish()
    return bytes(data)


def coded(coding: str, body: bytes) -> bytes:
    return raw(body, "Content-Type: text/html", f"Content-Encoding: {coding}")


def _charset(label: str, body: bytes) -> bytes:
    return raw(body, f"Content-Type: text/html; charset={label}")


def cookies(connection: Connection, _path: str) -> None:
    """Answer what a session would see, to whoever brings the cookie back."""
    seen = b"cookie:" in connection.server.requests[-1].lower()
    connection.send(page("known" if seen else links("/after-cookie"), "Set-Cookie: session=1; Path=/"))


def slowly_extra(connection: Connection, _path: str) -> None:
    """Answer well, and a moment later what nobody asked for, on the same connection."""
    connection.send(page("fine"))
    connection.server.closing.wait(0.1)
    connection.send(page("owned"))


WARC = b"\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\nowned\r\n\r\n"
ENTITIES = (
    b'<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%b">' % (b"bcdefgh"[n], b"&%c;" % b"abcdefg"[n] * 10) for n in range(7))
    + b"]><urlset><url><loc>http://bad.test/&h;</loc></url></urlset>"
)


def sitemap(*urls: str, index: bool = False) -> str:
    outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    rows = "".join(f"<{inner}><loc>{url}</loc></{inner}>" for url in urls)
    return f"<{outer}>{rows}</{outer}>"


def _found(name: str, outcome: str = "captured") -> dict[str, str]:
    return {f"/from-{name}": outcome}


M = Misbehaviour
FRAMING = (
    M("body-endless", "a body without end", endless(HTML + b"\r\n", b"more "), "truncated", "length"),
    M("body-chunks-endless", "chunks without end", endless(CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n"), "truncated", "length"),
    M("body-drip", "a body of a byte now and then", dripping(HTML + b"\r\n", b"x"), "truncated", "time"),
    M("body-hang", "silence in the body", hanging(HTML + b"Content-Length: 9\r\n\r\nhell"), "truncated", "time"),
    M("length-missing", "no Content-Length", HTML + b"\r\n" + links("/from-missing").encode(), "captured", leads=_found("missing")),
    M("length-short", "a Content-Length too small", HTML + b"Content-Length: 5\r\n\r\nhello world", "captured", stays=True),
    M("length-long", "a Content-Length too large, then the end", HTML + b"Content-Length: 99\r\n\r\nhello", "truncated", "disconnect"),
    M("length-long-open", "a Content-Length too large, then silence", HTML + b"Content-Length: 99\r\n\r\nhello", "truncated", "time", stays=True),
    M("length-enormous", "a Content-Length of exabytes", HTML + b"Content-Length: 999999999999999999\r\n\r\nx", "truncated", "disconnect"),
    M("length-negative", "a Content-Length below nothing", HTML + b"Content-Length: -5\r\n\r\nhello", "captured"),
    M("length-word", "a Content-Length that is no number", HTML + b"Content-Length: many\r\n\r\nhello", "captured"),
    M("length-two", "two different Content-Lengths", HTML + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello", "captured"),
    M("length-and-chunked", "Content-Length and chunks", HTML + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "captured"),
    M("chunk-size-bad", "a chunk size that is no number", CHUNKED + b"5\r\nhello\r\nzz\r\n", "truncated", "unspecified"),
    M("chunk-size-negative", "a chunk size below nothing", CHUNKED + b"-5\r\nhello\r\n", "truncated", "unspecified"),
    M("chunk-size-enormous", "a chunk of exabytes", CHUNKED + b"fffffffffffffff\r\nhello", "truncated", "disconnect"),
    M("chunk-size-wrong", "a chunk longer than its size", CHUNKED + b"2\r\nhello\r\n0\r\n\r\n", "truncated", "unspecified"),
    M("chunk-end-missing", "no last chunk", CHUNKED + b"5\r\nhello\r\n", "truncated", "disconnect"),
    M("chunk-extension-endless", "a chunk extension without end", endless(CHUNKED + b"5;x=", b"y"), "truncated", "unspecified"),
    M("chunk-trailers-endless", "trailer fields without end", endless(CHUNKED + b"0\r\n", b"X: y\r\n"), "truncated", "length"),
    M("transfer-unknown", "a transfer coding nobody knows", HTML + b"Transfer-Encoding: sideways\r\n\r\nhello", "captured"),
    M("extra-answer", "a second answer at once that nobody asked for", page("fine") + page("owned"), "captured", stays=True),
    M("extra-answer-late", "a second answer a moment later", slowly_extra, "captured", stays=True, host="late.test", embed=True),
    M("split", "a redirect split into two answers", redirect("/from-split") + page("owned"), "redirect", status=302, stays=True, leads=_found("split")),
)  # fmt: skip
HEADS = (
    M("head-endless", "header fields without end", endless(OK, b"X: y\r\n"), "truncated", "length"),
    M("head-line-endless", "one header line without end", endless(OK + b"X: ", b"y"), "truncated", "length"),
    M("head-drip", "a header of a byte now and then", dripping(OK + b"X: ", b"y"), "truncated", "time"),
    M("head-hang", "silence in the header", hanging(OK + b"X: y"), "truncated", "time"),
    M("head-status-endless", "a status line without end", endless(b"HTTP/1.1 200 ", b"O"), "network-error", status=None),
    M("continue-flood", "100 Continue without end", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "network-error", status=None),
    M("early-hints", "103 before the answer", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + page("x"), "captured"),
    M("http-09", "HTTP/0.9: a body and nothing else", b"<html>hello", "network-error", status=None),
    M("http-2-preface", "an answer in another version", b"HTTP/7.7 200 OK\r\nContent-Length: 2\r\n\r\nhi", "captured"),
    M("status-word", "a status that is no number", b"HTTP/1.1 fine\r\n\r\n", "network-error", status=None),
    M("status-zero", "status 000", b"HTTP/1.1 000 Nothing\r\n\r\n", "network-error", status=None),
    M("not-http", "another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", "network-error", status=None),
    M("fields-twice", "header fields twice", page("x", "Content-Type: image/png", "X: 1", "X: 2"), "captured"),
    M("fields-folded", "folded header fields", HTML + b"X: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nhi", "captured"),
    M("fields-latin", "header fields in Latin-1", HTML + b"X: caf\xe9\x85\r\nContent-Length: 2\r\n\r\nhi", "captured"),
    M("fields-utf8", "header fields in UTF-8", HTML + "X: ☃\r\nContent-Length: 2\r\n\r\nhi".encode(), "captured"),
    M("fields-nul", "NUL in a header field", HTML + b"X: a\0b\r\nContent-Length: 2\r\n\r\nhi", "captured"),
    M("fields-cr", "a bare CR in a header field", HTML + b"X: a\rY: b\r\nContent-Length: 2\r\n\r\nhi", "captured"),
    M("fields-no-colon", "a header line without a colon", HTML + b"nonsense\r\nContent-Length: 2\r\n\r\nhi", "captured"),
    M("fields-5000", "five thousand header fields", HTML + b"X: y\r\n" * 5000 + b"Content-Length: 2\r\n\r\nhi", "captured"),
)  # fmt: skip
STATUSES = (
    M("status-101", "101 to a plain request", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\0\1", "http-error", status=101),
    M("status-204", "204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "captured", status=204),
    M("status-205", "205 with a body", raw(b"hello", status="205 Reset Content"), "captured", status=205),
    M("status-206", "206 to a request for the whole", raw(b"hello", "Content-Range: bytes 5-9/99", status="206 Partial Content"), "captured", status=206),
    M("status-304", "304 to a request without a condition", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", "http-error", status=304),
    M("status-304-body", "304 with a body", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", "http-error", status=304),
    M("status-999", "status 999", raw(b"no", status="999 Request denied"), "http-error", status=999),
    M("soft-404", "a page that is not there, with status 200", page("<title>Not found</title>This page does not exist."), "captured"),
)  # fmt: skip
CONNECTIONS = (
    M("close", "the end, before a byte", b"", "network-error", status=None),
    M("reset", "a reset, before a byte", resetting(b""), "network-error", status=None),
    M("reset-status", "a reset in the status line", resetting(b"HTTP/1.1 2"), "network-error", status=None),
    M("reset-head", "a reset in the header", resetting(OK + b"X: y\r\n"), "truncated", "disconnect"),
    M("reset-body", "a reset in the body", resetting(HTML + b"Content-Length: 99\r\n\r\nhello"), "truncated", "disconnect"),
    M("hang", "silence after accepting", hanging(b""), "timeout", status=None),
    M("tls-self-signed", "a certificate nobody vouches for", page("x"), "network-error", status=None, host="tls-self.test", embed=True),
    M("tls-plain", "plain HTTP where TLS belongs", page("x"), "network-error", status=None, host="tls-plain.test", embed=True),
    M("plain-tls", "TLS where plain HTTP belongs", page("x"), "network-error", status=None, host="plain-tls.test", embed=True),
)  # fmt: skip
BODIES = (
    M("gzip-bomb", "200 MB in 200 KB of gzip", coded("gzip", zeros(200)), "captured"),
    M("gzip-bomb-nested", "10 GB in gzip of gzip", coded("gzip, gzip", gzip.compress(zeros(10_000), mtime=0)), "captured"),
    M("brotli-bomb", "200 MB in brotli", coded("br", brotli_zeros(200)), "captured"),
    M("zstd-bomb", "200 MB in zstd", coded("zstd", zstd.compress(bytes(200 * 2**20))), "captured"),
    M("gzip-tags", "four million tags in 20 KB of gzip", coded("gzip", zeros(12, b"<p>")), "captured"),
    M("gzip-cut", "gzip that ends early", coded("gzip", gzip.compress(links("/from-cut").encode() + bytes(9999), mtime=0)[:-20]), "captured", leads=_found("cut")),
    M("gzip-broken", "gzip that is broken", coded("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 99), "captured"),
    M("gzip-plain", "gzip said, nothing compressed", coded("gzip", links("/from-plain").encode()), "captured", leads=_found("plain")),
    M("br-unasked", "brotli that was not asked for", coded("br", brotli.compress(links("/from-br").encode())), "captured", leads=_found("br")),
    M("br-plain", "brotli said, nothing compressed", coded("br", links("/from-br-plain").encode()), "captured", leads=_found("br-plain")),
    M("zstd-unasked", "zstd that was not asked for", coded("zstd", zstd.compress(links("/from-zstd").encode())), "captured", leads=_found("zstd")),
    M("codings-many", "more codings than anybody applies", coded("gzip, " * 50 + "gzip", gzip.compress(b"x")), "captured"),
    M("codings-unknown", "a coding nobody knows", coded("sideways", b"x"), "captured"),
    M("page-50mb", "a page of 50 MB", endless(HTML + b"Content-Length: 50000000\r\n\r\n", b"<p>x</p>"), "truncated", "length"),
    M("nested", "a page nested ten thousand deep", page("<div>" * 10_000 + links("/from-nested")), "captured", leads=_found("nested")),
    M("nested-many", "a page of open elements without end", page("<b><table><tr><td>" * 20_000), "captured"),
    M("charset-lie", "UTF-16 that says UTF-8", _charset("utf-8", links("/x").encode("utf-16")), "captured"),
    M("charset-utf7", "UTF-7", _charset("utf-7", b"+ADw-a href=+ACI-/x+ACI-+AD4-"), "captured"),
    M("charset-unknown", "a charset nobody knows", _charset("x-" + "n" * 5000, links("/from-charset").encode()), "captured", leads=_found("charset")),
    M("warc-inside", "a body that looks like a WARC record", raw(WARC, "Content-Type: text/plain"), "captured"),
    M("cookies", "a page that depends on a cookie", cookies, "captured", leads={"/after-cookie": "captured"}),
    M("links-odd", "links with line ends, control characters, NUL", page(links("/odd\r\nX: y", "/odd\0nul", "/odd%0d%0aX:%20y", "\x01/from-odd\x1f")), "captured",
      leads={"/oddX:%20y": "captured", "/odd%0d%0aX:%20y": "captured", "/from-odd": "captured"}),
    M("links-long", "links of ten thousand characters", page(links("/" + GIVEN, "/from-long", "?" + GIVEN)), "captured", leads=_found("long")),
    M("links-many", "links and parts of a script's own making", page("<script>document.write('<a href=/x>')</script>" + "<a href='//'>" * 999), "captured"),
)  # fmt: skip
REDIRECTS = (
    M("redirect-loop", "two redirects to each other", redirect("/redirect-back"), "redirect", status=302, leads={"/redirect-back": "redirect"}),
    M("redirect-self", "a redirect to itself", redirect("/redirect-self"), "redirect", status=302),
    M("redirect-chain", "fifty redirects in a row", made(lambda path: redirect(f"/redirect-chain-{numbered(path) + 1}")), "redirect", status=302,
      leads={f"/redirect-chain-{HOPS}": "redirect", f"/redirect-chain-{HOPS + 1}": "over-limit"}),
    M("redirect-file", "a redirect to file:", redirect("file:///etc/passwd"), "redirect", status=302),
    M("redirect-javascript", "a redirect to javascript:", redirect("javascript:alert(1)"), "redirect", status=302),
    M("redirect-data", "a redirect to data:", redirect("data:text/html,hello"), "redirect", status=302),
    M("redirect-ftp", "a redirect to ftp:", redirect("ftp://bad.test/"), "redirect", status=302),
    M("redirect-port-zero", "a redirect to port 0", redirect("http://bad.test:0/"), "redirect", status=302, leads={"http://bad.test:0/": "out-of-scope"}),
    M("redirect-crlf", "a Location with line ends, encoded", redirect("/from-crlf%0d%0aSet-Cookie:%20a=b"), "redirect", status=302,
      leads={"/from-crlf%0d%0aSet-Cookie:%20a=b": "captured"}),
    M("redirect-controls", "a Location with control characters", redirect(b"/from-\x01\x0b\x7f\rcontrols"), "redirect", status=302,
      leads={"/from-%01%0B%7F%20controls": "captured"}),
    M("redirect-bytes", "a Location in bytes that are no text", redirect(b"/from-\xff\xfe"), "redirect", status=302, leads={"/from-%C3%BF%C3%BE": "captured"}),
    M("redirect-empty", "an empty Location", redirect(""), "captured", status=302),
    M("redirect-long", "a Location of ten thousand characters", redirect("/" + GIVEN), "redirect", status=302),
    M("redirect-megabyte", "a Location of a megabyte", endless(b"HTTP/1.1 302 Found\r\nLocation: /", b"x"), "truncated", "length", status=302),
)  # fmt: skip
TRAPS = (
    M("calendar", "a calendar without end", made(lambda path: page(links(f"/calendar?month={numbered(path) + 1}"))), "captured", path="/calendar?month=1",
      leads={f"/calendar?month={MAX_DEPTH + 1}": "over-limit"}),
    M("deeper", "paths ever deeper", made(lambda _: page(links("a/"))), "captured", path="/deeper/", leads={"/deeper/a/a/": "captured"}),
    M("same", "one page under any number of addresses", made(lambda path: page(f"<p hidden>{links(f'?id={numbered(path) + 1}')}")), "captured", path="/same?id=1",
      leads={f"/same?id={MAX_DEPTH + 1}": "over-limit"}),
    M("session", "session ids in paths", made(lambda path: page(links(f"/session/{numbered(path) * 7919 + 1:032}/"))), "captured", path="/session/",
      leads={f"/session/{1:032}/": "captured"}),
)  # fmt: skip
ROBOTS = (
    M("robots-endless", "a robots.txt without end", endless(OK + b"Content-Type: text/plain\r\n\r\n", b"Disallow: /no\n"), "truncated", "length",
      path="/robots.txt", host="robots-endless.test", leads={"http://robots-endless.test/part": "captured"}),
    M("robots-100mb", "a robots.txt of 100 MB", endless(OK + b"Content-Length: 100000000\r\n\r\n", b"# nothing\n"), "truncated", "length",
      path="/robots.txt", host="robots-100mb.test", leads={"http://robots-100mb.test/part": "captured"}),
    M("robots-bomb", "a robots.txt of gzip within gzip", coded("gzip, gzip", gzip.compress(zeros(10_000), mtime=0)), "captured",
      path="/robots.txt", host="robots-bomb.test", leads={"http://robots-bomb.test/part": "captured"}),
    M("robots-loop", "a robots.txt that leads in a circle", redirect("/robots.txt"), "redirect", status=302,
      path="/robots.txt", host="robots-loop.test", leads={"http://robots-loop.test/part": "captured"}),
    M("robots-hang", "silence where robots.txt should be", hanging(b""), "timeout", status=None,
      path="/robots.txt", host="robots-hang.test", leads={"http://robots-hang.test/part": "timeout"}),
)  # fmt: skip
SITEMAPS = (
    M("sitemap-bomb", "a sitemap of 200 MB in gzip", raw(zeros(200, b"<url><loc>"), "Content-Type: application/gzip"), "captured"),
    M("sitemap-entities", "XML entities that multiply", raw(ENTITIES, "Content-Type: application/xml"), "captured"),
    M("sitemap-recursive", "an index of itself and of ever new indexes", made(lambda path: page(sitemap(f"{SITE}/sitemap-recursive", f"{SITE}/sitemap-recursive?{numbered(path) + 1}", index=True))),
      "captured", leads={f"/sitemap-recursive?{MAX_DEPTH + 1}": "over-limit"}),
    M("sitemap-elsewhere", "a sitemap of other schemes and places", raw(sitemap("file:///etc/passwd", "javascript:x", "http://10.0.0.1/", f"{SITE}/from-sitemap").encode(), "Content-Type: text/xml"),
      "captured", leads={"http://10.0.0.1/": "out-of-scope", "/from-sitemap": "captured"}),
)  # fmt: skip
PRIVATE = tuple(
    M(
        f"private-{number}",
        f"a redirect to {authority.partition(':{')[0]}",
        b"",
        "redirect",
        status=302,
        embed=True,
    )
    for number, authority in enumerate(INSIDE)
)
MISBEHAVIOURS = (
    *FRAMING, *HEADS, *STATUSES, *CONNECTIONS, *BODIES, *REDIRECTS, *TRAPS, *ROBOTS, *SITEMAPS, *PRIVATE,
)  # fmt: skip


def table() -> str:
    """Return docs/hostile.md from its first row on: every misbehaviour with what becomes of it."""
    rows = ["| name | the server sends | outcome | `WARC-Truncated` | kept |", "|---|---|---|---|---|"]
    for one in MISBEHAVIOURS:
        truncated = f"`{one.truncated}`" if one.truncated else ""
        rows.append(f"| `{one.name}` | {one.what} | `{one.outcome}` | {truncated} | {one.kept} |")
    return "\n".join(rows) + "\n"
