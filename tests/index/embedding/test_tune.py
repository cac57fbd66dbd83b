"""Tuning an embedder: how questions are misspelt, and that a few guides give an adapter that fits and moves vectors."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from assistant import Settings
from assistant.models.installed import ensure_model
from index.embedding import tune_classifier
from index.embedding.adapter import save_adapter
from index.embedding.cross import CrossEncoder
from index.embedding.embed import Embedder
from index.embedding.encoder import Encoder
from index.embedding.tune import (
    BATCH,
    CROSS_BATCH,
    CROSS_RANK,
    PASSES,
    RANK,
    UPPER,
    TunedGuide,
    misspell,
    tune,
    tune_cross,
)
from index.embedding.tune_classifier import LabelledText

QUESTIONS = (
    "How often do I water the beans in summer?",
    "He says I never listen, and then he goes quiet for days. What can I do about it, and when?",
    "Why?",
    "a",
    "",
    "ÇA VA? 1.5 %, naïve café",
)


@pytest.mark.parametrize("text", QUESTIONS)
def test_misspelling_keeps_all_but_a_few_letters(text: str) -> None:
    for seed in range(50):
        typed = misspell(text, random.Random(seed))
        lost = Counter(text.lower()) - Counter(typed)
        assert typed == typed.lower()
        assert lost.total() <= max(1, len(text) // 25)
        assert lost.total() == len(text) - len(typed), "nothing is added"
        assert all(letter.isalpha() for letter in lost)


def test_misspelling_is_by_chance_but_always_the_same() -> None:
    for text in QUESTIONS[:2]:
        typed = [misspell(text, random.Random(seed)) for seed in range(50)]
        assert typed == [misspell(text, random.Random(seed)) for seed in range(50)]
        assert len(set(typed)) > 10
        assert sum(one != text.lower() for one in typed) > 25, "there are letters to exchange"


BEANS = (
    "Water the beans at dusk.", "Put straw around the stems.", "Pick the pods while they are young.",
    "Leave a few pods for seeds.", "Sow them when the soil is warm.",
)  # fmt: skip
TOOLS = (
    "File the edge of the spade at a low angle.", "Oil the blade after work.", "Hang the rake on the wall.",
    "Wash the can before winter.", "Sharpen the shears each spring.",
)  # fmt: skip
WORDINGS = ("When do I do that: {}", "Is it right that i should {}?")


def make_guide(sentences: tuple[str, ...]) -> TunedGuide:
    """A guide that answers two questions with each of its sentences, and one with none."""
    asked = [(form.format(text[:-1]), (at,)) for at, text in enumerate(sentences) for form in WORDINGS]
    chunks = (("\n".join(sentences[:3]), (0, 1, 2)), ("\n".join(sentences[3:]), (3, 4)))
    return TunedGuide(
        sentences, (("Garden", "Work"),) * len(sentences), chunks, (*asked, ("What does a lawyer cost?", ()))
    )


@pytest.mark.thorough
def test_a_few_guides_give_an_adapter_that_moves_vectors(settings: Settings) -> None:
    folder = ensure_model(settings.model_copy(update={"embedder": "all-minilm-l6-v2"}), "embed")
    guides, told = [make_guide(BEANS), make_guide(TOOLS)], list[tuple[int, int]]()
    adapter = tune(folder, guides, progress=lambda done, total: told.append((done, total)))
    steps = sum(len(guide.questions) for guide in guides) // BATCH
    assert told == [(step, steps) for step in range(1, steps + 1)]
    assert steps >= 1
    for down, up in adapter.layers.values():
        assert down.shape[0] == up.shape[1] == RANK
        assert up.any()
    encoder = Encoder(folder, (adapter, None))
    for text in (*BEANS, *TOOLS):
        tuned, plain = encoder.encode(text)
        assert np.linalg.norm(tuned) == pytest.approx(1, abs=1e-5)
        assert np.abs(tuned - plain).max() > 1e-5


@pytest.mark.thorough
def test_a_few_guides_give_a_cross_encoder_that_tells_pairs_apart(settings: Settings) -> None:
    folder = ensure_model(settings.model_copy(update={"embedder": "all-minilm-l6-v2"}), "embed")
    guides, told = [make_guide(BEANS), make_guide(TOOLS)], list[tuple[int, int]]()
    vectors = tune(folder, guides)
    adapter = tune_cross(folder, vectors, guides, progress=lambda done, total: told.append((done, total)))
    steps = PASSES * (sum(len(guide.questions) for guide in guides) // CROSS_BATCH)
    assert told == [(step, steps) for step in range(1, steps + 1)]
    assert steps >= 2
    assert adapter.head is not None
    assert adapter.head.shape == (384 + 1,)
    assert all(down.shape[0] == up.shape[1] == CROSS_RANK for down, up in adapter.layers.values())
    scores = CrossEncoder(Encoder(folder), adapter).score(WORDINGS[0].format(BEANS[0][:-1]), [*BEANS, *TOOLS])
    assert len(set(scores)) == len(scores)

    told.clear()
    other = tune_cross(folder, vectors, guides, None, lambda done, total: told.append((done, total)), adapter)
    assert told == [(step, steps // PASSES) for step in range(1, steps // PASSES + 1)]
    for name, (_, up) in other.layers.items():
        assert 0 < np.abs(up - adapter.layers[name][1]).max() < 0.05, "it starts where the other ended"
    assert other.head is not None
    assert 0 < np.abs(other.head - adapter.head).max() < 0.05

    told.clear()
    new = replace(guides[0], cells={0: ("Beans: water at dusk", "Beans: water by hand")})
    some = tune_cross(folder, vectors, [new], None, lambda done, total: told.append((done, total)), adapter, guides)
    assert told == [(step, len(told)) for step in range(1, len(told) + 1)]
    assert 1 <= len(told) < steps // PASSES + 1, "of the known guides only some questions are seen"
    moved = {
        int(name.split("layer.")[1][0])
        for name, (_, up) in some.layers.items()
        if (up != adapter.layers[name][1]).any()
    }
    assert moved == {UPPER}, "of six layers"


@pytest.mark.thorough
def test_a_run_that_was_cut_off_goes_on(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its last state on disk."""
    folder = ensure_model(settings.model_copy(update={"embedder": "all-minilm-l6-v2"}), "embed")
    guides, state, told = [make_guide(BEANS), make_guide(TOOLS)] * 2, tmp_path / "state", list[int]()
    monkeypatch.setattr("index.embedding.network.SAVED", 1)

    def cut_off(done: int, total: int) -> None:
        told.append(done)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(folder, guides, state, cut_off)
    tune(folder, guides, state, cut_off)
    assert told == [1, 2, 2], "the second step was not kept"
    tune(folder, guides, state, cut_off)
    assert told == [1, 2, 2], "nothing is left to do"


