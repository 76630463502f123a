# SPDX-License-Identifier: EUPL-1.2
"""
Whether the bodies of captures are there whole: what the banner says of what was captured in part (206).

    200                                              whole
    206, all of it, or joined with others to it      whole
    206, and the rest is nowhere                     partial: who asks for all of it gets a gap

Each 206 has to be opened, with those it may be joined with: so many are, and no more. Knows nothing of pages.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from archiver.responses import open_response
from index.errors import DamagedError

from ..holdings import Holdings
from .answering import Answer
from .stored_parts import whole_or_part

MAX_BODIES = 50
"""Captures of parts that are looked into for what is told of one page."""


class Bodies:
    """Tells of captures whether their bodies are there whole, and looks into so many 206s at the most."""

    def __init__(self, held: Holdings) -> None:
        self._held = held
        self._left = MAX_BODIES

    @property
    def full(self) -> bool:
        """Whether no more of them are looked into."""
        return self._left <= 0

    def is_partial(self, answer: Answer) -> bool:
        """Tell whether who asks for a whole body has no answer, although something of it was captured."""
        if answer.found is None or not answer.is_there:
            return False
        capture, holder = answer.found.capture, answer.holder
        if capture.effective_status != HTTPStatus.PARTIAL_CONTENT:
            return False
        self._left -= 1
        opened = partial(open_response, self._held.warc(holder.site), holder.timestamp)
        try:
            with opened(capture) as stored:
                return whole_or_part(holder.folder.index, capture, stored, opened, None) is None
        except DamagedError:
            return True  # who asks has no answer then either
