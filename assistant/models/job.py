"""What a fetch works on: the files to bring, where they lie meanwhile, and its progress."""

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
from assistant.models.installed import sum_of
from index.progress import Progress, unseen

LINE_S = 10.0
"""Seconds between two lines of progress where there is no terminal."""

REPORT_S = 0.5
"""Seconds between two reports of it to another program."""


class SourceError(Exception):
    """One source did not give a file whole; says why in one line. The next source is tried."""


@dataclass(frozen=True, slots=True)
class Job:
    """One model being fetched: the files to bring, where they lie meanwhile, and where the person stood."""

    model: Model
    files: tuple[ModelFile, ...]
    partial: Path
    started_in: Path
    meter: Meter

    def whole(self, file: ModelFile) -> Path:
        """Where a file lies once its sum is right, until all are there."""
        return self.partial / "files" / file.path

    def wanted(self) -> list[ModelFile]:
        """The files that are not whole yet, the smallest first: a wrong source shows early."""
        return sorted((f for f in self.files if not self.whole(f).is_file()), key=lambda f: f.bytes)

    def keep(self, file: ModelFile, path: Path) -> None:
        """Keep a file that came if its sum is right; if not, it goes, and SourceError names both sums."""
        found = sum_of(path)
        if found != file.sha256:
            path.unlink()
            raise SourceError(f"its {file.path} has the sha256 {found}, not {file.sha256}")
        self.whole(file).parent.mkdir(parents=True, exist_ok=True)
        path.replace(self.whole(file))


class Meter:
    """Progress on standard error: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, name: str, report: Progress = unseen) -> None:
        """Nothing is shown before `shown`; `report` is told as well, now and then."""
        self.name, self.total, self.said = name, 0, time.monotonic()
        self.report, self.reported = report, 0.0
        self.console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self.bar = Bar(*columns, TimeRemainingColumn(), console=self.console, transient=True)
        self.task = self.bar.add_task(name, total=None)

    def say(self, text: str) -> None:
        """One line, above the bar if there is one."""
        self.console.print(" ".join(text.split()), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def shown(self, total: int) -> Iterator[None]:
        """Show progress towards a total of bytes."""
        self.total = total
        self.bar.reset(self.task, total=total)
        if not self.console.is_terminal:
            yield
            return
        with self.bar:
            yield

    def at(self, done: int) -> None:
        """So many bytes are here."""
        self.bar.update(self.task, completed=done)
        if time.monotonic() - self.reported > REPORT_S:
            self.reported = time.monotonic()
            self.report(done, self.total)
        if not self.console.is_terminal and time.monotonic() - self.said > LINE_S:
            self.said = time.monotonic()
            self.say(f"{self.name}: {done / 1e6:,.0f} of {self.total / 1e6:,.0f} MB")


def length(path: Path) -> int:
    """The bytes of a file; 0 if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def pour(blocks: Iterable[bytes], out: BinaryIO, limit: int, at: Callable[[int], None]) -> None:
    """Write blocks, telling how long the file is now; SourceError beyond `limit` bytes."""
    poured = 0
    for block in blocks:
        poured += len(block)
        if poured > limit:
            raise SourceError(f"more bytes came than the {limit} expected")
        out.write(block)
        at(out.tell())
