# SPDX-License-Identifier: EUPL-1.2
"""How much changed on each day, in the calendar: a number, a shade for it, and words that can be read on it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archiver.colour import contrast, mixed
from archiver.presented import DARK_GROUND, LIGHT_GROUND, READABLE
from index.model import Outcome, Snapshot
from tests.support.archive import Lost, Reply, build
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.days import SiteDays, calendar_of
from viewer.shades import SHARES, shades_of

CSS = Path(__file__).parents[1] / "viewer/static/viewer.css"
HOME = "https://www.example.org/"
CELL = re.compile(
    r'<td class="(\w+)"><a href="([\d-]+)/"(?: class="shade-(\d)")?>\d+<i>[^<]+</i>'
    r'(?:<small>(\w+)<span class="visually-hidden"> ([^<]+)</span></small>)?</a>'
)


@pytest.mark.parametrize(
    ("counts", "steps"),
    [
        ([], []),
        ([0, 0], []),
        ([1], [(1, 1)]),
        ([4, 4, 4, 0], [(1, 4)]),
        ([1, 2], [(1, 1), (2, 2)]),
        ([1, 2, 2, 3, 3, 4, 5, 7, 8, 900], [(1, 2), (3, 3), (4, 7), (8, 900)]),
        ([*range(1, 101)], [(1, 25), (26, 50), (51, 75), (76, 95), (96, 100)]),
        # a day on which everything was made anew changes nothing but the last step
        ([*range(1, 21), 50_000], [(1, 6), (7, 11), (12, 16), (17, 20), (21, 50_000)]),
    ],
)
def test_steps(counts, steps):
    """Days are told apart by their rank: a step for each quarter, and one for the twentieth that changed most."""
    found = shades_of(counts)
    assert [(step.first, step.last) for step in found] == steps
    assert found.is_full == (len(steps) == 5)


@given(st.lists(st.integers(0, 10**9), max_size=400))
def test_every_day_has_the_step_it_is_in(counts):
    """Steps have no holes, each count has one, more is never less, and no more days than told lie above a step."""
    found = shades_of(counts)
    steps = [*found]
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all(one.last + 1 == other.first for one, other in pairwise(steps))
    for count in counts:
        number = found.of(count)
        assert (number == 0) == (count == 0)
        if number:
            assert steps[number - 1].first <= count <= steps[number - 1].last
    if found.is_full:
        changed = [count for count in counts if count]
        above = Counter(found.of(count) for count in changed)
        assert above[5] * 100 <= len(changed) * (SHARES[4] - SHARES[3])


def taken(day, **more):
    name = f"2026{day:04}023000"
    return Snapshot("demo", name, f"{name[:4]}-{name[4:6]}-{name[6:8]}", Outcome.COMPLETE, **more)


def test_what_counts():
    """Texts that differ count, of all snapshots of a day; not the first one, a failed one, or one that does not tell."""
    failed = replace(taken(304, changed_text=99), outcome=Outcome.FAILED)
    twice = replace(taken(303, changed_text=2), timestamp="20260303120000")
    known = SiteDays(
        [
            taken(302, changed=500, changed_text=400),
            taken(303, changed=9, changed_text=5),
            twice,
            failed,
            taken(305, changed=7),
            taken(306, changed=30_000, changed_text=12_345),
            taken(307, changed=3, changed_text=0),
        ]
    )
    months = calendar_of(known, date(2026, 3, 7))[0].months
    days = {day.date.day: day for week in months[0].weeks for day in week if day}
    assert {number: day.changed for number, day in days.items()} == {2: 0, 3: 7, 4: 0, 5: 0, 6: 12_345, 7: 0}
    assert {number: day.shade for number, day in days.items()} == {2: 0, 3: 1, 4: 0, 5: 0, 6: 2, 7: 0}
    assert (days[3].brief, days[6].brief) == ("7", "12k")


def page(text):
    return Reply(f"<title>{text}</title><p>{text}</p>")


def days_of(*changes):
    """Return days of March: on each so many pages of twelve have another text than the day before."""
    stands = dict.fromkeys(range(12), "a")
    found = {}
    for day, many in enumerate([0, *changes]):
        stands |= dict.fromkeys(range(many), chr(ord("a") + day))
        pages = {
            f"{HOME}{number}": page(f"Page {number} says {said * 5}.") for number, said in stands.items()
        }
        found[f"202603{day + 1:02}023000"] = pages
    return found


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    days = days_of(12, 1, 0, 5) | {"20260306023000": dict.fromkeys([HOME], Lost("timeout"))}
    with build(tmp_path_factory.mktemp("shades"), {"demo": days}, texts=True) as built:
        yield built


@pytest.mark.parametrize(
    ("language", "one", "more"),
    [("en", "page changed", "pages changed"), ("nl", "pagina veranderd", "pagina’s veranderd")],
)
def test_in_the_calendar(archive, language, one, more):
    """Each day says in figures and words how many pages changed, beside its state; nothing is in the shade alone."""
    text = Visitor(archive).get("/demo/", Accept_Language=language).text
    cells = {day: rest for _, day, *rest in CELL.findall(text)}
    assert cells == {
        "2026-03-01": ["", "", ""],
        "2026-03-02": ["3", "12", more],
        "2026-03-03": ["1", "1", one],
        "2026-03-04": ["", "", ""],
        "2026-03-05": ["2", "5", more],
        "2026-03-06": ["", "", ""],
    }
    legend = re.search(r'<ul class="shades".*?</ul>', text, re.DOTALL)
    assert legend is not None
    assert re.findall(r'class="shade-(\d)">([\w–]+)', legend[0]) == [("1", "1"), ("2", "2–5"), ("3", "6")]


def test_nothing_to_tell(tmp_path):
    """Where no day tells how much changed there is no legend either."""
    with build(tmp_path, {"demo": {"20260301023000": {HOME: page("x")}}}, texts=True) as built:
        text = Visitor(built).get("/demo/").text
    assert "shade" not in text


def grounds_of_shades():
    """Return for light and dark: ground, colour of words, and shares of the operator's colour, as the sheet has them."""
    css = CSS.read_text(encoding="utf-8")
    found = []
    for ground in (LIGHT_GROUND, DARK_GROUND):
        block = (
            css[: css.index(f"--ground: {ground}")].rpartition(":root")[2]
            + css.partition(f"--ground: {ground}")[2].partition("}")[0]
        )
        text = re.search(r"--text: (#\w+)", block)
        shares = [int(share) / 100 for share in re.findall(r"--shade-\d: (\d+)%", block)]
        assert text is not None
        assert len(shares) == 4
        found.append((ground, text[1], shares))
    return found


