"""Compares the quantities of a claim with those of its evidence: value, unit, sign, bound, and what each belongs to.

"In the app up to 12 hours before, by phone up to two" does not say "by phone up to 12 hours before", though both hold
the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from assistant.answering.numbers import CLOCK, HALF_CLOCK, HALF_DAY, find_numbers, is_plural, is_range, read_minutes
from assistant.answering.tokens import Token, join_words, read_tokens
from assistant.language.english import BOUNDS, CURRENCIES, RATES, SEGMENT_ENDS, SHARES, TELLING_APART, TIMES, UNITS
from index.chunking.words import FUNCTION_WORDS, stem

_BETWEEN = 2
"""Words between a number and what bounds it, as in "at least about five"."""

_NEAR = 4
"""Words more than this many tokens away from a number do not belong to it."""

RIVAL = 2
"""How many more of a quantity's words stand near a different quantity in another sentence, if that one is meant."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text."""

    figure: Fraction
    """As it is written."""
    value: Fraction
    """In the base of its unit: seconds, metres, grams, litres, minutes of the day."""
    unit: str
    """What it measures: "time", "length", "EUR"; empty if it only counts or nothing is said."""
    bound: str
    """"least" or "most"; empty if neither is said."""
    near: frozenset[str]
    """Stems of the words that it belongs to: a label before it ("Saturday: ..."), and those in its part of the
    sentence that are near to it, and nearer than to another number."""
    rate: str = ""
    """What it is counted per ("per night": "night"); empty if nothing is said."""
    exact: str = ""
    """A number that names something (a telephone number, "B12"), as it is written."""
    counted: str = ""
    """The word behind it, if it has no unit: "tablets"; empty if there is none that it may count."""

    def equals(self, other: Quantity) -> bool:
        """Whether two are the same; a unit that only one of them names is no difference if the other counts nothing."""
        if self.exact or other.exact:
            return self.exact == other.exact
        if (self.rate and other.rate and self.rate != other.rate) or {self.bound, other.bound} == {"least", "most"}:
            return False
        if self.unit == other.unit:
            return self.value == other.value
        if {self.unit, other.unit} <= {CLOCK, HALF_CLOCK, ""}:
            return self._minutes == other._minutes
        bare = other if self.unit else self
        return not (bare.unit or bare.counted) and self.figure == other.figure

    @property
    def _minutes(self) -> Fraction:
        """Minutes of half a day, if one of two times does not say which half: "5" for 17:00, "9.30" for 9:30."""
        return (self.value if self.unit else read_minutes(self.figure)) % HALF_DAY


def agree_in_quantities(claim: str, evidence: Iterable[str]) -> bool:
    """Whether each quantity of a claim stands in its evidence, and belongs to the same thing there as in the claim.

    Args:
        evidence: sentences of the guide, as a reader sees them.
    """
    told = list(evidence)
    currencies = {CURRENCIES.get(found.text.casefold()) for text in told for found in read_tokens(text)}
    sentences = [list(find_quantities(text)) for text in told]
    claimed = list(find_quantities(claim))
    return all(
        _is_held(one, sentences)
        and not _stands_elsewhere(one, claimed, sentences)
        and (one.unit not in CURRENCIES.values() or one.unit in currencies)
        for one in claimed
    )


def _is_held(said: Quantity, sentences: Sequence[Sequence[Quantity]]) -> bool:
    """Whether a quantity is in one of these sentences, and its words there do not belong to a different quantity."""
    return any(one.equals(said) and not _belongs_to_rival(said, one, there) for there in sentences for one in there)


def _stands_elsewhere(said: Quantity, claimed: Sequence[Quantity], sentences: Sequence[Sequence[Quantity]]) -> bool:
    """Whether a quantity is only in sentences about something else, and what it belongs to has a different one.

    Args:
        claimed: all quantities of the claim.
    """
    holding = [there for there in sentences if any(one.equals(said) for one in there)]
    own = frozenset[str]().union(*(one.near for there in holding for one in there if one.equals(said)))
    rivals = (one for there in sentences if there not in holding for one in there if one.unit == said.unit)
    least = len(said.near & own) + RIVAL
    return any(len(said.near & one.near) >= least for one in rivals if not any(map(one.equals, claimed)))


