# SPDX-License-Identifier: EUPL-1.2
"""
No page speaks English to who reads Dutch, whatever was asked for and whatever is the matter.

Every route is asked with what it cannot answer, and every kind of page is asked for, in both languages; what the
two say alike is what archived sites, visitors and machines wrote, and nothing of ours.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from index.urlkey import origin
from tests.support.archive import Reply, build
from tests.support.kinds import DAMAGED, FRIDAY, KINDS, MONDAY, NO_PAGE, SITE, THURSDAY, TUESDAY, every_kind
from tests.support.viewing import Visitor, viewer_of
from viewer.addresses.label import make

ROOT = Path(__file__).parents[1] / "viewer"
DAY = f"/demo/{TUESDAY}"
COSTS = f"{SITE}/kosten"

# What each route cannot answer, or answers by saying that something of it is none.
ASKED = {
    "/": ["/?q=x", "/?q=x&site=nosite", "/?q=x&site=demo&on=zzz", "/?url=%20&on=zzz"],
    "/<site>/": ["/nosite/", "/demo/?year=abc", "/demo/?year=99999", "/demo/?year=1999", "/demo/?day=zzz", "/demo/?day=1999"],
    "/<site>/<moment>/": ["/nosite/zzz/", "/demo/zzz/", "/demo/2026-02-30/", "/demo/1999-01-01/", f"{DAY}/?contains=zzz", f"{DAY}/?after=zzz"],
    "/<site>/<moment>/missing": ["/demo/zzz/missing", f"/demo/{THURSDAY}/missing", f"/demo/{THURSDAY}/missing?outcome=zzz", f"/demo/{THURSDAY}/missing?page=zzz", f"/demo/{THURSDAY}/missing?page=9", f"/demo/{FRIDAY}/missing"],
    "/<site>/<moment>/changes": ["/demo/zzz/changes", f"{DAY}/changes?kind=zzz", f"{DAY}/changes?section=zzz", f"{DAY}/changes?page=0", f"{DAY}/changes?page=99", f"/stuk/{DAMAGED}/changes"],
    "/<site>/changes": ["/nosite/changes", "/demo/changes?from=zzz", "/demo/changes?to=1999-01-01", "/demo/changes?kind=zzz", "/demo/changes?section=zzz", "/demo/changes?page=zzz", "/stuk/changes"],
    "/<site>/feed.atom": ["/nosite/feed.atom", "/demo/feed.atom?before=zzz", "/demo/feed.atom?section=zzz", "/demo/feed.atom?url=zzz", f"/demo/feed.atom?url={SITE}/zzz", "/stuk/feed.atom"],
    "/<site>/<moment>/proof": ["/demo/zzz/proof", f"{DAY}/proof?page=zzz", f"/stuk/{DAMAGED}/proof"],
    "/<site>/<moment>/proof/<name>": [f"{DAY}/proof/zzz", "/demo/zzz/proof/SHA256SUMS"],
    "/<site>/<moment>/conformance": ["/demo/zzz/conformance", f"/demo/{MONDAY}/conformance"],
    "/<site>/<moment>/conformance.json": ["/demo/zzz/conformance.json", f"/demo/{MONDAY}/conformance.json"],
    "/<site>/<moment>/export/<profile>": [f"{DAY}/export/zzz", "/demo/zzz/export/wacz", f"/demo/{MONDAY}/export/wacz"],
    "/<site>/search": ["/nosite/search?q=x", "/demo/search", "/demo/search?q=-", "/demo/search?q=-x", "/demo/search?q=x&on=zzz", "/demo/search?q=x&on=1999-01-01", "/demo/search?q=x&on=1999", "/demo/search?q=x&page=zzz", "/demo/search?q=x&page=51", "/demo/search?q=x&year=zzz", "/demo/search?q=x&type=zzz", "/demo/search?q=zzz&when=ever"],
    "/<site>/history": ["/nosite/history", "/demo/history?url=::", f"/demo/history?url={SITE}/zzz", f"/demo/history?url={COSTS}&on=zzz", f"/demo/history?url={COSTS}&passage=zzz"],
    "/<site>/cite": ["/demo/cite", "/demo/cite?url=::", f"/demo/cite?url={COSTS}&at=zzz", f"/demo/cite?url={SITE}/kostn&at={TUESDAY}", f"/demo/cite?url={SITE}/zaak&at={MONDAY}", f"/nosite/cite?url={COSTS}"],
    "/<site>/print": ["/demo/print", f"/demo/print?url={COSTS}&at=zzz", f"/demo/print?url={COSTS}&at={TUESDAY}&view=zzz", f"/demo/print?url={COSTS}&at={TUESDAY}&sheets=zzz"],
    "/<site>/compare": ["/nosite/compare", "/demo/compare?url=::", f"/demo/compare?url={SITE}/zzz", f"/demo/compare?url={COSTS}&from=zzz", f"/demo/compare?url={COSTS}&from=1999-01-01", f"/demo/compare?url={COSTS}&view=zzz", f"/demo/compare?url={SITE}/nieuw&to={THURSDAY}", f"/demo/compare?url={SITE}/zaak&from={MONDAY}&to={TUESDAY}"],
    "/<site>/compare/pane": ["/demo/compare/pane", f"/demo/compare/pane?url={COSTS}", f"/demo/compare/pane?url={COSTS}&at=zzz",
        f"/demo/compare/pane?url={COSTS}&at=2026-03-03", f"/demo/compare/pane?url={COSTS}&at=19990101000000", f"/demo/compare/pane?url={SITE}/zzz&at={TUESDAY}", f"/demo/compare/pane?url=::&at={TUESDAY}", f"/nosite/compare/pane?url={COSTS}&at={TUESDAY}"],
    "/web/": ["/web/"],
    "/web/<path:_>": ["/web/zzz", f"/web/zzz/{COSTS}", f"/web/1999/{COSTS}", f"/web/1999/{SITE}/zzz", f"/web/20261399/{COSTS}", f"/web/{TUESDAY}/zzz:", f"/web/{TUESDAY}/{SITE}/zzz", f"/web/1999-01-01/{COSTS}", f"/web/{FRIDAY}/{COSTS}", f"/web/{MONDAY}/{SITE}/zaak", f"/web/{THURSDAY}/{SITE}/nieuw", f"/web/*/{SITE}/zzz", f"/web/{TUESDAY}zz_/{COSTS}"],
    "/web/parts": ["/web/parts"],
    "/cdx": ["/cdx"],
    "/cdx/search/cdx": ["/cdx/search/cdx"],
    "/timegate/": ["/timegate/"],
    "/timegate/<path:_>": ["/timegate/zzz:"],
    "/timemap/": ["/timemap/"],
    "/timemap/<form>/": ["/timemap/link/", "/timemap/zzz/"],
    "/timemap/<form>/<path:_>": ["/timemap/zzz/zzz:"],
    "/.well-known/web-archive.txt": ["/.well-known/zzz/"],
    "/.well-known/security.txt": ["/.well-known/security.txt"],
    "/about": ["/about/", "/about/zzz/"],
    "/about/accessibility": [],
    "/about/correction": [],
    "/about/security": [],
    "/about/theme.css": [],
    "/about/logo": ["/about/logo"],
    "/about/logo-dark": ["/about/logo-dark"],
    "/about/font": ["/about/font"],
    "/about/language/<code>": ["/about/language/zzz"],
    "/healthz": ["/healthz/"],
    "/robots.txt": ["/robots.txt/"],
    "/favicon.ico": ["/favicon.ico/"],
    "/static/<path:filename>": ["/static/zzz", "/static/"],
}  # fmt: skip

# Alike in both languages: what the archive, its pages and its addresses are called, and words that both have.
ALIKE = frozenset({"Links", "Sites", "SHA-256", "PWID", "Memento", "TimeMap", "WACZ", "WARC", "MDTO"})
OTHERS = "code:not([lang]), pre, script, style, svg, .address, h3 a, option, [hreflang], .excerpt, .quoted, .results a, [dir=auto]"
"""What archived sites, visitors and programs wrote, and names; what is set apart (bdi) too, if it is one word."""
_NAMES = re.compile(
    r"Site (?:demo|stuk)|https?://\S+|[\w-]+\.(?:json|wacz|zip)\b|SHA256SUMS|WARC, ISO \d+|ZIP, \d+ B"
)
_WORD = re.compile(r"[^\W\d_]{2,}")


# What archived pages say, of which pages show pieces
ARCHIVED = frozenset(
    [
        "Kosten",
        "U",
        "betaalt",
        "per",
        "dag",
        "vanaf",
        "maart",
        "Meer",
        "Een",
        "regel",
        "die",
        "blijft",
        "staan",
        "dag",
        "na",
    ]
)


class Seen(NamedTuple):
    """The archive that has every kind of page, and a viewer of it without room."""

    base: str
    narrow: str


class Answer(NamedTuple):
    """What a viewer answered."""

    status: int
    mime: str
    text: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Iterator[Seen]:
    with every_kind(tmp_path_factory.mktemp("languages")) as (base, narrow):
        yield Seen(base, narrow)


def ask(base: str, path: str, language: str, *, method: str = "GET", body: str = "", **fields: str) -> Answer:
    """Ask a viewer, or a host of it; header names are written with underscores."""
    port = urlsplit(base).port
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {"Host": f"localhost:{port}", "Accept-Language": language} | named
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
    return Answer(answer.status, (answer.getheader("Content-Type") or "").partition(";")[0], text)


def said(markup: str) -> list[str]:
    """Return what a page says in words of ours: each text and each attribute that is read out."""
    tree = LexborHTMLParser(markup.replace("<wbr>", ""))
    for node in [*tree.css(OTHERS), *(one for one in tree.css("bdi") if " " not in one.text().strip())]:
        node.decompose()
    nodes = list(tree.root.traverse(include_text=True))
    texts = [node.text(deep=False) for node in nodes if node.tag == "-text"]
    names = ("title", "aria-label", "alt", "placeholder")
    texts += [node.attributes.get(name) or "" for node in nodes if node.tag[0] not in "-!" for name in names]
    ours = (" ".join(_NAMES.sub(" ", text).split()) for text in texts)
    return [text for text in ours if _WORD.search(text)]


def untranslated(base: str, path: str, **how: str) -> list[str]:
    """Return what a page says in English as it does in Dutch; of what is no page nothing."""
    english, dutch = (ask(base, path, language, **how) for language in ("en", "nl"))
    assert english.status == dutch.status
    assert dutch.status != 500 or "stuk" in f"{path}{how}"
    if dutch.mime != "text/html" or dutch.status in range(300, 400):
        return []
    words = said(dutch.text)
    assert words, "a page without a word"
    alike = set(words) & set(said(english.text)) - ALIKE
    return sorted(one for one in alike if not set(_WORD.findall(one)) <= ARCHIVED)


def test_every_route_is_asked(tmp_path) -> None:
    """A new route needs a row, so that what it says of bad values is looked at."""
    with build(tmp_path, {"demo": {}}) as archive:
        rules = {rule.rule for rule in viewer_of(archive).url_map.iter_rules()}
    assert rules == ASKED.keys()


@pytest.mark.parametrize("path", [path for paths in ASKED.values() for path in paths])
def test_what_cannot_be_answered(seen, path) -> None:
    """What a route says of what it cannot answer is in the visitor's language."""
    assert untranslated(seen.base, path) == []


