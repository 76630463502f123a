# SPDX-License-Identifier: EUPL-1.2
"""
A make-believe site of any number of pages, written as files: the same bytes for the same number.

    index.html                page 0
    00/00/000001.html         page n: links to pages 10n+1 … 10n+10, to its neighbours and to two far ones
    style.css                 every page's style sheet
    big.bin                   one body of any size, a file of which nothing takes room on disk

The pages form a tree, ten to a page, so that the queue of a crawl grows as wide as a real site's; each has a
few hundred words of its own, so that no two pages have one text. Knows nothing of servers or crawls.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

BRANCHES = 10
WORDS = 150
LARGE = "big.bin"
SYLLABLES = ("an", "be", "cor", "du", "el", "fa", "go", "hi", "jo", "ka", "lu", "me", "no", "pi", "ro", "su")


def generate(folder: Path, pages: int, *, large: int = 0) -> int:
    """Write a site of that many pages into a new folder, and return how many URLs it has."""
    folder.mkdir()
    (folder / "style.css").write_text("body { margin: 2em auto; max-width: 40em }\n", encoding="ascii")
    words = vocabulary(random.Random(1))
    for number in range(pages):
        path = folder / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(number, pages, words, large=bool(large)), encoding="ascii")
    if large:
        with (folder / LARGE).open("wb") as file:
            file.truncate(large)
    return pages + 1 + bool(large)


def name(number: int) -> str:
    """Return the path of a page: a hundred files to a folder, a hundred folders to a folder."""
    if number == 0:
        return "index.html"
    return f"{number // 10_000:02}/{number // 100 % 100:02}/{number:06}.html"


def targets(number: int, pages: int) -> Iterator[int]:
    """Yield the pages that a page links to."""
    yield from range(number * BRANCHES + 1, min(number * BRANCHES + BRANCHES + 1, pages))
    yield from (one % pages for one in (number - 1, number + 1, number * 7 + 3, number * 31 + 11))


def vocabulary(chance: random.Random) -> list[str]:
    """Return 20,000 make-believe words."""
    return ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 5))) for _ in range(20_000)]


def page(number: int, pages: int, words: list[str], *, large: bool) -> str:
    """Return the HTML of a page."""
    chance = random.Random(number)
    links = "".join(f'<li><a href="/{name(one)}">Page {one}</a></li>' for one in targets(number, pages))
    extra = f'<p><a href="/{LARGE}">All of it</a></p>' if large and number == 0 else ""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Page {number}</title>"
        f"<link rel=stylesheet href=/style.css><h1>Page {number}</h1>"
        f"<p>{' '.join(chance.choices(words, k=WORDS))}.</p><ul>{links}</ul>{extra}\n"
    )
