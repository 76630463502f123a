# SPDX-License-Identifier: EUPL-1.2
"""
What robots.txt asks of us (RFC 9309). Knows nothing of fetching it or of whether it is obeyed.

    answer to /robots.txt             rules
    2xx                               those of the groups that name us, else of the `*` groups
    4xx, a redirect without end       none: everything is allowed (section 2.3.1.3); 429 too, which is worth
                                      asking again (archiver.retry) before it is taken for an answer
    5xx, no answer                    everything is disallowed (section 2.3.1.4)

Which lines are ours is decided here, and protego is given those lines alone to match paths with. On its
own (0.7.0) it takes `User-agent: day` for us, passes by `User-agent: daykeep/1.0`, and lets an unknown
line end a group (section 2.2.4 forbids that); and its work grows with agents times rules, so that half a
megabyte of robots.txt would take memory and minutes. The rules it gets are bounded too, since every URL of a
site is held against all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from protego import Protego

MAX_BYTES = 512 * 1024
"""How much of a robots.txt is read; section 2.5 asks for 500 KiB at least."""
MAX_CRAWL_DELAY = 60.0
"""Seconds. A delay of an hour asks us not to come, which Disallow can say better."""
MAX_SITEMAPS = 1000
MAX_RULES = 10_000
"""Distinct rules that count for us; the longest lists of real sites have some thousand."""
MAX_WILDCARDS = 1_000
"""Asterisks in all of them together; each is a search through every URL."""
MAX_PATTERN = 3 * 4096
"""Characters of a rule; longer ones fit no URL that we would ask for."""

_PRODUCT = re.compile(r"[A-Za-z_-]+")
_COMPATIBLE = re.compile(r"compatible;\s*([A-Za-z_-]+)", re.IGNORECASE)
# Spellings that other crawlers take as well. The colon is often forgotten; without it there is one word more
# and no sentence, or prose in an HTML page would be read as rules.
_NAME = r"(user agent|crawl delay|[A-Za-z-]++)"
_LINE = re.compile(rf"\s*+(?:{_NAME}\s*+:\s*+(.*)|{_NAME}\s++(\S++))", re.IGNORECASE)
_FIELDS = {
    "user-agent": "user-agent",
    "useragent": "user-agent",
    "user agent": "user-agent",
    "allow": "allow",
    "disallow": "disallow",
    "crawl-delay": "crawl-delay",
    "crawl delay": "crawl-delay",
    "sitemap": "sitemap",
}
# protego cuts lines where str.splitlines does; a robots.txt has no such line ends (section 2.2)
_NO_LINE_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_EVERYTHING = "disallow: /"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one origin asks of us."""

    _protego: Protego
    crawl_delay: float | None = None
    """Seconds between requests, at most MAX_CRAWL_DELAY."""
    sitemaps: list[str] = field(default_factory=list)
    """As written; not checked."""
    note: str = ""
    """What of the file was not read, for the ledger."""

    def allows(self, url: str) -> bool:
        """Return whether we may ask for a URL of this origin."""
        return bool(self._protego.can_fetch(url, "*"))


def parse(status: int, body: bytes, user_agent: str = "daykeep") -> Rules:
    """
    Return the rules in an answer to /robots.txt, redirects followed, content coding undone.

    Never raises: bytes that are not UTF-8, and lines that make no sense, are passed over.
    """
    if status >= 500:
        return unreachable()
    if not 200 <= status < 300:
        return _rules([], [])
    lines = list(_lines(body))
    sitemaps = dict.fromkeys(value for name, value in lines if name == "sitemap" and value)
    cut = (
        f"robots.txt has {len(body)} bytes, the first {MAX_BYTES} were read" if len(body) > MAX_BYTES else ""
    )
    return _rules(_lines_for(product_token(user_agent), lines), list(sitemaps)[:MAX_SITEMAPS], cut)


def unreachable() -> Rules:
    """Return the rules where robots.txt could not be asked for: everything is disallowed."""
    return _rules([_EVERYTHING], [])


def product_token(user_agent: str) -> str:
    """
    Return the name by which robots.txt may address us, in lower case (section 2.2.1).

    `daykeep` of `daykeep/1.0 (+https://…)` and of `Mozilla/5.0 (compatible; daykeep/1.0; …)`.
    """
    match = _COMPATIBLE.search(user_agent)
    if match:
        return match[1].lower()
    first = _PRODUCT.match(user_agent)
    return first[0].lower() if first else "*"


def _rules(lines: list[str], sitemaps: list[str], note: str = "") -> Rules:
    counted = _bounded(lines)
    protego = Protego.parse("\n".join(["user-agent: *", *counted]))
    delay = protego.crawl_delay("*")
    left_out = len(dict.fromkeys(lines)) - len(counted)
    dropped = f"robots.txt has {left_out} rules beyond what is held against every address" if left_out else ""
    return Rules(
        protego,
        None if delay is None else min(delay, MAX_CRAWL_DELAY),
        sitemaps,
        "; ".join(filter(None, (note, dropped))),
    )


def _bounded(lines: list[str]) -> list[str]:
    """Return the distinct rules, in their order, that are not too many or too long to be matched with."""
    kept: list[str] = []
    wildcards = 0
    for line in dict.fromkeys(lines):
        stars = line.count("*")
        if len(kept) < MAX_RULES and len(line) <= MAX_PATTERN and wildcards + stars <= MAX_WILDCARDS:
            kept.append(line)
            wildcards += stars
    return kept


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and value of the lines we know, comments taken off."""
    whole = body[:MAX_BYTES]
    if len(body) > MAX_BYTES:
        whole = whole[: whole.rfind(b"\n") + 1]  # half a rule would disallow more than was meant
    for line in re.split("\r\n|\r|\n", whole.decode("utf-8-sig", "replace")):
        match = _LINE.fullmatch(line.partition("#")[0].rstrip())
        if match and (name := _FIELDS.get((match[1] or match[3]).lower())):
            yield name, _NO_LINE_END.sub(lambda end: quote(end[0]), (match[2] or match[4] or "").strip())


def _lines_for(product: str, lines: list[tuple[str, str]]) -> list[str]:
    """Return the rules of all groups that name us, or else of all that name `*` (section 2.2.1)."""
    rules: dict[str, list[str]] = {}
    addressed: set[str] = set()
    heading = False
    for name, value in lines:
        if name == "user-agent":
            addressed = (addressed if heading else set()) | (_addressed(value) & {product, "*"})
            heading = True
            for agent in addressed:
                rules.setdefault(agent, [])
        elif name in ("allow", "disallow", "crawl-delay"):
            # only a rule ends the heading: `Crawl-delay` between two agents leaves them in one group
            heading = heading and name == "crawl-delay"
            for agent in addressed:
                rules[agent].append(f"{name}: {value}")
    return rules.get(product, rules.get("*", []))


def _addressed(value: str) -> set[str]:
    """Return the agent of a User-agent line: `*`, or the token it begins with."""
    if value == "*" or value.startswith("* "):
        return {"*"}
    match = _PRODUCT.match(value)
    return {match[0].lower()} if match else set()
