"""What was fitted to labelled examples, kept in a file with the name of the embedder that it was fitted for.

`assistant fit` makes the file; see `fit.py`. Without one for the embedder in use, `care` and `retrieve` do with
patterns, examples and constants.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.errors import SettingsError
from assistant.settings import Settings, embedder_name
from index.embed import Vectors

NAME = "fitted.npz"

STEP = 0.25 / 127
"""Of the whole numbers that support vectors are kept in; no component of a vector of length 1 is much over 0.25."""

NEIGHBOURS, SHARPNESS = 5, 10
"""Examples that vote on the kind of danger, each with the weight exp(SHARPNESS * cosine)."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A support vector machine with a Gaussian kernel that tells danger from what only sounds like it.

    Source: Cortes and Vapnik, Machine Learning 20, 1995; fitted with scikit-learn.
    """

    embedder: NDArray[np.str_]
    """Its name; shape ()."""
    vectors: NDArray[np.int8]
    """Support vectors in STEPs, shape (n, dimensions)."""
    weights: NDArray[np.float32]
    """Shape (n,); above 0 for danger."""
    kinds: NDArray[np.str_]
    """The kind of danger of each support vector, empty for harmless ones; shape (n,)."""
    gamma: NDArray[np.float32]
    bias: NDArray[np.float32]

    def danger(self, vector: Vectors) -> tuple[float, str]:
        """How surely a text, shape (dimensions,), tells of danger, about -2 to 2, and of what kind if it does."""
        cosines = self.vectors.astype(np.float32) @ vector * np.float32(STEP)
        score = float(np.exp(-2 * self.gamma * (1 - cosines)) @ self.weights + self.bias)
        dangers = np.flatnonzero(self.kinds != "")
        nearest = dangers[np.argsort(-cosines[dangers])[:NEIGHBOURS]]
        votes: defaultdict[str, float] = defaultdict(float)
        for i in nearest:
            votes[str(self.kinds[i])] += float(np.exp(SHARPNESS * cosines[i]))
        return score, max(votes, key=lambda kind: votes[kind])

    def save(self, path: Path) -> None:
        """Write the file."""
        np.savez_compressed(path, **{field.name: getattr(self, field.name) for field in fields(self)})


def load_fitted(settings: Settings) -> Fitted | None:
    """What was fitted for the embedder in use, from the data folder or the program's own; None if nothing was."""
    for path in (settings.home / NAME, Path(__file__).parent / NAME):
        if path.is_file() and (fitted := _read(path)) and str(fitted.embedder) == embedder_name(settings):
            return fitted
    return None


def _read(path: Path) -> Fitted:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Fitted(**{field.name: kept[field.name] for field in fields(Fitted)})
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(f"{path} is damaged ({error})", "Delete it, or run `assistant fit` again.") from error
