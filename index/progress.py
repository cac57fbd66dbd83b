"""How far something is, told while it goes on."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told (done, in all): bytes of the texts to read, or whatever is counted."""


def unseen(done: int, total: int) -> None:
    """Shows no progress."""
