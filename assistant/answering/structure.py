"""Questions about the guide itself: its sections, tips and steps, told from its structure, whole and in order.

No model is called. A question that only looks like one of these, because nothing in the guide is called so, is left to
the rest of the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answering.outline import Item, Series, find_series
from assistant.answering.quote import fill_citations
from assistant.answering.retrieve import Retrieval, Selection, read_cosines
from assistant.answering.sources import make_passage, make_span
from assistant.answering.steps import add_follow_ups
from assistant.language.english import (
    ASKS_FOR_ITEM,
    ASKS_FOR_LIST,
    ASKS_FOR_NEIGHBOUR,
    ASKS_FOR_SUMMARY,
    ASKS_HOW_MANY,
    ASKS_WHAT_ABOUT,
    ASKS_WHICH,
    BEFORE,
    NUMBERED_ITEM,
    NUMBERS,
    ORDINAL_ITEM,
    ORDINAL_PLACES,
    REQUEST_WORDS,
)
from assistant.records import Answer, AnswerSentence, Citation, Passage
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms
from index.search import Searcher

SHARE = 0.5
"""Least share of what a question names that a series must be called, or an item must hold."""

SAID, SUMMARISED, INTRODUCED = 4, 8, 3
"""The most sentences that are told of a section, that go before the model to be put in short, and that tell what a
document is about."""

_LAST_PART = re.compile(r"^.*[.!:]\s+(?=\S)", re.DOTALL)
"""All before the last sentence or clause of a text."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a question about the guide itself asks for."""

    items: tuple[Item, ...]
    listed: bool
    """Whether it is the whole series, and not one item of it."""


def answer_from_structure(retrieval: Retrieval, searcher: Searcher, asked: Sequence[str]) -> Answer | None:
    """The answer to a question about the guide itself; None if it is none.

    Args:
        asked: the questions of the conversation so far.
    """
    if retrieval.suggested:
        return None
    if ASKS_WHAT_ABOUT.search(retrieval.question):
        told = _find_introduction(retrieval, searcher)
    elif request := _find_request(retrieval.question):
        told = _find_told(request, find_series(_read_chunks(retrieval, searcher)), retrieval)
    else:
        return None
    if told is None:
        return None
    return replace(add_follow_ups(fill_citations(_tell(told)), retrieval.matches, asked), chance=1.0)


def select_summarised(retrieval: Retrieval, searcher: Searcher) -> Retrieval:
    """The same, with a whole section before the model if the question asks for one in short."""
    if not ASKS_FOR_SUMMARY.search(retrieval.question):
        return retrieval
    wanted = extract_terms(retrieval.question) - REQUEST_WORDS
    sections = [item for one in find_series(_read_chunks(retrieval, searcher)) for item in one.items if item.heading]
    found = max(sections, key=lambda item: _share(wanted, item.terms), default=None)
    if found is None or _share(wanted, found.terms) < SHARE:
        return retrieval
    inside = {chunk.id for chunk, _ in found.places}
    matches = [match for match in retrieval.matches if match.chunk.id in inside]
    selections = tuple(
        Selection(number, match, match.chunk.sentences[:SUMMARISED]) for number, match in enumerate(matches, start=1)
    )
    return replace(retrieval, selections=selections, section=True) if selections else retrieval


def _find_request(text: str) -> str:
    """A text, or its last sentence or clause, if that may ask about the guide itself; empty if neither does."""
    return next((part for part in (text, _LAST_PART.sub("", text)) if _asks(part)), "")


def _asks(question: str) -> bool:
    """Whether a question may be about the guide itself."""
    asked_for = (ASKS_FOR_LIST, ASKS_WHICH, ASKS_HOW_MANY, ASKS_FOR_NEIGHBOUR)
    return _asks_for_item(question) or any(pattern.search(question) for pattern in asked_for)


def _asks_for_item(question: str) -> bool:
    """Whether a question may be for one item, named by its number or place."""
    named = NUMBERED_ITEM.search(question) or ORDINAL_ITEM.search(question)
    return bool(named and ASKS_FOR_ITEM.match(question))


def _read_chunks(retrieval: Retrieval, searcher: Searcher) -> tuple[Chunk, ...]:
    """All chunks of the documents that the best matches come from, in order."""
    return searcher.read_documents({match.chunk.source for match in retrieval.matches})


