# SPDX-License-Identifier: EUPL-1.2
"""
What an XML page declares of itself, put where it is meant: a rewriter then sees each address where it stands.

    <!DOCTYPE a [<!ENTITY x "//h/"><!ATTLIST b c CDATA "//i/">]><a href="&x;"><b/></a>
    <!DOCTYPE a [<!ENTITY x "//h/"><!ATTLIST b c CDATA #IMPLIED>]><a href="//h/"><b c="//i/"/></a>

References to entities of the page's own doctype are replaced by their text, in content and in attributes, and
the default of an attribute is written into each tag that has none (XML 1.0 sections 3.3.2, 4.4 and 4.5).
Parameter entities are taken out, with what they declare. Text that grows beyond `MOST_MORE` is left as it is:
browsers refuse such a page too. Linear in what comes out. Knows nothing of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .markup import tokens
from .tags import Kind, Token, attributes, unescape

MOST_MORE = 1 << 20
"""Characters by which a page may grow."""
_DEEPEST = 16
"""Entities within each other."""

_QUOTED = r"\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)"
_PART = re.compile(
    rf"<!--(?s:.*?)(?:-->|\Z)|<\?(?s:.*?)(?:\?>|\Z)|(?P<reference>%[^;\s<]*+;)"
    rf"|<!(?P<kind>[A-Z]++)(?P<rest>(?:[^>\"']|{_QUOTED})*+)>?"
)
_ENTITY = re.compile(
    r"\s++(?P<parameter>%\s++)?(?P<name>[^\s\"']++)\s++(?:\"(?P<value>[^\"]*+)\"|'(?P<other>[^']*+)')"
)
_OF_ELEMENT = re.compile(r"\s++(?P<element>[^\s\"'>]++)")
_DEFAULT = re.compile(
    r"\s++(?P<name>[^\s\"'>()|#]++)\s++(?:[A-Z]++\s*+)?+(?:\([^)]*+\)\s*+)?+"
    r"(?:#REQUIRED|#IMPLIED|(?P<written>(?:#FIXED\s++)?+(?:\"(?P<value>[^\"]*+)\"|'(?P<other>[^']*+)')))"
)
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
    if doctype is None or doctype.kind is not Kind.OTHER or "[" not in text[doctype.start : doctype.end]:
        return text
    declared = _Declared()
    written = _read(text[doctype.start : doctype.end], declared)
    return text[: doctype.start] + written + _applied(text, doctype.end, declared)


def _is_before(text: str, token: Token) -> bool:
    return token.kind is Kind.OTHER and not text.startswith("<!DOCTYPE", token.start)


def _read(doctype: str, declared: _Declared) -> str:
    """Take in what a doctype declares, the first of each; return it without what is applied from now on."""
    place = doctype.index("[")
    pieces: list[str] = []
    done = 0
    for found in _PART.finditer(doctype, place):
        if found["reference"] or (found["kind"] == "ENTITY" and not _take_entity(found["rest"], declared)):
            pieces.append(doctype[done : found.start()])
            done = found.end()
        elif found["kind"] == "ATTLIST":
            for start, end in _take_defaults(found["rest"], declared):
                pieces += [doctype[done : found.start("rest") + start], "#IMPLIED"]
                done = found.start("rest") + end
    return "".join([*pieces, doctype[done:]])


def _take_entity(rest: str, declared: _Declared) -> bool:
    """Remember an entity; tell whether it is one of those that may stay."""
    found = _ENTITY.match(rest)
    if found is None:  # of another file, which browsers do not read
        return "%" not in rest.partition('"')[0].partition("'")[0]
    if not found["parameter"]:
        value = found["value"] if found["value"] is not None else found["other"]
        declared.entities.setdefault(found["name"], _CHARACTER.sub(lambda one: unescape(one[0]), value))
    return not found["parameter"]


def _take_defaults(rest: str, declared: _Declared) -> Iterator[tuple[int, int]]:
    """Remember the defaults of an element's attributes; yield where they stand, but for namespaces."""
    element = _OF_ELEMENT.match(rest)
    known = declared.defaults.setdefault(element["element"], {}) if element else {}
    for found in _DEFAULT.finditer(rest, element.end() if element else len(rest)):
        if found["written"] and not found["name"].startswith("xmlns"):
            value = found["value"] if found["value"] is not None else found["other"]
            known.setdefault(found["name"], value)
            yield found.span("written")


def _applied(text: str, start: int, declared: _Declared) -> str:
    """Return what stands below the doctype, with all that it declares."""
    pieces, done = [], start
    for token in tokens(text, xml=True):
        if token.start >= start:
            pieces += [declared.expanded(text[done : token.start]), _token(text, token, declared)]
            done = token.end
    return "".join([*pieces, declared.expanded(text[done:])])


def _token(text: str, token: Token, declared: _Declared) -> str:
    if token.kind is Kind.START:
        return _tag(text, token, declared)
    written = text[token.start : token.end]
    return _in_raw(written, declared) if token.kind is Kind.RAW else written


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
        if name not in has and declared.left >= len(value):
            declared.left -= len(value)
            pieces.append(f' {name}="{_quoted(declared.expanded(value), chr(34))}"')
    return "".join([*pieces, text[token.attributes[1] : token.end]])


def _quoted(value: str, quote: str) -> str:
    return value.replace("<", "&lt;").replace(quote, f"&#{ord(quote)};")
