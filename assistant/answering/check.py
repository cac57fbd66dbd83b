"""Checks a text from elsewhere against the guide: which of its sentences the guide says, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering.context import points_back
from assistant.answering.evidence import Evidence
from assistant.answering.ground import DRAFT_WEIGHTS, Grounder, Verdict, Weights, build_question
from assistant.answering.retrieve import Selection, read_cosines
from assistant.answering.sources import asks, make_passage, make_span, states
from assistant.answering.verdicts import Verdicts
from assistant.records import CheckedSentence, Passage, Span
from index.chunking.sentences import find_sentence_spans
from index.chunking.words import extract_terms
from index.search import Match, Searcher

PASSAGES = 5
"""How many of the nearest passages a sentence is checked against."""

CLAIM_WEIGHTS = Weights(0.0, 0.0, 0.75)
"""For claims from elsewhere; the words that they share with the guide add nothing to the verdict. With these, 10 % of
the traps in tests/training/claims.jsonl pass, if each guide is judged by a probe that was fitted without it."""

_MARK = re.compile(r"(?:[-*•–]|\d{1,3}[.)])\s+")
"""The mark before an item of a list."""


class ClaimGrounder(Grounder):
    """Judges claims from elsewhere, which were not worded from the guide and may be made to deceive.

    The sentence nearest to a claim in meaning is evidence too, even if they share no word.
    """

    def __init__(self, selections: Sequence[Selection], verdict: Verdict, weights: Weights = DRAFT_WEIGHTS) -> None:
        super().__init__(selections, verdict, "", weights)
        self._cosines = read_cosines(one.match for one in selections)
        self._chunks = {one.number: one.match.chunk.id for one in selections}

    def choose_evidence(self, claim: str) -> tuple[Evidence, ...]:
        """The sentences that hold most content words of a claim, and the one nearest to it in meaning."""
        chosen = super().choose_evidence(claim)
        nearest = max(self.evidence, key=self._read_cosine, default=None)
        return chosen if nearest is None or nearest in chosen else (*chosen, nearest)

    def _read_cosine(self, one: Evidence) -> float:
        return self._cosines[self._chunks[one.number], one.sentence.start]


def build_claim_question(selections: Sequence[Selection], claim: str) -> str:
    """The question that asks for a verdict on a claim, for fitting."""
    return build_question(claim, ClaimGrounder(selections, lambda text: 0.0).choose_evidence(claim))


def split_text(text: str) -> Iterator[str]:
    """Yield the sentences of a text; none runs on across an empty line or into the next item of a list."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*•–]|\d{1,3}[.)])\s)", text):
        line = _MARK.sub("", " ".join(paragraph.split()), count=1)
        yield from filter(None, (line[start:end].strip() for start, end in find_sentence_spans(line, 0, len(line))))


def claims_nothing(sentence: str) -> bool:
    """Whether a sentence states nothing that a guide could say: a question, a greeting, an announcement."""
    return asks(sentence) or sentence.endswith((",", ":")) or len(extract_terms(sentence)) < 2


def check_sentence(searcher: Searcher, verdicts: Verdicts, sentence: str, before: str = "") -> CheckedSentence:
    """Check one sentence.

    Args:
        before: the sentence before it; if this one points back to it, the guide must say both.
    """
    if claims_nothing(sentence):
        return CheckedSentence(sentence, None)
    leaning = points_back(sentence) and not claims_nothing(before)
    claim = f"{before} {sentence}" if leaning else sentence
    matches = searcher.search(claim, PASSAGES)
    selections = [Selection(number, match, ()) for number, match in enumerate(matches, start=1)]
    weights = CLAIM_WEIGHTS if verdicts.reads_claims else DRAFT_WEIGHTS
    support = ClaimGrounder(selections, verdicts.supports_claim, weights).find_support(claim)
    if not support:
        alone = searcher.search(sentence, PASSAGES) if leaning else matches
        return CheckedSentence(sentence, False, nearest=_find_nearest(alone))
    passages = []
    for number in dict.fromkeys(citation.number for citation in support):
        spans = tuple(sorted((c.span for c in support if c.number == number), key=lambda span: span.start))
        passages.append(_make_passage(matches[number - 1], number, spans))
    return CheckedSentence(sentence, True, tuple(passages))


def number_citations(checked: CheckedSentence, numbers: dict[tuple[str, int], int]) -> CheckedSentence:
    """Number the passages of a sentence, going on from those cited earlier in the text.

    Args:
        numbers: (source, start) of a passage -> its number; new ones are added.
    """
    cited = []
    for passage in checked.citations:
        number = numbers.setdefault((passage.source, passage.start), len(numbers) + 1)
        cited.append(replace(passage, number=number))
    return replace(checked, citations=tuple(cited))


def _find_nearest(matches: tuple[Match, ...]) -> Passage | None:
    """The passage with the guide's nearest sentence, which is cited in it; None if there is none."""
    ranked = [
        (cosine, match, sentence)
        for match in matches
        for cosine, sentence in zip(match.sentences, match.chunk.sentences, strict=True)
        if states(sentence)
    ]
    if not ranked:
        return None
    _, match, sentence = max(ranked, key=lambda row: row[0])
    return _make_passage(match, 0, (make_span(sentence),))


def _make_passage(match: Match, number: int, cited: tuple[Span, ...]) -> Passage:
    return replace(make_passage(match.chunk, number, match.score), cited=cited)
