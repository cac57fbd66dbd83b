"""Whether the guide answers a question: the chance of it, and the thresholds that make three outcomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise, product

import pytest
from by_hand import make_match, make_retrieval

from assistant import Assistant, Settings
from assistant.answering.coverage import (
    CURVES,
    SURE,
    UNFITTED,
    Curve,
    decide_coverage,
    estimate_chance,
    read_quotations,
)
from assistant.answering.quote import rank_quotations
from assistant.answering.retrieve import Retrieval, retrieve
from assistant.answering.steps import form_question
from assistant.guide import name_readers
from assistant.loading import Components
from assistant.records import Turn

STEPS = [step / 20 for step in range(21)]
"""From nothing alike to the very same."""

UNKNOWN = "vectors of an embedder that nothing was fitted to"


def make_curve(answered: float = 0.7, nearest: float = 0.3) -> Curve:
    return Curve(1.0, 0.5, 0.0, answered, nearest)


def find(likeness: float, question: str = "What do beans need?", logit: float | None = 0.0) -> Retrieval:
    """One chunk that is as like, and what the cross-encoder says of its best sentence."""
    sentences = {"Water the beans at dusk.": 0.5, "Use a can with a long neck.": 0.3}
    found = make_retrieval(make_match("Watering", sentences, 0.5, likeness), question=question)
    return replace(found, logit=logit)


# The chance


@pytest.mark.parametrize("curve", [make_curve(), UNFITTED, *CURVES.values()])
def test_the_liker_the_likelier(curve: Curve) -> None:
    chances = [estimate_chance(likeness, 0.0, curve) for likeness in STEPS]
    assert all(before < after for before, after in pairwise(chances))
    assert all(0 < chance < 1 for chance in chances), "nothing is sure"
    assert estimate_chance(-curve.summand / curve.likeness, 0.0, curve) == pytest.approx(0.5)


@pytest.mark.parametrize("curve", [make_curve(), *CURVES.values()])
def test_the_surer_the_cross_encoder_the_likelier(curve: Curve) -> None:
    chances = [estimate_chance(0.5, logit, curve) for logit in (-6.0, -2.0, 0.0, 1.0, 5.0)]
    assert all(before < after for before, after in pairwise(chances))
    assert estimate_chance(0.5, 2.0, UNFITTED) == estimate_chance(0.5, -2.0, UNFITTED), "there is none"


@pytest.mark.parametrize(
    "other", ["Why do beans need water?", "What's the reason for the can?", "how come beans need it"]
)
def test_likeness_tells_little_about_questions_for_a_reason(other: str) -> None:
    (name,) = CURVES

    def estimate(question: str, likeness: float, logit: float = 1.0) -> float:
        return decide_coverage(find(likeness, question, logit=logit), name)[1]

    fact = find(0.6).question
    assert estimate(fact, 0.8) > estimate(fact, 0.6) > estimate(other, 0.6)
    assert estimate(other, 0.8) == estimate(other, 0.6) > estimate(other, 0.2)
    assert estimate(other, 0.8, 2.0) > estimate(other, 0.8)
    told = find(0.6, other, logit=1.0)
    reason = replace(told.quotations[0].sentences[-1], plain="Water them at dusk, because the sun dries the leaves.")
    given = replace(told, quotations=(replace(told.quotations[0], sentences=(reason,)),))
    assert decide_coverage(given, name)[1] > decide_coverage(told, name)[1], "it has words for a reason"
    leaning = (replace(find(0.6, question, logit=1.0), earlier="And peas?") for question in (fact, other))
    assert len({decide_coverage(one, name)[1] for one in leaning}) == 1, "of follow-ups it is less sure already"
    assert len({decide_coverage(find(0.6, question), UNKNOWN)[1] for question in (fact, other)}) == 1


# The three outcomes


@pytest.fixture
def curves(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Curve]:
    """The curves that are shipped, and some made by hand whose thresholds are the chance at one of STEPS."""
    at = [estimate_chance(likeness, 0.0, make_curve()) for likeness in STEPS]
    made = {"low": make_curve(at[5], at[2]), "high": make_curve(at[18], at[12]), "no nearest": make_curve(at[9], at[9])}
    for name, curve in made.items():
        monkeypatch.setitem(CURVES, name, curve)
    return CURVES


def test_the_thresholds_decide_what_becomes_of_a_question(curves: Mapping[str, Curve]) -> None:
    for name, logit in product((*curves, UNKNOWN), (None, -2.0, 0.0, 2.0)):
        curve = UNFITTED if logit is None else curves.get(name, UNFITTED)
        for likeness in STEPS:
            coverage, chance = decide_coverage(find(likeness, logit=logit), name)
            assert chance == estimate_chance(likeness, logit or 0.0, curve)
            assert (coverage == "answered") == (chance >= curve.answered)
            assert (coverage == "not_covered") == (chance < curve.nearest)


def test_a_threshold_that_is_just_reached_is_reached(curves: Mapping[str, Curve]) -> None:
    outcomes = {name: [decide_coverage(find(likeness), name)[0] for likeness in STEPS] for name in curves}
    assert outcomes["low"] == ["not_covered"] * 2 + ["nearest"] * 3 + ["answered"] * 16
    assert outcomes["high"] == ["not_covered"] * 12 + ["nearest"] * 6 + ["answered"] * 3
    assert outcomes["no nearest"] == ["not_covered"] * 9 + ["answered"] * 12


@pytest.mark.parametrize("name", [*CURVES, UNKNOWN])
def test_each_curve_knows_all_three_outcomes(name: str) -> None:
    """From what is like nothing to what is asked word for word."""
    curve = CURVES.get(name, UNFITTED)
    assert 0 < curve.nearest < curve.answered < 1
    outcomes = [decide_coverage(find(step, logit=6 * step - 3), name)[0] for step in STEPS]
    assert list(dict.fromkeys(outcomes)) == ["not_covered", "nearest", "answered"]


@pytest.mark.parametrize("name", [*CURVES, UNKNOWN])
def test_where_nothing_is_found_the_guide_does_not_cover_it(name: str) -> None:
    coverage, chance = decide_coverage(make_retrieval(), name)
    assert coverage == "not_covered"
    assert chance < 0.001


@pytest.mark.parametrize("heading", ["How many beans does a family need?", "Watering"])
@pytest.mark.parametrize("name", [*CURVES, UNKNOWN])
def test_a_question_that_we_suggest_is_answered(heading: str, name: str) -> None:
    """However far the vectors put it."""
    match = make_match(heading, {"Water the beans at dusk.": 0.0}, 0.0, 0.0)
    assert decide_coverage(make_retrieval(match, question=form_question(match.chunk)), name) == ("answered", 1.0)
    other = make_retrieval(match, question="Why is the sea salty?")
    assert decide_coverage(other, name)[1] < 1


# Which curve


def test_the_default_readers_have_a_curve(settings: Settings) -> None:
    """It is fitted anew when one of them changes: their name then has another hash."""
    assert name_readers(settings) in CURVES
    assert UNKNOWN not in CURVES


# The cross-encoder

BOATS = """# Boat hire

