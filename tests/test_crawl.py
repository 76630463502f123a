# SPDX-License-Identifier: EUPL-1.2
"""A crawl asks for what it should, politely, and gives every URL that it knows exactly one outcome."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from archiver import asking, crawl, ledger, reader
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.records import iterate
from archiver.snapshot import StoppedError, take
from tests.support.sites import Web, hang, text, to
from tests.support.snapshots import FIRST, HOST, HandClock, opened, page

HTML = "text/html"


def look_up(port):
    """Return a resolver that sends every name to the one server, `refused.test` nowhere, `gone.test` unknown."""

    def resolve(host, _port):
        if host == "gone.test":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [("127.0.0.1", 1 if host == "refused.test" else port)]

    return resolve


def day_of(root, web, **more):
    """Archive one day and return its folder, and its ledger by URL."""
    with opened(root, web, HandClock(), **more) as made:
        archive = replace(made, resolve=look_up(web.port))
        taken = take(archive, archive.settings.site[0])
        folder = archive.collection.at("example", taken.timestamp)
        assert list(verify(folder, finder(archive.collection, "example"))) == []
    entries = list(ledger.read(folder.ledger_path))
    assert len({entry.url for entry in entries}) == len(entries) == taken.known
    return folder, {entry.url.removeprefix(HOST): entry for entry in entries}


def outcomes(entries):
    return {url: entry.outcome.value for url, entry in entries.items()}


def linked(*links, embeds=()):
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    images = "".join(f'<img src="{embed}">' for embed in embeds)
    return text(f"<!doctype html><title>t</title><body>{anchors}{images}", HTML)


WORLD = {
    "/robots.txt": text(f"User-agent: *\nDisallow: /private\nSitemap: {HOST}/maps.xml\n"),
    "/maps.xml": text(f"<sitemapindex><sitemap><loc>{HOST}/map.xml</loc></sitemap></sitemapindex>", "text/xml"),
    "/map.xml": text(f"<urlset><url><loc>{HOST}/listed</loc></url></urlset>", "text/xml"),
    "/": linked(
        "/dead", "/broken", "/moved", "/loop1", "/private/x", "http://other.test/page", "/cut", "/slow", "/1",
        embeds=["http://cdn.test/style.css", "http://gone.test/a.png", "http://refused.test/b.png"],
    ),
    "/listed": page("listed"),
    "/broken": text("oops", status=500),
    "/moved": to("/target"),
    "/target": page("here"),
    "/loop1": to("/loop2"),
    "/loop2": to("/loop1"),
    "/cut": (200, {"Content-Type": "text/plain", "Content-Length": "1000"}, b"only this"),
    "/slow": hang,
    "/1": linked("/2"),
    "/2": linked("/3"),
    "cdn.test/robots.txt": text("User-agent: *\nAllow: /\n"),
    "cdn.test/style.css": text("@import 'more.css'; a { background: url(http://cdn.test/bg.png) }", "text/css"),
    "cdn.test/more.css": text("/* no more */", "text/css"),
    "cdn.test/bg.png": (200, {"Content-Type": "image/png"}, b"PNG"),
}  # fmt: skip

EXPECTED = {
    "/robots.txt": "captured",
    "/maps.xml": "captured",
    "/map.xml": "captured",
    "/": "captured",
    "/listed": "captured",
    "/dead": "http-error",
    "/broken": "http-error",
    "/moved": "redirect",
    "/target": "captured",
    "/loop1": "redirect",
    "/loop2": "redirect",
    "/private/x": "robots",
    "/cut": "truncated",
    "/slow": "timeout",
    "/1": "captured",
    "/2": "captured",
    "/3": "over-limit",
    "http://other.test/page": "out-of-scope",
    "http://cdn.test/robots.txt": "captured",
    "http://cdn.test/style.css": "captured",
    "http://cdn.test/more.css": "captured",
    "http://cdn.test/bg.png": "captured",
    "http://gone.test/robots.txt": "network-error",
    "http://gone.test/a.png": "network-error",
    "http://refused.test/robots.txt": "network-error",
    "http://refused.test/b.png": "network-error",
}


def test_every_known_url_has_its_outcome(tmp_path):
    """Of a world with everything in it each URL has the one outcome it should, and they add up to the counts."""
    with Web(WORLD) as web:
        folder, entries = day_of(tmp_path, web, timeout=0.5, max_depth=2)
    assert outcomes(entries) == EXPECTED
    assert dict(folder.summary.counts) == Counter(EXPECTED.values())
    assert folder.summary.outcome == "partial"
    assert max(Counter((one.host, one.path) for one in web.asked).values()) == 1
    assert not {"/private/x", "/page", "/3"} & set(web.paths())


VIA = [
    ("/", "seed"),
    ("/maps.xml", "robots"),
    ("/map.xml", f"{HOST}/maps.xml"),
    ("/listed", f"{HOST}/map.xml"),
]


def test_ledger_tells_where_a_url_was_found_and_why_it_lacks(tmp_path):
    """`via` names the page that led to a URL; `reason` is a sentence about the host that failed."""
    with Web(WORLD) as web:
        _, entries = day_of(tmp_path, web, timeout=0.5, max_depth=2)
    assert [(url, entries[url].via) for url, _ in VIA] == VIA
    assert "gone.test" in entries["http://gone.test/a.png"].reason
    assert "refused.test" in entries["http://refused.test/b.png"].reason
    assert "max_depth = 2" in entries["/3"].reason
    assert entries["/slow"].reason
    assert entries["/cut"].reason


def test_each_redirect_is_an_exchange_of_its_own(tmp_path):
    """Redirects are stored as they were answered, each with where it leads."""
    with Web(WORLD) as web:
        folder, _ = day_of(tmp_path, web, timeout=0.5, max_depth=0)
    leads = {one.url.removeprefix(HOST): one.redirect for one in folder.index.captures() if one.redirect}
    assert leads == {}
    with Web({"/": to("/a"), "/a": to("/b", 302), "/b": page("end")}) as web:
        folder, entries = day_of(tmp_path / "two", web)
    captures = {one.url.removeprefix(HOST): (one.status, one.redirect) for one in folder.index.captures()}
    assert captures["/"] == (301, f"{HOST}/a")
    assert captures["/a"] == (302, f"{HOST}/b")
    assert entries["/b"].outcome == "captured"


def test_outlinks_of_another_host_are_not_followed(tmp_path):
    """A page of another host that is embedded is fetched with its own parts, and leads no further."""
    framed = text('<a href="/away">x</a><img src="/part.png">', HTML)
    home = text('<iframe src="http://cdn.test/frame"></iframe>', HTML)
    world = {
        "/robots.txt": text(""),
        "/": home,
        "cdn.test/frame": framed,
        "cdn.test/part.png": text("i", "image/png"),
    }
    with Web(world) as web:
        _, entries = day_of(tmp_path, web)
    assert entries["http://cdn.test/frame"].outcome == "captured"
    assert entries["http://cdn.test/part.png"].outcome == "captured"
    assert "http://cdn.test/away" not in entries
    assert "/away" not in web.paths()


def test_part_of_a_page_is_fetched_though_it_was_linked_to_before(tmp_path):
    """What one page only links to and a later page needs as a part is fetched, once."""
    world = {
        "/robots.txt": text(""),
        "/": linked("http://cdn.test/logo.png", "/second"),
        "/second": linked(embeds=("http://cdn.test/logo.png", "http://cdn.test/other.png")),
        "cdn.test/logo.png": text("i", "image/png"),
        "cdn.test/other.png": text("j", "image/png"),
    }
    with Web(world) as web:
        _, entries = day_of(tmp_path, web)
    assert entries["http://cdn.test/logo.png"].outcome == "captured"
    assert entries["http://cdn.test/logo.png"].via == f"{HOST}/second"
    assert web.paths().count("/logo.png") == 1


def test_seed_that_has_moved_takes_the_scope_along(tmp_path):
    """A seed that leads to another host of its own domain is archived there; one that leads elsewhere is not."""
    world = {
        "/robots.txt": text(""),
        "example.test/": (301, {"Location": "http://www.example.test/"}, b""),
        "www.example.test/": linked("/a", "http://other.test/"),
        "www.example.test/a": linked(),
        "left.test/": (302, {"Location": "http://elsewhere.test/"}, b""),
    }
    seeds = ("http://example.test/", "http://left.test/")
    with Web(world) as web:
        _, entries = day_of(tmp_path, web, seeds=seeds)
    assert entries["http://www.example.test/a"].outcome == "captured"
    assert entries["http://other.test/"].outcome == "out-of-scope"
    assert entries["http://elsewhere.test/"].outcome == "out-of-scope"


@pytest.mark.parametrize("first", ["/", "/home"])
def test_robots_that_leads_to_a_page_does_not_lose_it(tmp_path, first):
    """Where every unknown path leads to the first page, robots.txt too, that page is read like any other."""
    world = {
        "/robots.txt": (302, {"Location": first}, b""),
        "/sitemap.xml": (302, {"Location": first}, b""),
        first: linked("/a", "/b"),
        "/a": linked(),
        "/b": linked(),
    }
    with Web(world) as web:
        folder, entries = day_of(tmp_path, web, seeds=(f"{HOST}{first}",))
    assert {url: entries[url].outcome.value for url in (first, "/a", "/b")} == dict.fromkeys(
        (first, "/a", "/b"), "captured"
    )
    assert f"{HOST}{first}" in folder.pages_path.read_text()


@pytest.mark.parametrize("location", ["/caf\u00e9".encode(), b"/caf%C3%A9"])
def test_addresses_in_header_fields_are_utf8(tmp_path, location):
    """A redirect to an address spelled with raw UTF-8 goes where a browser would go."""
    world = {
        "/robots.txt": text(""),
        "/": (302, {"Location": location.decode("latin-1")}, b""),
        "/caf%C3%A9": linked(),
    }
    with Web(world) as web:
        _, entries = day_of(tmp_path, web)
    assert entries["/caf%C3%A9"].outcome == "captured"


def test_redirects_without_end(tmp_path):
    """A chain of redirects is followed for twenty hops; what comes after is over the limit."""
    world = {"/robots.txt": text(""), "/": linked("/r?n=0", "/page"), "/page": linked()}
    world |= {f"/r?n={n}": (302, {"Location": f"/r?n={n + 1}"}, b"") for n in range(40)}
    with Web(world) as web:
        folder, entries = day_of(tmp_path, web)
    assert [n for n in range(41) if f"/r?n={n}" in web.paths()] == list(range(21))
    assert (entries["/r?n=21"].outcome, entries["/r?n=21"].reason) == (
        "over-limit",
        "more than 20 redirects in a row",
    )
    assert folder.summary.outcome == "partial"


def test_redirects_alone_are_no_day(tmp_path):
    """A day that got nothing but a redirect to somewhere else, and a robots.txt, has failed."""
    world = {"/robots.txt": text(""), "/": (302, {"Location": "http://elsewhere.test/"}, b"")}
    with Web(world) as web:
        folder, _ = day_of(tmp_path, web)
    assert folder.summary.outcome == "failed"


def test_fault_of_another_host_does_not_spoil_the_day(tmp_path):
    """A part that a third party does not give is in the ledger, and the site's own day is complete."""
    world = {
        "/robots.txt": text(""),
        "/": linked(embeds=("http://cdn.test/busy.png", "http://refused.test/x.png")),
        "cdn.test/robots.txt": text(""),
        "cdn.test/busy.png": (503, {}, b"busy"),
    }
    with Web(world) as web:
        folder, entries = day_of(tmp_path, web)
    assert entries["http://cdn.test/busy.png"].status == 503
    assert entries["http://refused.test/x.png"].outcome == "network-error"
    assert (folder.summary.outcome, folder.summary.lacking) == ("complete", 0)


