"""What an index holds: one small record that is replaced in one write, so that an index is the old or the new one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import cached_property

FORMAT = 3
"""Of what is stored; another one is made anew from the texts."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """One version of a document, as it is in the index."""

    id: str
    source: str
    hash: str
    """Of the file's bytes."""
    title: str = ""
    size: int = 0
    """Characters of its chunks."""
    chunks: int = 0
    entries: int = 0
    segment: str = ""
    """Where its entries are; empty if it has none."""
    problem: str = ""
    """Why it could not be read, in one line; empty if it could."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A collection that is never changed once it is whole."""

    name: str
    entries: int
    folder: str = ""
    """Of its vectors, inside the index's; empty on a server, or if Chroma did not show it."""


@dataclass(frozen=True)
class Manifest:
    """All that an index holds, and what it was made by."""

    embedder: str
    chunker: str
    generation: int = 0
    """Grows with every switch."""
    built: float = 0.0
    """Seconds since 1970."""
    documents: tuple[Indexed, ...] = ()
    segments: tuple[Segment, ...] = ()

    @cached_property
    def live(self) -> dict[str, str]:
        """Id of a document -> its segment; what a segment holds of other documents is dead."""
        return {document.id: document.segment for document in self.documents if document.segment}

    @cached_property
    def alive(self) -> Counter[str]:
        """Segment -> how many of its entries are alive."""
        counted = Counter({segment.name: 0 for segment in self.segments})
        for document in self.documents:
            counted[document.segment] += document.entries
        return counted

    @property
    def counts(self) -> tuple[int, int, int]:
        """Documents that hold text, chunks and entries."""
        whole = [document for document in self.documents if not document.problem]
        return len(whole), sum(d.chunks for d in whole), sum(d.entries for d in whole)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that could not be read, each with the reason, in one line."""
        return tuple(document.problem for document in self.documents if document.problem)

    def with_segment(self, name: str, documents: set[str]) -> tuple[Indexed, ...]:
        """The documents, those of these ids in another segment."""
        return tuple(replace(d, segment=name) if d.id in documents else d for d in self.documents)

    def to_json(self) -> str:
        """As `from_json` reads it."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """What `to_json` wrote."""
        kept = json.loads(text)
        documents = tuple(Indexed(**document) for document in kept.pop("documents"))
        return cls(documents=documents, segments=tuple(Segment(**one) for one in kept.pop("segments")), **kept)
