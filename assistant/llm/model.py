"""What every chat model is asked for, whether it runs in this process or on a server."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

VARIED = 0.6
"""Temperature of an answer that is asked for once more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(slots=True)
class Usage:
    """Token counts of one generation; `prompt` includes `cached`."""

    prompt: int = 0
    cached: int = 0
    generated: int = 0
    cut_short: bool = False
    """The limit was reached before the model ended."""


class ChatModel(Protocol):
    """Words answers, and answers yes-or-no questions; a local one is for one caller at a time.

    What a person or a document wrote is data to it: template tokens in a `Message.content` mean nothing.
    """

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Word an answer, piece by piece.

        Args:
            limit: most tokens to generate.
            usage: filled in as it goes on.
            variation: 0 takes the likeliest token each time; each other number words the answer in its own way.

        Closing the iterator stops the model before its next token.

        Raises:
            QuestionError: the prompt and the limit are longer than the model can take in.
        """
        ...

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """How much likelier Yes is than No, as a difference of logits, for each question after a fixed prefix."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a local chat model has done since it was loaded."""

    tokens: int
    """Evaluated, of prompts and answers; those from the disk not counted."""
    checks: int
    """Forward passes over yes-or-no questions."""
    checked: int
    """Tokens evaluated in them."""
