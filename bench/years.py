# SPDX-License-Identifier: EUPL-1.2
"""
Ten years of a site in the history, day by day; prints what a day costs and how fast it answers.

    .venv/bin/python bench/years.py [--days 3650] [--urls 10000] [--changed 0.003] [--asked 5000]
                                    [--words 300] [--json] [--markdown]

    first day        every address is new
    a day            so many of them have changed: the merge of two indexes, the rows that come of it, and the
                     texts of what changed into the search index, with what that merges
    settling         making one segment of very many, when the day can be read already
    a day without    nothing has changed
    on a day         the line of an address in the index of a day
    history          the whole lifeline of an address
    a word           the best pages that have it on a day

The days are made up and not crawled: an index with a line for each address is written for every day, merged
with that of the day before by `changes.merge`, as publishing does, its texts go into the catalogue and it is
recorded by `History.publish`. Texts have so many words of a made-up language, common and rare as words are,
or with `--words 0` there are none. Bytes are those that the database grew by, beside what the lines of that
day take: an index with a line for each capture. Knows nothing of WARCs.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from msgspec.structs import replace

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.publish import Shelves  # noqa: E402
from bench.days import Lines  # noqa: E402
from bench.table import machine, report  # noqa: E402
from index.catalogue import Catalogue  # noqa: E402
from index.cdxj import Index, format_line  # noqa: E402
from index.changes import merge  # noqa: E402
from index.document import Document, document_id  # noqa: E402
from index.history import History  # noqa: E402
from index.model import Capture, Outcome, Snapshot  # noqa: E402
from index.search import Search  # noqa: E402
from index.timestamp import to_timestamp  # noqa: E402
from index.urlkey import urlkey  # noqa: E402

SITE = "example"
LETTERS, WORDS = "aeioulnrstbdgkmpvw", 30_000
BEGUN = datetime(2016, 3, 1, 2, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was done so often; milliseconds, and the bytes that it added."""

    what: str
    times: int
    p50: float
    p99: float
    bytes: float = 0.0
    most: float = 0.0
    """The longest of all."""


class Texts:
    """Texts of so many words, of a language in which a few are common and most are rare."""

    def __init__(self, number: int) -> None:
        self.number = number
        choice = random.Random(8)
        self._words = ["".join(choice.choices(LETTERS, k=choice.randint(2, 12))) for _ in range(WORDS)]
        self._weights = list(accumulate(1 / place for place in range(1, WORDS + 1)))

    def of(self, one: Document) -> str:
        """Return the text of a document, the same whenever it is asked for."""
        return " ".join(self.some(random.Random(one.id), self.number))

    def some(self, choice: random.Random, number: int) -> list[str]:
        """Return so many words, common ones more often."""
        return choice.choices(self._words, cum_weights=self._weights, k=number)


def document(one: Capture, timestamp: str) -> Document:
    """Return the document of what an address answers."""
    name = document_id(SITE, one.url, one.digest, "", "nl")
    return Document(name, SITE, one.url, "", "nl", timestamp, "a.warc", 0, 1, one.digest)


@dataclass(slots=True)
class Site:
    """A site as it stands on a day, and the index files of two days."""

    folder: Path
    captures: list[Capture]
    texts: Texts
    day: int = 0
    changed: list[Capture] = field(default_factory=list)
    """Those that answer something else than the day before."""
    lines: Lines = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Lines(list(map(self._line, self.captures)))

    @property
    def timestamp(self) -> str:
        """Name of the snapshot of the day."""
        return to_timestamp(BEGUN + timedelta(days=self.day))

    def write(self) -> tuple[Path, int]:
        """Write the index of the day, and return it with its size."""
        path = self.folder / f"{self.day % 2}.cdxj"
        return path, path.write_bytes(self.lines.of(self.timestamp[:8]))

    def _line(self, capture: Capture) -> bytes:
        return format_line(replace(capture, timestamp=self.timestamp))

    def change(self, number: int, choice: random.Random) -> None:
        """Go on to the next day, on which so many addresses answer something else."""
        self.day += 1
        some = choice.sample(range(len(self.captures)), number)
        for at in some:
            digest = f"sha256:{choice.getrandbits(256):064x}"
            self.captures[at] = replace(self.captures[at], digest=digest)
            self.lines.put(at, self._line(self.captures[at]))
        self.changed = [self.captures[at] for at in some]

    def documents(self) -> dict[str, Document]:
        """Return the texts of what changed, by address; none where texts have no words."""
        return {one.url: document(one, self.timestamp) for one in self.changed} if self.texts.number else {}


def begin(folder: Path, urls: int, words: int) -> Site:
    """Return a site of so many addresses."""
    captures = []
    for number in range(urls):
        url = f"https://www.example.org/onderwerpen/{number % 97:02d}/pagina-{number:06d}"
        record = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
        captures.append(
            Capture(
                urlkey(url), "", url, "text/html", 200, f"sha256:{number:064x}", "example-00000.warc.gz",
                number * 9000, 9000, record=record, date="2016-03-01T02:30:00.000000Z",
            )
        )  # fmt: skip
    captures.sort(key=lambda one: one.urlkey)
    return Site(folder, captures, Texts(words), changed=captures)


