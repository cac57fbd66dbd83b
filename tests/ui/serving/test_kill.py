"""The whole program, killed at any moment: it starts again with all that was shown as kept, and nothing deleted."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from uuid import uuid4

import httpx2
import pytest
from browser import home_in
from chat_server import Call, piece, small_server
from conftest import TINY
from paths import ROOT
from sizes import in_sizes

from assistant import Settings
from assistant.guide import open_fresh_index, open_index
from assistant.history.conversation import Conversations
from assistant.history.database import Database
from assistant.history.export import export_conversation_json
from assistant.records import Answer, AnswerSentence
from assistant.settings import OFFLINE, read_choices
from index.embedding.embed import Embedder
from ui.serving.gate import EVENT_PATHS

READY = re.compile(r"The chat is at (http://127\.0\.0\.1:\d+) \(Ctrl-C ends it\)\.")
GATE = "# Gates\n\n## Squeaks\n\nTo stop the squeak of the gate, oil its hinge.\n"
PARTS = 12
MODELS = ("qwen2.5-coder-1.5b-instruct", TINY)


class Program:
    """`assistant serve`, and what a browser with the page does there."""

    def __init__(self, settings: Settings, writer: str) -> None:
        variables = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_") and k not in OFFLINE}
        ours = {"HOME": settings.home, "CORPUS": settings.corpus, "READER": "none", "LLM_URL": writer}
        variables |= {f"ASSISTANT_{name}": str(value) for name, value in ours.items()} | {"PYTHONPATH": str(ROOT)}
        words = ["-c", "from assistant.cli import main; main()", "serve", "--no-browser", "--port", "0"]
        self._process = subprocess.Popen(
            [sys.executable, *words], env=variables, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._process.stderr is not None
        self.said = ""
        for line in self._process.stderr:
            self.said += line
            if found := READY.match(line):
                break
        else:
            pytest.fail(self.said)
        self._listening = Thread(target=self._listen)
        self._listening.start()
        self._web = httpx2.Client(base_url=found[1], timeout=None)
        events = self._web.get("/config").json()["dependencies"]
        self._events = {event["api_name"]: event["id"] for event in events}

    def _listen(self) -> None:
        assert self._process.stderr is not None
        self.said += self._process.stderr.read()

    def kill(self) -> None:
        """At once, and for good."""
        self._process.kill()
        self._process.wait()
        self._listening.join()

    def close(self) -> None:
        """End it, if it still runs, and what listens to it; no request may be under way."""
        self.kill()
        self._web.close()

    def act(self, tab: str, do: str, **sent: str | int) -> str:
        """What the page shows after an act."""
        event = {"fn_index": self._events["_carry_out"], "event_data": {"do": do, "sent": sent}}
        answer = self._web.post(EVENT_PATHS[1], json={"data": [None], "session_hash": tab, **event})
        return answer.raise_for_status().text

    def ask(self, tab: str, question: str) -> str:
        """What the page shows until the answer to a question is whole."""
        return self._wait_for("_ask_typed", [None, question], tab)

    def search(self, question: str) -> str:
        """What comes with the passage that is nearest to a question."""
        return self._wait_for("search", [question, 1], uuid4().hex)

    def _wait_for(self, name: str, data: list[object], session: str) -> str:
        """All that an event sends, until it is over."""
        call = {"data": data, "fn_index": self._events[name], "session_hash": session}
        self._web.post(EVENT_PATHS[0], json=call).raise_for_status()
        sent = self._web.get("/gradio_api/queue/data", params={"session_hash": session}).raise_for_status().text
        if "process_completed" not in sent:
            raise ConnectionError("the answer broke off")
        return sent


def write_slowly(call: Call) -> None:
    """As a chat server does, word by word."""
    with suppress(ConnectionError):  # whoever asked was killed
        if not call.body.get("stream"):
            call.answer({"choices": [{"message": {"content": "Yes"}}]})
            return
        call.handler.send_response(200)
        call.handler.send_header("Content-Type", "text/event-stream")
        call.handler.end_headers()
        words = "Oil the hinge of the gate to stop its squeak.".split()
        for row in (*(piece(f"{word} ") for word in words), piece("", "stop")):
            call.handler.wfile.write(f"data: {json.dumps(row)}\n\n".encode())
            time.sleep(0.05)
        call.handler.wfile.write(b"data: [DONE]\n\n")


def write_version(corpus: Path, version: int) -> None:
    """One text of many parts, each of which says which version it is of."""
    parts = "\n".join(f"## Part {n}\n\nVersion {version} of the rules is for door number {n}.\n" for n in range(PARTS))
    (corpus / ".new").write_text(f"# Rules\n\n{parts}", "utf-8")
    (corpus / ".new").replace(corpus / "rules.md")


class Scene:
    """A guide, a data folder, and what must be there after each kill."""

    def __init__(self, settings: Settings, luck: random.Random) -> None:
        self.settings, self._luck = settings, luck
        self.kept = Conversations(Database(settings.home, pytest.fail), str(settings.corpus.resolve()))
        self.version, self.model = 0, ""
        write_version(settings.corpus, 0)
        (settings.corpus / "gate.md").write_text(GATE, "utf-8")

    def list(self) -> list[tuple[str, ...]]:
        """The questions of each conversation."""
        talks = [self.kept.read(one.id) for one in self.kept.list(most=10**6)]
        return sorted(tuple(turn.question for turn in talk.turns) for talk in talks if talk)

    def fill(self) -> None:
        """See to it that there are some conversations."""
        for _ in range(3 - self.kept.count()):
            identity = None
            for number in range(3):
                words = AnswerSentence("Oil its hinge. " * 200)
                identity = self.kept.keep(identity, number, f"Gate {uuid4()}?", Answer("answered", (words,)))

    def find_versions(self) -> set[int]:
        """The versions that the passages of the index are of."""
        store = open_index(self.settings, pytest.fail)
        with closing(store.segments):
            found = [int(text) for chunk in store.chunks() for text in re.findall(r"Version (\d+)", chunk.text)]
        assert len(found) in (0, PARTS)
        return set(found)

    def check(self, program: Program) -> None:
        """It started with nothing to say of damage, shows all that is kept, and answers from the texts as they are."""
        assert "damaged" not in program.said
        assert "Traceback" not in program.said
        tab = uuid4().hex
        shown = program.act(tab, "arrive")
        assert all(one.title in shown for one in self.kept.list())
        assert f"Version {self.version} " in program.search("Which version of the rules is for door number 7?")
        program.ask(tab, "How do I stop the squeak of the gate?")
        assert self.kept.list()[0].title == "How do I stop the squeak of the gate?"

    def choose(self, program: Program, kind: str) -> tuple[Callable[[], object], float, list[tuple[str, ...]]]:
        """Something to do, how many seconds at most until the kill, and the conversations that are there after it."""
        before, tab, new = self.list(), uuid4().hex, f"How do I stop the squeak of gate {uuid4().hex[:4]}?"
        one = self.kept.read(self._luck.choice(self.kept.list()).id)
        assert one is not None
        questions = tuple(turn.question for turn in one.turns)
        others = [*before]
        others.remove(questions)
        if kind == "answer":
            return lambda: program.ask(tab, new), 2.5, sorted([*before, (new,)])
        if kind == "go on":
            program.act(tab, "arrive", id=one.id)
            return lambda: program.ask(tab, new), 2.5, sorted([*others, (*questions, new)])
        if kind == "edit":
            program.act(tab, "arrive", id=one.id)
            program.act(tab, "edit", place=0)
            return lambda: program.ask(tab, new), 2.5, sorted([*others, (new,)])
        if kind == "delete":
            return lambda: program.act(tab, "delete", id=one.id), 0.1, others
        if kind == "import":
            exported = export_conversation_json(one)
            return lambda: program.act(tab, "import", text=exported), 0.1, sorted([*before, questions])
        if kind == "export":
            program.act(tab, "arrive", id=one.id)
            return lambda: program.act(tab, "export", file="conversation.json"), 0.1, before
        if kind == "build":
            self.version += 1
            return lambda: write_version(self.settings.corpus, self.version), 3.0, before
        program.act(tab, "arrive")
        self.model = MODELS[self.model == MODELS[0]]
        return lambda: program.act(tab, "use", field="model", value=self.model), 0.3, before


KINDS = ("answer", "go on", "edit", "delete", "import", "export", "build", "switch")


@contextmanager
def started(scene: Scene, writer: str) -> Iterator[Program]:
    program = Program(scene.settings, writer)
    try:
        yield program
    finally:
        program.close()


@pytest.mark.parametrize("moments", in_sizes(1, 12, 100)[1:])
def test_it_starts_again_with_all_that_it_showed(
    settings: Settings, embedder: Embedder, tmp_path: Path, moments: int
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    luck = random.Random(seed)
    (tmp_path / "guide").mkdir()
    own = {"home": home_in(tmp_path, settings.home), "corpus": tmp_path / "guide"}
    scene = Scene(settings.model_copy(update=own), luck)
    open_fresh_index(scene.settings, embedder).segments.close()  # sooner than the program does it, which starts anew
    kinds: list[str] = []
    with small_server(write_slowly) as server:
        for _ in range(moments):
            kinds = kinds or luck.sample(KINDS, len(KINDS))
            kind = kinds.pop()
            with started(scene, server.url) as program, ThreadPoolExecutor(1) as pool:
                scene.check(program)
                scene.fill()
                before, model, version = scene.list(), scene.model, scene.version
                do, longest, after = scene.choose(program, kind)
                doing = pool.submit(do)
                time.sleep(luck.uniform(0, longest))
                program.kill()
                broken = doing.exception()
            reported = broken is None
            assert reported or isinstance(broken, (httpx2.TransportError, ConnectionError)), broken
            print(kind, "reported" if reported else "cut short")
            assert scene.list() in ([after] if reported else [before, after])
            assert scene.find_versions() <= {version, scene.version}
            chosen = read_choices(scene.settings).get("model", "")
            assert chosen in (model, scene.model)
            scene.model = chosen
        with started(scene, server.url) as program:
            scene.check(program)
            assert server.asked
