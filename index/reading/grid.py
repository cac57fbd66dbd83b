"""Lays out tables: fills the cells that span columns or rows, finds heads and groups, and writes out each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.reading.blocks import BlockText
from index.reading.cells import Row, are_days, is_of_one_kind, is_value
from index.reading.heads import are_units, is_series
from index.reading.keys import complete_keys, find_groups
from index.reading.tables import (
    count_heads,
    count_label_columns,
    goes_on_with_heads,
    has_head_across,
    join_heads,
    tell_form_row,
    tell_row,
)

SPAN_LIMIT = 100
"""Columns or rows that one cell may span: more are an error of the page, or an attempt to fill the memory."""

WIDTH_LIMIT = 1000
"""Columns that spanning cells may fill."""

GROUP_LIMIT = 80
"""Characters; a longer text across the whole width of a table is a remark, not the name of the rows below it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is in its document."""

    text: str
    columns: int = 1
    rows: int = 1
    is_head: bool = False
    nested: tuple[BlockText, ...] = ()
    """The rows of tables inside it."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a table, with one text for each column."""

    texts: list[str]
    is_head: bool
    """Whether the document marks it as a row of heads."""
    is_group: bool
    """Whether one cell fills its whole width."""
    names_itself: bool
    """Whether only its first cell is a head: it names its row, not its column."""
    nested: tuple[BlockText, ...]
    cells: tuple[int, ...] = ()
    """For each column, the number of its cell: the same number where a cell spans columns or rows."""
    is_form: bool = False
    """Whether heads and other cells alternate, like the labels and values of a form."""
    named: Row = ()
    """Its texts, with those that it shares with other cells: the head to the left, the key of the row above."""


def tell_grid(
    rows: Sequence[Sequence[Cell]],
    heads: Sequence[bool],
    caption: str = "",
    *,
    is_guessed: bool = True,
    is_usual: bool = False,
) -> Iterator[BlockText]:
    """Yield the rows of a table that have text, each followed by those of the tables in its cells.

    Args:
        rows: the cells of each row.
        heads: for each row, whether the document marks it as heads.
        caption: the name of the table.
        is_guessed: whether to look for heads if none are marked.
        is_usual: whether nearly all tables of this format begin with a row of heads.
    """
    lines = _mark_groups([line for line in _lay_out(rows, heads) if any(line.texts) or line.nested])
    has_body = not all(line.is_head or line.is_group for line in lines)
    if is_guessed and not (any(heads) and has_body):
        lines = _guess_heads(lines, is_usual=is_usual)
    lines = _complete_keys(_mark_divided_heads(lines))
    plain = [line.texts for line in lines if not line.is_group]
    is_form = not any(line.is_head for line in lines) and (
        count_label_columns(plain) > 1 or all(line.is_form or line.is_group for line in lines)
    )
    heads_shown = [line.texts for line in lines if line.is_head and all(line.texts)]
    named: list[Row] = []
    group, in_heads = "", False
    for line in lines:
        under = ", ".join(filter(None, (caption, group)))
        if line.is_group or (line.is_head and len(line.texts) == 1):
            yield _make_row(line, line.texts[0], caption)
            is_name = len(line.texts[0]) <= GROUP_LIMIT and line.texts[0][-1:] not in (*".!?",)
            group = line.texts[0] if is_name else group
        elif line.is_head:
            named = [*(named if in_heads else ()), line.named or line.texts]
            yield _make_row(line, "", caption)
        elif line.texts in heads_shown:
            yield _make_row(line, "", caption)  # the heads again, as on the next page
        else:
            names = join_heads(named) if named else ()
            # Below heads that are all days, no column names the rows.
            told = (
                tell_form_row(line.texts)
                if is_form
                else tell_row(line.named or line.texts, names, key_head=not are_days(names))
            )
            yield _make_row(line, told, under)
        in_heads = line.is_head and not line.is_group
        key = ", ".join(filter(None, (under, "" if line.is_group else (line.named or line.texts)[0])))
        yield from (replace(row, caption=row.caption or key) if row.kind == "row" else row for row in line.nested)


def _make_row(line: _Line, told: str, caption: str) -> BlockText:
    """Make the block of a row, with its cells between bars."""
    texts = line.texts[:1] if line.is_group else line.texts
    return BlockText(
        "row", f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |", told=told, caption=caption
    )


def _lay_out(rows: Sequence[Sequence[Cell]], heads: Sequence[bool]) -> list[_Line]:
    """Give each row a text for each column; a cell that spans columns or rows is repeated in all of them."""
    filled: list[dict[int, Cell]] = []
    hanging: dict[int, tuple[Cell, int]] = {}
    for row in rows:
        places = {column: cell for column, (cell, _) in hanging.items()}
        hanging = {column: (cell, left - 1) for column, (cell, left) in hanging.items() if left > 1}
        column = 0
        for cell in row:
            while column in places:
                column += 1
            for taken in range(column, max(min(column + min(cell.columns, SPAN_LIMIT), WIDTH_LIMIT), column + 1)):
                places.setdefault(taken, cell)
                if cell.rows > 1:
                    hanging[taken] = (cell, min(cell.rows, SPAN_LIMIT) - 1)
        filled.append(places)
    used = sorted({column for places in filled for column in places})
    # A column in which no cell begins or ends does not count.
    columns = [
        column for column in used if not column or any(one.get(column) is not one.get(column - 1) for one in filled)
    ]
    empty = Cell("")
    return [
        _Line(
            [places.get(column, empty).text for column in columns],
            is_head,
            len(columns) > 1 and len(row) == 1 and len({id(places.get(column, empty)) for column in columns}) == 1,
            bool(row) and row[0].is_head and not all(cell.is_head for cell in row),
            tuple(block for cell in row for block in cell.nested),
            tuple(id(places[column]) if column in places else -1 - column for column in columns),
            len(columns) % 2 == 0 < len(columns) - 2
            and all(places.get(column, empty).is_head is not bool(place % 2) for place, column in enumerate(columns)),
        )
        for row, places, is_head in zip(rows, filled, heads, strict=True)
    ]


