# SPDX-License-Identifier: EUPL-1.2
"""
The CDX server: questions about captures, asked as the Internet Archive's is asked, answered from sealed
indexes.

    query.py     what is asked, from the parameters of a request
    scope.py     which keys it is about
    filters.py   which lines of them
    fields.py    what a line says, as columns
    days.py      the indexes of the days, a bounded number of them open
    order.py     their lines in one order: by key, newest first, or nearest first
    place.py     where a line stands, and a resume key that says so
    pages.py     an answer in parts of about the same size
    choice.py    filters, collapsing and counters over lines in order
    plain.py     all of that at once, where nothing but lines is asked for
    output.py    rows as text, JSON or CDXJ
    answer.py    all of it together

Knows nothing of HTTP, of Flask or of which sites there are.
"""
