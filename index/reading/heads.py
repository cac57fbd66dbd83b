"""How to tell that the first row of a table without marked heads is a row of column heads.

A value under a wrong head is false, a value without a head is not: in doubt there are no heads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from index.reading.cells import Row, are_mostly, begins_with_digit, find_kind, is_day, is_name, is_of_one_kind, is_value

CORNER_LIMIT = 60
"""Characters; a longer cell beside an empty corner is not a head."""

LONG_HEAD = 40
"""Characters; a longer cell of a first row is not a head, unless something else shows that the row holds heads."""

ENDING = 3
"""Letters at the end that words share if they are formed alike ("Monday", "Friday")."""

COLUMN_HEAD = re.compile(
    r"(?:answers?|content|descriptions?|details|entry|examples?|explanations?|fields?|information|items?|meanings?|notes?"
    r"|propert(?:y|ies)|terms?|values?|what(?:\ .*)?|who|whom|when|where|why|how(?:\ .*)?|which)",
    re.IGNORECASE,
)
"""What can be the head of a column of labels or values, but not a label."""

HEAD_WORD = re.compile(
    r"""(?:(?:first|last|full|given|family)\ )?names?|surname|title|person|member|participant|contact|company|department
      | organi[sz]ation|team|group|role|position|function|job|e-?mails?(?:\ address)?|(?:tele)?phone(?:\ number)?|mobile
      | (?:home\ |postal\ |web\ )?address|website|street|city|town|country|state|region|capital|languages?|currency
      | date|day|month|year|time|week|weekday|start|end|from|to|due|deadline|duration|shift|morning|afternoon|evening
      | rooms?|place|location|venue|building|site|zone|ward|tasks?|actions?|status|priority|category|types?|kind|class
      | products?|ingredients?|model|brand|material|colou?r|sizes?|weight|length|quantity|qty|amount|unit|price|cost|fee
      | stock|code|id|no\.?|number|events?|activity|course|subject|topic|book|publisher|patient|remarks?|comments?|level
      | result|score|points|rank|version|licen[cs]e|file|error|cause|remedy|question|default|required|origin|source
      | feature|purpose|reason
      | vorname|nachname|datum|tag|monat|jahr|woche|(?:uhr)?zeit|raum|ort|stra(?:ß|ss)e|stadt|land|sprache|abteilung
      | firma|rolle|funktion|aufgabe|telefon|adresse|preis|menge|anzahl|betrag|artikel|produkt|farbe|größe|gewicht|kurs
      | leitung|thema|beschreibung|bemerkung|kategorie|typ|nummer|nr\.|vormittag|nachmittag|abend
      | (?:pré)?nom|lieu|salle|prix|ville|pays|jour|heure|nombre|fecha|lugar|precio|ciudad|país|día|hora|cantidad
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Usual names of columns; one such word alone in a row may be a value ("Morning", "Class")."""

_COUNTED = re.compile(
    r"(?:days?|weeks?|months?|years?|hours?|nights?|persons?|people|guests?|rounds?|stages?|levels?|grades?|class(?:es)?"
    r"|terms?|rooms?|tables?|tage?|wochen?|monate?|jahre?|stunden?|nächte|personen|gäste|runden?|stufen?|klassen?|räume)",
    re.IGNORECASE,
)
"""What the numbers in a row of heads can count: "Week" beside "1, 2, 3"."""

_BRACKETED = re.compile(r"\[.{1,12}\]|\(.{1,12}\)")
_UNIT_NAME = re.compile(rf"{_BRACKETED.pattern}|[^\W\d_]{{1,4}}|[^\W\d_]{{0,4}}[°%/µ²³·][^\W\d_]{{0,5}}[²³]?")
_DIGITS = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_SENTENCE_END = re.compile(r"[.!?。！？]['\")’”»]*\Z")
_YEAR = re.compile(r"(?:19|20)\d\d")


def is_row_of_heads(first: Row, below: Sequence[Row], *, is_usual: bool = False) -> bool:
    """Whether a row's cells, and those below it, show that it is a row of heads.

    Args:
        first: the row.
        below: the rows below it.
        is_usual: whether nearly all tables of this format begin with a row of heads, so that weaker signs suffice.
    """
    below = [row for row in below if list(row) != list(first)]
    if not below or len(first) < 2 or not any(first[1:]):
        return False
    if not first[0]:
        return _has_empty_corner(first, below)
    if is_series(first[1:], [row[1:] for row in below], is_counted=_COUNTED.fullmatch(first[0]) is not None):
        return True
    if _stands_above_numbers(first, below):
        return True
    if any(map(is_value, first)) or _is_one_of_many(first, below):
        return False
    if len(first) > 2 and all(map(is_day, first[1:])) and not any(map(is_day, (cell for row in below for cell in row))):
        return True
    if any(COLUMN_HEAD.fullmatch(cell) for cell in first[1:]) or _is_written_apart(first, below):
        return True
    if len(_find_words_of_heads(first, below)) > 1 or _is_unlike(first, below, is_usual=is_usual):
        return True
    return _is_written_alike(first, below) and (_names_values(first, below) or _has_longer_cells(first, below))


def are_units(row: Row, below: Sequence[Row]) -> bool:
    """Whether a row holds units above columns of values only, the keys included: "m, °C" above "10, 9.8"."""
    filled = [place for place, cell in enumerate(row) if cell]
    if filled and all(_BRACKETED.fullmatch(row[place]) for place in filled):
        return any(is_of_one_kind(one[place] for one in below) for place in filled)
    if not row[0] or len({row[place] for place in filled}) < 2 or not all(_is_unit(row[place]) for place in filled):
        return False
    values = [cell for one in below for cell in one if cell]
    return bool(values) and all(map(is_value, values))


def _is_unit(cell: str) -> bool:
    return _UNIT_NAME.fullmatch(cell.strip()) is not None


def is_row_of_data(first: Row, below: Sequence[Row]) -> bool:
    """Whether a row that the document had to mark as heads is a data row like those below it.

    Either its key is a day like theirs, or a value like theirs with words beside it, as they have. Or it has a single
    value, of the same kind as those below it, or a price, time or the like with only a name beside it. The value must
    not count or name a column, as a year does, or a number after the word for what it counts.
    """
    keys = [row[0] for row in below if row[0]]
    if is_day(first[0]) and keys and all(map(is_day, keys)):
        return True
    if is_value(first[0]) and not any(map(is_value, first[1:])):
        are_words = not any(is_of_one_kind(column) for column in list(zip(*below, strict=True))[1:])
        return are_words and are_mostly(find_kind(key) == find_kind(first[0]) for key in keys)
    values = [place for place, cell in enumerate(first) if place and is_value(cell)]
    if not is_name(first[0]) or len(values) != 1 or _YEAR.fullmatch(first[values[0]]):
        return False
    kind = find_kind(first[values[0]])
    is_plain = kind == "number" and not _DECIMAL.fullmatch(first[values[0]])
    if len(first) == 2 and not is_plain:
        return True
    named = any(pattern.fullmatch(first[0]) for pattern in (COLUMN_HEAD, HEAD_WORD, _COUNTED))
    column = [row[values[0]] for row in below if row[values[0]]]
    is_alike = are_mostly(find_kind(cell) == kind for cell in column)
    return is_alike and not named and (len(first) == 2 or not is_plain)


def _has_empty_corner(first: Row, below: Sequence[Row]) -> bool:
    """Whether the first cell, and maybe others, are empty, while the rows below begin with a text."""
    filled = list(filter(None, first))
    keyed = sum(bool(row[0]) for row in below)
    return (
        (len(filled) > 1 or len(first) == 2)
        and 2 * keyed > len(below)
        and all(len(cell) <= CORNER_LIMIT and cell[-1] not in ".!?:" for cell in filled)
    )


def is_series(cells: Row, below: Sequence[Row], *, is_counted: bool = False) -> bool:
    """Whether the cells increase and have one form, which those below do not have: years, times, sizes, rooms.

    Args:
        cells: the cells of the first row, without its key.
        below: the cells of the other rows.
        is_counted: whether the key names what the cells count.
    """
    shape = _find_shape(cells[0])
    if len(cells) < 2 or "#" not in shape or any(_find_shape(cell) != shape for cell in cells):
        return False
    numbers = [tuple(map(int, _DIGITS.findall(cell))) for cell in cells]
    if not all(one < other for one, other in pairwise(numbers)):
        return False
    values = [cell for row in below for cell in row if cell]
    if any(_find_shape(cell) == shape for cell in values):
        # Mere numbers may be values like those below; years are heads, unless years are below.
        are_years = all(map(_YEAR.fullmatch, cells)) and not all(map(_YEAR.fullmatch, values))
        is_told = are_years or (is_counted and len(cells) > 2)
        return is_told and _is_counted(cells) and not any(map(_is_counted, below))
    if not begins_with_digit(cells[0]):
        return True
    if any(map(str.isalpha, shape)):
        # Sizes are heads above values of one kind; above several kinds they are values too ("48 kg" above "1200 W").
        return len(numbers[0]) < 3 and len(set(map(find_kind, values)) - {""}) < 2
    # Mere numbers and times may be values if words are beside them.
    return not _DECIMAL.fullmatch(cells[0]) and (len(cells) > 2 or all(map(is_value, values)))


def _find_shape(cell: str) -> str:
    """Return a short cell with a sign for each number: "# day", for "7 days" too."""
    return _DIGITS.sub("#", cell).removesuffix("s") if len(cell) <= CORNER_LIMIT else ""


def _is_counted(row: Row) -> bool:
    """Whether each number of a row is the one before plus one."""
    numbers = [int(cell) if _YEAR.fullmatch(cell) or (len(cell) < 4 and cell.isdecimal()) else -1 for cell in row]
    return len(numbers) > 1 and all(one >= 0 and one + 1 == other for one, other in pairwise(numbers))


def _is_one_of_many(first: Row, below: Sequence[Row]) -> bool:
    """Whether a cell of the first row also occurs below in its column, or begins with a digit like those below it."""
    columns = [[row[place] for row in below if row[place]] for place in range(len(first))]
    return any(cell in column for cell, column in zip(first[1:], columns[1:], strict=True) if cell) or any(
        begins_with_digit(cell) and are_mostly(find_kind(other) == find_kind(cell) for other in column)
        for cell, column in zip(first, columns, strict=True)
    )


def _stands_above_numbers(first: Row, below: Sequence[Row]) -> bool:
    """Whether words, some with a number, are above columns of mere numbers: "Boat, 1 hour, Half day"."""
    values = [cell for row in below for cell in row[1:] if cell]
    has_words = all(any(map(str.isalpha, cell)) for cell in first) and any(map(is_name, first[1:]))
    is_keyed = is_name(first[0]) and not any(map(is_value, (row[0] for row in below)))
    return len(first) > 2 < len(below) and has_words and is_keyed and {*map(find_kind, values)} == {"number"}


def _is_written_apart(first: Row, below: Sequence[Row]) -> bool:
    """Whether the first row is in capitals, or in lower case, and the rows below it are not.

    In a wide table it is enough that all its cells begin with a capital and no value below them does.
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


