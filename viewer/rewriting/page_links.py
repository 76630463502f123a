# SPDX-License-Identifier: EUPL-1.2
"""
The links of an archived page as a reader meets them: words and where they lead.

    <a href="/kosten"><b>Kosten</b> 2026</a>     Link("Kosten 2026", "https://www.example.org/kosten")
    <a href="mailto:a@b.example">Mail</a>        Link("Mail", "mailto:a@b.example")
    <a href="#top">Naar boven</a>                none: it leads nowhere else

With the tokenizer of the rewriter, so linear whatever the page is; an image stands for its `alt`. Of a very
long page the beginning is read. Knows nothing of days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.resolver import Resolver
from index.comparison.links import MAX_LINKS, Link

from .markup import tokens
from .tags import Kind, Token, attributes, unescape

MAX_MARKUP = 1_000_000
"""Characters of a page in which links are looked for."""
MAX_WORDS = 300
"""Characters of the words of a link."""
MAX_OTHER = 300
"""Characters of an address that is none of the web: of mail, of a telephone."""

_OTHER = re.compile(r"\s*+(?:mailto|tel|sms):", re.IGNORECASE)


def links_of(markup: str, url: str) -> list[Link]:
    """Return the links of a page at `url`, in their order: one more than are compared at most."""
    reader = _Reader(markup[:MAX_MARKUP], url)
    return [link for link, _ in zip(reader.links(), range(MAX_LINKS + 1), strict=False)]


class _Reader:
    """Walks through a page once, and remembers the link it is in."""

    def __init__(self, markup: str, url: str) -> None:
        self._markup = markup
        self._url = url
        self._resolver = Resolver(url)
        self._href: str | None = None
        self._words: list[str] = []

    def links(self) -> Iterator[Link]:
        """Yield each link where it ends; one that is never closed ends where the next one begins."""
        place = 0
        for token in tokens(self._markup):
            if self._href is not None:
                self._words.append(unescape(self._markup[place : token.start]))
            place = token.end
            if token.name == "a" and token.kind in {Kind.START, Kind.END}:
                yield from self._ended()
            if token.kind is Kind.START:
                self._begin(token)
        self._words.append(unescape(self._markup[place:]))
        yield from self._ended()

    def _ended(self) -> Iterator[Link]:
        href, self._href = self._href, None
        target = self._target(href) if href is not None else None
        if target is not None:
            yield Link(" ".join("".join(self._words).split())[:MAX_WORDS], target)
        self._words = []

    def _begin(self, token: Token) -> None:
        if token.name in {"a", "area"}:
            self._href = self._value(token, "href")
        elif token.name == "img" and self._href is not None:
            self._words.append(self._value(token, "alt") or "")
        elif token.name == "base" and self._resolver.base == self._url:
            base = self._resolver.resolve(self._value(token, "href") or "")
            self._resolver = Resolver(base or self._url)

    def _value(self, token: Token, name: str) -> str | None:
        found = (one.value for one in attributes(self._markup, token) if one.name == name)
        value = next(found, None)
        return None if value is None else unescape(value)

    def _target(self, href: str) -> str | None:
        if _OTHER.match(href):
            return href.strip()[:MAX_OTHER]
        found = self._resolver.resolve(href.strip())
        return None if found == self._url else found
