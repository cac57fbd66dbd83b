"""Chunks and their vectors, in segments that never change once they are whole.

    head        one small record: the manifest, which names the segments and the documents that are alive
    segment     a Chroma collection, filled by one build and then left alone; a few of them make an index

A build writes what is new into a segment of its own and then replaces the manifest in a single write. So a reader
sees the old index or the new one, in this process or another; and a build that is killed leaves nothing that is seen.
What is no longer alive stays in its segment, unseen, until the segment is merged with others or dropped.

One chunk is stored as several *entries*, each with its own vector: the chunk, its heading, its sentences.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from index.chunking.chunk import Chunk
from index.embedding.embed import Vectors
from index.errors import BusyError, DamagedStoreError, StoreError
from index.storing import chroma
from index.storing.entries import batches, chunk_of, entry_id, owner_of
from index.storing.manifest import FORMAT, Indexed, Manifest, Segment
from index.storing.segments import Segments
from index.storing.writer import Writer

Result = TypeVar("Result")

NEAREST = 32
"""Chunks of which every vector is compared with the question; their own best entry was among the nearest."""

TRIES = 20
"""A reader begins again when the manifest changed under it; so often in a row it never does."""

LEASE = 120.0
"""Seconds after its last sign of life in which a builder on a server is believed to be at work."""

SETTLE = 0.3
"""Seconds between taking a lease and looking whether it was taken."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk found near a question, with the cosine of each of its vectors to it."""

    chunk: Chunk
    whole: float
    heading: float
    sentences: tuple[float, ...]
    """One for each of `chunk.sentences`."""


