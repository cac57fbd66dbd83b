"""How the index grows: what building, one edit and a search cost with 1, 100 and 10,000 documents. Prints a table.

    python tests/scale.py [DOCUMENTS ...] [--throughput DOCUMENTS] [--edits]

Texts are generated, always the same, ten chunks a document. They are stored with vectors made from hashes, as embedding
half a million texts takes hours on a laptop; only the edit and the questions go through the real embedder.
`--throughput` embeds that many documents with the real one, once bare and once by a build. `--edits` prints what edits
of the guide that ships cost, against a full build in the same run.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from hashed import HashedEmbedder

from assistant.guide import open_embedder
from assistant.models.installed import ensure_model
from assistant.settings import load_settings
from index.build import build, plan_build, read_corpus
from index.embedding.embed import Embedder, Vectors
from index.search import ENTRIES_PER_QUERY
from index.storing.entries import make_entries
from index.storing.store import Store

CHUNKS = 10
WORDS = [a + b + c for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "u") for c in ("ren", "lin", "sto", "vek")]


class FakeEmbedder(HashedEmbedder):
    """Vectors from hashes, with the real embedder's name and dimensions."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        narrow = super().embed_documents(texts)
        return np.tile(narrow, 12) / np.float32(12**0.5)


def write_corpus(corpus: Path, documents: int) -> None:
    corpus.mkdir()
    for number in range(documents):
        some = random.Random(number)
        sentence = lambda some=some: " ".join(some.choices(WORDS, k=some.randint(6, 14))).capitalize() + "."  # noqa: E731
        parts = [f"## Part {some.choice(WORDS)}\n\n{sentence()} {sentence()} {sentence()}" for _ in range(CHUNKS)]
        (corpus / f"{number}.md").write_text(f"# Document {number}\n\n" + "\n\n".join(parts) + "\n", "utf-8")


def read_peak_memory() -> float:
    """Read the peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure_growth(documents: int, real: Embedder) -> None:
    """Print what building, one edit and a search cost with so many documents."""
    with tempfile.TemporaryDirectory() as place:
        corpus, store, hashed = Path(place) / "corpus", Store(Path(place) / "index"), FakeEmbedder(real.name)
        write_corpus(corpus, documents)
        begun, before = time.perf_counter(), read_peak_memory()
        report = build(store, corpus, lambda: hashed, hashed.name)  # type: ignore[arg-type, return-value]
        built = time.perf_counter() - begun
        assert store.manifest is not None
        print(
            f"{documents:>6} documents, {report.chunks} chunks, {report.entries} entries: stored in {built:.1f} s "
            f"({report.entries / built:.0f} a second), {read_peak_memory() - before:.0f} MB more at most, "
            f"{len(store.manifest.segments)} segments"
        )
        times, texts = [], 0
        for turn in range(5):
            path = corpus / f"{documents // 2}.md"
            path.write_text(
                path.read_text("utf-8").replace("# Document", f"# Document {turn}") + f"\nEdit {turn}.\n", "utf-8"
            )
            begun = time.perf_counter()
            texts = build(store, corpus, lambda: real, real.name).embedded
            times.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        plan_build(store, corpus, real.name)
        print(
            f"       one edit of one document: {median(times):.2f} s ({texts} texts embedded); "
            f"to see that nothing changed: {time.perf_counter() - begun:.3f} s"
        )
        embedding, searching = [], []
        for turn in range(40):
            question = " ".join(random.Random(turn).choices(WORDS, k=8))
            begun = time.perf_counter()
            vectors = real.embed_questions([question])
            embedding.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            store.find_nearest(vectors, ENTRIES_PER_QUERY)
            searching.append(time.perf_counter() - begun)
        print(
            f"       search: {1000 * median(searching):.0f} ms, and {1000 * median(embedding):.0f} ms for the question"
        )


def measure_throughput(documents: int, real: Embedder) -> None:
    """Print how many texts a second the bare embedder embeds, and a build with the same texts after it."""
    with tempfile.TemporaryDirectory() as place:
        corpus, store = Path(place) / "corpus", Store(Path(place) / "index")
        write_corpus(corpus, documents)
        texts = sorted({e.text for chunk in read_corpus(corpus)[0] for e in make_entries(chunk)}, key=len)
        real.embed_documents(texts[:64])
        begun = time.perf_counter()
        for start in range(0, len(texts), 64):
            real.embed_documents(texts[start : start + 64])
        bare = time.perf_counter() - begun
        begun = time.perf_counter()
        report = build(store, corpus, lambda: real, real.name)
        built = time.perf_counter() - begun
        print(
            f"{documents:>6} documents, {report.embedded} texts: bare embedder {len(texts) / bare:.1f} a second, "
            f"build {report.embedded / built:.1f} a second, ratio {bare / built:.3f}"
        )


def measure_edits(real: Embedder) -> None:
    """Print the table of index/README.md: each edit begins from a fresh index, with the embedder loaded."""
    with tempfile.TemporaryDirectory() as place:
        corpus, store = Path(place) / "corpus", Store(Path(place) / "index")
        shutil.copytree(load_settings().corpus, corpus)
        guide = corpus / "guide.md"
        chunk = max((c for c in read_corpus(corpus)[0] if c.source == guide.name), key=lambda c: len(c.sentences))
        first, *_, last = chunk.sentences
        text = guide.read_text("utf-8")

        def replace(old: str, new: str) -> None:
            before = guide.read_text("utf-8")
            assert old in before
            guide.write_text(before.replace(old, new), "utf-8")

        steps: list[tuple[str, Callable[[], object]]] = [
            ("nothing", lambda: None),
            ("one sentence", lambda: replace(first.text, "A sentence that was not there.")),
            (
                "a paragraph of four sentences",
                lambda: replace(last.text, "One here. Two here. Three here. Four here."),
            ),
            ("a heading", lambda: replace(f" {chunk.headings[-1]}", " Another heading")),
            ("a file renamed", lambda: guide.rename(corpus / "renamed.md")),
            ("a file removed", lambda: (corpus / "renamed.md").unlink()),
            ("the file put back as it was at first", lambda: guide.write_text(text, "utf-8")),
        ]
        full = build(store, corpus, lambda: real, real.name)
        print("| what | texts embedded | seconds |\n|---|---|---|")
        print(f"| everything, for the first time | {full.embedded} | {full.seconds:.2f} |")
        for what, edit in steps:
            edit()
            report = build(store, corpus, lambda: real, real.name)
            print(f"| {what} | {report.embedded} | {report.seconds:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", nargs="*", type=int, default=[1, 100, 10_000])
    parser.add_argument("--throughput", type=int, default=0)
    parser.add_argument("--edits", action="store_true")
    options = parser.parse_args()
    settings = load_settings()
    real = open_embedder(ensure_model(settings, "embed"), settings)
    real.embed_documents(["Warm."])
    if options.edits:
        measure_edits(real)
    elif options.throughput:
        measure_throughput(options.throughput, real)
    else:
        for documents in options.documents:
            measure_growth(documents, real)


if __name__ == "__main__":
    sys.exit(main())
