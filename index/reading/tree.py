"""Reads a tree of HTML elements into blocks. All formats with their own structure are read through it.

Web pages and e-books are such trees; Word and OpenDocument files are converted to one. A reader first removes what it
knows is not text of its document, then calls `remove_unseen`, then `read_blocks`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from index.reading.blocks import BlockText, Kind, Seen
from index.reading.grid import Cell, tell_grid
from index.reading.inline import Element, flatten, read_content, read_inline, tidy
from index.reading.keys import find_bold_groups
from index.reading.lines import join_cell, join_set_lines
from index.reading.numbering import write_number
from index.reading.tables import find_marked_cells

HEADING_LIMIT = 300
"""Characters; a longer heading is a paragraph."""

DEPTH_LIMIT = 60
"""Nested elements; deeper ones that only group or decorate are dissolved, at twice the depth all others too."""

LAYOUT_LIMIT = 1000
"""Characters; a table with a longer cell and no heads only lays out its text."""

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
ENDS_SECTION = "ends-section"
"""Attribute of an element with which a section ends; its value is the level of the section's heading."""

_TABLE_PARTS = ("thead", "tbody", "tfoot", "tr", "td", "th")
_STRUCTURE = frozenset(
    [*"blockquote caption dd details dl dt figcaption li ol p pre summary table ul".split(), *HEADINGS, *_TABLE_PARTS]
)
BLOCKS = _STRUCTURE | set(
    "address article aside body center dialog dir div fieldset figure footer form header hgroup hr html legend main"
    " menu nav search section".split()
)
"""Elements that begin a new line."""

_UNREAD = frozenset(
    "annotation annotation-xml audio button canvas datalist embed head iframe img input link map meta meter noscript"
    " object option progress script select style svg template textarea title video".split()
)
"""Elements that contain no text of the page, or none that is shown as such."""

_CARDS = ("article", "div", "section")

_FORMULA_PARTS = ("mfrac", "mrow", "mn", "mroot")

_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-element\s*:\s*comment-list", re.IGNORECASE)
"""What a style says about text that is not shown, or that is a comment on the text."""
STRUCK_STYLE = re.compile(r"text-decoration[\w-]*\s*:[^;]*line-through", re.IGNORECASE)
_HIDDEN_CLASS = re.compile(
    r"(?:^|\s)(?!not-)(?:[a-z]+-)*?(?:visually-?hidden|sr-only|screen-reader(?:-text|-only)?)(?:\s|$)", re.IGNORECASE
)
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([\w-]+)", re.IGNORECASE)
_LIST_STYLES = {
    "decimal-leading-zero": "01",
    **dict.fromkeys(("lower-alpha", "lower-latin"), "a"),
    **dict.fromkeys(("upper-alpha", "upper-latin"), "A"),
    "lower-roman": "i",
    "upper-roman": "I",
}
_CALLOUT_TITLE = re.compile(
    r"(?:admonition|alert|callout|infobox|message|note|panel|tip|warning)\w*?[-_]*(?:title|heading|header|label)\b",
    re.IGNORECASE,
)
_UNTOLD = re.compile(
    r"\S*\.(?:bmp|gif|jpe?g|png|svg|tiff?|webp)|(?:dscf?|image|img|photo|pict?)[_ -]?\d+"
    r"|blank|image|img|photo|picture|pixel|placeholder|spacer|transparent",
    re.IGNORECASE,
)
"""Names of pictures that nobody described."""
_WORD = re.compile(r"\w+")
_INTEGER = re.compile(r"\s*[+-]?\d{1,6}")


def count_words(element: Element) -> int:
    """Count the words of an element."""
    return sum(len(_WORD.findall(text)) for text in element.itertext())


def remove(element: Element) -> None:
    """Remove an element from its tree, but not the text that follows it."""
    _keep_tail(element, element.tail)
    element.getparent().remove(element)


def unwrap(element: Element) -> None:
    """Put the content of an element in its place."""
    parent, place = element.getparent(), element.getparent().index(element)
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''}{element.tail or ''}"
        _keep_tail(element, element.text)
        parent[place : place + 1] = list(element)
    else:
        _keep_tail(element, f"{element.text or ''}{element.tail or ''}")
        parent.remove(element)


def _keep_tail(element: Element, text: str | None) -> None:
    """Add a text before an element that is about to be removed."""
    if not text:
        return
    before, parent = element.getprevious(), element.getparent()
    if before is None:
        parent.text = f"{parent.text or ''}{text}"
    else:
        before.tail = f"{before.tail or ''}{text}"


