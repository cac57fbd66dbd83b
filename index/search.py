"""A question becomes ranked chunks with their best sentences.

A chunk's likeness to a question is the mean of its own cosine and that of its best sentence, or nine tenths of
its heading's, whichever is more. To rank, the share of the question's words that it holds, by rarity, is added.
Every part was measured: see "Retrieval" in CONTRIBUTING.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.chunking.chunk import Chunk
from index.chunking.words import Rarity, terms
from index.embedding.embed import Embedder
from index.storing.store import Candidate, Store

HEADING_SHARE = 0.9
"""Of a heading's cosine; below 1 because short texts are nearer to short questions."""

WORDS_SHARE = 0.15
"""Of the share of words held, in the rank."""

WIDTH = 200
"""Entries looked at for each reading of a question."""

SAMPLE = 5000
"""Chunks, about, that tell which words are rare; of fewer than this all count."""


@dataclass(frozen=True, slots=True)
class Match:
    """A chunk found for a question."""

    chunk: Chunk
    score: float
    """What it is ranked by, about 0 to 1."""
    likeness: float
    """By meaning alone, a cosine."""
    sentences: tuple[float, ...]
    """The cosine of each of the chunk's sentences."""


class Searcher:
    """Searches one store; when another index has taken its place, that one."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._learnt: tuple[int, Rarity] | None = None
        self._rarity()

    def _rarity(self) -> Rarity:
        """Which words are rare in the corpus as it is indexed now; of a large one a sample tells."""
        manifest = self._store.manifest
        if manifest is None:
            return Rarity(())
        if self._learnt is None or self._learnt[0] != manifest.generation:
            chunks = manifest.counts[1]
            sample = manifest.documents[:: max(1, round(chunks / SAMPLE))]
            rarity = Rarity(terms(_text(chunk)) for chunk in self._store.chunks(sample))
            self._learnt = manifest.generation, rarity
        return self._learnt[1]

    def search(self, question: str, k: int, earlier: str = "") -> tuple[Match, ...]:
        """The chunks nearest to a question, best first, ties by place in the corpus; at most k.

        Args:
            earlier: a question that this one leans on. Both readings count, with it and alone; the nearer one wins.
        """
        readings = [f"{earlier} {question}", question] if earlier else [question]
        near = self._store.near(self._embedder.embed_questions(readings), WIDTH)
        asked, rarity = terms(readings[0]), self._rarity()
        matches = [_match(candidate, rarity.share(asked, terms(_text(candidate.chunk)))) for candidate in near]
        return tuple(sorted(matches, key=lambda m: (-m.score, m.chunk.source, m.chunk.start))[:k])

    def knows(self, text: str) -> bool:
        """Whether the corpus, or the sample of a large one, has any word in which a text tells something."""
        return self._rarity().knows(terms(text))


def _text(chunk: Chunk) -> str:
    return f"{' '.join(chunk.headings)} {chunk.text}"


def _match(candidate: Candidate, held: float) -> Match:
    best = max(candidate.sentences, default=candidate.whole)
    likeness = max((candidate.whole + best) / 2, HEADING_SHARE * candidate.heading)
    return Match(candidate.chunk, likeness + WORDS_SHARE * held, likeness, candidate.sentences)
