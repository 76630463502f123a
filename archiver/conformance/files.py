# SPDX-License-Identifier: EUPL-1.2
"""
Rules about files as they are: R5 WARC/1.1, R6 their size, R7 no compression, R12 quality control, R17 a
catalogue that agrees with them. Knows nothing of ledgers or of packages.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from index.errors import ArchiveError
from index.lifeline import at
from index.model import Page

from ..checking.verify import verify
from ..durable import storage
from ..pages import read_pages
from ..strict import days as strict
from ..strict.rules import RULES, Level
from .records import Seen
from .rules import Fact, Few, Finding, Rule, Verdict
from .subject import Subject

_FIRST = b"WARC/"


def standard(rule: Rule, subject: Subject, seen: Seen) -> Finding:
    """R5: no record breaks a rule of the standard; departures from advice are told."""
    broken, advice = Few(), Few()
    for found in strict.check(subject.warcs, subject.now):
        few = broken if RULES[found.rule].level is Level.SHALL else advice
        few.add(f"{found.file} @ {found.offset}: {found.rule}, {found.what}")
    values = {"records": seen.records, "files": seen.files}
    facts = [broken.fact("strict-bad", **values) if broken.count else Fact("strict-good", values)]
    facts += [advice.fact("strict-advice")] if advice.count else []
    return seen.judged(rule, *facts, good=not broken.count)


def size(rule: Rule, subject: Subject) -> Finding:
    """R6: no file is larger than the limit."""
    limit, over, largest = rule.limit("bytes"), Few(), 0
    for path in subject.warcs:
        with storage(f"look at {path}"):
            found = path.stat().st_size
        largest = max(largest, found)
        if found > limit:
            over.add(f"{path.name}: {found}")
    facts = [Fact("size-largest", {"files": len(subject.warcs), "bytes": largest, "limit": limit})]
    facts += [over.fact("size-over")] if over.count else []
    return _judged(rule, subject, *facts, good=bool(subject.warcs) and not over.count)


def uncompressed(rule: Rule, subject: Subject) -> Finding:
    """R7: every file begins as an uncompressed WARC does."""
    other = Few()
    for path in subject.warcs:
        with storage(f"read {path}"), path.open("rb") as file:
            first = file.read(len(_FIRST))
        if first != _FIRST:
            other.add(f"{path.name}: {first.hex(' ')}")
    files = len(subject.warcs)
    if not other.count:
        return _judged(rule, subject, Fact("plain", {"files": files}), good=bool(files))
    facts = [other.fact("compressed", files=files)]
    if subject.export is None:
        facts.append(Fact("plain-by-export", {"site": subject.folder.site, "day": subject.day.isoformat()}))
    return _judged(rule, subject, *facts, good=False)


def _judged(rule: Rule, subject: Subject, *facts: Fact, good: bool) -> Finding:
    return Finding(rule, Verdict.PASS if good else Verdict.FAIL, facts, subject.where)


def quality(rule: Rule, subject: Subject) -> Finding:
    """R12: everything of the day is read again, and is as it was sealed."""
    problems = Few()
    for problem in verify(subject.folder, subject.find):
        problems.add(str(problem))
    resources = subject.folder.package.get("resources", [])
    total = sum(one.get("bytes", 0) for one in resources)
    good = Fact("verify-good", {"files": len(resources), "bytes": total})
    fact = problems.fact("verify-bad") if problems.count else good
    verdict = Verdict.FAIL if problems.count else Verdict.PASS
    return Finding(rule, verdict, (fact,), subject.folder.timestamp)


def catalogue(rule: Rule, subject: Subject) -> Finding:
    """R17: history and search have what was sealed."""
    site, sample = subject.folder.site, rule.limit("sample")
    folders = subject.collection.snapshots(site)
    wrong, other, asked, pages = Few(), Few(), 0, 0
    for folder in folders:
        if subject.history.snapshot(site, folder.timestamp) != folder.summary:
            wrong.add(folder.timestamp)
    pages = sum(1 for _ in read_pages(subject.folder.pages_path))
    for page in _spread(subject, pages, sample):
        asked += 1
        if not _agrees(subject, page):
            other.add(page.url)
    values = {"snapshots": len(folders), "sample": asked, "pages": pages}
    facts = [wrong.fact("catalogue-snapshots")] if wrong.count else []
    facts += [other.fact("catalogue-pages", sample=asked)] if other.count else []
    facts += _search(subject)
    verdict = Verdict.FAIL if facts else Verdict.PASS
    return Finding(rule, verdict, tuple(facts) or (Fact("catalogue-good", values),), "catalogue")


def _spread(subject: Subject, pages: int, sample: int) -> Iterator[Page]:
    """Yield so many pages, evenly over the list."""
    return islice(read_pages(subject.folder.pages_path), 0, None, max(1, -(-pages // sample)))


def _agrees(subject: Subject, page: Page) -> bool:
    """Tell whether the history says of a page's day what the sealed index says."""
    folder = subject.folder
    capture = folder.index.find(page.url)
    interval = at(subject.history.lifeline(page.url, folder.site), folder.timestamp)
    return capture is not None and interval is not None and interval.content == capture.content


def _search(subject: Subject) -> list[Fact]:
    """Return what keeps the search from answering, if anything does."""
    try:
        name = subject.history.generation()
        if name is not None:
            subject.catalogue.check(name)
    except ArchiveError as error:
        return [Fact("catalogue-search", {"why": str(error)})]
    return []
