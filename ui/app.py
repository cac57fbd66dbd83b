"""The page: layout and events. Answers come from `Assistant`, HTML from `view` and `places`, what is open from `tab`.

A question is a generator that draws its answer as it grows. Everything else is an *act*: `page.js` sends its name and
what goes with it, `ACTS` says which method carries it out, and that gives the components that change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeAlias

import gradio as gr

from assistant import models
from assistant.answer import QUESTION_LIMIT, Assistant
from assistant.conversation import Conversation, Conversations, KeptTurn
from assistant.database import Database
from assistant.errors import ConversationError, GuideError, KeepingError
from assistant.export import conversation_json, conversation_markdown, plan_calendar, plan_markdown
from assistant.guide import Follower
from assistant.guide import State as Freshness
from assistant.plan import Plan
from assistant.records import Answer, NextStep
from ui import places, view
from ui.api import offer
from ui.tab import Look, Sitting, Tab, cited

READING, WRITING = "Reading the guide …", "Writing, and checking each sentence against the guide …"

WAITING = "Another answer comes first; then reading the guide …"

WENT_ON = "This conversation went on in another tab; here it is. Nothing was replaced."

STOPPED = "Stopped. You can ask again, or try another question."

LOOK = 1.0
"""Seconds between looks at whether the guide has changed."""

LEAF = 40
"""Passages of the guide shown at once."""

Shown: TypeAlias = dict[Any, Any]
"""Components and what they show from now on."""

Sent: TypeAlias = Mapping[str, Any]
"""What goes with an act."""


class Page:
    """The components of the page over an assistant that may still be loading, and what happens at each event."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._problem = ""
        database = Database(assistant.settings.home, self._noted)
        guide = str(assistant.settings.corpus.resolve())
        self._conversations, self._plan = Conversations(database, guide), Plan(database, guide)
        self._follower: Follower | None = None
        self._tabs: dict[str, Tab] = {}
        """By Gradio's name for the session; to know whose tab was closed."""
        self._following = Lock()
        with gr.Blocks(title="A conversation with a guide", analytics_enabled=False, fill_height=True) as self.blocks:
            self._lay_out()
            self._listen()
            offer(assistant)

    def close(self) -> None:
        """Serve the page no longer, and leave the guide's texts alone."""
        self.blocks.close(verbose=False)
        if self._follower:
            self._follower.close()

    def follow(self) -> Freshness:
        """How the guide stands; from the first time on it is kept equal to its texts."""
        with self._following:
            self._follower = self._follower or self._assistant.follow()
        return self._follower.state

    def _noted(self, line: str) -> None:
        self._problem = line

    # Layout

    def _lay_out(self) -> None:
        self._tab = gr.State(Tab())
        with gr.Row(elem_id="frame"):
            with gr.Column(elem_id="aside"):
                _html("sidebar", places.sidebar())
                self._list, self._links = _html("list"), _html("links")
            with gr.Column(elem_id="main"):
                self._header, self._news = _html("header"), _html("news")
                with gr.Column(elem_id="chat"):
                    self._past, self._current = _html("past"), _html("current")
                    self._lay_out_composer()
                self._place = _html("place")
            self._side = _html("side")
        self._told, self._file = _html("told"), _html("file")
        self._bus = gr.HTML("", elem_id="bus", js_on_load=_beside("page.js"), apply_default_css=False)

    def _lay_out_composer(self) -> None:
        with gr.Column(elem_id="composer"):
            self._editing = _html("editing")
            with gr.Row(elem_id="ask-row"):
                self._box = gr.Textbox(
                    placeholder="Ask the guide …",
                    label="Your question",
                    show_label=False,
                    max_lines=6,
                    max_length=QUESTION_LIMIT,
                    container=False,
                    scale=1,
                    elem_id="question",
                )
                self._send = gr.Button("Ask", variant="primary", elem_id="send", scale=0, min_width=84)
                self._stop = gr.Button("Stop", elem_id="stop", scale=0, min_width=84, visible=False)

    def _listen(self) -> None:
        chat = [self._past, self._current, self._editing, self._box, self._send, self._stop]
        shown = [*chat, self._list, self._links, self._header, self._news, self._place, self._side]
        shown += [self._told, self._file]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asking = {**quiet, "concurrency_limit": None}
        at_once = {**quiet, "queue": False, "trigger_mode": "multiple"}
        gr.on([self._box.submit, self._send.click], self._typed, [self._tab, self._box], shown, **asking)
        self._bus.submit(self._chosen, self._tab, shown, **asking)
        self._bus.retry(self._again, self._tab, shown, **asking)
        self._stop.click(_stopped, self._tab, None, **at_once)
        self._bus.click(self._acted, self._tab, shown, **at_once)
        self.blocks.unload(self._left)
        gr.Timer(LOOK).tick(self._looked, self._tab, shown, **{**quiet, "queue": False})

    # Questions

    def _typed(self, tab: Tab, question: str) -> Iterator[Shown]:
        if question.strip():
            yield from self._asked(tab, question.strip(), tab.sitting.editing)

    def _chosen(self, tab: Tab, event: gr.EventData) -> Iterator[Shown]:
        yield from self._asked(tab, str(event.question))

    def _again(self, tab: Tab) -> Iterator[Shown]:
        if turns := tab.sitting.turns:
            yield from self._asked(tab, turns[-1].question, len(turns) - 1, tab.sitting.tries + 1)

    def _asked(self, tab: Tab, question: str, instead: int | None = None, tries: int = 0) -> Iterator[Shown]:
        """Draw the question at once, then the answer as it grows.

        Args:
            instead: the turn that it takes the place of, with all that followed; None for a new one.
        """
        sitting = tab.sitting
        if not sitting.begin(tries):
            return
        try:
            if self._caught_up(sitting) and instead is not None:
                yield {**self._drawn_anew(tab), self._told: places.told(WENT_ON)}
                return
            yield from self._written(tab, sitting, question, instead)
        finally:
            sitting.end()
        yield {**self._tools(tab), **self._around(tab)}

    def _written(self, tab: Tab, sitting: Sitting, question: str, instead: int | None) -> Iterator[Shown]:
        place = len(sitting.turns) if instead is None else instead
        state = WAITING if self._assistant.busy else READING
        tab.view = "chat"
        yield {
            **self._moved(tab),
            self._past: self._drawn(sitting, place),
            self._current: view.turn(question, None, place, view.Marks(state)),
            self._box: gr.update(value=""),
        }
        try:
            for answer, changed in self._grown(sitting, question, place):
                if changed and tab.sitting is sitting:
                    marks = view.Marks(WRITING if answer.passages else state)
                    yield {self._current: view.turn(question, answer, place, marks)}
        except GuideError as error:
            yield {self._current: view.problem(question, str(error))}
            return
        written = sitting.growing
        if written is None or (sitting.stop.is_set() and not written[1].sentences):
            stopped = {self._current: view.problem(question, STOPPED)}
        else:
            problem = self._kept(sitting, instead, question, written[1])
            told = {self._told: places.told(problem)} if problem else {}
            stopped = {**self._drawn_anew(tab), **told}
        if tab.sitting is sitting:
            yield stopped

    def _grown(self, sitting: Sitting, question: str, place: int) -> Iterator[tuple[Answer, bool]]:
        """The answer as it grows, and whether there is something new to show of it."""
        before: tuple[object, ...] = ()
        with closing(self._assistant.stream(question, sitting.history(place), sitting.tries)) as growing:
            for answer in growing:
                sitting.growing = (place, answer)
                if sitting.stop.is_set():
                    return
                now = (answer.status, answer.sentences, bool(answer.passages))
                yield answer, now != before
                before = now

    def _kept(self, sitting: Sitting, instead: int | None, question: str, answer: Answer) -> str:
        """The turn joins its conversation, on disk too unless that is private; gives what went wrong with that."""
        if instead is None:
            self._caught_up(sitting)
        place = len(sitting.turns) if instead is None else instead
        sitting.turns[place:] = [KeptTurn(question, answer, time.time())]
        if sitting.private or sitting.gone:
            return ""
        try:
            sitting.id = self._conversations.keep(sitting.id or None, place, question, answer)
        except GuideError as error:
            return f"This answer is not kept. {error}"
        return ""

    def _caught_up(self, sitting: Sitting) -> bool:
        """Take in what another tab has added to the same conversation; whether there was anything."""
        kept = None
        with suppress(KeepingError):  # said where it is to be written
            kept = self._conversations.read(sitting.id) if sitting.id else None
        if kept is None or len(kept.turns) <= len(sitting.turns):
            return False
        sitting.turns = list(kept.turns)
        return True

    # Drawing

    def _drawn(self, sitting: Sitting, most: int) -> str:
        planned = self._steps()
        above = places.private() if sitting.private else ""
        return above + "".join(self._turn(sitting, place, planned) for place in range(most))

    def _turn(self, sitting: Sitting, place: int, planned: frozenset[tuple[str, str]]) -> str:
        """A turn as it stands to the guide now."""
        turn = sitting.turns[place]
        marks = view.Marks(
            last=place == len(sitting.turns) - 1,
            kept=bool(sitting.id),
            helpful=turn.helpful,
            why=turn.why,
            planned=planned,
        )
        return view.turn(turn.question, self._standing(sitting, place), place, marks)

    def _steps(self) -> frozenset[tuple[str, str]]:
        """(text, source) of the steps in the plan, as far as it can be read."""
        with suppress(KeepingError):
            return self._plan.kept()
        return frozenset()

    def _standing(self, sitting: Sitting, place: int) -> Answer:
        if not self._assistant.ready:
            return sitting.turns[place].answer
        return sitting.standing(place, self.follow().generation, self._assistant.revised)

    def _conversation(self, tab: Tab) -> Shown:
        """The same, unless it is being drawn already as an answer grows."""
        return {} if tab.sitting.writing else self._drawn_anew(tab)

    def _drawn_anew(self, tab: Tab) -> Shown:
        """The turns of the open conversation, or the invitation to begin one."""
        sitting = tab.sitting
        if not sitting.turns:
            topics = self._assistant.topics() if self._assistant.ready else ()
            return {self._past: self._drawn(sitting, 0), self._current: places.welcome(topics)}
        last = len(sitting.turns) - 1
        current = self._turn(sitting, last, self._steps())
        return {self._past: self._drawn(sitting, last), self._current: current}

    def _around(self, tab: Tab) -> Shown:
        """The list and the links; if what is kept cannot be read, why."""
        try:
            kept = self._conversations.list(tab.searched)
            planned = sum(not step.done for step in self._plan.steps())
        except KeepingError as error:
            return {self._told: places.told(str(error))}
        return {
            self._list: places.conversations(kept, tab.sitting.id, tab.searched),
            self._links: places.links(tab.view, planned, tab.sitting.id, self._stands()),
        }

    def _tools(self, tab: Tab) -> Shown:
        busy = tab.sitting.writing
        return {self._send: gr.update(visible=not busy), self._stop: gr.update(visible=busy)}

    def _moved(self, tab: Tab) -> Shown:
        """From one view to another: the conversation shows unless there is a place in its stead."""
        tab.sitting.editing = None
        place = {self._place: ""} if tab.view == "chat" else {}
        return {self._editing: "", **place, **self._tools(tab), **self._around(tab)}

    def _sat(self, tab: Tab) -> Shown:
        """Another conversation is open."""
        return {**self._moved(tab), **self._conversation(tab), self._side: "", self._told: ""}

    # Looking

    def _look(self) -> Look:
        ready = self._assistant.ready
        return Look(ready, self.follow() if ready else Freshness(), self._assistant.preparing)

    def _looked(self, tab: Tab) -> Shown:
        """What has changed on the page because the guide or the models did; nothing most of the time."""
        look, seen = self._look(), tab.seen
        if seen is None or look == seen:
            return {self._news: gr.skip()}
        news = places.news(look.freshness, look.preparing)
        shown: Shown = {self._news: news, **self._around(tab)}
        if (look.ready, look.freshness.generation) != (seen.ready, seen.freshness.generation):
            if tab.sitting.writing:
                return {self._news: gr.skip()}
            try:
                shown |= {**self._conversation(tab), **self._titled(), **self._opened(tab)}
            except GuideError as error:  # it is drawn at the next look
                return {self._news: places.news(replace(look.freshness, problem=str(error)), None)}
        tab.seen = look
        return shown

    def _stands(self) -> str:
        look = self._look()
        return places.standing(self._assistant.settings, look.freshness, look.ready)

    def _titled(self) -> Shown:
        return {self._header: places.header(self._assistant.title if self._assistant.ready else "Your guide")}

    # Acts

    def _acted(self, tab: Tab, event: gr.EventData, request: gr.Request) -> Shown:
        self._tabs[str(request.session_hash)] = tab
        try:
            return ACTS[event.do](self, tab, event.sent)
        except GuideError as error:
            return {self._told: places.told(str(error))}

    def _left(self, request: gr.Request) -> None:
        """A tab was closed: what it asked is not worded to its end."""
        if tab := self._tabs.pop(str(request.session_hash), None):
            tab.sitting.stop.set()

    def _arrive(self, tab: Tab, sent: Sent) -> Shown:
        """A page was opened, perhaps again at a conversation."""
        tab.seen = self._look()
        kept = self._conversations.read(str(sent.get("id", "")))
        if kept:
            tab.sit(_sitting(kept))
        problem, self._problem = self._problem, ""
        told = {self._told: places.told(problem)} if problem else {}
        news = {self._news: places.news(tab.seen.freshness, tab.seen.preparing)}
        return {**self._sat(tab), **self._titled(), **news, **told}

    def _new(self, tab: Tab, sent: Sent) -> Shown:
        tab.sit(Sitting(private="private" in sent))
        return self._sat(tab)

    def _open(self, tab: Tab, sent: Sent) -> Shown:
        kept = self._conversations.read(str(sent["id"]))
        if kept is None:
            return {**self._around(tab), self._told: places.told("That conversation is no longer here.")}
        if kept.id != tab.sitting.id or not tab.sitting.writing:
            tab.sit(_sitting(kept))
        tab.view = "chat"
        return self._sat(tab)

    def _rename(self, tab: Tab, sent: Sent) -> Shown:
        self._conversations.rename(str(sent["id"]), str(sent["text"]))
        return self._around(tab)

    def _delete(self, tab: Tab, sent: Sent) -> Shown:
        identity = str(sent.get("id") or tab.sitting.id)
        if identity == tab.sitting.id:
            tab.sitting.gone = True
            tab.sit(Sitting())
        if identity:
            self._conversations.delete(identity)
        return self._sat(tab)

    def _delete_all(self, tab: Tab, sent: Sent) -> Shown:
        tab.sitting.gone = True
        tab.sit(Sitting())
        self._conversations.delete_all()
        return self._sat(tab)

    def _find(self, tab: Tab, sent: Sent) -> Shown:
        tab.searched = str(sent["text"])
        return self._around(tab)

    def _edit(self, tab: Tab, sent: Sent) -> Shown:
        sitting, place = tab.sitting, int(sent["place"])
        if sitting.writing or place >= len(sitting.turns):
            return {}
        sitting.editing = place
        question = sitting.turns[place].question
        return {self._box: gr.update(value=question), self._editing: places.editing(question)}

    def _unedit(self, tab: Tab, sent: Sent) -> Shown:
        tab.sitting.editing = None
        return {self._box: gr.update(value=""), self._editing: ""}

    def _rate(self, tab: Tab, sent: Sent) -> Shown:
        """Helpful or not, and a word why; the same said again is taken back."""
        sitting, place = tab.sitting, int(sent["place"])
        turn = sitting.turns[place]
        given = {"true": True, "false": False}.get(str(sent.get("helpful", "")).lower())
        helpful = turn.helpful if "why" in sent else (None if given == turn.helpful else given)
        why = str(sent.get("why", turn.why)) if helpful is not None else ""
        self._conversations.rate(sitting.id, place, helpful, why)
        sitting.turns[place] = replace(turn, helpful=helpful, why=why)
        return self._conversation(tab)

    def _keep(self, tab: Tab, sent: Sent) -> Shown:
        """Keep a next step in the plan."""
        _, place, number = str(sent["key"]).split("-")
        self._plan.keep(self._standing(tab.sitting, int(place)).next_steps[int(number)])
        return {**self._conversation(tab), **self._around(tab)}

    def _source(self, tab: Tab, sent: Sent) -> Shown:
        tab.opened = str(sent["key"])
        return self._opened(tab)

    def _opened(self, tab: Tab) -> Shown:
        """The source that is open at the side, as it stands now."""
        if not tab.opened:
            return {self._side: ""}
        if tab.opened == "offline":
            return {self._side: places.offline(self._assistant.settings)}
        try:
            passage, spans = self._cited(tab)
        except LookupError:
            return {self._side: ""}
        extract = self._assistant.around(passage.source, passage.start) if passage.now is None else None
        return {self._side: places.source(places.Source(passage, spans, extract))}

    def _cited(self, tab: Tab) -> Any:
        """What the open source is a citation of; LookupError if it is gone."""
        kind, *rest = tab.opened.split("-", 1 if tab.opened.startswith("kept-") else -1)
        if kind == "kept":
            step = {step.id: step for step in self._plan.steps()}[rest[0]]
            revised = self._assistant.revised(Answer("answered", next_steps=(NextStep(step.text, step.passage),)))
            return cited(revised, "step", 0, 0)
        place, first, second = (*map(int, rest), 0)[:3]
        sitting = tab.sitting
        growing = sitting.growing
        answer = growing[1] if growing and growing[0] == place else self._standing(sitting, place)
        return cited(answer, kind, first, second)

    def _shut(self, tab: Tab, sent: Sent) -> Shown:
        tab.opened = ""
        return {self._side: ""}

    def _offline(self, tab: Tab, sent: Sent) -> Shown:
        tab.opened = "offline"
        return self._opened(tab)

    def _placed(self, tab: Tab, name: Any, drawn: str) -> Shown:
        tab.view = name
        return {**self._moved(tab), self._place: drawn}

    def _talk(self, tab: Tab, sent: Sent) -> Shown:
        tab.view = "chat"
        return {**self._moved(tab), **self._conversation(tab)}

    def _guide(self, tab: Tab, sent: Sent) -> Shown:
        """A document from a passage on: the one named, or the first."""
        documents = self._assistant.documents()
        main = next((one.source for one in documents if one.title == self._assistant.title), "")
        named = str(sent.get("source") or main)
        shown = self._assistant.extract(named, int(sent.get("first", 0)), LEAF)
        return self._placed(tab, "guide", places.guide(documents, shown))

    def _read(self, tab: Tab, sent: Sent) -> Shown:
        """The guide, at a passage."""
        named, start = str(sent["source"]), int(sent["start"])
        documents = self._assistant.documents()
        shown = self._assistant.around(named, start, LEAF // 4, LEAF)
        here = next((part.number for part in shown.parts if part.passage.start == start), -1) if shown else -1
        tab.opened = ""
        return {**self._placed(tab, "guide", places.guide(documents, shown, here)), self._side: ""}

    def _search(self, tab: Tab, sent: Sent) -> Shown:
        asked = str(sent["asked"]).strip()
        if not asked:
            return self._guide(tab, {})
        found = self._assistant.search(asked, 10)
        return self._placed(tab, "guide", places.found(self._assistant.documents(), asked, found))

    def _planned(self, tab: Tab, sent: Sent) -> Shown:
        return self._placed(tab, "plan", places.plan(self._plan.steps()))

    def _changed(self, tab: Tab, sent: Sent) -> Shown:
        """A step was ticked, or its note or date written."""
        value = str(sent["value"])
        given: dict[str, Any] = {str(sent["field"]): value == "true" if sent["field"] == "done" else value}
        self._plan.change(str(sent["id"]), **given)
        return {**self._around(tab), self._told: ""}

    def _dropped(self, tab: Tab, sent: Sent) -> Shown:
        self._plan.drop(str(sent["id"]))
        return self._planned(tab, sent)

    def _export(self, tab: Tab, sent: Sent) -> Shown:
        title, kind, sitting = self._assistant.title, str(sent["file"]), tab.sitting
        if kind.startswith("conversation") and not sitting.turns:
            raise ConversationError("There is nothing to export yet", "Ask something first.")
        whole = (self._conversations.read(sitting.id) if sitting.id else None) or sitting.whole
        written: dict[str, tuple[str, Callable[[], str]]] = {
            "conversation.md": ("text/markdown", lambda: conversation_markdown(whole, title)),
            "conversation.json": ("application/json", lambda: conversation_json(whole)),
            "plan.md": ("text/markdown", lambda: plan_markdown(self._plan.steps(), title)),
            "plan.ics": ("text/calendar", lambda: plan_calendar(self._plan.steps(), title).decode()),
        }
        media, write = written[kind]
        return {self._file: places.download(f"{places.today()}-{kind}", media, write())}

    def _import(self, tab: Tab, sent: Sent) -> Shown:
        return self._open(tab, {"id": self._conversations.bring(str(sent["text"]))})

    def _settings(self, tab: Tab, sent: Sent) -> Shown:
        chosen, kept = self._assistant.settings, len(self._conversations.list())
        passages = sum(document.parts for document in self._assistant.documents()) if self._assistant.ready else 0
        stands = f"{passages} passages. {self._stands()}"
        return self._placed(tab, "settings", places.settings(chosen, models.states(chosen), stands, kept))

    def _use(self, tab: Tab, sent: Sent) -> Shown:
        """Another model, fetched if need be, which takes its time; or another length, at once."""
        changes = {str(sent["field"]): str(sent["value"])}
        if "model" not in changes:
            self._assistant.use(**changes)
            return {self._told: ""}
        Thread(target=self._exchange, args=[changes["model"]], name="exchange", daemon=True).start()
        return {}

    def _exchange(self, model: str) -> None:
        with suppress(GuideError):  # said by `Assistant.preparing`, which the page looks at
            self._assistant.use(model=model)


ACTS: dict[str, Callable[[Page, Tab, Sent], Shown]] = {
    "arrive": Page._arrive,
    "new": Page._new,
    "private": lambda page, tab, sent: page._new(tab, {"private": True}),
    "open": Page._open,
    "rename": Page._rename,
    "delete": Page._delete,
    "delete-all": Page._delete_all,
    "find": Page._find,
    "edit": Page._edit,
    "unedit": Page._unedit,
    "rate": Page._rate,
    "why": Page._rate,
    "keep": Page._keep,
    "source": Page._source,
    "shut": Page._shut,
    "offline": Page._offline,
    "chat": Page._talk,
    "guide": Page._guide,
    "document": Page._guide,
    "leaf": Page._guide,
    "read": Page._read,
    "look": Page._search,
    "plan": Page._planned,
    "step": Page._changed,
    "drop": Page._dropped,
    "export": Page._export,
    "import": Page._import,
    "settings": Page._settings,
    "use": Page._use,
}
"""What a button of the page may name -> what is done."""


def _stopped(tab: Tab) -> None:
    tab.sitting.stop.set()


def _sitting(kept: Conversation) -> Sitting:
    return Sitting(identity=kept.id, turns=kept.turns)


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)


def _beside(name: str) -> str:
    """A text file beside this module."""
    return (Path(__file__).parent / name).read_text("utf-8")


def theme() -> gr.themes.Base:
    """System fonts, one accent colour; the rest is in style.css."""
    system = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Consolas", "monospace")]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=system, font_mono=mono)


HEAD = '<meta name="referrer" content="no-referrer">'
"""For the page's head."""
