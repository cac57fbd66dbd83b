"""Chat servers on loopback: llama.cpp's own, which counts what it evaluates, and a small one that does as told."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

COUNTING = """
import sys, llama_cpp
evaluate = llama_cpp.Llama.eval
def counted(self, tokens):
    print("EVALUATED", len(tokens), flush=True)
    return evaluate(self, tokens)
llama_cpp.Llama.eval = counted
from llama_cpp.server.__main__ import main
main()
"""
"""The server as it is; beside that it says how many tokens it evaluates."""


@dataclass
class LlamaServer:
    """`python -m llama_cpp.server` with one model."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def said(self, word: str) -> int:
        """Lines of the log with a word."""
        return sum(word in line for line in self.log.read_text("utf-8", "replace").splitlines())

    @property
    def evaluated(self) -> int:
        """Tokens evaluated until now."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("EVALUATED "))

    def tokens(self, text: str) -> list[int]:
        """A text as this server tokenises what it got: template tokens are tokens."""
        sent = Request(
            f"{self.url}/extras/tokenize", json.dumps({"input": text}).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(sent) as answer:
            tokens: list[int] = json.load(answer)["tokens"]
        return tokens


@contextmanager
def llama_server(model: Path, log: Path, *options: str) -> Iterator[LlamaServer]:
    """Runs until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--model", str(model), "--n_ctx", "4096", "--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-c", COUNTING, *words, "--interrupt_requests", "false", *options]
    with log.open("wb") as kept, subprocess.Popen(command, stdout=kept, stderr=subprocess.STDOUT) as process:
        try:
            while process.poll() is None and not _open(port):
                time.sleep(0.1)
            assert process.poll() is None, log.read_text("utf-8", "replace")
            yield LlamaServer(process, f"http://127.0.0.1:{port}", log)
        finally:
            process.kill()


def _open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@dataclass
class Call:
    """A request to the small server, and its handler to answer with."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    handler: BaseHTTPRequestHandler

    def answer(self, data: Any, status: int = 200) -> None:
        """Answer with JSON, or with a text as it is."""
        sent = (data if isinstance(data, str) else json.dumps(data)).encode()
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", "text/html" if isinstance(data, str) else "application/json")
        self.handler.send_header("Content-Length", str(len(sent)))
        self.handler.end_headers()
        self.handler.wfile.write(sent)

    def events(self, *rows: Any, end: str = "data: [DONE]\n\n") -> None:
        """Answer with a stream, which ends where the connection does."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.end_headers()
        self.handler.wfile.write("".join(f"data: {json.dumps(row)}\n\n" for row in rows).encode() + end.encode())


@dataclass
class SmallServer:
    """What it was asked, and where it is."""

    url: str
    calls: list[Call]

    @property
    def asked(self) -> list[Call]:
        """The requests for words."""
        return [call for call in self.calls if call.path.endswith("/chat/completions")]


@contextmanager
def small_server(act: Callable[[Call], None], models: tuple[str, ...] = ("m",)) -> Iterator[SmallServer]:
    """A server that lists these models and does `act` at each request for words; without any, `act` at all."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.meet(b"{}")

        def do_POST(self) -> None:
            self.meet(self.rfile.read(int(self.headers["Content-Length"])))

        def meet(self, body: bytes) -> None:
            calls.append(Call(self.path, dict(self.headers), json.loads(body), self))
            if models and self.path == "/v1/models":
                calls[-1].answer({"data": [{"id": name} for name in models]})
            else:
                act(calls[-1])

        def log_message(self, *words: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield SmallServer(f"http://127.0.0.1:{server.server_port}", calls)
        finally:
            server.shutdown()


def piece(text: str = "", reason: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk of a stream."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}], **more}
