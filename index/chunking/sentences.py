"""Where the sentences of a stretch of text begin and end, in any script, and where one that is too long is cut.

Every span is in characters of the whole text, end exclusive. Source of the rules: sentencex; mended here are a few
abbreviations that it takes for more, or for less, than they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import sentencex

SENTENCE_LIMIT = 800
"""Characters; what goes on for longer is cut between clauses, else between words, else where it stands."""

WINDOW = 20_000
"""Characters that sentencex sees at once."""

_SCRIPTS = {
    language: re.compile(letters)
    for language, letters in {
        "zh": r"[\u3040-\u30ff\u3400-\u9fff]",
        "ko": r"[\uac00-\ud7a3]",
        "ar": r"[\u0600-\u06ff]",
        "he": r"[\u0590-\u05ff]",
        "hi": r"[\u0900-\u097f]",
        "bn": r"[\u0980-\u09ff]",
        "hy": r"[\u0530-\u058f]",
        "am": r"[\u1200-\u137f]",
        "my": r"[\u1000-\u109f]",
        "el": r"[\u0370-\u03ff]",
        "ru": r"[\u0400-\u04ff]",
    }.items()
}
"""Language whose rules serve a script (Chinese for Japanese, Arabic for Urdu and Persian) -> its letters."""

_LATIN = re.compile(r"[A-Za-z]")

_MISSED = re.compile(
    r"""(?<=\d)\s?[a-z]\.\s+(?=["“‘(]?[A-Z])                       # "It weighs 850 g. It is heavy."
      | (?<!e\.g)(?<!i\.e)\.["”’)]*\s+(?=I(?:['’][a-z]+)?\s(?!(?:and|at|by|for|from|in|is|of|on|or|the|to|with)\b)[a-z])
      | ។\s*""",
    re.VERBOSE,
)
"""A sentence's end that sentencex takes for an abbreviation's or an initial's stop: "No. I change my mind."."""

_MISTAKEN = re.compile(
    r"\b(?:approx|ca|cf|vols?|chs?|figs?|nos?|pp?|est|max|min|avg|incl|excl|esp|resp|tbsp|tsp|hrs|mins|temp)\.\s+\Z",
    re.IGNORECASE,
)
"""What stands before a cut that is none if a digit or small letter comes next: "approx. 5 g"."""

_CLOSING = re.compile(r"(?<=\S)[*_~]{1,3}(?:\s+|\Z)")
_CLAUSE = re.compile(r"[,;:—–،؛、，；：](?:\s+|(?<=[、，；：]))")
_LINE = re.compile(r"\n")
_BLANK = re.compile(r"\s+")


def sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the sentences between two places, which they cover wholly, white space behind each included.

    The last sentence of a window may go on, so the next window begins with it: no cut depends on the windows.
    """
    first = start
    while start < end:
        stop = _window_end(text, start, end)
        # Hard-wrapped lines belong to one sentence; same length, so that spans stay true.
        ends = _ends(text[start:stop].replace("\n", " "))
        if stop < end:
            ends.pop()
        for last in ends:
            yield first, start + last
            first = start + last
        start = first if ends else stop


def _window_end(text: str, start: int, end: int) -> int:
    """Where a window ends: before a word, if there is a blank in its second half."""
    if end - start <= WINDOW:
        return end
    return _last(_BLANK, text, start + WINDOW // 2, start + WINDOW) or start + WINDOW


def _ends(window: str) -> list[int]:
    """Ends of the sentences of a window; the last is the window's."""
    found = sentencex.get_sentence_boundaries(_language(window), window)
    ends = {boundary["end_index"] for boundary in found} | {match.end() for match in _MISSED.finditer(window)}
    # The marks of Markdown that close behind a full stop belong before the cut.
    ends = {mark.end() if (mark := _CLOSING.match(window, cut)) else cut for cut in ends}
    return [*sorted(cut for cut in ends if cut < len(window) and not _is_mistaken(window, cut)), len(window)]


def _is_mistaken(window: str, cut: int) -> bool:
    """Whether a cut stands behind an abbreviation that goes on."""
    goes_on = window[cut].isdigit() or window[cut].islower()
    return goes_on and _MISTAKEN.search(window, max(0, cut - 12), cut) is not None


def _language(window: str) -> str:
    """A language whose rules serve the script of most letters."""
    if window.isascii():
        return "en"
    latin = len(_LATIN.findall(window))
    return next((language for language, letters in _SCRIPTS.items() if len(letters.findall(window)) > latin), "en")


def pieces(text: str, start: int, end: int, *, lines: bool = False) -> Iterator[tuple[int, int]]:
    """Spans, each within the limit, that a span is cut to: between clauses (or lines), else words, else anywhere."""
    while end - start > SENTENCE_LIMIT:
        half, full = start + SENTENCE_LIMIT // 2, start + SENTENCE_LIMIT
        cut = _last(_LINE if lines else _CLAUSE, text, half, full) or _last(_BLANK, text, half, full)
        yield start, cut or _between_characters(text, half, full)
        start = cut or _between_characters(text, half, full)
    yield start, end


def _last(edge: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Where the last match of an edge ends; 0 if there is none."""
    return max((match.end() for match in edge.finditer(text, start, end)), default=0)


def _between_characters(text: str, low: int, high: int) -> int:
    """The last place up to `high` that tears no accent or joined sign from its letter."""
    for cut in range(high, low, -1):
        if not unicodedata.combining(text[cut]) and "\u200d" not in text[cut - 1 : cut + 1]:
            return cut
    return high
