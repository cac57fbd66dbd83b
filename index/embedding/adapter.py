"""Low-rank adapters: what tuning adds to the linear layers of an embedder, Wx + B(Ax) instead of Wx.

Shipped beside this module for each tuned model: NAME.safetensors for its vectors, NAME.cross.safetensors for the
cross-encoder over the same weights, and NAME.danger.safetensors for the danger classifier. `tune.py` and
`tune_classifier.py` make them. Source: Hu et al., 2021 (LoRA).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

Floats = NDArray[np.float32]

LowRank = tuple[Floats, Floats]
"""A, shape (rank, inputs), and B, shape (outputs, rank), of one layer."""

DOWN, UP = ".down", ".up"
"""Suffixes of a layer's name in a file, for its A and its B."""

HEAD, QUERIES, LABELS = "head", "queries", "labels"
"""Their names in a file; labels are in its metadata."""

CROSS, DANGER = ".cross", ".danger"
"""Suffixes of a model's name, for its cross-encoder and for the danger classifier."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """The low-rank parts by layer name, as in the model's weights."""

    layers: Mapping[str, LowRank]
    head: Floats | None = None
    """The weights of a token's state, with a bias at the end. For a cross-encoder: of the first token, shape
    (dimensions + 1,). For a classifier: of every token, shape (1 + labels, dimensions + 1), no label first."""
    queries: Floats | None = None
    """For a classifier: what weighs each token for each label, shape (1 + labels, dimensions)."""
    labels: tuple[str, ...] = ()


def find_adapter(model: str) -> Path | None:
    """The file of the adapter that ships for a model of the catalogue; None if there is none."""
    return next((path for path in Path(__file__).parent.glob("*.safetensors") if path.stem == model), None)


@cache
def hash_adapter(path: Path) -> str:
    """Eight digits of the hash of an adapter's file: a different adapter gives different vectors."""
    return sha256(path.read_bytes()).hexdigest()[:8]


@cache
def read_adapter(path: Path) -> Adapter:
    """Read an adapter. Raises OSError or ValueError: the file is missing or damaged."""
    try:
        kept = {name: part.astype(np.float32) for name, part in load_file(path).items()}
        names = [name.removesuffix(DOWN) for name in kept if name.endswith(DOWN)]
        layers = {name: (kept[name + DOWN], kept[name + UP]) for name in names}
        return Adapter(MappingProxyType(layers), kept.get(HEAD), kept.get(QUERIES), _read_labels(path))
    except (SafetensorError, KeyError) as error:
        raise ValueError(str(error)) from error


def save_adapter(path: Path, adapter: Adapter) -> None:
    """Write an adapter, as half floats."""
    parts = {name + DOWN: down for name, (down, _) in adapter.layers.items()}
    parts |= {name + UP: up for name, (_, up) in adapter.layers.items()}
    parts |= {name: part for name, part in ((HEAD, adapter.head), (QUERIES, adapter.queries)) if part is not None}
    halves = {name: np.ascontiguousarray(part, np.float16) for name, part in parts.items()}
    save_file(halves, path, {LABELS: json.dumps(adapter.labels)} if adapter.labels else None)


def _read_labels(path: Path) -> tuple[str, ...]:
    """The labels in the metadata of a file."""
    with safe_open(path, "numpy") as kept:
        return tuple(json.loads((kept.metadata() or {}).get(LABELS, "[]")))
