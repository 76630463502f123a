# SPDX-License-Identifier: EUPL-1.2
"""Where an archived address is replayed, and what a request asks for: labels, hosts, paths, views."""
