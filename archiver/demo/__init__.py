# SPDX-License-Identifier: EUPL-1.2
"""A small fictional public service that lives through one week, to archive and to look back at."""
