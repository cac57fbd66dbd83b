"""Finds the spans of sentences, in any script, and cuts sentences that are too long.

Spans count characters of the whole text, end exclusive. Source of the rules: sentencex; a few of its mistakes with
abbreviations are corrected here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import sentencex

from index.chunking.words import FUNCTION_WORDS

SENTENCE_LIMIT = 800
"""Characters; a longer sentence is cut between clauses, else between words, else anywhere."""

WINDOW = 20_000
"""Characters given to sentencex at once."""

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
"""Language whose rules are used for a script (Chinese for Japanese, Arabic for Urdu and Persian) -> its letters."""

_LATIN = re.compile(r"[A-Za-z]")

_MISSED_END = re.compile(
    r"""(?<=\d)\s?[a-z]\.\s+(?=["“‘(]?[A-Z])                       # "It weighs 850 g. It is heavy."
      | (?<!e\.g)(?<!i\.e)\.["”’)]*\s+(?=I(?:['’][a-z]+)?\s(?!(?:and|at|by|for|from|in|is|of|on|or|the|to|with)\b)[a-z])
      | ។\s*""",
    re.VERBOSE,
)
"""Sentence ends that sentencex takes for abbreviations or initials, as in "No. I change my mind"."""

_DAYS = "Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun|Mo|Di|Mi|Do|Fr|Sa|So"
_MONTHS = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Okt|Dez"
_NAMED = re.compile(
    r"""(?: \b(?i:vgl|bzw|ggf|evtl|zzgl)
      | (?:\d|€|EUR|CHF|USD|GBP)\s+(?i:incl|excl|inkl|exkl)
      | \b(?:Sra|Srta|Sig|Dott|Mme|Mlle|P\.\s?S)
    )\.\s+\Z""",
    re.VERBOSE,
)
"""Abbreviations that never end a sentence."""

_ABBREVIATION = re.compile(
    r"""\b(?: (?i:approx|avg|ca|cf|chs?|esp|est|excl|exkl|figs?|hrs|hum|incl|inkl|max|min|mins|nos?|nr|pcs|pers|pkt)
      | (?i:pp?|p[aá]g|resp|sect|str|tbsp|tel|temp|tsp|vols?)
      | Abs|Art|Kap|[Pp]ara?|Tab
    )\.\s+\Z""",
    re.VERBOSE,
)
"""Abbreviations that do not end a sentence if followed by a digit, lower-case letter, Roman number, amount or "VAT"."""

_GOES_ON = re.compile(r"[+(]?\d|[^\W\d_A-ZÀ-Þ]|[IVXL]{2,}\b|[VX]\b|[A-Z]{3,}\b|[A-Z]\d|[€£$]|MwSt\b")

_SHORT_DATE = re.compile(rf"\b(?:{_DAYS}|{_MONTHS})\.\s+\Z")
"""A day or month that does not end a sentence if a digit or lower-case letter follows: "Mon. to Fri."."""

_DATE = re.compile(
    r"""(?:\b(?i:on|by|until|till|from|since|before|after|am|bis|ab|seit|vom|zum|dem|den|der|des)\s|\d\.\s?[–-]\s?)
      (?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.\s+\Z""",
    re.VERBOSE,
)
"""A German date without a year, as in "on 31.12. we are closed"; not a version number."""
_COUNTED = re.compile(r"(?:und|oder|bis)\s+\d{1,3}\.\s")
_DAY = re.compile(r"(?<!\bum\s)\b\d{1,2}\.\s+\Z")
_DAY_OF_MONTH = re.compile(r"\b\d{1,2}\.\s?\d{1,2}\.\s+\Z")
_MONTH_AND_YEAR = re.compile(r"(?:0?[1-9]|1[0-2])\.\s?(?:19|20)\d\d\b")
_TIME = re.compile(r"\d{4}\b|\d{1,2}[:.]\d\d\b")
_DATE_NAME = re.compile(
    rf"""(?:Januar[y]?|Jänner|Februar[y]?|April|Juni|June|Juli|July|August|September|O[ck]tober|November|De[cz]ember
      |März|Mai|(?:May|March)(?!\s+[a-zI])|(?:{_MONTHS})\.|(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch)\b""",
    re.VERBOSE,
)
"""The month or weekday after a number with a dot: "13. Juni"."""
_ORDINAL = re.compile(
    r"""\b(?:(?<![Ii]\s)am|ab|beim|bis|das|dem|den|der|des|die|eine?[mnrs]?|im|jede[mnrs]?|vom|zum|zur
      |\d{1,2}\.\s(?:und|oder|bis))\s+\d{1,3}\.\s+\Z""",
    re.VERBOSE,
)
"""A German ordinal number before the thing that it counts: "im 2. Stock"."""
_NEW = re.compile(
    r"""(?:Ab|Aber|Alle|Als|Am|An|Auch|Auf|Aus|Bei|Beim|Bis|Bitte|Da|Danach|Dann|Das|Dazu|Dem|Den|Der|Des|Die|Dies\w*|Dort|Du
      |Ein\w{0,2}|Er|Es|Euer|Eure|Falls|Für|Hier|Ich|Ihr\w{0,2}|Im|In|Ist|Jede\w?|Kein\w{0,2}|Man|Mein\w{0,2}|Mit|Nach|Nicht|Nur
      |Oder|Ohne|Sein\w{0,2}|Sie|Sind|So|Um|Und|Uns\w*|Vom|Von|Vor|Wann|Was|Wegen|Weil|Wenn|Wer|Wie|Wir|Wo|Zu|Zum|Zur|[A-Z][a-z]+tags|Mittwochs)\b""",
    re.VERBOSE,
)
"""A German word that no ordinal number precedes, so that it begins a sentence."""

_BARE_NUMBER = re.compile(r"[*_]{0,3}(?:§\s*)?\d{1,3}(?:\.\d{1,3}){0,4}\.[*_]{0,3}\s+")
_LABEL = re.compile(r"[*_]{0,3}(?P<word>[^\W\d_]+)\s+(?:no\.\s+)?\d{1,4}[a-z]?\.[*_]{0,3}\s+", re.IGNORECASE)
"""A label before its sentence: "Room 7. Rented to Anna." """

_CLOSING = re.compile(r"(?<=\S)[*_~]{1,3}(?:\s+|\Z)")
_NOTES = re.compile(r"(?:\[\^[^\[\]\s]{1,100}\](?!:))+(?:\s+|\Z)")
_CLAUSE = re.compile(r"[,;:—–،؛、，；：](?:\s+|(?<=[、，；：]))")
_LINE = re.compile(r"\n")
_BLANK = re.compile(r"\s+")


def find_sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the sentences from `start` to `end`, without gaps: each includes the white space after it.

    A window's last sentence may be incomplete, so the next window begins with it: windows do not change the result.
    """
    first = start
    while start < end:
        stop = _find_window_end(text, start, end)
        # A sentence may be hard-wrapped; replacing line ends by blanks keeps all offsets.
        ends = _find_ends(text[start:stop].replace("\n", " "))
        if stop < end:
            ends.pop()
        for last in ends:
            if start + last == end or not _is_label(text, first, start + last):
                yield first, start + last
                first = start + last
        start = first if first > start else stop


def _is_label(text: str, start: int, end: int) -> bool:
    """Whether an apparent sentence is only a number, or a name with one, that belongs to the next sentence."""
    if _BARE_NUMBER.fullmatch(text, start, end):
        return True
    label = _LABEL.fullmatch(text, start, end)
    return label is not None and label["word"][0].isupper() and label["word"].lower() not in FUNCTION_WORDS


def _find_window_end(text: str, start: int, end: int) -> int:
    """Return where a window ends: before a word, if its second half has white space."""
    if end - start <= WINDOW:
        return end
    return _find_last_end(_BLANK, text, start + WINDOW // 2, start + WINDOW) or start + WINDOW


def _find_ends(window: str) -> list[int]:
    """Return the ends of the sentences of a window; the last one is the end of the window."""
    found = sentencex.get_sentence_boundaries(_detect_language(window), window)
    ends = {boundary["end_index"] for boundary in found} | {match.end() for match in _MISSED_END.finditer(window)}
    # Closing Markdown marks and footnote marks after a full stop belong to the sentence before.
    for closing in (_CLOSING, _NOTES):
        ends = {mark.end() if (mark := closing.match(window, cut)) else cut for cut in ends}
    return [*sorted(cut for cut in ends if cut < len(window) and not _is_false_end(window, cut)), len(window)]


def _is_false_end(window: str, cut: int) -> bool:
    """Whether a cut is inside a sentence, after an abbreviation or an ordinal number."""
    if window[cut] == "[" and window[cut - 1] == "!":
        return True  # a Markdown image
    last = window[max(0, cut - 24) : cut]
    if _NAMED.search(last) or (_GOES_ON.match(window, cut) and _ABBREVIATION.search(last)):
        return True
    if (window[cut].islower() or window[cut] in "+(0123456789") and _SHORT_DATE.search(last):
        return True
    if window[cut].islower():
        is_counted = _DAY.search(last) and _COUNTED.match(window, cut)
        return bool(is_counted or _DATE.search(last) or _ORDINAL.search(last))
    if _DAY_OF_MONTH.search(last) and _TIME.match(window, cut):
        return True
    if _DAY.search(last) and (_DATE_NAME.match(window, cut) or _MONTH_AND_YEAR.match(window, cut)):
        return True
    return _ORDINAL.search(last) is not None and not _NEW.match(window, cut)


def _detect_language(window: str) -> str:
    """Return the language of the first script in `_SCRIPTS` that has more letters than Latin; else English."""
    if window.isascii():
        return "en"
    latin = len(_LATIN.findall(window))
    return next((language for language, letters in _SCRIPTS.items() if len(letters.findall(window)) > latin), "en")


def cut_span(text: str, start: int, end: int, *, lines: bool = False) -> Iterator[tuple[int, int]]:
    """Yield parts of a span, each within the limit: cut between clauses (or lines), else words, else anywhere."""
    while end - start > SENTENCE_LIMIT:
        half, full = start + SENTENCE_LIMIT // 2, start + SENTENCE_LIMIT
        cut = _find_last_end(_LINE if lines else _CLAUSE, text, half, full) or _find_last_end(_BLANK, text, half, full)
        yield start, cut or _find_safe_cut(text, half, full)
        start = cut or _find_safe_cut(text, half, full)
    yield start, end


def _find_last_end(edge: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Return where the last match of a pattern ends; 0 if there is none."""
    return max((match.end() for match in edge.finditer(text, start, end)), default=0)


def _find_safe_cut(text: str, low: int, high: int) -> int:
    """Return the last cut up to `high` that separates no accent or joined character from its base."""
    for cut in range(high, low, -1):
        if not unicodedata.combining(text[cut]) and "\u200d" not in text[cut - 1 : cut + 1]:
            return cut
    return high
