"""A generator of traps: sentences that look like a guide's own, but say what it does not say.

Each is made by rule from a sentence of the guide: one of its numbers or words is exchanged, its negation flipped, its
condition dropped, or halves of two sentences are joined. The guide's own sentences, which must pass, are checked too.
In any guide a few traps turn out to be true, because another sentence says so or because nothing depended on the
change: read the traps that passed before you believe the rate.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from assistant.answering.sources import states
from assistant.language.english import CONDITION, DENIED, MODALITIES, NEGATED, OPPOSITES, ROLES, WIDENED
from assistant.records import CheckedSentence
from index.chunking.chunk import Chunk
from index.chunking.words import split_words
from index.progress import Progress

OWN = "own"
"""The kind of a sentence that the guide says as it stands."""

LEAST_WORDS = 5
"""No traps are made from a sentence with fewer words."""

_NUMBER = re.compile(r"(?<![\w.,:-])\d+(?:[.,:]\d+)*(?![\w-])")
_CLAUSE = re.compile(r"(?:,|;) (?=and |but |so |because |which )|; ")


@dataclass(frozen=True, slots=True)
class Trap:
    """A sentence to be checked."""

    kind: str
    """What was done to it, or `OWN`."""
    text: str
    source: str
    """The sentence of the guide that it was made from."""

    @property
    def holds(self) -> bool:
        """Whether the guide says it."""
        return self.kind == OWN


@dataclass(frozen=True, slots=True)
class TrapReport:
    """How many traps of one guide passed the check."""

    kinds: dict[str, tuple[int, int]]
    """Kind -> how many passed, and of how many; of `OWN` all should pass, of any other kind none."""
    wrong: tuple[Trap, ...]
    """The traps that passed, and the guide's own sentences that did not."""


def make_traps(chunks: Sequence[Chunk], most: int) -> tuple[Trap, ...]:
    """Traps about a guide, and some of its own sentences; the same ones each time.

    Args:
        most: how many of each kind, and of the guide's own sentences.
    """
    sentences = [
        sentence.plain
        for chunk in chunks
        for sentence in chunk.sentences
        if states(sentence) and len(split_words(sentence.plain)) >= LEAST_WORDS
    ]
    known = frozenset(sentences)
    made: defaultdict[str, list[Trap]] = defaultdict(list)
    for at, sentence in enumerate(sentences):
        made[OWN].append(Trap(OWN, sentence, sentence))
        for kind, make in MAKERS.items():
            for text in make(sentence, sentences[at + 1 :][:3]):
                if text not in known and text != sentence:
                    made[kind].append(Trap(kind, text, sentence))
    return tuple(trap for kind in sorted(made) for trap in sorted(made[kind], key=_hash)[:most])


def measure_traps(traps: Sequence[Trap], check: Callable[[str], CheckedSentence], progress: Progress) -> TrapReport:
    """Check each trap alone."""
    counts: dict[str, tuple[int, int]] = {}
    wrong = []
    for done, trap in enumerate(traps, start=1):
        stands = check(trap.text).supported is True
        stood, of = counts.get(trap.kind, (0, 0))
        counts[trap.kind] = (stood + stands, of + 1)
        if stands != trap.holds:
            wrong.append(trap)
        progress(done, len(traps))
    return TrapReport(counts, tuple(wrong))


def _hash(trap: Trap) -> str:
    return sha256(trap.text.encode()).hexdigest()


def _change_number(sentence: str, following: Sequence[str]) -> Iterator[str]:
    """One number for another: of the same sentence, else one that differs in its first digit."""
    found = list(_NUMBER.finditer(sentence))
    if len({one[0] for one in found}) > 1:
        first, second = found[0], next(one for one in found if one[0] != found[0][0])
        yield (
            sentence[: first.start()] + second[0] + sentence[first.end() : second.start()] + first[0]
            + sentence[second.end() :]
        )  # fmt: skip
    for one in found[:1]:
        digit = str(int(one[0][0]) % 9 + 1)
        yield sentence[: one.start()] + digit + sentence[one.start() + 1 :]


def _negate(sentence: str, following: Sequence[str]) -> Iterator[str]:
    for pattern, replacement in NEGATED:
        text, count = re.subn(pattern, replacement, sentence, count=1, flags=re.IGNORECASE)
        if count:
            yield _capitalize(text)
            return


def _drop_condition(sentence: str, following: Sequence[str]) -> Iterator[str]:
    """The sentence without its condition, at its end or at its beginning."""
    if found := re.search(rf",? (?:(?:and|but) )?{CONDITION}[^,;:]*(?=[.]$)", sentence):
        yield sentence[: found.start()] + "."
    elif found := re.match(rf"{CONDITION}[^,;:]*, (?=\w)", sentence, re.IGNORECASE):
        yield _capitalize(sentence[found.end() :])


def _replace(words: Sequence[tuple[str, str]]) -> Callable[[str, Sequence[str]], Iterator[str]]:
    """A maker that replaces the first of the words that it finds with its counterpart."""

    def make(sentence: str, following: Sequence[str]) -> Iterator[str]:
        for word, other in words:
            text, count = re.subn(rf"\b{word}\b", other, sentence, count=1, flags=re.IGNORECASE)
            if count:
                yield _capitalize(text)
                return

    return make


def _exchange_roles(sentence: str, following: Sequence[str]) -> Iterator[str]:
    found = ROLES.search(sentence)
    if found and found["one"].casefold() != found["other"].casefold():
        one, other = found["one"], found["other"]
        if one[0].isupper():
            one, other = one[0].lower() + one[1:], _capitalize(other)
        yield sentence[: found.start()] + other + found["verb"] + one + sentence[found.end() :]


def _affirm_denied(sentence: str, following: Sequence[str]) -> Iterator[str]:
    if found := DENIED.match(sentence):
        yield _capitalize(found["denied"]).rstrip(".") + "."


def _glue(sentence: str, following: Sequence[str]) -> Iterator[str]:
    """The first half of the sentence, and the second half of another one soon after it."""
    parts = _CLAUSE.split(sentence, maxsplit=1)
    for other in following if len(parts) == 2 else ():
        others = _CLAUSE.split(other, maxsplit=1)
        if len(others) == 2:
            yield f"{parts[0]}, {others[1]}"
            return


def _add_cause(sentence: str, following: Sequence[str]) -> Iterator[str]:
    """Two consecutive sentences, the second given as the cause of the first."""
    if following and len(sentence) + len(following[0]) < 160 and following[0][:1].isupper():
        yield f"{sentence.rstrip('.')} because {following[0][0].lower()}{following[0][1:]}"


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


MAKERS: dict[str, Callable[[str, Sequence[str]], Iterator[str]]] = {
    "number": _change_number,
    "negation": _negate,
    "condition": _drop_condition,
    "quantifier": _replace(tuple(WIDENED.items())),
    "modality": _replace(tuple(MODALITIES.items())),
    "opposite": _replace((*OPPOSITES, *((b, a) for a, b in OPPOSITES))),
    "role": _exchange_roles,
    "myth": _affirm_denied,
    "glue": _glue,
    "cause": _add_cause,
}
"""Kind of trap -> the function that makes such traps from a sentence and the three that follow it."""
