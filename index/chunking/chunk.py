"""Splits a `Document` into `Chunk`s that follow its structure, each with its `Sentence`s.

A table row is one sentence: its span is the row as it is in the text, its `plain` the row written out with its column
heads and the name of its table. A heading with no text below it is text itself.

Spans count characters of the document's text, end exclusive: `document.text[start:end]`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from index.chunking.sentences import cut_span, find_sentence_spans
from index.reading.blocks import ENCODED_DATA, Block, Kind
from index.reading.documents import Document, clean_heading
from index.reading.plain import NOTE_MARK, join_lines, join_wrapped, strip_markup

CHUNKER_VERSION = "10"
"""Change it when the same text would give different chunks: stored indexes are then rebuilt."""

CHUNK_LIMIT = 1200
"""Characters; paragraphs under one heading are joined up to this length; a chunk is cut at twice this length."""

_QUOTE = re.compile(r"(?:>[ \t]*)+")
"""The marks before each line of a quotation."""

_NUMBER = re.compile(r"(?:\d{1,9}|[A-Za-z]|[ivxlcIVXLC]{1,6})[.)]\s+")

SentenceKind = Literal["text", "heading", "item", "question", "answer", "row", "caption", "code", "introduction"]
"""What a sentence is in its document. An "introduction" comes before the first heading below the title."""


_KINDS: dict[Kind, SentenceKind] = {
    "paragraph": "text",
    "break": "text",
    "heading": "heading",
    "item": "item",
    "question": "question",
    "answer": "answer",
    "row": "row",
    "caption": "caption",
    "code": "code",
}
"""Kind of a block -> kind of its sentences."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document."""

    text: str
    """As it is in the document's text."""
    plain: str
    """As a reader sees it: without markup, on one line; a table row is written out with its column heads."""
    start: int
    end: int
    page: int = 0
    """The page on which it starts, from 1; 0 if the document has no pages."""
    kind: SentenceKind = "text"

    @property
    def told(self) -> str:
        """What to show instead of `text`: `plain` of a row, or of an item whose file has another number; else empty."""
        number = _NUMBER.match(self.text) if self.kind == "item" else None
        renumbered = number and not self.plain.startswith(number[0].rstrip())
        return self.plain if self.kind == "row" or renumbered else ""

    @property
    def cells(self) -> tuple[str, ...]:
        """What each cell of a row with several says, after the row's name; a cell is split at its own commas too."""
        name, _, told = self.plain.partition(": ") if self.kind == "row" else ("", "", "")
        cells = told.split(", ")
        return tuple(f"{name}: {cell}" for cell in cells) if len(cells) > 1 else ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is stored and retrieved: a tip, a question with its answer, or some paragraphs under a heading."""

    id: str
    """Hash of source, headings, text and a counter of equal chunks in the file."""
    source: str
    title: str
    headings: tuple[str, ...]
    """From the outermost section to the innermost; before the first section only the title."""
    text: str
    start: int
    end: int
    sentences: tuple[Sentence, ...]

    @property
    def heading(self) -> str:
        """The innermost heading, or the title."""
        return self.headings[-1] if self.headings else self.title

    @property
    def page(self) -> int:
        """The page on which it starts, from 1; 0 if the document has no pages."""
        return self.sentences[0].page if self.sentences else 0


def chunk_document(document: Document) -> tuple[Chunk, ...]:
    """Split a document into chunks, in order; a heading with no text under it makes none."""
    chunks: list[Chunk] = []
    seen: dict[str, int] = {}
    for headings, blocks in _split_sections(document):
        for group in _group_sentences(document, headings, blocks):
            start, end = group[0].start, group[-1].end
            text = document.text[start:end]
            key = "\0".join((document.source, *headings, text))
            seen[key] = seen.get(key, 0) + 1
            identity = sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:16]
            chunks.append(Chunk(identity, document.source, document.title, headings, text, start, end, tuple(group)))
    return tuple(chunks)


def _split_sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Yield (headings, blocks) of each section; the title is a heading only before the first section."""
    path: list[tuple[int, str]] = []
    blocks: list[Block] = []
    bare = _find_bare_headings(document.blocks)
    for block in (*document.blocks, Block("break", len(document.text), len(document.text))):
        if block.kind not in ("heading", "break") or block in bare:
            blocks.append(block)
            continue
        if blocks:
            inner = tuple(text for _, text in path if text != document.title)
            yield inner or (document.title,), blocks
        blocks = []
        level = block.level or 2
        path = [(above, text) for above, text in path if above < level]
        if block.kind == "heading":
            path.append((block.level, clean_heading(document.text, block)))


def _find_bare_headings(blocks: Sequence[Block]) -> set[Block]:
    """The headings with no text below them, up to the next heading that is not below them; not the very first one."""
    bare: set[Block] = set()
    waiting: list[Block] = []
    for block in blocks[1:]:
        if block.kind == "break":
            bare.update(waiting)
            waiting = []
        elif block.kind == "heading":
            bare.update(above for above in waiting if above.level >= block.level)
            waiting = [*(above for above in waiting if above.level < block.level), block]
        else:
            waiting = []
    return bare | set(waiting)