def _find_words_of_heads(first: Row, below: Sequence[Row]) -> set[int]:
    """Find the cells with a usual name of a column, if no cell below them has one."""
    return {
        place
        for place, cell in enumerate(first)
        if HEAD_WORD.fullmatch(cell) and not any(HEAD_WORD.fullmatch(row[place]) for row in below)
    }


def _is_unlike(first: Row, below: Sequence[Row], *, is_usual: bool) -> bool:
    """Whether the cells of a wide table's first row are distinct words, and those of a column below have another form.

    Other forms are days, addresses, words in lower case, and words that all occur more than once. Codes ("A1"), several
    words below one, and a usual name of a column count if two columns show them, or one where heads are usual.
    """
    folded = [cell.casefold() for cell in first]
    if len(first) < 3 or len(below) < 2 or len(set(folded)) < len(first):
        return False
    if any(len(cell) > LONG_HEAD or not is_name(cell) or "@" in cell or is_day(cell) for cell in first):
        return False
    if not all(cell[0].isupper() or cell[0].islower() == cell[0].isupper() for cell in first) and not is_usual:
        return False
    columns = [[row[place] for row in below if row[place]] for place in range(len(first))]
    are_apart = any(_is_formed_apart(column, head) for head, column in zip(first, columns, strict=True))
    if are_apart or any(map(_are_repeated, columns[1:])):
        return True
    words = _find_words_of_heads(first, below)
    signs = [
        place in words or _is_longer(column, head) or _is_coded(column, head)
        for place, (head, column) in enumerate(zip(first, columns, strict=True))
    ]
    return sum(signs) > (0 if is_usual else 1)


