# SPDX-License-Identifier: EUPL-1.2
"""What was refused or failed is asked again the same day, later each time, and so often and no more."""

from __future__ import annotations

import pytest

from archiver.again import Again
from archiver.known import Known, Result
from archiver.ledger import UrlOutcome
from archiver.retry import Answer

ONE = Known("http://a.example/1", 0, "seed", "outlink")
TWO = Known("http://a.example/2", 0, "seed", "outlink")
REFUSED = Answer(503)


def due(again, now, may_ask=lambda _: True):
    return list(again.due(now, may_ask))


def test_waits_longer_each_time():
    """The second try comes after the wait, the third after twice as long, and there is no fourth."""
    again = Again(retries=2, wait=10)
    again.plan(ONE, REFUSED, 100)
    assert (due(again, 109), due(again, 110)) == ([], [ONE])
    again.plan(ONE, REFUSED, 111)
    assert (due(again, 130), due(again, 131)) == ([], [ONE])
    again.plan(ONE, REFUSED, 132)
    assert not again.waiting


@pytest.mark.parametrize("status", [200, 301, 403, 404, 410])
def test_answers_that_stand(status):
    """What a server means is not asked again."""
    again = Again(retries=2, wait=0)
    again.plan(ONE, Answer(status), 0)
    assert not again.waiting


def test_guesses_are_asked_once():
    """What only looked like an address is not worth a second try."""
    again = Again(retries=2, wait=0)
    again.plan(Known(ONE.url, 1, ONE.url, "hint"), REFUSED, 0)
    assert not again.waiting


def test_hosts_that_rest():
    """What is due stays where its host may not be asked, and keeps others from nothing."""
    again = Again(retries=1, wait=0)
    again.plan(ONE, REFUSED, 0)
    again.plan(TWO, REFUSED, 0)
    assert due(again, 1, lambda known: known is TWO) == [TWO]
    assert due(again, 1) == [ONE]


def test_says_how_often():
    """An outcome in vain tells how often the URL was asked for; a good one does not."""
    again = Again(retries=2, wait=0)
    failed, good = Result(UrlOutcome.HTTP_ERROR, 503), Result(UrlOutcome.CAPTURED, 200)
    assert again.told(ONE, failed, REFUSED) == failed
    again.plan(ONE, REFUSED, 0)
    assert again.tried(ONE.url)
    assert again.told(ONE, failed, REFUSED).reason == "asked 2 times"
    assert again.told(ONE, good, Answer(200)) == good
