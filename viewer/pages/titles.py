# SPDX-License-Identifier: EUPL-1.2
"""The title of a page as it stood at a moment. Knows nothing of requests."""

from __future__ import annotations

from collections.abc import Sequence

from index.history import History
from index.lifeline import Interval, at


def title_at(history: History, lifeline: Sequence[Interval], timestamp: str) -> str:
    """Return the title of a page in a snapshot; empty where it is not a page or has none."""
    interval = at(lifeline, timestamp)
    name = interval.document_id if interval else None
    documents = history.documents([name]) if name else {}
    return documents[name].title if name and name in documents else ""
