"""Chroma, in a folder or as a server: opened, its faults turned into ours, damage noticed. The only import of chromadb.

Chroma's own files are trusted only as far as they were left: garbage in its vector files ends the process that
reads them, so files that changed since they were last known to be sound are read by a child process first.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from index.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

DATABASE, SOUND = "chroma.sqlite3", "sound.json"
"""Chroma's own file, and our list of its vector files as they were when last known to be sound."""

UUID_LENGTH = 36
"""Of the names of Chroma's folders of vectors."""

PERSISTED = "index_metadata.pickle"
"""Stands in a folder of vectors once Chroma has written them there; before, they are in the database alone."""

LEAST_FREE = 4_000_000
"""Bytes; with less on the disk, what Chroma cannot open is not taken for damaged: it writes when it opens."""

SPACE = {"hnsw": {"space": "cosine", "ef_construction": 100, "ef_search": 200}}


def embedded(folder: Path, *, anew: bool = False) -> ClientAPI:
    """Chroma's client on a folder.

    Args:
        anew: not the one that this process has already, if it has one.

    Raises:
        StoreError: the folder cannot be used.
        DamagedStoreError: what is in it is not what was written.
    """
    from chromadb.api.shared_system_client import SharedSystemClient

    if anew:
        SharedSystemClient.clear_system_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _begin(folder)
        _check(folder)
        return _client(folder)
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"The index at {folder} cannot be opened ({reason})", "Check its permissions.") from error
    except faults() as error:
        SharedSystemClient.clear_system_cache()  # it keeps what half opened
        if shutil.disk_usage(folder).free < LEAST_FREE:
            raise StoreError(
                f"The index at {folder} cannot be opened (the disk is full)", "Make room on it."
            ) from error
        raise DamagedStoreError(f"{folder} does not open: {error}", "Run `assistant index --force`.") from error


def _begin(folder: Path) -> None:
    """A database in which readers and a writer do not wait for each other; Chroma would make one in which they do."""
    if not (folder / DATABASE).exists():
        with closing(sqlite3.connect(folder / DATABASE)) as opened:
            opened.execute("PRAGMA journal_mode = WAL")


def _client(folder: Path) -> ClientAPI:
    # Imported late: half of the commands never open the index.
    import chromadb

    return chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))


def served(url: str) -> ClientAPI:
    """Chroma's client on a server, for example "http://localhost:8000"; StoreError if it does not answer."""
    # Imported late: half of the commands never open the index.
    import chromadb

    try:
        address = urlsplit(url)
        secure = {"http": False, "https": True}[address.scheme]
        host, port = address.hostname or "", address.port or (443 if secure else 8000)
    except (KeyError, ValueError) as error:
        what = f"{url} is no address of a Chroma server"
        raise StoreError(what, "Set ASSISTANT_CHROMA_URL to one like http://localhost:8000.") from error
    with away(url):
        settings = chromadb.Settings(anonymized_telemetry=False)
        return chromadb.HttpClient(host=host, port=port, ssl=secure, settings=settings)


@contextmanager
def away(place: str | Path) -> Iterator[None]:
    """Turns Chroma's faults inside it into one StoreError that names the place."""
    try:
        yield
    except faults() as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if isinstance(place, Path):
            what, do = f"The index at {place} cannot be read or written ({reason})", "See that the disk has room."
        else:
            what, do = f"The Chroma server at {place} does not answer as it should ({reason})", "See that it runs."
        raise StoreError(what, do) from error


def faults() -> tuple[type[Exception], ...]:
    """What Chroma raises when its files or its server are not as they should be."""
    import httpx
    from chromadb.errors import ChromaError

    return ChromaError, httpx.HTTPError, OSError, ValueError, RuntimeError, LookupError, TypeError


def missing() -> type[Exception]:
    """What Chroma raises when a collection is not there."""
    from chromadb.errors import NotFoundError

    fault: type[Exception] = NotFoundError
    return fault


def made(client: ClientAPI, name: str, embedder: str) -> Collection:
    """A new, empty collection for vectors of length 1 by this embedder."""
    metadata = {"embedder": embedder}
    return client.create_collection(name, configuration=SPACE, metadata=metadata, embedding_function=None)


# Chroma's database is never opened here beside Chroma's own SQLite: when one copy of that library closes a file, the
# locks of the other on it are gone. What belongs to what is known by our own notes.


def vector_folders(folder: Path) -> set[str]:
    """The names of Chroma's folders of vectors."""
    return {path.name for path in folder.iterdir() if len(path.name) == UUID_LENGTH and path.is_dir()}


def sweep(folder: Path, alive: Iterable[str]) -> None:
    """Remove the folders of vectors of collections that are gone: Chroma 1.5 leaves them behind."""
    for name in vector_folders(folder) - set(alive):
        shutil.rmtree(folder / name, ignore_errors=True)


def note_sound(folder: Path, collections: Mapping[str, str]) -> None:
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


def _check(folder: Path) -> None:
    """DamagedStoreError if noted vector files are not as they were, and a child cannot read them."""
    noted = _notes(folder)
    if all(_as_noted(folder, files) for files in noted.values()):
        return
    for name in (name for files in noted.values() for name in files):
        if not (folder / name).exists() and (folder / name).parent.exists():
            raise DamagedStoreError(f"{folder} lacks {name}", "Run `assistant index --force`.")
    if reason := _fault(folder, noted):
        raise DamagedStoreError(f"{folder} does not read: {reason}", "Run `assistant index --force`.")
    inside = {name: Path(next(iter(files), "")).parent.name for name, files in noted.items()}
    note_sound(folder, inside)


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
    command = [sys.executable, "-m", "index.chroma", str(folder.absolute()), *sorted(names)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or ["the process that read them ended"])[-1]


def examine(folder: Path, names: Iterable[str]) -> None:
    """Read every vector of some collections, and search each once; ends the process if one is not what was written.

    Meant for a process of its own, since Chroma may end it too.
    """
    client, there = _client(folder), set(names)
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


def matrix(embeddings: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Chroma's embeddings as one array of shape (entries, dimensions)."""
    rows: Iterable[object] = embeddings if isinstance(embeddings, (list, np.ndarray)) else ()
    return np.asarray(rows, dtype=np.float32)


if __name__ == "__main__":
    examine(Path(sys.argv[1]), sys.argv[2:])
