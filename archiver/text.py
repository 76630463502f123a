# SPDX-License-Identifier: EUPL-1.2
r"""
The words of a page as a reader sees them. Knows nothing of search or of how the text is kept.

    <p>One <b>two</b></p><script>…</script><ul><li>three</ul>   →   'One two\nthree'

A line for each block, white space collapsed; no scripts, styles, templates, no elements marked `hidden`.
The same page gives the same text, always: texts are compared from day to day.
"""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from .markup import Parsed, tag_ids

MAX_TEXT = 2_000_000
"""Characters of text taken from one page."""

_BLOCK_NAMES = (
    "address article aside blockquote br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre "
    "search section select summary table tbody textarea tfoot thead tr ul"
)
_UNSEEN_NAMES = (
    "audio canvas datalist head iframe noembed noframes noscript script style template title video"
)
_BLOCKS = frozenset(tag_ids(_BLOCK_NAMES.split()))
_UNSEEN = frozenset(tag_ids(_UNSEEN_NAMES.split()))
_CELLS = frozenset(tag_ids(("td", "th", "param")))  # param: see archiver.markup, _FLAT
_NOTHING: frozenset[int] = frozenset()
_TEXT = 2
"""Lexbor's number of text nodes (LXB_TAG__TEXT)."""


def page_text(parsed: Parsed) -> str:
    """Return the text of the body, at most MAX_TEXT characters; empty for one without, as a frameset."""
    body = parsed.tree.body
    if body is None:
        return ""
    lines = "".join(_pieces(body, _hidden(parsed))).split("\n")
    text = "\n".join(line for raw in lines if (line := " ".join(raw.split())))
    return text[:MAX_TEXT]


def _hidden(parsed: Parsed) -> set[int]:
    """Return the elements marked `hidden`, those that scripts may find by search excepted."""
    nodes = parsed.tree.css("[hidden]")
    return {node.mem_id for node in nodes if (node.attributes.get("hidden") or "").lower() != "until-found"}


def _pieces(body: LexborNode, hidden: set[int]) -> Iterator[str]:
    """Walk what is seen: text as it comes, a line feed where a block begins or has ended."""
    ended: set[int] = set()
    room = 2 * MAX_TEXT  # half of it may be white space
    for here, tag, node in _seen(body, hidden):
        if here in ended:
            yield "\n"
        if tag == _TEXT:
            text = node.text_content or ""
            yield text.replace("\n", " ")
            room -= len(text)
            if room < 0:
                return
        elif tag in _BLOCKS:
            yield "\n"
            ended.add(_following(node, body, _BLOCKS))
        elif tag in _CELLS:
            yield " "


def _seen(body: LexborNode, hidden: set[int]) -> Iterator[tuple[int, int, LexborNode]]:
    """Yield each node that is shown, with its identity and kind, in order; no recursion."""
    resume = 0
    for node in body.traverse(include_text=True):
        here = node.mem_id
        if resume:
            if here != resume:
                continue
            resume = 0
        tag = node.tag_id
        if tag in _UNSEEN or here in hidden:
            resume = _following(node, body, _NOTHING)
            if not resume:
                return
        else:
            yield here, tag, node


def _following(node: LexborNode, body: LexborNode, until: frozenset[int]) -> int:
    """
    Return the node that comes after all descendants of `node`; 0 where that is beyond the body.

    0 also where it is beyond a parent of the kinds in `until`, whose own end has been marked already: so that
    blocks nested ten thousand deep are not climbed once for each.
    """
    here: LexborNode | None = node
    while here is not None and here.mem_id != body.mem_id:
        following = here.next
        if following is not None:
            return following.mem_id
        here = here.parent
        if here is not None and here.tag_id in until:
            return 0
    return 0
