"""The record of the problems that people and programs met: a small file in the data folder, for `assistant doctor`.

It holds no words of a conversation, only its owner can read it, and it causes no problems of its own: what cannot be
read or written is left out. Its disk space is reserved beforehand, so that a full disk is recorded too.
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
"""Problems that are kept, the latest; characters of each line; bytes of the file, which is padded with spaces."""

LOCK_SECONDS = 1.0
"""How long to wait for another program that records a problem."""

NO_FAULTS = (QuestionError, ConversationError, PlanError, BusyError, UnheardError)
"""Not recorded: the input was wrong, another machine is doing the work, or whoever asked has gone."""

Place = Literal["command", "history", "index", "page", "program", "start", "texts"]
"""Where a problem was met: by a command, keeping conversations, opening the index, on the page, by another program,
while models and guide were loaded, or while the texts were read again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is recorded."""

    when: str
    """The local time at which it was last met."""
    place: str
    """See `Place`."""
    line: str
    """The message, without details."""
    times: int = 1


_PROBLEM = TypeAdapter(Problem)
_THREADS = Lock()


class Problems:
    """The record in a data folder; it is safe to use from several threads and processes at once."""

    def __init__(self, home: Path) -> None:
        self._path = home / RECORD_NAME

    def read(self) -> tuple[Problem, ...]:
        """The recorded problems, the latest first."""
        return tuple(reversed(self._read_rows()))

    def reserve(self) -> None:
        """Reserve the disk space."""
        with suppress(OSError), self._hold():
            self._write(self._read_rows())

    def note(self, place: Place, error: GuideError) -> None:
        """Record an error that somebody is shown, unless it is no fault or was recorded further inside."""
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
        """Lock the record against other threads and programs. Raises OSError; a missing data folder is not created."""
        if not self._path.parent.is_dir():  # the lock would create it, even under a misspelt name
            raise FileNotFoundError(self._path.parent)
        with _THREADS, FileLock(self._path.with_suffix(".lock"), timeout=LOCK_SECONDS):
            yield

    def _read_rows(self) -> list[Problem]:
        """The recorded problems, the latest last; damaged rows are left out."""
        problems = []
        with suppress(OSError):
            for row in self._path.read_bytes().splitlines():
                with suppress(ValidationError):
                    problems.append(_PROBLEM.validate_json(row))
        return problems

    def _write(self, problems: Sequence[Problem]) -> None:
        """Overwrite the record in place: a full disk has no room for another file."""
        rows = [_PROBLEM.dump_json(one) + b"\n" for one in problems[-MOST:]]
        while sum(map(len, rows)) > FILE_BYTES:
            del rows[0]
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._path.open("r+b") as file:
            file.write(b"".join(rows).ljust(FILE_BYTES))
            file.truncate()
