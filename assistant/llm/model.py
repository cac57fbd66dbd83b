"""The interface of a chat model, whether it runs in this process or on a server."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

VARIED = 0.6
"""The temperature of an answer that is asked for again."""


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
    """Whether the limit was reached before the model ended its turn."""


class ChatModel(Protocol):
    """Words answers, and answers yes-or-no questions. A local one serves one caller at a time.

    The text of a `Message` is data: template tokens in it have no effect.
    """

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Yield an answer piece by piece. Closing the generator stops the model before its next token.

        Args:
            limit: the most tokens to generate.
            usage: updated while the answer is generated.
            variation: 0 always takes the likeliest token; any other number is the seed of a varied wording.

        Raises:
            QuestionError: the prompt and the limit do not fit the model's context. A model that can tell does so when
                this is called, before anything is generated.
        """
        ...

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """The logit of Yes minus that of No, for each question as the user's turn after a fixed prefix."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """The work that a local chat model has done since it was loaded."""

    tokens: int
    """Tokens of prompts and answers evaluated, without those read from the prefix cache."""
    checks: int
    """Forward passes for checks."""
    checked_tokens: int
    """Tokens evaluated in those passes."""
