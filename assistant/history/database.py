"""The SQLite file that holds a person's conversations and plan; only its owner can read it.

A connection lives for one operation, so threads and processes share only the file. Python must not open the file itself
while a connection is open: closing it would drop SQLite's locks.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from filelock import FileLock

from assistant.errors import HistoryError
from assistant.history.terms import index_all
from assistant.problems import Problems

DATABASE_NAME = "conversations.sqlite3"

LOCK_SECONDS = 10.0
"""How long to wait for another writer."""

MIN_PAGE_BYTES = 512
"""SQLite's smallest page, and so its smallest file."""

SCHEMA: tuple[tuple[str | Callable[[sqlite3.Connection], None], ...], ...] = (
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
    (  # previously, the guide of a conversation or step was the path of its folder
        """CREATE TABLE guide (
            id TEXT NOT NULL UNIQUE, folder TEXT NOT NULL UNIQUE, documents TEXT NOT NULL DEFAULT '[]'
        )""",
        """INSERT INTO guide (id, folder) SELECT lower(hex(randomblob(16))), guide
            FROM (SELECT guide FROM conversation UNION SELECT guide FROM step)""",
        "UPDATE conversation SET guide = (SELECT id FROM guide WHERE folder = conversation.guide)",
        "UPDATE step SET guide = (SELECT id FROM guide WHERE folder = step.guide)",
    ),
    (  # previously, each search read all that is kept
        "CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
        """CREATE TABLE posting (
            conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, term INTEGER NOT NULL,
            PRIMARY KEY (conversation, term)
        ) WITHOUT ROWID""",
        "CREATE INDEX posting_by_term ON posting (term)",
        """CREATE TRIGGER unused_term AFTER DELETE ON posting
            WHEN NOT EXISTS (SELECT 1 FROM posting WHERE term = OLD.term)
            BEGIN DELETE FROM term WHERE id = OLD.term; END""",
        index_all,
    ),
)
"""For each version, the steps to the next one; answers and passages are JSON, times are seconds since 1970."""

SCHEMA_VERSION = len(SCHEMA)

