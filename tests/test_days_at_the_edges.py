# SPDX-License-Identifier: EUPL-1.2
"""Hosts given up half way, guesses, several seeds, settings that change: what a day is not judged by, and what it is."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from archiver.daily import run_due
from archiver.runs import Runs
from archiver.suspicion import Kind
from archiver.verdict import Thresholds
from tests.support.daily import closed, daily, hang_up, html, in_turn, script, tagged
from tests.support.sites import text, to
from tests.support.snapshots import HOST, SITE

RULES = {
    "/robots.txt": closed(text("User-agent: *\nAllow: /\n")),
    "/sitemap.xml": closed(text("<urlset/>", "text/xml")),
}
WALL = html("<p>Checking your browser.</p>", title="Just a moment...", CF_Mitigated="challenge")
NOT_FOUND = html("<p>De pagina die u zoekt bestaat niet.</p>", title="Pagina niet gevonden")
NAMES = [f"/onderwerp/{number}" for number in range(19)]
MANY = [f"http://ander.test/{number}" for number in range(60)]


def topics(before=""):
    """Return a site of twenty pages; `before` is markup on the first."""
    return RULES | {"/": html(before, *NAMES)} | {
        name: html(f"<p>Over onderwerp {number} is veel te zeggen.</p>") for number, name in enumerate(NAMES)
    }  # fmt: skip


# Hosts that are given up


@pytest.mark.parametrize(
    ("answer", "times"), [(text("no", status=429), 5), (hang_up, 50)], ids=["refused", "silent"]
)
def test_host_that_is_given_up_gets_no_second_tries(tmp_path, answer, times):
    """A host that is given up is left alone for the day: what it refused is not asked for again either."""
    pages = RULES | {"/": closed(html("", *MANY))} | {url.removeprefix("http://"): answer for url in MANY}
    limits = {"connections": 1, "max_wait": 0.0, "retries": 2, "retry_wait": 0.2}
    with daily(tmp_path, pages, include=("ander",), **limits) as site:
        day = site.take()
        assert len([path for path in site.web.paths("ander.test") if path[1:].isdigit()]) == times
        assert day[MANY[-1]].outcome == "not-reached"


def test_host_that_is_given_up_is_not_waited_for(tmp_path):
    """A host that is given up while it rests for an hour does not keep the crawl from its end."""

    def no(wait):
        return 429, {"Content-Type": "text/plain", "Retry-After": wait}, b"no"

    answer = in_turn(*[no("0")] * 4, no("3600"))
    with daily(tmp_path, topics() | dict.fromkeys(NAMES, answer), connections=1, max_wait=3600.0) as site:
        day = site.take()
        assert day.outcomes(*NAMES) == dict.fromkeys(NAMES[:5], "http-error") | dict.fromkeys(
            NAMES[5:], "not-reached"
        )


# Guesses


def test_guesses_answered_with_a_soft_404(tmp_path):
    """Guesses that the site answers with 'not found' and 200 are flagged, and do not count against the day."""
    guesses = ["/nl/aap/", "/nl/noot/", "/nl/mies/"]
    with daily(tmp_path, topics(script(*guesses)) | dict.fromkeys(guesses, NOT_FOUND)) as site:
        day = site.take()
        assert day.flagged() == dict.fromkeys(guesses, "soft-404")
        assert (day.snapshot.outcome, day.judged["reasons"]) == ("complete", [])


# Several seeds


def test_worst_seed_decides(tmp_path):
    """A wall at one of several seeds fails the day, whatever stands at the others."""
    pages = topics() | {"/mijn": to("/inloggen", 302), "/start": WALL, "/inloggen": html("naam")}
    with daily(tmp_path, pages, seeds=(f"{HOST}/mijn", f"{HOST}/start", f"{HOST}/")) as site:
        assert site.take().snapshot.outcome == "failed"


def test_seed_that_did_not_change_beside_one_that_was_read(tmp_path):
    """Of several seeds one that was answered with 304 is as long as it was yesterday."""
    large = tagged(html("<p>" + "Wie een vergunning aanvraagt, krijgt bericht. " * 100 + "</p>"))
    pages = RULES | {"/": large, "/b": html("<p>Korte startpagina van de balie.</p>")}
    with daily(tmp_path, pages, seeds=(f"{HOST}/", f"{HOST}/b")) as site:
        first, second = site.take(), site.take()
        assert second["/"].status == 304
        assert second.judged["figures"] == first.judged["figures"]
        assert (second.snapshot.outcome, second.judged["reasons"]) == ("complete", [])


# Settings and what is said


def test_median_over_as_many_days_as_are_set(tmp_path):
    """A site that shrank is compared with the median of as many days as `days` says."""
    large, small = ({path: topics()[path] for path in (*RULES, *NAMES[:number])} for number in (11, 4))
    large["/"], small["/"] = html("", *NAMES[:11]), html("", *NAMES[:4])
    with daily(tmp_path, large, suspicion=Thresholds(days=20)) as site:
        for _ in range(6):
            site.take()
        outcomes = [site.take(small).snapshot.outcome.value for _ in range(5)]
        # of the ten days before the last one four were small, and of the last eight of them as many
        assert outcomes == ["partial"] * 5


def test_run_says_why_the_day_failed(tmp_path):
    """Of a day that failed behind a wall with status 200 the table of runs says so."""
    with daily(tmp_path, topics() | dict.fromkeys(["/", *NAMES], WALL), at="00:00") as site:
        runs = Runs(site.archive.collection.state / "runs.sqlite")
        [taken] = run_due(site.archive, runs)
        assert (taken.good, "bot-wall" in taken.problem) == (False, True)
        assert "bot-wall" in runs.of(SITE)[0].note


def test_flag_that_is_ignored_by_now(tmp_path):
    """What is not to be looked for any more is not flagged by what it was taken for yesterday."""
    with daily(tmp_path, topics() | {NAMES[0]: tagged(NOT_FOUND)}) as site:
        assert list(site.take().flagged()) == [NAMES[0]]
        changed = msgspec.structs.replace(
            site.archive.settings.site[0], suspicion=Thresholds(ignore=(Kind.SOFT_404,))
        )
        settings = msgspec.structs.replace(site.archive.settings, site=(changed,))
        site.archive = replace(site.archive, settings=settings)
        day = site.take()
        assert day[NAMES[0]].status == 304
        assert day.flagged() == {}
