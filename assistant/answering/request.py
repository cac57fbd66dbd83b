"""What a question about the guide itself names: a list, or an item of one.

It does so by a label, a number, a heading, or by what stands beside it. Where two fit as well, neither is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answering.outline import Item, Series
from assistant.answering.retrieve import Retrieval
from assistant.language.english import (
    ASKS_FOR_ALL,
    ASKS_FOR_ITEM,
    ASKS_FOR_LIST,
    ASKS_FOR_NEIGHBOUR,
    ASKS_FOR_NEXT,
    ASKS_HOW_MANY,
    ASKS_WHETHER,
    ASKS_WHICH,
    BEFORE,
    ELABORATION,
    GENERIC_LABELS,
    LABELS_OF_QUESTIONS,
    LABELS_OF_SECTIONS,
    LABELS_OF_STEPS,
    NUMBERED_ITEM,
    NUMBERS,
    ORDINAL,
    ORDINAL_ITEM,
    ORDINAL_PLACES,
    PLACED_ITEM,
    REQUEST_WORDS,
)
from index.chunking.words import extract_terms, split_words, stem

SHARE = 0.5
"""Least share of what a request names that a series must be called, or an item must hold."""

HELD, SEVERAL = 0.5, 2
"""The same where the search found most: of a list whose whole heading the request says, or that is called so; and of
the latter, how many terms at least its items must hold."""

PARAGRAPHS = 8
"""The most sentences of a section whose paragraphs are told like a list."""

MENTIONED, BARE, STORY = 2, 6, 40
"""The fewest words of a heading that may stand in a request; the most words of a request that opens with an item ("step
4 of ..."); words from which a text tells a story, and only its last clause may ask about the guide."""

ITEMS = (NUMBERED_ITEM, PLACED_ITEM, ORDINAL_ITEM)
"""How one item is named."""

_CLAUSE = re.compile(r"(?<=[.!?:;])\s+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a question about the guide itself asks for."""

    items: tuple[Item, ...]
    listed: bool
    """Whether it is the whole series, and not one item of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A part of a question that may ask about the guide itself."""

    text: str
    before: str = ""
    """What was said in the clause before, or answered before..."""
    answered: bool = False
    """...and which of these."""
    place: str = ""
    """What was said of one item of the list that the text asks for ("the second")."""


def find_requests(text: str, earlier: str = "", said: str = "") -> Iterator[Request]:
    """Yield a text, then each of its clauses, as far as they may ask about the guide itself; the last of a story.

    Args:
        earlier: the question that it leans on, if it does, and what was answered to that.
    """
    clauses = _CLAUSE.split(text.strip())
    parts = [Request(clause, before) for before, clause in zip(("", *clauses), clauses, strict=False)]
    if len(text.split()) > STORY:
        parts = parts[-1:]
    else:
        parts = [Request(text), *parts, Request(text, said, answered=True), _resume(text, earlier)]
    for request in dict.fromkeys(parts):
        if _asks(request.text) or (request.before and ASKS_FOR_NEXT.search(request.text)):
            yield request


def _resume(text: str, earlier: str) -> Request:
    """The earlier question for the item that a few words name now ("and the second?"); empty if they name none."""
    named, now = ORDINAL_ITEM.search(earlier), ORDINAL.search(text)
    if not now or len(text.split()) > BARE:
        return Request("")
    if not named:
        return Request(earlier if _asks_for_list(earlier) else "", place=text)
    start, end = named.span("ordinal")
    return Request(earlier[:start] + now[0] + earlier[end:])


def _asks(question: str) -> bool:
    """Whether a question may be about the guide itself."""
    return bool(_asks_for_item(question) or _asks_for_list(question) or ASKS_FOR_NEIGHBOUR.search(question))


def _asks_for_list(question: str) -> bool:
    """Whether a question may be for a whole series."""
    asked_for = (ASKS_FOR_LIST, ASKS_WHICH, ASKS_HOW_MANY)
    return _asks_for_all(question) or any(pattern.search(question) for pattern in asked_for)


def _asks_for_all(question: str) -> bool:
    """Whether a question wants all of something; "do all members pay?" only wants a yes or no."""
    return bool(ASKS_FOR_ALL.search(question) and not ASKS_WHETHER.search(question))


def _asks_for_item(question: str) -> bool:
    """Whether a question may be for one item, named by its number or place."""
    named = next(filter(None, (pattern.search(question) for pattern in ITEMS)), None)
    opens = named and not named.start() and len(question.split()) <= BARE
    return bool(named and (opens or ASKS_FOR_ITEM.match(question)))


def find_told(request: Request, series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """What a request asks for; None if the guide has nothing that is called so."""
    question = request.text
    neighbour = ASKS_FOR_NEIGHBOUR.search(question)
    if neighbour and (told := _find_neighbour(question, neighbour, series, retrieval)):
        return told
    if request.before and (following := ASKS_FOR_NEXT.search(question)):
        aside = -1 if (following["where"] or "").lower() in BEFORE else 1
        if request.answered:
            return _find_beside(question, request.before, aside, series, _rate_answered)
        steps = [one for one in series if one.labels & extract_terms(LABELS_OF_STEPS)]
        return _find_beside(question, request.before, aside, steps, _rate_described)
    if _asks_for_item(question):
        return _find_numbered(question, series, retrieval)
    chosen = _find_list(question, series, retrieval) if _asks_for_list(question) else None
    if chosen and (place := ORDINAL.search(request.place)):
        item = _tell_place(place)(chosen)
        return Told((item,), listed=False) if item else None
    return Told(chosen.items, listed=True) if chosen else None


def _find_list(question: str, series: Sequence[Series], retrieval: Retrieval) -> Series | None:
    """The series that a question asks for, with or without what it adds about the items."""
    for text in dict.fromkeys((question, ELABORATION.sub("", question))):
        counted = ASKS_HOW_MANY.search(text)
        if chosen := _choose(text, extract_terms(counted["counted"] if counted else text), series, retrieval):
            return chosen
    return None


def _choose(question: str, named: frozenset[str], series: Sequence[Series], retrieval: Retrieval) -> Series | None:
    """The series that a question asks for, by what one calls its items, or else by what it stands under.

    Args:
        named: the terms of the question that may be a label.
    """
    wanted = extract_terms(question) - REQUEST_WORDS
    short = [one for one in series if one.kind != "paragraphs" or one.count_sentences() <= PARAGRAPHS]
    for_all = _asks_for_all(question) or ASKS_FOR_LIST.search(question)
    several = _asks_for_several(question)
    ways = (
        (SHARE, [one for one in series if one.labels & named and (one.kind != "sections" or several)]),
        (0.0, [one for one in short if _mentions(question, one.heading)]),
        (1.0, [one for one in short if one.name & wanted]),
        (HELD, [one for one in short if for_all and one.name and one.name <= wanted and _is_found(one, retrieval)]),
    )
    for least, some in ways:
        lists = [one for one in some if one.kind != "paragraphs"]
        for able in (lists, some):
            if chosen := _choose_nearest(wanted, able, least, retrieval):
                return chosen
    return _choose_found(wanted, named, series, retrieval)


def _choose_found(
    wanted: frozenset[str], named: frozenset[str], series: Sequence[Series], retrieval: Retrieval
) -> Series | None:
    """The only series of that name where the question finds most, if its items hold enough of what is wanted."""
    labels = named - extract_terms(GENERIC_LABELS)
    inside = [one for one in series if one.labels & labels and _is_found(one, retrieval)]
    if len(inside) != 1:
        return None
    rest = wanted - inside[0].labels - inside[0].title
    held = inside[0].name.union(*(item.terms for item in inside[0].items))
    return inside[0] if len(rest & held) >= SEVERAL and compute_share(rest, held) >= HELD else None


def _is_found(series: Series, retrieval: Retrieval) -> bool:
    """Whether a series stands, at least in part, where the search found most."""
    best = {match.chunk.id for match in retrieval.matches[:1]}
    return any(chunk.id in best for item in series.items for chunk, _ in item.places)


def _asks_for_several(question: str) -> bool:
    """Whether a question calls the items in the plural, so that "that part" is none of them."""
    words = split_words(question)
    labels = extract_terms(f"{LABELS_OF_SECTIONS} {LABELS_OF_QUESTIONS}")
    named = [(before, word) for before, word in zip(("", *words), words, strict=False) if stem(word) in labels]
    return not named or any(word != stem(word) or before in ("every", "each") for before, word in named)


def _mentions(question: str, heading: str) -> bool:
    """Whether a question says the words of a heading as they stand there, if these are several."""
    said = [stem(word) for word in split_words(question)]
    words = [stem(word) for word in split_words(heading) if not word.isdigit()]
    starts = range(len(said) - len(words) + 1)
    return len(words) >= MENTIONED and any(said[start : start + len(words)] == words for start in starts)


def _choose_nearest(
    wanted: frozenset[str], series: Sequence[Series], least: float, retrieval: Retrieval
) -> Series | None:
    """The series whose headings name most of what is wanted, at least a share; None if another is as good."""
    order = {match.chunk.id: place for place, match in enumerate(retrieval.matches)} if retrieval.earlier else {}

    def rate(one: Series) -> tuple[float, float, int]:
        named = wanted - one.labels - one.title
        place = min(order.get(chunk.id, len(order)) for item in one.items for chunk, _ in item.places)
        return compute_share(named, one.name), compute_share(one.name, named), -place

    ranked = sorted(series, key=rate, reverse=True)
    if not ranked or rate(ranked[0])[0] < least:
        return None
    best, *tied = [one for one in ranked if rate(one) == rate(ranked[0])]
    if tied and best.items[0].heading and not best.name:  # the sections of several documents
        return replace(best, items=tuple(item for one in (best, *tied) if not one.name for item in one.items))
    return best if not tied else None


def compute_share(wanted: frozenset[str], held: frozenset[str]) -> float:
    """The share of the terms wanted that is held; 1 if none are."""
    return len(wanted & held) / len(wanted) if wanted else 1.0


def _find_numbered(question: str, series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """The item that the question names by its number."""
    for pattern in ITEMS:
        for named in pattern.finditer(question):
            unit = extract_terms(named["unit"])
            besides = question.replace(named[0], " ")
            wanted = extract_terms(besides) - REQUEST_WORDS
            # Where nothing is called so, what the question says besides may name a list: "the fourth tip on ...".
            able = [one for one in series if one.labels & unit] or [
                one
                for one in series
                if one.kind == "entries" and ((wanted and wanted <= one.name) or _mentions(besides, one.heading))
            ]
            able = [one for one in able if _mentions(besides, one.heading)] or able
            has = _tell_place(named)
            chosen = (
                _choose_nearest(wanted, able, SHARE, retrieval)
                or _choose_nearest(wanted, [one for one in able if has(one)], SHARE, retrieval)
                or _choose_found(wanted, unit, able, retrieval)
            )
            if chosen and (item := has(chosen)):
                return Told((item,), listed=False)
    return None


def _tell_place(named: re.Match[str]) -> Callable[[Series], Item | None]:
    """What gives the item of a series that is named by a number or an ordinal; None if the series has none."""
    place = named.groupdict()
    if number := place.get("number"):
        wanted = int(number) if number.isdigit() else NUMBERS[number.lower()]
        return lambda series: next((item for item in series.items if item.number == wanted), None)
    ordinal = place["ordinal"].lower()
    at = ORDINAL_PLACES.get(ordinal) or int(ordinal[:-2])
    return lambda series: series.items[at - (at > 0)] if at <= len(series.items) else None


def _find_neighbour(question: str, asked: re.Match[str], series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """The item after, or before, the one that the question names by its number or describes."""
    known, aside = asked["known"], -1 if asked["where"].lower() in BEFORE else 1
    told = _find_numbered(f"what is {known}", series, retrieval)
    if told is None:
        return _find_beside(question, known, aside, series, _rate_described) if asked["comes"] else None
    for one in series:
        at = next((n + aside for n, item in enumerate(one.items) if item in told.items), -1)
        if 0 <= at < len(one.items):
            return Told((one.items[at],), listed=False)
    return None


def _find_beside(
    question: str, known: str, aside: int, series: Sequence[Series], rate: Callable[[frozenset[str], Item], float]
) -> Told | None:
    """The item after, or before, the one that a text describes.

    Args:
        rate: how well an item is described by terms, 0 to 1.
    """
    wanted, named = extract_terms(known) - REQUEST_WORDS, extract_terms(question)
    found: list[tuple[tuple[bool, bool, float, bool, float], Item]] = []
    for one in series:
        rest = wanted - one.labels - one.name
        rates = [(rate(rest, item), not item.heading.endswith("?")) for item in one.items]
        at = max(range(len(rates)), key=rates.__getitem__)
        if rest and rates[at][0] > SHARE and 0 <= at + aside < len(one.items):
            above = compute_share(named - REQUEST_WORDS - one.title, one.name)
            inside = _mentions(question, one.heading)
            found.append(((inside, bool(one.labels & named), *rates[at], above), one.items[at + aside]))
    return Told((max(found, key=lambda pair: pair[0])[1],), listed=False) if found else None


def _rate_described(wanted: frozenset[str], item: Item) -> float:
    """How much of a description an item holds."""
    return compute_share(wanted, item.terms)


def _rate_answered(told: frozenset[str], item: Item) -> float:
    """How much of an item was told."""
    return compute_share(item.terms - REQUEST_WORDS, told) if item.terms - REQUEST_WORDS else 0.0
