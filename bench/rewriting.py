# SPDX-License-Identifier: EUPL-1.2
"""
Rewriting real pages for replay: ours beside what could do it instead, where installed; prints a table.

    .venv/bin/python bench/rewriting.py [--site FOLDER] [--megabytes 30] [--markdown]

Each maps absolute addresses in `href`, `src`, `action`, `srcset` and the like, and puts a script first in the
head. `same tree` counts pages of which a parser makes the same tree before and after; the parser is lexbor's.
Ours does more on the way: styles, import maps, frames within the page, what is taken away. pywb's is measured
in `.venv-pywb` (`make oracles`). CPU seconds of one thread; who takes more than a minute is cut short.

    .venv/bin/pip install lxml resiliparse python-lolhtml      for the other rows
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from selectolax.lexbor import LexborHTMLParser  # noqa: E402

from bench.table import machine, table  # noqa: E402
from tests.support.page_tree import SCRIPT, mapper, tree  # noqa: E402
from viewer.rewriting.html import rewrite_html  # noqa: E402

SITE = Path("/usr/share/doc/python3.11/html")
PYWB = ROOT / ".venv-pywb" / "bin" / "python"
NAMES = ("href", "src", "action", "data", "poster", "background", "srcset", "xlink:href")
SELECTOR = ",".join(f"[{name.replace(':', chr(92) + ':')}]" for name in NAMES)

LONGEST = 60
"""CPU seconds for all pages."""

_WITHOUT_PREFIX = ",".join(f"[{name}]" for name in NAMES if ":" not in name)

Rewriter = Callable[[bytes], bytes]

_PYWB = """
import json, sys, time
from pywb.rewrite.html_rewriter import HTMLRewriter
from pywb.rewrite.url_rewriter import UrlRewriter
pages = [open(path, encoding="utf-8", errors="replace").read() for path in json.load(sys.stdin)]
made, begun = [], time.process_time()
for page in pages:
    rewriter = HTMLRewriter(UrlRewriter("20261123023000/https://docs.example.org/a.html", "/web/"),
                            head_insert="<script src=h></script>")
    made.append(rewriter.rewrite(page) + rewriter.final_read())
json.dump([time.process_time() - begun, made], sys.stdout)
"""


def ours() -> Rewriter:
    """Return our own."""
    return lambda body: rewrite_html(body, "utf-8", mapper, SCRIPT)


def lexbor() -> Rewriter:
    """Return parsing and writing out again with lexbor."""

    def rewrite(body: bytes) -> bytes:
        page = LexborHTMLParser(body.decode("utf-8", "replace"))
        for node in page.css(SELECTOR):
            for name in NAMES:
                value = node.attributes.get(name)
                if value and _is_absolute(value):
                    node.attrs[name] = mapper(value)
        head = page.head
        made = page.html or ""
        return (made.replace("<head>", f"<head>{SCRIPT}", 1) if head is not None else made).encode()

    return rewrite


def lxml() -> Rewriter:
    """Return parsing and writing out again with lxml."""
    html: Any = importlib.import_module("lxml.html")

    def rewrite(body: bytes) -> bytes:
        page = html.document_fromstring(body.decode("utf-8", "replace"))
        for node in page.iter():
            for name in NAMES:
                value = node.get(name) if isinstance(node.tag, str) else None
                if value and _is_absolute(value):
                    node.set(name, mapper(value))
        page.find("head").insert(0, html.fragment_fromstring(SCRIPT))
        return b"<!doctype html>" + bytes(html.tostring(page, encoding="utf-8"))

    return rewrite


def resiliparse() -> Rewriter:
    """Return parsing and writing out again with Resiliparse."""
    parse: Any = importlib.import_module("resiliparse.parse.html").HTMLTree

    def rewrite(body: bytes) -> bytes:
        page = parse.parse_from_bytes(body, "utf-8")
        for node in page.document.query_selector_all(SELECTOR):
            for name in NAMES:
                value = node.getattr(name)
                if value and _is_absolute(value):
                    node.setattr(name, mapper(value))
        return str(page).replace("<head>", f"<head>{SCRIPT}", 1).encode()

    return rewrite


def lolhtml() -> Rewriter:
    """Return rewriting as it streams, with Cloudflare's lol-html."""
    module: Any = importlib.import_module("lolhtml")

    class Addresses:
        """What is called for elements with an address."""

        def element(self, found: Any) -> None:
            """Map what is absolute."""
            for name in NAMES:
                value = found.get_attribute(name)
                if value and _is_absolute(value):
                    found.set_attribute(name, mapper(value))

    class Head:
        """What is called for the head."""

        def element(self, found: Any) -> None:
            """Put the script first."""
            found.prepend(SCRIPT, module.ContentType.HTML)

    def rewrite(body: bytes) -> bytes:
        made = bytearray()
        rewriter = module.HTMLRewriter(made.extend)
        rewriter.on(_WITHOUT_PREFIX, Addresses())
        rewriter.on("head", Head())
        rewriter.write(body)
        rewriter.end()
        return bytes(made)

    return rewrite


