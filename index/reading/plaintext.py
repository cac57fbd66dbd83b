"""Reads plain text into blocks: recognises headings, questions, tips and lists by how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from index.reading.blocks import Block, Reading, is_boilerplate, trim_paragraph

HEADING_LIMIT = 120
"""Characters; a longer line is never a heading."""

LABEL_LIMIT = 80
"""Characters; a longer first sentence after a label ("Tip 1:") is text, not a heading."""

_PARAGRAPH = re.compile(r"\S.*(?:\n(?![ \t]*\n).*\S.*)*")
_QUESTION = re.compile(r"(?:Q|Question|问|問|س)(?: ?\d+)?(?:[:.)]\s+|：\s*)", re.IGNORECASE)
_ANSWER = re.compile(r"(?:A|Answer|答|ج)(?: ?\d+)?(?:[:.)]\s+|：\s*)", re.IGNORECASE)
_LABEL = re.compile(r"\w+ \d+\s?[:.–—-]\s+(?=\w)")
_ITEM = re.compile(r"[ \t]*(?:[-*•●▪◦‣–][ \t]+|・[ \t]*|(?=\d{1,3}[.)][ \t]))(?=\S)")
_STOP = re.compile(r"[.!?؟۔।]['\")’”»]*\s|[。！？]")
_LINE_END = re.compile(r"\n\s*(?=[^\sa-z])")
_NO_HEADING_END = ".!:;,*…)。！：；，、）؛،۔।"
"""Punctuation of several scripts that never ends a heading."""


def read_plaintext(text: str) -> Reading:
    """Read the blocks of plain text, without boilerplate."""
    found = list(_find_paragraphs(text))
    # Where many paragraphs are far apart, the distance means nothing.
    gaps_matter = sum(gap for _, _, gap in found) * 3 < len(found)
    blocks: list[Block] = []
    for position, (start, end, gap) in enumerate(found):
        if gap and gaps_matter:
            blocks.append(Block("break", start, start))
        whole = text[start:end]
        if is_boilerplate(whole):
            continue
        if is_heading(whole) and position + 1 < len(found):
            level = 1 if not any(block.kind != "break" for block in blocks) else 2
            mark = re.match(r"#{1,6}\s+", whole)
            blocks.append(Block("heading", start + (mark.end() if mark else 0), end, level))
        else:
            blocks.extend(_split_paragraph(text, start, end))
    return Reading(text, tuple(blocks))


def _find_paragraphs(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, whether two or more blank lines come before) of each paragraph.

    In a text without blank lines every line is a paragraph.
    """
    single = not re.search(r"\n[ \t]*\n", text.strip())
    previous = None
    for match in re.finditer(r"\S.*" if single else _PARAGRAPH, text):
        between = "" if previous is None else text[previous : match.start()]
        yield match.start(), match.start() + len(match[0].rstrip()), between.count("\n") > 2
        previous = match.end()


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph is a heading: one short line that does not end like a sentence."""
    if re.match(r"#{1,6}\s+\S", paragraph) and "\n" not in paragraph:
        return True
    if "\n" in paragraph or len(paragraph) > HEADING_LIMIT or _STOP.search(paragraph) or _ITEM.match(paragraph):
        return False
    if _QUESTION.match(paragraph) or _ANSWER.match(paragraph):
        return False
    return paragraph[-1] not in _NO_HEADING_END and not paragraph[0].islower()


def _split_paragraph(text: str, start: int, end: int) -> Iterator[Block]:
    """Yield the blocks of one paragraph: question and answer, labelled tip, list items, or the paragraph itself."""
    whole = text[start:end]
    if question := _QUESTION.match(whole):
        answer = re.search(r"\n[ \t]*(?=" + _ANSWER.pattern + ")", whole, re.IGNORECASE)
        stop = start + answer.start() if answer else end
        yield replace(trim_paragraph(text, start + question.end(), stop), kind="heading", level=2)
        if answer:
            yield from _split_paragraph(text, start + answer.end(), end)
    elif answer := _ANSWER.match(whole):
        yield trim_paragraph(text, start + answer.end(), end)
    elif label_end := _find_label_end(whole):
        yield replace(trim_paragraph(text, start, start + label_end), kind="heading", level=2)
        yield from _split_paragraph(text, start + label_end, end)
    else:
        yield from _split_items(text, start, end)


def _find_label_end(paragraph: str) -> int:
    """Return where the label of a paragraph ends ("Tip 1: Listen. When ..."): after its line or short first sentence.

    0 if there is no label, or nothing after it.
    """
    label = _LABEL.match(paragraph)
    if not label:
        return 0
    ends = (match.end() for pattern in (_LINE_END, _STOP) if (match := pattern.search(paragraph, label.end())))
    end = min(ends, default=0)
    return end if end <= LABEL_LIMIT and paragraph[end:].strip() else 0


def _split_items(text: str, start: int, end: int) -> Iterator[Block]:
    """Yield the text before the list items of a paragraph, then the items; without items, the paragraph itself."""
    marks = [m for m in re.finditer(r"(?m)^.*$", text[start:end]) if _ITEM.match(m[0])]
    cuts = [start + mark.start() for mark in marks]
    if not cuts:
        yield trim_paragraph(text, start, end)
        return
    if cuts[0] > start:
        yield trim_paragraph(text, start, cuts[0])
    for cut, stop in zip(cuts, [*cuts[1:], end], strict=True):
        mark = _ITEM.match(text, cut)
        yield replace(trim_paragraph(text, mark.end() if mark else cut, stop), kind="item")
