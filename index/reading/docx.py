"""Reads Word documents (.docx): converts their XML to a tree of HTML, with everything that Word shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from index.reading.blocks import BlockText, Reading, Seen, compose
from index.reading.docx_styles import Lists, Styles, W, get_value, is_on, is_shaded, read_number
from index.reading.grid import SPAN_LIMIT
from index.reading.inline import Element, tidy
from index.reading.notes import put_note
from index.reading.packed import Package, add_text, make_element, make_table, parse_xml, read_package
from index.reading.plaintext import is_running
from index.reading.tables import count_label_columns
from index.reading.tree import mark_heads, read_blocks, remove_unseen, write_notes

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

CONTENTS = "in a table of contents"
"""The label in the notes for the words of a table of contents."""

PLACEHOLDERS = "in empty form fields"
"""The label in the notes for the prompts of empty form fields."""

LARGE = 1.15
"""Multiple of the text's font size; a short bold line in larger letters is a heading."""

_COUNTED = re.compile(r"(?:§\s*)?(\d{1,2})[.)]?\s+(?=[^\W\d_])")
"""The number of a section at the start of its heading."""

LOOK_LIMIT = 100
"""Characters; a longer line is never a heading by its look."""


_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
"""The namespace that the strict form of the format uses for `W`."""

_TRANSPARENT = frozenset(
    [*(f"{W}{name}" for name in "customXml ins moveTo sdt sdtContent smartTag".split()), f"{MC}AlternateContent"]
) | {f"{MC}Choice"}
_MARGIN = re.compile(r"word/(?:header|footer)\d*\.xml")
_PAGE_FIELD = re.compile(r"\b(?:PAGE|NUMPAGES|SECTIONPAGES|PAGEREF)\b")
_CONTENTS_NAME = re.compile(r"toc (?:\d|heading)|table of figures")
_LEVEL_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_SYMBOLS = {
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    **dict(
        zip(b"\xa3\xa5\xab\xac\xad\xae\xaf\xb0\xb1\xb3\xb4\xb7\xb8\xb9\xbb\xd6\xe5", "≤∞↔←↑→↓°±≥×•÷≠≈√∑", strict=True)
    ),
}
"""Characters of the Symbol font."""

_WINGDINGS = {0x6F: "☐", 0xA8: "☐", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0xDF: "←", 0xE0: "→", 0xE8: "→"}
_NO_TEXT = frozenset(
    f"{W}{name}"
    for name in "del moveFrom delText instrText rPr pPr sdtPr sdtEndPr softHyphen rt tcPr trPr tblPr".split()
) | {f"{M}{name}" for name in ("fPr", "sSupPr", "sSubPr", "sSubSupPr", "radPr", "dPr", "naryPr", "ctrlPr", "rPr")}
_TEXTS = {f"{W}t": "", f"{M}t": "", **dict.fromkeys((f"{W}tab", f"{W}ptab", f"{W}br", f"{W}cr"), " ")}
_TEXTS |= {f"{W}noBreakHyphen": "-"}
"""Name of an element that shows text -> the text; empty if its content is shown."""

_UNSHOWN = (f"{W}del", f"{W}moveFrom", f"{W}rt", f"{MC}Fallback")
_MATH = {
    "f": ("mfrac", ("num", "den")),
    "sSup": ("msup", ("e", "sup")),
    "sSub": ("msub", ("e", "sub")),
    "sSubSup": ("msubsup", ("e", "sub", "sup")),
    "rad": ("mroot", ("e", "deg")),
}
"""Word's name of a part of a formula -> its name in MathML, and the names of its parts."""


def read_docx(data: bytes) -> Reading:
    """Read the text and blocks of a Word document; the file does not record its pages.

    Raises:
        UnreadableError: the document is damaged.
    """
    return read_package(data, "Word document", _read_package)


