"""What a person typed, as plain text within its limit."""

from __future__ import annotations

import unicodedata

from assistant.errors import QuestionError

QUESTION_LIMIT = 4000
"""The most characters of a question."""

CHECK_LIMIT = 20_000
"""The most characters of a text to check."""


def clean_question(question: str) -> str:
    """A question as plain text on one line, single-spaced.

    Raises:
        QuestionError: empty, too long, or not text.
    """
    _require_length("question", question, QUESTION_LIMIT, "Ask it in fewer words.")
    if not _is_text(question):
        raise QuestionError("The question is not text", "Type it in words.")
    shown = _remove_controls(question)
    if not any(map(str.isalnum, shown)):
        raise QuestionError("The question is empty", "Type what you would like to know.")
    return " ".join(shown.split())


def clean_earlier(question: str) -> str:
    """A question of an earlier turn, on one line; may be empty; cut if too long. QuestionError if it is not text."""
    if not _is_text(question):
        raise QuestionError("An earlier turn is not text", "Leave it out, or begin a new conversation.")
    return " ".join(_remove_controls(question).split())[:QUESTION_LIMIT]


def clean_text(text: str) -> str:
    """A text to check, with its lines as they are.

    Raises:
        QuestionError: empty, too long, or not text.
    """
    _require_length("text", text, CHECK_LIMIT, "Check it in parts.")
    if not _is_text(text):
        raise QuestionError("What you gave is not text", "Give it as UTF-8 text.")
    lines = [_remove_controls(line) for line in text.splitlines()]
    if not any(map(str.isalnum, "".join(lines))):
        raise QuestionError("The text is empty", "Give the sentences that you would like to check.")
    return "\n".join(lines)


def _require_length(what: str, given: str, limit: int, do: str) -> None:
    """Raise QuestionError, with what to do, if a question or text is longer than the limit."""
    if len(given) > limit:
        raise QuestionError(f"The {what} has {len(given):,} characters, and {limit:,} is the most", do)


def _is_text(text: str) -> bool:
    return not ("\0" in text or "\ufffd" in text or any(0xD800 <= ord(letter) < 0xE000 for letter in text))


def _remove_controls(text: str) -> str:
    """The text with invisible characters replaced by spaces."""
    return "".join(letter if unicodedata.category(letter) not in ("Cc", "Cf", "Co") else " " for letter in text)
