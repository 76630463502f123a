# SPDX-License-Identifier: EUPL-1.2
"""
What happens to the attributes of a page: one table, tag → attribute → rule.

    a.href      mapped as where the page leads     img.srcset    each address in it mapped
    a.ping      taken away                         iframe.srcdoc a page of its own

Knows nothing of where attributes stand in a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..addresses.address import Mapper
from ..addresses.path_address import mapped_address
from .css import mapped_sheet, rewrite_css_text
from .data_url import parse_data_url
from .headers import map_refresh
from .tags import SPACE, Attribute, unescape

# A candidate of `srcset` (HTML section 4.8.4.2.1): an address that ends in a comma has no descriptors
_CANDIDATE = re.compile(
    r"(?P<before>[\t\n\f\r ,]*+)(?P<url>[^\t\n\f\r ]++)(?P<after>(?<=,)|(?:[^,(]|\([^)]*+\)?)*+)"
)
_ELSEWHERE = re.compile(
    r"[\x00-\x20]*(?!h[\t\n\r]*t[\t\n\r]*t[\t\n\r]*p)[a-z][a-z0-9+.\t\n\r-]*:", re.IGNORECASE
)
_CHARSET = re.compile(r"(charset\s*=\s*[\"']?)[^\s\"';]*", re.IGNORECASE)
_SPACES = re.compile(r"\A([\t\n\f\r ]*+)(.+)", re.DOTALL)
XHTML = ' xmlns="http://www.w3.org/1999/xhtml"'
MAX_HEADS = 100
"""Documents within a page (`srcdoc`, `data:`) that get our script; more get it from the page around them."""
DEEPEST_FRAME = 3
"""Documents within each other that are shown; what is deeper is empty."""


@dataclass(slots=True)
class _Heads:
    """How often our script may still be put into documents within a page: each makes the page longer."""

    left: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a rule may need: how to map, what to put first, and how deep in frames the page is."""

    mapper: Mapper
    link: Mapper | None
    """Maps where the page leads, if otherwise than what it is made of."""
    head: str
    xml: bool
    modules: Sequence[str] = ()
    depth: int = 0
    policy: str = ""
    heads: _Heads = field(default_factory=lambda: _Heads(MAX_HEADS))
    document: Callable[[str, Page], str] = field(kw_only=True)
    """Rewrites a document within the page."""
    scripts: bool = True
    """Whether scripts may run in it."""
    based: bool = False
    """Whether a `<base>` came, on which the addresses below it depend."""
    linking: frozenset[str] = frozenset()
    """Attributes that are `xlink:href` by another name."""


Rule = Callable[[str, Page], str | None]
"""From a value, its references undone, to the new value; None takes the attribute away."""


def meta_rules(found: list[Attribute]) -> dict[str, Rule]:
    """Return the rules of a `<meta>`, which depend on its `http-equiv` (HTML section 4.2.5.3)."""
    kinds = [
        unescape(attribute.value).strip(SPACE).lower()
        for attribute in found
        if attribute.name == "http-equiv"
    ]
    kind = kinds[0] if kinds else ""
    if kind in _DROPPED_PRAGMAS:
        return {"http-equiv": _removed}
    return {"charset": _utf_8, **({"content": _PRAGMAS[kind]} if kind in _PRAGMAS else {})}


def url(value: str, page: Page) -> str:
    """Map an address that a page is made of, if it is absolute."""
    return mapped_address(value, page.mapper)


def sheet(value: str, page: Page) -> str:
    """Map the address of what may be a style sheet."""
    return mapped_sheet(value, page.mapper)


def _leading(value: str, page: Page) -> str:
    """Map an address that the page leads to; what is not absolute stays within."""
    return mapped_address(value, page.link or page.mapper)


def _base(value: str, page: Page) -> str | None:
    """Map the address on which others depend; take it away where it is of no kind that is replayed."""
    return None if _ELSEWHERE.match(value) else url(value, page)


def _values(value: str, page: Page) -> str:
    """
    Map a value of an animation or a list of them (SVG Animations section 2.17); most are numbers and stay.

    Each is an address, or of CSS, as the attribute is that it is for.
    """
    return ";".join(
        _SPACES.sub(lambda found: found[1] + url(found[2], page), one)
        for one in _style(value, page).split(";")
    )


def srcset(value: str, page: Page) -> str:
    """Map the addresses of a `srcset`."""
    return _CANDIDATE.sub(lambda found: _candidate(found, page), value)


def _candidate(found: re.Match[str], page: Page) -> str:
    address = found["url"].rstrip(",")
    return f"{found['before']}{url(address, page)}{found['url'][len(address) :]}{found['after']}"


def _style(value: str, page: Page) -> str:
    return rewrite_css_text(value, page.mapper)


