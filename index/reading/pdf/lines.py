"""The lines of a PDF's pages, and the style of its body text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import NamedTuple

HEADING_SCALE = 1.12
"""Multiple of the body text's size; letters at least this large mark a heading."""

PITCH_LIMIT = 2.6
"""Multiple of the font size; larger line spacings are ignored when measuring the usual one."""

ROW_SHIFT = 0.65
"""Multiple of the font size: slightly more than half a line. Columns can be shifted against each other by as much."""

BULLETS = "•●▪◦‣∙·\uf000-\uf0ff"
"""Signs that only begin items, for a character class; the last ones are those of symbol fonts."""

SECTION_NUMBER = r"\d{1,2}(?:\.\d{1,2}){1,4}"
"""A pattern for a section number: "2.1"."""

Grid = tuple[tuple[str, ...], ...]
"""The cells of a table, row by row, all rows of the same length; the lines of a cell are separated by line breaks."""


class Box(NamedTuple):
    """A place on a page; also a rule, which is a drawn line."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def is_level(self) -> bool:
        """Whether it is wider than high; for a rule, whether it is horizontal."""
        return self.right - self.left > self.top - self.bottom


class Word(NamedTuple):
    """A word with its position, in points from the left."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page or of a column; also a table or listing in its place.

    Positions are in points from the lower left corner of the upright page; `height` is that of the page.
    """

    words: tuple[Word, ...]
    page: int
    base: float
    """Height of the baseline; for a table or listing, that of its first line."""
    size: float
    """The size of most of its letters, in points, rounded to halves."""
    bold: bool
    mono: bool
    height: float
    edge: float = 0.0
    """Where its column of text ends; 0 if the page has one column."""
    grid: Grid = ()
    """For a table: its cells."""
    heads: int = 0
    """For a table: how many rows at its top are column heads."""
    labels: int = 0
    """For a table: how many columns hold labels, as form fields or lighter letters beside them show; 0 if none do."""
    groups: tuple[int, ...] = ()
    """For a table: the places of the rows that only name those below them."""
    is_field: bool = False
    """Whether it is the value of a form field."""
    code: str = ""
    """For a listing: its text, with line breaks and indents."""

    @property
    def text(self) -> str:
        """Its words, separated by spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def left(self) -> float:
        """Where it begins."""
        return min(word.left for word in self.words)

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(word.right for word in self.words)

    @property
    def style(self) -> tuple[float, bool]:
        """What headings of one level have in common."""
        return self.size, self.bold


@dataclass(frozen=True, slots=True)
class BodyStyle:
    """What the body text of a file looks like; the font size and `pitch`, the distance of lines, are in points."""

    size: float
    bold: bool
    mono: bool
    pitch: float

    def is_large(self, line: Line) -> bool:
        """Whether a line's letters are as large as those of headings."""
        return line.size >= self.size * HEADING_SCALE


def measure_body(lines: Sequence[Line]) -> BodyStyle:
    """Measure the most frequent style of letters and line spacing."""
    styles: Counter[tuple[float, bool]] = Counter()
    mono = 0
    for line in lines:
        length = sum(len(word.text) for word in line.words)
        styles[line.style] += length
        mono += length if line.mono else -length
    size, bold = styles.most_common(1)[0][0] if styles else (0.0, False)
    # Lines that begin at the same place follow each other in a column.
    steps = Counter(
        round(one.base - other.base)
        for one, other in pairwise(sorted(lines, key=lambda line: (line.page, round(line.left / 2), -line.base)))
        if one.page == other.page and one.size == other.size == size and 0 < one.base - other.base < PITCH_LIMIT * size
    )
    return BodyStyle(size, bold, mono > 0, steps.most_common(1)[0][0] if steps else 1.2 * size)


def group_by_page(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each page that has any."""
    for _, page in groupby(lines, key=lambda line: line.page):
        yield list(page)


def group_rows(lines: Iterable[Line]) -> list[list[Line]]:
    """Group lines that are side by side, from top to bottom and from left to right.

    Lines that are shifted against each other by half a line are in one row too.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (-line.base, line.left)):
        beside = bool(rows) and rows[-1][0].base - line.base < ROW_SHIFT * max(rows[-1][0].size, line.size)
        if beside and all(line.left >= other.right - 1 or line.right <= other.left + 1 for other in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def join_row(row: Sequence[Line]) -> Line:
    """Join lines side by side into one; if a table is among them, it stands for all."""
    if len(row) == 1 or any(line.grid for line in row):
        return max(row, key=lambda line: len(line.grid))
    longest = max(row, key=lambda line: len(line.text))
    words = tuple(word for line in row for word in line.words)
    return replace(longest, words=words, bold=all(line.bold for line in row), mono=all(line.mono for line in row))
