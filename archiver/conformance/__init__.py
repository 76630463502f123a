# SPDX-License-Identifier: EUPL-1.2
"""A day measured against the Dutch guideline, rule by rule, on the finished files."""
