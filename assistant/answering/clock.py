"""How long an answer takes, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from assistant.llm.model import Usage
from assistant.records import Timings


class Clock:
    """Times one answer, from when its question came in."""

    def __init__(self, begun: float) -> None:
        self.usage = Usage()
        self._begun = begun
        self._retrieved = self._first = 0.0

    def retrieved(self) -> None:
        """Retrieval has ended."""
        self._retrieved = time.perf_counter() - self._begun

    def watched(self, pieces: Iterable[str]) -> Iterator[str]:
        """The same pieces; the first one's time is noted."""
        for piece in pieces:
            self._first = self._first or time.perf_counter() - self._begun
            yield piece

    def timings(self) -> Timings:
        """As far as it is known now, in seconds and tokens."""
        total, usage = time.perf_counter() - self._begun, self.usage
        retrieved, first, total = (round(value, 3) for value in (self._retrieved, self._first, total))
        return Timings(retrieved, first, total, usage.prompt, usage.cached, usage.generated)
