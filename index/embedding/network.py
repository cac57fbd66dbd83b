"""Training for the tuning modules: a model's network with low-rank parts beside its linear layers, and the loop.

Needs torch.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.embedding.adapter import Adapter
from index.progress import Progress, ignore_progress

if TYPE_CHECKING:
    import torch

SEED = 0

SAVED = 50
"""Steps between two saved states."""

LEARNING_ON = 0.6
"""Share of the learning rates when an adapter continues from another."""

MOST_TOKENS, MOST_PAIRED, PADDED = 160, 256, 20
"""The token limits of a text and of a pair; how many texts of similar length are padded together."""

HALVES = ("amx_bf16", "avx512_bf16")
"""CPU features needed to compute with half floats; a processor that emulates them takes thirteen times as long."""

_LAYER = re.compile(r"\blayer\.(\d+)\.")

Item = TypeVar("Item")


class Network:
    """The network of a model with low-rank parts beside its linear layers.

    Args:
        folder: a sentence-transformers folder.
        rank: the rank of the low-rank parts.
        adapter: the low-rank parts; without one, they are new and change nothing yet.
        lower: how many layers, from the first, get no such parts.
    """

    def __init__(self, folder: Path, rank: int, adapter: Adapter | None = None, lower: int = 0) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self._tokenizer = model.tokenizer
        self._halves = any(torch.cpu.get_capabilities().get(name) for name in HALVES)
        self.net: Any = model[0].model
        self.net.requires_grad_(False)
        self.layers: dict[str, tuple[Any, Any]] = {}
        for name, layer in self.net.named_modules():
            if isinstance(layer, torch.nn.Linear) and _read_number(name) >= lower:
                down = torch.randn(rank, layer.in_features) / layer.in_features**0.5
                up = torch.zeros(layer.out_features, rank)
                if adapter:
                    down, up = (torch.tensor(part) for part in adapter.layers[name])  # copies, as they may be trained
                self.layers[name] = down, up
                layer.register_forward_hook(_add_low_rank(down, up))
        self._embeddings, self._lower = self.net.embeddings, self.net.encoder.layer[:lower]
        self._upper = self.net.encoder.layer[lower:]
        self.head = torch.nn.Linear(self.net.config.hidden_size, 1)
        weights = np.zeros(self.head.in_features + 1, np.float32)
        if adapter and adapter.head is not None and adapter.head.shape == weights.shape:
            weights = adapter.head
        with torch.no_grad():
            self.head.weight[0] = torch.from_numpy(weights[:-1])
            self.head.bias[0] = float(weights[-1])
        self.net.eval()

    def list_parts(self, lower: int = 0) -> list[Any]:
        """The low-rank parts of all layers except the first `lower`."""
        return [part for name, parts in self.layers.items() if _read_number(name) >= lower for part in parts]

    def make_adapter(self) -> Adapter:
        """The low-rank parts as they are now."""
        return Adapter({name: (to_numpy(down), to_numpy(up)) for name, (down, up) in self.layers.items()})

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors, shape (texts, dimensions)."""
        import torch

        def pool(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            weights = mask.unsqueeze(-1).float()
            return torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)

        return self.read([(text,) for text in texts], MOST_TOKENS, pool)

    def score(self, pairs: Sequence[tuple[str, str]]) -> torch.Tensor:
        """Logits, shape (pairs,)."""
        return self.read(pairs, MOST_PAIRED, lambda states, _: self.head(states[:, 0]).squeeze(1))

    def read(
        self,
        texts: Sequence[tuple[str, ...]],
        most: int,
        reduce: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """The results of `reduce` for texts or pairs, in their order; those of similar length are read together.

        Args:
            most: the tokens after which a text, or a pair, is cut.
            reduce: makes results from states, shape (texts, tokens, dimensions), and mask, shape (texts, tokens).
        """
        import torch

        order = sorted(range(len(texts)), key=lambda at: sum(map(len, texts[at])))
        parts = []
        for start in range(0, len(order), PADDED):
            some = [texts[at] for at in order[start : start + PADDED]]
            columns = [list(column) for column in zip(*some, strict=True)]
            batch = self._tokenizer(*columns, padding=True, truncation=True, max_length=most, return_tensors="pt")
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._halves):
                states = self.net(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
            parts.append(reduce(states.last_hidden_state.float(), batch["attention_mask"]))
        return torch.cat(parts)[torch.as_tensor(np.argsort(order))]

    def read_lower(self, texts: Sequence[str], most: int, progress: Progress = ignore_progress) -> list[torch.Tensor]:
        """The output of the lower layers for each text, shape (tokens, dimensions); it is fixed, as they are."""
        import torch

        self.net.embeddings, self.net.encoder.layer = self._embeddings, self._lower
        states: list[torch.Tensor] = []

        def keep(some: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            states.extend(one[:size].bfloat16().clone() for one, size in zip(some, mask.sum(1).tolist(), strict=True))
            progress(len(states), len(texts))
            return mask[:, 0]

        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # the order in which `read` goes through them
        with torch.no_grad():
            self.read([(texts[at],) for at in order], most, keep)
        return [states[at] for at in np.argsort(order)]

    def read_upper(self, states: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """The output of the upper layers for that of the lower: shape (texts, tokens, dimensions), and its mask."""
        import torch

        self.net.embeddings, self.net.encoder.layer = _make_given(), self._upper
        padded = torch.nn.utils.rnn.pad_sequence(list(states), batch_first=True).float()
        sizes = torch.tensor([len(one) for one in states])
        mask = (torch.arange(padded.shape[1]) < sizes[:, None]).long()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._halves):
            read = self.net(inputs_embeds=padded, attention_mask=mask)
        return read.last_hidden_state.float(), mask


def learn(
    batches: Sequence[Sequence[Item]],
    compute_loss: Callable[[Sequence[Item], random.Random], torch.Tensor],
    groups: Sequence[tuple[list[Any], float]],
    net: Any,
    state: Path | None,
    progress: Progress,
) -> None:
    """Train on the batches, one after the other.

    Args:
        groups: (parameters to learn, highest learning rate)
        state: a file that keeps the run every SAVED steps; an interrupted run continues from it.
        progress: called with (steps done, steps in all).
    """
    import torch

    learned, done = [part for parts, _ in groups for part in parts], 0
    for part in learned:
        part.requires_grad = True
    optimizer = torch.optim.AdamW([{"params": parts, "lr": rate} for parts, rate in groups], weight_decay=0.01)
    if state and state.is_file():
        kept = torch.load(state)
        done = kept["done"]
        optimizer.load_state_dict(kept["optimizer"])
        with torch.no_grad():
            for part, value in zip(learned, kept["parts"], strict=True):
                part.copy_(value)
    net.train()
    for step in range(done, len(batches)):
        loss = compute_loss(batches[step], random.Random(f"{SEED} {step}"))
        share = min(1.0, (step + 1) / 10) * max(0.02, 1 - step / len(batches))
        for group, (_, rate) in zip(optimizer.param_groups, groups, strict=True):
            group["lr"] = rate * share
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        progress(step + 1, len(batches))
        if state and (step + 1) % SAVED == 0:
            parts = [part.detach() for part in learned]
            torch.save({"done": step + 1, "optimizer": optimizer.state_dict(), "parts": parts}, state)


def _read_number(name: str) -> int:
    """The number of the layer that contains a part of the network; -1 if none does."""
    found = _LAYER.search(name)
    return int(found[1]) if found else -1


def _add_low_rank(down: torch.Tensor, up: torch.Tensor) -> Callable[..., torch.Tensor]:
    return lambda layer, inputs, output: output + (inputs[0] @ down.T) @ up.T


def to_numpy(part: torch.Tensor) -> Any:
    """A learned part as an array."""
    return part.detach().numpy()


def _make_given() -> Any:
    """A module to replace the embeddings, which returns its input."""
    import torch

    class Given(torch.nn.Module):
        def forward(self, inputs_embeds: torch.Tensor, **_: Any) -> torch.Tensor:
            return inputs_embeds

    return Given()
