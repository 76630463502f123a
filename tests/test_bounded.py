# SPDX-License-Identifier: EUPL-1.2
"""What tests of hostile input rely on: work without end is stopped, and work that goes wrong is no work done."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.support.bounded import ends


def test_work_without_end_is_stopped():
    """In Python, and within one call of compiled code that no signal handler of Python interrupts."""
    assert not ends(lambda: all(itertools.count(1)), seconds=1)
    assert not ends(lambda: re.fullmatch(r"(a|a)*b", "a" * 60), seconds=1)


def test_work_that_ends():
    """What ends ends; what raises fails."""
    assert ends(lambda: None)
    with pytest.raises(AssertionError, match="did not end well"):
        ends(lambda: 1 // 0)