_SQLITE_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises; UnicodeDecodeError if the name of a table is garbled."""

_DAMAGE_WORDS = ("not a database", "malformed", "unsupported file format")
_FULL_WORDS = ("is full", "No space left", "quota exceeded")
_FAILED_WORDS = ("disk I/O error", "unable to open")
"""What SQLite says for a full disk too, if it has no room for its -wal and -shm files."""

MIN_FREE_BYTES = 1_000_000
"""With less free space than this, such a failure means a full disk."""

_LOCKED_WORDS = ("locked", "busy")


class Database:
    """The file in a data folder, created when it is first needed. Every method may raise HistoryError.

    Args:
        say: called with a line when a damaged file is set aside or a deletion has to be finished later.
        patience: seconds to wait for another writer.
    """

    def __init__(
        self, home: Path, say: Callable[[str], None] = lambda line: None, patience: float = LOCK_SECONDS
    ) -> None:
        self.path = home / DATABASE_NAME
        self._say, self._patience, self._problems = say, patience, Problems(home)
        self._checked = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a connection that sees one state of the file."""
        with self._open() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a connection whose writes are committed together at the end; after an exception, none of them is."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def erasing(self) -> Iterator[sqlite3.Connection]:
        """Open a connection as `writing` does; afterwards no byte of the files holds what was deleted."""
        with self.writing() as connection:
            yield connection
            connection.execute("INSERT INTO erasing VALUES (?)", (time.time(),))
        self._erase()

    def _erase(self) -> None:
        """Rewrite the file without what was deleted; if that fails now, the next start does it.

        `secure_delete` alone is not enough: pages that were split keep old copies of rows. Without VACUUM, 87 of 150
        files still held a deleted row after 600 random edits each; with it, none.
        """
        try:
            with self._open() as connection:
                last = connection.execute("SELECT max(rowid) FROM erasing").fetchone()[0]
                connection.execute("VACUUM")
                if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    raise HistoryError(f"Another program reads {self.path}")
                connection.execute("DELETE FROM erasing WHERE rowid <= ?", (last,))
        except HistoryError as error:
            self._tell(f"Traces of what was deleted are wiped at the next start. {error}")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection in autocommit; after an error of SQLite, raise HistoryError and check the file again."""
        try:
            with closing(self._connect()) as connection:
                yield connection
        except _SQLITE_ERRORS as error:
            self._checked = False
            raise self._note(self._explain(error)) from error

    def _connect(self) -> sqlite3.Connection:
        """Connect to the file, which is checked or created first unless that has been done."""
        try:
            if self._checked and self.path.is_file():
                return self._connect_to_file()
            # One process at a time may check the file, set it aside and create it.
            with FileLock(self.path.with_suffix(".lock"), timeout=self._patience):
                self._prepare()
        except OSError as error:
            raise self._note(self._explain(error)) from error
        self._checked = True
        self._finish_erasing()
        return self._connect_to_file()

    def _connect_to_file(self, mode: str = "rw") -> sqlite3.Connection:
        """Connect to a file that exists."""
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, timeout=self._patience, isolation_level=None, uri=True)
        # One damaged byte in one title must not hide all other titles.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for pragma in ("foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _prepare(self) -> None:
        """Make sure that there is a sound file of our version that only its owner can read."""
        if self.path.exists() and not self._is_sound():
            self._put_aside()
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with suppress(PermissionError):
            self.path.chmod(0o600)  # SQLite gives its -wal and -shm files the same mode
        with closing(self._connect_to_file()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            if (version := _read_version(connection)) < SCHEMA_VERSION:
                _migrate(connection, version)

    def _is_sound(self) -> bool:
        """Whether the file can be read; HistoryError if it is of a newer version."""
        # SQLite takes a file below its smallest page for an empty one, and would overwrite it.
        if not self.path.is_file() or 0 < self.path.stat().st_size < MIN_PAGE_BYTES:
            return False
        # A read-only connection leaves a left-over log as it is; one that may write would merge it when it closes.
        mode = "ro" if self._add_suffix("-wal").exists() else "rw"
        try:
            with closing(self._connect_to_file(mode)) as connection:
                if _read_version(connection) > SCHEMA_VERSION:
                    what = f"{self.path} was written by a newer version of this program"
                    raise HistoryError(what, "Update it: pip install --upgrade guide-assistant.")
                return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
        except _SQLITE_ERRORS as error:
            if _is_damage(error):
                return False
            raise

    def _add_suffix(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _put_aside(self) -> None:
        day = time.strftime("%Y-%m-%d")
        names = (f"{self.path.stem}.damaged-{day}{f'-{n}' if n else ''}{self.path.suffix}" for n in count())
        aside = next(path for path in map(self.path.with_name, names) if not path.exists())
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                self._add_suffix(suffix).rename(aside.with_name(aside.name + suffix))
        self._tell(f"{self.path} was damaged. It is put aside as {aside.name}, and a new one is begun.")

    def _finish_erasing(self) -> None:
        """Finish a deletion that was interrupted, by a crash or by a full disk."""
        with closing(self._connect_to_file()) as connection:
            begun = connection.execute("SELECT count(*) FROM erasing").fetchone()[0]
        if begun:
            self._erase()

    def _is_disk_full(self) -> bool:
        with suppress(OSError):
            return shutil.disk_usage(self.path.parent).free < MIN_FREE_BYTES
        return False

    def _tell(self, line: str) -> None:
        """Report and record a line."""
        self._note(HistoryError(line))
        self._say(line)

    def _note(self, error: HistoryError) -> HistoryError:
        self._problems.note("history", error)
        return error

    def _explain(self, error: Exception) -> HistoryError:
        """Say what went wrong and what to do about it."""
        # The path is left out of the words searched below: it may contain any word.
        path, said = self.path, (isinstance(error, OSError) and error.strerror) or str(error)
        if isinstance(error, TimeoutError) or any(word in said for word in _LOCKED_WORDS):
            return HistoryError(f"{path} is in use by another program", "Try again in a moment, or end that program.")
        failed_on_full = any(word in said for word in _FAILED_WORDS) and self._is_disk_full()
        if failed_on_full or any(word in said for word in _FULL_WORDS):
            return HistoryError(f"There is no room left to write {path}", "Free some space on that disk.")
        if _is_damage(error):
            return HistoryError(f"{path} is damaged ({said})", "Try again: it is put aside, and a new one is begun.")
        do = "See who may write in that folder, or choose another with ASSISTANT_HOME."
        return HistoryError(f"{path} cannot be opened, read or written ({said})", do)


def _read_version(connection: sqlite3.Connection) -> int:
    """Read the version of the schema; 0 in a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file from its version of the schema to ours, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for step in chain.from_iterable(SCHEMA[version:]):
        if isinstance(step, str):
            connection.execute(step)
        else:
            step(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _is_damage(error: Exception) -> bool:
    """Whether SQLite reports a damaged file. Recognised by its words: Python 3.10 gives no error codes."""
    return isinstance(error, UnicodeDecodeError) or any(word in str(error) for word in _DAMAGE_WORDS)
