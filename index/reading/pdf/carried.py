"""Moves the heads of a table to the page with its rows, if a page ends between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.reading.cells import is_value
from index.reading.pdf.bands import Row
from index.reading.pdf.lines import Box, Line, group_rows

NEAR = 2.0
"""Points; how far a head may be beside its column."""

LEAD = 1.5
"""Multiple of the font size; the line spacing from moved heads to the row below, if no rule shows it."""

LOOKED_AT = 4
"""Rows at the top of a page that show where its table's columns are."""

Content = tuple[list[Line], list[Box]]
"""The lines of a page, and the rules that are drawn on it."""


def carry_heads(above: Content, below: Content) -> tuple[Content, Content]:
    """Move the heads at the end of a page, with the rules around them, above their table's rows on the next page.

    They are heads if they are bold cells without a row above them, and the next page's rows are in their columns.
    """
    lines, rules = above
    ending, beginning = group_rows(lines)[-2:], group_rows(below[0])[:LOOKED_AT]
    if not ending or not beginning or not _are_heads(ending, beginning):
        return above, below
    heads, first = ending[-1], beginning[0][0]
    size = heads[0].size
    around = [rule for rule in rules if heads[0].base - size < rule.bottom and rule.top < heads[0].base + 2 * size]
    floor = [rule.bottom for rule in around if rule.is_level and rule.bottom < heads[0].base]
    ceiling = [rule.bottom for rule in below[1] if rule.is_level and first.base < rule.bottom < first.base + 2 * size]
    shift = max(ceiling) - min(floor) if floor and ceiling else first.base + LEAD * size - heads[0].base
    moved = [replace(line, base=line.base + shift, page=first.page) for line in heads]
    lifted = [Box(rule.left, rule.bottom + shift, rule.right, rule.top + shift) for rule in around]
    gone = set(map(id, heads))
    kept = [line for line in lines if id(line) not in gone]
    return (kept, [rule for rule in rules if rule not in around]), ([*moved, *below[0]], [*below[1], *lifted])


def _are_heads(ending: Sequence[Row], beginning: Sequence[Row]) -> bool:
    """Whether a page's last row holds the heads of the table with which the next page begins."""
    heads = ending[-1]
    rows: list[Row] = []
    for row in beginning:
        if len(row) > len(heads) + 1 or (len(row) < 2 and not rows):
            break
        rows.append(row)
    is_bold = all(line.bold for line in heads) and not any(line.bold for row in rows for line in row)
    if len(heads) < 2 or len(rows) < 2 or not is_bold or any(is_value(line.text) for line in heads[1:]):
        return False
    if len(ending) > 1 and len(ending[0]) > 1 and ending[0][0].base - heads[0].base < 2.5 * heads[0].size:
        return False
    columns: list[tuple[float, float]] = []
    for line in sorted((line for row in rows for line in row), key=lambda line: line.left):
        if columns and line.left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], line.right))
        else:
            columns.append((line.left, line.right))
    over = [
        [place for place, (left, right) in enumerate(columns) if left < head.right + NEAR and head.left - NEAR < right]
        for head in heads
    ]
    # The corner above the names of the rows may be empty.
    return over in ([[place] for place in range(first, len(columns))] for first in (0, 1))
