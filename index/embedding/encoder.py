"""A question's vector without torch, whose import alone takes longer than an answer.

The forward pass of the two kinds of small encoders that sentence-transformers folders mostly hold, MPNet and BERT,
in numpy, on weights that are mapped from their file. `embed.py` asks it for questions; texts of the guide, many at
once, go through sentence_transformers. Sources: Song et al., NeurIPS 2020 (MPNet); Devlin et al., NAACL 2019 (BERT).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Floats: TypeAlias = NDArray[np.float32]

ACTIVATION = "gelu"
POOLED = {"include_prompt": True, "pooling_mode_mean_tokens": True, "word_embedding_dimension": 0}
"""The only way of pooling that is known here; 0 stands for any."""

MPNET = ("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm")
BERT = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm",
)  # fmt: skip
"""What a layer's tensors are called: asked for, seen by, said, joined, and the norm after that."""

BUCKETS, FARTHEST = 32, 128
"""Of MPNet's relative places: how many kinds there are, and from which distance on all are alike."""


class Encoder:
    """One text at a time to its vector.

    Args:
        folder: a sentence-transformers folder.

    Raises:
        LookupError, OSError, ValueError: it holds something else than this module can read.
    """

    def __init__(self, folder: Path) -> None:
        config, most = _config(folder)
        self._mpnet = config["model_type"] == "mpnet"
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._weights = _mapped(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(most)
        self.encode("a")  # what is missing shows now; and the weights come into memory

    def encode(self, text: str) -> Floats:
        """The vector of a text, shape (dimensions,), length 1."""
        ids = np.array(self._tokenizer.encode(text).ids)
        state = self._embedded(ids)
        bias = self._bias(len(ids)) if self._mpnet else np.float32(0)
        for layer in range(self._layers):
            state = self._layer(f"encoder.layer.{layer}", state, bias)
        mean = state.mean(axis=1)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    # A state has a column for each token: with few tokens, weights times state is faster than state times weights.

    def _embedded(self, ids: NDArray[Any]) -> Floats:
        """Tokens as the first layer wants them, shape (dimensions, tokens)."""
        first = 2 if self._mpnet else 0  # MPNet counts places from the padding token's number on
        state = self._weights["embeddings.word_embeddings.weight"][ids]
        state = state + self._weights["embeddings.position_embeddings.weight"][first : first + len(ids)]
        if not self._mpnet:
            state = state + self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._normed("embeddings.LayerNorm", np.ascontiguousarray(state.T))

    def _layer(self, layer: str, state: Floats, bias: Floats | np.float32) -> Floats:
        names = MPNET if self._mpnet else BERT
        q, k, v = (self._split(self._dense(f"{layer}.{name}", state)) for name in names[:3])
        scores = q.transpose(0, 2, 1) @ k / np.float32(np.sqrt(q.shape[1])) + bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = (v @ scores.transpose(0, 2, 1)).reshape(state.shape)
        state = self._normed(f"{layer}.{names[4]}", state + self._dense(f"{layer}.{names[3]}", seen))
        wide = gelu(self._dense(f"{layer}.intermediate.dense", state))
        return self._normed(f"{layer}.output.LayerNorm", state + self._dense(f"{layer}.output.dense", wide))

    def _split(self, state: Floats) -> Floats:
        """(dimensions, tokens) -> (heads, dimensions of a head, tokens)"""
        return state.reshape(self._heads, -1, state.shape[1])

    def _dense(self, name: str, state: Floats) -> Floats:
        return np.asarray(self._weights[f"{name}.weight"] @ state + self._weights[f"{name}.bias"][:, None])

    def _normed(self, name: str, state: Floats) -> Floats:
        centred = state - state.mean(axis=0)
        scale = np.sqrt((centred * centred).mean(axis=0) + self._epsilon)
        weight, bias = (self._weights[f"{name}.{part}"][:, None] for part in ("weight", "bias"))
        return np.asarray(centred / scale * weight + bias)

    def _bias(self, tokens: int) -> Floats:
        """What MPNet adds to the attention of one place to another, shape (heads, tokens, tokens)."""
        places = np.arange(tokens)
        kinds = bucket(places[None, :] - places[:, None])
        return np.asarray(self._weights["encoder.relative_attention_bias.weight"][kinds].transpose(2, 0, 1))


def gelu(x: Floats) -> Floats:
    """x times the share of a normal distribution below it; the error function by Abramowitz and Stegun, 7.1.26.

    Each step is taken in place: new arrays would take five times as long.
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


def bucket(distance: NDArray[Any]) -> NDArray[Any]:
    """MPNet's kind of each distance from a place to another: near ones exactly, far ones by their logarithm."""
    half, exact = BUCKETS // 2, BUCKETS // 4
    far = np.abs(distance)
    scaled = np.log(np.maximum(far, 1) / exact) / np.log(FARTHEST / exact) * (half - exact)
    kinds = np.where(far < exact, far, np.minimum(exact + scaled.astype(int), half - 1))
    return np.asarray(kinds + np.where(distance > 0, half, 0))


def _config(folder: Path) -> tuple[dict[str, Any], int]:
    """What the weights are, and the most tokens; ValueError for anything that is not known here."""

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
        and set(pooling) <= set(POOLED)
        and pooling.get("pooling_mode_mean_tokens")
        and not any((about.get("prompts") or {}).values())
        and not read("sentence_bert_config.json").get("do_lower_case")
    )
    if not known:
        raise ValueError("an encoder of another kind")
    return config, int(read("sentence_bert_config.json")["max_seq_length"])


def _mapped(path: Path) -> dict[str, Floats]:
    """The tensors of a safetensors file, by name, as views of the file: nothing is read before it is used."""
    data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    size = int.from_bytes(bytes(data[:8]), "little")
    head = json.loads(bytes(data[8 : 8 + size]))
    found = {}
    for name, about in head.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            start, end = (8 + size + at for at in about["data_offsets"])
            found[name] = data[start:end].view(np.float32).reshape(about["shape"])
    return found
