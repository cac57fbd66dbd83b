"""What one browser tab has open; nothing here is drawn, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal

from assistant.guide import State as Freshness
from assistant.history.conversation import Conversation, KeptTurn, title_of
from assistant.loading import LoadingStatus
from assistant.records import Answer, Passage, Span, Turn

View = Literal["chat", "guide", "plan", "settings"]


@dataclass(frozen=True, slots=True)
class Look:
    """How the guide and the models stand."""

    ready: bool
    """There is something to ask."""
    freshness: Freshness
    preparing: LoadingStatus | None


class Sitting:
    """A conversation as it is open in a tab."""

    def __init__(self, private: bool = False, identity: str = "", turns: tuple[KeptTurn, ...] = ()) -> None:
        self.id = identity
        """Empty until something of it is kept; always if it is private."""
        self.private = private
        self.turns = list(turns)
        self.growing: tuple[int, Answer] | None = None
        """The answer that is being written, after the number of its turn."""
        self.stop = Event()
        self.gone = False
        """It was deleted: nothing of it is kept any more."""
        self._writing = Lock()
        self.editing: int | None = None
        """The number of the question that is in the box to be asked in other words."""
        self.tries = 0
        """How often the last question was asked again; each time it is worded in another way."""
        self._standing: dict[int, tuple[Answer, int, Answer]] = {}

    @property
    def writing(self) -> bool:
        """Whether an answer is being written."""
        return self._writing.locked()

    def begin(self, tries: int) -> bool:
        """Begin to write an answer; False if one is being written already."""
        if not self._writing.acquire(blocking=False):
            return False
        self.stop.clear()
        self.editing, self.tries = None, tries
        return True

    def end(self) -> None:
        """No answer is being written any more."""
        self.growing = None
        self._writing.release()

    def history(self, place: int) -> tuple[Turn, ...]:
        """The turns before one, for the assistant; a question that got care is not leaned on later."""
        return tuple(Turn(t.question, t.answer.text) for t in self.turns[:place] if t.answer.status != "care")

    @property
    def whole(self) -> Conversation:
        """All of it as a conversation; at least one turn."""
        first, last = self.turns[0], self.turns[-1]
        return Conversation(self.id, title_of(first.question), first.asked, last.asked, tuple(self.turns))

    def standing(self, place: int, generation: int, revised: Callable[[Answer], Answer]) -> Answer:
        """An answer as it stands to a generation of the guide; looked up once for each."""
        answer, known = self.turns[place].answer, self._standing.get(place)
        if known is None or known[0] is not answer or known[1] != generation:
            known = self._standing[place] = (answer, generation, revised(answer))
        return known[2]


class Tab:
    """One browser tab; no dataclass, as Gradio would take it to pieces."""

    def __init__(self) -> None:
        self.sitting = Sitting()
        self.view: View = "chat"
        self.seen: Look | None = None
        """What of the guide's state is on the page."""
        self.searched = ""
        """What the list of conversations is narrowed to."""
        self.opened = ""
        """Which source is open at the side, by its key."""

    def __deepcopy__(self, memo: dict[int, object]) -> Tab:
        """Gradio copies the state for each new tab: a new tab begins empty."""
        return Tab()

    def sit(self, sitting: Sitting) -> None:
        """Leave the conversation that is open for another; what it is writing is stopped."""
        self.sitting.stop.set()
        self.sitting, self.view, self.opened = sitting, "chat", ""


def cited(answer: Answer, kind: str, first: int, second: int) -> tuple[Passage, tuple[Span, ...]]:
    """The passage and sentences that a citation on the page stands for.

    Args:
        kind: "sentence" (its number, the passage's), "step" (its number, 0), "source" (the passage's number, 0).

    Raises:
        LookupError: the answer has no such citation.
    """
    if kind == "step":
        passage = answer.next_steps[first].passage
        return passage, passage.cited
    if kind == "source":
        passage = sources(answer)[first]
        return passage, passage.cited
    passages = {passage.number: passage for passage in answer.passages}
    support = answer.sentences[first].support
    return passages[second], tuple(citation.span for citation in support if citation.number == second)


def sources(answer: Answer) -> dict[int, Passage]:
    """What an answer stands on and its next steps come from, by number."""
    cited = [*(p for p in answer.passages if p.cited), *(step.passage for step in answer.next_steps)]
    return {number: next(p for p in cited if p.number == number) for number in sorted({p.number for p in cited})}
