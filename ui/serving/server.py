"""Serving: the page and the ways in for other programs, on one address, and who may reach them there."""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack, closing
from dataclasses import dataclass
from threading import Thread
from urllib.parse import urlsplit

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from assistant.assistant import Assistant
from assistant.errors import SettingsError
from ui.page.app import HEAD, STYLE, Page, theme
from ui.serving.address import address_of, taken
from ui.serving.api import offer
from ui.serving.completions import completions

GRACE = 1
"""Seconds that open connections have to end by themselves when the server is closed."""

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""What a page on a loopback address is called by."""

FETCHING = ("/gradio_api/file=http", "/gradio_api/proxy=")
"""Paths at which Gradio would get something from another machine, in lower case."""


class Guard:
    """Refuses what a web site could make the person's browser send here. ASGI middleware around all that is served.

    On a loopback address only that address's own names are answered to, so that no site can bind its name to it (DNS
    rebinding); behind a proxy also its public name, and wherever it listens no other. Anywhere, what a page of another
    origin sends is refused; a link to the page may be followed.

    Args:
        address: where it is served.
        origin: where people open it, if a proxy stands before it.
        loopback: whether only this machine can reach it.
    """

    def __init__(self, app: ASGIApp, address: str, origin: str, loopback: bool) -> None:
        self._app, self._origin = app, origin
        self._names = OWN_NAMES | {urlsplit(address).hostname} if loopback or origin else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours; 403 for the rest."""
        if scope["type"] == "lifespan" or self._ours(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await PlainTextResponse("This is served to its own page and to programs only.", 403)(scope, receive, send)

    def _ours(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        public = bool(self._origin) and host == urlsplit(self._origin).netloc
        if self._names is not None and not public and name_of(host) not in self._names:
            return False
        sender = headers.get("origin", "").lower()
        if "origin" in headers and (sender != self._origin if public else urlsplit(sender).netloc != host):
            return False
        if str(scope["path"]).lower().startswith(FETCHING):
            return False
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none") or _followed(scope, headers)


def _followed(scope: Scope, headers: Headers) -> bool:
    """Whether a person followed a link from elsewhere, into a tab and not into a frame."""
    return scope.get("method") == "GET" and headers.get("sec-fetch-dest") == "document"


def name_of(host: str) -> str:
    """A Host header without port and brackets; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Served:
    """A page that is being served, until it is closed."""

    address: str
    """Without a slash at the end."""
    _thread: Thread
    _closing: ExitStack

    def wait(self) -> None:
        """Until it is closed, or KeyboardInterrupt."""
        while self._thread.is_alive():
            self._thread.join(0.5)  # on Windows nothing interrupts an endless one

    def close(self) -> None:
        """Serve no longer, stop the model, leave the guide's texts alone; then the port is free."""
        self._closing.close()


def launch(assistant: Assistant, listener: socket.socket | None = None, *, mcp: bool = False) -> Served:
    """Serve the page, at once: a question waits until the models are loaded.

    Args:
        listener: where, from `taken`; without one, at the address of the settings. Closed with the page.
        mcp: also offer the guide as tools, over MCP.

    Raises:
        PortError: it cannot be served at that address.
        SettingsError: MCP cannot be had.
    """
    with ExitStack() as undo:
        listener = undo.enter_context(listener or taken(assistant.settings, mcp))
        address = address_of(listener)
        page = undo.enter_context(closing(Page(assistant)))
        thread = _started(application(assistant, page, address, mcp), listener, undo)
        return Served(address, thread, undo.pop_all())


def application(assistant: Assistant, page: Page, address: str, mcp: bool) -> FastAPI:
    """Our own routes, then the page at every other path, all behind the guard."""
    app = FastAPI(openapi_url=None)  # its documentation would come from another machine
    app.add_middleware(Guard, address=address, origin=assistant.settings.origin, loopback=assistant.settings.loopback)
    app.include_router(completions(assistant))
    with page.blocks:
        offer(assistant)
    blocks = page.blocks.queue(default_concurrency_limit=None)
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
        theme=theme(),
        css_paths=[STYLE],
        head=HEAD,
    )
    if mcp:
        if blocks.mcp_error:
            raise SettingsError(blocks.mcp_error, "Start without --mcp.")
        # Its tools call the page; where that is must not depend on what a request says.
        blocks.mcp_server_obj.root_path = address
    return app


def _started(app: FastAPI, listener: socket.socket, undo: ExitStack) -> Thread:
    """The server, in a thread of its own; `undo` ends it."""
    config = uvicorn.Config(
        app, log_config=None, log_level="error", access_log=False, timeout_graceful_shutdown=GRACE, server_header=False
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],), name="server", daemon=True)
    log = logging.getLogger("uvicorn.error")

    def quiet(record: logging.LogRecord) -> bool:
        return not server.should_exit  # what is cut off by closing is no fault

    def end() -> None:
        server.should_exit = True
        thread.join()
        log.removeFilter(quiet)

    log.addFilter(quiet)
    thread.start()
    undo.callback(end)
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        thread.join(0.01)
    return thread
