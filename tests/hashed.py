"""An embedder without meaning: every text has a vector of its own, made from its hash. For tests of storing alone.

Run as a program, it builds an index in a process of its own, which a test may kill:

    python tests/hashed.py once FOLDER CORPUS     build, say "built" and what was said
    python tests/hashed.py again FOLDER CORPUS    for each line that is read, begin a child that says its number and
                                                  rewrites every text to a new version and builds, without end; when it
                                                  was killed, say "killed"
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from index.build import build
from index.embedding.embed import Vectors
from index.storing.store import open_store


class HashedEmbedder:
    """Vectors of length 1 and of 64 numbers; equal texts have equal ones, others are nearly at right angles."""

    name, batch = "hashed", 64

    def __init__(self) -> None:
        self.texts = 0

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        seeds = (int.from_bytes(sha256(text.encode()).digest()[:8], "big") for text in texts)
        rows = np.stack([np.random.default_rng(seed).normal(size=64) for seed in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    embed_questions = embed_documents


def write_version(corpus: Path, version: str, documents: int, sentences: int) -> None:
    """Texts of which every chunk says which version it is of."""
    corpus.mkdir(exist_ok=True)
    for number in range(documents):
        parts = " ".join(f"Version {version} says {number} and {k}." for k in range(sentences))
        fresh = corpus / f".{number}.new"
        fresh.write_text(f"# Document {number}\n\n## Part\n\n{parts}\n", "utf-8")
        fresh.replace(corpus / f"{number}.md")


def once(folder: Path, corpus: Path) -> None:
    embedder = HashedEmbedder()
    store = open_store(folder, print)
    print("building", flush=True)
    build(store, corpus, lambda: embedder, embedder.name, say=print)  # type: ignore[arg-type, return-value]
    print("built", flush=True)
    store.segments.close()  # else SQLite's log may stay at the end of the process, whole beside what is damaged
    time.sleep(0.2)  # it goes a moment later, if nobody else has the index open


def again(folder: Path, corpus: Path) -> None:
    import chromadb  # noqa: F401 - once for all children

    for line in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            print("killed", flush=True)
            continue
        print(os.getpid(), flush=True)
        for turn in count():
            write_version(corpus, f"{line.strip()}-{turn}", 40, 30)
            once(folder, corpus)


if __name__ == "__main__":
    {"once": once, "again": again}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
