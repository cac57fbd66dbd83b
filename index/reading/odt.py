"""Reads OpenDocument texts (.odt): converts their XML to a tree of HTML, with everything that LibreOffice shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from index.reading.blocks import BlockText, Reading, Seen, UnreadableError, compose
from index.reading.grid import SPAN_LIMIT
from index.reading.inline import Element
from index.reading.notes import put_note
from index.reading.numbering import Counting, write_number
from index.reading.packed import Package, add_text, make_element, make_table, parse_xml, read_package
from index.reading.tree import mark_heads, read_blocks, remove_unseen, write_notes

OFFICE, STYLE, TEXT, TABLE, DRAW, SVG, XML = (
    f"{{{name}}}"
    for name in (
        *(f"urn:oasis:names:tc:opendocument:xmlns:{part}:1.0" for part in ("office", "style", "text", "table")),
        "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
        "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
        "http://www.w3.org/XML/1998/namespace",
    )
)

FONT_WEIGHT = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}font-weight"

CONTENTS = "in a table of contents or an index"
"""The label in the notes for the words of a table of contents or an index."""

_CONTENTS = frozenset(
    f"{TEXT}{name}"
    for name in "table-of-content alphabetical-index illustration-index object-index table-index user-index".split()
)
_NO_TEXT = frozenset(
    [f"{OFFICE}annotation", f"{OFFICE}forms", f"{DRAW}image", f"{SVG}title", f"{SVG}desc"]
    + [f"{TEXT}{name}" for name in "ruby-text sequence-decls tracked-changes variable-decls".split()]
)
_UNSHOWN = _CONTENTS | _NO_TEXT | {f"{TEXT}note-citation", f"{TABLE}covered-table-cell"}
_LINES = (f"{TEXT}p", f"{TEXT}h")
_SPACES = tuple(f"{TEXT}{name}" for name in ("s", "tab", "line-break", "soft-page-break"))
_LIST_LEVELS = (f"{TEXT}list-level-style-number", f"{TEXT}list-level-style-bullet", f"{TEXT}outline-level-style")


def read_odt(data: bytes) -> Reading:
    """Read the text and blocks of an OpenDocument text; the file does not record its pages.

    Raises:
        UnreadableError: the document is damaged or locked with a password.
    """
    return read_package(data, "OpenDocument text", _read_package)


def _read_package(package: Package) -> Reading:
    if "META-INF/manifest.xml" in package.names and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise UnreadableError("is locked with a password", "Save it without one, or remove it.")
    converter = _Converter(package)
    trees = [converter.convert(), converter.convert_notes()]
    left_out: Counter[str] = sum(map(remove_unseen, trees), converter.left_out)
    seen = Seen(converter.list_shown())
    text, notes = map(read_blocks, trees)
    apart = [BlockText("break", "", 1)] if notes else []
    reading = compose([*text, *apart, *notes])
    return replace(reading, notes=write_notes(left_out), seen=(seen,), left_out=left_out.total())


def _read_number(value: str | None, default: int) -> int:
    return int(value) if value and value.isdecimal() else default


class _Styles:
    """The styles of a document: each inherits what it does not set from its parent."""

    def __init__(self, *roots: Element) -> None:
        self._styles = {
            (style.get(f"{STYLE}family"), style.get(f"{STYLE}name")): style
            for root in roots
            for style in root.iter(f"{STYLE}style")
        }
        self._lists = {
            (one.get(f"{STYLE}name") or "outline"): {
                _read_number(level.get(f"{TEXT}level"), 1): level for level in one.iter(*_LIST_LEVELS)
            }
            for root in roots
            for one in root.iter(f"{TEXT}list-style", f"{TEXT}outline-style")
        }
        outline = next((one for root in roots for one in root.iter(f"{TEXT}outline-style")), None)
        self.outline = str(outline.get(f"{STYLE}name") or "outline") if outline is not None else ""

    def is_named(self, family: str, style: str | None, names: tuple[str, ...]) -> bool:
        """Whether a style or one of its parents has one of some names."""
        followed = [style, *(one.get(f"{STYLE}parent-style-name") for one in self._follow(family, style))]
        return any(one in names for one in followed)

    def find(self, family: str, style: str | None, name: str) -> str:
        """Return an attribute of the text's look; empty if no style sets it."""
        for one in self._follow(family, style):
            for look in one.iterchildren(f"{STYLE}text-properties"):
                if name in look.attrib:
                    return str(look.get(name))
        return ""

    def find_list(self, style: str | None) -> str:
        """Return the list style of a paragraph style; empty if it has none."""
        return next((one.get(f"{STYLE}list-style-name") or "" for one in self._follow("paragraph", style)), "")

    def write_mark(self, style: str, counting: Counting, level: int, restart: int | None) -> str:
        """Count an item and return its number as it is shown; empty for a bullet.

        Args:
            level: from 1.
            restart: the number that the item says it has.
        """
        levels = self._lists.get(style, {})
        starts = {place - 1: _read_number(one.get(f"{TEXT}start-value"), 1) for place, one in levels.items()}
        counting.count(level - 1, starts.get(level - 1, 1), restart)
        numbers = counting.get_numbers(starts)
        look = levels.get(level)
        if look is None or not look.get(f"{STYLE}num-format"):
            return ""
        shown = range(max(level - _read_number(look.get(f"{TEXT}display-levels"), 1), 0), level)
        formats = [(numbers.get(place, 1), self._get_format(levels, place + 1)) for place in shown]
        written = ".".join(write_number(number, style) for number, style in formats if style)
        return f"{look.get(f'{STYLE}num-prefix') or ''}{written}{look.get(f'{STYLE}num-suffix') or ''}".strip()

    @staticmethod
    def _get_format(levels: dict[int, Element], level: int) -> str:
        return str(levels[level].get(f"{STYLE}num-format") or "") if level in levels else "1"

    def _follow(self, family: str, style: str | None) -> Iterator[Element]:
        seen: set[str | None] = set()
        while (family, style) in self._styles and style not in seen:
            seen.add(style)
            yield self._styles[family, style]
            style = self._styles[family, style].get(f"{STYLE}parent-style-name")


