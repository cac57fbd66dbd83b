"""A person in danger is sent to people who can help, before anything else runs.

Three signals: patterns on the words and the likeness in meaning to examples, both from `care.toml`, which a person
can edit for their country; and what was fitted to thousands of labelled messages. Not here: judging how great a
danger is. A doubtful case gets the kind answer.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import sentencex

from assistant.errors import SettingsError
from assistant.llm.probes import Danger
from assistant.records import Answer, AnswerSentence, Contact
from assistant.settings import shipped_text
from index.embedding.embed import Vectors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIKELY, UNLIKELY = 0.1, -0.6
"""What is fitted takes a question for danger from the first; below the second it overrules a pattern."""

EXAMPLE_LIKENESS, EXAMPLE_LIKENESS_WITH_CLASSIFIER = 0.52, 0.70
"""Cosine to an example of danger from which a question is taken for it, without and with what is fitted..."""

MARGIN = 0.12
"""...if it is nearer to it than to every harmless example by this much."""

LONG_QUESTION, WINDOW = 60, 40
"""Words of a question that is also read in parts, and about how many a part has."""

WINDOW_COST = 0.3
"""What a part of a question must be surer by than the whole."""

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of danger and its answer."""

    name: str
    says: tuple[str, ...]
    contacts: tuple[Contact, ...]
    patterns: tuple[re.Pattern[str], ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CareBook:
    """What `care.toml` holds."""

    first: str
    last: str
    kinds: tuple[Kind, ...]
    harmless: tuple[re.Pattern[str], ...]
    harmless_examples: tuple[str, ...]


class Care:
    """Decides whether a question comes from someone in danger, or who is the danger.

    Args:
        embed: texts to unit vectors, as `Embedder.embed_questions`.
        fitted: for the same embedder; None if there is none.
        kept: the file in which the vectors of the examples are kept from start to start; None keeps none.
    """

    def __init__(self, embed: Embed, fitted: Danger | None = None, kept: Path | None = None) -> None:
        self._embed, self._kept = embed, kept
        self._fitted = fitted
        self._book = read_care_book()
        self._examples: Vectors | None = None

    def answer(self, question: str) -> Answer | None:
        """The kind answer with people to call; None if nothing in the question points to danger."""
        kind = self.match_patterns(question) or self.classify(question) or self.match_examples(question)
        if kind is None:
            return None
        lines = (self._book.first, *kind.says, self._book.last)
        return Answer("care", tuple(AnswerSentence(line) for line in lines), contacts=kind.contacts, reason=kind.name)

    def match_patterns(self, question: str) -> Kind | None:
        """The first kind one of whose patterns matches, figures of speech taken out, unless that is very unlikely."""
        words = self._without_figures(question)
        kind = next((kind for kind in self._book.kinds if any(p.search(words) for p in kind.patterns)), None)
        if kind and self._fitted and all(likely <= UNLIKELY for likely, _ in self._readings(question)):
            return None
        return kind

    def classify(self, question: str) -> Kind | None:
        """The kind of danger that what is fitted sees in the whole question, or clearly in a part of a long one."""
        if self._fitted is None:
            return None
        (whole, kind), *parts = self._readings(question)
        best, name = max([(whole, kind), *((likely - WINDOW_COST, name) for likely, name in parts)])
        return next((k for k in self._book.kinds if k.name == name), self._book.kinds[0]) if best > LIKELY else None

    def _readings(self, question: str) -> list[tuple[float, str]]:
        """What is fitted says of the whole question, and of each few sentences of a long one."""
        assert self._fitted is not None
        parts = split_into_windows(question) if len(question.split()) > LONG_QUESTION else []
        return [self._fitted.score(vector) for vector in self._embed([question, *parts])]

    def match_examples(self, question: str) -> Kind | None:
        """The kind with the nearest example, if it is near enough and nearer than what only sounds so."""
        if self._without_figures(question) != fold(question):
            return None
        kinds = [kind for kind in self._book.kinds for _ in kind.examples]
        cosines = (self._embed([question]) @ self._known().T)[0]
        danger, harmless = cosines[: len(kinds)], cosines[len(kinds) :]
        best = int(np.argmax(danger))
        alike = EXAMPLE_LIKENESS_WITH_CLASSIFIER if self._fitted else EXAMPLE_LIKENESS
        return kinds[best] if danger[best] >= alike and danger[best] >= harmless.max() + MARGIN else None

    def _known(self) -> Vectors:
        """The vectors of the examples, of danger and then harmless ones."""
        if self._examples is None:
            texts = [*(text for kind in self._book.kinds for text in kind.examples), *self._book.harmless_examples]
            self._examples = load_or_embed(self._kept, texts, self._embed)
        return self._examples

    def _without_figures(self, question: str) -> str:
        words = fold(question)
        for pattern in self._book.harmless:
            words = pattern.sub(" … ", words)
        return words


def load_or_embed(path: Path | None, texts: Sequence[str], embed: Embed) -> Vectors:
    """Vectors of texts, from a file if it holds those of just these texts, else made and kept there."""
    if path:
        with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile), np.load(path, allow_pickle=False) as kept:
            if kept["texts"].tolist() == list(texts):
                return np.asarray(kept["vectors"], dtype=np.float32)
    vectors = embed(texts)
    if path:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}.npz")
            np.savez(fresh, texts=np.array(texts), vectors=vectors)
            fresh.replace(path)
    return vectors


def split_into_windows(question: str) -> list[str]:
    """A text in parts of whole sentences, of about PART words."""
    parts: list[str] = []
    for sentence in sentencex.segment("en", question):
        joined = f"{parts[-1]} {sentence}" if parts else sentence
        if parts and len(joined.split()) <= WINDOW:
            parts[-1] = joined
        else:
            parts.append(sentence)
    return parts


def fold(text: str) -> str:
    """Lower case, plain apostrophes, single spaces: what the patterns are written for."""
    return " ".join(text.casefold().replace("’", "'").replace("`", "'").split())


@cache
def read_care_book() -> CareBook:
    """`care.toml`, read once; SettingsError names what is wrong with it."""
    try:
        book = tomllib.loads(shipped_text("care.toml"))
        contacts = {name: Contact(who, number, country) for name, (country, who, number) in book["contacts"].items()}
        kinds = tuple(_read_kind(kept, contacts, book["words"]) for kept in book["kind"])
        harmless = _compile_patterns(book["harmless"]["patterns"], book["words"])
        return CareBook(
            book["text"]["first"], book["text"]["last"], kinds, harmless, tuple(book["harmless"]["examples"])
        )
    except (OSError, ValueError, KeyError, TypeError, re.error) as error:
        raise SettingsError(
            f"assistant/care.toml cannot be used ({error!r})", "Mend it, or take it from the source."
        ) from error


def _read_kind(kept: dict[str, Any], contacts: dict[str, Contact], words: dict[str, str]) -> Kind:
    people = tuple(contacts[name] for name in kept["contacts"])
    return Kind(
        kept["name"], tuple(kept["says"]), people, _compile_patterns(kept["patterns"], words), tuple(kept["examples"])
    )


def _compile_patterns(patterns: Sequence[str], words: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    """Compiled, with the named words put in their places."""
    full = []
    for pattern in patterns:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        full.append(re.compile(pattern))
    return tuple(full)
