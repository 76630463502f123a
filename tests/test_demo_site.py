# SPDX-License-Identifier: EUPL-1.2
"""The demonstration site: its week, its links and its files."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from archiver.demo import site
from archiver.demo.pages import LANGUAGES, ORIGIN, PAGES
from archiver.demo.pdf import pdf
from archiver.demo.site import DAYS, respond

NORMAL_DAYS = [day for day, one in enumerate(DAYS) if not one.outage]
OUTAGE = next(day for day, one in enumerate(DAYS) if one.outage)
KNOWN = sorted(set().union(*(site.paths(day) for day in range(len(DAYS)))))
# An old news item goes on pointing at the walk-in hour after that page was removed, as old news does.
DEAD_LINKS = {site.GONE_NL, site.GONE_EN}


def text(day: int, path: str) -> str:
    return respond(day, path).body.decode()


@pytest.mark.parametrize(
    ("day", "dutch", "english"),
    [
        (0, "€ 23 per dag", "€23 per day"),
        (1, "€ 35 per dag", "€35 per day"),
        (2, "€ 35 per dag", "€35 per day"),
        (3, "€ 35 per dag", "€35 per day"),
        (4, "€ 35 per dag", "€35 per day"),
        (5, "€ 45 per dag", "€45 per day"),
        (6, "€ 45 per dag", "€45 per day"),
    ],
)
def test_each_day_states_its_own_penalty(day, dutch, english):
    """The amount for a late decision is that of the day, and no other, in both languages."""
    assert set(re.findall(r"€ \d+ per dag", text(day, site.LATE_DECISION_NL))) == {dutch}
    assert set(re.findall(r"€\d+ per day", text(day, site.LATE_DECISION_EN))) == {english}


@pytest.mark.parametrize(
    ("day", "amount"), [(0, "23"), (1, "35"), (2, "35"), (3, "35"), (5, "45"), (6, "45")]
)
def test_the_pdfs_state_the_penalty_of_the_day(day, amount):
    """The four PDFs hold the amount of the day as text."""
    for path, (_, language) in site.DOCUMENTS.items():
        euros = f"€ {amount}" if language == "nl" else f"€{amount}"
        assert euros.encode("cp1252") in respond(day, path).body


@pytest.mark.parametrize("path", KNOWN)
def test_nothing_changes_on_day_two(path):
    """Every path answers on day 2 exactly as on day 1, header fields included."""
    assert respond(2, path) == respond(1, path)


@pytest.mark.parametrize(
    ("day", "path", "status"),
    [
        (2, site.GONE_NL, 200), (3, site.GONE_NL, 410), (6, site.GONE_EN, 410),
        (4, site.MOVED_TO_NL, 404), (5, site.MOVED_TO_NL, 200), (5, site.MOVED_NL, 301), (6, site.MOVED_EN, 301),
        (4, site.NEW_NL, 404), (5, site.NEW_NL, 200), (5, site.NEW_EN, 200),
        (0, "/nl/nieuws/dwangsom-omhoog", 404), (1, "/nl/nieuws/dwangsom-omhoog", 200),
        (2, "/en/news/walk-in-ended", 404), (3, "/en/news/walk-in-ended", 200),
        (0, "/nl/bestaat-niet", 404), (0, "", 404), (0, "/assets/README.md", 404), (0, "/assets/drawings/haven.svg", 404),
        (0, "/assets/../site.py", 404), (0, "/nl/zoeken?q=dwangsom", 200), (0, "/\udcff", 404),
    ],
)  # fmt: skip
def test_pages_come_go_and_move(day, path, status):
    """A page stands from its first day to its last; before it is 404, after it 410 or 301."""
    assert respond(day, path).status == status


@pytest.mark.parametrize(
    ("day", "path", "status", "target"),
    [
        (0, "/", 302, "/nl/"), (4, "/", 302, "/nl/"), (0, "/nl", 301, "/nl/"), (0, "/nl/nieuws", 301, "/nl/nieuws/"),
        (0, "/nl/contact/", 301, "/nl/contact"), (0, "/en/fees/?a=1", 301, "/en/fees"),
        (5, site.MOVED_NL, 301, site.MOVED_TO_NL), (5, site.MOVED_EN, 301, site.MOVED_TO_EN),
    ],
)  # fmt: skip
def test_redirects_name_their_target(day, path, status, target):
    """The root, a stray or missing slash and a page that moved lead to a page that exists."""
    response = respond(day, path)
    assert (response.status, response.header("Location")) == (status, target)
    assert respond(day, target).status == 200


def test_half_of_the_site_is_down_in_the_outage():
    """On day 4 about half of the pages and files answer 503 with Retry-After, never the front doors."""
    affected = [path for path in site.paths(OUTAGE) if not path.startswith(site.STYLE)]
    down = [path for path in affected if respond(OUTAGE, path).status == 503]
    assert 0.4 < len(down) / len(affected) < 0.6
    assert {respond(OUTAGE, path).header("Retry-After") for path in down} == {"3600"}
    assert {respond(OUTAGE, path).status for path in site.NEVER_DOWN} == {200, 302}


def test_what_the_outage_spares_is_as_the_day_before():
    """A path that is not down on day 4 answers as on day 3."""
    for path in site.paths(OUTAGE):
        if not site.is_down(path):
            assert respond(OUTAGE, path) == respond(3, path), path


@pytest.mark.parametrize(
    ("day", "changed"),
    [
        (
            1,
            {
                site.LATE_DECISION_NL,
                site.LATE_DECISION_EN,
                site.WAITING_JSON,
                *site.DOCUMENTS,
                "/nl/",
                "/en/",
            },
        ),
        (3, {"/nl/", "/en/", "/nl/contact", "/en/contact", site.WAITING_JSON}),
        (6, {site.FEES_NL, site.FEES_EN, site.FEES_PDF_NL, site.FEES_PDF_EN, site.WAITING_JSON}),
    ],
)
def test_only_what_the_story_tells_changes(day, changed):
    """Beside news, search index and sitemap, which follow, nothing changes but what the day is about."""
    follow = {"/sitemap.xml", "/nl/nieuws/", "/en/news/", *site.FEEDS, *site.INDEXES}
    both = site.paths(day) & site.paths(day - 1)
    differing = {path for path in both if respond(day, path).body != respond(day - 1, path).body}
    assert differing - follow == changed


def test_day_six_raises_one_fee():
    """On day 6 the fee for study goes from 228 to 243 euros and no other row changes."""
    before, after = (text(day, site.FEES_EN).splitlines() for day in (5, 6))
    rows = [(old, new) for old, new in zip(before, after, strict=True) if old != new and "number" in old]
    assert [("228" in old, "243" in new, "study" in old) for old, new in rows] == [(True, True, True)]


def test_waiting_times_are_those_of_their_day():
    """The JSON behind the table differs on days 0, 1, 3, 5 and 6 and is whole."""
    told = [respond(day, site.WAITING_JSON) for day in NORMAL_DAYS]
    assert len({response.body for response in told}) == 5
    for response in told:
        procedures = json.loads(response.body)["procedures"]
        assert [set(one) for one in procedures] == [{"nl", "en", "limit", "weeks"}] * 5


def test_last_modified_is_the_day_the_content_came():
    """Last-Modified stays while content stays and moves when it changes."""
    assert respond(6, "/nl/au-pair").header("Last-Modified") == "Mon, 02 Mar 2026 06:00:00 GMT"
    assert respond(4, site.LATE_DECISION_NL).header("Last-Modified") == "Tue, 03 Mar 2026 06:00:00 GMT"
    assert respond(6, site.LATE_DECISION_NL).header("Last-Modified") == "Sat, 07 Mar 2026 06:00:00 GMT"
    assert "Laatst gewijzigd op 7 maart 2026" in text(6, site.LATE_DECISION_NL)


def test_entity_tags_tell_bodies_apart():
    """Over the whole week, two versions of a path share an ETag exactly when their bytes are equal."""
    for path in KNOWN:
        found = [r for r in (respond(day, path) for day in range(7)) if r.status == 200]
        assert len({r.header("ETag") for r in found}) == len({r.body for r in found}), path


@pytest.mark.parametrize("day", [-1, 7])
def test_there_are_seven_days(day):
    """A day outside the week is an error that says which days there are."""
    with pytest.raises(IndexError, match="0 to 6"):
        respond(day, "/")


def references(path: str, body: str) -> set[str]:
    """Return what a page links to or embeds on its own site, as paths."""
    tree = LexborHTMLParser(body)
    base = tree.css_first("base")
    at = urljoin(ORIGIN + path, base.attributes["href"] if base else "")
    found = [
        node.attributes[name]
        for name in ("href", "src", "action", "data-source")
        for node in tree.css(f"[{name}]")
        if node.tag != "base"
    ]
    found += [one.split()[0] for node in tree.css("[srcset]") for one in node.attributes["srcset"].split(",")]
    found += re.findall(r"url\('([^']+)'\)", body)
    found += re.findall(r'http-equiv="refresh" content="\d+; url=([^"]+)"', body)
    return {urlsplit(url).path for one in found if (url := urljoin(at, one)).startswith(ORIGIN)}


def sheet_references(path: str, body: str) -> set[str]:
    """Return what a style sheet or a module fetches, as paths."""
    found = re.findall(r'(?:url\(|from )"([^"]+)"', body)
    return {urlsplit(urljoin(ORIGIN + path, one)).path for one in found}


def walked(day: int) -> dict[str, int]:
    """Follow every link and embed from the root on and return the status of each path."""
    seen: dict[str, int] = {}
    waiting = {"/"}
    while waiting:
        path = waiting.pop()
        response = respond(day, path)
        seen[path] = response.status
        media_type = response.header("Content-Type") or ""
        if target := response.header("Location"):
            waiting.add(target)
        elif media_type.startswith("text/html"):
            waiting |= references(path, response.body.decode())
        elif media_type.startswith(("text/css", "text/javascript")):
            waiting |= sheet_references(path, response.body.decode())
        waiting -= seen.keys()
    return seen


@pytest.mark.parametrize("day", NORMAL_DAYS)
def test_every_link_and_embed_leads_somewhere(day):
    """From the root on, nothing answers 400 or more but the page that was removed on purpose."""
    broken = {path for path, status in walked(day).items() if status >= 400}
    assert broken == (DEAD_LINKS if day >= 3 else set())


@pytest.mark.parametrize("day", NORMAL_DAYS)
def test_walking_finds_the_site(day):
    """A walk reaches every page and file; the two that only the sitemap or a manifest knows are told here."""
    by_other_ways = {"/robots.txt", "/sitemap.xml", "/nl/actueel", "/en/latest"}
    only_in_manifest = {"/assets/img/icoon-192.png", "/assets/img/favicon.ico"}
    assert site.paths(day) - walked(day).keys() == by_other_ways | only_in_manifest


def test_css_and_modules_name_other_files():
    """One sheet imports the other, both fetch by url(), and the modules import a third."""
    assert sheet_references("/assets/css/site.css", text(0, "/assets/css/site.css")) == {
        "/assets/css/grond.css", "/assets/img/golf.svg", "/assets/img/raam.svg",
    }  # fmt: skip
    assert sheet_references("/assets/css/x", text(0, "/assets/css/grond.css")) == {
        "/assets/font/pictogrammen.woff2"
    }
    for script in ("wachttijden", "zoeken"):
        assert sheet_references("/assets/js/x", text(0, f"/assets/js/{script}.js")) == {
            "/assets/js/elementen.js"
        }


@pytest.mark.parametrize("day", NORMAL_DAYS)
def test_the_languages_pair_up(day):
    """Every page has its own language, one main heading, and leads to its twin and back."""
    for page in (one for one in PAGES if one.stands(day)):
        for language in LANGUAGES:
            tree = LexborHTMLParser(text(day, page.path(language)))
            other = "en" if language == "nl" else "nl"
            assert tree.css_first("html").attributes["lang"] == language
            assert len(tree.css("h1")) == 1
            assert tree.css_first(".switch").attributes["href"] == page.path(other)
            assert tree.css_first("link[rel=canonical]").attributes["href"] == ORIGIN + page.path(language)


@pytest.mark.parametrize("path", sorted(path for path in KNOWN if path.startswith(("/nl/", "/en/"))))
def test_every_page_says_it_is_fictional(path):
    """No page can be taken for a real service: the footer says so, on every page and error."""
    for day in range(7):
        response = respond(day, path)
        if b"<main" in response.body:
            assert re.search(r"een verzonnen dienst|a fictional service", response.body.decode())


def test_markup_is_accessible():
    """Pictures have a text, fields a label, tables headings; the page has a skip link and landmarks."""
    for path in site.paths(6) - site.FEEDS.keys():
        response = respond(6, path)
        if not (response.header("Content-Type") or "").startswith("text/html"):
            continue
        tree = LexborHTMLParser(response.body.decode())
        assert all(node.attributes.get("alt") is not None for node in tree.css("img")), path
        assert all(tree.css_first(f"label[for={node.attributes['id']}]") for node in tree.css("input")), path
        assert all(table.css("th[scope]") for table in tree.css("table")), path
        assert tree.css_first(".skip").attributes["href"].endswith("#content"), path
        assert all(tree.css_first(landmark) for landmark in ("header", "nav", "main#content", "footer")), path
        ids = [node.attributes["id"] for node in tree.css("[id]")]
        assert len(ids) == len(set(ids)), path


def test_no_template_is_left_unfilled():
    """No braces, no placeholder and no `None` reach a page."""
    for day in range(7):
        for path in site.paths(day) - {p for p in KNOWN if p.startswith("/assets/")}:
            body = respond(day, path).body
            if b"<main" in body:
                assert not re.search(rb"\{\{|\{%|\(changed\)|None|Undefined", body), path


def test_robots_closes_one_path_and_names_the_sitemap():
    """robots.txt disallows one path, which exists, and the sitemap leaves it out."""
    assert f"Disallow: {site.DISALLOWED}\n" in text(0, "/robots.txt")
    assert f"Sitemap: {ORIGIN}/sitemap.xml\n" in text(0, "/robots.txt")
    assert respond(0, site.DISALLOWED).status == 200
    assert site.DISALLOWED not in text(0, "/sitemap.xml")


@pytest.mark.parametrize("day", NORMAL_DAYS)
def test_the_sitemap_is_complete(day):
    """The sitemap is well-formed XML and lists every open page of the day with the date of its last change."""
    spaces = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    root = ET.fromstring(respond(day, "/sitemap.xml").body)
    listed = {one.text for one in root.findall("s:url/s:loc", spaces)}
    open_pages = [page for page in PAGES if page.stands(day) and page.name != "staff"]
    assert listed == {ORIGIN + page.path(language) for page in open_pages for language in LANGUAGES}
    assert all(one.text <= DAYS[day].date for one in root.findall("s:url/s:lastmod", spaces))


@pytest.mark.parametrize("path", sorted(site.FEEDS))
def test_the_feed_lists_the_news(path):
    """The Atom feed is well-formed and holds every item of the day, newest first."""
    atom = "{http://www.w3.org/2005/Atom}"
    counts = []
    for day in NORMAL_DAYS:
        root = ET.fromstring(respond(day, path).body)
        updated = [one.text for one in root.iter(f"{atom}updated")]
        assert updated == sorted(updated, reverse=True)
        counts.append(len(root.findall(f"{atom}entry")))
    assert counts == [2, 3, 3, 4, 5, 5]


@pytest.mark.parametrize("path", sorted(site.INDEXES))
def test_the_search_index_knows_the_penalty(path):
    """The search page's index holds title, address and text of the day's pages, the amount included."""
    for day, amount in ((0, "23"), (1, "35"), (6, "45")):
        entries = json.loads(respond(day, path).body)
        late = next(one for one in entries if one["url"] in {site.LATE_DECISION_NL, site.LATE_DECISION_EN})
        assert re.search(rf"€ ?{amount} per da[gy]", late["text"])
        assert all(one["title"] and respond(day, one["url"]).status == 200 for one in entries)


@pytest.mark.parametrize("path", sorted(site.DOCUMENTS))
def test_pdfs_are_well_formed(path):
    """Every offset of the cross-reference table leads to its object, and the stream is as long as it says."""
    body = respond(5, path).body
    assert body.startswith(b"%PDF-1.4\n")
    assert body.endswith(b"%%EOF\n")
    start = int(body.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert body[start:].startswith(b"xref\n0 8\n")
    lines = [body[at : at + 20] for at in range(start + 9, start + 9 + 8 * 20, 20)]
    assert lines[0] == b"0000000000 65535 f \n"
    for number, line in enumerate(lines[1:], 1):
        assert body[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)
    length, stream = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", body, re.DOTALL).groups()
    assert len(stream) == int(length)


def test_pdf_escapes_and_bounds_its_text():
    """Brackets and backslashes are escaped; text that does not fit the page is refused."""
    assert rb"(a \(b\) \\ c)" in pdf("# T\na (b) \\ c", "nl")
    with pytest.raises(ValueError, match="runs off the page"):
        pdf("line\n" * 60, "nl")


@pytest.mark.parametrize("path", sorted(p for p in KNOWN if p.endswith((".png", ".jpg", ".webp", ".ico"))))
def test_pictures_are_what_their_type_says(path):
    """Each picture decodes as the media type it is served with, at the width its name states."""
    response = respond(0, path)
    with Image.open(io.BytesIO(response.body)) as picture:
        picture.load()
        kinds = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "ICO": "image/x-icon"}
        assert kinds[picture.format] == response.header("Content-Type")
        stated = re.search(r"-(\d+)\.", path)
        assert stated is None or picture.width == int(stated[1])
    assert len(response.body) < 40_000


def test_the_font_is_woff2():
    """The icon font begins with the WOFF2 signature and states its own length."""
    body = respond(0, "/assets/font/pictogrammen.woff2").body
    assert body[:4] == b"wOF2"
    assert int.from_bytes(body[8:12]) == len(body)


def test_every_day_has_its_line_in_both_languages():
    """The story of the week is told in Dutch and in English, on consecutive days."""
    assert [one.date for one in DAYS] == [f"2026-03-0{number}" for number in range(2, 9)]
    assert all(one.nl.endswith(".") and one.en.endswith(".") and one.nl != one.en for one in DAYS)
