"""Tables: which rows are heads, and what each other row says with them.

Every reader passes its tables as a grid of cells in which spans are filled in; this module writes out the rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from index.reading.cells import ALIKE, Row, begins_with_digit, is_name, is_value
from index.reading.heads import COLUMN_HEAD, is_row_of_heads
from index.reading.keys import SUM

_LABEL = re.compile(
    r"""(?:(?:child's|company|contact|family|first|full|given|last|maiden|middle|your)\ )?names?(?:\ .*)?
      | .*\b(?:date|no\.?|number)|(?:date|number|place)\ .*|date|surname|forename|born|birth\w*|age|sex|title|gender
      | (?:home\ |postal\ )?address|street|town|city|post\ ?code|zip(?:\ code)?|country|nationality
      | (?:home\ |mobile\ |tele)?phone|mobile|fax|e-?mail(?:\ address)?|occupation|allerg(?:y|ies)|medicines?|doctor
      | signature|signed|remarks?|comments?|applicant|customer|holder|owner|reference|deposit\ paid
      | (?:vor|nach|familien)?name|vorname|geburts\w+|datum|anschrift|adresse|straße|wohnort|telefon|unterschrift
      | (?:pré)?nom|naissance|téléphone|ville|apellidos?|nombre|fecha|dirección|teléfono
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Usual names of form fields."""

_OPEN_LABEL = re.compile(
    r".*[:?？：]|.+\b(?:as|at|because|by|for|from|in|of|on|since|to|until|with|wanted|allowed)", re.IGNORECASE
)
"""A label that is complete only with its value: "Fetched by", "Alcohol served?"."""


def count_label_columns(rows: Sequence[Row]) -> int:
    """How many columns hold labels, each with its value to the right, in a form that does not mark them; 0 for a list.

    The first row of a form is one of its fields, not heads. Signs of labels: they end in a colon or need their value;
    they are usual names of fields; their values are of many kinds; or a name is beside the first label.
    """
    width = len(rows[0]) if rows else 0
    if width not in (2, 4, 6) or not all(cell.strip() for cell in rows[0][::2]):
        return 0
    places = range(0, width, 2)
    if any(is_value(row[place]) for row in rows for place in places):
        return 0
    if _is_label(rows[0][1]) or any(COLUMN_HEAD.fullmatch(cell.strip()) for cell in rows[0][:2]):
        return 0
    evidence = [[_is_label(row[place]) for row in rows if row[place].strip()] for place in places]
    colons = [row[place].strip().endswith((":", "：")) for place in places for row in rows if row[place].strip()]
    if 2 * sum(colons) > len(colons) > 1:
        return width // 2
    if not all(any(column[1:]) for column in evidence):
        return int(width == 2 and _begins_with_name(rows))
    total, count = sum(map(sum, evidence)), sum(map(len, evidence))
    is_form = total > 1 and (3 * total >= count or _is_mixed(rows))
    return width // 2 if is_form or (width == 2 and _is_proper_name(rows[0][1])) else 0


def _is_label(cell: str) -> bool:
    return any(pattern.fullmatch(cell.strip()) for pattern in (_LABEL, _OPEN_LABEL))


def _is_proper_name(cell: str) -> bool:
    """Whether a cell has several words that all begin with a capital ("Fergus Blythe")."""
    words = cell.split()
    return len(words) > 1 and all(word[0].isupper() and not word.isupper() for word in words)


def _begins_with_name(rows: Sequence[Row]) -> bool:
    """Whether a name is beside the first label, and neither capitalised heads nor a column of one kind follow."""
    key, values = rows[0][0].split(), [row[1] for row in rows[1:] if row[1].strip()]
    if not _is_proper_name(rows[0][1]) or (len(key) > 1 and key[-1][0].isupper()):
        return False
    return bool(values) and not _are_values(values) and all(len(value.split()) <= 4 for value in values)


def _are_values(cells: Sequence[str]) -> bool:
    """Whether most cells begin with a digit or a currency, as in a column of prices or times."""
    return sum(map(begins_with_digit, cells)) >= ALIKE * len(cells)


def _is_mixed(rows: Sequence[Row]) -> bool:
    """Whether the cells beside the labels are of many kinds: words, values, words with digits."""
    kinds = Counter(
        "value" if begins_with_digit(cell) else "digits" if any(map(str.isdigit, cell)) else "words"
        for row in rows[1:]
        if (cell := row[1].strip())
    )
    return kinds.total() > 3 and max(kinds.values()) < ALIKE * kinds.total()


def count_heads(rows: Sequence[Row], *, is_usual: bool = False) -> int:
    """How many rows at the top are column heads, for a table that does not mark them: 1 or 0.

    Args:
        rows: the rows of the table.
        is_usual: whether nearly all tables of this format begin with a row of heads.
    """
    if len(rows) < 2 or count_label_columns(rows):
        return 0
    first, *below = ([cell.strip() for cell in row] for row in rows)
    return int(is_row_of_heads(first, below, is_usual=is_usual))


def find_marked_cells(looks: Sequence[Sequence[bool | None]]) -> tuple[int, tuple[int, ...]]:
    """Find what the look of a table sets apart: the number of rows of heads at the top, and the columns of labels.

    Args:
        looks: for each cell of each row, whether it is bold, or shaded; None for an empty cell.
    """
    whole = [any(row) and all(look is not False for look in row) for row in looks]
    count = next((place for place, is_marked in enumerate(whole) if not is_marked), 0)
    below = looks[count if count <= 3 else 0 :]
    width = max(map(len, looks), default=0)
    columns = [[row[place] for row in below if len(row) > place and row[place] is not None] for place in range(width)]
    marked = [len(column) > 1 and all(column) for column in columns]
    labels = tuple(range(0, width, 2)) if marked == [not place % 2 for place in range(width)] else (0,)
    others = [look for row in below for place, look in enumerate(row) if place not in labels]
    is_marked = len(below) > 1 and bool(marked) and marked[0] and not any(others)
    return (count if count <= 3 else 0), (labels if is_marked else ())


def goes_on_with_heads(spans: Sequence[int], row: Row, below: Sequence[Row], *, is_named: bool) -> bool:
    """Whether the row below a row of heads with spanning cells subdivides these and is a row of heads too.

    Args:
        spans: for each column, the number of its cell in the row above: the same where one cell spans several.
        row: the row in question.
        below: the rows below it.
        is_named: whether its first cell is its own: not empty, and not one that extends down from above.
    """
    inner = [place for place in range(1, len(row)) if spans.count(spans[place]) > 1]
    divided = [(spans[place], row[place].strip()) for place in inner]
    if not all(cell for _, cell in divided) or len(set(divided)) < len(divided) or not below:
        return False
    if any(is_value(cell) for cell in row[1:]) or not all(is_name(row[place]) for place in inner):
        # Values divide heads only if they divide each in the same way: "8-18, 18-22" below "Mon-Fri" and "Sat-Sun".
        parts = [tuple(cell for span, cell in divided if span == one) for one in dict.fromkeys(spans[p] for p in inner)]
        return not is_named and not row[0] and len(parts) > 1 and len(set(parts)) == 1
    return not is_named or any(is_value(one[place]) for one in below for place in inner)


def has_head_across(rows: Sequence[Row], spans: Sequence[Sequence[object]]) -> bool:
    """Whether cells of words that span columns are only in the first row, which then names these columns.

    Args:
        spans: for each row and column, which cell is there: the same where one spans several.
    """
    across = [any(one == other for one, other in pairwise(cells)) for cells in spans[:2]]
    if across != [True, False] or len(rows) < 3 or count_label_columns(rows):
        return False
    return not any(is_value(cell) for cell in rows[0][1:]) and all(map(is_name, rows[0][1:]))


def join_heads(rows: Sequence[Row]) -> tuple[str, ...]:
    """One head for each column, joined from several rows of heads; a repeated text in a column counts once."""
    return tuple(" ".join(dict.fromkeys(filter(None, (cell.strip() for cell in column)))) for column in zip(*rows))  # noqa: B905


def tell_row(row: Row, heads: Row, key_head: bool = True) -> str:
    """What a row says, written out with its column heads: "Saturday: adult 9.00, child 4.50".

    Empty cells are left out. Without heads, the key is followed by the values.

    Args:
        heads: one for each column, or none.
        key_head: whether the first cell names the row; if not, every cell is written with its head.
    """
    cells = [cell.strip() for cell in row]
    named = [head.strip() for head in heads] + [""] * (len(cells) - len(heads))
    if not any(cells):
        return ""
    key = cells[0] if key_head else ""
    rest = list(zip(named, cells, strict=False))[1 if key_head else 0 :]
    values = [f"{head} {cell}" if head and not _repeats(head, cell, key) else cell for head, cell in rest if cell]
    if (
        (is_value(key) or begins_with_digit(key))
        and sum(map(str.isalpha, key)) < 3
        and named[0]
        and named[0].casefold() != key.casefold()
    ):
        # A number needs its head to say what it counts; a date ("1 May") does not.
        key = f"{named[0]} {key}"
    told = ", ".join(values)
    if key and told:
        return f"{key}: {told}" if not key.endswith(":") else f"{key} {told}"
    return key or told


def _repeats(head: str, cell: str, key: str) -> bool:
    """Whether a head says no more than its cell, or than a key that is a word for a sum ("Total: 65")."""
    if head.casefold() == cell.casefold():
        return not is_value(cell)
    return head.casefold() == key.casefold() and SUM.fullmatch(key) is not None


def tell_form_row(row: Row) -> str:
    """What a form row says, in which labels and values alternate: "First name: Juniper, Born: 2 February"."""
    # A value that spans columns is repeated in each of them.
    places = [place for place in range(0, len(row) - 1, 2) if not place or row[place] != row[place - 1]]
    return ", ".join(filter(None, (tell_row(row[place : place + 2], ()) for place in places)))
