"""Fitting to labelled examples: what is learnt, kept with the names of the models, and left alone for others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from paths import TRAINING

from assistant import Settings
from assistant.answering.check import build_claim_question
from assistant.answering.prompt import SUPPORT_PREFIX
from assistant.errors import QuestionError, SettingsError
from assistant.llm.local import LocalModel
from assistant.llm.probes import FILE_NAME, Probes, load_probes, save_probes
from assistant.measuring.fit import Examples, find_sentences, fit, fit_probe, read_examples, scale
from index.embedding.embed import Embedder


def test_our_examples_are_read() -> None:
    examples = read_examples(TRAINING)
    assert len({sentences for sentences, *_ in examples.claims}) > 60
    for labelled in (examples.support, examples.claims):
        assert 0.35 <= sum(label for *_, label in labelled) / len(labelled) <= 0.6
    assert read_examples(TRAINING) == examples


def test_a_missing_file_of_examples_is_named(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="pairs.jsonl"):
        read_examples(tmp_path)


def test_a_reading_finds_what_separates() -> None:
    chance = np.random.default_rng(3)
    logits = chance.normal(size=(300, 80)).astype(np.float32)
    labels = [bool(row[5] - row[9] > 0) for row in logits]
    tokens = np.arange(80, dtype=np.int32)
    reading = fit_probe(tokens, logits[:200], labels[:200])
    right = [(reading.score(row) > 0) == label for row, label in zip(logits[200:], labels[200:], strict=True)]
    assert sum(right) >= 70
    raised = scale(reading, (2.0, 1.0))
    assert raised.score(logits[0]) == pytest.approx(2 * reading.score(logits[0]) + 1, abs=1e-3)
    assert reading.score(logits[0] + 7) == pytest.approx(reading.score(logits[0]), abs=1e-3)


def test_what_is_kept_comes_back_for_the_same_models_alone(tmp_path: Path, settings: Settings) -> None:
    chance = np.random.default_rng(3)
    logits = chance.normal(size=(60, 70)).astype(np.float32)
    reading = fit_probe(np.arange(70, dtype=np.int32), logits, [row[0] > 0 for row in logits])
    mine = settings.model_copy(update={"home": tmp_path, "embedder": "one", "reader": "two"})
    save_probes(tmp_path / FILE_NAME, Probes(reading, reading), "one", "two")
    kept = load_probes(mine)
    assert kept.support is not None
    assert kept.support.score(logits[0]) == reading.score(logits[0])
    assert kept.claims is not None
    for other in ({"reader": "three"}, {"embedder": "four"}):
        assert load_probes(mine.model_copy(update=other)) == Probes()


def test_a_damaged_file_is_named(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(SettingsError, match="damaged"):
        load_probes(settings.model_copy(update={"home": tmp_path}))


def test_the_shipped_file_fits_the_default_models(settings: Settings) -> None:
    fitted = load_probes(settings)
    assert fitted.support is not None
    assert fitted.claims is not None


def test_a_claim_is_compared_with_what_shares_its_words_and_what_is_nearest_by_meaning() -> None:
    guide = (("Paint", "Let the paint dry for a day."), ("Paint", "Sand it."), ("Tools", "Brushes go into turpentine."))
    found = find_sentences(guide, np.array([0.1, 0.2, 0.9], np.float32))
    asked = build_claim_question(found, "Paint wants a day to dry.")
    assert asked == "Note: Let the paint dry for a day. Brushes go into turpentine.\nClaim: Paint wants a day to dry."


@pytest.mark.thorough
def test_everything_is_fitted_from_a_few_examples(embedder: Embedder, tiny: LocalModel) -> None:
    known = read_examples(TRAINING)
    few = Examples(known.support[::100], known.claims[::150])
    told: list[tuple[int, int]] = []
    fitted = fit(embedder, tiny, few, lambda done, total: told.append((done, total)))
    total = len(few.support) + len(few.claims)
    assert told[-1] == (total, total)
    for part in (fitted.support, fitted.claims):
        assert part is not None
        assert np.isfinite(part.weights).all()
        assert json.dumps(part.score(tiny.logits(SUPPORT_PREFIX, ["Is the sea salty?"])[0]))
