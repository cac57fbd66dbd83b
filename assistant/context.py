"""What a chat model has read: several sequences of evaluated tokens, each with its logits at the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError
from assistant.weights import Weights

BATCH = 256
"""Tokens that llama.cpp evaluates at once; larger ones are no faster, and cost 0.6 MB of memory a token."""

Row = tuple[int, int, tuple[int, ...], bool]
"""(token, place, sequences that it belongs to, at most two, whether its logits are wanted)"""

Logits = NDArray[np.float32]
"""Shape (vocabulary,)."""


class Context:
    """Sequences of tokens over one model's weights.

    Args:
        tokens: that all sequences hold together; what they share counts once.
        sequences: how many there are, numbered from 0.

    Raises:
        ModelError: there is not enough memory.
    """

    def __init__(self, weights: Weights, tokens: int, threads: int, sequences: int = 1) -> None:
        self.weights, self._api = weights, weights.api
        api = self._api
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = tokens
        params.n_ubatch = BATCH
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        if not api.llama_supports_gpu_offload():
            params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED  # on a CPU it is slower by 6 to 10 %
        self.handle = api.llama_init_from_model(weights.handle, params)
        if not self.handle:
            raise ModelError("There is not enough memory for the chat model", "Use a smaller one (`assistant models`).")
        self._memory = api.llama_get_memory(self.handle)
        self.size = int(api.llama_n_ctx(self.handle))
        """Tokens that all sequences may hold together."""
        self.evaluated = 0
        """Tokens evaluated so far..."""
        self.passes = 0
        """...and in how many passes."""

    def extend(self, sequence: int, tokens: Sequence[int], place: int) -> None:
        """Evaluate tokens behind the first `place` of a sequence; the logits of the last are kept."""
        last = place + len(tokens) - 1
        self.evaluate([(token, here, (sequence,), here == last) for here, token in enumerate(tokens, start=place)])

    def evaluate(self, rows: Sequence[Row]) -> None:
        """Evaluate tokens at their places, all at once."""
        batch = self._api.llama_batch_init(len(rows), 0, 2)
        try:
            batch.n_tokens = len(rows)
            for i, (token, place, sequences, wanted) in enumerate(rows):
                batch.token[i] = token
                batch.pos[i] = place
                batch.n_seq_id[i] = len(sequences)
                for n, sequence in enumerate(sequences):
                    batch.seq_id[i][n] = sequence
                batch.logits[i] = wanted
            if code := self._api.llama_decode(self.handle, batch):
                raise ModelError(f"The chat model could not read its prompt (llama.cpp says {code})", "Ask again.")
        finally:
            self._api.llama_batch_free(batch)
        self.evaluated += len(rows)
        self.passes += 1

    def logits(self, row: int = -1) -> Logits:
        """The logits of a row of the last evaluation; they stand until the next one, so copy what is to be kept."""
        found = self._api.llama_get_logits_ith(self.handle, row)
        return np.ctypeslib.as_array(found, (self.weights.vocabulary,))

    def share(self, sequence: int, other: int, tokens: int) -> None:
        """Let another sequence begin with the first tokens of this one; nothing is evaluated."""
        self._api.llama_memory_seq_cp(self._memory, sequence, other, 0, tokens)

    def cut(self, sequence: int, place: int = 0) -> bool:
        """Forget all of a sequence behind its first `place` tokens; False if a model of this kind cannot, but for 0."""
        return bool(self._api.llama_memory_seq_rm(self._memory, sequence, place, -1))

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self._api.llama_free(self.handle)
