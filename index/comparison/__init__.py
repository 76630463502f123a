# SPDX-License-Identifier: EUPL-1.2
"""
What two texts of one page say otherwise, and which links of it: pure, bounded, and without a word of HTML.

    alignment   what two sequences have in common, in their order; the home of rapidfuzz
    wording     two lines, word by word
    passages    two texts, line by line: added, removed, changed, or other in what says nothing
    figures     the amounts, shares, measures and dates that differ in these lines
    links       the links that came, went or lead elsewhere

Knows nothing of archives, of days other than that of the capture, or of how any of it is shown.
"""
