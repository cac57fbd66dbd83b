"""Fits the probes of `probes.py` to labelled examples: once for each embedder and chat model; takes an hour.

A folder of examples holds, as JSON lines:

    pairs.jsonl    evidence, answer, supported   sentences of answers, with the sentences that they were worded from
    claims.jsonl   sentences, claims             guides, with claims about them and whether they say so
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assistant.answering.check import build_claim_question
from assistant.answering.prompt import SUPPORT_PREFIX, build_support_question
from assistant.answering.retrieve import Selection
from assistant.llm.local import LocalModel
from assistant.llm.probes import Floats, LogitProbe, Probes, subtract_mean
from assistant.measuring.jsonlines import read_json_lines
from index.chunking.chunk import Chunk, Sentence
from index.embedding.embed import Embedder, Vectors
from index.progress import Progress, ignore_progress
from index.search import Match

FREQUENT_TOKENS, PROBED_TOKENS = 100_000, 2_000
"""How many of the most frequent tokens, which come first in a vocabulary, to choose from; how many to choose."""

COMPONENTS, PENALTY = 150, 0.01
"""The most principal components of their logits, and the inverse of the penalty on the weights of these."""

SUPPORT_UNITS = (4.0, 1.0)
"""Factor and summand that bring the support probe's score into the units of the weights in `ground.py`. Chosen
on the tuning half of tests/questions/grounding.jsonl."""

CLAIM_COMPONENTS, CLAIM_PENALTY, CLAIM_UNITS = 100, 0.001, (4.0, 0.0)
"""The same for the probe of claims from elsewhere, with the weights in `check.py`."""

SENTENCE_ROOM = 10_000
"""Characters between the starts of two sentences of an example; these are in no file."""


HeadedSentence: TypeAlias = tuple[str, str]
"""(heading, a sentence below it)"""


@dataclass(frozen=True, slots=True)
class Examples:
    """The labelled examples of a folder."""

    support: tuple[tuple[tuple[str, ...], str, bool], ...]
    """(evidence, sentence of an answer, whether it is supported)"""
    claims: tuple[tuple[tuple[HeadedSentence, ...], str, bool], ...]
    """(sentences of a guide, claim about it, whether it says so)"""


def read_examples(folder: Path) -> Examples:
    """Read all examples of a folder; QuestionError names a bad file or line."""

    def rows(name: str, *needed: str) -> Iterator[dict[str, Any]]:
        return read_json_lines(folder / f"{name}.jsonl", needed)

    pairs = rows("pairs", "evidence", "answer", "supported")
    support = [(tuple(row["evidence"]), row["answer"], bool(row["supported"])) for row in pairs]
    claims = [
        (tuple((one["heading"], one["text"]) for one in guide["sentences"]), row["claim"], bool(row["supported"]))
        for guide in rows("claims", "sentences", "claims")
        for row in guide["claims"]
    ]
    return Examples(tuple(support), tuple(claims))


def fit(embedder: Embedder, model: LocalModel, examples: Examples, progress: Progress = ignore_progress) -> Probes:
    """Fit all probes; `progress` is called with (texts evaluated, texts in all)."""
    total = len(examples.support) + len(examples.claims)
    done = 0

    def count(some: int) -> None:
        nonlocal done
        done += some
        progress(done, total)

    tokens = choose_tokens(model)

    def supports(claim: str) -> Floats:
        count(1)
        return model.logits(SUPPORT_PREFIX, [claim])[0][tokens]

    asked_about = dict.fromkeys(guide for guide, *_ in examples.claims)
    guides = {guide: embedder.embed_documents([text for _, text in guide]) for guide in asked_about}
    claims = [build_support_question(evidence, claim) for evidence, claim, _ in examples.support]
    supported = [supports(claim) for claim in claims]
    support = fit_probe(tokens, np.stack(supported), [label for *_, label in examples.support])
    checked = [
        supports(
            build_claim_question(find_sentences(guide, guides[guide] @ embedder.embed_questions([claim])[0]), claim)
        )
        for guide, claim, _ in examples.claims
    ]
    labels = [label for *_, label in (*examples.support, *examples.claims)]
    said = fit_probe(tokens, np.stack([*supported, *checked]), labels, CLAIM_COMPONENTS, CLAIM_PENALTY)
    return Probes(scale(support, SUPPORT_UNITS), scale(said, CLAIM_UNITS))


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
    """Return the same probe with its score multiplied by the first of `units` and the second added."""
    factor, summand = np.float32(units[0]), np.float32(units[1])
    return LogitProbe(reading.tokens, reading.weights * factor, np.asarray(reading.bias * factor + summand, np.float32))


def choose_tokens(model: LocalModel) -> NDArray[np.int32]:
    """Choose the tokens whose logits are read: at random, but always the same."""
    frequent = min(FREQUENT_TOKENS, model.vocabulary_size)
    return np.random.default_rng(0).choice(frequent, PROBED_TOKENS, replace=False).astype(np.int32)


def find_sentences(sentences: Sequence[HeadedSentence], cosines: Vectors) -> list[Selection]:
    """All sentences of a guide as a search for a claim would find them, with their cosines to the claim."""
    selections = []
    for number, (heading, rows) in enumerate(groupby(enumerate(sentences), lambda row: row[1][0]), start=1):
        places = list(rows)
        spans = [Sentence(text, text, at * SENTENCE_ROOM, at * SENTENCE_ROOM + len(text)) for at, (_, text) in places]
        chunk = Chunk("", "", "", (heading,), "", spans[0].start, spans[-1].end, tuple(spans))
        match = Match(chunk, 0.0, 0.0, tuple(float(cosines[at]) for at, _ in places), (0.0,) * len(places))
        selections.append(Selection(number, match, ()))
    return selections
