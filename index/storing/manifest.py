"""The manifest: one small record of what an index holds. Replacing it, in a single write, switches the index."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

FORMAT = 4
"""The version of the stored format; an index of another version is built again from the texts."""


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """One version of a document in the index."""

    id: str
    source: str
    hash: str
    """The hash of the file's bytes."""
    title: str = ""
    size: int = 0
    """Characters in its chunks."""
    chunks: int = 0
    entries: int = 0
    segment: str = ""
    """The segment that holds its entries; empty if it has none."""
    problem: str = ""
    """Why it could not be read, in one line; empty if it could."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read, one item per line."""
    words: int = 0
    """Words that a reader of the file sees, without those left out on purpose."""
    words_indexed: int = 0
    """How many of these are in the index."""
    missing: str = ""
    """Where the missing words are, as a clause: "lines 14 to 30 are missing"; empty if none is missing."""
    left_out: int = 0
    """Words left out on purpose."""

    @property
    def share(self) -> float:
        """The share of the words seen that is in the index, 0 to 1."""
        return self.words_indexed / self.words if self.words else 1.0

    def describe_completeness(self) -> dict[str, Any]:
        """For `--json`."""
        numbers = {"words": self.words, "words_indexed": self.words_indexed, "share": round(self.share, 4)}
        return {"source": self.source, **numbers, "missing": self.missing, "left_out": self.left_out}


@dataclass(frozen=True, slots=True)
class Segment:
    """A collection of entries that never changes once it is complete."""

    name: str
    entries: int
    folder: str = ""
    """Name of its vector folder inside the folder of the index; empty on a server, or if it is not known."""


@dataclass(frozen=True)
class Manifest:
    """Everything that an index holds, and what it was built with."""

    embedder: str
    chunker: str
    """How the texts were read and cut: `CHUNKER_VERSION` of the program that built it."""
    generation: int = 0
    """Grows with each switch."""
    built: float = 0.0
    """Seconds since 1970."""
    documents: tuple[IndexedDocument, ...] = ()
    segments: tuple[Segment, ...] = ()

    @cached_property
    def segment_of(self) -> dict[str, str]:
        """Document id -> its segment. Whatever else a segment holds is dead."""
        return {document.id: document.segment for document in self.documents if document.segment}

    @cached_property
    def live_entries(self) -> Counter[str]:
        """Segment -> how many of its entries are live, that is, belong to a document of this manifest."""
        counted = Counter({segment.name: 0 for segment in self.segments})
        for document in self.documents:
            counted[document.segment] += document.entries
        return counted

    @property
    def counts(self) -> tuple[int, int, int]:
        """The numbers of documents that hold text, of chunks, and of entries."""
        whole = [document for document in self.documents if not document.problem]
        return len(whole), sum(d.chunks for d in whole), sum(d.entries for d in whole)

    @property
    def skipped(self) -> tuple[str, ...]:
        """One line for each file that could not be read, with the reason."""
        return tuple(document.problem for document in self.documents if document.problem)

    @property
    def compared(self) -> tuple[IndexedDocument, ...]:
        """The documents whose words were compared with those of their files."""
        return tuple(document for document in self.documents if document.words)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the files were read; each line names its file."""
        return tuple(f"{document.source}: {note}" for document in self.documents for note in document.notes)

    def move_documents(self, name: str, documents: set[str]) -> tuple[IndexedDocument, ...]:
        """All documents, with those of these ids moved to the segment `name`."""
        return tuple(replace(d, segment=name) if d.id in documents else d for d in self.documents)

    def to_json(self) -> str:
        """The text that `from_json` reads."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest that `to_json` wrote."""
        kept = json.loads(text)
        # Another version of the program may have stored fewer or more fields of a document.
        names = {one.name for one in fields(IndexedDocument)}
        documents = []
        for one in kept.pop("documents"):
            known: dict[str, Any] = {name: value for name, value in one.items() if name in names}
            documents.append(IndexedDocument(**known | {"notes": tuple(one.get("notes", ()))}))
        return cls(documents=tuple(documents), segments=tuple(Segment(**one) for one in kept.pop("segments")), **kept)
