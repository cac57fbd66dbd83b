"""Whether the guide answers a question: the chance of it, from what was found and how it reads, and what follows.

The cosines of the vectors say what is near, and the cross-encoder whether the nearest sentences answer. The chat model
is not asked. The curves are fitted to questions about guides of many kinds, by `assistant calibrate`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from assistant.answering.quote import rank_quotations
from assistant.answering.retrieve import Quotation, Retrieval
from assistant.records import Coverage
from index.chunking.chunk import Chunk, Sentence
from index.embedding.cross import CrossEncoder
from index.storing.entries import join_headings

LOGIT_WEIGHT = 0.04
"""Weight of the cross-encoder's logit beside the score of a quotation, in which of them answers best."""

GAIN_COVERAGE = 3.0
"""Weight of the gain of the surest quotation, in the log odds that a question is answered which leans on another."""

SURE, CLOSE = 1.0, 0.92
"""Logit from which the nearest quotation answers so surely that no other need be read, and share of its score from
which another is."""

MOST_CELLS = 8
"""The most cells of a row that are read alone."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve to the chance that the guide answers, for one embedder and its cross-encoder."""

    likeness: float
    """Weight of the likeness of the chunk that answers most surely..."""
    logit: float
    """...and of the cross-encoder's logit; 0 without one."""
    summand: float
    answered: float
    """Least chance at which a question is answered..."""
    nearest: float
    """...and at which the nearest is shown."""


CURVES: Final = {"all-mpnet-base-v2+107e0b76+0efe4b9a": Curve(5.262, 0.526, -1.996, 0.502, 0.138)}
"""By the names of the readers, with the hashes of their adapters."""

UNFITTED: Final = Curve(5.391, 0.0, -2.147, 0.708, 0.283)
"""For any other embedder, without a cross-encoder; fitted to the vectors of all-minilm-l6-v2."""


def read_quotations(retrieval: Retrieval, cross: CrossEncoder | None) -> Retrieval:
    """The same with what can be quoted of it, the surest first, and the cross-encoder's logit of that, if there is one.

    The nearest is read first, and unless it answers surely, so are those that are about as near.
    """
    ranked = rank_quotations(retrieval)
    if cross is None or not ranked:
        return replace(retrieval, quotations=ranked)
    chunks = {one.number: one.match.chunk for one in retrieval.selections}

    def score(one: Quotation) -> float:
        return score_sentences(cross, retrieval.read, chunks[one.number], one.sentences)

    logits = [score(ranked[0])]
    if logits[0] < SURE:
        logits += [score(one) for one in ranked[1:] if one.score >= CLOSE * ranked[0].score]
    surest = sorted(zip(logits, ranked, strict=False), key=lambda pair: -(pair[1].score + LOGIT_WEIGHT * pair[0]))
    rest = ranked[len(logits) :]
    return replace(retrieval, quotations=(*(one for _, one in surest), *rest), logit=surest[0][0])


def score_sentences(cross: CrossEncoder, question: str, chunk: Chunk, sentences: Sequence[Sentence]) -> float:
    """How surely sentences of a chunk answer a question, read together behind its headings: a logit.

    The row of a wide table may answer by a single cell, which the others hide: unless it answers surely as a whole, it
    is read cell by cell as well, and the surest counts.
    """
    headings = join_headings(chunk)
    whole = " ".join(sentence.plain for sentence in sentences)
    logits = cross.score(question, [f"{headings}: {whole}"])
    if logits[0] < SURE and len(sentences) == 1:
        logits += cross.score(question, [f"{headings}: {cell}" for cell in sentences[0].cells[:MOST_CELLS]])
    return max(logits)


def choose_curve(retrieval: Retrieval, readers: str) -> Curve:
    """The curve for what was read of a question; arguments as of `decide_coverage`."""
    return UNFITTED if retrieval.logit is None else CURVES.get(readers, UNFITTED)


def decide_coverage(retrieval: Retrieval, readers: str) -> tuple[Coverage, float]:
    """What becomes of a question, and the chance that the guide answers it.

    Args:
        readers: the name of embedder and cross-encoder.
    """
    curve = choose_curve(retrieval, readers)
    chance = (
        1.0
        if retrieval.suggested or retrieval.section
        else estimate_chance(retrieval.likeness, retrieval.logit or 0.0, curve, _read_gain(retrieval))
    )
    if chance >= curve.answered:
        return "answered", chance
    return ("nearest" if chance >= curve.nearest else "not_covered"), chance


def _read_gain(retrieval: Retrieval) -> float:
    """The gain of the surest quotation; 0 if there is none."""
    return retrieval.quotations[0].gain if retrieval.quotations else 0.0


def estimate_chance(likeness: float, logit: float, curve: Curve, gain: float = 0.0) -> float:
    """The chance that the best of what was found answers the question, 0 to 1; `gain` as of `Match.gains`."""
    odds = curve.likeness * likeness + curve.logit * logit + curve.summand + GAIN_COVERAGE * gain
    return 1 / (1 + math.exp(-odds))
