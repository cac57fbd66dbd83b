"""Finds what answers a question, and decides whether it does: retrieval and coverage, for each of several questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answering.coverage import decide_coverage, read_quotations
from assistant.answering.parts import OpenPart, join_retrievals, split_question
from assistant.answering.relevance import Relevance
from assistant.answering.retrieve import Retrieval, retrieve
from assistant.records import Coverage, Turn
from index.embedding.cross import CrossEncoder
from index.search import Searcher


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what becomes of the question."""

    retrieval: Retrieval
    coverage: Coverage
    chance: float
    relevance: Relevance
    """Judges what an answer may go on with."""
    several: bool = False
    """Whether several questions were asked, and each was looked up alone."""
    open_parts: tuple[OpenPart, ...] = ()
    """Of several questions, those that the guide does not answer."""


class Finder:
    """Finds what answers questions.

    Args:
        readers: the name of embedder and cross-encoder.
    """

    def __init__(self, searcher: Searcher, cross: CrossEncoder | None, readers: str) -> None:
        self._searcher, self._cross, self._readers = searcher, cross, readers

    def find(self, retrieval: Retrieval, history: Sequence[Turn]) -> Finding:
        """What answers a question, or each of several; if none of these is answered, they are read as one question.

        Args:
            retrieval: of the whole question.
            history: the conversation before.
        """
        return self._find_parts(retrieval, history) or self._read(retrieval)

    def _read(self, retrieval: Retrieval) -> Finding:
        """Read what was retrieved for one question."""
        read = read_quotations(retrieval, self._cross)
        relevance = Relevance(read, (read,), self._cross, self._readers)
        return Finding(read, *decide_coverage(read, self._readers), relevance)

    def _find_parts(self, retrieval: Retrieval, history: Sequence[Turn]) -> Finding | None:
        """Look up each of several questions alone, or after all those before it if it leans on them.

        None if it is a single question, or if none of them is answered.
        """
        parts = split_question(retrieval.question)
        if len(parts) == 1 or retrieval.suggested:
            return None
        findings = []
        for at, part in enumerate(parts):
            before = (Turn(" ".join(parts[:at])),) if at else ()
            findings.append(self._read(retrieve(self._searcher, part, (*history, *before))))
        answered = [one for one in findings if one.coverage == "answered" and one.retrieval.quotations]
        if not answered:
            return None
        asked = " ".join(one.retrieval.question for one in answered)  # the writer would make up an answer to the others
        retrievals = [one.retrieval for one in answered]
        joined = join_retrievals(asked, retrieval.earlier, retrievals)
        relevance = Relevance(joined, retrievals, self._cross, self._readers)
        others = [one for one in findings if one not in answered]
        open_parts = tuple(OpenPart(one.retrieval, one.coverage == "nearest") for one in others)
        chance = min(one.chance for one in answered)
        return Finding(joined, "answered", chance, relevance, True, open_parts)
