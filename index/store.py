"""Chunks and their vectors on disk. The only import of chromadb.

A build fills a new collection, which becomes the current one by a single write when it is whole; the one
before it is deleted after that. So a reader sees the old index or the new one.

One chunk is stored as several *entries*, each with its own vector: the chunk, its heading, its sentences.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from index.chunk import Chunk, Sentence
from index.documents import plain
from index.embed import Vectors
from index.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

Result = TypeVar("Result")
EntryKind = Literal["chunk", "heading", "sentence"]

UUID_LENGTH = 36
"""Of the names of Chroma's folders of vectors."""

_BATCH = 500
"""Entries written or read at once, to bound memory."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index was made from; if any of it differs from today's, the index is stale."""

    embedder: str
    chunker: str
    corpus: str
    """Fingerprint of the names and bytes of the texts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One vector's worth of a chunk. `position` numbers the sentences of the chunk from 0, else it is -1."""

    chunk: Chunk
    kind: EntryKind
    position: int
    text: str
    """What is embedded."""
    hash: str
    """Of `text`; equal texts share their vector."""

    @property
    def id(self) -> str:
        """Unique inside a collection."""
        return f"{self.chunk.id}:{self.kind}:{self.position}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk found near a question, with the cosine of each of its vectors to it."""

    chunk: Chunk
    whole: float
    heading: float
    sentences: tuple[float, ...]
    """One for each of `chunk.sentences`."""


class Store:
    """The entries of one corpus, in a folder of their own.

    Raises:
        StoreError: the folder cannot be written, or what is in it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._client = _open(folder)
        self._current: Collection | None = None
        self.refresh()
        self._probe()

    def refresh(self) -> None:
        """Look again which collection is the current one; another process may have built."""
        whole = [c for c in self._client.list_collections() if (c.metadata or {}).get("whole")]
        self._current = max(whole, key=lambda c: str(c.metadata["whole"]), default=None)

    def _probe(self) -> None:
        """Read a little of everything, so that damage shows now and not in the middle of an answer."""
        if self._current is None:
            return
        try:
            first = self._current.get(limit=1, include=["embeddings", "metadatas"])
            self._current.query(query_embeddings=_matrix(first["embeddings"]), n_results=1)
        except _chroma_errors() as error:
            self._client.close()  # else Chroma would go on with what it opened, when the folder is made anew
            what = f"{self.folder} cannot be read: {error}"
            raise DamagedStoreError(what, "Run `assistant index --force`.") from error

    @property
    def stamp(self) -> Stamp | None:
        """What the current index was made from; None if there is none."""
        if self._current is None:
            return None
        kept = self._current.metadata or {}
        return Stamp(str(kept.get("embedder")), str(kept.get("chunker")), str(kept.get("corpus")))

    @property
    def counts(self) -> tuple[int, int]:
        """Chunks and entries in the current index."""
        return self._reading(lambda current: (int((current.metadata or {}).get("chunks", 0)), current.count()), (0, 0))

    def vectors(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of the current index for these hashes of texts, as far as they are there; shape (dimensions,)."""
        known: dict[str, Vectors] = {}
        for some in _batches(hashes):
            wanted: dict[str, Any] = {"where": {"hash": {"$in": list(some)}}, "include": ["embeddings", "metadatas"]}
            found = self._reading(lambda current, wanted=wanted: current.get(**wanted), None)  # type: ignore[misc]
            for kept, vector in zip(found["metadatas"], _matrix(found["embeddings"]), strict=True) if found else ():
                known[str(kept["hash"])] = vector
        return known

    def replace(self, batches: Iterable[tuple[Sequence[Entry], Vectors]], stamp: Stamp, serial: int) -> None:
        """Make these entries the current index; `serial` grows from build to build."""
        fresh = self._client.create_collection(
            f"guide-{secrets.token_hex(8)}",
            configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}},
            embedding_function=None,
        )
        try:
            chunks = _fill(fresh, batches)
            kept = {"embedder": stamp.embedder, "chunker": stamp.chunker, "corpus": stamp.corpus}
            fresh.modify(metadata={**kept, "chunks": chunks, "whole": f"{serial:020d}"})
        except _chroma_errors() as error:
            with suppress(*_chroma_errors()):
                self._client.delete_collection(fresh.name)
            what = f"The index at {self.folder} cannot be written ({error})"
            raise StoreError(what, "See that the disk has room; what was there before still answers.") from error
        self._drop_all_but(fresh.name)
        self.refresh()

    def _drop_all_but(self, name: str) -> None:
        for collection in self._client.list_collections():
            if collection.name != name:
                self._client.delete_collection(collection.name)
        self._sweep()

    def _sweep(self) -> None:
        """Remove the folders of vectors of collections that are gone: Chroma 1.5 leaves them behind."""
        database = (self.folder / "chroma.sqlite3").absolute().as_uri()
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"{database}?mode=ro", uri=True)) as opened:
            alive = {str(row[0]) for row in opened.execute("SELECT id FROM segments")}
            for path in self.folder.iterdir():
                if path.is_dir() and len(path.name) == UUID_LENGTH and path.name not in alive:
                    shutil.rmtree(path, ignore_errors=True)

    def _reading(self, read: Callable[[Collection], Result], otherwise: Result) -> Result:
        """What is read from the current collection; another process may have put a new one in its place."""
        from chromadb.errors import NotFoundError

        try:
            return read(self._current) if self._current else otherwise
        except NotFoundError:
            self.refresh()
            return read(self._current) if self._current else otherwise

    def near(self, vectors: Vectors, width: int) -> tuple[Candidate, ...]:
        """The chunks that own the `width` entries nearest to a question, unordered.

        Args:
            vectors: shape (readings of the question, dimensions); a chunk's cosine is the best over them.
            width: entries looked at for each reading.
        """
        return self._reading(lambda current: tuple(_near(current, vectors, width)), ())

    def chunks(self) -> tuple[Chunk, ...]:
        """All chunks, by source and place."""
        found = self._reading(lambda current: current.get(where={"kind": "chunk"}, include=["metadatas"]), None)
        chunks = [_chunk(str(kept["chunk"]), kept) for kept in (found["metadatas"] if found else None) or ()]
        return tuple(sorted(chunks, key=lambda chunk: (chunk.source, chunk.start)))


