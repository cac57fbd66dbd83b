"""Finds which lines of a PDF are one paragraph, item or heading, and joins them into its text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from index.reading.pdf.lines import BULLETS, SECTION_NUMBER, BodyStyle, Line
from index.reading.pdf.tables import SENTENCE_END

PARAGRAPH_GAP = 1.3
"""Multiple of the usual line spacing; a line further below the last one begins a paragraph."""

SHORT = 0.7
"""Share of the widest line that begins at the same place; a shorter line was broken on purpose."""

STUB = 0.4
"""Share of the page's width; a shorter line is not the first one of a paragraph with a hanging indent."""

SMALL = 0.95
"""Multiple of the body text's size; smaller letters at the end of a page are those of notes."""

INDENT = 0.8
"""Multiple of the font size; the minimum shift of a line that begins a paragraph."""

_NUMBER = r"\(?(?:\d{1,3}|[a-z]|[ivx]{2,5})\)\s|(?:\d{1,3}|[a-z]|[ivx]{2,5}|[A-Z])\.\s"
_FIELD = re.compile(r"[^\W\d_][^:]{0,40}:\s+\S")
"""A line that begins with a label: "Stall number: 57"."""

_SIGN = rf"[{BULLETS}]\s*|[–*-]\s+"
BULLET = re.compile(rf"(?:{_SIGN}|(?={_NUMBER})|(?=[☐☑]))(?=\S)")
"""The start of an item; a match is left out of the item's text."""
BULLET_SIGN = re.compile(rf"[{BULLETS}☐☑]|[–*-]\s")
"""A bullet or box that an item begins with."""
_SECTION = re.compile(rf"{SECTION_NUMBER}\s+[^\W\d_]")
"""The start of a line that has a section number."""
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\Z")
_LETTERS = re.compile(r"[^\W\d_]+")
_LETTERS_BEFORE = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]\Z")
_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_EAST_ASIAN = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")

Group = list[Line]
"""Lines of one block. A table or listing is a separate group."""