def test_parts_of_other_hosts_can_be_left_alone(tmp_path):
    """With embeds = scope, and where a pattern excludes it, a part on another host is not asked for."""
    world = {"/robots.txt": text(""), "/": linked(embeds=("http://cdn.test/a.png", "/own.png"))}
    for number, more in enumerate(({"embeds": "scope"}, {"exclude": ["cdn"]})):
        with Web(world) as web:
            _, entries = day_of(tmp_path / str(number), web, **more)
        assert entries["http://cdn.test/a.png"].outcome == "out-of-scope"
        assert "/a.png" not in web.paths()
        assert "/own.png" in web.paths()


def test_max_urls(tmp_path):
    """What is known beyond `max_urls` is not asked for, and has an outcome all the same."""
    with Web({"/": linked(*(f"/{n}" for n in range(30)))}) as web:
        _, entries = day_of(tmp_path, web, max_urls=10)
    counted = Counter(outcomes(entries).values())
    assert counted["over-limit"] == len(entries) - len(web.asked)
    assert len(web.asked) == 10
    assert len(entries) == 33


def test_connections(tmp_path):
    """No more than `connections` requests of one host are under way at once, and that many are."""
    with Web({"/": linked(*(f"/{n}" for n in range(20)))}, pause=0.03) as web:
        day_of(tmp_path, web, connections=3)
    assert web.busiest == 3


