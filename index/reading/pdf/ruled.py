"""Finds tables whose cells are between rules drawn on a page of a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from index.reading.pdf.lines import Box, Line, Word, group_rows
from index.reading.pdf.tables import Cell, continues, count_bold, count_labels, find_groups, make_table, write_cell
from index.reading.tables import goes_on_with_heads, has_head_across

NEAR = 4.0
"""Points; rules that are nearer are one, or touch."""

CELL_LINES = 14
"""Lines; a box with more is a part of the page, not a cell."""

RULE_LIMIT = 500
"""Rules, after joining those that continue each other; a page with more is a drawing."""

Place = tuple[int, int]
"""Row and column, from 0."""


class _Lattice(NamedTuple):
    """Rules that touch each other: the positions of its columns from the left, and of its rows from the top."""

    columns: list[float]
    rows: list[float]
    level: list[Box]
    upright: list[Box]

    def holds(self, line: Line) -> bool:
        """Whether a line is in it; a line that begins to the left of it is not."""
        across = self.columns[0] - NEAR < (line.left + line.right) / 2 < self.columns[-1] + NEAR
        return across and self.columns[0] - line.size < line.left and self.rows[-1] < _get_middle(line) < self.rows[0]

    def find_row(self, line: Line) -> int:
        """Return the row that a line is in."""
        return sum(_get_middle(line) < place for place in self.rows[1:-1])

    def divide(self, line: Line) -> Iterator[tuple[int, Line]]:
        """Yield (column, part of the line) for the columns that the line is in."""
        parts: dict[int, list[Word]] = {}
        for word in line.words:
            middle = (word.left + word.right) / 2
            parts.setdefault(sum(middle > place for place in self.columns[1:-1]), []).append(word)
        yield from ((column, replace(line, words=tuple(words))) for column, words in parts.items())

    def find_owners(self) -> dict[Place, Place]:
        """Return for each place the first place of its cell: places without a rule between them are one cell."""
        owners: dict[Place, Place] = {}
        for row, (above, below) in enumerate(pairwise(self.rows)):
            for column, (left, right) in enumerate(pairwise(self.columns)):
                x, y = (left + right) / 2, (above + below) / 2
                if column and not any(r.bottom < y < r.top and abs(r.left - left) <= NEAR for r in self.upright):
                    owners[row, column] = owners[row, column - 1]
                elif row and not any(r.left < x < r.right and abs(r.bottom - above) <= NEAR for r in self.level):
                    owners[row, column] = owners[row - 1, column]
                else:
                    owners[row, column] = (row, column)
        return owners


def _get_middle(line: Line) -> float:
    return line.base + 0.3 * line.size


def find_ruled_tables(lines: Sequence[Line], rules: Sequence[Box]) -> list[Line]:
    """Return the lines; those in a ruled table are replaced by it."""
    rest = list(lines)
    for lattice in _find_lattices(rules):
        inside = [line for line in rest if lattice.holds(line)]
        made = _make_table(inside, lattice)
        if made:
            rest = [line for line in rest if not lattice.holds(line)] + made
    return rest


def _find_lattices(rules: Sequence[Box]) -> Iterator[_Lattice]:
    """Yield rules that touch each other and form at least two columns and two rows."""
    merged = [*_merge_rules(rules, is_level=True), *_merge_rules(rules, is_level=False)]
    groups: list[list[Box]] = []
    for rule in merged if len(merged) <= RULE_LIMIT else ():
        apart: list[list[Box]] = []
        joined = [rule]
        for group in groups:
            if any(_touch(rule, other) for other in group):
                joined += group
            else:
                apart.append(group)
        groups = [*apart, joined]
    for group in groups:
        level, upright = [rule for rule in group if rule.is_level], [rule for rule in group if not rule.is_level]
        if level and upright:
            # A table may be open at its sides, or at its top and bottom.
            columns = _join_near([*(r.left for r in upright), *(end for r in level for end in (r.left, r.right))])
            rows = _join_near([*(r.bottom for r in level), *(end for r in upright for end in (r.bottom, r.top))])
            if len(columns) > 2 and len(rows) > 2:
                yield _Lattice(columns, rows[::-1], level, upright)


def _merge_rules(rules: Sequence[Box], *, is_level: bool) -> list[Box]:
    """Join the horizontal (or vertical) rules that overlap or continue each other."""
    # For a horizontal rule: its height, then its left and right ends; for a vertical one, the same after turning.
    spans = [
        (r.bottom, r.left, r.right) if is_level else (r.left, r.bottom, r.top) for r in rules if r.is_level == is_level
    ]
    rows: list[list[tuple[float, float, float]]] = []
    for span in sorted(spans):
        if rows and span[0] - rows[-1][0][0] < NEAR:
            rows[-1].append(span)
        else:
            rows.append([span])
    merged: list[Box] = []
    for row in rows:
        at = row[0][0]
        ends: list[tuple[float, float]] = []
        for _, begin, end in sorted(row, key=lambda span: span[1]):
            if ends and begin - ends[-1][1] < NEAR:
                ends[-1] = (ends[-1][0], max(ends[-1][1], end))
            else:
                ends.append((begin, end))
        merged += [Box(one, at, other, at) if is_level else Box(at, one, at, other) for one, other in ends]
    return merged


def _touch(one: Box, other: Box) -> bool:
    across = one.left - NEAR < other.right and other.left - NEAR < one.right
    return across and one.bottom - NEAR < other.top and other.bottom - NEAR < one.top


def _join_near(places: Iterable[float]) -> list[float]:
    joined: list[float] = []
    for place in sorted(places):
        if not joined or place - joined[-1] > NEAR:
            joined.append(place)
    return joined


def _make_table(inside: Sequence[Line], lattice: _Lattice) -> list[Line]:
    """Make a table of the lines in a lattice, with the title across its top before it; empty if it is not a table."""
    owners = lattice.find_owners()
    cells: dict[Place, Cell] = {}
    for line in inside:
        for column, part in lattice.divide(line):
            cells.setdefault(owners[lattice.find_row(line), column], []).append(part)
    is_page = any(len(group_rows(cell)) > CELL_LINES for cell in cells.values())
    if is_page or any(_holds_rows(cells, row) for row in range(len(lattice.rows) - 1)):
        return []
    grid: list[list[str]] = []
    held: list[list[Cell]] = []
    spans: list[list[Place]] = []
    width = len(lattice.columns) - 1
    for row in range(len(lattice.rows) - 1):
        places = [owners[row, column] for column in range(width)]
        texts = [write_cell(cells.get(place, [])) for place in places]
        if any(texts):
            # A cell across the whole table, or with nothing beside it, names the rows below.
            is_alone = all(place == places[0] or not cells.get(place) for place in places)
            grid.append(texts[:1] + [""] * (width - 1) if is_alone else texts)
            row_cells = [cells.get(place, []) for place in places]
            held.append([*row_cells[:1], *([] for _ in row_cells[1:])] if is_alone else row_cells)
            spans.append(places)
    across = [place for place, places in enumerate(spans) if len(set(places)) == 1]
    # The first ones are titles of the table; but if others name the rows below them, the last of these does too.
    top = next((place for place, row in enumerate([*across, -1]) if row != place), 0)
    top -= top > 0 and any(row + 1 < len(grid) and row + 1 not in across for row in across[top:])
    title = [line for cells in held[:top] for line in cells[0]]
    grid, held, spans, across = grid[top:], held[top:], spans[top:], [place - top for place in across if place >= top]
    bold = [all(line.bold for cell in row for line in cell) for row in held]
    filled = [column for column in range(width) if any(row[column] for row in grid)]
    if len(grid) < 2 or len(filled) < 2:
        return []
    labels = count_labels([[row[column] for column in filled] for row in held])
    named = sorted({*across, *find_groups([[row[column] for column in filled] for row in held])})
    heads = 0 if labels else count_bold([is_bold for place, is_bold in enumerate(bold) if place not in named])
    grid = [[row[column] for column in filled] for row in grid]
    if not labels and not named:
        heads = _count_divided_heads(grid, [[places[column] for column in filled] for places in spans], heads)
    return [*title, make_table(grid, heads, labels, [line for row in held for cell in row for line in cell], named)]


def _count_divided_heads(grid: Sequence[Sequence[str]], spans: Sequence[Sequence[Place]], marked: int) -> int:
    """How many rows at the top are heads, including those that subdivide heads across several columns.

    Args:
        spans: for each row, the first place of the cell in each column.
        marked: how many rows of heads are set apart by their look.
    """
    heads = marked or int(has_head_across(grid, spans))
    while 0 < heads < len(grid) - 1:
        above, cells = spans[heads - 1], spans[heads]
        is_named = bool(grid[heads][0]) and cells[0] != above[0]
        if len(set(above)) == len(above) or not goes_on_with_heads(
            [above.index(place) for place in above], grid[heads], grid[heads + 1 :], is_named=is_named
        ):
            break
        heads += 1
    return heads


def _holds_rows(cells: dict[Place, Cell], row: int) -> bool:
    """Whether several rows of a table are between two rules: each cell has as many lines, which do not continue."""
    mine = [group_rows(cell) for place, cell in cells.items() if place[0] == row]
    if len(mine) < 2 or len(mine[0]) < 2 or len({len(lines) for lines in mine}) > 1:
        return False
    going_on = [
        continues(one[-1], other[0], max(line.right for row in lines for line in row))
        for lines in mine
        for one, other in pairwise(lines)
    ]
    return sum(going_on) < 0.3 * len(going_on)
