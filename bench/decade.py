# SPDX-License-Identifier: EUPL-1.2
"""
An archive of years that can be served: sealed days with index, ledger, changes and WARC, and all published.

    made = make(DATA, days=3650, urls=2000)
    made.pages        each address, with the days on which it became what it is

    made = archive(FOLDER, days=3650, urls=2000)    the same in a folder that keeps it for the next time

Pages have some paragraphs of a made-up language, of which one is another on a day that changed them. A day's
WARC has what changed, with its text. All revisits of all days stand in one more file, and what no day says
otherwise (that file and the ledger) has a name in every day's folder by a hard link. Recorded at once and
not day by day: bench/years.py measures that. Knows nothing of who asks.
"""

from __future__ import annotations

import dataclasses
import random
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import msgspec
from msgspec.structs import replace

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.collection import Collection  # noqa: E402
from archiver.ledger import Entry, UrlOutcome, write_lines  # noqa: E402
from archiver.snapshot_folder import SnapshotFolder  # noqa: E402
from archiver.warc import WarcFiles, original_of, refer  # noqa: E402
from bench.days import Lines  # noqa: E402
from index.catalogue import Catalogue  # noqa: E402
from index.cdxj import format_line  # noqa: E402
from index.changes import Change, Kind, encode_changes, merge, tally  # noqa: E402
from index.document import Document, document_id  # noqa: E402
from index.history import History  # noqa: E402
from index.model import Capture, Outcome, Snapshot  # noqa: E402
from index.publication import Publication  # noqa: E402
from index.timestamp import to_timestamp  # noqa: E402
from index.urlkey import urlkey  # noqa: E402
from tests.support.archive import Reply, exchange  # noqa: E402

SITE = "example"
BASE = "https://www.example.org"
CHANGED = 0.003
"""Share of the addresses that is another on a day."""
LACKING = 40
"""Addresses that every day lacks."""
BEGUN = datetime(2016, 3, 1, 2, 30, tzinfo=UTC)
_LETTERS, _WORDS = "aeioulnrstbdgkmpvw", 30_000
_PARAGRAPHS, _LONG = 8, 40


