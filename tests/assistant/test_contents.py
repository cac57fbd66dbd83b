"""The guide itself, to read: every word of it, in its order, in parts, and around a place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hashed import HashedEmbedder
from paths import CORPORA

from assistant.contents import extract, extract_around, list_documents
from index.build import build
from index.storing.store import Store

BREAD = CORPORA / "bread"

LISTS = """# Lists

Before the list. It begins:

- **First** thing. With more to say.
- Second thing.

1. One step.
2. Another step.

| a | b |
|---|---|
| c | d |
| e | f |

The end
of a wrapped line. Its last sentence.
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "guide").mkdir()
    for path in BREAD.iterdir():
        (tmp_path / "guide" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "guide" / "lists.md").write_text(LISTS, "utf-8")
    (tmp_path / "guide" / "empty.md").write_text("# Only a heading\n", "utf-8")
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    build(store, tmp_path / "guide", lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    return store


def test_every_document_with_something_to_read_is_listed(store: Store) -> None:
    assert [(one.source, one.title) for one in list_documents(store)] == [
        ("faq.txt", list_documents(store)[0].title),
        ("guide.md", "The Jar on the Shelf: Keeping a Sourdough Starter and Baking With It"),
        ("lists.md", "Lists"),
    ]


def test_how_much_of_a_document_is_in_the_guide_is_told(store: Store) -> None:
    assert {(one.completeness, one.is_lacking) for one in list_documents(store)} == {("all of it", False)}


def test_leaf_by_leaf_gives_all_of_a_document_in_its_order(store: Store) -> None:
    for document in list_documents(store):
        leaves = [extract(store, document.source, first, 3) for first in range(0, document.parts, 3)]
        parts = [part for leaf in leaves if leaf for part in leaf.parts]
        assert [part.number for part in parts] == list(range(document.parts))
        whole = store.chunks([one for one in store.manifest.documents if one.source == document.source])  # type: ignore[union-attr]
        assert [part.passage.text for part in parts] == [chunk.text for chunk in whole]
        assert [piece.text for part in parts for piece in part.pieces] == [s.plain for c in whole for s in c.sentences]


def test_a_passage_is_found_with_its_neighbours(store: Store) -> None:
    third = extract(store, "guide.md", 3, 1)
    assert third
    found = extract_around(store, "guide.md", third.parts[0].passage.start, 1, 3)
    assert found
    assert [part.number for part in found.parts] == [2, 3, 4]
    at_top = extract_around(store, "guide.md", extract(store, "guide.md", 0, 1).parts[0].passage.start, 1, 3)  # type: ignore[union-attr]
    assert [part.number for part in at_top.parts] == [0, 1, 2]  # type: ignore[union-attr]


def test_what_is_not_there_is_none_or_empty(store: Store) -> None:
    assert extract(store, "gone.md", 0, 5) is None
    assert extract_around(store, "gone.md", 0, 1, 3) is None
    beyond = extract(store, "lists.md", 1000, 5)
    assert beyond
    assert beyond.parts == ()


def test_sentences_follow_each_other_as_in_the_text(store: Store) -> None:
    shown = extract(store, "lists.md", 0, 9)
    assert shown
    pieces = [(piece.lead, piece.text) for part in shown.parts for piece in part.pieces]
    assert pieces == [
        ("paragraph", "Before the list."),
        ("", "It begins:"),
        ("item", "First thing."),
        ("", "With more to say."),
        ("item", "Second thing."),
        ("item", "1. One step."),
        ("item", "2. Another step."),
        ("paragraph", "c: b d (Lists)"),
        ("line", "e: b f (Lists)"),
        ("paragraph", "The end of a wrapped line."),
        ("", "Its last sentence."),
    ]


def test_items_follow_each_other_in_a_page_of_the_web(store: Store, tmp_path: Path) -> None:
    items = "<ul><li>One thing. And more.<li>Another.</ul><p>Then:</p><ol type=a><li>Go. Stop.<li>Leave.</ol>"
    (tmp_path / "guide" / "items.html").write_text(f"<html><body><h1>T</h1><p>A list.</p>{items}</body></html>")
    embedder = HashedEmbedder()
    build(store, tmp_path / "guide", lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    shown = extract(store, "items.html", 0, 9)
    assert shown
    assert [(piece.lead, piece.text) for part in shown.parts for piece in part.pieces] == [
        ("paragraph", "A list."),
        ("item", "One thing."),
        ("", "And more."),
        ("item", "Another."),
        ("paragraph", "Then:"),
        ("item", "a. Go."),
        ("", "Stop."),
        ("item", "b. Leave."),
    ]
