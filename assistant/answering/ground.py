"""Every sentence of a draft -> the sentences of the guide that support it, or nothing.

Evidence is looked for by words, weighted by how long they are in the passages; a sentence that follows its
evidence nearly word for word stands at once; any other is put to the chat model as a yes-or-no question, and its
verdict is weighed with the share of words held. Numbers, quotations and negations must agree in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from assistant.answering.prompt import build_support_question, join_heading
from assistant.answering.retrieve import Selection
from assistant.answering.sources import make_span
from assistant.answering.steps import remove_label
from assistant.language.english import (
    ABSOLUTE_WORDS,
    AUTHORITIES,
    EXAMPLE,
    FIGURES,
    NAME,
    NEGATIONS,
    QUOTATION,
    WEIGHING_WORDS,
)
from assistant.records import Citation
from index.chunking.chunk import Sentence
from index.chunking.words import stem, terms, words

MOST = 5
"""Sentences of the guide that may support one sentence together."""

ADDS = 0.1
"""Of the telling words of a sentence: what another piece of evidence must add to be cited beside the first."""

LEAST = 0.3
"""Of the telling words: a sentence that shares fewer with any evidence is not put to the model."""

VERBATIM = 0.9
"""Of all words, in their order: from here a sentence is taken as the guide's own."""

HELD_WEIGHT, ASKED_WEIGHT, NEW_COST, BAR = 2.0, 0.5, 0.1, 2.5
"""A sentence stands if verdict + HELD_WEIGHT * share - NEW_COST * new words >= BAR, all as logits. The share is that
of its telling words which the evidence holds; one that only the person used counts by ASKED_WEIGHT. Fitted on the
tuning half of tests/questions/grounding.jsonl."""

RELEVANT = 0.5
"""Of the best cosine to the question: a sentence whose support is further off strays from it."""

EXAMPLE_HELD = 0.7
"""Of the telling words of an example: what must stand in the evidence or the question."""

Verdict = Callable[[str], float]
"""A text of `prompt.support_question` -> how much likelier Yes is than No, a logit."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage that went before the model."""

    number: int
    """The passage's."""
    heading: str
    """Without its number; empty if it is a question, which states nothing."""
    sentence: Sentence
    words: tuple[str, ...]
    """Stems, in their order."""
    terms: frozenset[str]


