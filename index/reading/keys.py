"""The name of a row whose own first cell does not give it: a group above it, the row above it, a sum."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from index.reading.cells import (
    Row,
    are_mostly,
    begins_with_digit,
    find_kind,
    is_amount,
    is_date,
    is_of_one_kind,
    is_value,
)

SUM = re.compile(
    r"""(?:(?:grand|net|gross|sub|in)[\ -]?)?totals?|sums?|net|gross|balance
      | (?:incl\.?\ |plus\ )?(?:vat|tax|mwst\.?|ust\.?)\b.*
      | (?:zwischen|gesamt|end)?summen?|gesamt(?:betrag|preis|kosten)?|insgesamt|saldo|netto|brutto|(?:sous-)?total\b.*
      | montant\ total|tva\b.*|iva\b.*|suma|importe\ total
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Names of a row that sums up the rows above it."""

LONG_NUMBER = 30
"""Characters of a number that are read."""

_TITLE = re.compile(r"(?:mr|mrs|ms|miss|dr|prof|sir|rev|hon|herr|frau|m|mme|mlle|sr|sra)\.?", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d.,]*")


def find_groups(rows: Sequence[Row], *, is_headed: bool) -> set[int]:
    """Find the rows in which only the first cell has text, if they name the rows below them.

    Such a row may also just lack its values. It is a name if the first row is such a row, there are others, each has
    several rows, and their keys differ from those of the rows; or if the same keys recur below several.

    Args:
        rows: those that the table does not mark as heads.
        is_headed: whether it marks some; otherwise the first row may be heads.
    """
    alone = _find_alone(rows)
    if not alone or alone[-1] == len(rows) - 1 or any(one + 1 == other for one, other in pairwise(alone)):
        return set()
    others = [row for place, row in enumerate(rows) if place not in alone and any(row)]
    begins = alone[0] == 0 or (alone[0] == 1 and not is_headed)
    if begins and all(not row[0] and row[1] for row in others[alone[0] :]):
        return set(alone)
    groups = set(alone)
    # Where other rows have empty cells too, the cells of a whole row may be empty.
    whole = sum(all(row) for row in rows)
    begins = begins and len(alone) > 1 and 2 * whole >= len(rows) - len(alone)
    names = [rows[place][0] for place in alone]
    are_alike = {*map(_find_sort, names)} & {_find_sort(row[0]) for row in others if row[0]} - {""}
    are_keys = len(set(names)) < len(names) or bool(are_alike)
    have_rows = all(other - one > 2 for one, other in pairwise([*alone, len(rows)]))
    return groups if (begins and have_rows and not are_keys) or _are_keys_repeated(rows, groups) else set()


def find_bold_groups(rows: Sequence[Row], bold: Collection[int]) -> set[int]:
    """Find the rows whose only text is bold, in a table whose other rows, except the first, do not begin in bold.

    Args:
        bold: the places of the rows whose first cell is bold.
    """
    alone, others = {*_find_alone(rows)}, {place for place, row in enumerate(rows) if row and row[0]}.difference(bold)
    is_set_apart = alone <= {*bold} <= alone | {0}
    return alone if alone and others and is_set_apart and max(alone) < len(rows) - 1 else set()


def _find_alone(rows: Sequence[Row]) -> list[int]:
    """The places of the rows in which only the first cell has text."""
    return [place for place, row in enumerate(rows) if len(row) > 1 and row[0] and not any(row[1:])]


def _find_sort(key: str) -> str:
    """Name the kind of a key, if it is a day or begins with a digit; empty for other words."""
    return "day" if is_date(key) and not begins_with_digit(key) else find_kind(key)


def _are_keys_repeated(rows: Sequence[Row], groups: Collection[int]) -> bool:
    """Whether a key occurs in several groups, and none occurs twice in one."""
    held: list[list[str]] = [[]]
    for place, row in enumerate(rows):
        if place in groups:
            held.append([])
        elif row[0]:
            held[-1].append(row[0])
    keys = [key for group in held for key in set(group)]
    return len(set(keys)) < len(keys) and all(len(set(group)) == len(group) for group in held)


def complete_keys(rows: Sequence[Row], *, carries: bool = True) -> Iterator[Row]:
    """Yield the rows; those without a key get one: the label of a sum, or the key of the row above.

    Args:
        rows: those without heads; an empty row separates the rows above it from those below.
        carries: whether the key of the row above may be used; not where rows are only found by their positions.
    """
    width = max(map(len, rows), default=0)
    columns = [[row[place] for row in rows if row[0]] for place in range(width)]
    hold_values = [is_of_one_kind(column) for column in columns]
    last = max((place for place, row in enumerate(rows) if row[0]), default=-1)
    repeats = carries and _keeps_keys(rows)
    keyed, is_broken, begun = rows[0] if rows else (), True, 0
    for place, row in enumerate(rows):
        if not any(row) or row[0]:
            keyed, is_broken = row, not any(row)
            begun = begun if any(row) else place + 1
            yield row
        elif named := _name_sum(row, rows[begun:place], hold_values, is_last=place > last):
            is_broken = True
            yield named
        elif repeats and not is_broken and _goes_on(row, keyed) and (place < last or not any(map(is_amount, row))):
            yield [keyed[0], *row[1:]]
        else:
            is_broken = True
            yield row


def _keeps_keys(rows: Sequence[Row]) -> bool:
    """Whether an empty first cell means the key above; a false key is worse than none.

    Each key occurs once, and the first row has one. Most keys have a row without one below, or one key has several,
    or the keys are days or dates; titles ("Dr") are not keys.
    """
    keys = [row[0] for row in rows if row[0]]
    if len(set(keys)) < len(keys) or len(keys) < 2 or not next(row[0] for row in rows if any(row)):
        return False
    if any(not any(map(str.isalnum, key)) or _TITLE.fullmatch(key) for key in keys):
        return False
    counts: list[int] = []
    keyed: Row = ()
    for row in rows:
        if row[0] or not any(row):
            keyed = row
            counts += [0] if row[0] else []
        elif any(keyed):
            counts[-1] += _goes_on(row, keyed)
    if not any(counts[:-1]):
        return False
    return are_mostly(map(is_date, keys)) or max(counts) > 1 or 2 * sum(map(bool, counts)) > len(counts)


def _goes_on(row: Row, keyed: Row) -> bool:
    """Whether a row has texts in the same columns as the row with the key above it, and not only amounts."""
    return list(map(bool, row[1:])) == list(map(bool, keyed[1:])) and not all(map(is_amount, filter(None, row)))


def _name_sum(row: Row, above: Sequence[Row], hold_values: Sequence[bool], *, is_last: bool) -> Row:
    """Return the row of a sum, with its label as its key ("| | Total | 36.00"); empty if it is not a sum.

    The label is in a column of values, or has empty cells after it. Or only amounts follow it, no row with a key is
    below, and it is a word for a sum, or the amounts above add up to its own.
    """
    place = next(place for place, cell in enumerate(row) if cell)
    values = [cell for cell in row[place + 1 :] if cell]
    if is_value(row[place]) or not values or not all(map(is_value, values)):
        return ()
    keyed: Row = next((one for one in reversed(above) if one[0]), ())
    is_sparse = any(other and not cell for cell, other in zip(row[place + 1 :], keyed[place + 1 :], strict=False))
    if not hold_values[place] and not is_sparse:
        if not is_last or not all(map(is_amount, values)):
            return ()
        if not SUM.fullmatch(row[place]) and not _adds_up(row, above, place + 1):
            return ()
    return [row[place], *("" if at == place else cell for at, cell in enumerate(row) if at)]


def _adds_up(row: Row, above: Sequence[Row], begin: int) -> bool:
    """Whether each amount of a row, from a column on, is the sum of those above it."""
    return all(
        abs(_read_number(cell) - sum(_read_number(one[place]) for one in above if len(one) > place)) < 0.005
        for place, cell in enumerate(row[begin:], begin)
        if cell
    )


def _read_number(cell: str) -> float:
    """The number in an amount, 0 if there is none: the separator before its last two digits is the decimal point."""
    found = _NUMBER.search(cell)
    if not found:
        return 0.0
    digits = re.sub(r"[.,](?!\d{1,2}\Z)", "", found.group().rstrip(".,")[:LONG_NUMBER])
    return float(digits.replace(",", ".")) * (-1 if cell.strip()[0] in "-–−" else 1)
