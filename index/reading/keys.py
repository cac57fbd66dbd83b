"""What a row is called where its own first cell does not say it: a group above it, the row above it, a sum."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise

from index.reading.heads import Row, is_amount, is_of_one_kind, is_value


def find_groups(rows: Sequence[Row], *, is_headed: bool) -> set[int]:
    """Find the rows of which only the first cell has a text, if they name the rows below them.

    Such a row may as well lack its values. It is a name if the first row is one and others are, or if rows of the same
    key stand below several.

    Args:
        rows: those that the table does not mark as heads.
        is_headed: whether it marks some; else the first row may be heads.
    """
    alone = [place for place, row in enumerate(rows) if len(row) > 1 and row[0] and not any(row[1:])]
    if not alone or alone[-1] == len(rows) - 1 or any(one + 1 == other for one, other in pairwise(alone)):
        return set()
    begins = alone[0] == 0 or (alone[0] == 1 and not is_headed)
    groups = set(alone)
    # Where other rows have empty cells too, all cells of a row may be empty.
    whole = sum(all(row) for row in rows)
    begins = begins and len(alone) > 1 and 2 * whole >= len(rows) - len(alone)
    return groups if begins or _are_keys_repeated(rows, groups) else set()


def _are_keys_repeated(rows: Sequence[Row], groups: Collection[int]) -> bool:
    """Whether a key stands in several groups, and none twice in one."""
    held: list[list[str]] = [[]]
    for place, row in enumerate(rows):
        if place in groups:
            held.append([])
        elif row[0]:
            held[-1].append(row[0])
    keys = [key for group in held for key in set(group)]
    return len(set(keys)) < len(keys) and all(len(set(group)) == len(group) for group in held)


def complete_keys(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with a key for those that have none: the label of a sum, or the key of the row above.

    Args:
        rows: without heads; a row without text ends what stands above it.
    """
    width = max(map(len, rows), default=0)
    columns = [[row[place] for row in rows if row[0]] for place in range(width)]
    hold_values = [is_of_one_kind(column) for column in columns]
    last = max((place for place, row in enumerate(rows) if row[0]), default=-1)
    repeats = _keeps_keys(rows)
    keyed, is_broken = rows[0] if rows else (), True
    for place, row in enumerate(rows):
        if not any(row) or row[0]:
            keyed, is_broken = row, not any(row)
            yield row
        elif named := _name_sum(row, keyed, hold_values, is_last=place > last):
            is_broken = True
            yield named
        elif repeats and not is_broken and _goes_on(row, keyed) and (place < last or not any(map(is_amount, row))):
            yield [keyed[0], *row[1:]]
        else:
            is_broken = True
            yield row


def _keeps_keys(rows: Sequence[Row]) -> bool:
    """Whether an empty first cell means the one above: each key stands once, and rows without one between others."""
    keys = [key for key, _ in groupby(row[0] for row in rows if row[0])]
    first = next((place for place, row in enumerate(rows) if any(row) and not row[0]), len(rows))
    has_words = all(any(map(str.isalnum, key)) for key in keys)
    return has_words and len(set(keys)) == len(keys) > 1 and any(row[0] for row in rows[first:])


def _goes_on(row: Row, keyed: Row) -> bool:
    """Whether a row has texts where the row with the key above it has them, and not only amounts."""
    return list(map(bool, row[1:])) == list(map(bool, keyed[1:])) and not all(map(is_amount, filter(None, row)))


def _name_sum(row: Row, keyed: Row, hold_values: Sequence[bool], *, is_last: bool) -> Row:
    """Return the row of a sum, with its label as its key ("| | Total | 36.00"); nothing if it is none.

    The label stands in a column of values, or has empty cells behind it, or amounts and no row with a key below it.
    """
    place = next(place for place, cell in enumerate(row) if cell)
    values = [cell for cell in row[place + 1 :] if cell]
    if is_value(row[place]) or not values or not all(map(is_value, values)):
        return ()
    is_sparse = any(other and not cell for cell, other in zip(row[place + 1 :], keyed[place + 1 :], strict=True))
    if not hold_values[place] and not is_sparse and not (is_last and all(map(is_amount, values))):
        return ()
    return [row[place], *("" if at == place else cell for at, cell in enumerate(row) if at)]
