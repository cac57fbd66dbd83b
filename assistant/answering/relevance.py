"""Whether a sentence of the guide bears on the question, so that an answer may go on with it.

A small model words whatever it is given. Of 121 sentences that it drafted behind a quotation, about four guides, and
that the guide supports, 49 helped, 55 were beside the question, 17 misled. The same reading that decides coverage tells
them apart: what would not be an answer by itself is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.context import find_context
from assistant.answering.coverage import choose_curve, estimate_chance, word_passage
from assistant.answering.evidence import Evidence, read_cosines
from assistant.answering.retrieve import Retrieval
from index.chunking.chunk import Sentence
from index.embedding.cross import CrossEncoder

NEAR = 0.5
"""Without a cross-encoder: the least share of the best cosine to the question."""


class Relevance:
    """Judges the sentences that a draft is worded from.

    Args:
        retrieval: of the question, with what can be quoted of it.
        readers: the name of embedder and cross-encoder.
    """

    def __init__(self, retrieval: Retrieval, cross: CrossEncoder | None, readers: str) -> None:
        self._questions, self._cross, self._curve = retrieval.reads, cross, choose_curve(retrieval, readers)
        self._cosines = read_cosines(retrieval.selections)
        self._chunks = {one.number: one.match.chunk for one in retrieval.selections}
        self._all = not retrieval.quotations or retrieval.section or retrieval.suggested
        self._known: dict[tuple[int, int], bool] = {}

    def bears(self, chosen: Sequence[Evidence]) -> bool:
        """Whether any of these sentences bears on the question; all do that stand in a section that it asks for."""
        return self._all or any(map(self._answers, chosen))

    def _answers(self, one: Evidence) -> bool:
        place = one.number, one.sentence.start
        if place not in self._known:
            self._known[place] = self._read(one.number, find_context(one.sentence, self._chunks[one.number].sentences))
        return self._known[place]

    def _read(self, number: int, sentences: Sequence[Sentence]) -> bool:
        """Whether a sentence answers a question, read behind the one that it points back to, if it does."""
        cosine = max(self._cosines[number, sentence.start] for sentence in sentences)
        if self._cross is None:
            return cosine >= NEAR * max(self._cosines.values())
        text = " ".join(sentence.plain for sentence in sentences)
        passage = word_passage(self._chunks[number], text)
        logit = max(self._cross.score(question, [passage])[0] for question in self._questions)
        return estimate_chance(cosine, logit, self._curve) >= self._curve.answered
