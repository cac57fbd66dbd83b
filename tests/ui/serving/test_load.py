"""Load: eight people at once who ask, stop, leave, switch and edit the texts, while programs ask as well.

The program serves in a process of its own, with a small chat server as its writer, and that process is measured.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import uuid4

import httpx2
import psutil
import pytest
from browser import until
from chat_server import Call, piece, small_server
from paths import ROOT, TESTS
from sizes import ends, in_sizes
from test_outward import events

from assistant import Settings
from ui.page.asking import STOPPED
from ui.serving.gate import EVENT_PATHS

PEOPLE = 8

OVERTAKING = 3 * PEOPLE
"""The most questions that were asked later and answered sooner: as many as are answered at once go side by side."""

GROWTH = 150 * 2**20
"""Bytes of memory that may be used more than after the warm-up."""

POOL = 60
"""Threads and open files that may be there besides: pools of Gradio's and ours, which end theirs when idle."""

LOG = 16 * 2**20
"""Bytes of SQLite's log; it is written back every 4 MB."""

QUESTIONS = (
    "How do I stop the squeak of the gate?",
    "What does linseed oil cost?",
    "How often does a gate need care?",
    "What are the steps?",
    "What is the capital of Mongolia?",
    "My husband hits me",
)

GUIDE = """# Gates

## Care

A gate needs care twice a year. Linseed oil costs {price} euros.

## Squeaks

To stop the squeak of the gate, oil its hinge.

## Steps

1. Clean the hinge with a cloth.
2. Oil the hinge.
3. Wipe off what drips.
"""

SERVE = """
import sys; sys.path.insert(0, {tests!r})
import outward; outward.watched = []
from assistant.cli import main; main()
"""
"""The command, in a process that can open no connection to another machine."""


def word_slowly(call: Call) -> None:
    """A chat server that takes a while for a sentence, as one does that several share."""
    if not call.body.get("stream"):
        call.answer({"choices": [{"message": {"content": "Yes"}}]})
        return
    call.handler.send_response(200)
    call.handler.send_header("Content-Type", "text/event-stream")
    call.handler.end_headers()
    with suppress(ConnectionError):  # whoever asked has stopped
        for said in ("To stop the squeak, ", "oil the hinge of the gate. ", "A gate needs care ", "twice a year. "):
            call.handler.wfile.write(f"data: {json.dumps(piece(said))}\n\n".encode())
            time.sleep(0.05)
        call.handler.wfile.write(f"data: {json.dumps(piece('', 'stop'))}\n\ndata: [DONE]\n\n".encode())


@dataclass(frozen=True)
class Place:
    """The program that is served."""

    address: str
    process: psutil.Process
    home: Path
    texts: Path
    errors: Path

    def measure(self) -> tuple[int, int, int, int]:
        """Bytes of memory, open files and threads of the process; bytes of SQLite's logs."""
        logs = sum(path.stat().st_size for path in self.home.rglob("*-wal"))
        return self.process.memory_info().rss, self.process.num_fds(), self.process.num_threads(), logs


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Iterator[Place]:
    home, texts, errors = tmp_path / "home", tmp_path / "texts", tmp_path / "errors"
    home.mkdir()
    (home / "models").symlink_to(settings.home / "models", target_is_directory=True)
    texts.mkdir()
    (texts / "gates.md").write_text(GUIDE.format(price=4), "utf-8")
    words = ("serve", "--no-browser", "--port", "0", "--corpus", str(texts))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    with small_server(word_slowly) as writer, errors.open("w") as said:
        ours = {"ASSISTANT_HOME": str(home), "ASSISTANT_LLM_URL": writer.url, "ASSISTANT_READER": "none"}
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE.format(tests=str(TESTS)), *words],
            env=kept | ours | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            until(lambda: process.poll() is not None or "The chat is at" in errors.read_text("utf-8"))
            found = re.search(r"The chat is at (\S+) ", errors.read_text("utf-8"))
            assert found, errors.read_text("utf-8")
            yield Place(found[1], psutil.Process(process.pid), home, texts, errors)
        finally:
            process.kill()
            process.wait()


@dataclass
class Asked:
    """A question, when it was asked, and when it was over; in seconds."""

    begun: float
    ended: float
    became: str


