"""Embeds a question without torch, whose import alone takes longer than an answer.

The forward pass, in numpy on memory-mapped weights, of the two most common small encoders in sentence-transformers
folders: MPNet and BERT. Sources: Song et al., NeurIPS 2020 (MPNet); Devlin et al., NAACL 2019 (BERT).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.embedding.adapter import Adapter

Floats: TypeAlias = NDArray[np.float32]

ACTIVATION = "gelu"
POOLING = {"include_prompt", "pooling_mode_mean_tokens", "word_embedding_dimension"}
"""The options that a supported pooling configuration may set."""

MPNET_TENSORS = ("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm")
BERT_TENSORS = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm",
)  # fmt: skip
"""Names of a layer's attention tensors: query, key, value, output, and the layer norm after them."""

BUCKETS, MAX_DISTANCE = 32, 128
"""MPNet's relative positions: number of buckets, and the distance from which all share the last one."""


class Encoder:
    """Embeds one text at a time, with several adapters side by side: the weights are read once for all of them.

    Args:
        folder: a sentence-transformers folder.
        adapters: one for each reading of a text; None for no adapter. Layers that it does not name stay plain.

    Raises:
        LookupError, OSError, ValueError: the folder is incomplete or holds an unsupported model.
    """

    def __init__(self, folder: Path, adapters: Sequence[Adapter | None] = (None,)) -> None:
        config, max_tokens = _read_config(folder)
        self._mpnet = config["model_type"] == "mpnet"
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._weights = _map_tensors(folder / "model.safetensors")
        self._adapters = tuple(adapters)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self.encode("a")  # shows at once whether something is missing, and reads the weights into memory

    def share(self, adapters: Sequence[Adapter | None]) -> Encoder:
        """An encoder with other adapters over the same weights."""
        other = copy(self)
        other._adapters = tuple(adapters)
        return other

    def encode(self, text: str) -> Floats:
        """Embed a text: shape (adapters, dimensions), rows of length 1."""
        return np.stack([pool(states) for states in self.read(text)])

    def read(self, text: str) -> Floats:
        """The last states of a text's tokens: shape (adapters, tokens, dimensions)."""
        return self._read(text).transpose(1, 2, 0)

    def read_pair(self, one: str, other: str) -> Floats:
        """Read two texts together: the state of the first token, shape (adapters, dimensions)."""
        return np.asarray(self._read(one, other)[:, :, 0].T)

    def _read(self, one: str, other: str | None = None) -> Floats:
        """The last states of one text, or of two read together: shape (dimensions, adapters, tokens)."""
        ids: NDArray[Any] = np.array(self._tokenizer.encode(one, other).ids)
        state = np.tile(self._embed(ids), len(self._adapters))
        bias = self._compute_bias(len(ids)) if self._mpnet else np.float32(0)
        for layer in range(self._layers):
            state = self._apply_layer(f"encoder.layer.{layer}", state, bias)
        return state.reshape(len(state), len(self._adapters), -1)

    # A state has one column per token, and the columns of one adapter follow those of the one before: with few tokens,
    # weights @ state is faster than state @ weights.

    def _embed(self, ids: NDArray[Any]) -> Floats:
        """Return the input of the first layer, shape (dimensions, tokens)."""
        first = 2 if self._mpnet else 0  # MPNet counts positions from the padding token's id + 1
        state = self._weights["embeddings.word_embeddings.weight"][ids]
        state = state + self._weights["embeddings.position_embeddings.weight"][first : first + len(ids)]
        if not self._mpnet:
            state = state + self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._normalize("embeddings.LayerNorm", np.ascontiguousarray(state.T))

    def _apply_layer(self, layer: str, state: Floats, bias: Floats | np.float32) -> Floats:
        names = MPNET_TENSORS if self._mpnet else BERT_TENSORS
        q, k, v = (self._split_heads(self._apply_dense(f"{layer}.{name}", state)) for name in names[:3])
        scores = q.swapaxes(-1, -2) @ k / np.float32(np.sqrt(q.shape[-2])) + bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        attended = (v @ scores.swapaxes(-1, -2)).transpose(1, 2, 0, 3).reshape(state.shape)
        state = self._normalize(f"{layer}.{names[4]}", state + self._apply_dense(f"{layer}.{names[3]}", attended))
        wide = gelu(self._apply_dense(f"{layer}.intermediate.dense", state))
        return self._normalize(f"{layer}.output.LayerNorm", state + self._apply_dense(f"{layer}.output.dense", wide))

    def _split_heads(self, state: Floats) -> Floats:
        """Reshape a state to (adapters, heads, dimensions of a head, tokens)."""
        return state.reshape(self._heads, len(state) // self._heads, len(self._adapters), -1).transpose(2, 0, 1, 3)

    def _apply_dense(self, name: str, state: Floats) -> Floats:
        result = self._weights[f"{name}.weight"] @ state + self._weights[f"{name}.bias"][:, None]
        tokens = state.shape[1] // len(self._adapters)
        for number, adapter in enumerate(self._adapters):
            if adapter and name in adapter.layers:
                columns = slice(number * tokens, (number + 1) * tokens)
                down, up = adapter.layers[name]
                result[:, columns] += up @ (down @ state[:, columns])
        return np.asarray(result)

    def _normalize(self, name: str, state: Floats) -> Floats:
        centred = state - state.mean(axis=0)
        scale = np.sqrt((centred * centred).mean(axis=0) + self._epsilon)
        weight, bias = (self._weights[f"{name}.{part}"][:, None] for part in ("weight", "bias"))
        return np.asarray(centred / scale * weight + bias)

    def _compute_bias(self, tokens: int) -> Floats:
        """Return MPNet's relative attention bias, shape (heads, tokens, tokens)."""
        places = np.arange(tokens)
        kinds = bucket_distances(places[None, :] - places[:, None])
        return np.asarray(self._weights["encoder.relative_attention_bias.weight"][kinds].transpose(2, 0, 1))


def pool(states: Floats) -> Floats:
    """The vector of a text, of length 1: the mean of its states, shape (tokens, dimensions)."""
    mean = states.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def gelu(x: Floats) -> Floats:
    """Apply GELU, with the error function of Abramowitz and Stegun, 7.1.26.

    Every step works in place: new arrays would take five times as long.
    """
    z = np.abs(x)
    z *= np.float32(2**-0.5)
    t = z * np.float32(0.3275911)
    t += 1
    np.reciprocal(t, out=t)
    error = t * np.float32(1.061405429)
    for step in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        error += np.float32(step)
        error *= t
    np.multiply(z, -z, out=z)
    error *= np.exp(z, out=z)
    np.subtract(1, error, out=error)
    np.copysign(error, x, out=error)
    error += 1
    error *= x
    error *= np.float32(0.5)
    return error


def bucket_distances(distance: NDArray[Any]) -> NDArray[Any]:
    """Return MPNet's bucket of each relative position: exact when near, by logarithm when far."""
    half, exact = BUCKETS // 2, BUCKETS // 4
    far = np.abs(distance)
    scaled = np.log(np.maximum(far, 1) / exact) / np.log(MAX_DISTANCE / exact) * (half - exact)
    kinds = np.where(far < exact, far, np.minimum(exact + scaled.astype(int), half - 1))
    return np.asarray(kinds + np.where(distance > 0, half, 0))


def _read_config(folder: Path) -> tuple[dict[str, Any], int]:
    """Read the model's configuration and its maximum of tokens; raise ValueError for an unsupported model."""

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text("utf-8"))

    config, modules = read("config.json"), [str(module["type"]).rpartition(".")[2] for module in read("modules.json")]
    pooling = {name: value for name, value in read("1_Pooling/config.json").items() if value}
    about = (
        read("config_sentence_transformers.json") if (folder / "config_sentence_transformers.json").is_file() else {}
    )
    known = (
        config["model_type"] in ("mpnet", "bert")
        and config["hidden_act"] == ACTIVATION
        and config.get("position_embedding_type", "absolute") == "absolute"
        and modules in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and set(pooling) <= POOLING
        and pooling.get("pooling_mode_mean_tokens")
        and not any((about.get("prompts") or {}).values())
        and not read("sentence_bert_config.json").get("do_lower_case")
    )
    if not known:
        raise ValueError("an encoder of another kind")
    return config, int(read("sentence_bert_config.json")["max_seq_length"])


def _map_tensors(path: Path) -> dict[str, Floats]:
    """Map the float32 tensors of a safetensors file, by name: nothing is read from disk before it is used."""
    data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    size = int.from_bytes(bytes(data[:8]), "little")
    head = json.loads(bytes(data[8 : 8 + size]))
    found = {}
    for name, about in head.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            start, end = (8 + size + at for at in about["data_offsets"])
            found[name] = data[start:end].view(np.float32).reshape(about["shape"])
    return found
