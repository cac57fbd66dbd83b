"""Lets through to Gradio only the requests that the page and the documented APIs make, and only their data.

Gradio serves much more. Some of its routes fetch whatever their address names, and data that looks like one of its
files makes it fetch too.
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
"""Where events are sent: to the first path those that wait in the queue, as every API call does; to the second the
page's events that do not wait."""

OPEN_PATHS = {
    "HEAD": re.compile("/"),
    "GET": re.compile(
        r"/|/config|/theme\.css|/favicon\.ico|/(assets|static)(/\w[\w.-]*)+"
        r"|/gradio_api/(info|queue/data|heartbeat/[\w-]{1,64})"
    ),
    "POST": re.compile("|".join((*EVENT_PATHS, "/gradio_api/cancel", "/gradio_api/reset"))),
}
"""Method -> the paths that a browser with the page, and a gradio_client, request."""

MCP_METHODS = ("GET", "POST", "DELETE")

NO_JSON = JSONResponse({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "The body is no JSON"}}, 400)
"""The reply to an MCP call whose body is not JSON. MCP's library answers with 500 if the bytes are not even text."""


class Data(BaseModel):
    """Data of a request; unexpected fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid")


class PageEvent(BaseModel):
    """What comes with an event of the page: an act by its name, a question, or a text to check."""

    model_config = ConfigDict(strict=True)

    do: str = ""
    sent: dict[str, str | int | bool] = {}
    question: str = ""
    text: str = ""


class Call(BaseModel):
    """The body of an event. Any other field is not passed on."""

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
    """ASGI middleware around Gradio: 404 for paths that nobody needs, 422 for data that breaks its schema.

    An MCP call gets 400 if it is not JSON; its content is checked behind the gate.

    Args:
        schemas: number of an event -> the schema of its data, by name and in order.
        mcp: whether MCP is served.
    """

    def __init__(self, app: ASGIApp, schemas: Mapping[int, type[Data]], mcp: bool) -> None:
        self._app, self._schemas, self._mcp = app, schemas, mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is needed and valid."""
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
        """Pass a request on with the body that a check returns; if it returns a response, send that instead."""
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
        """The body as valid text with only what its schema has; or a response that says what is wrong."""
        try:
            call = Call.model_validate(_parse(body), context=self._schemas)
            schema = self._schemas[call.fn_index]
            named = dict(zip(chain(schema.model_fields, map(str, count())), call.data, strict=False))
            data = schema.model_validate(named).model_dump().values()
        except ValidationError as error:
            return _report(error)
        whole = json.dumps(call.model_dump() | {"data": list(data)}, ensure_ascii=False)
        return whole.encode(errors="replace")  # half a surrogate pair is not text, and would cut off the reply


def _check_mcp(body: bytes) -> bytes | Response:
    """The body of an MCP call unchanged if it is JSON; else a response that says so."""
    return NO_JSON if _parse(body) is None else body


def _parse(body: bytes) -> object:
    """The parsed JSON of a body; None if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _report(error: ValidationError) -> JSONResponse:
    """The first error, in the form that Gradio's clients expect."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"])) or "the request"
    told = {"__type__": "validate", "is_valid": False, "parameter_name": name, "message": first["msg"]}
    return JSONResponse({"detail": [told]}, 422)
