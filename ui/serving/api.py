"""`/ask`, `/search` and `/check` for other programs, in Gradio's API and as MCP tools."""

# No `from __future__ import annotations` here: Gradio reads the annotations as types.

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from assistant.assistant import Assistant
from assistant.errors import GuideError, QuestionError
from assistant.problems import Problems
from assistant.records import Answer, Turn
from ui.serving.calls import CALL_HEADER, Listeners
from ui.serving.gate import Data
from ui.serving.streaming import stream_changes

MAX_PASSAGES = 20
"""The most passages that one search returns."""


class EarlierTurn(Data):
    """A turn of the history of a question."""

    question: str
    answer: str = ""


class Ask(Data):
    """The data of `/ask`."""

    question: str
    history: list[EarlierTurn] | None = None


class Search(Data):
    """The data of `/search`."""

    question: str
    k: int = 5


class Check(Data):
    """The data of `/check`."""

    text: str


SCHEMAS: dict[str, type[Data]] = {"ask": Ask, "search": Search, "check": Check}
"""Name of an endpoint -> its data, which is checked before Gradio gets it."""


def offer(assistant: Assistant, listeners: Listeners) -> None:
    """Add the endpoints to the page's Blocks, inside whose `with` block it must be called.

    Gradio shows the docstrings of these functions to MCP clients. The other events of the page are private.

    Args:
        listeners: which callers still listen.
    """

    report_errors = partial(_report_errors, assistant.problems)

    async def ask(
        request: gr.Request, question: str, history: list[dict[str, str]] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Answer a question from the guide alone: each sentence is checked against the guide and cites its passages.

        A question that the guide may not answer gets the nearest that it says, in its own words (`status` "nearest");
        one that it does not cover is not answered ("not_covered"), and one from a person in danger gets people to call
        ("care"). An answer begins at once, with the sentence of the guide that answers best; the rest comes sentence
        by sentence while it is worded, and the last one is whole.

        Args:
            question: What to ask, in plain English, at most 4,000 characters.
            history: Earlier turns of the conversation, oldest first, each with its question and its answer.
        """
        with report_errors():
            stream = assistant.stream(question, [Turn(**turn) for turn in history or ()])
            async with aclosing(stream_changes(stream, _watch_client(request, listeners))) as answers:
                async for answer in answers:
                    yield _encode(answer.to_dict(), request)

    def search(request: gr.Request, question: str, k: int = 5) -> list[dict[str, Any]]:
        """Find the passages of the guide that are nearest to a question, best first, word for word.

        Args:
            question: What to look for, in plain English.
            k: How many passages, 1 to 20.
        """
        with report_errors():
            if not 1 <= k <= MAX_PASSAGES:
                raise QuestionError(f"There cannot be {k} passages", f"Ask for 1 to {MAX_PASSAGES}.")
            found = Answer("answered", passages=assistant.search(question, k))
            passages: list[dict[str, Any]] = _encode(found.to_dict()["passages"], request)
            return passages

    async def check(request: gr.Request, text: str) -> list[dict[str, Any]]:
        """Say which sentences of a text the guide says, and where.

        For each sentence `supported` is true, with the places in `citations`; false, with the nearest that the guide
        says in `nearest`; or null if it claims nothing, as a greeting or a question does.

        Args:
            text: What to check, in plain English, at most 20,000 characters.
        """
        with report_errors():
            stream = assistant.stream_check(text)
            async with aclosing(stream_changes(stream, _watch_client(request, listeners))) as stages:
                async for stage in stages:
                    checked = stage
            sentences: list[dict[str, Any]] = _encode([one.to_dict() for one in checked.sentences], request)
            return sentences

    # No more at a time than the assistant answers, so that a waiting request occupies no thread. A check queues
    # sentence by sentence, and must not keep questions waiting until it ends.
    limits = {"concurrency_limit": assistant.at_once}
    gr.api(ask, api_name="ask", concurrency_id="guide", **limits)
    gr.api(search, api_name="search", concurrency_id="guide", **limits)
    gr.api(check, api_name="check", concurrency_id="check", **limits)


def _watch_client(request: gr.Request, listeners: Listeners) -> Callable[[], bool]:
    """A function that tells whether the client of the event being handled has gone away."""
    if call := request.headers.get(CALL_HEADER):
        return lambda: not listeners[call]
    event = LocalContext.blocks.get()._queue.event_ids_to_events.get(LocalContext.event_id.get())
    if event is None:
        return lambda: False
    is_unheard = listeners.watch(event.session_hash)
    return lambda: not event.alive or is_unheard()


def _encode(data: Any, request: gr.Request) -> Any:
    """The data unchanged; for MCP as JSON, since Gradio would send its Python `str`."""
    by_mcp = request.headers.get("x-gradio-user") == "mcp"
    return json.dumps(data, ensure_ascii=False) if by_mcp else data


@contextmanager
def _report_errors(problems: Problems) -> Iterator[None]:
    """Turn whatever goes wrong into the one line that Gradio sends to the caller."""
    try:
        with problems.meet("program", "That could not be done"):
            yield
    except GuideError as error:
        raise gr.Error(str(error), print_exception=False) from error
