# SPDX-License-Identifier: EUPL-1.2
"""A crawl against a server that refuses for a moment, for a while, or for good: asked again, left alone, given up."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from archiver.snapshot import StoppedError, take
from tests.support.daily import SecondsClock, closed, cut, daily, hang_up, html, in_turn
from tests.support.sites import text
from tests.support.snapshots import FIRST, HOST, SITE

RULES = {
    "/robots.txt": closed(text("User-agent: *\nAllow: /\n")),
    "/sitemap.xml": closed(text("<urlset/>", "text/xml")),
}
FINE = closed(html("<p>Daar zijn wij weer.</p>", title="Balie"))
BUSY = text("busy", status=503)


def of(busy, *more):
    return RULES | {"/": closed(html("", *more, "/balie")), "/balie": busy}


def asked_at(site, path):
    return [one.at for one in site.web.asked if one.path == path]


# What answers at a later try

MOMENTARY = [
    (text("busy", status=503), [503, 200]),
    (text("slow down", status=429), [429, 200]),
    (text("oops", status=500), [500, 200]),
    (text("gateway", status=502), [502, 200]),
    (text("origin", status=522), [522, 200]),
    (text("too slow", status=408), [408, 200]),
    (hang_up, [200]),
    (cut, [200, 200]),
]


@pytest.mark.parametrize(
    ("answer", "stored"),
    MOMENTARY,
    ids=["503", "429", "500", "502", "522", "408", "silent", "cut"],
)
def test_refused_for_a_moment(tmp_path, answer, stored):
    """What fails once and then answers is captured: both answers are stored, one outcome, and the last is shown."""
    with daily(
        tmp_path, of(in_turn(answer, FINE)), clock=SecondsClock(), retries=1, retry_wait=0.0, max_wait=0.1
    ) as site:
        day = site.take()
        assert site.asked("/balie") == 2
        assert day.statuses("/balie") == stored
        assert (day["/balie"].outcome, day["/balie"].status, day["/balie"].reason) == ("captured", 200, "")
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("complete", 0)
        assert day.payload("/balie") == FINE[2]
        assert "Daar zijn wij weer." in site.visitor().replay(day.snapshot.timestamp, f"{HOST}/balie").text
        assert "/balie" in day.folder.pages_path.read_text()


@pytest.mark.parametrize(
    ("answer", "stored", "outcome"),
    [
        (BUSY, [503, 503, 503], "http-error"),
        (hang_up, [], "network-error"),
        (cut, [200, 200, 200], "truncated"),
    ],
)
def test_refused_for_good(tmp_path, answer, stored, outcome):
    """What fails at every try has that outcome, says how often it was asked, and makes the day partial."""
    with daily(tmp_path, of(answer), retries=2, retry_wait=0.01) as site:
        day = site.take()
        assert site.asked("/balie") == 3
        assert day.statuses("/balie") == stored
        assert day["/balie"].outcome == outcome
        assert day["/balie"].reason.endswith("asked 3 times")
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("partial", 1)


def test_answer_outlives_a_lost_try(tmp_path):
    """Where the first try brought an error of the server's and the second nothing at all, the error stands."""
    with daily(tmp_path, of(in_turn(text("oops", status=500), hang_up)), retries=1, retry_wait=0.0) as site:
        day = site.take()
        assert (day["/balie"].outcome, day["/balie"].status) == ("http-error", 500)
        assert day.statuses("/balie") == [500]
        assert day.snapshot.lacking == 1


def test_links_of_a_later_try_are_followed(tmp_path):
    """What a page that was got at the second try links to is part of the day."""
    pages = of(in_turn(BUSY, html("", "/verder"))) | {"/verder": html("<p>Verder</p>")}
    with daily(tmp_path, pages, retries=1, retry_wait=0.0) as site:
        assert site.take()["/verder"].outcome == "captured"


def test_second_try_of_an_unchanged_page(tmp_path):
    """A page that is as it was yesterday is unchanged, though today's first try was refused."""
    with daily(tmp_path, of(FINE), clock=SecondsClock(), retries=1, retry_wait=0.0) as site:
        site.take()
        day = site.take(of(in_turn(BUSY, FINE)))
        assert (day["/balie"].outcome, day.snapshot.outcome) == ("unchanged", "complete")
        assert (day.judged["changed"], day.judged["changes"]["changed"]) == (0, 0)
        assert day.payload("/balie") == FINE[2]


def test_maintenance_that_ends_before_the_second_try(tmp_path):
    """A front page in maintenance that is back at the second try leaves no flag, and the day is complete."""
    upkeep = html(
        "<h1>Onderhoud</h1><p>De site is tijdelijk niet bereikbaar.</p>", title="Onderhoud", status=503
    )
    with daily(tmp_path, RULES | {"/": in_turn(upkeep, FINE)}, retries=1, retry_wait=0.0) as site:
        day = site.take()
        assert day.statuses("/") == [503, 200]
        assert (day.flagged(), day.judged["reasons"], day.snapshot.outcome) == ({}, [], "complete")


