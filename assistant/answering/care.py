"""Care: a person in danger is told whom to call, before anything else runs.

Danger is found by a classifier, fitted to thousands of labelled messages, and by patterns from `care.toml`, which a
person can edit for their country. If they are sure, the whole answer is whom to call; if not, the question is answered,
with a quiet line above. With an embedder that nothing was fitted to, examples stand in for the classifier.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from assistant.answering.danger import DangerReader
from assistant.errors import SettingsError
from assistant.files import write_whole
from assistant.records import Answer, AnswerSentence, Concern, Contact
from assistant.settings import read_packaged_text
from index.embedding.embed import Vectors
from index.search import Searcher

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SURE, UNSURE = 1.9, -0.85
"""Log odds of danger from which a question surely comes from danger, and from which it may. Of harmless messages that
sound like danger, one in fifty is above the first, one in seven above the second. See `tests/bench/danger.py --fit`."""

PATTERN = 1.0
"""Added to the log odds if a pattern matches. Patterns find next to nothing that the classifier misses, but a person
can edit them."""

EXAMPLE_LIKENESS, MARGIN = 0.52, 0.12
"""Without the classifier: cosine to an example of danger from which a question counts as danger, if that cosine exceeds
the cosine to every harmless example by the margin."""

UNSAFE_LIKENESS = 0.5
"""Cosine to an example of unsafe advice from which a passage of the guide is not shown."""

AVOIDED = 12
"""The most chunks that are looked at for each example of unsafe advice."""

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of danger: how it is recognised, and what is said then."""

    name: str
    says: tuple[str, ...]
    contacts: tuple[Contact, ...]
    patterns: tuple[re.Pattern[str], ...]
    examples: tuple[str, ...]
    line: str
    """What is said above an answer to someone who may be in such danger."""
    unsafe: tuple[str, ...]
    """Advice that they must not be given then."""


@dataclass(frozen=True, slots=True)
class CareBook:
    """What `care.toml` holds."""

    first: str
    last: str
    kinds: tuple[Kind, ...]
    harmless: tuple[re.Pattern[str], ...]
    harmless_examples: tuple[str, ...]

    def find_kind(self, name: str) -> Kind:
        """The kind of that name; the first one if there is none."""
        return next((kind for kind in self.kinds if kind.name == name), self.kinds[0])

    def answer(self, kind: Kind) -> Answer:
        """What is said to a person in such danger, and whom to call."""
        said = tuple(AnswerSentence(line) for line in (self.first, *kind.says, self.last))
        return Answer("care", said, contacts=kind.contacts, reason=kind.name, care=Concern(kind.name, "sure"))


@dataclass(frozen=True, slots=True)
class Alarm:
    """A sign that the person who asks may be in danger, or be a danger to others."""

    kind: Kind
    sure: bool

    @property
    def concern(self) -> Concern:
        """What an answer says about it."""
        return Concern(self.kind.name, "sure" if self.sure else "unsure", "" if self.sure else self.kind.line)

    def mark(self, answer: Answer) -> Answer:
        """An answer with the quiet line and whom to call; without next steps where advice may be unsafe."""
        steps = () if self.kind.unsafe else answer.next_steps
        return replace(answer, care=self.concern, contacts=self.kind.contacts, next_steps=steps)


class Care:
    """Decides whether a question comes from someone who is in danger, or is a danger to others.

    Args:
        embed: `Embedder.embed_questions`, or its like: texts to unit vectors.
        reader: reads danger from a message; None if nothing was fitted to the embedder.
        cache: the file in which the vectors of the examples are kept between starts; None keeps none.
    """

    def __init__(self, embed: Embed, reader: DangerReader | None = None, cache: Path | None = None) -> None:
        self._embed, self._cache = embed, cache
        self._reader = reader
        self._book = read_care_book()
        self._examples: Vectors | None = None

    def assess(self, question: str, earlier: str = "") -> Alarm | None:
        """Whether a question points to danger; None if nothing in it does.

        Args:
            earlier: the question before, if this one leans on it: both are also read together.
        """
        pattern = self.match_patterns(question)
        if self._reader is None:
            kind = pattern or self.match_examples(question)
            return Alarm(kind, sure=True) if kind else None
        texts = [question, *([f"{earlier} {question}"] if earlier else [])]
        odds, name = max(self._reader.read(texts))
        odds += PATTERN if pattern else 0.0
        kind = pattern or self._book.find_kind(name)
        return Alarm(kind, odds >= SURE) if odds >= UNSURE else None

    def is_sure(self, question: str) -> bool:
        """Whether a question surely comes from someone in danger."""
        alarm = self.assess(question)
        return alarm is not None and alarm.sure

    def answer(self, alarm: Alarm) -> Answer:
        """What to say and whom to call."""
        return self._book.answer(alarm.kind)

    def match_patterns(self, question: str) -> Kind | None:
        """The first kind with a pattern that matches outside figures of speech."""
        words = self._remove_figures(question)
        return next((kind for kind in self._book.kinds if any(p.search(words) for p in kind.patterns)), None)

    def match_examples(self, question: str) -> Kind | None:
        """The kind with the nearest example, if that is near enough and clearly nearer than every harmless one."""
        if self._remove_figures(question) != fold(question):
            return None
        kinds = [kind for kind in self._book.kinds for _ in kind.examples]
        cosines = (self._embed([question]) @ self._embed_examples().T)[0]
        danger, harmless = cosines[: len(kinds)], cosines[len(kinds) :]
        best = int(np.argmax(danger))
        near = danger[best] >= max(EXAMPLE_LIKENESS, harmless.max() + MARGIN)
        return kinds[best] if near else None

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


def leave_out_unsafe(searcher: Searcher, unsafe: Sequence[str]) -> Searcher:
    """The same search without what may be unsafe advice for the person who asks.

    Args:
        unsafe: examples of such advice.
    """
    near = (match for example in unsafe for match in searcher.search(example, AVOIDED))
    return searcher.leave_out({m.chunk.id for m in near if max(m.sentences, default=0.0) >= UNSAFE_LIKENESS})


def load_or_embed(path: Path | None, texts: Sequence[str], embed: Embed) -> Vectors:
    """The vectors of texts: from a file that holds just these texts, else embedded and kept there."""
    if path:
        with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile), np.load(path, allow_pickle=False) as kept:
            if kept["texts"].tolist() == list(texts):
                return np.asarray(kept["vectors"], dtype=np.float32)
    vectors = embed(texts)
    if path:
        with suppress(OSError), write_whole(path) as fresh, fresh.open("wb") as file:
            np.savez(file, texts=np.array(texts), vectors=vectors)
    return vectors


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
    patterns = _compile_patterns(kept["patterns"], words)
    says, examples = (tuple(kept[name]) for name in ("says", "examples"))
    return Kind(kept["name"], says, people, patterns, examples, kept["line"], tuple(kept.get("unsafe", ())))


def _compile_patterns(patterns: Sequence[str], words: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    """The patterns compiled, with named groups of words filled in."""
    full = []
    for pattern in patterns:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        full.append(re.compile(pattern))
    return tuple(full)