def _near(current: Collection, vectors: Vectors, width: int) -> Iterable[Candidate]:
    """The chunks that own the entries nearest to any of the vectors, with the cosines of all their entries."""
    if not (total := current.count()):
        return
    nearest = current.query(query_embeddings=vectors, n_results=min(width, total), include=["metadatas"])
    ids = sorted({str(kept["chunk"]) for row in nearest["metadatas"] or () for kept in row})
    found = current.get(where={"chunk": {"$in": list(ids)}}, include=["metadatas", "embeddings"])
    cosines = (_matrix(found["embeddings"]) @ vectors.T).max(axis=1)
    rows: dict[str, dict[tuple[str, int], tuple[float, Mapping[str, Any]]]] = {}
    for kept, cosine in zip(found["metadatas"] or (), cosines, strict=True):
        position = int(str(kept["position"]))
        rows.setdefault(str(kept["chunk"]), {})[str(kept["kind"]), position] = float(cosine), kept
    for identity, entries in rows.items():
        whole, kept = entries["chunk", -1]
        chunk = _chunk(identity, kept)
        sentences = tuple(entries["sentence", i][0] for i in range(len(chunk.sentences)))
        yield Candidate(chunk, whole, entries["heading", -1][0], sentences)


def open_store(folder: Path, say: Callable[[str], None]) -> Store:
    """The store in a folder; a damaged one is put aside as `<folder>.damaged`, with a line, and begun anew."""
    try:
        return Store(folder)
    except DamagedStoreError as error:
        aside = folder.with_name(folder.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        say(f"The index was damaged and is made again from the texts ({error.what}).")
        return Store(folder)


def _fill(collection: Collection, batches: Iterable[tuple[Sequence[Entry], Vectors]]) -> int:
    """Write entries with their vectors; gives the number of chunks among them."""
    chunks = 0
    for entries, vectors in batches:
        chunks += sum(entry.kind == "chunk" for entry in entries)
        for start in range(0, len(entries), _BATCH):
            some = entries[start : start + _BATCH]
            collection.add(
                ids=[entry.id for entry in some],
                embeddings=vectors[start : start + _BATCH],
                documents=[entry.text for entry in some],
                metadatas=[_metadata(entry) for entry in some],
            )
    return chunks


def _open(folder: Path) -> ClientAPI:
    """Chroma's client on a folder; whatever goes wrong inside it becomes a StoreError."""
    # Imported late: half of the commands never open the index.
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"The index at {folder} cannot be opened ({reason})", "Check its permissions.") from error
    except _chroma_errors() as error:
        SharedSystemClient.clear_system_cache()  # it keeps what half opened
        raise DamagedStoreError(f"{folder} does not open: {error}", "Run `assistant index --force`.") from error


def _chroma_errors() -> tuple[type[Exception], ...]:
    """What Chroma raises when its files are not as it wrote them."""
    from chromadb.errors import ChromaError

    return ChromaError, OSError, ValueError, RuntimeError, LookupError, TypeError


def _metadata(entry: Entry) -> dict[str, str | int]:
    """What is kept beside a vector; the chunk's own entry holds all that makes the chunk."""
    kept: dict[str, str | int] = {
        "chunk": entry.chunk.id,
        "kind": entry.kind,
        "position": entry.position,
        "hash": entry.hash,
    }
    if entry.kind == "chunk":
        chunk = entry.chunk
        spans = [(sentence.start, sentence.end) for sentence in chunk.sentences]
        kept |= {"source": chunk.source, "title": chunk.title, "headings": json.dumps(chunk.headings)}
        kept |= {"start": chunk.start, "end": chunk.end, "text": chunk.text, "spans": json.dumps(spans)}
    return kept


def _chunk(identity: str, kept: Mapping[str, Any]) -> Chunk:
    """The chunk that `_metadata` kept."""
    text, begin = str(kept["text"]), int(kept["start"])
    inner = [(text[start - begin : end - begin], start, end) for start, end in json.loads(str(kept["spans"]))]
    sentences = tuple(Sentence(part, plain(part), start, end) for part, start, end in inner)
    headings = tuple(json.loads(str(kept["headings"])))
    return Chunk(identity, str(kept["source"]), str(kept["title"]), headings, text, begin, int(kept["end"]), sentences)


def _matrix(embeddings: object) -> Vectors:
    """Chroma's embeddings as one array of shape (entries, dimensions)."""
    return np.asarray(embeddings if embeddings is not None else [], dtype=np.float32)


def _batches(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