## Prices

A single kayak costs 11 euros an hour. A double kayak costs 17 euros an hour. The deposit is 20 euros.

## Rules

Dogs may come along in a rowing boat. Bring the boat back to jetty 3.
"""


@pytest.fixture(scope="module")
def boats(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Components:
    corpus = tmp_path_factory.mktemp("boats") / "guide"
    corpus.mkdir()
    (corpus / "boats.md").write_text(BOATS, "utf-8")
    return assistant.over(corpus, home=tmp_path_factory.mktemp("home")).load()


def test_what_is_asked_of_another_thing_is_told_from_what_is_answered(boats: Components) -> None:
    """By vectors alone the one is as near as the other."""
    outcomes = {}
    for question in ("What does a single kayak cost?", "What does a pedal boat cost?", "Who founded the boat hire?"):
        found = boats.finder.find(retrieve(boats.searcher, question, ()), ())
        assert found.retrieval.logit is not None
        outcomes[question] = found.retrieval.logit, found.coverage
    (kayak, answered), (pedal, other), (founder, third) = outcomes.values()
    assert answered == "answered"
    assert "answered" not in (other, third)
    assert kayak > max(pedal, founder) + 2


def test_an_answer_begins_with_both_sentences_that_answer_as_surely(boats: Components) -> None:
    def begin(question: str) -> list[str]:
        found = boats.finder.find(retrieve(boats.searcher, question, ()), ()).retrieval
        return [quotation.text for quotation in found.quotations[: found.leads]]

    single, double = "A single kayak costs 11 euros an hour.", "A double kayak costs 17 euros an hour."
    assert set(begin("What does a kayak cost for an hour?")) == {single, double}
    assert begin("May I bring a dog?") == ["Dogs may come along in a rowing boat."]
    assert begin("What does a single kayak cost?") == [single], "its words tell which"


def test_a_follow_up_begins_with_what_answers_it_though_more_is_near_to_both_questions(boats: Components) -> None:
    retrieval = retrieve(boats.searcher, "and with a dog?", (Turn("What does a single kayak cost?"),))
    assert retrieval.earlier
    assert "Dogs" not in rank_quotations(retrieval)[0].text
    assert "Dogs" in read_quotations(retrieval, boats.cross).quotations[0].text


STALL = """# Stall fees

| Goods | Space | Price a day | Price a week | Power | Note |
|---|---|---|---|---|---|
| Cheese and butter | 3 m | 14.00 | 62.00 | 5.50 | in the shade |
| Cut flowers | 2 m | 9.00 | 40.00 | - | no buckets in the way |
| Honey | 2 m | 8.00 | 35.00 | - | |
"""


@pytest.mark.thorough
def test_the_row_of_a_wide_table_answers_by_one_of_its_cells(
    assistant: Assistant, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Read as a whole, its other cells hide the one that is asked for."""
    corpus = tmp_path_factory.mktemp("stall") / "guide"
    corpus.mkdir()
    (corpus / "stall.md").write_text(STALL, "utf-8")
    stall = assistant.over(corpus, home=tmp_path_factory.mktemp("home")).load()
    assert stall.cross is not None

    def read(question: str) -> tuple[float, float]:
        """The logit of the row that is nearest as a whole, and that by which it is decided."""
        read = stall.finder.find(retrieve(stall.searcher, question, ()), ()).retrieval
        (row,) = read.quotations[0].sentences
        assert len(row.cells) > 1
        assert read.logit is not None
        return stall.cross.score(question, [f"Stall fees: {row.plain}"])[0], read.logit

    asked = ("what do flowers cost", "what does it cost to sell flowers", "how much for cheese")
    answering = [read(question) for question in asked]
    assert all(decided >= max(whole, SURE) for whole, decided in answering)
    assert any(decided > whole for whole, decided in answering), "by a cell"
    assert max(read("who sells the honey?")) < 0


def test_without_a_cross_encoder_or_a_sentence_nothing_is_read(boats: Components) -> None:
    found = retrieve(boats.searcher, "What does a single kayak cost?", ())
    unread = read_quotations(found, None)
    assert unread.logit is None
    assert unread.quotations == rank_quotations(found)
    assert read_quotations(make_retrieval(), boats.cross).logit is None