def _read_package(package: Package) -> Reading:
    converter = _Converter(package)
    body = converter.parse("word/document.xml").find(f"{W}body")
    trees = [converter.convert(body), converter.convert_notes(), converter.convert_headers()]
    seen = [Seen(converter.list_shown(body)), *map(Seen, map(converter.list_shown, converter.read_notes))]
    left_out: Counter[str] = sum(map(remove_unseen, trees), converter.left_out)
    text, notes, headers = map(read_blocks, trees)
    # What is in the margin of every page is kept once, unless it only repeats the text.
    said = {block.text for block in text}
    end = [*notes, *(block for block in headers if block.text not in said)]
    seen += (Seen(line) for line in map(converter.list_shown, converter.read_headers) if tidy(line) not in said)
    apart = [BlockText("break", "", 1)] if end else []
    reading = compose([*text, *apart, *end])
    return replace(reading, notes=write_notes(left_out), seen=tuple(seen), left_out=left_out.total())


class _Converter:
    """Converts the parts of a document to trees of HTML."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._styles = Styles(self.parse("word/styles.xml"))
        self._lists = Lists(self.parse("word/numbering.xml"))
        self._notes = {
            (kind, note.get(f"{W}id")): note
            for kind in ("footnote", "endnote")
            for note in self.parse(f"word/{kind}s.xml").iter(f"{W}{kind}")
        }
        self._cited: list[Element] = []
        self._boxes: list[Element] = []
        self._begun: Element | None = None
        """A paragraph that continues in the next one."""
        self._instructions: set[Element] = set()
        self._levels: dict[Element, int] = {}
        self.left_out: Counter[str] = Counter()
        self._unread: list[Element] = []
        """What is left out on purpose: runs, lines, tables of contents, field instructions."""
        self.read_notes: list[Element] = []
        self.read_headers: list[Element] = []
        """Notes, and lines of headers and footers, that were converted."""

    def parse(self, name: str) -> Element:
        """Parse a part of the document; an empty one if it is not there."""
        if name not in self._package.names:
            return make_element("none")
        return parse_xml(self._package.read(name).replace(_STRICT, W[1:-1].encode()))

    def convert(self, body: Element) -> Element:
        """Convert the body of the document."""
        self._levels = self._find_levels(body)
        return self._convert_blocks(body, make_element("div"))

    def convert_notes(self) -> Element:
        """Convert the footnotes and endnotes met so far."""
        root = make_element("div")
        while self._cited:
            cited, self._cited = self._cited, []
            self.read_notes += cited
            for note in cited:
                self._convert_blocks(note, root)
        return root

    def convert_headers(self) -> Element:
        """Convert the page headers and footers, without the lines that have the page number."""
        root = make_element("div")
        seen: set[str] = set()
        for name in sorted(self._package.names):
            for line in self.parse(name).iter(f"{W}p") if _MARGIN.fullmatch(name) else ():
                text = "".join(line.itertext(f"{W}t"))
                fields = " ".join([*line.itertext(f"{W}instrText"), *(one.get(f"{W}instr", "") for one in line.iter())])
                if text not in seen and not _PAGE_FIELD.search(fields):
                    self.read_headers.append(line)
                    self._convert_paragraph(line, root)
                seen.add(text)
        self._end_begun(root)
        return root

    def list_shown(self, part: Element) -> str:
        """Return the text of a part as its XML has it, one line per paragraph, without what is left out."""
        unread = {inner for one in (*self._unread, *part.iter(*_UNSHOWN)) for inner in one.iter(*_TEXTS)}
        deleted = (row for row in part.iter(f"{W}tr") if row.find(f"{W}trPr/{W}del") is not None)
        unread.update(inner for row in deleted for inner in row.iter(*_TEXTS))
        pieces: list[str] = []
        line = holder = None
        for element in part.iter(*_TEXTS):
            if element in unread:
                continue
            before, holder = holder, element.getparent().getparent()
            if holder is not before:
                outer, line = line, next(element.iterancestors(f"{W}p"), None)
                pieces.append("\n" if line is not outer else "")
            is_part = holder.tag in (f"{M}num", f"{M}den")
            pieces.append(f" {element.text} " if is_part else _TEXTS[element.tag] or element.text or "")
        return "".join(pieces)

    def _find_levels(self, body: Element) -> dict[Element, int]:
        """Find the headings; under a title all others are one level lower. Without heading styles, the look decides."""
        names = {line: self._styles.get_names(line) for line in body.iter(f"{W}p")}
        levels = {line: level for line, named in names.items() if (level := self._find_level(line, named)) is not None}
        if not any(levels.values()):
            levels = self._find_by_look(body) | levels
        has_title = any(level == 0 and any(line.itertext(f"{W}t")) for line, level in levels.items())
        return {line: min(level + has_title or 1, 6) for line, level in levels.items()}

    def _find_level(self, line: Element, names: list[str]) -> int | None:
        """Return 0 for a title, 1 to 9 for a heading, else None."""
        if "title" in names:
            return 0
        found = next((found for name in names if (found := _LEVEL_NAME.fullmatch(name))), None)
        if found:
            return int(found[1])
        outline = self._styles.find_of_paragraph(line, "outlineLvl")
        level = read_number(outline.get(f"{W}val"), 9) if outline is not None else 9
        return level + 1 if level < 9 else None

    def _find_by_look(self, body: Element) -> dict[Element, int]:
        """Find short bold lines in letters larger than the text, and below them bold lines numbered 1, 2 and so on.

        If none but the first is larger, bold lines above text, a list or table are headings too. If none is larger, the
        first line is the title (0) if such a heading follows it.
        """
        sizes: Counter[int] = Counter()
        looks = {line: self._read_look(line, sizes) for line in body.iterchildren(f"{W}p", f"{W}tbl")}
        shown = [line for line, (text, _) in looks.items() if text]
        usual = max(sizes, key=sizes.__getitem__, default=0)
        bold = {line: looks[line][1] for line in shown if looks[line][1] and _has_heading_form(looks[line][0])}
        ranks = sorted({size for size in bold.values() if size > LARGE * usual}, reverse=True)
        large = {line: min(ranks.index(size) + 1, 6) for line, size in bold.items() if size in ranks}
        counted = self._find_counted(bold, looks, shown)
        if large and list(large) != shown[:1]:
            return dict.fromkeys(counted, min(len(ranks) + 1, 6)) | large
        levels = dict.fromkeys(counted, 1) | {
            line: 1
            for line, below in pairwise(shown)
            if line in bold and not looks[below][1] and not self._is_listed(line)
            if below.tag == f"{W}tbl" or self._is_listed(below) or is_running(looks[below][0], looks[line][0])
        }
        if large:
            return dict.fromkeys(levels, 2) | large
        has_title = len(shown) > 1 and shown[0] in bold and shown[1] in levels
        return {shown[0]: 0, **levels} if has_title else levels

    @staticmethod
    def _find_counted(
        bold: Mapping[Element, int], looks: Mapping[Element, tuple[str, int]], shown: Sequence[Element]
    ) -> list[Element]:
        """Find the bold lines that begin with the numbers 1, 2 and so on, each with other text below it."""
        found = {line: number for line in bold if (number := _COUNTED.match(looks[line][0]))}
        below = dict(pairwise(shown))
        goes_up = [int(number[1]) for number in found.values()] == list(range(1, len(found) + 1))
        is_heading = all(line in below and not looks[below[line]][1] for line in found)
        return list(found) if len(found) > 1 and goes_up and is_heading else []

    def _is_listed(self, line: Element) -> bool:
        return is_on(get_value(self._styles.find_of_paragraph(line, "numPr"), "numId"))

    def _read_look(self, line: Element, sizes: Counter[int]) -> tuple[str, int]:
        """Return a paragraph's text and its font size, 0 if not all of it is bold; count the sizes.

        Of a table only the text is returned.
        """
        if line.tag != f"{W}p":
            return "".join(line.itertext(f"{W}t")).strip(), 0
        runs = [(run, "".join(run.itertext(f"{W}t"))) for run in line.iter(f"{W}r")]
        size, is_bold = 0, True
        for run, text in runs:
            if text.strip():
                bold, own = self._styles.get_of_run(run, line, "b", "sz")
                size = read_number(own, self._styles.default_size)
                sizes[size] += len(text)
                is_bold = is_bold and is_on(bold)
        return "".join(text for _, text in runs).strip(), size if is_bold else 0

    def _convert_blocks(self, parent: Element, target: Element) -> Element:
        """Add the paragraphs and tables of an element to a tree; return the tree."""
        for child in parent:
            if child.tag == f"{W}p":
                self._convert_paragraph(child, target)
            elif child.tag == f"{W}tbl":
                self._end_begun(target)
                self._convert_table(child, target)
            elif _is_placeholder(child):
                self._leave_out(child, PLACEHOLDERS)
            elif get_value(child, "sdtPr", "docPartObj", "docPartGallery") == "Table of Contents":
                self._leave_out(child, CONTENTS)
            elif child.tag in _TRANSPARENT:
                self._convert_blocks(child, target)
        if parent.tag not in _TRANSPARENT:
            self._end_begun(target)
        return target

    def _end_begun(self, target: Element) -> None:
        """Add the begun paragraph if nothing follows that continues it."""
        begun, self._begun = self._begun, None
        if begun is not None and _has_content(begun):
            target.append(begun)

    def _leave_out(self, part: Element, kind: str) -> None:
        self.left_out[kind] += sum(len(text.split()) for text in part.itertext(f"{W}t"))
        self._unread.append(part)

    def _convert_paragraph(self, line: Element, target: Element) -> None:
        names = self._styles.get_names(line)
        if any(_CONTENTS_NAME.fullmatch(name) for name in names):
            self._leave_out(line, CONTENTS)
            return
        outer, self._boxes = self._boxes, []
        goes_on = _goes_on(line)
        mark = None if goes_on else self._lists.count(line, self._styles)
        if line in self._levels:
            element = make_element(f"h{self._levels[line]}")
            add_text(element, f"{mark} " if mark else "")
        elif mark is not None:
            element = make_element("li", mark=mark)
        else:
            element = make_element("figcaption" if "caption" in names else "p")
        self._instructions = _find_instructions(line)
        self._unread += self._instructions
        begun, self._begun = self._begun, None
        if begun is not None:
            _move_content(begun, element)
        self._convert_runs(line, element, line)
        if not goes_on and _has_content(element):
            target.append(element)
        boxes, self._boxes = self._boxes, outer
        for box in boxes:
            self._convert_blocks(box, target)
        self._begun = element if goes_on else None

    def _convert_runs(self, parent: Element, target: Element, line: Element) -> None:
        """Add the text of an element to a block of the tree."""
        for child in parent:
            tag = child.tag
            if self._passes_over(child):
                continue
            if tag == f"{W}r":
                self._convert_runs(child, self._open_run(child, target, line), line)
            elif tag in _WRITERS:
                _WRITERS[tag](child, target)
            elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
                self._cite(child, target)
            elif tag == f"{W}txbxContent":
                self._boxes.append(child)
            elif tag == f"{MC}AlternateContent":
                # The same in two forms, the second for old programs.
                self._convert_runs(child[:1], target, line)
            elif tag.startswith(M) and tag.removeprefix(M) in _MATH:
                self._convert_formula(child, target, line)
            elif tag == f"{M}d":
                add_text(target, _get_math_sign(child, "begChr", "("))
                self._convert_runs(child, target, line)
                add_text(target, _get_math_sign(child, "endChr", ")"))
            else:
                add_text(target, _get_math_sign(child, "chr", "∫") if tag == f"{M}nary" else "")
                self._convert_runs(child, target, line)

    def _passes_over(self, element: Element) -> bool:
        """Whether an element inside a paragraph shows nothing, or only prompts for an entry."""
        tag = element.tag
        if not isinstance(tag, str) or tag in _NO_TEXT or element in self._instructions:
            return True
        if _is_placeholder(element):
            self._leave_out(element, PLACEHOLDERS)
            return True
        return False

    def _cite(self, mark: Element, target: Element) -> None:
        """Write a note at its mark, or else at the end."""
        kind = mark.tag.removeprefix(W).removesuffix("Reference")
        note = self._notes.get((kind, mark.get(f"{W}id")))
        if note is None or note in self.read_notes or note in self._cited:
            return
        outer = self._instructions
        self.read_notes.append(note)
        if not put_note(target, self._convert_blocks(note, make_element("div"))):
            self.read_notes.remove(note)
            self._cited.append(note)
        self._instructions = outer

    def _open_run(self, run: Element, target: Element, line: Element) -> Element:
        """Return the element for the text of a run: the block itself, or one that says how the text is shown."""
        hidden, unseen, struck, twice, raised = self._styles.get_of_run(
            run, line, "vanish", "webHidden", "strike", "dstrike", "vertAlign"
        )
        is_hidden, is_struck = is_on(hidden) or is_on(unseen), is_on(struck) or is_on(twice)
        if is_hidden or is_struck:
            self._unread.append(run)
        for name, wanted in (
            ("span", is_hidden),
            ("del", is_struck),
            ("sup", raised == "superscript"),
            ("sub", raised == "subscript"),
        ):
            last = target[-1] if wanted and len(target) else None
            if last is not None and last.tag == name and not last.tail:
                target = last
            elif wanted:
                target.append(make_element(name, **({"hidden": ""} if name == "span" else {})))
                target = target[-1]
        return target

    def _convert_formula(self, formula: Element, target: Element, line: Element) -> None:
        name, parts = _MATH[formula.tag.removeprefix(M)]
        element = make_element(name)
        for part in parts:
            inner = formula.find(f"{M}{part}")
            element.append(make_element("mrow"))
            if inner is not None:
                self._convert_runs(inner, element[-1], line)
        target.append(element)

    def _convert_table(self, table: Element, target: Element) -> None:
        element = make_table(target)
        merged: dict[int, Element] = {}
        sources: dict[Element, Element] = {}
        for row in _find_inside(table, f"{W}tr"):
            if row.find(f"{W}trPr/{W}del") is None:
                element.append(self._convert_row(row, merged, sources))
        if next(element.iter("th"), None) is None:
            self._mark_by_look(table, [row for row in element if row.tag == "tr"], sources)
        target.append(element)

    def _mark_by_look(self, table: Element, rows: Sequence[Element], sources: Mapping[Element, Element]) -> None:
        """Make heads of the cells of the first rows and of a label column that are set apart by their look."""
        for look in (self._is_bold, is_shaded):
            marked = {cell for cell, source in sources.items() if look(source)}
            if mark_heads(rows, marked.__contains__):
                return
        grid = [[tidy(" ".join(cell.itertext())) for cell in row] for row in rows]
        is_form = len(set(map(len, grid))) == 1 and count_label_columns(grid)
        if len(rows) > 1 and not is_form and self._styles.marks_first_row(table):
            for cell in rows[0]:
                cell.tag = "th"

    def _is_bold(self, cell: Element) -> bool:
        """Whether all text of a cell is bold."""
        looks = [self._read_look(line, Counter()) for line in cell.iter(f"{W}p")]
        return all(size for text, size in looks if text)

    def _convert_row(self, row: Element, merged: dict[int, Element], sources: dict[Element, Element]) -> Element:
        """Convert a row.

        Args:
            merged: for each column, the cell above that may extend downwards.
            sources: where each cell of the tree comes from; the cells of the row are added.
        """
        line = make_element("tr")
        name = "th" if is_on(get_value(row, "trPr", "tblHeader")) else "td"
        column = read_number(get_value(row, "trPr", "gridBefore"), 0)
        line.extend(make_element(name) for _ in range(min(column, SPAN_LIMIT)))
        for cell in _find_inside(row, f"{W}tc"):
            width = read_number(get_value(cell, "tcPr", "gridSpan"), 1)
            merge = get_value(cell, "tcPr", "vMerge")
            above = merged.get(column)
            if merge is not None and merge != "restart" and above is not None:
                above.set("rowspan", str(int(above.get("rowspan", "1")) + 1))
            else:
                line.append(make_element(name, colspan=str(width)))
                sources[line[-1]] = cell
                merged[column] = self._convert_blocks(cell, line[-1])
            column += width
        return line


def _is_placeholder(element: Element) -> bool:
    """Whether a form field shows only its prompt, because nothing was entered."""
    return element.tag == f"{W}sdt" and is_on(get_value(element, "sdtPr", "showingPlcHdr"))


def _goes_on(line: Element) -> bool:
    """Whether a paragraph continues in the next one: its end mark is deleted, or it is the drop cap of the next."""
    frame = line.find(f"{W}pPr/{W}framePr")
    is_initial = frame is not None and frame.get(f"{W}dropCap", "none") != "none"
    return is_initial or any(line.find(f"{W}pPr/{W}rPr/{W}{name}") is not None for name in ("del", "moveFrom"))


def _has_content(element: Element) -> bool:
    return bool(len(element) or (element.text or "").strip())


def _move_content(source: Element, target: Element) -> None:
    """Move what a block of the tree holds to the end of another."""
    add_text(target, source.text or "")
    for child in list(source):
        target.append(child)


def _has_heading_form(text: str) -> bool:
    return len(text) <= LOOK_LIMIT and text[-1] not in ".:;,!"


def _find_instructions(line: Element) -> set[Element]:
    """Find the texts of field instructions ("IF { PAGE } = 1"), of which only the result is shown."""
    found: set[Element] = set()
    begun: list[list[Element] | None] = []
    for element in line.iter(f"{W}fldChar", f"{W}t"):
        kind = element.get(f"{W}fldCharType")
        if kind == "begin":
            begun.append([])
        elif element.tag == f"{W}t":
            next((texts for texts in begun if texts is not None), []).append(element)
        elif begun:
            found.update(begun.pop() or ())
            begun += [None] if kind == "separate" else []
    return found


def _find_inside(parent: Element, name: str) -> Iterator[Element]:
    """Yield the rows of a table or the cells of a row, even inside a form field or a tracked change."""
    for child in parent:
        if child.tag == name:
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _find_inside(child, name)


def _get_math_sign(element: Element, name: str, default: str) -> str:
    """Return a symbol with which a part of a formula is written."""
    found = next((one for one in element.iterfind(f"*/{M}{name}")), None)
    return default if found is None else str(found.get(f"{M}val", ""))


def _write_symbol(element: Element, target: Element) -> None:
    """Write a character of a symbol font."""
    code = int(element.get(f"{W}char", "0"), 16) & 0xFF
    font = element.get(f"{W}font", "")
    add_text(target, _SYMBOLS.get(code, chr(code)) if font == "Symbol" else _WINGDINGS.get(code, ""))


def _write_field(element: Element, target: Element) -> None:
    """Write what an old form field shows: a box with or without its tick, or the chosen item of a list."""
    data = element.find(f"{W}ffData")
    for box in data.iterfind(f"{W}checkBox") if data is not None else ():
        checked = get_value(box, "checked") or get_value(box, "default")
        add_text(target, "☑" if is_on(checked) else "☐")
    for listed in data.iterfind(f"{W}ddList") if data is not None else ():
        entries = [one.get(f"{W}val", "") for one in listed.iterfind(f"{W}listEntry")]
        chosen = read_number(get_value(listed, "result") or get_value(listed, "default"), 0)
        add_text(target, "".join(entries[chosen : chosen + 1]))


_WRITERS: dict[str, Callable[[Element, Element], None]] = {
    **dict.fromkeys((f"{W}t", f"{M}t"), lambda element, target: add_text(target, element.text or "")),
    **dict.fromkeys((f"{W}tab", f"{W}ptab"), lambda element, target: add_text(target, " ")),
    **dict.fromkeys((f"{W}br", f"{W}cr"), lambda element, target: target.append(make_element("br"))),
    f"{W}noBreakHyphen": lambda element, target: add_text(target, "-"),
    f"{W}sym": _write_symbol,
    f"{W}fldChar": _write_field,
}
"""Name of an element without parts -> the function that adds its text to an element of the tree."""
