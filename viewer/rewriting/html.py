# SPDX-License-Identifier: EUPL-1.2
"""
Rewrites an archived page for replay: one table, tag → attribute → rule, and our script first of all.

Only absolute and protocol-relative http(s) addresses are mapped; relative ones already lead to the right
replay origin. In path mode (addresses/path_address.py) those that begin at the root are mapped too. What
would weaken or escape the replay is taken out (`integrity`, `nonce`, `ping`, the page's own CSP, speculation
rules, preconnections, targets outside the frame). Every other byte stays, in its place and spelling: a tag
that needs no change is not written anew. The result is always UTF-8.

Script is not rewritten: viewer/static/replay.js, whose tag `head_script` builds, maps addresses as they
are used. Knows nothing of requests or of what is in the archive. Why not a library: docs/adr/0007.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape as escape_text

from ..addresses.address import Mapper
from ..addresses.path_address import RootedMapper, touched
from .charset import decode
from .css import rewrite_css_text
from .data_url import DataUrl, parse_data_url
from .headers import map_refresh
from .markup import Attribute, Kind, Token, attributes, escape, tokens, unescape

_SPACE = "\t\n\f\r "
_BREAK = re.compile(r"[\t\n\r]+")
_IMPORT_MAP = re.compile(r"""type\s*+=\s*+["']?\s*+importmap""", re.IGNORECASE)
# A candidate of `srcset` (HTML section 4.8.4.2.1): an address that ends in a comma has no descriptors
_CANDIDATE = re.compile(
    r"(?P<before>[\t\n\f\r ,]*+)(?P<url>[^\t\n\f\r ]++)(?P<after>(?<=,)|(?:[^,(]|\([^)]*+\)?)*+)"
)
_CHARSET = re.compile(r"(charset\s*=\s*[\"']?)[^\s\"';]*", re.IGNORECASE)
_XML_ENCODING = re.compile(r"(<\?xml\s[^>]*?encoding\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
_XML_STYLESHEET = re.compile(r"(<\?xml-stylesheet\s[^>]*?href\s*=\s*)(?:\"([^\"]*)\"|'([^']*)')")
_SPACES = re.compile(r"\A([\t\n\f\r ]*+)(.+)", re.DOTALL)
_XHTML = ' xmlns="http://www.w3.org/1999/xhtml"'
MAX_HEADS = 100
"""Documents within a page (`srcdoc`, `data:`) that get our script; more get it from the page around them."""

_DEEPEST_FRAME = 3
"""`srcdoc` within `srcdoc` that is rewritten; deeper ones get the script from the page around them."""

# Where nothing of this stands in a tag's attributes, none of them needs a change.
_WORTH_A_LOOK = re.compile(
    r"[/\\][\t\n\r]*[/\\]|\\|&(?:#|b?sol|tab|newline)"
    r"|target|ping|integrity|nonce|srcdoc|rel|type|http-equiv|charset|attributionsrc|csp",
    re.IGNORECASE,
)
# Text, and tags as most are written that none of the rules below has to do with: most of a real page. The
# elements named have raw text, are foreign, or have rules that look at more than a doubled slash.
_DULL_TAGS = r"""(?:
      [^<]++
    | </[a-z][a-z0-9]*+>
    | <(?!(?:base|iframe|link|math|meta|noembed|noframes|plaintext|script|style|svg|textarea|title|xmp)[\s/>])
      [a-z][a-z0-9]*+
      (?:[ \n]++(?!(?:attributionsrc|formtarget|integrity|nonce|ping|target)[\s=/>])
        [a-z][a-z0-9:-]*+
        (?:="[^"&/\\\t\n\r]*+SLASHES"|='[^'&/\\\t\n\r]*+SLASHES')?
      )*+
      [ \n]*+/?>
    )*+"""
_DULL = re.compile(_DULL_TAGS.replace("SLASHES", r"(?:/[^\"'&/\\\t\n\r]++)*+/?"), re.VERBOSE)
# In path mode one slash is worth a look
_WORTH_IN_PATHS = re.compile(rf"/|{_WORTH_A_LOOK.pattern}", re.IGNORECASE)
_DULL_IN_PATHS = re.compile(
    _DULL_TAGS.replace("SLASHES", "").replace("(?:base|", "(?:audio|base|img|video|"), re.VERBOSE
)


# In path mode a page's origin is nobody's. What scripts read of these (the rules of a sheet, the points of an
# image in a canvas, how long they took) they may then only read of what was asked for by CORS.
_READ_BY_SCRIPTS = frozenset({"audio", "img", "link", "video"})


@dataclass(slots=True)
class _Heads:
    """How often our script may still be put into documents within a page: each makes the page longer."""

    left: int


@dataclass(frozen=True, slots=True)
class _Page:
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
    based: bool = False
    """Whether a `<base>` came, on which the addresses below it depend."""


Rule = Callable[[str, _Page], str | None]
"""From a value, its references undone, to the new value; None takes the attribute away."""


def rewrite_html(
    body: bytes,
    charset: str | None,
    mapper: Mapper,
    head: bytes | str,
    *,
    xml: bool = False,
    link: Mapper | None = None,
    modules: Sequence[str] = (),
    policy: str = "",
) -> bytes:
    """
    Return a page rewritten for replay, in UTF-8: the answer's Content-Type must say so.

    `charset` is that of the archived Content-Type, if any. `head` (from `head_script`) is put where it
    runs before all else and changes nothing else: not the mode of rendering, not the tree around it.
    `xml` says that the type is XML (`application/xhtml+xml`, `image/svg+xml`); `link` maps where the page
    leads, if otherwise than what it is made of. `modules` are archived origins that scripts may import from:
    they go into the page's own import map, or our script makes one of them. `policy` is put before `head`,
    in the page alone: documents that a page writes have its policy. Never raises for what stands in a page;
    time and memory are linear in its size.
    """
    first = head.decode() if isinstance(head, bytes) else head
    text = decode(body, charset)
    mapped = bool(_IMPORT_MAP.search(text))
    if modules and not mapped:
        first = first.replace("<script", f'<script data-modules="{escape_text(" ".join(modules))}"', 1)
    first = first.replace("<script", f"<script{_XHTML}", 1) if xml else first
    page = _Page(mapper, link, first, xml, modules, policy=policy)
    return _rewritten(text, page).encode("utf-8", "replace")


def head_script(
    src: str,
    *,
    pattern: str,
    timestamp: str,
    origin: str,
    viewer: str,
    cookies: Sequence[str] = (),
    origins: str = "",
    **more: str,
) -> str:
    """
    Return the tag of replay.js for a page; the script itself says what `more` there may be.

    `src` is the script's absolute URL, because a `<base>` of the page around it holds in a `srcdoc`;
    `pattern` as in ReplayAddresses.pattern; `origin` the archived origin of the page; `viewer` the
    viewer's origin; `cookies` what came with the page, as in Set-Cookie. In path mode `origins` are the other
    archived origins, with spaces between. Well-formed in HTML and XML.
    """
    data = {"pattern": pattern, "timestamp": timestamp, "origin": origin, "viewer": viewer, **more}
    data |= {"origins": origins} if origins else {}
    if cookies:
        data["cookies"] = "\n".join(cookies)
    written = "".join(f' data-{name}="{escape_text(value)}"' for name, value in data.items())
    return f'<script src="{escape_text(src)}"{written}></script>'


def _rewritten(text: str, page: _Page) -> str:
    place = _first_place(text, page.xml)
    pieces, done = [], 0
    for start, end, new in _edits(text, page):
        if done <= place <= start:
            pieces += [text[done:place], page.policy, page.head]
            done, place = place, -1
        pieces += [text[done:start], new]
        done = end
    if place >= 0:
        pieces += [text[done:place], page.policy, page.head]
        done = place
    return "".join([*pieces, text[done:]])


def _first_place(text: str, xml: bool) -> int:
    """
    Return where a script runs first: in `<head>`, else before the first thing that would begin the body.

    Never before a doctype: browsers would then render in quirks mode. -1 where there is no such place.
    """
    end = 0
    for token in tokens(text, xml=xml):
        if not xml and text[end : token.start].strip(_SPACE):
            return _after_space(text, end)
        name = _local(token.name)
        if token.kind is Kind.START and name == "head":
            return token.end
        if token.kind is not Kind.OTHER and (token.kind is not Kind.START or name != "html"):
            return _in_root(text, token, end) if xml else token.start
        end = token.end if not xml or token.kind is Kind.START else end
    if xml:
        return end or -1
    return _after_space(text, end)


def _after_space(text: str, start: int) -> int:
    """Return where white space ends: before the head there is none in the tree, within it there is."""
    return len(text) - len(text[start:].lstrip(_SPACE))


def _in_root(text: str, token: Token, html_end: int) -> int:
    """Return the first place in the root of an XML page: after `<html>`, or after another root's tag."""
    if html_end:
        return html_end
    return token.end if token.kind is Kind.START and text[token.end - 2] != "/" else -1


def _edits(text: str, page: _Page) -> Iterator[tuple[int, int, str]]:
    """Yield what changes in a page: from, to, and the new text."""
    script_type = ""
    in_paths = isinstance(page.mapper, RootedMapper)
    worth = _WORTH_IN_PATHS if in_paths else _WORTH_A_LOOK
    always = {"iframe", *(_READ_BY_SCRIPTS if in_paths else ())}
    for token in tokens(text, xml=page.xml, dull=_DULL_IN_PATHS if in_paths else _DULL):
        if token.kind is Kind.START:
            if token.name == "script":
                script_type = _script_type(text, token)
            if token.name in always or worth.search(text, *token.attributes):
                yield from _attribute_edits(text, token, page)
            page = _based(text, token, page) if token.name == "base" else page
        elif token.kind is Kind.RAW:
            new = _raw_text(text[token.start : token.end], token.name, script_type, page)
            if new is not None:
                yield token.start, token.end, new
        elif token.kind is Kind.OTHER and page.xml and text.startswith("<?xml", token.start):
            yield token.start, token.end, _instruction(text[token.start : token.end], page)


def _based(text: str, token: Token, page: _Page) -> _Page:
    """Return the page as it is below a `<base>`, of which the first with an address counts."""
    href = next((one for one in attributes(text, token) if one.name == "href"), None)
    if href is None or page.based or not isinstance(page.mapper, RootedMapper):
        return page
    return replace(page, mapper=page.mapper.based(unescape(href.value)), based=True)


def _attribute_edits(text: str, token: Token, page: _Page) -> Iterator[tuple[int, int, str]]:
    name = _local(token.name)
    found = list(attributes(text, token))
    rules = _meta_rules(found) if name == "meta" else ELEMENTS.get(name, {})
    data = _data_frame(found) if name == "iframe" else None
    if data and page.depth < _DEEPEST_FRAME:
        yield from _sandboxed(found, data, page)
        return
    if name in _READ_BY_SCRIPTS and isinstance(page.mapper, RootedMapper) and not _asks_by_cors(found):
        yield token.attributes[0], token.attributes[0], ' crossorigin=""'
    for attribute in found:
        rule = rules.get(attribute.name) or EVERYWHERE.get(attribute.name)
        if rule:
            yield from _applied(rule, attribute, page)


def _asks_by_cors(found: list[Attribute]) -> bool:
    return any(attribute.name == "crossorigin" for attribute in found)


def _applied(rule: Rule, attribute: Attribute, page: _Page) -> Iterator[tuple[int, int, str]]:
    value = unescape(attribute.value)
    new = rule(value, page)
    if new is None:
        yield attribute.start, attribute.end, ""
    elif new != value:
        quote = attribute.quote or '"'
        yield attribute.value_start, attribute.value_end, f"{quote}{escape(new, quote)}{quote}"


def _raw_text(raw: str, name: str, script_type: str, page: _Page) -> str | None:
    if name == "style":
        return rewrite_css_text(raw, page.mapper)
    if name == "script" and script_type == "importmap" and not page.xml:
        return _import_map(raw, page)
    return None


def _instruction(written: str, page: _Page) -> str:
    """Rewrite the XML declaration, whose encoding no longer holds, and `<?xml-stylesheet?>`."""
    sheet = _XML_STYLESHEET.match(written)
    if sheet:
        address = _url(unescape(sheet[2] or sheet[3] or ""), page)
        return f'{sheet[1]}"{escape(address, chr(34))}"{written[sheet.end() :]}'
    declared = _XML_ENCODING.match(written)
    return f'{declared[1]}"utf-8"{written[declared.end() :]}' if declared else written


def _import_map(raw: str, page: _Page) -> str | None:
    """
    Map the addresses of an import map (HTML section 8.1.5.3); one that is no JSON stays as it is.

    A name that is an absolute address stays one, as scripts write it and as it is here; and the origins that
    scripts import from lead to their replay.
    """
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    parsed.pop("integrity", None)
    mapped = {name: _mapped_json(value, page.mapper, 2) for name, value in parsed.items()}
    own = parsed.get("imports", {})
    if isinstance(own, dict):
        written = {name: page.mapper(to) for name, to in own.items() if isinstance(to, str)}
        origins = {f"{origin}/": page.mapper(f"{origin}/") for origin in page.modules}
        here = _mapped_json(own, page.mapper, 2)
        mapped["imports"] = {**origins, **written, **(here if isinstance(here, dict) else {})}
    return json.dumps(mapped, ensure_ascii=False).replace("<", "\\u003c")


def _mapped_json(value: object, mapper: Mapper, depth: int) -> object:
    if isinstance(value, dict) and depth:
        inner = {name: _mapped_json(one, mapper, depth - 1) for name, one in value.items()}
        # in path mode scripts also ask by the address as it is written
        written = inner if isinstance(mapper, RootedMapper) else {}
        return written | {_mapped_json(name, mapper, 0): one for name, one in inner.items()}
    return mapper(value) if isinstance(value, str) and touched(mapper).match(value) else value


def _data_frame(found: list[Attribute]) -> DataUrl | None:
    """Return the document of an `<iframe src="data:…">`; such frames do not inherit the page's CSP."""
    if any(attribute.name == "srcdoc" for attribute in found):
        return None
    source = next((attribute for attribute in found if attribute.name == "src"), None)
    return parse_data_url(unescape(source.value)) if source else None


def _sandboxed(found: list[Attribute], data: DataUrl, page: _Page) -> Iterator[tuple[int, int, str]]:
    """Turn a `data:` frame into a `srcdoc` of an origin of its own, which does inherit the CSP."""
    document = _rewritten(data.as_html(), _inner(page, page.head))
    allowed = "allow-scripts allow-forms allow-modals"
    for attribute in found:
        if attribute.name == "sandbox":
            asked = set(unescape(attribute.value).lower().split())
            allowed = " ".join(word for word in allowed.split() if word in asked)
    for attribute in found:
        if attribute.name == "src":
            new = f' sandbox="{allowed}" srcdoc="{escape(document, chr(34))}"'
            yield attribute.start, attribute.end, new
        elif attribute.name == "sandbox":
            yield attribute.start, attribute.end, ""


def _meta_rules(found: list[Attribute]) -> dict[str, Rule]:
    """Return the rules of a `<meta>`, which depend on its `http-equiv` (HTML section 4.2.5.3)."""
    kinds = [
        unescape(attribute.value).strip(_SPACE).lower()
        for attribute in found
        if attribute.name == "http-equiv"
    ]
    kind = kinds[0] if kinds else ""
    if kind in _DROPPED_PRAGMAS:
        return {"http-equiv": _removed}
    return {"charset": _utf_8, **({"content": _PRAGMAS[kind]} if kind in _PRAGMAS else {})}


def _script_type(text: str, token: Token) -> str:
    for attribute in attributes(text, token):
        if attribute.name == "type":
            return unescape(attribute.value).strip(_SPACE).lower()
    return ""


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _url(value: str, page: _Page) -> str:
    address = _BREAK.sub("", value)  # as URL parsers do (URL section 4.4)
    return page.mapper(address.strip(_SPACE)) if touched(page.mapper).match(address) else value


def _leading(value: str, page: _Page) -> str:
    """Map an address that the page leads to; what is not absolute stays within."""
    address = _BREAK.sub("", value)
    link = page.link or page.mapper
    return link(address.strip(_SPACE)) if touched(link).match(address) else value


def _values(value: str, page: _Page) -> str:
    """Map a list of values of an animation (SVG Animations section 2.17); most are numbers and stay."""
    return ";".join(
        _SPACES.sub(lambda found: found[1] + _url(found[2], page), one) for one in value.split(";")
    )


def _srcset(value: str, page: _Page) -> str:
    return _CANDIDATE.sub(lambda found: _candidate(found, page), value)


def _candidate(found: re.Match[str], page: _Page) -> str:
    url = found["url"].rstrip(",")
    return f"{found['before']}{_url(url, page)}{found['url'][len(url) :]}{found['after']}"


def _style(value: str, page: _Page) -> str:
    return rewrite_css_text(value, page.mapper)


def _srcdoc(value: str, page: _Page) -> str:
    if page.depth >= _DEEPEST_FRAME:
        return value
    return _rewritten(value, _inner(page, page.head.replace(_XHTML, "", 1)))


def _inner(page: _Page, head: str) -> _Page:
    """Return what is known of a document within a page; after many of them, without our script."""
    page.heads.left -= 1
    first = head if page.heads.left >= 0 else ""
    return replace(page, head=first, xml=False, depth=page.depth + 1, policy="")


def _refresh(value: str, page: _Page) -> str:
    return map_refresh(value, page.link or page.mapper)


def _content_type(value: str, _page: _Page) -> str:
    return _CHARSET.sub(r"\1utf-8", value)


def _utf_8(value: str, _page: _Page) -> str:
    return value if value.lower() == "utf-8" else "utf-8"


def _removed(_value: str, _page: _Page) -> None:
    return None


def _target(value: str, _page: _Page) -> str | None:
    """Take away a target outside the frame; the sandbox would make a dead link of it."""
    return (
        None
        if value.strip(_SPACE).lower() in {"_blank", "_new", "_parent", "_top", "_unfencedtop"}
        else value
    )


def _rel(value: str, _page: _Page) -> str | None:
    """Take away what opens a connection by itself, out of reach of any CSP, or starts another page."""
    words = value.split()
    kept = [
        word
        for word in words
        if word.lower() not in {"dns-prefetch", "preconnect", "prerender", "monetization"}
    ]
    return value if kept == words else " ".join(kept) or None


def _type(value: str, _page: _Page) -> str:
    """Make speculation rules data that no browser acts on."""
    return "text/x-speculationrules" if value.strip(_SPACE).lower() == "speculationrules" else value


_LINK: dict[str, Rule] = {
    "href": _leading,
    "xlink:href": _leading,
    "target": _target,
    "ping": _removed,
    "attributionsrc": _removed,
}
_SOURCE: dict[str, Rule] = {"src": _url}
_BACKGROUND: dict[str, Rule] = {"background": _url}
_ANIMATED: dict[str, Rule] = {"from": _url, "to": _url, "by": _url, "values": _values}

ELEMENTS: dict[str, dict[str, Rule]] = {
    **dict.fromkeys(("a", "area"), _LINK),
    **dict.fromkeys(("animate", "set"), _ANIMATED),
    **dict.fromkeys(("audio", "embed", "fencedframe", "portal", "track"), _SOURCE),
    **dict.fromkeys(("body", "table", "tbody", "td", "tfoot", "th", "thead", "tr"), _BACKGROUND),
    "base": {"href": _url, "target": _target},
    "button": {"formaction": _leading, "formtarget": _target},
    "feimage": {"href": _url},
    "frame": {"src": _leading},
    "form": {"action": _leading, "target": _target},
    "iframe": {"src": _leading, "srcdoc": _srcdoc, "csp": _removed},
    "image": {"href": _url},
    "img": {"src": _url, "srcset": _srcset, "lowsrc": _url, "dynsrc": _url, "attributionsrc": _removed},
    "input": {"src": _url, "formaction": _leading, "formtarget": _target},
    "link": {"href": _url, "imagesrcset": _srcset, "rel": _rel},
    "object": {"data": _url, "codebase": _url},
    "script": {"src": _url, "href": _url, "type": _type, "attributionsrc": _removed},
    "source": {"src": _url, "srcset": _srcset},
    "use": {"href": _url},
    "video": {"src": _url, "poster": _url},
}
"""Tag → attribute → rule. `<meta>` has its own, below."""

_PAINTED = (
    "clip-path", "cursor", "fill", "filter", "marker-end", "marker-mid", "marker-start", "mask", "stroke",
)  # fmt: skip
EVERYWHERE: dict[str, Rule] = {
    "integrity": _removed,
    "nonce": _removed,
    "style": _style,
    "xlink:href": _url,
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