class Person:
    """Somebody with a tab of the page, and with a program that asks as well."""

    def __init__(self, place: Place, seed: int, over: Callable[[int], bool]) -> None:
        self.asked: list[Asked] = []
        self._place, self._random, self._over = place, Random(seed), over
        self._web = httpx2.Client(base_url=place.address, timeout=None)
        self._events = events(self._web)
        self._tab = ExitStack()

    def act(self) -> None:
        """Do one thing after the other, until it is over; then leave."""
        self._arrive()
        ways = (self._ask, self._ask, self._stop, self._leave, self._switch, self._edit, self._look)
        ways += (self._ask_program, self._leave_program)
        done = 0
        while not self._over(done):
            self._random.choice(ways)()
            done += 1
        self._tab.close()
        self._web.close()

    def _arrive(self) -> None:
        self._session = uuid4().hex
        self._tab.enter_context(self._web.stream("GET", f"/gradio_api/heartbeat/{self._session}"))
        self._carry_out("arrive")

    def _carry_out(self, do: str, **sent: str) -> str:
        return self._send("_carry_out", [None], event_data={"do": do, "sent": sent})

    def _send(self, name: str, data: list[object], path: str = EVENT_PATHS[1], **more: object) -> str:
        body = {"data": data, "fn_index": self._events[name], "session_hash": self._session} | more
        answer = self._web.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.text

    def _ask(self, then: Callable[[], object] | None = None, *, stays: bool = True) -> None:
        """Ask on the page and read until the end; do something once the first words are there.

        Args:
            stays: whether somebody still looks then at what becomes of the answer.
        """
        begun, said, question = time.monotonic(), "", self._choose_question()
        self._send("_ask_typed", [None, question], EVENT_PATHS[0])
        with self._web.stream("GET", "/gradio_api/queue/data", params={"session_hash": self._session}) as answer:
            for line in answer.iter_lines():
                said += line
                if then and '"process_generating"' in line:
                    then, do = None, then
                    do()
                assert "process_completed" not in line or '"success":true' in line, line
        became = "left"
        if stays:
            last = self._carry_out("chat").rpartition(r"class=\"asked\"")[2]
            answered = question in last and r"class=\"after" in last
            signs = {"answered": answered, "stopped": STOPPED in said, "told why": r"class=\"notice\"" in said}
            became = next((became for became, holds in signs.items() if holds), last)
        self.asked.append(Asked(begun, time.monotonic(), became))

    def _choose_question(self) -> str:
        return f"{self._random.choice(QUESTIONS)} ({len(self.asked)})"

    def _stop(self) -> None:
        self._ask(lambda: self._send("_stop", [None]))

    def _leave(self) -> None:
        self._ask(self._tab.close, stays=False)
        self._arrive()

    def _switch(self) -> None:
        self._ask(lambda: self._carry_out("new"), stays=False)

    def _edit(self) -> None:
        fresh = self._place.texts / f".{self._session}"
        fresh.write_text(GUIDE.format(price=self._random.randrange(2, 99)), "utf-8")
        fresh.replace(self._place.texts / "gates.md")

    def _look(self) -> None:
        assert "hinge" in self._carry_out("look", asked="hinge")

    def _ask_program(self) -> None:
        begun = time.monotonic()
        answer = self._web.post("/v1/chat/completions", json=self._make_messages())
        assert answer.status_code == 200, answer.text
        self.asked.append(Asked(begun, time.monotonic(), "answered"))

    def _leave_program(self) -> None:
        """Go away once the first words are there."""
        asked = self._make_messages() | {"stream": True}
        with self._web.stream("POST", "/v1/chat/completions", json=asked) as answer:
            assert next(answer.iter_text())

    def _make_messages(self) -> dict[str, object]:
        return {"messages": [{"role": "user", "content": self._choose_question()}]}


def let_people_act(place: Place, seed: int, over: Callable[[int], bool]) -> list[Asked]:
    """All that eight people asked at once, who each act until it is over for them."""
    people = [Person(place, seed + number, over) for number in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        for acting in [pool.submit(person.act) for person in people]:
            acting.result()
    return [one for person in people for one in person.asked]


@pytest.mark.parametrize("seconds", in_sizes(3, 30, 300))
def test_eight_people_at_once_are_served_in_turn_and_leave_nothing_behind(place: Place, seconds: int) -> None:
    with ends():
        let_people_act(place, 0, lambda done: done >= 3)
        memory, files, threads, _ = place.measure()
        finished = time.monotonic() + seconds
        asked = let_people_act(place, 100, lambda done: done >= 3 and time.monotonic() > finished)
        until(lambda: place.measure()[1] <= files + POOL and place.measure()[2] <= threads + POOL)
    now = place.measure()
    print(
        f"{len(asked)} questions in {seconds} s; memory, files, threads, logs: {now}; before: {memory, files, threads}"
    )
    assert now[0] <= memory + GROWTH
    assert now[3] <= LOG
    assert {one.became for one in asked} <= {"answered", "told why", "stopped", "left"}
    for one in asked:
        sooner = sum(one.begun < other.begun and other.ended < one.ended for other in asked)
        assert sooner <= OVERTAKING, one
    assert "Traceback" not in place.errors.read_text("utf-8")
