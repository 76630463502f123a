# SPDX-License-Identifier: EUPL-1.2
"""
What an XML page declares of itself, put where it is meant: a rewriter then sees each address where it stands.

    <!DOCTYPE a [<!ENTITY x "//h/"><!ATTLIST b c CDATA "//i/">]><a href="&x;"><b/></a>
    <!DOCTYPE a [<!ATTLIST b c CDATA #IMPLIED>]><a href="//h/"><b c="//i/"/></a>

References to entities of the page's own doctype are replaced by their text, in content and in attributes, and
the default of an attribute is written into each tag that has none (XML 1.0 sections 3.3.2, 4.4 and 4.5).
Of the doctype is left what can put nothing into a page: no text of an entity, no default, and no parameter
entity nor what that declares. A reference for which there is no room (`MOST_MORE`) then refers to nothing,
and a browser ends the page there. Linear in what comes out. Knows nothing of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .markup import QUOTED, tokens
from .tags import Kind, Token, attributes, unescape

MOST_MORE = 1 << 20
"""Characters by which a page may grow."""
_DEEPEST = 16
"""Entities within each other."""

_SUBSET = re.compile(rf"<!DOCTYPE(?:[^>\[\"']|{QUOTED})*+\[")
_PART = re.compile(
    rf"<!--(?s:.*?)(?:-->|\Z)|<\?(?s:.*?)(?:\?>|\Z)|<!(?P<kind>[A-Z]++)(?P<rest>(?:[^>\"']|{QUOTED})*+)>?"
)
_ENTITY = re.compile(r"\s++(?P<name>[^\s\"'%]++)\s++(?:\"(?P<value>[^\"]*+)\"|'(?P<other>[^']*+)')")
_OF_ELEMENT = re.compile(r"\s++(?P<element>[^\s\"'<>%&]++)")
_DEFAULT = re.compile(
    r"(?<!\s)\s++(?P<name>[^\s\"'<>()|#%&]++)\s++(?P<type>(?:[A-Z]++\s*+)?+(?:\([^()\"'<>%&#]*+\)\s*+)?+)"
    r"(?:#REQUIRED|#IMPLIED|(?:#FIXED\s++)?+(?P<written>\"(?P<value>[^\"]*+)\"|'(?P<other>[^']*+)'))"
)
_EXTERNAL = r"\s++(?P<name>[^\s\"'<>%&]++)\s++(?:SYSTEM|PUBLIC)(?:\s*+(?:\"[^\"]*+\"|'[^']*+')){1,2}"
_HARMLESS = {"ELEMENT": re.compile(r"[^\"'<>%&]++"), "NOTATION": re.compile(rf"{_EXTERNAL}\s*+")}
"""Declarations that put no text into a page."""
_OTHER_FILE = re.compile(_EXTERNAL)
_PREDEFINED = frozenset({"amp", "apos", "gt", "lt", "quot"})
"""Entities that mean the same whatever a page declares (XML 1.0 section 4.6)."""
_CHARACTER = re.compile(r"&#(?:x[0-9A-Fa-f]++|[0-9]++);")
_REFERENCE = re.compile(r"&([^\s&;#<>\"']++);")


@dataclass(slots=True)
class _Declared:
    """What a doctype declares: texts of entities, and the defaults of each element's attributes."""

    entities: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, dict[str, str]] = field(default_factory=dict)
    left: int = MOST_MORE

    def expanded(self, text: str, depth: int = 0) -> str:
        """Return a text without references to these entities, as far as there is room."""
        if not self.entities or "&" not in text:
            return text
        pieces, done = [], 0
        for found in _REFERENCE.finditer(text):
            value = self.entities.get(found[1])
            if value is None or depth >= _DEEPEST or self.left < len(value):
                continue
            self.left -= len(value)
            pieces += [text[done : found.start()], self.expanded(value, depth + 1)]
            done = found.end()
        return "".join([*pieces, text[done:]])


def resolved(text: str) -> str:
    """Return an XML page that says the same without entities and defaults of its own doctype."""
    doctype = next((one for one in tokens(text, xml=True) if not _is_before(text, one)), None)
    subset = _SUBSET.match(text, doctype.start, doctype.end) if doctype else None
    if doctype is None or subset is None:
        return text
    declared = _Declared()
    left = "".join(_left(text[subset.end() : doctype.end], declared))
    begun = f"{text[: subset.end()]}{left}]>"
    return begun + _with_defaults(_with_texts(text[doctype.end :], declared), declared)


