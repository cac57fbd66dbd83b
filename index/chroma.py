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
from collections.abc import Iterable, Iterator
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

SPACE = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}}


def embedded(folder: Path) -> ClientAPI:
    """Chroma's client on a folder.

    Raises:
        StoreError: the folder cannot be used.
        DamagedStoreError: what is in it is not what was written.
    """
    from chromadb.api.shared_system_client import SharedSystemClient

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


def made(client: ClientAPI, name: str) -> Collection:
    """A new, empty collection for vectors of length 1."""
    return client.create_collection(name, configuration=SPACE, embedding_function=None)


def begin_notes(folder: Path) -> None:
    """Make the list of sound files, empty, before the first vector file is written: what is not noted is not whole."""
    with suppress(FileExistsError), (folder / SOUND).open("x", encoding="utf-8") as notes:
        notes.write("{}")


def note_sound(folder: Path, names: Iterable[str]) -> None:
    """Note the vector files of these collections as they are now: this process wrote them whole, and they stay so."""
    folders = _vector_folders(folder)
    _write_notes(folder, _states(folder, {folders[name] for name in names if name in folders}))


def _check(folder: Path) -> None:
    """DamagedStoreError if noted vector files are not as they were, and a child cannot read them."""
    if not (folder / DATABASE).exists():
        return
    folders = set(_vector_folders(folder).values())
    noted = _notes(folder)
    inside = folders if noted is None else folders & {name.partition("/")[0] for name in noted}
    states = _states(folder, inside)
    wanted = {name: state for name, state in (noted or {}).items() if name.partition("/")[0] in inside}
    if states == wanted:
        return
    if gone := sorted(wanted.keys() - states.keys()):
        raise DamagedStoreError(f"{folder} lacks {gone[0]}", "Run `assistant index --force`.")
    command = [sys.executable, "-m", "index.chroma", str(folder.absolute()), *sorted(inside)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["the process that read it ended"])[-1]
        raise DamagedStoreError(f"{folder} does not read: {reason}", "Run `assistant index --force`.")
    _write_notes(folder, states)


def _notes(folder: Path) -> dict[str, list[int]] | None:
    """File -> size and time of change, as noted; None if there are no notes."""
    try:
        kept = json.loads((folder / SOUND).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


def _write_notes(folder: Path, states: dict[str, list[int]]) -> None:
    fresh = folder / f"{SOUND}.new"
    fresh.write_text(json.dumps(states), "utf-8")
    fresh.replace(folder / SOUND)


def _states(folder: Path, inside: Iterable[str]) -> dict[str, list[int]]:
    """Size and time of change of each vector file in these folders, as far as Chroma has written them out."""
    states = {}
    for path in (path for name in inside if (folder / name / PERSISTED).exists() for path in (folder / name).iterdir()):
        state = path.stat()
        states[path.relative_to(folder).as_posix()] = [state.st_size, state.st_mtime_ns]
    return states


def _vector_folders(folder: Path) -> dict[str, str]:
    """Name of a collection -> name of its folder of vectors; empty if the database does not say."""
    database = (folder / DATABASE).absolute().as_uri()
    wanted = "SELECT c.name, s.id FROM segments s JOIN collections c ON s.collection = c.id WHERE s.scope = 'VECTOR'"
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{database}?mode=ro", uri=True)) as opened:
        return {str(name): str(identity) for name, identity in opened.execute(wanted)}
    return {}


def sweep(folder: Path) -> None:
    """Remove the folders of vectors of collections that are gone: Chroma 1.5 leaves them behind."""
    if alive := set(_vector_folders(folder).values()):
        for path in folder.iterdir():
            if path.is_dir() and len(path.name) == UUID_LENGTH and path.name not in alive:
                shutil.rmtree(path, ignore_errors=True)


def examine(folder: Path, inside: Iterable[str]) -> None:
    """Read every vector of the collections whose folders are named, and search each once.

    Ends the process if one is not what was written. Meant for a process of its own, since Chroma may end it too.
    """
    client = _client(folder)
    wanted = set(inside)
    for name, vectors in _vector_folders(folder).items():
        if vectors in wanted:
            _examine(client.get_collection(name))


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
