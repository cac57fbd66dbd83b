"""A checked draft made whole: with a quotation where it passed over the nearest sentence, or an honest no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.context import find_context, points_back
from assistant.answering.retrieve import Retrieval
from assistant.answering.sources import make_span, states
from assistant.answering.steps import choose_follow_ups
from assistant.answering.write import fill_citations, repeats
from assistant.language.english import ANNOUNCEMENT
from assistant.records import Answer, AnswerSentence, Citation
from index.chunking.chunk import Sentence
from index.chunking.words import split_words

QUOTED = 2
"""How many of the guide's own sentences are quoted when nothing of a draft is left."""

NOT_COVERED = "I can't find an answer to that in this guide, and I won't guess."

UNSUPPORTED = "what the model would say of it does not stand in the guide"


def complete_draft(draft: Answer, retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """The answer without its steps. Of an empty draft: quotations from the guide, or a no if coverage is doubtful."""
    if draft.sentences:
        return add_nearest(draft, retrieval)
    quoted = quote_nearest(draft, retrieval, QUOTED)
    if retrieval.doubtful or not quoted.sentences:
        return replace(decline(retrieval, asked), dropped=draft.dropped, reason=UNSUPPORTED)
    return quoted


def add_nearest(answer: Answer, retrieval: Retrieval) -> Answer:
    """The answer, with the sentence of the guide nearest to the question quoted if the model passed it over."""
    best = find_nearest(retrieval, 1)
    cited = {citation.span for sentence in answer.sentences for citation in sentence.support}
    if not best or best[0].support[0].span in cited or repeats(best[0].text, answer):
        return answer
    return fill_citations(replace(answer, sentences=(*answer.sentences, *best)))


def quote_nearest(answer: Answer, retrieval: Retrieval, most: int) -> Answer:
    """The answer, made of the `most` sentences of the guide that are nearest to the question."""
    return fill_citations(replace(answer, sentences=find_nearest(retrieval, most), quoted=True))


def find_nearest(retrieval: Retrieval, most: int) -> tuple[AnswerSentence, ...]:
    """The `most` sentences of the guide nearest to the question, as quotations, in the order of the passages.

    One that points back is quoted with the sentence before it.
    """
    ranked = sorted(
        (
            (one.match.score + cosine, one.number, quoted)
            for one in retrieval.selections
            for sentence, cosine in zip(one.match.chunk.sentences, one.match.sentences, strict=True)
            if _can_be_quoted(quoted := find_context(sentence, one.match.chunk.sentences), retrieval.same_question)
        ),
        key=lambda row: -row[0],
    )
    chosen: list[tuple[int, tuple[Sentence, ...]]] = []
    for _, number, quoted in ranked:
        overlaps = any(number == other and not set(quoted).isdisjoint(some) for other, some in chosen)
        if len(chosen) < most and not overlaps:
            chosen.append((number, quoted))
    return tuple(
        AnswerSentence(
            f"“{' '.join(sentence.plain for sentence in quoted)}”",
            tuple(Citation(number, make_span(sentence)) for sentence in reversed(quoted)),
        )
        for number, quoted in sorted(chosen, key=lambda row: (row[0], row[1][0].start))
    )


def _can_be_quoted(sentences: Sequence[Sentence], same_question: bool) -> bool:
    """Whether sentences state something, are no mere announcement, and answer no other question with yes or no."""
    return all(
        states(sentence)
        and not ANNOUNCEMENT.match(sentence.plain)
        and (same_question or split_words(sentence.plain)[:1] not in (["yes"], ["no"]))
        for sentence in sentences
    ) and not (len(sentences) > 1 and points_back(sentences[0].plain))


def decline(retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """An honest no, with the nearest questions that the guide does answer."""
    nearest = choose_follow_ups((match.chunk for match in retrieval.matches), asked)
    lines = [AnswerSentence(NOT_COVERED)]
    if nearest:
        lines.append(AnswerSentence("These are the nearest things it does answer:"))
    return Answer("not_covered", tuple(lines), follow_ups=nearest, reason=retrieval.reason)
