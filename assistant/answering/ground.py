"""Grounding: for each sentence of a draft, the sentences of the guide that support it, or none.

Evidence is chosen by the words that it shares with the sentence. Quantities, quotations and names must agree with it. A
sentence that repeats its evidence, but for words that turn nothing, is then supported; for any other the chat model
gives a verdict, which is weighed with the share of its words that the evidence holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.answering.context import count_conditions
from assistant.answering.prompt import build_support_question, join_heading
from assistant.answering.quantities import agree_in_quantities
from assistant.answering.retrieve import Selection
from assistant.answering.sources import asks, make_span, states
from assistant.answering.steps import remove_label, remove_link
from assistant.language.english import (
    ABSOLUTE_WORDS,
    AUTHORITIES,
    CONDITION,
    CONTRACTIONS,
    EARLIER_CASE,
    EXAMPLE,
    JOINING_WORDS,
    LIMITING_WORDS,
    MODALS,
    NAME,
    NEGATIONS,
    QUOTATION,
    TURNING_WORDS,
    WEIGHING_WORDS,
    YES_OR_NO,
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

ASKED_WEIGHT = 0.5
"""How much a word counts as held that is not in the evidence, but that the person used."""

ASKED_MOST = 2
"""The most telling words of a sentence that only the person used; with more, it retells what they said, or takes it for
granted. Of eight such sentences that would have been shown, about our two guides and 62 others, seven were wrong."""

RELEVANT = 0.5
"""Share of the best cosine to the question; a sentence whose support is further off strays from the question."""

EXAMPLE_HELD = 0.7
"""Share of the telling words of an example that the evidence or the question must hold."""

CHANGED = 0.1
"""Share of its words that may be other ones in a claim that repeats its evidence nearly word for word."""

LIKE, HALF = 0.8, 0.5
"""Shares of the telling words of a part of a sentence: with so many a claim repeats it, with fewer it leaves it out."""

OPENING_ANSWER = re.compile(rf"(?:{'|'.join(YES_OR_NO)})[,.:;!–—-]+\s", re.IGNORECASE)

SECOND_CLAUSE = re.compile(r"[,;] (?=(?:but|because|so|which) )")

CONDITION_CLAUSE = re.compile(rf"{EARLIER_CASE}|{CONDITION}[^,;:]*", re.IGNORECASE)

_SMALL = FUNCTION_WORDS | TURNING_WORDS

_HARMLESS = (FUNCTION_WORDS | {"yes"}) - TURNING_WORDS
"""Words that may differ between a claim and the sentence of the guide that it repeats."""

Verdict = Callable[[str], float]
"""A text of `build_support_question` -> how surely its note says what its claim says, a logit."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A claim is supported if verdict + held * share - new * number of new words >= bar, all as logits.

    `share` is the share of its telling words that the evidence holds.
    """

    held: float
    new: float
    bar: float


DRAFT_WEIGHTS = Weights(2.0, 0.1, 2.5)
"""For the sentences of a draft. Fitted on the tuning half of tests/questions/grounding.jsonl."""


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

    def __init__(
        self, selections: Sequence[Selection], verdict: Verdict, question: str, weights: Weights = DRAFT_WEIGHTS
    ) -> None:
        self.evidence = tuple(_list_evidence(selections))
        self.cosines = {
            (one.number, sentence.start): cosine
            for one in selections
            for sentence, cosine in zip(one.match.chunk.sentences, one.match.sentences, strict=True)
        }
        self._verdict = verdict
        self._asked = extract_terms(question)
        self._weights = weights

    def find_support(self, claim: str) -> tuple[Citation, ...]:
        """What supports a sentence of a draft, best first; empty if nothing does, or if it asks."""
        chosen = () if asks(claim) else self.choose_evidence(claim)
        if not chosen or not agrees(claim, chosen) or not self._has_given_examples(claim, chosen):
            return ()
        if not follows(claim, chosen) and not self.is_confirmed(claim, chosen):
            return ()
        return tuple(Citation(e.number, make_span(e.sentence)) for e in chosen)

    def bears(self, support: Sequence[Citation], cited: Collection[int]) -> bool:
        """Whether support bears on the question: it is from a passage cited already, or near the question."""
        least = RELEVANT * max(self.cosines.values())
        return any(c.number in cited or self.cosines[c.number, c.span.start] >= least for c in support)

    def choose_evidence(self, claim: str) -> tuple[Evidence, ...]:
        """The fewest sentences that hold most telling words of a claim, best first; none if they hold too few."""
        telling = extract_terms(claim)
        spoken = [stem(word) for word in split_words(claim)]
        ranked = sorted(self.evidence, key=lambda e: (-_score_nearness(spoken, telling, e), e.number))
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
        return verdict + self._weights.held * share - cost >= self._weights.bar

    def _has_given_examples(self, claim: str, chosen: Sequence[Evidence]) -> bool:
        """Whether the examples in a claim come from its evidence or from the question."""
        held = self._asked.union(*(e.terms for e in chosen))
        given = [extract_terms(match["example"]) for match in EXAMPLE.finditer(claim)]
        return all(len(some & held) >= EXAMPLE_HELD * len(some) for some in given)


def build_question(claim: str, chosen: Sequence[Evidence]) -> str:
    """The text of which a verdict is asked: the evidence in its order, with headings that hold what it does not."""
    telling = extract_terms(claim)
    held = frozenset[str]().union(*(e.terms for e in chosen))
    named = not telling & frozenset[str]().union(*(extract_terms(e.heading) for e in chosen)) <= held
    ordered = sorted(chosen, key=lambda e: (e.number, e.sentence.start))
    return build_support_question([join_heading(e.heading if named else "", e.sentence.plain) for e in ordered], claim)


def agrees(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the quantities, quotations and names of a claim stand in its evidence, and no absolute word is added."""
    text = " ".join(f"{e.heading} {e.sentence.plain}" for e in evidence)
    spoken = frozenset(split_words(text))
    if not agree_in_quantities(claim, (part for e in evidence for part in (e.heading, e.sentence.plain))):
        return False
    if (
        turns(claim, evidence)
        or glues(claim, evidence)
        or any(loses_condition(claim, e.sentence.plain) for e in evidence)
    ):
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


