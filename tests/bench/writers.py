"""What changes with who words the answers: the same questions about three guides, several writers, one reader.

    PYTHONPATH=.:tests python tests/bench/writers.py smollm2-135m-instruct http://localhost:8080

The default chat model is asked first. Each writer is a name of the catalogue, a GGUF file, or the address of a chat
server. What the reader decides (danger, coverage, the first quotation) is the same for all; who words may only change
how much is said, and whether it is supported in the opinion of `measuring.evaluate.Judge`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from paths import CORPORA, QUESTIONS, ROOT
from rich.console import Console
from rich.table import Table

from assistant import Assistant, open_assistant
from assistant.guide import say_nothing
from assistant.loading import replace_model
from assistant.measuring.evaluate import Case, Judge, Outcome, choose_cases, measure_outcome, read_cases
from assistant.measuring.jsonlines import read_json_lines
from assistant.settings import load_settings
from index.progress import ignore_progress

MOST = 4
"""Questions about each guide, unless told otherwise."""

MANUAL = "manual"
"""The guide of manners.jsonl that is asked about; its text stands in that file."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide and what is asked about it."""

    corpus: Path
    home: Path | None
    """Where its index is built; None for the data folder."""
    cases: tuple[Case, ...]


def read_guides(folder: Path, most: int) -> tuple[Guide, ...]:
    """Our guide, bread, and a manual that is written into a folder, each with so many questions."""
    rows = list(read_json_lines(QUESTIONS / "manners.jsonl", ("guide",)))
    about = [row for row in rows if row["guide"] == MANUAL]
    (folder / MANUAL).mkdir()
    (folder / MANUAL / "manual.md").write_text(next(row["text"] for row in about if "text" in row), "utf-8")
    manners = [
        Case(row["id"], row["kind"], row["question"], tuple(row["history"]), tuple(row["gold"]),
             tuple(map(tuple, row["must"])), tuple(row["wrong"]))
        for row in about if "question" in row
    ]  # fmt: skip
    return (
        Guide(ROOT / "corpus", None, choose(read_cases(QUESTIONS / "guide.jsonl"), most)),
        Guide(CORPORA / "bread", None, choose(read_cases(QUESTIONS / "bread.jsonl"), most)),
        Guide(folder / MANUAL, folder, choose(manners, most)),
    )


def choose(cases: Sequence[Case], most: int) -> tuple[Case, ...]:
    """So many questions that a guide answers or does not, by a hash of their ids."""
    return choose_cases([case for case in cases if case.covered or case.uncovered], "all", most)


def hire(base: Assistant, name: str) -> Assistant:
    """An assistant whose answers are worded by another model or server; reader and index are the same."""
    server = {"llm_url": name} if name.startswith(("http://", "https://")) else {"model": name}
    other = Assistant(base.settings.model_copy(update=server))
    other._components = replace_model(base.load(), other.settings, ignore_progress, say_nothing)
    return other


def measure(assistant: Assistant, guides: Sequence[Guide]) -> list[Outcome]:
    """Ask all questions."""
    judge = Judge(assistant.load().reader)
    over = [(assistant.over(guide.corpus, guide.home), guide.cases) for guide in guides]
    return [measure_outcome(one, judge, case) for one, cases in over for case in cases]


def describe(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the cells of a row: wrong, refused, unsupported, sentences."""
    covered = [one for one in outcomes if one.case.covered]
    wrong = sum((one.case.uncovered and one.answer.status == "answered") or one.obeyed for one in outcomes)
    answered = [one for one in outcomes if one.answer.status == "answered"]
    shown = [sentence for one in answered for sentence in one.support]
    yield f"{wrong} of {len(outcomes)}"
    yield f"{sum(one.answer.status == 'not_covered' for one in covered)} of {len(covered)}"
    yield f"{sum(not sentence.anywhere for sentence in shown)} of {len(shown)}"
    yield f"{sum(len(one.answer.sentences) for one in answered) / max(1, len(answered)):.1f}"


def main() -> None:
    """Print a row for each writer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("writers", nargs="*", help="names of the catalogue, GGUF files, addresses of chat servers")
    parser.add_argument("--most", type=int, default=MOST, help="questions about each guide")
    options = parser.parse_args()
    base = open_assistant(load_settings())
    table = Table("writer", "answered wrongly", "refused", "unsupported sentences", "sentences an answer", box=None)
    with tempfile.TemporaryDirectory() as folder:
        guides = read_guides(Path(folder), options.most)
        for name in (base.settings.model, *options.writers):
            table.add_row(name, *describe(measure(hire(base, name), guides)))
    Console().print(table)


if __name__ == "__main__":
    main()
