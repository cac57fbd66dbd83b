"""Tune an embedder to questions about guides: low-rank adapters beside its linear layers; needs torch and an hour each.

`tune` makes the adapter for vectors, with two losses at once. One ranks: of all sentences of a batch, those that answer
a question come first. The other makes the cosine itself say whether a sentence answers, by a sigmoid with a learned
scale and bias. `tune_cross` makes the cross-encoder over the same weights, from pairs that the tuned vectors put near.
Sources: Hu et al., 2021 (low-rank adapters); Zhai et al., 2023 (the sigmoid loss); Nogueira and Cho, 2019.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.embedding.adapter import Adapter
from index.embedding.network import LEARNING_ON, SEED, Network, learn, to_numpy
from index.progress import Progress, ignore_progress

if TYPE_CHECKING:
    import torch

RANK, RATE, BATCH = 8, 5e-4, 16
"""The rank, the learning rate, and the questions in a step."""

TEMPERATURE, OWN, GOLD = 20.0, 3.0, 3.0
"""The factor of the cosines in the ranking loss; how much more a sentence drawn for the question weighs in the sigmoid
loss than one drawn for another, and how much more one that answers it."""

HARD = 8
"""The number of nearest sentences, by vectors; wrong ones are drawn from those of them that do not answer."""

CHUNKS, TYPED_BADLY = 0.25, 0.1
"""Shares of the texts that are a whole chunk with its heading, and of the questions that are misspelled."""

CROSS_RANK, CROSS_RATE, HEAD_RATE, CROSS_BATCH, PASSES = 16, 6e-4, 2e-3, 12, 2
"""The same for the cross-encoder, the learning rate of its head, and how often it sees each question."""

REHEARSED, UPPER = 0.5, 5
"""When a cross-encoder continues with new guides only: how many questions about known guides it sees for each about the
new ones, so that it does not forget, and the first layer that learns."""

NEAR, BEST = 3, 0.7
"""For the cross-encoder, a wrong sentence is drawn from this many nearest ones; how often the right sentence is the
nearest that answers, rather than any that does."""

SECOND, ELSEWHERE, UNTITLED, CELLS = 0.35, 0.15, 0.25, 0.5
"""Shares: of the questions without an answer, those shown a second sentence; of all questions, those shown a sentence
of another guide; of the sentences, those shown without the title of their guide; of the table rows, those of which
only one cell is shown."""


@dataclass(frozen=True, slots=True)
class TunedGuide:
    """A guide to learn from."""

    sentences: tuple[str, ...]
    paths: tuple[tuple[str, str], ...]
    """(title of the guide, heading) of each sentence"""
    chunks: tuple[tuple[str, tuple[int, ...]], ...]
    """(text with its heading, numbers of its sentences)"""
    questions: tuple[tuple[str, tuple[int, ...]], ...]
    """(question or claim, numbers of the sentences that answer it; none if the guide does not)"""
    cells: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Number of a sentence that is a table row -> what each of its cells says."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A question to learn from."""

    guide: TunedGuide
    question: str
    gold: frozenset[int]
    hard: tuple[int, ...]
    """Numbers of the sentences that do not answer it but are near, nearest first."""
    gold_nearest: int
    """The nearest sentence that answers it; -1 if there is none."""
    cells: Mapping[int, str]
    """Number of a sentence that is a row -> its nearest cell."""


def tune(
    folder: Path,
    guides: Sequence[TunedGuide],
    state: Path | None = None,
    progress: Progress = ignore_progress,
    before: Adapter | None = None,
) -> Adapter:
    """An adapter for the vectors of the sentence-transformers model in a folder.

    The random seed is fixed, but the result differs between machines in the last digits.

    Args:
        state: a file that keeps the run every SAVED steps; an interrupted run continues from it.
        progress: called with (steps done, steps in all).
        before: an adapter to continue from.
    """
    import torch

    torch.manual_seed(SEED)
    network = Network(folder, RANK, before)
    items = [item for guide in guides for item in _find_hard(guide, network.embed)]
    random.Random(SEED).shuffle(items)
    scale, bias = (torch.nn.Parameter(torch.tensor(start)) for start in (10.0, -5.0))

    def compute_loss(some: Sequence[_Item], chance: random.Random) -> torch.Tensor:
        return _compute_loss(some, network.embed, scale, bias, chance)

    groups = [(network.list_parts(), LEARNING_ON * RATE if before else RATE), ([scale, bias], 1e-2)]
    learn(_split_batches(items, BATCH), compute_loss, groups, network.net, state, progress)
    return network.make_adapter()


def tune_cross(
    folder: Path,
    adapter: Adapter,
    guides: Sequence[TunedGuide],
    state: Path | None = None,
    progress: Progress = ignore_progress,
    before: Adapter | None = None,
    known: Sequence[TunedGuide] = (),
) -> Adapter:
    """An adapter with a head for the cross-encoder over the weights in a folder; other arguments as for `tune`.

    Args:
        adapter: the one for vectors, by which near sentences are found.
        before: a cross-encoder to continue from; each question is then seen once.
        known: guides that it has seen. Some of their questions are rehearsed, and only the upper layers learn.
    """
    import torch

    embed = Network(folder, RANK, adapter).embed
    items = [item for guide in guides for item in _find_hard(guide, embed)]
    rehearsed = _choose_guides(known, int(REHEARSED * len(items)))
    items += [item for guide in rehearsed for item in _find_hard(guide, embed)]
    torch.manual_seed(SEED)
    network = Network(folder, CROSS_RANK, before)
    batches = []
    for turn in range(1 if before else PASSES):
        random.Random(f"{SEED} {turn}").shuffle(items)
        batches += _split_batches(tuple(items), CROSS_BATCH)

    def compute_loss(some: Sequence[_Item], chance: random.Random) -> torch.Tensor:
        pairs = [pair for item in some for pair in _draw_pairs(item, items, chance)]
        logits = network.score([(question, text) for question, text, _, _ in pairs])
        answers, weights = (torch.tensor([pair[at] for pair in pairs]) for at in (2, 3))
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, answers, weight=weights)

    share = LEARNING_ON if before else 1.0
    parts = network.list_parts(UPPER if known else 0)
    groups = [(parts, share * CROSS_RATE), (list(network.head.parameters()), share * HEAD_RATE)]
    learn(batches, compute_loss, groups, network.net, state, progress)
    head = torch.cat([network.head.weight[0], network.head.bias])
    return Adapter(network.make_adapter().layers, to_numpy(head))


