# SPDX-License-Identifier: EUPL-1.2
"""
The search index beside tantivy and SQLite's FTS5: how fast it is made, and how fast it answers as of a day.

    .venv/bin/python bench/search.py [--documents 20000 100000] [--asked 300] [--site FOLDER]
                                     [--engines daykeep tantivy fts5] [--json] [--markdown]

    documents   texts of pages, each page in several versions that follow each other, day by day
    a query     on a random day: the twenty best, and how many there are, of what was online that day
    term        a word of a random page; common words come as often as pages have them
    two terms   two words of one page
    phrase      two or three words that follow each other on a page

The pages are those of cppreference and of the Python manual on this machine, made-up ones where neither is
here. Every engine stems English; texts are stored by none. FTS5 counts by a second query. Ours is what the
viewer asks (`index.search`): it also counts by type and year. The index is kept open; the first query, which
opens it, is told by itself. Our index is written by all cores, as tantivy's is; SQLite's by one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shlex
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.links import read_document  # noqa: E402
from archiver.workers import Workers  # noqa: E402
from bench.generated import page, vocabulary  # noqa: E402
from bench.table import machine, table  # noqa: E402
from index.catalogue import Catalogue, Part  # noqa: E402
from index.changes import merge  # noqa: E402
from index.document import Document, document_id  # noqa: E402
from index.history import History  # noqa: E402
from index.model import Capture, Outcome, Snapshot  # noqa: E402
from index.search import Search  # noqa: E402
from index.timestamp import to_timestamp  # noqa: E402
from index.urlkey import urlkey  # noqa: E402
from index.words import words  # noqa: E402
from index.writing import write_part  # noqa: E402

SITE = "example"
BEGUN = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
FOLDERS = (Path("/usr/share/cppreference/doc/html/en"), Path("/usr/share/doc/python3.11/html"))
VERSIONS = 4
"""Of a page; more where there are too few pages."""

SPREAD = 10
"""Days over which a version of all pages comes about: each day a tenth of them changes."""

BEST = 20


@dataclass(frozen=True, slots=True)
class Version:
    """One text of a page, and the days on which it is online: `first` to `last`, both included."""

    url: str
    text: str
    first: int
    last: int

    @property
    def digest(self) -> str:
        """Stands for the digest of its text, which has day and address in it."""
        return f"sha256:{hashlib.sha256(f'{self.first} {self.url}'.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: words that must all be there, or that must follow each other, on a day."""

    words: tuple[str, ...]
    phrase: bool
    day: int


@dataclass(frozen=True, slots=True)
class Row:
    """An engine with so many documents; milliseconds by kind of query, and how many were found in all."""

    engine: str
    documents: int
    per_second: float
    megabytes: float
    first: float
    """Milliseconds of the first query."""
    p50: dict[str, float]
    p95: dict[str, float]
    found: dict[str, int]


Ask = Callable[[Query], int]
Engine = Callable[[Path, list[Version]], tuple[float, Ask]]


def texts(folders: tuple[Path, ...], most: int) -> list[str]:
    """Return the texts of pages on this machine, or made-up ones."""
    found: list[str] = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*.html"))):
        if len(found) < most and len(text := _text(path.read_bytes())) > 200:
            found.append(text)
    known = vocabulary(random.Random(1))
    made_up = (_text(page(number, most, known, large=False).encode()) for number in range(most))
    return found or list(made_up)


def _text(body: bytes) -> str:
    return read_document("http://a.example/", (("Content-Type", "text/html; charset=utf-8"),), body).text


