"""One answer of two: what was told from the structure of the guide, and what else was asked beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from assistant.answering.quote import NEARLY, UNANSWERED
from assistant.answering.structure import ToldAnswer
from assistant.records import Answer, AnswerSentence, Citation, Passage, map_answers


def join_answers(told: ToldAnswer, answers: Iterable[Answer]) -> Iterator[Answer]:
    """Yield what was told, then each answer to the rest behind it; the very same object as long as none is new."""
    yield replace(told.answer, listed=False, stage="writing")
    yield from map_answers(partial(_join, told), answers)


def _join(told: ToldAnswer, answer: Answer) -> Answer:
    """One answer of both, with an honest word if the guide does not answer the second."""
    behind = len(told.answer.passages)
    sentences = tuple(
        replace(one, support=tuple(Citation(cited.number + behind, cited.span) for cited in one.support))
        for one in answer.sentences
    )
    if answer.status == "not_covered":
        sentences = (AnswerSentence(UNANSWERED.format(told.rest)),)
    elif answer.status == "nearest":
        sentences = (AnswerSentence(NEARLY.format(told.rest)), *sentences)
    steps = tuple(replace(step, passage=_move(step.passage, behind)) for step in answer.next_steps)
    return replace(
        answer,
        status="answered",
        sentences=(*told.answer.sentences, *sentences),
        passages=(*told.answer.passages, *(_move(passage, behind) for passage in answer.passages)),
        next_steps=steps,
        listed=False,
        reason="",
    )


def _move(passage: Passage, behind: int) -> Passage:
    """The same passage, behind so many others."""
    return replace(passage, number=passage.number + behind)
