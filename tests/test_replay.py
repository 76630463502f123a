# SPDX-License-Identifier: EUPL-1.2
"""The replay origins: what is answered for each capture, under which headers; and Chromium on whole pages."""

from __future__ import annotations

import gzip
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec import structs
from playwright.sync_api import expect

from archiver.ledger import UrlOutcome
from index.cdxj import format_line, parse_line
from index.errors import ConfigurationError
from index.urlkey import origin
from tests.support.archive import Lost, Reply, build
from tests.support.chromium import follow, visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, app_of, serving
from viewer.addresses.label import make
from viewer.shelf import Shelf
from viewer.takedowns import Takedowns

SITE = "https://www.example.org"
OTHER = "https://cdn.example.net"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
TEXT = "body{color:red}" * 500
VIDEO = bytes(range(256)) * 40
PDF = b"%PDF-1.4 " + b"x" * 1_400_000
LINKS = f'<link rel="stylesheet" href="{OTHER}/a.css"><img src="{OTHER}/i.png" alt="">'
MARKUP = f"<!doctype html><html><head><title>T</title>{LINKS}</head><body>dag</body></html>"
BAD = (
    ("Set-Cookie", "a=b; Domain=example.org"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("X-Frame-Options", "DENY"),
    ("Strict-Transport-Security", "max-age=1"),
    ("Link", "<https://live.example/>; rel=preload"),
    ("X-Accel-Redirect", "/etc/passwd"),
)


def both(first: Reply, second: Reply | None = None) -> tuple[Reply, Reply | None]:
    return first, second


ANSWERS = {
    "/": both(Reply(MARKUP, headers=(*BAD, ("X-Day", "1"))), Reply(MARKUP.replace("dag", "dinsdag"))),
    "/same": both(
        Reply("<title>S</title>same", headers=(("Content-Language", "nl"),)),
        Reply("<title>S</title>same", headers=(("Content-Language", "en"),)),
    ),
    "/monday": both(Reply("<title>M</title>only monday")),
    "/a%2Fb": both(Reply("slash", "text/plain")),
    "/a/b": both(Reply("two segments", "text/plain")),
    "/met%20spatie": both(Reply("space", "text/plain")),
    "/caf%C3%A9": both(Reply("utf-8", "text/plain")),
    "/regel%0Aeinde": both(Reply("line feed", "text/plain")),
    "/q?a=b;c": both(Reply("query", "text/plain")),
    "/zoek": both(Reply("<title>Z</title>search")),
    "/list?page=1": both(Reply("first", "text/plain")),
    "/list": both(Reply("bare", "text/plain")),
    "/lijst": both(Reply("bare", "text/plain")),
    "/lijst?cb=1": both(Reply("no such", "text/plain", status=404)),
    "/leeg": both(Reply("bare", "text/plain")),
    "/leeg?cb=": both(Reply("made up", "text/plain")),
    "/verslag.pdf": both(Reply(PDF, "application/pdf")),
    "/brief.docx": both(Reply(b"PK", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")),
    "/bijlage.html": both(Reply("<p>x", headers=(("Content-Disposition", "attachment; filename=x.exe"),))),
    "/tabel.csv": both(Reply("a,b", "text/csv")),
    "/zipped.pdf": both(Reply(gzip.compress(PDF), "application/pdf", headers=(("Content-Encoding", "gzip"),))),
    "/gone": both(Reply("<title>G</title>gone", status=410)),
    "/broken": both(Reply("oops", "text/plain", status=500)),
    "/moved": both(Reply(status=301, headers=(("Location", f"{OTHER}/i.png"),))),
    "/moved-here": both(Reply(status=302, headers=(("Location", "/same"),))),
    "/gzip.html": both(Reply(gzip.compress(MARKUP.encode()), headers=(("Content-Encoding", "gzip"),))),
    "/gzip.js": both(Reply(gzip.compress(b"let a = 1"), "text/javascript", headers=(("Content-Encoding", "gzip"),))),
    "/brotli.js": both(Reply(b"\x0b\x02\x80abc\x03", "text/javascript", headers=(("Content-Encoding", "br"),))),
    "/coded.js": both(Reply(b"\x0b\x02\x80abc\x03", "text/javascript", headers=(("Content-Encoding", "dcb"),))),
    "/coded.html": both(Reply(b"\x0b\x02\x80abc\x03", headers=(("Content-Encoding", "dcb"),))),
    "/video.mp4": both(Reply(VIDEO, "video/mp4")),
    "/chunked.bin": both(Reply(VIDEO, "application/octet-stream", chunked=True)),
    "/cut.bin": both(Reply(VIDEO, "application/octet-stream", truncated="length")),
    "/latin.html": both(Reply("<title>é</title>é".encode("latin-1"), "text/html; charset=iso-8859-1")),
    "/picture.svg": both(Reply(f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{OTHER}/i.png"/></svg>', "image/svg+xml")),
    "/feed.xml": both(Reply(f"<feed><link>{OTHER}/</link></feed>", "application/xml")),
    "/no-type": both(Reply("<!DOCTYPE html><title>N</title>", None)),
    "/no-type.bin": both(Reply(b"\x00\x01", None)),
    "/empty": both(Reply(status=204, mime=None)),
}  # fmt: skip
CDN = {
    f"{OTHER}/a.css": Reply(f"@import '{SITE}/b.css'; {TEXT}", "text/css"),
    f"{OTHER}/i.png": Reply(b"\x89PNG", "image/png"),
    "http://plain.example/x": Reply("plain", "text/plain"),
}
DAYS = {
    MONDAY: {f"{SITE}{path}": first for path, (first, _) in ANSWERS.items()} | CDN,
    TUESDAY: {f"{SITE}{path}": second for path, (_, second) in ANSWERS.items() if second}
    | {f"{SITE}/lost": Lost(UrlOutcome.TIMEOUT)},
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("replay") / "data", {"demo": DAYS}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/a%2Fb", 200, b"slash"),
        ("/a/b", 200, b"two segments"),
        ("/met%20spatie", 200, b"space"),
        ("/caf%C3%A9", 200, b"utf-8"),
        ("/regel%0Aeinde", 200, b"line feed"),
        ("/café", 200, b"utf-8"),
        ("/q?a=b;c", 200, b"query"),
        ("/list?page=1", 200, b"first"),
        ("/broken", 500, b"oops"),
        ("/video.mp4", 200, VIDEO),
        ("/chunked.bin", 200, VIDEO),
        ("/cut.bin", 200, VIDEO),
        ("/gzip.js", 200, b"let a = 1"),
        ("/empty", 204, b""),
        ("/no-type.bin", 200, b"\x00\x01"),
    ],
)
def test_body_as_captured(visitor, path, status, body):
    """Status and body are those of the capture, whatever escapes its address has."""
    response = visitor.replay(MONDAY, SITE + path)
    assert (response.status_code, response.data) == (status, body)


@pytest.mark.parametrize(
    ("timestamp", "url", "status"),
    [
        (MONDAY, f"{SITE}/never", 404),
        (TUESDAY, f"{SITE}/monday", 404),
        (TUESDAY, f"{SITE}/lost", 404),
        (TUESDAY, f"{OTHER}/i.png", 404),
        ("20260304023000", f"{SITE}/", 404),
        (MONDAY, "https://never.example/", 404),
        (MONDAY, f"{SITE}/list?page=2", 404),
        (MONDAY, f"{SITE}/../../etc/passwd", 404),
        (MONDAY, f"{SITE}/%00", 404),
        (MONDAY, f"{SITE}/.daykeep/other.js", 404),
        (MONDAY, f"{SITE}/gone", 410),
    ],
)
def test_gap(visitor, timestamp, url, status):
    """What a day does not have is a gap, also where another day has it."""
    assert visitor.replay(timestamp, url).status_code == status


@pytest.mark.parametrize(
    ("destination", "shown"),
    [("iframe", b"opname"), ("image", b""), ("script", b""), ("style", b""), ("empty", b"")],
)
def test_gap_is_shown_only_where_a_page_is_shown(visitor, destination, shown):
    """A gap is a page with an explanation in a frame, and an empty body where a part of a page is missing."""
    response = visitor.replay(MONDAY, f"{SITE}/never", Sec_Fetch_Dest=destination)
    assert shown in response.data
    assert bool(response.data) == bool(shown)
    assert response.headers["Cache-Control"] != visitor.replay(MONDAY, f"{SITE}/").headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "contains"),
    [
        ("/", f'href="http://{MONDAY}-cdn-example-net.localhost:8080/a.css"'),
        ("/", "/.daykeep/replay.js?"),
        ("/gzip.html", "/.daykeep/replay.js?"),
        ("/gone", "/.daykeep/replay.js?"),
        ("/latin.html", "<title>é</title>"),
        ("/picture.svg", f'href="http://{MONDAY}-cdn-example-net.localhost:8080/i.png"'),
        ("/no-type", "/.daykeep/replay.js?"),
    ],
)
def test_pages_are_rewritten(visitor, path, contains):
    """A page is sent decoded, in its own encoding, its absolute addresses mapped, our script first."""
    response = visitor.replay(MONDAY, SITE + path, Accept_Encoding="identity")
    charset = {"/latin.html": "iso-8859-1", "/no-type": "windows-1252"}.get(path, "utf-8")
    assert contains in response.data.decode(charset)
    assert response.headers["Content-Type"].endswith(f"; charset={charset}")
    assert "Content-Encoding" not in response.headers


def test_style_sheets_are_rewritten(visitor):
    """A style sheet has its absolute addresses mapped."""
    response = visitor.replay(MONDAY, f"{OTHER}/a.css")
    assert f"@import 'http://{MONDAY}-www-example-org.localhost:8080/b.css'" in response.data.decode()
    assert response.headers["Content-Type"] == "text/css"


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        (f"{SITE}/", "empty"),
        (f"{OTHER}/a.css", "empty"),
        (f"{OTHER}/a.css", "iframe"),
        (f"{SITE}/feed.xml", "empty"),
        (f"{SITE}/picture.svg", "image"),
        (f"{SITE}/no-type", "empty"),
    ],
)
def test_what_a_script_or_an_image_reads_is_left_alone(visitor, url, destination):
    """Markup that does not become a document is sent as it was captured, and so are style sheets for a script."""
    stored = DAYS[MONDAY][url].payload
    for _ in range(2):
        answer = visitor.replay(MONDAY, url, Sec_Fetch_Dest=destination)
        assert answer.data == stored
        assert "Sec-Fetch-Dest" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "accepts", "encoding"),
    [
        ("/gzip.js", "gzip, br", "gzip"),
        ("/gzip.js", "br", None),
        ("/gzip.js", "gzip;q=0, *", None),
        ("/gzip.js", "", None),
        ("/brotli.js", "br", "br"),
        ("/brotli.js", "gzip", None),
        ("/coded.js", "gzip", "dcb"),
        ("/coded.html", "gzip", "dcb"),
    ],
)
def test_content_coding(visitor, path, accepts, encoding):
    """A stored coding is kept where the client takes it, or where nobody here can undo it."""
    response = visitor.replay(MONDAY, SITE + path, Accept_Encoding=accepts)
    assert response.headers.get("Content-Encoding") == encoding
    if encoding:
        assert response.data == DAYS[MONDAY][SITE + path].payload


