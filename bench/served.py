# SPDX-License-Identifier: EUPL-1.2
"""
The site of a bench: a copy of a folder, changed between days, served by nginx; and what nginx sent.

    status   bytes of body   bytes in all      one line of the log for each answer

The bytes are those that left: after compression, at level 1 as nginx has it, and with the head of the answer
in the second number. Every file has an ETag and a Last-Modified. Knows nothing of who asks.
"""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.nginx import Nginx

STARTS = ("index.html", "en/index.html")
"""Where a folder of documentation begins, the likeliest first."""
LAG = 0.3  # seconds; nginx writes a line after the answer has left


@dataclass(frozen=True, slots=True)
class Sent:
    """What a server sent in a while: answers in all, of those the ones with status 200, and bytes."""

    answers: int
    bodies: int
    body_bytes: int
    wire_bytes: int


class Server:
    """A context manager: inside it a folder is served. `folder` takes nginx's own files."""

    def __init__(self, site: Path, folder: Path, start: str) -> None:
        self.log = folder / "sent.log"
        self.start = start
        http = f"log_format sent '$status $body_bytes_sent $bytes_sent'; access_log \"{self.log}\" sent;"
        self.nginx = Nginx(site, folder, http=http)
        self._read = 0

    def __enter__(self) -> Self:
        self.nginx.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.nginx.__exit__(None, None, None)

    @property
    def url(self) -> str:
        """The address of the root, with its closing slash."""
        return self.nginx.url

    @property
    def seed(self) -> str:
        """The address where a crawl begins."""
        return self.url + self.start

    def sent(self) -> Sent:
        """Return what was sent since this was last asked."""
        time.sleep(LAG)
        with self.log.open(encoding="ascii") as log:
            log.seek(self._read)
            lines = [tuple(map(int, line.split())) for line in log.read().splitlines()]
            self._read = log.tell()
        bodies = sum(status == 200 for status, _, _ in lines)
        return Sent(len(lines), bodies, sum(line[1] for line in lines), sum(line[2] for line in lines))


def start_of(site: Path) -> str:
    """Return the page of a folder where a crawl begins. Raises SystemExit where there is none."""
    for name in STARTS:
        if (site / name).is_file():
            return name
    raise SystemExit(f"{site} has no page to begin with: one of {', '.join(STARTS)} is needed.")


def copy(site: Path, target: Path) -> Path:
    """Copy a folder with the times of its files, from which nginx makes ETag and Last-Modified."""
    shutil.copytree(site, target)
    return target


def change(site: Path, share: float, chance: random.Random) -> int:
    """Change a share of the pages of a site, as an editor would who adds a sentence; return how many."""
    pages = sorted(path for path in site.rglob("*.htm*") if path.is_file())
    chosen = chance.sample(pages, round(len(pages) * share))
    for number, path in enumerate(chosen):
        note = f"<p>Corrected, {number} of {len(chosen)}, mark {chance.getrandbits(32):08x}.</p>".encode()
        text = path.read_bytes()
        body = text.rfind(b"</body>")
        cut = body if body >= 0 else len(text)
        path.write_bytes(text[:cut] + note + text[cut:])
    return len(chosen)
