# SPDX-License-Identifier: EUPL-1.2
"""Cases that stand in the documentation as tables, read for the tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
_CELL_END = re.compile(r"(?<!\\)\|")


def cases(page: str, *columns: str) -> list[tuple[str | None, ...]]:
    """Return the rows of the one table of a page with these columns; `refused` is None."""
    lines = iter((DOCS / page).read_text(encoding="utf-8").splitlines())
    heading = f"| {' | '.join(columns)} |"
    for line in lines:
        if line == heading:
            next(lines)
            return [_row(row) for row in iter(lambda: next(lines, ""), "")]
    raise AssertionError(f"docs/{page} has no table {heading}")


def _row(line: str) -> tuple[str | None, ...]:
    return tuple(map(_value, _CELL_END.split(line)[1:-1]))


def _value(cell: str) -> str | None:
    """Return what a cell says: code as it is, with tabs, line ends and bars written out."""
    text = cell.strip()
    if text == "refused":
        return None
    assert re.fullmatch("`.*`", text), f"not code: {cell}"
    return text[1:-1].replace("\\t", "\t").replace("\\n", "\n").replace("\\|", "|")
