# SPDX-License-Identifier: EUPL-1.2
"""Reading only: the pages around the archive and the replay of archived pages. Cannot reach the live web."""