def _is_formed_apart(column: Sequence[str], head: str) -> bool:
    """Whether a column holds days or addresses, or words in lower case below a head that begins with a capital."""
    if len(column) < 2:
        return False
    are_small = head[0].isupper() and all(cell[0].islower() for cell in column)
    return are_small or are_mostly(map(is_day, column)) or are_mostly("@" in cell for cell in column)


def _is_longer(column: Sequence[str], head: str, least: int = 3) -> bool:
    """Whether all cells of a column have several words, and its head has one."""
    return len(head.split()) == 1 and len(column) >= least and all(len(cell.split()) > 1 for cell in column)


def _is_coded(column: Sequence[str], head: str) -> bool:
    """Whether all cells of a column have a digit or are one or two letters ("A1", "XL"), and its head is a word."""
    are_codes = all(len(cell) < 3 or any(map(str.isdigit, cell)) for cell in column)
    return are_codes and len(column) > 1 and len(head) > 3


def _are_repeated(column: Sequence[str]) -> bool:
    """Whether every cell of a column occurs more than once in it: a new one above them is hardly another such cell."""
    return len(column) > 3 and min(Counter(column).values()) > 1


def _is_written_alike(first: Row, below: Sequence[Row]) -> bool:
    """Whether the cells of the first row can be heads: all begin with a capital, or the values do not.

    "Monday, closed" above "Tuesday, 10-18" is a key and its value: the first key is formed like those below it.
    """
    values = [cell for cell in first[1:] if cell]
    cases = {cell[0].isupper() for cell in values if cell[0].isalpha() and cell[0].islower() != cell[0].isupper()}
    if len(cases) > 1 or (len(set(values)) == 1 and _ends_alike([first[0], *(row[0] for row in below if row[0])])):
        return False
    is_mixed = cases == {False} and first[0][0].isupper()
    return not is_mixed or (len(values) > 1 and len(set(values)) == len(values) and len(values) == len(first) - 1)


