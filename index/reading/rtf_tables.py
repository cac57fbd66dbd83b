"""Lays out the tables of rich text, in which each row says where its cells end and which are merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from index.reading.blocks import BlockText
from index.reading.grid import Cell, tell_grid
from index.reading.lines import join_cell
from index.reading.tables import find_marked_cells
from index.reading.tree import join_lines


@dataclass(slots=True)
class _Cell:
    """A cell of a row, which may be a part of a cell that spans columns or rows."""

    text: str
    is_bold: bool | None
    """None if it has no text."""
    nested: tuple[BlockText, ...]
    merge: str = ""
    """ "clmrg" if it is merged with the cell before it, "clvmrg" with the one above."""
    edge: int = 0
    """Where it ends, in twips from the left; 0 if the row does not say."""


@dataclass(slots=True)
class _Placed:
    """A cell, with the number of columns and rows that it spans."""

    cell: _Cell
    columns: int
    rows: int = 1


@dataclass(slots=True)
class Table:
    """The rows of a table, as far as read. The words that set up a row may come before its cells or after them."""

    edges: list[tuple[int, str]] = field(default_factory=list)
    """For the cells of the current row: where each ends, and how it is merged."""
    is_head: bool = False
    merge: str = ""
    cells: list[_Cell] = field(default_factory=list)
    """The cells of the current row."""
    rows: list[list[_Cell]] = field(default_factory=list)
    heads: list[bool] = field(default_factory=list)
    nested: list[BlockText] = field(default_factory=list)
    """The blocks of the tables in the current cell."""

    def begin_row(self) -> None:
        """Forget how the previous row was set up."""
        self.edges, self.merge, self.is_head = [], "", False

    def end_setup(self, edge: int) -> None:
        """Note where the next cell of the row ends."""
        self.edges.append((edge, self.merge))
        self.merge = ""

    def add_cell(self, text: str, is_bold: bool | None) -> None:
        """Add the cell that was read; the tables in it were added before."""
        self.cells.append(_Cell(text, is_bold, tuple(self.nested)))
        self.nested.clear()

    def end_row(self) -> None:
        """Add the row that was read."""
        for cell, (edge, merge) in zip(self.cells, self.edges, strict=False):
            cell.edge, cell.merge = edge, merge
        if self.cells:
            self.rows.append(self.cells)
            self.heads.append(self.is_head)
        self.cells = []

    def tell(self) -> Iterator[BlockText]:
        """Yield the written-out rows, or the text of a table that only places it on the page or is a box around it."""
        cells = [cell for row in self.rows for cell in row]
        if all(len(row) == 1 for row in self.rows) or (len(self.rows) == 1 and any(cell.nested for cell in cells)):
            for cell in cells:
                yield from (BlockText("paragraph", line) for line in join_lines(cell.text))
                yield from cell.nested
            return
        placed = _place_cells(self.rows)
        count, labels = (0, ()) if any(self.heads) else _find_marked(placed)
        rows = [
            [
                Cell(
                    join_cell(join_lines(one.cell.text), row < count),
                    one.columns,
                    one.rows,
                    row < count or (column in labels and one.cell.is_bold is not None),
                    one.cell.nested,
                )
                for column, one in enumerate(line)
            ]
            for row, line in enumerate(placed)
        ]
        yield from tell_grid(rows, [is_head or row < count for row, is_head in enumerate(self.heads)])


def _place_cells(rows: Sequence[Sequence[_Cell]]) -> list[list[_Placed]]:
    """Find the columns and rows that each cell spans, using the row with the most cells."""
    edges = [cell.edge for cell in max(rows, key=len)]
    placed: list[list[_Placed]] = []
    above: dict[int, _Placed] = {}
    for row in rows:
        line: list[_Placed] = []
        begin = 0
        for cell, end in zip(row, _find_ends(row, edges), strict=True):
            held = above.get(begin)
            if cell.merge == "clmrg" and line:
                line[-1].columns += end - begin
            elif cell.merge == "clvmrg" and held is not None:
                held.rows += 1
            else:
                above[begin] = _Placed(cell, end - begin)
                line.append(above[begin])
            begin = end
        placed.append(line)
    return placed


def _find_ends(row: Sequence[_Cell], edges: Sequence[int]) -> list[int]:
    """Find the column after which each cell of a row ends: the one whose edge is nearest to the cell's own."""
    own = [cell.edge for cell in row]
    if len(own) == len(edges) or not all(
        one < other for places in (own, edges) for one, other in pairwise([0, *places])
    ):
        return list(range(1, len(own) + 1))
    ends: list[int] = []
    for place, edge in enumerate(own):
        nearest = min(range(len(edges)), key=lambda column: abs(edges[column] - edge)) + 1
        first, last = (ends[-1] if ends else 0) + 1, len(edges) - (len(own) - 1 - place)
        ends.append(min(max(nearest, first), last))
    return ends


def _find_marked(placed: Sequence[Sequence[_Placed]]) -> tuple[int, tuple[int, ...]]:
    """Find how many rows at the top are heads, and which columns hold labels, because they are bold."""
    count, labels = find_marked_cells([[one.cell.is_bold for one in line] for line in placed])
    # In a wide table, a bold first column may have its own head.
    return count, (labels if len(labels) != 1 or max(map(len, placed)) == 2 else ())