def remove_unseen(root: Element) -> Counter[str]:
    """Remove what is not text, hidden or struck out; return how many words were "hidden" and "struck out".

    What a button of the page opens does not count as hidden.
    """
    left_out: Counter[str] = Counter()
    _describe_pictures(root)
    opened = {name for element in root.iter() for name in (element.get("aria-controls") or "").split()}
    for element in list(root.iterdescendants()):
        reason = _find_reason(element, opened)
        if reason is not None and element.getparent() is not None:
            if reason and (words := count_words(element)):
                left_out[reason] += words
            remove(element)
    _limit_depth(root)
    return left_out


def _describe_pictures(root: Element) -> None:
    """Give each cell beside others that contains only pictures their description: "yes" for a tick."""
    for cell in root.iter("td", "th"):
        pictures = [picture for picture in cell.iter("img") if next(picture.iterancestors("a"), None) is None]
        described = [picture.get("alt") or "" for picture in pictures]
        said = tidy(" ".join(text for text in described if not _UNTOLD.fullmatch(text.strip())))
        if said and cell.getprevious() is not None and not "".join(cell.itertext()).strip():
            cell.set("alt", said)


def _find_reason(element: Element, opened: set[str]) -> str | None:
    """Why an element is not read: "hidden", "struck out", "" if it is not text; None if it is read."""
    tag = element.tag
    if not isinstance(tag, str) or tag in _UNREAD:
        return ""
    if not element.attrib:
        return "struck out" if tag in ("del", "s", "strike") else "hidden" if tag == "dialog" else None
    style = element.get("style") or ""
    if tag in ("del", "s", "strike") or STRUCK_STYLE.search(style):
        return "struck out"
    if element.get("id") in opened or element.get("role") == "tabpanel" or element.get("hidden") == "until-found":
        return None
    if (
        element.get("hidden") is not None
        or _HIDDEN_STYLE.search(style)
        or (tag == "dialog" and element.get("open") is None)
    ):
        return "hidden"
    if _HIDDEN_CLASS.search(element.get("class") or ""):
        return "hidden"
    if (
        element.get("aria-hidden") == "true"
        and tag not in BLOCKS
        and next(element.iterdescendants(*BLOCKS), None) is None
    ):
        return ""
    return "" if tag == "a" and not any(map(str.isalnum, "".join(element.itertext()))) else None


def _limit_depth(root: Element) -> None:
    """Dissolve elements that are nested too deeply for recursive reading."""
    pending = [(child, 1) for child in root]
    while pending:
        element, depth = pending.pop()
        children = list(element)
        if depth > 2 * DEPTH_LIMIT or (depth > DEPTH_LIMIT and element.tag not in _STRUCTURE):
            if element.tag in BLOCKS:
                element.text, element.tail = f" {element.text or ''}", f" {element.tail or ''}"
            unwrap(element)
            depth -= 1
        pending += [(child, depth + 1) for child in children]


def list_seen(root: Element) -> Seen:
    """Return the text of a tree as it is before it is read: a line for each run of text between blocks."""
    pieces: list[str] = []
    _collect_seen(root, pieces)
    return Seen("".join(pieces))


def _collect_seen(element: Element, pieces: list[str]) -> None:
    tag = element.tag
    # A footnote mark, and a link back from the footnote, are read as nothing.
    if tag in ("sup", "a") and not read_inline(element):
        return
    edge = "\n" if tag in BLOCKS or tag == "br" else " " if tag in _FORMULA_PARTS else ""
    pieces += (edge, flatten(element.text))
    for child in element:
        _collect_seen(child, pieces)
        pieces.append(flatten(child.tail))
    pieces.append(edge)


def mark_heads(rows: Sequence[Element], is_marked: Callable[[Element], bool]) -> bool:
    """Mark as heads the cells of a table's first rows, and its labels, that are set apart; return whether any are.

    Args:
        is_marked: whether the look of a cell sets it apart: bold, or a background colour.
    """
    filled = {cell: any(map(str.isalnum, "".join(cell.itertext()))) for row in rows for cell in row}
    looks = [[is_marked(cell) if filled[cell] else None for cell in row] for row in rows]
    count, labels = find_marked_cells(looks)
    # In a wide table a first row that only begins with a label may still be heads.
    is_wide = len(labels) == 1 and max(map(len, rows)) > 2
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            if place < count or (column in labels and filled[cell] and (place or not is_wide)):
                cell.tag = "th"
    return bool(count or labels)