def turns(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a claim repeats its evidence nearly word for word, but for a word that turns it ("not", "because")."""
    said = _split_negations(claim)
    in_order = sorted(evidence, key=lambda e: (e.number, e.sentence.start))
    for some in (*([e] for e in evidence), in_order):
        told = [word for e in some for word in _split_negations(e.sentence.plain)]
        matcher = SequenceMatcher(None, list(map(stem, told)), list(map(stem, said)), autojunk=False)
        changes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
        changed = sum(last - first for *_, first, last in changes)
        more, fewer = Counter(said) - Counter(told), Counter(told) - Counter(said)
        gaps = (told[start:end] for _, start, end, *_ in changes if end < len(told))
        unsaid = any(_SMALL.issuperset(gap) and not LIMITING_WORDS.isdisjoint(gap) for gap in gaps)
        if changed <= max(1, CHANGED * len(said)) and (unsaid or more.keys() & TURNING_WORDS - JOINING_WORDS):
            return True
        if changed <= max(2, 2 * CHANGED * len(said)) and more.keys() & MODALS and fewer.keys() & MODALS:
            return True
    return False


def glues(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a claim begins as one sentence of the guide does, and ends as another does ("..., because ...")."""
    begun, *ended = SECOND_CLAUSE.split(claim, maxsplit=1)
    parts = [SECOND_CLAUSE.split(e.sentence.plain, maxsplit=1) for e in evidence if ended]
    begins = {at for at, (first, *_) in enumerate(parts) if _is_like(begun, first)}
    ends = {at for at, (_, *second) in enumerate(parts) if second and _is_like(ended[0], second[0])}
    return bool(begins and ends) and begins.isdisjoint(ends)


def _is_like(one: str, other: str) -> bool:
    """Whether two texts share most of their telling words."""
    words, others = extract_terms(one), extract_terms(other)
    return len(words & others) >= LIKE * max(len(words), len(others))


def _split_negations(text: str) -> list[str]:
    """The words of a text, without an opening yes or no, and with "do not" for "don't" and the like."""
    words: list[str] = []
    for word in split_words(OPENING_ANSWER.sub("", text)):
        contracted = word in CONTRACTIONS or (word in NEGATIONS and word.endswith("nt"))
        words += [CONTRACTIONS.get(word, word[:-2]), "not"] if contracted else [word]
    return words


def loses_condition(claim: str, sentence: str) -> bool:
    """Whether a claim, which has no condition itself, repeats a sentence of the guide without one that it has."""
    if count_conditions(claim):
        return False
    held = extract_terms(claim)
    for part in re.split(r"[;:]", sentence):
        for found in CONDITION_CLAUSE.finditer(part):
            condition, rest = extract_terms(found[0]), extract_terms(part[: found.start()] + part[found.end() :])
            repeats = len(rest) > 1 and len(rest & held) >= LIKE * len(rest)
            if repeats and condition and len(condition & held) < HALF * len(condition):
                return True
    return False


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
