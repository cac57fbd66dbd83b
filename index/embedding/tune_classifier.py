"""Tune a classifier of texts to labelled ones, over the weights of an embedder; needs torch and an hour.

Its adapter changes the upper layers alone: what the lower ones make of a text is made once and kept in memory, so that
each text can be learned from several times. Each label weighs the tokens of a text by itself, so that a sentence among
thirty can decide. Sources: Hu et al., 2021 (low-rank adapters); Yang et al., 2016 (attention over what is pooled).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.embedding.adapter import Adapter
from index.embedding.network import LEARNING_ON, SEED, Network, learn, to_numpy
from index.progress import Progress, ignore_progress

if TYPE_CHECKING:
    import torch

LOWER, RANK, RATE, HEAD_RATE, PASSES = 6, 16, 4e-4, 5e-3, 4
"""Layers that stay as they are, numbers in a row of A, learning rates, and how often each text is seen."""

TOKENS, WINDOW = 2400, 480
"""Tokens in a step, and texts that are sorted by length so that a step has texts of about the same length."""

MOST_TOKENS = 320
"""Tokens at which a text is cut."""

USUAL = 24
"""Texts in a step of usual size: with more of them, the step weighs more."""

SURELY, OF_LABEL = 0.98, 0.25
"""How sure a text that has no label, or surely has one, may make it; what telling labels apart weighs beside that."""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text to learn from."""

    text: str
    label: str
    """Empty if none applies."""
    chance: float
    """How sure it is that one applies, from 0 to 1."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class _Item:
    """A text with what the lower layers make of it."""

    state: torch.Tensor
    label: int
    chance: float
    weight: float


def tune_classifier(
    folder: Path,
    texts: Sequence[LabelledText],
    state: Path | None = None,
    progress: Progress = ignore_progress,
    before: Adapter | None = None,
) -> Adapter:
    """An adapter with a head for each label, for the sentence-transformers model of a folder.

    Args:
        state: a file in which the run is kept, and from which it goes on if it was cut off.
        progress: called with (steps done, steps in all); first with (texts read, texts).
        before: a classifier to go on from, of the same labels; each text is then seen half as often.
    """
    import torch
    from torch.nn import functional

    torch.manual_seed(SEED)
    network = Network(folder, RANK, before, LOWER)
    labels = before.labels if before else tuple(dict.fromkeys(one.label for one in texts if one.label))
    number = {"": 0} | {label: at for at, label in enumerate(labels, start=1)}
    states = network.read_lower([one.text for one in texts], MOST_TOKENS, progress)
    items = [
        _Item(state, number[one.label], min(max(one.chance, 1 - SURELY), SURELY), one.weight)
        for state, one in zip(states, texts, strict=True)
    ]
    size = len(number), network.net.config.hidden_size
    queries, weights, bias = (torch.nn.Parameter(torch.zeros(shape)) for shape in (size, size, size[:1]))
    if before and before.head is not None and before.queries is not None:
        starts = (before.queries, before.head[:, :-1], before.head[:, -1])
        queries, weights, bias = (torch.nn.Parameter(torch.tensor(start)) for start in starts)

    def compute_loss(some: Sequence[_Item], _: random.Random) -> torch.Tensor:
        read, mask = network.read_upper([one.state for one in some])
        attended = (read @ queries.T).masked_fill(mask[:, :, None] == 0, -1e4).softmax(dim=1)
        logits = (read @ weights.T * attended).sum(1) + bias
        applies = logits[:, 1:].logsumexp(1) - logits[:, 0]
        label, chance, weight = (
            torch.tensor([getattr(one, name) for one in some]) for name in ("label", "chance", "weight")
        )
        told = functional.cross_entropy(logits[:, 1:], (label - 1).clamp(min=0), reduction="none") * (label > 0)
        loss = functional.binary_cross_entropy_with_logits(applies, chance, reduction="none") + OF_LABEL * told
        return 2 * (loss * weight).sum() / USUAL

    turns, share = (PASSES // 2, LEARNING_ON) if before else (PASSES, 1.0)
    batches = [batch for turn in range(turns) for batch in _split_batches(items, random.Random(f"{SEED} {turn}"))]
    groups = [(network.list_parts(), share * RATE), ([queries, weights, bias], share * HEAD_RATE)]
    learn(batches, compute_loss, groups, network.net, state, progress)
    head = torch.cat([weights, bias[:, None]], dim=1)
    return Adapter(network.make_adapter().layers, to_numpy(head), to_numpy(queries), labels)


def _split_batches(items: Sequence[_Item], chance: random.Random) -> Iterator[Sequence[_Item]]:
    """Yield all items, those of about the same length together."""
    order = list(items)
    chance.shuffle(order)
    batches: list[Sequence[_Item]] = []
    for start in range(0, len(order), WINDOW):
        batch: list[_Item] = []
        for item in sorted(order[start : start + WINDOW], key=lambda one: len(one.state)):
            if batch and (len(batch) + 1) * len(item.state) > TOKENS:
                batches.append(batch)
                batch = []
            batch.append(item)
        batches.append(batch)
    chance.shuffle(batches)
    yield from batches
