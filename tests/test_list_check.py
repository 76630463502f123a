# SPDX-License-Identifier: EUPL-1.2
"""Short cuts over lines of an index say what reading them whole says, of forged and odd lines too."""

from __future__ import annotations

import pytest

from archiver.checking.in_step import InStep
from archiver.checking.list_check import _answer
from index.cdxj import Index, format_line, parse_line
from index.errors import DamagedError
from index.model import REVISIT, Capture, Original

URL = "http://a.example/"
LINE = format_line(Capture("example,a)/", "20260302023000", URL, "text/html", 200, "aaa", "x.warc.gz", 1, 2))
WITH_MORE = format_line(
    Capture(
        "example,a)/", "20260302023000", URL, "text/html", 301, "aaa", "x.warc.gz", 1, 2,
        "http://a.example/b", '"e"', "yesterday", "length", record="urn:uuid:0", date="2026-03-02T02:30:00Z",
    )
)  # fmt: skip
ORIGINAL = Original("20260301023000", "y.warc.gz", 1, 2, "text/html", 200, URL, "20260301023000")
REVISITED = format_line(
    Capture("example,a)/", "20260302023000", URL, REVISIT, 304, "aaa", "x", 1, 2, original=ORIGINAL)
)
FORGED = {
    "as written": LINE,
    "every key": WITH_MORE,
    "a revisit": REVISITED,
    "another status at the end": LINE.replace(b"}\n", b',"status":"404"}\n'),
    "another digest at the end": LINE.replace(b"}\n", b',"digest":"bbb"}\n'),
    "another address at the end": LINE.replace(b"}\n", b',"url":"http://b.example/"}\n'),
    "made up, with spaces": LINE.replace(b"}\n", b',"made_up" : "true"}\n'),
    "made up, escaped": LINE.replace(b"}\n", b',"made\\u005fup":"true"}\n'),
    "a digest that is no ASCII": LINE.replace(b"aaa", "é".encode()),
    "a key of somebody's": LINE.replace(b"}\n", b',"more":"x"}\n'),
    "keys in another order": LINE.replace(b'"mime":"text/html","status":"200"', b'"status":"200","mime":"x"'),
    "no newline": LINE[:-1],
}


def slowly(line):
    one = parse_line(line)
    return (one.digest, one.effective_status) if one.url == URL and not one.made_up else (None, None)


@pytest.mark.parametrize("name", FORGED)
def test_an_answer_is_what_the_whole_line_says(tmp_path, name):
    """By the short cut or by reading: the last of equal keys counts, whatever stands first."""
    (tmp_path / "index.cdxj").write_bytes(FORGED[name])
    with Index(tmp_path / "index.cdxj") as index:
        assert _answer(InStep(index), URL) == slowly(FORGED[name])


def test_what_is_no_line_is_told(tmp_path):
    """Rubbish behind what a short cut would look at is not passed over."""
    (tmp_path / "index.cdxj").write_bytes(LINE[:-10] + b"\xff\n")
    with Index(tmp_path / "index.cdxj") as index, pytest.raises(DamagedError):
        _answer(InStep(index), URL)
