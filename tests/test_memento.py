# SPDX-License-Identifier: EUPL-1.2
"""The Memento protocol (RFC 7089): TimeGate, TimeMaps, and what each answer that shows a capture says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from archiver.ledger import UrlOutcome
from index.cdxj import format_line, parse_line
from index.timestamp import parse_http_date, parse_timestamp, to_http_date
from tests.support.archive import Archive, Lost, Reply, build
from tests.support.viewing import Visitor
from viewer.protocols import timegate
from viewer.protocols.memento import Memento, Names, fitting, link

HOME = "https://www.example.org/"
PAGE = f"{HOME}a%2Fb?c=d%20e&f=%C3%A9"
BASE = "http://localhost:8080"
DAYS = {f"2026030{n}023000": {HOME: Reply("home"), PAGE: Reply(f"page {n // 2}")} for n in (1, 2, 3, 5, 6)}
DAYS["20260304023000"] = {HOME: Lost(UrlOutcome.TIMEOUT), PAGE: Lost(UrlOutcome.TIMEOUT)}  # failed
DAYS["20260307023000"] = {
    HOME: Reply("home"),
    f"{HOME}A": Reply("upper"),
    f"{HOME}gone": Reply("gone", status=404),
    f"{HOME}moved": Reply(status=301, headers=(("Location", HOME),)),
    f"{HOME}x.pdf": Reply(b"%PDF-1.7", mime="application/pdf"),
    "http://old.example.org/": Reply("old"),
}
SITES = {"demo": DAYS, "other": {"20260303040000": {HOME: Reply("seen by another crawl")}}}
LINK = re.compile(r'<([^>]*)>((?:; [a-z]+="[^"]*")+)')
Told = list[tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("archive"), SITES) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive: Archive) -> Visitor:
    return Visitor(archive)


def links(text: str) -> Told:
    """Return the links of a header or a TimeMap: where each leads, and what is said of it."""
    found = [(uri, dict(re.findall(r'; ([a-z]+)="([^"]*)"', more))) for uri, more in LINK.findall(text)]
    assert ", ".join(one[0] for one in LINK.finditer(text)) == text.strip().replace(",\n", ", ")
    return found


def one(told: Told, *relation: str) -> str:
    """Return the only link that has all these relations, and no others."""
    (found,) = [uri for uri, more in told if more["rel"].split() == [*relation]]
    return found


def uri_m(timestamp: str, url: str = HOME) -> str:
    return f"{BASE}/web/{timestamp}/{url}"


# ---- TimeGate ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        (None, "20260307023000"),  # nothing asked: the newest
        ("Thu, 01 Jan 1998 00:00:00 GMT", "20260301023000"),  # before the first
        ("Mon, 30 Nov 2099 00:00:00 GMT", "20260307023000"),  # after the last
        ("Mon, 02 Mar 2026 02:30:00 GMT", "20260302023000"),  # to the second
        ("Mon, 02 Mar 2026 14:30:00 GMT", "20260302023000"),  # half way: the earlier
        ("Mon, 02 Mar 2026 14:30:01 GMT", "20260303023000"),
        ("Tue, 03 Mar 2026 03:30:00 GMT", "20260303040000"),  # of another site
        ("Wed, 04 Mar 2026 02:30:00 GMT", "20260303040000"),  # that day failed: 22.5 hours back, 24 on
        ("Wed, 04 Mar 2026 15:16:00 GMT", "20260305023000"),
        ("thu, 5 mar 2026 02:30:00 gmt", "20260305023000"),
    ],
)
def test_timegate_leads_to_the_nearest(visitor, asked, leads):
    """The memento nearest in time answers, the newest where no date is asked for."""
    answer = visitor.get(f"/timegate/{HOME}", **({"Accept_Datetime": asked} if asked else {}))
    assert answer.status_code == 302
    assert answer.headers["Location"] == uri_m(leads)
    assert "Memento-Datetime" not in answer.headers  # it is no memento itself
    told = links(answer.headers["Link"])
    assert next(uri for uri, more in told if "memento" in more["rel"].split()) == uri_m(leads)
    shown = visitor.get(answer.headers["Location"].removeprefix(BASE))
    assert shown.status_code == 200
    assert shown.headers["Memento-Datetime"] == to_http_date(parse_timestamp(leads))


def test_timegate_tells_where_everything_is(visitor):
    """Its Link has the original, itself, the TimeMaps, and the first, previous, next and last memento."""
    answer = visitor.get(f"/timegate/{HOME}", Accept_Datetime="Tue, 03 Mar 2026 04:00:00 GMT")
    told = links(answer.headers["Link"])
    assert one(told, "original") == HOME
    assert one(told, "timegate") == f"{BASE}/timegate/{HOME}"
    assert {more["type"]: uri for uri, more in told if more["rel"] == "timemap"} == {
        "application/link-format": f"{BASE}/timemap/link/{HOME}",
        "application/json": f"{BASE}/timemap/json/{HOME}",
    }
    assert one(told, "memento") == uri_m("20260303040000")
    assert one(told, "first", "memento") == uri_m("20260301023000")
    assert one(told, "prev", "memento") == uri_m("20260303023000")
    assert one(told, "next", "memento") == uri_m("20260305023000")
    assert one(told, "last", "memento") == uri_m("20260307023000")
    dates = {uri: more["datetime"] for uri, more in told if "datetime" in more}
    assert dates[uri_m("20260305023000")] == "Thu, 05 Mar 2026 02:30:00 GMT"


def test_one_memento_is_all_of_them(visitor):
    """Where there is one memento it is the first and the last; the header names it once."""
    told = links(visitor.get(f"/timegate/{HOME}A").headers["Link"])
    assert one(told, "first", "last", "memento") == uri_m("20260307023001", f"{HOME}A")


@pytest.mark.parametrize(
    "asked",
    [
        "", "yesterday", "2026-03-02", "20260302023000", "Mon, 02 Mar 2026 02:30:00", "Mon, 02 Mar 2026 02:30:00 CET",
        "Mon, 02 Mar 2026 02:30:00 +0000", "Mon, 32 Mar 2026 02:30:00 GMT", "Mon, 02 Mär 2026 02:30:00 GMT",
        "Mon, 02 Mar 2026 24:00:00 GMT", "Mon, 02 Mar 0000 02:30:00 GMT", "Mon, 02 Mar 9999 02:30:00 GMT",
        "Monday, 02-Mar-26 02:30:00 GMT", "Mon Mar  2 02:30:00 2026", "Mon, 02 Mar 2026 02:30:00 GMT, again",
        "Mon, ٠٢ Mar 2026 02:30:00 GMT", "x" * 5000,
    ],
)  # fmt: skip
def test_a_date_that_is_none_is_refused(visitor, asked):
    """400, in one sentence that says how a date is written, and still the original in Link and what it varies by."""
    answer = visitor.get(f"/timegate/{HOME}", Accept_Datetime=asked.encode().decode("latin-1"))
    assert answer.status_code == 400
    assert answer.mimetype == "text/plain"
    assert re.fullmatch(
        r"Accept-Datetime: .{2,120} is not (a date such as Mon, 02 Mar 2026 02:30:00 GMT|between .*)\.\n"
        r"|Accept-Datetime: (hour|day|minute).* must be in .*\.\n|Accept-Datetime: day is out of range for month\.\n",
        answer.text,
    )
    assert answer.headers["Vary"] == "accept-datetime"
    assert one(links(answer.headers["Link"]), "original") == HOME


@given(
    st.datetimes(min_value=parse_timestamp("10000101000000").replace(tzinfo=None)).filter(
        lambda d: d.year < 9999
    )
)
def test_every_http_date_is_read(moment):
    """What the program writes as an HTTP date it reads as the same second."""
    written = parse_timestamp(moment.strftime("%Y%m%d%H%M%S").zfill(14))
    assert parse_http_date(to_http_date(written)) == written


@pytest.mark.parametrize("path", [f"/timegate/{HOME}", f"/timegate/{HOME}nowhere", "/timegate/https://"])
def test_negotiated_answers_are_not_shared(visitor, path):
    """Whatever a TimeGate answers, no cache gives it to another question."""
    answer = visitor.get(path)
    assert answer.headers["Vary"] == "accept-datetime"
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("route", [f"/timegate/{HOME}", f"/timemap/link/{HOME}", f"/timemap/json/{HOME}"])
def test_nothing_of_the_host_comes_back(visitor, route):
    """Another name in Host or X-Forwarded-Host stands in no answer: who came by it is led to the public one."""
    answer = visitor.ask(
        "GET", "http://evil.example", route, X_Forwarded_Host="worse.example", Forwarded="host=worse.example"
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == BASE + route
    there = visitor.get(route, X_Forwarded_Host="worse.example", Forwarded="host=worse.example")
    assert there.status_code < 400
    assert "evil" not in f"{there.headers}{there.text}"
    assert "worse" not in f"{there.headers}{there.text}"


@pytest.mark.parametrize("route", ["timegate", "timemap/link", "timemap/json"])
def test_what_there_is_no_memento_of(visitor, route):
    """404 in plain text, with the original in Link; what is no address at all is told how to be written."""
    answer = visitor.get(f"/{route}/{HOME}nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert answer.text == "This archive has no memento of this address.\n"
    assert links(answer.headers["Link"]) == [(f"{HOME}nowhere", {"rel": "original"})]
    answer = visitor.get(f"/{route}/http://[")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert "not the address of a page" in answer.text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("http://www.example.org/", HOME),  # the other scheme
        ("https://example.org/", HOME),  # without www.
        ("http://example.org/", HOME),
        ("example.org", HOME),
        ("https%3A%2F%2Fwww.example.org%2F", HOME),
        ("https:/www.example.org/", HOME),  # as proxies that merge slashes hand it on
        ("https://www.old.example.org/", "http://old.example.org/"),
        (f"{HOME}A", f"{HOME}A"),
        (f"{HOME}a", None),  # upper and lower case are different pages
        (f"{HOME}A/", None),
        (f"{HOME}A?x=1", None),  # what /web/ shows for it is not this address
        (f"{HOME}A?utm_source=x", f"{HOME}A"),  # as the crawler tidies it
    ],
)
def test_which_spellings_are_one_page(visitor, asked, found):
    """Scheme and www. make no difference where nothing has the exact spelling, the rest of the address does."""
    answer = visitor.get(f"/timegate/{asked}")
    location = answer.headers.get("Location")
    assert (location and location.partition("/web/")[2][15:]) == found


# ---- TimeMaps ----------------------------------------------------------------------------------------------

TIMES = ["20260301023000", "20260302023000", "20260303023000", "20260303040000", "20260305023000",
         "20260306023000", "20260307023000"]  # fmt: skip


def test_timemap_has_every_day_once(visitor):
    """Each snapshot that has the page is a memento, changed or not; a day that failed is none."""
    answer = visitor.get(f"/timemap/link/{HOME}")
    assert answer.headers["Content-Type"] == "application/link-format"
    told = links(answer.text)
    assert [uri for uri, more in told if "memento" in more["rel"]] == [uri_m(time) for time in TIMES]
    assert one(told, "first", "memento") == uri_m(TIMES[0])
    assert one(told, "last", "memento") == uri_m(TIMES[-1])
    assert one(told, "original") == HOME
    assert one(told, "timegate") == f"{BASE}/timegate/{HOME}"
    (own,) = [more for uri, more in told if more["rel"] == "self" and uri == f"{BASE}/timemap/link/{HOME}"]
    assert own == {
        "rel": "self",
        "type": "application/link-format",
        "from": "Sun, 01 Mar 2026 02:30:00 GMT",
        "until": "Sat, 07 Mar 2026 02:30:00 GMT",
    }


@pytest.mark.parametrize("url", [HOME, PAGE, f"{HOME}gone", f"{HOME}moved", f"{HOME}x.pdf"])
def test_each_memento_is_what_the_timemap_says(visitor, url):
    """Each URI-M answers with its own date, in its frame and byte for byte; pages, errors, redirects, files."""
    told = json.loads(visitor.get(f"/timemap/json/{url}").text)
    assert told["mementos"]["list"]
    for memento in told["mementos"]["list"]:
        path = memento["uri"].removeprefix(BASE)
        date = to_http_date(parse_timestamp(re.sub(r"\D", "", memento["datetime"])))
        framed = visitor.get(path)
        assert framed.status_code == 200
        exact = visitor.get(path.replace("/http", "id_/http", 1))
        assert exact.status_code == {"gone": 404, "moved": 301}.get(url.removeprefix(HOME), 200)
        for answer in (framed, exact):
            assert answer.headers["Memento-Datetime"] == date
            found = links(answer.headers["Link"])
            assert one(found, "original") == url
            assert memento["uri"] in [uri for uri, more in found if "memento" in more["rel"].split()]
            assert "accept-datetime" not in answer.headers["Vary"].lower()
            assert "Content-Location" not in answer.headers


def test_json_says_the_same(visitor):
    """The JSON has the same mementos, by the names that aggregators have for them."""
    told = json.loads(visitor.get(f"/timemap/json/{HOME}").text)
    assert [memento["uri"] for memento in told["mementos"]["list"]] == [uri_m(time) for time in TIMES]
    assert told["mementos"]["first"] == {"datetime": "2026-03-01T02:30:00Z", "uri": uri_m(TIMES[0])}
    assert told["mementos"]["last"] == {"datetime": "2026-03-07T02:30:00Z", "uri": uri_m(TIMES[-1])}
    assert told["original_uri"] == HOME
    assert told["self"] == told["timemap_uri"]["json_format"] == f"{BASE}/timemap/json/{HOME}"
    assert told["timegate_uri"] == f"{BASE}/timegate/{HOME}"
    assert told["timemap_uri"]["link_format"] == f"{BASE}/timemap/link/{HOME}"
    assert told["timemap_index"] == []


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_many_mementos_come_in_pages(visitor, monkeypatch, size):
    """Pages together have each memento once; each says from when to when it is, and where the others are."""
    monkeypatch.setattr(timegate, "PAGE", size)
    bounds: dict[str, tuple[str, str]] = {}
    seen: list[str] = []
    first = links(visitor.get(f"/timemap/link/{HOME}").text)
    others = [uri for uri, more in first if more["rel"] == "timemap"]
    for uri in [f"{BASE}/timemap/link/{HOME}", *others]:
        told = links(visitor.get(uri.removeprefix(BASE)).text)
        own = {address: more for address, more in told if more["rel"] == "self"}
        assert list(own) == [uri]
        mementos = [(address, more) for address, more in told if "memento" in more["rel"].split()]
        assert 1 <= len(mementos) <= size
        assert (own[uri]["from"], own[uri]["until"]) == (
            mementos[0][1]["datetime"],
            mementos[-1][1]["datetime"],
        )
        seen += [address for address, _ in mementos]
        for address, more in told:
            if more["rel"] in {"timemap", "self"}:
                bounds.setdefault(address, (more["from"], more["until"]))
                assert bounds[address] == (more["from"], more["until"])
    assert seen == [uri_m(time) for time in TIMES]
    assert len(bounds) == -(-len(TIMES) // size)
    last = json.loads(visitor.get(f"/timemap/json/{len(bounds)}/{HOME}").text)
    assert last["mementos"]["list"][-1] == last["mementos"]["last"]
    assert [other["uri"] for other in last["timemap_index"]][:1] == [f"{BASE}/timemap/json/{HOME}"][
        : len(bounds) - 1
    ]
    assert visitor.get(f"/timemap/link/{len(bounds) + 1}/{HOME}").status_code == 404


def test_no_more_timemaps_than_there_is_room_for(archive, monkeypatch):
    """One more than the server makes at once is told when to come again, and the room is given back."""
    monkeypatch.setattr(timegate, "LONG", 1)
    visitor = Visitor(archive)
    inside: list[Any] = []
    real = timegate.kept

    def while_busy(held: Any, url: str) -> Any:
        if not inside:
            inside.append(None)
            inside.append(visitor.get(f"/timemap/link/{HOME}"))
        return real(held, url)

    monkeypatch.setattr(timegate, "kept", while_busy)
    assert visitor.get(f"/timemap/link/{HOME}").status_code == 200
    assert (inside[1].status_code, inside[1].headers["Retry-After"]) == (503, "5")
    assert visitor.get(f"/timemap/link/{HOME}").status_code == 200


def test_part_of_a_timemap_is_never_given_for_the_whole(tmp_path):
    """Where the index of one day is damaged, the answer is an error in words, and the log knows which."""
    with build(tmp_path, SITES) as broken:
        path: Path = broken.collection.at("demo", "20260305023000").index_path
        path.chmod(0o644)
        path.write_bytes(b"".join(line[:60] + b"\n" for line in path.read_bytes().splitlines()))
        visitor = Visitor(broken)
        for route in (f"/timemap/link/{PAGE}", f"/timegate/{PAGE}"):
            answer = visitor.get(route)
            assert (answer.status_code, answer.mimetype) == (500, "text/plain"), route
            assert "not be whole" in answer.text
        shown = visitor.get(f"/web/2026-03-03/{PAGE}")
        assert (shown.status_code, shown.headers["Memento-Datetime"][5:7]) == (200, "03")


def test_what_cannot_be_shown_is_no_memento(tmp_path):
    """A revisit whose payload is nowhere is in no list, is nearest to nothing, and says of no answer when it was."""
    with build(tmp_path, {"demo": {time: {HOME: Reply("home")} for time in TIMES[:3]}}) as archive:
        path = archive.collection.at("demo", TIMES[1]).index_path
        lines = [
            replace(one, unresolved=True, original=None)
            for one in map(parse_line, path.read_bytes().splitlines())
        ]
        path.chmod(0o644)
        path.write_bytes(b"".join(map(format_line, lines)))
        visitor = Visitor(archive)
        told = links(visitor.get(f"/timemap/link/{HOME}").text)
        assert [uri for uri, more in told if "memento" in more["rel"]] == [uri_m(TIMES[0]), uri_m(TIMES[2])]
        answer = visitor.get(f"/timegate/{HOME}", Accept_Datetime=to_http_date(parse_timestamp(TIMES[1])))
        assert answer.headers["Location"] == uri_m(TIMES[0])
        for answer in (visitor.get(f"/web/{TIMES[1]}/{HOME}"), visitor.replay(TIMES[1], HOME)):
            assert "Memento-Datetime" not in answer.headers


# ---- What shows a capture ----------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["2026-03-05", "20260305023000"])
def test_a_day_says_which_capture_it_shows(visitor, moment):
    """The address of a day or a snapshot shows a memento that has an address of its own."""
    answer = visitor.get(f"/web/{moment}/{PAGE}")
    assert answer.headers["Memento-Datetime"] == "Thu, 05 Mar 2026 02:30:01 GMT"
    assert answer.headers["Content-Location"] == uri_m("20260305023001", PAGE)
    told = links(answer.headers["Link"])
    assert one(told, "memento") == uri_m("20260305023001", PAGE)
    assert one(told, "prev", "memento") == uri_m("20260303023001", PAGE)
    assert one(told, "next", "last", "memento") == uri_m("20260306023001", PAGE)
    assert one(told, "alternate") == f"{BASE}/web/20260305023001id_/{PAGE}"


def test_a_day_that_has_it_not_is_no_timegate(visitor):
    """`/web/<day>/` says 404 with the nearest days, and is no memento of any of them, whatever date is asked for."""
    answer = visitor.get(f"/web/2026-03-04/{HOME}", Accept_Datetime="Tue, 03 Mar 2026 02:30:00 GMT")
    assert answer.status_code == 404
    assert "Memento-Datetime" not in answer.headers
    assert "Location" not in answer.headers
    answer = visitor.get(f"/web/2026-03-04id_/{HOME}")
    assert answer.status_code == 404
    assert "Memento-Datetime" not in answer.headers


def test_replayed_parts_say_when_they_were_captured(visitor):
    """On replay origins each part has the date of its own capture; gaps and our own pages have none."""
    answer = visitor.replay("20260305023000", PAGE)
    assert answer.headers["Memento-Datetime"] == "Thu, 05 Mar 2026 02:30:01 GMT"
    assert one(links(answer.headers["Link"]), "original") == PAGE
    assert one(links(answer.headers["Link"]), "memento") == uri_m("20260305023001", PAGE)
    again = visitor.replay("20260305023000", PAGE, If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.headers["Memento-Datetime"]) == (304, answer.headers["Memento-Datetime"])
    moved = visitor.replay("20260307023000", f"{HOME}moved")
    assert (moved.status_code, moved.headers["Memento-Datetime"]) == (301, "Sat, 07 Mar 2026 02:30:03 GMT")
    for url, more in ((f"{HOME}nowhere", {}), (f"{HOME}.daykeep/replay.js", {}), (PAGE, {"Sec_Fetch_Dest": "document"}),
                      (f"{HOME}x.pdf", {"Sec_Fetch_Dest": "iframe"})):  # fmt: skip
        assert "Memento-Datetime" not in visitor.replay("20260307023000", url, **more).headers, url


def test_headers_of_the_archived_server_are_not_ours(tmp_path):
    """What an archived server said of its own mementos is kept under another name, and nowhere else."""
    fields = (("Memento-Datetime", "Thu, 01 Jan 1998 00:00:00 GMT"), ("Link", '<http://evil.example/>; rel="original"'),
              ("Vary", "accept-datetime"))  # fmt: skip
    with build(tmp_path, {"demo": {"20260301023000": {HOME: Reply("x", headers=fields)}}}) as archive:
        visitor = Visitor(archive)
        answers = [visitor.get(f"/web/20260301023000{kind}/{HOME}") for kind in ("", "id_")]
        answers.append(visitor.replay("20260301023000", HOME))
        for answer in answers:
            assert answer.headers.getlist("Memento-Datetime") == ["Sun, 01 Mar 2026 02:30:00 GMT"]
            assert len(answer.headers.getlist("Link")) == 1
            assert "evil" not in answer.headers["Link"]
        assert answers[1].headers["X-Archive-Orig-Memento-Datetime"] == "Thu, 01 Jan 1998 00:00:00 GMT"


def test_captures_of_crawls_that_overlap_are_found(tmp_path):
    """A capture keeps its address where another site's snapshot has that very second for its name."""
    sites = {
        "long": {"20260301023000": {f"{HOME}{n}": Reply(f"{n}") for n in range(9)}},
        "short": {"20260301023004": {"https://other.example/": Reply("other")}},
    }
    with build(tmp_path, sites) as archive:
        visitor = Visitor(archive)
        for number in range(9):
            location = visitor.get(f"/timegate/{HOME}{number}").headers["Location"]
            assert location == uri_m(f"2026030102300{number}", f"{HOME}{number}")
            shown = visitor.get(location.removeprefix(BASE))
            assert (shown.status_code, shown.headers["Memento-Datetime"][-6:-4]) == (200, f"0{number}")