def publish(shelves: Shelves, site: Site, before: Path | None, after: Path) -> float:
    """Record a day with its texts, and return how many milliseconds that took."""
    documents = site.documents()
    texts = [(one, site.texts.of(one)) for one in documents.values()]
    history, earlier = shelves.history, shelves.history.generation()
    start = time.perf_counter()
    generation = shelves.catalogue.publish(earlier, texts) if texts else earlier
    previous = to_timestamp(BEGUN + timedelta(days=site.day - 1)) if before else None
    day = (BEGUN + timedelta(days=site.day)).date().isoformat()
    with Index(after) as now:
        was = Index(before) if before else None
        changes = merge(was.captures() if was else (), now.captures())
        snapshot = Snapshot(SITE, site.timestamp, day, Outcome.COMPLETE, {"captured": len(site.captures)})
        history.publish(snapshot, changes, documents, previous=previous, generation=generation)
        if was:
            was.close()
    shelves.catalogue.collect({name for name in (earlier, generation) if name})
    return (time.perf_counter() - start) * 1000


def settle(shelves: Shelves) -> list[float]:
    """Do what follows a publish, and return how many milliseconds that took; nothing where nothing did."""
    start, generation = time.perf_counter(), shelves.history.generation()
    settled = shelves.catalogue.settled(generation) if generation else generation
    if settled is None or settled == generation:
        return []
    shelves.history.name_generation(settled)
    shelves.catalogue.collect({settled})
    return [(time.perf_counter() - start) * 1000]


def size(database: Path) -> int:
    """Return the bytes of the database, its journal included."""
    return sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))


def timed(what: str, times: int, ask: Callable[[], object]) -> Row:
    """Ask so often, and return how long it took."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        found.append((time.perf_counter() - start) * 1000)
    return row_of(what, found)


def row_of(what: str, found: list[float], added: float = 0.0) -> Row:
    """Return the row of so many milliseconds."""
    ordered = sorted(found)
    middle, late = ordered[len(found) // 2], ordered[int(len(found) * 0.99)]
    return Row(what, len(found), middle, late, added, ordered[-1])


def run(folder: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Publish all days, then ask."""
    choice, site = random.Random(5), begin(folder, given.urls, given.words)
    database = folder / "history.sqlite"
    with History(database) as history, Catalogue(folder / "search") as catalogue:
        shelves = Shelves(history, catalogue)
        path, lines = site.write()
        yield row_of("first day", [publish(shelves, site, None, path)], size(database))
        history.close()
        spent: list[float] = []
        settling: list[float] = []
        before = size(database)
        for _ in range(given.days - 2):
            site.change(round(given.urls * given.changed), choice)
            following, lines = site.write()
            spent.append(publish(shelves, site, path, following))
            settling += settle(shelves)
            path = following
        history.close()
        yield row_of("a day", spent, (size(database) - before) / len(spent))
        if settling:
            yield row_of("settling", settling)
        site.change(0, choice)
        before, (following, _) = size(database), site.write()
        unchanged = publish(shelves, site, path, following)
        history.close()
        yield row_of("a day without", [unchanged], size(database) - before)
        yield row_of("its lines, one for each capture", [0.0], lines)
        yield from answers(shelves, site, following, given, choice)


def answers(
    shelves: Shelves, site: Site, index: Path, given: argparse.Namespace, choice: random.Random
) -> Iterator[Row]:
    """Ask for addresses and words at random."""
    history = shelves.history

    def url() -> str:
        return choice.choice(site.captures).url

    yield timed("history", given.asked, lambda: history.lifeline(url(), SITE))
    with Index(index) as day:
        yield timed("on a day", given.asked, lambda: day.find(url()))
    if site.texts.number:
        search = Search(history, shelves.catalogue)
        days = [one.timestamp for one in history.snapshots(SITE)]

        def word() -> object:
            [asked] = site.texts.some(choice, 1)
            return search.find(SITE, asked, choice.choice(days), limit=20)

        yield timed("a word", given.asked, word)


HEAD = ("what", "times", "p50 ms", "p99 ms", "bytes added")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    return row.what, str(row.times), f"{row.p50:.3f}", f"{row.p99:.3f}", f"{row.bytes:.0f}"


def verdicts(rows: list[Row]) -> Iterator[str]:
    """Yield figures beside their aims."""
    found = {row.what: row for row in rows}
    lines = found["its lines, one for each capture"].bytes
    share = 100 * found["a day"].bytes / lines
    yield f"a day adds {share:.2f} % of what its lines take (aim: at most 1)"
    day = found["a day"]
    times = (f"{number / 1000:.2f}" for number in (day.p50, day.p99, day.most))
    yield "a day publishes in {} s, p99 {}, the longest {} (aim: 2)".format(*times)
    yield f"an address on a day: p99 {found['on a day'].p99:.3f} ms (aim: 0.2)"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Daykeep's history over years of days.")
    parser.add_argument("--days", type=int, default=3650)
    parser.add_argument("--urls", type=int, default=10_000)
    parser.add_argument("--changed", type=float, default=0.003, help="share that changes a day")
    parser.add_argument("--asked", type=int, default=5000, help="questions of each kind")
    parser.add_argument("--words", type=int, default=300, help="of each text; 0: no texts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given, where = arguments(), machine()
    command = ".venv/bin/python bench/years.py " + shlex.join(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as name:
        rows = []
        for row in run(Path(name), given):
            rows.append(row)
            print(f"{row.what}: {row.p50:.2f} ms", file=sys.stderr)
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in rows]}, indent=1))
        return
    print(report(where, command, HEAD, [cells(row) for row in rows], verdicts(rows), markdown=given.markdown))


if __name__ == "__main__":
    main()
