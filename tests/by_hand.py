"""Chunks, matches and retrievals made by hand, for tests that need neither an index nor an embedder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from assistant.answering.quote import rank_quotations
from assistant.answering.retrieve import Retrieval, choose_sentences
from index.chunking.chunk import Chunk, Sentence
from index.search import Match


def make_match(
    heading: str, sentences: Mapping[str, float], score: float = 0.8, likeness: float = 0.4, headings: float = 0.0
) -> Match:
    """A match with one chunk, a document of its own; `sentences` has the cosine of each."""
    starts = accumulate((len(text) + 1 for text in sentences), initial=0)
    made = tuple(Sentence(text, text, start, start + len(text)) for text, start in zip(sentences, starts))  # noqa: B905
    text, source = " ".join(sentences), f"{heading}.md"
    chunk = Chunk(source, source, "A guide", (heading,), text, 0, len(text), made)
    return Match(chunk, score, likeness, tuple(sentences.values()), (0.0,) * len(made), headings)


def make_near(chunk: Chunk, nearness: float = 0.8) -> Match:
    """A match with a chunk that is as near in all respects but words."""
    count = len(chunk.sentences)
    return Match(chunk, nearness, nearness, (nearness,) * count, (0.0,) * count)


def make_retrieval(*matches: Match, question: str = "What can I do?", earlier: str = "") -> Retrieval:
    """What is retrieved if these are the matches, best first."""
    retrieval = Retrieval(question, earlier, matches, choose_sentences(matches))
    return replace(retrieval, quotations=rank_quotations(retrieval))
