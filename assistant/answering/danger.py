"""How surely a message comes from someone in danger, and of which kind, from logits of the embedder's classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WINDOW, OVERLAP = 220, 60
"""Words read at once, since an embedder cuts off the rest, and how many of them are read again with what follows."""


class DangerReader:
    """Reads messages.

    Args:
        classify: `Embedder.classify`, or its like: texts to logits for no label and for each label.
        kinds: the labels.
    """

    def __init__(self, classify: Callable[[Sequence[str]], Floats], kinds: Sequence[str]) -> None:
        self._classify, self._kinds = classify, tuple(kinds)

    def read(self, texts: Sequence[str]) -> list[tuple[float, str]]:
        """(log odds of danger, its kind if it is one) of each text; of a long one, where they are highest."""
        return [max(map(self._read, self._classify(_split_windows(text)))) for text in texts]

    def _read(self, logits: Floats) -> tuple[float, str]:
        return float(np.logaddexp.reduce(logits[1:]) - logits[0]), self._kinds[int(np.argmax(logits[1:]))]


def _split_windows(text: str) -> list[str]:
    """A text in overlapping parts; as it is if it is short."""
    words = text.split()
    if len(words) <= WINDOW:
        return [text]
    starts = range(0, len(words) - OVERLAP, WINDOW - OVERLAP)
    return [" ".join(words[start : start + WINDOW]) for start in starts]
