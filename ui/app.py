"""The page: layout and events. Answers come from `Assistant`, HTML from `view`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, TypeAlias

import gradio as gr

from assistant.answer import QUESTION_LIMIT, Assistant
from assistant.errors import GuideError, PortError
from assistant.guide import Follower, State
from assistant.records import Answer, Turn
from ui import view

READING, WRITING = "Reading the guide …", "Writing, and checking each sentence against the guide …"

LOOK = 1.0
"""Seconds between looks at whether the guide has changed."""

STOPPED = "Stopped. You can ask again, or try another question."

# Buttons inside the conversation ask their question; delegated, as the conversation is drawn again and again.
_ASK_JS = """
element.addEventListener('click', event => {
  const button = event.target.closest('[data-ask]');
  if (button) trigger('submit', { question: button.dataset.ask });
});
"""
# The question stays in view, with as much of its answer as fits below, until the person scrolls.
_FOLLOW_JS = (
    _ASK_JS
    + """
let following = true;
for (const kind of ['wheel', 'touchmove']) addEventListener(kind, () => { following = false; }, { passive: true });
watch('value', () => {
  const turn = element.querySelector('.turn');
  if (!turn) return;
  if (!turn.querySelector('.said')) following = true;
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  if (following) turn.scrollIntoView({ block: 'start', behavior });
});
"""
)


Drawn: TypeAlias = Iterator[dict[Any, Any]]
"""Components and what they show from now on."""


class Conversation:
    """What one browser tab has asked; never written anywhere."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, Answer]] = []
        self.stop = Event()
        self.tries = 0
        """How often the last question was asked again; each time it is worded in another way."""
        self.writing = False
        self.seen: State | None = None
        """The state of the guide that is on the page."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Conversation:
        """Gradio copies the state for each new tab: a new tab begins empty."""
        return Conversation()

    @property
    def history(self) -> tuple[Turn, ...]:
        """For the assistant; a question that got care is not leaned on later."""
        return tuple(Turn(question, answer.text) for question, answer in self.turns if answer.status != "care")


class Page:
    """The components of the page over an assistant that is loaded, and what happens at each event."""

    def __init__(self, assistant: Assistant, follower: Follower) -> None:
        self._assistant, self._follower = assistant, follower
        self._title = assistant.title
        with gr.Blocks(title=self._title, analytics_enabled=False, fill_height=True) as self.blocks:
            self._lay_out()
            self._listen()

    def close(self) -> None:
        """Serve the page no longer, and leave the guide's texts alone."""
        self.blocks.close()
        self._follower.close()

    def _lay_out(self) -> None:
        self._kept = gr.State(Conversation())
        bare: dict[str, Any] = {"apply_default_css": False}
        gr.HTML(view.header(self._title), elem_id="header", js_on_load=None, **bare)
        self._news = gr.HTML("", elem_id="news", js_on_load=None, **bare)
        self._past = gr.HTML("", elem_id="past", js_on_load=_ASK_JS, **bare)
        self._current = gr.HTML(self._welcome, elem_id="current", js_on_load=_FOLLOW_JS, **bare)
        small: dict[str, Any] = {"size": "sm", "scale": 0, "visible": False}
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="ask-row"):
                self._box = gr.Textbox(
                    placeholder="Ask the guide …",
                    label="Your question",
                    show_label=False,
                    max_lines=6,
                    max_length=QUESTION_LIMIT,
                    autofocus=True,
                    container=False,
                    scale=1,
                    elem_id="question",
                )
                self._send = gr.Button("Ask", variant="primary", elem_id="send", scale=0, min_width=84)
                self._stop = gr.Button("Stop", elem_id="stop", scale=0, min_width=84, visible=False)
            with gr.Row(elem_id="tools"):
                self._retry = gr.Button("Try again", elem_id="retry", **small)
                self._clear = gr.Button("Clear conversation", elem_id="clear", **small)

    def _listen(self) -> None:
        kept, shown = [self._kept], [self._kept, self._past, self._current, self._box]
        shown += [self._send, self._stop, self._retry, self._clear]
        self._tick = gr.Timer(LOOK)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        many = {**quiet, "concurrency_limit": None}
        gr.on([self._box.submit, self._send.click], self._typed, [*kept, self._box], shown, **many)
        gr.on([self._past.submit, self._current.submit], self._clicked, kept, shown, **many)
        self._retry.click(self._again, kept, shown, **many)
        self._stop.click(_stopped, kept, None, queue=False, **quiet)
        self._clear.click(self._cleared, kept, shown, queue=False, **quiet)
        self._tick.tick(self._looked, kept, [self._news, self._past, self._current], queue=False, **quiet)

    def _typed(self, kept: Conversation, question: str) -> Drawn:
        if question.strip():
            yield from self._asked(kept, question.strip())

    def _clicked(self, kept: Conversation, event: gr.EventData) -> Drawn:
        yield from self._asked(kept, str(event.question))

    def _again(self, kept: Conversation) -> Drawn:
        if kept.turns:
            question, _ = kept.turns.pop()
            yield from self._asked(kept, question, kept.tries + 1)

    def _asked(self, kept: Conversation, question: str, tries: int = 0) -> Drawn:
        """Draw the question at once, then the answer as it grows."""
        kept.stop.clear()
        kept.tries, kept.writing = tries, True
        place = len(kept.turns)
        now = view.turn(question, None, place, READING)
        try:
            earlier = self._drawn(kept.turns)
            yield {**self._tools(busy=True, begun=True), self._past: earlier, self._current: now}
            for drawn in _answered(self._assistant, kept, question, place):
                yield {self._current: drawn}
        except GuideError as error:
            yield {self._current: view.problem(question, str(error))}
        finally:
            kept.writing = False
        yield {**self._tools(busy=False, begun=bool(kept.turns)), self._kept: kept}

    def _cleared(self, kept: Conversation) -> dict[Any, Any]:
        _stopped(kept)
        kept.turns = []
        empty = {self._kept: kept, self._past: "", self._current: self._welcome()}
        return {**self._tools(busy=False, begun=False), **empty}

    def _looked(self, kept: Conversation) -> dict[Any, Any]:
        """What has changed on the page because the guide did; nothing most of the time."""
        state, seen = self._follower.state, kept.seen
        if state == seen or kept.writing:
            return {self._news: gr.skip()}
        shown: dict[Any, Any] = {self._news: view.news(state)}
        if seen is not None and seen.generation != state.generation:
            try:
                *past, last = [self._turn(number, *turn) for number, turn in enumerate(kept.turns)] or [self._welcome()]
            except GuideError as error:  # it is drawn at the next look
                return {self._news: view.news(replace(state, problem=str(error)))}
            shown |= {self._past: "".join(past), self._current: last}
        kept.seen = state
        return shown

    def _welcome(self) -> str:
        return view.welcome(self._assistant.topics())

    def _drawn(self, turns: Sequence[tuple[str, Answer]]) -> str:
        return "".join(self._turn(number, *turn) for number, turn in enumerate(turns))

    def _turn(self, number: int, question: str, answer: Answer) -> str:
        """A turn as it stands to the guide now."""
        return view.turn(question, self._assistant.revised(answer), number)

    def _tools(self, busy: bool, begun: bool) -> dict[Any, Any]:
        return {
            self._box: gr.update(value="") if busy else gr.update(),
            self._send: gr.update(visible=not busy),
            self._stop: gr.update(visible=busy),
            self._retry: gr.update(visible=begun and not busy),
            self._clear: gr.update(visible=begun),
        }


