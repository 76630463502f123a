# SPDX-License-Identifier: EUPL-1.2
"""What is withheld: at once, by every way to it, with the reason in its place; and shown again as it was."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from urllib.parse import quote

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect
from werkzeug.test import TestResponse

from archiver.conformance.kept import keep
from archiver.package import sealed_digest
from archiver.takedowns import add_takedown
from index.takedown import VERSION, Action, Decision
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import visit
from tests.support.conforming import a_report
from tests.support.importing import EXAMPLE, empty_archive, take, write
from tests.support.ports import free_port
from tests.support.posts import SENT, archived
from tests.support.viewing import Visitor, serving, viewer_of

SITE = "https://www.example.org"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (f"2026030{day}023000" for day in (2, 3, 4, 5))
SECRET = "geheimwoord"
"""Stands in the title and the text of the page, and nowhere else."""
CASE = f"{SITE}/zaak-4711"
ADDRESS = "zaak-4711"
REASON = 'Uitspraak <b>van</b> "de rechter" & meer'


def page(title: str, text: str, more: str = "") -> Reply:
    return Reply(
        f'<!doctype html><html lang="nl"><head><title>{title}</title></head><body><p>{text}</p>{more}</body></html>'
    )


HOME = page("Voorpagina", "Welkom in het archief van zaken.")
DAYS = {
    MONDAY: {
        f"{SITE}/": HOME,
        CASE: page(f"Zaak {SECRET}", f"Een verhaal over {SECRET} op maandag, 100 euro."),
        f"{SITE}/met-deel": page("Met deel", "Een plaatje.", '<img src="/deel.png">'),
        f"{SITE}/deel.png": Reply(b"\x89PNG deel", "image/png"),
        f"{SITE}/leidt": Reply(status=302, headers=(("Location", "/zaak-4711"),)),
    },
    TUESDAY: {
        f"{SITE}/": HOME,
        CASE: page(f"Zaak {SECRET} twee", f"Een verhaal over {SECRET} op dinsdag, 200 euro."),
        f"{SITE}/met-deel": page("Met deel", "Een plaatje.", '<img src="/deel.png">'),
        f"{SITE}/deel.png": Reply(b"\x89PNG deel", "image/png"),
    },
    WEDNESDAY: {
        f"{SITE}/": HOME,
        CASE: page(f"Zaak {SECRET} twee", f"Een verhaal over {SECRET} op dinsdag, 200 euro."),
    },
    THURSDAY: {f"{SITE}/": HOME},
}


@pytest.fixture
def archive(tmp_path):
    with build(tmp_path / "data", {"demo": DAYS}) as built:
        folder = built.collection.at("demo", MONDAY)
        places = (f"{CASE}: timed out", f"{CASE} → {MONDAY}", f"({CASE}).", f"{SITE}/: 500")
        report = a_report(places, package=sealed_digest(folder.path), made="2026-03-09T08:00:00Z")
        keep(built.collection, folder, report)
        yield built


@pytest.fixture
def visitor(archive):
    return Visitor(archive)


def decide(archive, action=Action.HIDE, url=CASE, *, at="2026-03-09T08:00:00Z", **more):
    reason = REASON if action is Action.HIDE else ""
    decision = Decision(takedowns=VERSION, action=action, url=url, at=at, **{"reason": reason, **more})
    add_takedown(archive.collection, decision)


Q = quote(CASE, safe="")
BY_ROUTE = {
    "/": ["/", f"/?q={SECRET}&site=demo"],
    "/<site>/": ["/demo/"],
    "/<site>/<moment>/": [f"/demo/{MONDAY}/", f"/demo/{TUESDAY}/", f"/demo/{MONDAY}/?contains={SECRET}x"],
    "/<site>/<moment>/changes": [
        f"/demo/{MONDAY}/changes",
        f"/demo/{TUESDAY}/changes",
        f"/demo/{THURSDAY}/changes",
    ],
    "/<site>/changes": [
        f"/demo/changes?from={MONDAY}&to={TUESDAY}",
        f"/demo/changes?from={MONDAY}&to={THURSDAY}",
    ],
    "/<site>/feed.atom": ["/demo/feed.atom", f"/demo/feed.atom?url={Q}", "/demo/feed.atom?section=/"],
    "/<site>/<moment>/missing": [f"/demo/{MONDAY}/missing", f"/demo/{THURSDAY}/missing"],
    "/<site>/<moment>/proof": [f"/demo/{MONDAY}/proof"],
    "/<site>/<moment>/proof/<name>": [
        f"/demo/{MONDAY}/proof/{one}"
        for one in ("datapackage.json", "datapackage-digest.json", "SHA256SUMS", "seal.json")
    ],
    "/<site>/<moment>/conformance": [f"/demo/{MONDAY}/conformance"],
    "/<site>/<moment>/conformance.json": [f"/demo/{MONDAY}/conformance.json"],
    "/<site>/<moment>/export/<profile>": [
        f"/demo/{MONDAY}/export/{one}" for one in ("wacz", "warc", "nl-richtlijn")
    ],
    "/<site>/search": [
        "/demo/search?q=verhaal&on=2026-03-02",
        "/demo/search?q=verhaal&when=ever",
        "/demo/search?q=verhaal+euro",
        "/demo/search?q=verhaa1&when=ever",
        f"/demo/search?q={SECRET[:-1]}&when=ever",
        f"/demo/search?q={CASE}",
    ],
    "/<site>/history": [
        f"/demo/history?url={Q}",
        f"/demo/history?url={Q}&passage=verhaal",
        "/demo/history?url=www.example.org/zaak-4712",
    ],
    "/<site>/cite": [f"/demo/cite?url={Q}&at={MONDAY}", f"/demo/cite?url={Q}&at=2026-03-03"],
    "/<site>/print": [
        f"/demo/print?url={Q}&at={MONDAY}",
        f"/demo/print?url={Q}&at=2026-03-03&view=ns_&sheets=10",
        f"/demo/print?url={Q}&at={MONDAY}&view=fg_",
    ],
    "/<site>/compare": [
        f"/demo/compare?url={Q}",
        f"/demo/compare?url={Q}&from={MONDAY}&to={TUESDAY}",
        f"/demo/compare?url={Q}&from={MONDAY}&to={TUESDAY}&view=pages",
        f"/demo/compare?url={quote(SITE + '/', safe='')}&as={Q}&from={MONDAY}&to={TUESDAY}",
    ],
    "/<site>/compare/pane": [f"/demo/compare/pane?url={Q}&at={MONDAY}"],
    "/web/<path:_>": [
        f"/web/{MONDAY}/{CASE}",
        f"/web/2026-03-02/{CASE}",
        f"/web/20260302023001/{CASE}",
        f"/web/{MONDAY}id_/{CASE}",
        f"/web/2026-03-03id_/{CASE}",
        f"/web/{MONDAY}ns_/{CASE}",
        f"/web/{MONDAY}fg_/{CASE}",
        f"/web/{THURSDAY}fg_/{CASE}",
        f"/web/{THURSDAY}/{CASE}",
        f"/web/*/{CASE}",
        f"/web/{MONDAY}/http://example.org/ZAAK-4711/",
        f"/web/{MONDAY}/{SITE}/zaak-4712",
    ],
    "/web/": ["/web/"],
    "/cdx": [
        f"/cdx?url={CASE}",
        "/cdx?url=example.org/*",
        "/cdx?url=example.org&matchType=domain&output=json",
        f"/cdx?url={SITE}/zaak&matchType=prefix&limit=-2",
    ],
    "/cdx/search/cdx": [
        f"/cdx/search/cdx?url={CASE}",
        f"/cdx/search/cdx?url={CASE}&sort=closest&closest=2026&fl=original,digest",
    ],
    "/timegate/<path:_>": [f"/timegate/{CASE}"],
    "/timemap/<form>/<path:_>": [f"/timemap/link/{CASE}", f"/timemap/json/{CASE}"],
}
NOTHING_ARCHIVED = {
    "/timegate/",
    "/timemap/",
    "/timemap/<form>/",
    "/robots.txt",
    "/favicon.ico",
    "/web/parts",  # by POST: test_a_part_that_is_withheld
    "/.well-known/web-archive.txt",
    "/.well-known/security.txt",
    "/about",
    "/about/accessibility",
    "/about/correction",
    "/about/security",
    "/about/theme.css",
    "/about/logo",
    "/about/logo-dark",
    "/about/font",
    "/about/language/<code>",
    "/healthz",
    "/static/<path:filename>",
}
LISTS = [
    path
    for rule, paths in BY_ROUTE.items()
    for path in paths
    if ADDRESS not in path and "zaak&matchType" not in path
] + ["/demo/search?q=verhaal&when=ever"]
"""What is asked without naming the address: then that is not told either."""
WITH_SECRET = [
    f"/demo/{MONDAY}/",
    "/demo/search?q=verhaal&on=2026-03-02",
    "/demo/search?q=verhaal&when=ever",
    f"/demo/history?url={Q}",
    f"/demo/cite?url={Q}&at={MONDAY}",
    f"/demo/compare?url={Q}&from={MONDAY}&to={TUESDAY}",
    f"/web/{MONDAY}/{CASE}",
    f"/web/{MONDAY}id_/{CASE}",
]
REFUSED = [
    *(
        path
        for path in BY_ROUTE["/web/<path:_>"]
        if "*" not in path
        and "fg_" not in path
        and THURSDAY not in path
        and "4712" not in path
        and "ZAAK" not in path
    ),
    f"/web/{MONDAY}fg_/{CASE}",
    *BY_ROUTE["/<site>/cite"],
    *BY_ROUTE["/<site>/print"],
    *BY_ROUTE["/<site>/compare"],
    *BY_ROUTE["/<site>/compare/pane"],
    *BY_ROUTE["/<site>/<moment>/export/<profile>"],
    *BY_ROUTE["/<site>/history"][:2],
    f"/demo/feed.atom?url={Q}",
    *BY_ROUTE["/timegate/<path:_>"],
    *BY_ROUTE["/timemap/<form>/<path:_>"],
]


def everything(visitor) -> dict[str, tuple[int, str]]:
    """Return what every route answers, head and body, and the replay origins."""
    answers = {}
    for path in sorted({path for paths in BY_ROUTE.values() for path in paths}):
        response = visitor.get(path)
        while response.status_code == 503:  # an export is being made
            time.sleep(0.05)
            response = visitor.get(path)
        answers[path] = (
            response.status_code,
            f"{response.headers}\n{response.data.decode('utf-8', 'replace')}",
        )
    for timestamp in (MONDAY, TUESDAY, f"{MONDAY}n", f"{MONDAY}f", f"{THURSDAY}f"):
        for url in (CASE, f"{SITE}/leidt"):
            for dest in ("document", "iframe", "image", "empty"):
                response = visitor.replay(timestamp, url, Sec_Fetch_Dest=dest)
                answers[f"{timestamp} {url} {dest}"] = (
                    response.status_code,
                    f"{response.headers}\n{response.text}",
                )
    return answers


def without_nonce(answers):
    return {path: (status, re.sub(r"Date: .*", "", text)) for path, (status, text) in answers.items()}


def test_every_route_is_asked(archive):
    """Each route of the viewer is either asked here, or shows nothing that was captured."""
    rules = {rule.rule for rule in viewer_of(archive).url_map.iter_rules()}
    assert set(BY_ROUTE) | NOTHING_ARCHIVED == rules


def test_no_route_tells_what_is_withheld(archive, visitor):
    """Title, text and bytes of a withheld page are in no answer, nor its address where it is not asked for."""
    everything(visitor)  # exports are made, and a day then says how large they are
    before = everything(visitor)
    assert all(SECRET in before[path][1] for path in WITH_SECRET)
    assert sum(ADDRESS in before[path][1] for path in LISTS) >= 8
    decide(archive)
    hidden = everything(visitor)
    assert [path for path, (_, text) in hidden.items() if SECRET in text and SECRET not in path] == []
    assert [path for path in LISTS if ADDRESS in hidden[path][1]] == []
    assert {path: hidden[path][0] for path in REFUSED} == dict.fromkeys(REFUSED, 451)
    assert [path for path, (status, _) in hidden.items() if status >= 500] == []
    decide(archive, Action.SHOW)
    assert without_nonce(everything(visitor)) == without_nonce(before)


@pytest.mark.parametrize("path", ["conformance", "conformance.json"])
def test_report_on_the_guideline(archive, visitor, path):
    """A report names what a day lacks: without what is withheld on it, and what is cut and may be that."""
    before = visitor.get(f"/demo/{MONDAY}/{path}").text
    decide(archive)
    after = visitor.get(f"/demo/{MONDAY}/{path}").text
    assert (before.count(CASE), after.count(CASE)) == (3, 0)
    assert f"{SITE}/: 500" in before
    assert f"{SITE}/: 500" in after
    folder = archive.collection.at("demo", MONDAY)
    keep(archive.collection, folder, a_report((f"{CASE[:-2]}…",), package=sealed_digest(folder.path)))
    assert CASE[:-2] not in visitor.get(f"/demo/{MONDAY}/{path}").text


def test_the_page_says_why(archive, visitor):
    """A visitor reads the reason, escaped, the date and the days, in his own language; nobody keeps the answer."""
    decide(archive, by="J. de Vries")
    english = visitor.get(f"/web/{MONDAY}/{CASE}", Accept_Language="en")
    assert english.status_code == 451
    assert english.headers["Cache-Control"] == "no-store"
    assert "ETag" not in english.headers
    for said in (
        "withheld from the public",
        "9 March 2026",
        "all days, and those to come",
        "/about/correction",
    ):
        assert said in english.text
    assert "Uitspraak &lt;b&gt;van&lt;/b&gt; &#34;de rechter&#34; &amp; meer" in english.text
    assert "de Vries" not in english.text
    assert "/demo/history" not in english.text
    dutch = visitor.get(f"/web/{MONDAY}/{CASE}", Accept_Language="nl")
    assert "afgeschermd voor het publiek" in dutch.text
    inside = visitor.replay(MONDAY, CASE, Sec_Fetch_Dest="iframe", Accept_Language="nl")
    assert (inside.status_code, inside.headers["Cache-Control"]) == (451, "no-store")
    assert "&lt;b&gt;van&lt;/b&gt;" in inside.text
    payload = visitor.get(f"/web/{MONDAY}id_/{CASE}")
    assert payload.mimetype == "text/plain"
    assert f"Reason: {REASON}" in payload.text


def test_who_withholds_is_named(tmp_path):
    """Where the operator has a website, RFC 7725's link names it."""
    with build(tmp_path / "data", {"demo": DAYS}) as built:
        listing = type(built.settings.archive)(organisation_website="https://archief.example/")
        decide(built)
        visitor = Visitor(dataclasses.replace(built, settings=replace(built.settings, archive=listing)))
        for response in (
            visitor.get(f"/web/{MONDAY}/{CASE}"),
            visitor.replay(MONDAY, CASE, Sec_Fetch_Dest="image"),
        ):
            assert response.headers["Link"] == '<https://archief.example/>; rel="blocked-by"'


