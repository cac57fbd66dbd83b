"""Writes the numbers of list items as their document shows them: "3", "c", "iv"."""

from __future__ import annotations

from collections.abc import Mapping

_ROMAN = tuple(
    zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), "m cm d cd c xc l xl x ix v iv i".split(), strict=True)
)


def write_number(number: int, style: str = "1") -> str:
    """Write a number in a style, which HTML and OpenDocument name by its first number: "1", "01", "a", "A", "i", "I".

    Numbers that a style cannot write (there is no letter for 0) are written in digits.
    """
    if style == "01":
        return f"{number:02}"
    if number > 0 and style in ("a", "A"):
        written = _write_letters(number)
    elif 0 < number < 4000 and style in ("i", "I"):
        written = _write_roman(number)
    else:
        return str(number)
    return written if style.islower() else written.upper()


def _write_letters(number: int) -> str:
    """Write a ... z, aa, ab ..."""
    written = ""
    while number:
        number, rest = divmod(number - 1, 26)
        written = chr(ord("a") + rest) + written
    return written


def _write_roman(number: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        written += letters * (number // value)
        number %= value
    return written


class Counting:
    """Counts the items of a list with levels: an item ends the count of all deeper levels."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}

    def count(self, level: int, start: int = 1, restart: int | None = None) -> int:
        """Count one item and return its number.

        Args:
            level: from 0.
            start: the number of the first item of a level.
            restart: the number of this item, whatever came before.
        """
        self._numbers = {one: number for one, number in self._numbers.items() if one <= level}
        self._numbers[level] = restart if restart is not None else self._numbers.get(level, start - 1) + 1
        return self._numbers[level]

    def get_numbers(self, starts: Mapping[int, int]) -> dict[int, int]:
        """The current number of each level; a level without items has the number that its first item would have."""
        return {**starts, **self._numbers}
