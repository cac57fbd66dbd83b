"""Programs that ask at once, and that go away: all are answered, and nothing goes on for nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from itertools import product
from threading import Barrier, Event
from typing import Any, TypeAlias
from uuid import uuid4

import httpx2
import pytest
from browser import until
from chat_server import Call, SmallServer, piece, small_server
from sizes import leave_out

from assistant import Assistant, Settings, open_assistant
from assistant.assistant import SERVED_AT_ONCE
from assistant.errors import UnheardError
from assistant.llm import served as served_model
from assistant.settings import NO_READER
from ui.serving.address import MCP_PATH
from ui.serving.gate import EVENT_PATHS
from ui.serving.server import RunningServer, launch
from ui.serving.streaming import stream_changes

QUESTION = "How do I stop the squeak of the gate?"
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
TOOL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "ask", "arguments": {"question": QUESTION}},
}
LONG_TEXT = "Oiling the hinge of a gate helps against its squeak. " * 300
"""Only the chat model can say whether the guide says so."""


Sent: TypeAlias = tuple[str, str, dict[str, Any]]
"""Method, URL and options of a request."""


class Writer:
    """A chat server whose sentence has no end or, if it is silent, no beginning, and whose verdicts take their time."""

    def __init__(self) -> None:
        self.ended, self.silent, self.verdict_seconds = Event(), False, 1.0

    def __call__(self, call: Call) -> None:
        if not call.body.get("stream"):
            self.ended.wait(self.verdict_seconds)
            with suppress(ConnectionError):
                call.answer({"choices": [{"message": {"content": "No"}}]})
            return
        call.handler.send_response(200)
        call.handler.send_header("Content-Type", "text/event-stream")
        call.handler.end_headers()
        with suppress(ConnectionError):  # whoever asked was stopped
            while not self.ended.wait(0.05):
                if not self.silent:
                    call.handler.wfile.write(f"data: {json.dumps(piece('and on '))}\n\n".encode())


@pytest.fixture(scope="module")
def writer() -> Writer:
    return Writer()


@pytest.fixture(scope="module")
def server(writer: Writer) -> Iterator[SmallServer]:
    with small_server(writer) as server:
        yield server
        writer.ended.set()


@pytest.fixture(scope="module")
def assistant(settings: Settings, server: SmallServer, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    corpus = tmp_path_factory.mktemp("gates")
    (corpus / "a.md").write_text("# Gates\n\n## Squeaks\n\nTo stop the squeak of the gate, oil its hinge.\n", "utf-8")
    assistant = open_assistant(
        settings.model_copy(update={"port": 0, "llm_url": server.url, "reader": NO_READER, "corpus": corpus})
    )
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr(served_model, "PATIENCE", 3600.0)
        assistant.load()
    return assistant


@pytest.fixture(scope="module")
def served(assistant: Assistant) -> Iterator[RunningServer]:
    with closing(launch(assistant, mcp=True)) as served:
        yield served


def ask_whole(address: str) -> Sent:
    return "POST", f"{address}/v1/chat/completions", {"json": CHAT}


def ask_streamed(address: str) -> Sent:
    return "POST", f"{address}/v1/chat/completions", {"json": CHAT | {"stream": True}}


def ask_over_mcp(address: str) -> Sent:
    accepted = {"accept": "application/json, text/event-stream"}
    return "POST", f"{address}{MCP_PATH}", {"json": TOOL, "headers": accepted}


def call_gradio(address: str, path: str, name: str, *data: object) -> tuple[httpx2.Response, dict[str, str]]:
    """Call an endpoint of Gradio's API; the response, and the session, for listening to the answer."""
    events = httpx2.get(f"{address}/config").json()["dependencies"]
    number = next(event["id"] for event in events if event["api_name"] == name)
    session = {"session_hash": uuid4().hex}
    return httpx2.post(f"{address}{path}", json={"data": data, "fn_index": number} | session), session


def join_queue(address: str, name: str, *data: object) -> dict[str, str]:
    """Ask by Gradio's API; its session."""
    response, session = call_gradio(address, EVENT_PATHS[0], name, *data)
    response.raise_for_status()
    return session


def ask_gradio(address: str) -> Sent:
    return "GET", f"{address}/gradio_api/queue/data", {"params": join_queue(address, "ask", QUESTION, None)}


def check_by_gradio(address: str) -> Sent:
    return "GET", f"{address}/gradio_api/queue/data", {"params": join_queue(address, "check", LONG_TEXT)}


