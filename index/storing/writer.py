"""One build's writing: a new segment beside the index, then the switch."""

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
from index.errors import BusyError
from index.storing import chroma
from index.storing.entries import BATCH, Entry, batches, metadata_of
from index.storing.manifest import FORMAT, Manifest, Segment
from index.storing.segments import SEGMENT, Segments

if TYPE_CHECKING:
    from chromadb import Collection

MERGED = 4
"""Segments of about the same size, within this factor, that become one: it bounds their number by a logarithm."""

WORTHWHILE = 4096
"""Entries; fewer that a killed build left are embedded again, which is quicker than to see whether they are whole."""


class Writer:
    """Fills one new segment beside the index. Nothing of it is seen before `switch`.

    What a killed build left is read for its vectors, so that they are not embedded again.

    Args:
        old: the manifest of the index as it is.
        embedder: of the vectors to come; what another one left is of no use.
        expected: about how many entries will come.
        renew: gives a sign of life, for others on the same server.
    """

    def __init__(
        self, segments: Segments, old: Manifest | None, embedder: str, expected: int, renew: Callable[[], None]
    ) -> None:
        self._segments, self._renew, self._embedder = segments, renew, embedder
        self._old, self._expected = old, expected
        self._open: tuple[Segment, Collection] | None = None
        self._folders: set[str] = set()
        with chroma.away(segments.place):
            in_use = {segment.name for segment in (old.segments if old else ())}
            left = {segments.inner_name(collection): collection for collection in segments.all()}
            self._left = {n: c for n, c in left.items() if n not in in_use and self._is_of_use(n, c)}
            segments.drop_all_but({*in_use, *self._left})
        if not self._left:
            segments.sweep(old.segments if old else ())

    def _is_of_use(self, name: str, left: Collection) -> bool:
        """Whether a build that was killed left many vectors by the same embedder, and they can be read."""
        many = (left.metadata or {}).get("embedder") == self._embedder and left.count() >= WORTHWHILE
        return many and self._segments.is_sound(name)

    def known(self, hashes: Sequence[str], *, also_old: bool) -> dict[str, Vectors]:
        """The vectors that are there already for these hashes of texts; shape (dimensions,).

        Args:
            also_old: those of the index that is in use count; else only those of this build and of a killed one.
        """
        found: dict[str, Vectors] = {}
        with chroma.away(self._segments.place):
            old = self._old.segments if also_old and self._old else ()
            places = [*(self._segments[segment.name] for segment in old), *self._left.values()]
            for opened in (*places, *([self._open[1]] if self._open else [])):
                for some in batches([key for key in hashes if key not in found]):
                    found.update(_vectors(opened, some))
        return found

    @property
    def segment(self) -> str:
        """The name of the segment that entries go to."""
        return self._opened()[0].name

    def _opened(self) -> tuple[Segment, Collection]:
        if self._open is None:
            self._folders = self._segments.vector_folders()
            segment = Segment(f"{SEGMENT}{secrets.token_hex(6)}", 0)
            self._open = segment, self._segments.make(segment.name, self._embedder, self._expected)
        return self._open

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        """Write entries with their vectors, shape (entries, dimensions)."""
        self._write([(e.id, metadata_of(e), e.chunk.text if e.kind == "chunk" else None) for e in entries], vectors)

    def renew(self) -> None:
        """A sign of life, for others on the same server."""
        self._renew()

    def _write(self, rows: Sequence[tuple[str, Mapping[str, Any], str | None]], vectors: Vectors) -> None:
        """Rows of (id, metadata, document or None); those with a document apart, as Chroma wants all or none."""
        segment, collection = self._opened()
        with chroma.away(self._segments.place):
            for whole in (True, False):
                places = [place for place, row in enumerate(rows) if (row[2] is not None) == whole]
                for start in range(0, len(places), BATCH):
                    some = places[start : start + BATCH]
                    texts = {"documents": [rows[place][2] for place in some]} if whole else {}
                    collection.add(
                        ids=[rows[place][0] for place in some],
                        embeddings=vectors[some],
                        metadatas=[rows[place][1] for place in some],
                        **texts,
                    )
        new = self._segments.vector_folders() - self._folders
        folder = segment.folder or (next(iter(new)) if len(new) == 1 else "")
        self._open = replace(segment, entries=segment.entries + len(rows), folder=folder), collection
        self._renew()

    def switch(self, fresh: Manifest) -> Manifest:
        """Make these documents the index, in one write; then drop what is no longer part of it."""
        used = {document.segment for document in fresh.documents if document.segment}
        known = (*(self._old.segments if self._old else ()), *((self._open[0],) if self._open else ()))
        fresh = replace(fresh, segments=tuple(segment for segment in known if segment.name in used))
        if group := worn(fresh):
            fresh = self._merged(fresh, group)
        fresh = replace(fresh, generation=self._next_generation(), built=time.time())
        self._segments.note(fresh.segments)
        self._segments.keep(format=FORMAT, manifest=fresh.to_json(), generation=fresh.generation)
        with chroma.away(self._segments.place):
            self._segments.drop_all_but(segment.name for segment in fresh.segments)
        self._segments.sweep(fresh.segments)
        return fresh

    def _next_generation(self) -> int:
        """One more than that of the index that was there when this build began; BusyError if there is another now."""
        before = self._old.generation if self._old else None
        with chroma.away(self._segments.place):
            now = int(self._segments.head().get("generation", 0))
        if before is not None and now != before:
            raise BusyError(f"Another machine has built the index at {self._segments.place}", "Let one of them build.")
        return now + 1

    def _merged(self, fresh: Manifest, group: set[str]) -> Manifest:
        """The manifest with what is alive in some segments moved into the one that this build fills."""
        target = self.segment
        moving = {document.id for document in fresh.documents if document.segment in group - {target}}
        for old in sorted(group - {target}):
            ids = [document.id for document in fresh.documents if document.segment == old]
            for some in batches(ids):
                self._copy(old, some)
        kept = tuple(segment for segment in fresh.segments if segment.name not in {*group, target})
        return replace(fresh, documents=fresh.with_segment(target, moving), segments=(*kept, self._opened()[0]))

    def _copy(self, segment: str, documents: Sequence[str]) -> None:
        where: dict[str, Any] = {"document": {"$in": list(documents)}}
        for start in count(0, BATCH):
            with chroma.away(self._segments.place):
                found = self._segments[segment].get(
                    where=where, limit=BATCH, offset=start, include=["embeddings", "metadatas", "documents"]
                )
            if not found["ids"]:
                return
            rows = list(zip(found["ids"], found["metadatas"] or (), found["documents"] or (), strict=True))
            self._write(rows, chroma.matrix(found["embeddings"]))