def test_some_days_are_withheld(archive, visitor):
    """Days before and after stay as they were: versions, mementos, lines and results of these alone are told."""
    decide(archive, since="2026-03-03", until="2026-03-03")
    assert [visitor.get(f"/web/{day}/{CASE}").status_code for day in (MONDAY, TUESDAY, WEDNESDAY)] == [
        200,
        451,
        200,
    ]
    assert [line.split()[1] for line in visitor.get(f"/cdx?url={CASE}").text.splitlines()] == [
        "20260302023001",
        "20260304023001",
    ]
    mementos = json.loads(visitor.get(f"/timemap/json/{CASE}").data)["mementos"]["list"]
    assert [one["datetime"] for one in mementos] == ["2026-03-02T02:30:01Z", "2026-03-04T02:30:01Z"]
    gate = visitor.get(f"/timegate/{CASE}", Accept_Datetime="Tue, 03 Mar 2026 02:30:01 GMT")
    assert gate.status_code == 302
    assert "/web/20260302023001/" in gate.headers["Location"]
    story = visitor.get(f"/demo/history?url={Q}", Accept_Language="en")
    assert story.status_code == 200
    assert (
        "As it was on 3 March 2026 this page is withheld from the public, since 9 March 2026. Reason:"
        in story.text
    )
    assert TUESDAY not in story.text
    assert visitor.get(f"/demo/compare?url={Q}&from={MONDAY}&to={WEDNESDAY}").status_code == 200
    assert visitor.get(f"/demo/compare?url={Q}&from={MONDAY}&to={TUESDAY}").status_code == 451
    assert SECRET not in visitor.get("/demo/search?q=verhaal&on=2026-03-03").text
    assert SECRET in visitor.get("/demo/search?q=verhaal&on=2026-03-04").text
    assert "/demo/history?url=" in visitor.get(f"/web/{TUESDAY}/{CASE}").text
    frame = visitor.get(f"/web/{WEDNESDAY}/{CASE}")
    assert TUESDAY not in frame.text
    assert ADDRESS not in visitor.get(f"/demo/{TUESDAY}/").text
    assert ADDRESS in visitor.get(f"/demo/{WEDNESDAY}/").text
    entries = visitor.get(f"/demo/feed.atom?url={Q}").text
    assert f"/web/{TUESDAY}/" not in entries