@pytest.mark.parametrize("status", [400, 403, 404, 410, 501])
def test_final_answers_are_asked_once(tmp_path, status):
    """What a server means is not asked again."""
    with daily(tmp_path, of(text("no", status=status)), retries=2, retry_wait=0.0) as site:
        site.take()
        assert site.asked("/balie") == 1


def test_second_try_waits(tmp_path):
    """The second try comes after `retry_wait` and the third after twice as long; others are not kept waiting."""
    with daily(tmp_path, of(BUSY, "/a", "/b"), retries=2, retry_wait=0.2, connections=1) as site:
        site.take(site.web.pages | {"/a": FINE, "/b": FINE})
        first, second, third = asked_at(site, "/balie")
        assert second - first >= 0.2
        assert third - second >= 0.4
        assert max(asked_at(site, "/a") + asked_at(site, "/b")) < second


# Retry-After


def later(wait, status=503):
    """Return an answer that asks to come back: in seconds as they are, or at a date of the crawl's clock."""
    return status, {"Content-Type": "text/plain", "Retry-After": wait}, b"later"


DATE = format_datetime(FIRST + timedelta(seconds=1), usegmt=True)
WAITS = [
    (later("0.4"), 0.0, 0.4),
    (later("0.4", 429), 0.0, 0.4),
    # half a second before the date, by the clock of the crawl, which goes on a millisecond whenever it is read
    (later(DATE), 0.5, 0.35),
]


@pytest.mark.parametrize(("answer", "past", "least"), WAITS, ids=["503", "429", "date"])
def test_host_rests_as_long_as_it_asks(tmp_path, answer, past, least):
    """Retry-After, as seconds or as a date, is obeyed: nothing at all is asked of the host until then."""
    pages = of(in_turn(answer, FINE), *(f"/{number}" for number in range(5)))
    with daily(tmp_path, pages, retries=1, retry_wait=0.0, connections=1) as site:
        site.clock.set(FIRST + timedelta(seconds=past))
        day = site.take(next_day=False)
        first, second = asked_at(site, "/balie")
        assert second - first >= least
        moments = sorted(one.at for one in site.web.asked)
        assert moments[moments.index(first) + 1] - first >= least
        assert (day["/balie"].outcome, day.snapshot.outcome) == ("captured", "complete")


@pytest.mark.parametrize("wait", ["86400", "Thu, 02 Mar 2028 02:30:00 GMT", "999999999999"])
def test_rest_has_an_end(tmp_path, wait):
    """A host that asks for a day, a year or longer rests `max_wait` seconds in all, and the rest is archived."""
    pages = of(later(wait), "/a") | {"/a": FINE}
    with daily(tmp_path, pages, retries=2, retry_wait=0.0, max_wait=0.3, connections=1) as site:
        day = site.take()
        first, *_, last = asked_at(site, "/balie")
        assert last - first >= 0.3
        assert day["/balie"].outcome == "http-error"
        assert day["/balie"].reason.endswith("asked 3 times")
        assert (day["/a"].outcome, day.snapshot.outcome) == ("captured", "partial")


@pytest.mark.parametrize("wait", ["soon", "-5", "", "Mon, 99 Foo 2026", "0"])
def test_senseless_retry_after(tmp_path, wait):
    """A Retry-After that says nothing, or the past, keeps nobody waiting."""
    with daily(tmp_path, of(in_turn(later(wait), FINE)), retries=1, retry_wait=0.0) as site:
        assert site.take()["/balie"].outcome == "captured"


# Hosts that are given up

OTHER = "http://ander.test"
MANY = [f"{OTHER}/{number}" for number in range(60)]


def two_hosts(answer):
    """Return a site on two hosts, the second of which answers all but its robots.txt so."""
    return RULES | {"/": closed(html("", *MANY, *(f"/{number}" for number in range(10))))} | {
        f"/{number}": FINE for number in range(10)
    } | {url.removeprefix("http://"): answer for url in MANY}  # fmt: skip


GIVEN_UP = [
    (hang_up, 50, "network-error", "the host gave no response 50 times in a row; given up for today"),
    (text("no", status=429), 5, "http-error",
     "the host refused 5 times in a row, last with status 429; given up for today"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "times", "outcome", "reason"), GIVEN_UP, ids=["silent", "refused"])
def test_host_that_is_given_up(tmp_path, answer, times, outcome, reason):
    """What a host that gives no answer still had waiting is not reached, with the reason; other hosts go on."""
    with daily(tmp_path, two_hosts(answer), include=("ander",), connections=1, max_wait=0.0) as site:
        day = site.take()
        met = [day[url].outcome.value for url in MANY]
        assert met == [outcome] * times + ["not-reached"] * (len(MANY) - times)
        assert {day[url].reason for url in MANY[times:]} == {reason}
        asked = [path for path in site.web.paths("ander.test") if path.lstrip("/").isdigit()]
        assert asked == [f"/{n}" for n in range(times)]
        assert day.outcomes(*(f"/{n}" for n in range(10))) == {f"/{n}": "captured" for n in range(10)}
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("partial", len(MANY))
        assert reason in site.ledger(day, "--outcome", "not-reached").out


