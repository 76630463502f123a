# SPDX-License-Identifier: EUPL-1.2
"""The form in which postings are written: what goes in comes out, in little room, and no other form is read."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import index
from whoosh.codec.whoosh3 import W3TermInfo
from whoosh.filedb.filestore import RamStorage

from index import postings
from index.catalogue import Catalogue
from index.document import Document
from index.errors import DamagedError
from index.postings import Codec, Places, Reader
from tests.support.days import stamp
from tests.support.scored import scores

_GAPS = st.lists(
    st.one_of(st.integers(0, 3), st.integers(0, 300), st.integers(0, 1 << 31)), min_size=1, max_size=9
)
_LISTS = st.lists(
    st.tuples(st.one_of(st.integers(1, 3), st.integers(1, 1 << 20)), _GAPS), min_size=1, max_size=60
)


def doc(name, language="nl", title=""):
    return Document(
        name, "demo", f"https://example.org/{name}", title, language, stamp(0), "t.warc", 0, 1, "sha256:0"
    )


def written(some):
    """Write the postings of a word, and return what reads them."""
    storage = RamStorage()
    file = storage.create_file("one")
    writer = Codec().postings_writer(file)
    writer.start_postings(Places(), W3TermInfo())
    for number, gaps in some:
        value = postings.array("I", gaps).tobytes()
        writer.add_posting(number, float(len(gaps)), value, len(gaps))
    offset, _ = writer.finish_postings().extent()
    file.close()
    return Reader(storage.open_file("one"), offset)


@pytest.mark.parametrize(("documents", "room"), [(4096, 1 << 20), (5, 1 << 20), (4096, 12)])
@given(apart=_LISTS)
def test_round_trip(documents, room, apart):
    """Whatever is written of a word is read, by blocks and one by one, however many blocks it takes."""
    numbers = accumulate(step for step, _ in apart)
    some = [(number, gaps) for number, (_, gaps) in zip(numbers, apart, strict=True)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(postings, "_DOCUMENTS", documents)
        patched.setattr(postings, "_GAPS", room)
        reader = written(some)
    blocks = list(reader.blocks())
    assert [number for block in blocks for number in block.numbers] == [number for number, _ in some]
    assert [count for block in blocks for count in block.counts] == [len(gaps) for _, gaps in some]
    assert [gap for block in blocks for gap in block.gaps()] == [gap for _, gaps in some for gap in gaps]
    one_by_one = []
    while reader.is_active():
        gaps = postings.array("I", reader.value())
        one_by_one.append((reader.id(), list(gaps)))
        assert reader.weight() == len(gaps)
        reader.next()
    assert one_by_one == some


def test_merged_segments(tmp_path):
    """Days that add a text each are merged into few segments, whose rows of words are found as before."""
    with Catalogue(tmp_path / "search") as catalogue:
        generation, texts = None, {}
        for number in range(25):
            texts[f"{number:02}"] = f"de leges voor een paspoort {number} zijn op tijd betaald " * (
                number % 4 + 1
            )
            generation = catalogue.publish(generation, [(doc(f"{number:02}"), texts[f"{number:02}"])])
        assert len(list((tmp_path / "search" / generation).glob("*.seg"))) < 12
        for number in range(25):
            assert set(scores(catalogue, generation, f'"paspoort {number} zijn"')) == {f"{number:02}"}
        again = {name for name, text in texts.items() if text.count("betaald") > 1}
        assert set(scores(catalogue, generation, '"betaald de leges"')) == again


def test_no_text_and_little_room(tmp_path):
    """Versions of a page take a fraction of their text, and none of it can be read from the index."""
    words = [f"woord{number * number % 997}" for number in range(1500)]
    texts = [" ".join([*words[: 40 * n], f"versie{n}", *words[40 * n :]]) for n in range(30)]
    with Catalogue(tmp_path / "search") as catalogue:
        generation = catalogue.publish(None, [(doc(f"{n}"), text) for n, text in enumerate(texts)])
        content = b"".join(path.read_bytes() for path in (tmp_path / "search" / generation).iterdir())
        assert len(scores(catalogue, generation, f'"{" ".join(words[:20])}"')) == 30
    assert b"versie7" in content
    assert words[500].encode() + b" " + words[501].encode() not in content
    assert len(content) < sum(map(len, texts)) / 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # whoosh leaves the file open
def test_another_form_is_refused(tmp_path, monkeypatch):
    """An index of whoosh's own form, or of a machine of another byte order, is told to be made anew."""
    with Catalogue(tmp_path / "search") as catalogue:
        generation = catalogue.publish(None, [(doc("a"), "leges")])
        monkeypatch.setattr("index.writing.FORM", "2 other")
        with Catalogue(tmp_path / "search") as elsewhere, pytest.raises(DamagedError, match="rebuild"):
            elsewhere.documents(generation)
        monkeypatch.undo()
        opened = index.open_dir(tmp_path / "search" / generation)
        with opened.writer() as writer:
            writer.add_document(id="b", text_nl=["leges"])
        with Catalogue(tmp_path / "search") as later, pytest.raises(DamagedError, match="another version"):
            later.documents(generation)
