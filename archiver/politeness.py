# SPDX-License-Identifier: EUPL-1.2
"""
When which host may be asked again. Knows nothing of URLs, of robots.txt's own rules or of what is fetched.

    host     one name: the delay between requests, how many are under way, until when it rests
    place    one origin on it: what its robots.txt said, and whether it is being asked for

Politeness is per host name, robots.txt per origin (RFC 9309 section 2.3). Times are seconds of one
monotonic clock that is passed in, so that a rest of an hour can be tried in a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from index.urlkey import origin

from .ledger import UrlOutcome
from .retry import Answer, Backoff
from .robots import Rules


@dataclass(slots=True)
class Host:
    """Politeness towards one host name."""

    delay: float
    """Seconds from one request to the next."""
    backoff: Backoff
    asked_at: float = float("-inf")
    active: int = 0
    """Requests under way."""

    def wait(self, now: float) -> float:
        """Return the seconds until it may be asked again; not above 0 where it may."""
        return max(self.asked_at + self.delay - now, self.backoff.rest(now))


@dataclass(slots=True)
class Place:
    """What one origin asks of us."""

    name: str
    host: Host
    rules: Rules | None = None
    asking_robots: bool = False
    robots_tries: int = 0
    """How often its robots.txt was asked for in vain."""
    robots_at: float = float("-inf")
    """When it is to be asked for again."""
    closed: tuple[UrlOutcome, str] | None = None
    """Why nothing may be asked for, where its robots.txt could not be had."""

    @property
    def given_up(self) -> tuple[UrlOutcome, str] | None:
        """Why nothing more is asked of it today."""
        reason = self.host.backoff.given_up
        return (UrlOutcome.NOT_REACHED, reason) if reason else self.closed


@dataclass(slots=True)
class Politeness:
    """All hosts and origins of one crawl."""

    delay: float
    connections: int
    max_wait: float
    """Seconds of rest in all that are granted to a host which asks for it."""
    clock: Callable[[], float]
    _hosts: dict[str, Host] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)

    def place(self, name: str) -> Place:
        """Return what is known of an origin, such as `https://www.example.org`."""
        if name not in self._places:
            host = origin(f"{name}/").host
            if host not in self._hosts:
                self._hosts[host] = Host(self.delay, Backoff(self.max_wait))
            self._places[name] = Place(name, self._hosts[host])
        return self._places[name]

    def may_ask(self, place: Place) -> bool:
        """Tell whether a request may go to an origin now."""
        return self._has_room(place) and _wait(place, self.clock()) <= 0

    def asked(self, place: Place) -> float:
        """Note that a request has gone, and return when."""
        place.host.asked_at = self.clock()
        place.host.active += 1
        return place.host.asked_at

    def answered(self, place: Place, answer: Answer, asked: float) -> None:
        """Note what has come of a request that went out at `asked`."""
        place.host.active -= 1
        place.host.backoff.take(answer, asked, self.clock())

    def pause(self, places: Iterable[Place]) -> float:
        """Return in how many seconds the first of these may be asked; a fifth of a second at most."""
        now = self.clock()
        waits = (_wait(place, now) for place in places if self._has_room(place))
        return min(max(min(waits, default=0.2), 0.001), 0.2)

    def _has_room(self, place: Place) -> bool:
        return place.host.active < self.connections and not place.asking_robots


def _wait(place: Place, now: float) -> float:
    return max(place.host.wait(now), place.robots_at - now if place.rules is None else 0.0)
