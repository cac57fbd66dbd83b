"""Evaluated prefixes: kept on disk from start to start, and shared by several short prompts at once."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.llm.llama import Context, Logits, Row, Weights

STATES_KEPT = 8
"""Evaluated prefixes on disk, about 10 MB each."""


class States:
    """The kept states of one model; an unusable one is as none.

    Args:
        folder: None keeps nothing.
    """

    def __init__(self, weights: Weights, folder: Path | None) -> None:
        self._api = weights.api
        self._folder = folder
        model = weights.path
        kept = model.stat()
        self._model = f"{model.name} {kept.st_size} {kept.st_mtime_ns} {self._api.__version__}"

    def fill(self, context: Context, sequence: int, tokens: Sequence[int]) -> None:
        """Bring an empty sequence to hold these tokens: from the disk, or evaluated and kept there."""
        if not self._load(context.handle, sequence, tokens):
            context.cut(sequence)
            context.extend(sequence, tokens, 0)
            self._save(context.handle, sequence, tokens)

    def _load(self, context: Any, sequence: int, tokens: Sequence[int]) -> bool:
        """Whether the state of these tokens is now in the sequence."""
        path = self._path(tokens)
        if path is None or not _sound(path):
            return False
        held, count = (self._api.llama_token * len(tokens))(), ctypes.c_size_t()
        read = self._api.llama_state_seq_load_file(
            context, str(path).encode(), sequence, held, len(tokens), ctypes.byref(count)
        )
        return bool(read) and list(held)[: count.value] == list(tokens)

    def _save(self, context: Any, sequence: int, tokens: Sequence[int]) -> None:
        """Keep the state of a sequence that holds these tokens; the oldest of many goes."""
        path = self._path(tokens)
        if path is None or self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            held = (self._api.llama_token * len(tokens))(*tokens)
            if self._api.llama_state_seq_save_file(context, str(fresh).encode(), sequence, held, len(tokens)):
                path.with_suffix(".sum").write_text(_sum(fresh))
                fresh.replace(path)
            fresh.unlink(missing_ok=True)
            for old in sorted(self._folder.glob("*.state"), key=lambda p: p.stat().st_mtime)[:-STATES_KEPT]:
                old.unlink()
                old.with_suffix(".sum").unlink(missing_ok=True)

    def _path(self, tokens: Sequence[int]) -> Path | None:
        name = sha256(f"{self._model} {list(tokens)}".encode()).hexdigest()[:24]
        return self._folder / f"{name}.state" if self._folder else None


def _sum(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _sound(path: Path) -> bool:
    """Whether a kept state is what was written: llama.cpp would take other bytes without a word."""
    try:
        return path.with_suffix(".sum").read_text() == _sum(path)
    except OSError:
        return False


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
