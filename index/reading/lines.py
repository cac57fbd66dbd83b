"""The lines of a plain text: its paragraphs, and which lines of a paragraph are wrapped text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.reading.plain import FRAMES

MARGIN_MINIMUM = 25
"""Characters; text is not wrapped to shorter lines."""

LONG_LINE = 45
"""Characters; if a line this long continues in lower case, it was wrapped."""

FULL_SHARE = 0.75
"""Share of the lines continued in lower case that must be about full for a text to count as wrapped."""

_LINE = re.compile(r"(?P<indent>[ \t]*)(?:>[ \t]?)*(?P<text>\S.*)?(?:\n|\Z)")
_ENDED = re.compile(r"[.!?:。！？：؟۔।…][\"')\]’”»_*]*\Z")
_INNER_END = re.compile(r"[^\W\d_]{4}[.!?][\"'”’)]*\s+\S|\S\s+\S+\s+\S*\d[.!?]\s+[A-ZÀ-Þ]")
"""A sentence that ends inside a line before another one; the first number of a line may be its counter."""
_FIELD = re.compile(r"[^\s:][^:]{0,30}:(?:\s|\Z)")
_ENTRY = re.compile(
    r"""[^\s.·…](?:\s+[.·…]{4,}|[.·…]{8,})\s*[^\s.·…]\S{0,40}(?:\s\S{1,40}){0,3}\Z
      | [^\s.·…][.·…]{4,}\s*\S{0,9}\d\S{0,9}(?:\s\S{1,40}){0,3}\Z
      | \A(?:\S{1,30}\s+){1,3}=\s+\S.{0,30}\Z""",
    re.VERBOSE,
)
"""A name and its value, with dots or a sign between them: "Tea ..... 2.40", "red = no signal"."""
_LEAD = re.compile(r"\A(?:\d[\d.)]*\s+|[\"'“„«¿¡])+")
"""What may precede the first word of a sentence."""
_COUNT = re.compile(r"\d+(?:[.,]\d+)?\s")
_PRICE_END = re.compile(r"\d[.,]\d\d\Z|\d\s?(?:€|£|\$|EUR|CHF|USD|GBP)\Z")
_VALUE_END = re.compile(rf"{_PRICE_END.pattern}|\d\s?[^\W\d_]{{0,3}}\Z")
_STAR_NOTE = re.compile(r"(\*{1,3}|†|‡)\s*(?=[^\s*])")
_STARRED = re.compile(r"(?<![^\s(])[^\s*†‡(]*[^\s*†‡(](\*{1,3}|†|‡)(?![\w*])")
"""A word or number with a note mark: "Pupils*"."""
_STAMP = re.compile(r"\[?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?\s+\d{1,2}[:.]\d\d")
"""The date and time at the start of a chat message."""
_LINKED = re.compile(
    r"""(?:after|and|as|at|because|before|but|by|during|except|excluding|for|from|if|in|including|of|on|or|since|than
      |that|till|to|unless|until|when|where|which|while|who|with|without
      |aber|als|am|auf|außer|bei|bis|dass|für|im|in|mit|oder|ohne|sowie|und|von|weil|wenn|zum|zur
      |à|con|de|del|et|ou|para|por|pour|que|sans|sauf|y)\b""",
    re.VERBOSE,
)
"""A word that links the text after it to the text before it."""
_OPEN_WORD = re.compile(
    r"""(?:\A|\s|\band/)(?:a|an|and|at|by|for|from|in|of|on|or|our|than|that|the|to|which|with|your
      |das|dem|den|der|des|die|ein|eine|für|im|mit|oder|und|von|zum|zur|de|del|du|el|et|la|le|les|los|ou|un|une|y)\Z""",
    re.VERBOSE,
)
"""The end of a line whose sentence is not complete."""
_STRANDED = re.compile(r"\b(?i:how|what|where|which|whom?)\s[^.!?]{0,60}\s(?:at|by|for|from|in|of|on|to|with)\Z")
"""A possible end of a question all the same: "What is it for"."""
_QUOTED = re.compile(r"[\"“„«][A-ZÀ-Þ]")
_DAY_END = re.compile(r"\b\d{1,2}(?:\.|st|nd|rd|th)?\Z")

MONTH = re.compile(
    r"(?:Jan(?:uar)?y?|Feb(?:ruar)?y?|M[aä]r(?:z|ch)?|Apr(?:il)?|Ma[iy]|Jun[ie]?|Jul[iy]?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?)\b"
)
"""The name of a month."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, without the white space around it and the ">" of a quotation."""

    start: int
    end: int
    text: str
    indent: int = 0
    """Columns before it."""

    @property
    def is_ended(self) -> bool:
        """Whether it ends as a sentence does."""
        return _ENDED.search(self.text) is not None

    @property
    def is_rule(self) -> bool:
        """Whether it has no word: a horizontal rule, an underlining, the frame of a table."""
        return not any(map(str.isalnum, self.text))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines without a blank one between them."""

    lines: tuple[Line, ...]
    gap: int
    """How many blank lines stand before it; 0 for the first."""


def find_paragraphs(text: str) -> Iterator[Paragraph]:
    """Yield the paragraphs of a text."""
    lines: list[Line] = []
    gap, started = 0, False
    for found in _LINE.finditer(text):
        shown = (found["text"] or "").rstrip()
        if shown:
            start = found.start("text")
            lines.append(Line(start, start + len(shown), shown, len(found["indent"].expandtabs())))
            continue
        if lines:
            yield Paragraph(_remove_frame(lines), gap if started else 0)
            lines, gap, started = [], 0, True
        gap += 1
    if lines:
        yield Paragraph(_remove_frame(lines), gap if started else 0)


def _remove_frame(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines without the frame of a box: the rules above and below, and the sign at both ends of each line."""
    ends = {(line.text[0], line.text[-1]) for line in lines[1:-1]}
    is_framed = len(ends) == 1 and all(one == other and one in FRAMES for one, other in ends)
    if not is_framed or not lines[0].is_rule or not lines[-1].is_rule:
        return tuple(lines)
    inner = [line.text[1:-1] for line in lines[1:-1] if not line.is_rule]
    sign = lines[1].text[0]
    if not inner or any(not text[0].isspace() or not text[-1].isspace() or sign in text for text in inner):
        return tuple(lines)
    return tuple(line if line.is_rule else _cut_frame(line) for line in lines[1:-1])


