"""Nothing out: no request makes the process that serves open a connection to another machine, or prints a traceback.

`tests/ui/conftest.py` watches the connections, in every test of the page and of the ways in.
"""

from __future__ import annotations

import inspect
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import gradio.routes
import httpx2
import pytest
from browser import DANGER, Desk
from gradio.route_utils import API_PREFIX
from sizes import one_in

from ui.page.acts import ACTS
from ui.serving.address import MCP_PATH
from ui.serving.gate import EVENT_PATHS, MCP_METHODS, OPEN_PATHS
from ui.serving.server import launch

AWAY = "https://example.org/a.png"
FILE = {"path": AWAY, "url": AWAY, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
LOCAL = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}

VALUES: list[Any] = [
    *(None, True, 5, 1.5, "", DANGER, "\ud800", "\0", AWAY, [], {}, [DANGER], [[]], FILE, LOCAL, [FILE], [LOCAL]),
    *([{"question": FILE}], [{"question": "a", "answer": "b"} | FILE], [{"question": "a", "answer": [FILE]}]),
    *(
        {"path": AWAY},
        {"path": AWAY, "meta": None},
        {"path": AWAY, "meta": "x"},
        {"value": FILE},
        {"__type__": "update"},
    ),
]
"""Data of a call, few of which are right."""

SENT: list[dict[str, Any]] = [
    {},
    *(
        dict.fromkeys(
            ("id", "place", "key", "file", "source", "first", "start", "asked", "text", "why", "value"), value
        )
        for value in ("", "x", "-1", "1-2", "1-2-3", AWAY, "\ud800", "\0", "9" * 5000, -1, 10**30, True)
    ),
    {"field": "done", "value": "true", "id": "x"},
    {"field": "due", "value": "never", "id": "x"},
    {"field": "home", "value": AWAY, "id": "x"},
    {"field": "model", "value": AWAY},
    {"field": "length", "value": "endless"},
    {"helpful": "perhaps", "place": 0},
    {"file": "conversation.md"},
]
"""What may come with an act."""


@pytest.fixture(scope="module")
def web(desk: Desk) -> Iterator[httpx2.Client]:
    """A client of the page and all the ways in."""
    with (
        closing(launch(desk.assistant, mcp=True)) as served,
        httpx2.Client(base_url=served.address, timeout=None) as client,
    ):
        yield client
    desk.clear()


@pytest.fixture(autouse=True)
def quiet(no_traceback: None) -> None:
    """Whatever is asked for, no traceback is printed."""


def ask(web: httpx2.Client, method: str, path: str, **what: Any) -> int:
    """The status of an answer; the rest of it is not waited for."""
    with web.stream(method, path, **what) as answer:
        return answer.status_code


def call(web: httpx2.Client, path: str, **body: Any) -> int:
    """The status of an event that was sent, once all that it brings has come."""
    sent = json.dumps(body)  # half surrogates included
    status = web.post(path, content=sent, headers={"Content-Type": "application/json"}).status_code
    if status == 200 and path == EVENT_PATHS[0]:
        web.get("/gradio_api/queue/data", params={"session_hash": body["session_hash"]})
    return status


def events(web: httpx2.Client) -> dict[str, int]:
    """Name of an event -> its number."""
    return {event["api_name"]: event["id"] for event in web.get("/config").json()["dependencies"]}


def every_path() -> list[str]:
    """Every path that Gradio serves, by its source, with an address elsewhere wherever it takes one."""
    found = re.findall(r'@(app|router)\.\w+\(\s*f?"([^"]*)"', inspect.getsource(gradio.routes))
    paths = {(API_PREFIX if owner == "router" else "") + path for owner, path in found}
    return sorted(re.sub(r"\{\w+\}", "predict", re.sub(r"\{\w+:path\}", AWAY, path)) for path in paths)


def is_open(method: str, path: str) -> bool:
    if path == MCP_PATH:
        return method in MCP_METHODS
    return method in OPEN_PATHS and bool(OPEN_PATHS[method].fullmatch(path))


