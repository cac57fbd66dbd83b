"""llama.cpp with none of our code around it: what the hardware allows, for the floors of `bench.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from assistant.llm.llama import Context
from assistant.llm.local import LocalModel
from assistant.llm.model import Message

DECODED_TOKENS = 32
"""Tokens that a bare decode loop generates, unless told otherwise."""

CONTEXT_TOKENS = 2048
"""Size of a bare context."""


class BareModel:
    """llama.cpp on the weights of a loaded model, with the fixed beginnings of its prompts evaluated.

    Args:
        prefixes: evaluated now; whatever is timed later comes after one of them.
    """

    def __init__(self, model: LocalModel, prefixes: Sequence[Sequence[Message]]) -> None:
        self._evaluated: list[tuple[Context, int]] = []
        for prefix in prefixes:
            tokens = model.tokens(prefix, answer=False)
            context = Context(model.weights, CONTEXT_TOKENS, model.threads, 2)
            context.extend(0, tokens, 0)
            self._evaluated.append((context, len(tokens)))
        self._text = model.weights.tokens("The quick brown fox jumps over the lazy dog. " * 100, special=False)

    def time_read(self, tokens: int, prefix: int = 0) -> float:
        """Measure the seconds to evaluate so many tokens, at most 1,000, in one batch after the given prefix."""
        context, place = self._evaluated[prefix]
        context.share(0, 1, place)
        seconds = time_call(lambda: context.extend(1, self._text[: max(1, tokens)], place))
        context.truncate(1)
        return seconds

    def time_decode(self, tokens: int = DECODED_TOKENS, read: int = 1) -> float:
        """Measure the seconds per token of a greedy loop that does nothing else.

        Args:
            tokens: how many to generate.
            read: how many to evaluate between the first prefix and the loop.
        """
        context, place = self._evaluated[0]
        context.share(0, 1, place)
        context.extend(1, self._text[: max(1, read)], place)
        place += max(1, read)
        token, begun = self._text[0], time.perf_counter()
        for step in range(tokens):
            context.extend(1, [token], place + step)
            token = int(np.argmax(context.logits()))
        seconds = (time.perf_counter() - begun) / tokens
        context.truncate(1)
        return seconds


def time_call(call: Callable[[], object]) -> float:
    """Measure the seconds that a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
