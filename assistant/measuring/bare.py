"""llama.cpp alone, without anything of ours around it: what the hardware allows, for the floors of `bench.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from assistant.llm.llama import Context
from assistant.llm.local import LocalModel
from assistant.llm.model import Message

DECODED = 32
"""Tokens of a bare decode loop."""

TOKENS = 2048
"""That a bare context has room for."""


class Bare:
    """llama.cpp on the weights of a loaded model, behind the beginnings of its prompts.

    Args:
        prefixes: evaluated at once; what is timed stands behind one of them.
    """

    def __init__(self, model: LocalModel, prefixes: Sequence[Sequence[Message]]) -> None:
        self._held: list[tuple[Context, int]] = []
        for prefix in prefixes:
            tokens = model.tokens(prefix, answer=False)
            context = Context(model.weights, TOKENS, model.threads, 2)
            context.extend(0, tokens, 0)
            self._held.append((context, len(tokens)))
        self._text = model.weights.tokens("The quick brown fox jumps over the lazy dog. " * 100, special=False)

    def read(self, tokens: int, behind: int = 0) -> float:
        """Seconds to evaluate so many tokens in one batch behind a prefix; up to a thousand."""
        context, place = self._held[behind]
        context.share(0, 1, place)
        taken = timed(lambda: context.extend(1, self._text[: max(1, tokens)], place))
        context.cut(1)
        return taken

    def decode(self, tokens: int = DECODED, read: int = 1) -> float:
        """Seconds a token of a loop that only evaluates the likeliest next one, so many tokens behind a prefix."""
        context, place = self._held[0]
        context.share(0, 1, place)
        context.extend(1, self._text[: max(1, read)], place)
        place += max(1, read)
        token, begun = self._text[0], time.perf_counter()
        for step in range(tokens):
            context.extend(1, [token], place + step)
            token = int(np.argmax(context.logits()))
        taken = (time.perf_counter() - begun) / tokens
        context.cut(1)
        return taken


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