class Store:
    """The index of one corpus: a folder of its own, or collections with a name of their own on a Chroma server.

    Args:
        folder: where locks and local notes are, and Chroma's files if there is no server.
        url: of a Chroma server; empty for none.
        name: of the index on the server.
        probe: whether to look for damage at once.

    Raises:
        StoreError: the place cannot be used, or what is in it is damaged.
    """

    def __init__(self, folder: Path, url: str = "", name: str = "guide", *, probe: bool = True) -> None:
        self.folder = folder
        self.segments = Segments(folder, url, name)
        self.place = self.segments.place
        self._manifest: Manifest | None = None
        self._holder, self._renewed = "", 0.0
        self._failed = False
        if probe:
            self._probe()

    def _probe(self) -> None:
        """Read a little of everything, so that damage shows now and not in the middle of an answer."""

        def read(manifest: Manifest) -> None:
            for segment in manifest.segments:
                opened = self.segments[segment.name]
                first = opened.get(limit=1, include=["embeddings", "metadatas"])
                opened.query(query_embeddings=chroma.matrix(first["embeddings"]), n_results=1)

        try:
            self._reading(read, None)
        except StoreError as error:
            if self.segments.served and not isinstance(error.__cause__, chroma.missing()):
                raise
            if not self.segments.served:
                self.segments.close()  # else Chroma would go on with what it opened, when the folder is made anew
            raise DamagedStoreError(error.what, "Run `assistant index --force`.") from error

    # Reading

    @property
    def manifest(self) -> Manifest | None:
        """What the index holds now, whoever built it; None if there is no index, or one of another version."""
        with chroma.away(self.place):
            return self._read_manifest()

    def _read_manifest(self) -> Manifest | None:
        kept, known = self.segments.head(), self._manifest
        if kept.get("format") != FORMAT or not kept.get("manifest"):
            return None
        if known is None or known.generation != kept["generation"]:
            known = self._manifest = Manifest.from_json(str(kept["manifest"]))
        return known

    @property
    def foreign(self) -> bool:
        """Whether there is an index that another version of the program made."""
        with chroma.away(self.place):
            return self.segments.foreign()

    def tidy(self) -> None:
        """Drop what a build left that was killed after its switch; call inside `building`."""
        manifest = self.manifest
        with chroma.away(self.place):
            names = {segment.name for segment in (manifest.segments if manifest else ())}
            if len(self.segments.all()) > len(names):
                self.segments.drop_all_but(names)
        self.segments.sweep(manifest.segments if manifest else ())

    def _reading(self, read: Callable[[Manifest], Result], otherwise: Result) -> Result:
        """What is read from one manifest; begun again if another took its place meanwhile."""
        for _ in range(TRIES):
            manifest, fault = self.manifest, None
            if manifest is None:
                return otherwise
            try:
                result = read(manifest)
            except chroma.faults() as error:
                fault = error
            with chroma.away(self.place):
                if self.segments.head().get("generation") == manifest.generation:
                    if fault:
                        raise fault
                    return result
            self.segments.forget()
        raise StoreError(f"The index at {self.place} is replaced again and again", "See what changes the texts.")

    def near(self, vectors: Vectors, width: int) -> tuple[Candidate, ...]:
        """The chunks that own the entries nearest to a question, unordered; at most NEAREST.

        Args:
            vectors: shape (readings of the question, dimensions); a chunk's cosine is the best over them.
            width: entries looked at for each reading.
        """

        def read(manifest: Manifest) -> tuple[Candidate, ...]:
            best: dict[tuple[str, str], float] = {}
            for segment in manifest.segments:
                for owner, cosine in self._hits(segment, manifest, vectors, width):
                    best[segment.name, owner] = max(cosine, best.get((segment.name, owner), -1.0))
            by_segment: dict[str, list[str]] = defaultdict(list)
            for segment_name, owner in sorted(best, key=lambda key: (-best[key], key))[:NEAREST]:
                by_segment[segment_name].append(owner)
            return tuple(c for name, owners in by_segment.items() for c in self._compared(name, owners, vectors))

        return self._reading(read, ())

    def _hits(
        self, segment: Segment, manifest: Manifest, vectors: Vectors, width: int
    ) -> tuple[tuple[str, float], ...]:
        """(owner, cosine) of the entries of a segment nearest to the vectors; of the dead ones more is asked for."""
        alive = manifest.alive[segment.name]
        wanted = min(width + min(segment.entries - alive, width), segment.entries)
        while True:
            found = self.segments[segment.name].query(query_embeddings=vectors, n_results=wanted, include=["distances"])
            rows = zip(found["ids"], found["distances"] or (), strict=True)
            hits = [
                [
                    (owner_of(identity), 1 - float(distance))
                    for identity, distance in zip(row, distances, strict=True)
                    if manifest.live.get(identity.partition(":")[0]) == segment.name
                ]
                for row, distances in rows
            ]
            if min(map(len, hits)) >= min(width, alive) or wanted == segment.entries:
                return tuple(hit for row in hits for hit in row)
            wanted = min(2 * wanted, segment.entries)

    def _compared(self, name: str, owners: Sequence[str], vectors: Vectors) -> Iterator[Candidate]:
        """Chunks of a segment, with the cosines of all their entries."""
        opened, wanted = self.segments[name], {"chunk": {"$in": list(owners)}}
        found = opened.get(where=wanted, include=["embeddings"])
        cosines = (chroma.matrix(found["embeddings"]) @ vectors.T).max(axis=1)
        cosine_of = {identity: float(cosine) for identity, cosine in zip(found["ids"], cosines, strict=True)}
        whole = opened.get(where={"whole": {"$in": list(owners)}}, include=["metadatas", "documents"])
        for identity, kept, text in zip(whole["ids"], whole["metadatas"] or (), whole["documents"] or (), strict=True):
            owner, chunk = owner_of(identity), chunk_of(kept, text)
            sentences = tuple(cosine_of[entry_id(owner, "sentence", i)] for i in range(len(chunk.sentences)))
            yield Candidate(chunk, cosine_of[identity], cosine_of[entry_id(owner, "heading", -1)], sentences)

    def chunks(self, documents: Iterable[Indexed] | None = None) -> tuple[Chunk, ...]:
        """All chunks, or those of some documents, by source and place."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            by_segment: dict[str, list[str]] = defaultdict(list)
            for document in manifest.documents if documents is None else documents:
                if segment := manifest.live.get(document.id):
                    by_segment[segment].append(document.id)
            parts = [(name, some) for name, ids in by_segment.items() for some in batches(ids)]
            found = [chunk for name, some in parts for chunk in self._wholes(name, "whole_of", some)]
            return tuple(sorted(found, key=lambda chunk: (chunk.source, chunk.start)))

        return self._reading(read, ())

    def part(self, document: Indexed, numbers: range) -> tuple[Chunk, ...]:
        """The chunks of a document with these numbers, from 0 in its order."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            segment = manifest.live.get(document.id, "")
            owners = [f"{document.id}:{number}" for number in numbers if 0 <= number < document.chunks]
            found = self._wholes(segment, "whole", owners) if segment and owners else ()
            return tuple(sorted(found, key=lambda chunk: chunk.start))

        return self._reading(read, ())

    def number(self, document: Indexed, start: int) -> int:
        """The number of the chunk of a document that starts at a character; 0 if there is none."""

        def read(manifest: Manifest) -> int:
            if not (segment := manifest.live.get(document.id)):
                return 0
            where: dict[str, Any] = {"$and": [{"whole_of": document.id}, {"start": start}]}
            found = self.segments[segment].get(where=where, include=[])["ids"]
            return int(owner_of(found[0]).rpartition(":")[2]) if found else 0

        return self._reading(read, 0)

    def _wholes(self, name: str, field: str, values: Sequence[str]) -> Iterator[Chunk]:
        """The chunks of a segment whose own entry has one of these values in a field."""
        where: dict[str, Any] = {field: {"$in": list(values)}}
        found = self.segments[name].get(where=where, include=["metadatas", "documents"])
        return map(chunk_of, found["metadatas"] or (), found["documents"] or ())

    def holding(self, hash_of_text: str) -> tuple[Chunk, ...]:
        """The living chunks that hold a sentence with this hash."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            found: list[Chunk] = []
            for segment in manifest.segments:
                opened = self.segments[segment.name]
                hits = opened.get(where={"hash": hash_of_text}, include=["metadatas"])["metadatas"] or ()
                living = [kept for kept in hits if manifest.live.get(str(kept["document"])) == segment.name]
                if owners := sorted({str(kept["chunk"]) for kept in living if kept["kind"] == "sentence"}):
                    found.extend(self._wholes(segment.name, "whole", owners))
            return tuple(sorted(found, key=lambda chunk: (chunk.source, chunk.start)))

        return self._reading(read, ())

    # Writing

    @contextmanager
    def building(self, say: Callable[[str], None] = lambda line: None) -> Iterator[None]:
        """Only one builds at a time. On this machine the other waits, with a line; on a server it is an error.

        Raises:
            BusyError: another machine is building this index on the server.
        """
        lock = _lock(self.folder)
        with chroma.away(self.place):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say("Another program is building this index; waiting for it …")
                lock.acquire()
        try:
            if self._failed:
                self.segments.reopen()  # who reads now keeps the old client
            self._failed = False
            with self._leased() if self.segments.served else nullcontext():
                yield
        except StoreError:
            self._failed = True
            raise
        finally:
            lock.release()

    @contextmanager
    def _leased(self) -> Iterator[None]:
        with chroma.away(self.place):
            holder, _, until = str(self.segments.head().get("builder", "")).partition("|")
        if holder and float(until) > time.time():
            raise self._busy(holder)
        self._holder, self._renewed = f"{platform.node()}/{os.getpid()}/{secrets.token_hex(4)}", 0.0
        self._sign()
        time.sleep(SETTLE)  # whoever looked at the same moment has signed by now, and one of the two is gone
        self._check_held()
        try:
            yield
        finally:
            with suppress(StoreError):
                self._check_held()
                self.segments.keep(builder="")

    def _check_held(self) -> None:
        """BusyError if another machine is the builder now."""
        with chroma.away(self.place):
            holder = str(self.segments.head().get("builder", "")).partition("|")[0]
        if holder != self._holder:
            raise self._busy(holder)

    def _busy(self, holder: str) -> BusyError:
        what = f"The index at {self.place} is being built by {holder.rpartition('/')[0]}"
        return BusyError(what, "Let it finish, or let one machine alone build.")

    def _sign(self) -> None:
        self._renewed = time.time()
        self.segments.keep(builder=f"{self._holder}|{self._renewed + LEASE:.0f}")

    def renew(self) -> None:
        """A sign of life of the builder, for others on the same server; BusyError if another has taken its place."""
        if self.segments.served and time.time() > self._renewed + LEASE / 8:
            self._check_held()
            self._sign()

    def writer(self, embedder: str, expected: int) -> Writer:
        """What fills a new segment with about so many entries; call inside `building`."""
        return Writer(self.segments, self.manifest, embedder, expected, self.renew)


def open_store(
    folder: Path, say: Callable[[str], None] = lambda line: None, url: str = "", name: str = "guide"
) -> Store:
    """The store at a place; a damaged folder is put aside as `<folder>.damaged`, with a line, and begun anew."""
    try:
        return Store(folder, url, name)
    except DamagedStoreError as error:
        if url:
            store = Store(folder, url, name, probe=False)
            with store.building(say):
                store.segments.keep(manifest="")
            say(f"The index lacks a part and is made again from the texts ({error.what}).")
            return store
        # Nobody may be building there now, and another process may have put it aside already.
        with _lock(folder):
            return _made_anew(folder, say)


def _made_anew(folder: Path, say: Callable[[str], None]) -> Store:
    try:
        return Store(folder)
    except DamagedStoreError as error:
        aside = folder.with_name(folder.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        say(f"The index was damaged and is made again from the texts ({error.what}).")
        return Store(folder)


def _lock(folder: Path) -> FileLock:
    """Held by who builds."""
    return FileLock(folder.with_name(folder.name + ".lock"))
