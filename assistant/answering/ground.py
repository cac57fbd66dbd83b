"""Grounding: for each sentence of a draft, the sentences of the guide that support it, or none.

Evidence is chosen by the words that it shares with the sentence. Quantities, quotations and names must agree with it. A
sentence that repeats its evidence, but for words that turn nothing, is then supported; for any other the chat model
gives a verdict, which is weighed with the share of its words that the evidence holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.answering.prompt import build_support_question, join_heading
from assistant.answering.quantities import agree_in_quantities
from assistant.answering.retrieve import Selection
from assistant.answering.sources import asks, make_span, states
from assistant.answering.steps import remove_label, remove_link
from assistant.language.english import (
    ABSOLUTE_WORDS,
    AUTHORITIES,
    EXAMPLE,
    LIMITING_WORDS,
    NAME,
    NEGATIONS,
    QUOTATION,
    TURNING_WORDS,
    WEIGHING_WORDS,
)
from assistant.records import Citation
from index.chunking.chunk import Sentence
from index.chunking.words import FUNCTION_WORDS, extract_terms, split_words, stem

MOST = 5
"""The most sentences of the guide that support one sentence together."""

ADDS = 0.1
"""Share of the telling words of a sentence that further evidence must add to be cited beside the first."""

LEAST = 0.3
"""Share of its telling words that the evidence must hold; with less, no verdict is asked for."""

HELD_WEIGHT, ASKED_WEIGHT, NEW_COST, SUPPORT_BAR = 2.0, 0.5, 0.1, 2.5
"""A sentence is supported if verdict + HELD_WEIGHT * share - NEW_COST * new words >= SUPPORT_BAR, all as logits.
`share` is the share of its telling words that the evidence holds; a word that only the person used counts by
ASKED_WEIGHT. Fitted on the tuning half of tests/questions/grounding.jsonl."""

RELEVANT = 0.5
"""Share of the best cosine to the question; a sentence whose support is further off strays from the question."""

EXAMPLE_HELD = 0.7
"""Share of the telling words of an example that the evidence or the question must hold."""

_HARMLESS = (FUNCTION_WORDS | {"yes"}) - TURNING_WORDS
"""Words that may differ between a claim and the sentence of the guide that it repeats."""

Verdict = Callable[[str], float]
"""A text of `build_support_question` -> how surely its note says what its claim says, a logit."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage that goes before the model."""

    number: int
    """The passage's."""
    heading: str
    """The passage's, without its number; empty if it is a question, which states nothing."""
    sentence: Sentence
    words: tuple[str, ...]
    """Stems, in the order of the sentence."""
    terms: frozenset[str]


