"""Checks that Chroma's vector files are still what was written.

A process that reads garbage from them crashes. So the size and the modification time of each file of a complete segment
are noted, and if a file differs from its note, a child process reads all files first.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.errors import DamagedStoreError
from index.storing.chroma import make_client, to_matrix

if TYPE_CHECKING:
    from chromadb import Collection

NOTES = "sound.json"
"""The file of the notes, in the folder of the index."""

UUID_LENGTH = 36
"""The length of the name of a vector folder."""

PERSISTED = "index_metadata.pickle"
"""Exists in a vector folder once Chroma has written the vectors there; until then only the database holds them."""


def list_vector_folders(folder: Path) -> set[str]:
    """The names of the vector folders, one for each collection."""
    return {path.name for path in folder.iterdir() if len(path.name) == UUID_LENGTH and path.is_dir()}


def sweep(folder: Path, used: Iterable[str]) -> None:
    """Remove all vector folders but these: Chroma 1.5 leaves those of deleted collections behind."""
    for name in list_vector_folders(folder) - set(used):
        shutil.rmtree(folder / name, ignore_errors=True)


def note(folder: Path, collections: Mapping[str, str]) -> None:
    """Note the vector files as they are now. Call it for complete collections only.

    Args:
        collections: name of a collection -> its vector folder; empty if the folder is not known.
    """
    states = {name: _read_states(folder / inside) for name, inside in collections.items() if inside}
    new = folder / f"{NOTES}.new"
    new.write_text(json.dumps(states), "utf-8")
    new.replace(folder / NOTES)


def is_sound(folder: Path, names: Iterable[str]) -> bool:
    """Whether a child process can read every vector of these collections."""
    return not _find_fault(folder, names)


def check(folder: Path) -> None:
    """Raise DamagedStoreError if vector files differ from their notes and a child process cannot read them."""
    noted = _read_notes(folder)
    if all(_matches_notes(folder, files) for files in noted.values()):
        return
    for name in (name for files in noted.values() for name in files):
        if not (folder / name).exists() and (folder / name).parent.exists():
            raise DamagedStoreError(f"{folder} lacks {name}", "Run `assistant index --force`.")
    if reason := _find_fault(folder, noted):
        raise DamagedStoreError(f"{folder} does not read: {reason}", "Run `assistant index --force`.")
    with suppress(OSError):
        # Only if no build has noted other segments meanwhile.
        if _read_notes(folder) == noted:
            note(folder, {name: Path(next(iter(files), "")).parent.name for name, files in noted.items()})


def _read_notes(folder: Path) -> dict[str, dict[str, list[int]]]:
    """Collection -> file -> the result of `_read_state` when it was noted."""
    try:
        kept = json.loads((folder / NOTES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _matches_notes(folder: Path, files: Mapping[str, list[int]]) -> bool:
    with suppress(OSError):
        return all(_read_state(folder / name) == state for name, state in files.items())
    return False


def _read_states(inside: Path) -> dict[str, list[int]]:
    """File -> its state, for the files in a vector folder; empty while only the database holds the vectors."""
    if not (inside / PERSISTED).exists():
        return {}
    return {f"{inside.name}/{path.name}": _read_state(path) for path in sorted(inside.iterdir())}


def _read_state(path: Path) -> list[int]:
    """Size in bytes and modification time in nanoseconds."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _find_fault(folder: Path, names: Iterable[str]) -> str:
    """The fault in these collections, found by a child process that reads every vector; empty if there is none."""
    command = [sys.executable, "-m", "index.storing.sound", str(folder.absolute()), *sorted(names)]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True)
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or ["the process that read them ended"])[-1]


def examine(folder: Path, names: Iterable[str]) -> None:
    """Read every vector of these collections, and search each once; SystemExit if something is wrong.

    Meant for a separate process, since Chroma may crash it.
    """
    client, wanted = make_client(folder), set(names)
    for collection in client.list_collections():
        if collection.name in wanted:
            _examine(client.get_collection(collection.name, embedding_function=None))


def _examine(collection: Collection) -> None:
    total, vectors = collection.count(), to_matrix(None)
    for start in range(0, total, 1000):
        vectors = to_matrix(collection.get(limit=1000, offset=start, include=["embeddings"])["embeddings"])
        if len(vectors) != min(1000, total - start):
            raise SystemExit(f"vectors are missing after the first {start}")
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            raise SystemExit("a vector is not of length 1")
    if total:
        nearest = collection.query(query_embeddings=vectors[-1:], n_results=min(total, 50))
        if len(nearest["ids"][0]) != min(total, 50):
            raise SystemExit("a search finds too little")


if __name__ == "__main__":
    examine(Path(sys.argv[1]), sys.argv[2:])
