# SPDX-License-Identifier: EUPL-1.2
"""
The CDX server without HTTP: each parameter, and every answer beside that of a plain scan of all lines.

The days are small and odd on purpose: several sites, several captures of a key in a second, revisits, gaps.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.cdx_server import choice, days, pages, query
from index.cdx_server.answer import Answer, CdxServer
from index.cdx_server.budget import OutOfTimeError
from index.cdx_server.days import Day
from index.errors import BusyError, DamagedError, QueryError
from tests.support.cdx_days import capture, original, scan, write_days

HOME = "https://www.example.org/"
URLS = (
    HOME,
    "http://example.org/",
    "https://www.example.org/about/",
    "https://www.example.org/about",
    "https://www.example.org/about/us?b=2&a=1",
    "https://www.example.org/About/Us?a=1&b=2",
    "https://www.example.org/about-face",
    "https://news.example.org/",
    "https://a.news.example.org/x",
    "https://example.org:8443/about",
    "https://example.net/",
)
NAMES = (
    "20260302023000",
    "20260303023000",
    "20260304023000",
    "20260309023000",
    "20261101023000",
    "20270101000000",
)
ASKED = (
    "example.org",
    "example.org/about",
    "example.org/about/",
    "news.example.org",
    "example.net",
    "example.org/no",
)

Asked = list[tuple[str, str]]


def server_of(held: Sequence[Day], seconds: float = 60.0) -> CdxServer:
    return CdxServer(lambda: held, time.monotonic, seconds)


def ask(held: Sequence[Day], asked: Asked) -> Answer:
    return server_of(held).answer(asked)


def text_of(held: Sequence[Day], asked: Asked) -> str:
    return b"".join(ask(held, asked).pieces).decode()


def rows_of(held: Sequence[Day], asked: Asked) -> list[list[str]]:
    return [line.split(" ") for line in text_of(held, asked).splitlines()]


def lines(text: str) -> list[str]:
    """Return URLs and days of an answer, as `about 3` for the third of March."""
    return [line for line in text.splitlines() if line]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    """Four days of a page that changes on the third, a file that stays, and one that goes away."""
    root = tmp_path_factory.mktemp("few")
    made = {}
    for number, name in enumerate(NAMES[:4]):
        at = name[:12]
        same = original(HOME, "20260302023001")
        changed = "b" if number >= 2 else "a"
        page = [capture(HOME, f"{at}01", changed, length=1000 + number)]
        if number in {1, 3}:
            page = [
                capture(HOME, f"{at}01", changed, same=same, status=304 if number == 1 else 200, length=99)
            ]
        made[name] = [
            *page,
            capture(f"{HOME}logo.png", f"{at}02", "c", mime="image/png", length=50),
            capture(f"{HOME}made-up", f"{at}03", "d", status=404, made_up=True),
        ]
        if number == 0:
            made[name].append(capture(f"{HOME}old", f"{at}04", "e", status=301, redirect=HOME))
    return write_days(root, {"demo": made})


# ---- one parameter each ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("url=example.org", "01 01 01 01"),
        ("url=http://www.example.org", "01 01 01 01"),
        ("url=HTTPS://WWW.Example.ORG:443/", "01 01 01 01"),
        ("url=example.org/made-up", ""),  # what the crawler made up is no part of the site
        ("url=example.org&from=20260303", "01 01 01"),
        ("url=example.org&from=20260303&to=20260303", "01"),
        ("url=example.org&to=202603", "01 01 01 01"),
        ("url=example.org&to=2025", ""),
        ("url=example.org&from=9999", ""),
        ("url=example.org&limit=3", "01 01 01"),
        ("url=example.org&limit=0", "01 01 01 01"),
        ("url=example.org&limit=2&offset=3", "01"),
        ("url=example.org&fastLatest=true", "01"),
        ("url=example.org/*&matchType=exact", "01 01 01 01"),  # what is said outright counts
        ("url=example.org/logo*", "02 02 02 02"),
        ("url=example.org&matchType=prefix", "01 01 01 01 02 02 02 02 04"),
        ("url=example.org/logo.png&matchType=host", "01 01 01 01 02 02 02 02 04"),
        ("url=*.example.org", "01 01 01 01 02 02 02 02 04"),
        ("url=org&matchType=domain", "01 01 01 01 02 02 02 02 04"),
        ("url=xample.org&matchType=domain", ""),
        ("url=*.example.org&filter=!statuscode:301&filter=!mimetype:warc/revisit", "01 01 02 02 02 02"),
        ("url=*.example.org&filter=statuscode:3..", "04"),
        ("url=*.example.org&filter=statuscode:3", ""),  # the whole value, as the Internet Archive has it
        ("url=*.example.org&filter=~status:3", "04"),
        ("url=*.example.org&filter=~!status:[123]", "01 01"),
        ("url=*.example.org&filter=!~status:[123]", "01 01"),
        ("url=*.example.org&filter==mime:image/png", "02 02 02 02"),
        ("url=*.example.org&filter=!=mime:image/png", "01 01 01 01 04"),
        ("url=*.example.org&filter=4:301", "04"),
        ("url=*.example.org&filter=.*/old .*", "04"),
        ("url=*.example.org&filter=digest:sha256:e%2B", "04"),
        ("url=example.org&collapse=digest", "01 01"),
        ("url=example.org&collapse=timestamp:6", "01"),
        ("url=example.org&collapse=timestamp:8", "01 01 01 01"),
        ("url=*.example.org&collapse=urlkey", "01 02 04"),
        ("url=example.org&collapse=digest&collapse=mimetype", "01 01 01 01"),  # either may differ
        ("url=example.org&collapseTime=6", "01 01 01 01"),  # as pywb has it: with the status
        ("url=example.org&page=-1", "01 01 01 01"),
        ("url=example.org&page=0", "01 01 01 01"),
        ("url=example.org&page=1", ""),
        ("url=example.org&nobody=knows&crawl=this", "01 01 01 01"),
        ("url=example.org&from=&to=&closest=&limit=&offset=&fl=&filter=&collapse=", "01 01 01 01"),
        ("url=example.org&matchType=&sort=&output=&page=&pageSize=&resumeKey=&collapseTime=", "01 01 01 01"),
        ("url=example.org&from=&from=20260304&showResumeKey=&gzip=", "01 01"),
    ],
)
def test_which_lines(few, asked, found):
    """Each parameter leaves the captures that it should; they are told by the second in which they were made."""
    assert " ".join(row[1][-2:] for row in rows_of(few, pairs(asked))) == found


def pairs(text: str) -> Asked:
    """Return the parameters of a query; only `%2B` has to be undone."""
    split = (part.partition("=") for part in text.split("&"))
    return [(name, value.replace("%2B", "+")) for name, _, value in split]


@pytest.mark.parametrize(
    ("asked", "days_found"),
    [
        ("url=example.org", "02 03 04 09"),
        ("url=example.org&sort=default", "02 03 04 09"),
        ("url=example.org&sort=reverse", "09 04 03 02"),
        ("url=example.org&reverse=1", "09 04 03 02"),
        ("url=example.org&limit=-1", "09"),
        ("url=example.org&limit=-3", "03 04 09"),
        ("url=example.org&limit=-2&offset=1", "03 04"),
        ("url=example.org&limit=-9&offset=3", "02"),
        ("url=example.org&fastLatest=true&limit=2", "04 09"),
        ("url=example.org&sort=reverse&limit=2", "09 04"),
        ("url=example.org&sort=reverse&limit=-1", "02"),  # the last of the order asked for
        ("url=example.org&limit=-1&collapse=digest", "04"),
        ("url=example.org&sort=reverse&collapse=digest", "09 03"),
        ("url=example.org&closest=20260304", "04 03 02 09"),
        ("url=example.org&closest=20260304&sort=closest&limit=1", "04"),
        ("url=example.org&closest=1990&limit=2", "02 03"),
        ("url=example.org&closest=2100&limit=-2", "09 04"),
        ("url=example.org&closest=20260303023001", "03 02 04 09"),  # of two as far, the earlier first
        ("url=example.org&closest=20260304&from=20260304", "04 09"),
    ],
)
def test_which_order(few, asked, days_found):
    """Lines come in the order that is asked for, and a limit counts from where it should."""
    assert " ".join(row[1][6:8] for row in rows_of(few, pairs(asked))) == days_found


FULL = f"sha256:{'a' * 64}"
REVISIT_ROW = ["org,example)/", "20260303023001", HOME, "warc/revisit", "-", FULL, "99"]


@pytest.mark.parametrize(
    ("asked", "row"),
    [
        ("", REVISIT_ROW),
        ("&resolveRevisits=true", [*REVISIT_ROW[:3], "text/html", "200", FULL, "99"]),
        ("&resolveRevisits=false", REVISIT_ROW),
        ("&fl=timestamp", ["20260303023001"]),
        ("&fl=statuscode,url,mime", ["-", HOME, "warc/revisit"]),
        ("&fields=timestamp,redirect", ["20260303023001", "-"]),
    ],
)
def test_columns(few, asked, row):
    """A line has seven columns, or those that are asked for; a revisit is one unless it is resolved."""
    assert rows_of(few, pairs(f"url=example.org&from=20260303&limit=1{asked}")) == [row]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("showDupeCount=true", [["02", "0"], ["03", "1"], ["04", "0"], ["09", "1"]]),
        ("showSkipCount=true&collapse=digest", [["02", "1"], ["04", "1"]]),
        ("showSkipCount=true&filter=!timestamp:2026030[349].*", [["02", "3"]]),
        ("lastSkipTimestamp=true&collapse=timestamp:6", [["02", "20260309023001"]]),
        ("lastSkipTimestamp=true&limit=1", [["02", "20260302023001"]]),
    ],
)
def test_counters(few, asked, rows):
    """Counters stand after the fields: how often a digest came before, and what was skipped after a line."""
    found = rows_of(few, pairs(f"url=example.org&fl=timestamp&{asked}"))
    assert [[row[0][6:8], *row[1:]] for row in found] == rows


def test_repetitions_have_their_type(few):
    """With showDupeCount a repetition has the media type of what it repeats."""
    found = rows_of(few, pairs("url=example.org&fl=mimetype&showDupeCount=true"))
    assert {row[0] for row in found} == {"text/html"}


@pytest.mark.parametrize(
    ("asked", "document"),
    [
        (
            "url=example.org&fl=urlkey,length&output=json&limit=1",
            [["urlkey", "length"], ["org,example)/", "1000"]],
        ),
        ("url=example.org/no&output=json", []),
        ("url=example.org/no&output=json&showResumeKey=true", []),
        (
            "url=example.org&fl=length&output=json&limit=1&showResumeKey=true",
            [["length"], ["1000"], [], ["org%2Cexample%29%2F+20260302023001+20260302023000+0"]],
        ),
        (
            "url=example.org&output=json&fl=url&limit=9&showResumeKey=true",
            [["url"], [HOME], [HOME], [HOME], [HOME]],
        ),
    ],
)
def test_json(few, asked, document):
    """JSON is a list of lists: names, rows, and after an empty one the resume key, if there is more."""
    assert json.loads(text_of(few, pairs(asked))) == document


def test_cdxj(few):
    """CDXJ has the key, the moment, and the rest by the names of CDXJ; no file and no place in one."""
    (line,) = text_of(few, pairs("url=example.org/old&output=cdxj")).splitlines()
    key, timestamp, told = line.split(" ", 2)
    assert (key, timestamp) == ("org,example)/old", "20260302023004")
    assert json.loads(told) == {
        "url": f"{HOME}old",
        "mime": "text/html",
        "status": "301",
        "digest": f"sha256:{'e' * 64}",
        "length": "1043",
        "redirect": HOME,
    }


def test_past_the_last_page_is_empty_in_any_form(few):
    """cdx-toolkit asks for pages until one is empty: an empty JSON list would keep it asking for ever."""
    assert text_of(few, pairs("url=example.org&output=json&page=1")) == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "url: is needed"),
        ("url=", "url: '' is not the address"),
        ("url=*", "url: '*' is not"),
        ("url=urn:text:https://www.example.org/", "url: "),
        ("url=http://[", "url: "),
        ("url=\udcff\udcfe://x", "url: "),
        ("url=example.org&matchType=all", "matchType: 'all' is none of exact, prefix, host, domain"),
        ("url=example.org&from=2026-03-02", "from: '2026-03-02' is not a moment"),
        ("url=example.org&from=20261301", "from: '20261301' is not the beginning of a date"),
        ("url=example.org&to=20260230", "to: '20260230' is not"),
        ("url=example.org&to=202603021230001", "to: "),
        ("url=example.org&from=٢٠٢٦", "from: "),
        ("url=example.org&closest=0001", "closest: '0001' is not"),
        ("url=example.org&sort=closest", "closest: is needed"),
        ("url=*.example.org&closest=2026", "sort: closest is of one address"),
        ("url=example.org&sort=random", "sort: 'random' is none of default, reverse, closest"),
        ("url=example.org&limit=ten", "limit: 'ten' is not a number"),
        ("url=example.org&limit=99999999999", "limit: "),
        ("url=example.org&limit=1_0", "limit: "),
        ("url=example.org&offset=-1", "offset: '-1' is not a number from 0"),
        ("url=example.org&offset=999999999", "offset: "),
        ("url=example.org&offset=900000&limit=-1", "offset: of the last lines"),
        ("url=example.org&filter=nothing:x", "filter: there is no field 'nothing'"),
        ("url=example.org&filter=9:x", "filter: there is no field '9'"),
        ("url=example.org&filter===status:2", "filter: "),
        (
            "url=example.org&filter=statuscode:(",
            "filter: '(' is no regular expression of RE2: 'missing ): ('",
        ),
        ("url=example.org&filter=statuscode:(.)\\1", "filter: "),
        ("url=example.org&filter=statuscode:(?=2)", "filter: "),
        ("url=example.org&filter=url:((a{999}){999}){999}", "filter: "),
        ("url=example.org&filter=url:(x|y){200}", "filter: '(x|y){200}' takes too long"),
        ("url=example.org&filter=url:caf\xe9.*", "filter: 'caf\\xe9.*' is not ASCII"),
        ("url=example.org&filter=url:" + "a" * 501, "filter: a pattern may have 500"),
        ("url=example.org&" + "&".join(["filter=statuscode:200"] * 21), "filter: there are 21"),
        ("url=example.org&fl=urlkey,filename", "fl: there is no field 'filename'"),
        ("url=example.org&fl=url,", "fl: there is no field ''"),
        ("url=example.org&fl=" + ",".join(["url"] * 21), "fl: at most 20"),
        ("url=example.org&collapse=offset", "collapse: there is no field 'offset'"),
        ("url=example.org&collapse=timestamp:", "collapse: "),
        ("url=example.org&" + "&".join(["collapse=digest"] * 9), "collapse: may be given 8 times"),
        ("url=example.org&output=xml", "output: 'xml' is none of text, json, cdxj"),
        ("url=example.org&gzip=maybe", "gzip: 'maybe' is neither true nor false"),
        ("url=example.org&resumeKey=org", "resumeKey: 'org' is none that this server gave"),
        ("url=example.org&page=one", "page: "),
        ("url=example.org&pageSize=0", "pageSize: '0' is not a number from 1 to 50"),
        ("url=example.org&showPagedIndex=true", "showPagedIndex: "),
    ],
)
def test_what_makes_no_sense_is_refused(few, asked, said):
    """A parameter that makes no sense is refused by name, in ASCII, whatever stands in it."""
    with pytest.raises(QueryError) as refused:
        ask(few, pairs(asked) if asked else [])
    assert str(refused.value).startswith(said)
    assert str(refused.value).isascii()
    assert len(str(refused.value)) < 500


HOSTILE = (
    st.text(max_size=40)
    | st.text("0123456789-+:.,*!=~()[]{}\\\\/?&% ab", max_size=40)
    | st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.sampled_from(sorted(query._PARAMETERS)), HOSTILE), max_size=4), st.booleans())
def test_anything_is_answered_or_refused(few, asked, with_url):
    """Whatever stands in whichever parameter, there is an answer, or a sentence in ASCII that names one."""
    asked = [*asked, ("url", "*.example.org")] if with_url else asked
    refused = refusal(few, asked)
    assert refused is None or refused.parameter in query._PARAMETERS
    assert str(refused).isascii()
    assert str(refused).isprintable()


def refusal(held: Sequence[Day], asked: Asked) -> QueryError | None:
    try:
        text_of(held, asked)
    except QueryError as error:
        return error
    return None


def test_every_parameter_is_tried():
    """Each parameter that is read stands in a table above, and in the documentation."""
    told = Path(__file__).read_text(encoding="utf-8")
    documented = (Path(__file__).parents[1] / "docs/cdx.md").read_text(encoding="utf-8")
    for name in query._PARAMETERS:
        assert f"{name}=" in told or name == "from_ts"
        assert f"`{name}`" in documented


# ---- beside a scan of all lines ----------------------------------------------------------------------------

SECONDS = st.integers(0, 3)


IMPORTED = {NAMES[1], NAMES[3]}
"""Days that were imported, which may lie within the time of a crawl."""


@st.composite
def archives(draw: st.DrawFn) -> dict[str, dict[str, list]]:
    """
    Return sites with days, each of which has some captures; a second may have several of one key.

    A crawl goes on until shortly before the next one of its site, as one that was stopped and gone on with.
    """
    free = list(draw(st.permutations(NAMES)))
    made: dict[str, dict[str, list]] = {}
    for site in ("one", "two"):
        count = draw(st.integers(0, 4))
        names, free = sorted(free[:count]), free[count:]
        crawled = [name for name in names if name not in IMPORTED]
        made[site] = {}
        for name in names:
            end = min((one for one in crawled if one > name), default="9")
            later = [one for one in NAMES if name <= one < end] if name in crawled else [name]
            made[site][name] = draw(st.lists(captures(later), max_size=8))
    return made


@st.composite
def captures(draw: st.DrawFn, names: list[str]):
    url = draw(st.sampled_from(URLS))
    timestamp = f"{draw(st.sampled_from(names))[:12]}0{draw(SECONDS)}"
    same = draw(st.sampled_from([None, None, original(url, NAMES[0], "image/png", 404)]))
    return capture(
        url,
        timestamp,
        draw(st.sampled_from("abc")),
        mime=draw(st.sampled_from(["text/html", "image/png", "unk"])),
        status=draw(st.sampled_from([200, 304, 404, 503])),
        offset=draw(st.integers(0, 5)),
        made_up=draw(st.sampled_from([False, False, False, True])) and same is None,
        same=same,
    )


FILTERS = (
    "statuscode:200",
    "!statuscode:200",
    "~mime:text",
    "!=digest:sha256:" + "a" * 64,
    "url:https://.*",
    "status:4..",
)
COLLAPSES = ("digest", "urlkey", "timestamp:8", "timestamp:10", "statuscode", "original:24")


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    closest = draw(st.booleans()) and draw(st.booleans())
    match = draw(st.sampled_from(["exact", "prefix", "host", "domain"]))
    asked = [("url", draw(st.sampled_from(ASKED))), ("matchType", "exact" if closest else match)]
    optional = {
        "from": ("2026", "20260303", "2026030302300"),
        "to": ("2026", "202603", "20260304023001"),
        "offset": ("0", "1", "3"),
        "resolveRevisits": ("true",),
    }
    for name, values in optional.items():
        if draw(st.booleans()) and draw(st.booleans()):
            asked.append((name, draw(st.sampled_from(values))))
    if closest:
        asked.append(("closest", draw(st.sampled_from(["20260303", "20260302023002", "2027"]))))
    elif draw(st.booleans()):
        asked.append(("sort", "reverse"))
    asked += [("filter", one) for one in draw(st.lists(st.sampled_from(FILTERS), max_size=2))]
    asked += [("collapse", one) for one in draw(st.lists(st.sampled_from(COLLAPSES), max_size=2))]
    return asked


@pytest.fixture(scope="module", autouse=True)
def tiny_blocks() -> Iterator[None]:
    """Read days in blocks of a line or two, so that every edge is met."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "MOST_OPEN", 200)
        patch.setattr(days, "_FIRST", 200)
        patch.setattr(days, "_LEAST", 200)
        patch.setattr(days, "_MOST", 600)
        yield


