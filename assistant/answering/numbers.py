"""Reads the numbers of a text, in figures and in words, each with its unit; also times of the day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from assistant.answering.tokens import Token, join_words
from assistant.language.english import (
    BEHIND_NUMBERS,
    CURRENCIES,
    MULTIPLES,
    MULTIPLES_OF_MONEY,
    NUMBERS,
    ORDINALS,
    PLURALS,
    RANGE_OPENINGS,
    SHARE_OPENINGS,
    SHARES,
    SIGNS,
    UNIT_OPENINGS,
    UNITS,
)
from index.chunking.words import FUNCTION_WORDS

_FRACTIONS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}
CLOCK, HALF_CLOCK = "clock", "half clock"
"""The units of a time of day, in minutes; the second does not say which half of the day is meant."""

DAY, HALF_DAY = 1440, 720
"""Minutes."""


class Number(NamedTuple):
    """A number with its unit, and its place among the tokens."""

    start: int
    end: int
    """Behind its unit."""
    figure: Fraction
    """As it is written."""
    unit: str = ""
    """What it measures: "time", "length", "EUR"; empty if nothing is said."""
    scale: Fraction = Fraction(1)
    """The size of the unit in its base: seconds, months, metres, grams, litres, minutes of the day."""
    exact: str = ""
    """A number that names something (a telephone number, "B12"), as it is written."""

    @property
    def value(self) -> Fraction:
        """In the base of its unit."""
        return self.figure * self.scale


def find_numbers(tokens: Sequence[Token]) -> list[Number]:
    """The numbers among the tokens, in order. "One" alone does not count: it is mostly a pronoun."""
    return _share_units(tokens, _join_amounts(tokens, _read_all(tokens)))


def _read_all(tokens: Sequence[Token]) -> Iterator[Number]:
    at = 0
    while at < len(tokens):
        found = _read_clock(tokens, at) or _read_number(tokens, at)
        if found:
            yield found
        at = found.end if found else at + 1


def _join_amounts(tokens: Sequence[Token], found: Iterable[Number]) -> list[Number]:
    """Make one number of an amount that is told in two units: "1 year and 3 months", "4 lb 8 oz"."""
    joined: list[Number] = []
    for one in found:
        if joined and _adds_up(tokens, joined[-1], one):
            first = joined.pop()
            one = Number(first.start, one.end, (first.value + one.value) / one.scale, one.unit, one.scale)
        joined.append(one)
    return joined


def _adds_up(tokens: Sequence[Token], one: Number, other: Number) -> bool:
    """Whether the second of two neighbouring numbers tells what is more than a whole number of the first one's unit."""
    return (
        bool(one.unit)
        and one.unit == other.unit
        and one.scale > other.scale
        and 0 <= other.value < one.scale
        and join_words(tokens[one.end : other.start]) in ("", "and")
        and not is_opened(tokens, one.start)
    )


def is_opened(tokens: Sequence[Token], start: int) -> bool:
    """Whether "between" or the like stands before a number."""
    return join_words(tokens[max(0, start - 1) : start]) in RANGE_OPENINGS


def _share_units(tokens: Sequence[Token], found: Sequence[Number]) -> list[Number]:
    """Give the first number of a range ("3-5 days", "5-8 pm") the unit of the second."""
    shared = list(found)
    for place in range(len(shared) - 2, -1, -1):
        one, after = shared[place], shared[place + 1]
        linked = is_range(tokens, one.end, after.start) and (
            join_words(tokens[one.end : after.start]) != "and" or is_opened(tokens, one.start)
        )
        if not (one.unit or one.exact) and linked:
            shared[place] = _give_unit(one, after)
    return shared


def _give_unit(one: Number, other: Number) -> Number:
    """The number before another, in the unit of that; of a time the half of the day that lies nearer before it."""
    if other.unit not in (CLOCK, HALF_CLOCK):
        return one._replace(unit=other.unit, scale=other.scale)
    if not 0 < one.figure // 1 <= 12:
        return one
    early = read_minutes(one.figure) % HALF_DAY
    late = early + HALF_DAY
    minutes = late if (other.figure - late) % DAY < (other.figure - early) % DAY else early
    return one._replace(figure=minutes, unit=other.unit)


def read_minutes(figure: Fraction) -> Fraction:
    """The minutes of a time that is written as a mere number: "5" is 5:00, "9.30" is 9:30."""
    hours, rest = divmod(figure, 1)
    return 60 * hours + 100 * rest


def is_range(tokens: Sequence[Token], end: int, start: int) -> bool:
    """Whether what stands between two numbers makes them a range."""
    return [token.text.casefold() for token in tokens[end:start]] in (["-"], ["–"], ["−"], ["to"], ["and"], ["or"])


def is_plural(word: str) -> bool:
    """Whether a word in lower case looks like a plural, which a number may count."""
    return word.islower() and word not in FUNCTION_WORDS and (word.endswith("s") or word in PLURALS)


