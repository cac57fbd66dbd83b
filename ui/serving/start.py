"""Starts the server: the address is bound at once, and the page is built while the models load."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.assistant import Assistant
from assistant.guide import Say
from assistant.settings import Settings
from ui.serving.address import MCP_PATH, format_address, is_wildcard, open_listener

if TYPE_CHECKING:
    from ui.serving.server import RunningServer


def serve(assistant: Assistant, *, browser: bool, mcp: bool = False, say: Say, load: Callable[[], object]) -> None:
    """Serve the page until it is interrupted. `load` runs meanwhile; if it raises, the server is closed.

    Args:
        say: called with lines for whoever runs the server.

    Raises:
        GuideError: from `launch` or `load`.
        KeyboardInterrupt: the usual end.
    """
    with ExitStack() as undo:
        listener = undo.enter_context(open_listener(assistant.settings, mcp))
        address = format_address(listener)
        launching = undo.enter_context(ThreadPoolExecutor(1)).submit(_launch, assistant, listener, mcp, say)
        undo.callback(_close, launching)
        if browser:
            webbrowser.open(address)
        load()
        served = launching.result()
        for line in describe_page(assistant.settings, address, mcp):
            say(line)
        served.wait()


def describe_page(settings: Settings, address: str, mcp: bool) -> Iterator[str]:
    """Yield lines for whoever runs the server: where the page is, for whom, and by which names."""
    yield f"The chat is at {address} (Ctrl-C ends it)."
    if settings.origin:
        yield f"People open it at {settings.origin}."
    elif is_wildcard(settings.host):
        port = urlsplit(address).port
        yield (
            f"On other machines open http://{socket.gethostname()}:{port}, or this machine's address. Under any other "
            f"name, as from outside a container, it is refused until you start it with ASSISTANT_ORIGIN=http://NAME:{port}."
        )
    if mcp:
        yield f"The guide's tools are at {address}{MCP_PATH} (MCP)."
    if not settings.loopback:
        yield (
            "Everyone who can reach it can ask, and can read and delete the conversations that are kept; what they ask "
            "passes over that network."
        )


def _launch(assistant: Assistant, listener: socket.socket, mcp: bool, say: Say) -> RunningServer:
    # Imported late, in its own thread: importing Gradio takes as long as loading all models.
    from ui.serving.server import launch

    return launch(assistant, listener, mcp=mcp, say=say)


def _close(launching: Future[RunningServer]) -> None:
    if not launching.exception():
        launching.result().close()
