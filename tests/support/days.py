# SPDX-License-Identifier: EUPL-1.2
"""Days of a made-up site, published without a crawl: each a dict of URL to what it answered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from index.changes import merge
from index.document import Document, document_id
from index.model import Capture, Outcome, Snapshot
from index.timestamp import to_timestamp
from index.urlkey import urlkey


@dataclass(frozen=True, slots=True)
class Answer:
    text: str = ""
    status: int = 200
    mime: str = "text/html"
    language: str = "nl"
    title: str | None = None
    """The first sentence of the text where it is left out."""
    redirect: str | None = None


def stamp(day):
    return to_timestamp(datetime(2026, 3, 1, 2, 30, tzinfo=UTC) + timedelta(days=day))


def digest(answer):
    said = f"{answer.text}\n{answer.title}\n{answer.language}"
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()


def capture(url, answer, day):
    return Capture(
        urlkey(url),
        stamp(day),
        url,
        answer.mime,
        answer.status,
        digest(answer),
        "a.warc",
        0,
        1,
        answer.redirect,
    )


def captures(answers, day):
    return sorted(
        (capture(url, answer, day) for url, answer in answers.items()), key=lambda one: (one.urlkey, one.url)
    )


def document(site, url, answer, day):
    title = answer.text.partition(".")[0] if answer.title is None else answer.title
    said = "sha256:" + hashlib.sha256(answer.text.encode()).hexdigest()
    name = document_id(site, url, said, title, answer.language)
    return Document(name, site, url, title, answer.language, stamp(day), "t.warc", 0, 1, said)


def snapshot(day, site="demo"):
    named = stamp(day)
    return Snapshot(
        site, named, f"{named[:4]}-{named[4:6]}-{named[6:8]}", Outcome.COMPLETE, {"captured": 2}, 10, 1
    )


def publish(history, days, *, site="demo", catalogue=None, start=0):
    """Publish days one after the other, as the daily job does; None is a day without a snapshot."""
    before, previous = {}, None
    for day, answers in enumerate(days):
        if answers is None:
            continue
        if day >= start:
            changes = list(merge(captures(before, previous or 0), captures(answers, day)))
            documents = {
                one.url: document(site, one.url, answers[one.url], day)
                for one in changes
                if one.after and not one.same
            }
            texts = [(one, answers[url].text) for url, one in documents.items()]
            generation = catalogue.publish(history.generation(), texts) if catalogue else None
            named = stamp(previous) if previous is not None else None
            history.publish(snapshot(day, site), changes, documents, previous=named, generation=generation)
        before, previous = answers, day
