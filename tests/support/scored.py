# SPDX-License-Identifier: EUPL-1.2
"""What a generation of the catalogue finds, by the ids of documents. Knows nothing of days."""

from __future__ import annotations

from index.words import parse


def scores(catalogue, generation, asked, among=None):
    """Return the score of each document that has what is asked for, of these, or of all."""
    documents = catalogue.documents(generation)
    counts = bytes(among is None or name in among for name in documents)
    found = catalogue.search(generation, parse(asked), counts)
    return {documents[number]: score for number, score in zip(*found, strict=True)}
