"""The record of the problems that people and programs met: a small file in the data folder, for `assistant doctor`.

It holds no words of a conversation, is for its owner alone, and causes no problem of its own: what cannot be read or
written is left out. Its room on the disk is taken beforehand, so that a full disk is recorded too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from assistant.errors import (
    BusyError,
    ConversationError,
    GuideError,
    PlanError,
    QuestionError,
    UnheardError,
    explain,
)

RECORD_NAME = "problems.jsonl"

MOST, LINE_CHARACTERS, FILE_BYTES = 40, 500, 32 * 1024
"""Problems that are kept, the last ones; characters of each line; the size of the file, filled up with spaces."""

LOCK_SECONDS = 1.0
"""How long to wait for another program that records a problem."""

NO_FAULTS = (QuestionError, ConversationError, PlanError, BusyError, UnheardError)
"""Not recorded: something is wrong with what was given, another machine does the work, or who asked has gone."""

Place = Literal["command", "history", "index", "page", "program", "start", "texts"]
"""Where a problem was met: by a command, keeping conversations, opening the index, on the page, by another program,
while models and guide were loaded, or while the texts were read again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is recorded."""

    when: str
    """The local time at which it was met last."""
    place: str
    """See `Place`."""
    line: str
    """What was said, without details."""
    times: int = 1


_PROBLEM = TypeAdapter(Problem)
_THREADS = Lock()


class Problems:
    """The record in a data folder; it is safe to use from several threads and processes at once."""

    def __init__(self, home: Path) -> None:
        self._path = home / RECORD_NAME

    def read(self) -> tuple[Problem, ...]:
        """What is recorded, the last first."""
        return tuple(reversed(self._read_rows()))

    def reserve(self) -> None:
        """Take the room on the disk."""
        with suppress(OSError), self._hold():
            self._write(self._read_rows())

    def note(self, place: Place, error: GuideError) -> None:
        """Record an error that is told to somebody, unless it is no fault or was recorded further inside."""
        if error.recorded or isinstance(error, NO_FAULTS):
            return
        error.recorded, line = True, error.line[:LINE_CHARACTERS].encode(errors="replace").decode()
        with suppress(OSError), self._hold():
            others = self._read_rows()
            times = 1 + sum(one.times for one in others if (one.place, one.line) == (place, line))
            others = [one for one in others if (one.place, one.line) != (place, line)]
            self._write([*others, Problem(time.strftime("%Y-%m-%d %H:%M:%S"), place, line, times)])

    @contextmanager
    def meet(self, place: Place, what: str, do: str = "") -> Iterator[None]:
        """Turn whatever goes wrong inside into a GuideError, as `explain` does, and record it."""
        try:
            with explain(what, do):
                yield
        except GuideError as error:
            self.note(place, error)
            raise

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Hold the record, against other threads and other programs. Raises OSError; it makes no data folder."""
        if not self._path.parent.is_dir():  # a lock would make it, however it is misspelt
            raise FileNotFoundError(self._path.parent)
        with _THREADS, FileLock(self._path.with_suffix(".lock"), timeout=LOCK_SECONDS):
            yield

    def _read_rows(self) -> list[Problem]:
        """What is recorded, the last at the end; rows that are damaged are left out."""
        problems = []
        with suppress(OSError):
            for row in self._path.read_bytes().splitlines():
                with suppress(ValidationError):
                    problems.append(_PROBLEM.validate_json(row))
        return problems

    def _write(self, problems: Sequence[Problem]) -> None:
        """Replace what is recorded, in its place: a disk that is full has room for no other file."""
        rows = [_PROBLEM.dump_json(one) + b"\n" for one in problems[-MOST:]]
        while sum(map(len, rows)) > FILE_BYTES:
            del rows[0]
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._path.open("r+b") as file:
            file.write(b"".join(rows).ljust(FILE_BYTES))
            file.truncate()
