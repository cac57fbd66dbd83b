"""The page: its layout and its events. `asking` and `acts` say what an event does, `presenter` what it then shows.

`page.js` sends a question, or an act by its name. Both return pieces of the page by name, and `_update_components`
puts them where they belong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.assistant import Assistant
from assistant.follower import Follower
from assistant.question import QUESTION_LIMIT
from assistant.settings import is_loopback
from ui.page.acts import carry_out
from ui.page.asking import ask_again, ask_question
from ui.page.checking import check_text
from ui.page.frame import render_sidebar_top
from ui.page.presenter import PageUpdate, Presenter
from ui.page.tab import Tab

SCRIPT, STYLE = Path(__file__).with_name("page.js"), Path(__file__).with_name("style.css")
"""What the browser runs, and how the page looks."""

TICK_SECONDS = 1.0
"""How often the page checks whether the status has changed."""


class Page:
    """The components of the page, and what happens at each event. The assistant may still be loading."""

    def __init__(self, assistant: Assistant, follower: Follower) -> None:
        self._presenter = Presenter(assistant, follower)
        self.tabs: dict[str, Tab] = {}
        """Gradio's name for a session -> its tab, to find it when it is closed."""
        self._pieces: dict[str, Any] = {}
        """Name of a piece -> its component."""
        with gr.Blocks(title="A conversation with a guide", analytics_enabled=False, fill_height=True) as self.blocks:
            self._lay_out()
            self._listen()

    def close(self) -> None:
        """Stop serving the page."""
        self.blocks.close(verbose=False)

    # Layout

    def _lay_out(self) -> None:
        self._tab = gr.State(Tab())
        with gr.Row(elem_id="frame"):
            with gr.Column(elem_id="aside"):
                self._html("sidebar", render_sidebar_top())
                self._html("list")
                self._html("links")
            with gr.Column(elem_id="main"):
                self._html("header")
                self._html("told")
                self._html("news")
                with gr.Column(elem_id="chat"):
                    self._html("past")
                    self._html("current")
                    self._lay_out_composer()
                self._html("place")
                self._html("file")
            self._html("side")
        self._bus = gr.HTML("", elem_id="bus", js_on_load=SCRIPT.read_text("utf-8"), apply_default_css=False)

    def _html(self, name: str, value: str = "") -> None:
        self._pieces[name] = gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)

    def _lay_out_composer(self) -> None:
        with gr.Column(elem_id="composer"):
            self._html("editing")
            with gr.Row(elem_id="ask-row"):
                self._pieces["box"] = gr.Textbox(
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
        box, updated = self._pieces["box"], [*self._pieces.values(), self._send, self._stop]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # A tab may ask while its last answer is still being stopped; a conversation itself refuses a second answer.
        asking = {**quiet, "concurrency_limit": None, "trigger_mode": "multiple"}
        at_once = {**quiet, "queue": False, "trigger_mode": "multiple"}
        gr.on([box.submit, self._send.click], self._ask_typed, [self._tab, box], updated, **asking)
        self._bus.submit(self._ask_suggested, self._tab, updated, **asking)
        self._bus.input(self._check, self._tab, updated, **asking)
        self._bus.retry(self._ask_again, self._tab, updated, **asking)
        self._stop.click(_stop, self._tab, None, **at_once)
        self._bus.click(self._carry_out, self._tab, updated, **at_once)
        self.blocks.unload(self._leave)
        tick = {**quiet, "queue": False}
        # Only one output: Gradio touches every output of an event each time.
        gr.Timer(TICK_SECONDS).tick(self._signal_change, self._tab, [self._pieces["news"]], **tick)

    # Events

    def _ask_typed(self, tab: Tab, question: str) -> Iterator[Any]:
        """Yield the page while the question in the box is answered."""
        if question.strip():
            updates = ask_question(self._presenter, tab, question.strip(), tab.conversation.editing)
            yield from map(self._update_components, updates)

    def _ask_suggested(self, tab: Tab, event: gr.EventData) -> Iterator[Any]:
        """Yield the page while the question of a button is answered."""
        yield from map(self._update_components, ask_question(self._presenter, tab, str(event.question)))

    def _ask_again(self, tab: Tab) -> Iterator[Any]:
        """Yield the page while the last question is answered again."""
        yield from map(self._update_components, ask_again(self._presenter, tab))

    def _check(self, tab: Tab, event: gr.EventData) -> Iterator[Any]:
        """Yield the page while a text is checked."""
        yield from map(self._update_components, check_text(self._presenter, tab, str(event.text)))

    def _carry_out(self, tab: Tab, event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        self.tabs[str(request.session_hash)] = tab
        tab.is_owner = is_from_here(request)
        return self._update_components(carry_out(self._presenter, tab, str(event.do), event.sent))

    def _signal_change(self, tab: Tab) -> dict[Any, Any]:
        return self._update_components(self._presenter.signal_change(tab))

    def _leave(self, request: gr.Request) -> None:
        """Stop what goes on in a tab that was closed."""
        if tab := self.tabs.pop(str(request.session_hash), None):
            tab.stop()

    def _update_components(self, update: PageUpdate) -> dict[Any, Any]:
        """Turn named pieces into new values of their components."""
        values: dict[Any, Any] = {self._pieces[name]: value for name, value in update.items() if name != "busy"}
        if "busy" in update:
            values |= {self._send: gr.update(visible=not update["busy"]), self._stop: gr.update(visible=update["busy"])}
        return values or {self._pieces["news"]: gr.skip()}


def _stop(tab: Tab) -> None:
    tab.conversation.stop.set()


def is_from_here(request: gr.Request) -> bool:
    """Whether a request comes from this machine, and was not passed on by a proxy for the page's public name."""
    host = re.sub(r":\d+$", "", request.headers.get("host", "")).strip("[]")
    return bool(request.client) and is_loopback(request.client.host) and is_loopback(host)


def make_theme() -> gr.themes.Base:
    """System fonts and one accent colour; the rest is in style.css."""
    system = [gr.themes.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Consolas", "monospace")]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=system, font_mono=mono)


HEAD = """<meta name="referrer" content="no-referrer">
<style>@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
html { scroll-padding-block: 1rem 8rem; }
html:has(.editing) { scroll-padding-bottom: 12rem; }
html:has(.told) { scroll-padding-top: 6rem; }</style>"""
"""For the page's head: rules that Gradio would confine to its own container if they were in style.css."""
