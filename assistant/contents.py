"""The guide as something to read: its documents, and stretches of their passages.

Read from the index and not from the files, so that a person sees what answers are made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.answering.sources import make_passage
from assistant.records import Passage
from index.chunking.chunk import Chunk, Sentence
from index.completeness import ENOUGH, describe_share
from index.storing.manifest import IndexedDocument
from index.storing.store import Store


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document of the guide."""

    source: str
    title: str
    parts: int
    """Passages in it."""
    completeness: str = ""
    """How much of what is visible in its file is in the guide: "all of it", "62 %, page 2 is missing"."""
    is_lacking: bool = False
    """Whether so much is missing that a person must be warned."""


Lead = Literal["", "line", "paragraph", "item"]
"""How a sentence follows the one before: on the same line, on a new line, in a new paragraph or in a new list item."""

_ITEM = re.compile(r"(?:^|\n)[ \t>]*[-*+•–][ \t]+$")
_NUMBERED = re.compile(r"(?:\d{1,9}|[A-Za-z]|[ivxlcIVXLC]{1,6})[.)]\s")


@dataclass(frozen=True, slots=True)
class PlacedSentence:
    """A sentence as a reader sees it, in its place in the passage."""

    text: str
    start: int
    """Its offset in the document, in characters."""
    lead: Lead


@dataclass(frozen=True, slots=True)
class PlacedPassage:
    """A passage in its place in the document."""

    number: int
    """The number of the passage in its document, from 0."""
    headings: tuple[str, ...]
    """From the outermost section to the innermost."""
    passage: Passage
    pieces: tuple[PlacedSentence, ...]
    """Its sentences."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Neighbouring passages of a document, in its order."""

    document: ListedDocument
    parts: tuple[PlacedPassage, ...]


def list_documents(store: Store) -> tuple[ListedDocument, ...]:
    """The documents that hold text, ordered by source."""
    return tuple(_list(document) for document in _find_documents(store))


def extract(store: Store, source: str, first: int, count: int) -> Extract | None:
    """`count` passages of a document, from number `first` on; None if the guide has no such document."""
    found = next((document for document in _find_documents(store) if document.source == source), None)
    if found is None:
        return None
    begin = max(0, first)
    chunks = store.part(found, range(begin, begin + count))
    parts = (
        PlacedPassage(number, chunk.headings, make_passage(chunk, 0, 0.0), tuple(_place_sentences(chunk)))
        for number, chunk in enumerate(chunks, start=begin)
    )
    return Extract(_list(found), tuple(parts))


def extract_around(store: Store, source: str, start: int, before: int, count: int) -> Extract | None:
    """The same, from `before` passages ahead of the one that starts at character `start`."""
    found = next((document for document in _find_documents(store) if document.source == source), None)
    return extract(store, source, store.number(found, start) - before, count) if found else None


def _place_sentences(chunk: Chunk) -> Iterator[PlacedSentence]:
    """Yield the sentences of a chunk; the text between two of them shows how one follows the other."""
    at = chunk.start
    for sentence in chunk.sentences:
        between = chunk.text[at - chunk.start : sentence.start - chunk.start]
        yield PlacedSentence(
            sentence.plain, sentence.start, _find_lead(between if at > chunk.start else "\n\n", sentence)
        )
        at = sentence.end


def _find_lead(between: str, sentence: Sentence) -> Lead:
    # Readers that write the text themselves put each item on one line; elsewhere a wrapped line of an item is indented.
    begins = between.endswith("\n") or ("\n" in between and _NUMBERED.match(sentence.text))
    if _ITEM.search(between) or (sentence.kind == "item" and begins):
        return "item"
    if "\n\n" in between:
        return "paragraph"
    row = sentence.kind == "row" or re.search(r"\n(?: {4}|\t)$", between)
    return "line" if "\n" in between and row else ""


def _find_documents(store: Store) -> tuple[IndexedDocument, ...]:
    manifest = store.manifest
    return tuple(document for document in manifest.documents if document.chunks) if manifest else ()


def _list(document: IndexedDocument) -> ListedDocument:
    completeness = describe_share(document.share, document.missing) if document.words else ""
    is_lacking = document.share < ENOUGH
    return ListedDocument(document.source, document.title, document.chunks, completeness, is_lacking)