def test_page_that_cannot_be_decoded_says_so(visitor):
    """A page in a coding that is not known here goes out as it is, and says that it was not rewritten."""
    response = visitor.replay(MONDAY, f"{SITE}/coded.html")
    assert response.headers["X-Daykeep-Approximate"] == "not-rewritten"


@pytest.mark.parametrize(
    ("wanted", "status", "content_range", "body"),
    [
        ("bytes=0-9", 206, f"bytes 0-9/{len(VIDEO)}", VIDEO[:10]),
        ("bytes=10000-", 206, f"bytes 10000-{len(VIDEO) - 1}/{len(VIDEO)}", VIDEO[10000:]),
        ("bytes=-5", 206, f"bytes {len(VIDEO) - 5}-{len(VIDEO) - 1}/{len(VIDEO)}", VIDEO[-5:]),
        ("bytes=0-1,4-5", 200, None, VIDEO),
        ("bytes=-99999", 206, f"bytes 0-{len(VIDEO) - 1}/{len(VIDEO)}", VIDEO),
        ("bytes=99999-", 416, f"bytes */{len(VIDEO)}", b""),
        ("items=0-1", 200, None, VIDEO),
        ("nonsense", 200, None, VIDEO),
    ],
)
def test_range(visitor, wanted, status, content_range, body):
    """One range of a plain body is answered as such, one behind its end refused, all else gets the whole body."""
    response = visitor.replay(MONDAY, f"{SITE}/video.mp4", Range=wanted)
    assert (response.status_code, response.headers.get("Content-Range")) == (status, content_range)
    assert response.data == body
    assert response.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("path", ["/chunked.bin", "/cut.bin", "/gzip.js", "/", "/broken"])
