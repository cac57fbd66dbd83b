"""Whatever words the answers: what is shown is checked by the reader, and stays as promised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from chat_server import Call, SmallServer, piece, small_server
from conftest import TINY

from assistant import Answer, Assistant, Settings
from assistant.answering.prompt import SYSTEM
from assistant.errors import ModelError
from assistant.guide import say_nothing
from assistant.llm import served
from assistant.llm.local import LocalModel
from assistant.llm.served import ServedModel
from assistant.loading import replace_model
from index.progress import ignore_progress

QUESTION = "How do I listen better when my girlfriend talks?"
SAID = "You can show interest by making eye contact and nodding, and ask follow-up questions."
TURNED = "Never show interest by making eye contact and nodding."
FREELY = "Look her in the eye and nod, so that she sees your interest in the conversation."
ELSEWHERE = "Buy her a new phone for her birthday."


@contextmanager
def worded(assistant: Assistant, act: Callable[[Call], None]) -> Iterator[tuple[Assistant, SmallServer]]:
    """An assistant with the default reader, whose answers a small server words."""
    with small_server(act) as server:
        other = Assistant(assistant.settings.model_copy(update={"llm_url": server.url}))
        other._components = replace(assistant.load(), writer=ServedModel(server.url))
        other.loading_status = None
        yield other, server


def ask(assistant: Assistant, *pieces: str) -> Answer:
    with worded(assistant, lambda call: call.events(*map(piece, pieces), piece("", "stop"))) as (other, _):
        return other.ask(QUESTION)


def drafted(answer: Answer) -> list[str]:
    """What is shown of the draft; each sentence has its places in the guide."""
    numbers = {passage.number for passage in answer.passages}
    assert all(one.citations and set(one.citations) <= numbers for one in answer.sentences)
    return [sentence.text for sentence in answer.sentences if not sentence.quotes]


@pytest.fixture(scope="module")
def quoted(assistant: Assistant) -> Answer:
    """The answer of a writer that says nothing."""
    answer = ask(assistant)
    assert answer.status == "answered"
    assert drafted(answer) == []
    return answer


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (SAID, [SAID]),
        (f"{TURNED} {ELSEWHERE} {SAID}", [SAID]),
        (f"<think>She is right. {SAID}</think>{ELSEWHERE}", []),
        (f"<think>{TURNED} It goes on and on.", []),
        (f"## Answer\n\n- **{ELSEWHERE}**\n- **{SAID}** [1]\n", [SAID]),
        ("Lege dein Handy weg, wenn deine Freundin spricht. Hör ihr zu.", []),
        ("I'm sorry, but I can't help with that.", []),
        (f"{SAID} {SAID} {SAID}", [SAID]),
        (f"{SAID} Show interest by making eye", [SAID]),
        ("<|im_end|><script>alert(1)</script>", []),
    ],
    ids="plain mixed thinks-aloud only-thinks markdown german refuses repeats stops-midway markup".split(),
)
def test_of_any_draft_only_what_the_guide_says_is_shown(
    assistant: Assistant, quoted: Answer, said: str, shown: list[str]
) -> None:
    answer = ask(assistant, *re.findall(r"\S*\s*", said))
    assert answer.status == "answered"
    assert drafted(answer) == shown
    assert answer.sentences[0] == quoted.sentences[0], "which no writer words"
    assert answer.chance == quoted.chance


def test_a_writer_that_never_ends_is_left(assistant: Assistant, quoted: Answer) -> None:
    answer = ask(assistant, *[f"{ELSEWHERE} "] * 3000)
    assert drafted(answer) == []
    assert answer.sentences == quoted.sentences
    assert answer.cut_short
    assert len(answer.dropped) < 100


def test_a_writer_that_dies_is_told_in_a_line(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next question is free to come."""
    monkeypatch.setattr(served, "RETRIES", 0)
    with worded(assistant, lambda call: call.events(piece(f"{SAID} "), end="")) as (other, server):
        for _ in range(2):
            with pytest.raises(ModelError, match="broke off"):
                other.ask(QUESTION)
        assert len(server.asked) == 2


def test_a_server_words_and_decides_nothing(assistant: Assistant) -> None:
    """It is sent the prompt of the answer and no question about support; the reader reads only such questions."""
    reader = assistant.load().reader
    assert isinstance(reader, LocalModel)
    before = reader.work
    with worded(assistant, lambda call: call.events(piece(f"{FREELY} {SAID} "), piece("", "stop"))) as (
        other,
        server,
    ):
        other.ask(QUESTION)
    assert [call.body["messages"][0]["content"] for call in server.asked] == [SYSTEM]
    assert reader.work.tokens == before.tokens
    assert reader.work.checks > before.checks
    assert reader.work.checked_tokens - before.checked_tokens < 400


@pytest.mark.thorough
@pytest.mark.parametrize("people", [4, 8])
def test_several_at_once_share_one_reader(assistant: Assistant, people: int) -> None:
    reader = assistant.load().reader
    assert isinstance(reader, LocalModel)
    with worded(assistant, lambda call: call.events(piece(f"{FREELY} {TURNED} {SAID} "), piece("", "stop"))) as (
        other,
        _,
    ):
        assert other.at_once == 8
        before = reader.work.checks
        alone = other.ask(QUESTION)
        passes = reader.work.checks - before
        with ThreadPoolExecutor(people) as pool:
            answers = list(pool.map(lambda number: other.ask(QUESTION), range(people)))
    assert [answer.sentences for answer in answers] == [alone.sentences] * people
    assert reader.work.checks - before - passes < people * passes


@pytest.mark.thorough
def test_a_weak_writer_beside_the_reader(assistant: Assistant, settings: Settings) -> None:
    """Both are loaded here; each takes memory only for what it does."""
    weak = Assistant(settings.model_copy(update={"model": TINY}))
    weak._components = parts = replace_model(assistant.load(), weak.settings, ignore_progress, say_nothing)
    assert isinstance(parts.writer, LocalModel)
    assert isinstance(parts.reader, LocalModel)
    assert parts.reader.weights.path == assistant.load().writer.weights.path  # type: ignore[union-attr]
    assert "_checks" not in vars(parts.writer)
    assert "_main" not in vars(parts.reader)
    assert parts.verdicts.reads_claims
    assert not weak.caveat
    drafted(weak.ask(QUESTION))


def test_the_default_is_one_model(assistant: Assistant) -> None:
    parts = assistant.load()
    assert parts.reader is parts.writer
    assert not assistant.caveat
