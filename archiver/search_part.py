# SPDX-License-Identifier: EUPL-1.2
"""
A part of a search generation, made of texts out of their WARCs, in a process of its own. Knows no history.

Apart from `texts`, which many read who never write an index: what writes one takes long to load.
"""

from __future__ import annotations

from pathlib import Path

from index.writing import write_part

from .texts import Placed, texts


def index_part(folder: Path, documents: list[Placed]) -> int:
    """Write a part of a generation (index.writing), and return how many documents it has."""
    return write_part(folder, texts(documents))