def _is_bold(cell: Element) -> bool:
    """Whether all text of a cell is bold."""
    if _BOLD_STYLE.search(cell.get("style") or ""):
        return True
    runs = [run for run in cell.xpath(".//text()") if any(map(str.isalnum, run))]
    bold = [run for run in cell.xpath(".//text()[ancestor::b or ancestor::strong]") if any(map(str.isalnum, run))]
    return 0 < len(runs) == len(bold)


def read_blocks(root: Element) -> list[BlockText]:
    """Return the blocks of a tree, in order."""
    walker = _Walker(root)
    walker.walk(root)
    return walker.parts


def write_notes(left_out: Counter[str]) -> tuple[str, ...]:
    """Write how many words were left out for each reason."""
    return tuple(f"{n} word{'s are' if n > 1 else ' is'} {reason}" for reason, n in left_out.items() if n)


class _Walker:
    """Walks over a tree and collects its blocks."""

    def __init__(self, root: Element) -> None:
        self.parts: list[BlockText] = []
        self._kind: Kind = "paragraph"
        self._prefix = ""
        self._level = 0
        self._containers = _find_containers(root)

    def walk(self, element: Element) -> None:
        """Add the blocks of an element's content: runs of text and inline elements are paragraphs."""
        run = [flatten(element.text)]
        for child in element:
            if child.tag in BLOCKS or child in self._containers:
                self._add_lines("".join(run))
                run = [flatten(child.tail)]
                self._walk_block(child)
            else:
                run += [read_inline(child), flatten(child.tail)]
        self._add_lines("".join(run))

    def _walk_block(self, element: Element) -> None:
        if walk := _WALKERS.get(element.tag):
            walk(self, element)
        elif element.get("role") == "tabpanel" or _are_cards(element):
            self._walk_apart(element)
        elif _CALLOUT_TITLE.search(element.get("class") or "") and element not in self._containers:
            self._add_title(element)
        else:
            self.walk(element)
        if level := _read_integer(element.get(ENDS_SECTION), 0):
            self.parts.append(BlockText("break", "", level))
            self._level = level - 1

    def _add(self, kind: Kind, text: str, level: int = 0) -> None:
        """Add a block, preceded by the number or term that waits for its text."""
        prefix, self._prefix = self._prefix, ""
        if any(map(str.isalnum, text)):
            self.parts.append(BlockText(kind, prefix + text, level))
        else:
            self._prefix = prefix

    def _add_lines(self, text: str) -> None:
        for line in join_lines(text):
            self._add(self._kind, line)

    def _add_heading(self, element: Element) -> None:
        text = tidy(" ".join(self._read_lines(element)))
        if len(text) > HEADING_LIMIT:
            self._add(self._kind, text)
            return
        self._level = int(element.tag[1])
        self._add("heading", text, self._level)

    def _add_code(self, element: Element) -> None:
        pieces = [element.text or ""]
        for child in element.iterdescendants():
            pieces += ["\n" if child.tag == "br" else child.text or "", child.tail or ""]
        lines = [line.rstrip() for line in "".join(pieces).expandtabs(4).strip("\n").split("\n")]
        self._add("code", "\n".join(lines).rstrip())

    def _add_title(self, element: Element) -> None:
        """Put the title of a callout ("Warning") at the start of the text below it."""
        if text := tidy(read_content(element)):
            self._prefix += text if text.endswith((":", "!", "?", ".")) else f"{text}:"
            self._prefix += " "

    def _read_lines(self, element: Element) -> list[str]:
        """Return the text of an element, one line for each block in it."""
        outer, self.parts = self.parts, []
        self.walk(element)
        inner, self.parts = self.parts, outer
        return [part.text for part in inner]

    def _flush_prefix(self) -> None:
        """Add a term or title that no text followed; a number alone is dropped."""
        prefix, self._prefix = self._prefix.strip(), ""
        if prefix.endswith(":"):
            self._add("item" if self._kind == "item" else "paragraph", prefix.removesuffix(":"))

    def _walk_as(self, kind: Kind, element: Element) -> None:
        """Walk over an element whose paragraphs are blocks of a kind."""
        outer, self._kind = self._kind, kind
        self.walk(element)
        self._flush_prefix()
        self._kind = outer

    def _walk_apart(self, element: Element) -> None:
        """Walk over an element whose headings do not apply to what comes after it."""
        first, level = len(self.parts), self._level
        self.walk(element)
        self._end_headings(first, level)

    def _end_headings(self, first: int, level: int) -> None:
        """End the sections that began at or after a block."""
        levels = [part.level for part in self.parts[first:] if part.kind == "heading"]
        if levels:
            self.parts.append(BlockText("break", "", min(levels)))
            self._level = level

    def _walk_list(self, element: Element) -> None:
        items = [child for child in element if child.tag == "li"]
        step = -1 if element.get("reversed") is not None else 1
        number = _read_integer(element.get("start"), 1 if step > 0 else len(items))
        first, level = len(self.parts), self._level
        for child in element:
            if child.tag != "li":
                self._walk_block(child)
                continue
            number = _read_integer(child.get("value"), number)
            style = _find_list_style(child, element)
            mark = f"{write_number(number, style)}." if element.tag == "ol" and style else ""
            self._walk_item(child, mark)
            number += step
        self._end_headings(first, level)

    def _walk_figure(self, element: Element) -> None:
        """Walk over a figure; a caption beside a table becomes that of the table."""
        captions, tables = list(element.iter("figcaption")), list(element.iter("table"))
        if len(captions) == len(tables) == 1 and tables[0].find("caption") is None:
            remove(captions[0])
            captions[0].tag, captions[0].tail = "caption", None
            tables[0].insert(0, captions[0])
        self.walk(element)

    def _walk_item(self, element: Element, mark: str = "") -> None:
        """Add an item, with the mark from its list or its own."""
        if mark := element.get("mark") or mark:
            self._prefix += f"{mark} "
        self._walk_as("item", element)

    def _walk_definitions(self, element: Element) -> None:
        """Add each definition with its terms before it."""
        terms: list[str] = []
        defined = False
        for child in element:
            if child.tag == "dt":
                terms = [] if defined else terms
                defined = False
                terms.append(tidy(" ".join(self._read_lines(child))))
            elif child.tag == "dd":
                self._walk_definition(child, ", ".join(filter(None, terms)), not defined)
                defined = True
            elif child.tag == "div":
                self._walk_definitions(child)
            else:
                self._walk_block(child)
        if not defined:
            self._add("item", ", ".join(terms))

    def _walk_definition(self, element: Element, term: str, is_first: bool) -> None:
        """Add a definition, or the answer to a question; each of several definitions gets the term before it."""
        if term.endswith(("?", "？", "؟")):
            if is_first:
                self._add("question", term)
            self._walk_as("answer", element)
            return
        if term:
            self._prefix += f"{term.removesuffix(':')}: "
        self._walk_as("item", element)

    def _walk_details(self, element: Element) -> None:
        """Add a question with its answer; one that contains questions or headings becomes a section."""
        summary = element.find("summary")
        first, level = len(self.parts), self._level
        is_section = next(element.iterdescendants("details", *HEADINGS), None) is not None
        if summary is not None:
            text = tidy(" ".join(self._read_lines(summary)))
            is_section = is_section and next(summary.iterdescendants(*HEADINGS), None) is None
            self._level = min(level + 1, 6) if is_section else level
            self._add(*(("heading", text, self._level) if is_section else ("question", text)))
            remove(summary)
        if is_section or summary is None:
            self.walk(element)
        else:
            self._walk_as("answer", element)
        self._end_headings(first, level)

    def _walk_table(self, table: Element) -> None:
        rows = _find_rows(table)
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        caption = next((child for child in table if child.tag == "caption"), None)
        name = tidy(" ".join(self._read_lines(caption))) if caption is not None else ""
        if _is_layout(table, cells):
            self._add("caption", name)
            for cell in (cell for row in cells for cell in row):
                self._walk_apart(cell)
            return
        self._flush_prefix()
        self._add("caption", name)
        named = _find_bold_groups(cells)
        if not any(cell.tag == "th" or cell.getparent().getparent().tag == "thead" for row in cells for cell in row):
            mark_heads([row for place, row in enumerate(rows) if place not in named], _is_bold)
        read = [[self._read_cell(cell) for cell in row] for row in cells]
        for place in named:
            read[place] = [replace(read[place][0], columns=len(cells[place]), is_head=False)]
        heads = [bool(row) and (row[0].is_head and all(cell.is_head for cell in row)) for row in read]
        heads = [head or row.getparent().tag == "thead" for head, row in zip(heads, rows, strict=True)]
        self.parts += tell_grid(read, heads, name)

    def _read_cell(self, element: Element) -> Cell:
        """Read a cell; the rows of tables inside it stay rows."""
        outer, self.parts = self.parts, []
        self._walk_as("paragraph", element)
        inner, self.parts = self.parts, outer
        nested = tuple(part for part in inner if part.kind == "row")
        named = {row.caption for row in nested} - {""}
        texts = [tidy(part.text) for part in inner if part.kind != "row" and part.text not in named]
        is_head = element.tag == "th"
        return Cell(
            # A cell may contain only a symbol ("✓", "–"), which makes no block.
            join_cell(texts, is_head) if inner else tidy(read_content(element)) or element.get("alt", ""),
            _read_integer(element.get("colspan"), 1),
            _read_integer(element.get("rowspan"), 1),
            is_head,
            nested,
        )