def _ends_alike(words: Sequence[str]) -> bool:
    """Whether most of several words end in the same letters as the first, after other letters."""
    ending = words[0].casefold()[-ENDING:]
    others = [len(word) > ENDING and word.casefold().endswith(ending) for word in words[1:]]
    return len(words) > 2 and len(words[0]) > ENDING and ending.isalpha() and are_mostly(others)


def _names_values(first: Row, below: Sequence[Row]) -> bool:
    """Whether words are above values of one kind, in a column or in each row, or above keys that are numbers."""
    keys, *columns = ([row[place] for row in below if row[place]] for place in range(len(first)))
    if is_name(first[0]) and are_mostly(map(begins_with_digit, keys)):
        return True
    if len(first) == 2:
        return not any(map(str.isdigit, first[1])) and is_of_one_kind(columns[0])
    are_numbered = is_name(first[0]) and len({_DIGITS.sub("#", key) for key in keys}) == 1 < len(set(keys))
    are_distinct = len(set(first)) == len(first)
    are_compared = are_mostly(
        bool(row[1])
        and len(kinds := {find_kind(cell) for cell in row[1:]} | {""}) > 1
        and (len(kinds) == 2 or (are_distinct and all(map(find_kind, row[1:]))))
        for row in below
    )
    return (
        are_numbered
        or (are_compared and not any(map(find_kind, first[1:])))
        or any(
            cell and (is_of_one_kind(column) or _are_signs(column))
            for cell, column in zip(first[1:], columns, strict=True)
        )
    )


def _are_signs(column: Sequence[str]) -> bool:
    """Whether a column holds only symbols ("✓", "–")."""
    return len(column) > 1 and not any(map(str.isalnum, "".join(column)))


def _has_longer_cells(first: Row, below: Sequence[Row]) -> bool:
    """Whether the cells below short heads are longer: all of them, or those of one column of a wide table."""
    if not all(map(is_name, filter(None, first))):
        return False
    columns = [[row[place] for row in below if row[place]] for place in range(len(first))]
    longer = [_is_longer(column, head, least=0) for head, column in zip(first, columns, strict=True)]
    if all(longer):
        return True
    return len(first) > 2 and any(
        (is_longer and len(column) > 2) or (len(column) > 1 and all(map(_SENTENCE_END.search, column)))
        for is_longer, column in zip(longer[1:], columns[1:], strict=True)
    )
