"""Joins two answers: one from the structure of the guide, and one to what else was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from assistant.answering.quote import NEARLY, UNANSWERED, fill_citations
from assistant.answering.structure import ToldAnswer
from assistant.records import Answer, AnswerSentence, Citation, Passage, map_answers


def join_answers(told: ToldAnswer, answers: Iterable[Answer]) -> Iterator[Answer]:
    """Yield the first answer, then it joined to each answer to the rest; the very same object while none is new."""
    yield replace(told.answer, listed=False, stage="writing")
    yield from map_answers(partial(_join, told), answers)


def _join(told: ToldAnswer, answer: Answer) -> Answer:
    """Both as one answer, with an honest word if the guide does not answer the second."""
    known = {_locate(passage): passage.number for passage in told.answer.passages}
    come = (*answer.passages, *(step.passage for step in answer.next_steps))
    for passage in come:
        known.setdefault(_locate(passage), len(known) + 1)
    numbers = {passage.number: known[_locate(passage)] for passage in come}
    sentences = tuple(
        replace(one, support=tuple(Citation(numbers[cited.number], cited.span) for cited in one.support))
        for one in answer.sentences
    )
    if answer.status == "not_covered":
        sentences = (AnswerSentence(UNANSWERED.format(told.rest)),)
    elif answer.status == "nearest":
        sentences = (AnswerSentence(NEARLY.format(told.rest)), *sentences)
    said = {(passage.source, span) for passage in told.answer.passages for span in passage.cited}
    steps = tuple(
        replace(step, passage=replace(step.passage, number=numbers[step.passage.number]))
        for step in answer.next_steps
        if not any((step.passage.source, span) in said for span in step.passage.cited)
    )
    new = (replace(one, number=numbers[one.number]) for one in answer.passages)
    passages = {one.number: one for one in (*new, *told.answer.passages)}
    joined = replace(
        answer,
        status="answered",
        sentences=(*told.answer.sentences, *sentences),
        passages=tuple(passages[number] for number in sorted(passages)),
        next_steps=steps,
        listed=False,
        reason="",
    )
    return fill_citations(joined)


def _locate(passage: Passage) -> tuple[str, int]:
    """Where a passage stands."""
    return passage.source, passage.start