@settings(max_examples=600)
@given(
    archives(),
    questions(),
    st.sampled_from([None, "1", "2", "7", "-1", "-2", "-5"]),
    st.sampled_from([200, 700, 4096]),
)
def test_as_a_scan_finds(made, asked, limit, first):
    """Any answer is what a scan of all lines of all days gives, in blocks of any size."""
    if limit and not (limit.startswith("-") and ("closest" in dict(asked))):
        asked = [*asked, ("limit", limit)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "_FIRST", first)
        patch.setattr(days, "_MOST", max(first, 600))
        patch.setattr(days, "_HEAD", 40 if first < 600 else 256)  # less than the longest key has
        held = write_days(Path(folder), made, IMPORTED)
        server, expected = server_of(held), scan(held, asked)
        for _ in range(2):  # the second time with what was kept of the first
            found = b"".join(server.answer(asked).pieces).decode()
            assert [line.split(" ") for line in found.splitlines()] == expected


@settings(max_examples=200)
@given(archives(), questions(), st.integers(1, 3))
def test_parts_are_together_the_whole(made, asked, size):
    """An answer in parts, each from the resume key of the one before, is the whole."""
    with tempfile.TemporaryDirectory() as folder:
        held = write_days(Path(folder), made, IMPORTED)
        whole = [" ".join(row) for row in scan(held, asked)]
        found: list[str] = []
        key: list[tuple[str, str]] = []
        for _ in range(200):
            text = text_of(held, [*asked, ("limit", str(size)), ("showResumeKey", "true"), *key])
            rows, _, rest = text.partition("\n\n") if "\n\n" in text else (text.strip("\n"), "", "")
            found += rows.split("\n") if rows else []
            if not rest:
                break
            assert len(rows.split("\n")) == size
            key = [("resumeKey", rest.strip())]
        assert found == whole


