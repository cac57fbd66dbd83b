"""Who is answered next when several ask at once: first come, first served, and anyone may leave the queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

WAIT_SECONDS = 0.1
"""How long someone waits in the queue before being told again how many are ahead."""


class AnswerQueue:
    """A queue of questions, some of which may be answered at the same time.

    A place is not bound to a thread: each step of an answer may run in a different one.

    Args:
        at_once: how many questions are answered at the same time.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self._line: deque[Place] = deque()
        self._moved = Condition()

    @property
    def length(self) -> int:
        """How many questions are being answered or wait."""
        return len(self._line)

    @contextmanager
    def join(self) -> Iterator[Place]:
        """A place at the end of the queue; given up on leaving the context, wherever in the queue it is by then."""
        place = Place(self)
        with self._moved:
            self._line.append(place)
        try:
            yield place
        finally:
            with self._moved:
                self._line.remove(place)
                self._moved.notify_all()

    def count_ahead(self, place: Place, timeout: float | None) -> int:
        """How many must end before a place's turn comes; waits up to `timeout` seconds (None: forever) for 0."""

        def ahead() -> int:
            return max(0, self._line.index(place) + 1 - self.at_once)

        with self._moved:
            self._moved.wait_for(lambda: not ahead(), timeout)
            return ahead()


class Place:
    """A place in the queue."""

    def __init__(self, queue: AnswerQueue) -> None:
        self._queue = queue

    def count_ahead(self) -> int:
        """How many must end before this one's turn; 0 as soon as it has come. Waits a moment for that."""
        return self._queue.count_ahead(self, WAIT_SECONDS)

    def wait(self) -> None:
        """Wait until its turn has come."""
        self._queue.count_ahead(self, None)