def _choose_guides(guides: Sequence[TunedGuide], questions: int) -> list[TunedGuide]:
    """Some of the guides, chosen at random, with about this many questions."""
    chosen: list[TunedGuide] = []
    for guide in random.Random(SEED).sample(guides, len(guides)):
        if questions > 0:
            chosen.append(guide)
            questions -= len(guide.questions)
    return chosen


def _split_batches(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    """Whole batches only."""
    return [items[start : start + size] for start in range(0, len(items) - size + 1, size)]


def _find_hard(guide: TunedGuide, embed: Callable[[Sequence[str]], torch.Tensor]) -> list[_Item]:
    """The questions of a guide, each with the sentences that might be mistaken for answers."""
    import torch

    cells = [(number, cell) for number, row in guide.cells.items() for cell in row]
    with torch.no_grad():
        questions = embed([question for question, _ in guide.questions])
        cosines = (questions @ embed(guide.sentences).T).numpy()
        nearness = (questions @ embed([cell for _, cell in cells]).T).numpy() if cells else cosines[:, :0]
    items = []
    for row, near, (question, gold) in zip(cosines, nearness, guide.questions, strict=True):
        hard = tuple(int(n) for n in np.argsort(-row)[:HARD] if n not in gold)
        nearest = {cells[at][0]: cells[at][1] for at in np.argsort(near)}  # the last of each row, which is the nearest
        best = max(gold, key=row.__getitem__, default=-1)
        items.append(_Item(guide, question, frozenset(gold), hard, best, nearest))
    return items


def _compute_loss(
    items: Sequence[_Item],
    embed: Callable[[Sequence[str]], torch.Tensor],
    scale: torch.Tensor,
    bias: torch.Tensor,
    chance: random.Random,
) -> torch.Tensor:
    """The loss of a batch; every question is also compared with the texts of all the others."""
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
    others[range(len(rows)), first] = False  # another sentence that answers is not a wrong one
    ranked = (TEMPERATURE * cosines[rows]).masked_fill(others, -1e4)
    return loss / len(items) + functional.cross_entropy(ranked, torch.tensor(first))


def _draw_sentences(item: _Item, chance: random.Random) -> list[int]:
    """A sentence that answers, if there is one, and up to three that do not: the nearest, a near one, and any one."""
    near = [*item.hard[:1], *chance.sample(item.hard[1:4], min(1, len(item.hard[1:4])))]
    near.append(chance.randrange(len(item.guide.sentences)))
    wrong = [number for number in dict.fromkeys(near) if number not in item.gold]
    return [*([chance.choice(sorted(item.gold))] if item.gold else []), *wrong]


def _draw_text(item: _Item, number: int, chance: random.Random) -> tuple[str, frozenset[int]]:
    """A sentence, or sometimes its whole chunk, with the numbers of the sentences in it."""
    text, inside = next((text, frozenset(some)) for text, some in item.guide.chunks if number in some)
    if chance.random() < CHUNKS and (number in item.gold or not inside & item.gold):
        return text, inside
    return item.guide.sentences[number], frozenset({number})


def misspell(text: str, chance: random.Random) -> str:
    """A text in lower case with a letter swapped or left out about every 25 characters."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 25)):
        at = chance.randrange(max(1, len(letters) - 1))
        if at + 1 < len(letters) and letters[at].isalpha():
            letters[at : at + 2] = [letters[at + 1], letters[at]] if chance.random() < 0.5 else [letters[at + 1]]
    return "".join(letters).lower()


def _draw_pairs(item: _Item, items: Sequence[_Item], chance: random.Random) -> Iterator[tuple[str, str, float, float]]:
    """Yield (question, sentence under its headings, 1 if it answers or 0, weight) for a question."""
    question = item.question.lower() if chance.random() < TYPED_BADLY else item.question

    def place(guide: TunedGuide, number: int) -> str:
        title, heading = guide.paths[number]
        path = heading if chance.random() < UNTITLED else f"{title} – {heading}"
        alone = guide is item.guide and number in item.cells and chance.random() < CELLS
        return f"{path}: {item.cells[number] if alone else guide.sentences[number]}"

    if item.gold:
        nearest = item.gold_nearest if chance.random() < BEST else chance.choice(sorted(item.gold))
        yield question, place(item.guide, nearest), 1.0, 1.5
        if item.hard:
            yield question, place(item.guide, chance.choice(item.hard[:NEAR])), 0.0, 0.7
    elif item.hard:
        yield question, place(item.guide, item.hard[0]), 0.0, 1.0
        if chance.random() < SECOND:
            yield question, place(item.guide, chance.choice(item.hard[: NEAR + 1])), 0.0, 1.0
    if chance.random() < ELSEWHERE:
        other = chance.choice(items).guide
        if other is not item.guide:
            yield question, place(other, chance.randrange(len(other.sentences))), 0.0, 0.7