class LineGrouper:
    """Groups the lines of a file, which are in reading order."""

    def __init__(self, lines: Sequence[Line], body: BodyStyle) -> None:
        self._lines, self._body = lines, body
        self._edges: dict[tuple[int, int], float] = {}
        self._alone = 0
        """How many lines right above the current one are separate blocks, as in an address."""
        self._notes = set(map(id, _find_notes(lines, body)))
        for line in lines:
            if not line.edge:
                place = self._get_place(line)
                self._edges[place] = max(self._edges.get(place, 0.0), line.right)

    def group(self) -> Iterator[Group]:
        """Yield the lines of each block; notes at the end of a page precede a paragraph that continues past them."""
        group: Group = []
        notes: list[Group] = []
        for line in self._lines:
            if id(line) in self._notes:
                if notes and self._joins(notes[-1], line):
                    notes[-1].append(line)
                else:
                    notes.append([line])
                continue
            if not group or not self._joins(group, line):
                self._alone = self._count_alone(group, line) if group else 0
                yield from filter(None, (group, *notes))
                group, notes = [], []
            elif notes and notes[0][0].page == group[0].page:
                yield from notes
                notes = []
            group.append(line)
        yield from filter(None, (group, *notes))

    def _joins(self, group: Group, line: Line) -> bool:
        return is_text(group) and is_text([line]) and self._continues(group, line)

    def _count_alone(self, group: Group, line: Line) -> int:
        """Count the successive lines above a line that are separate blocks, with this group."""
        last = group[-1]
        step = last.base - line.base if last.page == line.page else 0.0
        is_near = 0 < step <= PARAGRAPH_GAP * self._body.pitch and self._get_place(last) == self._get_place(line)
        return self._alone + 1 if is_near and len(group) == 1 and last.style == line.style else 0

    @staticmethod
    def _get_place(line: Line) -> tuple[int, int]:
        return line.page, round(line.left / 3)

    def _continues(self, group: Group, line: Line) -> bool:
        """Whether a line continues the group before it."""
        last, body = group[-1], self._body
        large = body.is_large(last) or body.is_large(line)
        if last.style != line.style and (large or last.bold != line.bold):
            return False
        ended = bool(SENTENCE_END.search(last.text))
        if BULLET_SIGN.match(line.text) or (BULLET.match(line.text) and (ended or BULLET.match(group[0].text))):
            return False
        if _SECTION.match(line.text) and (_SECTION.match(group[0].text) or last.words[-1].text.isdecimal()):
            return False
        if line.page == last.page and last.base >= line.base:
            return self._is_next_line(group, line, ended)
        if body.is_large(last) or ended:
            return False
        # In a new column or page: a lower-case letter continues; a capital does only if the last line was full.
        edge = last.edge or max(one.right for one in group)
        full = last.right >= 0.9 * edge and (len(group) > 1 or last.edge > 0)
        return not line.text[0].isupper() or (full and not BULLET.match(group[0].text))

    def _is_next_line(self, group: Group, line: Line, ended: bool) -> bool:
        """Whether a line further down the same column continues the paragraph and does not begin another."""
        last, large = group[-1], self._body.is_large(line)
        pitch = max(self._body.pitch, 1.35 * line.size) if large else self._body.pitch
        if last.base - line.base > PARAGRAPH_GAP * pitch:
            return False
        shift = line.left - last.left
        indented = shift < -INDENT * line.size or (shift > INDENT * line.size and not BULLET.match(group[0].text))
        begins = ended or (not large and (line.text[0].isupper() or line.text[0].isdigit()))
        if begins and line.text[0].isupper() and all(map(_FIELD.match, (group[0].text, last.text, line.text))):
            return False
        is_item = BULLET_SIGN.match(group[0].text) is not None
        if is_item and line.left < group[0].left - INDENT * line.size:
            return False
        below_bullet = is_item and line.left < group[0].left + 1
        return not ((ended and indented) or (begins and (below_bullet or self._is_broken(last, line))))

    def _is_broken(self, last: Line, line: Line) -> bool:
        """Whether a line ends before its column does: the next word would have fitted, or the line is short."""
        word = line.words[0]
        needed = last.right + (word.right - word.left) + 0.6 * line.size
        edge = last.edge or self._edges[self._get_place(last)]
        is_short = last.right - last.left < SHORT * (edge - last.left)
        if line.left < last.left - INDENT * line.size and not line.edge:
            # The line below a term and what it means; the first line of a paragraph, which is indented, is longer.
            widest = max(right for (page, _), right in self._edges.items() if page == line.page)
            if last.right - last.left < STUB * (widest - last.left):
                return True
        return needed < line.right or (needed < edge and (is_short or self._alone > 1))


def _find_notes(lines: Sequence[Line], body: BodyStyle) -> Iterator[Line]:
    """Yield the lines in smaller letters below the text of a page or column."""
    column: Group = []
    for line, after in zip(lines, [*lines[1:], None], strict=False):
        column.append(line)
        if after is None or after.page != line.page or after.base > line.base:
            small = list(takewhile(lambda one: is_text([one]) and one.size < SMALL * body.size, reversed(column)))
            yield from small if len(small) < len(column) else ()
            column = []


def is_text(group: Group) -> bool:
    """Whether a group is neither a table nor a listing."""
    return not (group[0].grid or group[0].code)


def count_words(lines: Iterable[Line]) -> Counter[str]:
    """Count the words of a file in lower case; compounds with hyphens count as one."""
    return Counter(word.lower() for line in lines for word in _COMPOUND.findall(line.text))


def join_lines(lines: Sequence[str], words: Counter[str]) -> str:
    """Join lines into one text, given the words of the file."""
    text = ""
    for line in lines:
        text = join_line(text, line, words)
    return text


def join_line(text: str, line: str, words: Counter[str]) -> str:
    """Join a text and its next line; rejoin a word divided at the line end, unless the file writes it with a hyphen."""
    if not text:
        return line
    cut = _HYPHEN.search(text)
    if not cut:
        together = line and _EAST_ASIAN.match(text[-1]) and _EAST_ASIAN.match(line[0])
        return text + line if together else f"{text} {line}"
    before, after = _LETTERS_BEFORE.search(text), _LETTERS.match(line)
    if not before or not after or not line[0].islower():
        return text + line
    own = f"{before[1]}-{after[0]}".lower()
    return text + line if words[own] and not words[own.replace("-", "")] else text[: cut.start()] + line
