"""The curve of coverage, fitted to decisions whose signs are made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from by_hand import make_match, make_retrieval

from assistant.answering.coverage import estimate_for_question, read_signs
from assistant.measuring.decide import Decision
from assistant.measuring.evaluate import Case
from assistant.measuring.tune import LIKENESS, MADE_UP, REFUSED, fit_curve

KINDS = {"rules": 200, "prices": 40}
"""Kind of guide -> how many questions it answers, and how many not."""


def make_decision(kind: str, covered: bool, sign: float) -> Decision:
    """A question whose likeness is 0.5 and whose logit makes up the rest of the sign."""
    retrieval = make_retrieval(make_match("Beans", {"Water them at dusk.": 0.5}, likeness=0.5))
    read = replace(retrieval, logit=sign - LIKENESS * 0.5)
    case = Case("q", kind, "What do beans need?", (), (), (), (), "yes" if covered else "no")
    return Decision(kind, case, read, "nearest", 0.0, 0)


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    chance = np.random.default_rng(5)
    return [
        make_decision(kind, covered, chance.normal(6.0 if covered else 4.0))
        for kind, count in KINDS.items()
        for covered in (True, False)
        for _ in range(count)
    ]


def test_the_curve_is_surer_of_what_is_answered_and_its_thresholds_meet_the_target_rates(
    decisions: list[Decision],
) -> None:
    curve = fit_curve(decisions)
    assert curve.likeness == pytest.approx(LIKENESS * curve.logit)
    assert curve.logit > 0
    rates = {"refused": 0.0, "made up": 0.0}
    for one in decisions:
        chance = estimate_for_question(one.retrieval, read_signs(one.retrieval), curve)
        weight = 1 / KINDS[one.kind] / len(KINDS)  # every kind weighs the same
        rates["refused"] += weight * (one.case.covered and chance < curve.nearest)
        rates["made up"] += weight * (one.case.uncovered and chance >= curve.answered)
    assert rates == {"refused": pytest.approx(REFUSED, abs=0.02), "made up": pytest.approx(MADE_UP, abs=0.02)}


def test_questions_that_are_neither_answered_nor_not_teach_nothing(decisions: list[Decision]) -> None:
    partly = [replace(one, case=replace(one.case, label="partly")) for one in decisions[::3]]
    assert fit_curve([*decisions, *partly]) == fit_curve(decisions)
