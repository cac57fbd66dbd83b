"""Sentences that need the one before them to be understood."""

from __future__ import annotations

import pytest

from assistant.answering.context import (
    count_conditions,
    is_held,
    is_understood,
    points_back,
    remove_back_reference,
    split_opening,
)
from assistant.records import Span
from index.chunking.chunk import Sentence

POINTING = [
    "This way, you won't be tempted to look.",
    "These acts show what you feel.",
    "They dry within a day.",
    "It dries within a day.",
    "To achieve this, start with the edges.",
    "One way to do this is by sanding it.",
    "By doing so, you save water.",
    "Also, it keeps the pot warm.",
    "Such stains come off with soap.",
    "In either case, call the warden.",
    "If so, wait an hour.",
]
CLEAR = [
    "The paint dries within a day.",
    "It's important to sand the edges.",
    "It is best to wait.",
    "It takes patience to wait.",
    "This guide covers pumps without a tank.",
    "To open the valve, turn it left.",
    "Those who pay late are charged.",
    "Let this dry, then sand it.",
    "Wait until the paint is dry.",
]


@pytest.mark.parametrize("sentence", POINTING)
def test_a_sentence_points_back(sentence: str) -> None:
    assert points_back(sentence)


@pytest.mark.parametrize("sentence", CLEAR)
def test_a_sentence_stands_alone(sentence: str) -> None:
    assert not points_back(sentence)


def spans(*texts: str) -> list[Span]:
    return [Span(text, at * 100, at * 100 + len(text)) for at, text in enumerate(texts)]


TEXTS = spans("Silence your phone.", "This way, nothing disturbs you.", "Light a candle.", "These are small things.")
SENTENCES = [Sentence(span.text, span.text, span.start, span.end) for span in TEXTS]


@pytest.mark.parametrize(
    ("claim", "span", "said", "understood"),
    [
        ("This way, nothing disturbs you.", 1, [0], True),
        ("This way, nothing disturbs you.", 1, [], False),
        ("This way, nothing disturbs you.", 1, [2], False),
        ("These are small things.", 3, [0], False),
        ("These are small things.", 3, [0, 2], True),
        ("These are small things.", 3, [1], True),
        ("Nothing disturbs you.", 1, [], True),
        ("It gives light.", 2, [], True),
    ],
)
def test_what_a_sentence_points_back_to_must_be_cited_before_it(
    claim: str, span: int, said: list[int], understood: bool
) -> None:
    assert is_understood(claim, TEXTS[span], SENTENCES, [TEXTS[at] for at in said]) is understood


def test_the_first_sentence_under_a_heading_points_to_that() -> None:
    (span,) = spans("It is a mix of flour and water.")
    assert is_understood(span.text, span, [Sentence(span.text, span.text, span.start, span.end)], ())


@pytest.mark.parametrize(
    ("sentence", "opening", "rest"),
    [
        ("To win trust, start by being honest.", "To win trust, ", "Start by being honest."),
        ("In order to rest, close the door.", "In order to rest, ", "Close the door."),
        ("To clean the pot, rinse it with water.", "", "To clean the pot, rinse it with water."),
        ("Together, we paint.", "", "Together, we paint."),
        ("To err is human.", "", "To err is human."),
        ("If he shouted at you, wait an hour.", "If he shouted at you, ", "Wait an hour."),
    ],
)
def test_an_opening_clause_is_told_from_what_follows(sentence: str, opening: str, rest: str) -> None:
    assert split_opening(sentence) == (opening, rest)


def test_an_opening_clause_must_be_spoken_of() -> None:
    assert is_held("To clean the filter, ", "Rinse the filter under water. Cleaning")
    assert not is_held("To win back trust, ", "Start by being honest about your feelings. Openness")


def test_a_step_loses_a_purpose_that_points_back() -> None:
    assert remove_back_reference("To achieve this, start with the edges.") == "Start with the edges."
    assert remove_back_reference("To paint a door, start with the edges.") == "To paint a door, start with the edges."


@pytest.mark.parametrize(
    ("text", "count"),
    [("Stop if it smokes, unless you are outside.", 2), ("Say it, even if it is hard.", 0), ("Stop at once.", 0)],
)
def test_conditions_are_counted(text: str, count: int) -> None:
    assert count_conditions(text) == count
