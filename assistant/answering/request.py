"""Finds what a question about the guide itself names: a list, or an item of one.

A question names it by a label, a number, a heading, or by its neighbour. If two fit equally well, neither is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answering.outline import Item, Series
from assistant.answering.parts import add_mark, split_question
from assistant.answering.pick import ITEMS, make_pick, pick_place
from assistant.answering.retrieve import Retrieval
from assistant.answering.sources import asks
from assistant.language.english import (
    ASKS_ELSE,
    ASKS_FOR_ALL,
    ASKS_FOR_ITEM,
    ASKS_FOR_LIST,
    ASKS_FOR_NEIGHBOUR,
    ASKS_FOR_NEXT,
    ASKS_HOW_MANY,
    ASKS_WHAT_ABOUT,
    ASKS_WHICH,
    BEFORE,
    ELABORATION,
    EVERY,
    GENERIC_LABELS,
    LABELS_OF_BULLETS,
    LABELS_OF_NUMBERS,
    LABELS_OF_QUESTIONS,
    LABELS_OF_ROWS,
    LABELS_OF_SECTIONS,
    LABELS_OF_STEPS,
    NEXT_QUESTION,
    OPENS_WITH_ITEM,
    ORDINAL,
    ORDINAL_ITEM,
    QUOTATION,
    REQUEST_WORDS,
)
from index.chunking.chunk import Chunk, Sentence
from index.chunking.words import extract_terms, split_words, stem

SHARE = 0.5
"""Least share of what a request names that the name of a series, or an item, must hold."""

HELD, SEVERAL = 0.5, 2
"""For a list that stands where the search found most: the least share and the least number of the wanted terms that it
must hold."""

PARAGRAPHS = 8
"""The most sentences of a section whose paragraphs are shown like a list."""

MENTIONED = 2
"""The fewest words of a heading by which a request can name it."""

BARE = 6
"""The most words of a request that only names an item ("step 4 of ...", "and the second?")."""

STORY = 40
"""A text of more words tells a story, and only its last clause may ask about the guide."""

_LABELS = extract_terms(f"{LABELS_OF_SECTIONS} {LABELS_OF_STEPS} {LABELS_OF_BULLETS} {LABELS_OF_ROWS}")

_CLAUSE = re.compile(r"(?<=[.!?:;])\s+")
_OPENING = re.compile(r"[.!?:;,]\s+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a question about the guide itself asks for."""

    items: tuple[Item, ...]
    listed: bool
    """Whether it is the whole series, and not some items of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A part of a question that may ask about the guide itself."""

    text: str
    before: str = ""
    """What comes before it: the previous clause, or the previous answer."""
    answered: bool = False
    """Whether `before` is an answer."""
    place: str = ""
    """The place of the one item that is wanted, in the list that the text asks for ("second")."""
    beside: int | None = None
    """Its number among the clauses of the question, from 0, if another of them asks something else; else None."""


def find_requests(text: str, earlier: str = "", said: str = "") -> Iterator[Request]:
    """Yield a text, then each of its clauses, if they may ask about the guide itself; of a story only the last clause.

    If several clauses ask, those that name what they ask for come before the whole text.

    Args:
        earlier: the question that the text leans on, if it does.
        said: what was answered to that.
    """
    clauses = split_clauses(text)
    parts = [
        Request(clause, before, beside=number if asks_besides(clauses, number) else None)
        for number, (before, clause) in enumerate(zip(("", *clauses), clauses, strict=False))
    ]
    if len(text.split()) > STORY:
        parts = parts[-len(_split_clause(_CLAUSE.split(text.strip())[-1])) :]
    else:
        quoted = " ".join(QUOTATION.findall(said))
        alone = [part for part in parts if part.beside is not None and _names(part.text)]
        parts = [*alone, Request(text), *parts, Request(text, quoted, answered=True), _resume(text, earlier)]
    for request in dict.fromkeys(parts):
        if _asks(request.text) or (request.before and ASKS_FOR_NEXT.search(request.text)):
            yield request


