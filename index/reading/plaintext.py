"""Reads plain text into blocks. In doubt a line is text, and a separate sentence.

The steps: find the paragraphs, cut each into pieces (questions, items, table rows, wrapped text, single lines), then
make headings of those pieces that the document marks as such in more than one way.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from index.reading.blocks import Block, Reading, Seen
from index.reading.lines import Line, Paragraph, find_margin, find_paragraphs, find_star_notes, group_wrapped
from index.reading.numbering import write_number
from index.reading.text_tables import tell_text_table

HEADING_LIMIT = 120
"""Characters; a longer line is never a heading."""

LABEL_LIMIT = 80
"""Characters; a longer first sentence after a label ("Tip 1:") is text, not a heading."""

_QUESTION = re.compile(r"(?:Q|Question|问|問|س)(?: ?\d+)?(?:[:.)]\s+|：\s*)(?=\S)", re.IGNORECASE)
_ANSWER = re.compile(r"(?:A|Answer|答|ج)(?: ?\d+)?(?:[:.)]\s+|：\s*)(?=\S)", re.IGNORECASE)
_ASKED = re.compile(rf"^[ \t]*(?:{_QUESTION.pattern}|{_ANSWER.pattern})", re.IGNORECASE | re.MULTILINE)
"""The mark of a question or an answer, which is turned into the kind of its block."""

_BULLET = re.compile(r"(?:[-*•●▪◦‣–+][ \t]+|・[ \t]*)(?=\S)")
_NUMBERED = re.compile(r"\d{1,3}[.)][ \t]+(?=\S)")
_PART = re.compile(r"(?P<above>\d{1,3})\.\d{1,2}[.)]?[ \t]+(?=[^\W\d_a-z])")
_LETTERED = re.compile(r"\(?(?P<letter>[A-Za-z])[.)][ \t]+(?=\S)")
_ROMAN = re.compile(r"\(?(?P<letter>[ivx]{1,4}|[IVX]{1,4})[.)][ \t]+(?=\S)")
_ROMANS = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_LABEL = re.compile(r"(?P<word>[^\W\d_]+) (?P<number>\d{1,9})\s?[:.–—-]\s+(?=\w)")
_SECTION = re.compile(
    r"(?:(?P<word>[^\W\d_]+) )?(?P<parts>\d{1,3}(?:\.\d{1,3}){0,4}|[IVXLC]{1,7}\b)[.):]?(?:\s+[–—-])?(?=\s|\Z)"
)
_NUMERALS = {write_number(number, "I"): number for number in range(1, 200)}
_FIELD = re.compile(r"[^\s:][^:]{0,30}:\s")
_STOP = re.compile(r"[.!?؟۔।]['\")’”»]*(?:\s|\Z)|[。！？]")
_LINE_END = re.compile(r"\n\s*(?=[^\sa-z])")
_UNDERLINE = re.compile(r"([=~*-])\1{2,}")
_GAP = re.compile(r"\t|\s{2}|[|;]")
"""What can separate the cells of a row."""
_HASHES = re.compile(r"#{1,6}\s+(?=\S)")
_REMARK_END = re.compile(r"[^\s(（]\s*[(（][^()（）]+[)）]\Z")
"""A remark in parentheses at the end of a line."""

_CLOSING = "\"'”’»"
_NO_HEADING_END = ".!:;,*…)—–。！：；，、）؛،۔।"
"""Punctuation of several scripts that never ends a heading."""


def read_plaintext(text: str) -> Reading:
    """Read the blocks of plain text."""
    reader = _Reader(text)
    blocks = tuple(reader.read_blocks())
    return Reading(text, blocks, reader.find_title(blocks), seen=(Seen(_ASKED.sub("", text), line=1),))


class _Reader:
    """Reads one text. All paragraphs are cut first: whether a line is a heading depends on what is around it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._paragraphs = tuple(find_paragraphs(text))
        self._margin = find_margin([line for one in self._paragraphs for line in one.lines])
        self._lettered = _find_lettered(line for one in self._paragraphs for line in one.lines)
        self._labels = _find_labels(text, self._paragraphs)
        self._capitals = _find_capitals(self._paragraphs)
        every = [line for one in self._paragraphs for line in one.lines]
        noted = find_star_notes([line.text for line in every], text)
        self._notes = {every[place].start for place in noted}
        self._questions: set[int] = set()
        self._answers: set[int] = set()
        self._is_asked = self._is_underlined = False

    def read_blocks(self) -> Iterator[Block]:
        """Yield the blocks of the text."""
        # If many paragraphs are far apart, the distance means nothing.
        gaps_matter = sum(one.gap > 1 for one in self._paragraphs) * 3 < len(self._paragraphs)
        cut = [self._cut_paragraph(place) for place in range(len(self._paragraphs))]
        underlined = self._is_underlined
        lines = [_read_alone(one, blocks) for one, blocks in zip(self._paragraphs, cut, strict=True)]
        numbered = _find_numbered(lines)
        headings = _find_headings(
            self._text, self._paragraphs, cut, lines, numbered, self._capitals, underlined=underlined
        )
        answered = self._find_answered()
        is_first = True
        label = ""
        for place, (paragraph, blocks) in enumerate(zip(self._paragraphs, cut, strict=True)):
            if label:
                blocks = [replace(block, caption=block.caption or label) for block in blocks]
            if not is_first and ((paragraph.gap > 1 and gaps_matter) or place == answered):
                start = paragraph.lines[0].start
                yield Block("break", start, start)
            if place in headings:
                yield self._make_heading(blocks, 1 if is_first and place not in numbered else headings[place])
            else:
                yield from blocks
            is_first = is_first and not blocks
            # A line on its own that ends in a colon names the table below it.
            alone = paragraph.lines[0].text if len(paragraph.lines) == 1 and place not in headings else ""
            below = cut[place + 1] if place + 1 < len(cut) else []
            is_label = len(alone) <= LABEL_LIMIT and alone.endswith((":", "：")) and bool(below)
            label = alone.rstrip(":：") if is_label and all(block.kind == "row" for block in below) else ""

    def find_title(self, blocks: Sequence[Block]) -> str:
        """Return the first line of a text with headings below it, if it has the form of a heading; else nothing."""
        lines = self._paragraphs[0].lines if self._paragraphs else ()
        has_headings = sum(block.kind == "heading" for block in blocks[1:]) > 1
        if not has_headings or not 0 < len(lines) < 4 or blocks[0].kind != "paragraph":
            return ""
        first = lines[0].text
        return first if is_heading(first) and not _FIELD.match(first) else ""

    def _make_heading(self, blocks: Sequence[Block], level: int) -> Block:
        """Make a heading of the lines of a paragraph, without the marks in front of it."""
        start, end = blocks[0].start, blocks[-1].end
        mark = _HASHES.match(self._text, start, end)
        return Block("heading", mark.end() if mark else start, end, level)

    def _find_answered(self) -> int:
        """The place of the paragraph after the last answer, if no other answer has several paragraphs; else -1."""
        asked = sorted(self._questions)
        answers = [max((a for a in self._answers if one <= a), default=-1) for one in asked[-1:]]
        is_long = any(after - one > 1 for one, after in zip(sorted(self._answers), asked[1:], strict=False))
        return answers[0] + 1 if answers and answers[0] >= 0 and not is_long else -1

    def _cut_paragraph(self, place: int) -> list[Block]:
        """Cut a paragraph into its blocks."""
        lines = list(self._paragraphs[place].lines)
        start = lines[0].start
        if start in self._labels:
            end = self._labels[start]
            lines = [_cut_line(line, end) for line in lines if line.end > end]
            head = self._text[start:end].rstrip()
            return [Block("heading", start, start + len(head), 2), *self._read_lines(lines, place)]
        if start in self._capitals and len(lines) > 1:
            rest = self._read_table(lines[1:]) or self._read_lines(lines[1:], place)
            return [Block("heading", start, lines[0].end, 2 if place else 1), *rest]
        if len(lines) > 3 and not _GAP.search(lines[0].text) and (heading := self._read_underlined(lines, 0, place)):
            below = lines[2 if lines[1].is_rule else 1 :]
            if rows := self._read_table(below):
                return [heading, *rows]
        is_indented = all(line.indent and not _GAP.search(line.text) for line in lines)
        rows = [] if is_indented else self._read_table(lines)
        return rows or list(self._read_lines(lines, place))

    def _read_table(self, lines: Sequence[Line]) -> list[Block]:
        """The rows of a paragraph that is a table, maybe below its name; else nothing."""
        if len(lines) < 2:
            return []
        told, first = tell_text_table(self._text, lines), 0
        if len(lines) > 3 and (not told or told[0].told == lines[0].text):
            below = tell_text_table(self._text, lines[1:], lines[0].text)
            # A line of one text above heads ("Saturday" above "Stop  Dep.  Dep.") is the table's name, not a row.
            if below and not (told and below[0].told):
                told, first = below, 1
        return [*self._read_running(lines[:first]), *told] if told else []

    def _read_lines(self, lines: list[Line], place: int) -> Iterator[Block]:
        """Yield the blocks of lines: questions, items, underlined headings, and the running text between them."""
        running: list[Line] = []
        at = 0
        while at < len(lines):
            if self._is_asked and (answer := _ANSWER.match(lines[at].text)):
                self._is_asked = False
                self._answers.add(place)
                yield from self._read_running(running)
                running = []
                lines[at] = _cut_line(lines[at], lines[at].start + answer.end())
            if found := self._read_marked(lines, at, place):
                yield from self._read_running(running)
                running = []
                blocks, at = found
                yield from blocks
            else:
                running.append(lines[at])
                at += 1
        yield from self._read_running(running)

    def _read_running(self, lines: Sequence[Line]) -> Iterator[Block]:
        """Yield a block for each wrapped text and each separate line."""
        for group in group_wrapped(lines, self._margin):
            yield Block("paragraph", group[0].start, group[-1].end)

    def _read_marked(self, lines: Sequence[Line], at: int, place: int) -> tuple[list[Block], int] | None:
        """The blocks of a line that has a mark, and where to read on; None if it has no mark."""
        line = lines[at]
        if line.is_rule:
            return ([Block("break", line.start, line.start)] if len(lines) == 1 and place else []), at + 1
        if at + 1 < len(lines) and (heading := self._read_underlined(lines, at, place)):
            return [heading], at + (2 if lines[at + 1].is_rule else 1)
        if question := _QUESTION.match(line.text):
            self._questions.add(place)
            self._is_asked = True
            end = self._find_question_end(lines, at)
            return [Block("heading", line.start + question.end(), lines[end - 1].end, 2)], end
        mark = self._match_item(line)
        if line.start in self._notes:
            end = self._find_item_end(lines, at)
            return [Block("paragraph", line.start, lines[end - 1].end)], end
        if not mark:
            return None
        end = self._find_item_end(lines, at)
        start = line.start + (mark.end() if mark.re is _BULLET else 0)
        return [Block("item", start, lines[end - 1].end)], end

    def _read_underlined(self, lines: Sequence[Line], at: int, place: int) -> Block | None:
        """A line as a heading: one that is underlined, or is the very first and above a question."""
        line, below = lines[at], lines[at + 1]
        if not is_heading(line.text) or (at and not lines[at - 1].is_rule):
            return None
        underline = _UNDERLINE.fullmatch(below.text)
        if underline:
            self._is_underlined = True
            return Block("heading", line.start, line.end, 1 if not place else 2 if underline[1] == "=" else 3)
        is_first = not place and not at and _QUESTION.match(below.text)
        return Block("heading", line.start, line.end, 1) if is_first else None

    def _find_question_end(self, lines: Sequence[Line], at: int) -> int:
        """Where a question ends: at its question mark, or before its answer or the next question."""
        for place in range(at, len(lines)):
            if place > at and (_ANSWER.match(lines[place].text) or _QUESTION.match(lines[place].text)):
                return place
            if lines[place].text[-1] in "?？؟":
                return place + 1
        return len(lines)

    def _match_item(self, line: Line) -> re.Match[str] | None:
        """Match the mark of a list item. A letter is a mark only if the letter before or after it marks one too."""
        if line.start in self._lettered:
            return _LETTERED.match(line.text) or _ROMAN.match(line.text)
        return _BULLET.match(line.text) or _NUMBERED.match(line.text)

    def _find_item_end(self, lines: Sequence[Line], at: int) -> int:
        """Where an item ends: it continues in wrapped text, and in lines that are indented further."""
        stop = at + 1
        while stop < len(lines) and not (self._begins_other(lines[stop]) or _is_part(lines[stop], lines[at])):
            stop += 1
        end = at + len(next(group_wrapped(lines[at:stop], self._margin)))
        while end < stop and lines[end].indent > lines[at].indent and not lines[end - 1].is_ended:
            end += 1
        return end

    def _begins_other(self, line: Line) -> bool:
        """Whether a line ends the item above it."""
        is_answer = self._is_asked and _ANSWER.match(line.text) is not None
        return (
            line.start in self._notes
            or line.is_rule
            or is_answer
            or bool(_QUESTION.match(line.text) or self._match_item(line))
        )


