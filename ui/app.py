"""The page: layout and events. Answers come from `Assistant`, HTML from `view`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr

from assistant.answer import QUESTION_LIMIT, Assistant
from assistant.errors import GuideError, PortError
from assistant.records import Answer, Turn
from ui import view

READING, WRITING = "Reading the guide …", "Writing, and checking each sentence against the guide …"

# Buttons inside the conversation ask their question; delegated, as the conversation is drawn again and again.
_ASK_JS = """
element.addEventListener('click', event => {
  const button = event.target.closest('[data-ask]');
  if (button) trigger('submit', { question: button.dataset.ask });
});
"""
_FOLLOW_JS = (
    _ASK_JS
    + """
watch('value', () => {
  const turn = element.querySelector('.turn');
  if (!turn) return;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (turn.querySelector('.state')) turn.scrollIntoView({ block: 'end', behavior: calm ? 'auto' : 'smooth' });
});
"""
)


class Conversation:
    """What one browser tab has asked; never written anywhere."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, Answer]] = []
        self.stop = Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> Conversation:
        """Gradio copies the state for each new tab: a new tab begins empty."""
        return Conversation()

    @property
    def history(self) -> tuple[Turn, ...]:
        """For the assistant; a question that got care is not leaned on later."""
        return tuple(Turn(question, answer.text) for question, answer in self.turns if answer.status != "care")


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page over an assistant that is loaded."""
    title, topics = assistant.title, assistant.topics()
    with gr.Blocks(title=title, analytics_enabled=False, fill_height=True) as page:
        conversation = gr.State(Conversation())
        gr.HTML(view.header(title), elem_id="header", js_on_load=None, apply_default_css=False)
        past = gr.HTML("", elem_id="past", js_on_load=_ASK_JS, apply_default_css=False)
        current = gr.HTML(view.welcome(topics), elem_id="current", js_on_load=_FOLLOW_JS, apply_default_css=False)
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="ask-row"):
                box = gr.Textbox(
                    placeholder="Ask the guide …",
                    label="Your question",
                    show_label=False,
                    lines=1,
                    max_lines=6,
                    max_length=QUESTION_LIMIT,
                    autofocus=True,
                    container=False,
                    scale=1,
                    elem_id="question",
                )
                send = gr.Button("Ask", variant="primary", elem_id="send", scale=0, min_width=84)
                stop = gr.Button("Stop", elem_id="stop", scale=0, min_width=84, visible=False)
            with gr.Row(elem_id="tools"):
                retry = gr.Button("Try again", elem_id="retry", size="sm", scale=0, visible=False)
                clear = gr.Button("Clear conversation", elem_id="clear", size="sm", scale=0, visible=False)
        shown = [conversation, past, current, box, send, stop, retry, clear]

        def asked(kept: Conversation, question: str) -> Iterator[dict[Any, Any]]:
            kept.stop.clear()
            place = len(kept.turns)
            earlier = "".join(view.turn(q, a, n) for n, (q, a) in enumerate(kept.turns))
            yield {
                **_working(True, bool(kept.turns)),
                past: earlier,
                current: view.turn(question, None, place, READING),
            }
            try:
                for drawn in _answered(assistant, kept, question, place):
                    yield {current: drawn}
            except GuideError as error:
                yield {current: view.problem(question, str(error))}
            yield {**_working(False, bool(kept.turns)), conversation: kept}

        def typed(kept: Conversation, question: str) -> Iterator[dict[Any, Any]]:
            if question.strip():
                yield from asked(kept, question.strip())

        def clicked(kept: Conversation, event: gr.EventData) -> Iterator[dict[Any, Any]]:
            yield from asked(kept, str(event.question))

        def again(kept: Conversation) -> Iterator[dict[Any, Any]]:
            if kept.turns:
                question, _ = kept.turns.pop()
                yield from asked(kept, question)

        def cleared(kept: Conversation) -> dict[Any, Any]:
            kept.stop.set()
            kept.turns.clear()
            return {**_working(False, False), conversation: kept, past: "", current: view.welcome(topics)}

        def _working(busy: bool, begun: bool) -> dict[Any, Any]:
            return {
                box: gr.update(value="") if busy else gr.update(),
                send: gr.update(visible=not busy),
                stop: gr.update(visible=busy),
                retry: gr.update(visible=begun and not busy),
                clear: gr.update(visible=begun or busy),
            }

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        gr.on([box.submit, send.click], typed, [conversation, box], shown, concurrency_limit=None, **quiet)
        gr.on([past.submit, current.submit], clicked, [conversation], shown, concurrency_limit=None, **quiet)
        retry.click(again, [conversation], shown, concurrency_limit=None, **quiet)
        stop.click(lambda kept: kept.stop.set(), [conversation], None, queue=False, **quiet)
        clear.click(cleared, [conversation], shown, queue=False, **quiet)
    return page


def _answered(assistant: Assistant, kept: Conversation, question: str, place: int) -> Iterator[str]:
    """The turn as HTML, each time it has changed; a whole answer joins the conversation."""
    answer, drawn = None, ""
    with closing(assistant.stream(question, kept.history)) as growing:
        for answer in growing:
            if kept.stop.is_set():
                break
            fresh = view.turn(question, answer, place, WRITING)
            if fresh != drawn:
                drawn = fresh
                yield drawn
    if answer is None or kept.stop.is_set() and not answer.sentences:
        yield view.problem(question, "Stopped. You can ask again, or try another question.")
        return
    kept.turns.append((question, answer))
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


def launch(assistant: Assistant, *, browser: bool = False, block: bool = False) -> gr.Blocks:
    """Serve the page; returns at once unless `block`."""
    settings = assistant.settings
    page = build_page(assistant)
    page.queue(default_concurrency_limit=None)
    page.launch(
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
