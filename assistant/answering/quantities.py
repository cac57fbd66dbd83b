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
from typing import NamedTuple

from assistant.language.english import (
    BOUNDS,
    CURRENCIES,
    NUMBERS,
    ORDINALS,
    RATES,
    SEGMENT_ENDS,
    SHARES,
    SIGNS,
    TELLING_APART,
    UNIT_OPENINGS,
    UNITS,
)
from index.chunking.words import FUNCTION_WORDS, stem

_TOKEN = re.compile(
    r"(?P<time>\d{1,2}:\d{2})(?!\d)|(?P<code>[^\W\d_]{1,3}\d+\w*)|(?P<number>\d{1,3}(?:[,\u00a0\u202f]\d{3}){1,30}(?:\.\d{1,99})?(?!\d)|\d{1,99}(?:[.,]\d{1,99})?)"
    r"|(?P<fraction>[½¼¾⅓⅔⅛])|(?P<sign>(?<![\w%°])[-−–](?=\d))|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)|(?P<mark>[€£$¥%°]|[^\s\w])"
)
_FRACTIONS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}
_PER_CENT = re.compile(r"\bper cent\b", re.IGNORECASE)
_CLOCK, _HALF_CLOCK = "clock", "half clock"
"""The units of a time of day, in minutes; the second does not say which half of the day is meant."""

