"""Whether a sentence of the guide bears on the question, so that an answer may go on with it.

A small model words whatever it is given. Of 121 sentences that it drafted behind a quotation, about four guides, and
that the guide supports, 49 helped, 55 were beside the question, 17 misled. The same reading that decides coverage tells
them apart: what would not be an answer by itself is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.context import find_context
from assistant.answering.coverage import choose_curve, estimate_chance, word_passage
from assistant.answering.evidence import Evidence
from assistant.answering.retrieve import Retrieval, read_cosines
from index.chunking.chunk import Chunk, Sentence
from index.embedding.cross import CrossEncoder

NEAR = 0.5
"""Without a cross-encoder: the least share of the best cosine to the question."""


class Relevance:
    """Judges the sentences that a draft is worded from.

    Args:
        retrieval: what the draft is worded from.
        asked: what was retrieved for each of the questions that it answers, with what can be quoted of it.
        readers: the name of embedder and cross-encoder.
    """

    def __init__(
        self, retrieval: Retrieval, asked: Sequence[Retrieval], cross: CrossEncoder | None, readers: str
    ) -> None:
        self._asked, self._cross, self._readers = asked, cross, readers
        self._chunks = {one.number: one.match.chunk for one in retrieval.selections}
        self._all = not retrieval.quotations or retrieval.section or retrieval.suggested
        self._known: dict[tuple[int, int], bool] = {}

    def bears(self, chosen: Sequence[Evidence]) -> bool:
        """Whether any of these sentences bears on a question; all do that stand in a section that is asked for."""
        return self._all or any(map(self._answers, chosen))

    def _answers(self, one: Evidence) -> bool:
        """Whether a sentence answers a question, read behind the one that it points back to, if it does."""
        place, chunk = (one.number, one.sentence.start), self._chunks[one.number]
        if place not in self._known:
            sentences = find_context(one.sentence, chunk.sentences)
            self._known[place] = any(self._read(question, chunk, sentences) for question in self._asked)
        return self._known[place]

    def _read(self, question: Retrieval, chunk: Chunk, sentences: Sequence[Sentence]) -> bool:
        cosines = read_cosines(question.matches)
        cosine = max(cosines.get((chunk.id, sentence.start), -1.0) for sentence in sentences)
        if self._cross is None:
            return cosine >= NEAR * max(cosines.values())
        curve, text = choose_curve(question, self._readers), " ".join(sentence.plain for sentence in sentences)
        (logit,) = self._cross.score(question.read, [word_passage(chunk, text)])
        return estimate_chance(cosine, logit, curve) >= curve.answered