def _embedded(value: str, page: Page) -> str | None:
    """Take away a document in the address itself, which the policy refuses in any case (policy.py)."""
    data = parse_data_url(value)
    return None if data and data.is_document else url(value, page)


def _framed(value: str, page: Page) -> str | None:
    return None if _embedded(value, page) is None else _leading(value, page)


def _srcdoc(value: str, page: Page) -> str:
    if page.depth >= DEEPEST_FRAME:
        return ""
    return page.document(value, inner(page, page.head.replace(XHTML, "", 1)))


def inner(page: Page, head: str) -> Page:
    """Return what is known of a document within a page; after many of them, without our script."""
    page.heads.left -= 1
    first = head if page.heads.left >= 0 else ""
    return replace(page, head=first, xml=False, depth=page.depth + 1, policy="")


def _refresh(value: str, page: Page) -> str:
    return map_refresh(value, page.link or page.mapper)


def _content_type(value: str, _page: Page) -> str:
    return _CHARSET.sub(r"\1utf-8", value)


def _utf_8(value: str, _page: Page) -> str:
    return value if value.lower() == "utf-8" else "utf-8"


def _removed(_value: str, _page: Page) -> None:
    return None


def _target(value: str, _page: Page) -> str | None:
    """Take away a target outside the frame; the sandbox would make a dead link of it."""
    return (
        None if value.strip(SPACE).lower() in {"_blank", "_new", "_parent", "_top", "_unfencedtop"} else value
    )


def _rel(value: str, _page: Page) -> str | None:
    """Take away what opens a connection by itself, out of reach of any CSP, or starts another page."""
    words = value.split()
    kept = [
        word
        for word in words
        if word.lower() not in {"dns-prefetch", "preconnect", "prerender", "monetization"}
    ]
    return value if kept == words else " ".join(kept) or None


def _type(value: str, _page: Page) -> str:
    """Make speculation rules data that no browser acts on."""
    return "text/x-speculationrules" if value.strip(SPACE).lower() == "speculationrules" else value


_LINK: dict[str, Rule] = {
    "href": _leading,
    "xlink:href": _leading,
    "target": _target,
    "ping": _removed,
    "attributionsrc": _removed,
}
_SOURCE: dict[str, Rule] = {"src": url}
_BACKGROUND: dict[str, Rule] = {"background": url}
_IMAGE: dict[str, Rule] = {
    "src": url,
    "srcset": srcset,
    "lowsrc": url,
    "dynsrc": url,
    "attributionsrc": _removed,
}
_ANIMATED: dict[str, Rule] = dict.fromkeys(("by", "from", "to", "values"), _values)
ELEMENTS: dict[str, dict[str, Rule]] = {
    **dict.fromkeys(("a", "area"), _LINK),
    **dict.fromkeys(("animate", "set"), _ANIMATED),
    **dict.fromkeys(("audio", "fencedframe", "portal", "track"), _SOURCE),
    **dict.fromkeys(
        ("body", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"), _BACKGROUND
    ),
    "base": {"href": _base, "target": _target},
    "button": {"formaction": _leading, "formtarget": _target},
    "embed": {"src": _embedded},
    "feimage": {"href": url},
    "frame": {"src": _framed},
    "form": {"action": _leading, "target": _target},
    "iframe": {"src": _leading, "srcdoc": _srcdoc, "csp": _removed},
    "image": {"href": url, **_IMAGE},  # one of SVG, or another name of `<img>` (HTML 13.2.6.4.7)
    "img": _IMAGE,
    "input": {"src": url, "formaction": _leading, "formtarget": _target},
    "link": {"href": sheet, "imagesrcset": srcset, "rel": _rel},
    "object": {"data": _embedded, "codebase": url},
    "script": {"src": url, "href": url, "type": _type, "attributionsrc": _removed},
    "source": {"src": url, "srcset": srcset},
    "use": {"href": url},
    "video": {"src": url, "poster": url},
}
"""Tag → attribute → rule. `<meta>` has its own, below."""
_PAINTED = (
    "clip-path", "cursor", "fill", "filter", "marker-end", "marker-mid", "marker-start", "mask", "stroke",
)  # fmt: skip
EVERYWHERE: dict[str, Rule] = {
    "integrity": _removed,
    "nonce": _removed,
    "style": _style,
    "xlink:href": url,
    # Presentation attributes of SVG that may hold `url()` (SVG 2 section 6.6)
    **dict.fromkeys(_PAINTED, _style),
}
"""Attribute → rule, on any tag."""
_PRAGMAS: dict[str, Rule] = {"refresh": _refresh, "content-type": _content_type}
_DROPPED_PRAGMAS = frozenset(
    {
        "accept-ch", "content-security-policy", "content-security-policy-report-only", "delegate-ch",
        "origin-trial", "permissions-policy", "set-cookie", "x-dns-prefetch-control", "x-frame-options",
    }
)  # fmt: skip