def test_no_range_of_what_has_no_certain_length(visitor, path):
    """A body that is coded, cut, chunked, rewritten or an error is not cut into ranges."""
    response = visitor.replay(MONDAY, SITE + path, Range="bytes=0-1")
    assert "Content-Range" not in response.headers
    assert len(response.data) > 2


@pytest.mark.parametrize(
    "url", [f"{SITE}/", f"{SITE}/never", f"{SITE}/video.mp4", f"{SITE}/moved", f"{OTHER}/a.css"]
)
def test_security_headers(visitor, url):
    """Every answer carries our policy and none of the archived site's, and sets no cookie."""
    headers = visitor.replay(MONDAY, url).headers
    assert f"http://{MONDAY}-www-example-org.localhost:8080" in headers["Content-Security-Policy"]
    assert TUESDAY not in headers["Content-Security-Policy"]
    assert "*" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' http://localhost:8080" in headers["Content-Security-Policy"]
    for name, value in BAD[2:] + BAD[:1]:
        # `Link` is our own, of the Memento protocol: nothing in it makes a browser ask
        assert value not in headers.getlist(name) if name == "Link" else name not in headers
    assert not set(re.findall(r'rel="([^"]*)"', headers.get("Link", ""))) - {
        "original",
        "timegate",
        "timemap",
        "memento",
    }
    assert len(headers.getlist("Content-Security-Policy")) == 1


