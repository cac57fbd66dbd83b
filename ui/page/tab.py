"""What one browser tab has open. Nothing here draws, and nothing writes to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal

from assistant.follower import Freshness
from assistant.history.conversation import Conversation, KeptTurn, make_title
from assistant.loading import LoadingStatus
from assistant.records import Answer, CheckedText, Turn
from assistant.settings import Length

Screen = Literal["chat", "guide", "check", "plan", "settings"]
"""What fills the middle of the page."""


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the guide and the models are ready and up to date."""

    ready: bool
    """Whether everything is loaded."""
    freshness: Freshness
    loading_status: LoadingStatus | None


class OpenConversation:
    """A conversation that is open in a tab."""

    def __init__(self, private: bool = False, identity: str = "", turns: tuple[KeptTurn, ...] = ()) -> None:
        self.id = identity
        """Empty until its first turn is kept; always empty if it is private."""
        self.private = private
        self.turns = list(turns)
        self.partial: tuple[int, Answer] | None = None
        """(number of the turn, answer so far) while an answer is being written."""
        self.stop = Event()
        self._deleted = False
        self._keeping = Lock()
        self._writing = Lock()
        self.editing: int | None = None
        """The number of the turn whose question is being edited in the box."""
        self.variation = 0
        """How often the last question was asked again; each number words the answer another way."""
        self._revised: dict[int, tuple[Answer, int, Answer]] = {}
        """Number of the turn -> (answer as kept, generation of the guide, answer revised for it)."""

    @property
    def writing(self) -> bool:
        """Whether an answer is being written."""
        return self._writing.locked()

    def begin(self, variation: int) -> bool:
        """Reserve the conversation for one answer; False if one is being written already."""
        if not self._writing.acquire(blocking=False):
            return False
        self.stop.clear()
        self.editing, self.variation = None, variation
        return True

    def end(self) -> None:
        """Release the conversation again."""
        self.partial = None
        self._writing.release()

    def begin_anew(self) -> None:
        """Go on without the id and turns, which have been deleted."""
        self.id, self.turns = "", []

    @contextmanager
    def keeping(self) -> Iterator[bool]:
        """Yield whether a turn may be kept; the conversation is not deleted meanwhile."""
        with self._keeping:
            yield not (self.private or self._deleted)

    def mark_deleted(self) -> None:
        """Make sure that nothing more is kept; a turn that is being kept is written first."""
        with self._keeping:
            self._deleted = True

    def make_history(self, number: int) -> tuple[Turn, ...]:
        """The turns before this one, for the assistant."""
        return tuple(Turn(turn.question, turn.answer.text) for turn in self.turns[:number])

    def to_conversation(self) -> Conversation:
        """All of it as it would be kept; it must have a turn."""
        first, last = self.turns[0], self.turns[-1]
        return Conversation(self.id, make_title(first.question), first.asked, last.asked, tuple(self.turns))

    def revise_answer(self, number: int, generation: int, revise: Callable[[Answer], Answer]) -> Answer:
        """A turn's answer, revised for a generation of the guide; the last result is cached."""
        answer, known = self.turns[number].answer, self._revised.get(number)
        if known is None or known[0] is not answer or known[1] != generation:
            known = self._revised[number] = (answer, generation, revise(answer))
        return known[2]


class OpenCheck:
    """A text that is checked in a tab."""

    def __init__(self) -> None:
        self.checked = CheckedText(0)
        self.running = True
        self.stop = Event()


class Tab:
    """One browser tab. Not a dataclass, because Gradio would convert that to a dict."""

    def __init__(self) -> None:
        self.conversation = OpenConversation()
        self.screen: Screen = "chat"
        self.check: OpenCheck | None = None
        """The text that is or was checked; None before there is one."""
        self.shown_status: Status | None = None
        """The status that the page was last drawn with."""
        self.list_filter = ""
        """Only conversations with these words are listed."""
        self.length: Length | None = None
        """How long its answers may be; None stands for the setting."""
        self.is_owner = False
        """Whether it is open on the machine that serves the page, and so may change settings for everybody."""
        self.open_panel = ""
        """What is open at the side: the key of a citation, or "offline"."""

    def __deepcopy__(self, memo: dict[int, object]) -> Tab:
        """Gradio copies the initial state for each new tab, and each begins empty."""
        return Tab()

    def stop(self) -> None:
        """Stop the answer that is being written, and the check."""
        self.conversation.stop.set()
        self.stop_check()

    def stop_check(self) -> None:
        """Stop the check; what is checked already stays."""
        if self.check:
            self.check.stop.set()

    def open(self, conversation: OpenConversation) -> None:
        """Switch to another conversation; an answer that is being written in this one is stopped."""
        self.conversation.stop.set()
        self.conversation, self.screen, self.open_panel = conversation, "chat", ""