_HALF_DAY = 720
"""Minutes."""

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

    def equals(self, other: Quantity) -> bool:
        """Whether two are the same; a unit that only one of them names is no difference."""
        if self.exact or other.exact:
            return self.exact == other.exact
        if (self.rate and other.rate and self.rate != other.rate) or {self.bound, other.bound} == {"least", "most"}:
            return False
        if self.unit == other.unit:
            return self.value == other.value
        if {self.unit, other.unit} <= {_CLOCK, _HALF_CLOCK, ""}:
            return self._minutes == other._minutes
        return not (self.unit and other.unit) and self.figure == other.figure

    @property
    def _minutes(self) -> Fraction:
        """Minutes of half a day, if one of two times does not say which half: "5" for 17:00, "9.30" for 9:30."""
        hours, rest = divmod(self.figure, 1)
        return (self.value if self.unit else 60 * hours + 100 * rest) % _HALF_DAY


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def agree_in_quantities(claim: str, evidence: Iterable[str]) -> bool:
    """Whether each quantity of a claim stands in its evidence, and belongs to the same thing there as in the claim.

    Args:
        evidence: sentences of the guide, as a reader sees them.
    """
    told = list(evidence)
    currencies = {CURRENCIES.get(found[0].casefold()) for text in told for found in _TOKEN.finditer(text)}
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
    text = _PER_CENT.sub("percent", text.replace("’", "'"))
    tokens = [_Token(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(text)]
    found = _share_units(tokens, list(_find_numbers(tokens)))
    owned = _share_words(tokens, [(one.start, one.end) for one in found])
    for one, near in zip(found, owned, strict=True):
        bound, rate = _find_bound(tokens, one.start), _find_rate(tokens, one.end)
        yield Quantity(one.figure, one.figure * one.scale, one.unit, bound, near, rate, one.exact)


class _Number(NamedTuple):
    """A number with its unit, and its place among the tokens."""

    start: int
    end: int
    figure: Fraction
    unit: str = ""
    scale: Fraction = Fraction(1)
    exact: str = ""


def _find_numbers(tokens: Sequence[_Token]) -> Iterator[_Number]:
    at = 0
    while at < len(tokens):
        found = _read_clock(tokens, at) or _read_number(tokens, at)
        if found:
            yield found
        at = found.end if found else at + 1


def _share_units(tokens: Sequence[_Token], found: Sequence[_Number]) -> list[_Number]:
    """Give the first number of a range ("3-5 days") the unit of the second."""
    shared = list(found)
    for place in range(len(shared) - 2, -1, -1):
        one, after = shared[place], shared[place + 1]
        if not (one.unit or one.exact) and _is_range(tokens, one.end, after.start):
            shared[place] = one._replace(unit=after.unit, scale=after.scale)
    return shared


def _is_range(tokens: Sequence[_Token], end: int, start: int) -> bool:
    """Whether what stands between two numbers makes them a range."""
    return [token.text.casefold() for token in tokens[end:start]] in (["-"], ["–"], ["−"], ["to"], ["and"], ["or"])


def _read_clock(tokens: Sequence[_Token], at: int) -> _Number | None:
    """Read a time of the day: "17:30", "5.30 pm", "5 o'clock", "half past five"; None if none begins here."""
    words = [token.text.casefold() for token in tokens[at : at + 3]]
    if len(words) == 3 and words[0] in SHARES and words[1] in ("past", "to"):
        full, part = _read_hour(words[2]), 60 * SHARES[words[0]]
        if not full:
            return None
        return _Number(at, at + 3, 60 * full + (part if words[1] == "past" else -part), _HALF_CLOCK)
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
    return _Number(at, end, 60 * hour + minute, _CLOCK if known else _HALF_CLOCK)


def _read_hour(word: str) -> Fraction:
    """The hour that a word or figure names; 0 if it names none."""
    return Fraction(int(word) if word.isdecimal() else NUMBERS.get(word, 0))


def _read_number(tokens: Sequence[_Token], at: int) -> _Number | None:
    """Read the number that begins at a token, with its sign and unit; None if none does."""
    if tokens[at].kind == "code":
        return _Number(at, at + 1, Fraction(0), exact=tokens[at].text.casefold())
    start, sign, currency = at, 1, ""
    if tokens[at].text in CURRENCIES and at + 1 < len(tokens) and tokens[at + 1].kind in ("number", "sign"):
        currency, at = CURRENCIES[tokens[at].text], at + 1
    if _is_sign(tokens, at):
        sign, at = -1, at + 1
    if tokens[at].kind == "number" and _names_something(tokens[at].text):
        return _Number(start, at + 1, Fraction(0), exact=tokens[at].text)
    figure, end = _read_value(tokens, at)
    if figure is None:
        return None
    unit, scale, end = (currency, Fraction(1), end) if currency else _read_unit(tokens, end)
    return _Number(start, end, sign * figure, unit, scale)


def _is_sign(tokens: Sequence[_Token], at: int) -> bool:
    """Whether a token is a minus: not the dash of a range, nor a hyphen in a word."""
    if tokens[at].text.casefold() in SIGNS:
        return at + 1 < len(tokens) and (tokens[at + 1].kind == "number" or tokens[at + 1].text.casefold() in NUMBERS)
    return tokens[at].kind == "sign"


def _names_something(digits: str) -> bool:
    """Whether a number is part of a name: it begins with a zero, or has too many digits for a count."""
    return digits.isdigit() and len(digits) > 1 and (digits[0] == "0" or len(digits) > 4)


def _read_half_of_day(tokens: Sequence[_Token], at: int) -> tuple[int, str]:
    """Read "a.m.", "pm" or "o'clock": the place after it, and "am", "pm" or nothing."""
    rest = [token.text.casefold() for token in tokens[at : at + 4]]
    for half in ("am", "pm"):
        for spelling in ([half], [half[0], ".", half[1], "."], [half[0], ".", half[1]]):
            if rest[: len(spelling)] == spelling:
                return at + len(spelling), half
    return (at + 1, "") if rest[:1] == ["o'clock"] else (at, "")


def _read_value(tokens: Sequence[_Token], at: int) -> tuple[Fraction | None, int]:
    """Read a value, in figures or words ("one and a half", "1 ½"), and the place after it; None if there is none."""
    token = tokens[at]
    if token.kind == "fraction":
        return Fraction(*_FRACTIONS[token.text]), at + 1
    if token.kind == "number":
        value: Fraction | None = _parse(token.text)
        at += 1
    else:
        value, at = _read_words(tokens, at)
    if value is None:
        return None, at
    if at < len(tokens) and tokens[at].kind == "fraction":
        return value + Fraction(*_FRACTIONS[tokens[at].text]), at + 1
    rest = [token.text.casefold() for token in tokens[at : at + 3]]
    if rest[:2] == ["and", "a"] and len(rest) == 3 and rest[2] in SHARES:
        return value + SHARES[rest[2]], at + 3
    if rest[:1] == ["/"] and len(rest) > 1 and rest[1].isdecimal() and value < int(rest[1]) <= 16 and rest[2:] != ["/"]:
        return value / int(rest[1]), at + 2
    return value, at


def _parse(figures: str) -> Fraction:
    """The value of figures; a comma or space before three digits groups thousands."""
    if re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?", figures):
        return Fraction(re.sub(r"[,\u00a0\u202f]", "", figures))
    return Fraction(figures.replace(",", "."))


def _read_words(tokens: Sequence[_Token], at: int) -> tuple[Fraction | None, int]:
    """Read a number that is written in words: "twenty-five", "three hundred", "half", "third"."""
    value: Fraction | None = None
    while at < len(tokens):
        word = tokens[at].text.casefold()
        if word in ("-", "–") and value is not None and tokens[at + 1 : at + 2] and _is_small(tokens[at + 1].text):
            at += 1
        elif word in NUMBERS and (value is None or (value >= 20 and NUMBERS[word] < 10 and value % 10 == 0)):
            value, at = (value or 0) + Fraction(NUMBERS[word]), at + 1
        elif word in ("hundred", "thousand", "million") and (value is None or value < 1000):
            value, at = (value or Fraction(1)) * {"hundred": 100, "thousand": 1000, "million": 10**6}[word], at + 1
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


def _has_measure(tokens: Sequence[_Token], at: int) -> bool:
    """Whether a share ("half", "a quarter") is of a unit: "half an hour", not "half of them"."""
    return any(token.text.casefold() in UNITS for token in tokens[at + 1 : at + 4])


def _read_unit(tokens: Sequence[_Token], at: int) -> tuple[str, Fraction, int]:
    """Read a unit after a number: what it measures, its size in the base unit, and the place after it."""
    place = at
    while place < len(tokens) and tokens[place].text.casefold() in UNIT_OPENINGS:
        place += 1
    if place < len(tokens):
        word = tokens[place].text
        if word in CURRENCIES or word.casefold() in CURRENCIES:
            return CURRENCIES.get(word) or CURRENCIES[word.casefold()], Fraction(1), place + 1
        known = UNITS.get(word) or UNITS.get(word.casefold())
        if known:
            return *known, place + 1
    return "", Fraction(1), at


def _find_bound(tokens: Sequence[_Token], start: int) -> str:
    """Whether a quantity is the "least" ("at least") or the "most" ("up to", "not more than"); empty if neither."""
    before = " ".join(token.text.casefold() for token in tokens[max(0, start - _BETWEEN - 3) : start])
    for phrase, bound in BOUNDS.items():
        if re.search(rf"(?:^|\s){phrase}(?:\s\w+){{0,{_BETWEEN}}}$", before):
            return bound
    return ""


def _find_rate(tokens: Sequence[_Token], end: int) -> str:
    """What a quantity is counted per, as said after it: "per night", "a day", "for each half hour"."""
    rest = [token.text.casefold() for token in tokens[end : end + 4]]
    rest = rest[1:] if rest[:1] == ["for"] else rest
    if len(rest) < 2 or rest[0] not in RATES:
        return ""
    return " ".join(rest[1:3]) if rest[1] in SHARES else stem(rest[1])


def _share_words(tokens: Sequence[_Token], places: Sequence[tuple[int, int]]) -> list[frozenset[str]]:
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
        if _is_range(tokens, end, start):
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
