# SPDX-License-Identifier: EUPL-1.2
"""Sealed days read again, byte by byte: whatever is not as it was sealed is a problem with its place."""
