"""Whether a number in a question lies in a range that a sentence names: an age, a deadline, a weight, a count.

"Between 13 and 3 days before, we keep half" answers "what if it's only five days before?", and the row "Child, 5 to 15"
is the one for a girl of eleven. To vectors, such sentences are alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from assistant.answering.numbers import CLOCK, Number, find_numbers, is_opened, is_plural
from assistant.answering.tokens import Token, join_words, read_tokens
from assistant.language.english import (
    LIMIT_LINKS,
    LIMITS_AFTER,
    LIMITS_BEFORE,
    OF_AN_AGE,
    OPENS_AGE,
    PLURAL_AGE,
    RANGE_LINKS,
    WEEKDAYS,
)
from index.chunking.words import FUNCTION_WORDS, stem

AGES_LINKS = frozenset({",", "and", "or", ", and", "&"})
"""What stands between the ages of several people."""

AGE = "age"
"""The unit of years of life; a number without a unit may be one."""

OLDEST = 120
"""Years."""

YEAR = 12
"""Months."""

BEFORE, AFTER = 5, 4
"""The most tokens before and after a number that are looked at for a limit."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values from the least to the most; None is no limit. If the least is above the most, it passes midnight."""

    unit: str
    """As of a number; `AGE`; or what is counted or numbered: "counted people", "counted zone"."""
    least: Fraction | None
    most: Fraction | None
    holds_least: bool = True
    holds_most: bool = True

    def holds(self, value: Fraction) -> bool:
        """Whether a value of this unit lies in the range."""
        above = self.least is None or value > self.least or (self.holds_least and value == self.least)
        below = self.most is None or value < self.most or (self.holds_most and value == self.most)
        if self.least is not None and self.most is not None and self.least > self.most:
            return above or below
        return above and below


def fits_ranges(values: Collection[tuple[str, Fraction]], sentence: str) -> bool | None:
    """Whether one of these values lies in a range of the sentence that measures, counts or numbers the same.

    None if there is no such range, or no value.
    """
    if not values:
        return None
    compared = [one.holds(value) for one in find_ranges(sentence) for unit, value in values if unit == one.unit]
    return any(compared) if compared else None


def find_values(question: str) -> Iterator[tuple[str, Fraction]]:
    """Yield (unit, value) of each number of a question, once for all that it may measure."""
    tokens = _read(question)
    age_end = -1
    for number in find_numbers(tokens):
        values = dict(_list_values(tokens, number, number))
        if not number.unit and (age := values.pop(AGE, None)) is not None:
            before = join_words(tokens[max(0, number.start - BEFORE) : number.start])
            listed = age_end >= 0 and join_words(tokens[age_end : number.start]) in AGES_LINKS
            if age <= OLDEST and (listed or OPENS_AGE.search(before)):
                values, age_end = {AGE: age}, number.end
        yield from values.items()


def find_ranges(sentence: str) -> Iterator[Range]:
    """Yield the ranges of a sentence: between two numbers, or with one or two as limits."""
    tokens = _read(sentence)
    numbers = find_numbers(tokens)
    pairs = [(one, other) for one, other in pairwise(numbers) if _are_range(tokens, one, other)]
    for one, other in pairs:
        yield from _read_range(tokens, one, other)
    ends = {number.start for pair in pairs for number in pair}
    yield from _read_limits(tokens, [number for number in numbers if number.start not in ends])


def _read_range(tokens: Sequence[Token], one: Number, other: Number) -> Iterator[Range]:
    """Yield the ranges between two numbers, one for all that they may measure."""
    firsts = dict(_list_measured(tokens, one._replace(unit=other.unit, scale=other.scale), other))
    for unit, last in _list_measured(tokens, other, one):
        if unit in firsts:
            yield Range(unit, *((firsts[unit], last) if unit == CLOCK else sorted((firsts[unit], last))))


def _read_limits(tokens: Sequence[Token], numbers: Sequence[Number]) -> Iterator[Range]:
    """Yield the ranges that have these numbers as limits; two of them may be the ends of one."""
    limits = [(number, limit) for number in numbers if (limit := _find_limit(tokens, number))]
    at = 0
    while at < len(limits):
        number, limit = limits[at]
        ranges = [_make_range(*measured, *limit) for measured in _list_measured(tokens, number, number)]
        at += 1
        if at < len(limits) and limit[0] == "least" and _goes_on(tokens, number, *limits[at]):
            upper, (_, included) = limits[at]
            values = dict(_list_values(tokens, upper, upper))
            ranges = [replace(one, most=values.get(one.unit), holds_most=included) for one in ranges]
            at += 1
        yield from ranges


