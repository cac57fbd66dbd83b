"""Makes tables of lines of a PDF whose columns are separated by white space, and finds which lines are one row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from index.reading.cells import is_value
from index.reading.pdf.lines import Box, Grid, Line, Word, group_rows

TIGHT = 1.12
"""Multiple of the smallest line spacing; lines of one cell are no further apart."""

SENTENCE_END = re.compile(r"[.!?:。！？؟۔।][\"')”’»]*\Z")

Gutters = list[tuple[float, float]]
"""The left and right edges of the white space between columns."""

Cell = list[Line]
CellRow = list[Cell]


def goes_on(above: Line, below: Line) -> bool:
    """Whether a line continues the sentence above: it begins with a lower-case letter, or one without case."""
    first = below.text[0]
    return first.isalpha() and not first.isupper() and not SENTENCE_END.search(above.text)


def continues(above: Line, below: Line, edge: float) -> bool:
    """Whether a cell's line continues the line above: its sentence goes on, or it did not fit before `edge`."""
    if SENTENCE_END.search(above.text) or not any(map(str.isalpha, below.text)):
        return False
    fits = edge - above.right > below.words[0].right - below.words[0].left
    return goes_on(above, below) or (not fits and len(above.words) > 2)


def ends_key(above: Line, below: Line, edge: float) -> bool:
    """Whether a single line continues the first cell of the row above, in which it did not fit."""
    if above.style != below.style or above.mono or len(above.words) < 2 or not goes_on(above, below):
        return False
    is_near = 0 < above.base - below.base < 1.6 * below.size and abs(above.left - below.left) < 1
    return is_near and edge - above.right < below.words[0].right - below.words[0].left


def write_cell(cell: Cell) -> str:
    """Write the lines of a cell, one below the other."""
    return "\n".join(" ".join(line.text for line in row) for row in group_rows(cell))


def make_table(
    grid: Sequence[Sequence[str]], heads: int, labels: int, lines: Sequence[Line], groups: Sequence[int] = ()
) -> Line:
    """Make the line that stands for a table, from its cells and the lines that it was made from."""
    first = max(lines, key=lambda line: line.base)
    place = Word("", min(line.left for line in lines), max(line.right for line in lines))
    made: Grid = tuple(tuple(row) for row in grid)
    table = replace(first, words=(place,), bold=False, mono=False, grid=made)
    return replace(table, heads=heads, labels=labels, groups=tuple(groups))