@pytest.mark.parametrize("path", ["/video.mp4", "/gzip.js", "/q?a=b;c"])
def test_captures_may_be_kept_for_ever(visitor, path):
    """Bytes as they were captured are cacheable for a year, and a client that has them is told so."""
    response = visitor.replay(MONDAY, SITE + path)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Sec-Fetch-Dest" in response.headers["Vary"]
    tag = response.headers["ETag"]
    again = visitor.replay(MONDAY, SITE + path, If_None_Match=tag)
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("url", "destination", "status"),
    [
        (f"{SITE}/", "iframe", 304),
        (f"{SITE}/same", None, 304),
        (f"{SITE}/no-type", "iframe", 304),
        (f"{SITE}/picture.svg", "iframe", 304),
        (f"{OTHER}/a.css", "style", 304),
        (f"{SITE}/moved", "iframe", 301),
        (f"{SITE}/q?a=b;c", "iframe", 304),
        (f"{SITE}/zoek?q=woord", "empty", 304),
    ],
)
def test_what_is_made_here_is_asked_for_again(visitor, url, destination, status):
    """What is rewritten, or chosen, is not kept without asking, since another version may do so otherwise."""
    said = {"Sec_Fetch_Dest": destination} if destination else {}
    response = visitor.replay(MONDAY, url, **said)
    assert response.headers["Cache-Control"] == "no-cache"
    again = visitor.replay(MONDAY, url, If_None_Match=response.headers["ETag"], **said)
    assert again.status_code == status


@pytest.mark.parametrize("path", ["/", "/no-type"])
def test_tag_of_a_rewritten_page_knows_the_rewriter(archive, visitor, monkeypatch, path):
    """Another rewriter, or a viewer at another address, makes pages with another tag."""
    tag = visitor.replay(MONDAY, SITE + path).headers["ETag"]
    assert Visitor(archive).replay(MONDAY, SITE + path).headers["ETag"] == tag
    moved = structs.replace(archive.settings.viewer, base_url="http://elsewhere.example")
    settings = structs.replace(archive.settings, viewer=moved)
    elsewhere = Visitor(replace(archive, settings=settings))
    assert elsewhere.replay(MONDAY, SITE + path).headers["ETag"] != tag
    monkeypatch.setattr("viewer.replaying.means._REWRITERS", ("rewriting",))
    assert Visitor(archive).replay(MONDAY, SITE + path).headers["ETag"] != tag


def test_forms_of_a_body_have_tags_of_their_own(visitor):
    """The coded and the decoded form of a body do not pass for each other in a cache."""
    tags = {
        visitor.replay(MONDAY, f"{SITE}/gzip.js", Accept_Encoding=one).headers["ETag"]
        for one in ("gzip", "br")
    }
    assert len(tags) == 2


