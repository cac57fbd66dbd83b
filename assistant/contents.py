"""The guide itself, to read: which documents it has, and the passages of one around a place.

Read from the index and not from the files: what is shown is what answers are made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.answering.sources import make_passage
from assistant.records import Passage
from index.chunking.chunk import Chunk, Sentence
from index.storing.manifest import Indexed
from index.storing.store import Store


@dataclass(frozen=True, slots=True)
class Listed:
    """A document of the guide."""

    source: str
    title: str
    parts: int
    """Passages in it."""


Lead = Literal["", "line", "paragraph", "item"]
"""How a sentence follows the one before: in its line, on a line of its own, in a new paragraph or list item."""

_ITEM = re.compile(r"(?:^|\n)[ \t>]*[-*+•–][ \t]+$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence as a reader sees it."""

    text: str
    start: int
    """In characters of its document, as a `Span`'s."""
    lead: Lead


@dataclass(frozen=True, slots=True)
class Part:
    """A passage in its place."""

    number: int
    """In its document, from 0."""
    headings: tuple[str, ...]
    """From the outermost section to the innermost."""
    passage: Passage
    pieces: tuple[Piece, ...]
    """Its sentences."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Neighbouring passages of a document, in its order."""

    document: Listed
    parts: tuple[Part, ...]


def listed(store: Store) -> tuple[Listed, ...]:
    """The documents that have something to read, by source."""
    return tuple(_listed(document) for document in _documents(store))


def extract(store: Store, source: str, first: int, count: int) -> Extract | None:
    """So many passages of a document from a number on; None if the guide has no such document now."""
    found = next((document for document in _documents(store) if document.source == source), None)
    if found is None:
        return None
    begin = max(0, first)
    chunks = store.part(found, range(begin, begin + count))
    parts = (
        Part(number, chunk.headings, make_passage(chunk, 0, 0.0), tuple(_pieces(chunk)))
        for number, chunk in enumerate(chunks, start=begin)
    )
    return Extract(_listed(found), tuple(parts))


def around(store: Store, source: str, start: int, before: int, count: int) -> Extract | None:
    """The same, from so many passages before the one that starts at a character of the document."""
    found = next((document for document in _documents(store) if document.source == source), None)
    return extract(store, source, store.number(found, start) - before, count) if found else None


def _pieces(chunk: Chunk) -> Iterator[Piece]:
    """The sentences of a chunk; what stands between two of them says how they follow each other."""
    at = chunk.start
    for sentence in chunk.sentences:
        between = chunk.text[at - chunk.start : sentence.start - chunk.start]
        yield Piece(sentence.plain, sentence.start, _lead(between if at > chunk.start else "\n\n", sentence))
        at = sentence.end


def _lead(between: str, sentence: Sentence) -> Lead:
    if _ITEM.search(between) or ("\n" in between and re.match(r"\d{1,3}[.)]\s", sentence.text)):
        return "item"
    if "\n\n" in between:
        return "paragraph"
    row = sentence.text.startswith("|") or re.search(r"\n(?: {4}|\t)$", between)
    return "line" if "\n" in between and row else ""


def _documents(store: Store) -> tuple[Indexed, ...]:
    manifest = store.manifest
    return tuple(document for document in manifest.documents if document.chunks) if manifest else ()


def _listed(document: Indexed) -> Listed:
    return Listed(document.source, document.title, document.chunks)
