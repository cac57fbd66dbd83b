"""What the page is made from, and its pieces drawn, each under its name; knows nothing of Gradio."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import TypeAlias

from assistant.assistant import Assistant
from assistant.errors import GuideError, KeepingError
from assistant.guide import Follower
from assistant.guide import State as Freshness
from assistant.history.conversation import Conversations
from assistant.history.database import Database
from assistant.history.plan import Plan
from assistant.records import Answer, NextStep, Passage, Span
from ui.page import places, view
from ui.page.tab import Look, Sitting, Tab, View, cited

Shown: TypeAlias = dict[str, str | bool]
"""Pieces of the page by name, and what they show from now on: HTML; of the "box" its text; whether it is "busy"."""


class Desk:
    """The assistant, which may still be loading, what is kept, and how both look."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.problem = ""
        """What is to be said to the next tab that is opened."""
        database = Database(assistant.settings.home, self._noted)
        guide = str(assistant.settings.corpus.resolve())
        self.conversations, self.plan = Conversations(database, guide), Plan(database, guide)
        self._follower: Follower | None = None
        self._following = Lock()

    def close(self) -> None:
        """Leave the guide's texts alone from now on."""
        if self._follower:
            self._follower.close()

    def follow(self) -> Freshness:
        """How the guide stands; from the first time on it is kept equal to its texts."""
        with self._following:
            self._follower = self._follower or self.assistant.follow()
        return self._follower.state

    def _noted(self, line: str) -> None:
        self.problem = line

    def drawn(self, sitting: Sitting, most: int) -> str:
        """The first turns of a conversation."""
        planned = self._steps()
        above = places.private(self.assistant.settings) if sitting.private else ""
        return above + "".join(self.turn(sitting, place, planned) for place in range(most))

    def turn(self, sitting: Sitting, place: int, planned: frozenset[tuple[str, str]]) -> str:
        """A turn as it stands to the guide now."""
        turn = sitting.turns[place]
        marks = view.Marks(
            last=place == len(sitting.turns) - 1,
            kept=bool(sitting.id),
            helpful=turn.helpful,
            why=turn.why,
            planned=planned,
        )
        return view.turn(turn.question, self.standing(sitting, place), place, marks)

    def _steps(self) -> frozenset[tuple[str, str]]:
        """(text, source) of the steps in the plan, as far as it can be read."""
        with suppress(KeepingError):
            return self.plan.kept()
        return frozenset()

    def standing(self, sitting: Sitting, place: int) -> Answer:
        """An answer as it stands to the guide now; as it was given, while the guide is not there yet."""
        if not self.assistant.ready:
            return sitting.turns[place].answer
        return sitting.standing(place, self.follow().generation, self.assistant.revised)

    def conversation(self, tab: Tab) -> Shown:
        """The same, unless it is being drawn already as an answer grows."""
        return {} if tab.sitting.writing else self.drawn_anew(tab)

    def drawn_anew(self, tab: Tab) -> Shown:
        """The turns of the open conversation, or the invitation to begin one."""
        sitting = tab.sitting
        if not sitting.turns:
            topics = self.assistant.topics() if self.assistant.ready else ()
            return {"past": self.drawn(sitting, 0), "current": places.welcome(topics)}
        last = len(sitting.turns) - 1
        current = self.turn(sitting, last, self._steps())
        return {"past": self.drawn(sitting, last), "current": current}

    def around(self, tab: Tab) -> Shown:
        """The list and the links; if what is kept cannot be read, why."""
        try:
            kept = self.conversations.list(tab.searched)
            left = self.plan.left()
        except KeepingError as error:
            return {"told": places.told(str(error))}
        return {
            "list": places.conversations(kept, tab.sitting.id, tab.searched),
            "links": places.links(tab.view, left, tab.sitting.id, self.stands()),
        }

    def moved(self, tab: Tab) -> Shown:
        """From one view to another: the conversation shows unless there is a place in its stead."""
        tab.sitting.editing = None
        place = {"place": ""} if tab.view == "chat" else {}
        return {"editing": "", **place, "busy": tab.sitting.writing, **self.around(tab)}

    def sat(self, tab: Tab) -> Shown:
        """Another conversation is open."""
        return {**self.moved(tab), **self.conversation(tab), "side": "", "told": ""}

    def look(self) -> Look:
        """How the guide and the models stand."""
        ready = self.assistant.ready
        return Look(ready, self.follow() if ready else Freshness(), self.assistant.preparing)

    def stale(self, tab: Tab) -> Shown:
        """A sign for `page.js` that the page is no longer as things are, if it is not."""
        seen = tab.seen
        if seen is None or self.look() == seen:
            return {}
        return {"news": places.news(seen.freshness, seen.preparing) + places.stale(time.time())}

    def looked(self, tab: Tab) -> Shown:
        """What has changed on the page because the guide or the models did."""
        look, seen = self.look(), tab.seen
        if seen is None or look == seen:
            return {}
        news = places.news(look.freshness, look.preparing)
        shown: Shown = {"news": news, **self.around(tab)}
        if (look.ready, look.freshness.generation) != (seen.ready, seen.freshness.generation):
            if tab.sitting.writing:
                return {}
            try:
                shown |= {**self.conversation(tab), **self.titled(), **self.opened(tab)}
            except GuideError as error:  # it is drawn at the next look
                return {"news": places.news(replace(look.freshness, problem=str(error)), None)}
        tab.seen = look
        return shown

    def stands(self) -> str:
        """The same in a line."""
        look = self.look()
        return places.standing(self.assistant.settings, look.freshness, look.ready)

    def titled(self) -> Shown:
        """The header, with the guide's title as soon as that is known."""
        title = self.assistant.title if self.assistant.ready else "Your guide"
        return {"header": places.header(title, self.assistant.settings)}

    def opened(self, tab: Tab) -> Shown:
        """The source that is open at the side, as it stands now."""
        if not tab.opened:
            return {"side": ""}
        if tab.opened == "offline":
            return {"side": places.offline(self.assistant.settings)}
        try:
            passage, spans = self._cited(tab)
        except LookupError:
            return {"side": ""}
        extract = self.assistant.around(passage.source, passage.start) if passage.now is None else None
        return {"side": places.source(places.Source(passage, spans, extract))}

    def _cited(self, tab: Tab) -> tuple[Passage, tuple[Span, ...]]:
        """What the open source is a citation of; LookupError if it is gone."""
        kind, *rest = tab.opened.split("-", 1 if tab.opened.startswith("kept-") else -1)
        if kind == "kept":
            step = {step.id: step for step in self.plan.steps()}[rest[0]]
            revised = self.assistant.revised(Answer("answered", next_steps=(NextStep(step.text, step.passage),)))
            return cited(revised, "step", 0, 0)
        place, first, second = (*map(int, rest), 0)[:3]
        sitting = tab.sitting
        growing = sitting.growing
        answer = growing[1] if growing and growing[0] == place else self.standing(sitting, place)
        return cited(answer, kind, first, second)

    def placed(self, tab: Tab, name: View, drawn: str) -> Shown:
        """Another place in the conversation's stead."""
        tab.view = name
        return {**self.moved(tab), "place": drawn}
