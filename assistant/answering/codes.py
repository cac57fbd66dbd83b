"""Codes ("E3", "KM-40"): each is meant exactly as typed, but its vector is much like that of any other."""

from __future__ import annotations

import re

from assistant.language.english import ASKED_TOGETHER, BEHIND_NUMBERS, JOINS_CODES, OPENS_RANGE

TYPED = re.compile(r"[^\W_]+(?:(?:-|\.(?=\d))[^\W_]+)*")
"""A word with its hyphens, and with dots before digits ("KM-40", "v2.1")."""

_DIGITS = re.compile(r"\d+")

_RANGE = re.compile(
    r"\b(?P<letters>[^\W\d_]+)(?P<first>\d{1,3})\s*(?:to|[-–])\s*(?P=letters)?(?P<last>\d{1,3})\b", re.I
)
"""A range of codes ("E1 to E9", "B1–20")."""


def find_codes(text: str) -> frozenset[str]:
    """The codes of a text as they are typed, but in lower case."""
    return frozenset(word.casefold() for word in TYPED.findall(text) if _is_code(word))


def names_other_code(asked: str, text: str) -> bool:
    """Whether a text has another code like one that is asked for, but not that one: "E9" where "E8" is asked for.

    "E1 to E9" is about E8 as well.
    """
    wanted, held = find_codes(asked), find_codes(text) | _find_between(text)
    others = {_DIGITS.sub("", code) for code in held - wanted}
    return any(_DIGITS.sub("", code) in others for code in wanted - held)


def _find_between(text: str) -> frozenset[str]:
    """The codes between the ends of the ranges in a text, in lower case."""
    return frozenset(
        f"{one['letters']}{number}".casefold()
        for one in _RANGE.finditer(text)
        for number in range(int(one["first"]), int(one["last"]) + 1)
    )


def split_codes(text: str) -> tuple[str, ...]:
    """A text once for each code that it lists ("What do E7 and E8 mean?"); as it is if it asks about none alone."""
    listed = _find_list(text)
    if not listed or ASKED_TOGETHER.search(text):
        return (text,)
    before, behind = text[: listed[0].start()], text[listed[-1].end() :]
    return tuple(f"{before}{code[0]}{behind}" for code in listed)


def _find_list(text: str) -> list[re.Match[str]]:
    """The first codes that stand in a row, joined by "and" or a comma; "between K1 and K2" is no list."""
    run: list[re.Match[str]] = []
    for code in filter(lambda word: _is_code(word[0]), TYPED.finditer(text)):
        if run and not JOINS_CODES.fullmatch(text, run[-1].end(), code.start()):
            if len(run) > 1:
                break
            run = []
        if run or not OPENS_RANGE.search(text, 0, code.start()):
            run.append(code)
    return run if len(run) > 1 else []


def _is_code(word: str) -> bool:
    """Whether a word begins with a letter and has digits, or begins with a digit and has capitals.

    But not if the capitals make the number before them a quantity, a time or a place ("12V", "8PM", "2ND").
    """
    if word[0].isalpha():
        return any(map(str.isdecimal, word))
    behind = re.findall(r"[^\W\d_]+", word.casefold())
    return word.isupper() and (word[-1].isdecimal() or not BEHIND_NUMBERS.issuperset(behind))