def test_snapshots_are_named_as_days_are(archive, visitor):
    """A bound may be the 14 digits of a snapshot."""
    decide(archive, since=TUESDAY, until=TUESDAY)
    assert [visitor.get(f"/web/{day}/{CASE}").status_code for day in (MONDAY, TUESDAY, WEDNESDAY)] == [
        200,
        451,
        200,
    ]


def test_a_part_that_is_withheld(archive, visitor):
    """Within a page it is a gap, and the banner says that it is withheld and why; no other day fills it."""
    decide(archive, url=f"{SITE}/deel.png", since="2026-03-02", until="2026-03-02")
    part = visitor.replay(MONDAY, f"{SITE}/deel.png", Sec_Fetch_Dest="image")
    assert (part.status_code, part.data) == (451, b"")
    assert part.headers["Server-Timing"] == "daykeep-gap"
    for view in ("", "fg_", "ns_", "fn_"):
        banner = visitor.get(f"/web/{MONDAY}{view}/{SITE}/met-deel", Accept_Language="en")
        if banner.status_code == 302:
            continue
        assert "withheld from the public since 9 March 2026. Reason:" in banner.text
        assert "Uitspraak &lt;b&gt;van&lt;/b&gt;" in banner.text
        assert f"/web/{TUESDAY}/{SITE}/deel.png" not in banner.text
    assert visitor.replay(f"{MONDAY}f", f"{SITE}/deel.png", Sec_Fetch_Dest="image").status_code == 451
    question = {"moment": MONDAY, "page": f"{SITE}/met-deel", "parts": [["image", f"{SITE}/deel.png"]]}
    told = visitor.ask(
        "POST",
        "http://localhost:8080",
        "/web/parts",
        body=json.dumps(question).encode(),
        Content_Type="application/json",
        Accept_Language="en",
    )
    assert "withheld from the public since 9 March 2026" in told.text
    assert visitor.get(f"/web/{TUESDAY}/{SITE}/met-deel").status_code == 200
    assert visitor.replay(TUESDAY, f"{SITE}/deel.png", Sec_Fetch_Dest="image").data == b"\x89PNG deel"