def _cut_frame(line: Line) -> Line:
    """The text of a line without the sign at both its ends."""
    shown = line.text[1:-1].strip()
    start = line.start + line.text.index(shown)
    return Line(start, start + len(shown), shown, line.indent + 1)


def find_star_notes(lines: Sequence[str], text: str) -> set[int]:
    """Return the places of lines that begin with a note mark ("* only with a card") and so are not items.

    Something in the text has the mark ("Pupils*"), and no other line begins with it.
    """
    borne = {found[1] for found in _STARRED.finditer(text)}
    marks = [found[1] if (found := _STAR_NOTE.match(line)) else "" for line in lines]
    counts = Counter(marks)
    return {place for place, mark in enumerate(marks) if mark in borne and counts[mark] == 1}


def are_entries(above: str, line: str) -> bool:
    """Whether two lines are entries of a list, which do not continue: each ends in its value."""
    if _ENTRY.search(line) or _ENTRY.search(above) or (_PRICE_END.search(above) and _PRICE_END.search(line)):
        return True
    if (len(above) >= LONG_LINE and _is_text(above)) or _LINKED.match(line):
        return False
    return bool(_VALUE_END.search(above) and _VALUE_END.search(line))


def join_set_lines(lines: Sequence[str]) -> Iterator[str]:
    """Join lines broken on purpose that are one sentence: those that continue in lower case up to its end.

    If there are two lines, the first may be a label, without which the second says nothing.
    """
    groups: list[list[str]] = []
    for line in lines:
        above = groups[-1][-1] if groups else "."
        if line[0].islower() and above[-1] not in ".!?:;" and not are_entries(above, line):
            groups[-1].append(line)
        else:
            groups.append([line])
    margin = find_margin([Line(0, len(line), line) for line in lines])
    for group in groups:
        last = max((place for place, line in enumerate(group) if _holds_end(line)), default=0)
        last = 0 if group[0][0].islower() else last
        whole = ""
        for place, line in enumerate(group):
            above = group[place - 1] if place else ""
            is_whole = len(lines) == 2 or place <= last or _fills(above, line, margin)
            goes_on = is_whole or above[-1:] in (*",;(–",) or _OPEN_WORD.search(above) or _LINKED.match(line)
            if whole and (not goes_on or (len(lines) > 2 and _has_same_mark(group, place))):
                yield whole
                whole = ""
            whole += f" {line}" if whole else line
        yield whole