def versions(pages: list[str], number: int) -> list[Version]:
    """Return so many versions of pages, in the order in which they come."""
    each = max(VERSIONS, -(-number // len(pages)))
    some = pages[: max(1, number // each)]
    chance, made = random.Random(6), []
    for version in range(each):
        for at, text in enumerate(some):
            first = version * SPREAD + at % SPREAD if version else 0
            last = (version + 1) * SPREAD + at % SPREAD - 1
            added = " ".join(chance.choices(text.split(), k=12))
            made.append(
                Version(
                    f"https://www.example.org/{at:06d}", f"{text}\nversion {version} {added}", first, last
                )
            )
    return sorted(made[:number], key=lambda one: (one.first, one.url))


def stamp(day: int) -> str:
    """Return the name of the snapshot of a day."""
    return to_timestamp(BEGUN + timedelta(days=day))


# Engines: each makes its index in a folder, and returns the seconds that took and what answers a query


def daykeep(folder: Path, made: list[Version]) -> tuple[float, Ask]:
    """Ours, with the history that says what was online."""
    history = History(folder / "history.sqlite")
    catalogue = Catalogue(folder / "search")
    documents = {one: _document(one) for one in made}
    by_id = {document.id: one.text for one, document in documents.items()}
    cores = len(os.sched_getaffinity(0))

    def write(parts: list[Part]) -> None:
        tasks = [(path, [(one, by_id[one.id]) for one in some]) for path, some in parts]
        with closing(Workers(write_part, len(tasks))) as workers:
            for _ in workers.results(tasks):
                pass

    start = time.perf_counter()
    generation = catalogue.publish_in_parts(None, list(documents.values()), cores, write)
    spent = time.perf_counter() - start
    _record(history, made, documents, generation)
    search = Search(history, catalogue)

    def ask(query: Query) -> int:
        text = " ".join(query.words)
        asked = f'"{text}"' if query.phrase else text
        return search.find(SITE, asked, stamp(query.day), limit=BEST).total

    return spent, ask


def _document(one: Version) -> Document:
    name = document_id(SITE, one.url, one.digest, "", "en")
    return Document(name, SITE, one.url, "", "en", stamp(one.first), "a.warc", 0, 1, one.digest)


def _record(
    history: History, made: list[Version], documents: dict[Version, Document], generation: str
) -> None:
    """Publish the days on which something changed."""
    before: list[Capture] = []
    previous = None
    for day in sorted({one.first for one in made}):
        new = {one.url: one for one in made if one.first == day}
        online = [one for one in made if one.first <= day <= one.last]
        after = sorted(map(_capture, online), key=lambda one: (one.urlkey, one.url))
        said = Snapshot(
            SITE, stamp(day), (BEGUN + timedelta(days=day)).date().isoformat(), Outcome.COMPLETE, {}
        )
        named = {url: documents[one] for url, one in new.items()}
        history.publish(said, merge(before, after), named, previous=previous, generation=generation)
        before, previous = after, stamp(day)


def _capture(one: Version) -> Capture:
    return Capture(urlkey(one.url), stamp(one.first), one.url, "text/html", 200, one.digest, "a.warc", 0, 1)


def tantivy(folder: Path, made: list[Version]) -> tuple[float, Ask]:
    """Tantivy, the days as indexed numbers."""
    import tantivy as engine  # noqa: PLC0415

    builder = engine.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="en_stem", index_option="position")
    builder.add_text_field("url", stored=True, tokenizer_name="raw")
    for name in ("first", "last"):
        builder.add_integer_field(name, indexed=True, fast=True)
    schema = builder.build()
    start = time.perf_counter()
    index = engine.Index(schema, path=str(folder))
    writer = index.writer(heap_size=256_000_000)
    for one in made:
        writer.add_document(engine.Document(text=one.text, url=one.url, first=one.first, last=one.last))
    writer.commit()
    writer.wait_merging_threads()
    spent = time.perf_counter() - start
    index.reload()
    searcher = index.searcher()

    def ask(query: Query) -> int:
        quoted = " ".join(query.words)
        text = f'"{quoted}"' if query.phrase else " AND ".join(query.words)
        asked = index.parse_query(
            f"({text}) AND first:[* TO {query.day}] AND last:[{query.day} TO *]", ["text"]
        )
        found = searcher.search(asked, BEST)
        for _, address in found.hits:
            searcher.doc(address)
        return int(found.count)

    return spent, ask


def fts5(folder: Path, made: list[Version]) -> tuple[float, Ask]:
    """SQLite's full text, the days in a table beside it."""
    start = time.perf_counter()
    base = sqlite3.connect(folder / "fts.sqlite")
    base.execute(
        "CREATE VIRTUAL TABLE t USING fts5(text, content='', tokenize='porter unicode61 remove_diacritics 2')"
    )
    base.execute("CREATE TABLE d (id INTEGER PRIMARY KEY, url TEXT, first INTEGER, last INTEGER)")
    base.executemany(
        "INSERT INTO t(rowid, text) VALUES (?, ?)", ((at, one.text) for at, one in enumerate(made))
    )
    rows = ((at, one.url, one.first, one.last) for at, one in enumerate(made))
    base.executemany("INSERT INTO d VALUES (?, ?, ?, ?)", rows)
    base.commit()
    spent = time.perf_counter() - start
    online = "FROM t JOIN d ON d.id = t.rowid WHERE t MATCH ? AND first <= ? AND last >= ?"

    def ask(query: Query) -> int:
        text = f'"{" ".join(query.words)}"' if query.phrase else " ".join(f'"{word}"' for word in query.words)
        given = (text, query.day, query.day)
        base.execute(f"SELECT url {online} ORDER BY rank LIMIT {BEST}", given).fetchall()
        return int(base.execute(f"SELECT count(*) {online}", given).fetchone()[0])

    return spent, ask


ENGINES: dict[str, Engine] = {"daykeep": daykeep, "tantivy": tantivy, "fts5": fts5}


def queries(made: list[Version], number: int) -> dict[str, list[Query]]:
    """Return so many queries of each kind, the same for every engine."""
    chance = random.Random(7)
    days = max(one.last for one in made) + 1
    found: dict[str, list[Query]] = {"term": [], "two terms": [], "phrase": []}
    while len(found["phrase"]) < number:
        said = [word.folded for word in words(chance.choice(made).text)]
        long = [word for word in said if len(word) > 2 and word.isascii()]
        at = chance.randrange(max(1, len(said) - 3))
        row = tuple(said[at : at + chance.choice((2, 3))])
        if len(long) < 2 or len(row) < 2 or not all(map(str.isascii, row)):
            continue
        published = chance.choice(sorted({one.first for one in made[:: max(1, len(made) // 500)]}))
        day = published if published < days else 0
        found["term"].append(Query((chance.choice(long),), phrase=False, day=day))
        found["two terms"].append(Query(tuple(chance.sample(long, 2)), phrase=False, day=day))
        found["phrase"].append(Query(row, phrase=True, day=day))
    return found


def run(name: str, made: list[Version], asked: dict[str, list[Query]]) -> Row:
    """Make an index and ask it."""
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as folder:
        spent, ask = ENGINES[name](Path(folder), made)
        megabytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        first, _ = _timed(ask, asked["term"][0])
        taken = {kind: [_timed(ask, query) for query in some] for kind, some in asked.items()}
        times = {kind: sorted(took for took, _ in some) for kind, some in taken.items()}
        return Row(
            name,
            len(made),
            len(made) / spent,
            megabytes,
            first,
            {kind: some[len(some) // 2] for kind, some in times.items()},
            {kind: some[int(len(some) * 0.95)] for kind, some in times.items()},
            {kind: sum(found for _, found in some) for kind, some in taken.items()},
        )


def _timed(ask: Ask, query: Query) -> tuple[float, int]:
    start = time.perf_counter()
    found = ask(query)
    return (time.perf_counter() - start) * 1000, found


KINDS = ("term", "two terms", "phrase")
HEAD = ("engine", "documents", "docs/s", "MB", "first ms", *(f"{kind} p50/p95 ms" for kind in KINDS), "found")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    times = (f"{row.p50[kind]:.2f}/{row.p95[kind]:.2f}" for kind in KINDS)
    found = " ".join(str(row.found[kind]) for kind in KINDS)
    return (
        row.engine,
        str(row.documents),
        f"{row.per_second:.0f}",
        f"{row.megabytes:.0f}",
        f"{row.first:.0f}",
        *times,
        found,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--asked", type=int, default=300)
    parser.add_argument("--site", type=Path, help="a folder of HTML pages in place of those of this machine")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    where, rows = machine(), []
    pages = texts((given.site,) if given.site else FOLDERS, max(given.documents) // VERSIONS)
    for number in given.documents:
        made = versions(pages, number)
        asked = queries(made, given.asked)
        rows += [run(name, made, asked) for name in given.engines]
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in rows]}))
        return
    print(where, f"`{shlex.join(['bench/search.py', *sys.argv[1:]])}`", "", sep="\n")
    print(table(HEAD, [cells(row) for row in rows], markdown=given.markdown))
    for row in (row for row in rows if row.engine == "daykeep" and row.documents <= 20_000):
        said = f"a term {row.p95['term']:.1f} ms (aim: 10), a phrase {row.p95['phrase']:.1f} ms (aim: 30)"
        print(f"\n{row.documents} documents, p95: {said}")


if __name__ == "__main__":
    main()
