"""What a guide is made of: its sections, its numbered parts, its lists and tables, each a series of items in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from assistant.language.english import (
    LABELS_OF_BULLETS,
    LABELS_OF_QUESTIONS,
    LABELS_OF_ROWS,
    LABELS_OF_SECTIONS,
    LABELS_OF_STEPS,
)
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms

FEWEST = 2
"""Items that make a series."""

_LABEL = re.compile(r"(?P<label>[^\W\d_]+)\s+(?P<number>\d{1,3})\b")
_NUMBER = re.compile(r"(?P<number>\d{1,3})[.):]?\s")


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a series."""

    number: int
    """Its own number, or its place in the series, from 1."""
    heading: str
    """Of a section; empty for an item of a list and for a row."""
    places: tuple[tuple[Chunk, Sentence], ...]
    """Its sentences, each with its chunk; at least one."""

    @property
    def terms(self) -> frozenset[str]:
        """The terms of its heading, or else of its sentences."""
        return extract_terms(self.heading or " ".join(sentence.plain for _, sentence in self.places))


@dataclass(frozen=True, slots=True)
class Series:
    """Parts of a document that stand in an order."""

    labels: frozenset[str]
    """Terms that one of its items is called by: "tip", "step"."""
    name: frozenset[str]
    """Terms of the headings above it and of what introduces it."""
    title: frozenset[str]
    """Terms of its document's title."""
    items: tuple[Item, ...]


def find_series(chunks: Sequence[Chunk]) -> tuple[Series, ...]:
    """The series of one or more documents; of each its sections first, the outermost ahead.

    Args:
        chunks: all chunks of the documents, ordered by source and place.
    """
    found: list[Series] = []
    for _, some in groupby(chunks, lambda chunk: chunk.source):
        document = tuple(some)
        found += [*_find_sections(document, ()), *_find_lists(document)]
    return tuple(series for series in found if len(series.items) >= FEWEST)


def _find_sections(chunks: Sequence[Chunk], path: tuple[str, ...]) -> Iterator[Series]:
    """Yield the sections right below a path of headings, then those that share a label, then the ones below each."""
    below = [chunk for chunk in chunks if len(_path(chunk)) > len(path)]
    items: list[Item] = []
    inner: list[tuple[str, list[Chunk]]] = []
    for heading, some in groupby(below, lambda chunk: _path(chunk)[len(path)]):
        inside = list(some)
        numbered = _LABEL.match(heading) or _NUMBER.match(heading)
        number = int(numbered["number"]) if numbered else len(items) + 1
        places = tuple((chunk, sentence) for chunk in inside for sentence in chunk.sentences)
        if places:
            items.append(Item(number, heading, places))
            inner.append((heading, inside))
    title = extract_terms(chunks[0].title) if chunks else frozenset[str]()
    name = extract_terms(" ".join(path))
    yield Series(extract_terms(LABELS_OF_SECTIONS), name, title, tuple(items))
    labelled: dict[str, list[Item]] = {}
    for item in items:
        label = _LABEL.match(item.heading)
        called = label["label"] if label else LABELS_OF_QUESTIONS if item.heading.endswith("?") else ""
        labelled.setdefault(called.lower(), []).append(item)
    for called, some_items in labelled.items():
        if called:
            yield Series(extract_terms(called), name, title, tuple(some_items))
    for heading, inside in inner:
        yield from _find_sections(inside, (*path, heading))


def _path(chunk: Chunk) -> tuple[str, ...]:
    """The headings of a chunk; none before the first section."""
    return () if chunk.headings == (chunk.title,) else chunk.headings


def _find_lists(chunks: Sequence[Chunk]) -> Iterator[Series]:
    """Yield the lists and tables of a document."""
    for headings, some in groupby(chunks, lambda chunk: chunk.headings):
        places = [(chunk, sentence) for chunk in some for sentence in chunk.sentences]
        before = ""
        for kind, run in groupby(places, lambda place: place[1].kind):
            inside = list(run)
            if kind in ("item", "row"):
                introduction = before if before.endswith(":") else ""
                title, name = extract_terms(inside[0][0].title), extract_terms(" ".join((*headings, introduction)))
                for labels, items in _split_runs(inside) if kind == "item" else [(LABELS_OF_ROWS, _list_rows(inside))]:
                    yield Series(extract_terms(labels), name, title, items)
            before = inside[-1][1].plain


def _list_rows(places: Iterable[tuple[Chunk, Sentence]]) -> tuple[Item, ...]:
    return tuple(Item(number, "", (place,)) for number, place in enumerate(places, start=1))


def _split_runs(places: Sequence[tuple[Chunk, Sentence]]) -> Iterator[tuple[str, tuple[Item, ...]]]:
    """Yield (labels, items) of each list: a number that is not the next one begins a new one."""
    items: list[Item] = []
    ordered = False
    for number, some in _join_items(places):
        if items and (bool(number) != ordered or (number and number != items[-1].number + 1)):
            yield (LABELS_OF_STEPS if ordered else LABELS_OF_BULLETS), tuple(items)
            items = []
        ordered = bool(number)
        items.append(Item(number or len(items) + 1, "", some))
    if items:
        yield (LABELS_OF_STEPS if ordered else LABELS_OF_BULLETS), tuple(items)


def _join_items(
    places: Sequence[tuple[Chunk, Sentence]],
) -> Iterator[tuple[int, tuple[tuple[Chunk, Sentence], ...]]]:
    """Yield (its number, or 0; its sentences) of each item of a list."""
    joined: list[tuple[Chunk, Sentence]] = []
    number, end = 0, 0
    for chunk, sentence in places:
        between = chunk.text[max(0, end - chunk.start) : sentence.start - chunk.start]
        found = _NUMBER.match(sentence.plain)
        if joined and ("\n" in between or found):
            yield number, tuple(joined)
            joined = []
        if not joined:
            number = int(found["number"]) if found else 0
        joined.append((chunk, sentence))
        end = sentence.end
    if joined:
        yield number, tuple(joined)