@dataclass(slots=True)
class Page:
    """An address, what it says now, and the names of the days on which it became another."""

    url: str
    paragraphs: list[str]
    days: list[str] = field(default_factory=list)
    capture: Capture | None = None

    @property
    def text(self) -> str:
        """What a reader sees."""
        return "\n".join(self.paragraphs)

    @property
    def markup(self) -> str:
        """The page as a server sends it."""
        title = " ".join(self.paragraphs[0].split()[:4]).capitalize()
        lines = "".join(f"<p>{one}</p>\n" for one in self.paragraphs)
        head = f'<!doctype html><html lang="nl"><title>{title}</title>'
        return f"{head}<body><h1>{title}</h1>\n{lines}</body></html>"


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the pages, and the names of all days."""

    pages: list[Page]
    days: list[str]
    words: list[str]
    """Of the language, the most common first."""


class Maker:
    """Writes an archive, a day at a time."""

    def __init__(self, root: Path, urls: int, found: random.Random) -> None:
        self.collection = Collection.create(root)
        self.chance = found
        self.words = ["".join(found.choices(_LETTERS, k=found.randint(2, 12))) for _ in range(_WORDS)]
        self._weights = list(accumulate(1 / place for place in range(1, _WORDS + 1)))
        order = sorted(map(_url, range(urls)), key=urlkey)
        self.pages = [Page(url, [self._paragraph() for _ in range(_PARAGRAPHS)]) for url in order]
        self.texts: list[tuple[Document, str]] = []
        self._lines: Lines | None = None
        self._fresh: list[int] = []
        self._shared = root / "shared"
        self._shared.mkdir()
        self._ledger = self._shared / "ledger.jsonl"
        self._ledger.write_bytes(b"".join(write_lines(self._entries())))
        # in a folder with another name it would be a day
        self._again = self._files(self._shared, "again", BEGUN)

    def _paragraph(self) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self._weights, k=_LONG))

    def _entries(self) -> Iterator[Entry]:
        name = to_timestamp(BEGUN)
        for page in self.pages:
            yield Entry(page.url, UrlOutcome.UNCHANGED, 200, "", "link", 5000, name)
        for number in range(LACKING):
            yield Entry(f"{BASE}/zzz/weg-{number:03}", UrlOutcome.HTTP_ERROR, 404, "", "link", 300, name)

    def _files(self, folder: Path, name: str, moment: datetime) -> WarcFiles:
        return WarcFiles(
            folder, name, compression="gzip", warcinfo={"software": "bench"}, now=lambda: moment,
            new_id=lambda: f"<urn:uuid:{uuid.UUID(int=self.chance.getrandbits(128), version=4)}>",
        )  # fmt: skip

    def day(self, moment: datetime, previous: str | None) -> Publication:
        """Write the folder of a day, and return what is to be recorded of it."""
        name = to_timestamp(moment)
        folder = self.collection.at(SITE, name)
        for part in ("archive", "indexes", "pages", "logs"):
            (folder.path / part).mkdir(parents=True)
        places = range(len(self.pages)) if previous is None else self._chosen()
        before = [one for one in (self.pages[place].capture for place in places) if one]
        after, documents = self._write(folder, moment, places)
        kinds: Counter[Kind] = Counter()
        changes = list(tally(merge(before, after), kinds))
        self._index(folder, moment, list(places))
        self._describe(folder, changes)
        shown = Snapshot(
            SITE, name, f"{moment:%Y-%m-%d}", Outcome.COMPLETE, {"unchanged": len(self.pages)},
            changed=0 if previous is None else len(places),
        )  # fmt: skip
        own = {
            "site": SITE, "timestamp": name, "day": shown.day, "outcome": "complete", "counts": shown.counts,
            "changed": shown.changed, "lacking": 0, "demonstration": False, "changed_text": shown.changed,
        }  # fmt: skip
        (folder.path / "datapackage.json").write_bytes(msgspec.json.encode({"resources": [], "daykeep": own}))
        return Publication(shown, changes, documents, previous)

    def _chosen(self) -> list[int]:
        number = max(round(len(self.pages) * CHANGED), 1)
        chosen = sorted(self.chance.sample(range(len(self.pages)), number))
        for place in chosen:
            self.pages[place].paragraphs[self.chance.randrange(_PARAGRAPHS)] = self._paragraph()
        return chosen

    def _write(
        self, folder: SnapshotFolder, moment: datetime, places: range | list[int]
    ) -> tuple[list[Capture], dict[str, Document]]:
        files = self._files(folder.path / "archive", f"{SITE}-{folder.timestamp}", moment)
        after, documents = [], {}
        for page in (self.pages[place] for place in places):
            answer = exchange(page.url, Reply(page.markup), moment)
            page.capture = files.exchange(answer)
            page.days.append(folder.timestamp)
            text = files.resource(f"urn:text:{page.url}", "text/plain", page.text.encode(), moment)
            after.append(page.capture)
            one = _document(page, text, folder.timestamp)
            documents[page.url] = one
            self.texts.append((one, page.text))
        files.close()
        return after, documents

    def _index(self, folder: SnapshotFolder, moment: datetime, places: list[int]) -> None:
        """Write the lines of a day: those of yesterday's changes are revisits from now on."""
        if self._lines is None:
            self._lines = Lines([format_line(page.capture) for page in self.pages if page.capture])
        for place in self._fresh:
            if place not in places:
                self._lines.put(place, self._revisit(self.pages[place]))
        for place in places:
            capture = self.pages[place].capture
            assert capture is not None
            self._lines.put(place, format_line(capture))
        self._fresh = places
        folder.index_path.write_bytes(self._lines.of(f"{moment:%Y%m%d}"))

    def _revisit(self, page: Page) -> bytes:
        assert page.capture is not None
        home = page.days[-1]
        original = original_of(page.capture, home)
        path = self.collection.at(SITE, home).warc(original.filename)
        answer = exchange(page.url, Reply(page.markup), BEGUN)
        again = self._again.exchange(answer, refer(path, original))
        return format_line(replace(again, timestamp=page.capture.timestamp))

    def _describe(self, folder: SnapshotFolder, changes: list[Change]) -> None:
        folder.changes_path.write_bytes(b"".join(encode_changes(changes)))
        folder.pages_path.write_bytes(b"")
        folder.ledger_path.hardlink_to(self._ledger)

    def finish(self) -> None:
        """Let every day have the revisits."""
        self._again.close()
        for path in self._shared.glob("*.warc*"):
            for folder in self.collection.snapshots(SITE):
                folder.warc(path.name).hardlink_to(path)


def _url(number: int) -> str:
    return f"{BASE}/onderwerpen/{number % 37:02}/pagina-{number:05}"


def _document(page: Page, text: Capture, day: str) -> Document:
    assert page.capture is not None
    title = " ".join(page.paragraphs[0].split()[:4]).capitalize()
    name = document_id(SITE, page.url, text.digest, title, "nl")
    place = (text.filename, text.offset, text.length)
    return Document(name, SITE, page.url, title, "nl", day, *place, text.digest)


def make(root: Path, days: int, urls: int) -> Made:
    """Write so many days of so many addresses into a new data folder, and publish them."""
    maker = Maker(root, urls, random.Random(7))
    moments = [BEGUN + timedelta(days=number) for number in range(days)]
    names = list(map(to_timestamp, moments))
    found = [
        maker.day(moment, names[number - 1] if number else None) for number, moment in enumerate(moments)
    ]
    maker.finish()
    catalogue_folder = maker.collection.catalogue
    with (
        History(catalogue_folder / "history.sqlite") as history,
        Catalogue(catalogue_folder / "search") as catalogue,
    ):
        generation = catalogue.publish(None, maker.texts)
        history.publish_anew(SITE, found, lambda: generation)
    return Made(maker.pages, names, maker.words)


def archive(folder: Path, days: int, urls: int) -> Made:
    """Return the archive in `data` of a folder, which is made now where it is not there."""
    known = folder / f"made-{days}-{urls}.json"
    if known.is_file():
        return msgspec.json.decode(known.read_bytes(), type=Made)
    made = make(folder / "data", days, urls)
    bare = dataclasses.replace(
        made, pages=[dataclasses.replace(page, paragraphs=[], capture=None) for page in made.pages]
    )
    known.write_bytes(msgspec.json.encode(bare))
    return made
