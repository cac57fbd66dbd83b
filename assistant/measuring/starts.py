"""Start the program in a fresh process, as a person does, and measure its time and memory."""

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
from assistant.settings import Settings, make_environment

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
"""Does what `assistant ask` does, and prints the time of its first token, in seconds since 1970."""

SERVE = "from assistant.cli import main; main()"

LIBRARIES = ("llama_cpp", "sentence_transformers", "chromadb", "gradio")
"""The libraries whose imports alone take memory that we cannot avoid."""

POLL_SECONDS, TIMEOUT_SECONDS = 0.05, 600.0
"""Time between two checks whether the page is up, and until waiting for it is given up."""


def time_ask(settings: Settings, question: str) -> float:
    """Measure the seconds from the start of a process to the first token of its answer."""
    begun = time.time()
    done = subprocess.run(
        [sys.executable, "-c", ASK, question], capture_output=True, text=True, env=make_environment(settings)
    )
    if done.returncode:
        raise GuideError(f"`assistant ask` did not start ({_last_line(done.stderr)})", "Run `assistant doctor`.")
    return float(json.loads(done.stdout.splitlines()[-1])) - begun


def measure_serve(settings: Settings, question: str) -> tuple[float, int]:
    """Measure the seconds from the start of the page to an answer's first sentence, and its peak memory in bytes."""
    port, begun = _find_free_port(), time.time()
    body = {"model": "guide", "stream": True, "messages": [{"role": "user", "content": question}]}
    with _serve_page(settings, port) as process:
        address = f"http://127.0.0.1:{port}"
        while True:
            with suppress(httpx2.TransportError):
                httpx2.get(f"{address}/v1/models", trust_env=False, timeout=TIMEOUT_SECONDS)
                break
            if process.poll() is not None or time.time() > begun + TIMEOUT_SECONDS:
                raise GuideError("`assistant serve` did not start", "Run it by itself to see why.")
            time.sleep(POLL_SECONDS)
        with httpx2.stream(
            "POST", f"{address}/v1/chat/completions", json=body, trust_env=False, timeout=TIMEOUT_SECONDS
        ) as answer:
            times = [time.time() for line in answer.iter_lines() if _has_content(line)]
        if not times:
            raise GuideError("`assistant serve` did not answer", "Run it by itself to see why.")
        return times[0] - begun, read_peak_memory(process.pid)


def read_peak_memory(pid: int) -> int:
    """Read the peak memory of a process in bytes; its present memory if the system does not record the peak."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    memory = psutil.Process(pid).memory_info()
    return int(getattr(memory, "peak_wset", memory.rss))


def measure_import_memory() -> int:
    """Measure the bytes of memory of a process that only imports `LIBRARIES`."""
    code = f"import {', '.join(LIBRARIES)}, psutil\nprint(psutil.Process().memory_info().rss)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def time_imports() -> dict[str, float]:
    """Measure how long the imports of `assistant ask` take: library -> seconds, the longest first."""
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
def _serve_page(settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the page in a process that ends with the block."""
    options = ["serve", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=make_environment(settings),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _has_content(line: str) -> bool:
    """Whether a line of a stream in the OpenAI format contains text."""
    if not line.startswith("data: {"):
        return False
    choices = json.loads(line.removeprefix("data: ")).get("choices") or [{}]
    return bool(choices[0].get("delta", {}).get("content"))


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
