"""Whether a sentence can be understood without the one before it, and what to do if it cannot."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.language.english import BACK_REFERENCE, DANGLING, PURPOSE_FIRST
from assistant.records import Span
from index.chunking.chunk import Sentence
from index.chunking.words import extract_terms

HELD = 0.5
"""Share of the telling words of a purpose that what follows it must be said of."""


def points_back(sentence: str) -> bool:
    """Whether a sentence begins by pointing to the one before: "This way, ...", "To achieve this, ...", "They ..."."""
    return bool(BACK_REFERENCE.match(sentence))


def is_understood(claim: str, span: Span, sentences: Iterable[Sentence], said: Iterable[Span]) -> bool:
    """Whether it is clear what a sentence of an answer points back to, if it does.

    Args:
        span: the sentence of the guide that supports it best. If that does not point back itself, the sentence of the
            answer has its meaning from somewhere else, and the check has judged it.
        sentences: of the same chunk of the guide, in their order; the first of them may point to its heading.
        said: what the sentence of the answer before this one cites.
    """
    if not (points_back(claim) and points_back(span.shown)):
        return True
    before = None
    for sentence in sentences:
        if sentence.start == span.start:
            return before is None or before in {one.start for one in said}
        before = sentence.start
    return True


def split_purpose(sentence: str) -> tuple[str, str]:
    """The purpose that opens a sentence ("To listen well, "), and the rest as a sentence of its own.

    The purpose is empty if there is none, or if the rest would not be understood without it.
    """
    found = PURPOSE_FIRST.match(sentence)
    rest = sentence[found.end() :] if found else ""
    if not found or DANGLING.search(rest):
        return "", sentence
    return found[0], rest[:1].upper() + rest[1:]


def remove_back_reference(sentence: str) -> str:
    """A sentence without an opening purpose that points back ("To achieve this, ...")."""
    purpose, rest = split_purpose(sentence)
    return rest if purpose and points_back(purpose) else sentence


def is_held(purpose: str, evidence: str) -> bool:
    """Whether evidence speaks of a purpose: an answer must not take its purpose from the question alone."""
    telling = extract_terms(purpose)
    return len(telling & extract_terms(evidence)) >= HELD * len(telling)
