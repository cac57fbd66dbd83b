"""Answers questions about the guide itself from its structure: its sections, tips and steps, whole and in order.

No model is called. A question may only look like one of these: if nothing in the guide has the name that it uses, it is
left to the later stages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answering.outline import Item, find_series
from assistant.answering.quote import fill_citations
from assistant.answering.request import (
    SHARE,
    Told,
    asks_besides,
    asks_for_list,
    compute_share,
    find_list_beside,
    find_requests,
    find_told,
    split_clauses,
)
from assistant.answering.retrieve import Retrieval, Selection, read_cosines, remove_orders
from assistant.answering.sources import make_passage, make_span, states
from assistant.answering.steps import add_follow_ups
from assistant.language.english import ASKS_FOR_SUMMARY, ASKS_WHAT_ABOUT, REQUEST_WORDS
from assistant.records import Answer, AnswerSentence, Citation, Passage
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms
from index.search import Searcher

SAID, SUMMARISED, INTRODUCED = 8, 8, 3
"""The most sentences that are quoted from one section, that the model is given of each passage to summarise, and that
tell what a document is about."""

GOES_ON = "There is more in this section; its source shows all of it."


@dataclass(frozen=True, slots=True)
class ToldAnswer:
    """An answer about the guide itself."""

    answer: Answer
    asked: str
    """The question, or the clause of it, that this answers..."""
    rest: str = ""
    """...and the other clauses, if one of them asks something else."""


def answer_from_structure(retrieval: Retrieval, searcher: Searcher, asked: Sequence[str]) -> ToldAnswer | None:
    """The answer to a question about the guide itself; None if it is not one.

    Args:
        asked: the questions of the conversation so far.
    """
    if retrieval.suggested:
        return None
    question = searcher.repair(retrieval.question)
    about = ASKS_WHAT_ABOUT.search(question)
    of_guide = about and not (retrieval.earlier and (about["it"] or about["them"]))
    told = introduction = _find_introduction(retrieval, searcher) if of_guide else None
    beside: int | None = None
    requests = [] if told else list(find_requests(question, retrieval.earlier, retrieval.said))
    series = find_series(_read_chunks(retrieval, searcher)) if requests else ()
    for request in requests:
        if told := find_told(request, series, retrieval):
            beside = request.beside
            break
    if told is None:
        return None
    answer = replace(_finish(told, retrieval, asked), chance=1.0)
    clauses = split_clauses(retrieval.question)
    if len(clauses) != len(repaired := split_clauses(question)):
        clauses = repaired
    if introduction:
        beside = _find_clause(clauses, ASKS_WHAT_ABOUT)
    if beside is None:
        return ToldAnswer(answer, retrieval.question)
    return ToldAnswer(answer, clauses.pop(beside), " ".join(clauses))


def _find_clause(clauses: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    """The number of the clause that has a pattern, if another asks for something else; else None."""
    numbers = range(len(clauses))
    return next((one for one in numbers if pattern.search(clauses[one]) and asks_besides(clauses, one)), None)


def answer_with_list(retrieval: Retrieval, searcher: Searcher, asked: Sequence[str]) -> Answer | None:
    """The list that a question asks for in other words than the guide's, where the best quotation stands; else None.

    Args:
        retrieval: read, with its quotations.
        asked: as for `answer_from_structure`.
    """
    question = searcher.repair(retrieval.question)
    if retrieval.suggested or not retrieval.quotations or not asks_for_list(question):
        return None
    best = retrieval.quotations[0]
    chunk = retrieval.find_match(best).chunk
    series = find_series(_read_chunks(retrieval, searcher))
    told = find_list_beside(question, series, [(chunk, one) for one in best.sentences])
    return _finish(told, retrieval, asked) if told else None


def _finish(told: Told, retrieval: Retrieval, asked: Sequence[str]) -> Answer:
    """What was told as an answer, with citations and follow-ups."""
    return add_follow_ups(fill_citations(_tell(told)), retrieval.matches, asked)


def select_summarised(retrieval: Retrieval, searcher: Searcher) -> Retrieval:
    """The retrieval, with a whole section for the model if the question asks for a summary of one."""
    if not ASKS_FOR_SUMMARY.search(retrieval.question):
        return retrieval
    wanted = extract_terms(retrieval.question) - REQUEST_WORDS
    if not wanted:
        return retrieval
    sections = [item for one in find_series(_read_chunks(retrieval, searcher)) for item in one.items if item.heading]
    found = max(sections, key=lambda item: compute_share(wanted, item.terms), default=None)
    if found is None or compute_share(wanted, found.terms) < SHARE:
        return retrieval
    inside = {chunk.id for chunk, _ in found.places}
    matches = [match for match in retrieval.matches if match.chunk.id in inside]
    selections = tuple(
        Selection(number, match, match.chunk.sentences[:SUMMARISED]) for number, match in enumerate(matches, start=1)
    )
    return replace(retrieval, selections=selections, section=True) if selections else retrieval


def _read_chunks(retrieval: Retrieval, searcher: Searcher) -> tuple[Chunk, ...]:
    """All chunks of the documents that the best matches come from, in order, without orders to a model."""
    return tuple(map(remove_orders, searcher.read_documents({match.chunk.source for match in retrieval.matches})))


def _find_introduction(retrieval: Retrieval, searcher: Searcher) -> Told | None:
    """What the best document says before its first section; if it has no sections, any of its sentences.

    At most `INTRODUCED` sentences, those nearest to the question. If a document has none, the next best one is used.
    """
    chunks = _read_chunks(retrieval, searcher)
    cosines = read_cosines(retrieval.matches)
    for source in dict.fromkeys(match.chunk.source for match in retrieval.matches):
        first = next((chunk for chunk in chunks if chunk.source == source), None)
        if first is None:  # the guide has changed since the search
            continue
        whole = first.headings == (first.title,)
        places = [(first, one) for one in first.sentences if one.kind == "introduction" or (whole and states(one))]
        best = sorted(places, key=lambda place: -cosines.get((first.id, place[1].start), 0.0))[:INTRODUCED]
        if best:
            return Told((Item(1, "", tuple(place for place in places if place in best)),), listed=False)
    return None


def _tell(told: Told) -> Answer:
    """The items as quotations: for a whole series one per item, for a single item one per sentence."""
    passages: dict[str, Passage] = {}

    def cite(chunk: Chunk, sentence: Sentence) -> Citation:
        passage = passages.setdefault(chunk.id, make_passage(chunk, len(passages) + 1, 1.0))
        return Citation(passage.number, make_span(sentence))

    sentences: list[AnswerSentence] = []
    for item in told.items:
        if item.heading:
            sentences.append(AnswerSentence(f"“{item.heading}”", (cite(*item.places[0]),)))
        if told.listed and not item.heading:
            text = " ".join(sentence.plain for _, sentence in item.places)
            sentences.append(AnswerSentence(f"“{text}”", tuple(cite(*place) for place in item.places)))
        elif not told.listed:
            sentences += [AnswerSentence(f"“{place[1].plain}”", (cite(*place),)) for place in item.places[:SAID]]
            sentences += [AnswerSentence(GOES_ON)] * (len(item.places) > SAID)
    return Answer("answered", tuple(sentences), tuple(passages.values()), listed=told.listed)