@pytest.mark.parametrize(("ground", "text", "shares"), grounds_of_shades(), ids=["light", "dark"])
@given(accent=st.from_regex(r"\A#[0-9a-f]{6}\Z"))
def test_words_on_every_shade_are_read(ground, text, shares, accent):
    """Whatever colour an operator may choose, words on a shade of it have the contrast that words need."""
    assume(contrast(accent, ground) >= READABLE)  # another one is refused at the start
    for share in shares:
        assert contrast(mixed(ground, accent, share), text) >= READABLE
    assert contrast(accent, ground) >= READABLE


@pytest.mark.parametrize(("ground", "text", "shares"), grounds_of_shades(), ids=["light", "dark"])
@pytest.mark.parametrize("accent", ["#000000", "#ffffff"])
def test_at_the_edges(ground, text, shares, accent):
    """The strongest colours that there are."""
    if contrast(accent, ground) >= READABLE:
        assert min(contrast(mixed(ground, accent, share), text) for share in shares) >= READABLE


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a site that has a day of each shade."""
    port, days = free_port(), days_of(*[1] * 6, *[2] * 6, *[3] * 6, *[4] * 5, 12)
    folder = tmp_path_factory.mktemp("each")
    with build(folder, {"demo": days}, port=port, texts=True) as built, serving(built, port) as here:
        yield here


@pytest.mark.browser
@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_seen(browser, served, scheme, media):
    """In a browser the shades are as they are computed here: each further from the ground, and read, printed too."""
    page = browser.new_page(color_scheme=scheme)
    page.emulate_media(media=media, color_scheme=scheme)
    page.goto(f"{served}/demo/")
    seen = page.locator(".shades li").evaluate_all(
        """(all) => {
            const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
            const hex = (colour) => {
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
                const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
                return "#" + [r, g, b].map((one) => one.toString(16).padStart(2, "0")).join("");
            };
            return all.map((one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color].map(hex));
        }"""
    )
    assert len(seen) == 5
    assert all(contrast(ground, words) >= READABLE for ground, words in seen), seen
    ground = DARK_GROUND if (scheme, media) == ("dark", "screen") else LIGHT_GROUND
    steps = [contrast(one, ground) for one, _ in seen]
    assert steps == sorted(set(steps)), steps
    page.emulate_media(media="screen", forced_colors="active")
    lines = page.locator(".shades li").evaluate_all(
        "all => all.map((one) => parseFloat(getComputedStyle(one).borderTopWidth))"
    )
    assert lines == sorted(set(lines))
    page.close()
