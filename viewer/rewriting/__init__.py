# SPDX-License-Identifier: EUPL-1.2
"""Archived texts read, and their addresses mapped: pages, style sheets, headers. Knows no requests."""