@settings(max_examples=200)
@given(archives(), st.sampled_from(ASKED), st.sampled_from(["exact", "prefix", "host", "domain"]))
def test_pages_are_together_the_whole(made, url, match):
    """The pages of an answer hold each line once, in order; after the last there is nothing."""
    asked = [("url", url), ("matchType", match)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "BLOCK", 300)
        held = write_days(Path(folder), made, IMPORTED)
        count = int(text_of(held, [*asked, ("showNumPages", "true"), ("pageSize", "1")]))
        paged = [rows_of(held, [*asked, ("page", str(n)), ("pageSize", "1")]) for n in range(count + 1)]
        assert paged[-1] == []
        assert list(itertools.chain(*paged)) == scan(held, asked)


# ---- bounds ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    """Two thousand days of one page and another, one after the other."""
    root = tmp_path_factory.mktemp("many")
    made = {}
    for number in range(2000):
        name = f"{2000 + number // 360}{number // 30 % 12 + 1:02}{number % 30 % 28 + 1:02}{number // 28 % 2:02}3000"
        made[name] = [capture(HOME, name), capture(f"{HOME}b", name)]
    return write_days(root, {"demo": made})


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ("url=example.org&closest=20020615&limit=1", 20),
        ("url=example.org&closest=2050&limit=5", 20),
        ("url=example.org&closest=1990&limit=5", 20),
        ("url=example.org&limit=5", 20),
        ("url=example.org&limit=-5", 20),
        ("url=example.org&sort=reverse&limit=5", 20),
        ("url=example.org&from=20020601&to=20020603", 20),
        ("url=example.org", 2000),
    ],
)
def test_few_days_are_looked_into(many, asked, most):
    """Whoever asks for a few captures of ten years has a few days looked into."""
    answer = ask(many, pairs(asked))
    found = b"".join(answer.pieces).count(b"\n")
    assert 0 < found <= answer.reading.opened <= most


