"""The small guides and messages that the embedder is tuned on, and the curve of coverage, which is fitted to others.

A folder of examples holds, as JSON lines:

    guides.jsonl, more_guides.jsonl, claims.jsonl, advice.jsonl, manners.jsonl, tables.jsonl, why.jsonl, beside.jsonl
        small guides with questions that they answer and that they do not, as in `guides.py`, or claims about them
        (claim, evidence, supported)
    followups.jsonl
        of, row, asked, not_answered: more questions about the guide in row `row` (from 0) of another file, `of`
    danger.jsonl, messages.jsonl
        kind, question, and in the second certainty: short and long messages of people in danger, and harmless ones
    asked.jsonl
        question: more harmless messages
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from assistant.answering.coverage import Curve, estimate_for_question, read_signs
from assistant.measuring.decide import Decision
from assistant.measuring.guides import tell_guide
from assistant.measuring.jsonlines import read_json_lines
from index.embedding.tune import TunedGuide
from index.embedding.tune_classifier import LabelledText

FILES = {
    **dict.fromkeys(("guides", "more_guides", "claims", "advice", "manners"), ("sentences",)),
    **dict.fromkeys(("tables", "why", "beside"), ("text",)),
    "followups": ("of", "row"),
}
"""The files of guides, and the keys that each of their rows must have."""

ASKED = ("asked", "not_answered", "claims")
"""What is asked and claimed about a guide; the rest of a row is the guide itself."""

HARMLESS = "harmless"
"""The kind of a message that points to no danger."""

UNSURE, LONG = 0.8, 2.0
"""The chance of danger in a message that readers were not sure about, and the weight of the long, lifelike messages."""

MOST_CLAIMS = 8
"""The most claims taken from a guide; it is searched for their evidence as it is for answers."""

REFUSED, MADE_UP = 0.03, 0.2
"""Target rates: the share of the questions that a guide answers that get "not covered", and of the others that get an
answer. Nearly all the others are written to mislead: of the questions that people ask, a fifth as many get one."""

LIKENESS = 10.0
"""Weight of likeness beside the cross-encoder's logit. It is not fitted to the same questions: where these mislead,
likeness says little, but for what people ask, and for long messages, it is the surer sign. Anything from 4 to 12 is
about as good on both."""


def read_guides(folder: Path, names: Iterable[str] = FILES) -> tuple[TunedGuide, ...]:
    """Read the small guides of all files of a folder of examples, or of some. Raises QuestionError."""
    return tuple(_make_guide(tell_guide(row)) for row in _read_rows(folder, names))


def _read_rows(folder: Path, names: Iterable[str] = FILES) -> Iterator[dict[str, Any]]:
    for name in names:
        for row in _read_file(folder, name):
            if "of" in row:
                guide = _read_file(folder, row["of"])[row["row"]]
                yield {key: value for key, value in guide.items() if key not in ASKED} | row
            else:
                yield row


@cache
def _read_file(folder: Path, name: str) -> tuple[dict[str, Any], ...]:
    return tuple(read_json_lines(folder / f"{name}.jsonl", FILES[name]))


def read_messages(folder: Path) -> tuple[LabelledText, ...]:
    """Read the messages of a folder of examples, labelled by kind of danger. Raises QuestionError as `read_guides`."""
    rows = [(row, 1.0) for row in read_json_lines(folder / "danger.jsonl", ("question", "kind"))]
    rows += [(row, LONG) for row in read_json_lines(folder / "messages.jsonl", ("question", "kind", "certainty"))]
    messages = [_make_message(row, weight) for row, weight in rows]
    asked = [one for row in _read_rows(folder) for one in (*row.get("asked", ()), *row.get("not_answered", ()))]
    asked += read_json_lines(folder / "asked.jsonl", ("question",))
    texts = dict.fromkeys(one if isinstance(one, str) else one["question"] for one in asked)
    return *messages, *(LabelledText(text, "", 0.0) for text in texts)


def _make_message(row: dict[str, Any], weight: float) -> LabelledText:
    if row["kind"] == HARMLESS:
        return LabelledText(row["question"], "", 0.0, weight)
    return LabelledText(row["question"], row["kind"], UNSURE if row.get("certainty") == "unsure" else 1.0, weight)


def _make_guide(row: dict[str, Any]) -> TunedGuide:
    chunks = []
    for heading, some in groupby(enumerate(row["sentences"]), lambda one: one[1]["heading"]):
        inside = list(some)
        text = f"{heading}. {' '.join(sentence['text'] for _, sentence in inside)}"
        chunks.append((text, tuple(number for number, _ in inside)))
    sentences = tuple(one["text"] for one in row["sentences"])
    paths = tuple((row.get("guide", ""), one["heading"]) for one in row["sentences"])
    cells = {number: tuple(one["cells"]) for number, one in enumerate(row["sentences"]) if one.get("cells")}
    return TunedGuide(sentences, paths, tuple(chunks), tuple(_list_questions(row)), cells)


def _list_questions(row: dict[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield questions and claims, each with the numbers of the sentences that answer it or say so."""
    for one in row.get("asked", ()):
        yield _join_earlier(one), tuple(one["answers"])
    for one in row.get("not_answered", ()):
        yield (one if isinstance(one, str) else _join_earlier(one)), ()
    said = [one for one in row.get("claims", ()) if one["supported"] and one["evidence"]]
    yield from ((one["claim"], tuple(one["evidence"])) for one in said[:MOST_CLAIMS])


def _join_earlier(asked: dict[str, Any]) -> str:
    """A question after the earlier one that it depends on, as the cross-encoder reads it."""
    return f"{asked.get('earlier', '')} {asked['question']}".strip()


def fit_curve(decisions: Sequence[Decision]) -> Curve:
    """Fit the curve of coverage to decisions on labelled questions; every kind has the same weight.

    The thresholds are fitted with regard to the form of a question, the curve is not.
    """
    from sklearn.linear_model import LogisticRegression

    known = [one for one in decisions if one.case.covered or one.case.uncovered]
    labels = np.array([one.case.covered for one in known])
    sizes = Counter((one.kind, one.case.covered) for one in known)
    weights = np.array([1 / sizes[one.kind, one.case.covered] for one in known])
    sign = np.array([[LIKENESS * one.retrieval.likeness + (one.retrieval.logit or 0.0)] for one in known])
    line = LogisticRegression(C=100.0).fit(sign, labels, weights * len(known) / weights.sum())
    slope, summand = float(line.coef_[0, 0]), float(line.intercept_[0])
    curve = Curve(LIKENESS * slope, slope, summand, 0.0, 0.0)
    found = [one.retrieval for one in known]
    chances = np.array([estimate_for_question(one, read_signs(one), curve) for one in found])
    nearest = _weighted_quantile(chances[labels], weights[labels], REFUSED)
    answered = _weighted_quantile(chances[~labels], weights[~labels], 1 - MADE_UP)
    return replace(curve, answered=answered, nearest=min(nearest, answered))


def _weighted_quantile(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any], share: float) -> float:
    """The value below which this share of the weight lies."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), share * weights.sum())])
