# SPDX-License-Identifier: EUPL-1.2
"""The days of the demonstration site: what they changed, and since when, told by the commands."""

from __future__ import annotations

import re
from types import SimpleNamespace

import msgspec
import pytest

from archiver.cli.compose import opened
from archiver.collection import Collection
from archiver.demo.run import SITE
from archiver.demo.site import DAYS, HOST
from archiver.settings import Viewer, load
from tests.support.command import inside
from tests.support.viewing import Visitor

OUTAGE = next(number for number, day in enumerate(DAYS) if day.outage)


def lines(config, number):
    """Return what the list of changes of a day of the demonstration has, by path."""
    folder = Collection(load(config).root).snapshots(SITE)[number]
    with folder.changes_path.open("rb") as file:
        found = [msgspec.json.decode(line) for line in file]
    return {one["url"].removeprefix(f"http://{HOST}"): one for one in found}


def test_after_the_outage(demo):
    """What the outage made unavailable and came back as it was is no change of the day after."""
    out = {path for path, one in lines(demo, OUTAGE).items() if one["kind"] == "unavailable"}
    after = lines(demo, OUTAGE + 1)
    assert len(out) > 20
    assert all(one["before"] != one["after"] for one in after.values())
    compared = {path for path, one in after.items() if "since" in one}
    assert compared <= out
    assert 0 < len(compared) < len(out) / 2
    day_before = DAYS[OUTAGE - 1].date.replace("-", "")
    assert {after[path]["since"][:8] for path in compared} == {day_before}


def test_between_around_the_outage(demo):
    """A page that was out of order when it changed has changed between the day before and the day after."""
    [path, *_] = sorted(path for path, one in lines(demo, OUTAGE + 1).items() if one.get("since"))
    ended = inside(demo, "history", f"http://{HOST}{path}", "--json")
    before, after = DAYS[OUTAGE - 1].date, DAYS[OUTAGE + 1].date
    [told] = [one["began"] for one in ended.json() if one["first_day"] == after]
    assert told == {"after": before, "by": after}
    assert f"between {before} and {after}" in inside(demo, "history", f"http://{HOST}{path}").out


def test_penalty_of_35_euros(demo):
    """A sentence of the page on late decisions is dated by the days that had it."""
    url = f"http://{HOST}/nl/te-late-beslissing"
    [told] = inside(demo, "history", url, "--passage", "€  35", "--json").json()
    standing = {day.date: "there" if day.penalty == 35 else "not there" for day in DAYS}
    spans = [(one["standing"], one["first_day"], one["last_day"]) for one in told["days"]]
    assert all(
        standing[day] == kind for kind, first, last in spans for day in standing if first <= day <= last
    )
    days = [day for day, kind in standing.items() if kind == "there"]
    assert (told["first_day"], told["last_day"], told["still"]) == (days[0], days[-1], False)
    shown = inside(demo, "history", url, "--passage", "€ 35")
    assert f"{SITE}: it was there from {days[0]} to {days[-1]}." in shown.err
    assert f"{SITE}\tnot there\t" in shown.out


@pytest.fixture(scope="module")
def visitor(demo):
    with opened(str(demo)) as archive:
        settings = msgspec.structs.replace(archive.settings, viewer=Viewer())
        shelves = archive.shelves
        yield Visitor(
            SimpleNamespace(
                settings=settings,
                collection=archive.collection,
                history=shelves.history,
                catalogue=shelves.catalogue,
            )
        )


PAGES = [
    (
        "en",
        ["New, changed, removed or moved", "Of these, with another text for a reader", "Of {text} addresses a reader sees",
         "Moved 2", f"is now at http://{HOST}/nl/afspraak", f"was at http://{HOST}/nl/afspraak-maken before"],
    ),
    (
        "nl",
        ["Nieuw, gewijzigd, verwijderd of verhuisd", "Daarvan met een andere tekst voor een lezer", "Van {text} adressen ziet een lezer",
         "Verhuisd 2", f"staat nu op http://{HOST}/nl/afspraak", f"stond eerder op http://{HOST}/nl/afspraak-maken"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "sentences"), PAGES)
def test_page_of_the_day(demo, visitor, language, sentences):
    """The page of a day shows both counts, and what moved with where it went, in both languages."""
    day = DAYS[OUTAGE + 1].date
    row = next(one for one in inside(demo, "snapshots", SITE, "--json").json() if one["date"] == day)
    assert 0 < row["changed_text"] < row["changed"]
    markup = visitor.get(f"/{SITE}/{day}/", Accept_Language=language).get_data(as_text=True)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup.replace("<wbr>", "")))
    missing = [one for one in sentences if one.format(text=row["changed_text"]) not in said]
    assert missing == [], said
    since = DAYS[OUTAGE - 1].date.replace("-", "")
    assert re.search(rf'href="/web/{since}\d{{6}}/http://{HOST}/nl/contact"', markup)  # not the outage's 503
    all_of_them = visitor.get(f"/{SITE}/{row['timestamp']}/changes?kind=moved", Accept_Language=language)
    assert all_of_them.get_data(as_text=True).count("<li>") >= 2
    shown = inside(demo, "snapshots", SITE).out
    assert f"\t{row['changed']}\t" in shown
    assert f"\t{row['changed_text']}\n" in shown


def test_passage_that_is_none(demo):
    """A passage without a word is a mistake of whoever gives it."""
    ended = inside(demo, "history", f"http://{HOST}/", "--passage", "  ")
    assert (ended.status, "--passage" in ended.err) == (2, True)