def test_few_indexes_stay_open(many):
    """However many days there are, a bounded number of them is open."""
    server = server_of(many)
    assert server._indexes.limit == 200
    before = len(list(Path("/proc/self/fd").iterdir()))
    found = b"".join(server.answer(pairs("url=*.example.org&fl=timestamp")).pieces)
    assert found.count(b"\n") == 2 * len(many)
    assert len(server._indexes) == 200
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 200


def test_who_asks_again_has_few_days_looked_into(many):
    """Where days begin is kept: a second question looks into the days alone whose lines it shows."""
    server = server_of(many)
    asked = pairs("url=*.example.org&limit=5")
    first, second = server.answer(asked), server.answer(asked)
    assert b"".join(first.pieces) == b"".join(second.pieces)
    assert (first.reading.opened, second.reading.opened) == (2000, 0)


def test_what_is_kept_is_bounded(many, monkeypatch):
    """However many questions there were, a bounded part of what they found is kept: the last ones."""
    server = server_of(many[:100])
    prefixes = [f"example.org/{'b' * number}*" for number in (0, 1)] * 20
    monkeypatch.setattr(days, "MOST_KEPT", 50_000)
    opened = []
    for number, prefix in enumerate([*prefixes, prefixes[-1]]):
        answer = server.answer([("url", prefix), ("from", f"{1000 + number // 2}")])
        assert b"".join(answer.pieces)
        opened.append(answer.reading.opened)
        assert answer.reading.calendar.kept.bytes <= 50_000
    assert opened[-2:] == [100, 100]
    assert server.answer([("url", prefixes[-1]), ("from", "1020")]).reading.opened == 0


