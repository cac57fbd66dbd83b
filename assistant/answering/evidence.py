"""The sentences of the guide against which a claim is checked, and how near each is to it by its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.answering.retrieve import Selection
from assistant.answering.sources import asks, states
from assistant.answering.steps import remove_label
from index.chunking.chunk import Sentence
from index.chunking.words import extract_terms, split_words, stem


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage that is shown to the model."""

    number: int
    """The passage's."""
    heading: str
    """The passage's, without its number; empty if it is a question, which states nothing."""
    sentence: Sentence
    words: tuple[str, ...]
    """Stems, in the order of the sentence."""
    terms: frozenset[str]


def count_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence of two texts, in words."""
    row = [0] * (len(other) + 1)
    for word in one:
        fresh = [0]
        for position, against in enumerate(other):
            fresh.append(row[position] + 1 if word == against else max(row[position + 1], fresh[position]))
        row = fresh
    return row[-1]


def list_evidence(selections: Iterable[Selection]) -> Iterator[Evidence]:
    """Yield all sentences of the chunks that state something, not only those shown to the model."""
    for one in selections:
        heading = one.match.chunk.heading
        heading = "" if asks(heading) else remove_label(heading)
        for sentence in filter(states, one.match.chunk.sentences):
            stems = tuple(stem(word) for word in split_words(sentence.plain))
            yield Evidence(one.number, heading, sentence, stems, extract_terms(sentence.plain))


def score_nearness(spoken: Sequence[str], telling: frozenset[str], evidence: Evidence) -> float:
    """How much of a claim a piece of evidence holds, 0 to 2: share of content words, plus share of words in order."""
    shared = len((evidence.terms | extract_terms(evidence.heading)) & telling) / max(1, len(telling))
    return shared + count_common(spoken, evidence.words) / max(1, len(spoken))
