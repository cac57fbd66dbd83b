"""Tables in plain text: columns separated by tabs, bars, commas or semicolons, or aligned with spaces."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence

from index.reading.blocks import Block
from index.reading.cells import Row, is_amount, is_value
from index.reading.grid import Cell, tell_grid
from index.reading.lines import Line, is_incomplete

_GAP = re.compile(r" {2,}|\t")
_MARK = re.compile(r"(?:\(?\w{1,3}[.)]|\W)\s")
"""The mark of a list item."""
_PIECE = re.compile(r"\S+(?: \S+)*")
_GAPPED_RULE = re.compile(r"\s*(?:[=-]{2,} +)+[=-]{2,}\s*")
_LEADER = re.compile(r"(?<=[^\s.·…]) *(?:[.·…] ?){4,} *(?![\s.·…])(?=\S+(?: \S+)?(?: {2,}|\t)\s*\S)")
"""Dots between a name and several values."""
_FIELD = re.compile(r"[^\s:][^:]{0,30}:\s+\S.*")
_SIGN = re.compile(r"\S")
_QUOTED = re.compile(r'"[^"]*"')


def tell_text_table(text: str, lines: Sequence[Line], name: str = "") -> list[Block]:
    """Return the rows of a table, if the lines are one; else nothing. Rules are not rows; wrapped cells are joined.

    A table of two columns has heads only above a horizontal rule: else "Name  Lea" would be a head of what follows.
    """
    rules = [place for place, line in enumerate(lines) if line.is_rule]
    held = [line for line in lines if not line.is_rule]
    whole = [_find_whole_line(text, line) for line in held]
    grid = next(filter(_GAPPED_RULE.fullmatch, (_find_whole_line(text, lines[place]) for place in rules)), "")
    whole = _blank_leaders(whole)
    rows, hung = _split_delimited(whole) or _split_below(whole, grid), set()
    if not rows:
        rows = _split_aligned(whole)
        hung = {*range(len(rows))}.difference(_find_begun([line.expandtabs() for line in whole]))
    if rows and (fields := _tell_fields(rows)):
        return [Block("row", line.start, line.end, told=told) for line, told in zip(held, fields, strict=True)]
    if not rows or ("=" not in grid and any(row[0].endswith(":") for row in rows)):
        return []
    above = next((place - count for count, place in enumerate(rules) if place > count), 0)
    ruled = above if 0 < above < len(rows) and not _are_summed(rows[:above]) else 0
    parted = {place - count for count, place in enumerate(rules)}
    joined = _join_wrapped(rows, parted, hung)
    cells = [[Cell(cell) for cell in row] for _, row in joined]
    heads = [places[0] < ruled for places, _ in joined]
    is_wide = sum(map(any, zip(*rows, strict=True))) > 2
    return [
        Block("row", held[places[0]].start, held[places[-1]].end, told=row.told, caption=row.caption)
        for (places, _), row in zip(joined, tell_grid(cells, heads, name, is_guessed=is_wide), strict=True)
    ]


def _are_summed(rows: Sequence[Row]) -> bool:
    """Whether several rows above a rule hold values: they are not heads, but are summed up below it."""
    return sum(any(map(is_value, row[1:])) for row in rows) > 1


def _tell_fields(rows: Sequence[Row]) -> list[str]:
    """What rows of labels with their values say: "Name: Rosa    Phone: 555 01"; nothing if a cell is anything else."""
    if any(_FIELD.fullmatch(cell) is None for row in rows for cell in row if cell):
        return []
    return [", ".join(" ".join(cell.split()) for cell in row if cell) for row in rows]


def _join_wrapped(rows: Sequence[Row], parted: Collection[int], hung: Collection[int]) -> list[tuple[list[int], Row]]:
    """Join the rows that continue cells of the row above: the places of each joined row, and its cells.

    Args:
        rows: one for each line that is not a rule.
        parted: the places of the rows below a rule.
        hung: the places of the rows that are indented further than those that begin a row.
    """
    joined: list[tuple[list[int], list[list[str]]]] = []
    for place, row in enumerate(rows):
        places, above = joined[-1] if joined else ([], [])
        if places and place not in parted and _goes_on(row, above, is_hung=place in hung, is_joined=len(places) > 1):
            for pieces, last, cell in zip(above, rows[places[-1]], row, strict=True):
                pieces += [_find_link(last, cell), cell] if cell else []
            places.append(place)
        else:
            joined.append(([place], [[cell] for cell in row]))
    return [(places, ["".join(pieces) for pieces in cells]) for places, cells in joined]


def _find_link(last: str, cell: str) -> str:
    """What joins a line of a cell to the next: a space in text, a semicolon between other lines."""
    is_text = last.count(" ") > 2 or cell[0].islower() or (last and is_incomplete(last))
    return " " if is_text else "; "


def _goes_on(row: Row, above: Sequence[Sequence[str]], *, is_hung: bool, is_joined: bool) -> bool:
    """Whether a row without a key continues cells above it: one must show it, or all if no cell of the row is missing.

    A cell shows it if it begins in lower case below a capital, or below a cell that continued another, or if the cell
    above is not complete.

    Args:
        above: for each cell above, its pieces as far as they are joined.
    """
    filled = [place for place, cell in enumerate(row) if cell]
    if row[0] or not filled or any(not above[place][0] or is_amount(row[place]) for place in filled):
        return False
    if is_hung:
        return True
    signs = [
        is_incomplete(above[place][-1]) or (row[place][0].islower() and (is_joined or above[place][0][0].isupper()))
        for place in filled
    ]
    return any(signs) if len(filled) < sum(bool(pieces[0]) for pieces in above[1:]) else all(signs)


def _find_whole_line(text: str, line: Line) -> str:
    """The line with the white space around it, which may stand for empty cells; a frame around it becomes spaces."""
    start, end = text.rfind("\n", 0, line.start) + 1, text.find("\n", line.end)
    before, after = text[start : line.start], text[line.end : end if end >= 0 else len(text)]
    return f"{_SIGN.sub(' ', before)}{line.text}{_SIGN.sub(' ', after)}"


def _blank_leaders(lines: Sequence[str]) -> list[str]:
    """The lines with spaces instead of dots that lead to several values: "Day ticket ..... 38.00    22.00"."""
    return [_LEADER.sub(lambda found: " " * len(found[0]), line) for line in lines]


def _split_delimited(lines: Sequence[str]) -> list[Row]:
    """The cells of lines that all have the same number of tabs, bars, semicolons or commas; else nothing."""
    for delimiter, least in (("\t", 2), ("|", 2), (";", 3), (",", 3)):
        if len(lines) < 2 or not all(delimiter in line for line in lines):
            continue
        if delimiter in ";," and any(f"{delimiter} " in _QUOTED.sub("", line) for line in lines):
            continue  # running text has a space after a comma
        texts = [line.strip().strip("|") if delimiter == "|" else line for line in lines]
        try:
            rows = [[cell.strip() for cell in next(csv.reader([text], delimiter=delimiter), [])] for text in texts]
        except csv.Error:  # a cell beyond the module's limit
            continue
        if not any(row and row[0] for row in rows):
            rows = [row[1:] for row in rows]  # all are indented
        if len(rows[0]) >= least and len({len(row) for row in rows}) == 1:
            return list(rows)
    return []


def _split_below(lines: Sequence[str], rule: str) -> list[Row]:
    """The cells of lines whose columns are below the parts of a rule ("===  =="), if no text crosses its gaps."""
    cuts = [found.start() for found in re.finditer(r"[=-]+", rule.expandtabs())][1:]
    texts = [line.expandtabs() for line in lines]
    if not cuts or any(text[cut - 1 : cut].strip() and text[cut : cut + 1].strip() for text in texts for cut in cuts):
        return []
    parts = list(zip([0, *cuts], [*cuts, None], strict=True))
    return [[text[cut:end].strip() for cut, end in parts] for text in texts]


def _split_aligned(lines: Sequence[str]) -> list[Row]:
    """The cells of lines whose columns are aligned, with two or more spaces between them; else nothing."""
    texts = [line.expandtabs() for line in lines]
    begun = _find_begun(texts)
    if len(lines) < 3 or not begun:
        return []
    width = max(map(len, texts))
    cuts = _find_cuts(texts, width)
    hung = set(range(len(texts))).difference(begun)
    if any(len(texts[place]) - len(texts[place].lstrip()) not in cuts for place in hung):
        return []
    rows = _cut_columns(texts, cuts, width)
    inner = _find_cuts(texts[1:], width) if len(texts) > 3 else cuts
    if len(inner) > len(cuts) and (heads := _spread_heads(texts[0], texts[1:], inner, width)):
        cuts, rows = inner, [heads, *_cut_columns(texts[1:], inner, width)]
    pieces = [_PIECE.findall(text) for text in texts]
    if len({len(row) for row in pieces}) == 1 and len(pieces[0]) > max(2, len(cuts)):
        return list(pieces)  # columns that are not below their heads, but every row has all of them
    enough = sum(sum(map(bool, rows[place])) > 1 for place in begun) * 5 >= len(begun) * 4
    return list(rows) if len(cuts) > 1 and enough else []


def _find_begun(texts: Sequence[str]) -> list[int]:
    """The places of lines that begin a row: all if nearly all have a gap, or those that are not indented further."""
    gapped = [_GAP.search(text.strip()) is not None for text in texts]
    if sum(gapped) * 5 >= len(texts) * 4:
        return list(range(len(texts)))
    indents = [len(text) - len(text.lstrip()) for text in texts]
    least = min(indents)
    begun = [place for place, indent in enumerate(indents) if indent == least]
    is_table = len(begun) > 1 and all(gapped[place] and not _MARK.match(texts[place].lstrip()) for place in begun)
    return begun if is_table else []


def _cut_columns(texts: Sequence[str], cuts: Sequence[int], width: int) -> list[Row]:
    """The cells of lines whose columns begin at the given places."""
    return [[text[cut:end].strip() for cut, end in zip(cuts, [*cuts[1:], width], strict=True)] for text in texts]


def _spread_heads(heads: str, below: Sequence[str], cuts: Sequence[int], width: int) -> list[str]:
    """The heads of a line above columns, each repeated for the equal number of columns below it; else nothing.

    A head must be above its own columns only: "Summer" above "open    close".
    """
    pieces = [(found.start(), found.end(), found[0]) for found in _PIECE.finditer(heads)]
    corner = [text for start, _, text in pieces if start < cuts[1]]
    over = pieces[len(corner) :]
    share = (len(cuts) - 1) // len(over) if len(over) > 1 else 0
    if share < 2 or share * len(over) != len(cuts) - 1 or len(corner) > 1:
        return []
    ends = [max(len(text[:end].rstrip()) for text in below) for end in [*cuts[1:], width]]
    for place, (start, end, _) in enumerate(over):
        first = 1 + place * share
        if start < cuts[first] - 1 or end > ends[first + share - 1] + 1:
            return []
    return [*(corner or [""]), *(text for *_, text in over for _ in range(share))]


def _find_cuts(texts: Sequence[str], width: int) -> list[int]:
    """Find where columns begin: after two spaces, or, beside such columns, after one if most lines have more there."""
    padded = [text.ljust(width) for text in texts]
    filled = [any(text[place] != " " for text in padded) for place in range(width)]
    first = next((place for place in range(width) if filled[place]), width)
    begins = [place for place in range(first + 2, width) if filled[place] and not filled[place - 1]]
    wide = [place for place in begins if not filled[place - 2]]
    narrow = [place for place in begins if filled[place - 2] and _is_column(padded, place, filled)]
    cuts = [0]
    for place in sorted([*wide, *(narrow if wide else ())]):
        # If few lines have text before the space, it begins no column but a text: "real, between 0" before "and 1".
        before = sum(bool(text[cuts[-1] : place].strip()) for text in padded)
        if place in wide or 2 * before > len(padded):
            cuts.append(place)
    return cuts


def _is_column(texts: Sequence[str], place: int, filled: Sequence[bool]) -> bool:
    """Whether the text after a column of one space is in most lines, and after more spaces in half of them."""
    end = next((at for at in range(place, len(filled)) if not filled[at]), len(filled))
    keyed = [text for text in texts if text[:place].strip()]
    begun = [text for text in keyed if text[place:end].strip()]
    wide = sum(text[place - 2 : place] == "  " or text[place] == " " for text in begun)
    return len(begun) > 2 and 5 * len(begun) >= 4 * len(keyed) and 2 * wide >= len(begun)
