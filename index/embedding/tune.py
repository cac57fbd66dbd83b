"""Tune an embedder to questions about guides: low-rank adapters beside its linear layers; needs torch and an hour.

Two losses at once. One ranks: of all sentences of a batch, those that answer a question come first. The other makes
the cosine itself say whether a sentence answers, by a sigmoid with a learned scale and bias. Sources: Hu et al., 2021
(low-rank adapters); Zhai et al., 2023 (the sigmoid loss).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.embedding.adapter import Adapter
from index.progress import Progress, ignore_progress

if TYPE_CHECKING:
    import torch

RANK, RATE, BATCH = 8, 5e-4, 16
"""Numbers in a row of A, the learning rate, and questions in a step."""

TEMPERATURE, OWN, GOLD = 20.0, 3.0, 3.0
"""What the ranking multiplies cosines with; how much more a sentence of the question's own guide weighs in the sigmoid
loss, and one that answers it."""

HARD = 8
"""The sentences that plain vectors put nearest, of those that do not answer: wrong ones are drawn from them."""

CHUNKS, TYPED_BADLY = 0.25, 0.1
"""Shares of the texts that are a whole chunk with its heading, and of the questions that are misspelt."""

SAVED = 50
"""Steps between two states on disk."""

MOST_TOKENS, PADDED = 160, 20
"""Tokens at which a text is cut, and texts of about the same length that are padded together."""

SEED = 0


@dataclass(frozen=True, slots=True)
class TunedGuide:
    """A guide to learn from."""

    sentences: tuple[str, ...]
    chunks: tuple[tuple[str, tuple[int, ...]], ...]
    """(text with its heading, numbers of its sentences)"""
    questions: tuple[tuple[str, tuple[int, ...]], ...]
    """(question or claim, numbers of the sentences that answer it; none if the guide does not)"""


@dataclass(frozen=True, slots=True)
class _Item:
    """A question to learn from."""

    guide: TunedGuide
    question: str
    gold: frozenset[int]
    hard: tuple[int, ...]
    """Numbers of the sentences that do not answer it but are near, nearest first."""


def tune(
    folder: Path, guides: Sequence[TunedGuide], state: Path | None = None, progress: Progress = ignore_progress
) -> Adapter:
    """An adapter for the sentence-transformers model of a folder.

    The numbers are drawn from a fixed seed, but the result differs between machines in the last digits.

    Args:
        state: a file in which the run is kept every SAVED steps, and from which it goes on if it was cut off.
        progress: called with (steps done, steps in all).
    """
    import torch

    torch.manual_seed(SEED)
    embed, layers, net = _load(folder)
    items = [item for guide in guides for item in _find_hard(guide, embed)]
    random.Random(SEED).shuffle(items)
    scale, bias = (torch.nn.Parameter(torch.tensor(start)) for start in (10.0, -5.0))
    tuned = [part for down_up in layers.values() for part in down_up]
    for part in tuned:
        part.requires_grad = True
    optimizer = torch.optim.AdamW(
        [{"params": tuned, "lr": RATE}, {"params": [scale, bias], "lr": 1e-2}], weight_decay=0.01
    )
    steps, done = len(items) // BATCH, 0
    if state and state.is_file():
        kept = torch.load(state)
        done = kept["done"]
        optimizer.load_state_dict(kept["optimizer"])
        with torch.no_grad():
            for part, value in zip((*tuned, scale, bias), kept["parts"], strict=True):
                part.copy_(value)
    net.train()
    for step in range(done, steps):
        chance = random.Random(f"{SEED} {step}")
        loss = _compute_loss(items[step * BATCH : (step + 1) * BATCH], embed, scale, bias, chance)
        optimizer.param_groups[0]["lr"] = RATE * min(1.0, (step + 1) / 10) * max(0.02, 1 - step / steps)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        progress(step + 1, steps)
        if state and (step + 1) % SAVED == 0:
            parts = [part.detach() for part in (*tuned, scale, bias)]
            torch.save({"done": step + 1, "optimizer": optimizer.state_dict(), "parts": parts}, state)
    return Adapter({name: (_to_numpy(down), _to_numpy(up)) for name, (down, up) in layers.items()})


def _find_hard(guide: TunedGuide, embed: Callable[[Sequence[str]], torch.Tensor]) -> list[_Item]:
    """The questions of a guide, each with the sentences that would be taken for answers."""
    import torch

    with torch.no_grad():
        cosines = embed([question for question, _ in guide.questions]) @ embed(guide.sentences).T
    items = []
    for (question, gold), near in zip(guide.questions, np.argsort(-cosines.numpy(), axis=1)[:, :HARD], strict=True):
        items.append(_Item(guide, question, frozenset(gold), tuple(int(n) for n in near if n not in gold)))
    return items


def _compute_loss(
    items: Sequence[_Item],
    embed: Callable[[Sequence[str]], torch.Tensor],
    scale: torch.Tensor,
    bias: torch.Tensor,
    chance: random.Random,
) -> torch.Tensor:
    """The loss of a batch; every question is compared with the texts of all others too."""
    import torch
    from torch.nn import functional

    texts: list[str] = []
    owners: list[tuple[int, frozenset[int]]] = []
    """(row of the question, sentences in the text) of each text"""
    for row, item in enumerate(items):
        for number in _draw_sentences(item, chance):
            text, inside = _draw_text(item, number, chance)
            texts.append(text)
            owners.append((row, inside))
    questions = [misspell(i.question, chance) if chance.random() < TYPED_BADLY else i.question for i in items]
    vectors = embed([*questions, *texts])
    cosines = vectors[: len(items)] @ vectors[len(items) :].T
    answers = torch.tensor(
        [[float(items[owner].guide is item.guide and bool(inside & item.gold)) for owner, inside in owners]
         for item in items]
    )  # fmt: skip
    own = torch.tensor([[OWN if owner == row else 1.0 for owner, _ in owners] for row in range(len(items))])
    weights = torch.where(answers > 0, own * GOLD, own)
    loss = functional.binary_cross_entropy_with_logits(scale * cosines + bias, answers, weight=weights, reduction="sum")
    rows = [row for row, item in enumerate(items) if item.gold]
    first = [next(column for column, (owner, _) in enumerate(owners) if owner == row) for row in rows]
    others = answers[rows].bool()
    others[range(len(rows)), first] = False  # another sentence that answers is no wrong one
    ranked = (TEMPERATURE * cosines[rows]).masked_fill(others, -1e4)
    return loss / len(items) + functional.cross_entropy(ranked, torch.tensor(first))


def _draw_sentences(item: _Item, chance: random.Random) -> list[int]:
    """A sentence that answers, if there is one, and up to three that do not: the nearest, a near one, any."""
    near = [*item.hard[:1], *chance.sample(item.hard[1:4], min(1, len(item.hard[1:4])))]
    near.append(chance.randrange(len(item.guide.sentences)))
    wrong = [number for number in dict.fromkeys(near) if number not in item.gold]
    return [*([chance.choice(sorted(item.gold))] if item.gold else []), *wrong]


def _draw_text(item: _Item, number: int, chance: random.Random) -> tuple[str, frozenset[int]]:
    """A sentence, or now and then its whole chunk, with the numbers of the sentences in it."""
    text, inside = next((text, frozenset(some)) for text, some in item.guide.chunks if number in some)
    if chance.random() < CHUNKS and (number in item.gold or not inside & item.gold):
        return text, inside
    return item.guide.sentences[number], frozenset({number})


def misspell(text: str, chance: random.Random) -> str:
    """A text in small letters with a letter exchanged or left out about every 25 characters."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 25)):
        at = chance.randrange(max(1, len(letters) - 1))
        if at + 1 < len(letters) and letters[at].isalpha():
            letters[at : at + 2] = [letters[at + 1], letters[at]] if chance.random() < 0.5 else [letters[at + 1]]
    return "".join(letters).lower()


