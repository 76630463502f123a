# SPDX-License-Identifier: EUPL-1.2
"""
Of many values of one kind some are tried by `make test`, and the others by `make test-large` only.

    @pytest.mark.parametrize("kind", some(KINDS, 3))                the first of every three; the others are large
    @pytest.mark.parametrize("values", some_at_once(VALUES, 5))     the same for a test that goes through many: two sets

Every value is tried somewhere, and which ones where does not change from run to run. Knows nothing of the values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def some(values: Iterable[Any], one_in: int) -> list[Any]:
    """Return the values as parameters; all but the first of every `one_in` are large."""
    return [_large(value) if place % one_in else value for place, value in enumerate(values)]


def some_at_once(values: Iterable[Any], one_in: int) -> list[ParameterSet]:
    """Return two parameters: the first of every `one_in` values, and, large, a tuple of all the others."""
    found = tuple(values)
    others = tuple(value for place, value in enumerate(found) if place % one_in)
    return [pytest.param(found[::one_in], id="some"), _large(others, "others")]


def _large(value: Any, name: str | None = None) -> ParameterSet:
    return pytest.param(value, marks=pytest.mark.large, id=name)
