"""A model hub on the loopback: the part of the real one's file protocol that fetching a file needs.

The hub answers `/{owner}/{name}/resolve/{commit}/{path}` with what is known of the file, and sends the reader
on: for small files to a path of its own, for large ones to a storage host, here a second port. Faults can be
switched on.
"""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 100_000
"""Bytes from which a file lies on the storage host."""


@dataclass
class Asked:
    """One request that came."""

    host: str
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """What the hub holds, which faults it has, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    """`owner/name/path` -> bytes, at COMMIT."""
    damaged: set[str] = field(default_factory=set)
    """Files whose last byte is sent wrong, under the right sum."""
    cut_at: int = 0
    """Close the connection once, after so many bytes of a file; 0 never."""
    hold_at: int = 0
    """Send no more after so many bytes of a file, until `released`."""
    silent: bool = False
    """Take connections and say nothing until `released`."""
    released: threading.Event = field(default_factory=threading.Event)
    asked: list[Asked] = field(default_factory=list)
    address: str = ""
    storage: str = ""

    def ranges(self) -> list[str]:
        """The ranges that the storage host was asked for, in order."""
        return [asked.headers.get("range", "") for asked in self.asked if asked.host == "storage"]


class Server(ThreadingHTTPServer):
    """Says nothing of a reader that goes away in the middle of a file."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Run a hub and its storage host until the end of the block."""
    servers = [Server(("127.0.0.1", 0), handler(hub, host)) for host in ("hub", "storage")]
    hub.address, hub.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def handler(hub: Hub, host: str) -> type[BaseHTTPRequestHandler]:
    """The request handler of one of the two hosts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            lower = {name.lower(): value for name, value in self.headers.items()}
            hub.asked.append(Asked(host, self.command, self.path, lower))
            if hub.silent:
                hub.released.wait()
                self.close_connection = True
            elif host == "hub" and (found := re.fullmatch(rf"/(.+)/resolve/{COMMIT}/(.+)", self.path)):
                self.about(f"{found[1]}/{found[2]}")
            elif found := re.fullmatch(r"/held/(.+)", self.path):
                self.send(found[1])
            else:
                self.head(404, {"X-Error-Code": "RevisionNotFound"})

        def about(self, key: str) -> None:
            """What is known of a file, and where it lies."""
            data = hub.files.get(key)
            if data is None:
                self.head(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            elif len(data) < LARGE:
                self.head(307, {"Location": f"/held/{key}", "X-Repo-Commit": COMMIT})
            else:
                linked = {
                    "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                    "X-Linked-Size": str(len(data)),
                }
                self.head(302, {"Location": f"{hub.storage}/held/{key}", "X-Repo-Commit": COMMIT, **linked})

        def send(self, key: str) -> None:
            """The bytes of a file, or the range of them that was asked for."""
            data, start = hub.files[key], 0
            etag = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
                start = int(wanted[1])
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            if key in hub.damaged:
                data = data[:-1] + bytes([data[-1] ^ 1])
            body = data[start:]
            self.head(206 if wanted else 200, headers, len(body))
            if self.command == "GET":
                self.pass_on(body)

        def pass_on(self, body: bytes) -> None:
            """Write a body, up to a fault that is switched on."""
            cut, hold = hub.cut_at, hub.hold_at
            hub.cut_at = 0
            with suppress(ConnectionError):  # the reader went away
                self.wfile.write(body[: cut or hold or len(body)])
            if hold:
                hub.released.wait()
            self.close_connection = bool(cut or hold)

        def head(self, status: int, headers: dict[str, str], length: int = 0) -> None:
            """A status and headers."""
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler
