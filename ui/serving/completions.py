"""The guide as a chat model in the OpenAI form, for programs that speak it: `/v1/chat/completions`, `/v1/models`.

The model answers from the guide alone, whatever the system message says. Not here: tools, several choices, sampling;
their parameters are ignored.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.errors import GuideError, QuestionError
from assistant.records import Answer, Passage, Turn
from assistant.settings import wording_name
from ui.serving.growing import growing

GONE = 499
"""Status of an answer that nobody waits for any more; nobody sees it."""

Plain = dict[str, Any]


class Part(BaseModel):
    """A part of a message."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A message of a conversation."""

    role: str
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """What it says; QuestionError if it is not text alone."""
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type != "text":
                raise QuestionError(f"A message has a part of type {part.type!r}", "Send text alone.")
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """How to stream."""

    include_usage: bool | None = None


class Asked(BaseModel):
    """What is asked for; other parameters are ignored."""

    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def conversation(self) -> tuple[str, list[Turn]]:
        """The last question, and the turns before it; QuestionError if there is no question."""
        turns: list[Turn] = []
        for message in self.messages:
            if message.role == "user":
                turns.append(Turn(message.text))
            elif message.role == "assistant" and turns:
                turns[-1] = Turn(turns[-1].question, message.text)
        if not turns:
            raise QuestionError("There is no question", "Send a message of the role user.")
        return turns[-1].question, turns[:-1]

    @property
    def with_usage(self) -> bool:
        """Whether a stream is to end with the counts of tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)


class Border(APIRoute):
    """A route whose errors have the OpenAI form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors met."""
        handle = super().get_route_handler()

        async def met(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"][1:])
                return refused(QuestionError(f"The request is not in the OpenAI form: {where}: {first['msg']}"))
            except GuideError as error:
                return refused(error)

        return met


class Events(StreamingResponse):
    """Server-sent events; what yields them is closed with the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        assert isinstance(self.body_iterator, AsyncGenerator)
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


def completions(assistant: Assistant) -> APIRouter:
    """The routes over an assistant; one that is not loaded yet lets a question wait."""
    api = APIRouter(prefix="/v1", route_class=Border)
    since, turns = int(time.time()), asyncio.Semaphore(assistant.at_once)

    def described() -> Plain:
        return {
            "id": wording_name(assistant.settings),
            "object": "model",
            "created": since,
            "owned_by": "guide-assistant",
        }

    @api.get("/models")
    async def models() -> Plain:
        return {"object": "list", "data": [described()]}

    @api.get("/models/{name:path}")
    async def model(name: str) -> Response:
        if name == described()["id"]:
            return JSONResponse(described())
        return refused(QuestionError(f"There is no model {name!r} here", "GET /v1/models names the one there is."), 404)

    @api.post("/chat/completions")
    async def complete(asked: Asked, request: Request) -> Response:
        question, history = asked.conversation
        answers = _in_turn(turns, lambda: assistant.stream(question, history))
        name = wording_name(assistant.settings)
        if asked.stream:
            first = await anext(answers)  # what is wrong with the question has a status of its own
            return Events(_streamed(name, first, answers, asked.with_usage), media_type="text/event-stream")
        answer = await _last(answers, request)
        return JSONResponse(_completion(name, answer)) if answer else Response(status_code=GONE)

    return api


def refused(error: GuideError, status: int | None = None) -> JSONResponse:
    """An error in the OpenAI form: 400 for what is asked, 503 for what is wrong here."""
    asked = isinstance(error, QuestionError)
    kind = "invalid_request_error" if asked else "server_error"
    said = {"message": str(error), "type": kind, "param": None, "code": None}
    return JSONResponse({"error": said}, status or (400 if asked else 503))


async def _last(answers: AsyncGenerator[Answer, None], request: Request) -> Answer | None:
    """The whole answer; None if its client went away before."""
    last = None
    async with aclosing(answers):
        async for answer in answers:
            if await request.is_disconnected():
                return None
            last = answer
    return last


