"""What a person typed, as plain text within its limit."""

from __future__ import annotations

import unicodedata

from assistant.errors import QuestionError

QUESTION_LIMIT = 4000
"""Characters of a question."""


def clean_question(question: str) -> str:
    """A question as plain text on one line, single-spaced.

    Raises:
        QuestionError: empty, too long, or not text.
    """
    if len(question) > QUESTION_LIMIT:
        what = f"The question has {len(question):,} characters, and {QUESTION_LIMIT:,} is the most"
        raise QuestionError(what, "Ask it in fewer words.")
    if "\0" in question or "\ufffd" in question or any(0xD800 <= ord(letter) < 0xE000 for letter in question):
        raise QuestionError("The question is not text", "Type it in words.")
    shown = "".join(letter if unicodedata.category(letter) not in ("Cc", "Cf", "Co") else " " for letter in question)
    if not any(map(str.isalnum, shown)):
        raise QuestionError("The question is empty", "Type what you would like to know.")
    return " ".join(shown.split())
