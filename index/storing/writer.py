"""Writes the results of one build: a new segment beside the index, then the switch."""

from __future__ import annotations

import math
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from index.embedding.embed import Vectors
from index.errors import BusyError, StoreError
from index.storing import chroma
from index.storing.entries import ENTRY_BATCH, Entry, make_metadata, split_batches
from index.storing.manifest import FORMAT, Manifest, Segment
from index.storing.segments import SEGMENT, Segments

if TYPE_CHECKING:
    from chromadb import Collection

MERGE_FACTOR = 4
"""This many segments whose sizes are within this factor are merged into one, so that the number of segments grows only
with the logarithm of the number of entries."""

MIN_LEFTOVER = 4096
"""Entries that a killed build must have left for them to be used: fewer are embedded faster than they are checked."""


class Writer:
    """Fills one new segment beside the index; readers see nothing of it before `switch`.

    Vectors left by a killed build, or by another version of the program, are used again instead of embedding their
    texts again.

    Args:
        old: the manifest of the index in use; None if there is none.
        embedder: the name of the embedder; leftover vectors of another embedder are dropped.
        expected: about how many entries will be added.
        renew: renews the lease on a server.
        take_foreign: whether any leftover vectors are used, however few: another version of the program left them.
    """

    def __init__(
        self,
        segments: Segments,
        old: Manifest | None,
        embedder: str,
        expected: int,
        renew: Callable[[], None],
        *,
        take_foreign: bool = False,
    ) -> None:
        self._segments, self._renew, self._embedder = segments, renew, embedder
        self._least_leftover = 1 if take_foreign else MIN_LEFTOVER
        self._old, self._expected = old, expected
        self._current: tuple[Segment, Collection] | None = None
        self._folders: set[str] = set()
        with chroma.translate_errors(segments.place):
            in_use = {segment.name for segment in (old.segments if old else ())}
            left = {segments.unqualify(collection): collection for collection in segments.list_all()}
            self._leftovers = {n: c for n, c in left.items() if n not in in_use and self._is_usable(n, c)}
            segments.drop_all_but({*in_use, *self._leftovers})
        if not self._leftovers:
            segments.sweep(old.segments if old else ())

    def _is_usable(self, name: str, left: Collection) -> bool:
        """Whether there are enough vectors here, by the same embedder, and all can be read."""
        if (left.metadata or {}).get("embedder") != self._embedder:
            return False
        try:
            with chroma.translate_errors(self._segments.place):
                many = left.count() >= self._least_leftover
        except StoreError:  # torn, as by a full disk
            return False
        return many and self._segments.is_sound(name)

    def find_vectors(self, hashes: Sequence[str], *, also_old: bool) -> dict[str, Vectors]:
        """Hash of a text -> its vector, shape (dimensions,), for those of the hashes that are stored already.

        Args:
            also_old: whether to search the index in use, besides this build and the leftovers.
        """
        found: dict[str, Vectors] = {}
        with chroma.translate_errors(self._segments.place):
            old = self._old.segments if also_old and self._old else ()
            places = [*(self._segments[segment.name] for segment in old), *self._leftovers.values()]
            for collection in (*places, *([self._current[1]] if self._current else [])):
                for some in split_batches([key for key in hashes if key not in found]):
                    found.update(_find_vectors(collection, some))
        return found

    @property
    def segment(self) -> str:
        """The name of the segment that entries are added to; creates it if necessary."""
        return self._open_segment()[0].name

    def _open_segment(self) -> tuple[Segment, Collection]:
        """The segment of this build, created when it is first needed."""
        if self._current is None:
            self._folders = self._segments.list_vector_folders()
            segment = Segment(f"{SEGMENT}{secrets.token_hex(6)}", 0)
            self._current = segment, self._segments.make(segment.name, self._embedder, self._expected)
        return self._current

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        """Add entries with their vectors, shape (entries, dimensions)."""
        self._write([(e.id, make_metadata(e), e.chunk.text if e.kind == "chunk" else None) for e in entries], vectors)

    def renew(self) -> None:
        """Renew the lease on a server; BusyError if another machine has taken it."""
        self._renew()

    def _write(self, rows: Sequence[tuple[str, Mapping[str, Any], str | None]], vectors: Vectors) -> None:
        """Write rows of (id, metadata, text or None). Chroma takes texts for all rows of a call or for none."""
        segment, collection = self._open_segment()
        with chroma.translate_errors(self._segments.place):
            for has_text in (True, False):
                places = [place for place, row in enumerate(rows) if (row[2] is not None) == has_text]
                for start in range(0, len(places), ENTRY_BATCH):
                    some = places[start : start + ENTRY_BATCH]
                    texts = {"documents": [rows[place][2] for place in some]} if has_text else {}
                    collection.add(
                        ids=[rows[place][0] for place in some],
                        embeddings=vectors[some],
                        metadatas=[rows[place][1] for place in some],
                        **texts,
                    )
        new = self._segments.list_vector_folders() - self._folders
        folder = segment.folder or (next(iter(new)) if len(new) == 1 else "")
        self._current = replace(segment, entries=segment.entries + len(rows), folder=folder), collection
        self._renew()

    def switch(self, manifest: Manifest) -> Manifest:
        """Make these documents the index, in one write; then drop the segments that are no longer used."""
        used = {document.segment for document in manifest.documents if document.segment}
        known = (*(self._old.segments if self._old else ()), *((self._current[0],) if self._current else ()))
        manifest = replace(manifest, segments=tuple(segment for segment in known if segment.name in used))
        if group := find_mergeable(manifest):
            manifest = self._merge(manifest, group)
        manifest = replace(manifest, generation=self._advance_generation(), built=time.time())
        self._segments.note(manifest.segments)
        self._segments.keep(format=FORMAT, manifest=manifest.to_json(), generation=manifest.generation)
        with chroma.translate_errors(self._segments.place):
            self._segments.drop_all_but(segment.name for segment in manifest.segments)
        self._segments.sweep(manifest.segments)
        return manifest

    def _advance_generation(self) -> int:
        """The generation after that of the index; BusyError if another machine has switched it during this build."""
        before = self._old.generation if self._old else None
        with chroma.translate_errors(self._segments.place):
            now = int(self._segments.read_head().get("generation", 0))
        if before is not None and now != before:
            raise BusyError(f"Another machine has built the index at {self._segments.place}", "Let one of them build.")
        return now + 1

    def _merge(self, manifest: Manifest, group: set[str]) -> Manifest:
        """Copy the live entries of these segments into the segment of this build; returns the changed manifest."""
        target = self.segment
        moving = {document.id for document in manifest.documents if document.segment in group - {target}}
        for old in sorted(group - {target}):
            ids = [document.id for document in manifest.documents if document.segment == old]
            for some in split_batches(ids):
                self._copy(old, some)
        kept = tuple(segment for segment in manifest.segments if segment.name not in {*group, target})
        return replace(
            manifest, documents=manifest.move_documents(target, moving), segments=(*kept, self._open_segment()[0])
        )

    def _copy(self, segment: str, documents: Sequence[str]) -> None:
        """Copy the entries of these documents, by id, from a segment into the segment of this build."""
        where: dict[str, Any] = {"document": {"$in": list(documents)}}
        for start in count(0, ENTRY_BATCH):
            with chroma.translate_errors(self._segments.place):
                found = self._segments[segment].get(
                    where=where, limit=ENTRY_BATCH, offset=start, include=["embeddings", "metadatas", "documents"]
                )
            if not found["ids"]:
                return
            rows = list(zip(found["ids"], found["metadatas"] or (), found["documents"] or (), strict=True))
            self._write(rows, chroma.to_matrix(found["embeddings"]))


