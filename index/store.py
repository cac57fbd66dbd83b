"""Chunks and their vectors, in segments that never change once they are whole.

    head        one small record: the manifest, which names the segments and the documents that are alive
    segment     a Chroma collection, filled by one build and then left alone; a few of them make an index

A build writes what is new into a segment of its own and then replaces the manifest in a single write. So a reader
sees the old index or the new one, in this process or another; and a build that is killed leaves nothing that is seen.
What is no longer alive stays in its segment, unseen, until the segment is merged with others or dropped.

One chunk is stored as several *entries*, each with its own vector: the chunk, its heading, its sentences.
"""

from __future__ import annotations

import json
import math
import os
import platform
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from filelock import FileLock, Timeout

from index import chroma
from index.chunk import Chunk, Sentence
from index.documents import plain
from index.embed import Vectors
from index.errors import BusyError, DamagedStoreError, StoreError
from index.manifest import FORMAT, Indexed, Manifest, Segment

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

Result = TypeVar("Result")
EntryKind = Literal["chunk", "heading", "sentence"]

NEAREST = 32
"""Chunks of which every vector is compared with the question; their own best entry was among the nearest."""

MERGED = 4
"""Segments of about the same size, within this factor, that become one: it bounds their number by a logarithm."""

WORTHWHILE = 4096
"""Entries; fewer that a killed build left are embedded again, which is quicker than to see whether they are whole."""

TRIES = 20
"""A reader begins again when the manifest changed under it; so often in a row it never does."""

LEASE = 120.0
"""Seconds after its last sign of life in which a builder on a server is believed to be at work."""

