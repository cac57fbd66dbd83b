"""Compares the words that a reader of a file sees with those that reached the index.

The words seen are taken from as close to the file as possible (`Seen`), the indexed words from the chunks. The missing
words are counted over the whole file, word by word, so that text in another order does not count as lost. Where they
are missing is looked for in a second step.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import NamedTuple

from index.chunking.chunk import Chunk
from index.reading.blocks import find_words
from index.reading.documents import Document, clean_heading

ENOUGH = 0.95
"""Share of the words that a reader of a file sees; if less than this is in the index, a person is warned."""

SPLIT_MINIMUM = 4
"""Letters; a shorter word may occur by chance where one word ends and the next begins."""

SEARCH_LIMIT = 50_000_000
"""Letters that may be searched for words that are written in another way."""

PLACES_LIMIT = 5
"""The most places that are named."""

QUOTE_WORDS = 8
"""Words quoted from what is missing, where the file has no lines or pages to name."""

WHOLE = 0.9
"""Share of a page's words; if more are missing, the whole page counts as missing."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of what a reader of a file sees is in the index."""

    words: int
    """Words that a reader sees, without those left out on purpose."""
    indexed: int
    """How many of these are in the index."""
    missing: str = ""
    """Where the missing words are, as a clause: "lines 14 to 30 are missing"; empty if none is missing."""
    left_out: int = 0
    """Words left out on purpose."""


class _Place(NamedTuple):
    """A page, a line of the file, or a line of the text seen; only those with words."""

    order: int
    """Position among the places with words, from 0."""
    number: int
    """Number of the page or line, from 1."""
    text: str
    words: list[str]


class _Loss(NamedTuple):
    """What is missing at a place."""

    place: _Place
    words: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether nearly all the words of the place are missing."""
        return len(self.words) >= WHOLE * len(self.place.words)


def measure_completeness(document: Document, chunks: Sequence[Chunk]) -> Completeness:
    """Compare what a reader of a document's file sees with the document's chunks."""
    seen: Counter[str] = Counter()
    for piece in document.seen:
        seen.update(find_words(piece.text))
    indexed = _Indexed(document, chunks)
    missing = seen - indexed.count_words()
    if missing:
        _drop_split(missing, seen, indexed)
    lost = missing.total()
    where = _describe(document, _find_losses(document, seen, missing, indexed.list_spans())) if lost else ""
    return Completeness(seen.total(), seen.total() - lost, where, document.left_out)


class _Indexed:
    """The part of a document that is in the index: spans of its text, and what is shown of each."""

    def __init__(self, document: Document, chunks: Sequence[Chunk]) -> None:
        self._text = document.text
        self._sentences = [sentence for chunk in chunks for sentence in chunk.sentences]
        self._others = list(_find_others(document, chunks))

    def count_words(self) -> Counter[str]:
        """Count the words. A word of a table row counts once, though column heads are repeated in each row."""
        shown = [one.plain for one in self._sentences if one.kind != "row"]
        shown += (self._text[start:end] for start, end in self._others)
        words = Counter(find_words(" ".join(shown)))
        for one in self._sentences:
            if one.kind == "row":
                told = Counter(find_words(one.plain))
                words.update(told & Counter(find_words(one.text)))
        return words

    def squeeze(self) -> str:
        """All letters and digits, without what separates them."""
        shown = chain((one.plain for one in self._sentences), (self._text[start:end] for start, end in self._others))
        return "".join(find_words(" ".join(shown)))

    def list_spans(self) -> list[tuple[int, int]]:
        """The spans, in order."""
        return sorted(chain(((one.start, one.end) for one in self._sentences), self._others))


def _find_others(document: Document, chunks: Sequence[Chunk]) -> Iterator[tuple[int, int]]:
    """Yield the spans that are in the index but in no sentence: headings and column heads."""
    headings = {heading for chunk in chunks for heading in (chunk.title, *chunk.headings)}
    starts = {sentence.start for chunk in chunks for sentence in chunk.sentences}
    told = {word for chunk in chunks for one in chunk.sentences if one.kind == "row" for word in find_words(one.plain)}
    for block in document.blocks:
        if block.start in starts:
            continue
        if block.kind == "heading":
            is_indexed = clean_heading(document.text, block) in headings
        else:
            # The head above the keys is repeated in no row.
            is_row = block.kind == "row" and not block.told
            is_indexed = is_row and not told.isdisjoint(find_words(document.text[block.start : block.end]))
        if is_indexed:
            yield block.start, block.end


def _drop_split(missing: Counter[str], seen: Counter[str], indexed: _Indexed) -> None:
    """Remove from the missing words those that the index has, but joined or divided differently ("vari-ous")."""
    squeezed = indexed.squeeze()
    left = SEARCH_LIMIT
    for word in [word for word, number in missing.items() if number == seen[word] and len(word) >= SPLIT_MINIMUM]:
        if word in squeezed:
            del missing[word]
        left -= len(squeezed)
        if left < 0:
            break


def describe_share(share: float, missing: str) -> str:
    """Say how much of a file is in the index: "all of it", or "62 %, page 2 is missing"."""
    return f"{int(100 * share)} %, {missing}" if share < 1 else "all of it"


# Where words are missing


class _Losses:
    """The missing words, as far as they are assigned to places."""

    def __init__(self, missing: Counter[str]) -> None:
        self.left = missing.copy()
        self._found: dict[int, _Loss] = {}

    def concern(self, place: _Place) -> bool:
        """Whether a missing word is seen at a place."""
        return any(self.left[word] > 0 for word in place.words)

    def add(self, place: _Place, words: Iterable[str]) -> None:
        """Assign to a place those of the words that are missing."""
        for word in words:
            if self.left[word] > 0:
                self.left[word] -= 1
                self._found.setdefault(place.order, _Loss(place, [])).words.append(word)

    def list_in_order(self) -> list[_Loss]:
        """List what is missing, place by place."""
        return [self._found[order] for order in sorted(self._found)]


def _find_losses(
    document: Document, seen: Counter[str], missing: Counter[str], spans: Sequence[tuple[int, int]]
) -> list[_Loss]:
    """Find the places where words are missing, in order.

    First come places where a word is seen, but is not in the index at the same place; then places with a word that is
    nowhere in the index; the words left may be missing at any place that has them.
    """
    losses = _Losses(missing)
    if starts := _find_starts(document):
        there = chain(_read_places(document.text, starts, spans), repeat(""))
        for place, text in zip(_list_places(document, empty=True), there, strict=False):
            if losses.concern(place):
                losses.add(place, (Counter(place.words) - Counter(find_words(text))).elements())
    nowhere = {word for word, number in missing.items() if number == seen[word]}
    for is_wanted in (nowhere.__contains__, losses.left.__getitem__):
        for place in _list_places(document) if losses.left.total() else ():
            if losses.concern(place) and any(map(is_wanted, place.words)):
                losses.add(place, place.words)
    return losses.list_in_order()


def _list_places(document: Document, *, empty: bool = False) -> Iterator[_Place]:
    """Yield the places of a document's file.

    Args:
        empty: whether to yield places without words too.
    """
    order = 0
    for piece in document.seen:
        lines = (piece.text,) if piece.page else piece.text.split("\n")
        for number, text in enumerate(lines, piece.page or piece.line):
            words = find_words(text)
            if words or empty:
                yield _Place(order, number, text, words)
            order += bool(words)


def _find_starts(document: Document) -> list[int]:
    """Find the offsets in the document's text where the pages or lines of its file begin; none if it has neither."""
    if any(piece.line for piece in document.seen):
        return [0, *(found.end() for found in re.finditer("\n", document.text))]
    return list(document.pages)


