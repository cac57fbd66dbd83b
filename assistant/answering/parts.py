"""Several questions at once: each is looked up alone, and what answers them goes into one answer.

The vector of two questions lies between theirs, and is often nearest to text that answers neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sentencex

from assistant.answering.codes import split_codes
from assistant.answering.retrieve import PASSAGES, Quotation, Retrieval, Selection
from assistant.answering.sources import asks
from assistant.language.english import (
    JOINS_QUESTION,
    LANGUAGE,
    NEXT_QUESTION,
    OPENS_QUESTION,
    PLEASANTRY,
    WHOLE_QUESTION,
)
from index.search import Match

_BEHIND_MARKS = re.compile(r"(?<=[?？])[!?？]*\s+")

MOST_PARTS, MOST_WORDS = 4, 60
"""A text of more questions or more words is not split: it is a story, and its questions lean on it."""

LEAST_WORDS, LEAST_LISTED = 3, 2
"""The fewest words of a part, and of a part in a list."""

LISTED = 3
"""The fewest questions that make a list, in which a comma alone may stand between two."""


@dataclass(frozen=True, slots=True)
class OpenPart:
    """One of several questions, which the guide does not answer."""

    retrieval: Retrieval
    """What was found for it, with its quotations."""
    is_near: bool
    """Whether the first of these is near enough to be quoted for it."""


def split_question(question: str) -> tuple[str, ...]:
    """The questions that a text asks, in order, each with the statements before it; one if it asks a single thing."""
    if len(question.split()) > MOST_WORDS:
        return (question,)
    sentences = [one for one in _split_sentences(question) if not PLEASANTRY.fullmatch(one)]
    parts: list[str] = []
    told = ""
    for sentence in sentences:
        told = f"{told} {sentence}".strip()
        if asks(sentence) or len(sentences) == 1:
            parts += [part for one in _split_sentence(told) for part in split_codes(one)]
            told = ""
    if told and parts:
        last = JOINS_QUESTION.sub("", told)
        if told != sentences[-1] or not WHOLE_QUESTION.match(last):
            return (question,)
        parts.append(last)  # its question mark was forgotten
    if not 1 < len(parts) <= MOST_PARTS:
        return (question,)
    return tuple(map(add_mark, parts))


def add_mark(question: str) -> str:
    """A question with its mark, which may have been left out."""
    return question if asks(question) else f"{question.rstrip(' .,;:!?…')}?"


def _split_sentences(text: str) -> list[str]:
    """The sentences of a text; a question ends at its marks, even if the next begins small ("what is it? when ...")."""
    sentences: list[str] = []
    for one in sentencex.segment(LANGUAGE, text):
        sentence = str(one).strip()
        pieces = _BEHIND_MARKS.split(sentence)
        sentences += pieces if all(map(WHOLE_QUESTION.match, pieces)) else [sentence]
    return [one for one in sentences if one]


def _split_sentence(text: str) -> list[str]:
    """Cut a question, with what is stated before it, where the next begins; at commas alone only in a list of three."""
    parts = _cut(text, commas=True)
    return parts if len(parts) >= LISTED else _cut(text, commas=False)


def _cut(text: str, commas: bool) -> list[str]:
    parts, start, least = [], 0, LEAST_LISTED if commas else LEAST_WORDS
    for cut in NEXT_QUESTION.finditer(text):
        if cut["comma"] and not commas:
            continue
        one, other = text[start : cut.start()], text[cut.end() :]
        opens = WHOLE_QUESTION if cut["comma"] else OPENS_QUESTION
        if min(len(one.split()), len(other.split())) >= least and opens.search(one):
            parts.append(one.strip())
            start = cut.end()
    return [*parts, text[start:].strip()]


def join_retrievals(question: str, earlier: str, parts: Sequence[Retrieval]) -> Retrieval:
    """One retrieval out of several: the best quotation of each, and an equal share of what is shown to the model.

    Args:
        question, earlier: as in `Retrieval`.
        parts: each with at least one quotation.
    """
    every = sorted((match for part in parts for match in part.matches), key=lambda match: -match.score)
    matches: dict[str, Match] = {}
    for match in every:
        matches.setdefault(match.chunk.id, match)
    chosen: dict[str, Selection] = {}
    for part in parts:
        first = part.quotations[0].number
        for one in sorted(part.selections, key=lambda one: one.number != first)[: max(1, PASSAGES // len(parts))]:
            known = chosen.get(one.match.chunk.id, one)
            sentences = tuple(dict.fromkeys((*known.sentences, *one.sentences)))
            chosen[one.match.chunk.id] = replace(one, number=0, sentences=sentences)
    numbers = {chunk: number for number, chunk in enumerate(chosen, start=1)}
    quotations: dict[tuple[int, ...], Quotation] = {}
    for part in parts:
        best = part.quotations[0]
        chunk = part.find_match(best).chunk
        places = tuple(sentence.start for sentence in best.sentences)
        quotations.setdefault((numbers[chunk.id], *places), replace(best, number=numbers[chunk.id]))
    return Retrieval(
        question,
        earlier,
        tuple(matches.values()),
        tuple(replace(one, number=numbers[chunk]) for chunk, one in chosen.items()),
        quotations=tuple(quotations.values()),
        leads=len(quotations),
        logit=min((part.logit for part in parts if part.logit is not None), default=None),
    )