def join_cell(texts: Sequence[str], is_head: bool) -> str:
    """Put the lines of a cell on one line."""
    whole = ""
    for text in filter(None, texts):
        goes_on = is_head or text[0].islower() or whole[-1:] in (*".,;:!?",)
        whole += f"{' ' if goes_on else '; '}{text}" if whole else text
    return whole


def _holds_end(line: str) -> bool:
    """Whether a sentence ends in a line."""
    return _ENDED.search(line) is not None or _INNER_END.search(line) is not None


def _fills(above: str, line: str, margin: int) -> bool:
    """Whether a line broken on purpose is as long as one of wrapped text."""
    is_full = bool(margin) and _is_full(Line(0, len(above), above), Line(0, len(line), line), 0.9 * margin)
    return _is_text(above) and (is_full or len(above) >= LONG_LINE)


def _is_text(line: str) -> bool:
    """Whether a line has more words than a short name, such as that of a file."""
    return line.count(" ") > 2


def _has_same_mark(group: Sequence[str], place: int) -> bool:
    """Whether a line begins with the same mark as the line above or below, as in a list: "bug-12 Mend it"."""
    first = group[place].split(maxsplit=1)[0]
    near = [*group[max(0, place - 1) : place], *group[place + 1 : place + 2]]
    return not first.isalpha() and any(other.split(maxsplit=1)[0] == first for other in near)


def find_margin(lines: Sequence[Line]) -> int:
    """The column to which lines are wrapped; 0 if they are not, or do not show it.

    Of the lines that do not end a sentence, a good part must begin one, or continue in lower case (names, values and
    sentences begin otherwise), and most of these must be about full. In a script without cases, or where all lines are
    in lower case, all must be full, and the last one must end in a full stop.
    """
    going_on = [(line, after) for line, after in pairwise(lines) if not line.is_ended]
    fields = sum(_FIELD.match(line.text) is not None or _ENTRY.search(line.text) is not None for line in lines)
    if not going_on or fields * 2 >= len(lines):
        return 0
    sure = [(line, after) for line, after in going_on if after.text[0].islower() or _INNER_END.search(line.text)]
    if any(line.text[0].isupper() for line in lines) or sum(map(_begins_sentence, lines)) * 4 >= len(lines):
        margin = _find_high([line.indent + len(line.text) for line, _ in sure])
        full = sum(_is_full(line, after, margin * 0.85) for line, after in sure)
        is_wrapped = len(sure) * 4 >= len(going_on) and full >= FULL_SHARE * len(sure)
    else:
        margin = max(line.indent + len(line.text) for line in lines)
        full = sum(_is_full(line, after, margin) for line, after in going_on)
        is_wrapped = len(going_on) > 1 and full == len(going_on) and lines[-1].is_ended
    return margin if is_wrapped and margin >= MARGIN_MINIMUM else 0


def _begins_sentence(line: Line) -> bool:
    """Whether a line has a capital after its number or quotation mark, or a sentence begins inside it."""
    first = _LEAD.sub("", line.text)[:1]
    return first.isupper() or (first.islower() and _INNER_END.search(line.text) is not None)


