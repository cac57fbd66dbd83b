"""Entries: how a chunk is stored with its vectors, and what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import CORPORA, FILES, ROOT

from index.build import read_corpus
from index.chunking.chunk import Chunk, chunk_document
from index.reading.documents import parse_document
from index.storing.entries import hash_text, make_entries, make_metadata, restore_chunk

TEXTS = {
    "stars.txt": "2*3*4 and snake_case_name stand here, with `ticks` and <your name>.\n",
    "quoted.txt": "> A quoted line.\n> Another **one**.\n\nThen a line\nthat is wrapped.\n",
    "marks.md": "# T\n\n**Bold** words, a [link](https://a.example), ~~struck~~.\nA wrapped\nline. 10<sup>3</sup>.\n",
    "lazy.md": "# T\n\n1. Turn left.\n1. Turn **right**. Stop.\n1. Go on.\n",
    "code.md": "# T\n\nRun this:\n\n```\nfor x in *.txt; do\n    echo `$x`\ndone\n```\n",
    "rows.md": "# T\n\n| Day | Opens | Closes |\n|---|---|---|\n| Saturday |  | **17:00** |\n| Sunday | 9:00 |  |\n",
    "rows.csv": "day,opens,closes\nSaturday,,17:00\nSunday,9:00,\n",
    "items.html": "<html><h1>T</h1><ol type=a start=3><li>Go *now*.<li>Wait.</ol><p>m<sup>2</sup></p></html>",
}


def check_round_trip(chunk: Chunk) -> None:
    entries = list(make_entries(chunk, "d", 0))
    whole = make_metadata(entries[0])
    assert restore_chunk(whole, chunk.text) == chunk
    for entry in entries[2:]:
        sentence = chunk.sentences[entry.position]
        assert entry.text == sentence.plain
        assert make_metadata(entry)["hash_as_written"] == hash_text(sentence.text)


@pytest.mark.parametrize("name", TEXTS)
def test_a_chunk_comes_back_as_it_was(name: str) -> None:
    chunks = chunk_document(parse_document(TEXTS[name].encode(), Path(name), name))
    assert chunks
    for chunk in chunks:
        check_round_trip(chunk)


@pytest.mark.parametrize("folder", [ROOT / "corpus", CORPORA / "bread", FILES], ids=lambda folder: folder.name)
def test_chunks_of_whole_files_come_back_as_they_were(folder: Path) -> None:
    for chunk in read_corpus(folder)[0]:
        check_round_trip(chunk)


def test_only_white_space_makes_no_difference_to_a_hash() -> None:
    assert hash_text("Water the\n  beans.") == hash_text("Water the beans. ")
    assert hash_text("2*3*4") != hash_text("234")
    assert hash_text("**Water** the beans.") != hash_text("Water the beans.")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "# T\n\n**Water** the\nbeans.\n"),
        ("a.txt", "Water the\nbeans.\n"),
        ("a.html", "<p>Water <i>the</i> beans."),
    ],
)
def test_equal_sentences_in_files_of_other_kinds_share_one_vector(name: str, text: str) -> None:
    (chunk,) = chunk_document(parse_document(text.encode(), Path(name), name))
    (sentence,) = [entry for entry in make_entries(chunk) if entry.kind == "sentence"]
    assert sentence.hash == hash_text("Water the beans.")