def _mark_groups(lines: Sequence[_Line]) -> list[_Line]:
    """Mark the rows whose only text names the rows below them, even where no cell fills the whole width."""
    places = [place for place, line in enumerate(lines) if not line.is_head and not line.is_group]
    is_headed = any(line.is_head for line in lines)
    found = find_groups([lines[place].texts for place in places], is_headed=is_headed)
    groups = {places[place] for place in found if not lines[places[place]].nested}
    return [replace(line, is_group=True) if place in groups else line for place, line in enumerate(lines)]


def _complete_keys(lines: Sequence[_Line]) -> list[_Line]:
    """Give a key to the rows that have none of their own."""
    rows = [() if line.is_head or line.is_group else line.texts for line in lines]
    width = max((len(line.texts) for line in lines), default=0)
    keyed = complete_keys([row or ("",) * width for row in rows])
    return [
        replace(line, named=row) if own and row != own else line
        for line, own, row in zip(lines, rows, keyed, strict=True)
    ]


def _guess_heads(lines: Sequence[_Line], *, is_usual: bool) -> list[_Line]:
    """Mark the first row as heads if it looks like one; not in a table that only names its rows ("Phone", "12 34")."""
    plain = [line for line in lines if not line.is_group]
    texts = [line.texts for line in plain]
    count = count_heads(texts, is_usual=is_usual) or int(has_head_across(texts, [line.cells for line in plain]))
    # A first row that names itself may still name the columns: "Plan, Basic, Plus" above "Price, 5, 9".
    names_columns = count and len(plain[0].texts) > 2 and not all(line.is_form for line in plain)
    heads = {id(line) for line in plain[:count] if not line.nested and (names_columns or not line.names_itself)}
    return [replace(line, is_head=id(line) in heads) for line in lines]


def _mark_divided_heads(lines: Sequence[_Line]) -> list[_Line]:
    """Mark the rows of heads below another such row that they subdivide, or to which they add units.

    The row above has cells across columns, the same text in several ("Weekday, Weekend" below "Guests, Guests"), or
    empty cells after a text, as in a spreadsheet.
    """
    marked = list(lines)
    plain = [place for place, line in enumerate(marked) if not line.is_group]
    heads = next((count for count, place in enumerate(plain) if not marked[place].is_head), 0)
    while 0 < heads < len(plain) - 1:
        above, line = marked[plain[heads - 1]], marked[plain[heads]]
        below = [marked[place].texts for place in plain[heads + 1 :]]
        is_named = bool(line.texts[0]) and line.cells[0] != above.cells[0]
        if len(set(above.cells)) < len(above.cells):
            if not goes_on_with_heads(above.cells, line.texts, below, is_named=is_named):
                break
        elif _divides(line.texts, above.texts, below):
            marked[plain[heads - 1]] = replace(above, named=[above.texts[place] for place in _find_spans(above.texts)])
        elif not _adds_units(line.texts, below) and not are_units(line.texts, below):
            break
        marked[plain[heads]] = replace(line, is_head=True)
        heads += 1
    return marked


def _find_spans(heads: Row) -> list[int]:
    """For each column, the first column with the same head; a column without a head belongs to the one before."""
    spans = list(range(len(heads)))
    for place in range(2, len(heads)):
        if not heads[place] or heads[place] == heads[place - 1]:
            spans[place] = spans[place - 1]
    return spans


def _divides(row: Row, heads: Row, below: Sequence[Row]) -> bool:
    """Whether a row subdivides heads that each cover several columns, and has no key of its own.

    Below an empty corner its first cell is the head of the keys if it divides all heads alike, with only values below.
    """
    spans = _find_spans(heads)
    if not all(one[0] for one in below) or len(set(spans)) == len(spans):
        return False
    if row[0] in ("", heads[0]):
        return goes_on_with_heads(spans, row, below, is_named=False)
    parts = {tuple(row[place] for place, span in enumerate(spans) if span == one) for one in spans[1:]}
    part, is_alike = next(iter(parts)), len(parts) == 1 < len(set(spans[1:]))
    if heads[0] or not is_alike or not all(part) or len(set(part)) < len(part) or any(map(is_value, part)):
        return False
    return all(is_value(cell) for one in below for cell in one[1:] if cell)


def _adds_units(row: Row, below: Sequence[Row]) -> bool:
    """Whether a row has words or sizes but no key, and some have values of one kind below: "m, kg" above "4.0, 32"."""
    if row[0] or not all(one[0] for one in below):
        return False
    if any(map(is_value, row)) and not is_series(row[1:], [one[1:] for one in below]):
        return False
    return any(cell and is_of_one_kind(one[place] for one in below) for place, cell in enumerate(row))