def _belongs_to_rival(said: Quantity, same: Quantity, there: Sequence[Quantity]) -> bool:
    """Whether the words near a quantity show that not the same one in a sentence is meant, but a different one."""
    rivals = [one for one in there if one.unit == same.unit and not one.equals(same)]
    own = same.near.union(*(one.near for one in there if one.equals(same)))
    others = frozenset[str]().union(*(one.near for one in rivals))
    return bool(said.near & others - own) and not said.near & own - others


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities of a text, in order. "One" alone does not count: it is mostly a pronoun."""
    tokens = read_tokens(text)
    found = find_numbers(tokens)
    owned = _share_words(tokens, [(one.start, one.end) for one in found])
    for one, near in zip(found, owned, strict=True):
        bound, rate = _find_bound(tokens, one.start), _find_rate(tokens, one.end)
        counted = "" if one.unit else TIMES.get(tokens[one.start].text.casefold()) or _find_counted(tokens, one.end)
        yield Quantity(one.figure, one.value, one.unit, bound, near, rate, one.exact, counted)


def _find_counted(tokens: Sequence[Token], end: int) -> str:
    """The word right behind a number, if it is a plural that the number may count; else empty."""
    word = tokens[end].text if end < len(tokens) else ""
    return word if is_plural(word) and word not in UNITS else ""


def _find_bound(tokens: Sequence[Token], start: int) -> str:
    """Whether a quantity is the "least" ("at least") or the "most" ("up to", "not more than"); empty if neither."""
    before = join_words(tokens[max(0, start - _BETWEEN - 3) : start])
    for phrase, bound in BOUNDS.items():
        if re.search(rf"(?:^|\s){phrase}(?:\s\w+){{0,{_BETWEEN}}}$", before):
            return bound
    return ""


def _find_rate(tokens: Sequence[Token], end: int) -> str:
    """What a quantity is counted per, as said after it: "per night", "a day", "for each half hour"."""
    rest = [token.text.casefold() for token in tokens[end : end + 4]]
    rest = rest[1:] if rest[:1] == ["for"] else rest
    if len(rest) < 2 or rest[0] not in RATES:
        return ""
    return " ".join(rest[1:3]) if rest[1] in SHARES else stem(rest[1])


def _share_words(tokens: Sequence[Token], places: Sequence[tuple[int, int]]) -> list[frozenset[str]]:
    """For each number, the stems of the words that it belongs to."""
    owned: list[set[str]] = [set() for _ in places]
    inside = {at for start, end in places for at in range(start, end)}
    parts = [0]
    for at, token in enumerate(tokens):
        parts.append(parts[-1] + (token.text.casefold() in SEGMENT_ENDS and at not in inside))
    labelled = next((at for at, token in enumerate(tokens) if token.text == ":"), 0)
    for at, token in enumerate(tokens):
        word = token.text.casefold().replace("'", "")
        if token.kind != "word" or at in inside or (word in FUNCTION_WORDS and word not in TELLING_APART):
            continue
        for i in _find_owners(at, labelled, parts, places):
            owned[i].add(stem(word))
    for i, ((_, end), (start, _)) in enumerate(pairwise(places)):
        if is_range(tokens, end, start):
            owned[i] |= owned[i + 1]
            owned[i + 1] = owned[i]
    return [frozenset(some) for some in owned]


def _find_owners(at: int, labelled: int, parts: Sequence[int], places: Sequence[tuple[int, int]]) -> list[int]:
    """The numbers that a word belongs to: for a label, all after it; else the nearest one, if it is near."""
    if at < labelled:
        return [i for i, (start, _) in enumerate(places) if start > labelled]
    there = [i for i, (start, _) in enumerate(places) if parts[start] == parts[at]]
    distances = sorted((min(abs(places[i][0] - at), abs(at - places[i][1] + 1)), i) for i in there)
    if not distances or distances[0][0] > _NEAR or (len(distances) > 1 and distances[0][0] == distances[1][0]):
        return []
    return [distances[0][1]]
