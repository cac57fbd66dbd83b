"""Whether Chroma's vector files are still what was written.

Garbage in them ends the process that reads them. So the files of whole segments are noted, with size and time of
change, and those that are not as noted are read by a child process first.
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
from index.storing.chroma import client_of, matrix

if TYPE_CHECKING:
    from chromadb import Collection

SOUND = "sound.json"
"""The notes."""

UUID_LENGTH = 36
"""Of the names of Chroma's folders of vectors."""

PERSISTED = "index_metadata.pickle"
"""Stands in a folder of vectors once Chroma has written them there; before, they are in the database alone."""


def vector_folders(folder: Path) -> set[str]:
    """The names of Chroma's folders of vectors."""
    return {path.name for path in folder.iterdir() if len(path.name) == UUID_LENGTH and path.is_dir()}


def sweep(folder: Path, alive: Iterable[str]) -> None:
    """Remove the folders of vectors of collections that are gone: Chroma 1.5 leaves them behind."""
    for name in vector_folders(folder) - set(alive):
        shutil.rmtree(folder / name, ignore_errors=True)


def note(folder: Path, collections: Mapping[str, str]) -> None:
    """Note the vector files of collections as they are now: this process wrote them whole, and they stay so.

    Args:
        collections: name -> its folder of vectors.
    """
    states = {name: _states(folder / inside) for name, inside in collections.items() if inside}
    fresh = folder / f"{SOUND}.new"
    fresh.write_text(json.dumps(states), "utf-8")
    fresh.replace(folder / SOUND)


def is_sound(folder: Path, names: Iterable[str]) -> bool:
    """Whether a child process can read every vector of these collections."""
    return not _fault(folder, names)


def check(folder: Path) -> None:
    """DamagedStoreError if noted vector files are not as they were, and a child cannot read them."""
    noted = _notes(folder)
    if all(_as_noted(folder, files) for files in noted.values()):
        return
    for name in (name for files in noted.values() for name in files):
        if not (folder / name).exists() and (folder / name).parent.exists():
            raise DamagedStoreError(f"{folder} lacks {name}", "Run `assistant index --force`.")
    if reason := _fault(folder, noted):
        raise DamagedStoreError(f"{folder} does not read: {reason}", "Run `assistant index --force`.")
    with suppress(OSError):
        # Not if a builder has noted other segments meanwhile.
        if _notes(folder) == noted:
            note(folder, {name: Path(next(iter(files), "")).parent.name for name, files in noted.items()})


def _notes(folder: Path) -> dict[str, dict[str, list[int]]]:
    """Collection -> file -> size and time of change, as noted."""
    try:
        kept = json.loads((folder / SOUND).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _as_noted(folder: Path, files: Mapping[str, list[int]]) -> bool:
    with suppress(OSError):
        return all(_state(folder / name) == state for name, state in files.items())
    return False


def _states(inside: Path) -> dict[str, list[int]]:
    """The vector files in a folder, if Chroma has written them out: those that it has not are in the database alone."""
    if not (inside / PERSISTED).exists():
        return {}
    return {f"{inside.name}/{path.name}": _state(path) for path in sorted(inside.iterdir())}


def _state(path: Path) -> list[int]:
    """Size and time of change."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _fault(folder: Path, names: Iterable[str]) -> str:
    """What is wrong with these collections, by a child that reads all their vectors; empty if nothing is."""
    command = [sys.executable, "-m", "index.storing.sound", str(folder.absolute()), *sorted(names)]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True)
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or ["the process that read them ended"])[-1]


def examine(folder: Path, names: Iterable[str]) -> None:
    """Read every vector of some collections, and search each once; ends the process if one is not what was written.

    Meant for a process of its own, since Chroma may end it too.
    """
    client, there = client_of(folder), set(names)
    for collection in client.list_collections():
        if collection.name in there:
            _examine(client.get_collection(collection.name, embedding_function=None))


def _examine(collection: Collection) -> None:
    total, vectors = collection.count(), matrix(None)
    for start in range(0, total, 1000):
        vectors = matrix(collection.get(limit=1000, offset=start, include=["embeddings"])["embeddings"])
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
