"""Reads tables of separated values (.csv, .tsv): each record is a row, written out with its column heads."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from itertools import islice

from index.reading.blocks import BlockText, Reading, Seen, compose
from index.reading.cells import is_value
from index.reading.grid import Cell, tell_grid
from index.reading.keys import SUM
from index.reading.lines import join_cell

DELIMITERS = ",;\t|"

SNIFFED = 100
"""Records from which the delimiter is chosen."""

_NAMED_DELIMITER = re.compile(r"\"?sep=(?P<sign>[,;\t|])\"?[ \t]*\n", re.IGNORECASE)
"""The first line of some files, which names the delimiter for a spreadsheet."""

_FIELD_LIMIT = 1_000_000
"""Characters of a cell; the csv module's own limit is lower."""


def read_separated(text: str) -> Reading:
    """Read the rows of tables; an empty record ends a table, and a single cell above a table is a paragraph."""
    csv.field_size_limit(_FIELD_LIMIT)
    named = _NAMED_DELIMITER.match(text)
    text = text[named.end() :] if named else text
    parsed = _parse(text, named["sign"] if named else _find_delimiter(text))
    records = [[_join_lines(cell, is_head=not place) for cell in record] for place, record in enumerate(parsed)]
    blocks: list[BlockText] = []
    table: list[list[str]] = []
    for record in [*_remove_blanks(records), []]:
        filled = [cell for cell in record if cell]
        if len(filled) > 1 or (filled and table):
            table.append(record)
            continue
        blocks += [*_tell(table), *(BlockText("paragraph", cell) for cell in filled)]
        table = []
    return replace(compose(blocks + _tell(table)), seen=(Seen(text),))


def _remove_blanks(records: Sequence[list[str]]) -> list[list[str]]:
    """The records, without empty ones above a record that sums up the table before it."""
    kept: list[list[str]] = []
    is_summed = False
    for record in reversed(records):
        if any(record):
            values = [cell for cell in record[1:] if cell]
            is_summed = SUM.fullmatch(record[0]) is not None and bool(values) and all(map(is_value, values))
        if any(record) or not is_summed:
            kept.append(record)
    return kept[::-1]


def _join_lines(cell: str, *, is_head: bool) -> str:
    """Put a cell on one line."""
    return join_cell([" ".join(line.split()) for line in cell.split("\n")], is_head)


def _parse(text: str, delimiter: str) -> list[list[str]]:
    """The records of a text; what the csv module cannot read is split at the delimiters."""
    try:
        return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return [line.split(delimiter) for line in text.split("\n")]


def _find_delimiter(text: str) -> str:
    """The delimiter that gives most records the same number of cells, and more than one; if equal, the most cells."""

    def rate(delimiter: str) -> tuple[float, int]:
        some = "\n".join(islice(StringIO(text), SNIFFED))
        counts = Counter(len(record) for record in _parse(some, delimiter) if record)
        width, times = max(counts.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        return (times / counts.total() if width > 1 else 0.0), width

    return max(DELIMITERS, key=rate)


def _tell(rows: Sequence[Sequence[str]]) -> list[BlockText]:
    """The blocks of the rows of a table, without entirely empty columns."""
    filled = sorted({place for row in rows for place, cell in enumerate(row) if cell})
    cells = [[Cell(row[place]) for place in filled if place < len(row)] for row in rows]
    return list(tell_grid(cells, [False] * len(rows), is_usual=True)) if rows else []
