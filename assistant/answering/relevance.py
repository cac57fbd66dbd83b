"""Whether a sentence of the guide bears on the question, so that an answer may go on with it.

A small model words whatever it is given. Of 121 sentences about four guides that it drafted after a quotation, and
that the guide supports, 49 helped, 55 were beside the question, and 17 misled. The same reading that decides coverage
tells them apart: what would not be an answer by itself is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.answering.context import find_context
from assistant.answering.coverage import choose_curve, estimate_chance, score_sentences
from assistant.answering.evidence import Evidence
from assistant.answering.retrieve import Retrieval, read_cosines
from index.chunking.chunk import Chunk, Sentence
from index.embedding.cross import CrossEncoder

NEAR = 0.5
"""Without a cross-encoder: the least share of the best cosine to the question."""

AS_SURE = 0.6
"""Share of the first quotation's odds from which the second answers about as surely."""


class Relevance:
    """Judges the sentences that a draft is worded from.

    Args:
        retrieval: what the draft is worded from.
        asked: what was retrieved for each of the questions that it answers, with its quotations.
        readers: the name of embedder and cross-encoder.
    """

    def __init__(
        self, retrieval: Retrieval, asked: Sequence[Retrieval], cross: CrossEncoder | None, readers: str
    ) -> None:
        self._asked, self._cross, self._readers = asked, cross, readers
        self._chunks = {one.number: one.match.chunk for one in retrieval.selections}
        self._all = not retrieval.quotations or retrieval.section or retrieval.suggested
        self._cosines = [read_cosines(one.matches) for one in asked]

    def bears(self, chosen: Sequence[Evidence]) -> bool:
        """Whether any of these sentences bears on a question; all do if a whole section is asked for."""
        return self._all or any(self.answers(one.number, one.sentence) for one in chosen)

    def answers(self, number: int, sentence: Sentence) -> bool:
        """Whether a sentence of a passage answers a question, read after the one that it points back to."""
        chunk = self._chunks[number]
        sentences = find_context(sentence, chunk.sentences)
        asked = zip(self._asked, self._cosines, strict=True)
        return any(self._read(question, cosines, chunk, sentences) for question, cosines in asked)

    def _read(
        self, question: Retrieval, cosines: Mapping[tuple[str, int], float], chunk: Chunk, sentences: Sequence[Sentence]
    ) -> bool:
        cosine = _find_cosine(cosines, chunk, sentences)
        if self._cross is None:
            return cosine >= NEAR * max(cosines.values())
        curve = choose_curve(question, self._readers)
        logit = score_sentences(self._cross, question.read, chunk, sentences)
        return estimate_chance(cosine, logit, curve) >= curve.answered

    def answers_again(self) -> bool:
        """Whether the second quotation answers a single question too, about as surely as the first."""
        question, *others = self._asked
        if self._all or others or self._cross is None or question.logit is None or len(question.quotations) < 2:
            return False
        one, other = question.quotations[:2]
        chunk, curve = self._chunks[other.number], choose_curve(question, self._readers)
        cosine = _find_cosine(self._cosines[0], self._chunks[one.number], one.sentences)
        first = estimate_chance(cosine, question.logit, curve)
        cosine = _find_cosine(self._cosines[0], chunk, other.sentences)
        second = estimate_chance(cosine, score_sentences(self._cross, question.read, chunk, other.sentences), curve)
        return second >= curve.answered and second / (1 - second) >= AS_SURE * first / (1 - first)


def _find_cosine(cosines: Mapping[tuple[str, int], float], chunk: Chunk, sentences: Sequence[Sentence]) -> float:
    """The best cosine of sentences of a chunk; -1 if none was searched."""
    return max(cosines.get((chunk.id, sentence.start), -1.0) for sentence in sentences)
