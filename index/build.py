"""Make the index equal to the corpus: say whether and why it is stale, embed what is new, switch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from index.chunk import CHUNKER_VERSION, Chunk, chunk_document
from index.documents import corpus_files, plain, read_document
from index.embed import Embedder, Vectors
from index.errors import CorpusError
from index.store import Entry, EntryKind, Stamp, Store

BATCH = 64
"""Texts embedded at once; also how often progress is told."""

Progress = Callable[[int, int], None]
"""Told (texts done, texts in all)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did."""

    reason: str
    """Why it was needed; empty if the index was fresh."""
    documents: int
    chunks: int
    entries: int
    embedded: int
    """Texts embedded; the vectors of the others were there already."""
    skipped: tuple[str, ...]
    """Files that could not be read, each with the reason, in one line."""
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def fingerprint(corpus: Path) -> str:
    """A hash of the names and bytes of the texts; CorpusError if there are none."""
    total = sha256()
    for path in corpus_files(corpus):
        total.update(f"{path.relative_to(corpus).as_posix()}\0".encode())
        try:
            total.update(sha256(path.read_bytes()).digest())
        except OSError:
            total.update(b"unreadable")
    return total.hexdigest()


def stale_reason(stamp: Stamp | None, today: Stamp) -> str:
    """Why an index must be rebuilt, as a person would say it; empty if it is fresh."""
    if stamp is None:
        return "there is no index yet"
    if stamp.embedder != today.embedder:
        return f"the embedder is now {today.embedder}, it was {stamp.embedder}"
    if stamp.chunker != today.chunker:
        return "this version of the program cuts texts differently"
    return "the texts have changed" if stamp.corpus != today.corpus else ""


def today(corpus: Path, embedder: str) -> Stamp:
    """The stamp that a fresh index of this corpus has."""
    return Stamp(embedder, CHUNKER_VERSION, fingerprint(corpus))


def read_corpus(corpus: Path) -> tuple[tuple[Chunk, ...], int, tuple[str, ...]]:
    """All chunks of a corpus, the number of documents read, and the files that could not be.

    Raises:
        CorpusError: no file could be read; it names the first.
    """
    chunks: list[Chunk] = []
    skipped: list[CorpusError] = []
    files = corpus_files(corpus)
    for path in files:
        try:
            chunks.extend(chunk_document(read_document(path, path.relative_to(corpus).as_posix())))
        except CorpusError as error:
            skipped.append(error)
    if not chunks:
        raise skipped[0] if skipped else CorpusError(f"The texts in {corpus} hold no words")
    return tuple(chunks), len(files) - len(skipped), tuple(str(error) for error in skipped)


def build(
    store: Store,
    corpus: Path,
    embedder: Callable[[], Embedder],
    name: str,
    *,
    force: bool = False,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Make the index equal to the corpus; nothing is done if it already is.

    Args:
        embedder: called only if something must be embedded, since loading it takes seconds.
        name: the embedder's.
        force: embed everything again.

    Raises:
        CorpusError, StoreError: the old index, if there was one, still stands.
    """
    begun = time.perf_counter()
    with FileLock(store.folder.with_suffix(".lock")):
        store.refresh()
        stamp = today(corpus, name)
        reason = "asked to" if force else stale_reason(store.stamp, stamp)
        chunks, documents, skipped = read_corpus(corpus)
        entries = [entry for chunk in chunks for entry in entries_of(chunk)]
        embedded = 0
        if reason:
            hashes = [entry.hash for entry in entries]
            reusable = not force and store.stamp is not None and store.stamp.embedder == name
            known = store.vectors(hashes) if reusable else {}
            embedded = len(set(hashes) - known.keys())
            vectors = _embed(entries, known, embedder, progress) if embedded else known
            store.replace(_in_batches(entries, vectors), stamp, time.time_ns())
    seconds = round(time.perf_counter() - begun, 3)
    return Report(reason, documents, len(chunks), len(entries), embedded, skipped, seconds)


def entries_of(chunk: Chunk) -> Iterator[Entry]:
    """What of a chunk gets a vector: the whole under its headings, the heading, each sentence."""
    body = " ".join(sentence.plain for sentence in chunk.sentences)
    yield _entry(chunk, "chunk", -1, f"{chunk.heading}. {body}")
    yield _entry(chunk, "heading", -1, " – ".join(chunk.headings))
    for position, sentence in enumerate(chunk.sentences):
        yield _entry(chunk, "sentence", position, sentence.plain)


def _entry(chunk: Chunk, kind: EntryKind, position: int, text: str) -> Entry:
    return Entry(chunk, kind, position, text, sha256(plain(text).encode()).hexdigest()[:24])


def _embed(
    entries: Sequence[Entry], known: dict[str, Vectors], embedder: Callable[[], Embedder], progress: Progress
) -> dict[str, Vectors]:
    """Vectors by hash: those known, and those of the texts that are new."""
    fresh = {entry.hash: entry.text for entry in entries if entry.hash not in known}
    model = embedder()
    vectors = dict(known)
    hashes = sorted(fresh, key=lambda key: len(fresh[key]))
    for start in range(0, len(hashes), BATCH):
        some = hashes[start : start + BATCH]
        vectors.update(zip(some, model.embed_documents([fresh[key] for key in some]), strict=True))
        progress(start + len(some), len(hashes))
    return vectors


def _in_batches(entries: Sequence[Entry], vectors: dict[str, Vectors]) -> Iterator[tuple[Sequence[Entry], Vectors]]:
    for start in range(0, len(entries), BATCH):
        some = entries[start : start + BATCH]
        yield some, np.stack([vectors[entry.hash] for entry in some])