def _is_part(line: Line, item: Line) -> bool:
    """Whether a line has a sub-number of an item: "3.1 The hedge" below "3. Any other business"."""
    number, part = _NUMBERED.match(item.text), _PART.match(line.text)
    return bool(number and part and number[0].rstrip(". )\t") == part["above"])


def _cut_line(line: Line, start: int) -> Line:
    """The rest of a line from `start` on."""
    if start <= line.start:
        return line
    text = line.text[start - line.start :].lstrip()
    return replace(line, start=line.end - len(text), text=text)


def is_heading(line: str) -> bool:
    """Whether a line has the form of a heading: short, without a list mark and without the end of a sentence."""
    if len(line) > HEADING_LIMIT or "\n" in line or _STOP.search(line):
        return False
    if line[0].islower() or (line.rstrip(_CLOSING)[-1:] in _NO_HEADING_END and not _REMARK_END.search(line)):
        return False
    marks = (_QUESTION, _ANSWER, _BULLET, _NUMBERED)
    return any(map(str.isalpha, line)) and not any(mark.match(line) for mark in marks)


def _find_lettered(lines: Iterable[Line]) -> set[int]:
    """The starts of lines that a letter or Roman number marks as items: another line has the next one."""
    found: set[int] = set()
    last: dict[tuple[str, bool], tuple[int, int]] = {}
    for line in lines:
        letter, roman = _LETTERED.match(line.text), _ROMAN.match(line.text)
        for kind, mark in (("letter", letter), ("roman", roman)):
            if not mark:
                continue
            written = mark["letter"].lower()
            if kind == "roman" and written not in _ROMANS:
                continue
            number = _ROMANS.index(written) if kind == "roman" else ord(written)
            key = (kind, mark["letter"].islower())
            before, start = last.get(key, (-1, 0))
            if number == before + 1:
                found |= {start, line.start}
            last[key] = (number, line.start)
    return found


