# SPDX-License-Identifier: EUPL-1.2
"""docs/records.md with an example of every record: `python -m tests.support.record_examples` puts them in anew."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from archiver.discovery import Discovery
from archiver.exchange import Exchange
from archiver.machine import Machine
from archiver.records import iterate
from archiver.settings import Settings, Site
from archiver.snapshot import warcinfo
from archiver.warc import WarcFiles, original_of, reference_of
from tests.support.exchanges import MOMENT, exchange_of, warc_files

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "records.md"
URL = "https://www.example.org/met%20spatie"
RAW = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "1"\r\nContent-Length: 20\r\n\r\n<p>Goedemorgen.</p>\n'
SAME = RAW.replace(b"OK", b"Fine")
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
REQUEST = b"GET /met%20spatie HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
HOW = Discovery("https://www.example.org/", "L", 36, "met spatie")
DAY = timedelta(days=1)


def _exchange(raw: bytes, days: int = 0) -> Exchange:
    protocols = ("http/1.1", "tls/1.3")
    got = exchange_of(raw, URL, moment=MOMENT + days * DAY)
    return replace(got, request=REQUEST, protocols=protocols, cipher="TLS_AES_256_GCM_SHA384")


def write(folder: Path, compression: str = "none") -> None:
    """Write one record of every type, as a crawl does, and a second of what has two forms."""
    site = Site(name="example", title="Example", seeds=("https://www.example.org/",))
    settings = Settings(operator="Example Ministry, archive@example.org")
    info = warcinfo(settings, site, Machine("crawler.example.org", "198.51.100.7"))
    info["daykeep-configuration"] = f"sha256:{hashlib.sha256(b'an example').hexdigest()}"
    files: WarcFiles = warc_files(folder, compression=compression, warcinfo=info)
    first = files.exchange(_exchange(RAW), how=HOW)
    same = reference_of(original_of(first, "20260302023000"), first.digest)
    files.exchange(_exchange(SAME, 1), same)
    files.exchange(_exchange(UNCHANGED, 2), same)
    files.resource(f"urn:text:{URL}", "text/plain; charset=utf-8", b"Goedemorgen.", MOMENT)
    files.close()
    small = warc_files(folder, prefix="u", compression=compression, max_file=2000)
    small.exchange(_exchange(RAW.replace(b"Length: 20", b"Length: 1900") + b"." * 1880))
    small.close()


def examples() -> dict[str, str]:
    """Return the examples by name: head and block, as they stand in a file that is not compressed."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        for path in sorted(Path(folder).iterdir()):
            for name, text in _texts(path):
                if name not in found or name.startswith("continuation"):  # the last one says most
                    found[name] = text
    return found


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    for _, one in iterate(path):
        block = one.block.read()
        name = one.kind
        if name == "revisit":
            name += " 304" if block.startswith(b"HTTP/1.1 304") else " 200"
        if one.field("WARC-Segment-Number"):
            name, block = f"{name} in segments", b"(%d bytes of the message)" % len(block)
        head = "".join(f"{key}: {value}\n" for key, value in one.fields)
        yield name, f"WARC/1.1\n{head}\n{block.decode()}".replace("\r\n", "\n").rstrip("\n")


def render(page: str) -> str:
    """Return the page with the examples as they are now, each behind its mark `<!-- example: NAME -->`."""
    made = examples()
    return re.sub(
        r"(<!-- example: ([a-z0-9 ]+) -->\n```text\n).*?(\n```\n)",
        lambda found: found[1] + made[found[2]] + found[3],
        page,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stderr.write(f"{PAGE} is in step\n")
