"""Repairs the words of a question that are typed badly, so that the search finds what was meant.

A word is taken for badly typed if neither the guide nor a list of 82,000 English words has it. It is put right towards
a word of the guide, or else the commonest one; two words that were typed as one are parted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

from index.chunking.words import FUNCTION_WORDS, WORD, stem

FEWEST_LETTERS = 3
"""A shorter word is left as it is; in one of so many, letters may only be exchanged."""

ENGLISH = 0.5
"""Share of the guide's words that the list has if the guide is in English; in another language nothing is repaired."""

LONG_WORD = 6
"""Letters from which two of them may be wrong if the guide has the word that was meant; else only one."""


class Speller:
    """Repairs texts towards the words of a guide.

    Args:
        words: the words of the guide, in small letters.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._own = frozenset(words)
        self._stems = frozenset(map(stem, self._own))
        self._repaired: dict[str, str] = {}

    def repair(self, text: str) -> str:
        """The text with its badly typed words put right; all others stay as they are."""
        return WORD.sub(lambda found: self._repair_word(found[0], found.start() > 0), text)

    def _repair_word(self, word: str, inside: bool) -> str:
        low = word.casefold()
        is_name = not (word.islower() or word.isupper() or (word.istitle() and not inside))
        is_word = len(low) >= FEWEST_LETTERS and low.isalpha() and low.isascii()
        if is_name or not is_word or low in self._own or low in FUNCTION_WORDS or stem(low) in self._stems:
            return word
        if not self._is_english or low in read_common_words():
            return word
        if low not in self._repaired:
            self._repaired[low] = self._find_nearest(low) or self._part(low) or word
        return self._repaired[low]

    @cached_property
    def _is_english(self) -> bool:
        """Whether the guide is in English; looked at only when a word is not the guide's, for the list takes time."""
        known = sum(word in read_common_words() for word in self._own)
        return known >= ENGLISH * len(self._own)

    def _is_known(self, word: str) -> bool:
        return word in self._own or word in FUNCTION_WORDS or word in read_common_words()

    def _find_nearest(self, word: str) -> str:
        """The nearest word that begins alike, or with its first two letters exchanged; of the guide, if it has one."""
        able = [(one, gap, False) for one, gap in self._list_alike(word, self._own, 1 + (len(word) >= LONG_WORD))]
        able += [(one, gap, True) for one, gap in self._list_alike(word, read_common_words(), 1)]
        commonness = read_common_words()

        def rate(row: tuple[str, int, bool]) -> tuple[bool, bool, bool, int]:
            meant, gap, is_other = row
            return gap > 1, is_other, meant[0] != word[0], -commonness.get(meant, 0)

        best = min(able, key=rate, default=("",))
        return best[0]

    def _list_alike(self, word: str, words: Iterable[str], wrong: int) -> Iterator[tuple[str, int]]:
        """Yield (one of the words, letters that are wrong if it was meant)."""
        begin = [one for one in words if one[0] == word[0] or one[:2] == word[1::-1]]
        if len(word) == FEWEST_LETTERS:
            begin = [one for one in begin if sorted(one) == sorted(word)]
        for one, gap, _ in process.extract(word, begin, scorer=OSA.distance, score_cutoff=wrong, limit=None):
            yield one, gap

    def _part(self, word: str) -> str:
        """The word as two known ones, the shorter of them as long as can be; empty if it is none."""
        places = [at for at in range(2, len(word) - 1) if all(map(self._is_part, (word[:at], word[at:])))]
        at = max(places, key=lambda at: min(at, len(word) - at), default=0)
        return f"{word[:at]} {word[at:]}" if at else ""

    def _is_part(self, word: str) -> bool:
        return word in FUNCTION_WORDS or (len(word) >= FEWEST_LETTERS and self._is_known(word))


@cache
def read_common_words() -> dict[str, int]:
    """English word -> how often it is used, of the list that comes with symspellpy (SCOWL and Google Books)."""
    text = (files("symspellpy") / "frequency_dictionary_en_82_765.txt").read_text("utf-8-sig")
    return {word: int(count) for word, count in map(str.split, text.splitlines())}