def _stopped(kept: Conversation) -> None:
    kept.stop.set()


def _answered(assistant: Assistant, kept: Conversation, question: str, place: int) -> Iterator[str]:
    """The turn as HTML, each time it has changed; what stands at the end joins the conversation."""
    turns, answer, drawn = kept.turns, None, ""
    with closing(assistant.stream(question, kept.history, kept.tries)) as growing:
        for answer in growing:
            if kept.stop.is_set():
                break
            fresh = view.turn(question, answer, place, WRITING)
            if fresh != drawn:
                drawn = fresh
                yield drawn
    if kept.turns is not turns:  # cleared meanwhile
        return
    if answer is None or (kept.stop.is_set() and not answer.sentences):
        yield view.problem(question, STOPPED)
        return
    turns.append((question, answer))
    yield view.turn(question, answer, place)


def check_address(host: str, port: int) -> None:
    """PortError if the page cannot be served there."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            what = f"The page cannot be served at {host}:{port} ({error.strerror or error})"
            raise PortError(
                what, f"Choose another port, for example --port {port + 1 if port < 65535 else 7860}."
            ) from error


def theme() -> gr.themes.Base:
    """System fonts, one accent colour; the rest is in style.css."""
    system = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Consolas", "monospace")]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=system, font_mono=mono)


def launch(assistant: Assistant, *, browser: bool = False, block: bool = False) -> Page:
    """Serve the page, and keep the guide fresh while it is served; returns at once unless `block`."""
    settings = assistant.settings
    page = Page(assistant, assistant.follow())
    page.blocks.queue(default_concurrency_limit=None)
    page.blocks.launch(
        server_name=settings.host,
        server_port=settings.port,
        inbrowser=browser,
        share=False,
        quiet=True,
        prevent_thread_lock=not block,
        footer_links=[],
        enable_monitoring=False,
        ssr_mode=False,
        theme=theme(),
        css_paths=[Path(__file__).parent / "style.css"],
    )
    return page


def serve(assistant: Assistant, *, browser: bool, say: Callable[[str], None]) -> None:
    """Serve the page until it is interrupted."""
    settings = assistant.settings
    say(f"The chat is at http://{settings.host}:{settings.port} (Ctrl-C ends it).")
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        say("Everyone who can reach this address can ask, and what they ask passes over that network.")
    launch(assistant, browser=browser, block=True)