def _find_told(question: str, series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """What the question asks for; None if the guide has nothing that is called so."""
    if neighbour := ASKS_FOR_NEIGHBOUR.search(question):
        return _find_neighbour(question, neighbour, series, retrieval)
    if _asks_for_item(question):
        return _find_numbered(question, series, retrieval)
    counted = ASKS_HOW_MANY.search(question)
    named = extract_terms(counted["counted"] if counted else question)
    chosen = _choose(question, named, series, retrieval)
    return Told(chosen.items, listed=True) if chosen else None


def _choose(question: str, named: frozenset[str], series: Sequence[Series], retrieval: Retrieval) -> Series | None:
    """The series that a question asks for, by what one calls its items, or else by what it stands under.

    Args:
        named: the terms of the question that may be a label.
    """
    wanted = extract_terms(question) - REQUEST_WORDS
    labelled = [one for one in series if one.labels & named]
    if labelled:
        return _choose_nearest(wanted, labelled, SHARE, retrieval)
    return _choose_nearest(wanted, [one for one in series if one.name & wanted], 1.0, retrieval)


def _choose_nearest(
    wanted: frozenset[str], series: Sequence[Series], least: float, retrieval: Retrieval
) -> Series | None:
    """The series whose headings name most of what is wanted, at least a share; None if another is as good."""
    order = {match.chunk.id: place for place, match in enumerate(retrieval.matches)} if retrieval.earlier else {}

    def rate(one: Series) -> tuple[float, float, int]:
        named = wanted - one.labels - one.title
        place = min(order.get(chunk.id, len(order)) for item in one.items for chunk, _ in item.places)
        return _share(named, one.name), _share(one.name, named), -place

    ranked = sorted(series, key=rate, reverse=True)
    if not ranked or rate(ranked[0])[0] < least:
        return None
    best, *tied = [one for one in ranked if rate(one) == rate(ranked[0])]
    if tied and best.items[0].heading and not best.name:  # the sections of several documents
        return replace(best, items=tuple(item for one in (best, *tied) if not one.name for item in one.items))
    return best if not tied else None


def _share(wanted: frozenset[str], held: frozenset[str]) -> float:
    """The share of the terms wanted that is held; 1 if none are."""
    return len(wanted & held) / len(wanted) if wanted else 1.0


def _find_numbered(question: str, series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """The item that the question names by its number."""
    for pattern in (NUMBERED_ITEM, ORDINAL_ITEM):
        for named in pattern.finditer(question):
            unit = extract_terms(named["unit"])
            able = [one for one in series if one.labels & unit]
            if pattern is NUMBERED_ITEM:
                number = int(named["number"]) if named["number"].isdigit() else NUMBERS[named["number"].lower()]
                able = [one for one in able if any(item.number == number for item in one.items)]
            else:
                word = named["ordinal"].lower()
                number = ORDINAL_PLACES.get(word) or int(word[:-2])
                able = [one for one in able if number <= len(one.items)]
            wanted = extract_terms(question.replace(named[0], " ")) - REQUEST_WORDS
            if chosen := _choose_nearest(wanted, able, SHARE, retrieval):
                by_number = {item.number: item for item in reversed(chosen.items)}
                item = by_number[number] if pattern is NUMBERED_ITEM else chosen.items[number - (number > 0)]
                return Told((item,), listed=False)
    return None


def _find_neighbour(question: str, asked: re.Match[str], series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """The item after, or before, the one that the question names by its number or describes."""
    known, aside = asked["known"], -1 if asked["where"].lower() in BEFORE else 1
    told = _find_numbered(f"what is {known}", series, retrieval)
    named = extract_terms(question)
    wanted = extract_terms(known) - REQUEST_WORDS
    for one in sorted(
        series, key=lambda one: (not one.labels & named, -_share(named - REQUEST_WORDS - one.title, one.name))
    ):
        if told is not None:
            at = next((n for n, item in enumerate(one.items) if item in told.items), None)
        else:
            rest = wanted - one.labels - one.name
            at = max(range(len(one.items)), key=lambda n: _share(rest, one.items[n].terms))
            if not (asked["comes"] and rest and _share(rest, one.items[at].terms) > SHARE):
                at = None
        if at is not None and 0 <= at + aside < len(one.items):
            return Told((one.items[at + aside],), listed=False)
    return None


def _find_introduction(retrieval: Retrieval, searcher: Searcher) -> Told | None:
    """The sentences before the first section of the best document that answer best."""
    chunks = _read_chunks(retrieval, searcher)
    cosines = read_cosines(retrieval.matches)
    for source in dict.fromkeys(match.chunk.source for match in retrieval.matches):
        first = next(chunk for chunk in chunks if chunk.source == source)
        places = [(first, sentence) for sentence in first.sentences if sentence.kind == "introduction"]
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
    return Answer("answered", tuple(sentences), tuple(passages.values()), listed=told.listed)