class Grounder:
    """Judges the sentences of one draft against the passages that it was worded from.

    Args:
        selections: the passages that the draft is worded from. All sentences of their chunks are evidence, not only
            those that go before the model.
        question: what the person asked; their own words do not count as new in an answer.
    """

    def __init__(self, selections: Sequence[Selection], verdict: Verdict, question: str) -> None:
        self._evidence = tuple(_list_evidence(selections))
        self._cosines = {
            (one.number, sentence.start): cosine
            for one in selections
            for sentence, cosine in zip(one.match.chunk.sentences, one.match.sentences, strict=True)
        }
        self._verdict = verdict
        self._asked = extract_terms(question)

    def find_support(self, claim: str) -> tuple[Citation, ...]:
        """What supports a sentence of a draft, best first; empty if nothing does, or if it asks."""
        chosen = () if asks(claim) else self._choose_evidence(claim)
        if not chosen or not agrees(claim, chosen) or not self._has_given_examples(claim, chosen):
            return ()
        if not follows(claim, chosen) and not self._is_confirmed(claim, chosen):
            return ()
        return tuple(Citation(e.number, make_span(e.sentence)) for e in chosen)

    def bears(self, support: Sequence[Citation], cited: Collection[int]) -> bool:
        """Whether support bears on the question: it is from a passage cited already, or near the question."""
        least = RELEVANT * max(self._cosines.values())
        return any(c.number in cited or self._cosines[c.number, c.span.start] >= least for c in support)

    def _choose_evidence(self, claim: str) -> tuple[Evidence, ...]:
        """The fewest sentences that hold most telling words of a claim, best first; none if they hold too few."""
        telling = extract_terms(claim)
        spoken = [stem(word) for word in split_words(claim)]
        ranked = sorted(self._evidence, key=lambda e: (-_score_nearness(spoken, telling, e), e.number))
        chosen: list[Evidence] = []
        held: frozenset[str] = frozenset()
        for evidence in ranked:
            brings = (evidence.terms | extract_terms(evidence.heading)) & telling
            adds = len(brings - held)
            if len(chosen) < MOST and adds and (not chosen or adds >= max(1, ADDS * len(telling))):
                chosen.append(evidence)
                held |= brings
        return tuple(chosen) if len(telling) > 1 and len(held) >= LEAST * len(telling) else ()

    def _is_confirmed(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """The chat model's verdict, weighed with the share of the claim's words that the evidence holds."""
        telling = extract_terms(claim)
        held = frozenset[str]().union(*(e.terms for e in chosen))
        if not telling & held - self._asked:  # it only repeats the question
            return False
        headings = frozenset[str]().union(*(extract_terms(e.heading) for e in chosen))
        if len(telling & headings - held) > len(telling & held):  # it is made of a heading, which states nothing
            return False
        ordered = sorted(chosen, key=lambda e: (e.number, e.sentence.start))
        named = not (telling & headings) <= held
        evidence = [join_heading(e.heading if named else "", e.sentence.plain) for e in ordered]
        missing = telling - held - headings
        share = 1 - (len(missing) - ASKED_WEIGHT * len(missing & self._asked)) / len(telling)
        cost = NEW_COST * len(missing - self._asked)
        verdict = self._verdict(build_support_question(evidence, claim))
        return verdict + HELD_WEIGHT * share - cost >= SUPPORT_BAR

    def _has_given_examples(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """Whether the examples in a claim come from its evidence or from the question."""
        held = self._asked.union(*(e.terms for e in chosen))
        given = [extract_terms(match["example"]) for match in EXAMPLE.finditer(claim)]
        return all(len(some & held) >= EXAMPLE_HELD * len(some) for some in given)


def agrees(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the quantities, quotations and names of a claim stand in its evidence, and no absolute word is added."""
    text = " ".join(f"{e.heading} {e.sentence.plain}" for e in evidence)
    spoken = frozenset(split_words(text))
    if not agree_in_quantities(claim, (part for e in evidence for part in (e.heading, e.sentence.plain))):
        return False
    if claim.count("“") != claim.count("”") or claim.count('"') % 2:  # a piece of an invented conversation
        return False
    quotations = (" ".join(split_words(quotation)) for quotation in QUOTATION.findall(claim))
    if not all(quotation in " ".join(split_words(text)) for quotation in quotations):
        return False
    said = frozenset(split_words(claim))
    if not ((ABSOLUTE_WORDS | AUTHORITIES) & said) <= spoken or (
        said & WEIGHING_WORDS and not spoken & (WEIGHING_WORDS | NEGATIONS)
    ):
        return False
    named = (word for name in NAME.findall(claim) for word in split_words(name))
    return all(any(other.startswith(word) for other in spoken) for word in named)


def follows(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a claim repeats its evidence, in its order, and what differs turns nothing.

    Other words may only be such as articles and pronouns; none may turn a sentence ("not", "only", "before"). The end
    of the evidence may be missing, unless it holds a condition or an exception.
    """
    said = split_words(claim)
    in_order = sorted(evidence, key=lambda e: (e.number, e.sentence.start))
    return any(
        _differs_harmlessly(said, [word for e in some for word in split_words(remove_link(e.sentence.plain))])
        or _differs_harmlessly(said, [word for e in some for word in split_words(e.sentence.plain)])
        for some in (evidence[:1], in_order)
    )


def _differs_harmlessly(said: Sequence[str], told: Sequence[str]) -> bool:
    matcher = SequenceMatcher(None, list(map(stem, told)), list(map(stem, said)), autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        missing, new = told[start:end], said[first:last]
        if kind == "equal":
            continue
        if end == len(told) and not new and start:
            if not LIMITING_WORDS.isdisjoint(missing):
                return False
        elif not _HARMLESS.issuperset((*missing, *new)):
            return False
    return True


def count_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence of two texts, in words."""
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
        heading = "" if asks(heading) else remove_label(heading)
        for sentence in filter(states, one.match.chunk.sentences):
            stems = tuple(stem(word) for word in split_words(sentence.plain))
            yield Evidence(one.number, heading, sentence, stems, extract_terms(sentence.plain))


def _score_nearness(spoken: Sequence[str], telling: frozenset[str], evidence: Evidence) -> float:
    """How much of a claim stands in a piece of evidence, 0 to 2: telling words, and all words in their order."""
    shared = len((evidence.terms | extract_terms(evidence.heading)) & telling) / max(1, len(telling))
    return shared + count_common(spoken, evidence.words) / max(1, len(spoken))
