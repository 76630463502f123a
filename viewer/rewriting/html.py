# SPDX-License-Identifier: EUPL-1.2
"""
Rewrites an archived page for replay: its attributes by rules (rules.py), and our script first of all.

Only absolute and protocol-relative http(s) addresses are mapped; relative ones already lead to the right
replay origin. In path mode (addresses/path_address.py) those that begin at the root are mapped too. What
would weaken or escape the replay is taken out (`integrity`, `nonce`, `ping`, the page's own CSP, speculation
rules, preconnections, targets outside the frame). Every other byte stays, in its place and spelling: a tag
that needs no change is not written anew. The result is always UTF-8.

Script is not rewritten: viewer/static/replay.js, whose tag head.py builds, maps addresses as they are used.
Knows nothing of requests or of what is in the archive. Why not a library: docs/adr/0007.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape as escape_text

from ..addresses.address import Mapper
from ..addresses.path_address import RootedMapper
from .charset import decode
from .css import rewrite_css_text
from .data_url import DataUrl, parse_data_url
from .doctype import resolved
from .dull import plain_of
from .head import first_place
from .import_map import rewrite_import_map
from .markup import (
    DISPUTED,
    DISPUTED_END,
    NO_SECTION,
    NOTHING,
    SECTION,
    TOO_DEEP,
    WHOLE_NOSCRIPT,
    Noscript,
    tokens,
)
from .page_elements import ReadingsDiffer
from .passed_over import dull_of
from .rules import DEEPEST_FRAME, ELEMENTS, EVERYWHERE, XHTML, Page, inner, meta_rules, sheet
from .tags import SPACE, Attribute, Kind, Token, attributes, escape, local, unescape

_IMPORT_MAP = re.compile(r"""type\s*+=\s*+["']?\s*+importmap""", re.IGNORECASE | re.ASCII)
_XML_ENCODING = re.compile(r"(<\?xml\s[^>]*?encoding\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
_SEEMING = re.compile(
    r"(?<![^\s\"'])(?P<name>[^\s=\"']++)\s*+=\s*+(?:\"(?P<value>[^\"]*+)\"|'(?P<other>[^']*+)')"
)
_NO_TEXT = re.compile(r"(<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|<!--(?s:.*?)-->)")
_SECTION = re.compile(r"<!\[CDATA\[(?P<text>(?s:.*?))(?:\]\]>|\Z)")
_PREFIX = re.compile(r"xmlns:([^\s=:]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_XLINK = "http://www.w3.org/1999/xlink"
# Where nothing of this stands in a tag's attributes, none of them needs a change.
_WORTH_A_LOOK = re.compile(
    r"[/\\][\t\n\r]*[/\\]|\\|&(?:#|b?sol|tab|newline)|h[\t\n\r]*t[\t\n\r]*t[\t\n\r]*p"
    r"|target|ping|integrity|nonce|srcdoc|rel|type|http-equiv|charset|attributionsrc|csp",
    re.IGNORECASE,
)
# In path mode one slash is worth a look
_WORTH_IN_PATHS = re.compile(rf"/|{_WORTH_A_LOOK.pattern}", re.IGNORECASE)

_FRAME = re.compile("<frame", re.IGNORECASE)
# What goes leaves nothing where a tag stands before and behind it. Elsewhere it leaves what is nothing to any
# browser: what stands before it and behind would else be one, and of `<` and `img src=//x>` a tag be made
_COMMENT = "<!---->"
_TAKEN_OUT = {
    "noscript": "",
    TOO_DEEP: "",
    DISPUTED: "</tr>",
    DISPUTED_END: "</img>",
    NOTHING: "</img>",
    WHOLE_NOSCRIPT: "</img>",
}
_NOSCRIPT = {True: Noscript.EITHER, False: Noscript.MARKUP}

# In path mode a page's origin is nobody's. What scripts read of these (the rules of a sheet, the points of an
# image in a canvas, how long they took) they may then only read of what was asked for by CORS.
_READ_BY_SCRIPTS = frozenset({"audio", "img", "link", "video"})


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
    scripts: bool = True,
) -> bytes:
    """
    Return a page rewritten for replay, in UTF-8: the answer's Content-Type must say so.

    `charset` is that of the archived Content-Type, if any. `head` (from `head_script`) is put where it
    runs before all else and changes nothing else: not the mode of rendering, not the tree around it.
    `xml` says that the type is XML (`application/xhtml+xml`, `image/svg+xml`); `link` maps where the page
    leads, if otherwise than what it is made of. `modules` are archived origins that scripts may import from:
    they go into the page's own import map, or our script makes one of them. `policy` is put before `head`,
    in the page alone: documents that a page writes have its policy. `scripts` tells whether scripts may run:
    then the content of a `<noscript>` that ends elsewhere for them goes. Never raises for what stands in a
    page; time and memory are linear in its size.
    """
    first = head.decode() if isinstance(head, bytes) else head
    text = decode(body, charset, xml=xml)
    text = resolved(text) if xml else text
    plain = plain_of(text)
    if modules and not (b"importmap" in plain.lower() and _IMPORT_MAP.search(text)):
        first = first.replace("<script", f'<script data-modules="{escape_text(" ".join(modules))}"', 1)
    first = first.replace("<script", f"<script{XHTML}", 1) if xml else first
    page = Page(mapper, link, first, xml, modules, policy=policy, document=_rewritten, scripts=scripts)
    page = replace(page, linking=_linking(text)) if xml else page
    return _rewritten(text, page, plain).encode("utf-8", "replace")


def _linking(text: str) -> frozenset[str]:
    """Return the attributes that are XLink's `href` in a page in XML, whatever it calls them."""
    bound = (found[1] for found in _PREFIX.finditer(text) if unescape(found[2] or found[3] or "") == _XLINK)
    return frozenset(f"{prefix}:href" for prefix in bound)


def _rewritten(text: str, page: Page, plain: bytes | None = None) -> str:
    plain = plain or plain_of(text)
    left = page.heads.left
    try:
        return _edited(text, page, _edits(text, plain, page, _NOSCRIPT[page.scripts]))
    except ReadingsDiffer:
        page.heads.left = left
        return _edited(text, page, _edits(text, plain, page, Noscript.NONE))


def _edited(text: str, page: Page, edits: Iterator[tuple[int, int, str]]) -> str:
    place = first_place(text, page.xml)
    pieces, done = [], 0
    for start, end, new in edits:
        if done <= place <= start:
            pieces += [text[done:place], page.policy, page.head]
            done, place = place, -1
        pieces += [text[done:start], new]
        done = end
    if place >= 0:
        pieces += [text[done:place], page.policy, page.head]
        done = place
    return "".join([*pieces, text[done:]])


def _edits(text: str, plain: bytes, page: Page, noscript: Noscript) -> Iterator[tuple[int, int, str]]:
    """Yield what changes in a page: from, to, and the new text."""
    script_type = ""
    in_paths = isinstance(page.mapper, RootedMapper)
    worth = _WORTH_IN_PATHS if in_paths else _WORTH_A_LOOK
    always = {"base", "iframe", *(_READ_BY_SCRIPTS if in_paths else ())}
    frames = False
    over = dull_of(xml=page.xml, in_paths=in_paths).over(plain)
    for token in tokens(text, xml=page.xml, over=over, noscript=noscript, is_framed=page.depth > 0):
        if frames and _is_of_frames(text, token):
            yield token.start, token.end, "" if token.kind is Kind.RAW else _COMMENT
        elif token.kind is Kind.START:
            frames = frames or (token.name == "frameset" and not page.xml)
            script_type = _script_type(text, token) if local(token.name) == "script" else script_type
            if token.name in always or worth.search(text, *token.attributes):
                yield from _attribute_edits(text, token, page)
            page = _based(text, token, page) if token.name == "base" else page
        elif token.kind is not Kind.END and token.kind is not Kind.OTHER:
            new = _TEXTS[token.kind](text[token.start : token.end], token.name, script_type, page)
            if new is not None:
                yield token.start, token.end, new
        elif token.kind is Kind.OTHER and page.xml and text.startswith("<?xml", token.start):
            yield token.start, token.end, _instruction(text[token.start : token.end], page)


def _is_of_frames(text: str, token: Token) -> bool:
    """Tell whether what is text elsewhere has a frame: in a `<frameset>` all else is no tag (13.2.6.4.20)."""
    told = token.kind not in {Kind.START, Kind.END} and token.name != "noframes"
    return (
        told
        and not text.startswith("<!--", token.start)
        and bool(_FRAME.search(text, token.start, token.end))
    )


def _based(text: str, token: Token, page: Page) -> Page:
    """Return the page as it is below a `<base>`, of which the first with an address counts."""
    href = next((one for one in attributes(text, token, xml=page.xml) if one.name == "href"), None)
    if href is None or page.based or not isinstance(page.mapper, RootedMapper):
        return page
    return replace(page, mapper=page.mapper.based(unescape(href.value)), based=True)


def _attribute_edits(text: str, token: Token, page: Page) -> Iterator[tuple[int, int, str]]:
    name = local(token.name)
    found = list(attributes(text, token, xml=page.xml))
    rules = meta_rules(found) if name == "meta" else ELEMENTS.get(name, {})
    data = _data_frame(found) if name == "iframe" else None
    if data and page.depth < DEEPEST_FRAME:
        yield from _sandboxed(text, token, found, data, page)
        return
    if data:
        rules = {**rules, "src": lambda _value, _page: None}
    if name in _READ_BY_SCRIPTS and isinstance(page.mapper, RootedMapper) and not _asks_by_cors(found):
        yield token.attributes[0], token.attributes[0], ' crossorigin=""'
    taken: set[str] = set()
    edits = []
    for attribute in found:
        called = "xlink:href" if attribute.name in page.linking else attribute.name
        rule = rules.get(called) or EVERYWHERE.get(called)
        value = unescape(attribute.value)
        new = rule(value, page) if rule else value
        if new is None:
            taken.add(attribute.name)
        elif new != value:
            edits.append(_valued(text, attribute, new))
    yield from sorted([*edits, *_without(taken, text, token, page)])


def _without(names: set[str], text: str, token: Token, page: Page) -> Iterator[tuple[int, int, str]]:
    """
    Take attributes out of a tag: where one goes, the next of its name would count.

    A space stays where what follows would else be one with what stands before: `<li nonce="x"nk>`,
    `<svg class=a nonce/>`.
    """
    if names:
        for one in attributes(text, token, xml=page.xml, every=True):
            if one.name in names:
                yield one.start, one.end, "" if text[one.end : one.end + 1] in f"{SPACE}>" else " "


def _asks_by_cors(found: list[Attribute]) -> bool:
    return any(attribute.name == "crossorigin" for attribute in found)


def _valued(text: str, attribute: Attribute, value: str) -> tuple[int, int, str]:
    """Give an attribute another value; one that has none gets the sign before it too."""
    quote = attribute.quote or '"'
    sign = "" if "=" in text[attribute.start : attribute.value_start] else "="
    return attribute.value_start, attribute.value_end, f"{sign}{quote}{escape(value, quote)}{quote}"


def _raw_text(raw: str, name: str, script_type: str, page: Page) -> str | None:
    if name in _TAKEN_OUT:
        return _TAKEN_OUT[name]
    if name == "style":
        return rewrite_css_text(raw, page.mapper)
    if name == SECTION:
        return f"</img>{_as_text(raw)}</img>"
    if name == NO_SECTION:
        return f"<!--{raw[2:].removesuffix('>')}-->"
    if name == "script" and script_type == "importmap":
        return rewrite_import_map(raw, page.mapper, page.modules)
    return None


def _text(written: str, name: str, script_type: str, page: Page) -> str | None:
    """Rewrite the text of a style sheet or an import map whose references and CDATA sections count."""
    pieces = _NO_TEXT.split(written)  # text, and between two of it what is none
    texts = [_undone(piece) for piece in pieces]
    new = _raw_text("".join(texts), name, script_type, page)
    if new is None or new == "".join(texts):
        return None
    each = [_raw_text(one, name, script_type, page) or "" for one in texts]
    if "".join(each) != new:  # an address begins in one piece and ends in another
        return html.escape(new, quote=False)
    edited = zip(pieces, texts, each, strict=True)
    return "".join(piece if one == text else html.escape(one, quote=False) for piece, text, one in edited)


def _as_text(section: str) -> str:
    """Return a CDATA section as text; what is no character stays one to browsers in such a section alone."""
    return html.escape(_undone(section).replace("\0", "\N{REPLACEMENT CHARACTER}"), quote=False)


def _undone(piece: str) -> str:
    """Return what a piece of markup is the text of."""
    section = _SECTION.fullmatch(piece)
    return section[1] if section else "" if piece.startswith("<!--") else html.unescape(piece)


def _piece(_written: str, name: str, script_type: str, _page: Page) -> str | None:
    """Take away more of such a text: what is an address may begin in the first piece and end in another."""
    return "" if name == "style" or script_type == "importmap" else None


def _unwritten(_written: str, name: str, _script_type: str, _page: Page) -> str:
    """Write end tags, so that no browser ends elsewhere what is foreign."""
    return name


_TEXTS = {Kind.RAW: _raw_text, Kind.TEXT: _text, Kind.PIECE: _piece, Kind.UNWRITTEN: _unwritten}


def _instruction(written: str, page: Page) -> str:
    """Rewrite the XML declaration, whose encoding no longer holds, and `<?xml-stylesheet?>`."""
    if written.startswith("<?xml-stylesheet"):
        return _sheet(written, page)
    declared = _XML_ENCODING.match(written)
    return f'{declared[1]}"utf-8"{written[declared.end() :]}' if declared else written


def _sheet(written: str, page: Page) -> str:
    """Rewrite `<?xml-stylesheet?>`, which has what looks like attributes; browsers may take any of two."""
    pieces, done = [], 0
    for found in _SEEMING.finditer(written):
        if found["name"] == "href":
            address = sheet(unescape(found["value"] or found["other"] or ""), page)
            start, end = found.span("value" if found["other"] is None else "other")
            pieces += [written[done:start], escape(address, written[end])]
            done = end
    return "".join([*pieces, written[done:]])


def _data_frame(found: list[Attribute]) -> DataUrl | None:
    """Return the document of an `<iframe src="data:…">`; such frames do not inherit the page's CSP."""
    if any(attribute.name == "srcdoc" for attribute in found):
        return None
    source = next((attribute for attribute in found if attribute.name == "src"), None)
    return parse_data_url(unescape(source.value)) if source else None


def _sandboxed(
    text: str, token: Token, found: list[Attribute], data: DataUrl, page: Page
) -> Iterator[tuple[int, int, str]]:
    """Turn a `data:` frame into a `srcdoc` of an origin of its own, which does inherit the CSP."""
    document = _rewritten(data.as_html(), inner(page, page.head))
    allowed = "allow-scripts allow-forms allow-modals"
    for attribute in found:
        if attribute.name == "sandbox":
            asked = set(unescape(attribute.value).lower().split())
            allowed = " ".join(word for word in allowed.split() if word in asked)
    new = f' sandbox="{allowed}" srcdoc="{escape(document, chr(34))}"'
    for start, end, between in _without({"sandbox", "src"}, text, token, page):
        yield start, end, f"{new}{between}"
        new = ""


def _script_type(text: str, token: Token) -> str:
    for attribute in attributes(text, token):
        if attribute.name == "type":
            return unescape(attribute.value).strip(SPACE).lower()
    return ""
