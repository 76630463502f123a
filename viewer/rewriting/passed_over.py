# SPDX-License-Identifier: EUPL-1.2
"""
What of a page the rules of rules.py have nothing to do with, so that nobody has to look at it: nearly all.

    <a href="/b">           a value in which neither a scheme nor two slashes stand
    <script src="c.js">…    a script that is no import map and no speculation rules, whole
    <style>…                a style sheet in which no address can be absolute, nor be a style sheet itself
    <link rel="icon" …>     one that opens no connection by itself
    <meta name=…>           one that is no header field

A tag in an unusual spelling is not among them, and is looked at; what is among them is passed over unseen. So
an expression that takes too little costs time, and one that takes too much is a fault: a test compares pages
rewritten with and without. Knows nothing of how tags are looked at.
"""

from __future__ import annotations

from .dull import Dull, attribute_but, element_but, schemeless, tag, valued

# With raw text or what may be taken for it, foreign, a template, or with rules that look at more than a
# doubled slash
_ELEMENTS = frozenset(
    {
        "base", "frameset", "iframe", "link", "math", "meta", "noembed", "noframes", "noscript",
        "plaintext", "script", "style", "svg", "template", "textarea", "title", "xmp",
    }
)  # fmt: skip
_ATTRIBUTES = frozenset({"attributionsrc", "formtarget", "integrity", "nonce", "ping", "target"})
_CONNECTING = frozenset({"dns-prefetch", "monetization", "preconnect", "prerender"})
"""What a `<link>` may not be (rules.py)."""

_NO_SLASH, _ = schemeless(r"{quote}&/\\\t\n\r")
_, _PART = schemeless(r"\"'&/\\\t\n\r")
_SINGLE_SLASHES = f"{_NO_SLASH}(?:/{_PART})*/?"
_IN_STYLE, _SOME_STYLE = schemeless(r"<@/\\\t")
_AT = "@[a-hj-z-]"  # an `@import` may have a whole style sheet in its address, as base64
_ANYTHING = "[^{quote}]*"
# Neither `<!--`, which may hide an end tag, nor what may be one; no second `<` after one
_IN_SCRIPT = "(?:[^<]|<[^!/<]|</[^sS<])*"
_COMMENT = "<!--[^->](?:[^-]|-[^-])*-->"
_DOCTYPE = "<!(?:doctype|DOCTYPE) html>"
_META = tag(
    "meta",
    valued("(?:class|content|id|itemprop|lang|media|name|property)", _ANYTHING),
    valued("charset", "[uU][tT][fF]-8"),
)
_TYPE = valued("type", "(?:module|(?:application|text)/[a-z0-9.+-]+)")


def _tags(elements: frozenset[str], value: str) -> str:
    return tag(element_but(elements), _usual(_ATTRIBUTES, value))


def _usual(names: frozenset[str], value: str) -> str:
    """Return an expression for any attribute but these, with such a value or none."""
    name = attribute_but(names)
    return f"{valued(name, value)}|{name}"


def _with_text(name: str, value: str, text: str, *more: str) -> str:
    """Return an expression for an element with raw text, from its start tag to its end tag."""
    return f"{tag(name, _usual(_ATTRIBUTES | {'type'}, value), *more)}{text}</{name}>"


def _link(value: str) -> str:
    word = attribute_but(_CONNECTING)
    return tag("link", _usual(_ATTRIBUTES | {"rel"}, value), valued("rel", f"{word}(?: {word})*"))


def _whole(value: str, style: str) -> list[str]:
    """Return what is passed over in HTML besides tags; in XML script is markup, and entities are declared."""
    return [
        _with_text("script", value, _IN_SCRIPT, _TYPE),
        _with_text("style", value, style, _TYPE),
        _with_text("title", value, "[^<]*"),
        _with_text("textarea", value, "[^<]*"),
        _META,
        _COMMENT,
        _DOCTYPE,
    ]


# In path mode one slash is worth a look, and what scripts may read gets an attribute more
_IN_PATHS = _tags(_ELEMENTS | {"audio", "img", "video"}, _NO_SLASH)
_IN_ORIGINS = _tags(_ELEMENTS, _SINGLE_SLASHES)

HTML = Dull(
    _IN_ORIGINS,
    _link(_SINGLE_SLASHES),
    *_whole(_SINGLE_SLASHES, f"{_IN_STYLE}(?:(?:/|{_AT}){_SOME_STYLE})*"),
)
HTML_IN_PATHS = Dull(_IN_PATHS, *_whole(_NO_SLASH, f"{_IN_STYLE}(?:{_AT}{_SOME_STYLE})*"))
XML = Dull(_IN_ORIGINS)
XML_IN_PATHS = Dull(_IN_PATHS)


def dull_of(*, xml: bool, in_paths: bool) -> Dull:
    """Return what is passed over in a page."""
    if xml:
        return XML_IN_PATHS if in_paths else XML
    return HTML_IN_PATHS if in_paths else HTML
