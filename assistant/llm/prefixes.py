"""Evaluated prefixes: cached on disk between runs, and shared by short prompts that are evaluated together."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.files import write_whole
from assistant.llm.llama import Context, Logits, TokenRow, Weights

CACHED_PREFIXES = 8
"""Prefixes kept on disk, about 10 MB each."""

PREFIX_SLOTS, BATCH_PROMPTS = 4, 8
"""Prefixes held at the same time, and prompts evaluated in one pass; each takes a sequence of the context."""

CONTEXT_TOKENS = 2560
"""Tokens for which the context must have room."""

SPARE_TOKENS = 256
"""How many of these tokens are left free, because llama.cpp allocates its cells in blocks."""


class PrefixCache:
    """The states of evaluated prefixes of one model, on disk. A file that cannot be used counts as absent.

    Args:
        folder: None caches nothing.
    """

    def __init__(self, weights: Weights, folder: Path | None) -> None:
        self._api = weights.api
        self._folder = folder
        model = weights.path
        stat = model.stat()
        self._model = f"{model.name} {stat.st_size} {stat.st_mtime_ns} {self._api.__version__}"

    def fill(self, context: Context, sequence: int, tokens: Sequence[int]) -> None:
        """Fill an empty sequence with these tokens: read from disk, else evaluated and written to disk."""
        if not self._load(context.handle, sequence, tokens):
            context.truncate(sequence)
            context.extend(sequence, tokens, 0)
            self._save(context.handle, sequence, tokens)

    def _load(self, context: Any, sequence: int, tokens: Sequence[int]) -> bool:
        """Read the state of these tokens into the sequence; False if there is none or it cannot be used."""
        path = self._path(tokens)
        if path is None or not _is_intact(path):
            return False
        held, count = (self._api.llama_token * len(tokens))(), ctypes.c_size_t()
        read = self._api.llama_state_seq_load_file(
            context, str(path).encode(), sequence, held, len(tokens), ctypes.byref(count)
        )
        return bool(read) and list(held)[: count.value] == list(tokens)

    def _save(self, context: Any, sequence: int, tokens: Sequence[int]) -> None:
        """Write the state of a sequence that holds these tokens, then delete the oldest beyond CACHED_PREFIXES."""
        path = self._path(tokens)
        if path is None or self._folder is None:
            return
        held = (self._api.llama_token * len(tokens))(*tokens)
        with suppress(OSError):
            with write_whole(path) as fresh:
                if not self._api.llama_state_seq_save_file(context, str(fresh).encode(), sequence, held, len(tokens)):
                    raise OSError(f"{fresh} could not be written")
                path.with_suffix(".sum").write_bytes(_compute_sum(fresh))
            for old in sorted(self._folder.glob("*.state"), key=lambda p: p.stat().st_mtime)[:-CACHED_PREFIXES]:
                old.unlink()
                old.with_suffix(".sum").unlink(missing_ok=True)

    def _path(self, tokens: Sequence[int]) -> Path | None:
        name = sha256(f"{self._model} {list(tokens)}".encode()).hexdigest()[:24]
        return self._folder / f"{name}.state" if self._folder else None


class SharedPrefixes:
    """A few prefixes held evaluated in one context, and the short prompts that start with them.

    Args:
        context: has CONTEXT_TOKENS tokens and PREFIX_SLOTS + BATCH_PROMPTS sequences: first prefixes, then prompts.
    """

    def __init__(self, context: Context, cache: PrefixCache) -> None:
        self._context = context
        self._cache = cache
        self._prefixes: dict[tuple[int, ...], int] = {}

    def keep(self, prefix: tuple[int, ...]) -> int:
        """Hold a prefix, cached or newly evaluated; return its sequence. If all slots are taken, drop the oldest."""
        if prefix not in self._prefixes:
            if len(self._prefixes) == PREFIX_SLOTS:
                self._context.truncate(self._prefixes.pop(next(iter(self._prefixes))))
            sequence = min(set(range(PREFIX_SLOTS)) - set(self._prefixes.values()))
            self._cache.fill(self._context, sequence, prefix)
            self._prefixes[prefix] = sequence
        return self._prefixes[prefix]

    def logits(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Logits]:
        """The logits after the prefix and each suffix, in batches of as many as there is room for."""
        found: list[Logits] = []
        while len(found) < len(suffixes):
            found += self._evaluate(prefix, self._take_batch(prefix, suffixes[len(found) :]))
        return found

    def _take_batch(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        """The first suffixes, as many as one pass has room for; one that is too long by itself loses its beginning."""
        self.keep(prefix)
        room = CONTEXT_TOKENS - SPARE_TOKENS - sum(map(len, self._prefixes))
        batch: list[Sequence[int]] = []
        total = 0
        for suffix in suffixes[:BATCH_PROMPTS]:
            total += len(suffix)
            if batch and total > room:
                break
            batch.append(suffix[-room:])
        return batch

    def _evaluate(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Logits]:
        rows: list[TokenRow] = []
        last_rows = []
        for sequence, suffix in enumerate(suffixes, start=PREFIX_SLOTS):
            self._context.share(self._prefixes[prefix], sequence, len(prefix))
            end = len(prefix) + len(suffix) - 1
            rows += [
                (token, position, (sequence,), position == end)
                for position, token in enumerate(suffix, start=len(prefix))
            ]
            last_rows.append(len(rows) - 1)
        self._context.evaluate(rows)
        found = [self._context.logits(row).copy() for row in last_rows]
        for sequence in range(PREFIX_SLOTS, PREFIX_SLOTS + len(suffixes)):
            self._context.truncate(sequence)
        return found


def _compute_sum(path: Path) -> bytes:
    return sha256(path.read_bytes()).hexdigest().encode()


def _is_intact(path: Path) -> bool:
    """Whether a state file holds the bytes that were written; llama.cpp would load damaged ones without an error."""
    try:
        return path.with_suffix(".sum").read_bytes() == _compute_sum(path)
    except OSError:
        return False
