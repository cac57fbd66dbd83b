"""Which calls over MCP are still open.

Gradio passes a call on to its own page, as a request of a client that does not hear when the caller goes away.
"""

from __future__ import annotations

from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.address import MCP_PATH

CALL_HEADER = "x-guide-call"
"""The header that names a call; Gradio passes it on with the others."""


class CallNamer:
    """ASGI middleware that gives each request for MCP a name, in `CALL_HEADER`.

    Args:
        open_calls: the names of those that are open; kept up to date.
    """

    def __init__(self, app: ASGIApp, open_calls: set[str]) -> None:
        self._app, self._open_calls = app, open_calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, under its name."""
        if scope["type"] != "http" or not str(scope["path"]).startswith(MCP_PATH.rstrip("/")):
            await self._app(scope, receive, send)
            return
        name = uuid4().hex
        MutableHeaders(scope=scope)[CALL_HEADER] = name
        self._open_calls.add(name)
        try:
            await self._app(scope, receive, send)
        finally:
            self._open_calls.remove(name)
