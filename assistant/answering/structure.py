"""Questions about the guide itself: its sections, tips and steps, told from its structure, whole and in order.

No model is called. A question that only looks like one of these, because nothing in the guide is called so, is left to
the rest of the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.outline import Item, find_series
from assistant.answering.quote import fill_citations
from assistant.answering.request import SHARE, Told, compute_share, find_requests, find_told
from assistant.answering.retrieve import Retrieval, Selection, read_cosines
from assistant.answering.sources import make_passage, make_span, states
from assistant.answering.steps import add_follow_ups
from assistant.language.english import ASKS_FOR_SUMMARY, ASKS_WHAT_ABOUT, REQUEST_WORDS
from assistant.records import Answer, AnswerSentence, Citation, Passage
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms
from index.search import Searcher

SAID, SUMMARISED, INTRODUCED = 8, 8, 3
"""The most sentences that are told of one section, that go before the model to be put in short, and that tell what a
document is about."""

GOES_ON = "There is more in this section; its source shows all of it."


def answer_from_structure(retrieval: Retrieval, searcher: Searcher, asked: Sequence[str]) -> Answer | None:
    """The answer to a question about the guide itself; None if it is none.

    Args:
        asked: the questions of the conversation so far.
    """
    if retrieval.suggested:
        return None
    question = searcher.repair(retrieval.question)
    told = _find_introduction(retrieval, searcher) if ASKS_WHAT_ABOUT.search(question) else None
    requests = [] if told else list(find_requests(question, retrieval.earlier, retrieval.said))
    if requests:
        series = find_series(_read_chunks(retrieval, searcher))
        told = next(filter(None, (find_told(request, series, retrieval) for request in requests)), None)
    if told is None:
        return None
    return replace(add_follow_ups(fill_citations(_tell(told)), retrieval.matches, asked), chance=1.0)


def select_summarised(retrieval: Retrieval, searcher: Searcher) -> Retrieval:
    """The same, with a whole section before the model if the question asks for one in short."""
    if not ASKS_FOR_SUMMARY.search(retrieval.question):
        return retrieval
    wanted = extract_terms(retrieval.question) - REQUEST_WORDS
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
    """All chunks of the documents that the best matches come from, in order."""
    return searcher.read_documents({match.chunk.source for match in retrieval.matches})


def _find_introduction(retrieval: Retrieval, searcher: Searcher) -> Told | None:
    """The sentences before the first section of the best document that answer best; of one without sections, any."""
    chunks = _read_chunks(retrieval, searcher)
    cosines = read_cosines(retrieval.matches)
    for source in dict.fromkeys(match.chunk.source for match in retrieval.matches):
        first = next(chunk for chunk in chunks if chunk.source == source)
        whole = first.headings == (first.title,)
        places = [(first, one) for one in first.sentences if one.kind == "introduction" or (whole and states(one))]
        best = sorted(places, key=lambda place: -cosines.get((first.id, place[1].start), 0.0))[:INTRODUCED]
        if best:
            return Told((Item(1, "", tuple(place for place in places if place in best)),), listed=False)
    return None


def _tell(told: Told) -> Answer:
    """The items as quotations: of a whole series one for each, of a single item one for each sentence."""
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
