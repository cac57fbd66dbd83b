"""What a build will do: the texts as they are now, compared with the index by content hash."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.chunking.chunk import CHUNKER_VERSION
from index.reading.documents import corpus_files, printable
from index.storing.manifest import Indexed, Manifest

SETTLED = 2.0
"""Seconds after which a file's time of change tells two versions of it apart, on every file system."""


READING = CHUNKER_VERSION + "".join(f"+{name}" for name in ("mammoth", "pdfminer") if find_spec(name))
"""By what texts are read and cut. When it is another, all are read again; only what is new then is embedded."""


@dataclass(frozen=True, slots=True)
class File:
    """A text of the corpus as it is now."""

    path: Path
    source: str
    hash: str
    """Of its bytes; empty if they cannot be read."""
    size: int
    """Bytes."""
    problem: str = ""
    """Why it cannot be read, in the system's words."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would make the index equal to the corpus. Sources throughout, sorted."""

    reason: str
    """Why something must be done; empty if the index is fresh."""
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    """(from, to) of documents that only have another name."""
    gone: tuple[str, ...] = ()
    untouched: int = 0
    """Documents; those that are written again for another reason are among them."""
    writing: tuple[File, ...] = ()
    """Files to read, chunk and write."""
    keeping: tuple[Indexed, ...] = ()
    """Versions that stay as they are."""
    unread: tuple[str, ...] = ()
    """Files that cannot be read now, in a line each; what was indexed of them stays, unless all is written again."""

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


def plan(manifest: Manifest | None, files: Iterable[File], embedder: str, *, force: bool = False) -> Plan:
    """Compare the texts with the index.

    Args:
        manifest: of the index as it is; None if there is none.
        embedder: the name of the one in use.
        force: write everything again.
    """
    before = {document.source: document for document in manifest.documents} if manifest else {}
    now = {file.source: file for file in files}
    readable = {source: file for source, file in now.items() if file.hash}
    added = [source for source in readable if source not in before]
    changed = [source for source in readable if source in before and before[source].hash != readable[source].hash]
    # What lies in a folder that cannot be listed now is not gone.
    hidden = tuple(f"{source}/" for source, file in now.items() if not file.hash)
    gone = [source for source in before if source not in now and not source.startswith(hidden)]
    moved = _moved(gone, added, before, readable)
    old_names, new_names = {old for old, _ in moved}, {new for _, new in moved}
    reason = "asked to" if force else stale_reason(manifest, embedder)
    touched = {*added, *changed}
    keeping = tuple(d for source, d in before.items() if source not in touched and source not in gone)
    every = bool(reason)
    texts_changed = added or changed or gone
    return Plan(
        reason or ("the texts have changed" if texts_changed else ""),
        added=tuple(sorted(set(added) - new_names)),
        changed=tuple(sorted(changed)),
        moved=tuple(moved),
        gone=tuple(sorted(set(gone) - old_names)),
        untouched=len(keeping),
        writing=tuple(file for source, file in readable.items() if every or source in touched),
        keeping=() if every else keeping,
        unread=tuple(
            f"{printable(file.path)} cannot be read ({file.problem})."
            for source, file in now.items()
            if not file.hash and not (source in before and before[source].problem)
        ),
    )


def stale_reason(manifest: Manifest | None, embedder: str) -> str:
    """Why everything must be written again, as a person would say it; empty if that is not so."""
    if manifest is None:
        return "there is no index yet"
    if manifest.embedder != embedder:
        return f"the embedder is now {embedder}, it was {manifest.embedder}"
    # A machine that reads fewer kinds of files does not take from a common index what another has read.
    version, *kinds = manifest.chunker.split("+")
    same = version == CHUNKER_VERSION and set(READING.split("+")[1:]) <= set(kinds)
    return "" if same else "the program now reads texts in another way"


def _moved(
    gone: Iterable[str], added: Iterable[str], before: dict[str, Indexed], now: dict[str, File]
) -> list[tuple[str, str]]:
    """Pairs of a name that is gone and a new one with the same bytes, each used once."""
    homeless: dict[str, list[str]] = defaultdict(list)
    for source in sorted(gone, reverse=True):
        homeless[before[source].hash].append(source)
    return [(homeless[now[new].hash].pop(), new) for new in sorted(added) if homeless[now[new].hash]]


class Corpus:
    """The files of a corpus with their hashes; what has not changed since it was last hashed is not read again.

    Args:
        notes: the file in which hashes are kept by size, times and inode.
    """

    def __init__(self, folder: Path, notes: Path) -> None:
        self.folder, self._notes = folder, notes

    def files(self) -> tuple[File, ...]:
        """The texts as they are now; CorpusError if there are none."""
        known = self._known()
        kept: dict[str, list[Any]] = {}
        files = []
        for path in corpus_files(self.folder):
            source = path.relative_to(self.folder).as_posix()
            if source != printable(source):
                files.append(File(path, printable(path), "", 0, "its name is not UTF-8, so it cannot be cited"))
                continue
            file, state = _looked_at(path, source, known.get(source, []))
            files.append(file)
            if state:
                kept[source] = state
        if kept != known:
            self._keep(kept)
        return tuple(files)

    def _known(self) -> dict[str, list[Any]]:
        try:
            kept = json.loads(self._notes.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _keep(self, kept: dict[str, list[Any]]) -> None:
        # Only a shortcut: if it cannot be written, files are read again the next time.
        with suppress(OSError):
            self._notes.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._notes.with_name(self._notes.name + ".new")
            fresh.write_text(json.dumps(kept), "utf-8")
            fresh.replace(self._notes)


def _looked_at(path: Path, source: str, known: list[Any]) -> tuple[File, list[Any]]:
    """A file, and what to remember of it; nothing if it changed so lately that its times do not tell."""
    try:
        state = path.stat()
        seen: list[Any] = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
        if known[:-1] == seen:
            return File(path, source, str(known[-1]), state.st_size), known
        content = content_hash(path.read_bytes())
    except OSError as error:
        return File(path, source, "", 0, os.fspath(error.strerror or str(error))), []
    quiet = time.time() - max(state.st_mtime, state.st_ctime) > SETTLED
    return File(path, source, content, state.st_size), [*seen, content] if quiet else []


def content_hash(data: bytes) -> str:
    """The hash of a file's bytes."""
    return sha256(data).hexdigest()


def document_id(source: str, content: str) -> str:
    """The id of a version of a document, as this program cuts it: the same text under the same name has the same."""
    return sha256(f"{source}\0{content}\0{READING}".encode(errors="surrogatepass")).hexdigest()[:16]