def _find_capitals(paragraphs: Sequence[Paragraph]) -> set[int]:
    """The starts of lines in capitals that are headings: the first lines of paragraphs, with other text below them.

    There must be several, including numbered ones, and hardly any other lines in capitals.
    """
    found: list[Line] = []
    count = others = 0
    for place, paragraph in enumerate(paragraphs):
        capitals = [_is_in_capitals(line.text) for line in paragraph.lines]
        below = paragraph.lines[1:] or (paragraphs[place + 1].lines if place + 1 < len(paragraphs) else ())
        is_first = capitals[0] and bool(below) and not below[0].is_rule and not _is_in_capitals(below[0].text)
        count += is_first
        others += sum(capitals) - is_first
        if is_first and is_heading(paragraph.lines[0].text):
            found.append(paragraph.lines[0])
    total = sum(len(paragraph.lines) for paragraph in paragraphs)
    is_usual = count > 1 and others * 4 <= count and count * 3 <= total * 2
    return {line.start for line in found} if is_usual else set()


def _is_in_capitals(line: str) -> bool:
    """Whether a line is in capitals, and has more letters than digits and signs."""
    letters = sum(map(str.isalpha, line))
    return line.isupper() and letters > 3 and 2 * letters > len(line.replace(" ", ""))


def _find_labels(text: str, paragraphs: Sequence[Paragraph]) -> dict[int, int]:
    """Where paragraphs with labels ("Tip 1: Listen. When ...") start -> where the heading before their text ends.

    The numbers must go up by one, and each must have more text than the label's own sentence: "Plot 12: Rented to Ms
    Falk. The fence needs paint." is not a heading with a text, but two sentences.
    """
    series: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for paragraph in paragraphs:
        start, whole = paragraph.lines[0].start, text[paragraph.lines[0].start : paragraph.lines[-1].end]
        if label := _LABEL.match(whole):
            ends = (found.end() for mark in (_LINE_END, _STOP) if (found := mark.search(whole, label.end())))
            end = min(ends, default=len(whole))
            is_heading = end <= LABEL_LIMIT and _is_longer(whole[end:], whole[label.end() : end])
            series[label["word"].casefold()].append((int(label["number"]), start, start + end if is_heading else 0))
    return {
        start: end
        for members in series.values()
        if len(members) > 1 and all(end for *_, end in members) and _goes_up([number for number, *_ in members])
        for _, start, end in members
    }


