# SPDX-License-Identifier: EUPL-1.2
"""Days on which the site answers with something else than its pages: what is flagged, and how the day is judged."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from archiver.daily import run_due
from archiver.runs import Runs, State
from archiver.suspicion import Kind
from archiver.verdict import Thresholds
from tests.support.daily import daily, html, stopped_after, tagged
from tests.support.sites import text, to
from tests.support.snapshots import SITE

NAMES = [f"/onderwerp/{number}" for number in range(19)]
WORDS = "Wie een vergunning aanvraagt, krijgt binnen acht weken bericht van de gemeente. "


def article(number):
    return html(
        f"<h1>Onderwerp {number}</h1><p>{WORDS * 3}{number * 17} euro.</p>", title=f"Onderwerp {number}"
    )


GOOD = {
    "/robots.txt": text("User-agent: *\nAllow: /\n"),
    "/": html(f"<p>{WORDS * 6}</p>", *NAMES, title="Gemeente"),
    **{name: article(number) for number, name in enumerate(NAMES)},
}
PAGES = ["/", *NAMES]
RULES = {"/robots.txt": GOOD["/robots.txt"]}


def wall(status, **fields):
    return html("<p>Checking your browser before accessing the site.</p>", title="Just a moment...",
                status=status, **{"CF_Mitigated": "challenge", **fields})  # fmt: skip


def upkeep(status):
    return html("<h1>Wij zijn zo terug</h1><p>De site is tijdelijk niet bereikbaar.</p>",
                title="Onderhoud", status=status)  # fmt: skip


NOT_FOUND = html("<p>De pagina die u zoekt bestaat niet.</p>", title="Pagina niet gevonden")


def everywhere(answer):
    """Return a day on which every page answers the same, and robots.txt what it always does."""
    return RULES | dict.fromkeys(PAGES, answer)


def instead(answer, paths):
    return GOOD | dict.fromkeys(paths, answer)


# The whole site

WALLS = [wall(200), wall(403), wall(503), wall(429)]


@pytest.mark.parametrize("answer", WALLS, ids=lambda answer: f"{answer[0]}")
def test_bot_wall_everywhere(tmp_path, answer):
    """A site behind a wall has failed, whatever status the wall has; each address is flagged, with the evidence."""
    with daily(tmp_path, GOOD, max_wait=0.0) as site:
        assert site.take().snapshot.outcome == "complete"
        day = site.take(everywhere(answer))
        assert day.snapshot.outcome == day.judged["outcome"] == "failed"
        # five refusals in a row end the day for the host
        reached = [path for path in PAGES if day[path].status]
        assert day.flagged() == dict.fromkeys(reached, "bot-wall")
        assert len(reached) == len(PAGES) or answer[0] == 429
        assert "header 'cf-mitigated: challenge'" in day["/"].reason
        front, share, *_ = day.judged["reasons"]
        assert front.startswith("the front page is not the site's (bot-wall): Cloudflare: ")
        assert share == f"{len(reached)} bot walls among {len(reached)} answers"
        assert f"The day was judged: {share}." in site.ledger(day).err


@pytest.mark.parametrize("answer", WALLS[:2], ids=lambda answer: f"{answer[0]}")
def test_day_behind_a_wall_is_tried_again(tmp_path, answer):
    """After an hour the day is tried again, and is a day like any other once the wall has gone."""
    with daily(tmp_path, GOOD, at="00:00") as site:
        monday = site.take()
        runs = Runs(site.archive.collection.state / "runs.sqlite")
        site.web.pages = everywhere(answer)
        start = site.archive.now() + timedelta(days=1)
        taken = []
        with stopped_after(site.archive, 30):
            for minutes, pages in ((0, everywhere(answer)), (59, GOOD), (61, GOOD), (200, GOOD)):
                site.web.pages = dict(pages)
                site.clock.set(start + timedelta(minutes=minutes))
                taken.append([(one.good, one.snapshot.outcome.value) for one in run_due(site.archive, runs)])
        assert taken == [[(False, "failed")], [], [(True, "complete")], []]
        [run] = runs.of(SITE)
        assert (run.state, run.attempt) == (State.DONE, 2)
        failed, good = [site.taken(one) for one in site.archive.shelves.history.snapshots(SITE)][1:]
        assert failed.judged["changes"] == dict.fromkeys(failed.judged["changes"], 0)
        assert good.outcomes(*PAGES) == dict.fromkeys(PAGES, "unchanged")
        assert good.judged["figures"] == monday.judged["figures"]


@pytest.mark.parametrize("status", [200, 503])
def test_maintenance_everywhere(tmp_path, status):
    """A site that says on every address that it is in maintenance has failed, and what it was stands."""
    with daily(tmp_path, GOOD) as site:
        site.take()
        day = site.take(everywhere(upkeep(status)))
        assert day.snapshot.outcome == "failed"
        assert day.flagged() == dict.fromkeys(PAGES, "maintenance")
        assert day.judged["reasons"][:2] == [
            f"the front page is not the site's (maintenance): {day['/'].reason}",
            "20 maintenance pages among 20 answers",
        ]
        assert site.take(GOOD).outcomes(*PAGES) == dict.fromkeys(PAGES, "unchanged")


@pytest.mark.parametrize("answer", [upkeep(200), wall(403)], ids=["upkeep", "wall"])
def test_front_page_alone(tmp_path, answer):
    """Maintenance or a wall in place of the front page fails the day, though every other page was got."""
    with daily(tmp_path, GOOD) as site:
        site.take()
        day = site.take(instead(answer, ["/"]))
        assert day.snapshot.outcome == "failed"
        assert list(day.flagged()) == ["/"]
        assert day.outcomes(*NAMES) == dict.fromkeys(NAMES, "unchanged")
        assert "the front page is not the site's" in day.judged["reasons"][0]


def test_front_page_behind_a_redirect(tmp_path):
    """What stands where the seed leads is the front page too."""
    moved = GOOD | {"/": to("/nl/"), "/nl/": GOOD["/"]}
    with daily(tmp_path, moved) as site:
        assert site.take().snapshot.outcome == "complete"
        day = site.take(moved | {"/nl/": upkeep(200)})
        assert (day.snapshot.outcome, day.flagged()) == ("failed", {"/nl/": "maintenance"})


SHARES = [
    (upkeep(200), 1, "partial", "1 maintenance pages among 20 answers"),
    (upkeep(503), 1, "partial", "1 maintenance pages among 20 answers"),
    (wall(200), 10, "partial", "10 bot walls among 20 answers"),
    (wall(200), 11, "failed", "11 bot walls among 20 answers"),
    (NOT_FOUND, 3, "partial", "3 pages that say 'not found' with a status of success among 20 answers"),
]


@pytest.mark.parametrize(
    ("answer", "number", "outcome", "reason"),
    SHARES,
    ids=[f"{outcome}-{number}" for number, (_, _, outcome, _) in enumerate(SHARES)],
)
def test_some_of_the_pages(tmp_path, answer, number, outcome, reason):
    """How many of the pages are something else decides whether the day is partial or failed."""
    with daily(tmp_path, instead(answer, NAMES[:number])) as site:
        day = site.take()
        assert day.snapshot.outcome == outcome
        assert day.judged["reasons"] == [reason]
        assert len(day.flagged()) == number


# Pages that are not there


def test_one_soft_404(tmp_path):
    """One page of many that says 'not found' with 200 is flagged, and the day is complete."""
    with daily(tmp_path, instead(NOT_FOUND, NAMES[:1])) as site:
        day = site.take()
        assert day.flagged() == {NAMES[0]: "soft-404"}
        assert (day[NAMES[0]].outcome, day[NAMES[0]].status) == ("captured", 200)
        assert (day.snapshot.outcome, day.judged["reasons"]) == ("complete", [])
        assert "soft-404: not found: title 'pagina niet gevonden'" in site.ledger(day).out


def test_flag_of_a_page_that_did_not_change(tmp_path):
    """What was taken for 'not found' yesterday still is where the server says today that nothing has changed."""
    with daily(tmp_path, GOOD | {NAMES[0]: tagged(NOT_FOUND)}) as site:
        before, after = site.take()[NAMES[0]], site.take()[NAMES[0]]
        assert (after.outcome, after.status) == ("unchanged", 304)
        assert (after.flag, after.reason) == (before.flag, before.reason)
        assert after.flag == "soft-404"


def test_real_404_is_an_answer(tmp_path):
    """A page that is gone and says so with its status is no suspicion, and the day is complete."""
    with daily(tmp_path, GOOD) as site:
        site.take()
        gone = (404, *NOT_FOUND[1:])
        day = site.take(instead(gone, NAMES[:5]))
        assert day.flagged() == {}
        assert (day.snapshot.outcome, day.judged["reasons"]) == ("complete", [])


# Log-in

LOG_IN = {
    "/inloggen": html("<form><input name=naam><input type=password name=woord></form>", title="Inloggen")
}


def test_page_that_now_wants_a_log_in(tmp_path):
    """A page of yesterday that leads to a log-in today is a redirect, and flagged with where it leads."""
    with daily(tmp_path, GOOD) as site:
        site.take()
        day = site.take(instead(to("/inloggen?terug=1", 302), NAMES[:1]) | LOG_IN)
        assert day[NAMES[0]].outcome == "redirect"
        assert day.flagged() == {NAMES[0]: "login"}
        assert day[NAMES[0]].reason == "leads to a log-in at http://example.test/inloggen"
        assert day.snapshot.outcome == "complete"


def test_site_that_now_wants_a_log_in(tmp_path):
    """Where most pages lead to a log-in the day is partial, and says how many did."""
    with daily(tmp_path, GOOD) as site:
        site.take()
        day = site.take(instead(to("/inloggen", 302), NAMES) | LOG_IN)
        assert day.snapshot.outcome == "partial"
        assert "19 redirects to a log-in among 21 answers" in day.judged["reasons"]


# A site that has shrunk


def site_of(number, size=1):
    names = [f"/p/{one}" for one in range(number - 1)]
    return RULES | {"/": html(f"<p>{WORDS * 6}</p>", *names)} | {
        name: html(f"<p>{WORDS * size} {name}</p>", title=name) for name in names
    }  # fmt: skip


def test_site_that_shrank(tmp_path):
    """From thirty pages to three overnight is partial with the figures; a third of such days it is the site."""
    with daily(tmp_path, site_of(30), suspicion=Thresholds(days=3)) as site:
        first = site.take()
        assert (first.snapshot.outcome, first.judged["figures"]["pages"]) == ("complete", 30)
        small = [site.take(site_of(3)) for _ in range(3)]
    assert [day.judged["figures"]["pages"] for day in small] == [3, 3, 3]
    assert [day.judged["outcome"] for day in small] == ["partial", "partial", "complete"]
    assert [day.judged["reasons"] for day in small] == [
        ["the site has shrunk: 3 pages, the day before had 30"],
        ["the site has shrunk: 3 pages, the median of 2 days had 16"],
        [],
    ]


def test_site_that_failed_in_between_is_compared_past_it(tmp_path):
    """A failed day is no measure: what came back small is compared with the last good day."""
    with daily(tmp_path, site_of(12)) as site:
        site.take()
        assert site.take(RULES | {"/": wall(200)}).snapshot.outcome == "failed"
        day = site.take(site_of(4))
        assert day.judged["reasons"] == ["the site has shrunk: 4 pages, the day before had 12"]


def noise(seed, length):
    """Return a file that no compression makes smaller."""
    return 200, {"Content-Type": "application/octet-stream"}, random.Random(seed).randbytes(length)


FILES = [f"/bestand/{number}.bin" for number in range(3)]
HEAVY = RULES | {"/": html("<p>Bestanden</p>", *FILES)} | {name: noise(name, 60_000) for name in FILES}
LIGHT = HEAVY | {name: noise(name, 15_000) for name in FILES}


@pytest.mark.parametrize(("share", "outcome"), [(0.3, "partial"), (0.2, "complete"), (0.0, "complete")])
def test_files_that_shrank(tmp_path, share, outcome):
    """As many pages with a quarter of the bytes are partial where `bytes` asks for more than a quarter."""
    with daily(tmp_path, HEAVY, suspicion=Thresholds(bytes=share)) as site:
        first, second = site.take(), site.take()
        assert second.judged["figures"] == first.judged["figures"], "an unchanged file counts as it was"
        assert second.snapshot.outcome == "complete"
        day = site.take(LIGHT)
        assert day.snapshot.outcome == outcome
        assert [reason.partition(":")[0] for reason in day.judged["reasons"]] == (
            ["the site has shrunk"] if outcome == "partial" else []
        )
        assert day.judged["figures"]["pages"] == first.judged["figures"]["pages"]


def test_only_the_site_itself_is_weighed(tmp_path):
    """A large part on another host that is gone today has not made the site smaller."""
    parts = {
        "/": html('<p>Film</p><img src="http://cdn.test/film.bin">', *FILES[:1]),
        FILES[0]: noise("own", 500),
    }
    with daily(tmp_path, RULES | parts | {"/film.bin": noise("film", 150_000)}) as site:
        first = site.take()
        assert first["http://cdn.test/film.bin"].outcome == "captured"
        day = site.take(RULES | parts)
        assert day["http://cdn.test/film.bin"].status == 404
        assert (day.judged["figures"], day.judged["reasons"]) == (first.judged["figures"], [])


def test_sizes_are_compared_only_where_records_are_compressed(tmp_path):
    """Sizes of records that are not compressed say nothing beside those of others, so none is kept."""
    with daily(tmp_path, HEAVY, compression="none") as site:
        assert site.take().judged["figures"]["bytes"] is None


@pytest.mark.parametrize(("share", "outcome"), [(0.1, "partial"), (0.0, "complete")])
def test_front_page_that_shrank(tmp_path, share, outcome):
    """A front page that is left with a line of text is partial where `front` asks for more."""
    with daily(tmp_path, GOOD, suspicion=Thresholds(front=share)) as site:
        site.take()
        day = site.take(GOOD | {"/": html("<p>Welkom.</p>", title="Gemeente")})
        assert day.snapshot.outcome == outcome


# What is not to be looked for

IGNORED = [
    (upkeep(200), Kind.MAINTENANCE),
    (wall(200), Kind.BOT_WALL),
    (NOT_FOUND, Kind.SOFT_404),
]


@pytest.mark.parametrize(("answer", "kind"), IGNORED, ids=[kind.value for _, kind in IGNORED])
def test_ignored(tmp_path, answer, kind):
    """A kind that the site ignores is neither flagged nor held against the day."""
    days = []
    for number, ignored in enumerate([(), (kind,)]):
        with daily(tmp_path / str(number), everywhere(answer), suspicion=Thresholds(ignore=ignored)) as site:
            days.append(site.take())
    looked, not_looked = days
    assert set(looked.flagged().values()) == {kind.value}
    assert looked.snapshot.outcome != "complete"
    assert not_looked.flagged() == {}
    assert (not_looked.snapshot.outcome, not_looked.judged["reasons"]) == ("complete", [])


def test_ignored_log_in(tmp_path):
    """A site whose pages are meant to lead to a log-in is complete with `login` ignored."""
    pages = instead(to("/inloggen", 302), NAMES) | LOG_IN
    with daily(tmp_path, pages, suspicion=Thresholds(ignore=(Kind.LOGIN,))) as site:
        day = site.take()
        assert (day.flagged(), day.snapshot.outcome) == ({}, "complete")