def test_connections_count_per_host_not_per_origin(tmp_path):
    """Two ports of one host are one machine to be polite to."""
    links = [f"{HOST}:81/{n}" for n in range(6)]
    with Web({"/": linked(*links, *(f"/{n}" for n in range(6)))}, pause=0.03) as web:
        _, entries = day_of(tmp_path, web, connections=1, include=["example"])
    assert entries[":81/5"].outcome == "http-error"
    assert web.busiest == 1


@pytest.mark.parametrize(("robots", "delay"), [("", 0.1), ("User-agent: *\nCrawl-delay: 0.1", 0.0)])
def test_delay(tmp_path, robots, delay):
    """Requests of one host are that far apart, by configuration or by its robots.txt, however many connections."""
    world = {"/robots.txt": text(robots), "/": linked(*(f"/{n}" for n in range(5)))}
    with Web(world) as web:
        day_of(tmp_path, web, delay=delay, connections=4)
    assert len(web.gaps()) == 7
    # a single one may arrive late on a busy machine and seem close to the next; all together cannot
    assert sum(web.gaps()[1:]) > 6 * 0.1 - 0.05


def test_crawl_delay_is_ignored_with_the_rest_of_robots(tmp_path):
    """With robots = ignore a Crawl-delay does not count."""
    with Web({"/robots.txt": text("User-agent: *\nCrawl-delay: 30"), "/": linked("/a", "/b")}) as web:
        started = time.monotonic()
        day_of(tmp_path, web, robots="ignore")
    assert time.monotonic() - started < 10