def _find_high(lengths: Sequence[int]) -> int:
    """The length that only a twentieth of the lines exceed."""
    return sorted(lengths)[int((len(lengths) - 1) * 0.95)] if lengths else 0


def _is_full(line: Line, after: Line, margin: float) -> bool:
    """Whether the next line's first word would not have fitted."""
    word = after.text.split(maxsplit=1)[0]
    return line.indent + len(line.text) + 1 + len(word) > margin


def group_wrapped(lines: Sequence[Line], margin: int) -> Iterator[list[Line]]:
    """Yield the lines in groups: those of one wrapped text together, every other line alone.

    Args:
        margin: the margin of the whole text, by `find_margin`.
    """
    own = find_margin(lines)
    whole = _find_whole_sentences(lines)
    group: list[Line] = []
    for place, line in enumerate(lines):
        if group and not (
            place in whole or _ends_sentence(lines, place) or _goes_on(group, line, own or margin, wrapped=own > 0)
        ):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _goes_on(group: Sequence[Line], line: Line, margin: int, *, wrapped: bool) -> bool:
    """Whether a line continues those before it."""
    last, lower = group[-1], line.text[0].islower()
    if _ENTRY.search(line.text):
        hangs = line.indent > group[0].indent and "..." in line.text
        return hangs and _ends_open(last.text) and not _ENTRY.search(last.text)
    if lower and not wrapped and are_entries(last.text, line.text):
        return False
    is_listed = last.text[-1] == "," and _FIELD.match(group[0].text) is not None
    hangs = (lower or is_listed) and line.indent > group[0].indent
    field = None if lower else _FIELD.match(line.text)
    is_told = field is not None and field.end() < len(line.text) and line.text[0].isupper()
    if not is_told and len(last.text) >= MARGIN_MINIMUM and _is_open(last.text, line.text):
        return True
    in_message = lower and _STAMP.match(group[0].text) is not None
    if not last.is_ended and (hangs or in_message or (wrapped and (lower or last.text[-1] in ",;("))):
        return True
    return bool(margin) and field is None and _is_full(last, line, 0.9 * margin if wrapped else margin)


def _ends_sentence(lines: Sequence[Line], place: int) -> bool:
    """Whether a line that begins with a number ends the sentence of a long line above: "in the first / 20 minutes."

    If the line above or below begins with a number too, the numbers may count items.
    """
    above, line = lines[place - 1], lines[place]
    is_long = len(above.text) >= LONG_LINE and _is_text(above.text) and above.text[-1].islower()
    if not is_long or _VALUE_END.search(above.text) or not _COUNT.match(line.text) or line.text[-1] not in ".!?":
        return False
    return not any(_COUNT.match(other.text) for other in (above, *lines[place + 1 : place + 2]))


def _is_open(above: str, line: str) -> bool:
    """Whether a line cannot be complete: it ends in an article or the like, or in a day before its month."""
    if _STRANDED.search(above) and _QUOTED.match(line):
        return False
    return bool(_OPEN_WORD.search(above) or (_DAY_END.search(above) and MONTH.match(line)))


def _ends_open(text: str) -> bool:
    """Whether a line ends in a comma or inside brackets."""
    return text[-1] == "," or text.count("(") > text.count(")")


def is_incomplete(text: str) -> bool:
    """Whether a text must continue: it ends in a comma, an open bracket, an article, or a word that links."""
    end = text[-MARGIN_MINIMUM:]
    return end[-1] in ",;(&" or bool(_OPEN_WORD.search(end)) or bool(_LINKED.fullmatch(end.split()[-1]))


def _find_whole_sentences(lines: Sequence[Line]) -> set[int]:
    """The places of lines that can only continue the one before: a capital, then lower case up to a full stop."""
    found: set[int] = set()
    start = 0
    for place, line in enumerate(lines):
        above = lines[place - 1]
        goes_on = line.text[0].islower() and not above.is_ended and not are_entries(above.text, line.text)
        if place and not goes_on:
            start = place
        if line.is_ended and lines[start].text[0].isupper():
            found.update(range(start + 1, place + 1))
    return found
