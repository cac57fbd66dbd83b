"""Whether the guide answers a question: the chance that it does, and the decision that follows.

The cosines of the vectors tell what is near, and the cross-encoder whether the nearest sentences answer. The chat model
is not asked. The curves are fitted to questions about guides of many kinds, by `assistant calibrate`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from assistant.answering.codes import names_other_code
from assistant.answering.quote import rank_quotations
from assistant.answering.retrieve import Quotation, Retrieval
from assistant.language.english import GIVES_REASON
from assistant.records import Coverage
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms
from index.embedding.cross import CrossEncoder
from index.storing.entries import join_headings

GAIN_COVERAGE = 7.0
"""Weight, in the log odds that a question is answered, of the gain of the surest quotation; 0 if the question leans on
none."""

LEANING_COST, LONG_COST = 1.0, 0.4
"""Subtracted from these log odds if a question leans on another, and if it is long: the curve is fitted to short
questions for a fact, and is too sure of others. Fitted to 269 follow-ups and to 223 long messages."""

REASON_LIKENESS, REASON_GIVEN, REASON_COST = 0.4, 1.5, 0.3
"""If a question stands alone and asks for a reason: the most likeness that counts, since a rule is as near to it as the
reason is; what is added to the log odds if the sentence has words for a reason, and what is subtracted if it has none.
Chosen on 147 questions for a reason."""

SURE = 1.0
"""Logit from which the nearest quotation answers so surely that no other need be read."""

CLOSE, LOGIT_WEIGHT = 0.92, 0.04
"""Share of the nearest quotation's score from which another is read too; and weight of the logit, added to a
quotation's score to choose the one that answers best."""

LEANING_CLOSE, LEANING_LOGIT_WEIGHT = 0.8, 0.15
"""The same for a question that leans on another: scores tell less of it, since what they count is near to both."""

TIED_SCORE, TIED_LOGIT = 0.1, 1.0
"""How much lower score, logit included, and logit of a quotation may be for it to answer as surely as the best. Rows of
a table are often so near to each other that either may be the one that is meant."""

MOST_CELLS = 8
"""The most cells of a row that are read one by one."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve for the chance that the guide answers, fitted to one embedder and its cross-encoder."""

    likeness: float
    """Weight of the likeness of the chunk that answers most surely..."""
    logit: float
    """...and of the cross-encoder's logit; 0 without one."""
    summand: float
    answered: float
    """Least chance at which a question is answered..."""
    nearest: float
    """...and at which the nearest is shown."""


class Signs(NamedTuple):
    """What tells whether a sentence of the guide answers a question."""

    likeness: float
    """A cosine."""
    logit: float
    """By the cross-encoder; 0 without one."""
    gain: float
    """As of a quotation."""
    text: str
    """What it says."""


CURVES: Final = {"all-mpnet-base-v2+107e0b76+55c9068e": Curve(5.252, 0.525, -2.116, 0.531, 0.161)}
"""Name of embedder and cross-encoder, with the hashes of their adapters -> curve."""

UNFITTED: Final = Curve(5.391, 0.0, -2.147, 0.708, 0.283)
"""For any other embedder, without a cross-encoder; fitted to the vectors of all-minilm-l6-v2."""


def read_quotations(retrieval: Retrieval, cross: CrossEncoder | None) -> Retrieval:
    """The retrieval with its quotations, the surest first, and the logit of that one if there is a cross-encoder.

    The nearest is read first. Unless it answers surely, those about as near are read too; if it does, only the next one
    if that may answer as surely.
    """
    ranked = rank_quotations(retrieval)
    if cross is None or not ranked:
        return replace(retrieval, quotations=ranked)
    chunks = {one.number: one.match.chunk for one in retrieval.selections}

    def score(one: Quotation) -> float:
        return score_sentences(cross, retrieval.read, chunks[one.number], one.sentences)

    close, weight = (LEANING_CLOSE, LEANING_LOGIT_WEIGHT) if retrieval.earlier else (CLOSE, LOGIT_WEIGHT)
    logits = [score(ranked[0])]
    if logits[0] < SURE:
        logits += [score(one) for one in ranked[1:] if one.score >= close * ranked[0].score]
    surest = sorted(zip(logits, ranked, strict=False), key=lambda pair: -(pair[1].score + weight * pair[0]))
    rest = list(ranked[len(logits) :])
    if len(surest) == 1 and rest and rest[0].score >= ranked[0].score - TIED_SCORE:
        surest.append((score(rest[0]), rest.pop(0)))
    logit, best = surest[0]
    leads = 1
    if len(surest) > 1:
        lower, second = surest[1]
        near = best.score - second.score + weight * (logit - lower) <= TIED_SCORE and logit - lower <= TIED_LOGIT
        other = names_other_code(retrieval.coded, second.text) or _is_named(retrieval.read, best, second)
        leads += near and not other
    return replace(retrieval, quotations=(*(one for _, one in surest), *rest), leads=leads, logit=logit)


