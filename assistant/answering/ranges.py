"""Whether a number in a question lies in a range that a sentence names: an age, a deadline, a weight, a count.

"Between 13 and 3 days before, we keep half" answers "what if it's only five days before?", and the row "Child, 5 to 15"
is the one for a girl of eleven. To vectors, such sentences are alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from assistant.answering.numbers import CLOCK, Number, Token, find_numbers, join_words, read_tokens
from assistant.language.english import (
    LIMITS_AFTER,
    LIMITS_BEFORE,
    OPENS_AGE,
    PLURAL_AGE,
    RANGE_LINKS,
    RANGE_OPENINGS,
)
from index.chunking.words import FUNCTION_WORDS, stem

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
    """As of a number; `AGE`; or what is counted or numbered: "people", "zone"."""
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
    for number in find_numbers(tokens):
        values = dict(_list_values(tokens, number, number))
        if not number.unit and (age := values.pop(AGE, None)) is not None:
            before = join_words(tokens[max(0, number.start - BEFORE) : number.start])
            if age <= OLDEST and OPENS_AGE.search(before):
                values = {AGE: age}
        yield from values.items()


def find_ranges(sentence: str) -> Iterator[Range]:
    """Yield the ranges of a sentence: between two numbers, or with one as a limit."""
    tokens = _read(sentence)
    numbers = find_numbers(tokens)
    ends: set[int] = set()
    for one, other in pairwise(numbers):
        if _are_range(tokens, one, other):
            ends |= {one.start, other.start}
            firsts = dict(_list_values(tokens, one._replace(unit=other.unit, scale=other.scale), other))
            for unit, last in _list_values(tokens, other, one):
                limits = (firsts[unit], last) if unit == CLOCK else sorted((firsts[unit], last))
                yield Range(unit, *limits)
    for number in numbers:
        limit = None if number.start in ends else _find_limit(tokens, number)
        if limit:
            side, included = limit
            for unit, value in _list_values(tokens, number, number):
                if side == "least":
                    yield Range(unit, value, None, holds_least=included)
                else:
                    yield Range(unit, None, value, holds_most=included)


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
    if not counted:
        yield AGE, number.figure
    yield from ((word, number.figure) for word in {counted, numbered} if word)


def _find_counted(tokens: Sequence[Token], number: Number) -> str:
    """The stem of the word that a number counts, also if a limit stands between ("10 or more people"); else empty."""
    limit = any(pattern.match(join_words(tokens[number.end : number.end + 2])) for pattern in LIMITS_AFTER)
    return _find_word(tokens, number.end + (2 if limit else 0))


def _find_word(tokens: Sequence[Token], place: int) -> str:
    """The stem of the word at a place, if a number counts it ("4 people") or names one of it ("zone 3"); else empty."""
    token = tokens[place] if 0 <= place < len(tokens) else None
    word = token.text.casefold() if token and token.kind == "word" else ""
    return stem(word) if word and word not in FUNCTION_WORDS else ""


def _are_range(tokens: Sequence[Token], one: Number, other: Number) -> bool:
    """Whether two numbers are the ends of a range: "5 to 15", "3–5 days", "between 48 and 24 hours"."""
    if one.exact or other.exact:
        return False
    link = join_words(tokens[one.end : other.start])
    opened = join_words(tokens[max(0, one.start - 1) : one.start]) in RANGE_OPENINGS
    return one.unit in (other.unit, "") and (link in RANGE_LINKS or (opened and link == "and"))


def _find_limit(tokens: Sequence[Token], number: Number) -> tuple[str, bool] | None:
    """("least" or "most", whether the number itself is included) if it is a limit: "over 65", "10 or more"."""
    before = join_words(tokens[max(0, number.start - BEFORE) : number.start])
    after = join_words(tokens[number.end : number.end + AFTER])
    for pattern, limit in LIMITS_BEFORE.items():
        if pattern.search(before):
            return limit
    return next((limit for pattern, limit in LIMITS_AFTER.items() if pattern.match(after)), None)
