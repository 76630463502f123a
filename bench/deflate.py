# SPDX-License-Identifier: EUPL-1.2
"""
Deflate on real records: zlib at several levels beside zlib-ng and ISA-L, where those are installed.

    .venv/bin/python bench/deflate.py [--warc FILE] [--site FOLDER] [--megabytes 40] [--markdown]

The records are those of a WARC, or made of the pages of a folder (Debian's cppreference-doc-en-html): a head
and a body of text, as it came, and compressed once by the server, as most bodies on the web arrive. Each
becomes a gzip member of its own. CPU seconds of one thread; the size is of what went in.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

from warcio.archiveiterator import ArchiveIterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.table import machine, table  # noqa: E402

SITE = Path("/usr/share/cppreference/doc/html")
MEMBER = 31  # wbits of a gzip member
LEVELS = {"zlib": (0, 1, 3, 6, 9), "zlib_ng.zlib_ng": (1, 2, 3, 6, 9), "isal.isal_zlib": (0, 1, 2, 3)}
HEAD = (
    b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://127.0.0.1:8000/%s\r\n"
    b"WARC-Date: 2026-01-01T00:00:00.000000Z\r\nContent-Type: application/http; msgtype=response\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
)


def from_warc(path: Path) -> Iterator[bytes]:
    """Yield the records of a WARC as they were before compression, their heads as warcio prints them."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True):
            yield record.rec_headers.to_ascii_bytes() + record.raw_stream.read()


def from_site(folder: Path, *, compressed: bool) -> Iterator[bytes]:
    """Yield a record for each page of a folder, its body as it is or as a server compresses it."""
    for path in sorted(folder.rglob("*.htm*")):
        body = path.read_bytes()
        name = path.relative_to(folder).as_posix().encode()
        yield HEAD % name + (gzip.compress(body, 1) if compressed else body)


def first(records: Iterator[bytes], most: int) -> list[bytes]:
    """Return the first records that hold `most` bytes together."""
    chosen, held = [], 0
    for record in records:
        chosen.append(record)
        held += len(record)
        if held >= most:
            break
    return chosen


def libraries() -> Iterator[tuple[str, ModuleType]]:
    """Yield the modules that are here; each has zlib's own interface."""
    for name in LEVELS:
        try:
            yield name, importlib.import_module(name)
        except ImportError:
            print(f"{name}: not installed", file=sys.stderr)


def compressor(library: ModuleType, level: int) -> Callable[[bytes], int]:
    """Return a function that makes one gzip member of a record and returns its length."""

    def compress(record: bytes) -> int:
        deflate = library.compressobj(level, zlib.DEFLATED, MEMBER)
        return len(deflate.compress(record)) + len(deflate.flush())

    return compress


def measure(records: list[bytes], compress: Callable[[bytes], int]) -> tuple[float, int]:
    """Return the CPU seconds and the bytes that compressing all records takes, after a few to warm up."""
    for record in islice(records, 20):
        compress(record)
    start = time.process_time()
    length = sum(map(compress, records))
    return time.process_time() - start, length


def rows(kind: str, records: list[bytes]) -> Iterator[tuple[str, ...]]:
    """Yield a line for each library and level."""
    size = sum(map(len, records))
    for name, library in libraries():
        for level in LEVELS[name]:
            seconds, length = measure(records, compressor(library, level))
            speed = (f"{seconds:.2f}", f"{size / 1e6 / seconds:.0f}", f"{len(records) / seconds:.0f}")
            yield kind, f"{name.partition('.')[0]} {level}", *speed, f"{length / size:.3f}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Deflate on real records.")
    parser.add_argument("--warc", type=Path, help="records of this file instead of a folder's")
    parser.add_argument("--site", type=Path, default=SITE)
    parser.add_argument("--megabytes", type=int, default=40, help="of records, before compression")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    given = arguments()
    most = given.megabytes * 1_000_000
    if given.warc:
        kinds = {"WARC": from_warc(given.warc)}
    else:
        kinds = {
            "plain": from_site(given.site, compressed=False),
            "gzip": from_site(given.site, compressed=True),
        }
    chosen = {kind: first(records, most) for kind, records in kinds.items()}
    if not all(chosen.values()):
        where = given.warc or given.site
        sys.exit(
            f"There are no records in {where}. Install the pages that this measures with `apt-get install "
            "cppreference-doc-en-html` (`make bench` does), or give others with --site or --warc."
        )
    lines = [line for kind, records in chosen.items() for line in rows(kind, records)]
    head = ("body", "library", "CPU s", "MB/s", "records/s", "ratio")
    print(f"{machine()}\n")
    print(table(head, lines, markdown=given.markdown))


if __name__ == "__main__":
    main()
