"""Several short prompts at once, in a context of their own; the conversation's is not touched.

All prompts of one kind begin alike: that prefix is evaluated once, kept in a sequence of its own, and shared.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.context import Context, Logits, Row
from assistant.states import States

PREFIXES, AT_ONCE = 4, 8
"""Kinds of prompts whose prefixes are kept, and prompts that are evaluated together."""

TOKENS = 2560
"""That the context must have room for."""

SPARE = 256
"""Tokens of it left free: llama.cpp hands out its cells in blocks."""


class Sequences:
    """Short prompts with few prefixes.

    Args:
        context: for TOKENS tokens in PREFIXES + AT_ONCE sequences.
        states: where evaluated prefixes are kept from start to start.
    """

    def __init__(self, context: Context, states: States) -> None:
        self._context = context
        self._states = states
        self._prefixes: dict[tuple[int, ...], int] = {}

    def keep(self, prefix: tuple[int, ...]) -> int:
        """Evaluate a prefix, or take it from the disk; gives its sequence. The oldest of too many goes."""
        if prefix not in self._prefixes:
            if len(self._prefixes) == PREFIXES:
                self._context.cut(self._prefixes.pop(next(iter(self._prefixes))))
            sequence = min(set(range(PREFIXES)) - set(self._prefixes.values()))
            self._states.fill(self._context, sequence, prefix)
            self._prefixes[prefix] = sequence
        return self._prefixes[prefix]

    def logits(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Logits]:
        """The logits after each suffix; as many at once as there is room for."""
        found: list[Logits] = []
        while len(found) < len(suffixes):
            found += self._read(prefix, self._fitting(prefix, suffixes[len(found) :]))
        return found

    def _fitting(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        """The first of the suffixes, as many as there is room for; the beginning of an endless one is cut off."""
        self.keep(prefix)
        room = TOKENS - SPARE - sum(map(len, self._prefixes))
        some: list[Sequence[int]] = []
        total = 0
        for suffix in suffixes[:AT_ONCE]:
            total += len(suffix)
            if some and total > room:
                break
            some.append(suffix[-room:])
        return some

    def _read(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Logits]:
        rows: list[Row] = []
        last = []
        for sequence, suffix in enumerate(suffixes, start=PREFIXES):
            self._context.share(self._prefixes[prefix], sequence, len(prefix))
            end = len(prefix) + len(suffix) - 1
            rows += [(token, place, (sequence,), place == end) for place, token in enumerate(suffix, start=len(prefix))]
            last.append(len(rows) - 1)
        self._context.evaluate(rows)
        found = [self._context.logits(row).copy() for row in last]
        for sequence in range(PREFIXES, PREFIXES + len(suffixes)):
            self._context.cut(sequence)
        return found