def test_redirects_stay_in_the_snapshot(visitor):
    """A redirect leads to where it led, in the same snapshot."""
    assert visitor.replay(MONDAY, f"{SITE}/moved").headers["Location"] == (
        f"http://{MONDAY}-cdn-example-net.localhost:8080/i.png"
    )
    assert visitor.replay(MONDAY, f"{SITE}/moved-here").headers["Location"] == "/same"


def test_other_scheme(visitor):
    """A URL captured by the other scheme only is found by a redirect to the origin of that scheme."""
    response = visitor.replay(MONDAY, "https://plain.example/x")
    assert response.status_code == 302
    assert response.headers["Location"] == f"http://{MONDAY}h-plain-example.localhost:8080/x"
    assert visitor.replay(MONDAY, "http://plain.example/x").data == b"plain"


@pytest.mark.parametrize(
    ("url", "note"),
    [
        (f"{SITE}/zoek?q=woord", "query-ignored"),
        (f"{SITE}/zoek", None),
        (f"{SITE}/list?page=1", None),
        (f"{SITE}/lijst?q=woord", "query-ignored"),
        (f"{SITE}/leeg?q=woord", "query-ignored"),
    ],
)
def test_query_ignored(visitor, url, note):
    """A path captured only without a query answers for any query, and says so."""
    response = visitor.replay(MONDAY, url)
    assert response.status_code == 200
    assert response.headers.get("X-Daykeep-Approximate") == note


def test_revisit(visitor):
    """A day with the same payload has that payload, and header fields of its own."""
    first, second = (visitor.replay(day, f"{SITE}/same") for day in (MONDAY, TUESDAY))
    pages = [re.sub(rb"<script.*?</script>", b"", answer.data) for answer in (first, second)]
    assert pages[0] == pages[1] == b"<title>S</title>same"
    assert (first.headers["Content-Language"], second.headers["Content-Language"]) == ("nl", "en")


def test_days_do_not_mix(visitor):
    """No answer of one day has an address of another in it, whatever the path."""
    for timestamp, other in ((MONDAY, TUESDAY), (TUESDAY, MONDAY)):
        for url in DAYS[MONDAY]:
            response = visitor.replay(timestamp, url)
            everything = str(response.headers).encode() + response.data
            assert other.encode() not in everything


@pytest.mark.parametrize("url", [f"{SITE}/", f"{SITE}/q?a=b;c", f"{SITE}/a%2Fb", f"{SITE}/never"])
def test_top_level_visit_goes_to_the_frame(visitor, url):
    """A visit outside the viewer's frame is sent to the frame page of the same address and snapshot."""
    response = visitor.replay(MONDAY, url, Sec_Fetch_Dest="document")
    assert response.status_code == 302
    assert response.headers["Location"] == f"http://localhost:8080/web/{MONDAY}/{url}"
    assert response.headers["Cache-Control"] == "no-store"


def test_service_workers_are_refused(visitor):
    """A script asked for as a service worker is refused."""
    response = visitor.replay(MONDAY, f"{SITE}/gzip.js", Service_Worker="script")
    assert response.status_code == 403
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(visitor, method):
    """An archived page cannot send anything."""
    response = visitor.replay(MONDAY, f"{SITE}/", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_form_that_is_sent_is_answered_in_words(visitor):
    """What an archived form sends in the frame is answered in the visitor's language, and the banner follows."""
    said = {"Sec_Fetch_Dest": "iframe", "Accept_Language": "nl"}
    response = visitor.replay(MONDAY, f"{SITE}/", method="POST", **said)
    assert response.status_code == 405
    assert "kan niets versturen" in response.get_data(as_text=True)
    assert "/.daykeep/replay.js" in response.get_data(as_text=True)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "MADE-UP"])
def test_what_the_framework_refuses_has_our_policy(visitor, method):
    """Also an answer that replay does not make itself comes under its policy."""
    response = visitor.replay(MONDAY, f"{SITE}/", method=method)
    assert response.status_code == 405
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.mimetype == "text/plain"


def test_unforeseen_failure_has_our_policy(visitor, monkeypatch):
    """A failure that nobody foresaw is told under the policy of replay, without a word of where."""
    monkeypatch.setattr("viewer.replaying.replay._answer", lambda _: 1 / 0)
    response = visitor.replay(MONDAY, f"{SITE}/?unforeseen")
    assert response.status_code == 500
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert b"ZeroDivision" not in response.data


