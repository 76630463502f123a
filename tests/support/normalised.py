# SPDX-License-Identifier: EUPL-1.2
r"""
How much work it was to bring texts into a form of Unicode, whatever the machine: the marks that were put in order.

    with counted() as steps:
        fold("e" + "\u0301" * 1000)
    steps  →  [900, …]

Knows nothing of the code that asks for the form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import pytest


@contextmanager
def counted() -> Iterator[list[int]]:
    """Yield, for each text that `unicodedata.normalize` is given, how many steps sorting its marks may take."""
    steps: list[int] = []
    normalize = unicodedata.normalize

    def counting(form: Any, text: str) -> str:
        runs = groupby(text, key=unicodedata.combining)
        marked = groupby(((kind > 0, len(list(run))) for kind, run in runs), key=lambda one: one[0])
        steps.append(sum(sum(size for _, size in run) ** 2 for is_mark, run in marked if is_mark))
        return normalize(form, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unicodedata, "normalize", counting)
        yield steps