def _is_longer(text: str, heading: str) -> bool:
    """Whether a text is running text below a heading: two sentences, and twice as long."""
    return len(text.strip()) >= 2 * len(heading.strip()) and len(_STOP.findall(text)) > 1


def _goes_up(numbers: Sequence[int]) -> bool:
    """Whether each number is the next one."""
    return list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))


def _find_headings(
    text: str,
    paragraphs: Sequence[Paragraph],
    cut: Sequence[Sequence[Block]],
    alone: Sequence[str],
    numbered: dict[int, int],
    capitals: Collection[int],
    *,
    underlined: bool,
) -> dict[int, int]:
    """The places of the paragraphs that are headings -> their levels.

    A line between blank ones is a heading if its numbers go up by one, or if it stands alone above running text. Of
    two such lines the first is a heading only as the title; three are a list. Lines that each stand above lines without
    full stops are headings only if there are several.

    Args:
        alone: for each paragraph its only line, by `_read_alone`.
        numbered: the places of headings by their numbers, with their levels.
        capitals: the starts of lines that are headings because they are in capitals.
        underlined: whether the document underlines its headings; then a line that is not underlined is not one.
    """
    found = numbered | {place: 2 for place, line in enumerate(alone) if _HASHES.match(line)}
    found |= {place: 2 for place, line in enumerate(alone) if line and paragraphs[place].lines[0].start in capitals}
    weak: list[int] = []
    for run in _find_runs(paragraphs, alone, found):
        below = run[-1] + 1
        # The text between two headings belongs to the first.
        is_marked = (below in found and run[0] - 1 not in found) or (
            below < len(cut) and any(block.kind != "paragraph" for block in cut[below])
        )
        whole = text[paragraphs[below].lines[0].start : paragraphs[below].lines[-1].end] if below < len(cut) else ""
        if (underlined and run[0]) or len(run) > 2:
            continue
        if is_marked or whole.endswith(":") or is_running(whole, alone[run[-1]]):
            found |= dict.fromkeys(run if not run[0] else run[-1:], 2)
        elif "\n" in whole:
            weak.append(run[-1])
    return found | (dict.fromkeys(weak, 2) if len(weak) > 1 or weak == [0] else {})


