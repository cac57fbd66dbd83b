"""Fit to labelled examples what `probes.py` stores: once for each embedder and chat model; takes an hour.

A folder of examples holds, as JSON lines:

    danger.jsonl   kind, question                  messages of people in danger, and harmless ones
    guides.jsonl   sentences, asked, not_answered  small guides, with questions that they answer and that they do not
    stray.jsonl    question                        questions that no guide answers
    asked.jsonl    earlier, notes, question, answered, times
                                                   questions with notes retrieved from a real guide, whether they answer
                                                   it, and how many examples that counts for
    pairs.jsonl    evidence, answer, supported     sentences of answers, with the sentences that they were worded from
    claims.jsonl   sentences, claims               guides, with claims about them and whether they say so
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assistant.answering.check import build_claim_question
from assistant.answering.prompt import ASIDE, PREFIX, SUPPORT_PREFIX, Note, build_answer_prompt, build_support_question
from assistant.answering.retrieve import NEAR_BEST, SENTENCES, Selection
from assistant.llm.llama import Logits
from assistant.llm.local import LocalModel
from assistant.llm.probes import QUANTIZATION_STEP, DangerClassifier, Floats, LogitProbe, Probes, subtract_mean
from assistant.measuring.jsonlines import read_json_lines
from index.chunking.chunk import Chunk, Sentence
from index.embedding.embed import EMBEDDING_BATCH, Embedder, Vectors
from index.progress import Progress, ignore_progress
from index.search import Match
from index.storing.entries import split_batches

GAMMA, COST = 1.0, 10.0
"""Gamma of the Gaussian kernel, and cost of an example on the wrong side; chosen by ten-fold cross-validation."""

FREQUENT_TOKENS, PROBED_TOKENS = 100_000, 2_000
"""Tokens whose logits are read are chosen from the most frequent, which come first in a vocabulary."""

COMPONENTS, PENALTY = 150, 0.01
"""Most principal components of their logits, and the inverse of the penalty on the weights of these."""

COVERAGE_UNITS = (1.5, 0.0)
"""Factor and summand that bring the coverage probe's score into the units of the weight and bar in `coverage.py`.
Chosen on tests/training/asked.jsonl, with each guide scored by a probe fitted without it."""

SUPPORT_UNITS = (4.0, 1.0)
"""The same for the support probe, with the weights and bar in `ground.py`. Chosen on the tuning half of
tests/questions/grounding.jsonl."""

CLAIM_COMPONENTS, CLAIM_PENALTY, CLAIM_UNITS = 100, 0.001, (4.0, 0.0)
"""The same for the probe of claims from elsewhere, with the weights and bar in `check.py`."""

ASKED, NOT_ANSWERED = 6, 5
"""Questions sampled from each small guide: those that it answers, and those that it does not."""

HARMLESS = "harmless"
SEED = 11

SENTENCE_ROOM = 10_000
"""Characters between the starts of two sentences of an example, which stand in no file."""


HeadedSentence: TypeAlias = tuple[str, str]
"""(heading, a sentence below it)"""

NotedContext: TypeAlias = tuple[tuple[Note, ...], str]
"""(notes of the prompt, the question before this one; empty if there is none)"""


@dataclass(frozen=True, slots=True)
class Examples:
    """The labelled examples of a folder."""

    messages: tuple[tuple[str, str], ...]
    """(text, kind of danger); the kind is empty for harmless ones."""
    coverage: tuple[tuple[tuple[HeadedSentence, ...], str, bool], ...]
    """(sentences of a small guide, question, whether they answer it)"""
    found: tuple[tuple[NotedContext, str, bool, int], ...]
    """(retrieved notes, question, whether they answer it, how many examples that counts for)"""
    support: tuple[tuple[tuple[str, ...], str, bool], ...]
    """(evidence, sentence of an answer, whether it is supported)"""
    claims: tuple[tuple[tuple[HeadedSentence, ...], str, bool], ...] = ()
    """(sentences of a guide, claim about it, whether it says so)"""


def read_examples(folder: Path) -> Examples:
    """Read all examples of a folder; QuestionError names a bad file or line."""

    def rows(name: str, *needed: str) -> Iterator[dict[str, Any]]:
        return read_json_lines(folder / f"{name}.jsonl", needed)

    chance = random.Random(SEED)
    dangers = rows("danger", "question", "kind")
    messages = [(row["question"], "" if row["kind"] == HARMLESS else row["kind"]) for row in dangers]
    coverage = []
    guides = list(rows("guides", "sentences", "asked", "not_answered"))
    texts = [tuple((one["heading"], one["text"]) for one in guide["sentences"]) for guide in guides]
    for guide, sentences in zip(guides, texts, strict=True):
        asked = [one["question"] for one in guide["asked"]]
        messages += [(question, "") for question in (*asked, *guide["not_answered"])]
        coverage += [(sentences, question, True) for question in chance.sample(asked, ASKED)]
        coverage += [(sentences, question, False) for question in chance.sample(guide["not_answered"], NOT_ANSWERED)]
    coverage += [(texts[i % len(texts)], row["question"], False) for i, row in enumerate(rows("stray", "question"))]
    real = list(rows("asked", "earlier", "notes", "question", "answered", "times"))
    messages += [(row["question"], "") for row in real]
    found = [
        ((_make_notes(row["notes"]), row["earlier"]), row["question"], bool(row["answered"]), int(row["times"]))
        for row in real
    ]
    pairs = rows("pairs", "evidence", "answer", "supported")
    support = [(tuple(row["evidence"]), row["answer"], bool(row["supported"])) for row in pairs]
    claims = [
        (tuple((one["heading"], one["text"]) for one in guide["sentences"]), row["claim"], bool(row["supported"]))
        for guide in rows("claims", "sentences", "claims")
        for row in guide["claims"]
    ]
    return Examples(tuple(dict.fromkeys(messages)), tuple(coverage), tuple(found), tuple(support), tuple(claims))


def fit(embedder: Embedder, model: LocalModel, examples: Examples, progress: Progress = ignore_progress) -> Probes:
    """Fit all parts; `progress` is called with (texts evaluated, texts in all)."""
    total = sum(map(len, (examples.messages, examples.coverage, examples.found, examples.support, examples.claims)))
    done = 0

    def count(some: int) -> None:
        nonlocal done
        done += some
        progress(done, total)

    vectors = np.concatenate(
        [
            _embed(embedder, batch, count)
            for batch in split_batches([text for text, _ in examples.messages], EMBEDDING_BATCH)
        ]
    )
    danger = fit_danger(vectors, [kind for _, kind in examples.messages])
    tokens = choose_tokens(model)
    model.warm(PREFIX)

    def read(evaluate: Callable[[], Logits]) -> Floats:
        count(1)
        return evaluate()[tokens]

    def covers(notes: Sequence[Note], question: str, earlier: str = "") -> Floats:
        return read(lambda: model.read(build_answer_prompt(notes, question, earlier), ASIDE))

    def supports(claim: str) -> Floats:
        return read(lambda: model.logits(SUPPORT_PREFIX, [claim])[0])

    asked_about = dict.fromkeys(guide for guide, *_ in (*examples.coverage, *examples.claims))
    guides = {guide: embedder.embed_documents([text for _, text in guide]) for guide in asked_about}
    small = [
        covers(choose_notes(guide, guides[guide] @ embedder.embed_questions([question])[0]), question)
        for guide, question, _ in examples.coverage
    ]
    real = [covers(notes, question, earlier) for (notes, earlier), question, *_ in examples.found]
    times = np.repeat(np.arange(len(small) + len(real)), [1] * len(small) + [row[-1] for row in examples.found])
    claims = [build_support_question(evidence, claim) for evidence, claim, _ in examples.support]
    supported = [supports(claim) for claim in claims]
    answered = np.array([row[2] for row in (*examples.coverage, *examples.found)])
    coverage = fit_probe(tokens, np.stack([*small, *real])[times], answered[times].tolist())
    support = fit_probe(tokens, np.stack(supported), [label for *_, label in examples.support])
    checked = [
        supports(
            build_claim_question(find_sentences(guide, guides[guide] @ embedder.embed_questions([claim])[0]), claim)
        )
        for guide, claim, _ in examples.claims
    ]
    labels = [label for *_, label in (*examples.support, *examples.claims)]
    said = fit_probe(tokens, np.stack([*supported, *checked]), labels, CLAIM_COMPONENTS, CLAIM_PENALTY)
    return Probes(danger, scale(coverage, COVERAGE_UNITS), scale(support, SUPPORT_UNITS), scale(said, CLAIM_UNITS))


def fit_danger(vectors: Vectors, kinds: Sequence[str]) -> DangerClassifier:
    """Fit a classifier of danger to vectors, shape (messages, dimensions), and kinds; empty for harmless ones."""
    # Imported late, as below: only fitting needs scikit-learn.
    from sklearn.svm import SVC

    machine = SVC(C=COST, gamma=GAMMA).fit(vectors, [bool(kind) for kind in kinds])
    return DangerClassifier(
        np.round(machine.support_vectors_ / QUANTIZATION_STEP).clip(-127, 127).astype(np.int8),
        machine.dual_coef_[0].astype(np.float32),
        np.array([kinds[i] for i in machine.support_]),
        np.array(GAMMA, np.float32),
        np.array(machine.intercept_[0], np.float32),
    )


def fit_probe(
    tokens: NDArray[np.int32],
    logits: Floats,
    labels: Sequence[bool],
    components: int = COMPONENTS,
    penalty: float = PENALTY,
) -> LogitProbe:
    """Fit a linear probe to logits, shape (texts, tokens); it scores above 0 where the label is true."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parts = PCA(min(components, *(size - 1 for size in logits.shape)), random_state=0)  # centring removes one dimension
    line = make_pipeline(StandardScaler(), parts, StandardScaler(), LogisticRegression(C=penalty, max_iter=3000))
    line.fit(subtract_mean(logits), labels)
    # All steps are linear, so their values at zero and at the unit vectors give the bias and the weights.
    bias = line.decision_function(np.zeros((1, len(tokens))))[0]
    weights = line.decision_function(np.eye(len(tokens))) - bias
    return LogitProbe(tokens, weights.astype(np.float32), np.array(bias, np.float32))


