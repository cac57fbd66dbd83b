"""An assistant whose answers are told beforehand: nothing is loaded, and all else is real."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager

from assistant import Assistant, Settings, Turn
from assistant.records import Answer, AnswerSentence
from assistant.settings import Length
from ui.page.presenter import PageUpdate, Presenter


class Told(Assistant):
    """Says how long an answer was asked for."""

    title = "A guide"

    def stream(
        self, question: str, history: Sequence[Turn] = (), variation: int = 0, length: Length | None = None
    ) -> Generator[Answer, None, None]:
        yield Answer("answered", stage="reading")
        yield Answer("answered", (AnswerSentence(f"A {length or self.settings.length} answer."),))


@contextmanager
def presenting_told(settings: Settings) -> Iterator[Presenter]:
    """A page over it, without a browser."""
    told = Told(settings)
    with closing(told.follow()) as follower:
        yield Presenter(told, follower)


def finish(asking: Iterator[PageUpdate]) -> str:
    """The messages to the person while something goes on."""
    return "".join(str(update.get("told", "")) for update in asking)
