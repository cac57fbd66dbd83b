"""Sorts the lines of a PDF page into reading order: columns one after the other, tables and listings as wholes."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from index.reading.pdf.bands import Row, count_full, divide, find_band, narrow, split_columns
from index.reading.pdf.edges import find_sides
from index.reading.pdf.lines import (
    BULLETS,
    HEADING_SCALE,
    SECTION_NUMBER,
    BodyStyle,
    Box,
    Line,
    Word,
    group_rows,
    join_row,
)
from index.reading.pdf.ruled import find_ruled_tables
from index.reading.pdf.tables import Gutters, ends_key, goes_on, has_keyed_rows, make_open_table

COLUMN_GAP = 2.5
"""Multiple of the font size; the usual white space between columns of text is narrower."""

COLUMN_DEPTH = 4
"""How many levels of columns and tables may be nested in columns."""

MARK = re.compile(rf"[{BULLETS}–*☐☑-]|\(?(?:\d{{1,3}}|[a-zA-Z]|[ivx]{{1,5}})[.)]|{SECTION_NUMBER}\.?")
"""A bullet or number without text."""

_COUNTED = re.compile(SECTION_NUMBER)
"""The number of a section, or one with decimals."""

BARE = re.compile(r"\d{1,3}|[a-zA-Z]")
"""A number without its full stop."""

_FIRST = (1, ord("a"), ord("A"))
"""The first number or letter of a list of bare numbers, if other marks come before it."""


def order_page(lines: Sequence[Line], rules: Sequence[Box], body: BodyStyle) -> list[Line]:
    """Sort the lines of a page into reading order; lines side by side that are not columns are joined."""
    return _order_lines(find_ruled_tables(lines, [*rules, *find_sides(lines, rules)]), rules, body, 0)


def _order_lines(lines: Sequence[Line], rules: Sequence[Box], body: BodyStyle, depth: int) -> list[Line]:
    rows = group_rows(lines)
    ordered: list[Line] = []
    begin = place = 0
    while place < len(rows):
        listing = _find_listing(rows, place, body)
        if listing > place:
            ordered.append(_make_listing(rows[place:listing]))
            begin = place = listing
            continue
        band, gutters = find_band(rows, place) if depth < COLUMN_DEPTH else ([], [])
        headed = _find_gutters_of_headings(rows[place], band, gutters) or _find_headed_gutters(band, gutters, body)
        gutters = headed or gutters
        if not gutters:
            ordered += _join_row(rows[place])
            place += 1
        elif headed or _are_columns(band, gutters, rules):
            start = _find_start(rows, begin, place, gutters)
            del ordered[len(ordered) - (place - start) :]
            place += len(_cut_columns(band, rows[place + len(band) :], body))
            columns = split_columns(rows[start:place], gutters)
            for column, edge in zip(columns, _find_edges(columns, gutters), strict=True):
                inner = _order_lines(column, rules, body, depth + 1)
                ordered += [line if line.edge else replace(line, edge=edge) for line in inner]
            begin = place
        else:
            start, gutters = _find_table_start(rows, begin, place, gutters)
            del ordered[len(ordered) - (place - start) :]
            band = [divide(row, gutters) for row in rows[start:place]] + _cut_table(band, gutters, body)
            band = _cut_at_headings(band, rows[start - 1] if start else [], body)
            # What is below the table may have narrowed the white space between its columns.
            alone, finer = find_band(rows[: start + len(band)], start)
            if len(alone) == len(band) and len(finer) > len(gutters):
                band, gutters = alone, finer
            above = _count_above_heads(band, gutters)
            ordered += [line for row in band[:above] for line in row]
            start, band = start + above, band[above:]
            if len(band) < 2 or _is_list(band, gutters):
                ordered += map(_join_item, band)
            else:
                ordered.append(make_open_table(band, gutters, rules))
            begin = place = start + len(band)
    return ordered


def _join_row(row: Row) -> list[Line]:
    """Join the lines of a row into one; a table among them stays separate."""
    tables = [line for line in row if line.grid]
    text = [line for line in row if not line.grid]
    return [*([join_row(text)] if text else []), *tables]


def _find_listing(rows: Sequence[Row], place: int, body: BodyStyle) -> int:
    """Return the end of the listing of code that begins at a row; `place` itself if none does."""
    end = place
    while (
        not body.mono
        and end < len(rows)
        and all(line.mono and not line.grid for line in rows[end])
        and (end == place or rows[end - 1][0].base - rows[end][0].base < 3 * rows[end][0].size)
    ):
        end += 1
    return end


def _make_listing(rows: Sequence[Row]) -> Line:
    """Make the line that stands for a listing of code, with its line breaks and indents."""
    words = [word for row in rows for line in row for word in line.words]
    left = min(word.left for word in words)
    width = sum(word.right - word.left for word in words) / max(sum(len(word.text) for word in words), 1) or 1.0
    texts = []
    for row in rows:
        text = ""
        for word in (word for line in row for word in line.words):
            text += " " * max(round((word.left - left) / width) - len(text), 1 if text else 0) + word.text
        texts.append(text)
    place = Word("", left, max(word.right for word in words))
    return replace(rows[0][0], words=(place,), code="\n".join(texts))


# Columns and tables: where they begin and end


def _find_edges(columns: Sequence[Sequence[Line]], gutters: Gutters) -> list[float]:
    """Return where each column ends: at its longest line, or beyond if wider white space than usual follows."""
    edges, width = [], 0.0
    for column, gutter in zip(columns, [*gutters, (0.0, 0.0)], strict=True):
        left = min((line.left for line in column), default=0.0)
        right = max((line.right for line in column), default=0.0)
        usual = COLUMN_GAP * column[0].size if column else 0.0
        # Nothing is after the last column: it is as wide as the others.
        edges.append(max(right, gutter[1] - usual if gutter[1] else left + width))
        width = max(width, edges[-1] - left)
    return edges


def _find_start(rows: Sequence[Row], begin: int, place: int, gutters: Gutters) -> int:
    """Return where columns of text begin: one column may begin above the first row of several lines."""
    while (
        place > begin
        and not (len(rows[place - 1]) > 1 and any(line.grid for line in rows[place - 1]))
        and all(narrow(gutter, rows[place - 1]) for gutter in gutters)
        and rows[place - 1][0].base - rows[place][0].base < 2.2 * rows[place][0].size
    ):
        place -= 1
    return place


def _find_table_start(rows: Sequence[Row], begin: int, place: int, gutters: Gutters) -> tuple[int, Gutters]:
    """Return where a table begins, and its gutters: cells of its first rows can be close together."""
    while (
        place > begin
        and all(left := [narrow(gutter, rows[place - 1]) for gutter in gutters])
        and len(divide(rows[place - 1], parted := [max(parts, key=lambda one: one[1]) for parts in left])) > 1
        and not any(line.grid for line in rows[place - 1])
        and rows[place - 1][0].base - rows[place][0].base < 2.2 * rows[place][0].size
    ):
        place, gutters = place - 1, parted
    return place, gutters


def _cut_columns(band: list[Row], below: Sequence[Row], body: BodyStyle) -> list[Row]:
    """Return the rows of columns, without a heading at the end that belongs to the text below all columns."""
    for place in range(count_full(band), len(band)):
        gap = band[place - 1][0].base - band[place][0].base
        if below and body.is_large(band[place][0]) and gap > 1.5 * band[place][0].size:
            return band[:place]
    return band


def _cut_table(band: list[Row], gutters: Gutters, body: BodyStyle) -> list[Row]:
    """Return the rows of a table, without a heading or one-line text below; the last line of a cell is included."""
    heading = next((place for place, row in enumerate(band) if place and _is_heading(row, body)), len(band))
    if count_full(band[:heading]) > 1:
        band = band[:heading]
    alone = [
        len(row) == 1
        and row[0].left < gutters[0][1] - 1
        and not (place and ends_key(band[place - 1][0], row[0], gutters[0][0]))
        for place, row in enumerate(band)
    ]
    text = next((place for place, both in enumerate(pairwise(alone)) if all(both)), len(band))
    last = count_full(band[:text])
    while last < text and not alone[last] and band[last - 1][0].base - band[last][0].base < 1.6 * band[last][0].size:
        last += 1
    return band[:last]


def _cut_at_headings(band: list[Row], above: Row, body: BodyStyle) -> list[Row]:
    """Return the rows of a table without column heads, up to a row that looks like the bold line above the table."""
    may_be_heads = not any(char.isdigit() for line in band[0] for char in line.text)
    if len(above) != 1 or not above[0].bold or body.bold or may_be_heads:
        return band
    alike = (
        place
        for place, row in enumerate(band)
        if len(row) == 1 and row[0].style == above[0].style and abs(row[0].left - above[0].left) < row[0].size
    )
    return band[: next(alike, len(band))]


def _count_above_heads(band: Sequence[Row], gutters: Gutters) -> int:
    """How many rows are above a table's heads and not part of it: those above a row of bold cells in each column.

    No other row is bold, and the rows above leave columns empty.
    """
    bold = [all(line.bold for line in row) for row in band]
    place = next((place for place, row in enumerate(band) if len(row) > len(gutters)), 0)
    is_apart = bold[place : place + 2] == [True, False] and sum(bold) == 1
    return place if is_apart and len(gutters) > 1 else 0


def _is_heading(row: Row, body: BodyStyle) -> bool:
    return len(row) == 1 and row[0].bold and body.is_large(row[0]) and not body.bold


def _is_list(band: Sequence[Row], gutters: Gutters) -> bool:
    """Whether rows are items with bullets or numbers before them; bare numbers must be consecutive."""
    if len(gutters) != 1:
        return False
    sides = [split_columns([row], gutters) for row in band]
    full = [(left[0].text, right[0].text) for left, right in sides if left and right]
    marks = [left[0].text for left, right in sides if left and (right or _is_mark(left[0].text))]
    if len(full) < 2:
        return False
    if any(_COUNTED.fullmatch(mark) and not text[0].isalpha() for mark, text in full):
        return False
    return _count_on(marks)


def _count_on(marks: Sequence[str]) -> bool:
    """Whether bare numbers and letters follow each other. The first may be any; one after a bullet begins a list."""
    expected: Collection[int] = range(1, sys.maxsize)
    for mark in marks:
        if MARK.fullmatch(mark):
            expected = _FIRST
        elif (count := _count_mark(mark)) in expected:
            expected = (count + 1,)
        else:
            return False
    return True


def _count_mark(mark: str) -> int:
    """Return the position of a bare number or letter in its series; a negative number for anything else."""
    if re.fullmatch(r"\d{1,9}", mark):
        return int(mark)
    return ord(mark) if len(mark) == 1 and mark.isalpha() else -9


def _is_mark(text: str) -> bool:
    return bool(MARK.fullmatch(text) or BARE.fullmatch(text))


def _join_item(row: Row) -> Line:
    """Join a row; a bare number before an item gets a full stop."""
    line = join_row(row)
    number = line.words[0]
    if len(row) > 1 and BARE.fullmatch(number.text):
        return replace(line, words=(number._replace(text=f"{number.text}."), *line.words[1:]))
    return line


# Columns of text, or of a table


def _are_columns(band: Sequence[Row], gutters: Gutters, rules: Sequence[Box]) -> bool:
    """Whether rows side by side are columns of text; else they are a table, or items with numbers before them."""
    columns = split_columns(band, gutters)
    if any(line.grid for column in columns for line in column):
        return True
    if _is_list(band, gutters) or _is_ruled_across(band, gutters, rules):
        return False
    if _is_larger(band[0], band[1:]):
        # Column heads of tables are not larger.
        return True
    states = [_find_states(column) for column in columns]
    running = [
        len(column) > 2 and sum(state.values()) > 0.3 * (len(column) - 1)
        for column, state in zip(columns, states, strict=True)
    ]
    if not any(running):
        return False
    long = [runs for column, runs in zip(columns, running, strict=True) if len(column) > 2]
    if not running[0] and has_keyed_rows(band, gutters):
        return False
    both = [[state[id(line)] for state in states for line in row if id(line) in state] for row in band]
    side_by_side = [row for row in both if len(row) > 1]
    conflicts = sum(len(set(row)) > 1 for row in side_by_side)
    shifted = sum(abs(row[0].base - row[-1].base) > 0.15 * row[0].size for row in band if len(row) > 1)
    if conflicts > 1 and conflicts >= 0.25 * len(side_by_side):
        return True
    if shifted > 0.4 * sum(len(row) > 1 for row in band):
        return True
    return all(long) and len(long) > 1 and len(band) > 3 and not _begin_together(band, states)


def _is_larger(row: Row, below: Sequence[Row]) -> bool:
    """Whether the letters of a row are larger than most of those below it, like those of headings."""
    sizes = sorted(line.size for row in below for line in row)
    return min(line.size for line in row) >= HEADING_SCALE * sizes[len(sizes) // 2]


def _find_headed_gutters(band: Sequence[Row], gutters: Gutters, body: BodyStyle) -> Gutters:
    """Find the gutters between parts that each have headings, with other text or nothing beside these.

    No table has such headings. The other gutters belong to tables within a column.
    """
    counts = [0] * (len(gutters) + 1)
    for row in () if body.bold else band:
        parts = split_columns([row], gutters)
        marked = [bool(part) and all(_heads_column(line, row, body) for line in part) for part in parts]
        if sum(marked) == 1:
            counts[marked.index(True)] += 1
    return [gutter for gutter, count in zip(gutters, counts[1:], strict=True) if min(count, counts[0]) > 1]


def _find_gutters_of_headings(row: Row, band: Sequence[Row], gutters: Gutters) -> Gutters:
    """Find the gutters between headings side by side; the other gutters belong to tables below a heading."""
    if len(row) < 2 or not gutters or not all(line.bold for line in row) or not _is_larger(row, band[1:]):
        return []
    parts = [part for gutter in gutters for part in narrow(gutter, row)]
    between = [[part for part in parts if a.right <= part[0] and part[1] <= b.left] for a, b in pairwise(row)]
    return [some[-1] for some in between if some]


def _heads_column(line: Line, row: Row, body: BodyStyle) -> bool:
    """Whether a line looks like a heading: bold, and larger than the text or not level with what is beside it."""
    is_shifted = not any(abs(line.base - one.base) < 0.15 * line.size for one in row if one is not line)
    return line.bold and line.size >= body.size and (body.is_large(line) or is_shifted)


def _begin_together(band: Sequence[Row], states: Sequence[dict[int, bool]]) -> bool:
    """Whether sentences begin side by side, and only where a row is apart from the one above, as in tables."""
    steps = [above[0].base - row[0].base for above, row in pairwise(band)]
    begun = [not any(state.get(id(line)) for state in states for line in row) for row in band[1:]]
    apart = [step > 1.2 * min(steps) for step in steps]
    return sum(begun) > 1 and begun == apart


def _find_states(column: Sequence[Line]) -> dict[int, bool]:
    """Return for each line of a column, by its `id`, whether it continues the line above."""
    states = {id(line): False for line in column}
    for above, line in pairwise(column):
        near = above.base - line.base < 1.8 * line.size and above.size == line.size
        states[id(line)] = near and len(above.text) > 12 and goes_on(above, line)
    return states


def _is_ruled_across(band: Sequence[Row], gutters: Gutters, rules: Sequence[Box]) -> bool:
    """Whether a horizontal rule between two rows crosses the white space, as only happens in tables."""
    top, bottom = band[0][0].base, band[-1][0].base
    return any(
        rule.is_level and bottom < rule.bottom < top and rule.left < left and rule.right > right
        for rule in rules
        for left, right in gutters
    )
