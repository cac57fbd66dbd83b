"""The server: the page and the APIs at one address, behind a guard against other web sites."""

from __future__ import annotations

import logging
import re
import socket
from contextlib import ExitStack, closing
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
import uvicorn
from fastapi import FastAPI
from pydantic import create_model
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from assistant.assistant import Assistant
from assistant.errors import SettingsError
from assistant.guide import Say, say_nothing
from ui.page.app import HEAD, STYLE, Page, make_theme
from ui.serving.address import format_address, name_page, open_listener
from ui.serving.api import SCHEMAS, offer
from ui.serving.calls import ListenerCounter, Listeners
from ui.serving.completions import make_router
from ui.serving.gate import Data, Gate
from ui.serving.sessions import drop_leftovers_while_served

CLOSE_SECONDS = 1
"""How long open connections have to end by themselves when the server is closed."""

MAX_BODY = 25 * 2**20
"""The most bytes of a request; an imported conversation is the largest."""


class Guard:
    """ASGI middleware around everything: refuses requests that another web site makes the person's browser send.

    Requests from pages of another origin are refused; a link from there to the page may be followed. The Host header
    must be one of the page's names, so that no site can point a name of its own here (DNS rebinding): the public one,
    one of `names`, or the address at which the request came in.

    Args:
        names: host names of the page, in lower case.
        origin: the public URL if it is behind a proxy; else empty.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str], origin: str) -> None:
        self._app, self._names, self._origin = app, names, origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed; answer requests from other sites with 403, requests that are too large with 413."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_named(scope, headers):
            refusal = PlainTextResponse(describe_names(headers.get("host", "").lower()), 403)
        elif not self._is_own(scope, headers):
            refusal = PlainTextResponse("This is served to its own page and to programs only.", 403)
        elif "transfer-encoding" in headers or int(headers.get("content-length", 0)) > MAX_BODY:
            refusal = PlainTextResponse(f"A request has at most {MAX_BODY:,} bytes, and says how many.", 413)
        else:
            await self._app(scope, receive, send)
            return
        await (WebSocketClose() if scope["type"] == "websocket" else refusal)(scope, receive, send)

    def _is_public(self, headers: Headers) -> bool:
        return bool(self._origin) and headers.get("host", "").lower() == urlsplit(self._origin).netloc

    def _is_named(self, scope: Scope, headers: Headers) -> bool:
        name = parse_host_name(headers.get("host", "").lower())
        return self._is_public(headers) or name in self._names or name == parse_address(scope["server"][0])

    def _is_own(self, scope: Scope, headers: Headers) -> bool:
        if "origin" in headers:
            sender, host = headers["origin"].lower(), headers.get("host", "").lower()
            if sender != self._origin if self._is_public(headers) else sender.partition("://")[2] != host:
                return False
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none") or _is_followed_link(scope, headers)


def _is_followed_link(scope: Scope, headers: Headers) -> bool:
    """Whether a person followed a link from another site, in a tab and not in a frame."""
    return scope.get("method") == "GET" and headers.get("sec-fetch-dest") == "document"


def parse_host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty if the header is malformed."""
    found = re.fullmatch(r"(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d+)?", host)
    return (found[1] or found[2]) if found else ""


def describe_names(host: str) -> str:
    """Why a Host header is refused, and what to do; a malformed one is not repeated."""
    if not parse_host_name(host):
        return "This is served under other names."
    return (
        f"This is served under other names than {host}. If it is yours, start it with ASSISTANT_ORIGIN=http://{host} "
        "(or https, as the browser shows it)."
    )


