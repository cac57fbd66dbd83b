"""The file of what a person keeps: conversations and plan, in SQLite, readable by its owner alone.

A connection lives as long as one operation, so threads and processes share nothing but the file. Python must not open
the file itself while a connection is open: closing it would drop SQLite's locks.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from filelock import FileLock

from assistant.errors import KeepingError

NAME = "conversations.sqlite3"

PATIENCE = 10.0
"""Seconds to wait for another writer."""

SMALLEST_PAGE = 512
"""Bytes."""

SCHEMA = (
    (
        """CREATE TABLE conversation (
            id TEXT NOT NULL UNIQUE, guide TEXT NOT NULL, title TEXT NOT NULL,
            begun REAL NOT NULL, changed REAL NOT NULL
        )""",
        "CREATE INDEX conversation_by_guide ON conversation (guide, changed)",
        """CREATE TABLE turn (
            conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            number INTEGER NOT NULL, asked REAL NOT NULL,
            helpful INTEGER, why TEXT NOT NULL DEFAULT '', rated REAL,
            question TEXT NOT NULL, text TEXT NOT NULL, answer TEXT NOT NULL,
            PRIMARY KEY (conversation, number)
        )""",
        """CREATE TABLE step (
            id TEXT NOT NULL UNIQUE, guide TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL,
            done INTEGER NOT NULL DEFAULT 0, due TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
            kept REAL NOT NULL, passage TEXT NOT NULL, UNIQUE (guide, text, source)
        )""",
        "CREATE TABLE erasing (begun REAL NOT NULL)",
    ),
)
"""The statements that bring a file from each version to the next; answers and passages are JSON, times since 1970."""

VERSION = len(SCHEMA)

_FOREIGN = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises; the second when it names a garbled table."""

_DAMAGE = ("not a database", "malformed", "unsupported file format")
_FULL = ("is full", "No space left", "quota exceeded")
_HELD = ("locked", "busy")


class Database:
    """The file in a data folder, made when it is first needed; a damaged one is put aside, and `say` is told.

    Every method raises KeepingError for what a person must mend.
    """

    def __init__(self, home: Path, say: Callable[[str], None] = lambda line: None, patience: float = PATIENCE) -> None:
        self.path = home / NAME
        self._say, self._patience = say, patience
        self._looked = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file."""
        with self._open() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose writes are kept together at the end, or not at all if an exception ends it."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def erasing(self) -> Iterator[sqlite3.Connection]:
        """As `writing`; afterwards, what was deleted stands in no byte of the files."""
        with self.writing() as connection:
            yield connection
            connection.execute("INSERT INTO erasing VALUES (?)", (time.time(),))
        self._erase()

    def _erase(self) -> None:
        """Write the file anew without what was deleted; if that cannot be done now, it is at the next start.

        `secure_delete` alone is not enough: pages that were split keep old copies of rows. Without VACUUM, 87 of 150
        files still held a deleted row after 600 random edits each; with it, none.
        """
        try:
            with self._open() as connection:
                last = connection.execute("SELECT max(rowid) FROM erasing").fetchone()[0]
                connection.execute("VACUUM")
                if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    raise KeepingError(f"Another program reads {self.path}")
                connection.execute("DELETE FROM erasing WHERE rowid <= ?", (last,))
        except KeepingError as error:
            self._say(f"Traces of what was deleted are wiped at the next start. {error}")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit; SQLite's errors become ours here, and the file is looked at anew after one."""
        try:
            with closing(self._connected()) as connection:
                yield connection
        except _FOREIGN as error:
            self._looked = False
            raise self._problem(error) from error

    def _connected(self) -> sqlite3.Connection:
        try:
            if self._looked and self.path.is_file():
                return self._connect()
            # One at a time, over all processes: looking, putting aside, making.
            with FileLock(self.path.with_suffix(".lock"), timeout=self._patience):
                self._prepare()
        except OSError as error:
            raise self._problem(error) from error
        self._looked = True
        self._finish_erasing()
        return self._connect()

    def _connect(self, mode: str = "rw") -> sqlite3.Connection:
        """To a file that is there."""
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, timeout=self._patience, isolation_level=None, uri=True)
        # A byte that went bad in one title must not hide all the others.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for pragma in ("foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _prepare(self) -> None:
        """See to it that there is a sound file of our version, for its owner alone."""
        if self.path.exists() and not self._sound():
            self._put_aside()
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with suppress(PermissionError):
            self.path.chmod(0o600)  # SQLite gives its -wal and -shm the same
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            if (version := _version(connection)) < VERSION:
                _bring_up(connection, version)

    def _sound(self) -> bool:
        """Whether what stands at the path can be read; KeepingError if it is of a version that we do not know."""
        # SQLite takes less than its smallest page for an empty file, and would write over it.
        if not self.path.is_file() or 0 < self.path.stat().st_size < SMALLEST_PAGE:
            return False
        # A log that was left behind stays one: a connection that may write puts it into the file when it closes.
        mode = "ro" if self._beside("-wal").exists() else "rw"
        try:
            with closing(self._connect(mode)) as connection:
                if _version(connection) > VERSION:
                    what = f"{self.path} was written by a newer version of this program"
                    raise KeepingError(what, "Update it: pip install --upgrade guide-assistant.")
                return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
        except _FOREIGN as error:
            if _damage(error):
                return False
            raise

    def _beside(self, tail: str) -> Path:
        return self.path.with_name(self.path.name + tail)

    def _put_aside(self) -> None:
        day = time.strftime("%Y-%m-%d")
        names = (f"{self.path.stem}.damaged-{day}{f'-{n}' if n else ''}{self.path.suffix}" for n in count())
        aside = next(path for path in map(self.path.with_name, names) if not path.exists())
        for tail in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                self._beside(tail).rename(aside.with_name(aside.name + tail))
        self._say(f"{self.path} was damaged. It is put aside as {aside.name}, and a new one is begun.")

    def _finish_erasing(self) -> None:
        """Wipe what a deletion could not, because the process or the disk failed it."""
        with closing(self._connect()) as connection:
            begun = connection.execute("SELECT count(*) FROM erasing").fetchone()[0]
        if begun:
            self._erase()

    def _problem(self, error: Exception) -> KeepingError:
        # A foreign error's words without its path, in which any word may stand.
        path, said = self.path, (isinstance(error, OSError) and error.strerror) or str(error)
        if isinstance(error, TimeoutError) or any(word in said for word in _HELD):
            return KeepingError(f"{path} is in use by another program", "Try again in a moment, or end that program.")
        if any(word in said for word in _FULL):
            return KeepingError(f"There is no room left to write {path}", "Free some space on that disk.")
        if _damage(error):
            return KeepingError(f"{path} is damaged ({said})", "Try again: it is put aside, and a new one is begun.")
        do = "See who may write in that folder, or choose another with ASSISTANT_HOME."
        return KeepingError(f"{path} cannot be opened, read or written ({said})", do)


def _version(connection: sqlite3.Connection) -> int:
    """Of the schema; 0 in a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _bring_up(connection: sqlite3.Connection, version: int) -> None:
    """Take a file from its version of the schema to ours, wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in chain.from_iterable(SCHEMA[version:]):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _damage(error: Exception) -> bool:
    """Whether SQLite says that the file is not what it wrote; its words, as Python 3.10 knows no codes of errors."""
    return isinstance(error, UnicodeDecodeError) or any(word in str(error) for word in _DAMAGE)