_BATCH = 500
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
        return _id(self.owner, self.kind, self.position)


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

    Raises:
        StoreError: the place cannot be used, or what is in it is damaged.
    """

    def __init__(self, folder: Path, url: str = "", name: str = "guide") -> None:
        self.folder = folder
        self.place: str | Path = url or folder
        self._name, self._served = name, bool(url)
        self._client: ClientAPI = chroma.served(url) if url else chroma.embedded(folder)
        self._opened: dict[str, Collection] = {}
        self._manifest: Manifest | None = None
        self._holder, self._renewed = "", 0.0
        self._failed = False
        self._probe()

    def _probe(self) -> None:
        """Read a little of everything, so that damage shows now and not in the middle of an answer."""
        try:
            for segment in manifest.segments if (manifest := self._read_manifest()) else ():
                opened = self._collection(segment.name)
                first = opened.get(limit=1, include=["embeddings", "metadatas"])
                opened.query(query_embeddings=chroma.matrix(first["embeddings"]), n_results=1)
        except chroma.faults() as error:
            if self._served:
                raise StoreError(f"The index on {self.place} cannot be read ({error})", "See that it runs.") from error
            self._client.close()  # else Chroma would go on with what it opened, when the folder is made anew
            what = f"{self.folder} cannot be read: {error}"
            raise DamagedStoreError(what, "Run `assistant index --force`.") from error

    # Reading

    @property
    def manifest(self) -> Manifest | None:
        """What the index holds now, whoever built it; None if there is no index, or one of another version."""
        with chroma.away(self.place):
            return self._read_manifest()

    def _read_manifest(self) -> Manifest | None:
        kept = self._head()
        if kept.get("format") != FORMAT or not kept.get("manifest"):
            self._manifest = None
        elif self._manifest is None or self._manifest.generation != kept["generation"]:
            self._manifest = Manifest.from_json(str(kept["manifest"]))
        return self._manifest

    def _head(self) -> dict[str, Any]:
        """The metadata of the head, as they are now."""
        try:
            return dict(self._client.get_collection(self._named("head"), embedding_function=None).metadata or {})
        except chroma.missing():
            return {}

    @property
    def foreign(self) -> bool:
        """Whether there is an index that another version of the program made."""
        with chroma.away(self.place):
            kept = self._head()
            others = () if self._served or kept else self._client.list_collections()
            return bool(others) or kept.get("format", FORMAT) != FORMAT

    def _named(self, name: str) -> str:
        return f"{self._name}.{name}"

    def _collection(self, name: str) -> Collection:
        """A segment's collection; kept, since it never changes."""
        if name not in self._opened:
            self._opened[name] = self._client.get_collection(self._named(name), embedding_function=None)
        return self._opened[name]

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
                if self._head().get("generation") == manifest.generation:
                    if fault:
                        raise fault
                    return result
            self._opened = {}
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
            found = self._collection(segment.name).query(
                query_embeddings=vectors, n_results=wanted, include=["distances"]
            )
            rows = zip(found["ids"], found["distances"] or (), strict=True)
            hits = [
                (_owner(identity), 1 - float(distance))
                for row, distances in rows
                for identity, distance in zip(row, distances, strict=True)
                if manifest.live.get(identity.partition(":")[0]) == segment.name
            ]
            if len(hits) >= min(width, alive) or wanted == segment.entries:
                return tuple(hits)
            wanted = min(2 * wanted, segment.entries)

    def _compared(self, name: str, owners: Sequence[str], vectors: Vectors) -> Iterator[Candidate]:
        """Chunks of a segment, with the cosines of all their entries."""
        opened, wanted = self._collection(name), {"chunk": {"$in": list(owners)}}
        found = opened.get(where=wanted, include=["embeddings"])
        cosines = (chroma.matrix(found["embeddings"]) @ vectors.T).max(axis=1)
        cosine_of = {identity: float(cosine) for identity, cosine in zip(found["ids"], cosines, strict=True)}
        where: dict[str, Any] = {"$and": [wanted, {"kind": "chunk"}]}
        whole = opened.get(where=where, include=["metadatas", "documents"])
        for identity, kept, text in zip(whole["ids"], whole["metadatas"] or (), whole["documents"] or (), strict=True):
            owner, chunk = _owner(identity), _chunk(kept, text)
            sentences = tuple(cosine_of[_id(owner, "sentence", i)] for i in range(len(chunk.sentences)))
            yield Candidate(chunk, cosine_of[identity], cosine_of[_id(owner, "heading", -1)], sentences)

    def chunks(self, documents: Iterable[Indexed] | None = None) -> tuple[Chunk, ...]:
        """All chunks, or those of some documents, by source and place."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            by_segment: dict[str, list[str]] = defaultdict(list)
            for document in manifest.documents if documents is None else documents:
                if manifest.live.get(document.id) == document.segment:
                    by_segment[document.segment].append(document.id)
            found = [c for name, ids in by_segment.items() for some in _batches(ids) for c in self._chunks(name, some)]
            return tuple(sorted(found, key=lambda chunk: (chunk.source, chunk.start)))

        return self._reading(read, ())

    def _chunks(self, name: str, ids: Sequence[str]) -> Iterator[Chunk]:
        where: dict[str, Any] = {"$and": [{"document": {"$in": list(ids)}}, {"kind": "chunk"}]}
        found = self._collection(name).get(where=where, include=["metadatas", "documents"])
        return map(_chunk, found["metadatas"] or (), found["documents"] or ())

    def holding(self, hash_of_text: str) -> tuple[Chunk, ...]:
        """The living chunks that hold an entry with this hash."""

        def read(manifest: Manifest) -> tuple[Chunk, ...]:
            found: list[Chunk] = []
            for segment in manifest.segments:
                opened = self._collection(segment.name)
                hits = opened.get(where={"hash": hash_of_text}, include=["metadatas"])["metadatas"] or ()
                living = [kept for kept in hits if manifest.live.get(str(kept["document"])) == segment.name]
                if owners := sorted({str(kept["chunk"]) for kept in living}):
                    where: dict[str, Any] = {"$and": [{"chunk": {"$in": owners}}, {"kind": "chunk"}]}
                    whole = opened.get(where=where, include=["metadatas", "documents"])
                    found.extend(map(_chunk, whole["metadatas"] or (), whole["documents"] or ()))
            return tuple(sorted(found, key=lambda chunk: (chunk.source, chunk.start)))

        return self._reading(read, ())

    # Writing

    @contextmanager
    def building(self, say: Callable[[str], None] = lambda line: None) -> Iterator[None]:
        """Only one builds at a time. On this machine the other waits, with a line; on a server it is an error.

        Raises:
            BusyError: another machine is building this index on the server.
        """
        lock = FileLock(self.folder.with_name(self.folder.name + ".lock"))
        with chroma.away(self.place):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say("Another program is building this index; waiting for it …")
                lock.acquire()
        try:
            if self._failed and not self._served:
                # Chroma's client does not write again after a write that failed; who reads now keeps the old one.
                self._client, self._opened = chroma.embedded(self.folder, anew=True), {}
            self._failed = False
            with self._leased() if self._served else _nothing():
                yield
        except StoreError:
            self._failed = True
            raise
        finally:
            lock.release()

    @contextmanager
    def _leased(self) -> Iterator[None]:
        with chroma.away(self.place):
            holder, _, until = str(self._head().get("builder", "")).partition("|")
        if holder and float(until) > time.time():
            what = f"The index at {self.place} is being built by {holder.rpartition('/')[0]}"
            raise BusyError(what, "Let it finish, or let one machine alone build.")
        self._renewed = 0.0
        self._holder = f"{platform.node()}/{os.getpid()}/{secrets.token_hex(4)}"
        self.renew()
        try:
            yield
        finally:
            with suppress(StoreError):
                self.keep(builder="")

    def renew(self) -> None:
        """A sign of life of the builder, for others on the same server."""
        if self._served and time.time() > self._renewed + LEASE / 4:
            self._renewed = time.time()
            self.keep(builder=f"{self._holder}|{self._renewed + LEASE:.0f}")

    def keep(self, **fields: str | int) -> None:
        """Replace fields of the head, all in one write; the others stay."""
        with chroma.away(self.place):
            head = self._client.get_or_create_collection(self._named("head"), embedding_function=None)
            kept = dict(head.metadata or {})
            head.modify(metadata={"format": FORMAT, "generation": 0, "manifest": "", **kept, **fields})

    def writer(self, embedder: str) -> Writer:
        """What fills new segments; call inside `building`."""
        with chroma.away(self.place):
            return Writer(self, embedder)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class Writer:
    """Fills one new segment beside the index. Nothing of it is seen before `switch`.

    What a killed build left is read for its vectors, so that they are not embedded again.

    Args:
        embedder: of the vectors to come; what another one left is of no use.
    """

    def __init__(self, store: Store, embedder: str) -> None:
        self._store, self._client, self._embedder = store, store._client, embedder
        self._old = store._read_manifest()
        self._open: tuple[Segment, Collection] | None = None
        self._folders: set[str] = set()
        in_use = {store._named(segment.name) for segment in (self._old.segments if self._old else ())}
        self._left = [left for left in self._ours() if left.name not in in_use and self._is_of_use(left)]
        self._drop_all_but({*in_use, *(left.name for left in self._left)})

    def _ours(self) -> list[Collection]:
        """The segments of this index, and in a folder whatever an older version of the program made there."""
        prefix = self._store._named("s-") if self._store._served else ""
        head = self._store._named("head")
        return [c for c in self._client.list_collections() if c.name.startswith(prefix) and c.name != head]

    def _is_of_use(self, left: Collection) -> bool:
        """Whether a build that was killed left many vectors by the same embedder, and they can be read."""
        many = (left.metadata or {}).get("embedder") == self._embedder and left.count() >= WORTHWHILE
        return many and (self._store._served or chroma.is_sound(self._store.folder, [left.name]))

    def known(self, hashes: Sequence[str], *, also_old: bool) -> dict[str, Vectors]:
        """The vectors that are there already for these hashes of texts; shape (dimensions,).

        Args:
            also_old: those of the index that is in use count; else only those of this build and of a killed one.
        """
        found: dict[str, Vectors] = {}
        with chroma.away(self._store.place):
            old = self._old.segments if also_old and self._old else ()
            places = [*(self._store._collection(segment.name) for segment in old), *self._left]
            for opened in (*places, *([self._open[1]] if self._open else [])):
                for some in _batches([key for key in hashes if key not in found]):
                    where: dict[str, Any] = {"hash": {"$in": list(some)}}
                    hits = opened.get(where=where, include=["embeddings", "metadatas"])
                    keys = (str(kept["hash"]) for kept in hits["metadatas"] or ())
                    found.update(zip(keys, chroma.matrix(hits["embeddings"]), strict=True))
        return found

    @property
    def segment(self) -> str:
        """The name of the segment that entries go to."""
        return self._opened()[0].name

    def _opened(self) -> tuple[Segment, Collection]:
        if self._open is None:
            self._folders = self._vector_folders()
            segment = Segment(f"s-{secrets.token_hex(6)}", 0)
            with chroma.away(self._store.place):
                made = chroma.made(self._client, self._store._named(segment.name), self._embedder)
            self._open = segment, made
        return self._open

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        """Write entries with their vectors, shape (entries, dimensions)."""
        self._write([(e.id, _metadata(e), e.chunk.text if e.kind == "chunk" else None) for e in entries], vectors)
        self._store.renew()

    def renew(self) -> None:
        """A sign of life, for others on the same server."""
        self._store.renew()

    def _write(self, rows: Sequence[tuple[str, Mapping[str, Any], str | None]], vectors: Vectors) -> None:
        """Rows of (id, metadata, document or None); those with a document apart, as Chroma wants all or none."""
        segment, collection = self._opened()
        with chroma.away(self._store.place):
            for whole in (True, False):
                places = [place for place, row in enumerate(rows) if (row[2] is not None) == whole]
                for start in range(0, len(places), _BATCH):
                    some = places[start : start + _BATCH]
                    texts = {"documents": [rows[place][2] for place in some]} if whole else {}
                    collection.add(
                        ids=[rows[place][0] for place in some],
                        embeddings=vectors[some],
                        metadatas=[rows[place][1] for place in some],
                        **texts,
                    )
        new = self._vector_folders() - self._folders
        folder = segment.folder or (next(iter(new)) if len(new) == 1 else "")
        self._open = replace(segment, entries=segment.entries + len(rows), folder=folder), collection

    def _vector_folders(self) -> set[str]:
        return set() if self._store._served else chroma.vector_folders(self._store.folder)

    def switch(self, fresh: Manifest) -> Manifest:
        """Make these documents the index, in one write; then drop what is no longer part of it."""
        used = {document.segment for document in fresh.documents if document.segment}
        known = (*(self._old.segments if self._old else ()), *((self._open[0],) if self._open else ()))
        fresh = replace(fresh, segments=tuple(segment for segment in known if segment.name in used))
        if group := worn(fresh):
            fresh = self._merged(fresh, group)
        generation = (self._old.generation if self._old else 0) + 1
        fresh = replace(fresh, generation=generation, built=time.time())
        folders = {self._store._named(segment.name): segment.folder for segment in fresh.segments}
        if not self._store._served:
            with chroma.away(self._store.place):
                chroma.note_sound(self._store.folder, folders)
        self._store.keep(manifest=fresh.to_json(), generation=generation)
        with chroma.away(self._store.place):
            self._drop_all_but(set(folders))
        if not self._store._served and all(folders.values()):
            chroma.sweep(self._store.folder, folders.values())
        return fresh

    def _merged(self, fresh: Manifest, group: set[str]) -> Manifest:
        """The manifest with what is alive in some segments moved into the one that this build fills."""
        target = self.segment
        moving = {document.id for document in fresh.documents if document.segment in group - {target}}
        for old in sorted(group - {target}):
            ids = [document.id for document in fresh.documents if document.segment == old]
            for some in (ids[start : start + 20] for start in range(0, len(ids), 20)):
                self._copy(old, some)
        kept = tuple(segment for segment in fresh.segments if segment.name not in {*group, target})
        return replace(fresh, documents=fresh.with_segment(target, moving), segments=(*kept, self._opened()[0]))

    def _copy(self, segment: str, documents: Sequence[str]) -> None:
        with chroma.away(self._store.place):
            found = self._store._collection(segment).get(
                where={"document": {"$in": list(documents)}},
                include=["embeddings", "metadatas", "documents"],
            )
        rows = list(zip(found["ids"], found["metadatas"] or (), found["documents"] or (), strict=True))
        self._write(rows, chroma.matrix(found["embeddings"]))

    def _drop_all_but(self, kept: set[str]) -> None:
        """Delete every collection of this index that is not one of these."""
        store = self._store
        for collection in self._ours():
            if collection.name not in kept:
                self._client.delete_collection(collection.name)
        store._opened = {name: opened for name, opened in store._opened.items() if store._named(name) in kept}


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


def open_store(
    folder: Path, say: Callable[[str], None] = lambda line: None, url: str = "", name: str = "guide"
) -> Store:
    """The store at a place; a damaged folder is put aside as `<folder>.damaged`, with a line, and begun anew."""
    try:
        return Store(folder, url, name)
    except DamagedStoreError as error:
        aside = folder.with_name(folder.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        say(f"The index was damaged and is made again from the texts ({error.what}).")
        return Store(folder, url, name)


def _metadata(entry: Entry) -> dict[str, str | int]:
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
        kept |= {"id": chunk.id, "source": chunk.source, "title": chunk.title, "headings": json.dumps(chunk.headings)}
        kept |= {"start": chunk.start, "end": chunk.end, "spans": json.dumps(spans)}
    return kept


def _chunk(kept: Mapping[str, Any], text: str) -> Chunk:
    """The chunk that `_metadata` kept."""
    begin, headings = int(kept["start"]), tuple(json.loads(str(kept["headings"])))
    inner = [
        (text[start - begin : end - begin], start, end, page) for start, end, page in json.loads(str(kept["spans"]))
    ]
    sentences = tuple(Sentence(part, plain(part), start, end, page) for part, start, end, page in inner)
    source, title = str(kept["source"]), str(kept["title"])
    return Chunk(str(kept["id"]), source, title, headings, text, begin, int(kept["end"]), sentences)


def _id(owner: str, kind: EntryKind, position: int) -> str:
    return f"{owner}:{kind}:{position}"


def _owner(identity: str) -> str:
    return identity.rsplit(":", 2)[0]


def _batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
