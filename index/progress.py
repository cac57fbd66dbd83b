"""The callback by which long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, total), for example in bytes of the texts to read."""


def ignore_progress(done: int, total: int) -> None:
    """Do nothing; for callers that show no progress."""
