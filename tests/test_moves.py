# SPDX-License-Identifier: EUPL-1.2
"""Pages that moved: gone here and new there with the same content, or led there by the server."""

from __future__ import annotations

from collections import defaultdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.demo.run import SITE as DEMO
from archiver.demo.site import HOST as DEMO_HOST
from index import moves as moves_module
from index.changes import Kind, merge
from index.model import Capture
from index.moves import EMPTY, Candidates
from index.urlkey import urlkey
from tests.support.command import inside
from tests.support.sites import to
from tests.support.snapshots import HOST, SITE, build_days, page

BASE = "https://example.org"


def answer(path, digest="1", status=200, leads=None, **more):
    url = f"{BASE}{path}"
    redirect = f"{BASE}{leads}" if leads else None
    values = {"timestamp": "20260302023000", "mime": "text/html", "filename": "x", "offset": 0, "length": 1}
    return Capture(
        urlkey(url), url=url, status=status, digest=digest, redirect=redirect, **{**values, **more}
    )


def day(*answers):
    return sorted(answers, key=lambda one: (one.urlkey, one.url))


def moved(before, after, texts=None):
    """Return what two passes say of two days: which moved where, and the kinds of all."""
    candidates = Candidates()
    assert list(candidates.passing(merge(before, after))) == list(merge(before, after))
    same = (texts or {}).get
    found = candidates.found(
        lambda: [*before, *after],
        lambda change, new: same(change.url) is not None and same(change.url) == same(new.url),
    )
    marked = list(found.marked(merge(before, after)))
    for one in marked:
        if one.kind is Kind.MOVED:
            [other] = [other for other in marked if other.url == one.moved]
            assert other.kind is Kind.NEW
            assert other.moved in found.to
    return {old.removeprefix(BASE): new.removeprefix(BASE) for old, new in found.to.items()}, {
        one.url.removeprefix(BASE): str(one.kind) for one in marked
    }


GONE = answer("/a", "404", 404)
CASES = [
    ([answer("/a")], [GONE, answer("/b")], {"/a": "/b"}, "gone, and new elsewhere"),
    ([answer("/a")], [answer("/a", "x", 410), answer("/b")], {"/a": "/b"}, "gone for good"),
    ([answer("/z")], [answer("/z", "404", 404), answer("/b")], {"/z": "/b"}, "in the other order"),
    ([answer("/a")], [GONE, answer("/b", "2")], {}, "something else is new"),
    ([answer("/a")], [GONE, answer("/b"), answer("/c")], {}, "new at two addresses"),
    ([answer("/a"), answer("/c")], [GONE, answer("/b"), answer("/c", "404", 404)], {}, "gone at two"),
    ([answer("/a"), answer("/c")], [GONE, answer("/b"), answer("/c")], {}, "it still stands elsewhere"),
    ([answer("/a"), answer("/c")], [GONE, answer("/b"), answer("/c", "2")], {}, "it stood elsewhere"),
    ([answer("/a"), answer("/b")], [GONE, answer("/b")], {}, "it stood there before"),
    ([answer("/a"), answer("/b", "9")], [GONE, answer("/b")], {}, "the other was there with something else"),
    ([answer("/a"), answer("/b", "x", 404)], [GONE, answer("/b")], {"/a": "/b"}, "the other was gone before"),
    ([answer("/a")], [answer("/a", "x", 503), answer("/b")], {}, "it does not say that it is gone"),
    ([answer("/a")], [answer("/b")], {}, "it was not reached"),
    ([answer("/a", EMPTY)], [GONE, answer("/b", EMPTY)], {}, "nothing is no content"),
    ([answer("/a", "1", 403)], [GONE, answer("/b")], {}, "it was refused before"),
    ([answer("/a")], [GONE, answer("/b", status=403)], {}, "the new one is refused"),
    ([answer("/a")], [GONE, answer("/b", truncated="length")], {}, "the new one is not whole"),
    ([answer("/a")], [GONE, answer("/b", made_up=True)], {}, "an address that we made up"),
    ([answer("/a")], [answer("/a", "r", 301, "/b"), answer("/b")], {"/a": "/b"}, "the server leads there"),
    ([answer("/a")], [answer("/a", "r", 308, "/b"), answer("/b")], {"/a": "/b"}, "for good too"),
    ([answer("/a")], [answer("/a", "r", 302, "/b"), answer("/b")], {}, "for now alone"),
    ([answer("/a")], [answer("/a", "r", 301, "/b"), answer("/b", "2")], {}, "leads to something else"),
    ([answer("/a"), answer("/b")], [answer("/a", "r", 301, "/b"), answer("/b")], {}, "to what was there"),
    ([answer("/a")], [answer("/a", "r", 301, "/c"), answer("/b")], {}, "leads to what is not here"),
    ([answer("/a", "r", 301, "/z")], [answer("/a", "q", 301, "/b"), answer("/b")], {}, "was no page before"),
    (
        [answer("/a"), answer("/c")],
        [answer("/a", "r", 301, "/b"), answer("/c", "r", 301, "/b"), answer("/b")],
        {"/a": "/b", "/c": "/b"},
        "two pages of one content, and the server says of both where they are",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "found", "why"), CASES)
