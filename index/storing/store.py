"""Stores chunks with their vectors in segments that never change once they are complete.

    head        one small record with the manifest, which names the segments and the documents in use
    segment     a Chroma collection that one build fills; an index has a few of them

A build writes the new entries into its own segment, then replaces the manifest in a single write. So a reader, in any
process, sees either the old index or the new one, and nothing of a build that was killed. Entries that are no longer in
use stay in their segment, unseen, until it is merged with others or dropped.

A chunk is stored as several entries, each with its own vector: the chunk, its heading, its sentences.
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
from index.progress import Progress, ignore_progress
from index.storing import chroma
from index.storing.entries import make_entry_id, parse_owner, restore_chunk, split_batches
from index.storing.manifest import FORMAT, IndexedDocument, Manifest, Segment
from index.storing.segments import Segments
from index.storing.writer import Writer

Result = TypeVar("Result")

MAX_CANDIDATES = 32
"""The most chunks, those with the nearest entries, of which all vectors are compared with the question."""

MAX_TRIES = 20
"""Attempts at a read, if the index is switched during each, before an error is raised."""

LEASE_SECONDS = 120.0
"""Seconds for which a lease on a server is valid after it was last renewed."""

WAIT_SECONDS = 0.5
"""Seconds between the moments at which a caller that waits for another program on this machine may give up."""

SIGNING_SECONDS = 0.3
"""Seconds between signing a lease and checking that nobody else has signed it too."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk near a question, with the cosine similarity of each of its vectors to the question."""

    chunk: Chunk
    whole: float
    heading: float
    sentences: tuple[float, ...]
    """One for each of `chunk.sentences`..."""
    gains: tuple[float, ...] = ()
    """...and how much higher it is than to the earlier question alone; empty if there is none."""