async def _in_turn(
    turns: asyncio.Semaphore, begin: Callable[[], Generator[Answer, None, None]]
) -> AsyncGenerator[Answer, None]:
    """An answer as it grows, after those asked for before it; who waits for its turn holds no thread."""
    async with turns, aclosing(growing(begin())) as answers:
        async for answer in answers:
            yield answer


async def _streamed(
    name: str, answer: Answer, rest: AsyncGenerator[Answer, None], with_usage: bool
) -> AsyncIterator[str]:
    """The answer as events: each sentence when it has passed the check, then its sources and next steps, then all."""
    start = _start(name, "chat.completion.chunk")

    def event(delta: Plain, finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(start | {"choices": [choice]} | ({"usage": None} if with_usage else {}) | more)

    yield event({"role": "assistant", "content": ""})
    said = ""
    async with aclosing(rest):
        try:
            async for answer in rest:
                if fresh := sentences(answer).removeprefix(said):
                    said += fresh
                    yield event({"content": fresh})
        except GuideError as error:
            yield f"data: {bytes(refused(error).body).decode()}\n\n"
            return
    if fresh := below(answer):
        yield event({"content": fresh})
    yield event({}, "stop", **_extra(answer))
    if with_usage:
        yield _event(start | {"choices": [], "usage": _usage(answer)})
    yield "data: [DONE]\n\n"


def _event(data: Plain) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _start(name: str, kind: str) -> Plain:
    return {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": name}


def _completion(name: str, answer: Answer) -> Plain:
    message = {"role": "assistant", "content": sentences(answer) + below(answer), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    start = _start(name, "chat.completion")
    return start | {"choices": [choice], "usage": _usage(answer)} | _extra(answer)


def _extra(answer: Answer) -> Plain:
    """What the OpenAI form has no place for."""
    cited = [
        {"number": p.number, "source": p.source, "heading": p.heading}
        | {"text": span.text, "start": span.start, "end": span.end}
        for p in answer.passages
        for span in p.cited
    ]
    return {"guide": answer.to_dict(), "citations": cited}


def _usage(answer: Answer) -> Plain:
    timings = answer.timings
    return {
        "prompt_tokens": timings.prompt_tokens,
        "completion_tokens": timings.generated_tokens,
        "total_tokens": timings.prompt_tokens + timings.generated_tokens,
        "prompt_tokens_details": {"cached_tokens": timings.cached_tokens},
    }


def sentences(answer: Answer) -> str:
    """The sentences of an answer as Markdown, with the numbers of what they cite; grows at its end as they do."""
    between = " " if answer.status == "answered" else "\n\n"
    marked = (
        " ".join([literal(one.text), "".join(f"[{number}]" for number in one.citations)]).strip()
        for one in answer.sentences
    )
    return between.join(marked)


def below(answer: Answer) -> str:
    """What stands below them, as Markdown: whom to call, the nearest topics, sources and next steps, if any."""
    sources = [f"[{p.number}] {_where(p)}: {_quoted(p)}" for p in answer.passages if p.cited]
    steps = [f"{literal(step.text)} ({_where(step.passage)})" for step in answer.next_steps]
    lists = [
        ("", [literal(f"{one.country}: {one.who}: {one.number}") for one in answer.contacts]),
        ("", list(map(literal, answer.follow_ups)) if answer.status == "not_covered" else []),
        ("**Sources**\n\n", sources),
        ("**Next steps**\n\n", steps),
    ]
    return "".join(f"\n\n{title}" + "\n".join(f"- {row}" for row in rows) for title, rows in lists if rows)


def _where(passage: Passage) -> str:
    page = f", page {passage.page}" if passage.page else ""
    return literal(f"{passage.heading}, {passage.source}{page}")


def _quoted(passage: Passage) -> str:
    return " ".join(f"“{literal(span.text)}”" for span in passage.cited)


def literal(text: str) -> str:
    """A text as Markdown that shows it as it is, on one line: nothing in it formats, links or loads a picture."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))
