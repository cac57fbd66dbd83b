"""Who is answered next when several ask at once: first come, first served, and everyone may leave the line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

WAIT_SECONDS = 0.1
"""Seconds after which someone who waits is told how many are before them."""


class AnswerQueue:
    """A line in which so many at once have their turn.

    A place is not bound to a thread: each step of an answer may be taken in another one.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        """How many have their turn together."""
        self._line: deque[object] = deque()
        self._moved = Condition()

    @property
    def length(self) -> int:
        """How many are being answered or wait for it."""
        return len(self._line)

    @contextmanager
    def join(self) -> Iterator[Place]:
        """A place at the end of the line; given up at the end, wherever it is then."""
        turn = Place(self)
        with self._moved:
            self._line.append(turn)
        try:
            yield turn
        finally:
            with self._moved:
                self._line.remove(turn)
                self._moved.notify_all()

    def before(self, turn: Place, wait: float | None) -> int:
        """How many must still end before it has its turn; looks again when the line moves, for so many seconds."""

        def left() -> int:
            return max(0, self._line.index(turn) + 1 - self.at_once)

        with self._moved:
            self._moved.wait_for(lambda: not left(), wait)
            return left()


class Place:
    """A place in the line."""

    def __init__(self, turns: AnswerQueue) -> None:
        self._turns = turns

    def before(self) -> int:
        """How many must still end before this one; 0 as soon as it has its turn. Waits a moment for that."""
        return self._turns.before(self, WAIT_SECONDS)

    def wait(self) -> None:
        """Wait for the turn."""
        self._turns.before(self, None)
