"""Starting: the address is taken at once, and the page is made while the models load. Nothing here imports Gradio."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from assistant.assistant import Assistant
from ui.serving.address import TOOLS, address_of, taken

if TYPE_CHECKING:
    from ui.serving.server import Served


def serve(
    assistant: Assistant, *, browser: bool, mcp: bool = False, say: Callable[[str], None], load: Callable[[], object]
) -> None:
    """Serve the page until it is interrupted; meanwhile `load`, whose error ends it.

    Raises:
        GuideError: what `launch` and `load` raise.
        KeyboardInterrupt: the way to end it.
    """
    with ExitStack() as undo:
        listener = undo.enter_context(taken(assistant.settings, mcp))
        address = address_of(listener)
        launching = undo.enter_context(ThreadPoolExecutor(1)).submit(_launched, assistant, listener, mcp)
        undo.callback(_closed, launching)
        if browser:
            webbrowser.open(address)
        load()
        served = launching.result()
        say(f"The chat is at {address} (Ctrl-C ends it).")
        if assistant.settings.origin:
            say(f"People open it at {assistant.settings.origin}.")
        if mcp:
            say(f"The guide's tools are at {address}{TOOLS} (MCP).")
        if not assistant.settings.loopback:
            say("Everyone who can reach this address can ask, and what they ask passes over that network.")
        served.wait()


def _launched(assistant: Assistant, listener: socket.socket, mcp: bool) -> Served:
    # Imported late: Gradio takes as long as all the models.
    from ui.serving.server import launch

    return launch(assistant, listener, mcp=mcp)


def _closed(launching: Future[Served]) -> None:
    if not launching.exception():
        launching.result().close()
