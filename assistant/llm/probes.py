"""What was fitted to labelled examples, kept in a file with the names of the models that it was fitted for.

`assistant fit` makes the file; see `fit.py`. Where a part is missing for the models in use, `care` does with patterns
and examples, and verdicts are the difference of the logits of Yes and No.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from assistant.errors import SettingsError
from assistant.settings import Settings, chat_name, embedder_name
from index.embedding.embed import Vectors

NAME = "fitted.npz"

FORM = 2
"""Of what is in it; a file of another form, or without one, is as none."""

STEP = 0.25 / 127
"""Of the whole numbers that support vectors are kept in; no component of a vector of length 1 is much over 0.25."""

NEIGHBOURS, SHARPNESS = 5, 10
"""Examples that vote on the kind of danger, each with the weight exp(SHARPNESS * cosine)."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Danger:
    """A support vector machine with a Gaussian kernel that tells danger from what only sounds like it.

    Source: Cortes and Vapnik, Machine Learning 20, 1995; fitted with scikit-learn.
    """

    vectors: NDArray[np.int8]
    """Support vectors in STEPs, shape (n, dimensions)."""
    weights: Floats
    """Shape (n,); above 0 for danger."""
    kinds: NDArray[np.str_]
    """The kind of danger of each support vector, empty for harmless ones; shape (n,)."""
    gamma: Floats
    bias: Floats

    def score(self, vector: Vectors) -> tuple[float, str]:
        """How surely a text, shape (dimensions,), tells of danger, about -2 to 2, and of what kind if it does."""
        cosines = self.vectors.astype(np.float32) @ vector * np.float32(STEP)
        score = float(np.exp(-2 * self.gamma * (1 - cosines)) @ self.weights + self.bias)
        dangers = np.flatnonzero(self.kinds != "")
        nearest = dangers[np.argsort(-cosines[dangers])[:NEIGHBOURS]]
        votes: defaultdict[str, float] = defaultdict(float)
        for i in nearest:
            votes[str(self.kinds[i])] += float(np.exp(SHARPNESS * cosines[i]))
        return score, max(votes, key=lambda kind: votes[kind])


@dataclass(frozen=True, slots=True)
class Reading:
    """A linear reading of a chat model's logits at the place of its yes or no.

    The logits at many tokens are a linear picture of the model's last state, which knows more than it says: see
    "Does the guide cover it?" in CONTRIBUTING.md. Source: Alain and Bengio, 2016, on linear probes.
    """

    tokens: NDArray[np.int32]
    """The tokens that are looked at, shape (n,)."""
    weights: Floats
    """Shape (n,)."""
    bias: Floats

    def score(self, logits: Floats) -> float:
        """A verdict, in the units of the bar that it is held against; `logits` has shape (vocabulary,)."""
        return float(centred(logits[self.tokens]) @ self.weights + self.bias)


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that was fitted for the models in use; None is "not fitted for these"."""

    danger: Danger | None = None
    coverage: Reading | None = None
    support: Reading | None = None


PARTS: dict[str, type[Danger | Reading]] = {"danger": Danger, "coverage": Reading, "support": Reading}


def centred(logits: Floats) -> Floats:
    """Logits less their mean, which tells nothing; the last axis is over tokens."""
    return np.asarray(logits - logits.mean(axis=-1, keepdims=True), dtype=np.float32)


def save(path: Path, fitted: Fitted, embedder: str, chat: str) -> None:
    """Write what was fitted for these models."""
    arrays: dict[str, Any] = {"form": np.array(FORM), "embedder": np.array(embedder), "chat": np.array(chat)}
    for name, kind in PARTS.items():
        if part := getattr(fitted, name):
            arrays |= {f"{name}.{field.name}": getattr(part, field.name) for field in fields(kind)}
    np.savez_compressed(path, **arrays)


def load_fitted(settings: Settings) -> Fitted:
    """What was fitted for the models in use, from the data folder or else the program's own."""
    found: dict[str, Any] = {}
    for path in (settings.home / NAME, Path(__file__).parent / NAME):
        if path.is_file():
            found = _read(path, embedder_name(settings), chat_name(settings)) | found
    return Fitted(**found)


def _read(path: Path, embedder: str, chat: str) -> dict[str, Any]:
    """The parts in a file that were fitted for these models."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            if "form" not in kept or int(kept["form"]) != FORM or str(kept["embedder"]) != embedder:
                return {}
            return {
                name: kind(**{field.name: kept[f"{name}.{field.name}"] for field in fields(kind)})
                for name, kind in PARTS.items()
                if f"{name}.bias" in kept and (kind is Danger or str(kept["chat"]) == chat)
            }
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise SettingsError(f"{path} is damaged ({error})", "Delete it, or run `assistant fit` again.") from error