def _read_clock(tokens: Sequence[Token], at: int) -> Number | None:
    """Read a time of the day: "17:30", "5.30 pm", "5 o'clock", "half past five"; None if none begins here."""
    words = [token.text.casefold() for token in tokens[at : at + 3]]
    if len(words) == 3 and words[0] in SHARES and words[1] in ("past", "to"):
        full, part = _read_hour(words[2]), 60 * SHARES[words[0]]
        if not full:
            return None
        return Number(at, at + 3, 60 * full + (part if words[1] == "past" else -part), HALF_CLOCK)
    if tokens[at].kind == "time":
        hour, minute = map(Fraction, tokens[at].text.split(":"))
    elif tokens[at].kind == "number" and re.fullmatch(r"\d{1,2}(?:\.\d\d)?", tokens[at].text):
        hour, minute = map(Fraction, f"{tokens[at].text}.0".split(".")[:2])
    elif words[0] in NUMBERS:
        hour, minute = Fraction(NUMBERS[words[0]]), Fraction(0)
    else:
        return None
    end, half = _read_half_of_day(tokens, at + 1)
    if tokens[at].kind != "time" and end == at + 1:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    known = half or tokens[at].kind == "time"
    return Number(at, end, 60 * hour + minute, CLOCK if known else HALF_CLOCK)


def _read_hour(word: str) -> Fraction:
    """The hour that a word or figure names; 0 if it names none."""
    return Fraction(int(word) if word.isdecimal() else NUMBERS.get(word, 0))


def _read_number(tokens: Sequence[Token], at: int) -> Number | None:
    """Read the number that begins at a token, with its sign and unit; None if none does."""
    if tokens[at].kind == "code":
        return Number(at, at + 1, Fraction(0), exact=tokens[at].text.casefold())
    start, sign, currency = at, 1, ""
    if _opens_sum(tokens, at):
        currency, at = CURRENCIES[tokens[at].text.casefold()], at + 1
    if _is_sign(tokens, at):
        sign, at = -1, at + 1
    if tokens[at].kind == "number" and _names_something(tokens, at, currency):
        return Number(start, at + 1, Fraction(0), exact=tokens[at].text)
    figure, end = _read_value(tokens, at, bool(currency))
    if figure is None:
        return None
    unit, scale, end = (currency, Fraction(1), end) if currency else _read_unit(tokens, end, figure < 1)
    return Number(start, end, sign * figure, unit, scale)


