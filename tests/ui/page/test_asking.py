"""Asking in several tabs at once: the answers are told beforehand, all else is real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import pytest
from starlette.requests import Request
from told import finish, presenting_told

from assistant import Settings
from assistant.errors import HistoryError
from assistant.records import NextStep, Passage
from ui.page.acts import carry_out
from ui.page.app import is_from_here
from ui.page.asking import BEGUN_ANEW, NOT_KEPT, WENT_ON, ask_again, ask_question
from ui.page.presenter import PageUpdate, Presenter
from ui.page.tab import OpenConversation, Tab


@pytest.fixture
def presenter(settings: Settings, tmp_path: Path) -> Iterator[Presenter]:
    with presenting_told(settings.model_copy(update={"home": tmp_path})) as presenter:
        yield presenter


def kept(presenter: Presenter, identity: str) -> list[str]:
    conversation = presenter.conversations.read(identity)
    assert conversation is not None
    return [turn.question for turn in conversation.turns]


def open_tab(presenter: Presenter, identity: str) -> Tab:
    conversation, tab = presenter.conversations.read(identity), Tab()
    assert conversation is not None
    tab.open(OpenConversation(identity=identity, turns=conversation.turns))
    return tab


def begin(asking: Iterator[PageUpdate]) -> Iterator[PageUpdate]:
    """Until the question is shown; its answer is not written yet."""
    next(asking)
    return asking


@pytest.fixture
def identity(presenter: Presenter) -> str:
    tab = Tab()
    finish(ask_question(presenter, tab, "First?"))
    finish(ask_question(presenter, tab, "Second?"))
    return tab.conversation.id


def test_two_tabs_that_finish_between_reading_and_writing_lose_no_turn(
    presenter: Presenter, identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tab's turn is kept at the last moment before this one's."""
    one, other = open_tab(presenter, identity), open_tab(presenter, identity)
    asking, keep = begin(ask_question(presenter, one, "From one?")), presenter.conversations.keep

    def keep_late(*given: object) -> str:
        monkeypatch.undo()
        finish(ask_question(presenter, other, "From the other?"))
        return keep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(presenter.conversations, "keep", keep_late)
    assert finish(asking) == ""
    assert kept(presenter, identity) == ["First?", "Second?", "From the other?", "From one?"]
    assert [turn.question for turn in one.conversation.turns] == kept(presenter, identity)


@pytest.mark.parametrize("edited", [0, 1])
def test_an_edit_replaces_nothing_that_its_tab_has_not_shown(presenter: Presenter, identity: str, edited: int) -> None:
    one, other = open_tab(presenter, identity), open_tab(presenter, identity)
    asking = begin(ask_question(presenter, one, "Edited?", edited))
    finish(ask_question(presenter, other, "From the other?"))
    assert WENT_ON in finish(asking)
    assert kept(presenter, identity) == ["First?", "Second?", "From the other?", "Edited?"]
    assert [turn.question for turn in one.conversation.turns] == kept(presenter, identity)


def test_an_edit_and_another_try_at_once_are_both_kept(presenter: Presenter, identity: str) -> None:
    one, other = open_tab(presenter, identity), open_tab(presenter, identity)
    asking = begin(ask_again(presenter, one))
    finish(ask_question(presenter, other, "Edited?", 0))
    finish(asking)
    assert kept(presenter, identity) == ["Edited?", "Second?"]
    finish(ask_again(presenter, one))
    finish(ask_question(presenter, one, "Third?", 1))
    assert kept(presenter, identity) == ["Edited?", "Third?"], "what a tab has shown it may replace"


# What is deleted in another tab


@pytest.mark.parametrize("replaced", [None, 0, 1])
def test_an_answer_to_what_is_deleted_meanwhile_is_kept_nowhere(
    presenter: Presenter, identity: str, replaced: int | None
) -> None:
    one, other = open_tab(presenter, identity), open_tab(presenter, identity)
    asking = begin(ask_question(presenter, one, "Late?", replaced))
    carry_out(presenter, other, "delete", {"id": identity})
    assert NOT_KEPT in finish(asking)
    assert presenter.conversations.list() == ()
    assert one.conversation.turns[-1].question == "Late?", "it stays on the page"


def test_an_answer_is_kept_nowhere_that_is_written_while_all_is_deleted(presenter: Presenter, identity: str) -> None:
    one, other = open_tab(presenter, identity), Tab()
    asking = begin(ask_question(presenter, one, "Late?"))
    carry_out(presenter, other, "delete-all", {})
    assert NOT_KEPT in finish(asking)
    assert presenter.conversations.list() == ()


