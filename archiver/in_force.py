# SPDX-License-Identifier: EUPL-1.2
"""
The rules that a snapshot was taken by, as it keeps them itself. Knows nothing of the configuration file.

    resource record `urn:daykeep:configuration`, application/json:
        {"name": "example", …, "tracking_parameters": ["default"], "session_parameters": ["default"], …}

That is `[[site]]` as it was, defaults filled in. Rules change, and a day is asked by those it was crawled by.
"""

from __future__ import annotations

from itertools import islice

import msgspec
import structlog

from index.errors import ConfigurationError, DamagedError
from index.parameters import DEFAULT, Tidy

from .responses import open_response
from .snapshot_folder import SnapshotFolder

CONFIGURATION = "urn:daykeep:configuration"
"""Address of the record."""
MAX_PIECES = 16
"""Pieces of 64 KiB that are read of the record; a configuration has a few kilobytes."""

logger = structlog.get_logger(__name__)


class _Parameters(msgspec.Struct):
    """The keys that are needed of it; all others are passed over, those of later versions too."""

    tracking_parameters: tuple[str, ...] = (DEFAULT,)
    session_parameters: tuple[str, ...] = (DEFAULT,)


def tidy_of(folder: SnapshotFolder) -> Tidy:
    """
    Return what took session ids and tracking parameters off the addresses that this snapshot found.

    The built-in rules where it keeps no configuration. So too where that cannot be read, and the log says
    it: the snapshot's pages are no worse for it. `default` in a list stands for what this version of the
    program has built in. Raises DamagedError where the index cannot be read.
    """
    capture = folder.index.find(CONFIGURATION)
    if capture is None:
        return Tidy.of()
    try:
        with open_response(lambda _, filename: folder.warc(filename), folder.timestamp, capture) as stored:
            kept = msgspec.json.decode(b"".join(islice(stored.body, MAX_PIECES)), type=_Parameters)
        return Tidy.of(kept.tracking_parameters, kept.session_parameters)
    except (DamagedError, ConfigurationError, msgspec.DecodeError, RecursionError) as error:
        logger.warning("rules-unknown", site=folder.site, snapshot=folder.timestamp, reason=str(error))
        return Tidy.of()
