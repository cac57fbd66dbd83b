"""What several callers ask at the same time is evaluated together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from assistant.llm.batching import Batcher


def test_who_waits_is_answered_in_the_next_batch_and_nobody_twice() -> None:
    batches: list[list[int]] = []
    begun, waited = Event(), Event()

    def double(numbers: Sequence[int]) -> list[int]:
        batches.append(list(numbers))
        begun.set()
        waited.wait()
        return [2 * number for number in numbers]

    batcher = Batcher(double)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batcher.ask, 0)
        begun.wait()
        others = [pool.submit(batcher.ask, number) for number in range(1, 8)]
        while len(batcher._line) < 8:
            pass
        waited.set()
        assert [one.result() for one in (first, *others)] == [2 * number for number in range(8)]
    assert batches[0] == [0]
    assert sorted(batches[1]) == list(range(1, 8))
    assert len(batches) == 2
    assert batcher.ask(9) == 18


def test_an_error_reaches_who_asked_and_the_next_one_is_answered() -> None:
    batcher = Batcher(lambda numbers: [12 // number for number in numbers])
    with pytest.raises(ZeroDivisionError):
        batcher.ask(0)
    assert batcher.ask(3) == 4