ROBOTS = [
    (text("User-agent: *\nDisallow: /", status=200), False),
    (text("oops", status=503), False),
    (text("oops", status=500), False),
    (text("not here", status=404), True),
    (text("forbidden", status=403), True),
    (to("/other-robots.txt"), False),
    (to("/robots.txt"), True),
]


@pytest.mark.parametrize(("answer", "allowed"), ROBOTS)
def test_robots(tmp_path, answer, allowed):
    """RFC 9309: 5xx forbids everything, 4xx and an endless redirect nothing, a redirect is followed."""
    world = {
        "/robots.txt": answer,
        "/other-robots.txt": text("User-agent: *\nDisallow: /"),
        "/": page("home"),
    }
    with Web(world) as web:
        folder, entries = day_of(tmp_path, web)
    assert ("/" in web.paths()) is allowed
    assert entries["/"].outcome == ("captured" if allowed else "robots")
    assert folder.summary.outcome == ("failed" if answer[0] >= 500 else folder.summary.outcome)


def test_robots_that_cannot_be_asked_for_names_the_cause(tmp_path):
    """Where a host gives no answer at all its URLs carry that reason, not that robots.txt forbids them."""
    with Web({"/robots.txt": hang, "/": page("home")}) as web:
        _, entries = day_of(tmp_path, web, timeout=0.3)
    assert entries["/"].outcome == "timeout"
    assert "example.test" in entries["/"].reason
    assert web.paths() == ["/robots.txt"]


@pytest.mark.parametrize("policy", ["obey", "ignore"])
def test_robots_policy_stands_in_every_warcinfo(tmp_path, policy):
    """Whether robots.txt was obeyed is written down where it cannot be missed."""
    world = {"/robots.txt": text("User-agent: *\nDisallow: /no"), "/": linked("/no"), "/no": page("shh")}
    with Web(world) as web:
        folder, entries = day_of(tmp_path, web, robots=policy)
    assert entries["/no"].outcome == ("robots" if policy == "obey" else "captured")
    for path in folder.warcs:
        _, record = next(iterate(path))
        assert f"robots: {policy}\r\n".encode() in record.block.read()


