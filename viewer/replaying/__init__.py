# SPDX-License-Identifier: EUPL-1.2
"""Archived bytes on their way to a visitor: the replay origins, bodies, files, and what stands in gaps."""