def _is_before(text: str, token: Token) -> bool:
    return token.kind is Kind.OTHER and not text.startswith("<!DOCTYPE", token.start)


def _left(subset: str, declared: _Declared) -> Iterator[str]:
    """Take in what a doctype declares, the first of each; yield what may stay of it."""
    for found in _PART.finditer(subset):
        kind, rest = found["kind"], found["rest"]
        if kind == "ENTITY":
            _take_entity(rest, declared)
        elif kind in _HARMLESS and _HARMLESS[kind].fullmatch(rest):
            yield f"<!{kind}{rest}>"
        elif kind == "ATTLIST":
            yield _take_defaults(rest, declared)


def _take_entity(rest: str, declared: _Declared) -> None:
    """Remember the text of an entity; that of one in another file is none, since browsers read no other."""
    outside = _OTHER_FILE.match(rest)
    if outside:
        declared.entities.setdefault(outside["name"], "")
    found = _ENTITY.match(rest)
    if found and found["name"] not in _PREDEFINED:
        value = found["value"] if found["value"] is not None else found["other"]
        declared.entities.setdefault(found["name"], _CHARACTER.sub(lambda one: unescape(one[0]), value))


def _take_defaults(rest: str, declared: _Declared) -> str:
    """Remember the defaults of an element's attributes; return the declaration without them."""
    element = _OF_ELEMENT.match(rest)
    if element is None:
        return ""
    known = declared.defaults.setdefault(element["element"], {})
    pieces = []
    for found in _DEFAULT.finditer(rest, element.end()):
        pieces.append(f" {found['name']} {found['type'].strip() or 'CDATA'} #IMPLIED")
        if found["written"]:
            value = found["value"] if found["value"] is not None else found["other"]
            known.setdefault(found["name"], value)
    return f"<!ATTLIST {element['element']}{''.join(pieces)}>"


def _with_texts(text: str, declared: _Declared) -> str:
    """Return what stands below the doctype with the texts of entities in its content."""
    if not declared.entities:
        return text
    pieces, done = [], 0
    for token in tokens(text, xml=True):
        written = text[token.start : token.end]
        raw = token.kind in {Kind.TEXT, Kind.PIECE}
        pieces += [
            declared.expanded(text[done : token.start]),
            _in_raw(written, declared) if raw else written,
        ]
        done = token.end
    return "".join([*pieces, declared.expanded(text[done:])])


def _with_defaults(text: str, declared: _Declared) -> str:
    """Return it with the texts of entities in attributes, and with those that tags have by default."""
    if not declared.entities and not declared.defaults:
        return text
    pieces, done = [], 0
    for token in tokens(text, xml=True):
        if token.kind is Kind.START:
            pieces += [text[done : token.start], _tag(text, token, declared)]
            done = token.end
    return "".join([*pieces, text[done:]])


def _in_raw(raw: str, declared: _Declared) -> str:
    """Expand the text of a script or a style sheet, but for its CDATA sections."""
    parts = re.split(r"(<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z))", raw)
    return "".join(part if at % 2 else declared.expanded(part) for at, part in enumerate(parts))


def _tag(text: str, token: Token, declared: _Declared) -> str:
    """Return a start tag with its references replaced and the defaults of attributes that it has not."""
    pieces, done, has = [], token.start, set()
    for one in attributes(text, token, xml=True):
        has.add(one.name)
        value = declared.expanded(one.value) if one.quote else one.value
        if value != one.value:
            pieces += [text[done : one.value_start], one.quote, _quoted(value, one.quote), one.quote]
            done = one.value_end
    pieces.append(text[done : token.attributes[1]])
    element = text[token.start + 1 : token.start + 1 + len(token.name)]
    for name, value in declared.defaults.get(element, {}).items():
        if name in has:
            continue
        written = len(name) + len(value) + 4
        if declared.left < written:
            break
        declared.left -= written
        pieces.append(f' {name}="{_quoted(declared.expanded(value), chr(34))}"')
    return "".join([*pieces, text[token.attributes[1] : token.end]])


def _quoted(value: str, quote: str) -> str:
    return value.replace("<", "&lt;").replace(quote, f"&#{ord(quote)};")
