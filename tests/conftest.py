"""What the tests share: real models, fetched once by the program's own code, and one assistant with the large one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import outward
import pytest
from browser import QUESTION, RIGHT_TO_LEFT, Desk, OpenTab, chromium, chromium_path, desk_over, opening
from paths import ROOT, TESTS
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from assistant import Assistant, Settings, open_assistant
from assistant.answering.coverage import CURVES, UNFITTED
from assistant.guide import open_embedder
from assistant.llm.local import LocalModel
from assistant.models.installed import ensure_model
from assistant.records import Answer
from assistant.settings import OFFLINE, index_folder, load_settings
from index.build import build
from index.embedding.embed import Embedder
from index.search import Searcher
from index.storing.store import Store

DEFAULTS = ("corpus", "catalogue", "model", "reader", "embedder", "context", "threads")
LEFT_OUT_MARKS = ("thorough", "endurance")
LEFT_OUT = pytest.StashKey[Counter[str]]()
TINY = "smollm2-135m-instruct"

Cli = Callable[..., "subprocess.CompletedProcess[bytes]"]


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """What needs the browser comes last: once Playwright's loop runs in a thread, no other can."""
    items.sort(key=lambda item: "playwright" in item.fixturenames)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Counts the tests that this run leaves out, by their mark."""
    for item in items:
        for mark in LEFT_OUT_MARKS:
            if item.get_closest_marker(mark):
                item.config.stash.setdefault(LEFT_OUT, Counter())[mark] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says what was left out, and how to run it."""
    for mark, left_out in config.stash.get(LEFT_OUT, Counter()).items():
        terminalreporter.write_line(f"{left_out} {mark} tests were left out. To run them: pytest -m {mark}")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the tests' own, but for the models: those are the person's, so that they are fetched once."""
    models = load_settings().home / "models"
    models.mkdir(exist_ok=True)
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(models, target_is_directory=True)
    return home


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    """The defaults, whatever a person has set or chosen."""
    fields = Settings.model_fields
    return load_settings(home=home, **{name: fields[name].get_default(call_default_factory=True) for name in DEFAULTS})


@pytest.fixture(scope="session")
def embedder(settings: Settings) -> Embedder:
    return open_embedder(ensure_model(settings, "embed"), settings)


@pytest.fixture(scope="session")
def shipped(settings: Settings, embedder: Embedder) -> Searcher:
    """A search over the corpus that ships; its index lies where the assistant finds it fresh."""
    store = Store(index_folder(settings))
    build(store, settings.corpus, lambda: embedder, embedder.name)
    return Searcher(store, embedder)


@pytest.fixture(scope="session")
def tiny(settings: Settings) -> LocalModel:
    """A chat model that knows nothing and is quick, with little room."""
    return LocalModel(ensure_model(settings.model_copy(update={"model": TINY}), "chat"), 2048)


@pytest.fixture(scope="session")
def assistant(settings: Settings) -> Assistant:
    """The one process-wide assistant with the large model, on the corpus that ships."""
    assistant = open_assistant(settings)
    assistant.load()
    return assistant


@pytest.fixture(scope="session")
def cli(home: Path) -> Cli:
    """Runs the command as a person does: `cli("ask", "...", stdin=b"", NAME="value")`.

    The process sees the tests' data folder, and none of the person's settings, nor our offline switches. It loads one
    chat model: no reader stands beside another writer.
    """
    script = shutil.which("assistant", path=str(Path(sys.executable).parent))
    command = [script] if script else [sys.executable, "-c", "from assistant.cli import main; main()"]

    def run(*words: str, stdin: bytes = b"", program: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
        start = [sys.executable, "-c", program] if program else command
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_") and k not in OFFLINE}
        ours = {"ASSISTANT_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        ours |= {"ASSISTANT_READER": "none"}
        return subprocess.run([*start, *words], input=stdin, capture_output=True, env=kept | ours | variables)

    return run


@pytest.fixture(scope="session")
def answer(assistant: Assistant) -> Answer:
    """An answer of the large model to QUESTION, worded once."""
    answer = assistant.ask(QUESTION)
    assert answer.status == "answered"
    assert answer.sentences
    assert answer.next_steps
    assert answer.follow_ups
    return answer


@contextmanager
def never_sure(assistant: Assistant) -> Iterator[None]:
    """Of no question is it sure enough that the guide answers it, and of every one likely enough to quote."""
    name = assistant.load().readers
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CURVES, name, replace(CURVES.get(name, UNFITTED), answered=2.0, nearest=0.0))
        yield


@pytest.fixture
def unsure(assistant: Assistant) -> Iterator[None]:
    with never_sure(assistant):
        yield


@pytest.fixture(scope="session")
def nearest(assistant: Assistant) -> Answer:
    """The nearest that the guide says to QUESTION; no model words it."""
    with never_sure(assistant):
        answer = assistant.ask(QUESTION)
    assert answer.status == "nearest"
    assert answer.sentences
    assert answer.follow_ups
    return answer


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    chromium_path()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as started:
        yield started


@pytest.fixture(scope="session")
def desk(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The page, over a copy of the guide with texts from right to left beside it, and with a data folder of its own."""
    with desk_over(assistant, tmp_path_factory.mktemp("desk"), RIGHT_TO_LEFT) as desk:
        yield desk


@pytest.fixture
def open_tab(browser: Browser, desk: Desk) -> Iterator[OpenTab]:
    """Opens tabs; afterwards nothing is kept any more."""
    with opening(browser) as open_tab:
        yield open_tab
    desk.clear()


@pytest.fixture
def page(open_tab: OpenTab, desk: Desk) -> Page:
    """The page in a tab, nothing asked yet."""
    return open_tab(desk.address)


@pytest.fixture(autouse=True)
def nothing_goes_out(request: pytest.FixtureRequest) -> Iterator[None]:
    """While a test of the page or the server runs, this process opens no connection to another machine."""
    if not request.path.is_relative_to(TESTS / "ui"):
        yield
        return
    tried: list[str] = []
    outward.watched = tried
    yield
    outward.watched = None
    assert not tried


@pytest.fixture
def no_traceback(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever happens in a test, none is printed or logged."""
    yield
    assert "Traceback" not in capfd.readouterr().err
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
