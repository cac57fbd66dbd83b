"""Growing to many people: page processes behind nginx, sharing a Chroma server and a chat server. Prints a table.

    PYTHONPATH=. python tests/bench/growing.py [--pages 1 2] [--questions 8] [--model NAME]

Everything is real and on loopback; nginx must be installed. For each number of page processes everything is started
anew, the same questions are asked at once through the proxy, in the OpenAI format, and then the page is opened there as
a program does. Models come from the data folder of the environment; everything else is in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import httpx2
import openai
from gradio_client import Client

from assistant.measuring.jsonlines import read_json_lines
from assistant.models.installed import ensure_model
from assistant.settings import OFFLINE, load_settings

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = "http://guide.example"
START_SECONDS = 120.0
"""Time in which each process must be up."""

COMMAND = "from assistant.cli import main; main()"

SITE = """
upstream guide_least {{ zone guide_least 64k; least_conn; {servers} }}
upstream guide_same {{ hash $guide_key consistent; {servers} }}
map $http_accept $guide_new {{ ~text/html $request_id; default $remote_addr; }}
map $cookie_guide $guide_key {{ "" $guide_new; default $cookie_guide; }}
server {{
    listen 127.0.0.1:{port};
    client_max_body_size 25m;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host "";
    proxy_buffering off;
    proxy_read_timeout 15m;
    location /v1/ {{ proxy_pass http://guide_least; }}
    location / {{
        proxy_pass http://guide_same;
        add_header Set-Cookie "guide=$guide_key; Path=/; HttpOnly; SameSite=Lax";
    }}
}}
"""
"""As in ui/README.md, but for its address."""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; {user} events {{ }}
http {{
    log_format which '$upstream_addr $status $uri'; access_log {folder}/access.log which;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxied; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; {site}
}}"""


def choose_questions(most: int) -> list[str]:
    """Choose so many of the question set, spread over it."""
    rows = read_json_lines(ROOT / "tests" / "questions" / "guide.jsonl", ("question", "category", "history"))
    plain = [row["question"] for row in rows if not row["history"] and row["category"] != "danger"]
    return plain[:: len(plain) // most][:most]


def find_free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in free]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def run(command: Sequence[str], log: Path, is_up: Callable[[], bool], more: dict[str, str]) -> Iterator[None]:
    """Run a process until the block ends; its output goes to the log.

    Args:
        is_up: whether it is ready; the block begins then.
        more: variables of its environment.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_") and k not in OFFLINE}
    variables = clean | {"PYTHONPATH": str(ROOT)} | more
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=variables)
    try:
        until = time.monotonic() + START_SECONDS
        while not is_up():
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{command[0]} did not start:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def ask(proxy: str, question: str) -> tuple[str, float, float]:
    """Ask through the proxy as a page at the public address does: status, seconds to the first sentence, to the end."""
    headers = {"Host": PUBLIC.removeprefix("http://"), "Origin": PUBLIC}
    chat = openai.OpenAI(base_url=f"{proxy}/v1", api_key="none", default_headers=headers, timeout=900, max_retries=0)
    begun, first, status = time.monotonic(), 0.0, "broken"
    messages: Any = [{"role": "user", "content": question}]
    with chat.chat.completions.create(model="guide", messages=messages, stream=True) as chunks:
        for chunk in chunks:
            if chunk.choices and chunk.choices[0].delta.content and not first:
                first = time.monotonic() - begun
            status = (chunk.model_extra or {}).get("guide", {}).get("status", status)
    return status, first, time.monotonic() - begun


def open_page(proxy: str) -> str:
    """Call the page's API through the proxy as programs do, and describe what it returned."""
    guide = Client(proxy, verbose=False, analytics_enabled=False)
    found = guide.predict("trust", 5, api_name="/search")
    partial: list[Any] = list(guide.submit("How do I listen actively to my partner?", api_name="/ask"))
    strange = httpx2.get(proxy, headers={"Host": "evil.example"}).status_code
    last = f"/ask an answer in {len(partial)} states ({partial[-1]['status']})"
    return f"/search gave {len(found)} passages, {last}; a strange name got {strange}"


def measure(pages: int, questions: Sequence[str], model: str | None) -> str:
    """Measure one number of page processes; a row of the table."""
    settings = load_settings(model=model)
    chroma, chat, proxy, *ports = find_free_ports(3 + pages)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def start(name: str, command: Sequence[object], is_up: Callable[[], bool], **more: str) -> None:
            stack.enter_context(run([str(word) for word in command], folder / f"{name}.log", is_up, more))

        here = ("--host", "127.0.0.1", "--port")
        program = Path(sys.executable).with_name("chroma")
        start("chroma", (program, "run", "--path", folder / "chroma", *here, chroma), lambda: is_listening(chroma))
        options = ("--model", ensure_model(settings, "chat"), "--n_ctx", "4096", "--interrupt_requests", "false")
        start("chat", (sys.executable, "-m", "llama_cpp.server", *here, chat, *options), lambda: is_listening(chat))
        for port in ports:  # one after the other: the first builds the index
            home, log = folder / str(port), folder / f"{port}.log"
            home.mkdir()
            (home / "models").symlink_to(settings.home / "models", target_is_directory=True)
            start(
                str(port),
                (sys.executable, "-c", COMMAND, "serve", "--no-browser", "--port", port),
                lambda log=log: b"The chat is at" in log.read_bytes(),  # type: ignore[misc]
                ASSISTANT_HOME=str(home),
                ASSISTANT_ORIGIN=PUBLIC,
                ASSISTANT_CHROMA_URL=f"http://127.0.0.1:{chroma}",
                ASSISTANT_CHROMA_NAME="shared",
                ASSISTANT_LLM_URL=f"http://127.0.0.1:{chat}",
            )
        site = SITE.format(port=proxy, servers=" ".join(f"server 127.0.0.1:{port};" for port in ports))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, site=site, user=user), "utf-8")
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or sys.exit("Install nginx.")
        start("proxy", (nginx, "-c", folder / "nginx.conf"), lambda: is_listening(proxy))

        with ThreadPoolExecutor(len(questions)) as pool:
            done = list(pool.map(lambda question: ask(f"http://127.0.0.1:{proxy}", question), questions))
        lines = [line.split() for line in (folder / "access.log").read_text("utf-8").splitlines()]
        each = Counter(where for where, status, uri in lines if uri.startswith("/v1/") and status == "200")
        built = sum((folder / f"{port}.log").read_text("utf-8").count("Index made") for port in ports)
        print(f"{pages} page processes: {open_page(f'http://127.0.0.1:{proxy}')}", file=sys.stderr)
    statuses, firsts, ends = zip(*done, strict=True)
    became = ", ".join(f"{count} {status}" for status, count in Counter(statuses).most_common())
    answered_by = " + ".join(str(each[f"127.0.0.1:{port}"]) for port in ports)
    first, end = (f"{median(times):.0f} / {max(times):.0f} s" for times in (firsts, ends))
    return f"| {pages} | {answered_by} | {became} | {first} | {end} | {built} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 2], help="page processes, a row for each number")
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--model", help="a chat model of the catalogue, or a GGUF file")
    options = parser.parse_args()
    rows = [measure(pages, choose_questions(options.questions), options.model) for pages in options.pages]
    print("| page processes | questions by each | became | first sentence, median / worst | end | index built |")
    print("|---|---|---|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
