# SPDX-License-Identifier: EUPL-1.2
"""
The names that matter in `<svg>` and `<math>` and at their borders (HTML 13.2.6.5 and 13.2.6), in lower case.

Knows nothing of where they stand.
"""

from __future__ import annotations

ROOTS = frozenset({"math", "svg"})
"""The start tags that begin foreign content in HTML."""
INTEGRATION = {
    "svg": frozenset({"desc", "foreignobject", "title"}),
    "math": frozenset({"mi", "mn", "mo", "ms", "mtext"}),
}
"""The elements in which HTML stands again."""
HTML_TYPES = frozenset({"application/xhtml+xml", "text/html"})
"""The encodings of an `<annotation-xml>` that holds HTML."""
STILL_FOREIGN = frozenset({"malignmark", "mglyph"})
"""The start tags that are foreign directly in MathML's elements for text."""
OF_FONT = frozenset({"color", "face", "size"})
"""The attributes with which `<font>` ends foreign content."""
BREAKOUT = frozenset({
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1",
    "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol",
    "p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul",
    "var",
})  # fmt: skip
"""The start tags that end foreign content."""
CAPITALS = frozenset({
    "altglyph", "altglyphdef", "altglyphitem", "animatecolor", "animatemotion", "animatetransform",
    "clippath", "feblend", "fecolormatrix", "fecomponenttransfer", "fecomposite", "feconvolvematrix",
    "fediffuselighting", "fedisplacementmap", "fedistantlight", "fedropshadow", "feflood", "fefunca",
    "fefuncb", "fefuncg", "fefuncr", "fegaussianblur", "feimage", "femerge", "femergenode", "femorphology",
    "feoffset", "fepointlight", "fespecularlighting", "fespotlight", "fetile", "feturbulence",
    "foreignobject", "glyphref", "lineargradient", "radialgradient", "textpath",
})  # fmt: skip
"""The elements of SVG whose names have capitals, as `foreignObject`."""
