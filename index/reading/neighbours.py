"""Separates neighbouring elements of a web page that stand apart although there is no white space between them.

A browser shows no space between inline elements either, unless their styles do: the page's own styles are followed. If
the style is not known, texts that cannot be one word ("Route 4", "7.30") are separated.
"""

from __future__ import annotations

import re

from index.reading.html_styles import Styles
from index.reading.inline import Element
from index.reading.tree import BLOCKS

_SOLID = frozenset("code kbd math pre samp sub sup svg".split())
"""Elements in which every character counts."""

_JOINED = frozenset("br math q rb rp rt ruby sub sup svg wbr".split())
"""Elements that belong to the text before them, or separate it already."""

_WORD_BEFORE = re.compile(r"[^\W\d_]+\Z")
_CAPITALIZED = re.compile(r"[\"“‘'(]?[^\W\d_]{2}")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|ème)\b")
_MONEY = re.compile(r"[€$£¥]\s?\d")


def part_neighbours(body: Element, styles: Styles) -> None:
    """Put a space between neighbouring elements that stand apart; what is not seen must have been removed."""
    pending = [body]
    while pending:
        element = pending.pop()
        _part_content(element, styles)
        pending += [child for child in element if child.tag not in _SOLID]


def _part_content(element: Element, styles: Styles) -> None:
    """Put spaces between the elements directly inside one."""
    parts_all = styles.parts_content(element)
    rows = _find_rows(element)
    before: Element | None = None
    for child in element:
        if child.tag in _JOINED or child.tag in BLOCKS:
            before = None
            continue
        if before is not None and not child.tail and not any(child.itertext()):
            continue  # nothing but a mark, like a dot leader
        if parts_all or (styles.stands_apart(child) and len("".join(child.itertext()).strip()) > 1):
            _add_blanks(child)
        elif before is not None and _are_apart(before, child, in_row=child in rows):
            before.tail = " "
        before = None if child.tail else child


def _add_blanks(element: Element) -> None:
    """Put spaces before and after an element."""
    above, parent = element.getprevious(), element.getparent()
    if above is None:
        parent.text = f"{parent.text or ''} "
    else:
        above.tail = f"{above.tail or ''} "
    element.tail = f" {element.tail or ''}"


def _find_rows(element: Element) -> set[Element]:
    """Find the elements inside one that stand in a row without text between them: three or more, or all there are."""
    rows: set[Element] = set()
    row: list[Element] = []
    for child in element:
        row = [] if child.tag in _JOINED or child.tag in BLOCKS else [*row[-2:], child]
        rows.update(row if len(row) > 2 else ())
        row = [] if child.tail else row
    if element.tag == "div" and len(element) == len(row) == 2 and not (element.text or "").strip():
        rows.update(row)
    return rows


def _are_apart(one: Element, other: Element, *, in_row: bool) -> bool:
    """Whether two neighbouring elements cannot be one word: styles of a word processor only change the look."""
    if all(element.get("style") or element.get("lang") for element in (one, other)):
        return False
    before, after = ("".join(element.itertext()) for element in (one, other))
    if not before or not after or before[-1].isspace() or after[0].isspace():
        return False
    if before.isdecimal() and after.isdecimal():
        return any(element.tag == "a" or element.get("class") for element in (one, other))
    return _cannot_join(before, after, in_row=in_row)


def _cannot_join(before: str, after: str, *, in_row: bool) -> bool:
    """Whether two texts do not form a word, number or name; a name may have a capital inside ("YouTube")."""
    last, first = before[-1], after[0]
    word = _WORD_BEFORE.search(before)
    if last.isdigit():
        return (first.isdigit() or _CAPITALIZED.match(after) is not None) and not _ORDINAL.match(after)
    if word:
        is_whole = len(word[0]) > 2 or len(word[0]) < len(before)
        has_blank = " " in f"{before}{after}"
        is_new = (
            (in_row or has_blank)
            and first.isupper()
            and last.islower()
            and len(word[0]) > 1
            and _CAPITALIZED.match(after)
        )
        return bool(is_new or (is_whole and (first.isdigit() or _MONEY.match(after))))
    return (last in ".,:;!?…)" and first.isupper() and len(before) > 2) or (last in ":;!?)%" and first.isdigit())