class _Converter:
    """Converts the parts of a document to trees of HTML."""

    def __init__(self, package: Package) -> None:
        content = parse_xml(package.read("content.xml"))
        looks = parse_xml(package.read("styles.xml")) if "styles.xml" in package.names else make_element("none")
        self._text = content.find(f"{OFFICE}body/{OFFICE}text")
        if self._text is None:
            raise UnreadableError("is no OpenDocument text", "Save it as .odt, or remove it.")
        self._styles = _Styles(looks, content)
        self._has_title = any(map(self._is_title, self._text.iter(f"{TEXT}p")))
        self._outline = Counting()
        self._counted: dict[str, Counting] = {}
        """The count of each list by its id, and of the last list of each style by its name."""
        self._cited: list[Element] = []
        self._boxes: list[Element] = []
        self._unread_looks: set[tuple[str, str | None]] = set()
        """The styles of hidden and struck-out text, each with its family."""
        self.left_out: Counter[str] = Counter()

    def convert(self) -> Element:
        """Convert the text of the document."""
        return self._convert_blocks(self._text, make_element("div"))

    def convert_notes(self) -> Element:
        """Convert the footnotes and endnotes met so far."""
        root = make_element("div")
        while self._cited:
            cited, self._cited = self._cited, []
            for note in cited:
                self._convert_blocks(note, root)
        return root

    def list_shown(self) -> str:
        """Return the text as its XML has it, one line per paragraph, without what is left out."""
        pieces: list[str] = []
        self._collect_shown(self._text, pieces)
        return "".join(pieces)

    def _collect_shown(self, element: Element, pieces: list[str]) -> None:
        is_line = element.tag in _LINES
        pieces.append(("\n" if is_line else "") + (element.text or ""))
        for child in element:
            if child.tag in _SPACES:
                pieces.append(" ")
            elif not self._is_left_out(child):
                self._collect_shown(child, pieces)
            pieces.append(child.tail or "")
        pieces.append("\n" if is_line else "")

    def _is_left_out(self, element: Element) -> bool:
        """Whether the file says that an element is not shown, or not shown as part of the text."""
        look = element.get(f"{TEXT}style-name")
        families = {f"{TEXT}span": "text", f"{TEXT}p": "paragraph", f"{TEXT}h": "paragraph"}
        return (
            element.tag in _UNSHOWN
            or element.get(f"{TEXT}display") == "none"
            or element.get(f"{TEXT}is-hidden") == "true"
            or (families.get(element.tag, ""), look) in self._unread_looks
        )

    def _is_title(self, line: Element) -> bool:
        return self._styles.is_named("paragraph", line.get(f"{TEXT}style-name"), ("Title",))

    def _convert_blocks(self, parent: Iterable[Element], target: Element) -> Element:
        """Add the paragraphs, lists and tables of an element to a tree; return the tree."""
        for child in parent:
            tag = child.tag
            if not isinstance(tag, str) or tag in _NO_TEXT:
                continue
            if tag in (f"{TEXT}p", f"{TEXT}h"):
                self._convert_paragraph(child, target)
            elif tag == f"{TEXT}list":
                self._convert_list(child, target, 1, "", None)
            elif tag == f"{TABLE}table":
                self._convert_table(child, target)
            elif tag in _CONTENTS:
                self.left_out[CONTENTS] += sum(len(text.split()) for text in child.itertext())
            elif child.get(f"{TEXT}display") == "none" or child.get(f"{TEXT}is-hidden") == "true":
                target.append(make_element("div", hidden=""))
                self._convert_blocks(child, target[-1])
            else:
                self._convert_blocks(child, target)
        return target

    def _convert_paragraph(self, line: Element, target: Element) -> None:
        outer, self._boxes = self._boxes, []
        style = line.get(f"{TEXT}style-name")
        if line.tag == f"{TEXT}h":
            level = _read_number(line.get(f"{TEXT}outline-level"), 1)
            element = make_element(f"h{min(level + self._has_title, 6)}")
            restart = line.get(f"{TEXT}start-value") if line.get(f"{TEXT}restart-numbering") == "true" else None
            listed = (
                line.get(f"{TEXT}is-list-header") == "true" or next(line.iterancestors(f"{TEXT}list"), None) is not None
            )
            mark = "" if listed else self._count_heading(level, restart)
            add_text(element, f"{mark} " if mark else "")
        elif self._is_title(line):
            element = make_element("h1")
        else:
            captions = ("Caption", "caption", "Table", "Illustration", "Figure", "Drawing")
            element = make_element("figcaption" if self._styles.is_named("paragraph", style, captions) else "p")
        self._convert_inline(line, self._open_look(element, "paragraph", style))
        if len(element) or (element.text or "").strip():
            target.append(element)
        boxes, self._boxes = self._boxes, outer
        for box in boxes:
            self._convert_blocks(box, target)

    def _count_heading(self, level: int, restart: str | None) -> str:
        number = int(restart) if restart and restart.isdecimal() else None
        return self._styles.write_mark(self._styles.outline, self._outline, level, number)

    def _convert_inline(self, parent: Element, target: Element) -> None:
        """Add the text of an element to a block of the tree."""
        add_text(target, parent.text or "")
        for child in parent:
            tag = child.tag if isinstance(child.tag, str) else ""
            if tag == f"{TEXT}s":
                add_text(target, " " * min(_read_number(child.get(f"{TEXT}c"), 1), SPAN_LIMIT))
            elif tag in (f"{TEXT}tab", f"{TEXT}soft-page-break"):
                add_text(target, " ")
            elif tag == f"{TEXT}line-break":
                target.append(make_element("br"))
            elif tag == f"{TEXT}note":
                self._cited += (
                    one for one in child.iterchildren(f"{TEXT}note-body") if not self._put_note(one, target)
                )
            elif tag == f"{DRAW}text-box":
                self._boxes.append(child)
            elif tag == f"{TEXT}span":
                self._convert_inline(child, self._open_look(target, "text", child.get(f"{TEXT}style-name")))
            elif tag and tag not in _NO_TEXT and child.get(f"{TEXT}is-hidden") != "true":
                self._convert_inline(child, target)
            add_text(target, child.tail or "")

    def _put_note(self, note: Element, target: Element) -> bool:
        return put_note(target, self._convert_blocks(note, make_element("div")))

    def _open_look(self, target: Element, family: str, style: str | None) -> Element:
        """Return the element for a text in a style: the block itself, or one that says how the text is shown."""
        place = self._styles.find(family, style, f"{STYLE}text-position")
        is_struck = self._styles.find(family, style, f"{STYLE}text-line-through-style") not in ("", "none")
        is_hidden = self._styles.find(family, style, f"{TEXT}display") == "none"
        if is_struck or is_hidden:
            self._unread_looks.add((family, style))
        for name, wanted in (
            ("span", is_hidden),
            ("del", is_struck),
            ("sup", place.startswith("super") or (place[:1].isdigit() and not place.startswith("0%"))),
            ("sub", place.startswith(("sub", "-"))),
        ):
            if wanted:
                target.append(make_element(name, **({"hidden": ""} if name == "span" else {})))
                target = target[-1]
        return target

    def _convert_list(
        self, listed: Element, target: Element, level: int, style: str, counting: Counting | None
    ) -> None:
        """Add the items of a list, each with its number.

        Args:
            level: from 1.
            style: the style of the list around it.
            counting: the counting of the list around it.
        """
        style = listed.get(f"{TEXT}style-name") or style or self._find_list_style(listed)
        counting = counting or self._find_counting(listed, style)
        for item in listed.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
            element = make_element("li")
            own = any(child.tag != f"{TEXT}list" for child in item)
            if own and item.tag == f"{TEXT}list-item":
                restart = item.get(f"{TEXT}start-value")
                number = int(restart) if restart and restart.isdecimal() else None
                element.set("mark", self._styles.write_mark(style, counting, level, number))
            for child in item:
                if child.tag == f"{TEXT}list":
                    self._convert_list(child, element, level + 1, style, counting)
                else:
                    self._convert_blocks([child], element)
            target.append(element)

    def _find_list_style(self, listed: Element) -> str:
        line = next(listed.iter(f"{TEXT}p", f"{TEXT}h"), None)
        return self._styles.find_list(line.get(f"{TEXT}style-name")) if line is not None else ""

    def _find_counting(self, listed: Element, style: str) -> Counting:
        """Find the counting that a list uses: a list may continue another."""
        last = f"style {style}" if listed.get(f"{TEXT}continue-numbering") == "true" else ""
        counting = self._counted.get(listed.get(f"{TEXT}continue-list") or last) or Counting()
        self._counted[f"style {style}"] = counting
        if name := listed.get(f"{XML}id"):
            self._counted[name] = counting
        return counting

    def _convert_table(self, table: Element, target: Element) -> None:
        element = make_table(target)
        sources: dict[Element, Element] = {}
        for row in table.iter(f"{TABLE}table-row"):
            if next(row.iterancestors(f"{TABLE}table")) is table:
                is_head = row.getparent().tag == f"{TABLE}table-header-rows"
                self._convert_row(row, element, "th" if is_head else "td", sources)
        if next(element.iter("th"), None) is None:
            rows = [row for row in element if row.tag == "tr"]
            mark_heads(rows, lambda cell: cell in sources and self._is_bold(sources[cell]))
        target.append(element)

    def _is_bold(self, cell: Element) -> bool:
        """Whether all text of a cell is bold."""
        runs = [run for run in cell.xpath(".//text()") if any(map(str.isalnum, run))]
        return bool(runs) and all(map(self._is_bold_run, runs))

    def _is_bold_run(self, run: Any) -> bool:
        holder = run.getparent().getparent() if run.is_tail else run.getparent()
        looks = {f"{TEXT}span": "text", f"{TEXT}p": "paragraph", f"{TEXT}h": "paragraph"}
        around = [one for one in (holder, *holder.iterancestors()) if one.tag in looks]
        weights = (self._styles.find(looks[one.tag], one.get(f"{TEXT}style-name"), FONT_WEIGHT) for one in around)
        return next(filter(None, weights), "") in ("bold", "600", "700", "800", "900")

    def _is_head(self, cell: Element) -> bool:
        """Whether a cell has the look that LibreOffice gives to column heads."""
        lines = list(cell.iterchildren(f"{TEXT}p"))
        return bool(lines) and all(
            self._styles.is_named("paragraph", line.get(f"{TEXT}style-name"), ("Table_20_Heading",)) for line in lines
        )

    def _convert_row(self, row: Element, table: Element, name: str, sources: dict[Element, Element]) -> None:
        """Add a row; `sources` gets the source of each of its cells."""
        line = make_element("tr")
        for cell in row.iterchildren(f"{TABLE}table-cell"):
            # One empty cell may stand for all empty cells up to the last column.
            for _ in range(min(_read_number(cell.get(f"{TABLE}number-columns-repeated"), 1), SPAN_LIMIT)):
                columns, rows = (cell.get(f"{TABLE}number-{part}-spanned") or "1" for part in ("columns", "rows"))
                line.append(make_element("th" if self._is_head(cell) else name, colspan=columns, rowspan=rows))
                sources[line[-1]] = cell
                self._convert_blocks(cell, line[-1])
        table.append(line)
