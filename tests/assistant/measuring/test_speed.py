"""What an answer costs, in counts: tokens evaluated, texts embedded, modules imported. `assistant bench` has times."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from statistics import median
from threading import Event

import pytest
from conftest import Cli
from paths import ROOT

from assistant import Assistant
from assistant.llm.local import LocalModel
from assistant.measuring.jsonlines import read_json_lines
from assistant.records import Answer, Turn
from index.search import Searcher

GUIDE = ROOT / "tests" / "questions" / "guide.jsonl"
SMALL = str(ROOT / "tests" / "corpora" / "orders")


def asked(most: int) -> list[str]:
    rows = [
        row for row in read_json_lines(GUIDE, ("question", "gold", "history")) if row["gold"] and not row["history"]
    ]
    return [row["question"] for row in rows[:: len(rows) // most]][:most]


@pytest.fixture(scope="module")
def model(assistant: Assistant) -> LocalModel:
    model = assistant.load().writer
    assert isinstance(model, LocalModel)
    assistant.ask("How do I listen?")  # the first one also embeds the examples of danger, if no start has yet
    return model


@pytest.mark.thorough
def test_the_guides_own_words_are_shown_before_the_model_reads(assistant: Assistant, model: LocalModel) -> None:
    """They cost a vector: care's is made in the same pass."""
    for question in asked(4):
        before, vectors = model.work, assistant.load().embedder.embedded
        with closing(assistant.stream(question)) as growing:
            answer = next(answer for answer in growing if answer.sentences)
        assert answer.sentences[0].quotes
        assert assistant.load().embedder.embedded - vectors == 1
        assert model.work == before


@pytest.mark.thorough
@pytest.mark.parametrize("most", [4, 8])
def test_a_question_costs_few_new_tokens(assistant: Assistant, model: LocalModel, most: int) -> None:
    costs = []
    for question in asked(most):
        before = model.work
        with closing(assistant.stream(question)) as growing:
            reads = any(model.work.tokens > before.tokens for _ in growing)
        assert model.work.checks == before.checks, "nothing is checked before there is a sentence"
        costs += [model.work.tokens - before.tokens] if reads else []
    assert len(costs) >= most / 2
    assert median(costs) <= 320


@pytest.mark.thorough
def test_an_answer_reads_its_prompt_once(assistant: Assistant, model: LocalModel) -> None:
    """The rest are the words, a token each; the last of them is not read. Checks are beside."""
    checks = 0
    for question in (
        "How can I be a better listener when she tells me about work?",
        "Instead of advice, what should I focus on when somebody confides in me?",
    ):
        before = model.work
        answer = assistant.ask(question)
        assert answer.status == "answered"
        read = answer.timings.prompt_tokens - answer.timings.cached_tokens
        worded = answer.timings.generated_tokens
        assert model.work.tokens - before.tokens in (read + worded, read + worded - 1)
        drafted = [one for one in answer.sentences if not one.quotes]
        assert model.work.checks - before.checks <= 2 * (len(drafted) + len(answer.dropped)), "two for one that joins"
        checks += model.work.checks - before.checks
    assert checks >= 1, "what is not word for word the guide's is checked"


@pytest.mark.thorough
def test_the_same_question_again_reads_nothing_new(assistant: Assistant, model: LocalModel) -> None:
    question = "What do I say after a fight?"
    first = assistant.ask(question)
    before = model.work
    again = assistant.ask(question)
    assert again.sentences == first.sentences
    assert model.work.tokens - before.tokens <= again.timings.generated_tokens + 1


@pytest.mark.thorough
def test_a_follow_up_costs_little_beside_its_notes(assistant: Assistant, model: LocalModel) -> None:
    for question in asked(3):
        history = (Turn(question, "An answer."),)
        answer = assistant.ask("And why is that?", history)
        new = answer.timings.prompt_tokens - answer.timings.cached_tokens
        notes = sum(model.count(span) for passage in answer.passages for span in (passage.heading, passage.text))
        assert new <= 200 + notes


@pytest.mark.thorough
def test_eight_at_once_are_all_answered_in_order(assistant: Assistant) -> None:
    questions, ended, places = asked(8), list[int](), dict[int, list[int]]()

    def one(number: int, come: Event) -> Answer:
        with closing(assistant.stream(questions[number])) as growing:
            for answer in growing:
                come.set()
                places.setdefault(number, []).append(answer.before)
        ended.append(number)
        return answer

    with ThreadPoolExecutor(8) as pool:
        done = []
        for number in range(8):
            come = Event()
            done.append(pool.submit(one, number, come))
            come.wait()
        answers = [each.result() for each in done]
    assert ended == list(range(8))
    assert all(answer.sentences for answer in answers)
    assert all(seen == sorted(seen, reverse=True) for seen in places.values()), "nobody is put back in the line"
    assert places[7][0] >= 2
    assert assistant.waiting == 0


@pytest.mark.thorough
def test_who_leaves_frees_the_model_within_a_token(assistant: Assistant, model: LocalModel) -> None:
    start = model.work
    with closing(assistant.stream("How can I be a better listener when she tells me about work?")) as growing:
        assert any(model.work != start for _ in growing)
        before = model.work
    assert assistant.waiting == 0
    assert model.work == before
    assert assistant.ask("How do I listen?").sentences


IMPORTED = """
import json, sys
from assistant.cli.command import app
try:
    app(["ask", "How do I listen?"], standalone_mode=False)
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.thorough
def test_ask_imports_only_what_it_uses(cli: Cli, shipped: Searcher) -> None:
    done = cli(program=IMPORTED)
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"llama_cpp", "chromadb", "tokenizers"} <= imported
    assert imported.isdisjoint(
        {"torch", "transformers", "sentence_transformers", "gradio", "sklearn", "scipy", "pandas", "openai", "fastapi"}
    )


@pytest.mark.thorough
def test_bench_measures_each_figure_beside_its_floor(cli: Cli) -> None:
    done = cli("bench", "--json", "--most", "2", "--starts", "1", "--model", "smollm2-135m-instruct", "--corpus", SMALL)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    figures = {one["name"]: one for one in told["figures"]}
    assert len(figures) == 12
    for one in figures.values():
        assert one["value"] > 0 or one["unit"] == "tokens"
        assert set(one) >= {"name", "value", "unit", "floor", "ratio", "reach"}
        assert one["ratio"] is None or one["ratio"] == pytest.approx(one["value"] / one["floor"])
    assert sum(one["floor"] is None for one in figures.values()) == 2
    assert set(told["imports"]) & {"chromadb", "llama_cpp", "numpy"}
