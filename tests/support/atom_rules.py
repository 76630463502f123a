# SPDX-License-Identifier: EUPL-1.2
"""
The rules of Atom (RFC 4287) and of paged feeds (RFC 5005), as far as a feed of ours can break them.

    complaints(feed)  →  ["entry 2 has 0 elements atom:id, 4.1.2 asks for 1", …]

Written from the standards' text; shares no code with what makes feeds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
# Sections 4.1.1 and 4.1.2: how often an element may stand; an author may stand in the feed for all entries.
_FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "author": (1, None), "generator": (0, 1), "subtitle": (0, 1), "rights": (0, 1), "logo": (0, 1), "icon": (0, 1)}  # fmt: skip
_ENTRY = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "content": (0, 1), "published": (0, 1), "summary": (0, 1), "source": (0, 1), "rights": (0, 1)}  # fmt: skip
_MORE = {"link", "category", "contributor", "author", "entry"}


def complaints(text: bytes) -> list[str]:
    """Return what is wrong with a feed, in words; nothing for one that is right."""
    root = ET.fromstring(text)
    return list(_of_feed(root)) if root.tag == f"{ATOM}feed" else [f"the root is {root.tag}"]


def _of_feed(feed: ET.Element) -> Iterator[str]:
    yield from _counted(feed, _FEED, "the feed")
    yield from _values(feed, "the feed")
    relations = Counter(link.get("rel", "alternate") for link in feed.findall(f"{ATOM}link"))
    if relations["self"] != 1:
        yield "the feed should have one link to itself (4.1.1)"
    for relation in ("first", "next", "previous", "last"):
        if relations[relation] > 1:
            yield f"the feed has {relations[relation]} links rel={relation} (RFC 5005, 3)"
    entries = feed.findall(f"{ATOM}entry")
    names = Counter((entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}updated")) for entry in entries)
    yield from (f"{name} stands twice with one date (4.1.1)" for name, number in names.items() if number > 1)
    for number, entry in enumerate(entries):
        yield from _of_entry(entry, f"entry {number}")


def _of_entry(entry: ET.Element, what: str) -> Iterator[str]:
    yield from _counted(entry, _ENTRY, what)
    yield from _values(entry, what)
    links = [link for link in entry.findall(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
    if not links and entry.find(f"{ATOM}content") is None:
        yield f"{what} has neither content nor a link rel=alternate (4.1.2)"
    if len({(link.get("type"), link.get("hreflang")) for link in links}) != len(links):
        yield f"{what} has two links rel=alternate of one type and language (4.1.2)"
    content = entry.find(f"{ATOM}content")
    if content is not None and content.get("type") == "html":
        if len(content):
            yield f"{what} has elements in content of type html (4.1.3.3)"
        yield from (f"{what} holds <{tag}>" for tag in _tags(content.text or "") - {"p", "ul", "li", "a"})


def _counted(element: ET.Element, allowed: dict[str, tuple[int, int | None]], what: str) -> Iterator[str]:
    found = Counter(child.tag.removeprefix(ATOM) for child in element)
    for name, (least, most) in allowed.items():
        if found[name] < least or (most is not None and found[name] > most):
            yield f"{what} has {found[name]} elements atom:{name}"
    yield from (f"{what} has an unknown element {name}" for name in found.keys() - allowed.keys() - _MORE)


def _values(element: ET.Element, what: str) -> Iterator[str]:
    name = element.findtext(f"{ATOM}id") or ""
    if not _IRI.fullmatch(name):
        yield f"{what} is called {name!r}, which is no IRI (4.2.6)"
    dates = [date.text or "" for kind in ("updated", "published") for date in element.findall(ATOM + kind)]
    yield from (f"{what} has the date {date!r} (3.3)" for date in dates if not _DATE.fullmatch(date))
    targets = [link.get("href", "") for link in element.findall(f"{ATOM}link")]
    yield from (f"{what} links to {target!r} (4.2.7.1)" for target in targets if not _IRI.fullmatch(target))
    people = [author.findtext(f"{ATOM}name") or "" for author in element.findall(f"{ATOM}author")]
    yield from (f"{what} has an author without a name (3.2.1)" for person in people if not person.strip())
    if not (element.findtext(f"{ATOM}title") or "").strip():
        yield f"{what} has an empty title"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.found.add(tag)


def _tags(markup: str) -> set[str]:
    parser = _Tags()
    parser.feed(markup)
    return parser.found