SAID = {
    "cold": ("My hands freeze by noon.", "It is icy in here.", "I am shivering again.", "Snow came through the roof."),
    "hot": (
        "I sweat all day long.",
        "The stove burns me.",
        "It is boiling in here.",
        "The heat is too much.",
    ),
    "": ("I lost my keys.", "We had soup.", "Where is the cat?", "The train was late."),
}


@pytest.mark.thorough
def test_a_few_texts_give_a_classifier_that_tells_them_apart(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune_classifier, "PASSES", 30)
    monkeypatch.setattr(tune_classifier, "LOWER", 3)
    folder = ensure_model(settings.model_copy(update={"embedder": "all-minilm-l6-v2"}), "embed")
    texts = [LabelledText(text, label, float(bool(label))) for label, said in SAID.items() for text in said]
    adapter = tune_classifier.tune_classifier(folder, texts)
    assert adapter.labels == ("cold", "hot")
    assert {name.split("layer.")[1][0] for name in adapter.layers} == {"3", "4", "5"}
    save_adapter(tmp_path / "a", adapter)
    embedder = Embedder(folder, "x", classifier=tmp_path / "a")
    asked = ["My feet are frozen.", "It is so hot that I melt.", "We had bread."]
    assert [int(row.argmax()) for row in embedder.classify(asked)] == [1, 2, 0]

    monkeypatch.setattr(tune_classifier, "PASSES", 2)
    other = tune_classifier.tune_classifier(folder, texts[::-1], before=adapter)
    assert other.labels == adapter.labels
    assert other.queries is not None
    assert adapter.queries is not None
    assert 0 < np.abs(other.queries - adapter.queries).max() < 0.05, "it starts where the other ended"


def test_texts_of_about_the_same_length_are_learned_from_together() -> None:
    states = [torch.zeros(1 + at * 7 % 300, 1) for at in range(1000)]
    items = [tune_classifier._Item(state, 0, 0.0, 1.0) for state in states]
    batches = list(tune_classifier._split_batches(items, random.Random(0)))
    assert sorted(id(item) for batch in batches for item in batch) == sorted(map(id, items))
    for batch in batches:
        assert len(batch) * max(len(item.state) for item in batch) <= tune_classifier.TOKENS
    assert len(batches) < 1.3 * sum(map(len, states)) / tune_classifier.TOKENS
