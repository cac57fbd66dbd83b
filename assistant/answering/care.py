"""Care: a person in danger is told whom to call, before anything else runs.

Three signals: patterns and examples from `care.toml`, which a person can edit for their country, and a classifier
fitted to thousands of labelled messages. How great a danger is, is not judged: in doubt, people to call are shown.
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
from assistant.llm.probes import DangerClassifier
from assistant.records import Answer, AnswerSentence, Contact
from assistant.settings import read_packaged_text
from index.embedding.embed import Vectors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIKELY, UNLIKELY = 0.1, -0.6
"""Score of the classifier above which a question is danger, and up to which it overrules a pattern."""

EXAMPLE_LIKENESS, EXAMPLE_LIKENESS_WITH_CLASSIFIER = 0.52, 0.70
"""Cosine to an example of danger from which a question is danger, without and with the classifier..."""

MARGIN = 0.12
"""...if it is nearer to that example than to every harmless one by this much."""

LONG_QUESTION, WINDOW = 60, 40
"""Words from which a question is also read in windows, and about how many words a window has."""

WINDOW_COST = 0.3
"""Taken from the score of a window, so that it must be clearer than the whole."""

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of danger: how it is recognised, and what is said then."""

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
    """Decides whether a question comes from someone who is in danger, or is a danger to others.

    Args:
        embed: `Embedder.embed_questions`, or its like: texts to unit vectors.
        classifier: fitted for the same embedder; None if there is none.
        cache: the file in which the vectors of the examples are kept between starts; None keeps none.
    """

    def __init__(self, embed: Embed, classifier: DangerClassifier | None = None, cache: Path | None = None) -> None:
        self._embed, self._cache = embed, cache
        self._classifier = classifier
        self._book = read_care_book()
        self._examples: Vectors | None = None

    def answer(self, question: str) -> Answer | None:
        """What to say and whom to call; None if nothing in the question points to danger."""
        kind = self.match_patterns(question) or self.classify(question) or self.match_examples(question)
        if kind is None:
            return None
        lines = (self._book.first, *kind.says, self._book.last)
        return Answer("care", tuple(AnswerSentence(line) for line in lines), contacts=kind.contacts, reason=kind.name)

    def match_patterns(self, question: str) -> Kind | None:
        """The first kind with a pattern that matches outside figures of speech, unless the classifier overrules it."""
        words = self._remove_figures(question)
        kind = next((kind for kind in self._book.kinds if any(p.search(words) for p in kind.patterns)), None)
        if kind and self._classifier and all(likely <= UNLIKELY for likely, _ in self._score(question)):
            return None
        return kind

    def classify(self, question: str) -> Kind | None:
        """The kind that the classifier finds in the whole question, or more clearly in a window of a long one."""
        if self._classifier is None:
            return None
        (whole, kind), *parts = self._score(question)
        best, name = max([(whole, kind), *((likely - WINDOW_COST, name) for likely, name in parts)])
        return next((k for k in self._book.kinds if k.name == name), self._book.kinds[0]) if best > LIKELY else None

    def _score(self, question: str) -> list[tuple[float, str]]:
        """(score, kind) of the whole question, then of each window of a long one."""
        assert self._classifier is not None
        parts = split_into_windows(question) if len(question.split()) > LONG_QUESTION else []
        return [self._classifier.score(vector) for vector in self._embed([question, *parts])]

    def match_examples(self, question: str) -> Kind | None:
        """The kind with the nearest example, if that is near enough and clearly nearer than every harmless one."""
        if self._remove_figures(question) != fold(question):
            return None
        kinds = [kind for kind in self._book.kinds for _ in kind.examples]
        cosines = (self._embed([question]) @ self._embed_examples().T)[0]
        danger, harmless = cosines[: len(kinds)], cosines[len(kinds) :]
        best = int(np.argmax(danger))
        alike = EXAMPLE_LIKENESS_WITH_CLASSIFIER if self._classifier else EXAMPLE_LIKENESS
        return kinds[best] if danger[best] >= alike and danger[best] >= harmless.max() + MARGIN else None

    def _embed_examples(self) -> Vectors:
        """The vectors of the examples: danger first, then harmless ones."""
        if self._examples is None:
            texts = [*(text for kind in self._book.kinds for text in kind.examples), *self._book.harmless_examples]
            self._examples = load_or_embed(self._cache, texts, self._embed)
        return self._examples

    def _remove_figures(self, question: str) -> str:
        words = fold(question)
        for pattern in self._book.harmless:
            words = pattern.sub(" … ", words)
        return words


def load_or_embed(path: Path | None, texts: Sequence[str], embed: Embed) -> Vectors:
    """The vectors of texts: from a file that holds just these texts, else embedded and kept there."""
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
    """A text in windows of whole sentences, of about WINDOW words each."""
    parts: list[str] = []
    for sentence in sentencex.segment("en", question):
        joined = f"{parts[-1]} {sentence}" if parts else sentence
        if parts and len(joined.split()) <= WINDOW:
            parts[-1] = joined
        else:
            parts.append(sentence)
    return parts


def fold(text: str) -> str:
    """A text as the patterns expect it: lower case, plain apostrophes, single spaces."""
    return " ".join(text.casefold().replace("’", "'").replace("`", "'").split())


@cache
def read_care_book() -> CareBook:
    """`care.toml`, read once; SettingsError names what is wrong with it."""
    try:
        book = tomllib.loads(read_packaged_text("care.toml"))
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
    """The patterns compiled, with named groups of words filled in."""
    full = []
    for pattern in patterns:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        full.append(re.compile(pattern))
    return tuple(full)