def test_what_is_kept_in_memory_is_not_given(archive, visitor):
    """An answer that was given and kept is not given again, neither the frame's, nor the payload's, nor by 304."""
    asked = [
        lambda **more: visitor.get(f"/web/{MONDAY}id_/{CASE}", **more),
        lambda **more: visitor.replay(MONDAY, CASE, Sec_Fetch_Dest="empty", **more),
        lambda **more: visitor.replay(MONDAY, CASE, Sec_Fetch_Dest="iframe", **more),
    ]
    tags = [(ask(), ask().headers["ETag"])[1] for ask in asked]
    decide(archive)
    assert [ask().status_code for ask in asked] == [451] * 3
    assert [ask(If_None_Match=tag).status_code for ask, tag in zip(asked, tags, strict=True)] == [451] * 3
    assert [ask(Range="bytes=0-3").status_code for ask in asked] == [451] * 3
    decide(archive, Action.SHOW)
    assert [ask().status_code for ask in asked] == [200] * 3


def test_prefix(archive, visitor):
    """All that begins so is withheld, and what is shown again after that is."""
    decide(archive, url=f"{SITE}/", prefix=True)
    assert visitor.get(f"/web/{MONDAY}/{SITE}/").status_code == 451
    assert visitor.get(f"/web/{MONDAY}/{CASE}").status_code == 451
    assert visitor.get("/cdx?url=example.org/*").data == b""
    assert visitor.get(f"/demo/{MONDAY}/", Accept_Language="en").text.count("<dd>0</dd>") >= 1
    decide(archive, Action.SHOW, f"{SITE}/")
    assert visitor.get(f"/web/{MONDAY}/{SITE}/").status_code == 200
    assert visitor.get(f"/web/{MONDAY}/{CASE}").status_code == 451