class Store:
    """The index of one corpus: a folder of its own, or collections with their own name on a Chroma server.

    Args:
        folder: holds notes and, if there is no server, Chroma's files; the lock file is beside it.
        url: the address of a Chroma server; empty for none.
        name: the name of the index on the server.
        probe: whether to check for damage now.

    Raises:
        StoreError: the place cannot be used.
        DamagedStoreError: its files are damaged.
    """

    def __init__(self, folder: Path, url: str = "", name: str = "guide", *, probe: bool = True) -> None:
        self.folder = folder
        self.segments = Segments(folder, url, name)
        self.place = self.segments.place
        self._manifest: Manifest | None = None
        self._holder, self._renewed = "", 0.0
        self._build_failed = False
        if probe:
            self._probe()

    def _probe(self) -> None:
        """Read a little of each segment, so that damage is found now and not in the middle of an answer."""

        def read(manifest: Manifest) -> None:
            for segment in manifest.segments:
                collection = self.segments[segment.name]
                first = collection.get(limit=1, include=["embeddings", "metadatas"])
                collection.query(query_embeddings=chroma.to_matrix(first["embeddings"]), n_results=1)

        try:
            self._read_consistently(read, None)
        except StoreError as error:
            if self.segments.served and not isinstance(error.__cause__, chroma.import_not_found_error()):
                raise
            if not self.segments.served:
                self.segments.close()  # else Chroma would use the old files after the folder is replaced
            raise DamagedStoreError(error.what, "Run `assistant index --force`.") from error

    # Reading

    @property
    def manifest(self) -> Manifest | None:
        """What the index holds now, whoever built it; None if there is none, or one of another version."""
        with chroma.translate_errors(self.place):
            return self._read_manifest()

    def _read_manifest(self) -> Manifest | None:
        """The same, with Chroma's own errors; parsed only if its generation has changed."""
        kept, known = self.segments.read_head(), self._manifest
        if kept.get("format") != FORMAT or not kept.get("manifest"):
            return None
        if known is None or known.generation != kept["generation"]:
            old, known = known, Manifest.from_json(str(kept["manifest"]))
            self._manifest = known
            if old and not set(old.segments) <= set(known.segments):
                self.segments.reopen()  # Chroma's client keeps the files of a dropped segment open
        return known

    @property
    def is_foreign(self) -> bool:
        """Whether another version of the program made the index that is there."""
        with chroma.translate_errors(self.place):
            return self.segments.is_foreign()

    def tidy(self) -> None:
        """Drop what remains of a build that was killed after its switch; needs the build lock."""
        manifest = self.manifest
        with chroma.translate_errors(self.place):
            names = {segment.name for segment in (manifest.segments if manifest else ())}
            if len(self.segments.list_all()) > len(names):
                self.segments.drop_all_but(names)
        self.segments.sweep(manifest.segments if manifest else ())

    def _read_consistently(self, read: Callable[[Manifest], Result], otherwise: Result) -> Result:
        """The result of `read` for the manifest, or `otherwise` without one; starts over if the index is switched."""
        for _ in range(MAX_TRIES):
            manifest, failure = self.manifest, None
            if manifest is None:
                return otherwise
            try:
                result = read(manifest)
            except chroma.import_error_types() as error:
                failure = error
            with chroma.translate_errors(self.place):
                if self.segments.read_head().get("generation") == manifest.generation:
                    if failure:
                        raise failure
                    return result
            self.segments.forget()
        raise StoreError(f"The index at {self.place} is replaced again and again", "See what changes the texts.")

    def find_nearest(self, vectors: Vectors, width: int, earlier: Vectors | None = None) -> tuple[Candidate, ...]:
        """The chunks with the entries nearest to a question, in no order; at most MAX_CANDIDATES.

        Args:
            vectors: shape (wordings of the question, dimensions); the highest cosine among them counts.
            width: entries fetched for each wording and segment.
            earlier: shape (dimensions,), of a question that this one depends on; the first wording begins with it.
        """

        def read(manifest: Manifest) -> tuple[Candidate, ...]:
            best: dict[tuple[str, str], float] = {}
            for segment in manifest.segments:
                for owner, cosine in self._find_hits(segment, manifest, vectors, width):
                    best[segment.name, owner] = max(cosine, best.get((segment.name, owner), -1.0))
            by_segment: dict[str, list[str]] = defaultdict(list)
            for segment_name, owner in sorted(best, key=lambda key: (-best[key], key))[:MAX_CANDIDATES]:
                by_segment[segment_name].append(owner)
            return tuple(
                c for name, owners in by_segment.items() for c in self._compare(name, owners, vectors, earlier)
            )

        return self._read_consistently(read, ())

    def _find_hits(
        self, segment: Segment, manifest: Manifest, vectors: Vectors, width: int
    ) -> tuple[tuple[str, float], ...]:
        """(key of chunk, cosine) of a segment's live entries nearest to each vector; fetches more if many are dead."""
        alive = manifest.live_entries[segment.name]
        wanted = min(width + min(segment.entries - alive, width), segment.entries)
        while True:
            found = self.segments[segment.name].query(query_embeddings=vectors, n_results=wanted, include=["distances"])
            rows = zip(found["ids"], found["distances"] or (), strict=True)
            hits = [
                [
                    (parse_owner(identity), 1 - float(distance))
                    for identity, distance in zip(row, distances, strict=True)
                    if manifest.segment_of.get(identity.partition(":")[0]) == segment.name
                ]
                for row, distances in rows
            ]
            if min(map(len, hits)) >= min(width, alive) or wanted == segment.entries:
                return tuple(hit for row in hits for hit in row)
            wanted = min(2 * wanted, segment.entries)

    def _compare(
        self, name: str, owners: Sequence[str], vectors: Vectors, earlier: Vectors | None
    ) -> Iterator[Candidate]:
        """Yield these chunks of a segment, with the cosines of all their entries."""
        collection, wanted = self.segments[name], {"chunk": {"$in": list(owners)}}
        found = collection.get(where=wanted, include=["embeddings"])
        embeddings = chroma.to_matrix(found["embeddings"])
        cosines = (embeddings @ vectors.T).max(axis=1)
        cosine_of = {identity: float(cosine) for identity, cosine in zip(found["ids"], cosines, strict=True)}
        gains = [] if earlier is None else embeddings @ (vectors[0] - earlier)
        gain_of = {identity: float(gain) for identity, gain in zip(found["ids"], gains, strict=False)}
        whole = collection.get(where={"whole": {"$in": list(owners)}}, include=["metadatas", "documents"])
        for identity, kept, text in zip(whole["ids"], whole["metadatas"] or (), whole["documents"] or (), strict=True):
            owner, chunk = parse_owner(identity), restore_chunk(kept, text)
            entries = [make_entry_id(owner, "sentence", number) for number in range(len(chunk.sentences))]
            yield Candidate(
                chunk,
                cosine_of[identity],
                cosine_of[make_entry_id(owner, "heading", -1)],
                tuple(cosine_of[entry] for entry in entries),
                tuple(gain_of[entry] for entry in entries if gain_of),
            )

    def chunks(self, documents: Iterable[IndexedDocument] | None = None) -> tuple[Chunk, ...]:
        """All chunks, or those of these documents, ordered by source and place."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            by_segment: dict[str, list[str]] = defaultdict(list)
            for document in manifest.documents if documents is None else documents:
                if segment := manifest.segment_of.get(document.id):
                    by_segment[segment].append(document.id)
            parts = [(name, some) for name, ids in by_segment.items() for some in split_batches(ids)]
            found = [chunk for name, some in parts for chunk in self._read_chunks(name, "whole_of", some)]
            return tuple(sorted(found, key=lambda chunk: (chunk.source, chunk.start)))

        return self._read_consistently(read, ())

    def part(self, document: IndexedDocument, numbers: range) -> tuple[Chunk, ...]:
        """The chunks of a document with these numbers, which count from 0; numbers beyond its end are ignored."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            segment = manifest.segment_of.get(document.id, "")
            owners = [f"{document.id}:{number}" for number in numbers if 0 <= number < document.chunks]
            found = self._read_chunks(segment, "whole", owners) if segment and owners else ()
            return tuple(sorted(found, key=lambda chunk: chunk.start))

        return self._read_consistently(read, ())

    def number(self, document: IndexedDocument, start: int) -> int:
        """The number of a document's chunk that begins at this character; 0 if there is none."""

        def read(manifest: Manifest) -> int:
            if not (segment := manifest.segment_of.get(document.id)):
                return 0
            where: dict[str, Any] = {"$and": [{"whole_of": document.id}, {"start": start}]}
            found = self.segments[segment].get(where=where, include=[])["ids"]
            return int(parse_owner(found[0]).rpartition(":")[2]) if found else 0

        return self._read_consistently(read, 0)

    def _read_chunks(self, name: str, field: str, values: Sequence[str]) -> Iterator[Chunk]:
        """The chunks of a segment whose own entry has one of these values in a field."""
        where: dict[str, Any] = {field: {"$in": list(values)}}
        found = self.segments[name].get(where=where, include=["metadatas", "documents"])
        return map(restore_chunk, found["metadatas"] or (), found["documents"] or ())

    def find_chunks_with(self, hash_of_text: str) -> tuple[Chunk, ...]:
        """The chunks in use that have a sentence with this hash of its original text, ordered by source and place."""
        where: dict[str, Any] = {"hash_as_written": hash_of_text}

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            found: list[Chunk] = []
            for segment in manifest.segments:
                collection = self.segments[segment.name]
                hits = collection.get(where=where, include=["metadatas"])["metadatas"] or ()
                live = [kept for kept in hits if manifest.segment_of.get(str(kept["document"])) == segment.name]
                if owners := sorted({str(kept["chunk"]) for kept in live}):
                    found.extend(self._read_chunks(segment.name, "whole", owners))
            return tuple(sorted(found, key=lambda chunk: (chunk.source, chunk.start)))

        return self._read_consistently(read, ())

    # Writing

    @contextmanager
    def hold_build_lock(
        self, say: Callable[[str], None] = lambda line: None, progress: Progress = ignore_progress
    ) -> Iterator[None]:
        """Hold the lock that lets one process build. On this machine others wait, with a line; on a server they fail.

        Args:
            progress: called repeatedly during the wait.

        Raises:
            BusyError: another machine is building the index on the server.
        """
        lock = _make_lock(self.folder)
        with chroma.translate_errors(self.place):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say("Another program is building this index; waiting for it …")
                _wait_for(lock, progress)
        try:
            if self._build_failed:
                self.segments.reopen()  # after a failed write, Chroma's client never writes again
            self._build_failed = False
            with self._hold_lease() if self.segments.served else nullcontext():
                yield
        except StoreError:
            self._build_failed = True
            raise
        finally:
            lock.release()

    @contextmanager
    def _hold_lease(self) -> Iterator[None]:
        """Hold the lease on a server, a field of the head: "<holder>|<second at which it expires>"."""
        with chroma.translate_errors(self.place):
            holder, _, until = str(self.segments.read_head().get("builder", "")).partition("|")
        # A lease that ends later than possible was signed before a clock was set back: its holder may be long gone.
        if holder and 0 < float(until) - time.time() < 2 * LEASE_SECONDS:
            raise self._make_busy_error(holder)
        self._holder, self._renewed = f"{platform.node()}/{os.getpid()}/{secrets.token_hex(4)}", 0.0
        self._sign_lease()
        # Another machine may have found the lease free at the same moment: the last one to sign it holds it.
        time.sleep(SIGNING_SECONDS)
        self._check_lease()
        try:
            yield
        finally:
            with suppress(StoreError):
                self._check_lease()
                self.segments.keep(builder="")

    def _check_lease(self) -> None:
        """Raise BusyError if another machine holds the lease."""
        with chroma.translate_errors(self.place):
            holder = str(self.segments.read_head().get("builder", "")).partition("|")[0]
        if holder != self._holder:
            raise self._make_busy_error(holder)

    def _make_busy_error(self, holder: str) -> BusyError:
        what = f"The index at {self.place} is being built by {holder.rpartition('/')[0]}"
        return BusyError(what, "Let it finish, or let one machine alone build.")

    def _sign_lease(self) -> None:
        self._renewed = time.time()
        self.segments.keep(builder=f"{self._holder}|{self._renewed + LEASE_SECONDS:.0f}")

    def renew(self) -> None:
        """Renew the lease on a server if it is time; BusyError if another machine has taken it."""
        if self.segments.served and time.time() > self._renewed + LEASE_SECONDS / 8:
            self._check_lease()
            self._sign_lease()

    def make_writer(self, embedder: str, expected: int, *, anew: bool = False) -> Writer:
        """A writer of a new segment for about `expected` entries; needs the build lock.

        Args:
            anew: use no vectors from an index that another version of the program made.
        """
        take_foreign = self.is_foreign and not anew
        return Writer(self.segments, self.manifest, embedder, expected, self.renew, take_foreign=take_foreign)


