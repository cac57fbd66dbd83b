"""Search: a question gives ranked chunks, each with the cosine similarity of every sentence.

The likeness of a chunk to a question is the mean of its own cosine and that of its best sentence. For the rank, that is
replaced by `HEADING_WEIGHT` times the cosine of the heading path, if that is higher. `WORDS_WEIGHT` times the share of
the question's words that the chunk, its headings or the title contain, weighted by rarity, is added. The effect of each
part was measured: see "Retrieval" in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass

from index.chunking.chunk import Chunk
from index.chunking.words import Rarity, extract_terms, split_words
from index.embedding.embed import Embedder
from index.spelling import Speller
from index.storing.store import Candidate, Store

HEADING_WEIGHT = 0.85
"""Weight of the cosine of the heading path; below 1, since short texts are nearer to short questions whatever they
say."""

WORDS_WEIGHT = 0.2
"""Weight, in the rank, of the share of the question's words that a chunk contains."""

ENTRIES_PER_QUERY = 200
"""Entries fetched for each wording of a question."""

SAMPLE_CHUNKS = 5000
"""About how many chunks the rarity of words is learned from; a smaller corpus is used whole."""


@dataclass(frozen=True, slots=True)
class Match:
    """A chunk found for a question."""

    chunk: Chunk
    score: float
    """The score by which chunks are ranked, about 0 to 1."""
    likeness: float
    """How surely the chunk answers the question, a cosine; see the top of this module."""
    sentences: tuple[float, ...]
    """The cosine of each of the chunk's sentences."""
    words: tuple[float, ...]
    """The share of the question's words that each sentence contains, weighted by rarity, 0 to 1."""
    headings: float = 0.0
    """The cosine of the chunk's heading path."""
    gains: tuple[float, ...] = ()
    """How much higher each sentence's cosine to the question, read together with the earlier one, is than its cosine
    to the earlier one alone; empty if the question depends on no earlier one."""


class Searcher:
    """Searches a store; follows it when its index is switched."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._cached: tuple[int, Rarity, Speller] | None = None
        self._left_out: frozenset[str] = frozenset()
        self._learn_words()

    def leave_out(self, chunks: Collection[str]) -> Searcher:
        """The same search without the chunks of these ids."""
        other = copy(self)
        other._left_out = frozenset(chunks)
        return other

    def _learn_words(self) -> tuple[Rarity, Speller]:
        """The rarity of each word of the index, and the speller; learned again when the index is switched."""
        manifest = self._store.manifest
        if manifest is None:
            return Rarity(()), Speller(())
        if self._cached is None or self._cached[0] != manifest.generation:
            sample = manifest.documents[:: max(1, round(manifest.counts[1] / SAMPLE_CHUNKS))]
            texts = [join_text(chunk) for chunk in self._store.chunks(sample)]
            speller = Speller({word for text in texts for word in split_words(text)})
            self._cached = manifest.generation, Rarity(map(extract_terms, texts)), speller
        return self._cached[1:]

    def search(self, question: str, k: int, earlier: str = "") -> tuple[Match, ...]:
        """The at most k chunks nearest to a question, best first; ties are in the order of the corpus.

        Spelling is corrected for the search only.

        Args:
            earlier: a question that this one depends on. The search uses both together and this one alone; the higher
                cosine counts.
        """
        rarity, _ = self._learn_words()
        queries = [self.repair(text) for text in ((f"{earlier} {question}", question) if earlier else (question,))]
        leaned_on = [self.repair(earlier)] if earlier else []
        vectors = self._embedder.embed_questions([*queries, *leaned_on])
        before = vectors[-1] if leaned_on else None
        near = self._store.find_nearest(vectors[: len(queries)], ENTRIES_PER_QUERY, before)
        asked, own = extract_terms(queries[0]), extract_terms(queries[-1])
        matches = [_make_match(one, asked, own, rarity) for one in near if one.chunk.id not in self._left_out]
        return tuple(sorted(matches, key=lambda m: (-m.score, m.chunk.source, m.chunk.start))[:k])

    def repair(self, text: str) -> str:
        """The text with its misspelled words corrected, towards the words of the corpus."""
        return self._learn_words()[1].repair(text)

    def read_documents(self, sources: Collection[str]) -> tuple[Chunk, ...]:
        """All chunks of these documents, ordered by source and position."""
        manifest = self._store.manifest
        documents = [one for one in manifest.documents if one.source in sources] if manifest else []
        return tuple(chunk for chunk in self._store.chunks(documents) if chunk.id not in self._left_out)

    def knows(self, text: str) -> bool:
        """Whether the corpus, or the sample of a large one, has any content word of this text."""
        return self._learn_words()[0].knows(extract_terms(self.repair(text)))


def join_text(chunk: Chunk) -> str:
    """The words by which a chunk is found: those of its title, its headings and its text."""
    return f"{chunk.title} {' '.join(chunk.headings)} {chunk.text}"


def _make_match(candidate: Candidate, asked: frozenset[str], own: frozenset[str], rarity: Rarity) -> Match:
    """Make a match of a candidate.

    Args:
        asked, own: the terms of the question, with and without those of the earlier question that it depends on.
    """
    held = rarity.share(asked, extract_terms(join_text(candidate.chunk)))
    words = tuple(rarity.share(own, extract_terms(sentence.plain)) for sentence in candidate.chunk.sentences)
    best = max(candidate.sentences, default=candidate.whole)
    likeness = (candidate.whole + best) / 2
    score = max(likeness, HEADING_WEIGHT * candidate.heading) + WORDS_WEIGHT * held
    return Match(candidate.chunk, score, likeness, candidate.sentences, words, candidate.heading, candidate.gains)
