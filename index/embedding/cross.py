"""The cross-encoder: reads a question and a passage together, and says how surely the passage answers the question.

A vector is made from each text alone, so that the fact asked for, but about another thing, is as near as the right
one; read together, the two texts are compared word by word. It runs on the embedder's weights, with its own adapter.
Source: Nogueira and Cho, 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from index.embedding.adapter import Adapter
from index.embedding.encoder import Encoder

KEPT = 64
"""Pairs whose scores are kept: what is scored to decide on an answer is scored again to continue with it."""


class CrossEncoder:
    """Scores pairs of texts.

    Args:
        encoder: provides the weights; its own adapters are not used.
        adapter: must have a head.
    """

    def __init__(self, encoder: Encoder, adapter: Adapter) -> None:
        if adapter.head is None:
            raise ValueError("the adapter of a cross-encoder has a head")
        self._encoder, self._head = encoder.share((adapter,)), adapter.head
        self._score = lru_cache(KEPT)(self._read)

    def score(self, question: str, passages: Sequence[str]) -> tuple[float, ...]:
        """How surely each passage answers the question, as a logit."""
        return tuple(self._score(question, passage) for passage in passages)

    def _read(self, question: str, passage: str) -> float:
        (state,) = self._encoder.read_pair(question, passage)
        return float(state @ self._head[:-1] + self._head[-1])
