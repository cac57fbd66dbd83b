"""A PDF: its lines put together to paragraphs, lists and headings, with the page on which each begins.

Headings are known by their size or weight; columns are read one by one; what runs along the head and foot of the pages
is left out. Not here: cells of more than one line, and pictures of text.
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

from index.reading.blocks import INSTALL_EXTRA, Part, Reading, UnreadableError, compose
from index.reading.plaintext import is_heading

MARGIN = 0.12
"""Share of a page's height, above and below, in which running heads and page numbers stand."""

LARGER = 1.12
"""A heading's letters, as a multiple of the usual size."""

HEADING_LIMIT = 160
"""Characters; what is longer is no heading, however large."""

APART = 1.3
"""A line further down than so many times the usual distance begins a paragraph."""

PITCH_LIMIT = 2.6
"""Sizes of letters; lines further apart tell nothing about the usual distance."""

COLUMN_LINES = 5
"""Wide lines that make a column."""

COLUMN_SHARE = 0.22
"""Share of the width of a page from which a line is a wide one."""

CELLS_APART = 2.0
"""Sizes of letters; two lines side by side with more between them are cells of a table."""

_UNFORESEEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RuntimeError)
"""What a file that was made wrong, on purpose or not, may raise deep inside the library."""

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
    """A line of a page. Places are in points from the lower left corner; `height` is of the page."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    top: float
    size: float
    """Of most of its letters, in points, to the half."""
    bold: bool
    height: float


@dataclass(frozen=True, slots=True)
class Usual:
    """How most of a file looks: size of letters and distance of lines in points."""

    size: float
    bold: bool
    pitch: float


def read_pdf(data: bytes) -> Reading:
    """The text, blocks and pages of a PDF; its title, if its first page bears it.

    Raises:
        UnreadableError: it is damaged, locked, without text, or the library that reads it is not installed.
    """
    try:
        lines = list(_lines(data))
    except ImportError as error:
        raise UnreadableError("is a PDF, and what reads those is not installed", INSTALL_EXTRA) from error
    except (*_UNFORESEEN, struct.error, zlib.error, OSError, EOFError) as error:
        raise _unreadable(error) from error
    if not any(any(map(str.isalnum, line.text)) for line in lines):
        raise UnreadableError(
            "is a PDF without text, likely pictures of pages", "Run text recognition (OCR) over it, or remove it."
        )
    return compose(_parts([line for page in _by_page(_without_margins(lines)) for line in _in_order(page)]))


def _unreadable(error: Exception) -> UnreadableError:
    if isinstance(error, UnreadableError):
        return error
    if "Password" in type(error).__name__ or "Encryption" in type(error).__name__:
        return UnreadableError("is a PDF locked with a password", "Save it without one, or remove it.")
    return UnreadableError("is a damaged PDF", "Open it in a viewer and print it to a new PDF, or remove it.")


def _lines(data: bytes) -> Iterator[Line]:
    """The lines of all pages in reading order."""
    # Late: of an extra, that a corpus without such files does without.
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LTTextBox, LTTextLine
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException

    # It speaks of every odd file on stderr; we say what is wrong once, with the name of the file.
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    try:
        for number, page in enumerate(extract_pages(BytesIO(data)), 1):
            for box in page:
                # A sign without width, as some bullets are, stands on the page in no box.
                lines = box if isinstance(box, LTTextBox) else [box]
                found = [_line(line, number, page.height) for line in lines if isinstance(line, LTTextLine)]
                yield from (line for line in found if line.text)
    except (PDFException, PSException) as error:
        raise _unreadable(error) from error


def _line(line: Any, page: int, height: float) -> Line:
    """One of ours for one of pdfminer's."""
    letters = [letter for letter in line if hasattr(letter, "fontname") and letter.get_text().strip()]
    text = _NOT_MAPPED.sub("", line.get_text().replace(_WINDOWS_BULLET, "•")).translate(_LIGATURES)
    size = Counter(round(letter.size * 2) / 2 for letter in letters).most_common(1)[0][0] if letters else 0.0
    bold = bool(letters) and all(
        re.search("bold|black|heavy|semib", letter.fontname, re.IGNORECASE) for letter in letters
    )
    return Line(" ".join(text.split()), page, line.x0, line.x1, line.y0, line.y1, size, bold, height)