@pytest.mark.parametrize(
    "path", ["/", "/demo/", f"{DAY}/", f"/web/{TUESDAY}/{COSTS}", "/about", "/web/parts"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_is_sent(seen, path, method) -> None:
    """Nothing can be sent here, and that is said in the visitor's language."""
    assert untranslated(seen.base, path, method=method, body="x=1") == []
    assert untranslated(seen.base, path, method=method) == []


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, id=kind.name) for kind in KINDS if not kind.frame and kind.rule not in NO_PAGE],
)
def test_every_kind_of_page(seen, kind) -> None:
    """Every kind of page is in the visitor's language, with all that it tells of a day and of its lacks."""
    how = {"body": kind.body, "Content_Type": "application/json"} if kind.body else {}
    assert untranslated(seen.narrow if kind.narrow else seen.base, kind.path, method=kind.method, **how) == []


@pytest.mark.parametrize(
    ("url", "at", "method", "says"),
    [
        (f"{SITE}/zzz", TUESDAY, "GET", "niet bewaard"),
        (f"{SITE}/zzz", "19990101000000", "GET", "geen opname"),
        (f"{SITE}/zaak", MONDAY, "GET", "Persoonsgegevens"),
        ("https://stuk.example/a.txt", DAMAGED, "GET", "nu niet"),
        (COSTS, TUESDAY, "POST", "kan niets"),
    ],
)
def test_within_the_frame(seen, url, at, method, says) -> None:
    """What stands in the place of an archived page is in the visitor's language too."""
    label = make(at, origin(url))
    host = f"{label}.localhost:{urlsplit(seen.base).port}"
    how = {"method": method, "Host": host, "Sec_Fetch_Dest": "iframe"}
    path = url.removeprefix(str(origin(url)))
    assert untranslated(seen.base, path, **how) == []
    assert says in ask(seen.base, path, "nl", **how).text


