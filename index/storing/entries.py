"""Entries: the parts of a chunk that get a vector each, and how a chunk is stored with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from index.chunking.chunk import Chunk, Sentence

EntryKind = Literal["chunk", "heading", "sentence"]

ENTRY_BATCH = 500
"""Entries written or read at once; bounds memory."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of a chunk that gets one vector: the whole chunk, its headings, or one of its sentences."""

    document: str
    """The id of this version of the document."""
    number: int
    """The number of the chunk in its document, from 0."""
    chunk: Chunk
    kind: EntryKind
    position: int
    """The number of the sentence in its chunk, from 0; -1 for other kinds."""
    text: str
    """The text that is embedded."""
    hash: str
    """The hash of `text`; equal texts share one vector."""

    @property
    def owner(self) -> str:
        """The key of the chunk, unique in an index."""
        return f"{self.document}:{self.number}"

    @property
    def id(self) -> str:
        """Unique in an index."""
        return make_entry_id(self.owner, self.kind, self.position)


def make_entries(chunk: Chunk, document: str = "", number: int = 0) -> Iterator[Entry]:
    """Yield the entries of a chunk: the chunk with its heading, its path of headings, each sentence."""
    kinds: list[tuple[EntryKind, int, str]] = [
        ("chunk", -1, f"{chunk.heading}. {' '.join(sentence.plain for sentence in chunk.sentences)}"),
        ("heading", -1, join_headings(chunk)),
        *(("sentence", position, sentence.plain) for position, sentence in enumerate(chunk.sentences)),
    ]
    for kind, position, text in kinds:
        yield Entry(document, number, chunk, kind, position, text, hash_text(text))


def join_headings(chunk: Chunk) -> str:
    """The heading path, beginning with the title of the document; a question does not need the title."""
    untitled = chunk.heading.endswith("?") or chunk.headings[:1] == (chunk.title,)
    return " – ".join(chunk.headings if untitled else (chunk.title, *chunk.headings))


def hash_text(text: str) -> str:
    """The hash of a text, whatever its white space."""
    return sha256(" ".join(text.split()).encode()).hexdigest()[:24]


def make_metadata(entry: Entry) -> dict[str, str | int]:
    """What is stored with a vector; the entry of kind "chunk" holds the whole chunk except its text."""
    kept: dict[str, str | int] = {
        "document": entry.document,
        "chunk": entry.owner,
        "kind": entry.kind,
        "position": entry.position,
        "hash": entry.hash,
    }
    if entry.kind == "sentence":
        # A kept answer holds the sentence as it was written.
        kept["hash_as_written"] = hash_text(entry.chunk.sentences[entry.position].text)
    if entry.kind == "chunk":
        chunk = entry.chunk
        # `plain` is kept only where it cannot be derived from the text.
        spans = [
            (one.start, one.end, one.page, one.kind, "" if one.plain == one.text else one.plain)
            for one in chunk.sentences
        ]
        # Keys that only this kind of entry has: Chroma scans few rows for them, but every row for "kind".
        kept |= {"whole": entry.owner, "whole_of": entry.document}
        kept |= {"id": chunk.id, "source": chunk.source, "title": chunk.title, "headings": json.dumps(chunk.headings)}
        kept |= {"start": chunk.start, "end": chunk.end, "spans": json.dumps(spans)}
    return kept


def restore_chunk(kept: Mapping[str, Any], text: str) -> Chunk:
    """The chunk whose metadata `make_metadata` made."""
    begin, headings = int(kept["start"]), tuple(json.loads(str(kept["headings"])))
    sentences = []
    for start, end, page, kind, plain in json.loads(str(kept["spans"])):
        part = text[start - begin : end - begin]
        sentences.append(Sentence(part, plain or part, start, end, page, kind))
    source, title = str(kept["source"]), str(kept["title"])
    return Chunk(str(kept["id"]), source, title, headings, text, begin, int(kept["end"]), tuple(sentences))


def make_entry_id(owner: str, kind: EntryKind, position: int) -> str:
    """The id of an entry; `owner` is the key of its chunk."""
    return f"{owner}:{kind}:{position}"


def parse_owner(identity: str) -> str:
    """The key of the chunk that the entry with this id belongs to."""
    return identity.rsplit(":", 2)[0]


def split_batches(items: Sequence[str], most: int = ENTRY_BATCH) -> Iterator[Sequence[str]]:
    """Yield the list in slices of at most `most` items."""
    return (items[start : start + most] for start in range(0, len(items), most))
