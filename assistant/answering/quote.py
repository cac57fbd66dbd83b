"""What the model does not word in an answer: above all the guide's own words, with which the answer begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answering.codes import TYPED, find_codes
from assistant.answering.context import find_context, points_back
from assistant.answering.parts import OpenPart
from assistant.answering.ranges import find_values, fits_ranges
from assistant.answering.retrieve import GAIN_WEIGHT, Quotation, Retrieval, list_gains
from assistant.answering.sources import make_passage, make_span, states
from assistant.answering.steps import add_cited_steps, choose_follow_ups
from assistant.language.english import ANNOUNCEMENT, GIVES_REASON, YES_OR_NO
from assistant.records import Answer, AnswerSentence, Citation, Passage, Span
from index.chunking.chunk import Sentence
from index.chunking.words import split_words
from index.search import Match

QUOTED = 3
"""The most quotations of a question. All are shown where the guide may not answer, else the best."""

WORDS_WEIGHT = 0.1
"""Weight of the share of the question's words that a sentence holds; added to its chunk's score and its cosine."""

SAID_COST = 0.2
"""Subtracted from a sentence's score if the earlier answer, on which this question leans, has quoted it. A table row
tells several things, and the next question is often about another cell of it."""

CODE = 0.3
"""Added to the score of a sentence that has a code from the question ("E3", "KM-40"). A code is meant exactly as typed,
but its vector is much like that of any other code."""

RANGE = 0.2
"""Added to the score of a sentence in one of whose ranges ("5 to 15", "7 days or more") a number of the question lies;
subtracted from one whose ranges leave all of them out, if another holds one. The numbers of a long question are not
compared."""

REASON = 0.1
"""Added to the score of a sentence that has words for a reason, if the question asks for one and stands alone."""

NEAR_BEST = 0.75
"""Share of the best sentence's score; a sentence below it is not quoted."""

NOT_COVERED = "I can't find an answer to that in this guide, and I won't guess."

PERHAPS, HARDLY = "what is near it may not answer it", "nothing in the guide is likely to answer it"
NOTHING_TO_QUOTE = "nothing near it can be quoted"
"""Why a question is not answered."""

UNANSWERED = "I can't find this in the guide: “{}”"
NEARLY = "The guide may not say this outright: “{}” The nearest it comes:"
"""Shown for each of several questions that the guide does not answer; the second if something near can be quoted."""


def add_open_parts(answer: Answer, parts: Sequence[OpenPart]) -> Answer:
    """The answer, with an honest word about each question that it leaves open, and the guide's nearest sentence to it.

    Nothing is added for a question if the answer already quotes that sentence; but if the question leans on the others,
    only if that is no farther from it than from them.
    """
    for part in parts:
        answer = _add_open_part(answer, part)
    return answer


def _add_open_part(answer: Answer, part: OpenPart) -> Answer:
    question, best = part.retrieval.question, part.retrieval.quotations[:1]
    if best and (part.is_near or (part.retrieval.earlier and best[0].gain >= 0)):
        longer, number = _find_passage(answer, part.retrieval.find_match(best[0]))
        said = _make_sentence(replace(best[0], number=number))
        if any(set(said.support) <= set(sentence.support) for sentence in answer.sentences):
            return answer
        if part.is_near:
            return fill_citations(_add_sentences(longer, AnswerSentence(NEARLY.format(question)), said))
    return _add_sentences(answer, AnswerSentence(UNANSWERED.format(question)))


def _add_sentences(answer: Answer, *sentences: AnswerSentence) -> Answer:
    return replace(answer, sentences=(*answer.sentences, *sentences))


def _find_passage(answer: Answer, match: Match) -> tuple[Answer, int]:
    """The answer with a passage for a match, added at the end unless it is there already; and the passage's number."""
    number = len(answer.passages) + 1
    passage = make_passage(match.chunk, number, match.score)
    for one in answer.passages:
        if (one.source, one.start) == (passage.source, passage.start):
            return answer, one.number
    return replace(answer, passages=(*answer.passages, passage)), number


