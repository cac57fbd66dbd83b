"""Whether the guide covers a question: by likeness alone, by a number that is not there, or by the model's verdict."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from by_hand import make_match, make_retrieval

from assistant.answering.coverage import (
    CLEAR,
    CLEAR_WITHOUT_PROBE,
    COVERAGE_BAR,
    LIKENESS_WEIGHT,
    UNLIKE,
    decide_coverage,
    measure_coverage,
)
from assistant.answering.prompt import ASIDE, COVERAGE_PREFIX, build_answer_prompt
from assistant.answering.retrieve import Retrieval
from assistant.answering.steps import form_question
from assistant.answering.verdicts import Verdicts
from assistant.llm.llama import Logits
from assistant.llm.local import LocalModel
from assistant.llm.model import Message, Usage
from assistant.llm.probes import LogitProbe, Probes

SENTENCES = {"Water the beans at dusk.": 0.5, "Use a can with a long neck.": 0.4}


class SureModel:
    """A chat model that is always as sure; it keeps what it was asked."""

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.asked: list[tuple[Sequence[Message], str]] = []

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        yield from ()

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        self.asked += [(prefix, question) for question in questions]
        return [self.logit] * len(questions)


class SureLocalModel(LocalModel):
    """A local model without weights: it reads the same logits from every prompt."""

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.read_so_far: list[tuple[Sequence[Message], str]] = []

    def read(self, prompt: Sequence[Message], aside: str) -> Logits:
        self.read_so_far.append((prompt, aside))
        return np.array([self.logit / 2, -self.logit / 2], dtype=np.float32)


PROBE = LogitProbe(np.array([0, 1], dtype=np.int32), np.array([1, -1], dtype=np.float32), np.array(0, dtype=np.float32))
"""Reads how much the first logit of two is above the second."""


def found(likeness: float, question: str = "What do beans need?", earlier: str = "") -> Retrieval:
    return make_retrieval(make_match("Watering", SENTENCES, likeness=likeness), question=question, earlier=earlier)


def measure(retrieval: Retrieval, logit: float) -> tuple[float, str, bool]:
    """Margin and reason by a plain yes or no, and whether the model was asked."""
    model = SureModel(logit)
    return (*measure_coverage(retrieval, prompt_of(retrieval), Verdicts(model, Probes())), bool(model.asked))  # type: ignore[arg-type]


def prompt_of(retrieval: Retrieval) -> tuple[Message, ...]:
    return build_answer_prompt(retrieval.notes, retrieval.question, retrieval.earlier)


# The bounds of likeness


def test_what_is_near_nothing_is_not_covered_whatever_the_model_would_say() -> None:
    margin, reason, asked = measure(found(UNLIKE - 0.001), 100.0)
    assert (margin, asked) == (-math.inf, False)
    assert reason
    assert measure(make_retrieval(), 100.0) == (margin, reason, False)
    assert measure(found(UNLIKE), 100.0)[1:] == ("", True)


def test_what_is_very_near_is_covered_whatever_the_model_would_say() -> None:
    assert measure(found(CLEAR_WITHOUT_PROBE), -100.0) == (math.inf, "", False)
    margin, reason, asked = measure(found(CLEAR_WITHOUT_PROBE - 0.001), -100.0)
    assert margin < 0
    assert reason
    assert asked


@pytest.mark.parametrize("likeness", [CLEAR_WITHOUT_PROBE, CLEAR - 0.001])
def test_a_probe_is_asked_where_a_plain_yes_would_not_be(likeness: float) -> None:
    """Beside the very prompt that words the answer, so that it is evaluated once."""
    model, retrieval = SureLocalModel(-100.0), found(likeness)
    prompt = prompt_of(retrieval)
    margin, reason = measure_coverage(retrieval, prompt, Verdicts(model, Probes(coverage=PROBE)))
    assert margin == pytest.approx(-100 + LIKENESS_WEIGHT * likeness - COVERAGE_BAR)
    assert reason
    ((read, aside),) = model.read_so_far
    assert read is prompt
    assert aside == ASIDE


def test_what_is_nearest_of_all_needs_no_probe() -> None:
    model = SureLocalModel(-100.0)
    covered = measure_coverage(found(CLEAR), prompt_of(found(CLEAR)), Verdicts(model, Probes(coverage=PROBE)))
    assert covered == (math.inf, "")
    assert model.read_so_far == []


# Between them


@pytest.mark.parametrize("likeness", [UNLIKE, 0.3, CLEAR_WITHOUT_PROBE - 0.01])
def test_the_nearer_it_is_the_less_sure_the_model_must_be(likeness: float) -> None:
    needed = COVERAGE_BAR - LIKENESS_WEIGHT * likeness
    for logit in (needed - 2, needed - 0.01, needed + 0.01, needed + 2):
        margin, reason, asked = measure(found(likeness), logit)
        assert asked
        assert margin == pytest.approx(logit - needed)
        assert bool(reason) == (logit < needed)


def test_the_model_is_asked_about_the_best_sentences_and_both_questions() -> None:
    retrieval = make_retrieval(
        make_match("Watering", {"Far off.": 0.01, **SENTENCES}),
        make_match("Slugs", {"Slugs come out at night.": 0.4}),
        make_match("Compost", {"Turn the heap.": 0.45}),
        question="and beans?",
        earlier="What does a garden need?",
    )
    model = SureModel(0.0)
    measure_coverage(retrieval, prompt_of(retrieval), Verdicts(model, Probes()))  # type: ignore[arg-type]
    ((prefix, asked),) = model.asked
    assert prefix == COVERAGE_PREFIX
    for told in (*SENTENCES, "Slugs come out at night.", "What does a garden need? and beans?"):
        assert told in asked
    for left_out in ("Far off.", "Turn the heap."):
        assert left_out not in asked


# Questions for a number

QUANTITIES = [
    "How many beans grow on a plant?",
    "how much water do they need",
    "For how long do they keep?",
    "What percentage of seeds comes up?",
    "What year was the first spade made?",
]

NUMBERS = ["Sow 3 beans in a pot.", "Sow three beans in a pot.", "Water them twice a week.", "Never water at noon."]


@pytest.mark.parametrize("question", QUANTITIES)
def test_a_question_for_a_number_is_not_covered_where_there_is_none(question: str) -> None:
    for likeness in (0.3, CLEAR):
        margin, reason, asked = measure(found(likeness, question), 100.0)
        assert (margin, asked) == (-math.inf, False)
        assert "number" in reason
    assert measure(found(0.3, "What do beans need?", question), 100.0)[0] == -math.inf, "it leans on such a question"


@pytest.mark.parametrize("sentence", NUMBERS)
def test_a_number_in_figures_or_words_may_answer_it(sentence: str) -> None:
    for match in (make_match("Beans", {sentence: 0.5}), make_match(sentence, {"Of beans.": 0.5})):
        assert measure(make_retrieval(match, question=QUANTITIES[0]), 100.0)[1:] == ("", True)


def test_only_a_number_that_may_go_before_the_model_counts() -> None:
    plain, telling = make_match("A", SENTENCES), make_match("B", {NUMBERS[0]: 0.5})
    assert measure(make_retrieval(*[plain] * 3, telling, question=QUANTITIES[0]), 100.0)[1] == ""
    assert measure(make_retrieval(*[plain] * 4, telling, question=QUANTITIES[0]), 100.0)[0] == -math.inf


@pytest.mark.parametrize("question", ["How do I water beans?", "How can I grow much?", "What do many beans need?"])
def test_other_questions_need_no_number(question: str) -> None:
    assert measure(found(0.3, question), 100.0)[1:] == ("", True)


# What is decided


@pytest.mark.parametrize(("likeness", "logit"), [(0.1, 100.0), (0.3, -100.0)])
def test_what_is_not_covered_has_nothing_to_go_before_the_model(likeness: float, logit: float) -> None:
    retrieval = found(likeness)
    verdicts = Verdicts(SureModel(logit), Probes())  # type: ignore[arg-type]
    decided = decide_coverage(retrieval, prompt_of(retrieval), verdicts)
    assert decided == replace(retrieval, selections=(), margin=decided.margin, reason=decided.reason)
    assert decided.margin < 0
    assert decided.reason


@pytest.mark.parametrize(("likeness", "logit"), [(0.3, 100.0), (0.9, -100.0)])
def test_what_is_covered_keeps_what_goes_before_the_model(likeness: float, logit: float) -> None:
    retrieval = found(likeness)
    verdicts = Verdicts(SureModel(logit), Probes())  # type: ignore[arg-type]
    decided = decide_coverage(retrieval, prompt_of(retrieval), verdicts)
    assert decided == replace(retrieval, margin=decided.margin)
    assert decided.margin > 0


@pytest.mark.parametrize("heading", ["How many beans does a family need?", "Watering"])
def test_a_question_that_we_suggest_is_covered(heading: str) -> None:
    match = make_match(heading, SENTENCES, likeness=0.1)
    retrieval = make_retrieval(match, question=form_question(match.chunk))
    model = SureModel(-100.0)
    assert decide_coverage(retrieval, prompt_of(retrieval), Verdicts(model, Probes())) is retrieval  # type: ignore[arg-type]
    assert model.asked == []
