"""The guide as a chat model in the OpenAI format: `/v1/chat/completions` and `/v1/models`.

It answers from the guide alone, whatever the system message says. The parameters for tools, several choices and
sampling are ignored.
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
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.errors import GuideError, QuestionError
from assistant.problems import Problems
from assistant.records import Answer, Passage, Turn
from assistant.settings import writer_name
from ui.serving.streaming import stream_changes

CLIENT_CLOSED_REQUEST = 499
"""Status of a response whose client has gone, as nginx logs it."""

Json = dict[str, Any]


class ContentPart(BaseModel):
    """A part of a message's content."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A message of the conversation."""

    role: str
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """Its text; raises QuestionError if it has parts of another kind."""
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type != "text":
                raise QuestionError(f"A message has a part of type {part.type!r}", "Send text alone.")
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """Options of a streamed completion."""

    include_usage: bool | None = None


class CompletionRequest(BaseModel):
    """The body of a request; other parameters are ignored."""

    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def conversation(self) -> tuple[str, list[Turn]]:
        """The last question, and the turns before it; raises QuestionError if there is no question."""
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
        """Whether a stream ends with the token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)


class OpenAIRoute(APIRoute):
    """A route whose errors have the OpenAI format."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with errors turned into responses."""
        handle = super().get_route_handler()

        async def handle_errors(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"][1:])
                return make_error_response(
                    QuestionError(f"The request is not in the OpenAI form: {where}: {first['msg']}")
                )
            except HTTPException as error:  # JSON that Python does not read: not UTF-8, nested too deep, a giant number
                return make_error_response(
                    QuestionError(f"The request is not in the OpenAI form: {error.detail}", "Send JSON in UTF-8."),
                    error.status_code,
                )
            except GuideError as error:
                return make_error_response(error)

        return handle_errors


class EventStream(StreamingResponse):
    """Server-sent events; the generator is closed together with the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        assert isinstance(self.body_iterator, AsyncGenerator)
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


def make_router(assistant: Assistant) -> APIRouter:
    """The routes. While the assistant is still loading, a question waits."""
    api = APIRouter(prefix="/v1", route_class=OpenAIRoute)
    since, slots = int(time.time()), asyncio.Semaphore(assistant.at_once)

    def describe_model() -> Json:
        return {
            "id": writer_name(assistant.settings),
            "object": "model",
            "created": since,
            "owned_by": "guide-assistant",
        }

    @api.get("/models")
    async def models() -> Json:
        return {"object": "list", "data": [describe_model()]}

    @api.get("/models/{name:path}")
    async def model(name: str) -> Response:
        if name == describe_model()["id"]:
            return JSONResponse(describe_model())
        return make_error_response(
            QuestionError(f"There is no model {name!r} here", "GET /v1/models names the one there is."), 404
        )

    @api.post("/chat/completions")
    async def complete(body: CompletionRequest, request: Request) -> Response:
        question, history = body.conversation
        answers = _stream_in_slot(slots, assistant.problems, lambda: assistant.stream(question, history))
        name = writer_name(assistant.settings)
        if body.stream:
            first = await anext(answers)  # a wrong question raises here, while the status can still be set
            return EventStream(_stream_events(name, first, answers, body.with_usage), media_type="text/event-stream")
        answer = await _read_whole(answers, request)
        return JSONResponse(_make_completion(name, answer)) if answer else Response(status_code=CLIENT_CLOSED_REQUEST)

    return api


def make_error_response(error: GuideError, status: int | None = None) -> JSONResponse:
    """An error in the OpenAI format; unless given, its status is 400 for a wrong request and 503 for a fault here."""
    wrong_request = isinstance(error, QuestionError)
    kind = "invalid_request_error" if wrong_request else "server_error"
    body = {"message": str(error), "type": kind, "param": None, "code": None}
    return JSONResponse({"error": body}, status or (400 if wrong_request else 503))


async def _read_whole(answers: AsyncGenerator[Answer, None], request: Request) -> Answer | None:
    """The whole answer; None, and the model stops, as soon as the client disconnects."""

    async def read() -> Answer | None:
        last = None
        async with aclosing(answers):
            async for answer in answers:
                last = answer
        return last

    async def wait_until_gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    reading, leaving = asyncio.create_task(read()), asyncio.create_task(wait_until_gone())
    try:
        await asyncio.wait((reading, leaving), return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else None
    finally:
        reading.cancel()
        leaving.cancel()


async def _stream_in_slot(
    slots: asyncio.Semaphore, problems: Problems, begin: Callable[[], Generator[Answer, None, None]]
) -> AsyncGenerator[Answer, None]:
    """Yield an answer as it grows, once a slot is free; a request that waits for a slot occupies no thread."""
    with problems.meet("program", "The question could not be answered"):
        async with slots, aclosing(stream_changes(begin())) as answers:
            async for answer in answers:
                yield answer


async def _stream_events(
    name: str, answer: Answer, rest: AsyncGenerator[Answer, None], with_usage: bool
) -> AsyncIterator[str]:
    """Yield the events of an answer: each sentence once it is checked, then sources and next steps, then the rest."""
    start = _begin_object(name, "chat.completion.chunk")

    def make_chunk(delta: Json, finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _format_event(start | {"choices": [choice]} | ({"usage": None} if with_usage else {}) | more)

    yield make_chunk({"role": "assistant", "content": ""})
    sent = ""
    async with aclosing(rest):
        try:
            async for answer in rest:
                if added := format_sentences(answer).removeprefix(sent):
                    sent += added
                    yield make_chunk({"content": added})
        except GuideError as error:
            yield f"data: {bytes(make_error_response(error).body).decode()}\n\n"
            return
    if added := format_rest(answer):
        yield make_chunk({"content": added})
    yield make_chunk({}, "stop", **_make_extensions(answer))
    if with_usage:
        yield _format_event(start | {"choices": [], "usage": _count_usage(answer)})
    yield "data: [DONE]\n\n"


def _format_event(data: Json) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _begin_object(name: str, kind: str) -> Json:
    """The fields that every completion and every chunk begins with."""
    return {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": name}


def _make_completion(name: str, answer: Answer) -> Json:
    message = {"role": "assistant", "content": format_sentences(answer) + format_rest(answer), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    start = _begin_object(name, "chat.completion")
    return start | {"choices": [choice], "usage": _count_usage(answer)} | _make_extensions(answer)


def _make_extensions(answer: Answer) -> Json:
    """Fields that the OpenAI format does not have: the answer as `to_dict` gives it, and its cited sentences."""
    cited = [
        {"number": p.number, "source": p.source, "heading": p.heading}
        | {"text": span.text, "start": span.start, "end": span.end}
        | ({"page": span.page} if span.page else {})
        for p in answer.passages
        for span in p.cited
    ]
    return {"guide": answer.to_dict(), "citations": cited}


def _count_usage(answer: Answer) -> Json:
    timings = answer.timings
    return {
        "prompt_tokens": timings.prompt_tokens,
        "completion_tokens": timings.generated_tokens,
        "total_tokens": timings.prompt_tokens + timings.generated_tokens,
        "prompt_tokens_details": {"cached_tokens": timings.cached_tokens},
    }


def format_sentences(answer: Answer) -> str:
    """The sentences of an answer as Markdown, with the numbers of the passages they cite, under the quiet line.

    While the answer grows, each such text begins with the previous one.
    """
    between = "\n\n" if answer.in_lines else " "
    marked = (
        " ".join([escape_markdown(one.text), "".join(f"[{number}]" for number in one.citations)]).strip()
        for one in answer.sentences
    )
    said = between.join(filter(None, (answer.lead, *marked)))
    if not answer.quiet_line:
        return said
    return "\n\n".join(filter(None, (escape_markdown(answer.quiet_line), _list_contacts(answer), said)))


def format_rest(answer: Answer) -> str:
    """What follows the sentences, as Markdown: whom to call, the nearest topics, sources and next steps, if any."""
    sources = [f"[{p.number}] {_format_place(p)}: {_quote(p)}" for p in answer.passages if p.cited]
    steps = [f"{escape_markdown(step.text)} ({_format_place(step.passage)})" for step in answer.next_steps]
    nearest = answer.follow_ups if answer.status in ("nearest", "not_covered") else ()
    also = "You could also ask:\n\n" if answer.status == "nearest" else ""
    lists = [
        (also, list(map(escape_markdown, nearest))),
        ("**Sources**\n\n", sources),
        ("**Next steps**\n\n", steps),
    ]
    people = f"\n\n{_list_contacts(answer)}" if answer.status == "care" else ""
    return people + "".join(f"\n\n{title}" + "\n".join(f"- {row}" for row in rows) for title, rows in lists if rows)


def _list_contacts(answer: Answer) -> str:
    """Whom to call, as a Markdown list."""
    return "\n".join(f"- {escape_markdown(contact.line)}" for contact in answer.contacts)


def _format_place(passage: Passage) -> str:
    page = f", page {passage.cited_page}" if passage.cited_page else ""
    return escape_markdown(f"{passage.heading}, {passage.source}{page}")


def _quote(passage: Passage) -> str:
    return " ".join(f"“{escape_markdown(span.shown)}”" for span in passage.cited)


def escape_markdown(text: str) -> str:
    """Text on one line, escaped so that Markdown shows it as it is: no formatting, no links, no images."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))
