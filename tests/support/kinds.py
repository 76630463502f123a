# SPDX-License-Identifier: EUPL-1.2
"""
Every kind of page that the viewer shows, and an archive that has them all.

    with every_kind(folder) as (base, narrow):
        for kind in KINDS: …

A kind names the rule that answers it and the template it is made from, so that a test can tell whether a route or
a template was left out. What it looks like is no matter of this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Frame, Page, Route

from archiver.conformance.measuring import measured
from archiver.conformance.rules import load
from archiver.conformance.subject import Subject
from archiver.ledger import UrlOutcome
from archiver.runs import Runs
from archiver.takedowns import add_takedown
from index.takedown import VERSION, Action, Decision
from tests.support.archive import HTML, Archive, Lost, Reply, build
from tests.support.office import pdf_of
from tests.support.ports import free_port
from tests.support.viewing import serving
from viewer.addresses.view import View
from viewer.pages import compare
from viewer.places import Places

SITE = "https://www.example.org"
DAYS = ("20260302023000", "20260303023000", "20260304023000", "20260305023000", "20260306023000")
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = DAYS
DAMAGED = "20260302033000"
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf00000301010018dd8db00000000049454e44ae426082"
)
_UNREACHED = "host www.example.org (192.0.2.1) could not be connected to: [Errno 113] No route to host"
_LONG = "<p>Een regel die blijft staan, dag na dag.</p>" * 12


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of page: how it is reached, and which template shows it."""

    name: str
    rule: str
    template: str
    path: str
    frame: str = ""
    """Of which address the frame is that is looked at, where it is not the page itself."""
    inner: bool = False
    """Whether that is a frame within the archived page."""
    narrow: bool = False
    """Whether it is what a viewer says that has no room."""
    press: str = ""
    """What is pressed within the archived page, once it is there."""
    method: str = "GET"
    status: int = 0
    body: str = ""


def _page(title: str, body: str) -> Reply:
    return Reply(
        f'<!doctype html><html lang="nl"><title>{title}</title><h1>{title}</h1>{body}{_LONG}</html>', HTML
    )


