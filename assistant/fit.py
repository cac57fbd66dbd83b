"""Labelled examples become what `fitted.py` keeps. Needed once for each embedder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import QuestionError
from assistant.fitted import STEP, Fitted
from index.build import BATCH, Progress
from index.embed import Embedder

GAMMA, COST = 1.0, 3.0
"""Of the kernel, and of an example on the wrong side; chosen by ten-fold cross-validation."""

HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Example:
    """A message, and the kind of danger that its writer or somebody they tell of is in; empty if none."""

    text: str
    kind: str


def read_examples(folder: Path) -> tuple[Example, ...]:
    """The examples in all files of JSON lines of a folder, each with `question` and `kind`; QuestionError if none."""
    examples = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            try:
                kept = json.loads(line)
                examples.append(Example(kept["question"], "" if kept["kind"] == HARMLESS else kept["kind"]))
            except (ValueError, KeyError, TypeError) as error:
                raise QuestionError(f"{path}, line {number}: {error!r}", "See tests/training for the form.") from error
    if not examples:
        raise QuestionError(f"There are no examples in {folder}", "Name a folder of JSON lines, as tests/training.")
    return tuple(dict.fromkeys(examples))


def fit(embedder: Embedder, examples: Sequence[Example], progress: Progress = lambda done, total: None) -> Fitted:
    """Tell danger from what only sounds like it, by these examples."""
    # Imported late: it is needed for this alone.
    from sklearn.svm import SVC

    batches = []
    for start in range(0, len(examples), BATCH):
        batches.append(embedder.embed_documents([example.text for example in examples[start : start + BATCH]]))
        progress(min(start + BATCH, len(examples)), len(examples))
    vectors = np.concatenate(batches)
    machine = SVC(C=COST, gamma=GAMMA).fit(vectors, [bool(example.kind) for example in examples])
    return Fitted(
        np.array(embedder.name),
        np.round(machine.support_vectors_ / STEP).clip(-127, 127).astype(np.int8),
        machine.dual_coef_[0].astype(np.float32),
        np.array([examples[i].kind for i in machine.support_]),
        np.array(GAMMA, np.float32),
        np.array(machine.intercept_[0], np.float32),
    )
