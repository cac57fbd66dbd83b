"""Measure whether the passage that holds a fact is found: in tables, lists, contacts, hours, prices, steps, fields.

    PYTHONPATH=. python tests/bench/facts.py [--show]

Prints shares by category and kind of file; `--show` also each question that is missed. Only the embedder is loaded.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.answering.retrieve import Retrieval, retrieve
from assistant.guide import open_embedder
from assistant.measuring.jsonlines import read_json_lines
from assistant.models.installed import ensure_model
from assistant.settings import load_settings
from index.build import build, read_corpus
from index.chunking.chunk import Chunk
from index.embedding.embed import Embedder
from index.search import Match, Searcher
from index.storing.store import Store

CORPUS, QUESTIONS = (Path(__file__).resolve().parents[1] / name for name in ("corpora/facts", "questions/facts.jsonl"))


@dataclass(frozen=True, slots=True)
class Fact:
    """A question, and how the passage that answers it is recognised: a line of facts.jsonl."""

    id: str
    category: str
    question: str
    file: str
    gold: Sequence[str]
    must: Sequence[Sequence[str]]

    def stands_in(self, chunk: Chunk) -> bool:
        """Whether the sentences of a chunk tell it, as a person reads them."""
        told = normalise(" ".join(sentence.plain for sentence in chunk.sentences))
        return chunk.source == self.file and any(normalise(snippet) in told for snippet in self.gold)


@dataclass(frozen=True, slots=True)
class Found:
    """What is found for a fact, and for each measure whether the fact is there."""

    fact: Fact
    matches: Sequence[Match]
    right: Mapping[str, bool]


def normalise(text: str) -> str:
    return " ".join(text.split()).casefold()


def read_facts() -> list[Fact]:
    return [Fact(**row) for row in read_json_lines(QUESTIONS, Fact.__slots__)]


def judge(fact: Fact, retrieval: Retrieval, read: Sequence[Chunk]) -> dict[str, bool]:
    """Look for a fact in all that was read, in the passages for the model, in the search, in the sentences chosen."""
    passages = [one.match.chunk for one in retrieval.selections]
    places = {
        "read": read,
        "first": passages[:1],
        "among 3": passages[:3],
        "searched 3": [match.chunk for match in retrieval.matches[:3]],
        "sentence": [replace(one.match.chunk, sentences=one.sentences) for one in retrieval.selections],
    }
    return {measure: any(map(fact.stands_in, chunks)) for measure, chunks in places.items()}


def find_facts(folder: Path, embedder: Embedder) -> Iterator[Found]:
    """Build an index in a folder and ask it every question."""
    store, read = Store(folder), read_corpus(CORPUS)[0]
    build(store, CORPUS, lambda: embedder, embedder.name)
    searcher = Searcher(store, embedder)
    for fact in read_facts():
        retrieval = retrieve(searcher, fact.question, ())
        yield Found(fact, retrieval.matches, judge(fact, retrieval, read))


def compute_shares(found: Sequence[Found]) -> dict[str, float]:
    return {measure: sum(one.right[measure] for one in found) / len(found) for measure in found[0].right}


def show_shares(found: Sequence[Found]) -> None:
    """Print a row for each category, each kind of file, and all."""
    print(f"{'':10}{'questions':>12}" + "".join(f"{measure:>12}" for measure in found[0].right))
    rows = [(one.fact.category, Path(one.fact.file).suffix, "all") for one in found]
    for name in sorted(set().union(*rows), key=lambda name: (name == "all", name.startswith("."), name)):
        some = [one for one, names in zip(found, rows, strict=True) if name in names]
        print(f"{name:10}{len(some):12}" + "".join(f"{share:12.3f}" for share in compute_shares(some).values()))


def show_miss(found: Found) -> None:
    """Print a question with its gold, and the best sentences of what came, each after its chunk's score and cosine."""
    print(f"\n{found.fact.id}: {found.fact.question}\n{found.fact.gold[0]!r}")
    for match in found.matches[:3]:
        cosine, sentence = max(zip(match.sentences, match.chunk.sentences, strict=True), key=lambda row: row[0])
        print(f"  {match.score:.2f} {cosine:.2f}  {match.chunk.source}: {sentence.plain[:90]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure whether the passage that holds a fact is found.")
    parser.add_argument("--show", action="store_true", help="print the questions whose passage does not come first")
    options, settings = parser.parse_args(), load_settings()
    with tempfile.TemporaryDirectory() as folder:
        found = list(find_facts(Path(folder), open_embedder(ensure_model(settings, "embed"), settings)))
    show_shares(found)
    for miss in (one for one in found if options.show and not one.right["first"]):
        show_miss(miss)


if __name__ == "__main__":
    main()