def _monday() -> dict[str, Reply | Lost]:
    return {
        f"{SITE}/": _page("Begin", '<a href="/kosten">Kosten</a><img src="/beeld.svg" alt="">'),
        f"{SITE}/kosten": _page("Kosten", "<p>U betaalt € 23 per dag, vanaf 2 maart 2026.</p>"),
        f"{SITE}/kader": _page("Kader", '<iframe src="/weg"></iframe>'),
        f"{SITE}/formulier": _page(
            "Formulier",
            '<iframe src="/kwijt"></iframe><form method="post" action="/kosten"><button>Verstuur</button></form>',
        ),
        f"{SITE}/buiten": _page("Buiten", '<iframe src="https://elders.example/"></iframe>'),
        f"{SITE}/oud": _page("Oud", "<p>Dit verdwijnt.</p>"),
        f"{SITE}/beeld": Reply('<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        f"{SITE}/beeld.png": Reply(_PNG, "image/png"),
        f"{SITE}/stuk.pdf": Reply(pdf_of(1), "application/pdf"),
        f"{SITE}/los.zip": Reply(b"PK\x05\x06" + bytes(18), "application/zip"),
        f"{SITE}/zaak": _page("Zaak", "<p>Een zaak met namen.</p>"),
        f"{SITE}/om-zaak": _page("Om een zaak", '<iframe src="/zaak"></iframe>'),
    }


def _days() -> dict[str, dict[str, Reply | Lost]]:
    monday = _monday()
    tuesday = dict(monday)
    del tuesday[f"{SITE}/oud"], tuesday[f"{SITE}/beeld.png"]
    tuesday[f"{SITE}/kosten"] = _page(
        "Kosten", '<p>U betaalt € 35 per dag, vanaf 3 maart 2026.</p><a href="/nieuw">Meer</a>'
    )
    tuesday[f"{SITE}/nieuw"] = _page("Nieuw", "<p>Een pagina erbij.</p>")
    thursday: dict[str, Reply | Lost] = dict(tuesday)
    thursday[f"{SITE}/nieuw"] = Lost(
        UrlOutcome.TIMEOUT, "host www.example.org gave no answer: nothing came for 30 seconds"
    )
    thursday[f"{SITE}/geweigerd"] = Lost(UrlOutcome.ROBOTS, "robots.txt does not allow it")
    friday: dict[str, Reply | Lost] = dict.fromkeys(monday, Lost(UrlOutcome.NETWORK_ERROR, _UNREACHED))
    return {MONDAY: monday, TUESDAY: tuesday, WEDNESDAY: tuesday, THURSDAY: thursday, FRIDAY: friday}


_DAMAGED = {
    DAMAGED: {
        "https://stuk.example/": _page("Stuk", '<iframe src="/a.txt"></iframe>'),
        "https://stuk.example/a.txt": Reply("Tekst.", "text/plain"),
    }
}
_FILLED = View(filled=True).modifier
_BOTH = f"url={SITE}/kosten&from={MONDAY}&to={TUESDAY}"
_DAY, _WEB = "/<site>/<moment>/", "/web/<path:_>"
_COMPARE = "/<site>/compare"
_HERE = "www-example-org"  # in the address of each frame of the archived site

KINDS = (
    Kind("start", "/", "home.html", "/"),
    Kind("calendar", "/<site>/", "calendar.html", "/demo/"),
    Kind("no day", "/<site>/", "calendar.html", "/demo/?day=morgen"),
    Kind("no such year", "/<site>/", "calendar.html", "/demo/?day=2019"),
    Kind("no year", "/<site>/", "calendar.html", "/demo/?year=abc", status=404),
    Kind("two readings", _DAY, "no_snapshot.html", "/demo/2026-02-03/?typed=3/2/2026"),
    Kind("day", _DAY, "day.html", f"/demo/{TUESDAY}/"),
    Kind("partial day", _DAY, "day.html", f"/demo/{THURSDAY}/"),
    Kind("failed day", _DAY, "day.html", f"/demo/{FRIDAY}/"),
    Kind("no snapshot", _DAY, "no_snapshot.html", "/demo/2026-03-09/"),
    Kind("proof", "/<site>/<moment>/proof", "proof.html", f"/demo/{TUESDAY}/proof"),
    Kind("conformance", "/<site>/<moment>/conformance", "conformance.html", f"/demo/{TUESDAY}/conformance"),
    Kind("not measured", "/<site>/<moment>/conformance", "conformance.html", f"/demo/{MONDAY}/conformance"),
    Kind("changes", "/<site>/<moment>/changes", "changes.html", f"/demo/{TUESDAY}/changes"),
    Kind("changes between", "/<site>/changes", "between.html", f"/demo/changes?from={MONDAY}&to={THURSDAY}"),
    Kind("missing", "/<site>/<moment>/missing", "missing.html", f"/demo/{THURSDAY}/missing"),
    Kind("search", "/<site>/search", "search.html", "/demo/search?q=regel"),
    Kind("search, nothing", "/<site>/search", "search.html", "/demo/search?q=zesdaagse&year=x"),
    Kind("search, no word", "/<site>/search", "search.html", "/demo/search?q=-", status=400),
    Kind("compare, never stored", _COMPARE, "compare.html", f"/demo/compare?url={SITE}/kostn", status=404),
    Kind("lifeline", "/<site>/history", "lifeline.html", f"/demo/history?url={SITE}/kosten"),
    Kind("passage", "/<site>/history", "lifeline.html", f"/demo/history?url={SITE}/kosten&passage=per+dag"),
    Kind("no lifeline", "/<site>/history", "lifeline.html", f"/demo/history?url={SITE}/kostn"),
    Kind("cite", "/<site>/cite", "cite.html", f"/demo/cite?url={SITE}/kosten&at={TUESDAY}"),
    Kind("not cited", "/<site>/cite", "not_cited.html", f"/demo/cite?url={SITE}/oud&at={TUESDAY}"),
    Kind("never cited", "/<site>/cite", "not_cited.html", f"/demo/cite?url={SITE}/kostn&at={TUESDAY}"),
    Kind("print", "/<site>/print", "print.html", f"/demo/print?url={SITE}/kosten&at={TUESDAY}"),
    Kind(
        "print, without scripts",
        "/<site>/print",
        "print.html",
        f"/demo/print?url={SITE}/kosten&at={TUESDAY}&view=ns_",
    ),
    Kind("compare", _COMPARE, "compare.html", f"/demo/compare?{_BOTH}"),
    Kind("compare, empty", _COMPARE, "compare.html", "/demo/compare"),
    Kind(
        "compare, no days",
        _COMPARE,
        "compare.html",
        f"/demo/compare?url={SITE}/kosten&from=ooit&to=maart+2026",
    ),
    Kind("compare, pages", _COMPARE, "compare.html", f"/demo/compare?{_BOTH}&view=pages"),
    Kind("pane", "/<site>/compare/pane", "pane.html", f"/demo/compare/pane?url={SITE}/kosten&at={TUESDAY}"),
    Kind("frame", _WEB, "frame.html", f"/web/{TUESDAY}/{SITE}/kosten"),
    Kind("frame, day of the week", _WEB, "frame.html", f"/web/{WEDNESDAY}/{SITE}/kosten#daykeep-weekday"),
    Kind("frame, other day", _WEB, "frame.html", f"/web/{TUESDAY}{_FILLED}/{SITE}/oud"),
    Kind("frame, file", _WEB, "frame.html", f"/web/{TUESDAY}/{SITE}/los.zip"),
    Kind("parts", "/web/parts", "page_parts.html", f"/web/{TUESDAY}/{SITE}/formulier"),
    Kind("file", _WEB, "file.html", f"/web/{TUESDAY}/{SITE}/los.zip", frame=_HERE),
    Kind("gap", _WEB, "gap.html", f"/web/{TUESDAY}/{SITE}/kader", frame="/weg", inner=True),
    Kind("gap outside", _WEB, "gap.html", f"/web/{TUESDAY}/{SITE}/buiten", frame="elders", inner=True),
    Kind("refused", _WEB, "refused.html", f"/web/{TUESDAY}/{SITE}/formulier", frame=_HERE, press="Verstuur"),
    Kind("other day", _WEB, "other_day.html", f"/web/{TUESDAY}{_FILLED}/{SITE}/beeld.png", frame=_HERE),
    Kind(
        "unreadable",
        _WEB,
        "unreadable.html",
        f"/web/{DAMAGED}/https://stuk.example/",
        frame="/a.txt",
        inner=True,
    ),
    Kind("not there", _WEB, "not_there.html", f"/web/{TUESDAY}/{SITE}/oud"),
    Kind("never stored", _WEB, "not_there.html", f"/web/{TUESDAY}/{SITE}/kostn"),
    Kind("not in a year", _WEB, "not_there.html", f"/web/1999/{SITE}/kosten", status=404),
    Kind("outside", _WEB, "not_there.html", f"/web/{TUESDAY}/https://elders.example/"),
    Kind("withheld", _WEB, "withheld.html", f"/web/{MONDAY}/{SITE}/zaak", status=451),
    Kind(
        "withheld within",
        _WEB,
        "withheld_in_frame.html",
        f"/web/{MONDAY}/{SITE}/om-zaak",
        frame="/zaak",
        inner=True,
    ),
    Kind("withheld days", "/<site>/history", "lifeline.html", f"/demo/history?url={SITE}/zaak"),
    Kind(
        "day withheld",
        "/<site>/<moment>/export/<profile>",
        "day_withheld.html",
        f"/demo/{MONDAY}/export/wacz",
        status=451,
    ),
    Kind("no address", "/web/", "not_an_address.html", "/web/"),
    Kind("no moment", _WEB, "not_an_address.html", f"/web/3-3-2026/{SITE}/kosten", status=404),
    Kind("no address, TimeGate", "/timegate/", "not_an_address.html", "/timegate/", status=404),
    Kind("no address, TimeMaps", "/timemap/", "not_an_address.html", "/timemap/", status=404),
    Kind("no address, TimeMap", "/timemap/<form>/", "not_an_address.html", "/timemap/json/", status=404),
    Kind("about", "/about", "about.html", "/about"),
    Kind("accessibility", "/about/accessibility", "accessibility.html", "/about/accessibility"),
    Kind("correction", "/about/correction", "correction.html", "/about/correction"),
    Kind("security", "/about/security", "security.html", "/about/security"),
    Kind("error 400", "/web/parts", "error.html", "/web/parts", method="POST", body="{", status=400),
    Kind("no such day", _DAY, "no_snapshot.html", "/demo/nu/", status=404),
    Kind("error 404", "/<site>/", "error.html", "/nosite/", status=404),
    Kind("told", "/<site>/<moment>/missing", "error.html", f"/demo/{THURSDAY}/missing?outcome=x", status=404),
    Kind("error 405", "/about", "error.html", "/about", method="POST", status=405),
    Kind("error 500", "/<site>/<moment>/changes", "error.html", f"/stuk/{DAMAGED}/changes", status=500),
    Kind("error 503", _COMPARE, "error.html", f"/demo/compare?{_BOTH}", narrow=True, status=503),
    Kind(
        "too large",
        "/<site>/<moment>/export/<profile>",
        "too_large.html",
        f"/demo/{TUESDAY}/export/wacz",
        narrow=True,
    ),
    Kind(
        "being made", "/<site>/<moment>/export/<profile>", "being_made.html", f"/demo/{TUESDAY}/export/wacz"
    ),
)

NO_PAGE = {
    "/<site>/<moment>/proof/<name>": "lists for programs",
    "/<site>/<moment>/conformance.json": "JSON",
    "/<site>/feed.atom": "Atom",
    "/cdx": "CDX",
    "/cdx/search/cdx": "CDX",
    "/timegate/<path:_>": "leads on",
    "/timemap/<form>/<path:_>": "link format and JSON",
    "/.well-known/web-archive.txt": "TOML",
    "/.well-known/security.txt": "text",
    "/about/theme.css": "a style sheet",
    "/about/logo": "a picture",
    "/about/logo-dark": "a picture",
    "/about/font": "letters",
    "/about/language/<code>": "leads on",
    "/healthz": "JSON",
    "/robots.txt": "text",
    "/favicon.ico": "a picture",
    "/static/<path:filename>": "files of the viewer",
}
"""Routes that answer nothing that a visitor looks at in a browser, with what they do answer."""

NO_TEMPLATE_OF_A_PAGE = frozenset(
    {
        "layout.html",
        "in_frame.html",
        "on_paper.html",
        "page_warnings.html",
        "parts.html",
        "withheld_words.html",
        "feed.xml",
        "feed_entry.html",
        "feed_link.html",
        "feed_notice.html",
    }
)
"""Templates that are pieces of others, or make a feed."""


@contextmanager
def every_kind(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve an archive that has every kind of page; yield its address, and that of a viewer of it without room."""
    port, narrow_port = free_port(), free_port()
    days = {"demo": _days(), "stuk": _DAMAGED}
    with ExitStack() as open_:
        archive = open_.enter_context(build(folder, days, port=port, texts=True))
        _damage(archive)
        _withhold(archive)
        measure(archive, TUESDAY)
        base = open_.enter_context(serving(archive, port))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compare, "Places", lambda _number, room: Places(0, room))
            narrow = open_.enter_context(serving(_narrow(archive, narrow_port), narrow_port))
        yield base, narrow


def _narrow(archive: Archive, port: int) -> Archive:
    viewer = msgspec.structs.replace(
        archive.settings.viewer,
        base_url=f"http://localhost:{port}",
        replay_url=f"http://{{label}}.localhost:{port}",
        download_bytes=1,
    )
    return replace(archive, settings=msgspec.structs.replace(archive.settings, viewer=viewer))


def measure(archive: Archive, timestamp: str) -> None:
    """Measure a day against the guideline, and keep the report."""
    folder = archive.collection.at("demo", timestamp)
    runs = tuple(Runs(archive.collection.runs_path).of("demo"))
    shelves, now = (archive.history, archive.catalogue), datetime(2026, 3, 9, 8, tzinfo=UTC)
    measured(Subject(folder, archive.collection, archive.settings, *shelves, runs, now), load())


def _damage(archive: Archive) -> None:
    """Take away what a text and the list of changes are read from, as a broken disk would."""
    folder = archive.collection.at("stuk", DAMAGED)
    lost = folder.index.find("https://stuk.example/a.txt")
    assert lost is not None
    warc = folder.warc(lost.filename)
    for path in (warc, folder.changes_path.parent):
        path.chmod(0o755)
    os.truncate(warc, lost.offset + 10)
    folder.changes_path.unlink()


def _withhold(archive: Archive) -> None:
    """Let one day of one page not be shown."""
    decision = Decision(
        takedowns=VERSION,
        action=Action.HIDE,
        url=f"{SITE}/zaak",
        at="2026-03-09T08:00:00Z",
        since=MONDAY,
        until=MONDAY,
        reason="Persoonsgegevens van een betrokkene.",
    )
    add_takedown(archive.collection, decision)


def reach(page: Page, kind: Kind, base: str) -> Frame:
    """Bring a browser to a page of a kind, and return the frame in which it is."""
    address = base + kind.path
    if kind.method != "GET":
        page.route(address, lambda route: _sent(route, kind))
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (kind.status or answer.status)
    if not kind.frame:
        return page.main_frame
    within = page.frame_locator("#daykeep-page")
    if kind.press:
        within.get_by_role("button", name=kind.press).click()
        within.get_by_role("button").wait_for(state="detached")
    elif kind.inner:
        within.frame_locator("iframe").locator("h1").wait_for()
    else:
        within.locator("h1").wait_for()
    return next(
        one
        for one in page.frames[1:]
        if kind.frame in one.url and bool(kind.inner) == (one.parent_frame != page.main_frame)
    )


def _sent(route: Route, kind: Kind) -> None:
    fields = {"Accept-Language": route.request.headers["accept-language"], "Content-Type": "application/json"}
    route.fulfill(response=route.fetch(method=kind.method, headers=fields, post_data=kind.body))
