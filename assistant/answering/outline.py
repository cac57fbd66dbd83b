"""What a guide is made of: its sections, its numbered parts, its lists and tables, each a series of items in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from assistant.language.english import (
    LABELS_OF_BULLETS,
    LABELS_OF_PARAGRAPHS,
    LABELS_OF_QUESTIONS,
    LABELS_OF_ROWS,
    LABELS_OF_SECTIONS,
    LABELS_OF_STEPS,
)
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms

SeriesKind = Literal["sections", "entries", "paragraphs"]
"""What a series consists of; entries are the items of a list or the rows of a table."""

FEWEST = 2
"""The fewest items that make a series."""

_LABEL = re.compile(r"(?P<label>[^\W\d_]+)\s+(?P<number>\d{1,3})\b")
_NUMBERED = re.compile(r"(?P<number>\d{1,3})[.):]?\s")
_NUMBERED_ITEM = re.compile(r"(?P<number>\d{1,3})[.):]\s")
_MARKED = re.compile(r"(?P<outline>\d{1,3}(?:\.\d{1,3})+)[.):]?\s|(?P<letter>[A-Za-z])[.)]\s")


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a series."""

    number: int
    """Its own number, or its place in a series without numbers, from 1; 0 if only others of its series have one."""
    heading: str
    """Of a section; empty for an item of a list and for a row."""
    places: tuple[tuple[Chunk, Sentence], ...]
    """Its sentences, each with its chunk; at least one."""

    @property
    def mark(self) -> str:
        """The mark before it if that is not a whole number: "2.1", or "b" of "b) ..."; else empty."""
        marked = _MARKED.match(self.heading or self.places[0][1].plain)
        return (marked["outline"] or marked["letter"]).lower() if marked else ""

    @property
    def terms(self) -> frozenset[str]:
        """The terms of its heading, or else of its sentences."""
        return extract_terms(self.heading or " ".join(sentence.plain for _, sentence in self.places))


@dataclass(frozen=True, slots=True)
class Series:
    """Parts of a document, in order."""

    labels: frozenset[str]
    """Terms for what its items are called: "tip", "step"."""
    name: frozenset[str]
    """Terms of the headings above it and of what introduces it."""
    title: frozenset[str]
    """Terms of its document's title."""
    items: tuple[Item, ...]
    kind: SeriesKind
    heading: str = ""
    """The heading right above it."""
    before: tuple[tuple[Chunk, Sentence], ...] = ()
    """The sentences of the paragraph right before a list."""

    @property
    def called(self) -> frozenset[str]:
        """The terms of the heading right above it, unless that is itself an item of a series ("Tip 1: ...")."""
        return frozenset() if _LABEL.match(self.heading) else _name([self.heading]) - self.title

    def count_sentences(self) -> int:
        """How many sentences its items have together."""
        return sum(len(item.places) for item in self.items)


def find_series(chunks: Sequence[Chunk]) -> tuple[Series, ...]:
    """The series of one or more documents; of each document the sections come first, the outermost ahead.

    Args:
        chunks: all chunks of the documents, ordered by source and place.
    """
    found: list[Series] = []
    for _, some in groupby(chunks, lambda chunk: chunk.source):
        document = tuple(some)
        found += [*_find_sections(document, ()), *_find_lists(document), *_find_paragraphs(document)]
    return tuple(series for series in found if len(series.items) >= FEWEST)


def _find_sections(chunks: Sequence[Chunk], path: tuple[str, ...]) -> Iterator[Series]:
    """Yield the sections right below a path of headings, then those that share a label, then those below each."""
    below = [chunk for chunk in chunks if len(_path(chunk)) > len(path)]
    every = [(heading, list(some)) for heading, some in groupby(below, lambda chunk: _path(chunk)[len(path)])]
    inner = [(heading, inside) for heading, inside in every if any(chunk.sentences for chunk in inside)]
    numbers = [_LABEL.match(heading) or _NUMBERED.match(heading) for heading, _ in inner]
    items = [
        Item(
            int(number["number"]) if number else 0,
            heading,
            tuple((one, part) for one in inside for part in one.sentences),
        )
        for (heading, inside), number in zip(inner, numbers, strict=True)
    ]
    labelled: dict[str, list[Item]] = {}
    for item in items:
        label = _LABEL.match(item.heading)
        called = label["label"] if label else LABELS_OF_QUESTIONS if item.heading.endswith("?") else ""
        labelled.setdefault(called.lower(), []).append(item)
    own = {called: some for called, some in labelled.items() if called and len(some) >= FEWEST}
    title = extract_terms(chunks[0].title) if chunks else frozenset[str]()
    name, above = _name(path), path[-1] if path else ""
    others = extract_terms(LABELS_OF_SECTIONS) - extract_terms(" ".join(own))
    for called, some_items in ((others, items), *((extract_terms(called), some) for called, some in own.items())):
        yield Series(called, name, title, _fill_numbers(some_items), "sections", above)
    for heading, inside in inner:
        yield from _find_sections(inside, (*path, heading))


