"""What a table cell contains: a value of some kind, a name, a day; and whether most cells of a column are alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

Row = Sequence[str]
"""The cells of a row, one for each column; an empty string for an empty cell."""

ALIKE = 0.6
"""Share of a column's cells that are of one kind, if the column is that of a list."""

_DAY = re.compile(
    r"""(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?\.?
      | (?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|sonnabends?
      | lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DATE = re.compile(r"\d\d?[.:/]\d\d?\b|\d{4}-\d\d|\d\d?(?:st|nd|rd|th|\.)?\ ?[A-ZÄ][a-zä]{2,}")
_VALUE = re.compile(r"[\d.,:/+\-–—%°€$£¥ ]*\d[\d.,:/+\-–—%°€$£¥ ]*[^\W\d_]{0,4}\.?")
_SIGN = re.compile(r"\d ?([:/+–—-]|\s(?=\d))")
_UNIT = re.compile(r"[^\W\d_]|[%°€$£¥]")


def is_value(cell: str) -> bool:
    """Whether a cell is a number, price, time or the like: such a cell is no head, unless it is one of a series."""
    return _VALUE.fullmatch(cell.strip()) is not None


def is_amount(cell: str) -> bool:
    """Whether a cell is a number or price, not a time, range or telephone number."""
    return is_value(cell) and not _SIGN.search(cell)


def begins_with_digit(cell: str) -> bool:
    """Whether a cell begins with a digit, perhaps after a sign ("€ 4", "7 March")."""
    return re.match(r"\W?\s?\d", cell.strip()) is not None


def is_name(cell: str) -> bool:
    """Whether a cell can name a column: a few words without a number."""
    return bool(cell.strip()) and len(cell.split()) <= 4 and not any(map(str.isdigit, cell))


def find_kind(cell: str) -> str:
    """Name the kind of a value: its unit and what separates its numbers ("km", ":"); empty for words."""
    if not is_value(cell):
        return "digits" if begins_with_digit(cell) else ""
    signs = {"-" if sign in "–—" else sign for sign in _SIGN.findall(cell)}
    # "10–18" and "10:00–18:00" are of one kind.
    divided = "-" if "-" in signs else "".join(sorted(signs))
    return divided + "".join(_UNIT.findall(cell)).casefold() or "number"


def is_day(cell: str) -> bool:
    """Whether a cell is a day of the week."""
    return _DAY.fullmatch(cell) is not None


def are_days(row: Row) -> bool:
    """Whether all of several cells are days of the week."""
    return len(row) > 1 and all(map(is_day, row))


def is_date(cell: str) -> bool:
    """Whether a cell begins with a day of the week, or is a date or time."""
    return bool(cell.strip()) and (is_day(cell.split()[0].rstrip(",")) or _DATE.match(cell) is not None)


def is_of_one_kind(column: Iterable[str]) -> bool:
    """Whether most cells of a column are values of one kind; symbols alone and empty cells do not count."""
    kinds = Counter(find_kind(cell) for cell in column if any(map(str.isalnum, cell)))
    most = max((count for kind, count in kinds.items() if kind), default=0)
    return most > 0 and most >= ALIKE * kinds.total()


def are_mostly(looks: Iterable[bool]) -> bool:
    """Whether most of the given conditions are true."""
    held = list(looks)
    return bool(held) and sum(held) >= ALIKE * len(held)