def test_statuses_that_are_looked_at(seen) -> None:
    """Among what is asked above is every way in which a page says that it cannot be had."""
    paths = [path for paths in ASKED.values() for path in paths]
    statuses = {ask(seen.base, path, "nl").status for path in paths}
    statuses |= {ask(seen.base, "/about", "nl", method="POST").status}
    statuses |= {
        ask(seen.narrow, kind.path, "nl").status for kind in KINDS if kind.narrow and kind.method == "GET"
    }
    assert statuses >= {200, 302, 400, 404, 405, 451, 500, 503}


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "The archive is busy. Try again in 10 seconds."),
        ("nl", "Het archief is druk bezet. Probeer het over 10 seconden opnieuw."),
    ],
)
def test_search_while_the_catalogue_is_renewed(tmp_path, language, says) -> None:
    """What was searched in has made room for something newer: come again, says the page, and a program too."""
    day = {f"{SITE}/": Reply("<!doctype html><html lang=nl><title>Kosten</title>leges")}
    with build(tmp_path, {"demo": {MONDAY: day}}) as archive:
        shutil.rmtree(archive.collection.catalogue / "search")
        answer = Visitor(archive).get("/demo/search?q=leges", Accept_Language=language)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert says in answer.text
    assert "enerat" not in answer.text