def open_store(
    folder: Path, say: Callable[[str], None] = lambda line: None, url: str = "", name: str = "guide"
) -> Store:
    """Open a store. A damaged one is started anew, with a message; its folder is kept as `<folder>.damaged`."""
    try:
        return Store(folder, url, name)
    except DamagedStoreError as error:
        if url:
            store = Store(folder, url, name, probe=False)
            with store.hold_build_lock(say):
                store.segments.keep(manifest="")
            say(f"The index lacks a part and is made again from the texts ({error.what}).")
            return store
        # Nobody may build there in the meantime; and another process may have replaced the folder already.
        with _make_lock(folder):
            return _start_anew(folder, say)


def _start_anew(folder: Path, say: Callable[[str], None]) -> Store:
    try:
        return Store(folder)
    except DamagedStoreError as error:
        aside = folder.with_name(folder.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        say(f"The index was damaged and is made again from the texts ({error.what}).")
        return Store(folder)


def _make_lock(folder: Path) -> FileLock:
    """The lock that a build on this machine holds."""
    return FileLock(folder.with_name(folder.name + ".lock"))


def _wait_for(lock: FileLock, progress: Progress) -> None:
    """Acquire a lock that another program holds; `progress` may raise to give up."""
    while not lock.is_locked:
        progress(0, 1)
        with suppress(Timeout):
            lock.acquire(timeout=WAIT_SECONDS)