def _opens_sum(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is the sign or code of a currency before a sum of money ("€20", "CHF 20")."""
    text = tokens[at].text
    coded = text.casefold() in CURRENCIES and (tokens[at].kind == "mark" or text.isupper())
    return coded and at + 1 < len(tokens) and tokens[at + 1].kind in ("number", "sign")


def _is_sign(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is a minus: not the dash of a range ("5 -15", "9am -5pm"), nor a hyphen in a word."""
    if tokens[at].text.casefold() in SIGNS:
        return at + 1 < len(tokens) and (tokens[at + 1].kind == "number" or tokens[at + 1].text.casefold() in NUMBERS)
    behind = at - 1 if at > 1 and tokens[at - 1].text.casefold() in BEHIND_NUMBERS else at
    return tokens[at].kind == "sign" and not (behind and tokens[behind - 1].kind in ("number", "time", "fraction"))


def _names_something(tokens: Sequence[Token], at: int, currency: str) -> bool:
    """Whether a number is part of a name: it begins with a zero, or has too many digits for a count and no unit."""
    digits = tokens[at].text
    if not digits.isdigit() or len(digits) == 1:
        return False
    return digits[0] == "0" or (len(digits) > 4 and not (currency or _read_unit(tokens, at + 1)[0]))


def _read_half_of_day(tokens: Sequence[Token], at: int) -> tuple[int, str]:
    """Read "a.m.", "pm" or "o'clock": the place after it, and "am", "pm" or nothing."""
    rest = [token.text.casefold() for token in tokens[at : at + 4]]
    for half in ("am", "pm"):
        for spelling in ([half], [half[0], ".", half[1], "."], [half[0], ".", half[1]]):
            if rest[: len(spelling)] == spelling:
                return at + len(spelling), half
    return (at + 1, "") if rest[:1] == ["o'clock"] else (at, "")


def _read_value(tokens: Sequence[Token], at: int, money: bool) -> tuple[Fraction | None, int]:
    """Read a value, in figures or words ("one and a half", "1 1/2", "30k"), and the place after it; None if none is.

    Args:
        money: whether it is a sum of money.
    """
    share, end = _read_share(tokens, at)
    if share:
        return share, end
    if tokens[at].kind == "number":
        value: Fraction | None = _parse(tokens[at].text)
        at += 1
    else:
        value, at = _read_words(tokens, at)
    if value is None:
        return None, at
    hyphen = tokens[at : at + 1] == [Token("mark", "-")]
    share, end = _read_share(tokens, at + hyphen)
    if share and value.denominator == 1:
        return value + share, end
    rest = [token.text.casefold() for token in tokens[at : at + 3]]
    if rest[:2] == ["and", "a"] and len(rest) == 3 and rest[2] in SHARES:
        return value + SHARES[rest[2]], at + 3
    multiples = MULTIPLES | MULTIPLES_OF_MONEY if money else MULTIPLES
    return (value * multiples[rest[0]], at + 1) if rest and rest[0] in multiples else (value, at)


def _read_share(tokens: Sequence[Token], at: int) -> tuple[Fraction, int]:
    """Read a share of one ("½", "1/2"; not "1/2/2026"), and the place after it; 0 if none begins here."""
    if at < len(tokens) and tokens[at].kind == "fraction":
        return Fraction(*_FRACTIONS[tokens[at].text]), at + 1
    figures = [token.text for token in tokens[at : at + 4]]
    if len(figures) > 2 and figures[0].isdecimal() and figures[1] == "/" and figures[2].isdecimal():
        part, whole = int(figures[0]), int(figures[2])
        if part < whole <= 16 and figures[3:] != ["/"]:
            return Fraction(part, whole), at + 3
    return Fraction(0), at


def _parse(figures: str) -> Fraction:
    """The value of figures; a comma or space before three digits groups thousands."""
    if re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?", figures):
        return Fraction(re.sub(r"[,\u00a0\u202f]", "", figures))
    return Fraction(figures.replace(",", "."))


def _read_words(tokens: Sequence[Token], at: int) -> tuple[Fraction | None, int]:
    """Read a number that is written in words: "twenty-five", "three hundred", "half", "third"."""
    value: Fraction | None = None
    while at < len(tokens):
        word = tokens[at].text.casefold()
        if word in ("-", "–") and value is not None and tokens[at + 1 : at + 2] and _is_small(tokens[at + 1].text):
            at += 1
        elif word in NUMBERS and (value is None or (value >= 20 and NUMBERS[word] < 10 and value % 10 == 0)):
            value, at = (value or 0) + Fraction(NUMBERS[word]), at + 1
        elif word in MULTIPLES and len(word) > 1 and (value is None or value < 1000):
            value, at = (value or Fraction(1)) * MULTIPLES[word], at + 1
        elif value is None and word in SHARES and _has_measure(tokens, at):
            return SHARES[word], at + 1
        elif value is None and word in ORDINALS:
            return Fraction(ORDINALS[word]), at + 1
        else:
            break
    following = [token.text.casefold() for token in tokens[at : at + 3]]
    if value == 1 and not (following[:1] and (following[0] in UNITS or _goes_on(following))):
        return None, at
    return value, at


def _goes_on(following: Sequence[str]) -> bool:
    """Whether what follows makes "one" a number: "one and a half", "one to three"."""
    return following[:2] == ["and", "a"] or (
        len(following) > 1
        and following[0] in ("and", "to", "or")
        and (following[1] in NUMBERS or following[1].isdecimal())
    )


def _is_small(word: str) -> bool:
    return NUMBERS.get(word.casefold(), 10) < 10


def _has_measure(tokens: Sequence[Token], at: int) -> bool:
    """Whether a share ("half", "a quarter") is of a unit: "half an hour", not "half of them"."""
    return any(token.text.casefold() in UNITS for token in tokens[at + 1 : at + 4])


def _is_described_unit(tokens: Sequence[Token], at: int) -> bool:
    """Whether a unit comes after one more word ("5 working days", "2 heaped teaspoons")."""
    words = [token.text for token in tokens[at : at + 2]]
    return (
        len(words) == 2
        and words[0].isalpha()
        and words[0].islower()
        and words[0] not in UNITS
        and words[0] not in FUNCTION_WORDS
        and len(words[1]) > 2
        and words[1] in UNITS
    )


def _read_unit(tokens: Sequence[Token], at: int, share: bool = False) -> tuple[str, Fraction, int]:
    """Read a unit after a number: what it measures, its size in the base unit, and the place after it.

    Args:
        share: whether the number is a share of the unit.
    """
    openings = UNIT_OPENINGS | SHARE_OPENINGS if share else UNIT_OPENINGS
    place = at
    while place < len(tokens) and tokens[place].text.casefold() in openings:
        place += 1
    place += _is_described_unit(tokens, place)
    if place < len(tokens):
        word = tokens[place].text
        if word in CURRENCIES or word.casefold() in CURRENCIES:
            return CURRENCIES.get(word) or CURRENCIES[word.casefold()], Fraction(1), place + 1
        known = UNITS.get(word) or UNITS.get(word.casefold())
        if known:
            return *known, place + 1
    return "", Fraction(1), at
