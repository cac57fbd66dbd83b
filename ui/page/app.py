"""The page: layout and events. What an event does is in `asking` and `acts`; what is shown, in `view` and `places`.

`page.js` sends a question, or an act by its name. Either gives pieces of the page by name, from `desk`, and `_shown`
puts them where they belong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.assistant import Assistant
from assistant.question import QUESTION_LIMIT
from ui.page import places
from ui.page.acts import act
from ui.page.asking import asked, asked_again
from ui.page.desk import Desk, Shown
from ui.page.tab import Tab

SCRIPT, STYLE = Path(__file__).with_name("page.js"), Path(__file__).with_name("style.css")
"""What the browser runs, and how the page looks."""

LOOK = 1.0
"""Seconds between looks at whether the guide has changed."""


class Page:
    """The components of the page over an assistant that may still be loading, and what happens at each event."""

    def __init__(self, assistant: Assistant) -> None:
        self._desk = Desk(assistant)
        self._tabs: dict[str, Tab] = {}
        """By Gradio's name for the session; to know whose tab was closed."""
        self._pieces: dict[str, Any] = {}
        """Name -> component."""
        with gr.Blocks(title="A conversation with a guide", analytics_enabled=False, fill_height=True) as self.blocks:
            self._lay_out()
            self._listen()

    def close(self) -> None:
        """Serve the page no longer, and leave the guide's texts alone."""
        self.blocks.close(verbose=False)
        self._desk.close()

    # Layout

    def _lay_out(self) -> None:
        self._tab = gr.State(Tab())
        with gr.Row(elem_id="frame"):
            with gr.Column(elem_id="aside"):
                self._html("sidebar", places.sidebar())
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
        box, shown = self._pieces["box"], [*self._pieces.values(), self._send, self._stop]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # Also while the end of an answer that was left is on its way: a sitting takes one question at a time itself.
        asking = {**quiet, "concurrency_limit": None, "trigger_mode": "multiple"}
        at_once = {**quiet, "queue": False, "trigger_mode": "multiple"}
        gr.on([box.submit, self._send.click], self._typed, [self._tab, box], shown, **asking)
        self._bus.submit(self._chosen, self._tab, shown, **asking)
        self._bus.retry(self._again, self._tab, shown, **asking)
        self._stop.click(_stopped, self._tab, None, **at_once)
        self._bus.click(self._acted, self._tab, shown, **at_once)
        self.blocks.unload(self._left)
        gr.Timer(LOOK).tick(self._ticked, self._tab, [self._pieces["news"]], **{**quiet, "queue": False})

    # Events

    def _typed(self, tab: Tab, question: str) -> Iterator[Any]:
        if question.strip():
            yield from map(self._shown, asked(self._desk, tab, question.strip(), tab.sitting.editing))

    def _chosen(self, tab: Tab, event: gr.EventData) -> Iterator[Any]:
        yield from map(self._shown, asked(self._desk, tab, str(event.question)))

    def _again(self, tab: Tab) -> Iterator[Any]:
        yield from map(self._shown, asked_again(self._desk, tab))

    def _acted(self, tab: Tab, event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        self._tabs[str(request.session_hash)] = tab
        return self._shown(act(self._desk, tab, str(event.do), event.sent))

    def _ticked(self, tab: Tab) -> dict[Any, Any]:
        """One piece alone: Gradio touches all that an event might change, each time."""
        return self._shown(self._desk.stale(tab))

    def _left(self, request: gr.Request) -> None:
        """A tab was closed: what it asked is not worded to its end."""
        if tab := self._tabs.pop(str(request.session_hash), None):
            tab.sitting.stop.set()

    def _shown(self, pieces: Shown) -> dict[Any, Any]:
        """Pieces by name as updates of components."""
        shown: dict[Any, Any] = {self._pieces[name]: value for name, value in pieces.items() if name != "busy"}
        if "busy" in pieces:
            shown |= {self._send: gr.update(visible=not pieces["busy"]), self._stop: gr.update(visible=pieces["busy"])}
        return shown or {self._pieces["news"]: gr.skip()}


def _stopped(tab: Tab) -> None:
    tab.sitting.stop.set()


def theme() -> gr.themes.Base:
    """System fonts, one accent colour; the rest is in style.css."""
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
"""For the page's head: rules that Gradio would confine to its own container, if they stood in style.css."""
