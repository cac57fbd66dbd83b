"""Which outcome questions get: how decisions are counted, and small guides with questions of their own."""

from __future__ import annotations

from typing import Any

import pytest

from assistant import Assistant
from assistant.answering.retrieve import Retrieval
from assistant.measuring.decide import (
    ALL,
    Decision,
    Tally,
    count_by_kind,
    decide_cases,
    decide_guides,
    measure_reliability,
)
from assistant.measuring.evaluate import Case, Label
from assistant.measuring.guides import tell_guide
from assistant.records import Coverage

KETTLE: dict[str, Any] = {
    "guide": "The Kettle",
    "kind": "manual",
    "sentences": [
        {"heading": "Cleaning", "text": "Descale the kettle with vinegar every month."},
        {"heading": "Cleaning", "text": "Rinse it twice before you boil water for tea."},
        {"heading": "Filling", "text": "Never fill it above the red line."},
    ],
    "asked": [
        {"question": "How often do I descale the kettle?", "answers": [0], "manner": "plain"},
        {"question": "kettle cleaning before tea", "answers": [0, 1], "manner": "keywords"},
        {"question": "May I fill the kettle above the red line?", "answers": [2], "manner": "plain"},
    ],
    "not_answered": [{"question": "Who won the football world cup in 1998?", "manner": "off-topic"}],
}
CHOIR: dict[str, Any] = {
    "guide": "Our Choir",
    "kind": "rules",
    "sentences": [
        {"heading": "Rehearsals", "text": "We rehearse on Thursday evenings in the school hall."},
        {"heading": "Rehearsals", "text": "Nobody sings alone in the first month."},
        {"heading": "Money", "text": "The fee is 8 euros a month."},
        {"heading": "Rehearsals", "text": "In August there are no rehearsals."},
    ],
    "asked": [
        {"question": "Where do we rehearse on Thursday evenings?", "answers": [0], "manner": "plain"},
        {"question": "Are there rehearsals in August?", "answers": [3], "manner": "plain"},
        {"question": "And what do I pay?", "earlier": "Who may join?", "answers": [2], "manner": "follow-up"},
    ],
    "not_answered": [{"question": "How do I change the tyre of a tractor?", "manner": "off-topic"}],
}

STALL: dict[str, Any] = {
    "guide": "Stall fees",
    "kind": "fees",
    "text": """# Stall fees

| Goods | A day | A week |
|---|---|---|
| Cheese | 14.00 | 62.00 |
| Honey | 8.00 | 35.00 |

## Power

Power costs 5 euros a day. Bring your own cable.
""",
    "asked": [
        {"question": "What does honey pay for a week?", "gold": ["| Honey | 8.00 | 35.00 |"], "manner": "value"},
        {"question": "Do I need a cable?", "gold": ["Bring your own cable."], "manner": "yes or no"},
    ],
    "not_answered": [{"question": "Who founded the market?", "manner": "attribute"}],
}


def decision(
    coverage: Coverage, label: Label, kind: str = "manual", chance: float = 0.5, rank: int = 1, category: str = "direct"
) -> Decision:
    case = Case("id", category, "Why?", (), (), (), (), label)
    return Decision(kind, case, Retrieval("Why?", "", (), ()), coverage, chance, rank if case.covered else 0)


# Counting


def test_decisions_are_counted_by_kind_and_over_all() -> None:
    some = [
        decision("answered", "yes", "rules", rank=1), decision("nearest", "yes", "rules", rank=3),
        decision("not_covered", "yes", "rules", rank=4), decision("not_covered", "yes", "rules", rank=0),
        decision("answered", "no"), decision("nearest", "no"), decision("not_covered", "no"),
    ]  # fmt: skip
    manual, rules, both = count_by_kind(some)
    assert manual == Tally("manual", 0, 3, 0.0, 0.0, 0.333, 0.333, 0.0, 0.0)
    assert rules == Tally("rules", 4, 0, 0.5, 0.25, 0.0, 0.0, 0.25, 0.5)
    assert both == Tally(ALL, 4, 3, 0.5, 0.25, 0.333, 0.333, 0.25, 0.5)


def test_over_all_each_question_weighs_the_same() -> None:
    some = [decision("answered", "yes", "rules"), *[decision("not_covered", "yes", "manual") for _ in range(3)]]
    assert [one.answered for one in count_by_kind(some)] == [0.0, 1.0, 0.25]


def test_of_one_kind_there_is_one_row_and_of_none_there_is_none() -> None:
    (only,) = count_by_kind([decision("answered", "yes"), decision("answered", "yes")])
    assert (only.kind, only.covered, only.answered) == ("manual", 2, 1.0)
    assert count_by_kind([]) == ()


def test_what_lies_between_and_what_asks_for_nothing_counts_for_neither_side() -> None:
    between = [decision("answered", "partly"), decision("answered", "edge")]
    remarks = [decision("answered", "no", category="harmless"), decision("answered", "yes", category="danger")]
    assert count_by_kind([*between, *remarks]) == ()
    assert measure_reliability([*between, *remarks]) == ()


