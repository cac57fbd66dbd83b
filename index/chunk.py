"""A `Document` becomes `Chunk`s that follow its structure, each with its `Sentence`s.

Every span is in characters of the document's text, end exclusive: `document.text[start:end]` gives it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import sentencex

from index.documents import Block, Document, heading_text, plain

CHUNKER_VERSION = "1"
"""Change it when the same text would give other chunks: stored indexes are then rebuilt."""

CHUNK_LIMIT = 1200
"""Characters; paragraphs under one heading are joined up to here, a longer paragraph is cut between sentences."""

_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: `text` as written there, `plain` as a reader sees it."""

    text: str
    plain: str
    start: int
    end: int


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
        sentences = split_sentences(document.text, block)
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
    """The sentences of a block; rows of a table and code stay whole. Source of the rules: sentencex."""
    if block.kind in ("row", "code"):
        return _sentence(text, block.start, block.end)
    number = re.match(r"\d{1,3}[.)]\s+", text[block.start : block.end]) if block.kind == "item" else None
    begin = block.start + (number.end() if number else 0)
    # Hard-wrapped lines belong to one sentence; same length, so that spans stay true.
    inner = text[begin : block.end].replace("\n", " ")
    language = "zh" if _EAST_ASIAN.search(inner) else "en"
    spans = [
        (begin + b["start_index"], begin + b["end_index"]) for b in sentencex.get_sentence_boundaries(language, inner)
    ]
    if spans and number:
        spans[0] = (block.start, spans[0][1])
    return tuple(sentence for start, end in spans for sentence in _sentence(text, start, end))


def _sentence(text: str, start: int, end: int) -> tuple[Sentence, ...]:
    """The sentence at a span, without white space at its ends; none if it holds no letter or digit."""
    inner = text[start:end]
    start, end = start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
    shown = plain(text[start:end])
    return (Sentence(text[start:end], shown, start, end),) if any(map(str.isalnum, shown)) else ()
