# SPDX-License-Identifier: EUPL-1.2
"""Making, checking and exporting snapshots of a site, and the command line that composes everything."""