def test_what_is_kept_is_of_the_days_that_there_are(many):
    """With a day more, or one less, nothing is known from before."""
    held = [many[:3]]
    server = CdxServer(lambda: held[0], time.monotonic)
    asked = pairs("url=*.example.org&fl=timestamp")
    for now in (many[:3], many[:4], many[1:4], many[:3]):
        held[0] = now
        for _ in range(2):
            assert b"".join(server.answer(asked).pieces).count(b"\n") == 2 * len(now)


def test_memory_is_bounded(tmp_path):
    """An answer of twenty megabytes out of a day of thirty takes a few blocks of memory."""
    made = [capture(f"{HOME}{'a' * 1000}{number:05}", NAMES[0]) for number in range(10_000)]
    held = write_days(tmp_path, {"demo": {NAMES[0]: made}})
    del made
    assert held[0].path.stat().st_size > 20_000_000
    server = server_of(held)
    for asked in ("url=*.example.org", "url=*.example.org&sort=reverse&output=json&filter=~url:a{200}"):
        tracemalloc.start()
        try:
            sizes = [len(piece) for piece in server.answer(pairs(asked)).pieces]
            assert sum(sizes) > 20_000_000
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


def test_a_long_crawl_with_imported_days_in_it(tmp_path):
    """A crawl that went on after days of standing still is found there, though other days lie between."""
    made = {
        NAMES[0]: [capture(HOME, NAMES[0]), capture(HOME, "20260308000000", "b")],
        NAMES[1]: [capture(HOME, "20260303120000", "c")],
        NAMES[3]: [capture(HOME, NAMES[3], "d")],
    }
    held = write_days(tmp_path, {"demo": made}, {NAMES[1]})
    assert len(rows_of(held, pairs("url=example.org&from=20260308"))) == 2
    found = rows_of(held, pairs("url=example.org&closest=20260308&fl=timestamp"))
    assert [row[0][4:8] for row in found] == ["0308", "0309", "0303", "0302"]


