"""A question becomes ranked chunks with their best sentences.

A chunk's score is the mean of its own likeness to the question and that of its best sentence, or nine tenths of
its heading's, whichever is more. Both halves were measured: see "Retrieval" in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.chunk import Chunk
from index.embed import Embedder
from index.store import Candidate, Store

HEADING_SHARE = 0.9
"""Of a heading's cosine; below 1 because short texts are nearer to short questions."""

WIDTH = 200
"""Entries looked at for each reading of a question."""


@dataclass(frozen=True, slots=True)
class Match:
    """A chunk found for a question."""

    chunk: Chunk
    score: float
    """About 0 to 1."""
    sentences: tuple[float, ...]
    """A score for each of the chunk's sentences."""


def search(store: Store, embedder: Embedder, readings: Sequence[str], k: int) -> tuple[Match, ...]:
    """The chunks nearest to a question, best first, ties by place in the corpus.

    Args:
        readings: the question, and other ways to read it, such as with the question before it; the best counts.
        k: most chunks to return.
    """
    near = store.near(embedder.embed_questions(readings), WIDTH)
    ranked = sorted(map(_match, near), key=lambda match: (-match.score, match.chunk.source, match.chunk.start))
    return tuple(ranked[:k])


def _match(candidate: Candidate) -> Match:
    best = max(candidate.sentences, default=candidate.whole)
    score = max((candidate.whole + best) / 2, HEADING_SHARE * candidate.heading)
    return Match(candidate.chunk, score, candidate.sentences)