def split_clauses(text: str) -> list[str]:
    """A text split into sentences, at semicolons and colons, and where another question begins."""
    return [part for clause in _CLAUSE.split(text.strip()) for part in _split_clause(clause)]


def _split_clause(clause: str) -> tuple[str, ...]:
    """The questions of a clause; what comes before a question may be a request too ("list the fees and when ...?")."""
    for cut in NEXT_QUESTION.finditer(clause):
        head = clause[: cut.start()]
        if not cut["comma"] and (_asks(head) or ASKS_WHAT_ABOUT.search(head)):
            return add_mark(head), *_split_clause(add_mark(clause[cut.end() :]))
    return split_question(clause)


def asks_besides(clauses: Sequence[str], number: int) -> bool:
    """Whether a clause other than this one asks for something that it names."""
    return any((asks(one) or _asks(one)) and _names(one) for at, one in enumerate(clauses) if at != number)


def _names(text: str) -> bool:
    """Whether a text names more than the items of any list are called."""
    return bool(extract_terms(text) - REQUEST_WORDS - _LABELS - {"one"})


def _resume(text: str, earlier: str) -> Request:
    """The earlier question for the item that a few words name now ("and the second?"); empty if they name none."""
    before, now = ORDINAL_ITEM.search(earlier), ORDINAL.search(text)
    if not now or len(text.split()) > BARE:
        return Request("")
    if not before:
        return Request(earlier if asks_for_list(earlier) else "", place=now["ordinal"])
    start, end = before.span("ordinal")
    return Request(earlier[:start] + now["ordinal"] + earlier[end:])


def _asks(question: str) -> bool:
    """Whether a question may be about the guide itself."""
    return bool(_asks_for_item(question) or asks_for_list(question) or ASKS_FOR_NEIGHBOUR.search(question))


def asks_for_list(question: str) -> bool:
    """Whether a question may ask for a whole series."""
    asked_for = (ASKS_FOR_LIST, ASKS_WHICH, ASKS_HOW_MANY)
    return _asks_for_all(question) or any(pattern.search(question) for pattern in asked_for)


def _asks_for_all(question: str) -> bool:
    """Whether a question wants all of something; "do all members pay?" and "when do all pay?" want something else."""
    found = ASKS_FOR_ALL.search(question)
    return bool(found and not ASKS_ELSE.search(_OPENING.split(question[: found.start()])[-1]))


def _asks_for_item(question: str) -> bool:
    """Whether a question may ask for one item, named by its number or place."""
    named = next(filter(None, (pattern.search(question) for pattern in ITEMS)), None)
    opens = named and not named.start() and len(question.split()) <= BARE
    return bool(named and (opens or ASKS_FOR_ITEM.match(question)))


