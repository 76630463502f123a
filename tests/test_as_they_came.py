# SPDX-License-Identifier: EUPL-1.2
"""What the log of an import says is known, every line of it is read or known not to matter, and nothing is guessed."""

from __future__ import annotations

import pytest

from archiver.checking.verify import learn_known
from archiver.importing.as_they_came import LOG, Rules, Stretches, learn
from archiver.snapshot_folder import SnapshotFolder
from index.errors import DamagedError

RULES = Rules(frozenset({"block-digest"}), frozenset({"not-get"}))
LINES = b"""\
{"file":"archive/a.warc","given":"a.warc","sha256":"sha256:0","bytes":9,"form":"warc","records":3}
{"file":"archive/a.warc","offset":10,"bytes":5,"what":"odd \\"what\\"","rule":"block-digest","kept":true}
{"file":"archive/a.warc","offset":20,"bytes":5,"what":"odd","rule":"bare-lf","kept":true}
{"file":"archive/a.warc","offset":30,"bytes":5,"what":"odd","rule":"not-get","kept":true}
{"file":"archive/a.warc","offset":40,"bytes":5,"what":"odd","rule":"damage","kept":false}
{"file":"archive/a.warc","offset":45,"bytes":5,"what":"odd","rule":"damage","kept":false}
"""


def test_what_is_known(tmp_path):
    """Faults by their rules, records without a line, and bytes that were passed over, in one stretch or two."""
    (tmp_path / "log").write_bytes(LINES)
    known = learn(tmp_path / "log", RULES)
    assert known.files == {"a.warc"}
    assert [known.has("a.warc", at, "block-digest") for at in (10, 20)] == [True, False]
    assert [known.unlisted("a.warc", at) for at in (10, 30)] == [False, True]
    assert [known.skipped("a.warc", *place) for place in ((40, 45), (42, 50), (40, 51), (39, 45))] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not known.skipped("b.warc", 40, 45)


@pytest.mark.parametrize(
    "line",
    [
        b'{"file":"archive/x","recor\x00\xff garbage"rule":"bare-lf","kept":true}\n',
        b'garbage {"file":"x","offset":1,"bytes":1,"what":"","rule":"bare-lf","kept":true}\n',
        b'{"file":"archive/x","offset":1,"bytes":1,"what":"a\\","rule":"bare-lf","kept":true}\n',
    ],
)
def test_a_broken_line_is_told(tmp_path, line):
    """Also where it ends as a line does that does not matter."""
    (tmp_path / "log").write_bytes(LINES + line)
    with pytest.raises(DamagedError, match="cannot be read"):
        learn(tmp_path / "log", RULES)


def test_a_log_that_cannot_be_looked_at_is_not_taken_for_none(tmp_path):
    """No log is no import; one behind a name that is too long, or a link to itself, is an error of the disk."""
    folder = SnapshotFolder("a", "20260302023000", tmp_path)
    assert learn_known(folder).files == set()
    (tmp_path / LOG).parent.mkdir()
    (tmp_path / LOG).symlink_to(tmp_path / LOG)
    with pytest.raises(OSError, match="symbolic link"):
        learn_known(folder)


def test_stretches_in_any_order():
    """Those that touch are one; others are found wherever they were put in."""
    found = Stretches()
    for place in ((50, 60), (10, 20), (20, 30), (70, 80)):
        found.add(*place)
    assert [found.has(*place) for place in ((50, 60), (10, 20), (70, 75), (55, 70), (0, 5))] == [
        True, True, True, False, False,
    ]  # fmt: skip
