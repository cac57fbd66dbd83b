"""What the styles and lists of a Word document say about its paragraphs, runs and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from index.reading.inline import Element
from index.reading.numbering import Counting, write_number

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_FIRST_ROW = 0x0020
"""Bit of a table's look: its first row is set apart. Source: ISO 29500-1, 17.4.55."""

_NUMBER_STYLES = {"decimalZero": "01", "lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}


def get_value(element: Element, *path: str) -> str | None:
    """Return the value of a property; "true" if it is present without a value, None if it is absent."""
    for name in path:
        element = None if element is None else element.find(f"{W}{name}")
    return None if element is None else element.get(f"{W}val", "true")


def is_on(value: str | None) -> bool:
    """Whether the value of an on/off property means on."""
    return value not in (None, "0", "false", "off", "none")


def read_number(value: str | None, default: int) -> int:
    """Read the value of a property that is a number."""
    return int(value) if value and value.isdecimal() else default


class Styles:
    """The styles of a document: each inherits what it does not set from the style that it is based on."""

    def __init__(self, root: Element) -> None:
        styles = list(root.iter(f"{W}style"))
        self._styles = {style.get(f"{W}styleId"): style for style in styles}
        self._found: dict[tuple[str, str, str], Element] = {}
        self.default_size = read_number(get_value(root, "docDefaults", "rPrDefault", "rPr", "sz"), 20)
        plain = [one for one in styles if one.get(f"{W}type") == "paragraph" and is_on(one.get(f"{W}default"))]
        self._plain = plain[0].get(f"{W}styleId") if plain else ""

    def get_names(self, paragraph: Element) -> list[str]:
        """The name of a paragraph's style, then of those it is based on, in lower case."""
        return [(get_value(style, "name") or "").lower() for style in self._follow(self._get_style(paragraph))]

    def find_of_paragraph(self, paragraph: Element, name: str) -> Element | None:
        """Find a property of a paragraph: its own or that of its style."""
        own = paragraph.find(f"{W}pPr/{W}{name}")
        return own if own is not None else self._find(self._get_style(paragraph), "pPr", name)

    def get_of_run(self, run: Element, paragraph: Element, *names: str) -> list[str | None]:
        """Return the values of properties of a run: its own, or those of its style or its paragraph's."""
        own = run.find(f"{W}rPr")
        style, around = get_value(own, "rStyle") or "", self._get_style(paragraph)
        values: list[str | None] = []
        for name in names:
            found = None if own is None else own.find(f"{W}{name}")
            if found is None and style:
                found = self._find(style, "rPr", name)
            if found is None:
                found = self._find(around, "rPr", name)
            values.append(None if found is None else str(found.get(f"{W}val", "true")))
        return values

    def marks_first_row(self, table: Element) -> bool:
        """Whether the style of a table gives its first row another look: bold, or a background colour."""
        look = table.find(f"{W}tblPr/{W}tblLook")
        bits = int(look.get(f"{W}val") or "0", 16) if look is not None else 0
        if look is None or not is_on(look.get(f"{W}firstRow") or ("1" if bits & _FIRST_ROW else "0")):
            return False
        parts = (
            part
            for style in self._follow(get_value(table, "tblPr", "tblStyle"))
            for part in style.iterfind(f"{W}tblStylePr")
            if part.get(f"{W}type") == "firstRow"
        )
        return any(is_on(get_value(part, "rPr", "b")) or is_shaded(part) for part in parts)

    def _get_style(self, paragraph: Element) -> str:
        return get_value(paragraph, "pPr", "pStyle") or self._plain

    def _find(self, style: str, part: str, name: str) -> Element | None:
        key = (style, part, name)
        if key not in self._found:
            parts = (one.find(f"{W}{part}/{W}{name}") for one in self._follow(style))
            self._found[key] = next((found for found in parts if found is not None), None)
        return self._found[key]

    def _follow(self, style: str | None) -> Iterator[Element]:
        seen: set[str | None] = set()
        while style in self._styles and style not in seen:
            seen.add(style)
            yield self._styles[style]
            style = get_value(self._styles[style], "basedOn")


class Lists:
    """The numbered lists of a document. Lists of the same kind continue the count, unless one says that it restarts."""

    def __init__(self, root: Element) -> None:
        self._kinds = {
            kind.get(f"{W}abstractNumId"): {read_number(one.get(f"{W}ilvl"), 0): one for one in kind.iter(f"{W}lvl")}
            for kind in root.iter(f"{W}abstractNum")
        }
        self._lists = {one.get(f"{W}numId"): one for one in root.iter(f"{W}num")}
        self._counters: dict[str | None, Counting] = {}
        self._begun: set[tuple[str, int]] = set()

    def count(self, paragraph: Element, styles: Styles) -> str | None:
        """Count a paragraph and return its number as it is shown; empty for a bullet, None if it is in no list."""
        listed = styles.find_of_paragraph(paragraph, "numPr")
        name = get_value(listed, "numId") or ""
        if name not in self._lists:
            return None
        kind = get_value(self._lists[name], "abstractNumId")
        levels = dict(self._kinds.get(kind, {}))
        own = {read_number(one.get(f"{W}ilvl"), 0): one for one in self._lists[name].iter(f"{W}lvlOverride")}
        levels.update({place: one.find(f"{W}lvl") for place, one in own.items() if one.find(f"{W}lvl") is not None})
        place = self._find_level(listed, levels, paragraph)
        restart = get_value(own.get(place), "startOverride") if (name, place) not in self._begun else None
        self._begun.add((name, place))
        starts = {one: read_number(get_value(level, "start"), 1) for one, level in levels.items()}
        counting = self._counters.setdefault(kind, Counting())
        counting.count(place, starts.get(place, 1), int(restart) if restart and restart.isdecimal() else None)
        return _write_mark(levels, place, counting.get_numbers(starts))

    @staticmethod
    def _find_level(listed: Element, levels: Mapping[int, Element], paragraph: Element) -> int:
        """Find the level of a paragraph: the one that its list property names, or that names the paragraph's style."""
        style = get_value(paragraph, "pPr", "pStyle")
        if get_value(listed, "ilvl") is None and style:
            return next((place for place, one in levels.items() if get_value(one, "pStyle") == style), 0)
        return read_number(get_value(listed, "ilvl"), 0)


def _write_mark(levels: Mapping[int, Element], place: int, numbers: Mapping[int, int]) -> str:
    """Write the number of an item as its level prescribes ("%1.%2)"); empty for a bullet."""
    level = levels.get(place)
    if (get_value(level, "numFmt") or "bullet") in ("bullet", "none"):
        return ""
    in_digits = is_on(get_value(level, "isLgl"))

    def write(found: re.Match[str]) -> str:
        one = int(found[1]) - 1
        style = "1" if in_digits else _NUMBER_STYLES.get(get_value(levels.get(one), "numFmt") or "", "1")
        return write_number(numbers.get(one, 1), style)

    return re.sub(r"%([1-9])", write, get_value(level, "lvlText") or f"%{place + 1}.").strip()


def is_shaded(cell: Element) -> bool:
    """Whether a cell, or the cells of a part of a table's style, have a background colour."""
    shade = cell.find(f"{W}tcPr/{W}shd")
    return shade is not None and (shade.get(f"{W}fill") or "auto").lower() not in ("auto", "ffffff")
