"""Finds what a build must do: compares the texts as they are now with the index, by content hash."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from index.chunking.chunk import CHUNKER_VERSION
from index.reading.documents import list_corpus, make_printable
from index.storing.manifest import IndexedDocument, Manifest

SETTLED_SECONDS = 2.0
"""Seconds; two changes of a file within this time may leave it with the same timestamps."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the corpus as it is now."""

    path: Path
    source: str
    hash: str
    """The hash of its bytes; empty if it cannot be read."""
    size: int
    """Bytes."""
    problem: str = ""
    """Why it cannot be read, usually in the system's words; empty if it can."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What must be done to make the index equal to the corpus. Documents are named by source, and sorted."""

    reason: str
    """Why the index must be built; empty if it is fresh."""
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    """(old, new) sources of documents that were only renamed."""
    gone: tuple[str, ...] = ()
    untouched: int = 0
    """The number of documents whose text is unchanged, even if they must be written again for another reason."""
    writing: tuple[File, ...] = ()
    """Files to read, chunk and write."""
    keeping: tuple[IndexedDocument, ...] = ()
    """Documents that stay in the index as they are."""
    unread: tuple[str, ...] = ()
    """One line for each file that cannot be read now; its indexed version stays, unless everything is written again."""
    passed_over: tuple[str, ...] = ()
    """One line for each kind of file in the corpus that is not read, with what to do."""

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "reason": self.reason,
            "added": list(self.added),
            "changed": list(self.changed),
            "moved": [list(pair) for pair in self.moved],
            "gone": list(self.gone),
            "untouched": self.untouched,
            "unread": list(self.unread),
        }


def find_changes(manifest: Manifest | None, files: Iterable[File], embedder: str, *, force: bool = False) -> Changes:
    """Compare the texts with the index.

    Args:
        manifest: what the index holds; None if there is none.
        embedder: the name of the embedder in use.
        force: write everything again.
    """
    before = {document.source: document for document in manifest.documents} if manifest else {}
    now = {file.source: file for file in files}
    readable = {source: file for source, file in now.items() if file.hash}
    added = [source for source in readable if source not in before]
    changed = [source for source in readable if source in before and before[source].hash != readable[source].hash]
    # Documents in a folder that cannot be listed now are not gone.
    hidden = tuple(f"{source}/" for source, file in now.items() if not file.hash)
    gone = [source for source in before if source not in now and not source.startswith(hidden)]
    moved = _pair_moved(gone, added, before, readable)
    old_names, new_names = {old for old, _ in moved}, {new for _, new in moved}
    reason = "asked to" if force else find_stale_reason(manifest, embedder)
    touched = {*added, *changed}
    keeping = tuple(d for source, d in before.items() if source not in touched and source not in gone)
    every = bool(reason)
    texts_changed = added or changed or gone
    return Changes(
        reason or ("the texts have changed" if texts_changed else ""),
        added=tuple(sorted(set(added) - new_names)),
        changed=tuple(sorted(changed)),
        moved=tuple(moved),
        gone=tuple(sorted(set(gone) - old_names)),
        untouched=len(keeping),
        writing=tuple(file for source, file in readable.items() if every or source in touched),
        keeping=() if every else keeping,
        unread=tuple(
            f"{make_printable(file.path)} cannot be read ({file.problem})."
            for source, file in now.items()
            if not file.hash and not (source in before and before[source].problem)
        ),
    )


def find_stale_reason(manifest: Manifest | None, embedder: str) -> str:
    """Why everything must be written again, in words for a person; empty if it need not be."""
    if manifest is None:
        return "there is no index yet"
    if manifest.embedder != embedder:
        return f"the embedder is now {embedder}, it was {manifest.embedder}"
    return "" if manifest.chunker == CHUNKER_VERSION else "the program now reads texts in another way"


def _pair_moved(
    gone: Iterable[str], added: Iterable[str], before: dict[str, IndexedDocument], now: dict[str, File]
) -> list[tuple[str, str]]:
    """(old, new): pairs of a source that is gone and an added one with the same bytes; each is in one pair at most."""
    homeless: dict[str, list[str]] = defaultdict(list)
    for source in sorted(gone, reverse=True):
        homeless[before[source].hash].append(source)
    return [(homeless[now[new].hash].pop(), new) for new in sorted(added) if homeless[now[new].hash]]


class Corpus:
    """The files of a corpus with their hashes. A file that has not changed since it was last hashed is not read.

    Args:
        notes: a file that records for each source its hash, and the size, times and inode that it had then.
    """

    def __init__(self, folder: Path, notes: Path) -> None:
        self.folder, self._notes = folder, notes

    def list_files(self) -> tuple[tuple[File, ...], tuple[str, ...]]:
        """The files as they are now, and a line for each kind of file that is not read; CorpusError without files."""
        known = self._read_notes()
        kept: dict[str, list[Any]] = {}
        files = []
        paths, passed_over = list_corpus(self.folder)
        for path in paths:
            source = path.relative_to(self.folder).as_posix()
            if source != make_printable(source):
                files.append(File(path, make_printable(path), "", 0, "its name is not UTF-8, so it cannot be cited"))
                continue
            file, note = _hash_file(path, source, known.get(source, []))
            files.append(file)
            if note:
                kept[source] = note
        if kept != known:
            self._write_notes(kept)
        return tuple(files), passed_over

    def _read_notes(self) -> dict[str, list[Any]]:
        try:
            kept = json.loads(self._notes.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write_notes(self, kept: dict[str, list[Any]]) -> None:
        # If the notes cannot be written, the files are just read again next time.
        with suppress(OSError):
            self._notes.parent.mkdir(parents=True, exist_ok=True)
            new = self._notes.with_name(self._notes.name + ".new")
            new.write_text(json.dumps(kept), "utf-8")
            new.replace(self._notes)


def _hash_file(path: Path, source: str, known: list[Any]) -> tuple[File, list[Any]]:
    """A file and its note; the note is empty if it changed so recently that an edit could leave the same timestamps."""
    try:
        stat = path.stat()
        seen: list[Any] = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        if known[:-1] == seen:
            return File(path, source, str(known[-1]), stat.st_size), known
        content = hash_content(path.read_bytes())
    except OSError as error:
        return File(path, source, "", 0, os.fspath(error.strerror or str(error))), []
    settled = time.time() - max(stat.st_mtime, stat.st_ctime) > SETTLED_SECONDS
    return File(path, source, content, stat.st_size), [*seen, content] if settled else []


def hash_content(data: bytes) -> str:
    """The hash of a file's bytes."""
    return sha256(data).hexdigest()


def make_document_id(source: str, content: str) -> str:
    """The id of one version of a document: the same source, bytes and `CHUNKER_VERSION` give the same id."""
    return sha256(f"{source}\0{content}\0{CHUNKER_VERSION}".encode(errors="surrogatepass")).hexdigest()[:16]
