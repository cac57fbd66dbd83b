"""Labelled examples become what `fitted.py` keeps. Needed once for each embedder and chat model; takes an hour.

A folder of examples holds, as JSON lines:

    danger.jsonl   kind, question                      messages of people in danger, and harmless ones
    guides.jsonl   sentences, asked, not_answered      small guides with questions that they answer and do not
    stray.jsonl    question                            what no guide answers
    asked.jsonl    earlier, notes, question, answered, times
                                                       what was found in a real guide, whether it answers, and how many
                                                       examples that counts for
    pairs.jsonl    evidence, answer, supported         sentences of answers, and what they were worded from
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assistant.answering.prompt import ASIDE, PREFIX, SUPPORT_PREFIX, Note, build_answer_prompt, build_support_question
from assistant.answering.retrieve import NEAR_BEST, SENTENCES
from assistant.llm.llama import Logits
from assistant.llm.local import LocalModel
from assistant.llm.probes import STEP, Danger, Fitted, Floats, Reading, centred
from assistant.measuring.jsonlines import json_lines
from index.embedding.embed import BATCH, Embedder, Vectors
from index.progress import Progress, unseen
from index.storing.entries import batches

GAMMA, COST = 1.0, 10.0
"""Of the kernel, and of an example on the wrong side; chosen by ten-fold cross-validation."""

FREQUENT, LOOKED_AT = 100_000, 2_000
"""Tokens whose logits are read, out of so many of the most frequent, which come first in a vocabulary."""

COMPONENTS, PENALTY = 150, 0.01
"""Principal components that are kept of them, at most, and the inverse of the penalty on their weights."""

COVERAGE_UNITS = (1.5, 0.0)
"""What a reading of coverage is multiplied by and raised by: then it fits the weight and the bar in `retrieve.py`. Set
on tests/training/asked.jsonl, each guide read by what was fitted without it."""

SUPPORT_UNITS = (4.0, 1.0)
"""The same for a reading of support and the weights and the bar in `ground.py`, set on the tuning half of
tests/questions/grounding.jsonl."""

ASKED, NOT_ANSWERED = 6, 5
"""Questions taken of each small guide."""

HARMLESS = "harmless"
SEED = 11


Said: TypeAlias = tuple[str, str]
"""A heading, and a sentence below it."""


Found: TypeAlias = tuple[tuple[Note, ...], str]
"""What goes before the model, and the question before; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What a folder of examples holds."""

    messages: tuple[tuple[str, str], ...]
    """(text, kind of danger); the kind is empty for harmless ones."""
    coverage: tuple[tuple[tuple[Said, ...], str, bool], ...]
    """(sentences of a small guide, question, whether they answer it)"""
    found: tuple[tuple[Found, str, bool, int], ...]
    """(notes that were found, question, whether they answer it, how many examples that counts for)"""
    support: tuple[tuple[tuple[str, ...], str, bool], ...]
    """(evidence, sentence of an answer, whether it is supported)"""


def read_examples(folder: Path) -> Examples:
    """All examples of a folder; QuestionError names a file or line that is not as it should be."""

    def rows(name: str, *needed: str) -> Iterator[dict[str, Any]]:
        return json_lines(folder / f"{name}.jsonl", needed)

    chance = random.Random(SEED)
    told = rows("danger", "question", "kind")
    messages = [(row["question"], "" if row["kind"] == HARMLESS else row["kind"]) for row in told]
    coverage = []
    guides = list(rows("guides", "sentences", "asked", "not_answered"))
    said = [tuple((one["heading"], one["text"]) for one in guide["sentences"]) for guide in guides]
    for guide, sentences in zip(guides, said, strict=True):
        asked = [one["question"] for one in guide["asked"]]
        messages += [(question, "") for question in (*asked, *guide["not_answered"])]
        coverage += [(sentences, question, True) for question in chance.sample(asked, ASKED)]
        coverage += [(sentences, question, False) for question in chance.sample(guide["not_answered"], NOT_ANSWERED)]
    coverage += [(said[i % len(said)], row["question"], False) for i, row in enumerate(rows("stray", "question"))]
    real = list(rows("asked", "earlier", "notes", "question", "answered", "times"))
    messages += [(row["question"], "") for row in real]
    found = [
        ((_notes(row["notes"]), row["earlier"]), row["question"], bool(row["answered"]), int(row["times"]))
        for row in real
    ]
    pairs = rows("pairs", "evidence", "answer", "supported")
    support = [(tuple(row["evidence"]), row["answer"], bool(row["supported"])) for row in pairs]
    return Examples(tuple(dict.fromkeys(messages)), tuple(coverage), tuple(found), tuple(support))


def fit(embedder: Embedder, model: LocalModel, examples: Examples, progress: Progress = unseen) -> Fitted:
    """Fit all parts; `progress` is told (texts read, texts in all)."""
    total = sum(map(len, (examples.messages, examples.coverage, examples.found, examples.support)))
    done = 0

    def count(some: int) -> None:
        nonlocal done
        done += some
        progress(done, total)

    vectors = np.concatenate(
        [_embedded(embedder, batch, count) for batch in batches([text for text, _ in examples.messages], BATCH)]
    )
    danger = fit_danger(vectors, [kind for _, kind in examples.messages])
    tokens = looked_at(model)
    model.warm(PREFIX)

    def read(look: Callable[[], Logits]) -> Floats:
        count(1)
        return look()[tokens]

    def covers(given: Sequence[Note], question: str, earlier: str = "") -> Floats:
        return read(lambda: model.read(build_answer_prompt(given, question, earlier), ASIDE))

    def supports(claim: str) -> Floats:
        return read(lambda: model.logits(SUPPORT_PREFIX, [claim])[0])

    guides = {said: embedder.embed_documents([text for _, text in said]) for said, *_ in examples.coverage}
    small = [
        covers(notes(said, guides[said] @ embedder.embed_questions([question])[0]), question)
        for said, question, _ in examples.coverage
    ]
    real = [covers(given, question, earlier) for (given, earlier), question, *_ in examples.found]
    times = np.repeat(np.arange(len(small) + len(real)), [1] * len(small) + [row[-1] for row in examples.found])
    claims = [build_support_question(evidence, claim) for evidence, claim, _ in examples.support]
    supported = [supports(claim) for claim in claims]
    answered = np.array([row[2] for row in (*examples.coverage, *examples.found)])
    coverage = fit_reading(tokens, np.stack([*small, *real])[times], answered[times].tolist())
    support = fit_reading(tokens, np.stack(supported), [label for *_, label in examples.support])
    return Fitted(danger, scaled(coverage, COVERAGE_UNITS), scaled(support, SUPPORT_UNITS))


def fit_danger(vectors: Vectors, kinds: Sequence[str]) -> Danger:
    """Tell danger from what only sounds like it, by vectors of messages and their kinds."""
    # Imported late, as below: it is needed for fitting alone.
    from sklearn.svm import SVC

    machine = SVC(C=COST, gamma=GAMMA).fit(vectors, [bool(kind) for kind in kinds])
    return Danger(
        np.round(machine.support_vectors_ / STEP).clip(-127, 127).astype(np.int8),
        machine.dual_coef_[0].astype(np.float32),
        np.array([kinds[i] for i in machine.support_]),
        np.array(GAMMA, np.float32),
        np.array(machine.intercept_[0], np.float32),
    )


def fit_reading(tokens: NDArray[np.int32], logits: Floats, labels: Sequence[bool]) -> Reading:
    """A linear reading of logits, shape (texts, tokens), that is above 0 where the label is true."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parts = PCA(min(COMPONENTS, *(size - 1 for size in logits.shape)), random_state=0)  # centred, one is nothing
    line = make_pipeline(StandardScaler(), parts, StandardScaler(), LogisticRegression(C=PENALTY, max_iter=3000))
    line.fit(centred(logits), labels)
    # All steps are linear: what they make of zero and of each unit vector is the bias and the weights.
    bias = line.decision_function(np.zeros((1, len(tokens))))[0]
    weights = line.decision_function(np.eye(len(tokens))) - bias
    return Reading(tokens, weights.astype(np.float32), np.array(bias, np.float32))


