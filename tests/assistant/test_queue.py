"""The line of those who ask at once: in order, for so many at a time, and left at will."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Event

import pytest

from assistant.queue import AnswerQueue


@pytest.mark.parametrize("at_once", [1, 3])
def test_so_many_have_their_turn_and_the_others_know_their_place(at_once: int) -> None:
    queue = AnswerQueue(at_once)
    with ExitStack() as line:
        places = [line.enter_context(queue.join()) for _ in range(6)]
        assert [place.count_ahead() for place in places] == [max(0, n + 1 - at_once) for n in range(6)]
        assert queue.length == 6
    assert queue.length == 0


def test_who_leaves_the_line_lets_the_others_move_up() -> None:
    queue = AnswerQueue()
    with queue.join() as first:
        second = queue.join()
        second.__enter__()
        with queue.join() as third:
            assert (first.count_ahead(), third.count_ahead()) == (0, 2)
            second.__exit__(None, None, None)
            assert third.count_ahead() == 1


def test_an_error_gives_the_turn_back() -> None:
    queue = AnswerQueue()
    with pytest.raises(ZeroDivisionError), queue.join():
        1 / 0  # noqa: B018
    with queue.join() as next_one:
        assert next_one.count_ahead() == 0


def test_all_are_served_in_the_order_in_which_they_came() -> None:
    queue, served = AnswerQueue(), list[int]()

    def one(number: int, come: Event) -> None:
        with queue.join() as place:
            come.set()
            place.wait()
            served.append(number)

    with ThreadPoolExecutor(8) as pool, queue.join():
        for number in range(8):
            come = Event()
            pool.submit(one, number, come)
            come.wait()
        assert (queue.length, served) == (9, [])
    assert served == list(range(8))


def test_a_turn_is_not_bound_to_a_thread() -> None:
    queue, barrier = AnswerQueue(), Barrier(2)
    taken = queue.join()
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(taken.__enter__).result()
        assert turn.count_ahead() == 0
        waiting = pool.submit(lambda: (barrier.wait(), turn.count_ahead()))
        barrier.wait()
        assert waiting.result()[1] == 0
    taken.__exit__(None, None, None)
    assert queue.length == 0
