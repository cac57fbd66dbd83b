"""Watches the process that serves, which is that of the tests: it opens connections to this machine alone."""

from __future__ import annotations

import sys
from typing import Any

from assistant.settings import is_loopback

watched: list[str] | None = None
"""Hosts of other machines that were to be looked up or connected to; None while nobody watches."""


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook that refuses what it notes."""
    if watched is None:
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None  # else within this machine, by a path
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name and name not in ("0.0.0.0", "::") and not is_loopback(name):
        watched.append(f"{event} {name}")
        raise OSError(f"{event}: {name} is another machine")


sys.addaudithook(watch)
