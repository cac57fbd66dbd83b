"""Makes the index equal to the corpus: finds what changed, embeds what is new, switches to the new index.

Entries are processed in groups, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from index.changes import Changes, Corpus, File, find_changes, hash_content, make_document_id
from index.chunking.chunk import CHUNKER_VERSION, Chunk, chunk_document
from index.completeness import measure_completeness
from index.embedding.embed import Embedder, Vectors
from index.errors import CorpusError
from index.progress import Progress, ignore_progress
from index.reading.documents import describe_unread_files, find_corpus_files, parse_document, read_document
from index.storing.entries import Entry, make_entries
from index.storing.manifest import IndexedDocument, Manifest
from index.storing.store import Store
from index.storing.writer import Writer

ENTRY_BYTES = 60
"""Approximate bytes of text per entry."""

GROUP_ENTRIES = 1024
"""Entries that are looked up, embedded and written together; bounds memory."""

FOREIGN_REASON = "the index was made by another version of the program"


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did."""

    plan: Changes
    documents: int
    chunks: int
    entries: int
    embedded: int
    """Texts embedded; the vectors of all others were already stored."""
    skipped: tuple[str, ...]
    """One line for each file that could not be read, and for each kind of file that is not read, with the reason."""
    notes: tuple[str, ...]
    """What a person should know about how the files were read; each line names its file."""
    compared: tuple[IndexedDocument, ...]
    """All documents of the index whose words were compared with those of their files."""
    seconds: float

    @property
    def reason(self) -> str:
        """Why the build was needed; empty if the index was fresh."""
        return self.plan.reason

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        kept = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in ("plan", "compared")
        }
        completeness = [document.describe_completeness() for document in self.compared]
        return {**self.plan.to_dict(), **kept, "completeness": completeness}


def plan_build(store: Store, corpus: Path, name: str, *, force: bool = False) -> Changes:
    """What `build` would do now. Raises CorpusError or StoreError."""
    files, passed_over = Corpus(corpus, store.folder / "files.json").list_files()
    manifest = store.manifest
    changes = replace(find_changes(manifest, files, name, force=force), passed_over=passed_over)
    return replace(changes, reason=FOREIGN_REASON) if manifest is None and store.is_foreign else changes


