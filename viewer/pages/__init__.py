# SPDX-License-Identifier: EUPL-1.2
"""The pages around the archive, for people: sites, days, search, lifelines, downloads, and the frame."""