def test_moves(before, after, found, why):
    """The table of moves, row by row, and the cases in which a page has not moved."""
    told, kinds = moved(day(*before), day(*after))
    assert told == found, why
    assert {path for path, kind in kinds.items() if kind == "moved"} == set(found)


def test_a_redirect_to_the_same_text():
    """Where the server leads to a page with other bytes and the same text, that is a move as well."""
    before, after = [answer("/a")], day(answer("/a", "r", 301, "/b"), answer("/b", "2"))
    texts = {f"{BASE}/a": "Afspraak maken", f"{BASE}/b": "Afspraak maken"}
    assert moved(before, after, texts)[0] == {"/a": "/b"}
    assert moved(before, after, texts | {f"{BASE}/b": "Iets anders"})[0] == {}


def test_a_notice_on_a_hundred_pages():
    """One payload that a hundred pages share moves from none of them to any other."""
    before = day(*(answer(f"/old/{number}") for number in range(100)))
    after = day(
        *(answer(f"/old/{n}", "x", 410) for n in range(100)), *(answer(f"/new/{n}") for n in range(100))
    )
    told, kinds = moved(before, after)
    assert told == {}
    assert sorted(set(kinds.values())) == ["new", "removed"]


def test_more_than_are_held(monkeypatch):
    """A day with more of them than are held in memory has no moves, and holds no more than that."""
    monkeypatch.setattr(moves_module, "MAX_MOVES", 3)
    before = day(*(answer(f"/old/{n}", f"{n}") for n in range(9)))
    after = day(
        *(answer(f"/old/{n}", "x", 410) for n in range(9)), *(answer(f"/new/{n}", f"{n}") for n in range(9))
    )
    candidates = Candidates()
    for _ in candidates.passing(merge(before, after)):
        pass
    assert candidates.found(lambda: [*before, *after], lambda *_: True).to == {}
    assert max(len(candidates._gone), len(candidates._new)) == 4


ANSWERS = st.builds(
    answer,
    st.sampled_from(["/a", "/b", "/c", "/d"]),
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from([200, 200, 200, 404, 503]),
) | st.builds(
    answer,
    st.sampled_from(["/a", "/b"]),
    st.just("r"),
    st.sampled_from([301, 302]),
    st.sampled_from(["/b", "/c"]),
)
DAYS = st.lists(ANSWERS, max_size=4, unique_by=lambda one: one.url).map(lambda answers: day(*answers))


