"""What tells that the first row of a table that marks nothing is one of column heads.

A value told under a wrong head is false, one told without a head is not: in doubt there are no heads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

Row = Sequence[str]
"""The cells of a row, one for each column; empty if nothing stands there."""

ALIKE = 0.6
"""Share of the cells of a column that are of one kind, if it is a column of a list."""

CORNER_LIMIT = 60
"""Characters; a longer cell beside an empty corner is no head."""

ENDING = 3
"""Letters at the end that words have in common if they are formed alike ("Monday", "Friday")."""

COLUMN_HEAD = re.compile(
    r"(?:answers?|content|descriptions?|details|entry|examples?|explanations?|fields?|information|items?|meanings?|notes?"
    r"|propert(?:y|ies)|terms?|values?|what(?:\ .*)?|who|whom|when|where|why|how(?:\ .*)?|which)",
    re.IGNORECASE,
)
"""What is the head of a column of labels or values, and no label."""

_VALUE = re.compile(r"[\d.,:/+\-–—%°€$£¥ ]*\d[\d.,:/+\-–—%°€$£¥ ]*[^\W\d_]{0,4}\.?")
_SIGN = re.compile(r"\d ?([:/+–—-]|\s(?=\d))")
_UNIT = re.compile(r"[^\W\d_]|[%°€$£¥]")
_DIGITS = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_SENTENCE_END = re.compile(r"[.!?。！？]['\")’”»]*\Z")
_YEAR = re.compile(r"(?:19|20)\d\d")


def is_value(cell: str) -> bool:
    """Whether a cell is a number, price, time or the like: such a cell is no head, unless it is one of a series."""
    return _VALUE.fullmatch(cell.strip()) is not None


def is_amount(cell: str) -> bool:
    """Whether a cell is a number or price, and no time, range or telephone number."""
    return is_value(cell) and not _SIGN.search(cell)


def begins_with_digit(cell: str) -> bool:
    """Whether a cell begins with a digit, perhaps after a sign ("€ 4", "7 March")."""
    return re.match(r"\W?\s?\d", cell.strip()) is not None


def is_name(cell: str) -> bool:
    """Whether a cell can name a column: a few words without a number."""
    return bool(cell.strip()) and len(cell.split()) <= 4 and not any(map(str.isdigit, cell))


def find_kind(cell: str) -> str:
    """Name the kind of a value: its unit and what divides its numbers ("km", ":"); empty for words."""
    if not is_value(cell):
        return "digits" if begins_with_digit(cell) else ""
    signs = {"-" if sign in "–—" else sign for sign in _SIGN.findall(cell)}
    # "10–18" and "10:00–18:00" are of one kind.
    divided = "-" if "-" in signs else "".join(sorted(signs))
    return divided + "".join(_UNIT.findall(cell)).casefold() or "number"


def is_row_of_heads(first: Row, below: Sequence[Row]) -> bool:
    """Whether a row is told by its cells and those below it to be one of heads."""
    below = [row for row in below if list(row) != list(first)]
    if not below or len(first) < 2 or not any(first[1:]):
        return False
    if not first[0]:
        return _has_empty_corner(first, below)
    if is_series(first[1:], [row[1:] for row in below]):
        return True
    if any(map(is_value, first)) or _is_one_of_many(first, below):
        return False
    if any(COLUMN_HEAD.fullmatch(cell) for cell in first[1:]) or _is_written_apart(first, below):
        return True
    return _is_written_alike(first, below) and (_names_values(first, below) or _has_longer_cells(first, below))


def _has_empty_corner(first: Row, below: Sequence[Row]) -> bool:
    """Whether only the first cell, or some others too, have no text, while the rows below it begin with one."""
    filled = list(filter(None, first))
    keyed = sum(bool(row[0]) for row in below)
    return (
        (len(filled) > 1 or len(first) == 2)
        and 2 * keyed > len(below)
        and all(len(cell) <= CORNER_LIMIT and cell[-1] not in ".!?:" for cell in filled)
    )


def is_series(cells: Row, below: Sequence[Row]) -> bool:
    """Whether the cells go up in like steps of one kind, and those below do not: years, times, sizes, rooms."""
    shape = _find_shape(cells[0])
    if len(cells) < 2 or "#" not in shape or any(_find_shape(cell) != shape for cell in cells):
        return False
    numbers = [tuple(map(int, _DIGITS.findall(cell))) for cell in cells]
    if not all(one < other for one, other in pairwise(numbers)):
        return False
    values = [cell for row in below for cell in row if cell]
    if any(_find_shape(cell) == shape for cell in values):
        is_long = len(cells) > 2 or all(map(_YEAR.fullmatch, cells))
        return is_long and _is_counted(cells) and not any(map(_is_counted, below))
    if not begins_with_digit(cells[0]):
        return True
    if any(map(str.isalpha, shape)):
        # Sizes stand above values of one kind; above those of many they are values too ("48 kg" above "1200 W").
        return len(numbers[0]) < 3 and len(set(map(find_kind, values)) - {""}) < 2
    # Mere numbers and times may be values beside words.
    return not _DECIMAL.fullmatch(cells[0]) and (len(cells) > 2 or all(map(is_value, values)))


def _find_shape(cell: str) -> str:
    """Return a short cell with a sign for each number: "# day", also of "7 days"."""
    return _DIGITS.sub("#", cell).removesuffix("s") if len(cell) <= CORNER_LIMIT else ""


def _is_counted(row: Row) -> bool:
    """Whether each number of a row is the one before it and one more."""
    numbers = [int(cell) if _YEAR.fullmatch(cell) or (len(cell) < 4 and cell.isdecimal()) else -1 for cell in row]
    return len(numbers) > 1 and all(one >= 0 and one + 1 == other for one, other in pairwise(numbers))


def _is_one_of_many(first: Row, below: Sequence[Row]) -> bool:
    """Whether a cell of the first row stands below in its column too, or begins with a digit as those below it do."""
    columns = [[row[place] for row in below if row[place]] for place in range(len(first))]
    return any(cell in column for cell, column in zip(first[1:], columns[1:], strict=True) if cell) or any(
        begins_with_digit(cell) and _are_mostly(find_kind(other) == find_kind(cell) for other in column)
        for cell, column in zip(first, columns, strict=True)
    )


def _is_written_apart(first: Row, below: Sequence[Row]) -> bool:
    """Whether the first row is in capitals, or in small letters, and the rows below it are not.

    In a wide table it is enough that all its cells begin with a capital, and no value below them does.
    """
    if any(not is_name(cell) for cell in first):
        return False
    keys = [row[0] for row in below if row[0][:1].isalpha()]
    are_small = all(cell[0].islower() for cell in first) and bool(keys) and all(key[0].isupper() for key in keys)
    values = [cell for row in below for cell in row[1:] if cell]
    are_below = (
        len(first) > 2 and all(cell[0].isupper() for cell in first) and all(cell[0].islower() for cell in values)
    )
    are_large = all(map(_is_in_capitals, first)) and not any(_is_in_capitals(cell) for row in below for cell in row)
    return are_small or are_large or (are_below and len(below) > 1)


def _is_in_capitals(cell: str) -> bool:
    return cell.isupper() and sum(map(str.isalpha, cell)) > 2


def _is_written_alike(first: Row, below: Sequence[Row]) -> bool:
    """Whether the cells of the first row can be heads: all begin with a capital, or those of the values do not.

    "Monday, closed" above "Tuesday, 10-18" are a key and its value; the first key is formed as those below it.
    """
    values = [cell for cell in first[1:] if cell]
    cases = {cell[0].isupper() for cell in values if cell[0].isalpha() and cell[0].islower() != cell[0].isupper()}
    if len(cases) > 1 or (len(set(values)) == 1 and _ends_alike([first[0], *(row[0] for row in below if row[0])])):
        return False
    is_mixed = cases == {False} and first[0][0].isupper()
    return not is_mixed or (len(values) > 1 and len(set(values)) == len(values) and len(values) == len(first) - 1)


def _ends_alike(words: Sequence[str]) -> bool:
    """Whether most of several words have the last letters of the first, and it has others too."""
    ending = words[0].casefold()[-ENDING:]
    others = [len(word) > ENDING and word.casefold().endswith(ending) for word in words[1:]]
    return len(words) > 2 and len(words[0]) > ENDING and ending.isalpha() and _are_mostly(others)


def _names_values(first: Row, below: Sequence[Row]) -> bool:
    """Whether words stand above values of one kind, in a column or in each row, or above keys that are numbers."""
    keys, *columns = ([row[place] for row in below if row[place]] for place in range(len(first)))
    if is_name(first[0]) and _are_mostly(map(begins_with_digit, keys)):
        return True
    if len(first) == 2:
        return not any(map(str.isdigit, first[1])) and is_of_one_kind(columns[0])
    are_numbered = is_name(first[0]) and len({_DIGITS.sub("#", key) for key in keys}) == 1 < len(set(keys))
    are_compared = _are_mostly(bool(row[1]) and len({find_kind(cell) for cell in row[1:]} | {""}) == 2 for row in below)
    return (
        are_numbered
        or (are_compared and not any(map(find_kind, first[1:])))
        or any(
            cell and (is_of_one_kind(column) or _are_signs(column))
            for cell, column in zip(first[1:], columns, strict=True)
        )
    )


def _are_signs(column: Sequence[str]) -> bool:
    """Whether a column holds signs alone ("✓", "–")."""
    return len(column) > 1 and not any(map(str.isalnum, "".join(column)))


def is_of_one_kind(column: Iterable[str]) -> bool:
    """Whether most cells of a column are values of one kind; mere signs and empty cells do not count."""
    kinds = Counter(find_kind(cell) for cell in column if any(map(str.isalnum, cell)))
    most = max((count for kind, count in kinds.items() if kind), default=0)
    return most > 0 and most >= ALIKE * kinds.total()


def _are_mostly(looks: Iterable[bool]) -> bool:
    held = list(looks)
    return bool(held) and sum(held) >= ALIKE * len(held)


def _has_longer_cells(first: Row, below: Sequence[Row]) -> bool:
    """Whether the cells below heads of few words are longer: all of them, or those of a column of a wide table."""
    if not all(map(is_name, filter(None, first))):
        return False
    columns = [[row[place] for row in below if row[place]] for place in range(len(first))]
    longer = [
        len(head.split()) == 1 and all(len(cell.split()) > 1 for cell in column)
        for head, column in zip(first, columns, strict=True)
    ]
    if all(longer):
        return True
    return len(first) > 2 and any(
        (is_longer and len(column) > 2) or (len(column) > 1 and all(map(_SENTENCE_END.search, column)))
        for is_longer, column in zip(longer[1:], columns[1:], strict=True)
    )
