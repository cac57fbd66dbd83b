"""Make the index equal to the corpus: plan, embed what is new, switch.

Texts pass through in groups, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from index.changes import READING, Corpus, File, Plan, content_hash, document_id, plan
from index.chunking.chunk import Chunk, chunk_document
from index.embedding.embed import Embedder, Vectors
from index.errors import CorpusError
from index.progress import Progress, unseen
from index.reading.documents import corpus_files, document_from, read_document
from index.storing.entries import Entry, entries_of
from index.storing.manifest import Indexed, Manifest
from index.storing.store import Store
from index.storing.writer import Writer

ENTRY_SIZE = 60
"""Bytes of text to an entry, about."""

GROUP = 1024
"""Texts looked up and sorted by length together; what is held in memory at once."""

FOREIGN = "the index was made by another version of the program"


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did."""

    plan: Plan
    documents: int
    chunks: int
    entries: int
    embedded: int
    """Texts embedded; the vectors of the others were there already."""
    skipped: tuple[str, ...]
    """Files that could not be read, each with the reason, in one line."""
    seconds: float

    @property
    def reason(self) -> str:
        """Why it was needed; empty if the index was fresh."""
        return self.plan.reason

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        kept = asdict(self)
        return self.plan.to_dict() | {name: value for name, value in kept.items() if name != "plan"}


def planned(store: Store, corpus: Path, name: str, *, force: bool = False) -> Plan:
    """What `build` would do now. Raises CorpusError, StoreError."""
    files = Corpus(corpus, store.folder / "files.json").files()
    manifest = store.manifest
    doing = plan(manifest, files, name, force=force)
    return replace(doing, reason=FOREIGN) if manifest is None and store.foreign else doing


def build(
    store: Store,
    corpus: Path,
    embedder: Callable[[], Embedder],
    name: str,
    *,
    force: bool = False,
    progress: Progress = unseen,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Make the index equal to the corpus; nothing is written if it already is.

    Args:
        embedder: called only if something must be embedded, since loading it takes seconds.
        name: the embedder's.
        force: embed everything again.

    Raises:
        CorpusError, StoreError: the old index, if there was one, still stands.
    """
    begun = time.perf_counter()
    with store.building(say):
        doing, manifest, embedded = planned(store, corpus, name, force=force), store.manifest, 0
        if doing.reason:
            reuse = manifest is not None and manifest.embedder == name and not force
            expected = sum(file.size for file in doing.writing) // ENTRY_SIZE
            making = _Making(store.writer(name, expected), embedder, progress, reuse=reuse)
            documents = (*doing.keeping, *making.documents(doing.writing, manifest))
            if not any(document.chunks for document in documents):
                raise _nothing_to_read(documents, doing, corpus)
            ordered = tuple(sorted(documents, key=lambda document: document.source))
            reading = manifest.chunker if manifest and doing.keeping else READING
            manifest = making.writer.switch(Manifest(name, reading, documents=ordered))
            embedded = making.embedded
        else:
            store.tidy()
    assert manifest is not None  # the plan has a reason if there is none
    skipped = (*manifest.skipped, *doing.unread)
    return Report(doing, *manifest.counts, embedded, skipped, round(time.perf_counter() - begun, 3))


def _nothing_to_read(documents: Iterable[Indexed], doing: Plan, corpus: Path) -> CorpusError:
    problems = (*(document.problem for document in documents if document.problem), *doing.unread)
    return CorpusError(problems[0] if problems else f"The texts in {corpus} hold no words")


class _Making:
    """Writes documents, group by group: chunks, entries, the vectors that are known, those that are not.

    Args:
        reuse: whether the vectors of the index in use may be used again.
    """

    def __init__(self, writer: Writer, embedder: Callable[[], Embedder], progress: Progress, *, reuse: bool) -> None:
        self.writer, self.embedded = writer, 0
        self._load = embedder
        self._model: Embedder | None = None
        self._reuse, self._progress = reuse, progress
        self._group: list[Entry] = []
        self._done = self._told = self._total = 0

    def documents(self, files: Sequence[File], manifest: Manifest | None) -> Iterator[Indexed]:
        """The records of the files' versions, each when its last entry was handed on; the last group is written."""
        before = {document.source: document for document in manifest.documents} if manifest and self._reuse else {}
        self._total = sum(file.size for file in files)
        for file in files:
            try:
                data = file.path.read_bytes()
            except OSError as error:
                # It was there a moment ago: what is indexed of it stays until it can be read again.
                yield before.get(file.source) or _unread(file, "", f"{file.path} cannot be read ({error.strerror}).")
            else:
                yield self._document(file, data)
            self._done += file.size
        self._write()
        self._tell(self._total)

    def _document(self, file: File, data: bytes) -> Indexed:
        content = content_hash(data)
        try:
            document = document_from(data, file.path, file.source)
        except CorpusError as error:
            return _unread(file, content, str(error))
        identity = document_id(file.source, content)
        chunks = entries = size = 0
        for number, chunk in enumerate(chunk_document(document)):
            for entry in entries_of(chunk, identity, number):
                self._group.append(entry)
                entries += 1
            chunks, size = chunks + 1, size + len(chunk.text)
            if len(self._group) >= GROUP:
                self._write(round(file.size * chunk.end / max(1, len(document.text))))
        if not entries:
            return _unread(file, content, f"{file.path} holds no text.")
        return Indexed(identity, file.source, content, document.title, size, chunks, entries, self.writer.segment)

    def _write(self, of_file: int = 0) -> None:
        """Write the group that has gathered; `of_file` bytes of the file now read are done with it."""
        entries, self._group = self._group, []
        if not entries:
            return
        texts = {entry.hash: entry.text for entry in entries}
        vectors, reached = self.writer.known(list(texts), also_old=self._reuse), self._done + of_file
        self._embed({key: text for key, text in texts.items() if key not in vectors}, vectors, reached)
        self.writer.add(entries, np.stack([vectors[entry.hash] for entry in entries]))
        self._tell(reached)

    def _tell(self, reached: float) -> None:
        """Progress in bytes, which only grows and stays below the whole until all is done."""
        self._told = min(max(self._told, int(reached)), self._total)
        self._progress(self._told, self._total)

    def _embed(self, texts: dict[str, str], vectors: dict[str, Vectors], reached: int) -> None:
        """Vectors of the texts that are new, added to those known; the shortest first, so that batches are even."""
        begun = self._told
        if not texts:
            return
        self._model = self._model or self._load()
        hashes = sorted(texts, key=lambda key: len(texts[key]))
        for start in range(0, len(hashes), self._model.batch):
            some = hashes[start : start + self._model.batch]
            made = self._model.embed_documents([texts[key] for key in some])
            vectors.update(zip(some, made, strict=True))
            self.embedded += len(some)
            self.writer.renew()
            self._tell(begun + (reached - begun) * (start + len(some)) / len(hashes))


def _unread(file: File, content: str, problem: str) -> Indexed:
    return Indexed(document_id(file.source, content), file.source, content, problem=problem)


def read_corpus(corpus: Path) -> tuple[tuple[Chunk, ...], int, tuple[str, ...]]:
    """All chunks of a corpus at once, the number of documents read, and the files that could not be.

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
