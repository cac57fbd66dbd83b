"""Blocks of plain text: headings, questions, tips and lists are known by how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from index.reading.blocks import Block, Reading, is_furniture, stripped

HEADING_LIMIT = 120
"""Characters; a longer line of plain text is never taken for a heading."""

LABEL_LIMIT = 80
"""Characters; a longer first sentence after "Tip 1:" is text, not a heading."""

_PARAGRAPH = re.compile(r"\S.*(?:\n(?![ \t]*\n).*\S.*)*")
_QUESTION = re.compile(r"(?:Q|Question|问|問|س)(?: ?\d+)?(?:[:.)]\s+|：\s*)", re.IGNORECASE)
_ANSWER = re.compile(r"(?:A|Answer|答|ج)(?: ?\d+)?(?:[:.)]\s+|：\s*)", re.IGNORECASE)
_LABEL = re.compile(r"\w+ \d+\s?[:.–—-]\s+(?=\w)")
_ITEM = re.compile(r"[ \t]*(?:[-*•●▪◦‣–][ \t]+|・[ \t]*|(?=\d{1,3}[.)][ \t]))(?=\S)")
_STOP = re.compile(r"[.!?؟۔।]['\")’”»]*\s|[。！？]")
_LINE_END = re.compile(r"\n\s*(?=[^\sa-z])")
_NO_HEADING_END = ".!:;,*…)。！：；，、）؛،۔।"
"""No heading ends so: the full stops, commas and the like of several scripts."""


def read_plaintext(text: str) -> Reading:
    """The blocks of plain text, where headings, questions and tips stand without marks."""
    found = list(_paragraphs(text))
    # Where many paragraphs stand far apart, the distance tells nothing.
    telling = sum(gap for _, _, gap in found) * 3 < len(found)
    blocks: list[Block] = []
    for position, (start, end, gap) in enumerate(found):
        if gap and telling:
            blocks.append(Block("break", start, start))
        whole = text[start:end]
        if is_furniture(whole):
            continue
        if is_heading(whole) and position + 1 < len(found):
            level = 1 if not any(block.kind != "break" for block in blocks) else 2
            mark = re.match(r"#{1,6}\s+", whole)
            blocks.append(Block("heading", start + (mark.end() if mark else 0), end, level))
        else:
            blocks.extend(_inside(text, start, end))
    return Reading(text, tuple(blocks))


def _paragraphs(text: str) -> Iterator[tuple[int, int, bool]]:
    """Spans of the paragraphs of plain text, each with whether two or more blank lines stand before it."""
    single = not re.search(r"\n[ \t]*\n", text.strip())
    previous = None
    for match in re.finditer(r"\S.*" if single else _PARAGRAPH, text):
        between = "" if previous is None else text[previous : match.start()]
        yield match.start(), match.start() + len(match[0].rstrip()), between.count("\n") > 2
        previous = match.end()


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph of plain text is a heading: one short line that does not end like a sentence."""
    if re.match(r"#{1,6}\s+\S", paragraph) and "\n" not in paragraph:
        return True
    if "\n" in paragraph or len(paragraph) > HEADING_LIMIT or _STOP.search(paragraph) or _ITEM.match(paragraph):
        return False
    if _QUESTION.match(paragraph) or _ANSWER.match(paragraph):
        return False
    return paragraph[-1] not in _NO_HEADING_END and not paragraph[0].islower()


def _inside(text: str, start: int, end: int) -> Iterator[Block]:
    """Blocks inside one paragraph of plain text: a question and its answer, a labelled tip, list items, or itself."""
    whole = text[start:end]
    if question := _QUESTION.match(whole):
        answer = re.search(r"\n[ \t]*(?=" + _ANSWER.pattern + ")", whole, re.IGNORECASE)
        stop = start + answer.start() if answer else end
        yield replace(stripped(text, start + question.end(), stop), kind="heading", level=2)
        if answer:
            yield from _inside(text, start + answer.end(), end)
    elif answer := _ANSWER.match(whole):
        yield stripped(text, start + answer.end(), end)
    elif named := _name_end(whole):
        yield replace(stripped(text, start, start + named), kind="heading", level=2)
        yield from _inside(text, start + named, end)
    else:
        yield from _items(text, start, end)


def _name_end(paragraph: str) -> int:
    """Where the name of a labelled paragraph ends ("Tip 1: Listen. When ..."): its line, or a short first sentence.

    0 if it has none, or nothing comes after it.
    """
    label = _LABEL.match(paragraph)
    if not label:
        return 0
    ends = (match.end() for pattern in (_LINE_END, _STOP) if (match := pattern.search(paragraph, label.end())))
    end = min(ends, default=0)
    return end if end <= LABEL_LIMIT and paragraph[end:].strip() else 0


def _items(text: str, start: int, end: int) -> Iterator[Block]:
    """The list items of a paragraph of plain text and what stands before them, or the paragraph itself."""
    marks = [m for m in re.finditer(r"(?m)^.*$", text[start:end]) if _ITEM.match(m[0])]
    cuts = [start + mark.start() for mark in marks]
    if not cuts:
        yield stripped(text, start, end)
        return
    if cuts[0] > start:
        yield stripped(text, start, cuts[0])
    for cut, stop in zip(cuts, [*cuts[1:], end], strict=True):
        mark = _ITEM.match(text, cut)
        yield replace(stripped(text, mark.end() if mark else cut, stop), kind="item")