def parse_address(given: str) -> str:
    """A socket's address as it stands in a Host header; an IPv4 address that came in over IPv6 is given as IPv4."""
    address = ip_address(given.partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The running server."""

    address: str
    """Its URL, without a slash at the end."""
    _ended: Event
    _closing: ExitStack

    def wait(self) -> None:
        """Block until it is closed. Raises KeyboardInterrupt."""
        # On Windows, Ctrl-C interrupts no wait without timeout. A join will not do: before Python 3.13, once Ctrl-C
        # interrupts it, the thread counts as ended, and its socket is closed while it still runs.
        while not self._ended.wait(0.5):
            pass

    def close(self) -> None:
        """Stop the server, the model and the watch over the guide's texts. Afterwards the port is free."""
        self._closing.close()


def launch(
    assistant: Assistant, listener: socket.socket | None = None, *, mcp: bool = False, say: Say = say_nothing
) -> RunningServer:
    """Serve the page at once; a question waits until the models are loaded. From then on the index follows the texts.

    Args:
        listener: from `open_listener`; by default at the address of the settings. Closed with the server.
        mcp: also serve the endpoints as MCP tools.
        say: called with what goes wrong while it is served, in lines.

    Raises:
        PortError: the page cannot be served at that address.
        SettingsError: MCP cannot be served.
    """
    with ExitStack() as undo:
        listener = undo.enter_context(listener or open_listener(assistant.settings, mcp))
        address = format_address(listener)
        follower = undo.enter_context(closing(assistant.follow(say)))
        page = undo.enter_context(closing(Page(assistant, follower)))
        ended = _start(make_app(assistant, page, address, mcp), listener, undo)
        return RunningServer(address, ended, undo.pop_all())


def make_app(assistant: Assistant, page: Page, address: str, mcp: bool) -> FastAPI:
    """The guard, inside it our own routes, and behind the gate the page at every other path."""
    # FastAPI's own documentation page loads scripts from another machine.
    app = FastAPI(openapi_url=None, lifespan=drop_leftovers_while_served(page))
    listeners = Listeners()
    app.add_middleware(ListenerCounter, listeners=listeners)
    app.add_middleware(Guard, names=name_page(assistant.settings.host), origin=assistant.settings.origin)
    app.include_router(make_router(assistant))
    with page.blocks:
        offer(assistant, listeners)
    # Outside the queue nobody would see that a caller has gone away, or how many call at a time.
    blocks = page.blocks.queue(default_concurrency_limit=None, api_open=False)
    gr.mount_gradio_app(
        app,
        blocks,
        "/",
        server_name=assistant.settings.host,
        server_port=urlsplit(address).port,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=mcp,
        theme=make_theme(),
        css_paths=[STYLE],
        head=HEAD,
    )
    if mcp:
        if blocks.mcp_error:
            raise SettingsError(blocks.mcp_error, "Start without --mcp.")
        # The MCP tools call the page; its address must not come from a request's headers.
        blocks.mcp_server_obj.root_path = address
    mount = app.routes[-1]
    assert isinstance(mount, Mount)
    mount.app = Gate(mount.app, {number: _find_schema(event) for number, event in blocks.fns.items()}, mcp)
    return app


def _find_schema(event: Any) -> type[Data]:
    """The schema of a Gradio event: the endpoint's, or for an event of the page, text for each stateless input."""
    if event.api_name in SCHEMAS:
        return SCHEMAS[event.api_name]
    inputs: dict[str, Any] = {
        f"input_{at}": (None if block.stateful else str, ...) for at, block in enumerate(event.inputs)
    }
    return create_model("PageData", __base__=Data, **inputs)


def _start(app: FastAPI, listener: socket.socket, undo: ExitStack) -> Event:
    """Start the server in its own thread and wait until it runs; what ends it is added to `undo`.

    Returns:
        An event that is set when the server has ended.
    """
    config = uvicorn.Config(
        app,
        loop="asyncio",  # the same server whatever else is installed, and audit hooks see its connections
        http="h11",
        log_config=None,
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=CLOSE_SECONDS,
        server_header=False,
        reset_contextvars=True,  # else what Gradio notes about a request can reach the next one on the same connection
    )
    server, ended = uvicorn.Server(config), Event()

    def run() -> None:
        try:
            server.run([listener])
        finally:
            ended.set()

    thread = Thread(target=run, name="server", daemon=True)
    log = logging.getLogger("uvicorn.error")

    def is_worth_logging(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:  # one line, without the traceback
            record.msg, record.exc_info = f"A request could not be answered ({record.exc_info[1]!r})", None
        return not server.should_exit  # requests cut off by closing are no errors

    def end() -> None:
        server.should_exit = True
        thread.join()
        log.removeFilter(is_worth_logging)

    log.addFilter(is_worth_logging)
    thread.start()
    undo.callback(end)
    while not server.started:
        if ended.wait(0.01):
            raise RuntimeError("the server did not start")
    return ended
