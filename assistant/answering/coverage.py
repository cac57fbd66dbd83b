"""Whether the guide answers a question: the chance of it, from the cosines of what was found, and what follows.

No model is called. The curves are fitted to questions about guides of many kinds, by `assistant calibrate`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from assistant.answering.retrieve import Retrieval
from assistant.records import Coverage


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve from likeness to the chance that the guide answers, for the vectors of one embedder."""

    slope: float
    summand: float
    answered: float
    """Least chance at which a question is answered..."""
    nearest: float
    """...and at which the nearest is shown."""


CURVES: Final = {"all-mpnet-base-v2+107e0b76": Curve(11.19, -4.502, 0.767, 0.251)}
"""By the name of the vectors, with the hash of their adapter."""

UNFITTED: Final = Curve(5.391, -2.147, 0.708, 0.283)
"""For the vectors of any other embedder; fitted to those of all-minilm-l6-v2."""


def decide_coverage(retrieval: Retrieval, vectors: str) -> tuple[Coverage, float]:
    """What becomes of a question, and the chance that the guide answers it.

    Args:
        vectors: the name of the embedder's vectors.
    """
    curve = CURVES.get(vectors, UNFITTED)
    chance = 1.0 if retrieval.suggested else estimate_chance(retrieval.likeness, curve)
    if chance >= curve.answered:
        return "answered", chance
    return ("nearest" if chance >= curve.nearest else "not_covered"), chance


def estimate_chance(likeness: float, curve: Curve) -> float:
    """The chance that the best of what was found answers the question, 0 to 1."""
    return 1 / (1 + math.exp(-curve.slope * likeness - curve.summand))