class Clock:
    """Goes on by a second each time it is read."""

    def __init__(self) -> None:
        self._read = itertools.count()

    def __call__(self) -> float:
        return float(next(self._read))


def in_parts(server: CdxServer, asked: Asked) -> list[list[str]]:
    """Return the lines of every part of an answer, each asked for with the key of the one before."""
    parts: list[list[str]] = []
    keys: list[str] = []
    while len(parts) < 100:
        resumed = [("resumeKey", keys[-1])] if keys else []
        text = b"".join(server.answer([*asked, ("showResumeKey", "true"), *resumed]).pieces).decode()
        rows, blank, key = f"\n{text}".rpartition("\n\n")
        if not blank:
            return [*parts, lines(text)]
        assert key not in keys
        parts.append(lines(rows))
        keys.append(key.strip())
    raise AssertionError("it goes on for ever")


@pytest.mark.parametrize(
    "asked",
    [
        "filter=timestamp:2000010[12].*&collapse=urlkey",  # what fits lies at the beginning of each key
        "filter=timestamp:1999.*",  # nothing fits
        "filter=~timestamp:0[15]03&collapse=timestamp:6",
        "collapse=timestamp:4",
        "sort=reverse&filter=~timestamp:0[15]03",
        "limit=700",
    ],
)
def test_parts_that_time_makes(many, asked):
    """However time cuts an answer, each part goes further than the one before, and together they are the whole."""
    question = pairs(f"url=*.example.org&fl=timestamp,url&{asked}")
    whole = lines(text_of(many, [one for one in question if one[0] != "limit"]))
    # each part has 2,000 days to open, a look at the clock for each, and then one for each line
    parts = in_parts(CdxServer(lambda: many, Clock(), 5000.0), question)
    assert len(parts) > 2
    assert list(itertools.chain(*parts)) == whole


