"""What Gradio gets to see: the requests that the page and the documented ways in make, and no data but theirs.

Gradio serves much more. Some of its routes fetch what their address names, and data that look like one of its files
make it fetch as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import chain, count

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ui.serving.address import MCP_PATH

EVENT_PATHS = ("/gradio_api/queue/join", "/gradio_api/run/predict")
"""Where events are sent: to the first those that wait in the queue, as each call of the API does; to the second those
of the page that do not wait."""

OPEN_PATHS = {
    "HEAD": re.compile("/"),
    "GET": re.compile(
        r"/|/config|/theme\.css|/favicon\.ico|/(assets|static)(/\w[\w.-]*)+"
        r"|/gradio_api/(info|queue/data|heartbeat/[\w-]{1,64})"
    ),
    "POST": re.compile("|".join((*EVENT_PATHS, "/gradio_api/cancel", "/gradio_api/reset"))),
}
"""Method -> the paths that a browser with the page, and a gradio_client, ask for."""

MCP_METHODS = ("GET", "POST", "DELETE")

NO_JSON = JSONResponse({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "The body is no JSON"}}, 400)
"""What a call over MCP gets whose body is none. MCP's library answers with 500 where the bytes are not even text."""


class Data(BaseModel):
    """Data of a request, with nothing that is not expected."""

    model_config = ConfigDict(strict=True, extra="forbid")


class PageEvent(BaseModel):
    """What comes with an event of the page: an act by its name, a question, or a text to check."""

    model_config = ConfigDict(strict=True)

    do: str = ""
    sent: dict[str, str | int | bool] = {}
    question: str = ""
    text: str = ""


class Call(BaseModel):
    """The body of an event. What else it has is not passed on."""

    model_config = ConfigDict(strict=True)

    data: list[object]
    fn_index: int
    session_hash: str
    trigger_id: int | None = None
    event_data: PageEvent = PageEvent()

    @field_validator("event_data", mode="before")
    @classmethod
    def _given(cls, data: object) -> object:
        return {} if data is None else data

    @field_validator("fn_index")
    @classmethod
    def _known(cls, number: int, info: ValidationInfo) -> int:
        assert number in (info.context or ()), "there is no such event"
        return number


class Gate:
    """ASGI middleware around Gradio: 404 for what nobody needs, 422 for data that are not as their schema says.

    A call over MCP gets 400 if it is no JSON; what it says is checked behind the gate.

    Args:
        schemas: number of an event -> what its data are, by name and in order.
        mcp: whether MCP is served.
    """

    def __init__(self, app: ASGIApp, schemas: Mapping[int, type[Data]], mcp: bool) -> None:
        self._app, self._schemas, self._mcp = app, schemas, mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is needed and as it should be."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        elif not self._is_open(scope["method"], scope["path"]):
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)
        elif scope["path"] in EVENT_PATHS:
            await self._pass_checked(self._check_event, scope, receive, send)
        elif scope["path"] == MCP_PATH and scope["method"] == "POST":
            await self._pass_checked(_check_mcp, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        if self._mcp and path == MCP_PATH:
            return method in MCP_METHODS
        return method in OPEN_PATHS and bool(OPEN_PATHS[method].fullmatch(path))

    async def _pass_checked(
        self, check: Callable[[bytes], bytes | Response], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass a request on with what a check makes of its body, unless that is a response already."""
        try:
            body = check(await Request(scope, receive).body())
        except ClientDisconnect:
            return
        if isinstance(body, Response):
            await body(scope, receive, send)
            return
        unread: list[Message] = [{"type": "http.request", "body": body}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        MutableHeaders(scope=scope)["content-length"] = str(len(body))
        await self._app(scope, replay, send)

    def _check_event(self, body: bytes) -> bytes | Response:
        """The body with what its schema has, as valid text, and nothing else; or what is wrong with it."""
        try:
            call = Call.model_validate(_parse(body), context=self._schemas)
            schema = self._schemas[call.fn_index]
            named = dict(zip(chain(schema.model_fields, map(str, count())), call.data, strict=False))
            data = schema.model_validate(named).model_dump().values()
        except ValidationError as error:
            return _report(error)
        whole = json.dumps(call.model_dump() | {"data": list(data)}, ensure_ascii=False)
        return whole.encode(errors="replace")  # half a surrogate pair is no text, and would end the answer to it


def _check_mcp(body: bytes) -> bytes | Response:
    """The body of a call over MCP as it is, if it is JSON."""
    return NO_JSON if _parse(body) is None else body


def _parse(body: bytes) -> object:
    """The JSON of a body; None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _report(error: ValidationError) -> JSONResponse:
    """What is wrong first, in the form in which Gradio's clients expect it."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"])) or "the request"
    told = {"__type__": "validate", "is_valid": False, "parameter_name": name, "message": first["msg"]}
    return JSONResponse({"detail": [told]}, 422)
