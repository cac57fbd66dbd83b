"""Writes files that take their place only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

UNFINISHED = ".unfinished"
"""How the name of a file ends that is being written; the number of the process that writes it stands before that."""


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give the name to write a file under; when the block ends, the file takes its place, and if it fails, it is gone.

    What processes that were killed left in the folder is removed first. Raises OSError; whatever stood there stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)  # the disk may be full: what was not written whole takes its room


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"*{UNFINISHED}"):
        with suppress(OSError):
            if _is_left(path):
                path.unlink()


def _is_left(path: Path) -> bool:
    """Whether the process that was writing a file is no more; another may have got its number since."""
    try:
        begun: float = psutil.Process(int(path.stem.rpartition(".")[2])).create_time()
        return begun > path.stat().st_mtime
    except (psutil.NoSuchProcess, ValueError):
        return True
    except psutil.AccessDenied:
        return False