_WALKERS: dict[str, Callable[[_Walker, Element], None]] = {
    **dict.fromkeys(HEADINGS, _Walker._add_heading),
    **dict.fromkeys(("ol", "ul", "menu", "dir"), _Walker._walk_list),
    "li": _Walker._walk_item,
    "dl": _Walker._walk_definitions,
    "table": _Walker._walk_table,
    "details": _Walker._walk_details,
    "pre": _Walker._add_code,
    "figure": _Walker._walk_figure,
    "figcaption": lambda walker, element: walker._walk_as("caption", element),
    "blockquote": _Walker._walk_apart,
}
"""Name of a block -> the function that adds it; all others are walked over."""


def _find_containers(root: Element) -> set[Element]:
    """Find the elements that contain blocks, though their names may be those of inline elements."""
    found: set[Element] = set()
    for block in root.iterdescendants(*BLOCKS):
        for ancestor in block.iterancestors():
            if ancestor in found:
                break
            found.add(ancestor)
    return found


def _are_cards(element: Element) -> bool:
    """Whether an element contains only things beside each other that each begin with their own heading."""
    kinds = {(child.tag, child.get("class")) for child in element}
    if len(element) < 2 or len(kinds) != 1 or element[0].tag not in _CARDS:
        return False
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return False
    headings = (next(child.iterdescendants(*HEADINGS), None) for child in element)
    return all(
        heading is not None and count_words(child) > count_words(heading)
        for child, heading in zip(element, headings, strict=True)
    )


