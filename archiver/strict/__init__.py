# SPDX-License-Identifier: EUPL-1.2
"""WARCs held to every rule of WARC/1.1, by code that shares nothing with what reads and writes them."""