def test_what_nobody_links_to_any_more_is_asked_for(tmp_path):
    """A page of yesterday is asked for today without a link, until the server says that it is gone."""
    old, homes = page("old"), [linked("/old"), linked(), linked(), linked()]
    asked = []
    with Web({"/old": old}) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        for number, home in enumerate(homes):
            web.pages["/"] = home
            if number == 2:
                del web.pages["/old"]
            web.asked.clear()
            clock.set(FIRST + timedelta(days=number))
            take(archive, archive.settings.site[0])
            asked.append(web.pages_asked())
        last = archive.collection.snapshots("example")[2]
        entries = {entry.url.removeprefix(HOST): entry for entry in ledger.read(last.ledger_path)}
    assert asked == [["/", "/old"], ["/", "/old"], ["/", "/old"], ["/"]]
    assert (entries["/old"].outcome, entries["/old"].via) == ("http-error", "yesterday")


def test_page_that_cannot_be_read_ends_nothing(tmp_path, monkeypatch):
    """Whatever a body does to our parsers, it is stored, its ledger line says so, and the crawl goes on."""
    read = reader.Reader.read

    def die_of_the_bad_one(self, unread):
        if unread.url.endswith("/bad"):
            raise reader.UnreadableError("the reader ended with status -11")
        return read(self, unread)

    monkeypatch.setattr(reader.Reader, "read", die_of_the_bad_one)
    with Web({"/": linked("/bad", "/good"), "/bad": page("?"), "/good": linked("/more")}) as web:
        _, entries = day_of(tmp_path, web)
    assert (entries["/bad"].outcome, entries["/bad"].reason) == (
        "captured",
        "its links could not be read (the reader ended with status -11)",
    )
    assert "/more" in entries


def test_robots_that_break_the_parser_forbid_everything(tmp_path, monkeypatch):
    """Rules that cannot be read might forbid everything, and the crawl comes to an end all the same."""

    def break_down(*_):
        raise ValueError("no")

    monkeypatch.setattr(asking.robots, "parse", break_down)
    with Web({"/robots.txt": text(""), "/": page("home")}) as web:
        _, entries = day_of(tmp_path, web)
    assert entries["/"].outcome == "robots"


def test_disk_that_refuses_ends_the_crawl(tmp_path):
    """A response that the disk cannot hold is no fault of the site: the crawl ends, and carries on later."""
    big = (200, {"Content-Type": "text/plain"}, bytes(3_000_000))
    with Web({"/": linked("/big"), "/big": big}) as web, opened(tmp_path, web, HandClock()) as archive:
        (archive.collection.state / "spool").write_text("in the way")
        with pytest.raises(Exception, match="spool"):
            take(archive, archive.settings.site[0])
        (archive.collection.state / "spool").unlink()
        assert take(archive, archive.settings.site[0]).outcome == "complete"


def test_stop_does_not_wait_for_a_server_that_hangs(tmp_path, monkeypatch):
    """A crawl that is asked to stop leaves what does not answer, and asks for it when it carries on."""
    monkeypatch.setattr(crawl, "PATIENCE", 0.2)
    web = Web({"/": linked("/slow", "/a"), "/slow": hang, "/a": page("a")})
    with web, opened(tmp_path, web, HandClock(), timeout=60.0) as archive:

        def stop_when_asked():
            for _ in range(300):
                if {"/a", "/slow"} <= set(web.pages_asked()):
                    break
                time.sleep(0.1)
            time.sleep(2)  # for what came to be stored, on a busy machine too
            archive.stop.set()

        stopper = threading.Thread(target=stop_when_asked)
        stopper.start()
        started = time.monotonic()
        with pytest.raises(StoppedError, match="1 addresses are waiting"):
            take(archive, archive.settings.site[0])
        assert time.monotonic() - started < 40
        stopper.join()
        archive.stop.clear()
        web.pages["/slow"] = page("awake")
        taken = take(archive, archive.settings.site[0])
    assert taken.outcome == "complete"
    assert Counter(web.pages_asked()) == {"/": 1, "/a": 1, "/slow": 2}
