"""How a question names items of a list, and how those are picked from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeAlias

from assistant.answering.outline import Item, Series
from assistant.language.english import (
    COUNTED_ITEMS,
    ITEMS_AND,
    NUMBERED_ITEM,
    NUMBERED_ITEMS,
    NUMBERS,
    ORDINAL_ITEM,
    ORDINAL_PLACES,
    PLACED_ITEM,
)

ITEMS = (NUMBERED_ITEMS, COUNTED_ITEMS, NUMBERED_ITEM, PLACED_ITEM, ORDINAL_ITEM)
"""The patterns of how items are named."""

Pick: TypeAlias = Callable[[Series], tuple[Item, ...]]
"""A series -> the items that are asked for; none if it does not have all of them."""


def make_pick(named: re.Match[str]) -> Pick:
    """The pick for items that one of `ITEMS` has found in a question."""
    found = named.groupdict()
    if named.re is COUNTED_ITEMS:
        return _pick_end(_read_number(found["number"]), found["end"].lower() == "last")
    if mark := found.get("mark"):
        return lambda series: tuple(item for item in series.items if item.mark == mark.lower())[:1]
    if number := found.get("number"):
        first, last = _read_number(number), _read_number(found.get("last") or number)
        both = (found.get("link") or "").lower() in ITEMS_AND
        return _pick_numbers({first, last} if both else range(first, last + 1))
    return pick_place(found["ordinal"])


def _pick_numbers(wanted: Collection[int]) -> Pick:
    """Picks the items with these numbers."""

    def pick(series: Series) -> tuple[Item, ...]:
        numbered = {item.number: item for item in reversed(series.items)}
        return tuple(numbered[number] for number in sorted(wanted)) if set(wanted) <= set(numbered) else ()

    return pick


def _pick_end(count: int, last: bool) -> Pick:
    """Picks the first or the last `count` items."""

    def pick(series: Series) -> tuple[Item, ...]:
        return (series.items[-count:] if last else series.items[:count]) if 0 < count <= len(series.items) else ()

    return pick


def pick_place(ordinal: str) -> Pick:
    """Picks the item at the place that an ordinal names."""
    place = ORDINAL_PLACES.get(ordinal.lower()) or int(ordinal[:-2])
    return _pick_end(1, last=True) if place < 0 else lambda series: series.items[max(0, place - 1) : place]


def _read_number(text: str) -> int:
    """A number in digits or in words."""
    return int(text) if text.isdigit() else NUMBERS[text.lower()]