def test_no_time_to_leave_out(many):
    """Where time runs out before `offset` lines are left out, no key could say how many are still to be."""
    server = CdxServer(lambda: many, Clock(), 5000.0)
    with pytest.raises(OutOfTimeError):
        in_parts(server, pairs("url=*.example.org&offset=3500&fl=timestamp"))


def test_out_of_time_without_a_key(many):
    """Who did not ask for a resume key is told that the answer is not whole."""
    server = CdxServer(lambda: many, Clock(), 100.0)
    with pytest.raises(OutOfTimeError, match="showResumeKey"):
        b"".join(server.answer(pairs("url=*.example.org")).pieces)


def test_a_slow_reader_costs_no_time(few):
    """The clock stands still while nobody asks for the next piece."""
    now = [0.0]
    server = CdxServer(lambda: few, lambda: now[0], 1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.cdx_server.answer._PIECE", 1)
        for _ in server.answer(pairs("url=*.example.org")).pieces:
            now[0] += 100.0


def test_waiting_costs_no_time(many):
    """What an answer waits when it turns out to be long is none of its time."""
    clock = Clock()

    def wait() -> None:
        for _ in range(10**5):
            clock()

    server = CdxServer(lambda: many, clock, 50_000.0)
    assert b"".join(server.answer(pairs("url=*.example.org"), wait).pieces).count(b"\n") == 4000


def test_what_takes_long_is_told_once(few, many):
    """Whoever serves is told once that an answer takes long, and may end it; of a short one nothing is told."""
    told: list[str] = []
    server_of(few).answer(pairs("url=*.example.org"), lambda: told.append("few"))
    assert b"".join(server_of(few).answer(pairs("url=*.example.org"), lambda: told.append("few")).pieces)
    server = CdxServer(lambda: many, Clock(), 10.0**6)
    assert b"".join(server.answer(pairs("url=*.example.org"), lambda: told.append("many")).pieces)
    assert told == ["many"]

    def refuse() -> None:
        raise BusyError("no room")

    with pytest.raises(BusyError):
        b"".join(server.answer(pairs("url=*.example.org"), refuse).pieces)


def test_limits_are_bounded(many, monkeypatch):
    """No answer has more than so many lines; who asks for a key is told how to go on."""
    monkeypatch.setattr(query, "MOST", 7)
    text = text_of(many, pairs("url=example.org&limit=1000000&showResumeKey=true"))
    assert len(lines(text)) == 8
    assert len(rows_of(many, pairs("url=example.org&limit=-1000000"))) == 7


def test_digests_are_bounded(few, monkeypatch):
    """Counting repetitions holds so many digests; the rest is counted in the next part, and no line is lost."""
    monkeypatch.setattr(choice, "MOST_DIGESTS", 1)
    asked = pairs("url=*.example.org&fl=timestamp,url&showDupeCount=true&showResumeKey=true")
    first = lines(text_of(few, asked))
    again = lines(text_of(few, [*asked, ("resumeKey", first[-1])]))
    assert [line.split(" ")[0][6:8] for line in first[:-1]] == ["02", "03"]
    assert again[0].startswith("20260304023001 ")


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(.*)*(.*)*(.*)*x", "(a+)+$", "(?:a?){400}a{400}"])
def test_no_pattern_holds_the_server(tmp_path, pattern):
    """A pattern that keeps an engine with backtracking busy for ages is answered, or refused."""
    long = capture(f"{HOME}{'a' * 4000}", NAMES[0])
    held = write_days(tmp_path, {"demo": {NAMES[0]: [long]}})
    asked = [("url", "*.example.org"), ("filter", f"~url:{pattern}"), ("filter", f"urlkey:{pattern}")]
    with contextlib.suppress(QueryError):
        text_of(held, asked)


def test_hostile_values_make_no_columns(tmp_path):
    """What an imported record says of its type cannot make a line of more columns, or two lines of one."""
    odd = capture(HOME, NAMES[0], mime="text/html\u2028 x\n20260302 y\x85é", redirect="https://a b/")
    held = write_days(tmp_path, {"demo": {NAMES[0]: [odd]}})
    text = text_of(held, [("url", HOME), ("fl", "mimetype,redirect,statuscode")])
    assert text == "text/html%E2%80%A8%20x%0A20260302%20y%C2%85%C3%A9 https://a%20b/ 200\n"


@pytest.mark.parametrize(
    "line",
    [
        b"org,example)/x\n",
        b"org,example)/ 2026 {}\n",
        b"org,example)/ 20260302023001 {\n",
        b"org,example)/ 20260302023001 []\n",
    ],
)
def test_damage_is_told(tmp_path, line):
    """A line that cannot be read is no end of the answer: it is an error that says what to do."""
    held = write_days(tmp_path, {"demo": {NAMES[0]: [capture(HOME, NAMES[0])]}})
    held[0].path.write_bytes(line)
    with pytest.raises(DamagedError, match="daykeep verify"):
        text_of(held, pairs("url=*.example.org"))


def test_a_missing_index_is_told(tmp_path):
    """So is a day whose index is not there."""
    held = write_days(tmp_path, {"demo": {NAMES[0]: [capture(HOME, NAMES[0])]}})
    held[0].path.unlink()
    with pytest.raises(DamagedError, match="daykeep verify"):
        text_of(held, pairs("url=example.org"))


def test_no_days():
    """An archive without a day answers with nothing."""
    assert text_of([], pairs("url=*.example.org")) == ""
    assert text_of([], pairs("url=example.org&showNumPages=true")) == "0\n"
    assert text_of([], pairs("url=example.org&closest=2026&output=json")) == "[]\n"