# ---- by the source -----------------------------------------------------------------------------------------------

SOURCES = sorted(ROOT.rglob("*.py"))


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [node for node in found if ast.unparse(node.func).rpartition(".")[2] == name]


def bare(expression: ast.expr) -> list[str]:
    """Return the texts in an expression that are not marked for translation."""
    marked = {
        id(one)
        for name in ("gettext", "ngettext")
        for call in calls(expression, name)
        for one in ast.walk(call)
    }
    return [
        node.value
        for node in ast.walk(expression)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value
        and id(node) not in marked
    ]


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in SOURCES]
)
def test_only_texts_of_the_catalogues_are_told(path) -> None:
    """Whatever is told of an error comes from the catalogues, and `abort` says a status and no more."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [ast.unparse(call) for call in calls(tree, "abort") if len(call.args) != 1 or call.keywords] == []
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.Module)) and calls(function, "ToldError"):
            given = [
                one
                for name in ("ToldError", "Way", "filled")
                for call in calls(function, name)
                for one in call.args
            ]
            named = {one.id for one in given if isinstance(one, ast.Name)}
            given += [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in named
            ]
            assert [text for one in given for text in bare(one)] == []


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('ToldError(gettext("Not here."))', []),
        ('ToldError("Not here.")', ["Not here."]),
        ('filled(gettext("No list %(name)s."), name="x y")', ["x y"]),
    ],
)
def test_bare_texts(source, texts) -> None:
    """A text that nobody marked is seen, a marked one is not."""
    assert bare(ast.parse(source, mode="eval").body) == texts