def build(
    store: Store,
    corpus: Path,
    embedder: Callable[[], Embedder],
    name: str,
    *,
    force: bool = False,
    progress: Progress = ignore_progress,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Make the index equal to the corpus; nothing is written if it already is.

    Args:
        embedder: loads the embedder; called only if something must be embedded, since loading takes seconds.
        name: the name of the embedder.
        force: embed everything again.
        progress: called with the bytes of text done and the bytes to read in all; with none done while another
            program builds. It may raise to stop the build.
        say: called with each line that a person should read.

    Raises:
        CorpusError, StoreError: the index stays as it was.
    """
    begun = time.perf_counter()
    with store.hold_build_lock(say, progress):
        changes, manifest, embedded = plan_build(store, corpus, name, force=force), store.manifest, 0
        if changes.reason:
            reuse = manifest is not None and manifest.embedder == name and not force
            expected = sum(file.size for file in changes.writing) // ENTRY_BYTES
            writer = _DocumentWriter(store.make_writer(name, expected, anew=force), embedder, progress, reuse=reuse)
            documents = (*changes.keeping, *writer.write(changes.writing, manifest))
            if not any(document.chunks for document in documents):
                raise _make_empty_error(documents, changes, corpus)
            ordered = tuple(sorted(documents, key=lambda document: document.source))
            manifest = writer.segment_writer.switch(Manifest(name, CHUNKER_VERSION, documents=ordered))
            embedded = writer.embedded
        else:
            store.tidy()
    assert manifest is not None  # without a manifest there is a reason to build
    skipped = (*manifest.skipped, *changes.passed_over, *changes.unread)
    seconds = round(time.perf_counter() - begun, 3)
    return Report(changes, *manifest.counts, embedded, skipped, manifest.notes, manifest.compared, seconds)


def find_skipped(manifest: Manifest | None, corpus: Path) -> tuple[str, ...]:
    """One line for each file that could not be read, and for each kind of file that is not read, with the reason."""
    return (*(manifest.skipped if manifest else ()), *describe_unread_files(corpus))


def _make_empty_error(documents: Iterable[IndexedDocument], changes: Changes, corpus: Path) -> CorpusError:
    problems = (*(document.problem for document in documents if document.problem), *changes.unread)
    return CorpusError(problems[0] if problems else f"The texts in {corpus} hold no words")


class _DocumentWriter:
    """Reads files and writes their entries, group by group; embeds only texts whose vectors are not stored yet.

    Args:
        writer: writes the new segment.
        reuse: whether vectors of the index in use may be used again.
    """

    def __init__(self, writer: Writer, embedder: Callable[[], Embedder], progress: Progress, *, reuse: bool) -> None:
        self.segment_writer, self.embedded = writer, 0
        self._load = embedder
        self._model: Embedder | None = None
        self._reuse, self._progress = reuse, progress
        self._group: list[Entry] = []
        self._done = self._reported = self._total = 0

    def write(self, files: Sequence[File], manifest: Manifest | None) -> Iterator[IndexedDocument]:
        """Yield a record for each file once its entries are in a group; all groups are written at the end."""
        before = {document.source: document for document in manifest.documents} if manifest and self._reuse else {}
        self._total = sum(file.size for file in files)
        for file in files:
            try:
                data = file.path.read_bytes()
            except OSError as error:
                # It could be listed a moment ago, so its indexed version stays until it can be read again.
                yield before.get(file.source) or _make_unread(
                    file, "", f"{file.path} cannot be read ({error.strerror})."
                )
            else:
                yield self._write_document(file, data)
            self._done += file.size
        self._flush()
        self._report(self._total)

    def _write_document(self, file: File, data: bytes) -> IndexedDocument:
        content = hash_content(data)
        try:
            document = parse_document(data, file.path, file.source)
        except CorpusError as error:
            return _make_unread(file, content, str(error))
        identity = make_document_id(file.source, content)
        chunks = entries = size = 0
        found = chunk_document(document)
        for number, chunk in enumerate(found):
            for entry in make_entries(chunk, identity, number):
                self._group.append(entry)
                entries += 1
            chunks, size = chunks + 1, size + len(chunk.text)
            if len(self._group) >= GROUP_ENTRIES:
                self._flush(round(file.size * chunk.end / max(1, len(document.text))))
        if not entries:
            return _make_unread(file, content, f"{file.path} holds no text.")
        measured = measure_completeness(document, found)
        return IndexedDocument(
            identity,
            file.source,
            content,
            document.title,
            size,
            chunks,
            entries,
            self.segment_writer.segment,
            notes=document.notes,
            words=measured.words,
            words_indexed=measured.indexed,
            missing=measured.missing,
            left_out=measured.left_out,
        )

    def _flush(self, of_file: int = 0) -> None:
        """Embed and write the current group, which ends about `of_file` bytes into the current file."""
        entries, self._group = self._group, []
        if not entries:
            return
        texts = {entry.hash: entry.text for entry in entries}
        vectors, reached = self.segment_writer.find_vectors(list(texts), also_old=self._reuse), self._done + of_file
        self._embed({key: text for key, text in texts.items() if key not in vectors}, vectors, reached)
        self.segment_writer.add(entries, np.stack([vectors[entry.hash] for entry in entries]))
        self._report(reached)

    def _report(self, reached: float) -> None:
        """Report progress in bytes; it never falls, and never exceeds the total."""
        self._reported = min(max(self._reported, int(reached)), self._total)
        self._progress(self._reported, self._total)

    def _embed(self, texts: dict[str, str], vectors: dict[str, Vectors], reached: int) -> None:
        """Embed texts, by hash, and add their vectors to `vectors`; shortest first, so that batches are even."""
        begun = self._reported
        if not texts:
            return
        self._model = self._model or self._load()
        hashes = sorted(texts, key=lambda key: len(texts[key]))
        for start in range(0, len(hashes), self._model.batch):
            some = hashes[start : start + self._model.batch]
            made = self._model.embed_documents([texts[key] for key in some])
            vectors.update(zip(some, made, strict=True))
            self.embedded += len(some)
            self.segment_writer.renew()
            self._report(begun + (reached - begun) * (start + len(some)) / len(hashes))


def _make_unread(file: File, content: str, problem: str) -> IndexedDocument:
    return IndexedDocument(make_document_id(file.source, content), file.source, content, problem=problem)


def read_corpus(corpus: Path) -> tuple[tuple[Chunk, ...], int, tuple[str, ...]]:
    """All chunks of a corpus, the number of documents read, and a line for each file that could not be read.

    Raises:
        CorpusError: no file could be read; it names the first.
    """
    chunks: list[Chunk] = []
    skipped: list[CorpusError] = []
    files = find_corpus_files(corpus)
    for path in files:
        try:
            chunks.extend(chunk_document(read_document(path, path.relative_to(corpus).as_posix())))
        except CorpusError as error:
            skipped.append(error)
    if not chunks:
        raise skipped[0] if skipped else CorpusError(f"The texts in {corpus} hold no words")
    return tuple(chunks), len(files) - len(skipped), tuple(str(error) for error in skipped)
