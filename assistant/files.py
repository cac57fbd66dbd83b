"""Writes files so that they appear under their name only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

UNFINISHED = ".unfinished"
"""The suffix of a file that is being written; before it stands the id of the process that writes it."""


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; at the end of the block it replaces `path`, or after an error is deleted.

    Files left in the folder by killed processes are removed first. Raises OSError; a file already at `path` then stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)  # the disk may be full, and an incomplete file takes up room


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"*{UNFINISHED}"):
        with suppress(OSError):
            if _is_left(path):
                path.unlink()


def _is_left(path: Path) -> bool:
    """Whether the process that was writing a file has ended; another may have its id by now."""
    try:
        begun: float = psutil.Process(int(path.stem.rpartition(".")[2])).create_time()
        return begun > path.stat().st_mtime
    except (psutil.NoSuchProcess, ValueError):
        return True
    except psutil.AccessDenied:
        return False