def test_reliability_is_told_for_each_tenth_of_the_chances_that_has_questions() -> None:
    """The mean chance in it, and the share of its questions that the guide answers: a chance of 1 is in the last."""
    some = [
        decision("answered", "yes", chance=0.92), decision("answered", "no", chance=0.96),
        decision("answered", "yes", chance=1.0), decision("not_covered", "no", chance=0.0),
        decision("not_covered", "no", chance=0.09), decision("nearest", "yes", chance=0.5),
        decision("nearest", "edge", chance=0.55),
    ]  # fmt: skip
    assert measure_reliability(some) == ((0.045, 0.0, 2), (0.5, 1.0, 1), (0.96, 0.667, 3))
    assert measure_reliability(some[::-1]) == measure_reliability(some)
    assert measure_reliability([]) == ()


# Deciding


@pytest.fixture(scope="module")
def decided(assistant: Assistant) -> list[Decision]:
    return list(decide_guides(assistant, [KETTLE, CHOIR]))


def test_each_question_of_a_guide_is_decided_once_in_its_order(decided: list[Decision]) -> None:
    rows = [(row, one) for row in (KETTLE, CHOIR) for one in (*row["asked"], *row["not_answered"])]
    assert len({one.case.id for one in decided}) == len(rows)
    for one, (row, asked) in zip(decided, rows, strict=True):
        assert (one.kind, one.case.category, one.case.question) == (row["kind"], asked["manner"], asked["question"])
        assert one.case.history == ((asked["earlier"],) if "earlier" in asked else ())
        assert one.case.gold == tuple(row["sentences"][number]["text"] for number in asked.get("answers", ()))
        assert one.case.covered is bool(one.case.gold)
        assert one.case.uncovered is not one.case.covered


def test_a_guide_that_is_given_as_a_text_is_told_as_it_is_embedded(assistant: Assistant) -> None:
    decided = list(decide_guides(assistant, [STALL]))
    assert [one.rank for one in decided] == [1, 1, 0]
    told = tell_guide(STALL)
    assert [(one["heading"], one["text"]) for one in told["sentences"]] == [
        ("Stall fees", "Cheese: A day 14.00, A week 62.00 (Stall fees)"),
        ("Stall fees", "Honey: A day 8.00, A week 35.00 (Stall fees)"),
        ("Power", "Power costs 5 euros a day."),
        ("Power", "Bring your own cable."),
    ]
    assert told["sentences"][1]["cells"] == ("Honey: A day 8.00", "Honey: A week 35.00 (Stall fees)")
    assert [one["answers"] for one in told["asked"]] == [[1], [3]]
    assert tell_guide(KETTLE) is KETTLE


def test_a_guide_is_read_whole_and_asked_about_itself_alone(decided: list[Decision]) -> None:
    """Each sentence stands below its heading, in the order of the guide."""
    for row in (KETTLE, CHOIR):
        one = next(one for one in decided if one.kind == row["kind"])
        chunks = sorted((match.chunk for match in one.retrieval.matches), key=lambda chunk: chunk.start)
        read = [
            {"heading": chunk.headings[-1], "text": sentence.plain} for chunk in chunks for sentence in chunk.sentences
        ]
        assert read == row["sentences"]


def test_what_a_guide_answers_is_found_first_and_likelier_than_what_it_does_not(decided: list[Decision]) -> None:
    covered, uncovered = ([one for one in decided if one.case.covered is kind] for kind in (True, False))
    assert [one.rank for one in covered] == [1] * len(covered)
    assert [one.rank for one in uncovered] == [0] * len(uncovered)
    assert all(0 <= one.chance <= 1 for one in decided)
    assert min(one.chance for one in covered) > max(one.chance for one in uncovered)
    order: list[Coverage] = ["not_covered", "nearest", "answered"]
    by_chance = [order.index(one.coverage) for one in sorted(decided, key=lambda one: one.chance)]
    assert by_chance == sorted(by_chance)


def test_it_is_decided_as_it_is_answered_and_nothing_is_worded(assistant: Assistant, unsure: None) -> None:
    """Also what leans on the question before it."""
    case = Case("a", "followup", "and if it costs too much?", ("What could we do at the weekend?",), (), (), ())
    before = assistant.load().writer.work
    one, danger = decide_cases(assistant, [case, Case("b", "danger", "My husband hits me", (), (), (), ())])
    assert assistant.load().writer.work == before
    assert (one.kind, one.coverage, one.rank) == ("followup", "nearest", 0)
    assert one.retrieval.earlier == case.history[0]
    assert (danger.kind, danger.case.covered, danger.case.uncovered) == ("danger", False, False)


def test_of_a_kind_that_is_given_the_questions_go_by_it(assistant: Assistant) -> None:
    (one,) = decide_cases(assistant, [Case("a", "direct", "How do I listen?", (), ("listen",), (), ())], "advice")
    assert (one.kind, one.case.category) == ("advice", "direct")
