"""The probes: small classifiers fitted to labelled examples, in a file that names the models they were fitted to.

`assistant fit` writes the file; see `fit.py`. Without a probe for the models in use, a verdict is the logit of Yes
minus that of No.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from assistant.errors import SettingsError
from assistant.settings import Settings, checker_name, embedder_name

FILE_NAME = "fitted.npz"

FORMAT = 2
"""The version of the file format; a file of another version, or without one, is ignored."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LogitProbe:
    """A linear probe on a chat model's logits at the position where it would say yes or no.

    The logits of many tokens are a linear image of the model's last hidden state, which holds more than its yes or no:
    see "Does the guide answer it?" in CONTRIBUTING.md. Source: Alain and Bengio, 2016, on linear probes.
    """

    tokens: NDArray[np.int32]
    """The tokens whose logits are read, shape (n,)."""
    weights: Floats
    """Shape (n,)."""
    bias: Floats

    def score(self, logits: Floats) -> float:
        """A verdict, in the units of the threshold it is compared with; `logits` has shape (vocabulary,)."""
        return float(subtract_mean(logits[self.tokens]) @ self.weights + self.bias)


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes for the models in use; None where none was fitted to them."""

    support: LogitProbe | None = None
    """For sentences that a chat model drafts."""
    claims: LogitProbe | None = None
    """For sentences from elsewhere."""


_NAMES = tuple(field.name for field in fields(Probes))
"""The prefix of each probe's arrays in the file."""


def subtract_mean(logits: Floats) -> Floats:
    """Subtract the mean over tokens (the last axis), which carries no information."""
    return np.asarray(logits - logits.mean(axis=-1, keepdims=True), dtype=np.float32)


def save_probes(path: Path, fitted: Probes, embedder: str, chat: str) -> None:
    """Write the probes that were fitted to these models."""
    arrays: dict[str, Any] = {"form": np.array(FORMAT), "embedder": np.array(embedder), "chat": np.array(chat)}
    for name in _NAMES:
        if probe := getattr(fitted, name):
            arrays |= {f"{name}.{field.name}": getattr(probe, field.name) for field in fields(LogitProbe)}
    np.savez_compressed(path, **arrays)


def load_probes(settings: Settings) -> Probes:
    """The probes for the models in use: each from the data folder, else from the file that comes with the program."""
    found: dict[str, Any] = {}
    for path in (settings.home / FILE_NAME, Path(__file__).parent / FILE_NAME):
        if path.is_file():
            found = _read_probes(path, embedder_name(settings), checker_name(settings)) | found
    return Probes(**found)


def _read_probes(path: Path, embedder: str, chat: str) -> dict[str, Any]:
    """Name -> probe, for the probes in a file that were fitted to these models."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            made_for = [str(stored[name]) for name in ("form", "embedder", "chat")] if "form" in stored else []
            if made_for != [str(FORMAT), embedder, chat]:
                return {}
            return {
                name: LogitProbe(**{field.name: stored[f"{name}.{field.name}"] for field in fields(LogitProbe)})
                for name in _NAMES
                if f"{name}.bias" in stored
            }
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise SettingsError(f"{path} is damaged ({error})", "Delete it, or run `assistant fit` again.") from error
