"""The outcome of each question, and the rank of the passage that answers it. No answer is worded, so that a question
takes a tenth of a second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.answering.retrieve import Retrieval, retrieve
from assistant.assistant import Assistant
from assistant.measuring.evaluate import Case, find_gold_rank
from assistant.measuring.guides import list_gold, write_guide
from assistant.records import Coverage, Turn

ALL = "all"
"""The name of the row over all kinds."""

BINS = 10
"""Rows of a reliability table."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about one question."""

    kind: str
    """The kind of the guide or of the question."""
    case: Case
    retrieval: Retrieval
    coverage: Coverage
    chance: float
    rank: int
    """Rank of the first passage with a gold snippet, from 1; 0 if the first ten have none."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The decisions of one kind, as shares."""

    kind: str
    covered: int
    """How many questions the guide answers; `uncovered`: how many it does not."""
    uncovered: int
    refused: float
    """Share of the covered questions that get "not covered"."""
    answered: float
    """Share of the covered questions that get an answer."""
    made_up: float
    """Share of the uncovered questions that get an answer."""
    declined: float
    """Share of the uncovered questions that get "not covered"."""
    first: float
    """Share of the covered questions with the gold passage in first place."""
    among_three: float


def decide_cases(assistant: Assistant, cases: Iterable[Case], kind: str = "") -> Iterator[Decision]:
    """Yield what is decided about each question.

    Args:
        kind: that of the guide; if empty, each question counts under its own category.
    """
    components = assistant.load()
    for case in cases:
        history = tuple(Turn(question) for question in case.history)
        retrieval = retrieve(components.searcher, case.question, history)
        found = components.finder.find(retrieval, history)
        rank = find_gold_rank(case, retrieval.matches)
        yield Decision(kind or case.category, case, found.retrieval, found.coverage, found.chance, rank)


def decide_guides(assistant: Assistant, rows: Iterable[dict[str, Any]]) -> Iterator[Decision]:
    """Yield what is decided about the questions of small guides; each is written to a file and indexed.

    Args:
        rows: see `guides.GUIDE_KEYS`.
    """
    for number, row in enumerate(rows):
        with write_guide(row) as corpus:
            other = assistant.over(corpus, home=corpus.parent)
            yield from decide_cases(other, _read_guide_cases(row, number), row["kind"])
            other.load().store.segments.close()


def _read_guide_cases(row: dict[str, Any], number: int) -> Iterator[Case]:
    for at, one in enumerate((*row["asked"], *row["not_answered"])):
        earlier = (one["earlier"],) if "earlier" in one else ()
        yield Case(f"{number}-{at}", one["manner"], one["question"], earlier, list_gold(row, one), (), ())


def count_by_kind(decisions: Sequence[Decision]) -> tuple[Tally, ...]:
    """A tally for each kind, by name, then one over all if there are several."""
    kinds: dict[str, list[Decision]] = defaultdict(list)
    for one in decisions:
        if one.case.covered or one.case.uncovered:
            kinds[one.kind].append(one)
    some = [_count(kind, kinds[kind]) for kind in sorted(kinds)]
    return (*some, _count(ALL, decisions)) if len(some) > 1 else tuple(some)


def _count(kind: str, decisions: Sequence[Decision]) -> Tally:
    covered = [one for one in decisions if one.case.covered]
    uncovered = [one for one in decisions if one.case.uncovered]
    return Tally(
        kind,
        len(covered),
        len(uncovered),
        _share([one.coverage == "not_covered" for one in covered]),
        _share([one.coverage == "answered" for one in covered]),
        _share([one.coverage == "answered" for one in uncovered]),
        _share([one.coverage == "not_covered" for one in uncovered]),
        _share([one.rank == 1 for one in covered]),
        _share([1 <= one.rank <= 3 for one in covered]),
    )


def measure_reliability(decisions: Sequence[Decision]) -> tuple[tuple[float, float, int], ...]:
    """(mean chance, share of covered, number of questions) for each tenth of the range of chances, lowest first."""
    bins: dict[int, list[Decision]] = defaultdict(list)
    for one in decisions:
        if one.case.covered or one.case.uncovered:
            bins[min(BINS - 1, int(one.chance * BINS))].append(one)
    return tuple(
        (
            round(sum(one.chance for one in some) / len(some), 3),
            _share([one.case.covered for one in some]),
            len(some),
        )
        for _, some in sorted(bins.items())
    )


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / len(values), 3) if values else 0.0
