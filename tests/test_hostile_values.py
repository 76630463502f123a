# SPDX-License-Identifier: EUPL-1.2
"""
What websites may write appears harmlessly wherever it appears: 300 values on every page, feed, list and header.

A page with a hostile value is made of the very elements and attributes that it is made of with plain words; the
value is there as the text it is; and what turns writing round stands in an isolate of its own. Read by lexbor, a
parser of HTML that the viewer does not use; and once by Chromium, where nothing may run, ask or complain.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from email.message import Message
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser, LexborNode
from werkzeug.test import TestResponse

from tests.support.archive import Archive
from tests.support.atom_rules import complaints
from tests.support.chromium import visit
from tests.support.hostile_values import (
    MONDAY,
    SITE,
    TUESDAY,
    TWINS,
    VALUES,
    archive_of,
    file_of,
    page_of,
    sendable,
)
from tests.support.ports import free_port
from tests.support.some import some_at_once
from tests.support.viewing import Visitor, serving

CALLED = [one.value for one in VALUES]
NUMBERS = range(len(VALUES))
VALUES_OF = pytest.mark.parametrize("numbers", some_at_once(NUMBERS, 6))
"""Tries some of the values, by their numbers, and the others where tests may take long."""
# Unicode Annex 9: what turns writing round, of whatever is not there to do so on its own
RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "FSI", "PDI", "PDF"}
OPENS, ENDS = "\u2066\u2067\u2068", "\u2069"
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
UNWRITTEN = re.compile(r"[\s\ufffd]+")


class Seen(NamedTuple):
    """The two archives, and who asks them."""

    hostile: Visitor
    plain: Visitor
    archive: Archive
    base: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Iterator[Seen]:
    """Make the archive with the values, served, and its twin."""
    folder, port = tmp_path_factory.mktemp("hostile"), free_port()
    with (
        archive_of(folder / "values" / "data", CALLED, port=port) as hostile,
        archive_of(folder / "twins" / "data", TWINS, port=port) as plain,
        serving(hostile, port) as base,
    ):
        yield Seen(Visitor(hostile, port), Visitor(plain, port), hostile, base)


# ---- what a page is made of ------------------------------------------------------------------------------------


class Markup:
    """A page as a parser of HTML has it: read once, and asked often."""

    def __init__(self, markup: str) -> None:
        self.root = LexborHTMLParser(markup).root
        self.nodes = list(self.root.traverse(include_text=True))

    @property
    def elements(self) -> list[LexborNode]:
        return [node for node in self.nodes if node.tag[0] not in "-!"]

    @property
    def tree(self) -> list[tuple[str, tuple[str, ...]]]:
        """
        The elements in their order, each with the names of its attributes.

        Isolates are left out, and the places where a line of an address may end: as many as it has slashes.
        """
        told = ((node.tag, tuple(sorted(node.attributes))) for node in self.elements)
        return [one for one in told if one[0] != "bdi" and one != ("wbr", ())]

    @property
    def texts(self) -> list[LexborNode]:
        return [
            node
            for node in self.nodes
            if node.tag == "-text" and node.parent is not None and node.parent.tag not in {"script", "style"}
        ]

    @property
    def words(self) -> str:
        """All that it says, as far as `letters` has it."""
        return letters(self.root.text(deep=True))

    @property
    def spoken(self) -> list[str]:
        """The attributes that are read out or shown."""
        names = ("title", "aria-label", "alt", "placeholder", "data-title", "data-suffix")
        return [
            node.attributes[name] or "" for node in self.elements for name in names if name in node.attributes
        ]


def tree(markup: str) -> list[tuple[str, tuple[str, ...]]]:
    return Markup(markup).tree


def turns(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(one) in RIGHT_TO_LEFT for one in text)


def closed(text: str) -> bool:
    """Tell whether each isolate of a text ends within it, and none that began before."""
    depth = 0
    for one in text:
        depth += (one in OPENS) - (one == ENDS)
        if depth < 0:
            return False
    return depth == 0


def alone(text: str) -> bool:
    """Tell whether what turns in a text stands between an isolate and its end."""
    outside, depth = [], 0
    for one in text:
        depth -= one == ENDS
        outside += [one] if depth == 0 and one not in OPENS + ENDS else []
        depth += one in OPENS
    return closed(text) and not turns("".join(outside))


def reaching(page: Markup) -> list[str]:
    """Return the texts of a page that may turn round, or run into, what stands beside them."""
    wrong = []
    for node in page.texts:
        text = node.text(deep=False)
        if text.isascii() and text.isprintable():
            continue
        holder: LexborNode | None = node.parent
        while holder is not None and holder.tag != "bdi" and holder.attributes.get("dir") != "auto":
            holder = holder.parent
        if CONTROLS.search(text):
            wrong.append(f"control: {text[:80]!r}")
        elif holder is None and turns(text) and not alone(text):
            wrong.append(f"not apart: {text[:80]!r}")
        elif holder is not None and not closed(holder.text(deep=True)):
            wrong.append(f"not closed: {text[:80]!r}")
    return wrong + [f"attribute: {text[:80]!r}" for text in page.spoken if not alone(text)]


def leading(page: Markup) -> list[str]:
    """Return the addresses of a page that lead elsewhere than into the archive or, told so, to the live web."""
    wrong = []
    for node in page.elements:
        for name in ("href", "src", "action", "formaction", "data", "srcset"):
            target = node.attributes.get(name)
            if not target:
                continue
            parts = urlsplit(target)
            ours = not parts.scheme and not parts.netloc
            served = parts.scheme == "http" and (parts.hostname or "").endswith("localhost")
            external = node.tag == "a" and "external" in (node.attributes.get("rel") or "")
            if not (ours or served or (external and parts.scheme in {"http", "https"})):
                wrong.append(f"{node.tag} {name}: {target[:80]}")
    return wrong


def letters(text: str) -> str:
    """Return what of a text nothing may take away: no white space, no controls, nor what stands for them."""
    kept = (
        one for one in text if unicodedata.category(one) not in {"Cc", "Cs", "Cn"} and one not in OPENS + ENDS
    )
    return UNWRITTEN.sub("", "".join(kept))


def fields_of(answer: TestResponse) -> list[str]:
    """Return what is wrong with the header fields of an answer."""
    return [
        f"{name}: {value!r}"
        for name, value in answer.headers
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
    ]


def harm(answer: TestResponse, page: Markup) -> list[str]:
    """Return what is wrong with a page whatever it is made of."""
    return [*fields_of(answer), *reaching(page), *leading(page)]


def unlike(answer: TestResponse, page: Markup, usual: TestResponse) -> list[str]:
    """Return what is wrong with a page that should be made of what another is made of."""
    if answer.status_code == usual.status_code and page.tree == tree(usual.text):
        return []
    pairs = zip(page.tree, tree(usual.text), strict=False)
    first = next((f"{one} for {other}" for one, other in pairs if one != other), "at its end")
    return [f"made of something else ({answer.status_code}, {len(page.tree)} elements): {first}"]


def told(wrong: list[str]) -> str:
    """Return what was found wrong, as much of it as a person reads."""
    return "\n".join([*wrong[:20], f"and {len(wrong) - 20} more"] if len(wrong) > 20 else wrong)


# ---- pages of one value ----------------------------------------------------------------------------------------


def query(**values: str) -> str:
    return urlencode({name: sendable(value) for name, value in values.items()})


def segment(value: str) -> str:
    """Return a value as one segment of a path."""
    return quote("zz" + sendable(value[:100]).replace("/", "-"), safe="")


# As the address of a page and the value have it. Where the text of the value decides of what the page is made (a
# stretch of it, and what is marked in it) the elements are held to those that plain words give, in any number.
SHOWS = {
    "cite": lambda url, _: f"/demo/cite?{query(url=url, at=TUESDAY)}",
    "history": lambda url, _: f"/demo/history?{query(url=url)}",
    "panes": lambda url, _: f"/demo/compare?{query(url=url, view='pages')}",
    "frame": lambda url, _: f"/web/{TUESDAY}/{url}",
    "print": lambda url, _: f"/demo/print?{query(url=url, at=TUESDAY)}",
    "frame without scripts": lambda url, _: f"/web/{TUESDAY}ns_/{url}",
}
QUOTES = {
    "passage": lambda _, value: f"/demo/history?{query(url=SITE, passage=f'zz {value[:900]}')}",
    "contains": lambda _, value: f"/demo/{TUESDAY}/?{query(contains=f'zz{value[:150]}')}",
    "words": lambda _, value: f"/demo/search?{query(q=f'zzzz {value[:150]}', when='ever')}",
    "prefix": lambda _, value: f"/demo/search?{query(q='zzzz', url=f'zz{value[:150]}')}",
    "year": lambda _, value: f"/demo/search?{query(q='zzzz', year=f'zz{value[:150]}')}",
    "moment": lambda _, value: f"/demo/changes?{query(to=f'zz{value[:30]}')}",
    "compared moment": lambda _, value: f"/demo/compare?{query(url=SITE, to=f'zz{value[:30]}')}",
    "address": lambda _, value: f"/demo/history?{query(url=f'zz {value[:300]}')}",
    "snapshot": lambda _, value: f"/demo/{segment(value)}/",
    "site": lambda _, value: f"/{segment(value)}/",
    "no address": lambda _, value: f"/web/{segment(value)}",
}
LIKE = {
    "not there": lambda url, _: f"/web/{TUESDAY}/{url[:3000]}&more",
    "not cited": lambda url, _: f"/demo/cite?{query(url=url + '&more', at=TUESDAY)}",
    "never stored": lambda url, _: f"/demo/history?{query(url=url + '&more')}",
    "text": lambda url, _: f"/demo/compare?{query(url=url)}",
}


def twin(number: int) -> tuple[str, str]:
    return page_of(number, TWINS[number]), TWINS[number]


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("kind", SHOWS)
@VALUES_OF
def test_page_of_a_value(seen: Seen, kind: str, language: str, numbers: Sequence[int]) -> None:
    """The pages of a page have its title as text, and are made of what they are always made of."""
    wrong = []
    usual = seen.plain.get(SHOWS[kind](*twin(0)), Accept_Language=language)
    for number in numbers if language == "en" else numbers[::3]:
        name, _, value = VALUES[number]
        answer = seen.hostile.get(SHOWS[kind](page_of(number, value), value), Accept_Language=language)
        page = Markup(answer.text)
        assert answer.status_code == 200, name
        found = harm(answer, page) + unlike(answer, page, usual)
        if kind != "panes" and letters(" ".join(sendable(value).split())[:300]) not in page.words:
            found.append("not as it is")
        wrong += [f"{name}: {one}" for one in found]
    assert told(wrong) == ""


NOTHING = ("", "@")
"""Values that say nothing, or make what they stand in no address: told otherwise than others, and the same for all."""
ADDRESSED = {"no address": "plain.example"}
"""Where an address among the values is told otherwise too: a page is offered."""


@pytest.mark.parametrize("kind", QUOTES)
@VALUES_OF
def test_value_that_was_typed(seen: Seen, kind: str, numbers: Sequence[int]) -> None:
    """What a visitor typed, or a link made him type, is told again as text."""
    wrong = []
    usual = [seen.plain.get(QUOTES[kind]("", value)) for value in (TWINS[0], *NOTHING)]
    usual += [seen.plain.get(QUOTES[kind]("", ADDRESSED[kind]))] if kind in ADDRESSED else []
    for number in numbers:
        name, _, value = VALUES[number]
        answer = seen.hostile.get(QUOTES[kind]("", value))
        page = Markup(answer.text)
        strange = min((unlike(answer, page, one) for one in usual), key=len)
        wrong += [f"{name}: {one}" for one in harm(answer, page) + strange]
    assert told(wrong) == ""


@pytest.mark.parametrize("kind", LIKE)
@VALUES_OF
def test_page_that_depends_on_the_text(seen: Seen, kind: str, numbers: Sequence[int]) -> None:
    """What is offered in place of an address, and what two texts have in common, is made of the usual pieces."""
    usual = set(SOMETIMES)
    for number in NUMBERS[::15]:
        usual |= set(tree(seen.plain.get(LIKE[kind](*twin(number))).text))
    wrong = []
    for number in numbers:
        name, _, value = VALUES[number]
        answer = seen.hostile.get(LIKE[kind](page_of(number, value), value))
        page = Markup(answer.text)
        strange = {f"has {one}" for one in set(page.tree) - usual}
        wrong += [f"{name}: {one}" for one in [*harm(answer, page), *strange]]
    assert told(wrong) == ""


SOMETIMES = {("ul", ("class",)), ("li", ()), ("a", ("href",)), ("h2", ()), ("q", ("lang",))}
"""What pages have where there is something to offer, or a line that says why."""


# ---- lists of all values ---------------------------------------------------------------------------------------

LISTS = (
    "/",
    "/demo/",
    f"/demo/{TUESDAY}/",
    f"/demo/{MONDAY}/",
    *(f"/demo/{TUESDAY}/missing?outcome=network-error&page={page}" for page in (1, 2, 3, 4)),
    *(f"/demo/{TUESDAY}/changes?page={page}" for page in (1, 4, 7)),
    f"/demo/{TUESDAY}/changes?kind=removed",
    f"/demo/changes?from={MONDAY}&to={TUESDAY}",
    f"/demo/changes?from={MONDAY}&to={TUESDAY}&page=5",
)
FOUND = tuple(f"/demo/search?q=aanvraag&page={page}" for page in range(1, 17))


@pytest.mark.parametrize("path", LISTS)
def test_list_of_values(seen: Seen, path: str) -> None:
    """Lists of pages, of changes and of what is missing have each value as text."""
    answer = seen.hostile.get(path)
    page = Markup(answer.text)
    assert answer.status_code == 200
    assert told(harm(answer, page) + unlike(answer, page, seen.plain.get(path))) == ""


def test_lists_have_all_values(seen: Seen) -> None:
    """All pages of a day, asked for a piece at a time, have all titles; what is missing has all reasons."""
    said, path = "", f"/demo/{TUESDAY}/"
    while path:
        answer = seen.hostile.get(path)
        page = Markup(answer.text)
        assert told(harm(answer, page)) == ""
        said += page.words
        following = re.search(r'rel="next" href="([^"#]*)#pages"', answer.text)
        path = unescape(following[1]) if following else ""
    why = "".join(
        Markup(seen.hostile.get(f"/demo/{TUESDAY}/missing?page={number}").text).words
        for number in range(1, 8)
    )
    for name, _, value in VALUES:
        assert letters(" ".join(sendable(value).split())[:300]) in said, name
        assert letters(sendable(value)[:300]) in why, name


@pytest.mark.parametrize("path", FOUND)
def test_values_that_are_found(seen: Seen, path: str) -> None:
    """A result of a search has its title and its stretch of text as text, with nothing but marks in it."""
    answer, usual = seen.hostile.get(path), seen.plain.get(path)
    page = Markup(answer.text)
    assert (answer.status_code, told(harm(answer, page))) == (200, "")
    assert len(page.root.css(".results > li")) > 0
    assert set(page.tree) <= set(tree(usual.text)) | {("mark", ())}


def test_meant_word_that_is_hostile(seen: Seen) -> None:
    """'Did you mean' shows a word of the pages as text."""
    answer = seen.hostile.get(f"/demo/search?{query(q='donaudampfschifffahrtsgeselschaftskapitaen')}")
    assert (answer.status_code, told(harm(answer, Markup(answer.text)))) == (200, "")


# ---- the banner's pieces, and pages within the frame -----------------------------------------------------------


def test_parts_of_a_page(seen: Seen) -> None:
    """The banner says why a part is missing as text."""
    usual = parts_of(seen.plain, seen.base, 0, TWINS[0])
    wrong = []
    for number, (name, _, value) in enumerate(VALUES):
        answer = parts_of(seen.hostile, seen.base, number, value)
        page = Markup(answer.text)
        found = harm(answer, page) + unlike(answer, page, usual)
        if letters(" ".join(sendable(value).split())[:100]) not in page.words:
            found.append("not as it is")
        wrong += [f"{name}: {one}" for one in found]
    assert told(wrong) == ""


def parts_of(visitor: Visitor, base: str, number: int, value: str) -> TestResponse:
    """Ask for a piece of the banner as viewer.js does: of a part that is missing, and of one that a page made up."""
    made_up = ["<b>", f"{SITE}/zz{quote(sendable(value[:50]))}", "<i>"]
    parts = [["image", f"{SITE}/a/b/lost{number:03}.png"], made_up]
    body = json.dumps({"moment": TUESDAY, "page": page_of(number, value), "parts": parts}).encode()
    fields = {"Content_Type": "application/json", "Sec_Fetch_Site": "same-origin", "Origin": base}
    answer = visitor.ask("POST", base, "/web/parts", body=body, **fields)
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("kind", ["gap", "file"])
def test_page_of_ours_within_the_frame(seen: Seen, kind: str) -> None:
    """What stands in the frame where the day has nothing, or a file, is made of the usual pieces."""
    wrong = []
    usual = within(seen.plain, kind, 0, TWINS[0])
    for number, (name, _, value) in enumerate(VALUES):
        answer = within(seen.hostile, kind, number, value)
        page = Markup(answer.text)
        wrong += [f"{name}: {one}" for one in harm(answer, page) + unlike(answer, page, usual)]
    assert told(wrong) == ""


def within(visitor: Visitor, kind: str, number: int, value: str) -> TestResponse:
    url = page_of(number, value) + "&more" if kind == "gap" else file_of(number, value)
    return visitor.replay(TUESDAY, url, Sec_Fetch_Dest="iframe", Sec_Fetch_Site="cross-site")


# ---- what programs read ----------------------------------------------------------------------------------------


def test_feeds(seen: Seen) -> None:
    """Feeds are Atom, made of the usual pieces, also of what XML cannot have."""
    pages = [
        f"/demo/feed.atom?{query(url=page_of(number, value))}" for number, (_, _, value) in enumerate(VALUES)
    ]
    twins = [f"/demo/feed.atom?{query(url=twin(number)[0])}" for number in NUMBERS]
    for path, other in [("/demo/feed.atom", "/demo/feed.atom"), *zip(pages, twins, strict=True)]:
        answer, usual = seen.hostile.get(path), seen.plain.get(other)
        assert (answer.status_code, complaints(answer.data), fields_of(answer)) == (200, [], []), path
        assert shape(answer.data) == shape(usual.data), path
        assert not CONTROLS.search(answer.text), path
        for text in ET.fromstring(answer.data).itertext():
            assert alone(text), path


def shape(feed: bytes) -> list[tuple[str, tuple[str, ...], list[Any]]]:
    root = ET.fromstring(feed)
    return [
        (one.tag, tuple(sorted(one.keys())), tree(one.text or "") if one.get("type") == "html" else [])
        for one in root.iter()
    ]


LINK = re.compile(r'<([!-;=?-~]*)>((?:; [a-z]+="[^"\x00-\x1f]*")*)(?:,\s*|\s*\Z)')


def links(text: str) -> list[str]:
    """Return the relations of links as RFC 8288 section 3 writes them; all of the text must be links."""
    assert LINK.sub("", text) == "", text
    return [one[1].partition('rel="')[2].partition('"')[0] for one in LINK.findall(text)]


def test_timemaps_and_links(seen: Seen) -> None:
    """TimeMaps and Link fields have the links they should have, and no other."""
    for number, (name, _, value) in enumerate(VALUES):
        url, usual = page_of(number, value), twin(number)[0]
        found = [seen.hostile.get(f"/timemap/{form}/{url}") for form in ("link", "json")]
        plain = [seen.plain.get(f"/timemap/{form}/{usual}") for form in ("link", "json")]
        assert links(found[0].text) == links(plain[0].text), name
        assert json.loads(found[1].data).keys() == json.loads(plain[1].data).keys(), name
        assert json.loads(found[1].data)["original_uri"] == url, name
        payload, other = (
            seen.hostile.get(f"/web/{TUESDAY}id_/{url}"),
            seen.plain.get(f"/web/{TUESDAY}id_/{usual}"),
        )
        told = links(payload.headers["Link"])  # of a long address not all of them
        assert (told[0], set(told) - set(links(other.headers["Link"]))) == ("original", set()), name
        assert all(fields_of(one) == [] for one in (*found, payload)), name


def test_lines_of_an_index(seen: Seen) -> None:
    """CDX lines have as many fields as they should, and JSON has rows of text."""
    for number, (name, _, value) in enumerate(VALUES):
        asked = query(url=page_of(number, value))
        lines = seen.hostile.get(f"/cdx?{asked}")
        rows = json.loads(seen.hostile.get(f"/cdx?{asked}&output=json").data)
        assert [len(line.split(" ")) for line in lines.text.splitlines()] == [7, 7], name
        assert [len(row) for row in rows] == [7, 7, 7], name
        assert lines.text.isascii(), name
        assert not CONTROLS.search(lines.text), name


def test_names_of_downloads(seen: Seen) -> None:
    """A file is saved under a name that is one: of no folder, hidden or turned round, in a field of its own."""
    for number, (name, _, value) in enumerate(VALUES):
        for url in (file_of(number, value), page_of(number, value)):
            answer = seen.hostile.get(f"/web/{TUESDAY}id_/{url}", Sec_Fetch_Mode="navigate")
            assert (answer.status_code, fields_of(answer)) == (200, []), name
            said = Message()
            said["Content-Disposition"] = answer.headers["Content-Disposition"]
            saved = said.get_filename() or ""
            assert said.get_content_disposition() == "attachment", name
            assert saved == saved.strip(" .") != "", name
            assert not re.search(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f]', saved), name
            assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in saved), name
            assert answer.headers["Content-Type"] == "application/octet-stream", name


def test_fields_that_were_stored(seen: Seen) -> None:
    """Fields of an archived answer come under a name of their own, or as the replay writes them: never as more fields."""
    for number, (name, _, value) in enumerate(VALUES):
        url = page_of(number, value)
        payload = seen.hostile.get(f"/web/{TUESDAY}id_/{url}")
        replayed = seen.hostile.replay(TUESDAY, url, Sec_Fetch_Dest="iframe", Sec_Fetch_Site="cross-site")
        assert (payload.status_code, replayed.status_code) == (200, 200), name
        assert fields_of(payload) == fields_of(replayed) == [], name
        assert "evil" not in payload.headers.get("Set-Cookie", ""), name
        assert payload.headers.get("Location") is None, name


# ---- in a browser ----------------------------------------------------------------------------------------------

QUIET = """() => ({
    ran: document.documentElement.dataset.ran ?? null,
    handlers: [...document.querySelectorAll("*")].filter((one) =>
        [...one.attributes].some(({name}) => name.startsWith("on"))).map((one) => one.outerHTML),
    wide: document.scrollingElement.scrollWidth > innerWidth ? location.href : null,
})"""
OPENED = tuple(SHOWS.values()) + tuple(LIKE.values()) + tuple(QUOTES.values())


@pytest.mark.browser
@VALUES_OF
def test_nothing_happens_in_a_browser(browser: Browser, seen: Seen, numbers: Sequence[int]) -> None:
    """No page with a hostile value opens a dialog, asks for anything elsewhere, complains or grows wider than a phone."""
    paths = [*LISTS, *FOUND]
    for number in numbers:
        kind = OPENED[number % len(OPENED)]
        paths.append(kind(page_of(number, VALUES[number].value), VALUES[number].value))
    dialogs: list[str] = []
    states = []
    with visit(browser, size=(320, 640), service_workers="block") as opened:
        opened.page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
        for path in paths:
            opened.page.goto(f"{seen.base}{path}", wait_until="load")
            state = opened.page.evaluate(QUIET)
            states += [(path[:200], state)] if state != {"ran": None, "handlers": [], "wide": None} else []
        elsewhere = [
            url for url in opened.requests if not (urlsplit(url).hostname or "").endswith("localhost")
        ]
    problems = [one for one in opened.problems if "status of 404" not in one]
    assert (states, dialogs, elsewhere, problems) == ([], [], [], [])