def _without_margins(lines: Sequence[Line]) -> list[Line]:
    """The lines without page numbers and what runs along the heads and feet of the pages."""
    usual = _usual(lines)
    often = Counter(_running(line, usual) for line in lines if _in_margin(line))
    # In a short file twice is often; two chapters may open with the same words.
    enough = max(2, min(3, lines[-1].page // 2))

    def runs(line: Line) -> bool:
        repeated = _PAGE_NUMBER.fullmatch(line.text) is not None or often[_running(line, usual)] >= enough
        return _in_margin(line) and repeated

    left_out: set[Line] = set()
    for page in _by_page(lines):
        downwards = sorted(page, key=lambda line: -line.top)
        # From each edge inwards, up to the first line that is the page's own.
        left_out.update(takewhile(runs, downwards), takewhile(runs, reversed(downwards)))
    return [line for line in lines if line not in left_out]


def _by_page(lines: Iterable[Line]) -> Iterator[list[Line]]:
    for _, page in groupby(lines, key=lambda line: line.page):
        yield list(page)


def _in_margin(line: Line) -> bool:
    return line.bottom > line.height * (1 - MARGIN) or line.top < line.height * MARGIN


def _running(line: Line, usual: Usual) -> tuple[str, int]:
    """What makes two lines the same running head: the text but for a page number, and the place.

    "Chapter 1" and "Chapter 2" in large letters are headings at the top of their pages.
    """
    text = line.text if _is_large(line, usual) else re.sub(r"\d+", "0", line.text)
    return text, round(line.bottom)


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page, or of a part of it, as they are read: column by column, each from its head to its foot.

    A line across the columns parts them: what stands above it in any column is read before it.
    """
    gutter = _gutter(lines)
    downwards = sorted(lines, key=lambda line: (-round(line.bottom), line.left))
    if not gutter:
        return downwards
    ordered: list[Line] = []
    columns: tuple[list[Line], list[Line]] = ([], [])
    for line in downwards:
        if line.left < gutter < line.right:
            ordered += [*_in_order(columns[0]), *_in_order(columns[1]), line]
            columns = ([], [])
        else:
            columns[line.left >= gutter].append(line)
    return [*ordered, *_in_order(columns[0]), *_in_order(columns[1])]


def _gutter(lines: Sequence[Line]) -> float:
    """Where the white space between two columns ends, in points from the left; 0 if there is but one column."""
    # Cells of a table stand in columns too, but are short.
    least = COLUMN_SHARE * (max(line.right for line in lines) - min(line.left for line in lines)) if lines else 0.0
    wide = [line for line in lines if line.right - line.left > least]
    for left, _ in Counter(round(line.left) for line in wide).most_common(4):
        before = sum(line.right < left for line in wide)
        behind = sum(line.left >= left - 1 for line in wide)
        if min(before, behind) >= COLUMN_LINES and before + behind >= 0.8 * len(wide):
            return left - 1.0
    return 0.0


def _usual(lines: Sequence[Line]) -> Usual:
    """How most letters look, and how far apart most lines stand."""
    looks: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        looks[line.size, line.bold] += len(line.text)
    size, bold = looks.most_common(1)[0][0] if looks else (0.0, False)
    steps = Counter(
        round(one.top - other.top)
        for one, other in pairwise(lines)
        if one.page == other.page and one.size == other.size == size and 0 < one.top - other.top < PITCH_LIMIT * size
    )
    return Usual(size, bold, steps.most_common(1)[0][0] if steps else 1.2 * size)


def _is_large(line: Line, usual: Usual) -> bool:
    return line.size >= usual.size * LARGER


def _parts(lines: Sequence[Line]) -> Iterator[Part]:
    """Headings, items, rows and paragraphs of the lines, each with the pages that begin in it."""
    usual = _usual(lines)
    words = Counter(word.lower() for line in lines for word in _COMPOUND.findall(line.text))
    groups = list(_groups(_with_bullets(lines), usual))
    page = 0
    for group, level in zip(groups, _levels(groups, usual), strict=True):
        yield _row(group, page) if _is_row(group) else _part(group, level, page, words)
        page = max(page, group[-1].page)


def _row(group: Sequence[Line], page: int) -> Part:
    """The cells of a row, written as in Markdown; `page` is the last that has begun."""
    text = " | ".join(line.text.replace("|", "\\|") for line in group)
    return Part("row", f"| {text} |", 0, ((group[0].page, 0),) if group[0].page > page else ())


def _part(group: Sequence[Line], level: int, page: int, words: Counter[str]) -> Part:
    """Lines put together, without the bullet before them; `page` is the last that has begun."""
    mark = None if level else _BULLET.match(group[0].text)
    text = ""
    begun: list[tuple[int, int]] = []
    for line in group:
        written = line.text[mark.end() :] if mark and line is group[0] else line.text
        text = _joined(text, written, words)
        if line.page > page:
            page = line.page
            begun.append((page, len(text) - len(written)))
    return Part("heading" if level else "item" if mark else "paragraph", text, level, tuple(begun))


def _levels(groups: Sequence[list[Line]], usual: Usual) -> list[int]:
    """The level of each group as a heading, 0 for text: the largest are 1, of two in one size the bold one is higher.

    Where no heading is marked by its letters, a line of its own before a paragraph may be one, as in plain text.
    """
    marked = [_look(group[0]) if _is_heading(group, usual) else None for group in groups]
    looks = sorted({look for look in marked if look}, reverse=True)
    if looks:
        return [min(looks.index(look) + 1, 6) if look else 0 for look in marked]
    alone = [len(group) == 1 < len(after) and not _is_row(after) for group, after in pairwise([*groups, []])]
    named = [before and is_heading(group[0].text) for group, before in zip(groups, alone, strict=True)]
    return [(2 if place else 1) if is_named else 0 for place, is_named in enumerate(named)]


def _look(line: Line) -> tuple[float, bool]:
    return line.size, line.bold


def _is_heading(group: Sequence[Line], usual: Usual) -> bool:
    """Whether lines that belong together are a heading: few, in larger or heavier letters, and no sentence."""
    text = " ".join(line.text for line in group)
    if (
        _is_row(group)
        or not 2 < len(text) <= HEADING_LIMIT
        or _BULLET_SIGN.match(text)
        or not re.search(r"[^\W\d_]", text)
    ):
        return False
    heavier = group[0].bold and not usual.bold and group[0].size >= usual.size
    return (_is_large(group[0], usual) or heavier) and not text.endswith(
        (".", ":", ";", ",", "。", "：", "،", "۔", "।")
    )


def _with_bullets(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, each bullet that came as a line of its own put before the text it belongs to."""
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


def _groups(lines: Iterable[Line], usual: Usual) -> Iterator[list[Line]]:
    """Lines that belong to one paragraph, item or heading."""
    group: list[Line] = []
    for line in lines:
        if group and not _goes_on(group, line, usual):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _is_row(group: Sequence[Line]) -> bool:
    """Whether lines that belong together are the cells of a row."""
    return len(group) > 1 and all(_stands_beside(one, other) for one, other in pairwise(group))


def _stands_beside(last: Line, line: Line) -> bool:
    """Whether a line stands at the height of another, to its right and well apart."""
    level = line.page == last.page and abs(line.bottom - last.bottom) < 0.4 * last.size
    return level and line.left - last.right > CELLS_APART * last.size


def _goes_on(group: Sequence[Line], line: Line, usual: Usual) -> bool:
    """Whether a line belongs to the lines before it."""
    last = group[-1]
    if _stands_beside(last, line) or _is_row(group):
        return _stands_beside(last, line) and (len(group) == 1 or _is_row(group))
    if _look(last) != _look(line) and (_is_large(last, usual) or _is_large(line, usual) or last.bold != line.bold):
        return False
    ended = bool(_SENTENCE_END.search(last.text))
    if _BULLET_SIGN.match(line.text) or (_BULLET.match(line.text) and (ended or _BULLET.match(group[0].text))):
        return False
    if line.page == last.page and last.top >= line.top:
        return _is_next_line(group, line, usual, ended)
    if _is_large(last, usual) or ended:
        return False
    # Over a column or page: a small letter goes on; a capital only where the line before it was full.
    full = last.right >= 0.9 * max(one.right for one in group) and len(group) > 1
    return not line.text[0].isupper() or (full and not _BULLET.match(group[0].text))


def _is_next_line(group: Sequence[Line], line: Line, usual: Usual, ended: bool) -> bool:
    """Whether a line further down the same column is the next of a paragraph, and not the first of another."""
    last = group[-1]
    pitch = max(usual.pitch, 1.35 * line.size) if _is_large(line, usual) else usual.pitch
    if last.top - line.top > APART * pitch:
        return False
    indented = line.left > last.left + 0.8 * line.size and not _BULLET.match(group[0].text)
    width = (line.right - line.left) / max(len(line.text), 1)
    would_fit = last.right + (len(line.text.split()[0]) + 2) * width < line.right
    return not (ended and (indented or would_fit))


def _joined(text: str, line: str, words: Counter[str]) -> str:
    """A text and its next line: a word cut at the line's end is made whole, unless its hyphen is its own."""
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
