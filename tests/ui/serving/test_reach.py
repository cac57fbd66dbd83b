"""Nobody in: who may reach the page, and what of it, request by request. No model is loaded."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import TypeAlias

import pytest

from assistant import Settings, open_assistant
from ui.serving.server import MAX_BODY, launch

MACHINE = socket.gethostname().lower()
HOME = "localhost:{port}"
JSON = "Content-Type: application/json"
EVENT = "POST /gradio_api/run/predict"
CROSS = "Sec-Fetch-Site: cross-site"
SOCKET = (
    "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)

SETTINGS = {
    "loopback": {"host": "127.0.0.1"},
    "wildcard": {"host": "0.0.0.0"},
    "proxied": {"host": "0.0.0.0", "origin": "https://guide.example"},
}

OPEN, SHUT, GONE, WRONG, LARGE = (200,) * 3, (403,) * 3, (404,) * 3, (422,) * 3, (413,) * 3
Statuses: TypeAlias = tuple[int, int, int]

TABLE: list[tuple[str, str, str, Statuses]] = [
    # What is asked for, the Host, other headers; the status on loopback, on all addresses, behind a proxy.
    # Names
    *(("GET /", name, "", OPEN) for name in (HOME, "LOCALHOST", "127.0.0.1:{port}", "[::1]:{port}", "localhost:1")),
    *(("GET /", name, "", (403, 200, 200)) for name in (MACHINE, MACHINE.upper(), MACHINE.split(".")[0] + ".local:1")),
    *(("GET /", name, "", (403, 403, 200)) for name in ("guide.example", "Guide.Example")),
    *(
        ("GET /", name, "", SHUT)
        for name in (
            *(
                "evil.example",
                "evil.example:{port}",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "guide.example:1",
            ),
            *(
                "192.0.2.1:{port}",
                "[2001:db8::1]",
                "[::ffff:192.0.2.1]",
                "[::1",
                "::1",
                "a@localhost",
                "localhost/",
                "null",
            ),
            *("", "localhost.", "guide.example.", f"{MACHINE}.evil.example", "2130706433", "0x7f.1"),
        )
    ),
    ("GET /", "evil.example", "X-Forwarded-Host: localhost", SHUT),
    ("GET /", "evil.example", "Forwarded: host=localhost", SHUT),
    ("GET /", HOME, "Host: evil.example", (400,) * 3),
    ("POST /v1/chat/completions", "evil.example", JSON, SHUT),
    (EVENT, "evil.example", JSON, SHUT),
    # Other sites
    ("GET /", HOME, "Origin: http://" + HOME, (200, 200, 200)),
    ("GET /", "guide.example", "Origin: https://guide.example", (403, 403, 200)),
    *(
        (line, HOME, f"Origin: {origin}\n{JSON}", SHUT)
        for line in ("GET /config", EVENT, "POST /v1/chat/completions", "OPTIONS /v1/chat/completions", "GET /nothing")
        for origin in (
            "https://evil.example",
            "null",
            "",
            "http://localhost",
            "http://127.0.0.1:{port}",
            "http://[",
            "x",
        )
    ),
    ("GET /", "guide.example", "Origin: https://evil.example", SHUT),
    ("GET /", HOME, "Referer: https://evil.example/", OPEN),
    ("GET /", HOME, f"{CROSS}\nSec-Fetch-Dest: document\nReferer: https://evil.example/", OPEN),
    *(("GET /", HOME, f"{CROSS}\nSec-Fetch-Dest: {dest}", SHUT) for dest in ("iframe", "image", "script", "empty", "")),
    ("GET /", HOME, "Sec-Fetch-Site: same-site\nSec-Fetch-Dest: frame", SHUT),
    ("GET /", HOME, "Sec-Fetch-Site: same-origin\nSec-Fetch-Dest: empty", OPEN),
    ("GET /", HOME, "Sec-Fetch-Site: none\nSec-Fetch-Dest: document", OPEN),
    ("POST /", HOME, f"{CROSS}\nSec-Fetch-Dest: document", SHUT),
    (EVENT, HOME, f"{CROSS}\nContent-Type: text/plain", SHUT),
    (EVENT, HOME, "Content-Type: application/x-www-form-urlencoded", WRONG),
    (EVENT, HOME, "Content-Type: multipart/form-data; boundary=x", WRONG),
    ("GET /", HOME, SOCKET, SHUT),
    ("GET /", "evil.example", SOCKET, SHUT),
    ("GET /gradio_api/queue/data", HOME, SOCKET, SHUT),
    # Paths that nobody needs
    *(
        (f"{method} {path}", HOME, JSON, GONE)
        for method in ("GET", "POST")
        for path in (
            *("/nothing", "/v1", "/v1/nothing", "/docs", "/redoc", "/openapi.json", "/gradio_api", "/gradio_api/mcp/"),
            *(
                "/config/",
                "//config",
                "/./config",
                "/x/../config",
                "/%2e/config",
                "/CONFIG",
                "/config%00",
                "/config%0a",
            ),
            *(
                "/assets",
                "/assets/",
                "/assets/../index.html",
                "/assets/%2e%2e/index.html",
                "/static/%2e%2e%2f%2e%2e%2fa",
            ),
            *("/assets/..%5c..%5cindex.html", "/static//etc/passwd", "/static/.hidden", "/svelte/svelte.js"),
            *("/gradio_api/file=/etc/passwd", "/gradio_api/file=https://evil.example/", "/gradio_api/FILE=https://a/"),
            *(
                "/gradio_api/file%3dhttps://evil.example/",
                "/gradio_api/%66ile=https://evil.example/",
                "/gradio_api/upload",
            ),
            *(
                "/gradio_api/file/https://evil.example/",
                "/gradio_api/proxy=https://a.hf.space/",
                "/gradio_api/call/ask",
            ),
            *("/gradio_api/queue/join/", "/gradio_api/run/ask", "/gradio_api/api/predict", "/gradio_api/openapi.json"),
            *(
                "/gradio_api/component_server",
                "/gradio_api/vibe-edit",
                "/gradio_api/dev/reload",
                "/monitoring",
                "/login",
            ),
        )
    ),
    *((f"{method} /", HOME, "", GONE) for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CURSE")),
    ("HEAD /", HOME, "", OPEN),
    ("GET /gradio_api/queue/join", HOME, "", GONE),
    ("POST /config", HOME, "", GONE),
    # Sizes
    (EVENT, HOME, f"{JSON}\nContent-Length: {MAX_BODY + 1}", LARGE),
    ("POST /v1/chat/completions", HOME, f"{JSON}\nContent-Length: 100000000", LARGE),
    ("POST /gradio_api/reset", HOME, f"{JSON}\nTransfer-Encoding: chunked", LARGE),
    (EVENT, HOME, "Content-Length: many", (400,) * 3),
    ("GET /", HOME, "Content-Length: -1", (400,) * 3),
    ("GET /", HOME, "X-Long: " + "x" * 10**6, (400,) * 3),
    ("GET /?" + "x" * 10**6, HOME, "", (400,) * 3),
]


@pytest.fixture(scope="module", params=SETTINGS)
def place(request: pytest.FixtureRequest, settings: Settings) -> Iterator[tuple[int, int]]:
    """Which of the settings it is, and the port at which it is served."""
    with closing(launch(open_assistant(settings.model_copy(update={"port": 0} | SETTINGS[request.param])))) as served:
        yield list(SETTINGS).index(request.param), int(served.address.rpartition(":")[2])


def ask(port: int, line: str, host: str, headers: str, to: str = "127.0.0.1") -> int:
    """The status of the answer to a request, byte for byte as it is given."""
    sent = "\n".join(filter(None, (f"{line} HTTP/1.1", f"Host: {host}", "Connection: close", headers)))
    if SOCKET in headers:
        sent = sent.replace("Connection: close\n", "")
    with socket.create_connection((to, port)) as connection:
        with suppress(ConnectionError):  # what is too long is answered before all of it is sent
            connection.sendall(sent.format(port=port).replace("\n", "\r\n").encode() + b"\r\n\r\n")
        return int(connection.makefile("rb").readline().split()[1])


def test_each_request_is_answered_as_the_table_says(place: tuple[int, int]) -> None:
    setting, port = place
    answered = [ask(port, line, host, headers) for line, host, headers, _ in TABLE]
    wrong = [
        (line[:80], host, headers[:80], status, statuses[setting])
        for (line, host, headers, statuses), status in zip(TABLE, answered, strict=True)
        if status != statuses[setting]
    ]
    assert not wrong


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address of this machine without further ado")
def test_a_literal_address_is_answered_to_where_the_request_came_in(place: tuple[int, int]) -> None:
    setting, port = place
    if setting:  # not bound to one address alone
        assert ask(port, "GET /", f"127.0.0.2:{port}", "", to="127.0.0.2") == 200
    assert ask(port, "GET /", f"127.0.0.2:{port}", "") == 403
