# SPDX-License-Identifier: EUPL-1.2
"""What has been captured: values, keys, look-up, history and search. Knows no HTTP, no WARC, no Flask."""