def test_other_pages_keep_their_counts(archive, visitor):
    """A day counts its pages without what is withheld, as the list has them."""
    text = visitor.get(f"/demo/{MONDAY}/", Accept_Language="en").text
    assert "<dt>Pages</dt><dd>3</dd>" in text
    decide(archive)
    text = visitor.get(f"/demo/{MONDAY}/", Accept_Language="en").text
    assert "<dt>Pages</dt><dd>2</dd>" in text
    text = visitor.get(f"/demo/{MONDAY}/?contains=zaak", Accept_Language="en").text
    assert "0 pages with" in text


def test_the_same_bytes_elsewhere_are_another_page(tmp_path):
    """A page with the very same payload under another address is shown: each address is decided about by itself."""
    both = {
        MONDAY: {CASE: DAYS[MONDAY][CASE]},
        TUESDAY: {CASE: DAYS[MONDAY][CASE], f"{SITE}/kopie": DAYS[MONDAY][CASE]},
    }
    with build(tmp_path / "data", {"demo": both}) as built:
        decide(built)
        visitor = Visitor(built)
        assert visitor.get(f"/web/{TUESDAY}/{CASE}").status_code == 451
        assert SECRET in visitor.get(f"/web/{TUESDAY}id_/{SITE}/kopie").text


def test_a_day_without_it_is_downloaded(archive, visitor):
    """Days that have nothing that is withheld are handed out as ever; others offer no download."""
    decide(archive)
    day = visitor.get(f"/demo/{THURSDAY}/").text
    assert f"/demo/{THURSDAY}/export/wacz" in day
    assert "/export/" not in visitor.get(f"/demo/{MONDAY}/").text.replace("daykeep export", "")


