"""Tables: which rows are heads, and what each other row says with them.

Every reader gives its tables as a grid of cells in which spans are filled in; this module tells the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Row = Sequence[str]
"""The cells of a row, one for each column; empty if nothing stands there."""

_VALUE = re.compile(r"[\d.,:/+\-–—%°€$£¥ ]*\d[\d.,:/+\-–—%°€$£¥ ]*[^\W\d_]{0,4}\.?")
"""A number, price, time or the like: such a cell is no head."""


def count_heads(rows: Sequence[Row]) -> int:
    """How many rows at the top are column heads, for a table that does not mark them: 1 or 0.

    A first row is a head if none of its cells but the first is a value, and some cell below them is, or if its cells
    are all filled and short while the table has more rows.
    """
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0
    first, below = rows[0], rows[1:]
    if any(_VALUE.fullmatch(cell.strip()) for cell in first[1:]):
        return 0
    if any(_VALUE.fullmatch(row[place].strip()) for row in below for place in range(1, len(row))):
        return 1
    # Cells of words alone: a head names its columns in few words, and names each.
    return int(all(_is_name(cell) for cell in first[1:]) and len(set(first)) == len(first))


def _is_name(cell: str) -> bool:
    """Whether a cell can name a column: a few words without a number."""
    return bool(cell.strip()) and len(cell.split()) <= 4 and not any(map(str.isdigit, cell))


def join_heads(rows: Sequence[Row]) -> tuple[str, ...]:
    """One head for each column from several rows of heads; the same text in a column counts once."""
    return tuple(" ".join(dict.fromkeys(filter(None, (cell.strip() for cell in column)))) for column in zip(*rows))  # noqa: B905


def tell_row(row: Row, heads: Row, key_head: bool = True) -> str:
    """What a row says, with its column heads: "Saturday: adult 9.00, child 4.50".

    Empty cells are left out. Without heads, the key is followed by the values.

    Args:
        heads: one for each column, or none.
        key_head: whether the first cell names the row; if not, every cell is told with its head.
    """
    cells = [cell.strip() for cell in row]
    named = [head.strip() for head in heads] + [""] * (len(cells) - len(heads))
    if not any(cells):
        return ""
    key = cells[0] if key_head else ""
    rest = list(zip(named, cells, strict=False))[1 if key_head else 0 :]
    values = [f"{head} {cell}" if head and head.casefold() != cell.casefold() else cell for head, cell in rest if cell]
    told = ", ".join(values)
    if key and told:
        return f"{key}: {told}" if not key.endswith(":") else f"{key} {told}"
    return key or told


def tell_table(rows: Sequence[Row], heads: int | None = None) -> list[str]:
    """What each row says, in their order; empty for a row of heads or without text.

    Args:
        rows: all of the same length.
        heads: how many rows at the top are column heads; None looks for them.
    """
    count = count_heads(rows) if heads is None else heads
    named = join_heads(rows[:count]) if count else ()
    return ["" if place < count else tell_row(row, named) for place, row in enumerate(rows)]
