"""Reads PDFs: headings, paragraphs, lists, tables and listings, and where each page begins.

`pages.py` reads the content of a page, and `letters.py` joins its letters into lines (`lines.py`). `layout.py` sorts
these into reading order, with columns (`bands.py`) and tables (`tables.py`, `ruled.py`, `edges.py` for cells without
sides, and `carried.py` for heads on the previous page); `blocks.py` joins them into blocks (`paragraphs.py`). Page
headers and footers are left out here.
Not supported: pictures of text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.reading.blocks import Reading, Seen, UnreadableError, compose, find_words
from index.reading.pdf.blocks import find_blocks
from index.reading.pdf.carried import Content, carry_heads
from index.reading.pdf.layout import order_page
from index.reading.pdf.lines import BodyStyle, Line, group_by_page, group_rows, measure_body
from index.reading.pdf.pages import PDFIUM, Page, read_pages

MARGIN = 0.12
"""Share of the page height, at top and bottom each, that can contain page headers, footers and page numbers."""

WATERMARK_SCALE = 2.5
"""Multiple of the body text's size; letters at least this large that cover other lines are a watermark."""

_FURNITURE = re.compile(
    r"""\W*(?:page|seite|p\.)?\s*(?:\d{1,4}|x{0,3}(?:ix|iv|v?i{0,3}))(?:\s*(?:of|von|/)\s*\d+)?\W*
      | \d{1,4}[/.-]\d{1,2}[/.-]\d{1,4},?\ \d{1,2}:\d\d(?:\s?[AP]M)?  # a browser prints when and what it printed
      | (?:https?|file)://\S+
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A line that is not text if it is in the margin."""

_PRINTED_WHEN = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4},?\ \d{1,2}:\d\d(?:\s?[AP]M)?", re.IGNORECASE)
_PRINTED_FROM = re.compile(r"(?:https?|file)://\S+", re.IGNORECASE)
"""A browser prints into its margins when and from where it printed a page, and beside these the page's title."""

_PAGE_OF_ALL = re.compile(
    r"\b(?:page|seite|página|pagina|p\.)\s*(\d{1,4})\s*(?:of|von|de|di|sur|/)\s*(\d{1,4})\b", re.IGNORECASE
)
"""The page number and page count that a line states."""


def read_pdf(data: bytes) -> Reading:
    """Read the text, blocks and pages of a PDF.

    Raises:
        UnreadableError: the PDF is damaged, locked or without text.
    """
    try:
        with PDFIUM:
            pages = list(read_pages(data))
    except (RuntimeError, ValueError, OSError) as error:
        raise _explain(error) from error
    lines = [line for page in pages for line in page.lines]
    if not any(any(map(str.isalnum, line.text)) for line in lines):
        raise UnreadableError(
            "is a PDF without text, likely pictures of pages", "Run text recognition (OCR) over it, or remove it."
        )
    body = measure_body(lines)
    inner = _drop_margins(lines, body)
    kept = set(map(id, inner))
    body = measure_body(inner or lines)
    contents: list[Content] = []
    seen: list[Seen] = []
    covering = left_out = 0
    for number, page in enumerate(pages, 1):
        rest = [line for line in page.lines if id(line) in kept]
        text = _drop_watermarks(rest, body)
        covering += len(rest) - len(text)
        used = set(map(id, text))
        dropped = [line.text for line in page.lines if id(line) not in used]
        shown, unread = _find_seen(page, dropped)
        seen.append(Seen(shown, page=number))
        left_out += unread
        contents.append((text, page.rules))
    for number in range(1, len(contents)):
        contents[number - 1], contents[number] = carry_heads(contents[number - 1], contents[number])
    ordered: list[Line] = []
    for page, (text, rules) in zip(pages, contents, strict=True):
        ordered += [*order_page(text, rules, body), *order_page(page.asides, (), body)]
    reading = compose(find_blocks(ordered, body))
    return replace(reading, notes=tuple(_write_notes(pages, covering)), seen=tuple(seen), left_out=left_out)


def _find_seen(page: Page, dropped: Sequence[str]) -> tuple[str, int]:
    """Find what is seen of a page, except what is left out on purpose, and the number of words left out.

    Args:
        dropped: the texts of lines that are page headers or footers, or lie over others.
    """
    unread = Counter(find_words("\n".join((*dropped, page.slanted, page.beside, *page.struck))))
    if not unread:
        return page.seen, 0
    shown: list[str] = []
    number = 0
    for word in find_words(page.seen):
        if unread[word] > 0:
            unread[word] -= 1
            number += 1
        else:
            shown.append(word)
    return " ".join(shown), number


