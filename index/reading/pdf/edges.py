"""Finds the sides of cells of which only the horizontal edges are drawn, each separately, as in tables of web pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.reading.pdf.lines import Box, Line, group_rows

NEAR = 2.0
"""Points; edges that are nearer than this are at one height, or end at the same place."""

ROW_LIMIT = 120.0
"""Points; edges that are further apart are not of one row."""

PADDING = 1.8
"""Multiple of the font size; the row beyond a table's outer edges is no further from them."""

LEADING = 1.35
"""Multiple of the font size; the lines of a cell are no further apart."""

BLANK = 0.4
"""Multiple of the font size; the white space between two words of a cell is narrower."""

Edges = list[Box]
"""The edges at one height, from left to right."""


def find_sides(lines: Sequence[Line], rules: Sequence[Box]) -> list[Box]:
    """Return vertical rules for the sides of cells of which only the lower or upper edges are drawn."""
    sides: list[Box] = []
    heads: set[int] = set()
    # From below: the row above a table belongs to it, not to the end of the table above.
    for table in reversed(list(_find_tables(rules))):
        left, right = _get_ends(table)
        bottom, top = table[-1][0].bottom, table[0][0].bottom
        if any(_crosses(rule, Box(left, bottom, right, top)) for rule in rules if not rule.is_level):
            continue
        inside = [line for line in lines if line.left > left - NEAR and line.right < right + NEAR]
        above, below = _find_row(inside, table[0], is_above=True), _find_row(inside, table[-1], is_above=False)
        below = [] if heads & set(map(id, below)) else below
        heads.update(map(id, above))
        if above or not below:
            sides += _raise_sides(table, max((line.base + 0.85 * line.size for line in above), default=top))
        else:
            sides += _drop_sides(table)
        if below:
            floor = min(line.base - 0.25 * line.size for line in below)
            sides += [Box(x, floor, x, bottom) for edge in table[-1] for x in (edge.left, edge.right)]
    return [side for side in sides if not any(_runs_across(line, side) for line in lines)]


def _crosses(rule: Box, place: Box) -> bool:
    across = place.left - NEAR < rule.left < place.right + NEAR
    return across and rule.bottom < place.top + NEAR and rule.top > place.bottom - NEAR


def _runs_across(line: Line, side: Box) -> bool:
    """Whether the words of a line run on where a side would be: its cell then spans columns."""
    if not side.bottom < line.base + 0.3 * line.size < side.top or not line.left < side.left < line.right:
        return False
    before = max((word.right for word in line.words if word.left < side.left), default=line.left)
    after = min((word.left for word in line.words if word.left >= side.left), default=line.right)
    return before > side.left + 1 or after - before < BLANK * line.size


def _get_ends(table: Sequence[Edges]) -> tuple[float, float]:
    return min(edges[0].left for edges in table), max(edges[-1].right for edges in table)


def _are_near(one: float, other: float) -> bool:
    return abs(one - other) < NEAR


def _find_tables(rules: Sequence[Box]) -> Iterator[list[Edges]]:
    """Find edges below each other that end at the same places; at two heights or more, several must adjoin."""
    table: list[Edges] = []
    for edges in [*_find_heights(rules), []]:
        if table and edges and _goes_on(table, edges):
            table.append(edges)
            continue
        parted = [one for one in table if any(_are_near(a.right, b.left) for a, b in pairwise(one))]
        inner = [{round(edge.left / NEAR) for edge in one[1:]} for one in parted]
        if len(parted) > 1 and any(one & other for one, other in pairwise(inner)):
            yield table
        table = [edges] if len(edges) > 1 else []


def _goes_on(table: Sequence[Edges], edges: Edges) -> bool:
    """Whether edges belong to the next row of a table; a cell over several rows has none in the upper ones."""
    left, right = _get_ends(table)
    if table[-1][0].bottom - edges[0].bottom > ROW_LIMIT:
        return False
    ends = {end for one in table for edge in one for end in (edge.left, edge.right)}
    shared = [end for edge in edges for end in (edge.left, edge.right) if any(_are_near(end, one) for one in ends)]
    is_within = left - NEAR < edges[0].left and edges[-1].right < right + NEAR
    return len(shared) > 1 and (is_within or len(shared) > len(edges))


def _find_heights(rules: Sequence[Box]) -> list[Edges]:
    """Find the edges at each height, from the top; an edge drawn as a thin box counts once."""
    heights: list[Edges] = []
    for rule in sorted((rule for rule in rules if rule.is_level), key=lambda rule: -rule.bottom):
        if heights and _are_near(heights[-1][0].bottom, rule.bottom):
            if not any(_are_near(one.left, rule.left) and _are_near(one.right, rule.right) for one in heights[-1]):
                heights[-1].append(rule)
        else:
            heights.append([rule])
    return [sorted(edges, key=lambda edge: edge.left) for edges in heights]


def _find_row(lines: Sequence[Line], edges: Edges, *, is_above: bool) -> list[Line]:
    """Find the lines of the cells right above or below edges; there must be several cells."""
    height = edges[0].bottom
    beyond = [line for line in lines if (line.base > height) is is_above]
    row: list[Line] = []
    for near in group_rows(beyond)[:: -1 if is_above else 1]:
        size = max(line.size for line in near)
        distance = abs(near[0].base - (row[-1].base if row else height))
        if distance > (LEADING if row else PADDING) * size:
            break
        row += near
    return row if len({_find_place(line, edges) for line in row}) > 1 else []


def _find_place(line: Line, edges: Edges) -> int:
    return sum(edge.right < (line.left + line.right) / 2 for edge in edges)


def _raise_sides(table: Sequence[Edges], ceiling: float) -> Iterator[Box]:
    """Yield the sides of the cells above a table's edges, each up to the next edge above."""
    for place, edges in enumerate(table):
        for edge in edges:
            middle = (edge.left + edge.right) / 2
            above = (one[0].bottom for one in reversed(table[:place]) if _covers(one, middle))
            top = next(above, ceiling)
            yield from (Box(x, edge.bottom, x, top) for x in (edge.left, edge.right) if top - edge.bottom > NEAR)


def _drop_sides(table: Sequence[Edges]) -> Iterator[Box]:
    """Yield the sides of the cells below a table's edges, each down to the next edge below."""
    for place, edges in enumerate(table):
        for edge in edges:
            middle = (edge.left + edge.right) / 2
            below = (one[0].bottom for one in table[place + 1 :] if _covers(one, middle))
            bottom = next(below, table[-1][0].bottom)
            yield from (Box(x, bottom, x, edge.bottom) for x in (edge.left, edge.right) if edge.bottom - bottom > NEAR)


def _covers(edges: Edges, place: float) -> bool:
    return any(edge.left < place < edge.right for edge in edges)
