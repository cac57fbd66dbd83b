"""Whether a sentence of the guide bears on the question, so that an answer may go on with it.

A small model words whatever it is given. Of 121 sentences about four guides that it drafted after a quotation, and
that the guide supports, 49 helped, 55 were beside the question, and 17 misled. The same reading that decides coverage
tells them apart: what would not be an answer by itself is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.codes import names_other_code
from assistant.answering.context import find_context
from assistant.answering.coverage import Signs, choose_curve, estimate_for_question, score_sentences
from assistant.answering.evidence import Evidence
from assistant.answering.retrieve import Retrieval, read_cosines, read_gains
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
        self._asked = [_Asked(one, cross, readers) for one in asked]
        self._chunks = {one.number: one.match.chunk for one in retrieval.selections}
        self._all = not retrieval.quotations or retrieval.section or retrieval.suggested

    def bears(self, chosen: Sequence[Evidence]) -> bool:
        """Whether any of these sentences bears on a question; all do if a whole section is asked for."""
        return self._all or any(self.answers(one.number, one.sentence) for one in chosen)

    def answers(self, number: int, sentence: Sentence) -> bool:
        """Whether a sentence of a passage answers a question, read after the one that it points back to."""
        chunk = self._chunks[number]
        sentences = find_context(sentence, chunk.sentences)
        return any(one.is_answered(chunk, sentences) for one in self._asked)

    def answers_again(self) -> bool:
        """Whether the second quotation answers a single question too, about as surely as the first."""
        question, *others = self._asked
        if self._all or others or question.cross is None or len(question.retrieval.quotations) < 2:
            return False
        first, second = (
            question.estimate_chance(question.cross, self._chunks[one.number], one.sentences)
            for one in question.retrieval.quotations[:2]
        )
        return second >= question.curve.answered and second / (1 - second) >= AS_SURE * first / (1 - first)


class _Asked:
    """One of the questions that an answer is for; arguments as for `Relevance`."""

    def __init__(self, retrieval: Retrieval, cross: CrossEncoder | None, readers: str) -> None:
        self.retrieval, self.cross = retrieval, cross
        self.curve = choose_curve(retrieval, readers)
        self._cosines, self._gains = read_cosines(retrieval.matches), read_gains(retrieval.matches)

    def is_answered(self, chunk: Chunk, sentences: Sequence[Sentence]) -> bool:
        """Whether sentences of a chunk, read together, are an answer by themselves."""
        if names_other_code(self.retrieval.coded, " ".join(one.plain for one in sentences)):
            return False
        if self.cross is None:
            return self._find_cosine(chunk, sentences) >= NEAR * max(self._cosines.values())
        return self.estimate_chance(self.cross, chunk, sentences) >= self.curve.answered

    def estimate_chance(self, cross: CrossEncoder, chunk: Chunk, sentences: Sequence[Sentence]) -> float:
        """The chance that sentences of a chunk, read together, answer the question; its form counts as for coverage."""
        logit = score_sentences(cross, self.retrieval.read, chunk, sentences)
        gain = self._gains.get((chunk.id, sentences[-1].start), 0.0)
        text = " ".join(one.plain for one in sentences)
        signs = Signs(self._find_cosine(chunk, sentences), logit, gain, text)
        return estimate_for_question(self.retrieval, signs, self.curve)

    def _find_cosine(self, chunk: Chunk, sentences: Sequence[Sentence]) -> float:
        """The best cosine of sentences of a chunk; -1 if none was searched."""
        return max(self._cosines.get((chunk.id, sentence.start), -1.0) for sentence in sentences)
