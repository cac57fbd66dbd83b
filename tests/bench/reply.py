"""What a contestant is given and what it returns; and how plain text is split into sentences with citations."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import sentencex

BATCH = 512
"""Prompt tokens that everyone evaluates at once: our value; the defaults of the libraries are slower."""

PENALTY = 1.05
"""Everyone's penalty on repeated tokens: our value. LangChain's is 1.1; LlamaIndex has none, and repeated itself."""

CITATION_MARKS = re.compile(
    r"[\[(]\s*(?:sources?\s*:?\s*)?\d+(?:(?:\s*,\s*|\s*and\s*|\s*&\s*)(?:source\s*)?\d+)*\s*[\])]", re.I
)
"""[1], [1, 2], [Source 1], (Source 1)."""

CITED_IN_WORDS = re.compile(r"\bsources?\s+(\d+)", re.I)
LINE_START = re.compile(r"^\s*(?:[-*•#>]+|\d+[.)])\s+")


@dataclass(frozen=True, slots=True)
class Given:
    """What every contestant is given, the same for all."""

    chat: Path
    """A GGUF file."""
    embed: Path
    """A sentence-transformers folder."""
    texts: dict[str, str]
    """Name of a document of the guide -> its text."""
    context: int
    threads: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer and the texts that it cites; "" stands for a number without a source."""

    text: str
    cited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    text: str
    """As shown."""
    sentences: tuple[Sentence, ...]
    passages: tuple[str, ...]
    """What the prompt contained of the guide."""
    first_token_s: float = 0.0
    """Seconds to the model's first token; 0 if that is the first that is shown."""


class Contestant(Protocol):
    """A program to compare with; it loads its models when it is created."""

    packages: tuple[str, ...]
    """Packages whose versions are printed."""

    def __init__(self, given: Given) -> None: ...

    def ask(self, question: str) -> Generator[str, None, Reply]:
        """Yield the answer piece by piece as it is shown, then return all of it."""
        ...


def split_sentences(text: str, sources: Sequence[str] = ()) -> tuple[Sentence, ...]:
    """Split a plain answer into its complete sentences, with the sources that their marks cite by number, from 1.

    A mark after a full stop belongs to the sentence before it. Introductory lines (ending in ":") and a last sentence
    that is cut off are left out.
    """
    text = re.sub(rf"([.!?])\s*((?:{CITATION_MARKS.pattern}\s*)+)", r" \2\1 ", text, flags=re.I)
    found = []
    for line in text.splitlines():
        for part in sentencex.segment("en", LINE_START.sub("", line)):
            numbers = [int(n) for mark in CITATION_MARKS.findall(part) for n in re.findall(r"\d+", mark)]
            bare = " ".join(CITATION_MARKS.sub(" ", part).replace("**", "").split())
            numbers += map(int, CITED_IN_WORDS.findall(bare))
            bare = re.sub(r"\s+([.,;!?])", r"\1", bare).strip()
            if re.search(r"\w.*[.!?][”\"')]*$", bare):
                at = (sources[n - 1] if 0 < n <= len(sources) else "" for n in dict.fromkeys(numbers))
                found.append(Sentence(bare, tuple(at) if sources else ()))
    return tuple(found)
