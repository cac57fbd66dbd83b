"""Cuts a text into words, numbers and marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<time>\d{1,2}:\d{2})(?!\d)|(?P<code>[^\W\d_]{1,3}\d+\w*)|(?P<number>\d{1,3}(?:[,\u00a0\u202f]\d{3}){1,30}(?:\.\d{1,99})?(?!\d)|\d{1,99}(?:[.,]\d{1,99})?|(?<![\w.,])\.\d{1,99})"
    r"|(?P<fraction>[½¼¾⅓⅔⅛])|(?P<sign>(?<![\w%°])[-−–](?=\d))|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)|(?P<mark>[€£$¥%°]|[^\s\w])"
)
_PER_CENT = re.compile(r"\bper cent\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark of a text."""

    kind: str
    """The name of its group in the pattern."""
    text: str


def read_tokens(text: str) -> list[Token]:
    """The words, numbers and marks of a text, in order."""
    text = _PER_CENT.sub("percent", text.replace("’", "'"))
    return [Token(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(text)]


def join_words(tokens: Sequence[Token]) -> str:
    """The tokens in lower case, with a space between any two."""
    return " ".join(token.text.casefold() for token in tokens)
