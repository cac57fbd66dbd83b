"""Grounding: for each sentence of a draft, the sentences of the guide that support it, or none.

Evidence is chosen by the words that it shares with the sentence. Words alone decide some cases (`rules.py`); for the
rest the chat model gives a verdict, which is weighed with the share of the sentence's words that the evidence holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.answering.evidence import Evidence, list_evidence, score_nearness
from assistant.answering.prompt import build_support_question, join_heading
from assistant.answering.retrieve import Selection
from assistant.answering.rules import agrees, follows
from assistant.answering.sources import asks, make_span
from assistant.language.english import EXAMPLE
from assistant.records import Citation
from index.chunking.words import extract_terms, split_words, stem

MOST = 5
"""The most sentences of the guide that support one sentence together."""

SAID_ALONE = 3.8
"""If a draft joins several sentences of the guide in other words: least verdict with the first of these alone. Of 18
such drafted sentences that would have been shown, 10 mixed things up: those had at most 3.4, five of the others more
than 4."""

ADDS = 0.1
"""Share of the content words of a sentence that further evidence must add to be cited as well as the first."""

LEAST = 0.3
"""Share of its content words that the evidence must hold; with less, no verdict is asked for."""

ASKED_WEIGHT = 0.5
"""How much a word that the person used, but that is not in the evidence, counts as held."""

ASKED_MOST = 2
"""The most content words of a sentence that only the person used; with more, it retells what they said, or takes it for
granted. Of eight such sentences that would have been shown, about our two guides and 62 others, seven were wrong."""

EXAMPLE_HELD = 0.7
"""Share of the content words of an example that the evidence or the question must hold."""

Verdict = Callable[[str], float]
"""A text from `build_support_question` -> how surely its note says what its claim says, a logit."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A claim is supported if verdict + held * share - new * number of new words >= threshold, all as logits.

    `share` is the share of its content words that the evidence holds. If the evidence is several sentences, the verdict
    on the first of them alone must be at least `alone`.
    """

    held: float
    new: float
    threshold: float
    alone: float = -math.inf


DRAFT_WEIGHTS = Weights(2.0, 0.1, 2.5, SAID_ALONE)
"""For the sentences of a draft. All but the last are fitted on the tuning half of tests/questions/grounding.jsonl."""


class Grounder:
    """Judges the sentences of one draft against the passages that it was worded from.

    Args:
        selections: the passages that the draft is worded from. All sentences of their chunks are evidence, not only
            those that go before the model.
        question: what the person asked; their own words do not count as new in an answer.
        weights: what the verdict is weighed with.
        bears: whether sentences of the guide bear on the question; others support nothing.
    """

    def __init__(
        self,
        selections: Sequence[Selection],
        verdict: Verdict,
        question: str,
        weights: Weights = DRAFT_WEIGHTS,
        bears: Callable[[Sequence[Evidence]], bool] = lambda chosen: True,
    ) -> None:
        self.evidence = tuple(list_evidence(selections))
        self._verdict, self._bears = verdict, bears
        self._asked = extract_terms(question)
        self._weights = weights

    def find_support(self, claim: str) -> tuple[Citation, ...]:
        """What supports a sentence of a draft, best first; empty if nothing does, or if it asks."""
        chosen = () if asks(claim) else self.choose_evidence(claim)
        if not chosen or not agrees(claim, chosen) or not self._has_given_examples(claim, chosen):
            return ()
        if not self._bears(chosen):
            return ()
        if not follows(claim, chosen) and not self.is_confirmed(claim, chosen):
            return ()
        return tuple(Citation(e.number, make_span(e.sentence)) for e in chosen)

    def choose_evidence(self, claim: str) -> tuple[Evidence, ...]:
        """The fewest sentences that hold most content words of a claim, best first; none if they hold too few."""
        telling = extract_terms(claim)
        spoken = [stem(word) for word in split_words(claim)]
        ranked = sorted(self.evidence, key=lambda e: (-score_nearness(spoken, telling, e), e.number))
        chosen: list[Evidence] = []
        held: frozenset[str] = frozenset()
        for evidence in ranked:
            brings = (evidence.terms | extract_terms(evidence.heading)) & telling
            adds = len(brings - held)
            if len(chosen) < MOST and adds and (not chosen or adds >= max(1, ADDS * len(telling))):
                chosen.append(evidence)
                held |= brings
        return tuple(chosen) if len(telling) > 1 and len(held) >= LEAST * len(telling) else ()

    def is_confirmed(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """The chat model's verdict, weighed with the share of the claim's words that the evidence holds."""
        telling = extract_terms(claim)
        held = frozenset[str]().union(*(e.terms for e in chosen))
        if self._asked and not telling & held - self._asked:  # it only repeats the question
            return False
        headings = frozenset[str]().union(*(extract_terms(e.heading) for e in chosen))
        if len(telling & headings - held) > len(telling & held):  # it is made of a heading, which states nothing
            return False
        missing = telling - held - headings
        if len(missing & self._asked) > ASKED_MOST:
            return False
        share = 1 - (len(missing) - ASKED_WEIGHT * len(missing & self._asked)) / max(1, len(telling))
        cost = self._weights.new * len(missing - self._asked)
        verdict = self._verdict(build_question(claim, chosen))
        if verdict + self._weights.held * share - cost < self._weights.threshold:
            return False
        return len(chosen) == 1 or self._verdict(build_question(claim, chosen[:1])) >= self._weights.alone

    def _has_given_examples(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """Whether the examples in a claim come from its evidence or from the question."""
        held = self._asked.union(*(e.terms for e in chosen))
        given = [extract_terms(match["example"]) for match in EXAMPLE.finditer(claim)]
        return all(len(some & held) >= EXAMPLE_HELD * len(some) for some in given)


def build_question(claim: str, chosen: Sequence[Evidence]) -> str:
    """The question that asks for a verdict: the evidence in order, with headings if they hold words that it lacks."""
    telling = extract_terms(claim)
    held = frozenset[str]().union(*(e.terms for e in chosen))
    named = not telling & frozenset[str]().union(*(extract_terms(e.heading) for e in chosen)) <= held
    ordered = sorted(chosen, key=lambda e: (e.number, e.sentence.start))
    return build_support_question([join_heading(e.heading if named else "", e.sentence.plain) for e in ordered], claim)