def test_refusals_in_between_do_not_add_up(tmp_path):
    """A host that refuses now and then, and answers in between, is not given up."""
    pages = two_hosts(FINE) | {f"ander.test/{number}": text("no", status=429) for number in range(0, 60, 3)}
    with daily(tmp_path, pages, include=("ander",), connections=1, max_wait=0.0) as site:
        day = site.take()
        assert {day[url].outcome.value for url in MANY} == {"captured", "http-error"}


def test_host_that_never_answers(tmp_path):
    """A host that does not even answer for its robots.txt is asked for that alone, and its URLs say why."""
    pages = two_hosts(hang_up) | {"ander.test/robots.txt": hang_up}
    with daily(tmp_path, pages, include=("ander",), retries=2, retry_wait=0.01) as site:
        day = site.take()
        assert site.web.paths("ander.test") == ["/robots.txt"] * 3
        assert {day[url].outcome.value for url in MANY} == {"network-error"}
        assert all("ander.test" in day[url].reason for url in MANY)
        assert day["/9"].outcome == "captured"


# robots.txt


@pytest.mark.parametrize(
    "answer",
    [BUSY, text("oops", status=500), later("0.1"), hang_up, cut],
    ids=lambda one: getattr(one, "__name__", "") or str(one[0]),
)
def test_robots_at_the_second_try(tmp_path, answer):
    """Where robots.txt fails once nothing is asked until it has been got; then the site is archived by its rules."""
    rules = text("User-agent: *\nDisallow: /balie\n")
    pages = of(FINE) | {"/robots.txt": in_turn(answer, rules)}
    with daily(tmp_path, pages, retries=1, retry_wait=0.1) as site:
        day = site.take()
        assert site.web.paths()[:2] == ["/robots.txt"] * 2
        assert site.asked("/balie") == 0
        assert day.outcomes("/robots.txt", "/", "/balie") == {
            "/robots.txt": "captured", "/": "captured", "/balie": "robots",
        }  # fmt: skip
        assert day.statuses("/robots.txt")[-1] == 200
        assert len(day.statuses("/robots.txt")) == (1 if answer is hang_up else 2)
        assert day.snapshot.outcome == "complete"


SLOW_DOWN = text("slow down", status=429)


@pytest.mark.parametrize("times", [1, 2])
def test_robots_refused_for_now(tmp_path, times):
    """A robots.txt that is refused with 429 says nothing yet of what it allows: it is asked for again."""
    rules = text("User-agent: *\nDisallow: /balie\n")
    pages = of(FINE) | {"/robots.txt": in_turn(*[SLOW_DOWN] * times, rules)}
    with daily(tmp_path, pages, retries=2, retry_wait=0.1, max_wait=0.2) as site:
        day = site.take()
        assert site.web.paths()[: times + 1] == ["/robots.txt"] * (times + 1)
        assert (day["/"].outcome, day["/balie"].outcome) == ("captured", "robots")


def test_robots_refused_at_every_try(tmp_path):
    """Where 429 is the answer to every try it counts as any other 4xx, which allows everything."""
    pages = of(FINE) | {"/robots.txt": closed(SLOW_DOWN)}
    with daily(tmp_path, pages, retries=2, retry_wait=0.1, max_wait=0.2) as site:
        day = site.take()
        assert site.asked("/robots.txt") == 3
        assert day["/balie"].outcome == "captured"


# Stopped between two tries

AFTER_A_STOP = [
    BUSY,
    SLOW_DOWN,
    text("no", status=500),
    text("no", status=408),
    text("no", status=522),
    cut,
    text("gateway", status=502),
    text("late", status=504),
    hang_up,
]


@pytest.mark.parametrize("answer", AFTER_A_STOP, ids=lambda one: getattr(one, "__name__", "") or str(one[0]))
def test_stopped_between_two_tries(tmp_path, answer):
    """A crawl that is stopped while a URL waits for its next try asks for it when it carries on, and for it alone."""
    pages = of(in_turn(answer, FINE), "/a") | {"/a": FINE}
    with daily(tmp_path, pages, connections=1, retries=2, retry_wait=600.0, max_wait=0.0) as site:

        def stop(progress):
            if progress.url == f"{HOST}/balie":
                site.archive.stop.set()

        with pytest.raises(StoppedError):
            take(site.archive, site.archive.settings.site[0], report=stop)
        assert site.asked("/balie") == 1
        assert site.asked("/a") == 1
        site.archive.stop.clear()
        unfinished = site.archive.collection.unfinished(SITE)
        day = site.take(next_day=False)
        assert day.folder.timestamp == unfinished.timestamp
        assert (site.asked("/balie"), site.asked("/a"), site.asked("/")) == (1, 0, 0)
        assert (day["/balie"].outcome, day["/balie"].status) == ("captured", 200)
        assert day.snapshot.outcome == "complete"