def _fill_numbers(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items as they are if any has a number, else numbered in order."""
    numbered = any(item.number for item in items)
    return tuple(item if numbered else replace(item, number=place) for place, item in enumerate(items, start=1))


def _name(headings: Iterable[str]) -> frozenset[str]:
    """The terms of headings, without their numbers."""
    return frozenset(term for term in extract_terms(" ".join(headings)) if not term.isdigit())


def _path(chunk: Chunk) -> tuple[str, ...]:
    """The headings of a chunk; none before the first section."""
    return () if chunk.headings == (chunk.title,) else chunk.headings


def _find_lists(chunks: Sequence[Chunk]) -> Iterator[Series]:
    """Yield the lists and tables of a document."""
    for headings, some in groupby(chunks, lambda chunk: chunk.headings):
        places = [(chunk, sentence) for chunk in some for sentence in chunk.sentences]
        before: tuple[tuple[Chunk, Sentence], ...] = ()
        for kind, run in groupby(places, _find_kind):
            inside = list(run)
            if kind != "text":
                introduction = before[-1][1].plain if before else ""
                told = introduction if introduction.endswith(":") else ""
                title, name = extract_terms(inside[0][0].title), _name((*headings, told))
                for labels, items in _split_runs(inside) if kind == "item" else _list_rows(inside):
                    yield Series(extract_terms(labels), name, title, items, "entries", headings[-1], before)
                    before = ()
            before = list(_split_paragraphs(inside))[-1] if kind == "text" else tuple(inside[-1:])


def _find_kind(place: tuple[Chunk, Sentence]) -> str:
    """What a sentence is in a list: an item, a row, a line by itself ("Tuesday 10 to 18"); "text" if none of these."""
    chunk, sentence = place
    if sentence.kind in ("item", "row"):
        return sentence.kind
    before = chunk.text[: sentence.start - chunk.start]
    alone = not before or before.endswith("\n")
    return "line" if alone and not sentence.plain.endswith((".", "!", "?", "…", ":")) else "text"


def _find_paragraphs(chunks: Sequence[Chunk]) -> Iterator[Series]:
    """Yield the paragraphs of a document, then those of each of its sections."""
    labels, title = extract_terms(LABELS_OF_PARAGRAPHS), extract_terms(chunks[0].title)
    sections = [
        (headings, [one for chunk in some for one in _split_paragraphs([(chunk, part) for part in chunk.sentences])])
        for headings, some in groupby(chunks, lambda chunk: chunk.headings)
    ]
    every = _number(one for _, paragraphs in sections for one in paragraphs)
    yield Series(labels, frozenset(), title, every, "paragraphs")
    for headings, paragraphs in sections:
        yield Series(labels, _name(headings), title, _number(paragraphs), "paragraphs", headings[-1])


def _split_paragraphs(places: Sequence[tuple[Chunk, Sentence]]) -> Iterator[tuple[tuple[Chunk, Sentence], ...]]:
    """Yield the sentences between empty lines."""
    start = 0
    for at in range(1, len(places) + 1):
        if at == len(places) or _is_apart(places[at - 1], places[at]):
            yield tuple(places[start:at])
            start = at


def _list_rows(places: Sequence[tuple[Chunk, Sentence]]) -> Iterator[tuple[str, tuple[Item, ...]]]:
    """Yield (labels, items) of each run of rows, or lines, between empty lines."""
    for rows in _split_paragraphs(places):
        yield LABELS_OF_ROWS, _number((place,) for place in rows)


def _is_apart(one: tuple[Chunk, Sentence], other: tuple[Chunk, Sentence]) -> bool:
    """Whether an empty line stands between two sentences of a chunk."""
    chunk = one[0]
    return chunk is other[0] and "\n\n" in chunk.text[one[1].end - chunk.start : other[1].start - chunk.start]


def _number(parts: Iterable[tuple[tuple[Chunk, Sentence], ...]]) -> tuple[Item, ...]:
    """Items made of these sentences, numbered in order."""
    return tuple(Item(number, "", places) for number, places in enumerate(parts, start=1))


def _split_runs(places: Sequence[tuple[Chunk, Sentence]]) -> Iterator[tuple[str, tuple[Item, ...]]]:
    """Yield (labels, items) of each list: a number that is not higher than the one before begins a new one."""
    items: list[Item] = []
    ordered = False
    for number, some in _join_nested(list(_join_items(places))):
        if items and (bool(number) != ordered or (number and number <= items[-1].number)):
            yield (LABELS_OF_STEPS if ordered else LABELS_OF_BULLETS), tuple(items)
            items = []
        ordered = bool(number)
        items.append(Item(number or len(items) + 1, "", some))
    if items:
        yield (LABELS_OF_STEPS if ordered else LABELS_OF_BULLETS), tuple(items)


def _join_nested(
    parts: Sequence[tuple[int, tuple[tuple[Chunk, Sentence], ...]]],
) -> Iterator[tuple[int, tuple[tuple[Chunk, Sentence], ...]]]:
    """Yield the same items; those without a number that stand between two numbers become part of the first."""
    nested = False
    at = 0
    while at < len(parts):
        number, places = parts[at]
        end = next((n for n in range(at + 1, len(parts)) if parts[n][0]), len(parts))
        goes_on = end < len(parts) and parts[end][0] == number + 1
        if number and end > at + 1 and (goes_on or (nested and end == len(parts))):
            nested = True
            places = tuple(place for _, some in parts[at:end] for place in some)
            at = end - 1
        yield number, places
        at += 1


def _join_items(
    places: Sequence[tuple[Chunk, Sentence]],
) -> Iterator[tuple[int, tuple[tuple[Chunk, Sentence], ...]]]:
    """Yield (its number, or 0; its sentences) of each item of a list."""
    joined: list[tuple[Chunk, Sentence]] = []
    number, end = 0, 0
    for chunk, sentence in places:
        between = chunk.text[max(0, end - chunk.start) : sentence.start - chunk.start]
        found = _NUMBERED_ITEM.match(sentence.plain)
        if joined and ("\n" in between or found):
            yield number, tuple(joined)
            joined = []
        if not joined:
            number = int(found["number"]) if found else 0
        joined.append((chunk, sentence))
        end = sentence.end
    if joined:
        yield number, tuple(joined)