def _make_range(unit: str, value: Fraction, side: str, included: bool) -> Range:
    """A range with one limit; arguments as `_find_limit` gives them."""
    if side == "least":
        return Range(unit, value, None, holds_least=included)
    return Range(unit, None, value, holds_most=included)


def _goes_on(tokens: Sequence[Token], one: Number, other: Number, limit: tuple[str, bool]) -> bool:
    """Whether a limit goes on from the one before, as the upper end of the same range ("over 5 and under 16")."""
    link = tokens[one.end : other.start]
    opening = join_words(link[:2]) if join_words(link[:2]) in LIMIT_LINKS else join_words(link[:1])
    return limit[0] == "most" and one.unit == other.unit and len(link) <= BEFORE and opening in LIMIT_LINKS


def _list_measured(tokens: Sequence[Token], number: Number, other: Number) -> Iterator[tuple[str, Fraction]]:
    """Yield what `_list_values` does, but ages only where it may be one."""
    for unit, value in _list_values(tokens, number, other):
        if unit != AGE or number.unit or _may_be_age(tokens, min(number, other)):
            yield unit, value


def _may_be_age(tokens: Sequence[Token], first: Number) -> bool:
    """Whether numbers without a unit, the first of which this is, may be years of life: not hours, rooms or a count."""
    place = first.start - 1
    if place > 0 and tokens[place].text.casefold() == "of":
        place -= 1  # "groups of 10 or more"
    of_others = _find_word(tokens, place) not in ("", *OF_AN_AGE)
    hours = any(token.text.casefold() in WEEKDAYS for token in tokens[: first.start])
    whole = tokens[first.start].text.isalnum()  # unlike "18.00"
    return whole and not of_others and not hours


def _read(text: str) -> list[Token]:
    return read_tokens(PLURAL_AGE.sub(r"\1 \2 years", text))


def _list_values(tokens: Sequence[Token], number: Number, other: Number) -> Iterator[tuple[str, Fraction]]:
    """Yield (unit, value) for all that a number may measure, if it does not name something.

    Args:
        other: the other end of the range, or the number itself.
    """
    if number.exact:
        return
    if number.unit == "months" and number.scale == YEAR:
        yield AGE, number.figure
    if number.unit:
        yield number.unit, number.value
        return
    first, last = sorted((number, other))
    counted, numbered = _find_counted(tokens, last), _find_word(tokens, first.start - 1)
    if not any(is_plural(token.text) for token in tokens[last.end : last.end + 2]):  # "12 people", "3 trial lessons"
        yield AGE, number.figure
    yield from ((f"counted {stem(word)}", number.figure) for word in {counted, numbered} if word)


def _find_counted(tokens: Sequence[Token], number: Number) -> str:
    """The word that a number may count, also if a limit stands between ("10 or more people"); else empty."""
    limit = any(pattern.match(join_words(tokens[number.end : number.end + 2])) for pattern in LIMITS_AFTER)
    return _find_word(tokens, number.end + (2 if limit else 0))


def _find_word(tokens: Sequence[Token], place: int) -> str:
    """The word at a place that a number may count ("4 people") or name one of ("zone 3"), in lower case; else empty."""
    token = tokens[place] if 0 <= place < len(tokens) else None
    word = token.text.casefold() if token and token.kind == "word" else ""
    return word if word not in FUNCTION_WORDS else ""


def _are_range(tokens: Sequence[Token], one: Number, other: Number) -> bool:
    """Whether two numbers are the ends of a range: "5 to 15", "3–5 days", "between 48 and 24 hours"."""
    if one.exact or other.exact:
        return False
    link = join_words(tokens[one.end : other.start])
    linked = link in RANGE_LINKS or (link == "and" and is_opened(tokens, one.start))
    return linked and one.unit in (other.unit, "")


def _find_limit(tokens: Sequence[Token], number: Number) -> tuple[str, bool] | None:
    """("least" or "most", whether the number itself is included) if it is a limit: "over 65", "10 or more"."""
    before = join_words(tokens[max(0, number.start - BEFORE) : number.start])
    after = join_words(tokens[number.end : number.end + AFTER])
    for pattern, limit in LIMITS_BEFORE.items():
        if pattern.search(before):
            return limit
    return next((limit for pattern, limit in LIMITS_AFTER.items() if pattern.match(after)), None)