@pytest.mark.parametrize(
    ("path", "is_file"),
    [
        ("/verslag.pdf", True),
        ("/brief.docx", True),
        ("/chunked.bin", True),
        ("/bijlage.html", True),
        ("/tabel.csv", True),
        ("/zipped.pdf", True),
        ("/", False),
        ("/video.mp4", False),
        ("/picture.svg", False),
        ("/feed.xml", False),
        ("/a/b", False),
        ("/no-type.bin", False),
        ("/moved", False),
    ],
)
def test_file_in_the_frame(visitor, path, is_file):
    """What a browser would save is a small page in the frame, and itself wherever else it is asked for."""
    framed = visitor.replay(MONDAY, SITE + path, Sec_Fetch_Dest="iframe", Accept_Language="en")
    said = framed.get_data(as_text=True) if framed.mimetype == "text/html" else ""
    assert ("The bar at the top has a link to save it." in said) == is_file
    if is_file:
        assert f"<h1>{path[1:]}</h1>" in said
        assert "/.daykeep/replay.js" in said
        assert "Content-Disposition" not in framed.headers
    fetched = visitor.replay(MONDAY, SITE + path, Sec_Fetch_Dest="empty", Accept_Encoding="gzip")
    assert fetched.data == DAYS[MONDAY][SITE + path].payload