def _read_places(text: str, starts: Sequence[int], spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield the text that the spans cover in each part of a text, in order."""
    at = 0
    for first, last in pairwise((*starts, len(text))):
        pieces = []
        while at < len(spans) and spans[at][0] < last:
            start, end = spans[at]
            pieces.append(text[max(start, first) : min(end, last)])
            if end > last:
                break
            at += 1
        yield " ".join(pieces)


def _describe(document: Document, losses: Sequence[_Loss]) -> str:
    """Say where words are missing: "lines 14 to 30 are missing"."""
    by_page = any(piece.page for piece in document.seen)
    by_line = any(piece.line for piece in document.seen)
    named: list[str] = []
    plural = False
    runs = list(_join_neighbours(losses, apart=by_page))
    for run in runs[:PLACES_LIMIT]:
        first, last = run[0].place.number, run[-1].place.number
        if by_line or (by_page and run[0].is_whole):
            name = "line" if by_line else "page"
            named.append(f"{name} {first}" if first == last else f"{name}s {first} to {last}")
            plural = plural or first < last
        else:
            quoted = _quote(run[0])
            named.append(f"of page {first} {quoted}" if by_page else quoted)
    if len(runs) > PLACES_LIMIT:
        named.append(f"{len(runs) - PLACES_LIMIT} more")
    *most, last_one = named
    whole = f"{', '.join(most)} and {last_one}" if most else last_one
    return f"{whole} {'are' if plural or most else 'is'} missing"


def _join_neighbours(losses: Sequence[_Loss], *, apart: bool) -> Iterator[list[_Loss]]:
    """Yield the losses, grouped where their places follow each other.

    Args:
        apart: whether a place of which only a part is missing is a group of its own.
    """
    run: list[_Loss] = []
    for loss in losses:
        follows = bool(run) and run[-1].place.order + 1 == loss.place.order
        if run and not (follows and (not apart or (run[-1].is_whole and loss.is_whole))):
            yield run
            run = []
        run.append(loss)
    if run:
        yield run


def _quote(loss: _Loss) -> str:
    """Quote the first words of what is missing."""
    words = loss.place.text.split() if loss.is_whole else loss.words
    more = " …" if len(words) > QUOTE_WORDS else ""
    return f"“{' '.join(words[:QUOTE_WORDS])}{more}”"
