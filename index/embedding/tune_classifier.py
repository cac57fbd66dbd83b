"""Tune a classifier of texts to labelled ones, over the weights of an embedder; needs torch and an hour.

Its adapter changes only the upper layers: the output of the lower ones for a text is computed once and kept in memory,
so that each text can be learned from several times. Each label weighs the tokens of a text separately, so that one
sentence among thirty can decide. Sources: Hu et al., 2021 (low-rank adapters); Yang et al., 2016 (attention pooling).
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
"""The number of fixed layers, the rank, the learning rates, and how often each text is seen."""

TOKENS, WINDOW = 2400, 480
"""Tokens in a step; texts that are sorted by length together, so that the texts of a step have similar lengths."""

MOST_TOKENS = 320
"""The tokens after which a text is cut."""

USUAL = 24
"""Texts in a step of usual size: a step with more of them weighs more."""

SURELY, OF_LABEL = 0.98, 0.25
"""How sure the classifier may be made that a label applies, or that none does; the weight of telling labels apart."""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text to learn from."""

    text: str
    label: str
    """Empty if no label applies."""
    chance: float
    """How sure it is that a label applies, from 0 to 1."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class _Item:
    """A text with the output of the lower layers for it."""

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
    """An adapter with a head for each label, for the sentence-transformers model in a folder.

    Args:
        state: a file that keeps the run; an interrupted run continues from it.
        progress: called with (steps done, steps in all); first with (texts read, texts).
        before: a classifier with the same labels to continue from; each text is then seen half as often.
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
    """Yield all items, those of similar length together."""
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
