"""Splits a text into words, and into the terms that lexical search compares: stems without function words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

FUNCTION_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being but by can cannot could did do does
    doing don done for from get gets getting got had has have having he her here hers herself him himself his how i if
    im in into is isn it its itself ive just let lets like me more most much must my myself no nor not now of off on
    once one only or other our ours out over own please re really same she should so some such than that the their
    theirs them themselves then there these they thing things this those through to too under until up us ve very was
    we were what when where whether which while who whom whose why will with would you your yours yourself ok okay
    still even ever im id ill hes shes were weve wed wont theyre theyve theyd theyll youre youve youd youll thats theres
    whats lets dont doesnt didnt cant couldnt isnt arent wasnt werent hasnt havent hadnt wouldnt shouldnt""".split()
)
"""English words that say little about a text's topic; contractions are written without their apostrophe."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_stemmer = snowballstemmer.stemmer("english")


def split_words(text: str) -> list[str]:
    """Split a text into lower-case words, in order and without apostrophes ("don't" is "dont")."""
    return [match.replace("'", "").replace("’", "") for match in WORD.findall(text.casefold())]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Stem a lower-case word. Source: Porter's English stemmer, snowballstem.org."""
    return str(_stemmer.stemWord(word))


@lru_cache(maxsize=4096)
def extract_terms(text: str) -> frozenset[str]:
    """Return the terms of a text: the stems of its words that are not function words."""
    return frozenset(stem(word) for word in split_words(text) if word not in FUNCTION_WORDS)


class Rarity:
    """Weighs terms by how few texts have them. Source: the inverse document frequency of BM25 (Robertson, 1994).

    Args:
        texts: the terms of each text of the corpus.
    """

    def __init__(self, texts: Iterable[frozenset[str]]) -> None:
        self._holding: Counter[str] = Counter()
        self._texts = 0
        for some in texts:
            self._holding.update(some)
            self._texts += 1

    def weight(self, term: str) -> float:
        """Return the weight of a term: above 0, higher for rarer terms."""
        holding = self._holding[term]
        return math.log(1 + (self._texts - holding + 0.5) / (holding + 0.5))

    def knows(self, some: frozenset[str]) -> bool:
        """Whether any text has any of these terms."""
        return any(self._holding[term] for term in some)

    def share(self, asked: frozenset[str], held: frozenset[str]) -> float:
        """Return the share, 0 to 1 by weight, of the terms `asked` that are also in `held`; 0 if none are asked."""
        total = sum(map(self.weight, asked))
        return sum(map(self.weight, asked & held)) / total if total else 0.0