@pytest.mark.parametrize(
    ("ask", "silent"),
    [
        *product((ask_whole, ask_streamed, ask_over_mcp), (False, True)),
        *leave_out((ask_gradio, False), (ask_gradio, True), (check_by_gradio, False)),
    ],
)
def test_what_is_asked_for_by_who_goes_away_ends(
    assistant: Assistant,
    served: RunningServer,
    writer: Writer,
    server: SmallServer,
    ask: Callable[[str], Sent],
    silent: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "silent", silent)
    server.calls.clear()

    async def leave() -> None:
        method, url, more = ask(served.address)
        async with httpx2.AsyncClient(timeout=None) as client:
            asking = asyncio.create_task(client.request(method, url, **more))
            await asyncio.to_thread(until, lambda: server.asked)
            assert assistant.waiting
            asking.cancel()

    asyncio.run(leave())
    until(lambda: not assistant.waiting)


@pytest.mark.parametrize(
    ("name", "data", "silent"),
    leave_out(("ask", [QUESTION, None], False), ("ask", [QUESTION, None], True), ("check", [LONG_TEXT], False)),
)
def test_what_nobody_ever_listens_to_ends_and_is_not_told_as_whole(
    assistant: Assistant,
    served: RunningServer,
    writer: Writer,
    server: SmallServer,
    name: str,
    data: list[object],
    silent: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "silent", silent)
    server.calls.clear()
    session = join_queue(served.address, name, *data)
    until(lambda: server.asked)
    assert assistant.waiting
    until(lambda: not assistant.waiting)
    told = httpx2.get(f"{served.address}/gradio_api/queue/data", params=session).text
    assert "Nobody listened, so this was ended" in told
    assert '"success":true' not in told.rpartition("process_completed")[2]
    assert not any("listened" in problem.line for problem in assistant.problems.read())


@pytest.mark.parametrize(
    ("name", "data"), [("ask", [QUESTION, None]), ("search", [QUESTION, 5]), ("check", ["Oil its hinge."])]
)
def test_no_endpoint_is_called_past_the_queue(served: RunningServer, name: str, data: list[object]) -> None:
    """There it would not be seen that the caller has gone, nor how many call at a time."""
    response, _ = call_gradio(served.address, EVENT_PATHS[1], name, *data)
    assert response.status_code == 404
    assert "join the queue" in response.text


def test_a_check_is_stopped_though_its_verdict_never_comes(
    assistant: Assistant, writer: Writer, server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_model, "PATIENCE", 20.0)
    monkeypatch.setattr(writer, "verdict_seconds", 3600.0)
    server.calls.clear()
    stages = assistant.stream_check(LONG_TEXT)
    begun = next(stages)
    while not server.asked:
        assert next(stages) is begun
    assert [next(stages) for _ in range(3)] == [begun] * 3
    stages.close()
    assert not assistant.waiting


def count_streams(server: SmallServer) -> int:
    return sum(bool(call.body.get("stream")) for call in server.asked)


def test_eight_are_answered_at_once(assistant: Assistant, served: RunningServer, server: SmallServer) -> None:
    server.calls.clear()

    async def ask() -> None:
        async with httpx2.AsyncClient(timeout=None) as client:
            asking = [
                asyncio.create_task(client.post(f"{served.address}/v1/chat/completions", json=CHAT)) for _ in range(8)
            ]
            await asyncio.to_thread(until, lambda: count_streams(server) == SERVED_AT_ONCE)
            for one in asking:
                one.cancel()

    asyncio.run(ask())
    until(lambda: not assistant.waiting)


def test_a_stream_that_ends_because_nobody_listens_says_so() -> None:
    left, seen = iter((False, True)), []

    def say_numbers() -> Generator[int, None, None]:
        yield from range(9)

    async def read() -> None:
        async for number in stream_changes(say_numbers(), lambda: next(left)):
            seen.append(number)

    with pytest.raises(UnheardError):
        asyncio.run(read())
    assert seen == [0]


def test_as_many_are_streamed_at_once_as_are_asked_for() -> None:
    """However few cores there are, and so threads in the pool of an event loop."""
    together = Barrier(40)

    def meet() -> Generator[int, None, None]:
        together.wait()
        yield 1

    async def read() -> list[int]:
        return [item async for item in stream_changes(meet())]

    async def read_all() -> list[list[int]]:
        return await asyncio.gather(*(read() for _ in range(40)))

    assert asyncio.run(read_all()) == [[1]] * 40