def _find_vectors(collection: Collection, hashes: Sequence[str]) -> Iterator[tuple[str, Vectors]]:
    """Yield (hash, vector) for the hashes that a segment has; fetches few entries of a text that it has often."""
    among: dict[str, Any] = {"hash": {"$in": list(hashes)}}
    owners = {str(kept["hash"]): str(kept["chunk"]) for kept in collection.get(where=among)["metadatas"] or ()}
    if owners:
        where = {"$and": [among, {"chunk": {"$in": sorted(set(owners.values()))}}]}
        found = collection.get(where=where, include=["embeddings", "metadatas"])
        for kept, vector in zip(found["metadatas"] or (), chroma.to_matrix(found["embeddings"]), strict=True):
            yield str(kept["hash"]), vector


def find_mergeable(manifest: Manifest) -> set[str]:
    """The segments to merge: `MERGE_FACTOR` or more of about the same size, else all in which most entries are dead.

    Sizes are about the same if their logarithms to base `MERGE_FACTOR` have the same whole part. Source: the tiers of
    log-structured merge trees (O'Neil and others, 1996).
    """
    tiers: dict[int, set[str]] = defaultdict(set)
    for name, alive in manifest.live_entries.items():
        if name:
            tiers[int(math.log(max(alive, 1), MERGE_FACTOR))].add(name)
    dying = {s.name for s in manifest.segments if 2 * manifest.live_entries[s.name] < s.entries}
    return next((group for group in tiers.values() if len(group) >= MERGE_FACTOR), dying)