def _read_integer(text: str | None, default: int) -> int:
    found = _INTEGER.match(text or "")
    return int(found[0]) if found else default


def _find_list_style(item: Element, listed: Element) -> str:
    """Find how an item is numbered, as for `write_number`; empty if its number is not shown."""
    for element in (item, listed):
        if found := _LIST_STYLE.search(element.get("style") or ""):
            return "" if found[1].lower() == "none" else _LIST_STYLES.get(found[1].lower(), "1")
        if element.get("type") in ("1", "a", "A", "i", "I"):
            return str(element.get("type"))
    return "1"


def join_lines(text: str) -> list[str]:
    """Split a text at its line breaks, but not inside a sentence."""
    return list(join_set_lines([line for line in map(tidy, text.split("\n")) if line]))


def _find_bold_groups(rows: Sequence[Sequence[Element]]) -> set[int]:
    """The places of the rows whose only text is bold and names the rows below."""
    held = [["".join(cell.itertext()).strip() for cell in row] for row in rows]
    bold = {place for place, row in enumerate(held) if row and row[0] and _is_set_apart(rows[place][0])}
    return find_bold_groups(held, bold)


def _is_set_apart(cell: Element) -> bool:
    return cell.tag == "th" or _is_bold(cell)


def _find_rows(table: Element) -> list[Element]:
    """Find the rows of a table, without those of tables inside it."""
    parts = [child for child in table if child.tag in ("thead", "tbody", "tfoot", "tr")]
    return [row for part in parts for row in ([part] if part.tag == "tr" else part) if row.tag == "tr"]


def _is_layout(table: Element, rows: Sequence[Sequence[Element]]) -> bool:
    """Whether a table only lays out text on a page, or is a box around it."""
    cells = [cell for row in rows for cell in row]
    if table.get("role") in ("presentation", "none") or all(len(row) <= 1 for row in rows):
        return True
    if any(cell.tag == "th" for cell in cells):
        return False
    if any(next(cell.iterdescendants(*HEADINGS), None) is not None for cell in cells):
        return True
    holding = [cell for cell in cells if next(cell.iterdescendants("table"), None) is not None]
    if len(rows) == 1 and (holding or all(_count_paragraphs(cell) > 1 for cell in cells)):
        return True
    if any(_count_paragraphs(cell) > 2 for cell in holding):
        return True
    return any(len("".join(cell.itertext())) > LAYOUT_LIMIT for cell in cells)


def _count_paragraphs(cell: Element) -> int:
    """Count the paragraphs with text in a cell, without those of tables inside it."""
    paragraphs = cell.xpath(".//p | .//li")
    return sum(next(one.iterancestors("td", "th")) is cell and count_words(one) > 0 for one in paragraphs)
