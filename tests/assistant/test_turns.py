"""Earlier turns of a conversation: the same from the page, the terminal and other programs. A server words them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from chat_server import Call, SmallServer, piece, small_server
from gradio_client import Client
from gradio_client.exceptions import AppError

from assistant import Assistant, Settings, Turn, open_assistant
from assistant.answering.care import Care
from assistant.errors import QuestionError
from assistant.history.conversation import KeptTurn
from assistant.records import Answer, AnswerSentence
from assistant.settings import NO_READER
from ui.page.presenter import Presenter
from ui.page.tab import OpenConversation
from ui.serving.server import RunningServer, launch

GARDEN = "# A Small Garden\n\n## Watering\n\nWater the beans at dusk. Never wet the leaves of tomatoes.\n"
BEANS, DANGER, LEANING = "When do I water the beans?", "My husband hits me", "And the tomatoes?"
NO_TEXT = "beans \ud800"


def speak(call: Call) -> None:
    """Words for an answer; Yes for a check."""
    if "stream" in call.body:
        call.events(piece("Water the beans at dusk."), piece(reason="stop"))
    else:
        call.answer({"choices": [{"message": {"content": "Yes"}}]})


@pytest.fixture(scope="module")
def words() -> Iterator[SmallServer]:
    with small_server(speak) as server:
        yield server


@pytest.fixture(scope="module")
def gardener(settings: Settings, words: SmallServer, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    corpus = tmp_path_factory.mktemp("garden")
    (corpus / "plants.md").write_text(GARDEN, "utf-8")
    chosen = {"corpus": corpus, "llm_url": words.url, "reader": NO_READER, "port": 0}
    gardener = open_assistant(settings.model_copy(update=chosen))
    gardener.load()
    return gardener


@pytest.fixture(scope="module")
def served(gardener: Assistant) -> Iterator[RunningServer]:
    with closing(launch(gardener)) as served:
        yield served


def searched_with(gardener: Assistant, history: tuple[Turn, ...], monkeypatch: pytest.MonkeyPatch) -> str:
    """The earlier question that LEANING was searched with."""
    asked = []
    searcher, search = gardener.load().searcher, gardener.load().searcher.search

    def note(question: str, k: int, earlier: str = "") -> object:
        asked.append(earlier)
        return search(question, k, earlier)

    monkeypatch.setattr(searcher, "search", note)
    gardener.ask(LEANING, history)
    return asked[0]


def test_what_was_asked_in_danger_is_read_with_no_later_question(
    gardener: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    care = gardener.ask(DANGER)
    assert care.status == "care"
    turns = (Turn(BEANS, "At dusk."), Turn(DANGER, care.text))
    assert searched_with(gardener, turns, monkeypatch) == BEANS
    assert searched_with(gardener, turns[1:], monkeypatch) == ""
    kept = (KeptTurn(BEANS, Answer("answered", (AnswerSentence("At dusk."),)), 1.0), KeptTurn(DANGER, care, 2.0))
    assert OpenConversation(turns=kept).make_history(2) == turns, "the page passes on what others do"


def test_earlier_turns_are_looked_at_only_if_a_question_leans_on_them(
    gardener: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged, assess = [], Care.assess

    def note(self: Care, question: str, earlier: str = "") -> object:
        judged.append(question)
        return assess(self, question, earlier)

    monkeypatch.setattr(Care, "assess", note)
    gardener.ask("When should I water the beans in my garden?", (Turn(DANGER), Turn(BEANS)))
    assert judged == ["When should I water the beans in my garden?"]


def test_an_earlier_turn_that_is_not_text_is_said_in_a_line(gardener: Assistant, served: RunningServer) -> None:
    with pytest.raises(QuestionError, match="An earlier turn is not text"):
        gardener.ask(LEANING, (Turn(NO_TEXT),))
    messages = [{"role": "user", "content": NO_TEXT}, {"role": "user", "content": LEANING}]
    for stream in (False, True):
        body = json.dumps({"messages": messages, "stream": stream})  # a lone surrogate, escaped
        to = f"{served.address}/v1/chat/completions"
        response = httpx2.post(to, content=body.encode(), headers={"Content-Type": "application/json"})
        assert response.status_code == 400
        assert "An earlier turn is not text" in response.json()["error"]["message"]
    client = Client(served.address, verbose=False, analytics_enabled=False)
    with pytest.raises(AppError, match="An earlier turn is not text"):
        client.predict(LEANING, [{"question": "beans \0", "answer": ""}], api_name="/ask")


@pytest.mark.thorough
def test_an_earlier_turn_may_be_empty_or_long(gardener: Assistant) -> None:
    assert gardener.ask(LEANING, (Turn(""),)).status != "care"
    assert gardener.ask(LEANING, (Turn("beans " * 5000),)).status != "care"


# What is kept of them


@contextmanager
def presenting(assistant: Assistant) -> Iterator[Presenter]:
    assistant.load()
    with closing(assistant.follow()) as follower:
        yield Presenter(assistant, follower)


def test_the_page_shows_what_is_kept_after_the_folder_was_renamed(gardener: Assistant, tmp_path: Path) -> None:
    old, new, home = tmp_path / "garden", tmp_path / "my garden", tmp_path / "home"
    old.mkdir()
    (old / "plants.md").write_text(GARDEN, "utf-8")
    with presenting(gardener.over(old, home)) as before:
        before.read_status()
        before.conversations.keep(None, 0, BEANS, Answer("answered"))
    old.rename(new)
    with presenting(gardener.over(new, home)) as after:
        assert not after.conversations.list()
        after.read_status()
        assert [one.title for one in after.conversations.list()] == [BEANS]