class Grounder:
    """Judges the sentences of one draft against the passages that it was worded from.

    Args:
        selections: the passages that the draft is worded from; all their sentences count, not only those shown.
        question: what the person asked; a word of theirs is nothing new in an answer.
    """

    def __init__(self, selections: Sequence[Selection], verdict: Verdict, question: str) -> None:
        self._evidence = tuple(_list_evidence(selections))
        self._cosines = {
            (one.number, sentence.start): cosine
            for one in selections
            for sentence, cosine in zip(one.match.chunk.sentences, one.match.sentences, strict=True)
        }
        self._verdict = verdict
        self._asked = terms(question)

    def find_support(self, claim: str) -> tuple[Citation, ...]:
        """What supports a sentence of a draft, best first; empty if nothing does."""
        chosen = self._choose(claim)
        if not chosen or not agrees(claim, chosen) or not self._exemplified(claim, chosen):
            return ()
        if not follows(claim, chosen) and not self._confirmed(claim, chosen):
            return ()
        return tuple(Citation(e.number, make_span(e.sentence)) for e in chosen)

    def bears(self, support: Sequence[Citation], cited: Collection[int]) -> bool:
        """Whether a supported sentence is worth saying: it goes on with a cited passage, or is near the question."""
        least = RELEVANT * max(self._cosines.values())
        return any(c.number in cited or self._cosines[c.number, c.span.start] >= least for c in support)

    def _choose(self, claim: str) -> tuple[Evidence, ...]:
        """The fewest sentences that hold most of what a sentence tells, best first; none if they hold too little."""
        telling = terms(claim)
        spoken = [stem(word) for word in words(claim)]
        ranked = sorted(self._evidence, key=lambda e: (-_score_nearness(spoken, telling, e), e.number))
        chosen: list[Evidence] = []
        held: frozenset[str] = frozenset()
        for evidence in ranked:
            brings = (evidence.terms | terms(evidence.heading)) & telling
            adds = len(brings - held)
            if len(chosen) < MOST and adds and (not chosen or adds >= max(1, ADDS * len(telling))):
                chosen.append(evidence)
                held |= brings
        return tuple(chosen) if len(telling) > 1 and len(held) >= LEAST * len(telling) else ()

    def _confirmed(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """The chat model's yes, weighed with how much of the sentence stands in its evidence."""
        telling = terms(claim)
        held = frozenset[str]().union(*(e.terms for e in chosen))
        if not telling & held - self._asked:  # it only says the question back, with a yes or a no
            return False
        headings = frozenset[str]().union(*(terms(e.heading) for e in chosen))
        if len(telling & headings - held) > len(telling & held):  # it is made of a heading, which states nothing
            return False
        ordered = sorted(chosen, key=lambda e: (e.number, e.sentence.start))
        named = not (telling & headings) <= held
        evidence = [join_heading(e.heading if named else "", e.sentence.plain) for e in ordered]
        missing = telling - held - headings
        share = 1 - (len(missing) - ASKED_WEIGHT * len(missing & self._asked)) / len(telling)
        cost = NEW_COST * len(missing - self._asked)
        return self._verdict(build_support_question(evidence, claim)) + HELD_WEIGHT * share - cost >= BAR

    def _exemplified(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """Whether the examples in a sentence come from its evidence or from the person."""
        held = self._asked.union(*(e.terms for e in chosen))
        given = [terms(match["example"]) for match in EXAMPLE.finditer(claim)]
        return all(len(some & held) >= EXAMPLE_HELD * len(some) for some in given)


def agrees(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether numbers, quotations and names of a sentence stand in its evidence, and no absolute word is added."""
    text = " ".join(f"{e.heading} {e.sentence.plain}" for e in evidence)
    there, spoken = frozenset(_find_figures(text)), frozenset(words(text))
    if not there.issuperset(_find_figures(claim)):
        return False
    if claim.count("“") != claim.count("”") or claim.count('"') % 2:  # a piece of an invented conversation
        return False
    quotations = (" ".join(words(quotation)) for quotation in QUOTATION.findall(claim))
    if not all(quotation in " ".join(words(text)) for quotation in quotations):
        return False
    said = frozenset(words(claim))
    if not ((ABSOLUTE_WORDS | AUTHORITIES) & said) <= spoken or (
        said & WEIGHING_WORDS and not spoken & (WEIGHING_WORDS | NEGATIONS)
    ):
        return False
    named = (word for name in NAME.findall(claim) for word in words(name))
    return all(any(other.startswith(word) for other in spoken) for word in named)


def follows(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a sentence says what its evidence says nearly word for word, with the same negations and nothing new."""
    spoken = [stem(word) for word in words(claim)]
    if not terms(claim) <= frozenset[str]().union(*(e.terms | terms(e.heading) for e in evidence)):
        return False
    for some in (evidence[:1], sorted(evidence, key=lambda e: (e.number, e.sentence.start))):
        text = [word for e in some for word in e.words]
        if count_common(spoken, text) >= VERBATIM * len(spoken) and _is_negated(claim) == _is_negated(
            " ".join(e.sentence.plain for e in some)
        ):
            return True
    return False


def count_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence of two texts, in words."""
    row = [0] * (len(other) + 1)
    for word in one:
        fresh = [0]
        for position, against in enumerate(other):
            fresh.append(row[position] + 1 if word == against else max(row[position + 1], fresh[position]))
        row = fresh
    return row[-1]


def _list_evidence(selections: Iterable[Selection]) -> Iterable[Evidence]:
    for one in selections:
        heading = one.match.chunk.heading
        heading = "" if heading.endswith("?") else remove_label(heading)
        for sentence in one.match.chunk.sentences:
            stems = tuple(stem(word) for word in words(sentence.plain))
            yield Evidence(one.number, heading, sentence, stems, terms(sentence.plain))


def _score_nearness(spoken: Sequence[str], telling: frozenset[str], evidence: Evidence) -> float:
    """How much of a sentence stands in a piece of evidence: its telling words, and all words in their order."""
    shared = len((evidence.terms | terms(evidence.heading)) & telling) / max(1, len(telling))
    return shared + count_common(spoken, evidence.words) / max(1, len(spoken))


def _is_negated(text: str) -> bool:
    """Whether a text holds an odd number of negations."""
    return sum(word in NEGATIONS for word in words(text)) % 2 == 1


def _find_figures(text: str) -> Iterable[str]:
    """The numbers of a text, small ones in words too; "one" is more often a pronoun."""
    for word in words(text):
        if word[0].isdigit():
            yield word
        elif word in FIGURES and word != "one":
            yield FIGURES[word]
