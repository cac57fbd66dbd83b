"""The draft: the local model words an answer, and each sentence of it is shown only if the guide supports it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

import sentencex

from assistant.clock import Clock
from assistant.ground import Grounder
from assistant.parts import Parts
from assistant.prompt import answer_prompt
from assistant.records import Answer, AnswerSentence, Passage, Span
from assistant.retrieve import Retrieval
from assistant.sources import passage_of
from assistant.steps import without_link
from index.words import FUNCTION_WORDS, terms, words

VERDICTS = ("yes", "no")

REPEATED = 0.2
"""Of the telling words of a sentence: one that brings fewer new ones only repeats another."""


def worded(
    parts: Parts, retrieval: Retrieval, asked: str, clock: Clock, variation: int, length: tuple[int, int]
) -> Iterator[Answer]:
    """The draft, sentence by sentence: each is shown only when the guide supports it.

    Args:
        length: sentences kept, then the model is stopped; and the most tokens that it may word.
    """
    most, limit = length
    grounder = Grounder(retrieval.found, parts.supports, f"{retrieval.earlier} {asked}")
    answer = Answer("answered", passages=passages_of(retrieval))
    prompt = answer_prompt(retrieval.notes, asked, retrieval.earlier)
    with closing(parts.model.stream(prompt, limit, clock.usage, variation)) as pieces:
        yield answer
        for drafted in sentences(clock.watched(pieces)):
            if drafted is None:
                yield answer
                continue
            sentence = drafted if retrieval.same_question else without_opening(drafted, asked)
            support = () if repeats(sentence, answer) else grounder.support(sentence)
            cited_now = {number for earlier in answer.sentences for number in earlier.citations}
            if support and (not cited_now or grounder.bears(support, cited_now)):
                kept = AnswerSentence(without_link(sentence), support)
                answer = cited(replace(answer, sentences=(*answer.sentences, kept)))
            else:
                answer = replace(answer, dropped=(*answer.dropped, sentence))
            yield answer
            if len(answer.sentences) == most:
                break
    yield replace(answer, cut_short=clock.usage.cut_short)


def sentences(pieces: Iterable[str]) -> Iterator[str | None]:
    """The sentences of a text that comes in pieces, each as soon as the next begins; an unfinished end is left out.

    None stands for a piece that ended no sentence, so that whoever listens may stop the model between tokens.
    """
    text = ""
    for piece in pieces:
        text += piece
        yield None
        if re.search(r"[.!?\n]", text) and text.count("“") == text.count("”") and text.count('"') % 2 == 0:
            *whole, text = _split(text)
            yield from filter(None, (sentence.strip(" \n-*") for sentence in whole))
    whole = [sentence.strip(" \n-*") for sentence in _split(text)]
    yield from (sentence for sentence in whole if sentence.rstrip("”\"')*").endswith((".", "!", "?")))


def _split(text: str) -> list[str]:
    """A text at the ends of its sentences; nothing is lost."""
    return [str(part) for line in text.splitlines(keepends=True) for part in sentencex.segment("en", line)] or [""]


def repeats(sentence: str, answer: Answer) -> bool:
    """Whether a sentence says hardly anything that one of the answer's has not said."""
    telling = terms(sentence)
    return any(len(telling - terms(said.text)) <= REPEATED * len(telling) for said in answer.sentences)


def without_opening(sentence: str, asked: str) -> str:
    """A sentence without its yes or no, or another single word that the person put into the model's mouth.

    The check sees what a sentence says, but not what it says yes to.
    """
    opening = re.match(r"(\w+)(?:[,.!:;–—-]+\s+(?=\w)|\s+(?=(?P<anew>(?!I\b)[A-Z])))", sentence)
    if not opening or opening[1].casefold() not in (*VERDICTS, *words(asked)):
        return sentence
    if opening["anew"] and opening[1].casefold() in FUNCTION_WORDS:  # "When Ann ..."
        return sentence
    rest = sentence[opening.end() :]
    return rest[:1].upper() + rest[1:]


def passages_of(retrieval: Retrieval) -> tuple[Passage, ...]:
    """What goes before the model, numbered from 1."""
    found = enumerate(retrieval.found, start=1)
    return tuple(passage_of(one.match.chunk, number, one.match.score) for number, one in found)


def cited(answer: Answer) -> Answer:
    """The answer with each passage's cited sentences filled in."""
    spans: dict[int, set[Span]] = {}
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        spans.setdefault(citation.number, set()).add(citation.span)
    passages = (
        replace(p, cited=tuple(sorted(spans.get(p.number, ()), key=lambda span: span.start))) for p in answer.passages
    )
    return replace(answer, passages=tuple(passages))