def test_a_capture_keeps_its_address_also_from_a_snapshot_that_has_the_page(tmp_path):
    """The second of a capture leads to it, though a snapshot of another site has that name and that page too."""
    own = {f"{HOME}{n}": Reply(f"{n} by itself") for n in range(9)}
    other = {
        "https://other.example/": Reply("other"),
        **{f"{HOME}{n}": Reply(f"{n} by the way") for n in (1, 4)},
    }
    sites = {"a": {"20260301023004": other}, "long": {"20260301023000": own}}
    with build(tmp_path, sites) as archive:
        visitor = Visitor(archive)
        for number in range(9):
            named = f"/web/2026030102300{number}id_/{HOME}{number}"
            assert visitor.get(named).text == f"{number} by itself"
            assert visitor.get(named).headers["Memento-Datetime"][-6:-4] == f"0{number}"
        # what was not captured in that second is the snapshot's of that name, as is what it alone has
        assert visitor.get(f"/web/20260301023004id_/{HOME}1").text == "1 by the way"
        assert visitor.get("/web/20260301023004id_/https://other.example/").text == "other"
        assert visitor.get(f"/web/20260301023000id_/{HOME}5").text == "5 by itself"


def test_a_payload_by_day_is_asked_for_again(tmp_path):
    """Which snapshot is the best of a day may change, so caches ask again; by snapshot and by second it never does."""
    with build(tmp_path, {"demo": {"20260301023000": {HOME: Reply("x"), PAGE: Reply("y")}}}) as archive:
        visitor = Visitor(archive)
        said = {one: visitor.get(f"/web/{one}id_/{PAGE}").headers["Cache-Control"]
                for one in ("2026-03-01", "20260301023000", "20260301023001")}  # fmt: skip
        forever = "public, max-age=31536000, immutable"
        assert list(said.values()) == ["no-cache", forever, forever]


