"""Reads PDFs: joins lines to paragraphs, lists, table rows and headings, and records where each page begins.

Headings are recognised by the size or weight of their letters; columns are read one after the other; page headers and
footers are left out. Not supported: table cells of more than one line, and pictures of text.
"""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import groupby, pairwise, takewhile
from typing import Any

from index.reading.blocks import INSTALL_EXTRA, BlockText, Reading, UnreadableError, compose
from index.reading.plaintext import is_heading

MARGIN = 0.12
"""Share of the page height, at top and bottom each, that can hold page headers, footers and page numbers."""

HEADING_SCALE = 1.12
"""Multiple of the body text's size; letters at least this large mark a heading."""

HEADING_LIMIT = 160
"""Characters; a longer text is never a heading."""

PARAGRAPH_GAP = 1.3
"""Multiple of the usual line distance; a line further below the last one begins a paragraph."""

PITCH_LIMIT = 2.6
"""Multiple of the letter size; larger line distances are ignored when measuring the usual one."""

COLUMN_LINES = 5
"""Wide lines that a column has at least."""

COLUMN_SHARE = 0.22
"""Share of the width of the page's text; a longer line is wide."""

CELL_GAP = 2.0
"""Multiple of the letter size; two lines side by side with a wider gap are cells of a table."""

_LIBRARY_ERRORS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RuntimeError)
"""What a malformed file can raise inside the library."""

_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|p\.)?\s*(?:\d{1,4}|x{0,3}(?:ix|iv|v?i{0,3}))(?:\s*(?:of|von|/)\s*\d+)?\W*", re.IGNORECASE
)
_BULLET = re.compile(r"(?:[•●▪◦‣∙·\uf0b7]\s*|[–*-]\s+|(?=\d{1,3}[.)]\s))(?=\S)")
_BULLET_SIGN = re.compile(r"[•●▪◦‣∙·\uf0b7]|[–*-]\s")
_BULLET_ALONE = re.compile(r"[•●▪◦‣∙·\uf0b7–*-]|\d{1,3}[.)]")
_SENTENCE_END = re.compile(r"[.!?:。！？؟۔।][\"')”’»]*\Z")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\Z")
_LETTERS = re.compile(r"[^\W\d_]+")
_LETTERS_BEFORE = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]\Z")
_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_EAST_ASIAN = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_WINDOWS_BULLET = "(cid:127)"
_NOT_MAPPED = re.compile(r"\(cid:\d+\)")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\xa0": " "})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. Positions are in points from the lower left corner; `height` is that of the page."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    top: float
    size: float
    """Of most of its letters, in points, rounded to halves."""
    bold: bool
    height: float


@dataclass(frozen=True, slots=True)
class BodyStyle:
    """How the body text of a file looks; letter size and `pitch`, the distance of lines, in points."""

    size: float
    bold: bool
    pitch: float


def read_pdf(data: bytes) -> Reading:
    """Read the text, blocks and pages of a PDF.

    Raises:
        UnreadableError: the PDF is damaged, locked or without text, or pdfminer is not installed.
    """
    try:
        lines = list(_read_lines(data))
    except ImportError as error:
        raise UnreadableError("is a PDF, and what reads those is not installed", INSTALL_EXTRA) from error
    except (*_LIBRARY_ERRORS, struct.error, zlib.error, OSError, EOFError) as error:
        raise _explain(error) from error
    if not any(any(map(str.isalnum, line.text)) for line in lines):
        raise UnreadableError(
            "is a PDF without text, likely pictures of pages", "Run text recognition (OCR) over it, or remove it."
        )
    return compose(_find_blocks([line for page in _group_by_page(_drop_margins(lines)) for line in _order_lines(page)]))


def _explain(error: Exception) -> UnreadableError:
    if isinstance(error, UnreadableError):
        return error
    if "Password" in type(error).__name__ or "Encryption" in type(error).__name__:
        return UnreadableError("is a PDF locked with a password", "Save it without one, or remove it.")
    return UnreadableError("is a damaged PDF", "Open it in a viewer and print it to a new PDF, or remove it.")