@pytest.mark.parametrize("path", ["/video.mp4", "/", "/a/b"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_length_is_told(visitor, path, method):
    """Where the length of an answer is known it is told, for GET and HEAD alike."""
    whole = visitor.replay(MONDAY, SITE + path)
    response = visitor.replay(MONDAY, SITE + path, method=method)
    assert response.headers["Content-Length"] == str(len(whole.data))


def test_head(visitor):
    """HEAD has the headers of GET and no body."""
    response = visitor.replay(MONDAY, f"{SITE}/video.mp4", method="HEAD")
    assert (response.status_code, response.data, response.mimetype) == (200, b"", "video/mp4")


def test_script(visitor):
    """Our script is at its own path on every replay origin, for ever the same under its version."""
    response = visitor.replay(MONDAY, f"{SITE}/.daykeep/replay.js?x")
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"].endswith("immutable")


@pytest.mark.parametrize(
    "host",
    [
        "nonsense.localhost:8080",
        f"{MONDAY}-www-example-org.localhost:9999",
        f"{MONDAY}-WWW-example--.localhost:8080",
        f"a.{MONDAY}-www-example-org.localhost:8080",
        "99999999999999-www-example-org.localhost:8080",
        f"{MONDAY}--aaaaaaaaaaaaaaaaaaaaaaaaaa.localhost:8080",
    ],
)
def test_unknown_hosts(visitor, host):
    """A host below the replay name that names no snapshot has nothing, not even the viewer's pages."""
    response = visitor.ask("GET", f"http://{host}", "/")
    assert response.status_code == 404
    assert b"daykeep-banner" not in response.data
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_hashed_label(tmp_path):
    """An origin whose name does not fit in a label is found by its hash."""
    url = f"https://{'a' * 50}.example/"
    with build(tmp_path / "data", {"demo": {MONDAY: {url: Reply("long", "text/plain")}}}) as built:
        assert Visitor(built).replay(MONDAY, url).data == b"long"


def test_very_long_pages_are_passed_on(tmp_path, monkeypatch):
    """A page above the limit is sent whole and not rewritten, and says so."""
    monkeypatch.setattr("viewer.replaying.stored_answer.MAX_REWRITTEN", 1000)
    body = "<title>L</title>" + "x" * 300_000
    with build(tmp_path / "data", {"demo": {MONDAY: {f"{SITE}/": Reply(body)}}}) as built:
        response = Visitor(built).replay(MONDAY, f"{SITE}/")
    assert response.data == body.encode()
    assert response.headers["X-Daykeep-Approximate"] == "not-rewritten"


def test_damaged_record_is_an_error_and_nothing_else(tmp_path, caplog):
    """A record that cannot be read is told in a sentence under our policy, and its place to the log alone."""
    with build(tmp_path / "data", {"demo": {MONDAY: {f"{SITE}/": Reply("x")}}}) as built:
        (warc,) = built.collection.at("demo", MONDAY).warcs
        warc.parent.chmod(0o755)
        warc.chmod(0o644)
        warc.write_bytes(b"\0" * warc.stat().st_size)
        response = Visitor(built).replay(MONDAY, f"{SITE}/")
    assert response.status_code == 500
    assert b"niet te lezen" in response.data
    assert str(tmp_path).encode() not in response.data
    assert str(tmp_path) in caplog.text
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


def test_two_sites_share_no_timestamp(tmp_path):
    """A timestamp names one snapshot in the whole collection, whichever site it is of."""
    days = {
        "one": {MONDAY: {f"{SITE}/": Reply("1", "text/plain")}},
        "two": {TUESDAY: {f"{SITE}/": Reply("2", "text/plain")}},
    }
    with build(tmp_path / "data", days) as built:
        visitor = Visitor(built)
        assert [visitor.replay(day, f"{SITE}/").data for day in (MONDAY, TUESDAY)] == [b"1", b"2"]


def test_shelf_keeps_a_bounded_number_open(archive):
    """No more snapshots stay open than the limit, and one that was dropped is found again."""
    takedowns = Takedowns(archive.collection, archive.settings.zone)
    shelf = Shelf(archive.collection, None, limit=1, takedowns=takedowns)
    first = shelf.get(MONDAY)
    assert shelf.get(MONDAY) is first
    assert shelf.get(TUESDAY).site == "demo"
    assert shelf.get(MONDAY) is not first
    assert first.look_up(f"{SITE}/") is not None
    assert shelf.get("20200101000000") is None


def test_replay_url_without_a_label_is_refused(archive):
    """A replay address that is no pattern of origins is a fault of the configuration."""
    settings = type(archive.settings)(
        viewer=type(archive.settings.viewer)(replay_url="http://localhost:8080")
    )
    with pytest.raises(ConfigurationError):
        app_of(type(archive)(settings, archive.collection, archive.history, archive.catalogue))


# ---- in a browser --------------------------------------------------------------------------------------------


class Live:
    """A web server that stands for the live web and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"live")

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def live():
    running = Live()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.05,))
    thread.start()
    yield running
    running.server.shutdown()
    thread.join()
    running.server.server_close()


LEAKS = """<!doctype html><html><head><title>Leaks</title><link rel="preload" href="{live}/preload" as="script">
<meta http-equiv="refresh" content="600;url={live}/refresh"><base target="_top"></head><body><p>binnen</p>
<img src="{live}/img.png" alt=""><iframe src="{live}/frame"></iframe>
<iframe src="data:text/html,<img src='{live}/data'>"></iframe>
<a id="top" target="_top" href="{live}/top">top</a>
<script src="{live}/s.js"></script>
<script>
fetch("{live}/fetch").catch(() => 0); new Image().src = "{live}/image";
navigator.sendBeacon("{live}/beacon", ""); try {{ new WebSocket("{live}/ws".replace("http", "ws")) }} catch {{}}
try {{ top.location = "{live}/toploc" }} catch {{}}
try {{ navigator.serviceWorker.register("/sw.js").catch(() => 0) }} catch {{}}
document.cookie = "a=b; domain=localhost";
document.body.insertAdjacentHTML("beforeend", "<p id=done>klaar</p>");
</script></body></html>"""


@pytest.mark.browser
def test_nothing_reaches_the_live_web(browser, live, tmp_path):
    """Whatever an archived page tries, the live web is asked nothing and the viewer's page stays."""
    port = free_port()
    day = {f"{SITE}/": Reply(LEAKS.format(live=live.url)), f"{SITE}/sw.js": Reply("1", "text/javascript")}
    with build(tmp_path / "data", {"demo": {MONDAY: day}}, port=port) as built, serving(built, port) as base:
        address = f"{base}/web/{MONDAY}/{SITE}/"
        with visit(browser, address) as seen:
            frame = seen.page.frame_locator("#daykeep-page")
            frame.locator("#done").wait_for()
            frame.locator("#top").click()
            seen.page.wait_for_timeout(300)
            assert seen.page.url.startswith(base)
            assert [cookie["name"] for cookie in seen.page.context.cookies([base])] == []
    assert live.asked == []


STYLED = f"body {{ background-image: url({OTHER}/i.png) }}"
READS = """<!doctype html><title>R</title>{link}<body><script>
(async () => {
  const fetched = async () => (await fetch("/s.css")).text();
  const link = () => new Promise((done) => {
    const made = document.createElement("link");
    Object.assign(made, { rel: "stylesheet", href: "/s.css", onload: done });
    document.head.append(made);
  });
  const read = [await fetched()];
  await link();
  read.push(await fetched());
  const asked = new XMLHttpRequest();
  asked.open("GET", "/s.css", false);
  asked.send();
  read.push(asked.responseText);
  await link();
  for (const one of read) document.body.append(Object.assign(document.createElement("pre"), { textContent: one }));
  document.body.append(Object.assign(document.createElement("output"), { textContent: "ready" }));
})();
</script>"""


@pytest.mark.browser
@pytest.mark.parametrize("link", ["", "<link rel=stylesheet href=/s.css>"])
def test_a_style_sheet_for_a_page_and_for_a_script(browser, tmp_path, link):
    """One address, read as it was captured and styled by what was rewritten, in either order and from caches."""
    port = free_port()
    day = {
        f"{SITE}/": Reply(READS.replace("{link}", link)),
        f"{SITE}/s.css": Reply(STYLED, "text/css"),
        f"{OTHER}/i.png": Reply(b"\x89PNG", "image/png"),
    }
    with (
        build(tmp_path / "data", {"demo": {MONDAY: day}}, port=port) as archive,
        serving(archive, port) as base,
        visit(browser) as seen,
    ):
        for _ in range(2):
            seen.page.goto(f"{base}/web/{MONDAY}/{SITE}/")
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.locator("output")).to_have_text("ready")
            assert frame.locator("pre").all_text_contents() == [STYLED] * 3
            shown = frame.locator("body").evaluate("(body) => getComputedStyle(body).backgroundImage")
            assert f"http://{MONDAY}-cdn-example-net.localhost:{port}/i.png" in shown


@pytest.mark.browser
def test_replay_origin_opened_by_itself(browser, tmp_path):
    """Who opens a replay address by itself lands in the viewer's frame, on that page and day."""
    port = free_port()
    day = {f"{SITE}/x": Reply("<title>X</title><p>alleen</p>")}
    with build(tmp_path / "data", {"demo": {MONDAY: day}}, port=port) as built, serving(built, port) as base:
        label = make(MONDAY, origin(SITE + "/"))
        with visit(browser, f"http://{label}.localhost:{port}/x") as seen:
            assert seen.page.url == f"{base}/web/{MONDAY}/{SITE}/x"
            assert seen.page.frame_locator("#daykeep-page").locator("p").inner_text() == "alleen"


@pytest.mark.browser
def test_gap_in_the_frame(browser, tmp_path):
    """A link to what was not stored leads to the page of the viewer that says so."""
    port = free_port()
    day = {f"{SITE}/": Reply('<title>H</title><a href="/weg">weg</a>')}
    with (
        build(tmp_path / "data", {"demo": {MONDAY: day}}, port=port) as built,
        serving(built, port) as base,
        visit(browser, f"{base}/web/{MONDAY}/{SITE}/", locale="nl-NL") as seen,
    ):
        follow(seen, seen.page.frame_locator("#daykeep-page").locator("a"))
        seen.page.wait_for_url(f"{base}/web/{MONDAY}/{SITE}/weg")
        assert seen.page.locator("h1").inner_text() == "Nooit bewaard"


@pytest.mark.parametrize("form", [f"/web/{MONDAY}/", f"/web/{MONDAY}id_/", "/timegate/", "/timemap/link/"])
def test_a_line_feed_in_a_path_is_found(visitor, form):
    """`%0A` is a character of an address like any other, wherever addresses are asked for."""
    assert visitor.get(f"{form}{SITE}/regel%0Aeinde").status_code in {200, 302}


def test_twins_that_are_nowhere_do_not_lead_to_each_other(tmp_path):
    """An address by http and by https, neither of which has its payload: a gap, and no redirect without end."""
    plain = SITE.replace("https", "http")
    days = {MONDAY: {f"{SITE}/x.png": Reply("q", "image/png"), f"{plain}/x.png": Reply("r", "image/png")}}
    with build(tmp_path, {"example": days}) as archive:
        path = archive.collection.at("example", MONDAY).index_path
        lines = map(parse_line, path.read_bytes().splitlines())
        path.chmod(0o644)
        path.write_bytes(b"".join(format_line(structs.replace(one, unresolved=True)) for one in lines))
        visitor = Visitor(archive)
        for url in (f"{SITE}/x.png", f"{plain}/x.png"):
            assert visitor.replay(MONDAY, url, Sec_Fetch_Dest="image").status_code == 404