def _is_absolute(value: str) -> bool:
    return value.lstrip()[:8].lower().startswith(("http://", "https://", "//"))


OTHERS: dict[str, tuple[str, Callable[[], Rewriter]]] = {
    "daykeep": ("viewer", ours),
    "lexbor (selectolax)": ("selectolax", lexbor),
    "lxml": ("lxml", lxml),
    "Resiliparse": ("resiliparse", resiliparse),
    "lol-html": ("lolhtml", lolhtml),
}


def measure(pages: list[bytes], rewrite: Rewriter) -> tuple[float, list[bytes | None]]:
    """Return the CPU seconds of all pages and what was made of each; None where it raised."""
    made: list[bytes | None] = []
    begun = time.process_time()
    for page in pages:
        if time.process_time() - begun > LONGEST:
            break
        try:
            made.append(rewrite(page))
        except Exception as error:  # noqa: BLE001 - a library's failure is a figure here
            print(f"{type(error).__name__}: {error}"[:200], file=sys.stderr)
            made.append(None)
    return time.process_time() - begun, made


def pywb(paths: list[Path]) -> tuple[float, list[bytes | None]]:
    """Measure pywb's rewriter in its own environment."""
    asked = json.dumps([str(path) for path in paths])
    done = subprocess.run([PYWB, "-c", _PYWB], input=asked, capture_output=True, text=True, check=True)
    seconds, made = json.loads(done.stdout)
    return seconds, [page.encode("utf-8", "replace") for page in made]


def rows(paths: list[Path]) -> Iterator[tuple[str, ...]]:
    """Yield a line for each engine that is here."""
    pages = [path.read_bytes() for path in paths]
    before = [tree(page.decode("utf-8", "replace")) for page in pages]
    for name, (module, build) in OTHERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: not installed", file=sys.stderr)
            continue
        seconds, made = measure(pages, build())
        same = sum(
            one is not None and tree(one.decode("utf-8", "replace")) == was
            for one, was in zip(made, before, strict=False)
        )
        yield name, f"{same} of {len(made)}", *speed(seconds, pages[: len(made)])
    if PYWB.exists():
        seconds, _ = pywb(paths)
        yield "pywb", "maps otherwise", *speed(seconds, pages)


def speed(seconds: float, pages: list[bytes]) -> tuple[str, str]:
    """Return megabytes a second, and milliseconds a page."""
    return f"{sum(map(len, pages)) / 1e6 / seconds:.1f}", f"{seconds / len(pages) * 1000:.2f}"


def chosen(site: Path, megabytes: float) -> list[Path]:
    """Return the first pages of a folder that hold so much together."""
    paths, held = [], 0
    for path in sorted(site.rglob("*.htm*")):
        paths.append(path)
        held += path.stat().st_size
        if held >= megabytes * 1_000_000:
            break
    if not paths:
        raise SystemExit(f"{site} has no pages; give another folder with --site.")
    return paths


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Rewriting pages for replay.")
    parser.add_argument("--site", type=Path, default=SITE)
    parser.add_argument("--megabytes", type=float, default=30)
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    given = arguments()
    print(f"{machine()}\n")
    lines = list(rows(chosen(given.site, given.megabytes)))
    print(table(("engine", "same tree", "MB/s of CPU", "ms a page"), lines, markdown=given.markdown))


if __name__ == "__main__":
    main()
