"""What a model says, as plain sentences, without its thinking, Markdown and marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import sentencex

from assistant.language.english import LANGUAGE
from index.reading.plain import strip_markup

_THINKING = re.compile(r"<(think(?:ing)?|reasoning)>.*?(?:</\1>|\Z)|</(?:think(?:ing)?|reasoning)>", re.I | re.DOTALL)
_BEGUN_TAG = re.compile(r"<[/a-z]*\Z", re.IGNORECASE)
_LIST_MARK = re.compile(r"\A(?:(?:[-*•–>]|#{1,6}|\d{1,2}[.)])(?:\s+|\Z))+")
_NOTE_MARK = re.compile(r"\s*(?:\[\^?\d+(?:[,–-]\s*\d+)*\]|\((?:notes?|sources?) \d+(?:(?:,| and|–|-)\s*\d+)*\))", re.I)
"""A citation by the model itself, which would be taken for one of the program's."""

_BIDI_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Unicode's bidirectional classes of embeddings, overrides and isolates."""


def stream_sentences(pieces: Iterable[str]) -> Iterator[str | None]:
    """Yield the sentences of a text that comes in pieces, each as soon as the next one begins.

    An unfinished sentence at the end is left out. Before each piece is looked at, None is yielded, so that the caller
    can stop the model between tokens.
    """
    text = ""
    for piece in leave_out_thinking(pieces):
        text += remove_controls(piece)
        yield None
        if re.search(r"[.!?\n]", text) and text.count("“") == text.count("”") and text.count('"') % 2 == 0:
            *whole, text = _split(text)
            yield from filter(None, map(make_plain, whole))
    whole = [make_plain(sentence) for sentence in _split(text)]
    yield from (sentence for sentence in whole if sentence.rstrip("”\"')*").endswith((".", "!", "?")))


def leave_out_thinking(pieces: Iterable[str]) -> Iterator[str]:
    """Yield each piece without what stands between thinking tags; at the end, what only looked like a tag."""
    text, given = "", 0
    for piece in pieces:
        text += piece
        said = _BEGUN_TAG.sub("", _THINKING.sub("", text))
        yield said[given:]
        given = max(given, len(said))
    if rest := _THINKING.sub("", text)[given:]:
        yield rest


def remove_controls(text: str) -> str:
    """A text without terminal controls, half characters, and controls that change the order in which text is shown.

    The check reads characters in the order of the text, a person in the order in which they are shown.
    """
    return "".join(filter(_is_shown_in_order, text))


def _is_shown_in_order(letter: str) -> bool:
    if unicodedata.bidirectional(letter) in _BIDI_CONTROLS:
        return False
    return letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cs")


def make_plain(sentence: str) -> str:
    """A sentence as a person would write it: on one line, without Markdown, list marks and numbers of notes."""
    return strip_markup(_LIST_MARK.sub("", _NOTE_MARK.sub("", sentence.strip()))).strip(" \n-*")


def _split(text: str) -> list[str]:
    """A text cut at the ends of its sentences; joined, the parts give the text back."""
    return [str(part) for line in text.splitlines(keepends=True) for part in sentencex.segment(LANGUAGE, line)] or [""]