# ---- Links -------------------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_no_address_breaks_a_link(text):
    """Whatever stands in an address, a link is one link and ASCII."""
    made = link(f"https://www.example.org/{text}", "original")
    assert made.isascii()
    assert re.fullmatch(r'<[!#-;=?-~]*>; rel="original"', made)


def test_what_has_no_room_in_a_header_is_left_out(visitor):
    """A long address keeps its original, and as much else as proxies take."""
    url = f"{HOME}{'x' * 2000}"
    told = links(
        fitting([link(url, "original"), link(Names(BASE).timegate(url), "timegate"), link(HOME, "timemap")])
    )
    assert [more["rel"] for _, more in told] == ["original", "timemap"]
    answer = visitor.get(f"/timegate/{HOME}{'y' * 4000}")
    assert answer.status_code == 404
    assert [more["rel"] for _, more in links(answer.headers["Link"])] == ["original"]


def test_names():
    """Each thing has one name, made of the public address."""
    names, one_of = Names("https://archive.example.org"), Memento("20260302023004", PAGE)
    assert names.memento(one_of) == f"https://archive.example.org/web/20260302023004/{PAGE}"
    assert names.payload(one_of) == f"https://archive.example.org/web/20260302023004id_/{PAGE}"
    assert names.timemap(PAGE, "json", 3) == f"https://archive.example.org/timemap/json/3/{PAGE}"
    assert one_of.date == "Mon, 02 Mar 2026 02:30:04 GMT"
