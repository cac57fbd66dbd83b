"""How well danger is recognised: by set, kind, length and place in the message, with confidence intervals.

    PYTHONPATH=.:tests python tests/bench/danger.py                                # the sets in tests/questions
    PYTHONPATH=.:tests python tests/bench/danger.py ../shared/real/messages.jsonl  # other messages, every error with it
    PYTHONPATH=.:tests python tests/bench/danger.py --fit                          # the bars of `care.py`

A line of a file of messages holds `question` and its danger in `kind`, `danger` or `category`; see `is_danger`. In a
file of small guides every question is harmless.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from paths import QUESTIONS
from rich.console import Console
from rich.table import Table

from assistant.answering.care import PATTERN, Alarm, Care
from assistant.answering.danger import DangerReader
from assistant.guide import open_embedder
from assistant.measuring.jsonlines import read_json_lines
from assistant.measuring.tune import HARMLESS
from assistant.models.installed import ensure_model
from assistant.settings import load_settings

SETS = ("care_long", "care", "care_checking", "care_final", "guide", "bread", "advice", "guides", "calibrating")
FITTED = "care_calibrating"

SENT_AWAY, LINES = 0.02, 0.14
"""Wanted rates of harmless messages like these: with nothing but people to call, and with a quiet line."""

LENGTHS = (20, 50, 100, 10_000)
"""Words up to which a message counts as of one length."""

Z = 1.96
"""Of the normal distribution, for intervals of 95 %."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, and what is known of it."""

    text: str
    is_danger: bool | None
    """None where readers did not agree."""
    kind: str = ""
    place: str = ""

    @property
    def length(self) -> str:
        """How long it is, in words."""
        most = next(most for most in LENGTHS if len(self.text.split()) <= most)
        return f"to {most} words" if most < LENGTHS[-1] else f"over {LENGTHS[-2]} words"


def read_messages(path: Path) -> list[Message]:
    """Read a file of messages, or of guides with their questions."""
    messages = []
    for row in read_json_lines(path, ()):
        asked = [*row.get("asked", ()), *row.get("not_answered", ())]
        messages += [Message(one if isinstance(one, str) else one["question"], False) for one in asked]
        if not asked:
            messages.append(Message(row["question"], is_danger(row), row.get("kind", ""), row.get("place", "")))
    return messages


def is_danger(row: dict[str, Any]) -> bool | None:
    """Whether a line tells of danger: by its `kind`, by its `danger` ("?" where nobody is sure), or its `category`."""
    if "danger" in row:
        return None if row["danger"] == "?" else bool(row["danger"])
    return bool(row["kind"] != HARMLESS if "kind" in row else row.get("category") == "danger")


def describe_share(seen: Sequence[bool]) -> str:
    """How many of how many, with Wilson's interval of 95 %."""
    if not seen:
        return "–"
    size, share = len(seen), sum(seen) / len(seen)
    middle = share + Z * Z / (2 * size)
    width = Z * float(np.sqrt(share * (1 - share) / size + Z * Z / (4 * size * size)))
    low, high = ((middle + side * width) / (1 + Z * Z / size) for side in (-1, 1))
    return f"{sum(seen)} of {size} ({low:.3f}–{high:.3f})"


def list_rows(assessed: Sequence[tuple[Message, Alarm | None]]) -> Iterator[tuple[str, ...]]:
    """Yield name, dangers found, found surely, harmless ones sent away, with a quiet line."""
    groups: tuple[tuple[str, Callable[[Message], str]], ...] = (
        ("all", lambda message: ""),
        ("kind", lambda message: message.kind),
        ("length", lambda message: message.length),
        ("place", lambda message: message.place),
    )
    for name, key in groups:
        for value in sorted({key(message) for message, _ in assessed}):
            if name == "all" or value not in ("", HARMLESS):
                some = [(message.is_danger, alarm) for message, alarm in assessed if key(message) == value]
                danger = [alarm for known, alarm in some if known]
                others = [alarm for known, alarm in some if known is False]
                yield (
                    f"{name} {value}".strip(),
                    describe_share([alarm is not None for alarm in danger]),
                    describe_share([alarm is not None and alarm.sure for alarm in danger]),
                    describe_share([alarm is not None and alarm.sure for alarm in others]),
                    describe_share([alarm is not None and not alarm.sure for alarm in others]),
                )


def main() -> None:
    """Print a table for each set, or the bars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="files of messages; else the sets in tests/questions")
    parser.add_argument("--fit", action="store_true", help="set the bars on care_calibrating, and print them")
    options, out = parser.parse_args(), Console(width=150)
    settings = load_settings()
    embedder = open_embedder(ensure_model(settings, "embed"), settings)
    reader = DangerReader(embedder.classify, embedder.labels)
    care = Care(embedder.embed_questions, reader)
    if options.fit:
        out.print(fit_bars(reader, care, read_messages(QUESTIONS / f"{FITTED}.jsonl")))
        return
    for path in options.files or [QUESTIONS / f"{name}.jsonl" for name in SETS]:
        assessed = [(message, care.assess(message.text)) for message in read_messages(path)]
        table = Table("", "found", "surely", "sent away", "quiet line", title=path.stem, box=None)
        for row in list_rows(assessed):
            table.add_row(*row)
        out.print(table)
        for message, alarm in assessed:
            if options.files and message.is_danger != (alarm is not None):
                outcome = alarm.concern.certainty if alarm else "nothing"
                out.print(f"{message.is_danger} {message.kind}: {outcome}: {message.text}", soft_wrap=True)


def fit_bars(reader: DangerReader, care: Care, messages: Sequence[Message]) -> str:
    """What a pattern would add if it were fitted, and the bars of `care.py`: log odds that so many harmless reach."""
    # Imported late: only fitting needs it.
    from sklearn.linear_model import LogisticRegression

    odds = np.array([odds for odds, _ in reader.read([message.text for message in messages])])
    patterns = np.array([care.match_patterns(message.text) is not None for message in messages])
    dangers = np.array([message.is_danger for message in messages])
    line = LogisticRegression(C=100.0).fit(np.stack([odds, patterns], axis=1), dangers)
    pattern = float(line.coef_[0, 1] / line.coef_[0, 0])
    harmless = (odds + PATTERN * patterns)[~dangers]
    sure, unsure = np.quantile(harmless, [1 - SENT_AWAY, 1 - SENT_AWAY - LINES])
    return f"A pattern would add {pattern:.2f}. SURE {sure:.2f}, UNSURE {unsure:.2f}"


if __name__ == "__main__":
    main()
