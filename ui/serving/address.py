"""The address of the page: bound before anything is loaded, so that no other program can take it meanwhile."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies

from assistant.errors import PortError, SettingsError
from assistant.settings import DEFAULT_PORT, Settings, is_loopback

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""The host names of a page on a loopback address."""

MCP_PATH = "/gradio_api/mcp/"
"""The path at which Gradio serves MCP (streamable HTTP)."""


def open_listener(settings: Settings, mcp: bool) -> socket.socket:
    """A socket that listens at the address of the settings; with `mcp`, after a check that MCP can be served there.

    Raises:
        PortError: the page cannot be served there.
        SettingsError: MCP cannot be served.
    """
    with ExitStack() as undo:
        listener = undo.enter_context(bind_socket(settings.host, settings.port))
        if mcp:
            check_mcp(format_address(listener))
        undo.pop_all()
        return listener


def bind_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 takes any free port.

    Raises:
        PortError: the page cannot be served there.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # on Windows this would take the port from a program that uses it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # a browser that connects before the page is ready waits
    except (OSError, TypeError, ValueError) as error:  # the last two if the host is no valid name
        listener.close()
        what = f"The page cannot be served at {host}:{port} ({getattr(error, 'strerror', '') or error})"
        raise PortError(what, advise(error, port)) from error
    return listener


def advise(error: Exception, port: int) -> str:
    """What to do if the system refuses an address."""
    if isinstance(error, PermissionError):
        return f"Choose a port above 1023, for example --port {DEFAULT_PORT}."
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        return f"Choose another port, for example --port {port + 1 if 0 < port < 65535 else DEFAULT_PORT}."
    return "Choose an address of this machine, for example --host 127.0.0.1."


def format_address(listener: socket.socket) -> str:
    """The URL to type into a browser on this machine, without a slash at the end."""
    host, port = listener.getsockname()[:2]
    if is_wildcard(host):
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_wildcard(host: str) -> bool:
    """Whether a host stands for all addresses of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:  # a name
        return False


def name_page(host: str) -> frozenset[str]:
    """The host names, in lower case, of a page that listens at a host.

    No name is looked up: whoever controls the name of another site could point it here.
    """
    if is_loopback(host):
        return LOOPBACK_NAMES
    machine = socket.gethostname().lower()
    short = machine.partition(".")[0]
    return LOOPBACK_NAMES | {host.lower(), machine, short, f"{short}.local"} - {""}


def check_mcp(address: str) -> None:
    """Raises SettingsError if MCP cannot be served, or if its calls would pass through a proxy."""
    if find_spec("mcp") is None:
        raise SettingsError("MCP needs the package mcp", "Run: pip install 'guide-assistant[mcp]'")
    # For each tool call Gradio sends a request to its own page, through a configured proxy even on loopback.
    proxies, host = getproxies(), str(urlsplit(address).hostname)
    bypassed = {name.strip() for name in proxies.get("no", "").split(",")}
    if (proxies.get("http") or proxies.get("all")) and bypassed.isdisjoint(("*", host)):
        raise SettingsError("A proxy would see what is asked over MCP", f"Add {host} to the variable no_proxy.")
