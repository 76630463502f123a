# SPDX-License-Identifier: EUPL-1.2
"""Copies of days for those who take them away: WACZ, WARC, by the Dutch guideline, for transfer."""