def _read_alone(paragraph: Paragraph, blocks: Sequence[Block]) -> str:
    """The only line of a paragraph, or its number and the line below; empty if there is more."""
    texts = [line.text for line in paragraph.lines[:3]]
    if any(block.kind not in ("paragraph", "item") for block in blocks) or len(blocks) != len(texts):
        return ""
    is_chapter = len(texts) == 2 and _SECTION.fullmatch(texts[0])
    return " ".join(texts) if len(texts) == 1 or is_chapter else ""


def _read_number(written: str) -> tuple[int, ...]:
    """The parts of a section number: 2 and 3 of "2.3"; empty if it is not a number."""
    if written[0].isdigit():
        return tuple(map(int, written.split(".")))
    return (_NUMERALS[written],) if written in _NUMERALS else ()


def _find_runs(paragraphs: Sequence[Paragraph], alone: Sequence[str], found: dict[int, int]) -> Iterator[list[int]]:
    """Yield the places of successive lines in the form of headings, with one blank line between them."""
    run: list[int] = []
    for place, line in enumerate(alone):
        # "Name: value" is a heading only at the very top.
        if not line or place in found or not is_heading(line) or (place and _FIELD.match(line)):
            continue
        if run and (run[-1] + 1 < place or paragraphs[place].gap > 1):
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def is_running(text: str, heading: str) -> bool:
    """Whether a text is running text below a heading: it has sentences, and is longer."""
    stops = len(_STOP.findall(text))
    return stops > 1 or (stops == 1 and len(text) >= 2 * len(heading))


def _find_numbered(alone: Sequence[str]) -> dict[int, int]:
    """The places of lines whose number continues in another such line, and with text below -> their levels."""
    series: defaultdict[tuple[str, tuple[int, ...]], list[tuple[int, int]]] = defaultdict(list)
    for place, line in enumerate(alone):
        number = _SECTION.match(line)
        rest = line[number.end() :].strip() if number else ""
        if number and (is_heading(rest) if rest else number["word"]) and (parts := _read_number(number["parts"])):
            series[(number["word"] or "").casefold(), parts[:-1]].append((parts[-1], place))
    found: dict[int, int] = {}
    for (_, above), members in series.items():
        places = {place for _, place in members}
        goes_on = len(members) > 1 and _goes_up([number for number, _ in members])
        if goes_on and not any(place + 1 in places or place + 1 == len(alone) for place in places):
            found |= dict.fromkeys(places, min(2 + len(above), 6))
    return found