def _is_named(question: str, one: Quotation, other: Quotation) -> bool:
    """Whether a question has more words that only the one quotation has than words that only the other has."""
    asked, held, held_by_other = map(extract_terms, (question, one.text, other.text))
    return len(asked & held - held_by_other) > len(asked & held_by_other - held)


def score_sentences(cross: CrossEncoder, question: str, chunk: Chunk, sentences: Sequence[Sentence]) -> float:
    """How surely sentences of a chunk answer a question, read together after its headings: a logit.

    In a row of a wide table, one cell may hold the answer, and the others hide it. Unless the whole row answers surely,
    it is also read cell by cell, and the highest logit counts.
    """
    headings = join_headings(chunk)
    whole = " ".join(sentence.plain for sentence in sentences)
    logits = cross.score(question, [f"{headings}: {whole}"])
    if logits[0] < SURE and len(sentences) == 1:
        logits += cross.score(question, [f"{headings}: {cell}" for cell in sentences[0].cells[:MOST_CELLS]])
    return max(logits)


def read_signs(retrieval: Retrieval) -> Signs:
    """The signs of the surest quotation."""
    gain, text = (retrieval.quotations[0].gain, retrieval.quotations[0].text) if retrieval.quotations else (0.0, "")
    return Signs(retrieval.likeness, retrieval.logit or 0.0, gain, text)


def choose_curve(retrieval: Retrieval, readers: str) -> Curve:
    """The curve that applies to a retrieval; arguments as for `decide_coverage`."""
    return UNFITTED if retrieval.logit is None else CURVES.get(readers, UNFITTED)


def decide_coverage(retrieval: Retrieval, readers: str) -> tuple[Coverage, float]:
    """Whether a question is answered, and the chance that the guide answers it.

    Args:
        readers: the name of embedder and cross-encoder.
    """
    curve = choose_curve(retrieval, readers)
    asked_for = retrieval.suggested or retrieval.section
    chance = 1.0 if asked_for else estimate_for_question(retrieval, read_signs(retrieval), curve)
    if chance >= curve.answered and not _is_of_other_code(retrieval):
        return "answered", chance
    return ("nearest" if chance >= curve.nearest else "not_covered"), chance


def _is_of_other_code(retrieval: Retrieval) -> bool:
    """Whether the surest quotation is about another code than the one that is asked for."""
    if not retrieval.quotations:
        return False
    best = retrieval.quotations[0]
    headings = join_headings(retrieval.find_match(best).chunk)
    return names_other_code(retrieval.coded, f"{headings} {best.text}")


def estimate_for_question(retrieval: Retrieval, signs: Signs, curve: Curve) -> float:
    """The chance that a sentence of the guide answers a question, with regard to the form of the question."""
    likeness, odds = signs.likeness, GAIN_COVERAGE * signs.gain
    if retrieval.earlier:
        odds -= LEANING_COST
    if curve.logit and retrieval.for_reason:
        likeness = min(likeness, REASON_LIKENESS)
        odds += REASON_GIVEN if GIVES_REASON.search(signs.text) else -REASON_COST
    if retrieval.is_long:
        odds -= LONG_COST
    return estimate_chance(likeness, signs.logit, curve, odds)


def estimate_chance(likeness: float, logit: float, curve: Curve, odds: float = 0.0) -> float:
    """The chance that the best of what was found answers the question, 0 to 1.

    Args:
        odds: what the form of the question adds to the log odds.
    """
    odds += curve.likeness * likeness + curve.logit * logit + curve.summand
    return 1 / (1 + math.exp(-odds))
