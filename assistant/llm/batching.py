"""Evaluates in one batch what several callers ask at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Question = TypeVar("Question")
Reply = TypeVar("Reply")


@dataclass(eq=False, slots=True)
class _Asked(Generic[Question, Reply]):
    question: Question
    replies: tuple[Reply, ...] = ()
    """The reply, once there is one."""


class Batcher(Generic[Question, Reply]):
    """Lets many callers share what serves one at a time: all who wait are answered in the next batch.

    Args:
        evaluate: questions, in the order in which they came -> a reply to each; never called concurrently.
    """

    def __init__(self, evaluate: Callable[[Sequence[Question]], Sequence[Reply]]) -> None:
        self._evaluate = evaluate
        self._line: list[_Asked[Question, Reply]] = []
        self._turn = Lock()

    def ask(self, question: Question) -> Reply:
        """The reply to a question; raises what `evaluate` does."""
        asked = _Asked[Question, Reply](question)
        self._line.append(asked)
        with self._turn:
            try:
                if not asked.replies:
                    batch = [one for one in self._line if not one.replies]
                    for one, reply in zip(batch, self._evaluate([one.question for one in batch]), strict=True):
                        one.replies = (reply,)
            finally:
                self._line.remove(asked)
        return asked.replies[0]
