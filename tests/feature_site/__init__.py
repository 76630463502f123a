# SPDX-License-Identifier: EUPL-1.2
"""
A site of numbered features of HTML, CSS, JavaScript and HTTP, each of which judges itself.

    pages/*.html    the features, about forty to a page; pages/feature.js runs them and writes down each verdict
    answers.py      everything else that the site answers, by host and path
    server.py       the site on one port of this machine, under all of its host names
    archived.py     the site crawled and recorded, its server stopped
    playing.py      its pages in Chromium: live, in Daykeep, in pywb, in ReplayWeb.page
    score.py        `python -m tests.feature_site.score`: the table of docs/replay.md

A feature is a number, a name, and a check that gives `true` or says what is wrong. It has to pass live, in the
browser that it is scored in, before it counts. What no replay on another name can give is no feature here: a
script that compares `location` with a name written in it (`location` and `top` cannot be answered for).
"""
