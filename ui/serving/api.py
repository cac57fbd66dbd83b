"""What the page offers to other programs: `/ask` and `/search`, in Gradio's API and as MCP tools."""

# The annotations are read by Gradio as they stand, so they are not put off.

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

import gradio as gr

from assistant.assistant import Assistant
from assistant.errors import GuideError, QuestionError
from assistant.records import Answer, Turn
from ui.serving.growing import growing

MOST = 20
"""Passages that can be asked for."""


def offer(assistant: Assistant) -> None:
    """Offer the guide to other programs; called while the page's Blocks are open. Nothing else of them is offered."""

    async def ask(
        request: gr.Request, question: str, history: list[dict[str, str]] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Answer a question from the guide alone: each sentence is checked against the guide and cites its passages.

        A question that the guide does not cover is not answered, and one from a person in danger gets people to call;
        see `status`. While it is worded, the answer comes sentence by sentence; the last one is whole.

        Args:
            question: What to ask, in plain English, at most 4,000 characters.
            history: Earlier turns of the conversation, oldest first, each with its question and its answer.
        """
        with _told():
            stream = assistant.stream(_text(question), _turns(history or ()))
            async with aclosing(growing(stream)) as answers:
                async for answer in answers:
                    yield _plain(answer.to_dict(), request)

    def search(request: gr.Request, question: str, k: int = 5) -> list[dict[str, Any]]:
        """Find the passages of the guide that are nearest to a question, best first, word for word.

        Args:
            question: What to look for, in plain English.
            k: How many passages, 1 to 20.
        """
        with _told():
            if type(k) is not int or not 1 <= k <= MOST:
                raise QuestionError(f"There cannot be {k!r} passages", f"Ask for 1 to {MOST}.")
            found = Answer("answered", passages=assistant.search(_text(question), k))
            passages: list[dict[str, Any]] = _plain(found.to_dict()["passages"], request)
            return passages

    # As many at a time as the assistant answers: who waits holds no thread of the page's.
    limits = {"concurrency_limit": assistant.at_once, "concurrency_id": "guide"}
    gr.api(ask, api_name="ask", **limits)
    gr.api(search, api_name="search", **limits)


def _plain(data: Any, request: gr.Request) -> Any:
    """Plain data as it is; as JSON text for MCP, which would show it in Python's own way."""
    by_mcp = request.headers.get("x-gradio-user") == "mcp"
    return json.dumps(data, ensure_ascii=False) if by_mcp else data


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise QuestionError("The question is not text", "Type it in words.")
    return value


def _turns(history: Sequence[Any]) -> list[Turn]:
    """Earlier turns; QuestionError if they are not in the form of the docstring."""
    if not isinstance(history, list | tuple) or not all(isinstance(turn, dict) for turn in history):
        raise QuestionError("The history is not a list of turns", 'Give each as {"question": "…", "answer": "…"}.')
    return [Turn(_text(turn.get("question")), _text(turn.get("answer", ""))) for turn in history]


@contextmanager
def _told() -> Iterator[None]:
    """What a person must mend, as one line for the caller."""
    try:
        yield
    except GuideError as error:
        raise gr.Error(str(error), print_exception=False) from error
