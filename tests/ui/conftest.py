"""Watches the process that serves, which is that of the tests: it opens connections to this machine alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.settings import is_loopback

tried: list[str] = []
"""Hosts of other machines that were to be looked up or connected to."""


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook that refuses what it notes."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None  # else within this machine, by a path
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name and name not in ("0.0.0.0", "::") and not is_loopback(name):
        tried.append(f"{event} {name}")
        raise OSError(f"{event}: {name} is another machine")


sys.addaudithook(watch)


@pytest.fixture(autouse=True)
def nothing_goes_out() -> Iterator[None]:
    tried.clear()
    yield
    assert not tried
