"""Files that are damaged: each is read, cut and counted as the build of an index does, or named in one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hashed import HashedEmbedder
from mutating import make_document
from sizes import ends, in_sizes

from index.build import build
from index.chunking.chunk import chunk_document
from index.completeness import measure_completeness
from index.errors import CorpusError
from index.reading.documents import parse_document
from index.storing.entries import make_entries, make_metadata
from index.storing.store import Store

SMALL = 20_000
"""Bytes of a file that is soon in an index."""


def is_line(told: str, name: str) -> bool:
    return name in told and "\n" not in told and len(told) < 500


@pytest.mark.parametrize("number", in_sizes(150, 800, 3000))
def test_a_damaged_file_is_read_or_named_in_one_line(number: int) -> None:
    read = 0
    with ends():
        for name, data in map(make_document, range(number)):
            print(name)  # the last is the one that failed
            try:
                document = parse_document(data, Path(name), name)
            except CorpusError as error:
                assert is_line(str(error), name)
                assert error.do
                continue
            chunks = chunk_document(document)
            assert all(chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)
            for place, chunk in enumerate(chunks):
                for entry in make_entries(chunk, "id", place):
                    assert (entry.text + json.dumps(make_metadata(entry), ensure_ascii=False)).encode()
            measured = measure_completeness(document, chunks)
            assert 0 <= measured.indexed <= measured.words
            read += bool(chunks)
    assert read > number / 3


@pytest.mark.parametrize("number", in_sizes(20, 100, 500))
def test_a_folder_of_damaged_files_is_indexed(number: int, tmp_path: Path) -> None:
    """With real Chroma."""
    corpus, embedder, store = tmp_path / "corpus", HashedEmbedder(), Store(tmp_path / "index")
    corpus.mkdir()
    for name, data in map(make_document, range(number)):
        if len(data) < SMALL:
            (corpus / name).write_bytes(data)
    with ends():
        report = build(store, corpus, lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    assert store.manifest
    assert len(store.manifest.documents) == len(list(corpus.iterdir()))
    assert all(bool(document.chunks) != bool(document.problem) for document in store.manifest.documents)
    assert all(is_line(line, str(corpus)) for line in report.skipped)
