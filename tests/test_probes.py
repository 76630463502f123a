# SPDX-License-Identifier: EUPL-1.2
"""Where pages are alike, the host is asked for what cannot exist; what is the same as that answer is flagged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from archiver import ledger, probes
from archiver.asking import Visit
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.known import Known
from archiver.ledger import UrlOutcome
from archiver.pages import read_pages
from archiver.probes import MAX_TWINS, PROBE, REASON, Probes, beside
from archiver.reading import Read
from archiver.responses import open_response
from archiver.snapshot import StoppedError, take
from archiver.suspicion import Kind
from archiver.verdict import Thresholds
from index.errors import DamagedError
from index.model import Outcome
from tests.support.sites import Web, text, to
from tests.support.snapshots import FIRST, HOST, NOT_FOUND, SITE, HandClock, opened, page

EVIDENCE = "the same as what the host answers to an address that cannot exist"
ALIKE = page("Twee adressen met dezelfde woorden, zoals een site ze wel vaker heeft.", title="Zelfde")
ALIKE_AND_ON = page("Welkom bij de gemeente, lees maar verder.", "/a")
SITE_PAGES = {
    "/robots.txt": NOT_FOUND,
    "/sitemap.xml": NOT_FOUND,
    "/": page("Welkom bij de gemeente.", "/weg-1", "/weg-2", "/a", "/zelfde"),
    "/a": page("Over ons, en hoe wij te bereiken zijn.", "/later"),
    "/zelfde": page("Een pagina met eigen woorden en toch dezelfde titel."),
}
TWINS = {
    "/": page("Welkom bij de gemeente.", "/een", "/twee", "/a"),
    "/a": page("Over ons, en hoe wij te bereiken zijn."),
    "/een": ALIKE,
    "/twee": ALIKE,
}


def oops(path):
    """Return what a site says of a page it does not have, in words that no table knows, and with 200."""
    return page(f"Oeps! Hier staat niets van {path} (fout 12:0{len(path)}). Kijk eens in het menu.")


class Unheard(dict):
    """Pages of which every other path has an answer too."""

    def __init__(self, pages, answer):
        super().__init__(pages)
        self.answer = answer

    def get(self, path, default=None):
        return self[path] if path in self else default and self.answer(path)


class Days:
    """An archive of one site, a day further with each snapshot."""

    def __init__(self, web, archive, clock):
        self.web, self.archive, self.clock = web, archive, clock
        self.count = 0

    def take(self, *, stop_when=None):
        """Archive the next day, or carry on with it, and return its folder and its ledger by path."""

        def report(progress):
            if stop_when and stop_when(progress.url.removeprefix(HOST)):
                self.archive.stop.set()

        self.clock.set(FIRST + timedelta(days=self.count))
        taken = take(self.archive, self.archive.settings.site[0], report=report)
        self.count += 1
        folder = self.archive.collection.at(SITE, taken.timestamp)
        assert list(verify(folder, finder(self.archive.collection, SITE))) == []
        entries = list(ledger.read(folder.ledger_path))
        assert taken.known == len(entries) == sum(taken.counts.values())
        return folder, {entry.url.removeprefix(HOST): entry for entry in entries}

    def stopped(self, stop_when):
        """Begin a day and have it stopped when a path has its outcome."""
        with pytest.raises(StoppedError):
            self.take(stop_when=stop_when)
        self.archive.stop.clear()


@pytest.fixture
def days(tmp_path, request):
    pages, answer, more = (*getattr(request, "param", (SITE_PAGES, oops)), {})[:3]
    clock = HandClock()
    with Web({}) as web, opened(tmp_path, web, clock, **({"connections": 1} | more)) as archive:
        web.pages = Unheard({"/robots.txt": NOT_FOUND, "/sitemap.xml": NOT_FOUND} | pages, answer)
        yield Days(web, replace(archive, resolve=lambda _host, _port: [("127.0.0.1", web.port)]), clock)


def probe_of(entries):
    """Return the one entry of a probe."""
    [found] = [entry for entry in entries.values() if entry.via == PROBE]
    return found


def flagged(entries):
    """Return what is flagged, by path, with the evidence."""
    return {path: (entry.flag, entry.reason) for path, entry in entries.items() if entry.flag}


def test_soft_404s_are_flagged(days):
    """What says 'not found' in words of its own is flagged, before the probe's answer and after it; pages are not."""
    folder, entries = days.take()
    assert flagged(entries) == dict.fromkeys(("/weg-1", "/weg-2", "/later"), ("soft-404", EVIDENCE))
    assert list(days.web.paths())[-1] == "/later", "one is asked for after the probe"
    assert folder.summary.outcome is Outcome.PARTIAL
    assert folder.package["daykeep"]["reasons"] == [
        "3 pages that say 'not found' with a status of success among 6 answers"
    ]


