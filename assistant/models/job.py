"""One fetch: the files to fetch, where they lie until all are complete, and its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from assistant.models.catalogue import Model, ModelFile
from assistant.models.installed import compute_sha256
from index.progress import Progress, ignore_progress

LINE_S = 10.0
"""Seconds between two lines of progress if there is no terminal."""

REPORT_S = 0.5
"""Seconds between two reports of progress to another program."""


class SourceError(Exception):
    """Why a source did not give a complete file, in one line; the next source is then tried."""


@dataclass(frozen=True, slots=True)
class Job:
    """One model being fetched."""

    model: Model
    files: tuple[ModelFile, ...]
    """Its files that were missing or damaged when the fetch began."""
    partial: Path
    """The folder for files until all are complete; `fetch.py` lists what is in it."""
    meter: Meter

    def whole_path(self, file: ModelFile) -> Path:
        """Where a file lies once its sha256 is right, until all files are complete."""
        return self.partial / "files" / file.path

    def list_missing(self) -> list[ModelFile]:
        """The files that are not complete yet, smallest first, so that a wrong source shows early."""
        return sorted((f for f in self.files if not self.whole_path(f).is_file()), key=lambda f: f.bytes)

    def keep(self, file: ModelFile, path: Path) -> None:
        """Keep a fetched file if its sha256 is right; else delete it and raise SourceError with both sums."""
        found = compute_sha256(path)
        if found != file.sha256:
            path.unlink()
            raise SourceError(f"its {file.path} has the sha256 {found}, not {file.sha256}")
        self.whole_path(file).parent.mkdir(parents=True, exist_ok=True)
        path.replace(self.whole_path(file))


class Meter:
    """Progress on standard error: a bar on a terminal, else a line every LINE_S seconds."""

    def __init__(self, name: str, report: Progress = ignore_progress) -> None:
        """Show nothing before `show`; `report` is called with the progress as well, every REPORT_S seconds."""
        self.name, self.total, self.said = name, 0, time.monotonic()
        self.report, self.reported = report, 0.0
        self.console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self.bar = Bar(*columns, TimeRemainingColumn(), console=self.console, transient=True)
        self.task = self.bar.add_task(name, total=None)

    def say(self, text: str) -> None:
        """Print one line, above the bar if there is one."""
        self.console.print(" ".join(text.split()), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def show(self, total: int) -> Iterator[None]:
        """Show progress towards a total of bytes."""
        self.total = total
        self.bar.reset(self.task, total=total)
        if not self.console.is_terminal:
            yield
            return
        with self.bar:
            yield

    def update(self, done: int) -> None:
        """Set the number of bytes that have come."""
        self.bar.update(self.task, completed=done)
        if time.monotonic() - self.reported > REPORT_S:
            self.reported = time.monotonic()
            self.report(done, self.total)
        if not self.console.is_terminal and time.monotonic() - self.said > LINE_S:
            self.said = time.monotonic()
            self.say(f"{self.name}: {done / 1e6:,.0f} of {self.total / 1e6:,.0f} MB")


def read_size(path: Path) -> int:
    """The size of a file in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def write_blocks(blocks: Iterable[bytes], out: BinaryIO, limit: int, update: Callable[[int], None]) -> None:
    """Write blocks, and call `update` with the size of the file after each; SourceError beyond `limit` bytes."""
    written = 0
    for block in blocks:
        written += len(block)
        if written > limit:
            raise SourceError(f"more bytes came than the {limit} expected")
        out.write(block)
        update(out.tell())
