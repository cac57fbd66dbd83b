"""A disk that is full, shut or forbidden while the page is served: one line each, and the page goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from small_disk import run_on_small_disk
from told import Told, finish, presenting_told

from assistant import Settings, Turn
from assistant.errors import ModelError, QuestionError
from assistant.problems import Problems
from assistant.records import Answer
from assistant.settings import Length
from ui.page.acts import carry_out
from ui.page.asking import ask_question
from ui.page.presenter import Presenter
from ui.page.tab import Tab

PAGE = """
from assistant.errors import SettingsError
from assistant.history.export import export_conversation_json
from assistant.problems import Problems
from assistant.records import Answer, NextStep, Passage
from assistant.settings import load_settings, read_choices, save_choices
from told import finish, presenting_told
from ui.page.acts import carry_out
from ui.page.asking import ask_question
from ui.page.tab import Tab

kind, long = sys.argv[2], "word " * 2000

def forbid():
    for path in (*disk.iterdir(), disk):
        path.chmod(0)

def allow():
    disk.chmod(0o700)
    for path in disk.iterdir():
        path.chmod(0o600)

spoil, mend = {
    "full": (fill, clear),
    "shut": (lambda: room("remount", "ro"), lambda: room("remount", "rw")),
    "forbidden": (forbid, allow),
}[kind]
if kind != "forbidden":
    room("size=4m")
settings = load_settings(home=disk)
save_choices(settings, model="before")
step = NextStep("Water the beans.", Passage(1, "a.md", "Beans", "Water the beans.", 0, 16, 1.0))

with presenting_told(settings) as presenter:
    presenter.assistant.problems.reserve()
    tab = Tab()
    assert not finish(ask_question(presenter, tab, "First?"))
    presenter.plan.keep(step)
    kept, (planned,) = presenter.conversations.list(), presenter.plan.steps()
    exported = export_conversation_json(presenter.conversations.read(kept[0].id)).replace("A normal answer.", long)

    spoil()
    shown = list(ask_question(presenter, tab, long))
    told = "".join(str(update.get("told", "")) for update in shown)
    assert "This answer is not kept" in told and str(disk) in told, told
    assert any("A normal answer" in str(update.get("current", "")) for update in shown), "it is shown all the same"
    writing = {
        "rate": {"place": 0, "helpful": "true"},
        "rename": {"id": kept[0].id, "text": long},
        "import": {"text": exported},
        "step": {"id": planned.id, "field": "note", "value": "a note " * 100},
        "delete": {"id": kept[0].id},
        "delete-all": {},
        "drop": {"id": planned.id},
    }
    for name, data in writing.items():
        told = str(carry_out(presenter, tab, name, data).get("told", ""))
        if kind != "full" or name in ("rename", "import"):  # a small change may still find room
            assert str(disk) in told and told.count("<p") == 1, (name, told)
    for name in ("arrive", "new", "find", "plan", "export", "offline", "settings", "looked"):
        carry_out(presenter, tab, name, {"id": kept[0].id, "text": "", "file": "plan.md"})
    try:
        save_choices(settings, model="after", embedder=long * 100)
    except SettingsError as error:
        line = str(error)
    assert str(disk / "choices.json") in line and "\\n" not in line, line
    assert kind == "forbidden" or read_choices(settings) == {"model": "before"}

    mend()
    if kind != "full":
        assert presenter.conversations.list() == kept and presenter.plan.steps() == (planned,), "nothing is lost"
    tab = Tab()
    assert not finish(ask_question(presenter, tab, "Second?")), "without a new start"
    assert presenter.conversations.read(tab.conversation.id).turns[0].question == "Second?"
    save_choices(settings, model="after")
    assert read_choices(settings) == {"model": "after"}
    met = Problems(disk).read()
    assert kind != "full" or any(one.place == "history" and "no room" in one.line for one in met), met
    assert "word" not in "".join(one.line for one in met)
print("as it should be")
"""


@pytest.mark.parametrize("kind", ["full", "shut", "forbidden"])
def test_what_cannot_be_written_is_one_line_and_the_page_goes_on(tmp_path: Path, kind: str) -> None:
    run_on_small_disk(PAGE, tmp_path / "disk", kind, forbidding=kind == "forbidden")


class Failing(Told):
    """Its model fails in the middle of an answer, in the way that is set."""

    make_error: Callable[[], BaseException]

    def stream(
        self, question: str, history: Sequence[Turn] = (), variation: int = 0, length: Length | None = None
    ) -> Generator[Answer, None, None]:
        yield Answer("answered", stage="reading")
        raise type(self).make_error()


@pytest.fixture
def failing(settings: Settings, tmp_path: Path) -> Iterator[Presenter]:
    with presenting_told(settings.model_copy(update={"home": tmp_path})) as presenter:
        presenter.assistant = Failing(presenter.assistant.settings)
        yield presenter


class Panic(BaseException):
    """As libraries in Rust raise it."""


@pytest.mark.parametrize(
    ("make_error", "shown", "recorded"),
    [
        (
            lambda: ModelError("The server broke off", "Ask again.", "secret"),
            "The server broke off (secret)",
            "broke off. Ask",
        ),
        (
            lambda: RuntimeError("secret"),
            "could not be answered: RuntimeError (secret)",
            "could not be answered: RuntimeError.",
        ),
        (lambda: Panic("secret"), "answered: Panic (secret)", "could not be answered: Panic."),
        (lambda: OSError(28, "No space left on device"), "Free some space", "(No space left on device)."),
        (lambda: QuestionError("The question is too long", "Shorten it."), "Shorten it", ""),
    ],
)
def test_whatever_ends_an_answer_is_a_line_and_is_recorded_without_what_was_said(
    failing: Presenter, make_error: Callable[[], BaseException], shown: str, recorded: str
) -> None:
    Failing.make_error, tab = make_error, Tab()  # type: ignore[method-assign]
    for _ in range(2):
        updates = list(ask_question(failing, tab, "A secret question?"))
        assert any(shown in str(update.get("current", "")) for update in updates), updates
        assert updates[-1]["busy"] is False
    met = failing.assistant.problems.read()
    assert [(one.place, one.times) for one in met] == ([("page", 2)] if recorded else [])
    assert all(recorded in one.line and "secret" not in one.line for one in met)


def test_an_act_that_fails_inside_is_a_line(failing: Presenter, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("no reason")

    monkeypatch.setattr(failing.conversations, "count", fail)
    assert "That could not be done: RuntimeError" in str(carry_out(failing, Tab(), "settings", {})["told"])
    assert Problems(failing.assistant.settings.home).read()[0].line == "That could not be done: RuntimeError."


def test_a_clock_that_is_set_back_loses_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with presenting_told(settings.model_copy(update={"home": tmp_path})) as presenter:
        tab, now = Tab(), time.time()
        assert not finish(ask_question(presenter, tab, "First?"))
        monkeypatch.setattr(time, "time", lambda: now - 10 * 365 * 86400)
        assert not finish(ask_question(presenter, tab, "Second?"))
        other = Tab()
        assert not finish(ask_question(presenter, other, "Third?"))
        first, third = tab.conversation.id, other.conversation.id
        kept = presenter.conversations.read(first)
        assert kept is not None
        assert [turn.question for turn in kept.turns] == ["First?", "Second?"]
        assert {one.id for one in presenter.conversations.list()} == {first, third}
        carry_out(presenter, other, "delete", {"id": third})
        assert [one.id for one in presenter.conversations.list()] == [first]