def _group_sentences(
    document: Document, headings: tuple[str, ...], blocks: Sequence[Block]
) -> Iterator[list[Sentence]]:
    """Yield the sentences of one chunk at a time.

    Text that ends with ":" stays with the block after it, and a question with its answer.
    """
    opening = headings == (document.title,) and any(block.kind == "heading" for block in document.blocks[1:])
    group: list[Sentence] = []
    for place, block in enumerate(blocks):
        found = split_sentences(document.text, block, headings[-1])
        sentences = [_add_page(sentence, document.pages) for sentence in found]
        if opening:
            sentences = [replace(s, kind="introduction") if s.kind == "text" else s for s in sentences]
        goes_on = bool(group) and (group[-1].plain.endswith(":") or group[-1].kind == "question")
        if group and not goes_on and _find_answer_end(blocks, place) - group[0].start > CHUNK_LIMIT:
            yield group
            group = []
        for sentence in sentences:
            if group and sentence.end - group[0].start > 2 * CHUNK_LIMIT:
                yield group
                group = []
            group.append(sentence)
    if group:
        yield group


def _find_answer_end(blocks: Sequence[Block], place: int) -> int:
    """Return where a block ends; for a question, where its answer ends."""
    if blocks[place].kind == "question":
        place = min(place + 1, len(blocks) - 1)
        while place + 1 < len(blocks) and blocks[place + 1].kind == "answer":
            place += 1
    return blocks[place].end


def split_sentences(text: str, block: Block, heading: str = "") -> tuple[Sentence, ...]:
    """Split a block into sentences of at most `SENTENCE_LIMIT`; a table row, or short code, is one sentence.

    Args:
        heading: the nearest heading above, which names a table without a caption.
    """
    if block.kind == "row":
        return _tell_row(text, block, heading)
    spans = (
        (start, end)
        for begin, stop in _skip_data(text, block)
        for start, end in _find_spans(text, begin, stop, block.kind)
    )
    kind = _KINDS[block.kind]
    made = (sentence for start, end in spans for sentence in _make_sentence(text, start, end, block))
    return tuple(replace(sentence, kind=kind) for sentence in made)


def _tell_row(text: str, block: Block, heading: str) -> tuple[Sentence, ...]:
    """The sentence of a row; none for a row of column heads or a row without words."""
    if not any(map(str.isalnum, block.told)):
        return ()
    name = block.caption or heading
    told = f"{block.told} ({name})" if name else block.told
    return (Sentence(text[block.start : block.end], told, block.start, block.end, kind="row"),)


def _skip_data(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """Yield the spans of a block outside encoded data."""
    at = block.start
    for data in ENCODED_DATA.finditer(text, block.start, block.end):
        yield at, data.start()
        at = data.end()
    yield at, block.end


def _find_spans(text: str, start: int, end: int, kind: Kind) -> Iterator[tuple[int, int]]:
    """Yield the spans of the sentences in a part of a block; long ones are cut."""
    if kind in ("row", "code"):
        yield from cut_span(text, start, end, lines=kind == "code")
        return
    number = _NUMBER.match(text, start, end) if kind == "item" else None
    for first, last in find_sentence_spans(text, number.end() if number else start, end):
        yield from cut_span(text, start if number and first == number.end() else first, last)


def _make_sentence(text: str, start: int, end: int, block: Block) -> tuple[Sentence, ...]:
    """Make the sentence of a span, without white space at its ends; empty if it has no letter or digit."""
    inner = text[start:end]
    start, end = start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
    is_quoted = block.kind != "code" and block.start < start
    if is_quoted and (quote := _QUOTE.match(text, start, end)) and _is_at_line_start(text, start):
        start = quote.end()
    inner = text[start:end]
    if not any(map(str.isalnum, inner)) or (block.markup and NOTE_MARK.fullmatch(inner)):
        return ()
    numbered = block.number and start == block.start
    read = _NUMBER.sub(f"{block.number} ", inner, count=1) if numbered else inner
    join = strip_markup if block.markup else join_lines if block.kind == "code" else join_wrapped
    shown = join(read)
    # Most sentences have no markup: sharing one string halves the memory of a large corpus.
    shown = inner if shown == inner else shown
    return (Sentence(inner, shown, start, end),) if any(map(str.isalnum, shown)) else ()


def _is_at_line_start(text: str, place: int) -> bool:
    return not text[text.rfind("\n", 0, place) + 1 : place].strip()


def _add_page(sentence: Sentence, pages: Sequence[int]) -> Sentence:
    """Add the page on which a sentence starts, if the document has pages."""
    return replace(sentence, page=bisect_right(pages, sentence.start)) if pages else sentence