def plainly(before, after):
    """Find moves by looking at every pair of URLs of two days."""
    was, now = ({one.url: one for one in one_day} for one_day in (before, after))
    holders = defaultdict(set)
    for one in (*before, *after):
        holders[one.digest].add(one.url)
    new = {
        url
        for url, one in now.items()
        if one.status == 200 and (url not in was or was[url].status in {404, 503})
    }
    found = {}
    for old, one in was.items():
        today = now.get(old)
        if one.status != 200 or today is None:
            continue
        for url in new - {old}:
            alone = holders[one.digest] == {old, url}
            if now[url].digest != one.digest:
                continue
            if (today.status == 404 and alone) or (today.status == 301 and today.redirect == url):
                found[old.removeprefix(BASE)] = url.removeprefix(BASE)
    return found


@given(before=DAYS, after=DAYS)
def test_moves_equal_every_pair_looked_at(before, after):
    """Two passes over two days find what looking at every pair of their URLs finds."""
    assert moved(before, after)[0] == plainly(before, after)


NOTICE = page("Deze pagina is vervallen.")
MOVING = [
    {"/": page("Welkom", "/oud", "/vast", "/een", "/twee"), "/oud": page("Afspraak maken"), "/vast": page("Kosten"),
     "/een": NOTICE, "/twee": NOTICE},
    {"/": page("Welkom", "/oud", "/nieuw", "/kosten", "/drie"), "/oud": to("/nieuw"), "/nieuw": page("Afspraak maken", title="Nieuw"),
     "/kosten": page("Kosten"), "/drie": NOTICE},
]  # fmt: skip


def test_a_day_on_which_pages_moved(tmp_path):
    """A crawled day tells what moved and where to; the figures count it; every line agrees with the index."""
    with build_days(tmp_path, MOVING) as archive:
        _, second = archive.collection.snapshots(SITE)
        with second.changes_path.open("rb") as file:
            lines = [msgspec.json.decode(line) for line in file]
        told = {
            one["url"].removeprefix(HOST): (
                one["kind"],
                one.get("to", one.get("from", "")).removeprefix(HOST),
                one["text"],
            )
            for one in lines
        }
        assert told == {
            "/": ("changed", "", True),
            "/oud": ("moved", "/nieuw", False),
            "/nieuw": ("new", "/oud", False),
            "/vast": ("moved", "/kosten", False),
            "/kosten": ("new", "/vast", False),
            "/een": ("removed", "", True),
            "/twee": ("removed", "", True),
            "/drie": ("new", "", True),
        }
        assert second.package["daykeep"]["changes"]["moved"] == 2
        assert (second.summary.changed, second.changed_text) == (8, 4)
        find = finder(archive.collection, SITE)
        assert [str(one) for one in verify(second, find) if one.file == "logs/changes.jsonl"] == []


def test_the_appointments_page_of_the_demonstration(demo):
    """The demonstration's page that moves, on the day after an outage, is told as moved in both languages."""
    folder = sorted((demo.parent.parent / "data" / "sites" / DEMO / "snapshots").iterdir())[5]
    lines = [
        msgspec.json.decode(line) for line in (folder / "logs" / "changes.jsonl").read_bytes().splitlines()
    ]
    moves = {
        one["url"].removeprefix(f"http://{DEMO_HOST}"): one["to"].removeprefix(f"http://{DEMO_HOST}")
        for one in lines
        if "to" in one
    }
    assert moves == {"/en/make-an-appointment": "/en/appointment", "/nl/afspraak-maken": "/nl/afspraak"}
    assert inside(demo, "verify", DEMO, folder.name).status == 0
    day_before, day_of = folder.parent, folder.name
    first = sorted(day_before.iterdir())[3].name
    ended = inside(demo, "changes", DEMO, first, day_of, "--json")
    rows = [row for row in ended.json()["changes"] if "to" in row]
    assert {
        row["url"].removeprefix(f"http://{DEMO_HOST}"): row["to"].removeprefix(f"http://{DEMO_HOST}")
        for row in rows
    } == moves
    shown = inside(demo, "changes", DEMO, first, day_of)
    assert (
        f"moved\thttp://{DEMO_HOST}/nl/afspraak-maken\tsame text\thttp://{DEMO_HOST}/nl/afspraak\n"
        in shown.out
    )
