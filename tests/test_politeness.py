# SPDX-License-Identifier: EUPL-1.2
"""A host is asked with pauses, by few at once, and left alone where it asks for that."""

from __future__ import annotations

from archiver.ledger import UrlOutcome
from archiver.politeness import Politeness
from archiver.retry import Answer

A, SECURE = "http://a.example", "https://a.example"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def made(*, delay=1.0, connections=2, max_wait=300.0):
    clock = Clock()
    return clock, Politeness(delay, connections, max_wait, clock)


def test_delay_between_requests():
    """A host name has one delay, whatever the scheme."""
    clock, politeness = made()
    http, https = politeness.place(A), politeness.place(SECURE)
    politeness.asked(http)
    assert not politeness.may_ask(https)
    clock.now += 1
    assert politeness.may_ask(https)


def test_requests_at_once():
    """No more requests are under way than the site allows, and an answer makes room."""
    _, politeness = made(delay=0)
    place = politeness.place(A)
    asked = [politeness.asked(place) for _ in range(2)]
    assert not politeness.may_ask(place)
    politeness.answered(place, Answer(200), asked[0])
    assert politeness.may_ask(place)


def test_retry_after():
    """A host that says when to come back is left alone until then."""
    clock, politeness = made(delay=0)
    place = politeness.place(A)
    politeness.answered(place, Answer(429, retry_after=60), politeness.asked(place))
    clock.now += 59
    assert not politeness.may_ask(place)
    clock.now += 1
    assert politeness.may_ask(place)


def test_given_up():
    """A host that refuses again and again is given up for the day, with the reason."""
    clock, politeness = made(delay=0)
    place = politeness.place(A)
    for _ in range(5):
        asked = politeness.asked(place)
        clock.now += 1
        politeness.answered(place, Answer(429), asked)
    assert place.given_up is not None
    outcome, reason = place.given_up
    assert outcome is UrlOutcome.NOT_REACHED
    assert "429" in reason


def test_robots_are_asked_first():
    """While robots.txt is on its way, nothing else of the origin is asked for; after a failure it rests."""
    clock, politeness = made(delay=0)
    place = politeness.place(A)
    place.asking_robots = True
    assert not politeness.may_ask(place)
    place.asking_robots, place.robots_at = False, clock.now + 5
    assert not politeness.may_ask(place)
    clock.now += 5
    assert politeness.may_ask(place)


def test_pause():
    """The pause is until the first host may be asked, and never long: answers may come at any time."""
    clock, politeness = made(delay=0.1)
    place = politeness.place(A)
    politeness.asked(place)
    assert 0.09 < politeness.pause([place]) < 0.11
    clock.now += 5
    assert politeness.pause([place]) == 0.001
    assert politeness.pause([]) == 0.2
