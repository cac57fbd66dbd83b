"""What is kept, changed at random and without end, by processes that a test kills.

Run as a program with a data folder: for each line that it reads, a seed, it begins a child, which says its number, then
each change before and after it is made; when the child was killed, it says "killed".
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias

from assistant.history.conversation import Conversations
from assistant.history.database import Database
from assistant.history.export import export_conversation_json
from assistant.history.plan import Plan
from assistant.records import Answer, AnswerSentence, NextStep, Passage
from assistant.settings import Settings, read_choices, save_choices

GUIDE = "/guides/garden"

_TALKING = {"begin": 4, "append": 6, "edit": 5, "rename": 2, "rate": 2, "delete": 3, "delete all": 0.1, "import": 4}
WEIGHTS = _TALKING | {"export": 2, "plan": 3, "note": 3, "drop": 2, "choose": 2}
"""Kind of a change -> how often it is made."""

MOST_TALKS = 30
"""Most conversations that are kept at once."""

Kept: TypeAlias = dict[str, tuple[str | bool | None, ...]]
"""Name -> title, questions and ratings of a conversation, or the note of a step; "length" -> the choice.

Every text of a conversation begins with its name.
"""


@dataclass(frozen=True)
class Change:
    """One of WEIGHTS, to the conversation or step of that name."""

    kind: str
    name: str
    turn: int = 0
    text: str = ""
    """The new question, title, note or choice; of an import, the name of the conversation that is copied."""
    words: int = 1
    """A measure of the answer."""

    def apply(self, kept: Kept) -> Kept:
        """What is there after it."""
        if self.kind in ("delete", "drop"):
            return {name: value for name, value in kept.items() if name != self.name}
        if self.kind == "delete all":
            return {name: value for name, value in kept.items() if name[0] != "c"}
        title, *turns = kept.get(self.name, ("",))
        new: dict[str, Callable[[], tuple[str | bool | None, ...]]] = {
            "begin": lambda: (self.text, self.text, None),
            "append": lambda: (title, *turns, self.text, None),
            "edit": lambda: (title, *turns[: 2 * self.turn], self.text, None),
            "rename": lambda: (self.text, *turns),
            "rate": lambda: (title, *turns[: 2 * self.turn + 1], True, *turns[2 * self.turn + 2 :]),
            "import": lambda: tuple(
                one.replace(self.text, self.name) if isinstance(one, str) else one for one in kept[self.text]
            ),
            "plan": lambda: ("",),
            "note": lambda: (self.text,),
            "choose": lambda: (self.text,),
        }
        return kept | {self.name: new[self.kind]()} if self.kind in new else kept


def choose_change(kept: Kept, luck: Random) -> Change:
    """A change that can be made now, with a name or text that was never used before."""
    kind = luck.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
    talks, steps = ([name for name in kept if name[0] == first] for first in "cs")
    if len(talks) > MOST_TALKS:
        kind = "delete"
    unique, words = f"{luck.getrandbits(60):015x}z", luck.choice([1, 30, 3000])
    if kind == "begin" or (not talks and kind not in ("plan", "note", "drop", "choose")):
        return Change("begin", f"c{unique}", text=f"c{unique} first", words=words)
    if kind == "plan" or (not steps and kind in ("note", "drop")):
        return Change("plan", f"s{unique}")
    if kind == "choose":
        return Change(kind, "length", text=luck.choice(["short", "normal", "long"]))
    if kind == "import":
        return Change(kind, f"c{unique}", text=luck.choice(talks))
    name = luck.choice(steps if kind in ("note", "drop") else talks)
    return Change(kind, name, luck.randrange(len(kept[name]) // 2 or 1), f"{name} {unique}", words)


class Keeper:
    """The program's own code over a data folder."""

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        database = Database(home, say)
        self._settings = Settings(home=home)
        self._talks, self._plan = Conversations(database, GUIDE), Plan(database, GUIDE)
        self._ids: dict[str, str] = {}

    def read(self) -> Kept:
        """What is there."""
        kept: Kept = {"length": (read_choices(self._settings).get("length", ""),)}
        for summary in self._talks.list(most=10**6):
            talk = self._talks.read(summary.id)
            assert talk is not None
            name = talk.turns[0].question.split()[0]
            assert name not in kept
            assert all(turn.answer.text for turn in talk.turns)
            kept[name] = (talk.title, *(part for turn in talk.turns for part in (turn.question, turn.helpful)))
            self._ids[name] = talk.id
        for step in self._plan.steps():
            kept[step.text], self._ids[step.text] = (step.note,), step.id
        return kept

    def make(self, change: Change) -> None:
        """Make a change, as the page does."""
        name, identity = change.name, self._ids.get(change.name, "")
        if change.kind in ("begin", "append", "edit"):
            answer = Answer("answered", (AnswerSentence(f"{name} says yes. " * change.words),))
            number = 10**6 if change.kind == "append" else change.turn
            self._ids[name] = self._talks.keep(identity or None, number, change.text, answer)
        elif change.kind in ("import", "export"):
            talk = self._talks.read(self._ids[change.text if change.kind == "import" else name])
            assert talk is not None
            exported = export_conversation_json(talk)
            if change.kind == "import":
                self._ids[name] = self._talks.import_json(exported.replace(change.text, name))
        elif change.kind == "plan":
            self._ids[name] = self._plan.keep(NextStep(name, Passage(1, "plants.md", "", name, 0, len(name), 1.0)))
        else:
            {
                "rename": lambda: self._talks.rename(identity, change.text),
                "rate": lambda: self._talks.rate(identity, change.turn, True),
                "delete": lambda: self._talks.delete(identity),
                "delete all": self._talks.delete_all,
                "note": lambda: self._plan.change(identity, note=change.text),
                "drop": lambda: self._plan.drop(identity),
                "choose": lambda: save_choices(self._settings, length=change.text),
            }[change.kind]()


def say(what: object) -> None:
    """Write a line, all of it or, when this process is killed, nothing."""
    os.write(sys.stdout.fileno(), f"{what}\n".encode())


def change_without_end(home: Path, seed: int) -> None:
    """Say each change, make it, and say so."""
    keeper, luck = Keeper(home, say), Random(seed)
    kept = keeper.read()
    while True:
        change = choose_change(kept, luck)
        say(json.dumps(asdict(change)))
        keeper.make(change)
        say("made")
        kept = change.apply(kept)


if __name__ == "__main__":
    for line in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            say("killed")
        else:
            say(os.getpid())
            change_without_end(Path(sys.argv[1]), int(line))
