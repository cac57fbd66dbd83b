"""Finds bands: rows of lines on a PDF page that share the same white space, and divides them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from index.reading.pdf.lines import Line, Word, join_row
from index.reading.pdf.tables import Gutters

GUTTER = 0.7
"""Multiple of the font size; the minimum width of white space between columns."""

LEAST_GUTTER = 0.5
"""The same, if a row below shares the white space."""

BAND_GAP = 4.5
"""Multiple of the font size; rows further apart have no columns in common."""

Row = list[Line]
"""Lines side by side, from left to right."""


def find_band(rows: Sequence[Row], place: int) -> tuple[list[Row], Gutters]:
    """Return the rows that have the white space of a row in common, divided there, and that white space."""
    # What is left of each white space: it may be several parts, as words of a row may be in its middle.
    free = [[gap] for gap in _find_gaps(rows[place])]
    end = place + 1
    across: set[int] = set()
    while free and end < len(rows) and rows[end - 1][0].base - rows[end][0].base < BAND_GAP * rows[end][0].size:
        left = [[part for gap in parts for part in narrow(gap, rows[end])] for parts in free]
        if not any(left) or (not all(left) and len(rows[end]) == 1):
            break
        if all(left) or end - place < 2:
            free = [parts for parts in left if parts]
        else:
            # A cell across several columns does not narrow them.
            across.add(end - place)
        end += 1
    band = list(rows[place:end])
    # A table in one column separates it from the next where only one row has a line in each.
    aside = any(line.grid and line.left > parts[-1][0] for row in band for line in row for parts in free[:1])
    if not free or sum(len(row) > 1 for row in band) + aside < 2:
        return [], []
    gutters = [max(parts, key=lambda part: part[1] - part[0]) for parts in free]
    # What follows the last row with several lines may be text below.
    full = range(count_full([divide(row, gutters) for row in band]))
    gutters = _find_common_gutters([band[place] for place in full if place not in across]) or gutters
    return [divide(row, gutters) for row in band], gutters


def _find_gaps(row: Row) -> Gutters:
    return [(a.right, b.left) for a, b in pairwise(row) if b.left - a.right > GUTTER * row[0].size]


def narrow(gutter: tuple[float, float], row: Row) -> Gutters:
    """Return the parts of a gutter that the words of a row leave free."""
    left, right = gutter
    parts = []
    for word in sorted((word for line in row for word in line.words), key=lambda word: word.left):
        if word.left < right and word.right > left:
            parts.append((left, word.left))
            left = max(left, word.right)
    return [part for part in [*parts, (left, right)] if part[1] - part[0] > LEAST_GUTTER * row[0].size]


def divide(row: Row, gutters: Gutters) -> Row:
    """Divide the lines of a row at the gutters, and join those between two gutters: justified text has wide gaps."""
    cells: list[list[tuple[int, Word]]] = []
    edge = 0.0
    for place, word in sorted(
        ((place, word) for place, line in enumerate(row) for word in line.words), key=lambda one: one[1].left
    ):
        if not cells or any(edge <= left + 1 and right - 1 <= word.left for left, right in gutters):
            cells.append([])
        cells[-1].append((place, word))
        edge = max(edge, word.right)
    return [
        join_row([_keep_words(row[place], cell, place) for place in sorted({one for one, _ in cell})]) for cell in cells
    ]


def _keep_words(line: Line, cell: Sequence[tuple[int, Word]], place: int) -> Line:
    """Return a line with only its words that are in a cell, in reading order."""
    kept = tuple(word for word in line.words if (place, word) in cell)
    return line if len(kept) == len(line.words) else replace(line, words=kept)


def _find_common_gutters(band: Sequence[Row]) -> Gutters:
    """Find the white space that all rows share; a head above may span several columns."""
    free = _find_free(band)
    below = _find_free(band[1:]) if len(band) > 2 else free
    wide = sum(any(_is_parted(row, gutter) for row in band[1:]) for gutter in below)
    return below if len(free) < len(below) == wide else free


def _is_parted(row: Row, gutter: tuple[float, float]) -> bool:
    """Whether a gutter separates two lines of a row."""
    return any(a.right <= gutter[0] + 1 and gutter[1] - 1 <= b.left for a, b in pairwise(row))


def _find_free(band: Sequence[Row]) -> Gutters:
    words = sorted((word.left, word.right) for row in band for line in row for word in line.words)
    gutters: Gutters = []
    edge = words[0][0]
    for left, right in words:
        if left - edge > LEAST_GUTTER * band[0][0].size:
            gutters.append((edge, left))
        edge = max(edge, right)
    return gutters


def split_columns(band: Sequence[Row], gutters: Gutters) -> list[list[Line]]:
    """Return the lines of each column."""
    columns: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    for part in (part for row in band for line in row for part in divide([line], gutters)):
        middle = (part.left + part.right) / 2
        columns[sum(middle > (left + right) / 2 for left, right in gutters)].append(part)
    return columns


def count_full(band: Sequence[Row]) -> int:
    """Return the number of rows up to the last one with several lines."""
    return max((place for place, row in enumerate(band, 1) if len(row) > 1), default=1)