def find_told(request: Request, series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """What a request asks for; None if nothing in the guide has that name."""
    question = request.text
    neighbour = ASKS_FOR_NEIGHBOUR.search(question)
    if neighbour and (told := _find_neighbour(question, neighbour, series, retrieval)):
        return told
    if request.before and (following := ASKS_FOR_NEXT.search(question)):
        aside = -1 if (following["where"] or following["other"] or "").lower() in BEFORE else 1
        if request.answered:
            return _find_beside(question, request.before, aside, series, _rate_answered, farthest=aside)
        steps = [one for one in series if one.labels & extract_terms(LABELS_OF_STEPS)]
        return _find_beside(question, request.before, aside, steps, _rate_described)
    if _asks_for_item(question):
        return None if neighbour else _find_named(question, series, retrieval)
    chosen = _find_list(question, series, retrieval) if asks_for_list(question) else None
    if chosen and request.place:
        items = pick_place(request.place)(chosen)
        return Told(items, listed=False) if items else None
    return Told(chosen.items, listed=True) if chosen else None


def find_list_beside(question: str, series: Sequence[Series], quoted: Sequence[tuple[Chunk, Sentence]]) -> Told | None:
    """The list that a question asks for by its label, where it holds what answers the question, or follows it.

    Args:
        quoted: the sentences of the guide that answer the question best, each with its chunk.
    """
    named = extract_terms(question)
    able = [one for one in series if one.kind == "entries" and one.labels & named and _is_beside(one, quoted)]
    return Told(able[0].items, listed=True) if len(able) == 1 else None


def _is_beside(series: Series, places: Sequence[tuple[Chunk, Sentence]]) -> bool:
    """Whether these sentences stand in a list, or in the paragraph before it."""
    around = (*series.before, *(place for item in series.items for place in item.places))
    return _locate(places) <= _locate(around)


def _locate(places: Iterable[tuple[Chunk, Sentence]]) -> frozenset[tuple[str, int]]:
    """(id of the chunk, start) of each sentence."""
    return frozenset((chunk.id, sentence.start) for chunk, sentence in places)


def _find_list(question: str, series: Sequence[Series], retrieval: Retrieval) -> Series | None:
    """The series that a question asks for, with or without what it adds about the items."""
    less = question if len(split_clauses(question)) > 1 else ELABORATION.sub("", question)
    for text in dict.fromkeys((question, less)):
        if chosen := _choose(text, series, retrieval):
            return chosen
    return None


def _choose(question: str, series: Sequence[Series], retrieval: Retrieval) -> Series | None:
    """The series that a question asks for, by what its items are called, or else by the headings above it."""
    wanted = extract_terms(question) - REQUEST_WORDS
    counted = ASKS_HOW_MANY.search(question)
    said = extract_terms(counted["counted"] if counted else question)
    counts_else = counted and said and _LABELS.isdisjoint(said)
    named = said - extract_terms(LABELS_OF_NUMBERS)
    short = [one for one in series if one.kind != "paragraphs" or one.count_sentences() <= PARAGRAPHS]
    for_all = _asks_for_all(question) or ASKS_FOR_LIST.search(question)
    several = _asks_for_several(question)
    ways = (
        (1.0, [one for one in series if one.kind == "entries" and one.called & named & _LABELS]),
        (SHARE, [one for one in series if one.labels & named and (one.kind != "sections" or several)]),
        (0.0, [one for one in short if not counts_else and _mentions(question, one.heading)]),
        (1.0, [one for one in short if one.name & wanted and not (counts_else and said.isdisjoint(one.name))]),
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
    """The only series with that label where the search found most, if its items hold enough of what is wanted."""
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
    """Whether a question names the items in the plural; "that part" does not."""
    words = split_words(question)
    labels = extract_terms(f"{LABELS_OF_SECTIONS} {LABELS_OF_QUESTIONS}")
    named = [(before, word) for before, word in zip(("", *words), words, strict=False) if stem(word) in labels]
    return not named or any(word != stem(word) or before in EVERY for before, word in named)


def _mentions(question: str, heading: str) -> bool:
    """Whether a question has all words of a heading in a row, if there are several."""
    said = [stem(word) for word in split_words(question)]
    words = [stem(word) for word in split_words(heading) if not word.isdigit()]
    starts = range(len(said) - len(words) + 1)
    return len(words) >= MENTIONED and any(said[start : start + len(words)] == words for start in starts)


def _choose_nearest(
    wanted: frozenset[str], series: Sequence[Series], least: float, retrieval: Retrieval
) -> Series | None:
    """The series whose headings name most of what is wanted, at least the share `least`; None if another is as good."""
    order = {match.chunk.id: place for place, match in enumerate(retrieval.matches)} if retrieval.earlier else {}

    def rate(one: Series) -> tuple[float, float, int]:
        named = wanted - one.labels - one.title
        place = min(order.get(chunk.id, len(order)) for item in one.items for chunk, _ in item.places)
        return compute_share(named, one.name), compute_share(one.name, named), -place

    ranked = sorted(series, key=rate, reverse=True)
    if not ranked or rate(ranked[0])[0] < least:
        return None
    best, *tied = [one for one in ranked if rate(one) == rate(ranked[0])]
    if tied and best.items[0].heading and not best.name:
        return _join_documents([one for one in (best, *tied) if not one.name])
    return best if not tied else None


def _join_documents(series: Sequence[Series]) -> Series:
    """The sections of several documents as one series; from each document its first series."""
    first: dict[str, Series] = {}
    for one in series:
        first.setdefault(one.items[0].places[0][0].source, one)
    return replace(series[0], items=tuple(item for one in first.values() for item in one.items))


def compute_share(wanted: frozenset[str], held: frozenset[str]) -> float:
    """The share of the terms wanted that is held; 1 if none are."""
    return len(wanted & held) / len(wanted) if wanted else 1.0


def _find_named(question: str, series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """The items that the question names by their numbers or places."""
    for pattern in ITEMS:
        for named in pattern.finditer(question):
            unit, pick = extract_terms(named["unit"]), make_pick(named)
            besides = question.replace(named[0], " ")
            wanted = extract_terms(besides) - REQUEST_WORDS
            able = [one for one in series if one.labels & unit]
            if not able and (not named["unit"] or OPENS_WITH_ITEM.match(question[: named.start()])):
                # Nothing has that label, but the rest of the question may name a list: "the fourth tip on ...".
                entries = [one for one in series if one.kind == "entries"]
                able = [one for one in entries if (wanted and wanted <= one.name) or _mentions(besides, one.heading)]
            if named.groupdict().get("mark"):
                able = [one for one in able if pick(one)]
            able = [one for one in able if _mentions(besides, one.heading)] or able
            chosen = (
                _choose_nearest(wanted, able, SHARE, retrieval)
                or _choose_nearest(wanted, [one for one in able if pick(one)], SHARE, retrieval)
                or _choose_found(wanted, unit, able, retrieval)
            )
            if chosen and (items := pick(chosen)):
                return Told(items, listed=False)
    return None


def _find_neighbour(question: str, asked: re.Match[str], series: Sequence[Series], retrieval: Retrieval) -> Told | None:
    """The item after, or before, the one that the question names by its number or describes."""
    known, aside = asked["known"], -1 if asked["where"].lower() in BEFORE else 1
    told = _find_named(known, series, retrieval)
    if told is None:
        return _find_beside(question, known, aside, series, _rate_described) if asked["comes"] else None
    for one in series:
        at = next((n + aside for n, item in enumerate(one.items) if item in told.items), -1)
        if 0 <= at < len(one.items):
            return Told((one.items[at],), listed=False)
    return None


def _find_beside(
    question: str,
    known: str,
    aside: int,
    series: Sequence[Series],
    rate: Callable[[frozenset[str], Item], float],
    farthest: int = -1,
) -> Told | None:
    """The item after, or before, the one that a text describes.

    Args:
        rate: how well terms describe an item, 0 to 1.
        farthest: of items that are described equally well, 1 takes the last and -1 the first.
    """
    wanted, named = extract_terms(known) - REQUEST_WORDS, extract_terms(question)
    found: list[tuple[tuple[bool, bool, float, bool, float], tuple[Item, ...]]] = []
    for one in series:
        rest = wanted - one.labels - one.name
        rates = [(rate(rest, item), not item.heading.endswith("?")) for item in one.items]
        at = max(range(len(rates)), key=lambda place: (rates[place], farthest * place))
        if rest and rates[at][0] > SHARE:
            above = compute_share(named - REQUEST_WORDS - one.title, one.name)
            inside = _mentions(question, one.heading)
            beside = one.items[at + aside : at + aside + 1] if at + aside >= 0 else ()
            found.append(((inside, bool(one.labels & named), *rates[at], above), beside))
    items = max(found, key=lambda pair: pair[0])[1] if found else ()
    return Told(items, listed=False) if items else None


def _rate_described(wanted: frozenset[str], item: Item) -> float:
    """How much of a description an item holds."""
    return compute_share(wanted, item.terms)


def _rate_answered(told: frozenset[str], item: Item) -> float:
    """How much of an item the answer has said."""
    return compute_share(item.terms - REQUEST_WORDS, told) if item.terms - REQUEST_WORDS else 0.0
