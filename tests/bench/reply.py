"""What a contestant is given and what it gives back; sentences and citation marks of a plain text."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import sentencex

BATCH = 512
"""Prompt tokens evaluated at once, for everyone: ours; the libraries' own values are slower."""

PENALTY = 1.05
"""On tokens that were there before, for everyone: ours. LangChain's is 1.1; LlamaIndex has none, and ran in circles."""

MARKS = re.compile(r"[\[(]\s*(?:sources?\s*:?\s*)?\d+(?:(?:\s*,\s*|\s*and\s*|\s*&\s*)(?:source\s*)?\d+)*\s*[\])]", re.I)
"""[1], [1, 2], [Source 1], (Source 1)."""

NAMED = re.compile(r"\bsources?\s+(\d+)", re.I)
LED = re.compile(r"^\s*(?:[-*•#>]+|\d+[.)])\s+")


@dataclass(frozen=True, slots=True)
class Given:
    """The same for every contestant."""

    chat: Path
    """A GGUF file."""
    embed: Path
    """A sentence-transformers folder."""
    texts: dict[str, str]
    """Name of a file of the guide -> its text."""
    context: int
    threads: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer and the texts that it cites; "" stands for a number that nothing has."""

    text: str
    cited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    text: str
    """As shown."""
    sentences: tuple[Sentence, ...]
    passages: tuple[str, ...]
    """What was put before the model."""
    first_token_s: float = 0.0
    """Of the model, if it is not the first that is shown; else 0."""


class Contestant(Protocol):
    """Loads its models when it is made."""

    packages: tuple[str, ...]
    """Whose versions are told."""

    def __init__(self, given: Given) -> None: ...

    def ask(self, question: str) -> Generator[str, None, Reply]:
        """The answer as it is shown, piece by piece, then all of it."""
        ...


def sentences(text: str, sources: Sequence[str] = ()) -> tuple[Sentence, ...]:
    """The whole sentences of a plain answer, with the sources that their marks name, numbered from 1.

    A mark behind a full stop belongs to the sentence before it. A line that only leads in (": ") and an end that is
    cut off are left out.
    """
    text = re.sub(rf"([.!?])\s*((?:{MARKS.pattern}\s*)+)", r" \2\1 ", text, flags=re.I)
    found = []
    for line in text.splitlines():
        for part in sentencex.segment("en", LED.sub("", line)):
            numbers = [int(n) for mark in MARKS.findall(part) for n in re.findall(r"\d+", mark)]
            bare = " ".join(MARKS.sub(" ", part).replace("**", "").split())
            numbers += map(int, NAMED.findall(bare))
            bare = re.sub(r"\s+([.,;!?])", r"\1", bare).strip()
            if re.search(r"\w.*[.!?][”\"')]*$", bare):
                at = (sources[n - 1] if 0 < n <= len(sources) else "" for n in dict.fromkeys(numbers))
                found.append(Sentence(bare, tuple(at) if sources else ()))
    return tuple(found)
