"""Chroma, in a folder or as a server: opened, and its faults turned into ours. The only import of chromadb."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from index.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

DATABASE = "chroma.sqlite3"
"""The name of Chroma's own file."""

LEAST_FREE = 4_000_000
"""Bytes; with less on the disk, what Chroma cannot open is not taken for damaged: it writes when it opens."""

SPACE = {"space": "cosine", "ef_construction": 100, "ef_search": 200}

LOGGED, LOGGED_SHARE = 1000, 0.05
"""Entries that Chroma logs before it writes its vector files, at least and of those expected: each time it writes the
names of all there are, and what is in the log at the end is read at each opening."""


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
        return client_of(folder)
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
    """A database in which readers and a writer do not wait for each other; Chroma would make one in which they do.

    Only before Chroma opens it: when one copy of SQLite closes a file, the locks of another copy on it are gone.
    """
    if not (folder / DATABASE).exists():
        with closing(sqlite3.connect(folder / DATABASE)) as opened:
            opened.execute("PRAGMA journal_mode = WAL")


def client_of(folder: Path) -> ClientAPI:
    """Chroma's client on a folder, its faults as they are."""
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


def made(client: ClientAPI, name: str, embedder: str, expected: int) -> Collection:
    """A new, empty collection for about so many vectors of length 1 by this embedder."""
    configuration = {"hnsw": {**SPACE, "sync_threshold": max(LOGGED, round(LOGGED_SHARE * expected))}}
    metadata = {"embedder": embedder}
    return client.create_collection(name, configuration=configuration, metadata=metadata, embedding_function=None)


def matrix(embeddings: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Chroma's embeddings as one array of shape (entries, dimensions)."""
    rows: Iterable[object] = embeddings if isinstance(embeddings, (list, np.ndarray)) else ()
    return np.asarray(rows, dtype=np.float32)
