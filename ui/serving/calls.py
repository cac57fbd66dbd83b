"""Which programs that call Gradio's API or MCP still listen.

Gradio does not notice when a listener goes away while it sends; and it forwards an MCP call to itself, so that the
caller is not seen at all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.address import MCP_PATH

CALL_HEADER = "x-guide-call"
"""The header that names a call over MCP; Gradio passes it on with the others."""

STREAM_PATH, SESSION = "/gradio_api/queue/data", "session_hash"
"""Where a session listens to what its events send, and the query parameter that names the session."""

PATIENCE = 5.0
"""Seconds without a listener after which an event ends; an event may begin before its session listens."""


class Listeners(Counter[str]):
    """How many requests of each MCP call and of each session are open now, by name."""

    def watch(self, name: str) -> Callable[[], bool]:
        """A function that tells whether nobody has listened under a name for `PATIENCE`; call it again and again."""
        heard = time.monotonic()

        def has_left() -> bool:
            nonlocal heard
            now = time.monotonic()
            if self[name]:
                heard = now
            return now - heard > PATIENCE

        return has_left


class ListenerCounter:
    """ASGI middleware that gives each MCP request a name, in `CALL_HEADER`, and counts the listeners.

    Args:
        listeners: kept up to date.
    """

    def __init__(self, app: ASGIApp, listeners: Listeners) -> None:
        self._app, self._listeners = app, listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it until it ends."""
        if name := _name(scope):
            self._listeners[name] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            if name:
                self._listeners[name] -= 1
                if not self._listeners[name]:
                    del self._listeners[name]


def _name(scope: Scope) -> str:
    """The name that a request counts under: a new one for an MCP call, the session's for a listener; else empty."""
    path = str(scope.get("path", "")) if scope["type"] == "http" else ""
    if path.startswith(MCP_PATH.rstrip("/")):
        name = uuid4().hex
        MutableHeaders(scope=scope)[CALL_HEADER] = name
        return name
    return parse_qs(scope["query_string"].decode("latin-1")).get(SESSION, [""])[0] if path == STREAM_PATH else ""