def _read_lines(data: bytes) -> Iterator[Line]:
    """Yield the lines of all pages, as pdfminer orders them."""
    # Imported late: it belongs to an optional extra.
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LTTextBox, LTTextLine
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException

    # It logs every odd file to stderr; we report an error once, with the file's name.
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    try:
        for number, page in enumerate(extract_pages(BytesIO(data)), 1):
            for box in page:
                # A character without width, as some bullets are, is a line on the page outside any box.
                lines = box if isinstance(box, LTTextBox) else [box]
                found = [_convert_line(line, number, page.height) for line in lines if isinstance(line, LTTextLine)]
                yield from (line for line in found if line.text)
    except (PDFException, PSException) as error:
        raise _explain(error) from error


def _convert_line(line: Any, page: int, height: float) -> Line:
    """Convert a pdfminer line into a `Line`."""
    letters = [letter for letter in line if hasattr(letter, "fontname") and letter.get_text().strip()]
    text = _NOT_MAPPED.sub("", line.get_text().replace(_WINDOWS_BULLET, "•")).translate(_LIGATURES)
    size = Counter(round(letter.size * 2) / 2 for letter in letters).most_common(1)[0][0] if letters else 0.0
    bold = bool(letters) and all(
        re.search("bold|black|heavy|semib", letter.fontname, re.IGNORECASE) for letter in letters
    )
    return Line(" ".join(text.split()), page, line.x0, line.x1, line.y0, line.y1, size, bold, height)