def quote_nearest(retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """The guide's nearest sentences to a question that it may not answer; an honest no if none can be quoted."""
    answer = quote(retrieval, QUOTED)
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


def quote(retrieval: Retrieval, most: int = 1) -> Answer:
    """An answer of the best quotations, at most `most`, with all passages; the model has worded nothing yet."""
    sentences = tuple(_make_sentence(quotation) for quotation in retrieval.quotations[:most])
    return fill_citations(Answer("answered", sentences, make_passages(retrieval), stage="writing"))


def _make_sentence(quotation: Quotation) -> AnswerSentence:
    """A quotation as it is shown. Its context, if it has one, is cited last."""
    citations = (Citation(quotation.number, make_span(sentence)) for sentence in reversed(quotation.sentences))
    return AnswerSentence(f"“{quotation.text}”", tuple(citations))


def rank_quotations(retrieval: Retrieval) -> tuple[Quotation, ...]:
    """Up to QUOTED sentences of the guide that can be quoted, nearest to the question first."""
    quotations = [
        Quotation(one.number, quoted, one.match.score + cosine + GAIN_WEIGHT * gain + WORDS_WEIGHT * share, gain)
        for one in retrieval.selections
        for sentence, cosine, share, gain in _list_sentences(one.match)
        if _can_be_quoted(quoted := find_context(sentence, one.match.chunk.sentences), retrieval.same_question)
    ]
    weighed = zip(quotations, _weigh_details(retrieval, quotations), strict=True)
    ranked = sorted((replace(one, score=one.score + more) for one, more in weighed), key=lambda one: -one.score)
    chosen: list[Quotation] = []
    for one in ranked:
        near = not chosen or one.score >= NEAR_BEST * chosen[0].score
        if len(chosen) < QUOTED and near and not any(one.overlaps(kept) for kept in chosen):
            chosen.append(one)
    return tuple(chosen)


def _weigh_details(retrieval: Retrieval, quotations: Sequence[Quotation]) -> list[float]:
    """What is added to the score of each quotation for its codes, ranges and reasons, and for what was said before."""
    codes = find_codes(retrieval.coded)
    values = set() if retrieval.is_long else set(find_values(retrieval.question))
    texts = [one.sentences[-1].plain for one in quotations]
    fits = [fits_ranges(values, text) for text in texts]
    return [
        CODE * bool(codes.intersection(TYPED.findall(text.casefold())))
        + (RANGE if fit else -RANGE if fit is False and any(fits) else 0.0)
        + REASON * bool(retrieval.for_reason and GIVES_REASON.search(text))
        - SAID_COST * (text in retrieval.said and one.sentences[-1].kind != "row")
        for one, text, fit in zip(quotations, texts, fits, strict=True)
    ]


def _list_sentences(match: Match) -> Iterator[tuple[Sentence, float, float, float]]:
    """Yield (sentence, its cosine, share of the question's words that it holds, its gain)."""
    return zip(match.chunk.sentences, match.sentences, match.words, list_gains(match), strict=True)


def _can_be_quoted(sentences: Sequence[Sentence], same_question: bool) -> bool:
    """Whether sentences state something, are not mere announcements, and do not say yes or no to another question."""
    return all(
        states(sentence)
        and not ANNOUNCEMENT.match(sentence.plain)
        and (same_question or {*split_words(sentence.plain)[:1]}.isdisjoint(YES_OR_NO))
        for sentence in sentences
    ) and not (len(sentences) > 1 and points_back(sentences[0].plain))


def make_passages(retrieval: Retrieval) -> tuple[Passage, ...]:
    """The passages shown to the model, with their numbers."""
    return tuple(make_passage(one.match.chunk, one.number, one.match.score) for one in retrieval.selections)


def fill_citations(answer: Answer) -> Answer:
    """The answer, each passage with the sentences that are cited from it."""
    spans: dict[int, set[Span]] = {}
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        spans.setdefault(citation.number, set()).add(citation.span)
    passages = (
        replace(p, cited=tuple(sorted(spans.get(p.number, ()), key=lambda span: span.start))) for p in answer.passages
    )
    return replace(answer, passages=tuple(passages))
