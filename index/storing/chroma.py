"""Clients of Chroma, in a folder or on a server, and its errors turned into ours.

Only this module imports chromadb, and only where it is used: half of the commands never open the index.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from filelock import FileLock

from index.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

DATABASE = "chroma.sqlite3"
"""The file in the folder in which Chroma keeps its data."""

OPENING = "opening.lock"
"""The file in the folder that is locked while a process opens it: two would both create the tables of a new one."""

MIN_FREE_BYTES = 4_000_000
"""Opening writes data: with less free space than this, a failure to open means a full disk, not damaged files."""

PATIENCE, CONNECT_SECONDS = 60.0, 5.0
"""For a server: the most seconds between two pieces of a reply, and until it accepts a connection."""

REASON_CHARACTERS = 200
"""The most characters of Chroma's message that are shown."""

HNSW_SETTINGS = {"space": "cosine", "ef_construction": 100, "ef_search": 200}

MIN_LOGGED, LOGGED_SHARE = 1000, 0.05
"""Entries that Chroma logs before it writes its vector files: a minimum, and a share of those expected. A low number
slows a build, since each write repeats the ids of all entries; a high one slows each opening, since the rest of the log
is read again."""

_registry = Lock()
"""Held while a client is made or closed. Chroma's registry of clients is not safe between threads: a client made while
another of the same folder is made or closed may come out closed."""


def open_folder(folder: Path, *, anew: bool = False) -> ClientAPI:
    """A client for a folder.

    Args:
        anew: make a new client even if this process has one already.

    Raises:
        StoreError: the folder cannot be used, or the disk is full.
        DamagedStoreError: the files are not what was written.
    """
    from chromadb.api.shared_system_client import SharedSystemClient

    with _registry:
        if anew:
            SharedSystemClient.clear_system_cache()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / OPENING):
                _create_database(folder)
                return make_client(folder)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(
                f"The index at {folder} cannot be opened ({reason})",
                "Make room on that disk, or see who may write there.",
            ) from error
        except import_error_types() as error:
            SharedSystemClient.clear_system_cache()  # else it keeps the client that opened only in part
            if shutil.disk_usage(folder).free < MIN_FREE_BYTES:
                raise StoreError(
                    f"The index at {folder} cannot be opened (the disk is full)", "Make room on it."
                ) from error
            raise DamagedStoreError(f"{folder} does not open: {error}", "Run `assistant index --force`.") from error


def _create_database(folder: Path) -> None:
    """Create the database in WAL mode, so that readers and a writer do not wait for each other, unless it exists.

    An empty file is not one: a full disk leaves one behind. Python's SQLite must not touch the database once Chroma
    has: when one copy of SQLite closes a file, the locks of another copy on it are lost.
    """
    database = folder / DATABASE
    if not database.exists() or not database.stat().st_size:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


def close_client(client: ClientAPI) -> None:
    """Close the files of a client."""
    with _registry:
        client.close()


def make_client(folder: Path) -> ClientAPI:
    """A client for a folder; raises Chroma's own errors."""
    import chromadb

    return chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))


def connect_server(url: str) -> ClientAPI:
    """A client for the server at an address such as "http://localhost:8000"; StoreError if it does not answer."""
    import chromadb

    try:
        address = urlsplit(url)
        secure = {"http": False, "https": True}[address.scheme]
        host, port = address.hostname or "", address.port or (443 if secure else 8000)
    except (KeyError, ValueError) as error:
        what = f"{url} is no address of a Chroma server"
        raise StoreError(what, "Set ASSISTANT_CHROMA_URL to one like http://localhost:8000.") from error
    with translate_errors(url):
        _amend_client()
        settings = chromadb.Settings(anonymized_telemetry=False)
        return chromadb.HttpClient(host=host, port=port, ssl=secure, settings=settings)


@cache
def _amend_client() -> None:
    """Change what no setting does: Chroma's client waits forever, and raises a bare Exception for an unknown status."""
    import httpx
    from chromadb.api.base_http_client import BaseHTTPClient
    from chromadb.api.fastapi import FastAPI
    from chromadb.errors import error_types

    request, raise_error = FastAPI._make_request, FastAPI._raise_chroma_error

    def request_within_limits(self: FastAPI, method: str, path: str, **given: Any) -> Any:
        limits = httpx.Timeout(PATIENCE, connect=CONNECT_SECONDS)
        return request(self, method, path, timeout=limits, **given)

    def raise_known_error(response: httpx.Response) -> None:
        if not response.is_success and not any(f'"{name}"' in response.text for name in error_types):
            response.raise_for_status()
        raise_error(response)

    FastAPI._make_request, BaseHTTPClient._raise_chroma_error = request_within_limits, staticmethod(raise_known_error)


@contextmanager
def translate_errors(place: str | Path) -> Iterator[None]:
    """Turn Chroma's errors inside the block into a StoreError that names the place."""
    try:
        yield
    except import_error_types() as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:REASON_CHARACTERS]
        if isinstance(place, Path):
            what, do = f"The index at {place} cannot be read or written ({reason})", "See that the disk has room."
        else:
            what, do = f"The Chroma server at {place} does not answer as it should ({reason})", "See that it runs."
        raise StoreError(what, do) from error


def import_error_types() -> tuple[type[Exception], ...]:
    """The exceptions that Chroma raises when something is wrong with its files or its server."""
    import httpx
    from chromadb.errors import ChromaError

    wrong = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)
    return ChromaError, httpx.HTTPError, *wrong


def import_not_found_error() -> type[Exception]:
    """The exception that Chroma raises when a collection does not exist."""
    from chromadb.errors import NotFoundError

    error: type[Exception] = NotFoundError
    return error


def create_collection(client: ClientAPI, name: str, embedder: str, expected: int) -> Collection:
    """A new, empty collection for about `expected` vectors of length 1 made by this embedder."""
    configuration = {"hnsw": {**HNSW_SETTINGS, "sync_threshold": max(MIN_LOGGED, round(LOGGED_SHARE * expected))}}
    metadata = {"embedder": embedder}
    return client.create_collection(name, configuration=configuration, metadata=metadata, embedding_function=None)


def to_matrix(embeddings: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Embeddings as Chroma returns them, as one array of shape (entries, dimensions)."""
    rows: Iterable[object] = embeddings if isinstance(embeddings, (list, np.ndarray)) else ()
    return np.asarray(rows, dtype=np.float32)
