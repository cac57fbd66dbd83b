"""How long an answer takes, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from assistant.llm.model import Usage
from assistant.records import Timings


class Clock:
    """Times one answer.

    Args:
        begun: when the question came in, by `time.perf_counter`.
    """

    def __init__(self, begun: float) -> None:
        self.usage = Usage()
        self._begun = begun
        self._retrieved = self._first = 0.0

    def mark_retrieved(self) -> None:
        """Note that retrieval has ended."""
        self._retrieved = time.perf_counter() - self._begun

    def watch(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield the same pieces, and note when the first one that is not empty comes."""
        for piece in pieces:
            if piece:
                self._first = self._first or time.perf_counter() - self._begun
            yield piece

    def read(self) -> Timings:
        """Times and token counts so far."""
        total, usage = time.perf_counter() - self._begun, self.usage
        retrieved, first, total = (round(value, 3) for value in (self._retrieved, self._first, total))
        return Timings(retrieved, first, total, usage.prompt, usage.cached, usage.generated)