def test_the_probe_is_recorded(days):
    """The made-up address has one outcome that says what it is, its answer is kept, and it is no page."""
    folder, entries = days.take()
    probe = probe_of(entries)
    assert (probe.kind, probe.outcome, probe.status, probe.reason, probe.flag) == (
        "hint",
        UrlOutcome.CAPTURED,
        200,
        REASON,
        "",
    )
    path = probe.url.removeprefix(HOST)
    with open_response(
        finder(days.archive.collection, SITE), folder.timestamp, folder.index.find(probe.url)
    ) as response:
        assert f"Hier staat niets van {path}".encode() in b"".join(response.body)
    assert probe.url not in {page.url for page in read_pages(folder.pages_path)}
    assert folder.index.find(f"urn:text:{probe.url}") is None
    assert days.web.paths().count(path) == 1


def test_a_probe_is_of_one_day(days):
    """The day after, another address is made up, and nobody asks for that of the day before."""
    monday, first = days.take()
    days.web.asked.clear()
    tuesday, second = days.take()
    yesterday = probe_of(first).url.removeprefix(HOST)
    assert probe_of(second).url.removeprefix(HOST) in days.web.paths()
    assert yesterday not in second
    assert yesterday not in days.web.paths()
    assert flagged(second) == flagged(first)
    assert probe_of(first).url not in monday.changes_path.read_text()
    assert tuesday.changes_path.read_text() == ""


CUT = (200, {"Content-Type": "text/html", "Content-Length": "5000"}, b"<p>Dit antwoord")


def hung_up(handler):
    handler.close_connection = True


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        ((TWINS, lambda _: NOT_FOUND), "http-error"),
        ((TWINS, lambda _: to("/nergens")), "redirect"),
        ((TWINS, lambda _: text("kapot", "text/html", 500)), "http-error"),
        ((TWINS, lambda _: hung_up), "network-error"),
        ((TWINS, lambda _: CUT), "truncated"),
        ((TWINS, lambda _: page("Een heel ander antwoord.", "/nergens", title="Zelfde")), "captured"),
        ((TWINS, lambda _: text("", "image/png")), "captured"),
    ],
    indirect=["days"],
    ids=["404", "redirect", "500", "hung-up", "cut", "another-page", "no-page"],
)
def test_twins_are_pages(days, outcome):
    """Pages that are alike stay pages unless the probe's answer is the same; whatever it is, the day is whole."""
    folder, entries = days.take()
    assert probe_of(entries).outcome.value == outcome
    assert flagged(entries) == {}
    assert "/nergens" not in entries
    assert (folder.summary.outcome, folder.summary.lacking) == (Outcome.COMPLETE, 0)


@pytest.mark.parametrize(
    "days",
    [
        ({"/": page("Welkom.", "/a", "/b"), "/a": page("Een pagina."), "/b": page("Een andere.")}, oops),
        ({"/": ALIKE_AND_ON, "/a": ALIKE_AND_ON}, oops),
        ({"/": page("Welkom.", "/a", "/b"), "/a": page(""), "/b": page("")}, oops),
        (SITE_PAGES, oops, {"suspicion": Thresholds(ignore=(Kind.SOFT_404,))}),
        (SITE_PAGES, oops, {"max_depth": 0}),
    ],
    indirect=True,
    ids=["no-two-alike", "seed-and-page", "shells-of-script", "ignored", "seed-alone"],
)
def test_no_reason_no_probe(days):
    """Nothing is made up where no two pages are alike, where only a seed is, or where nobody wants to know."""
    _, entries = days.take()
    assert PROBE not in {entry.via for entry in entries.values()}
    assert set(days.web.paths()) <= entries.keys()
    assert flagged(entries) == {}


