# SPDX-License-Identifier: EUPL-1.2
"""Costly answers are made a few at a time: who waits too long is told, and nobody keeps others out."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from index.errors import BusyError
from tests.support.daily import daily, html
from tests.support.snapshots import SITE
from viewer import places
from viewer.pages import search as search_page
from viewer.places import Places, Room, client_of

SECOND = 10.0
HOUSE = "2001:4860:4860:1::/64"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One day of two pages."""
    with daily(
        tmp_path_factory.mktemp("places"), {"/": html("welkom", "/a"), "/a": html("welkom hier")}
    ) as site:
        site.take()
        yield site


@pytest.fixture
def impatient(monkeypatch):
    """Let nobody wait long."""
    monkeypatch.setattr(places, "PATIENCE", 0.01)
    monkeypatch.setattr(places, "AT_THE_DOOR", 0.01)


def holding(stack: ExitStack, some: Places, client: str | None = None) -> None:
    stack.enter_context(some.taken("Too many", client))


@pytest.mark.usefixtures("impatient")
def test_one_more_than_there_are_places():
    """Who finds no place is told why, and a place that is given back is taken by the next."""
    one = Places(1, Room(5, 5))
    with one.taken("Too many"), pytest.raises(BusyError, match="Too many: ask again"), one.taken("Too many"):
        pass
    with one.taken("Too many"):
        pass


def test_a_place_is_waited_for():
    """Who waits has the place as soon as it is given back."""
    one = Places(1, Room(5, 5))
    inside, leave, done = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with one.taken("Too many"):
            inside.set()
            assert leave.wait(SECOND)

    def second() -> None:
        with one.taken("Too many"):
            done.set()

    begun = threading.Thread(target=first)
    begun.start()
    assert inside.wait(SECOND)
    waiting = threading.Thread(target=second)
    waiting.start()
    leave.set()
    begun.join()
    waiting.join()
    assert done.is_set()


@pytest.mark.usefixtures("impatient")
def test_some_are_more_patient():
    """Where one sort is waited for longer than others, who waits so has the place when it is free."""
    one = Places(1, Room(5, 5), patience=SECOND)
    inside, leave, done = threading.Event(), threading.Event(), threading.Event()

    def hold(begun: threading.Event, end: threading.Event | None) -> None:
        with one.taken("Too many"):
            begun.set()
            assert end is None or end.wait(SECOND)

    first = threading.Thread(target=hold, args=(inside, leave))
    first.start()
    assert inside.wait(SECOND)
    second = threading.Thread(target=hold, args=(done, None))
    second.start()
    assert not done.wait(5 * places.PATIENCE)
    leave.set()
    first.join()
    second.join()
    assert done.is_set()


@pytest.mark.usefixtures("impatient")
def test_one_room_for_all_sorts():
    """However many sorts there are, all of them together keep no more threads than the room has."""
    room = Room(3, 3)
    sorts = [Places(2, room), Places(2, room)]
    with ExitStack() as stack:
        for some in (sorts[0], sorts[0], sorts[1]):
            holding(stack, some)
        with pytest.raises(BusyError):
            holding(stack, sorts[1])
    with ExitStack() as stack:
        holding(stack, sorts[1])


@pytest.mark.usefixtures("impatient")
def test_a_client_leaves_room_for_others():
    """One client has no more than its part of the room; others, and who cannot be told from others, come in."""
    some = Places(10, Room(4, 2))
    with ExitStack() as stack:
        holding(stack, some, "192.0.2.7")
        holding(stack, some, "192.0.2.7")
        with pytest.raises(BusyError):
            holding(stack, some, "192.0.2.7")
        holding(stack, some, "192.0.2.8")
        holding(stack, some)
    with ExitStack() as stack:
        holding(stack, some, "192.0.2.7")


@pytest.mark.usefixtures("impatient")
def test_what_fails_gives_its_place_back():
    """A page that cannot be made gives back its place and its room."""
    one = Places(1, Room(1, 1))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), one.taken("Too many", "192.0.2.7"):
            _ = 1 / 0
    with one.taken("Too many", "192.0.2.7"):
        pass


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("8.8.4.4", "8.8.4.4"),
        ("2001:4860:4860:1::8844", HOUSE),
        ("2001:4860:4860:1:aaaa::1", HOUSE),
        ("127.0.0.1", None),  # a proxy on this machine asks for everybody
        ("10.1.2.3", None),  # and so does one beside it
        ("fd00::1", None),
        ("::1", None),
        ("", None),
        (None, None),
        ("unix:", None),
    ],
)
def test_clients_are_told_apart_by_public_addresses(address, client):
    """A client is a public address, of IPv6 the network of a house; whoever has another cannot be told apart."""
    assert client_of(address) == client


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The archive is busy. Try again in 10"),
        ("nl", "Het archief is druk bezet. Probeer het over 10"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_search_says_when_to_come_back(site, monkeypatch, language, said):
    """A search without a place says when to come back, in both languages; what costs little is answered."""
    monkeypatch.setattr(search_page, "LONG", 1)
    monkeypatch.setattr(search_page, "PATIENCE", 0.01)
    visitor, path, real, inside = site.visitor(), f"/{SITE}/search?q=welkom", search_page._search, []

    def while_busy(*given):
        if not inside:
            inside.append(visitor.get(f"{path}+b", Accept_Language=language))
            inside.append(visitor.get("/"))
        return real(*given)

    monkeypatch.setattr(search_page, "_search", while_busy)
    assert visitor.get(path).status_code == 200
    refused, front = inside
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert said in refused.text
    assert front.status_code == 200