def scale(reading: LogitProbe, units: tuple[float, float]) -> LogitProbe:
    """Return the same probe with its score multiplied and raised by `units`."""
    factor, summand = np.float32(units[0]), np.float32(units[1])
    return LogitProbe(reading.tokens, reading.weights * factor, np.asarray(reading.bias * factor + summand, np.float32))


def choose_tokens(model: LocalModel) -> NDArray[np.int32]:
    """Choose the tokens whose logits are read: at random, but always the same."""
    frequent = min(FREQUENT_TOKENS, model.vocabulary_size)
    return np.random.default_rng(0).choice(frequent, PROBED_TOKENS, replace=False).astype(np.int32)


def _make_notes(rows: Sequence[dict[str, Any]]) -> tuple[Note, ...]:
    return tuple(Note(number, row["heading"], tuple(row["sentences"])) for number, row in enumerate(rows, start=1))


def choose_notes(sentences: Sequence[HeadedSentence], cosines: Vectors) -> list[Note]:
    """Choose sentences of a small guide for the prompt by cosine similarity; a note for each heading, best first."""
    chosen: dict[str, list[str]] = {}
    for i in np.argsort(-cosines)[:SENTENCES]:
        if cosines[i] >= NEAR_BEST * cosines.max():
            heading, text = sentences[i]
            chosen.setdefault(heading, []).append(text)
    return [Note(number, heading, tuple(texts)) for number, (heading, texts) in enumerate(chosen.items(), start=1)]


def find_sentences(sentences: Sequence[HeadedSentence], cosines: Vectors) -> list[Selection]:
    """The sentences of a guide as a search for a claim finds them, all of them, with their cosines to it."""
    selections = []
    for number, (heading, rows) in enumerate(groupby(enumerate(sentences), lambda row: row[1][0]), start=1):
        places = list(rows)
        spans = [Sentence(text, text, at * SENTENCE_ROOM, at * SENTENCE_ROOM + len(text)) for at, (_, text) in places]
        chunk = Chunk("", "", "", (heading,), "", spans[0].start, spans[-1].end, tuple(spans))
        match = Match(chunk, 0.0, 0.0, tuple(float(cosines[at]) for at, _ in places))
        selections.append(Selection(number, match, ()))
    return selections


def _embed(embedder: Embedder, texts: Sequence[str], count: Callable[[int], None]) -> Vectors:
    vectors = embedder.embed_documents(texts)
    count(len(texts))
    return vectors