def test_a_gap_is_no_takedown(archive, visitor):
    """What a day never had is not there, and not withheld."""
    decide(archive)
    gone = visitor.get(f"/web/{THURSDAY}/{CASE}", Accept_Language="en")
    assert gone.status_code == 404
    assert "The days that do have it are withheld from the public." in gone.text
    assert visitor.get(f"/web/{MONDAY}/{SITE}/nooit").status_code == 404


def test_path_mode(tmp_path):
    """Where all is replayed on one origin the same is withheld, and told in the frame."""
    with build(tmp_path / "data", {"demo": DAYS}) as built:
        viewer = replace(built.settings.viewer, replay_url="http://replay.localhost:8080")
        visitor = Visitor(dataclasses.replace(built, settings=replace(built.settings, viewer=viewer)))
        path = f"/replay/{MONDAY}/{CASE}"
        assert (
            SECRET in visitor.ask("GET", "http://replay.localhost:8080", path, Sec_Fetch_Dest="iframe").text
        )
        decide(built)
        for dest in ("iframe", "image", "empty"):
            answer = visitor.ask("GET", "http://replay.localhost:8080", path, Sec_Fetch_Dest=dest)
            assert (answer.status_code, SECRET in answer.text) == (451, False)
        assert visitor.get(f"/web/{MONDAY}/{CASE}").status_code == 451


