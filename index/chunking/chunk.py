"""A `Document` becomes `Chunk`s that follow its structure, each with its `Sentence`s.

Every span is in characters of the document's text, end exclusive: `document.text[start:end]` gives it back.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from index.chunking.sentences import pieces, sentence_spans
from index.reading.blocks import DATA, Block, Kind
from index.reading.documents import Document, heading_text
from index.reading.plain import plain

CHUNKER_VERSION = "2"
"""Change it when the same text would give other chunks: stored indexes are then rebuilt."""

CHUNK_LIMIT = 1200
"""Characters; paragraphs under one heading are joined up to here, a longer paragraph is cut between sentences."""

_NUMBER = re.compile(r"\d{1,3}[.)]\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: `text` as written there, `plain` as a reader sees it."""

    text: str
    plain: str
    start: int
    end: int
    page: int = 0
    """The page on which it starts, from 1; 0 if its document has none."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is stored and found: a tip, a question with its answer, or a few paragraphs under their heading."""

    id: str
    """Hash of source, heading and text; two equal ones in a file differ by a counter."""
    source: str
    title: str
    headings: tuple[str, ...]
    """From the outermost section to the innermost; the title alone before the first section."""
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
        """The page on which it starts, from 1; 0 if its document has none."""
        return self.sentences[0].page if self.sentences else 0


def chunk_document(document: Document) -> tuple[Chunk, ...]:
    """The chunks of a document, in its order; a heading with nothing under it gives none."""
    chunks: list[Chunk] = []
    seen: dict[str, int] = {}
    for headings, blocks in _sections(document):
        for group in _groups(document, blocks):
            start, end = group[0].start, group[-1].end
            text = document.text[start:end]
            key = "\0".join((document.source, *headings, text))
            seen[key] = seen.get(key, 0) + 1
            identity = sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:16]
            chunks.append(Chunk(identity, document.source, document.title, headings, text, start, end, tuple(group)))
    return tuple(chunks)


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Blocks of text under one heading, with the headings above them; the title counts only before the first."""
    path: list[tuple[int, str]] = []
    blocks: list[Block] = []
    for block in (*document.blocks, Block("break", len(document.text), len(document.text))):
        if block.kind not in ("heading", "break"):
            blocks.append(block)
            continue
        if blocks:
            inner = tuple(text for _, text in path if text != document.title)
            yield inner or (document.title,), blocks
        blocks = []
        level = block.level or 2
        path = [(above, text) for above, text in path if above < level]
        if block.kind == "heading":
            path.append((block.level, heading_text(document.text, block)))


def _groups(document: Document, blocks: Sequence[Block]) -> Iterator[list[Sentence]]:
    """Sentences of the blocks, joined up to the limit; a line that ends in ":" stays with what it introduces."""
    group: list[Sentence] = []
    for block in blocks:
        sentences = [_paged(sentence, document.pages) for sentence in split_sentences(document.text, block)]
        introduced = bool(group) and group[-1].plain.endswith(":")
        if group and not introduced and block.end - group[0].start > CHUNK_LIMIT:
            yield group
            group = []
        for sentence in sentences:
            if group and sentence.end - group[0].start > 2 * CHUNK_LIMIT:
                yield group
                group = []
            group.append(sentence)
    if group:
        yield group


def split_sentences(text: str, block: Block) -> tuple[Sentence, ...]:
    """The sentences of a block, none longer than the limit; a row of a table, and code, is one if it can."""
    spans = (
        (start, end) for begin, stop in _worded(text, block) for start, end in _spans(text, begin, stop, block.kind)
    )
    return tuple(sentence for start, end in spans for sentence in _sentence(text, start, end))


def _worded(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The stretches of a block between what is data and not words."""
    at = block.start
    for data in DATA.finditer(text, block.start, block.end):
        yield at, data.start()
        at = data.end()
    yield at, block.end


def _spans(text: str, start: int, end: int, kind: Kind) -> Iterator[tuple[int, int]]:
    """Spans of sentences in a stretch of one block, those too long cut to pieces."""
    if kind in ("row", "code"):
        yield from pieces(text, start, end, lines=kind == "code")
        return
    number = _NUMBER.match(text, start, end) if kind == "item" else None
    for first, last in sentence_spans(text, number.end() if number else start, end):
        yield from pieces(text, start if number and first == number.end() else first, last)


def _sentence(text: str, start: int, end: int) -> tuple[Sentence, ...]:
    """The sentence at a span, without white space at its ends; none if it holds no letter or digit."""
    inner = text[start:end]
    start, end = start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
    inner = text[start:end]
    if not any(map(str.isalnum, inner)):
        return ()
    shown = plain(inner)
    # Most sentences are shown as they stand: one string for both halves the memory of a large corpus.
    shown = inner if shown == inner else shown
    return (Sentence(inner, shown, start, end),) if any(map(str.isalnum, shown)) else ()


def _paged(sentence: Sentence, pages: Sequence[int]) -> Sentence:
    """A sentence with the page on which it starts, if its document has pages."""
    return replace(sentence, page=bisect_right(pages, sentence.start)) if pages else sentence
