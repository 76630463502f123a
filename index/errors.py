# SPDX-License-Identifier: EUPL-1.2
"""
The errors an operator or a visitor may see. Knows nothing of who shows them.

    ArchiveError                 something could not be done; exit status 1
     ├─ ConfigurationError       the configuration or the command is wrong; exit status 2
     ├─ NotFoundError            a site, day or URL that is not in the archive; HTTP 404
     ├─ QueryError               a parameter of a query makes no sense; HTTP 400
     ├─ BusyError                another process holds what is needed; HTTP 503
     ├─ WithheldError            what is there and may not be shown; HTTP 451 (index/takedown.py)
     ├─ DamagedError             stored bytes are not what they should be
     └─ StorageError             the disk refused: full, read-only, no permission, failed sync

Each message is one sentence or two: what, why, and what to do.
"""

from __future__ import annotations


class ArchiveError(Exception):
    """Something could not be done. The message says what, why, and what to do next."""


class ConfigurationError(ArchiveError):
    """
    The configuration file or the command line is wrong.

    Raised before anything is touched. Mend the key that the message names, and run the command again.
    """


class NotFoundError(ArchiveError):
    """
    A site, a day or a URL that this archive does not hold.

    Nothing is broken. The message names what is there instead where that is known.
    """


class GoneError(NotFoundError):
    """A generation of the search catalogue that a newer one took the place of. Ask again by the newer one."""


class BusyError(ArchiveError):
    """Another process holds the lock. Wait for it to end, or stop it; nothing needs to be repaired."""


class DamagedError(ArchiveError):
    """Stored bytes cannot be read as what they should be. Run `daykeep verify` to see how far it goes."""


class StorageError(ArchiveError):
    """The disk refused a write or a sync. What was stored before it is intact; free space or mend rights."""


class UnpublishedError(NotFoundError):
    """A snapshot is not in the catalogue. Every command publishes what is sealed, unless it is damaged."""

    def __init__(self, site: str, timestamp: str) -> None:
        """Say what to do."""
        super().__init__(
            f"Snapshot {timestamp} of {site} is not in the catalogue. `daykeep snapshots {site}` lists what "
            f"is sealed; where it is among them, `daykeep verify {site} {timestamp}` tells why it is not."
        )


class QueryError(ArchiveError):
    """
    A parameter of a query that cannot be understood.

    Nothing was looked for. The message begins with the name of the parameter, and says how it is written.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}.")
        self.parameter = parameter
