"""Corrects misspelled words of a question, so that the search finds what was meant.

A word counts as misspelled if neither the guide nor a list of 82,000 English words has it. It is corrected to a word of
the guide, or else to the most common one; two words that were typed as one are separated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

from index.chunking.words import FUNCTION_WORDS, WORD, stem

FEWEST_LETTERS = 3
"""A shorter word is left as it is; in a word of this length, letters may only be swapped."""

ENGLISH = 0.5
"""Share of the guide's words in the list if the guide is in English; in other languages nothing is corrected."""

LONG_WORD = 6
"""Letters; in words this long or longer two letters may be wrong if the guide has the word meant; else only one."""


class Speller:
    """Corrects texts towards the words of a guide.

    Args:
        words: the words of the guide, in lower case.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._own = frozenset(words)
        self._stems = frozenset(map(stem, self._own))
        self._repaired: dict[str, str] = {}

    def repair(self, text: str) -> str:
        """The text with its misspelled words corrected; all other words stay as they are."""
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
        """Whether the guide is in English; checked only for a word that it lacks, since loading the list takes time."""
        known = sum(word in read_common_words() for word in self._own)
        return known >= ENGLISH * len(self._own)

    def _is_known(self, word: str) -> bool:
        return word in self._own or word in FUNCTION_WORDS or word in read_common_words()

    def _find_nearest(self, word: str) -> str:
        """The nearest word that begins alike, or with its first two letters swapped; the guide's, if possible."""
        able = [(one, gap, False) for one, gap in self._list_alike(word, self._own, 1 + (len(word) >= LONG_WORD))]
        able += [(one, gap, True) for one, gap in self._list_alike(word, read_common_words(), 1)]
        commonness = read_common_words()

        def rate(row: tuple[str, int, bool]) -> tuple[bool, bool, bool, int]:
            meant, gap, is_other = row
            return gap > 1, is_other, meant[0] != word[0], -commonness.get(meant, 0)

        best = min(able, key=rate, default=("",))
        return best[0]

    def _list_alike(self, word: str, words: Iterable[str], wrong: int) -> Iterator[tuple[str, int]]:
        """Yield (one of the words, the number of wrong letters if it was meant)."""
        begin = [one for one in words if one[0] == word[0] or one[:2] == word[1::-1]]
        if len(word) == FEWEST_LETTERS:
            begin = [one for one in begin if sorted(one) == sorted(word)]
        for one, gap, _ in process.extract(word, begin, scorer=OSA.distance, score_cutoff=wrong, limit=None):
            yield one, gap

    def _part(self, word: str) -> str:
        """The word split into two known ones, the shorter of them as long as possible; empty if that is impossible."""
        places = [at for at in range(2, len(word) - 1) if all(map(self._is_part, (word[:at], word[at:])))]
        at = max(places, key=lambda at: min(at, len(word) - at), default=0)
        return f"{word[:at]} {word[at:]}" if at else ""

    def _is_part(self, word: str) -> bool:
        return word in FUNCTION_WORDS or (len(word) >= FEWEST_LETTERS and self._is_known(word))


@cache
def read_common_words() -> dict[str, int]:
    """English word -> how often it is used, from the list that comes with symspellpy (SCOWL and Google Books)."""
    text = (files("symspellpy") / "frequency_dictionary_en_82_765.txt").read_text("utf-8-sig")
    return {word: int(count) for word, count in map(str.split, text.splitlines())}