@pytest.mark.parametrize(
    "stop_when",
    [lambda path: path == "/weg-2", lambda path: path == "/a", lambda path: len(path) > 20],
    ids=["made-up", "not-asked-yet", "answered"],
)
def test_one_probe_over_a_stop(days, stop_when):
    """A crawl that was stopped carries on with the probe it has, and flags what came before and comes after."""
    days.stopped(stop_when)
    _, entries = days.take()
    probe = probe_of(entries).url.removeprefix(HOST)
    assert [path for path in days.web.paths() if len(path) > 20] == [probe]
    assert flagged(entries) == dict.fromkeys(("/weg-1", "/weg-2", "/later"), ("soft-404", EVIDENCE))


RULES = "User-agent: *\nAllow: /$\nAllow: /een\nAllow: /twee\nAllow: /a$\nDisallow: /"


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        ((TWINS | {"/robots.txt": text(RULES)}, oops), "robots"),
        ((TWINS, oops, {"max_urls": 6}), "over-limit"),
    ],
    indirect=["days"],
    ids=["robots", "max-urls"],
)
def test_a_probe_may_be_refused(days, outcome):
    """A made-up address is asked for only where any other would be, and where not, the day is whole."""
    folder, entries = days.take()
    assert probe_of(entries).outcome.value == outcome
    assert probe_of(entries).url.removeprefix(HOST) not in days.web.paths()
    assert folder.summary.outcome is Outcome.COMPLETE


@pytest.mark.parametrize(
    ("url", "made_up"),
    [
        ("https://a.example/weg", "https://a.example/zx81"),
        ("https://a.example/nieuws/weg.aspx?id=1", "https://a.example/nieuws/zx81.aspx"),
        ("https://a.example/nieuws/weg/", "https://a.example/nieuws/zx81/"),
        ("https://a.example/?p=404", "https://a.example/zx81"),
        ("https://a.example:8080/v1.2/weg", "https://a.example:8080/v1.2/zx81"),
        ("https://a.example/besluit-12.345", "https://a.example/zx81"),
        ("https://a.example/.html", "https://a.example/zx81.html"),
    ],
)
def test_beside(url, made_up):
    """A made-up address is in the folder of the page that gave reason for it, and ends like it."""
    assert beside(url, "zx81") == made_up


def visit(url, words):
    return Visit(Known(url, 1, f"{HOST}/", "outlink"), None, Read(page=("", "nl", words)))


def learned(found, urls, words="Zo veel woorden als een melding wel heeft."):
    """Let pages with the same words come by, and return the probes that are asked for."""
    return [probe.url for url in urls if (probe := found.learn(visit(url, words)))]


def test_hosts_are_probed_one_by_one(monkeypatch):
    """Each origin is probed once, and no more of them than there are to be."""
    monkeypatch.setattr(probes, "MAX_HOSTS", 2)
    found = Probes(lambda: "zx81", lambda url: "buiten" not in url)
    names = [f"http://{letter}.example" for letter in "abc"]
    asked = learned(found, [f"{name}/{number}" for number in range(5) for name in names])
    assert asked == ["http://a.example/zx81", "http://b.example/zx81"]
    assert learned(found, ["http://d.example/buiten/1", "http://d.example/buiten/2"]) == []


def test_what_waits_is_bounded():
    """Of a site that answers everything alike no more is kept than is said, and a stop keeps that."""
    found = Probes(lambda: "zx81", lambda _: True)
    asked = learned(found, [f"http://a.example/{number}" for number in range(MAX_TWINS + 50)])
    state = found.unsaved()
    assert asked == ["http://a.example/zx81"]
    assert state.count("http://a.example/") == MAX_TWINS + 1
    assert found.unsaved() is None
    for number in range(100):
        learned(found, ["http://a.example/x", "http://a.example/y"], f"Andere woorden, {'x' * number}")
    assert found.unsaved() is None
    again = Probes(lambda: "zx82", lambda _: True)
    again.resume(state)
    assert learned(again, ["http://a.example/x", "http://a.example/y"]) == []


@pytest.mark.parametrize("state", ["{", "[]", '{"http://a.example":{}}'])
def test_a_damaged_state(state):
    """What is kept of probes and cannot be read is damage, not a crash."""
    with pytest.raises(DamagedError, match="check the disk"):
        Probes(str, bool).resume(state)
