"""Starting: the address is bound at once, and the page is built while the models load."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from assistant.assistant import Assistant
from assistant.guide import Say
from ui.serving.address import MCP_PATH, format_address, open_listener

if TYPE_CHECKING:
    from ui.serving.server import RunningServer


def serve(assistant: Assistant, *, browser: bool, mcp: bool = False, say: Say, load: Callable[[], object]) -> None:
    """Serve the page until it is interrupted. `load` runs meanwhile; if it raises, the server is closed.

    Args:
        say: called with lines for who runs the server.

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
        say(f"The chat is at {address} (Ctrl-C ends it).")
        if assistant.settings.origin:
            say(f"People open it at {assistant.settings.origin}.")
        if mcp:
            say(f"The guide's tools are at {address}{MCP_PATH} (MCP).")
        if not assistant.settings.loopback:
            say("Everyone who can reach this address can ask, and what they ask passes over that network.")
        served.wait()


def _launch(assistant: Assistant, listener: socket.socket, mcp: bool, say: Say) -> RunningServer:
    # Imported late, in its own thread: importing Gradio takes as long as loading all models.
    from ui.serving.server import launch

    return launch(assistant, listener, mcp=mcp, say=say)


def _close(launching: Future[RunningServer]) -> None:
    if not launching.exception():
        launching.result().close()