@pytest.mark.parametrize("ways", [ask_again, lambda *tab: ask_question(*tab, "Second?")])
def test_a_question_in_what_was_deleted_begins_anew_without_its_turns(
    presenter: Presenter, identity: str, ways: Callable[[Presenter, Tab], Iterator[PageUpdate]]
) -> None:
    one = open_tab(presenter, identity)
    carry_out(presenter, Tab(), "delete", {"id": identity})
    assert BEGUN_ANEW in finish(ways(presenter, one))
    (fresh,) = presenter.conversations.list()
    assert fresh.id == one.conversation.id != identity
    assert kept(presenter, fresh.id) == ["Second?"]
    assert [turn.question for turn in one.conversation.turns] == ["Second?"]
    assert not finish(ask_question(presenter, one, "Third?"))
    assert kept(presenter, fresh.id) == ["Second?", "Third?"]


def test_what_cannot_be_read_is_not_taken_for_deleted(
    presenter: Presenter, identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(identity: str) -> None:
        raise HistoryError("The file is in use by another program")

    one = open_tab(presenter, identity)
    monkeypatch.setattr(presenter.conversations, "read", fail)
    finish(ask_question(presenter, one, "Third?"))
    monkeypatch.undo()
    assert kept(presenter, identity) == ["First?", "Second?", "Third?"]


@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_a_rating_goes_to_no_other_answer_than_was_rated(presenter: Presenter, identity: str, how: str) -> None:
    one, other = open_tab(presenter, identity), open_tab(presenter, identity)
    if how == "edited":
        finish(ask_question(presenter, other, "Edited?", 1))
    else:
        carry_out(presenter, other, "delete", {"id": identity})
    told = carry_out(presenter, one, "rate", {"place": 1, "helpful": "false"})
    assert "no longer here" in str(told["told"])
    assert presenter.conversations.list_ratings() == ()
    assert one.conversation.turns[1].helpful is None
    if how == "edited":
        carry_out(presenter, one, "rate", {"place": 0, "helpful": "true"})
        assert [rating.question for rating in presenter.conversations.list_ratings()] == ["First?"]


@pytest.mark.parametrize(("field", "value"), [("done", "true"), ("note", "Ask her."), ("due", "2030-01-31")])
def test_a_step_that_is_gone_takes_no_note_in_silence(presenter: Presenter, field: str, value: str) -> None:
    passage = Passage(1, "a.md", "Part", "Ask her.", 0, 8, 1.0)
    step = presenter.plan.keep(NextStep("Ask her.", passage))
    sent = {"id": step, "field": field, "value": value}
    assert not carry_out(presenter, Tab(), "step", sent)["told"]
    presenter.plan.drop(step)
    assert "no longer here" in str(carry_out(presenter, Tab(), "step", sent)["told"])


# What is set in a tab, and what holds for everybody


def test_each_tab_has_its_own_length(presenter: Presenter) -> None:
    one, other = Tab(), Tab()
    assert carry_out(presenter, one, "use", {"field": "length", "value": "short"}) == {"told": ""}
    for tab, length in ((one, "short"), (other, "normal")):
        finish(ask_question(presenter, tab, "How?"))
        assert tab.conversation.turns[0].answer.text == f"A {length} answer."
        assert f'value="{length}" checked' in str(carry_out(presenter, tab, "settings", {})["place"])
    assert not (presenter.assistant.settings.home / "choices.json").exists()
    assert "huge" in str(carry_out(presenter, one, "use", {"field": "length", "value": "huge"})["told"])


@pytest.mark.parametrize(("remembered", "length"), [("long", "long"), ("huge", None), ("", None)])
def test_a_tab_takes_the_length_that_its_browser_remembers(
    presenter: Presenter, remembered: str, length: str | None
) -> None:
    tab = Tab()
    carry_out(presenter, tab, "arrive", {"id": "", "length": remembered})
    assert tab.length == length


def test_a_visitor_cannot_change_the_model(presenter: Presenter) -> None:
    visitor, used = Tab(), presenter.assistant.settings.model
    told = carry_out(presenter, visitor, "use", {"field": "model", "value": "other.gguf"})["told"]
    assert "on the computer that runs this page" in str(told)
    place = str(carry_out(presenter, visitor, "settings", {})["place"])
    assert "<select" not in place
    assert used in place
    visitor.is_owner = True
    assert "<select" in str(carry_out(presenter, visitor, "settings", {})["place"])


@pytest.mark.parametrize(
    ("client", "host", "from_here"),
    [
        ("127.0.0.1", "127.0.0.1:7860", True),
        ("127.0.0.1", "localhost", True),
        ("::1", "[::1]:7860", True),
        ("192.168.1.7", "127.0.0.1:7860", False),
        ("192.168.1.7", "192.168.1.2:7860", False),
        ("127.0.0.1", "guide.example", False),
        ("127.0.0.1", "127.0.0.1.evil.example:7860", False),
        ("127.0.0.1", "", False),
        ("10.0.0.1", "[::1]", False),
    ],
)
def test_who_opened_the_page_on_its_own_machine_is_told_by_both_addresses(
    client: str, host: str, from_here: bool
) -> None:
    """A proxy on the same machine passes on what comes from elsewhere, under the public name."""
    scope = {"type": "http", "client": (client, 50000), "headers": [(b"host", host.encode())]}
    assert is_from_here(gr.Request(request=Request(scope))) == from_here  # type: ignore[arg-type]
