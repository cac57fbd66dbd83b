"""Whether a sentence can be understood without the one before it, and what to do if it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.language.english import BACK_REFERENCE, CONDITION, DANGLING, OPENING_CLAUSE
from assistant.records import Span
from index.chunking.chunk import Sentence
from index.chunking.words import extract_terms

BEFORE = 2
"""How many sentences back a sentence of the guide may point."""

HELD = 0.5
"""Share of the content words of an opening clause that the evidence must hold."""


def points_back(sentence: str) -> bool:
    """Whether a sentence begins by pointing to the one before: "This way, ...", "To achieve this, ...", "They ..."."""
    return bool(BACK_REFERENCE.match(sentence))


def is_understood(claim: str, span: Span, sentences: Sequence[Sentence], said: Iterable[Span]) -> bool:
    """Whether it is clear what a sentence of an answer points back to, if it does.

    Args:
        span: the sentence of the guide that supports it best. If that does not point back itself, the sentence of the
            answer gets its meaning from elsewhere, and the check has judged it.
        sentences: those of the same chunk of the guide, in order; the first of them may point to its heading.
        said: what the previous sentence of the answer cites.
    """
    if not (points_back(claim) and points_back(span.shown)):
        return True
    at = next((at for at, sentence in enumerate(sentences) if sentence.start == span.start), 0)
    near = {sentence.start for sentence in sentences[max(0, at - BEFORE) : at]}
    return at == 0 or not near.isdisjoint(one.start for one in said)


def find_context(sentence: Sentence, sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """A sentence of the guide, and the one before it in its chunk if it points back to that."""
    at = sentences.index(sentence)
    return sentences[at - 1 : at + 1] if at and points_back(sentence.plain) else (sentence,)


def split_opening(sentence: str) -> tuple[str, str]:
    """The purpose, condition or cause that opens a sentence ("To listen well, "), and the rest as a sentence.

    The first is empty if there is none, or if the rest would not be understood without it.
    """
    found = OPENING_CLAUSE.match(sentence)
    rest = sentence[found.end() :] if found else ""
    if not found or DANGLING.search(rest):
        return "", sentence
    return found[0], rest[:1].upper() + rest[1:]


def remove_back_reference(sentence: str) -> str:
    """A sentence without an opening clause that points back ("To achieve this, ...")."""
    opening, rest = split_opening(sentence)
    return rest if opening and points_back(opening) else sentence


def is_held(opening: str, evidence: str) -> bool:
    """Whether evidence covers an opening clause; a small model tends to take one from the question."""
    telling = extract_terms(opening)
    return len(telling & extract_terms(evidence)) >= HELD * len(telling)


def count_conditions(text: str) -> int:
    """How many conditions and exceptions a text has."""
    return len(re.findall(CONDITION, text, re.IGNORECASE))