def test_answers_to_other_methods(tmp_path):
    """With an address goes what was answered there to POST and HEAD, and no line of them is told."""
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc", archived("2026-02-10T11:00:00Z")), texts=False)
        shelves = archive.shelves
        built = Archive(archive.settings, archive.collection, shelves.history, shelves.catalogue)
        visitor, moment = Visitor(built), archive.collection.timestamps(archive.settings.site[0].name)[0]
        (sent,) = (one for one in SENT if one.path == "/upload")

        def post() -> TestResponse:
            return visitor.replay(
                moment, f"{EXAMPLE}/upload", method="POST", body=sent.body, Content_Type=sent.mime
            )

        assert sent.answer in post().data
        decide(built, url=f"{EXAMPLE}/upload")
        decide(built, url=f"{EXAMPLE}/")
        assert (post().status_code, sent.answer in post().data) == (451, False)
        assert visitor.replay(moment, f"{EXAMPLE}/", method="HEAD").status_code == 451
        lines = visitor.get("/cdx?url=example.org/*").text
        assert "upload" not in lines
        assert "/api" in lines


@pytest.mark.parametrize("spelled", ["http://www.example.org/zaak-4711", "https://example.org/zaak-4711/"])
def test_other_spellings(archive, visitor, spelled):
    """Who asks for it by another spelling that finds it is refused too, and not told that it was never there."""
    asked = [f"/timegate/{spelled}", f"/timemap/link/{spelled}", f"/demo/history?url={spelled}"]
    decide(archive, url=spelled)
    assert [visitor.get(path).status_code for path in asked] == [451] * 3
    assert visitor.get(f"/web/{MONDAY}/{CASE}").status_code == 451


@pytest.mark.browser
def test_a_browser_marks_what_is_withheld(browser, tmp_path):
    """The place of a withheld picture is marked as a gap is, the banner says why, and a frame says it itself."""
    port = free_port()
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20"/></svg>'
    )
    body = '<img id="deel" src="/deel.svg" width="30" height="20"><img id="ander" src="/ander.svg"><iframe src="/zaak-4711">'
    day = {
        f"{SITE}/": page("Begin", "Met een plaatje.", body),
        f"{SITE}/deel.svg": Reply(svg, "image/svg+xml"),
        f"{SITE}/ander.svg": Reply(svg, "image/svg+xml"),
        CASE: DAYS[MONDAY][CASE],
    }
    with (
        build(tmp_path / "data", {"demo": {MONDAY: day}}, port=port) as built,
        serving(built, port) as address,
    ):
        with visit(browser, f"{address}/web/{MONDAY}/{SITE}/", locale="en-GB") as seen:
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.frame_locator("iframe").get_by_text(SECRET)).to_be_visible()
        decide(built, url=f"{SITE}/deel.svg")
        decide(built)
        with visit(browser, f"{address}/web/{MONDAY}/{SITE}/", locale="en-GB") as seen:
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.locator("#deel")).to_have_css("outline-style", "dashed")
            expect(frame.locator("#ander")).to_have_css("outline-style", "none")
            expect(frame.frame_locator("iframe").locator("body")).to_contain_text("withheld from the public")
            told = seen.page.locator("#daykeep-parts")
            expect(told).to_contain_text(
                "withheld from the public since 9 March 2026. Reason: Uitspraak <b>van</b>"
            )
            expect(told.locator("summary")).to_contain_text("2 parts of this page are missing.")