def _vectors(opened: Collection, hashes: Sequence[str]) -> Iterator[tuple[str, Vectors]]:
    """(hash, vector) for those of the hashes that a segment holds; of a text that it holds often, one is fetched."""
    among: dict[str, Any] = {"hash": {"$in": list(hashes)}}
    owners = {str(kept["hash"]): str(kept["chunk"]) for kept in opened.get(where=among)["metadatas"] or ()}
    if owners:
        where = {"$and": [among, {"chunk": {"$in": sorted(set(owners.values()))}}]}
        found = opened.get(where=where, include=["embeddings", "metadatas"])
        for kept, vector in zip(found["metadatas"] or (), chroma.matrix(found["embeddings"]), strict=True):
            yield str(kept["hash"]), vector


def worn(manifest: Manifest) -> set[str]:
    """Segments to merge: several of about the same size, or those of which more is dead than alive; else none.

    Sizes that differ by less than a factor of MERGED are the same here. Source: the tiers of log-structured merge
    trees (O'Neil and others, 1996).
    """
    tiers: dict[int, set[str]] = defaultdict(set)
    for name, alive in manifest.alive.items():
        if name:
            tiers[int(math.log(max(alive, 1), MERGED))].add(name)
    dying = {s.name for s in manifest.segments if 2 * manifest.alive[s.name] < s.entries}
    return next((group for group in tiers.values() if len(group) >= MERGED), dying)
