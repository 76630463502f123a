# SPDX-License-Identifier: EUPL-1.2
"""
The crawl that a user of warcio would write: capture_http, requests, eight threads, links by selectolax.

    python bench/capture_http_peer.py SEED

Each thread has a session and a WARC of its own, in the current folder; the scope is the host of the seed. A
peer of the bench, kept simple on purpose: no robots, no CSS, no retries, nothing remembered from day to day.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

from warcio.capture_http import capture_http  # before requests: it replaces a class that requests would take

import requests  # isort: skip
from selectolax.lexbor import LexborHTMLParser

THREADS = 8
TAGS = (("a", "href"), ("area", "href"), ("link", "href"), ("img", "src"), ("script", "src"))


def links(url: str, html: bytes) -> Iterator[str]:
    """Yield the absolute addresses that a page names."""
    tree = LexborHTMLParser(html)
    for tag, attribute in TAGS:
        for node in tree.tags(tag):
            if link := node.attributes.get(attribute):
                yield urldefrag(urljoin(url, link)).url


class Crawl:
    """The addresses seen, and those that wait."""

    def __init__(self, seed: str) -> None:
        self.origin = urljoin(seed, "/")
        self.seen = {seed}
        self.lock = threading.Lock()
        self.waiting: queue.Queue[str] = queue.Queue()
        self.waiting.put(seed)

    def work(self, number: int) -> None:
        """Fetch what waits until the process ends."""
        with capture_http(f"thread-{number}.warc.gz", gzip=True), requests.Session() as session:
            while True:
                self.fetch(session, self.waiting.get())
                self.waiting.task_done()

    def fetch(self, session: requests.Session, url: str) -> None:
        """Fetch one address and queue the new ones that it names."""
        answer = session.get(url, timeout=30)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            for link in links(answer.url, answer.content):
                self.add(link)

    def add(self, url: str) -> None:
        """Queue an address of the site, once."""
        if url.startswith(self.origin):
            with self.lock:
                if url not in self.seen:
                    self.seen.add(url)
                    self.waiting.put(url)


def main() -> None:
    """Crawl until nothing waits."""
    crawl = Crawl(sys.argv[1])
    for number in range(THREADS):
        threading.Thread(target=crawl.work, args=(number,), daemon=True).start()
    crawl.waiting.join()


if __name__ == "__main__":
    main()