def _load(folder: Path) -> tuple[Callable[[Sequence[str]], torch.Tensor], dict[str, tuple[Any, Any]], Any]:
    """A function that embeds texts, with gradients; the low-rank parts that it goes through; the network."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    net: Any = model[0].model
    net.requires_grad_(False)
    layers: dict[str, tuple[Any, Any]] = {}
    for name, layer in net.named_modules():
        if isinstance(layer, torch.nn.Linear) and "layer." in name:
            down = torch.randn(RANK, layer.in_features) / layer.in_features**0.5
            layers[name] = down, torch.zeros(layer.out_features, RANK)
            layer.register_forward_hook(_add_low_rank(*layers[name]))

    def embed(texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors, shape (texts, dimensions)."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        parts = []
        for start in range(0, len(order), PADDED):
            some = [texts[at] for at in order[start : start + PADDED]]
            batch = model.tokenizer(some, padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt")
            with torch.autocast("cpu", dtype=torch.bfloat16):
                states = net(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).float()
            parts.append(torch.nn.functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=-1))
        return torch.cat(parts)[torch.as_tensor(np.argsort(order))]

    return embed, layers, net.eval()


def _add_low_rank(down: torch.Tensor, up: torch.Tensor) -> Callable[..., torch.Tensor]:
    return lambda layer, inputs, output: output + (inputs[0] @ down.T) @ up.T


def _to_numpy(part: torch.Tensor) -> Any:
    return part.detach().numpy()
