"""Whether the guide covers a question; decided before the chat model words anything.

By likeness alone where that is clear, else by likeness and the chat model's verdict on what was found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.retrieve import PASSAGES, Retrieval
from assistant.answering.verdicts import Verdicts
from assistant.language.english import NUMBER_WORDS, QUANTITY
from assistant.llm.model import Message
from index.chunking.words import split_words
from index.search import Match

UNLIKE = 0.15
"""Likeness of the best chunk below which nothing in the guide bears on a question."""

CLEAR, CLEAR_WITHOUT_PROBE = 0.80, 0.50
"""Likeness of the best chunk from which no verdict is needed; lower where verdicts are a plain yes or no."""

LIKENESS_WEIGHT, COVERAGE_BAR = 5.0, 2.0
"""Between these bounds, verdict + LIKENESS_WEIGHT * likeness must reach COVERAGE_BAR. Fitted on the tuning set."""


def decide_coverage(retrieval: Retrieval, prompt: Sequence[Message], verdicts: Verdicts) -> Retrieval:
    """The retrieval with its margin, and without selections if the guide does not cover the question.

    Args:
        prompt: the prompt of the answer; see `Verdicts.covers`.
    """
    if retrieval.suggested:
        return retrieval
    margin, reason = measure_coverage(retrieval, prompt, verdicts)
    return replace(retrieval, selections=() if reason else retrieval.selections, margin=margin, reason=reason)


def measure_coverage(retrieval: Retrieval, prompt: Sequence[Message], verdicts: Verdicts) -> tuple[float, str]:
    """By how much coverage is above COVERAGE_BAR, and why it does not; empty if it does."""
    asked = f"{retrieval.earlier} {retrieval.question}"
    likeness = retrieval.likeness
    if likeness < UNLIKE:
        return -math.inf, "nothing in the guide is near it"
    if QUANTITY.search(" ".join(split_words(asked))) and not any(map(_has_number, retrieval.matches[:PASSAGES])):
        return -math.inf, "it asks for a number, and the guide gives none"
    if likeness >= (CLEAR if verdicts.reads_coverage else CLEAR_WITHOUT_PROBE):
        return math.inf, ""
    margin = verdicts.covers(retrieval, prompt) + LIKENESS_WEIGHT * likeness - COVERAGE_BAR
    return margin, "" if margin >= 0 else "what is near it does not answer it"


def _has_number(match: Match) -> bool:
    """Whether a chunk says how many, how much or how often, in figures or words."""
    text = f"{match.chunk.heading} {match.chunk.text}"
    return any(word[0].isdigit() or word in NUMBER_WORDS for word in split_words(text))
