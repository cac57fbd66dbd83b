"""The guide's own words: what an answer begins with, and all of an answer that is not worded by the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering.context import find_context, points_back
from assistant.answering.retrieve import Retrieval
from assistant.answering.sources import make_passage, make_span, states
from assistant.answering.steps import add_cited_steps, choose_follow_ups
from assistant.language.english import ANNOUNCEMENT
from assistant.records import Answer, AnswerSentence, Citation, Passage, Span
from index.chunking.chunk import Sentence
from index.chunking.words import split_words
from index.search import Match

QUOTED_NEAREST = 3
"""The most sentences that are quoted where the guide may not answer."""

WORDS_WEIGHT = 0.1
"""Weight of the share of the question's words that a sentence holds, beside the score of its chunk and its cosine."""

NEAR_BEST = 0.75
"""Share of the best sentence's score; a sentence below it is not quoted."""

NOT_COVERED = "I can't find an answer to that in this guide, and I won't guess."

PERHAPS, HARDLY = "what is near it may not answer it", "nothing in the guide is likely to answer it"
NOTHING_TO_QUOTE = "nothing near it can be quoted"
"""Why a question is not answered."""


def begin_answer(retrieval: Retrieval) -> Answer:
    """The answer before anything is worded: the sentence of the guide that answers best, if it can be quoted."""
    return quote(retrieval, 1)


def quote_nearest(retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """The nearest that the guide comes to a question that it may not answer; a no if nothing can be quoted."""
    answer = quote(retrieval, QUOTED_NEAREST)
    if not answer.sentences:
        return decline(retrieval, asked, NOTHING_TO_QUOTE)
    return add_cited_steps(replace(answer, status="nearest", reason=PERHAPS, stage="whole"), retrieval.matches, asked)


def decline(retrieval: Retrieval, asked: Sequence[str], reason: str = HARDLY) -> Answer:
    """An honest no, with the nearest questions that the guide does answer."""
    nearest = choose_follow_ups((match.chunk for match in retrieval.matches), asked)
    lines = [AnswerSentence(NOT_COVERED)]
    if nearest:
        lines.append(AnswerSentence("These are the nearest things it does answer:"))
    return Answer("not_covered", tuple(lines), follow_ups=nearest, reason=reason)


def quote(retrieval: Retrieval, most: int) -> Answer:
    """An answer of up to `most` sentences of the guide that are nearest to the question, with all passages."""
    return fill_citations(Answer("answered", find_best(retrieval, most), make_passages(retrieval), stage="writing"))


def find_best(retrieval: Retrieval, most: int) -> tuple[AnswerSentence, ...]:
    """Up to `most` sentences of the guide nearest to the question, as quotations, best first.

    One that points back is quoted with the sentence before it.
    """
    ranked = sorted(
        (
            (one.match.score + cosine + WORDS_WEIGHT * share, one.number, quoted)
            for one in retrieval.selections
            for sentence, cosine, share in _list_sentences(one.match)
            if _can_be_quoted(quoted := find_context(sentence, one.match.chunk.sentences), retrieval.same_question)
        ),
        key=lambda row: -row[0],
    )
    chosen: list[tuple[int, tuple[Sentence, ...]]] = []
    for score, number, quoted in ranked:
        overlaps = any(number == other and not set(quoted).isdisjoint(some) for other, some in chosen)
        if len(chosen) < most and not overlaps and (not chosen or score >= NEAR_BEST * ranked[0][0]):
            chosen.append((number, quoted))
    return tuple(
        AnswerSentence(
            f"“{' '.join(sentence.plain for sentence in quoted)}”",
            tuple(Citation(number, make_span(sentence)) for sentence in reversed(quoted)),
        )
        for number, quoted in chosen
    )


def _list_sentences(match: Match) -> Iterator[tuple[Sentence, float, float]]:
    """(sentence, its cosine, share of the question's words that it holds)"""
    return zip(match.chunk.sentences, match.sentences, match.words, strict=True)


def _can_be_quoted(sentences: Sequence[Sentence], same_question: bool) -> bool:
    """Whether sentences state something, are no mere announcement, and answer no other question with yes or no."""
    return all(
        states(sentence)
        and not ANNOUNCEMENT.match(sentence.plain)
        and (same_question or split_words(sentence.plain)[:1] not in (["yes"], ["no"]))
        for sentence in sentences
    ) and not (len(sentences) > 1 and points_back(sentences[0].plain))


def make_passages(retrieval: Retrieval) -> tuple[Passage, ...]:
    """The passages that go before the model, with their numbers."""
    return tuple(make_passage(one.match.chunk, one.number, one.match.score) for one in retrieval.selections)


def fill_citations(answer: Answer) -> Answer:
    """The answer, with the sentences that it cites noted in each passage."""
    spans: dict[int, set[Span]] = {}
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        spans.setdefault(citation.number, set()).add(citation.span)
    passages = (
        replace(p, cited=tuple(sorted(spans.get(p.number, ()), key=lambda span: span.start))) for p in answer.passages
    )
    return replace(answer, passages=tuple(passages))