def test_every_route_of_gradio_is_shut_or_stays_here(web: httpx2.Client) -> None:
    paths = every_path()
    assert {f"/gradio_api/{way}{AWAY}" for way in ("file=", "file/", "proxy=")} <= {*paths}
    query = {"session_hash": "nobody", "url": AWAY, "deep_link": AWAY, "upload_id": "x"}
    body = {"data": [FILE], "fn_index": 0, "session_hash": "nobody", "event_id": "x", "query": AWAY}
    assert len(paths) > 60
    for method, path in itertools.product(("GET", "HEAD", "POST", "PUT", "DELETE"), paths):
        status = ask(web, method, path, params=query, json=body)
        assert (status == 404) != is_open(method, path), (method, path, status)
        assert status < 500, (method, path)


@pytest.mark.parametrize("every", one_in(90))
def test_data_that_are_not_as_their_schema_says_do_not_reach_gradio(web: httpx2.Client, every: int) -> None:
    """Of every event, of the page or of an endpoint, with values of each kind at each place, and too few and too many.

    In every run each value comes in its turn, at one event or another.
    """
    right = {"ask": [DANGER, None], "search": ["trust", 5], "check": ["Bring a friend."]}
    waiting = {event["id"] for event in web.get("/config").json()["dependencies"] if event["queue"]}
    for turn, ((name, number), path) in enumerate(itertools.product(events(web).items(), EVENT_PATHS)):
        envelope = {"fn_index": number, "session_hash": f"{name}-{path[-4:]}"}
        for at, value in itertools.islice(itertools.product(range(3), VALUES), turn % every, None, every):
            data = [*right.get(name, [None, ""])]
            data[at:] = [value, *data[at + 1 :]]
            status = call(web, path, data=data, **envelope)
            passed = 404 if number in waiting and path == EVENT_PATHS[1] else 200
            assert status in (passed, 422), (name, data)
            assert status == 422 or "gradio.FileData" not in str(data), (name, data)
        for data in (None, "x", {}, FILE, [FILE] * 9):
            assert call(web, path, data=data, **envelope) == 422


@pytest.mark.parametrize("path", EVENT_PATHS)
def test_an_event_that_is_none_is_refused(web: httpx2.Client, path: str) -> None:
    right = {"data": [None], "fn_index": events(web)["_carry_out"], "session_hash": "nobody"}
    for wrong in (
        *({"fn_index": number} for number in (-1, 999, None, "0", 1.5, True)),
        *({"session_hash": name} for name in (None, 5, FILE)),
        *({"event_data": data} for data in ("x", [FILE], FILE | {"do": 5}, {"do": "new", "sent": {"text": FILE}})),
        {"trigger_id": "x"},
    ):
        assert call(web, path, **(right | wrong)) == 422, wrong
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000):
        assert web.post(path, content=body).status_code == 422


@pytest.mark.parametrize("every", one_in(75))
def test_whatever_comes_with_an_act_is_met(web: httpx2.Client, every: int) -> None:
    """Some acts do something with it; what none can be done with is said on the page."""
    number = events(web)["_carry_out"]
    for do, sent in itertools.islice(itertools.product((*ACTS, "", "__class__", AWAY), SENT), 0, None, every):
        body = {"data": [None], "fn_index": number, "session_hash": "acts", "event_data": {"do": do, "sent": sent}}
        assert call(web, EVENT_PATHS[1], **body) == 200, (do, sent)


def test_a_file_given_to_a_tool_is_not_opened(web: httpx2.Client) -> None:
    for file in (FILE, LOCAL, {"path": AWAY, "meta": "x"}):
        for history in ([file], file, [{"question": file}]):
            asked = {"name": "ask", "arguments": {"question": DANGER, "history": history}}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
            answer = web.post(MCP_PATH, json=body, headers={"Accept": "application/json, text/event-stream"})
            assert '"isError":true' in answer.text


def test_a_stream_of_nobody_is_one_line(web: httpx2.Client) -> None:
    """As of a tab that was open when the server was closed."""
    said = ""
    with (
        web.stream("GET", "/gradio_api/queue/data", params={"session_hash": "nobody"}) as answer,
        suppress(httpx2.RemoteProtocolError),  # Gradio ends it so
    ):
        for piece in answer.iter_text():
            said += piece
    assert "session_not_found" in said
