"""A person in danger is sent to people who can help, before anything else runs.

Two signals, both from `care.toml`, which a person can edit for their country: patterns on the words, and the
likeness in meaning to examples. Not here: judging how great a danger is. A doubtful case gets the kind answer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from assistant.errors import SettingsError
from assistant.records import Answer, AnswerSentence, Contact
from assistant.settings import shipped_text
from index.embed import Vectors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALIKE = 0.52
"""Cosine to an example of danger from which a question is taken for it..."""

MARGIN = 0.12
"""...if it is nearer to it than to every harmless example by this much."""

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
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._book = care_book()
        self._examples: Vectors | None = None

    def answer(self, question: str) -> Answer | None:
        """The kind answer with people to call; None if nothing in the question points to danger."""
        kind = self.by_words(question) or self.by_meaning(question)
        if kind is None:
            return None
        lines = (self._book.first, *kind.says, self._book.last)
        return Answer("care", tuple(AnswerSentence(line) for line in lines), contacts=kind.contacts, reason=kind.name)

    def by_words(self, question: str) -> Kind | None:
        """The first kind one of whose patterns matches, figures of speech taken out."""
        words = self._without_figures(question)
        return next((kind for kind in self._book.kinds if any(p.search(words) for p in kind.patterns)), None)

    def by_meaning(self, question: str) -> Kind | None:
        """The kind with the nearest example, if it is near enough and nearer than what only sounds so."""
        if self._without_figures(question) != folded(question):
            return None
        kinds = [kind for kind in self._book.kinds for _ in kind.examples]
        if self._examples is None:
            texts = [text for kind in self._book.kinds for text in kind.examples]
            self._examples = self._embed([*texts, *self._book.harmless_examples])
        cosines = (self._embed([question]) @ self._examples.T)[0]
        danger, harmless = cosines[: len(kinds)], cosines[len(kinds) :]
        best = int(np.argmax(danger))
        return kinds[best] if danger[best] >= ALIKE and danger[best] >= harmless.max() + MARGIN else None

    def _without_figures(self, question: str) -> str:
        words = folded(question)
        for pattern in self._book.harmless:
            words = pattern.sub(" … ", words)
        return words


def folded(text: str) -> str:
    """Lower case, plain apostrophes, single spaces: what the patterns are written for."""
    return " ".join(text.casefold().replace("’", "'").replace("`", "'").split())


@cache
def care_book() -> CareBook:
    """`care.toml`, read once; SettingsError names what is wrong with it."""
    try:
        book = tomllib.loads(shipped_text("care.toml"))
        contacts = {name: Contact(who, number, country) for name, (country, who, number) in book["contacts"].items()}
        kinds = tuple(_kind(kept, contacts, book["words"]) for kept in book["kind"])
        harmless = _patterns(book["harmless"]["patterns"], book["words"])
        return CareBook(
            book["text"]["first"], book["text"]["last"], kinds, harmless, tuple(book["harmless"]["examples"])
        )
    except (OSError, ValueError, KeyError, TypeError, re.error) as error:
        raise SettingsError(
            f"assistant/care.toml cannot be used ({error!r})", "Mend it, or take it from the source."
        ) from error


def _kind(kept: dict[str, Any], contacts: dict[str, Contact], words: dict[str, str]) -> Kind:
    people = tuple(contacts[name] for name in kept["contacts"])
    return Kind(kept["name"], tuple(kept["says"]), people, _patterns(kept["patterns"], words), tuple(kept["examples"]))


def _patterns(patterns: Sequence[str], words: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    """Compiled, with the named words put in their places."""
    full = []
    for pattern in patterns:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        full.append(re.compile(pattern))
    return tuple(full)