def _explain(error: Exception) -> UnreadableError:
    if "password" in str(error).lower() or "security" in str(error).lower():
        return UnreadableError("is a PDF locked with a password", "Save it without one, or remove it.")
    return UnreadableError("is a damaged PDF", "Open it in a viewer and print it to a new PDF, or remove it.")


def _write_notes(pages: Sequence[Page], covering: int) -> Iterator[str]:
    """Yield what was left out on purpose."""
    slanted = {page.slanted for page in pages if page.slanted}
    if slanted:
        yield f"slanted text is left out, likely a watermark: {', '.join(sorted(slanted))[:80]}"
    if covering:
        yield f"large letters over other text are left out, likely a watermark: {covering} lines"
    pictures = [str(number) for number, page in enumerate(pages, 1) if page.is_picture]
    if pictures:
        yield f"no text is on these pages, likely pictures of text: {', '.join(pictures)}"
    struck = sum(len(page.struck) for page in pages)
    if struck:
        yield f"{struck} words are struck out" if struck > 1 else "1 word is struck out"


def _drop_watermarks(lines: Sequence[Line], body: BodyStyle) -> list[Line]:
    """Return the lines of a page without large letters that lie over other lines."""

    def covers(line: Line) -> bool:
        return line.size > WATERMARK_SCALE * body.size and any(
            line.base - 0.2 * line.size < other.base < line.base + 0.7 * line.size
            and other.left < line.right
            and line.left < other.right
            for other in lines
            if other.size < 0.6 * line.size
        )

    return [line for line in lines if not covers(line)]


def _drop_margins(lines: Sequence[Line], body: BodyStyle) -> list[Line]:
    """Return the lines without page headers, footers and page numbers."""
    edges = [line for line in lines if _is_in_margin(line)]
    often = Counter(key for line in edges for key in _make_running_keys(line, body))
    # In a short file, twice is enough; in a longer one, two chapters may open with the same words.
    enough = max(2, min(3, lines[-1].page // 2)) if lines else 2

    def repeats(line: Line) -> bool:
        if _FURNITURE.fullmatch(line.text) or any(often[key] >= enough for key in _make_running_keys(line, body)):
            return True
        # A footer that counts the pages correctly ("Printed 3/4/2026 - Page 1 of 1") needs no other page to be one.
        found = _PAGE_OF_ALL.search(line.text)
        is_foot = line.base < line.height / 2 and not body.is_large(line)
        return is_foot and found is not None and (int(found[1]), int(found[2])) == (line.page, lines[-1].page)

    def counts_pages(line: Line) -> bool:
        return any(often[key] >= enough for key in _make_running_keys(line, body) if key[0] != line.text)

    left_out: set[int] = set()
    for page in group_by_page(lines):
        rows = group_rows(page)
        left_out.update(id(line) for row in _find_printed(rows) for line in row)
        # From each edge inwards, up to the first row that does not repeat; a table row repeats only in part.
        for inwards in (rows, rows[::-1]):
            for row in inwards:
                running = [line for line in row if id(line) in left_out or (_is_in_margin(line) and repeats(line))]
                whole = len(running) == len(row)
                left_out.update(map(id, running if whole else filter(counts_pages, running)))
                if not whole:
                    break
    return [line for line in lines if id(line) not in left_out]


def _find_printed(rows: Sequence[Sequence[Line]]) -> list[Sequence[Line]]:
    """Find the rows that a browser printed above and below a page: one says when, one, or the same, from where."""
    outer = [row for row in (rows[0], rows[-1]) if all(map(_is_in_margin, row))]
    marked = [
        [row for row in outer if any(mark.fullmatch(line.text) for line in row)]
        for mark in (_PRINTED_WHEN, _PRINTED_FROM)
    ]
    return [row for rows in marked for row in rows] if all(marked) else []


def _is_in_margin(line: Line) -> bool:
    return line.base > line.height * (1 - MARGIN) or line.base + line.size < line.height * MARGIN


def _make_running_keys(line: Line, body: BodyStyle) -> set[tuple[str, int]]:
    """Return what repeated page headers or footers can have in common: text and height on the page.

    Numbers in the text can count the pages, all or one ("page 2 of 9"). In large letters they do not: "Chapter 1"
    and "Chapter 2" are headings at the top of their pages.
    """
    numbers = list(re.finditer(r"\d{1,9}", line.text))
    keys = set()
    for counting in ([], numbers, numbers[:1], numbers[-1:]) if not body.is_large(line) else ([],):
        text = line.text
        for number in reversed(counting):
            text = f"{text[: number.start()]}#{int(number[0]) - line.page}{text[number.end() :]}"
        keys.add((text, round(line.base)))
    return keys
