# SPDX-License-Identifier: EUPL-1.2
"""What programs ask an archive: CDX, Memento, and `/.well-known/web-archive.txt`."""
