"""Joins the lines of a PDF into headings, paragraphs, items, rows and listings, with the pages that begin in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.reading.blocks import BlockText, Kind
from index.reading.grid import GROUP_LIMIT
from index.reading.keys import complete_keys
from index.reading.lines import find_star_notes
from index.reading.pdf.lines import BodyStyle, Line
from index.reading.pdf.paragraphs import (
    BULLET,
    BULLET_SIGN,
    Group,
    LineGrouper,
    count_words,
    is_text,
    join_line,
    join_lines,
)
from index.reading.plaintext import is_heading
from index.reading.tables import count_heads, count_label_columns, join_heads, tell_form_row, tell_row

HEADING_LIMIT = 160
"""Characters; a longer text is never a heading."""

_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|tabla)\s*(?:\d+|[IVX]+)\b", re.IGNORECASE)


def find_blocks(lines: Sequence[Line], body: BodyStyle) -> Iterator[BlockText]:
    """Yield the blocks of lines in reading order, each with the pages that begin in it."""
    words = count_words(lines)
    groups = list(LineGrouper(lines, body).group())
    captions = {place: table for table in range(len(groups)) for place in _find_caption(groups, table)}
    names = {table: " ".join(line.text for line in groups[place]) for place, table in captions.items()}
    written = [line.text or " ".join(cell for row in line.grid for cell in row) for line in lines]
    noted = find_star_notes([line.text for line in lines], "\n".join(written))
    notes = {id(lines[place]) for place in noted}
    page = 0
    heads: tuple[str, ...] = ()
    named = ""
    for place, (group, level) in enumerate(zip(groups, _find_levels(groups, body), strict=True)):
        first = group[0]
        begun = ((first.page, 0),) if first.page > page else ()
        if first.grid:
            rows = [[join_lines(cell.split("\n"), words) for cell in row] for row in first.grid]
            goes_on = place > 0 and _goes_on(groups[place - 1][0], first)
            plain = [row for at, row in enumerate(rows) if at not in first.groups]
            count, heads = (0, ()) if first.labels else _find_heads(plain, first.heads, heads if goes_on else ())
            is_form = not heads and max(first.labels, count_label_columns(plain)) > 1
            below = plain[count:] if is_form else complete_keys(plain[count:], carries=False)
            told = [""] * count + [tell_form_row(row) if is_form else tell_row(row, heads) for row in below]
            under = _name_groups(rows, first.groups, named if goes_on else "")
            named = under[-1]
            yield from _make_rows(rows, first.groups, told, names.get(place, ""), under, begun)
        elif first.code:
            yield BlockText("code", first.code, 0, begun)
        else:
            kind: Kind = "caption" if place in captions else "paragraph"
            yield _make_block(group, kind, level, page, words, is_note=id(first) in notes)
        page = max(page, group[-1].page)


# Tables


def _find_caption(groups: Sequence[Group], table: int) -> Iterator[int]:
    """Yield the place of a table's caption, right before or after it."""
    for place in (table - 1, table + 1) if groups[table][0].grid else ():
        if 0 <= place < len(groups) and _CAPTION.match(groups[place][0].text):
            yield place
            return


def _goes_on(above: Line, table: Line) -> bool:
    """Whether a table continues one at the end of the previous page."""
    return bool(above.grid) and above.page == table.page - 1 and len(above.grid[0]) == len(table.grid[0])


def _find_heads(rows: Sequence[Sequence[str]], marked: int, carried: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Return how many rows at the top are heads, and each column's head; `carried` are those of the previous page."""
    count = marked or count_heads(rows)
    has_digits = any(char.isdigit() for row in rows for cell in row for char in cell)
    if any(row[0].endswith(":") for row in rows) or (not marked and len(rows[0]) == 2 and not has_digits):
        # Labels with their values, or terms with their meanings.
        count = 0
    heads = join_heads(rows[:count]) if count else ()
    if carried and heads != carried and not marked:
        # What looks like a row of heads continues the table, unless it repeats its heads.
        repeated = next((n for n in (1, 2, 3) if join_heads(rows[:n]) == carried), 0)
        return repeated, carried
    return count, heads


def _name_groups(rows: Sequence[Sequence[str]], groups: Sequence[int], name: str) -> list[str]:
    """Return for each row the name of the group that it is in; `name` is that of the previous page."""
    names = []
    for place, row in enumerate(rows):
        if place in groups and len(row[0]) <= GROUP_LIMIT and row[0][-1:] not in (*".!?",):
            name = row[0].rstrip(":")
        names.append(name)
    return names


def _make_rows(
    rows: Sequence[Sequence[str]],
    groups: Sequence[int],
    told: Sequence[str],
    caption: str,
    under: Sequence[str],
    begun: tuple[tuple[int, int], ...],
) -> Iterator[BlockText]:
    """Yield the rows of a table, in Markdown and written out.

    Args:
        groups: the places of the rows that name those below them.
        told: each other row written out with its column heads.
        under: for each row, the name of its group.
    """
    left = iter(told)
    for place, row in enumerate(rows):
        cells = row[:1] if place in groups else row
        written = " | ".join(cell.replace("|", "\\|") for cell in cells)
        says, named = (row[0], "") if place in groups else (next(left), under[place])
        name = ", ".join(filter(None, (caption, named)))
        yield BlockText("row", f"| {written} |", 0, () if place else begun, says, name)


# Headings, items and paragraphs


def _make_block(group: Group, kind: Kind, level: int, page: int, words: Counter[str], *, is_note: bool) -> BlockText:
    """Join lines into one block, without its bullet; a note mark is kept. `page` is the last one that has begun."""
    mark = None if level or is_note else BULLET.match(group[0].text)
    text = ""
    begun: list[tuple[int, int]] = []
    for line in group:
        written = line.text[mark.end() :] if mark and line is group[0] else line.text
        text = join_line(text, written, words)
        if line.page > page:
            page = line.page
            begun.append((page, len(text) - len(written)))
    return BlockText("heading" if level else "item" if mark else kind, text, level, tuple(begun))


def _find_levels(groups: Sequence[Group], body: BodyStyle) -> list[int]:
    """Return the heading level of each group, 0 for text: the largest letters come first, bold before others.

    If no letters mark a heading, a single line before a paragraph can be one, as in plain text.
    """
    marked = [group[0].style if _is_heading(group, body) else None for group in groups]
    styles = sorted({style for style in marked if style}, reverse=True)
    if styles:
        return [min(styles.index(style) + 1, 6) if style else 0 for style in marked]
    alone = [
        len(group) == 1 < len(after) and is_text(group) and not BULLET.match(group[0].text)
        for group, after in pairwise([*groups, []])
    ]
    named = [before and is_heading(group[0].text) for group, before in zip(groups, alone, strict=True)]
    return [(2 if place else 1) if is_named else 0 for place, is_named in enumerate(named)]


def _is_heading(group: Group, body: BodyStyle) -> bool:
    """Whether a group of lines is a heading: short, in larger or bolder letters, and not a sentence."""
    text = " ".join(line.text for line in group)
    if not is_text(group) or not 2 < len(text) <= HEADING_LIMIT:
        return False
    if BULLET_SIGN.match(text) or not re.search(r"[^\W\d_]", text):
        return False
    heavier = group[0].bold and not body.bold and group[0].size >= body.size
    return (body.is_large(group[0]) or heavier) and not text.endswith((".", ":", ";", ",", "。", "：", "،", "۔", "।"))
