"""The address of the page: bound at once, so that nobody else can take it, and named as a person types it."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies

from assistant.errors import PortError, SettingsError
from assistant.settings import Settings

TOOLS = "/gradio_api/mcp/"
"""Where Gradio speaks MCP (streamable HTTP)."""


def taken(settings: Settings, mcp: bool) -> socket.socket:
    """The address of the settings, bound; with `mcp`, it is sure that the guide can be offered over MCP there.

    Raises:
        PortError: the page cannot be served there.
        SettingsError: MCP cannot be had.
    """
    with ExitStack() as undo:
        listener = undo.enter_context(listening(settings.host, settings.port))
        if mcp:
            check_mcp(address_of(listener))
        undo.pop_all()
        return listener


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address, so that nobody else can take it; port 0 takes one that is free.

    Raises:
        PortError: the page cannot be served there.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere it would take the port from who has it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # who comes before the page is made waits for it
    except OSError as error:
        listener.close()
        what = f"The page cannot be served at {host}:{port} ({error.strerror or error})"
        do = f"Choose another port, for example --port {port + 1 if 0 < port < 65535 else 7860}."
        raise PortError(what, do) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """What to type into a browser on this machine, without a slash at the end."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_mcp(address: str) -> None:
    """SettingsError if the guide cannot be offered over MCP, or not without leaving the machine."""
    if find_spec("mcp") is None:
        raise SettingsError("MCP needs the package mcp", "Run: pip install 'guide-assistant[mcp]'")
    # Gradio calls its own page for a tool, and heeds proxies of the environment even on a loopback address.
    proxies, host = getproxies(), str(urlsplit(address).hostname)
    bypassed = {one.strip() for one in proxies.get("no", "").split(",")}
    if (proxies.get("http") or proxies.get("all")) and bypassed.isdisjoint(("*", host)):
        raise SettingsError("A proxy would see what is asked over MCP", f"Add {host} to the variable no_proxy.")
