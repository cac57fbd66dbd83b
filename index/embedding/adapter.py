"""Low-rank adapters: what tuning adds to the linear layers of an embedder, Wx + B(Ax) instead of Wx.

Shipped beside this module, for each tuned model NAME.safetensors, for its vectors, and NAME.cross.safetensors, for the
cross-encoder over the same weights; `tune.py` makes them. Source: Hu et al., 2021 (LoRA).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

Floats = NDArray[np.float32]

LowRank = tuple[Floats, Floats]
"""A, shape (rank, inputs), and B, shape (outputs, rank), of one layer."""

DOWN, UP = ".down", ".up"
"""What a file adds to the name of a layer for its A and its B."""

HEAD = "head"
"""The name of the head in a file."""

CROSS = ".cross"
"""What is added to the name of a model for its cross-encoder."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """The low-rank parts by name of the layer, as the weights of the model name it."""

    layers: Mapping[str, LowRank]
    head: Floats | None = None
    """Of a cross-encoder: what its first token's state is weighed by, and last a summand; shape (dimensions + 1,)."""


def find_adapter(model: str) -> Path | None:
    """The file of the adapter that ships for a model of the catalogue; None if there is none."""
    return next((path for path in Path(__file__).parent.glob("*.safetensors") if path.stem == model), None)


@cache
def hash_adapter(path: Path) -> str:
    """Eight digits of the hash of an adapter's file: another adapter gives other vectors."""
    return sha256(path.read_bytes()).hexdigest()[:8]


@cache
def read_adapter(path: Path) -> Adapter:
    """Read an adapter. Raises OSError or ValueError: the file is missing or damaged."""
    try:
        kept = {name: part.astype(np.float32) for name, part in load_file(path).items()}
        names = [name.removesuffix(DOWN) for name in kept if name.endswith(DOWN)]
        layers = {name: (kept[name + DOWN], kept[name + UP]) for name in names}
        return Adapter(MappingProxyType(layers), kept.get(HEAD))
    except (SafetensorError, KeyError) as error:
        raise ValueError(str(error)) from error


def save_adapter(path: Path, adapter: Adapter) -> None:
    """Write an adapter, as half floats."""
    parts = {name + DOWN: down for name, (down, _) in adapter.layers.items()}
    parts |= {name + UP: up for name, (_, up) in adapter.layers.items()}
    if adapter.head is not None:
        parts[HEAD] = adapter.head
    save_file({name: np.ascontiguousarray(part, np.float16) for name, part in parts.items()}, path)
