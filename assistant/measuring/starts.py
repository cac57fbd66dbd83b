"""The program started from nothing in a process of its own, as a person starts it: how long, and how much memory."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psutil

from assistant.errors import GuideError
from assistant.settings import Settings, as_variables

ASK = """
import json, sys, time
from assistant.assistant import open_assistant
from assistant.settings import load_settings
assistant = open_assistant(load_settings())
assistant.load()
begun = time.time()
*_, answer = assistant.stream(sys.argv[1])
print(json.dumps(begun + (answer.timings.first_token_s or answer.timings.total_s)))
"""
"""What `assistant ask` does; tells when its first token came."""

SERVE = "from assistant.cli import main; main()"

LIBRARIES = ("llama_cpp", "sentence_transformers", "chromadb", "gradio")
"""Whose bare imports take memory that nothing here can save."""

LOOK, LONGEST = 0.05, 600.0
"""Seconds between two looks at a page that starts, and until it is given up."""


def ask_s(settings: Settings, question: str) -> float:
    """Seconds from the start of a process to the first token of its answer."""
    begun = time.time()
    done = subprocess.run(
        [sys.executable, "-c", ASK, question], capture_output=True, text=True, env=as_variables(settings)
    )
    if done.returncode:
        raise GuideError(f"`assistant ask` did not start ({_last(done.stderr)})", "Run `assistant doctor`.")
    return float(json.loads(done.stdout.splitlines()[-1])) - begun


def serve_s(settings: Settings, question: str) -> tuple[float, int]:
    """Seconds from the start of a page's process to the first sentence of an answer; its peak memory in bytes."""
    port, begun = _free_port(), time.time()
    asked = {"model": "guide", "stream": True, "messages": [{"role": "user", "content": question}]}
    with _served(settings, port) as process:
        address = f"http://127.0.0.1:{port}"
        while True:
            with suppress(httpx2.TransportError):
                httpx2.get(f"{address}/v1/models", trust_env=False, timeout=LONGEST)
                break
            if process.poll() is not None or time.time() > begun + LONGEST:
                raise GuideError("`assistant serve` did not start", "Run it by itself to see why.")
            time.sleep(LOOK)
        with httpx2.stream(
            "POST", f"{address}/v1/chat/completions", json=asked, trust_env=False, timeout=LONGEST
        ) as answer:
            told = [time.time() for line in answer.iter_lines() if _content(line)]
        if not told:
            raise GuideError("`assistant serve` did not answer", "Run it by itself to see why.")
        return told[0] - begun, peak_of(process.pid)


def peak_of(pid: int) -> int:
    """Bytes of memory that a process held at most, as far as the system tells; else what it holds now."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    held = psutil.Process(pid).memory_info()
    return int(getattr(held, "peak_wset", held.rss))


def imports_memory() -> int:
    """Bytes that a process holds which imports the four libraries and does nothing else."""
    code = f"import {', '.join(LIBRARIES)}, psutil\nprint(psutil.Process().memory_info().rss)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def imports() -> dict[str, float]:
    """Seconds that the modules of each library take to import for `assistant ask`, the longest first."""
    code = "import assistant.cli.command, llama_cpp.llama_chat_format, chromadb.api.client"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True)
    seconds: dict[str, float] = {}
    for line in done.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        name = rest.rpartition("|")[2].strip().partition(".")[0]
        if own.strip().isdigit():
            seconds[name] = seconds.get(name, 0.0) + int(own) / 1e6
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


@contextmanager
def _served(settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    words = ["serve", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=as_variables(settings),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _content(line: str) -> bool:
    """Whether a line of a stream in the OpenAI form brings text."""
    if not line.startswith("data: {"):
        return False
    choices = json.loads(line.removeprefix("data: ")).get("choices") or [{}]
    return bool(choices[0].get("delta", {}).get("content"))


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