def find_groups(rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Find the rows that only name those below them: a bold name and nothing else, where other names are not bold."""
    alone = [bool(row[0]) and not any(row[1:]) for row in rows]
    if all(line.bold for row, is_alone in zip(rows, alone, strict=True) if not is_alone for line in row[0]):
        return []
    return [
        place
        for place, row in enumerate(rows[:-1])
        if alone[place] and all(line.bold for line in row[0]) and rows[place + 1][0]
    ]


def count_bold(bold: Sequence[bool]) -> int:
    """How many rows at the top are heads because they alone are bold."""
    count = next((place for place, is_bold in enumerate(bold) if not is_bold), 0)
    return count if count <= 3 else 0


def count_labels(rows: Sequence[Sequence[Cell]]) -> int:
    """How many columns of a table hold labels: all bold beside cells that are not, or beside form fields; else 0."""
    width = len(rows[0])
    keys = [[line for row in rows for line in row[place]] for place in range(0, width, 2)]
    values = [[line for row in rows for line in row[place]] for place in range(1, width, 2)]
    if (
        width % 2
        or len(rows) < 2
        or not all(keys)
        or not all(values)
        or any(one.is_field for key in keys for one in key)
    ):
        return 0
    are_fields = all(line.is_field for cell in rows[0][1::2] for line in cell)
    if are_fields and all(2 * sum(line.is_field for line in value) > len(value) for value in values):
        return width // 2
    is_bold = all(line.bold for key in keys for line in key) and not any(one.bold for value in values for one in value)
    return width // 2 if is_bold else 0


def make_open_table(band: Sequence[Sequence[Line]], gutters: Gutters, rules: Sequence[Box]) -> Line:
    """Make a table from rows of lines and the white space between its columns."""
    cells = _join_heads(_place_band(band, gutters))
    ruled = _find_ruled_starts(cells, rules)
    groups = _group_cell_rows(cells, ruled)
    rows = [[[line for row in group for line in row[column]] for column in range(len(cells[0]))] for group in groups]
    grid = [[write_cell(cell) for cell in row] for row in rows]
    named = find_groups(rows)
    bold = [all(line.bold for cell in row for line in cell) for place, row in enumerate(rows) if place not in named]
    labels = count_labels(rows)
    heads = 0 if labels else count_bold(bold) or _count_open_heads(grid)
    # If there is a rule below every row, it sets none apart.
    if not heads and not labels and len(groups) == len(cells) and 1 < len(ruled) < len(cells) and ruled[1] < 4:
        heads = 0 if any(is_value(cell) for row in grid[: ruled[1]] for cell in row) else ruled[1]
    return make_table(grid, heads, labels, [line for row in band for line in row], named)


def has_keyed_rows(band: Sequence[Sequence[Line]], gutters: Gutters) -> bool:
    """Whether rows are apart and each has its name in the first column, with fewer lines than the longest cell."""
    cells = _place_band(band, gutters)
    filled = [
        [sum(map(bool, column)) for column in zip(*rows, strict=True)]
        for rows in _cut(cells, _find_loose_starts(cells))
    ]
    is_named = all(0 < counts[0] <= max(counts) for counts in filled)
    return len(filled) > 1 and is_named and any(counts[0] < max(counts) for counts in filled)


def _place_band(band: Sequence[Sequence[Line]], gutters: Gutters) -> list[CellRow]:
    """Place the lines of rows into the columns between the gutters; a head across several is placed in each."""
    heads = next((place for place, row in enumerate(band) if len(row) > len(gutters)), 0)
    return [_place_row(row, gutters, place < heads) for place, row in enumerate(band)]


def _place_row(row: Sequence[Line], gutters: Gutters, is_head: bool) -> CellRow:
    cells: CellRow = [[] for _ in range(len(gutters) + 1)]
    for line in row:
        first = sum(line.left >= right - 1 for _, right in gutters)
        last = sum(line.right > right for _, right in gutters) if is_head else first
        for column in range(first, max(first, last) + 1):
            cells[column].append(line)
    return cells


def _join_heads(cells: list[CellRow]) -> list[CellRow]:
    """Join each column that holds only a head with the next one, if that holds only values and no head.

    A centred head may have white space between itself and all values, which are at the right of the column.
    """
    below = [[row[column] for row in cells[1:] if row[column]] for column in range(len(cells[0]))]
    alone = [bool(cell) and not values for cell, values in zip(cells[0], below, strict=True)]
    lacking = [
        not cell and bool(values) and all(is_value(value[0].text) for value in values)
        for cell, values in zip(cells[0], below, strict=True)
    ]
    joined = [place for place in range(1, len(alone)) if alone[place - 1] and lacking[place]]
    if len(cells) < 3 or len(joined) < sum(alone) or any(is_value(cells[0][place - 1][0].text) for place in joined):
        return cells
    return [
        [
            row[place - 1] + cell if place in joined else cell
            for place, cell in enumerate(row)
            if place + 1 not in joined
        ]
        for row in cells
    ]


def _group_cell_rows(cells: Sequence[CellRow], ruled: Sequence[int]) -> list[list[CellRow]]:
    """Group lines side by side that belong to one row of a table, because its cells have several lines."""
    edges = [max((line.right for row in cells for line in row[k]), default=0.0) for k in range(len(cells[0]))]
    for starts in (ruled, _find_loose_starts(cells)):
        groups = _cut(cells, starts)
        if 1 < len(groups) < len(cells) and not any(_holds_rows(group, edges) for group in groups):
            return groups
    pairs = enumerate(pairwise(cells), 1)
    return _cut(cells, [0, *(place for place, (above, row) in pairs if not _is_one_row(above, row, edges))])


def _is_one_row(above: CellRow, row: CellRow, edges: Sequence[float]) -> bool:
    """Whether lines side by side belong to the row above, because a cell continues."""
    if row[0]:
        return bool(above[0]) and not any(row[1:]) and ends_key(above[0][-1], row[0][0], edges[0])
    return not _stands_apart(above, row) and any(
        one and other and continues(one[-1], other[0], edge) for one, other, edge in zip(above, row, edges, strict=True)
    )


def _stands_apart(above: CellRow, row: CellRow) -> bool:
    """Whether a row is not part of the one above: only one of them is bold, or both have a value in the same column."""
    bold = [all(line.bold for cell in one for line in cell) for one in (above, row)]
    values = [(one, other) for one, other in zip(above, row, strict=True) if one and other]
    return bold[0] is not bold[1] or any(is_value(one[-1].text) and is_value(other[0].text) for one, other in values)


def _cut(cells: Sequence[CellRow], starts: Sequence[int]) -> list[list[CellRow]]:
    return [list(cells[one:other]) for one, other in pairwise([*starts, len(cells)])]


def _holds_rows(group: Sequence[CellRow], edges: Sequence[float]) -> bool:
    """Whether a group is several rows of a table after all: no line continues the one above."""
    for above, row in pairwise(group):
        filled = [column for column, cell in enumerate(row) if cell]
        going_on = any(above[k] and continues(above[k][-1], row[k][0], edges[k]) for k in filled)
        if not going_on and len(filled) > 1:
            return True
    return False


def _find_ruled_starts(cells: Sequence[CellRow], rules: Sequence[Box]) -> list[int]:
    """Return the places of the rows below rules that run along at least half of the table."""
    left = min(line.left for row in cells for cell in row for line in cell)
    right = max(line.right for row in cells for cell in row for line in cell)
    level = [rule for rule in rules if rule.is_level and rule.left < right and left < rule.right]
    starts = [0]
    for place, (one, other) in enumerate(pairwise(map(_get_first, cells)), 1):
        # A rule can be drawn as a thin box, with two long edges.
        between = {
            round(rule.left): min(rule.right, right) - max(rule.left, left)
            for rule in level
            if other.base + 0.5 * other.size < rule.bottom < one.base
        }
        if sum(between.values()) > 0.5 * (right - left):
            starts.append(place)
    return starts


def _find_loose_starts(cells: Sequence[CellRow]) -> list[int]:
    """Return the places of the rows that are further below the previous row than the lines of a cell are.

    The column with the most lines decides; other cells may be centred beside its lines.
    """
    fullest = max(range(len(cells[0])), key=lambda column: sum(bool(row[column]) for row in cells))
    filled = [place for place, row in enumerate(cells) if row[fullest]]
    bases = [cells[place][fullest][0].base for place in filled]
    steps = [one - other for one, other in pairwise(bases)]
    if not steps or max(steps) < 1.2 * min(steps):
        return [0]
    ends = [place for place, step in enumerate(steps) if step > TIGHT * min(steps)]
    starts = [0]
    for end in ends:
        middle = (bases[end] + bases[end + 1]) / 2
        # A row without a line in this column belongs to the nearer row.
        between = range(filled[end] + 1, filled[end + 1])
        starts.append(next((k for k in between if _get_first(cells[k]).base <= middle), filled[end + 1]))
    return starts


def _get_first(row: CellRow) -> Line:
    return next(line for cell in row for line in cell)


def _count_open_heads(grid: Sequence[Sequence[str]]) -> int:
    """How many rows at the top are heads, if the first has empty cells that the second fills: 2, else 0."""
    if len(grid) < 3 or not all(grid[1]) or all(grid[0]):
        return 0
    has_digits = [any(map(str.isdigit, "".join(row))) for row in grid]
    return 2 if not has_digits[0] and not has_digits[1] and any(has_digits[2:]) else 0
