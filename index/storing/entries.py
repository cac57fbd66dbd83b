"""What of a chunk gets a vector, and how a chunk is kept beside its vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from index.chunking.chunk import Chunk, Sentence
from index.reading.documents import plain

EntryKind = Literal["chunk", "heading", "sentence"]

BATCH = 500
"""Entries written or read at once, to bound memory."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One vector's worth of a chunk. `position` numbers the sentences of the chunk from 0, else it is -1."""

    document: str
    """Id of the version of the document."""
    number: int
    """Of the chunk in its document, from 0."""
    chunk: Chunk
    kind: EntryKind
    position: int
    text: str
    """What is embedded."""
    hash: str
    """Of `text`; equal texts share their vector."""

    @property
    def owner(self) -> str:
        """Unique for the chunk in an index."""
        return f"{self.document}:{self.number}"

    @property
    def id(self) -> str:
        """Unique in an index."""
        return entry_id(self.owner, self.kind, self.position)


def entries_of(chunk: Chunk, document: str = "", number: int = 0) -> Iterator[Entry]:
    """What of a chunk gets a vector: the whole under its headings, the heading, each sentence."""
    kinds: list[tuple[EntryKind, int, str]] = [
        ("chunk", -1, f"{chunk.heading}. {' '.join(sentence.plain for sentence in chunk.sentences)}"),
        ("heading", -1, " – ".join(chunk.headings)),
        *(("sentence", position, sentence.plain) for position, sentence in enumerate(chunk.sentences)),
    ]
    for kind, position, text in kinds:
        yield Entry(document, number, chunk, kind, position, text, text_hash(text))


def text_hash(text: str) -> str:
    """What an embedded text is known by; how it is spaced and marked up does not count."""
    return sha256(plain(text).encode()).hexdigest()[:24]


def metadata_of(entry: Entry) -> dict[str, str | int]:
    """What is kept beside a vector; the chunk's own entry holds all that makes the chunk, but its text."""
    kept: dict[str, str | int] = {
        "document": entry.document,
        "chunk": entry.owner,
        "kind": entry.kind,
        "position": entry.position,
        "hash": entry.hash,
    }
    if entry.kind == "chunk":
        chunk = entry.chunk
        spans = [(sentence.start, sentence.end, sentence.page) for sentence in chunk.sentences]
        # Names that no other entry has: a search by them looks at few rows, by "kind" at all.
        kept |= {"whole": entry.owner, "whole_of": entry.document}
        kept |= {"id": chunk.id, "source": chunk.source, "title": chunk.title, "headings": json.dumps(chunk.headings)}
        kept |= {"start": chunk.start, "end": chunk.end, "spans": json.dumps(spans)}
    return kept


def chunk_of(kept: Mapping[str, Any], text: str) -> Chunk:
    """The chunk that `metadata_of` kept."""
    begin, headings = int(kept["start"]), tuple(json.loads(str(kept["headings"])))
    inner = [
        (text[start - begin : end - begin], start, end, page) for start, end, page in json.loads(str(kept["spans"]))
    ]
    sentences = tuple(Sentence(part, plain(part), start, end, page) for part, start, end, page in inner)
    source, title = str(kept["source"]), str(kept["title"])
    return Chunk(str(kept["id"]), source, title, headings, text, begin, int(kept["end"]), sentences)


def entry_id(owner: str, kind: EntryKind, position: int) -> str:
    """The id of an entry of a chunk."""
    return f"{owner}:{kind}:{position}"


def owner_of(identity: str) -> str:
    """The chunk that an entry of this id belongs to."""
    return identity.rsplit(":", 2)[0]


def batches(items: Sequence[str], most: int = BATCH) -> Iterator[Sequence[str]]:
    """Parts of a list, none longer than `most`."""
    return (items[start : start + most] for start in range(0, len(items), most))
