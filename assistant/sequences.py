"""Several short prompts at once, in a second context on a loaded model; the conversation's own is not touched.

All prompts of one kind begin alike: that prefix is evaluated once, kept in a sequence of its own, and copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError
from assistant.states import States

CONTEXT = 2560
"""Tokens of the second context."""

UBATCH = 512
"""Tokens evaluated at once."""

SPARE = 256
"""Tokens of it left free: llama.cpp hands out its cells in blocks."""

PREFIXES, AT_ONCE = 4, 8
"""Kinds of prompts whose prefixes are kept, and prompts that are evaluated together."""

Row = tuple[int, int, int, bool]
"""(token, place, sequence, whether its logits are wanted)"""


class Sequences:
    """The second context of a model.

    Args:
        api: the module llama_cpp.
        model: llama.cpp's handle of the weights; it must outlive this.
        states: where evaluated prefixes are kept from start to start.
    """

    def __init__(self, api: Any, model: Any, threads: int, states: States) -> None:
        self._api = api
        self._states = states
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = CONTEXT
        params.n_ubatch = UBATCH
        params.n_seq_max = PREFIXES + AT_ONCE
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        self._context = api.llama_init_from_model(model, params)
        if not self._context:
            raise ModelError("There is not enough memory to check answers", "Use a smaller model (`assistant models`).")
        self._memory = api.llama_get_memory(self._context)
        self._vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))
        self._prefixes: dict[tuple[int, ...], int] = {}

    def keep(self, prefix: tuple[int, ...]) -> int:
        """Evaluate a prefix, or take it from the disk; gives its sequence. The oldest of too many goes."""
        if prefix not in self._prefixes:
            if len(self._prefixes) == PREFIXES:
                self._forget(next(iter(self._prefixes)))
            sequence = min(set(range(PREFIXES)) - set(self._prefixes.values()))
            if not self._states.load(self._context, sequence, prefix):
                self._decode([(token, place, sequence, False) for place, token in enumerate(prefix)])
                self._states.save(self._context, sequence, prefix)
            self._prefixes[prefix] = sequence
        return self._prefixes[prefix]

    def logits(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The logits after each suffix, shape (vocabulary,); as many at once as there is room for."""
        found: list[NDArray[np.float32]] = []
        while len(found) < len(suffixes):
            found += self._read(prefix, self._fitting(prefix, suffixes[len(found) :]))
        return found

    def _fitting(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        """The first of the suffixes, as many as there is room for; the beginning of an endless one is cut off."""
        self.keep(prefix)
        room = CONTEXT - SPARE - sum(map(len, self._prefixes))
        some: list[Sequence[int]] = []
        total = 0
        for suffix in suffixes[:AT_ONCE]:
            total += len(suffix)
            if some and total > room:
                break
            some.append(suffix[-room:])
        return some

    def _read(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        rows: list[Row] = []
        last = []
        for sequence, suffix in enumerate(suffixes, start=PREFIXES):
            self._api.llama_memory_seq_cp(self._memory, self._prefixes[prefix], sequence, 0, len(prefix))
            end = len(prefix) + len(suffix) - 1
            rows += [(token, place, sequence, place == end) for place, token in enumerate(suffix, start=len(prefix))]
            last.append(len(rows) - 1)
        self._decode(rows)
        found = [self._logits(row) for row in last]
        for sequence in range(PREFIXES, PREFIXES + len(suffixes)):
            self._api.llama_memory_seq_rm(self._memory, sequence, 0, -1)
        return found

    def _logits(self, row: int) -> NDArray[np.float32]:
        found = self._api.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(found, (self._vocabulary,)).copy()

    def _forget(self, prefix: tuple[int, ...]) -> None:
        self._api.llama_memory_seq_rm(self._memory, self._prefixes.pop(prefix), 0, -1)

    def _decode(self, rows: Sequence[Row]) -> None:
        """Evaluate tokens at their places."""
        batch = self._api.llama_batch_init(len(rows), 0, 1)
        try:
            batch.n_tokens = len(rows)
            for i, (token, place, sequence, wanted) in enumerate(rows):
                batch.token[i] = token
                batch.pos[i] = place
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = sequence
                batch.logits[i] = wanted
            if code := self._api.llama_decode(self._context, batch):
                raise ModelError(f"The chat model could not read a check (llama.cpp says {code})", "Ask again.")
        finally:
            self._api.llama_batch_free(batch)

    def __del__(self) -> None:
        """The weights belong to the chat model; the context is ours."""
        if getattr(self, "_context", None):
            self._api.llama_free(self._context)