def scaled(reading: Reading, units: tuple[float, float]) -> Reading:
    """The same reading in other units."""
    times, plus = np.float32(units[0]), np.float32(units[1])
    return Reading(reading.tokens, reading.weights * times, np.asarray(reading.bias * times + plus, np.float32))


def looked_at(model: LocalModel) -> NDArray[np.int32]:
    """The tokens whose logits are read, chosen by chance, always the same."""
    frequent = min(FREQUENT, model.vocabulary)
    return np.random.default_rng(0).choice(frequent, LOOKED_AT, replace=False).astype(np.int32)


def _notes(kept: Sequence[dict[str, Any]]) -> tuple[Note, ...]:
    return tuple(Note(number, note["heading"], tuple(note["sentences"])) for number, note in enumerate(kept, start=1))


def notes(sentences: Sequence[Said], cosines: Vectors) -> list[Note]:
    """The sentences of a small guide that go before the model, by heading, best first; each has a cosine."""
    chosen: dict[str, list[str]] = {}
    for i in np.argsort(-cosines)[:SENTENCES]:
        if cosines[i] >= NEAR_BEST * cosines.max():
            heading, text = sentences[i]
            chosen.setdefault(heading, []).append(text)
    return [Note(number, heading, tuple(texts)) for number, (heading, texts) in enumerate(chosen.items(), start=1)]


def _embedded(embedder: Embedder, texts: Sequence[str], count: Callable[[int], None]) -> Vectors:
    vectors = embedder.embed_documents(texts)
    count(len(texts))
    return vectors
