"""The state behind the page, and how it is drawn: piece by piece, each by name. Knows nothing of Gradio."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from assistant.assistant import Assistant
from assistant.errors import GuideError, HistoryError
from assistant.follower import Follower
from assistant.history.conversation import Conversations
from assistant.history.database import Database
from assistant.history.guides import Guides
from assistant.history.plan import Plan
from assistant.records import Answer, CheckedText, NextStep, Passage, Span
from ui.page import frame, panel, view
from ui.page.citations import find_checked_passage, find_citation
from ui.page.tab import OpenConversation, Screen, Status, Tab

PageUpdate: TypeAlias = dict[str, str | bool]
"""Name of a piece of the page -> its new HTML; for "box" its text, for "busy" whether an answer is being written."""


class Presenter:
    """Draws the pieces of the page from the assistant, which may still be loading, and from what is kept.

    Args:
        follower: keeps the guide up to date.
    """

    def __init__(self, assistant: Assistant, follower: Follower) -> None:
        self.assistant, self._follower = assistant, follower
        self.database_problem = ""
        """A line to be shown once, in the next tab that is opened."""
        database = Database(assistant.settings.home, self._note_problem)
        self._folder, self._guides = str(assistant.settings.corpus.resolve()), Guides(database)
        self.conversations, self.plan = Conversations(database, self._folder), Plan(database, self._folder)
        self._noted_generation = -1
        """The generation of the guide whose documents were noted last."""

    def _note_problem(self, line: str) -> None:
        self.database_problem = line

    # Status

    def read_status(self) -> Status:
        """The status now."""
        ready, freshness = self.assistant.ready, self._follower.state
        if ready and freshness.generation != self._noted_generation:
            self._note_documents(freshness.generation)
        return Status(ready, freshness, self.assistant.loading_status)

    def _note_documents(self, generation: int) -> None:
        """Note which documents the guide has, so that it is recognised after its folder is moved."""
        self._noted_generation = generation
        with suppress(GuideError):  # whatever shows the guide or what is kept reports it
            self._guides.note_documents(self._folder, self.assistant.document_hashes)

    def describe_status(self) -> str:
        """The status in a line."""
        status = self.read_status()
        return frame.describe_status(self.assistant.settings, status.freshness, status.ready, self.assistant.caveat)

    def signal_change(self, tab: Tab) -> PageUpdate:
        """A signal to `page.js` if the status is no longer what the page shows."""
        shown = tab.shown_status
        if shown is None or self.read_status() == shown:
            return {}
        news = frame.render_news(shown.freshness, shown.loading_status)
        return {"news": news + frame.render_change_signal(time.time())}

    def update_status(self, tab: Tab) -> PageUpdate:
        """What changes on the page with the status; a conversation is not redrawn while an answer is being written."""
        status, shown = self.read_status(), tab.shown_status
        if shown is None or status == shown:
            return {}
        news = frame.render_news(status.freshness, status.loading_status)
        update: PageUpdate = {"news": news, **self.update_sidebar(tab)}
        if (status.ready, status.freshness.generation) != (shown.ready, shown.freshness.generation):
            if tab.conversation.writing:
                return {}
            try:
                update |= {**self.update_conversation(tab), **self.update_header(), **self.update_panel(tab)}
            except GuideError as error:  # the next signal tries again
                self.assistant.problems.note("page", error)
                return {"news": frame.render_news(replace(status.freshness, problem=str(error)), None)}
        tab.shown_status = status
        return update

    # The conversation

    def render_turns(self, conversation: OpenConversation, count: int) -> str:
        """The first `count` turns."""
        planned = self._read_planned()
        above = frame.render_private_notice(self.assistant.settings) if conversation.private else ""
        return above + "".join(self._render_turn(conversation, number, planned) for number in range(count))

    def _render_turn(self, conversation: OpenConversation, number: int, planned: frozenset[tuple[str, str]]) -> str:
        turn = conversation.turns[number]
        details = view.TurnDetails(
            last=number == len(conversation.turns) - 1,
            kept=bool(conversation.id),
            helpful=turn.helpful,
            why=turn.why,
            planned=planned,
        )
        return view.render_turn(turn.question, self.revise_answer(conversation, number), number, details)

    def _read_planned(self) -> frozenset[tuple[str, str]]:
        """(text, source) of the steps in the plan; none if it cannot be read."""
        with suppress(HistoryError):
            return self.plan.kept()
        return frozenset()

    def revise_answer(self, conversation: OpenConversation, number: int) -> Answer:
        """A turn's answer with its citations found again in the guide as it is now; until it is loaded, as kept."""
        if not self.assistant.ready:
            return conversation.turns[number].answer
        return conversation.revise_answer(number, self._follower.state.generation, self.assistant.revise)

    def update_conversation(self, tab: Tab) -> PageUpdate:
        """The pieces of the open conversation; none while `asking` draws it."""
        return {} if tab.conversation.writing else self.redraw_conversation(tab)

    def redraw_conversation(self, tab: Tab) -> PageUpdate:
        """The turns of the open conversation, or the welcome if it has none."""
        conversation = tab.conversation
        if not conversation.turns:
            topics = self.assistant.suggest_questions() if self.assistant.ready else ()
            return {"past": self.render_turns(conversation, 0), "current": view.render_welcome(topics)}
        last = len(conversation.turns) - 1
        current = self._render_turn(conversation, last, self._read_planned())
        return {"past": self.render_turns(conversation, last), "current": current}

    # Around it

    def update_sidebar(self, tab: Tab) -> PageUpdate:
        """The list and the links; a message if what is kept cannot be read."""
        try:
            kept = self.conversations.list(tab.list_filter)
            unfinished = self.plan.left()
        except HistoryError as error:
            return {"told": frame.render_message(str(error))}
        current = tab.conversation.id
        return {
            "list": frame.render_list(kept, current, tab.list_filter, self.assistant.settings),
            "links": frame.render_links(tab.screen, unfinished, current, self.describe_status()),
        }

    def update_header(self) -> PageUpdate:
        """The header; it names the guide once the guide is loaded."""
        title = self.assistant.title if self.assistant.ready else "Your guide"
        return {"header": frame.render_header(title, self.assistant.settings)}

    def update_screen(self, tab: Tab) -> PageUpdate:
        """What changes with `tab.screen`; what fills a screen other than the chat comes from `show_screen`."""
        tab.conversation.editing = None
        place = {"place": ""} if tab.screen == "chat" else {}
        return {"editing": "", **place, "busy": tab.conversation.writing, **self.update_sidebar(tab)}

    def show_screen(self, tab: Tab, screen: Screen, html: str) -> PageUpdate:
        """Show another screen instead of the chat."""
        tab.screen = screen
        return {**self.update_screen(tab), "place": html}

    def update_all(self, tab: Tab) -> PageUpdate:
        """What changes when another conversation is open."""
        return {**self.update_screen(tab), **self.update_conversation(tab), "side": "", "told": ""}

    # The panel at the side

    def update_panel(self, tab: Tab) -> PageUpdate:
        """What is open at the side, as it stands now; empty if it is gone."""
        if not tab.open_panel:
            return {"side": ""}
        if tab.open_panel == "offline":
            return {"side": panel.render_offline(self.assistant.settings)}
        try:
            passage, spans = self._find_open_citation(tab)
        except LookupError:
            return {"side": ""}
        extract = self.assistant.extract_around(passage.source, passage.start) if passage.now is None else None
        return {"side": panel.render_source(panel.Source(passage, spans, extract))}

    def _find_open_citation(self, tab: Tab) -> tuple[Passage, tuple[Span, ...]]:
        """The passage and sentences of the citation that is open; LookupError if it is gone."""
        kind, *rest = tab.open_panel.split("-", 1 if tab.open_panel.startswith("kept-") else -1)
        if kind == "kept":
            step = {step.id: step for step in self.plan.steps()}[rest[0]]
            revised = self.assistant.revise(Answer("answered", next_steps=(NextStep(step.text, step.passage),)))
            return find_citation(revised, "step", 0, 0)
        if kind == "check":
            return find_checked_passage(tab.check.checked if tab.check else CheckedText(0), *map(int, rest))
        number, first, second = (*map(int, rest), 0)[:3]
        conversation = tab.conversation
        partial = conversation.partial
        answer = partial[1] if partial and partial[0] == number else self.revise_answer(conversation, number)
        return find_citation(answer, kind, first, second)
