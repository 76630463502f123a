# SPDX-License-Identifier: EUPL-1.2
"""
Looks for a page or a style sheet that the rewriter breaks; ends with its input and status 77 when it finds one.

    .venv/bin/python -m tests.fuzz.rewriting [CORPUS] -max_total_time=3600      as libFuzzer is told
    .venv/bin/python -m tests.fuzz.rewriting FILE                               one input again

Of a page: it never raises, a parser makes the same tree of it before and after, and no attribute of the table leads
out of the replay. Of a style sheet: it never raises, and what has no slash stays as it is. Of XML: it never raises.
Pages with foreign content are only held to the first where they have a `<select>`, which browsers read as the standard has
it since 2025 and the parser as before, or a `<frameset>`, in which `<svg>` is nothing; pages with a `<frameset>`, in which
a frame goes that may be text, are not held to the second.
The first byte of an input chooses which; each of the others is a word of `WORDS`, in XML a byte.
"""

from __future__ import annotations

import re
import sys

import atheris

with atheris.instrument_imports(include=["viewer"]):
    from viewer.rewriting.css import rewrite_css_text
    from viewer.rewriting.html import rewrite_html
    from viewer.rewriting.rules import ELEMENTS

from tests.support.page_tree import SCRIPT, leading_out, mapper, tree

_TAGS = (
    "a", "annotation-xml", "b", "body", "button", "caption", "col", "colgroup", "desc", "div", "font", "foreignObject", "form", "frameset", "h1", "head", "html",
    "iframe", "li", "math", "mi", "noembed", "noframes", "noscript", "object", "option", "p", "plaintext", "pre", "script",
    "select", "style", "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "title", "tr", "xmp",
)  # fmt: skip
_MARKS = (
    "<", ">", "/", "=", '"', "'", "&", ";", "!", "-", "--", "\n", " ", "\t", "\f", "\r", "\\", "//", "http:", "//x/", "&#47;",
    "&sol;", "&amp;", "<!--", "-->", "--!>", "<!", "<?", "<![CDATA[", "]]>", "url(", ")", "(", ",", "@import ", "text",
    " 2x", "data:text/html,", "&lt;", "\u00e9", "\u2028", "javascript:",
)  # fmt: skip
WORDS = (
    *_MARKS,
    *(f"<{tag}" for tag in _TAGS),
    *(f"<{tag}>" for tag in _TAGS),
    *(f"</{tag}>" for tag in _TAGS),
    *(f"<{tag} {name}=//x/{tag}>" for tag, rules in ELEMENTS.items() for name in list(rules)[:1]),
    *(f" {name}=" for name in ("href", "src", "srcset", "style", "srcdoc", "xlink:href", "data", "encoding")),
    "<meta http-equiv=refresh content='0;url=//x/'>", "<svg><title>", "<math><mi>", "<script><!--<script>",
    "<svg>", "<svg><path></p>", "<div><svg><path></div>", "<font color=x>", "</br>", "<mglyph>", "<g/>", "<script/>",
    "<annotation-xml encoding=text/html>", "<script>'<a href=//x/>'</script>", "<![CDATA[<a href=//x/>]]>",
)  # fmt: skip
"""What a byte of an input stands for: few random bytes are markup, and few changes of markup are markup."""


def one_input(data: bytes) -> None:
    """Try one input."""
    if not data:
        return
    kind, body = data[0] % 8, data[1:]
    if kind == 0:
        rewrite_html(body, None, mapper, SCRIPT, xml=True).decode()
        return
    text = "".join(WORDS[byte % len(WORDS)] for byte in body)
    if kind == 1:
        style(text)
    else:
        page(text)


def style(text: str) -> None:
    """Hold a style sheet without a slash or a scheme to staying as it is."""
    after = rewrite_css_text(text, mapper)
    if not re.search(r"[/\\]|http", text) and after != text:
        raise AssertionError(f"{text!r} became {after!r}")


def page(text: str) -> None:
    """Hold a page to the same tree, and to leading nowhere else."""
    before = f"<!doctype html><html><head>{text}"
    after = rewrite_html(before.encode(), "utf-8", mapper, SCRIPT).decode()
    if re.search("<svg|<math", text) and re.search("<select|<frameset", text):
        return
    if "<frameset" not in text and tree(after) != tree(before):
        raise AssertionError(f"another tree: {text!r} became {after!r}")
    out = leading_out(after)
    if out:
        raise AssertionError(f"leads out by {out}: {text!r} became {after!r}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