def _drop_margins(lines: Sequence[Line]) -> list[Line]:
    """Return the lines without page headers, footers and page numbers."""
    body = _measure_body(lines)
    often = Counter(_make_running_key(line, body) for line in lines if _is_in_margin(line))
    # In a short file two times are enough; in a longer one, two chapters may open with the same words.
    enough = max(2, min(3, lines[-1].page // 2))

    def repeats(line: Line) -> bool:
        is_repeated = _PAGE_NUMBER.fullmatch(line.text) is not None or often[_make_running_key(line, body)] >= enough
        return _is_in_margin(line) and is_repeated

    left_out: set[Line] = set()
    for page in _group_by_page(lines):
        downwards = sorted(page, key=lambda line: -line.top)
        # From each edge inwards, up to the first line that does not repeat.
        left_out.update(takewhile(repeats, downwards), takewhile(repeats, reversed(downwards)))
    return [line for line in lines if line not in left_out]


def _group_by_page(lines: Iterable[Line]) -> Iterator[list[Line]]:
    for _, page in groupby(lines, key=lambda line: line.page):
        yield list(page)


def _is_in_margin(line: Line) -> bool:
    return line.bottom > line.height * (1 - MARGIN) or line.top < line.height * MARGIN


def _make_running_key(line: Line, body: BodyStyle) -> tuple[str, int]:
    """Return what repeated page headers or footers have in common: text without numbers, and height on the page.

    In large letters numbers count: "Chapter 1" and "Chapter 2" are headings at the top of their pages.
    """
    text = line.text if _is_large(line, body) else re.sub(r"\d+", "0", line.text)
    return text, round(line.bottom)


def _order_lines(lines: Sequence[Line]) -> list[Line]:
    """Sort the lines of a page, or of a part of it, into reading order: column by column, from top to bottom.

    A line that spans both columns divides the page: everything above it is read first.
    """
    gutter = _find_gutter(lines)
    downwards = sorted(lines, key=lambda line: (-round(line.bottom), line.left))
    if not gutter:
        return downwards
    ordered: list[Line] = []
    columns: tuple[list[Line], list[Line]] = ([], [])
    for line in downwards:
        if line.left < gutter < line.right:
            ordered += [*_order_lines(columns[0]), *_order_lines(columns[1]), line]
            columns = ([], [])
        else:
            columns[line.left >= gutter].append(line)
    return [*ordered, *_order_lines(columns[0]), *_order_lines(columns[1])]


def _find_gutter(lines: Sequence[Line]) -> float:
    """Return where the white space between two columns ends, in points from the left; 0 for one column."""
    # Table cells form columns too, but are short.
    least = COLUMN_SHARE * (max(line.right for line in lines) - min(line.left for line in lines)) if lines else 0.0
    wide = [line for line in lines if line.right - line.left > least]
    for left, _ in Counter(round(line.left) for line in wide).most_common(4):
        before = sum(line.right < left for line in wide)
        behind = sum(line.left >= left - 1 for line in wide)
        if min(before, behind) >= COLUMN_LINES and before + behind >= 0.8 * len(wide):
            return left - 1.0
    return 0.0


def _measure_body(lines: Sequence[Line]) -> BodyStyle:
    """Measure the most frequent letter style and line distance."""
    styles: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        styles[line.size, line.bold] += len(line.text)
    size, bold = styles.most_common(1)[0][0] if styles else (0.0, False)
    steps = Counter(
        round(one.top - other.top)
        for one, other in pairwise(lines)
        if one.page == other.page and one.size == other.size == size and 0 < one.top - other.top < PITCH_LIMIT * size
    )
    return BodyStyle(size, bold, steps.most_common(1)[0][0] if steps else 1.2 * size)


def _is_large(line: Line, body: BodyStyle) -> bool:
    return line.size >= body.size * HEADING_SCALE


def _find_blocks(lines: Sequence[Line]) -> Iterator[BlockText]:
    """Yield the headings, items, rows and paragraphs of the lines, each with the pages that begin in it."""
    body = _measure_body(lines)
    words = Counter(word.lower() for line in lines for word in _COMPOUND.findall(line.text))
    groups = list(_group_lines(_attach_bullets(lines), body))
    page = 0
    for group, level in zip(groups, _find_levels(groups, body), strict=True):
        yield _make_row(group, page) if _is_row(group) else _make_block(group, level, page, words)
        page = max(page, group[-1].page)


def _make_row(group: Sequence[Line], page: int) -> BlockText:
    """Make a row, in Markdown, of its cells; `page` is the last page that has begun."""
    text = " | ".join(line.text.replace("|", "\\|") for line in group)
    return BlockText("row", f"| {text} |", 0, ((group[0].page, 0),) if group[0].page > page else ())


def _make_block(group: Sequence[Line], level: int, page: int, words: Counter[str]) -> BlockText:
    """Join lines to one block, without its bullet; `page` is the last page that has begun."""
    mark = None if level else _BULLET.match(group[0].text)
    text = ""
    begun: list[tuple[int, int]] = []
    for line in group:
        written = line.text[mark.end() :] if mark and line is group[0] else line.text
        text = _join(text, written, words)
        if line.page > page:
            page = line.page
            begun.append((page, len(text) - len(written)))
    return BlockText("heading" if level else "item" if mark else "paragraph", text, level, tuple(begun))


def _find_levels(groups: Sequence[list[Line]], body: BodyStyle) -> list[int]:
    """Return the heading level of each group, 0 for text: larger letters come first, then bold ones.

    If no letters mark a heading, a single line before a paragraph can be one, as in plain text.
    """
    marked = [_get_style(group[0]) if _is_heading(group, body) else None for group in groups]
    styles = sorted({style for style in marked if style}, reverse=True)
    if styles:
        return [min(styles.index(style) + 1, 6) if style else 0 for style in marked]
    alone = [len(group) == 1 < len(after) and not _is_row(after) for group, after in pairwise([*groups, []])]
    named = [before and is_heading(group[0].text) for group, before in zip(groups, alone, strict=True)]
    return [(2 if place else 1) if is_named else 0 for place, is_named in enumerate(named)]


def _get_style(line: Line) -> tuple[float, bool]:
    return line.size, line.bold


def _is_heading(group: Sequence[Line], body: BodyStyle) -> bool:
    """Whether a group of lines is a heading: short, in larger or heavier letters, and not a sentence."""
    text = " ".join(line.text for line in group)
    if (
        _is_row(group)
        or not 2 < len(text) <= HEADING_LIMIT
        or _BULLET_SIGN.match(text)
        or not re.search(r"[^\W\d_]", text)
    ):
        return False
    heavier = group[0].bold and not body.bold and group[0].size >= body.size
    return (_is_large(group[0], body) or heavier) and not text.endswith((".", ":", ";", ",", "。", "：", "،", "۔", "।"))


def _attach_bullets(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines, with each bullet that is a line of its own joined to the text on its right."""
    marked: dict[Line, Line] = {}
    bullets = {line for line in lines if _BULLET_ALONE.fullmatch(line.text)}
    beside: dict[int, list[Line]] = {}
    for line in lines:
        beside.setdefault(line.page, []).append(line)
    for bullet in bullets:
        middle = (bullet.bottom + bullet.top) / 2
        right = [
            o for o in beside[bullet.page] if o.left > bullet.left and o.bottom < middle < o.top and o not in bullets
        ]
        if right:
            marked[min(right, key=lambda other: other.left)] = bullet
    used = set(marked.values())
    for line in lines:
        if line in marked:
            yield replace(line, text=f"{marked[line].text} {line.text}", left=marked[line].left)
        elif line not in used:
            yield line


def _group_lines(lines: Iterable[Line], body: BodyStyle) -> Iterator[list[Line]]:
    """Yield groups of lines that form one paragraph, item, row or heading."""
    group: list[Line] = []
    for line in lines:
        if group and not _continues(group, line, body):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _is_row(group: Sequence[Line]) -> bool:
    """Whether a group of lines is the cells of a row."""
    return len(group) > 1 and all(_is_beside(one, other) for one, other in pairwise(group))


def _is_beside(last: Line, line: Line) -> bool:
    """Whether a line is at the same height as the last one, to its right with a wide gap."""
    level = line.page == last.page and abs(line.bottom - last.bottom) < 0.4 * last.size
    return level and line.left - last.right > CELL_GAP * last.size


def _continues(group: Sequence[Line], line: Line, body: BodyStyle) -> bool:
    """Whether a line continues the group before it."""
    last = group[-1]
    if _is_beside(last, line) or _is_row(group):
        return _is_beside(last, line) and (len(group) == 1 or _is_row(group))
    if _get_style(last) != _get_style(line) and (
        _is_large(last, body) or _is_large(line, body) or last.bold != line.bold
    ):
        return False
    ended = bool(_SENTENCE_END.search(last.text))
    if _BULLET_SIGN.match(line.text) or (_BULLET.match(line.text) and (ended or _BULLET.match(group[0].text))):
        return False
    if line.page == last.page and last.top >= line.top:
        return _is_next_line(group, line, body, ended)
    if _is_large(last, body) or ended:
        return False
    # In a new column or page: a lower-case letter continues; a capital only if the last line was full.
    full = last.right >= 0.9 * max(one.right for one in group) and len(group) > 1
    return not line.text[0].isupper() or (full and not _BULLET.match(group[0].text))


def _is_next_line(group: Sequence[Line], line: Line, body: BodyStyle, ended: bool) -> bool:
    """Whether a line further down the same column continues the paragraph and does not begin another."""
    last = group[-1]
    pitch = max(body.pitch, 1.35 * line.size) if _is_large(line, body) else body.pitch
    if last.top - line.top > PARAGRAPH_GAP * pitch:
        return False
    indented = line.left > last.left + 0.8 * line.size and not _BULLET.match(group[0].text)
    width = (line.right - line.left) / max(len(line.text), 1)
    would_fit = last.right + (len(line.text.split()[0]) + 2) * width < line.right
    return not (ended and (indented or would_fit))


def _join(text: str, line: str, words: Counter[str]) -> str:
    """Join a text and its next line; rejoin a word divided at the line end, unless the file writes it with a hyphen."""
    if not text:
        return line
    cut = _HYPHEN.search(text)
    if not cut:
        together = _EAST_ASIAN.match(text[-1]) and _EAST_ASIAN.match(line[0])
        return text + line if together else f"{text} {line}"
    before, after = _LETTERS_BEFORE.search(text), _LETTERS.match(line)
    if not before or not after or not line[0].islower():
        return text + line
    own = f"{before[1]}-{after[0]}".lower()
    return text + line if words[own] and not words[own.replace("-", "")] else text[: cut.start()] + line
