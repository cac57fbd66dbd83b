"""Evaluated prefixes on disk, so that a start need not evaluate them again."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.context import Context
from assistant.weights import Weights

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
