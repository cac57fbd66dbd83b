"""llama.cpp through its C functions: the weights of a GGUF file, and contexts in which tokens are evaluated.

The only module that imports llama_cpp.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The chat template of a model that has none of its own."""

REPACK_WEIGHTS = platform.machine().lower() in ("arm64", "aarch64")
"""Whether llama.cpp copies the weights into another memory layout when it loads them. That layout is designed for ARM;
measured on x86, it reads prompts more slowly, doubles the memory and triples the load time (CONTRIBUTING.md)."""

TOKEN_BATCH = 256
"""Tokens that llama.cpp evaluates in one step. Larger is no faster, and costs 0.6 MB of memory a token."""

TokenRow = tuple[int, int, tuple[int, ...], bool]
"""(token, its position, the sequences that it belongs to (one or two), whether its logits are needed)"""

Logits = NDArray[np.float32]
"""Shape (vocabulary,)."""


class Weights:
    """The weights of a model. All contexts use one copy; the mapped file is shared with other processes.

    Raises:
        ModelError: the file is damaged, or of a kind that this llama.cpp does not know.
    """

    def __init__(self, path: Path) -> None:
        # Imported late: it loads a shared library, and half of the commands never need it.
        import llama_cpp

        self.path, self.api = path, llama_cpp
        api: Any = llama_cpp
        silence_logs(api)
        api.llama_backend_init()
        params = api.llama_model_default_params()
        params.n_gpu_layers = -1  # all layers, if this build of llama.cpp has a GPU
        params.use_extra_bufts = REPACK_WEIGHTS
        self.handle = api.llama_model_load_from_file(str(path).encode(), params) if path.is_file() else None
        if not self.handle:
            raise ModelError(
                f"The chat model {path} does not load: it is damaged, or of a kind this llama.cpp does not know",
                "Run `assistant models verify`, or choose another with --model.",
            )
        self._vocabulary = api.llama_model_get_vocab(self.handle)
        self.vocabulary_size = int(api.llama_vocab_n_tokens(self._vocabulary))
        """The number of tokens that the model knows."""
        heads, width = (int(read(self.handle)) for read in (api.llama_model_n_head, api.llama_model_n_embd))
        key_width = int(api.llama_model_n_head_kv(self.handle)) * width // max(1, heads)
        self.token_bytes = int(api.llama_model_n_layer(self.handle)) * key_width * 2 * 2
        """Memory that an evaluated token takes: in each layer a key and a value, 16 bits a number."""
        self.bos = int(api.llama_vocab_bos(self._vocabulary)) if self._adds_bos() else None
        """The token that every prompt starts with; None if this model wants none."""

    def is_end(self, token: int) -> bool:
        """Whether a token ends the model's turn."""
        return bool(self.api.llama_vocab_is_eog(self._vocabulary, token))

    def tokens(self, text: str, special: bool) -> list[int]:
        """A text as tokens. Template tokens in it are recognised if `special`, else read as plain characters."""
        if not text:
            return []
        data = text.encode()
        room = len(data) + 8  # a token is at least one byte; some models add a leading space
        found = (self.api.llama_token * room)()
        count = self.api.llama_tokenize(self._vocabulary, data, len(data), found, room, False, special)
        if count < 0:
            raise ModelError("The chat model cannot read the question", "Ask it in other words.")
        return list(found[:count])

    def piece(self, token: int, special: bool = False) -> bytes:
        """The bytes of a token; one character may be spread over several tokens."""
        size = 256
        buffer = ctypes.create_string_buffer(size)
        count = self.api.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, special)
        return bytes(buffer.raw[: max(0, count)])

    @cached_property
    def template(self) -> Any:
        """The model's chat template; call it with `messages`."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        def text(token: int) -> str:
            return self.piece(token, special=True).decode("utf-8", "ignore") if token >= 0 else ""

        own = self.api.llama_model_chat_template(self.handle, None)
        template = own.decode("utf-8", "ignore") if own else CHATML
        eos, bos = (read(self._vocabulary) for read in (self.api.llama_vocab_eos, self.api.llama_vocab_bos))
        return Jinja2ChatFormatter(template, text(eos), text(bos))

    def _adds_bos(self) -> bool:
        return bool(self.api.llama_vocab_get_add_bos(self._vocabulary))

    def __del__(self) -> None:
        """Contexts hold a reference to this object, so none is left by now."""
        if getattr(self, "handle", None):
            self.api.llama_model_free(self.handle)


class Context:
    """The sequences of evaluated tokens (llama.cpp's KV cache) over one model's weights.

    Args:
        tokens: room for all sequences together; a token that they share counts once.
        sequences: the number of sequences; they are numbered from 0.

    Raises:
        ModelError: there is not enough memory.
    """

    def __init__(self, weights: Weights, tokens: int, threads: int, sequences: int = 1) -> None:
        self.weights, self._api = weights, weights.api
        api = self._api
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = tokens
        params.n_ubatch = TOKEN_BATCH
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        if not api.llama_supports_gpu_offload():
            params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED  # on a CPU it is 6 to 10 % slower
        self.handle = api.llama_init_from_model(weights.handle, params)
        if not self.handle:
            raise ModelError("There is not enough memory for the chat model", "Use a smaller one (`assistant models`).")
        self._memory = api.llama_get_memory(self.handle)
        self.size = int(api.llama_n_ctx(self.handle))
        """The capacity of all sequences together, in tokens."""
        self.evaluated = 0
        """Tokens evaluated so far."""
        self.passes = 0
        """Forward passes so far."""

    def extend(self, sequence: int, tokens: Sequence[int], position: int) -> None:
        """Evaluate tokens after the first `position` tokens of a sequence; `logits` gives the last one's."""
        last = position + len(tokens) - 1
        self.evaluate([(token, at, (sequence,), at == last) for at, token in enumerate(tokens, start=position)])

    def evaluate(self, rows: Sequence[TokenRow]) -> None:
        """Evaluate tokens at their positions, all in one pass."""
        batch = self._api.llama_batch_init(len(rows), 0, 2)
        try:
            batch.n_tokens = len(rows)
            for i, (token, position, sequences, wanted) in enumerate(rows):
                batch.token[i] = token
                batch.pos[i] = position
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
        """The logits of a row of the last evaluation: a view that the next one overwrites, so copy what you keep."""
        found = self._api.llama_get_logits_ith(self.handle, row)
        return np.ctypeslib.as_array(found, (self.weights.vocabulary_size,))

    def share(self, sequence: int, other: int, tokens: int) -> None:
        """Let another sequence start with the first `tokens` tokens of this one, without evaluating them again."""
        self._api.llama_memory_seq_cp(self._memory, sequence, other, 0, tokens)

    def truncate(self, sequence: int, position: int = 0) -> bool:
        """Forget a sequence after its first `position` tokens; False if this kind of model can only forget it whole."""
        return bool(self._api.llama_memory_seq_rm(self._memory, sequence, position, -1))

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self._api.llama_free(self.handle)


def silence_logs(api: Any) -> None:
    """Keep llama.cpp's log lines out of the terminal."""
    global _log_callback
    if _log_callback is None:
        _log_callback = api.llama_log_callback(lambda level, text, data: None)
    api.llama_log_set(_log_callback, ctypes.c_void_p(0))


_log_callback: Any = None  # held for the life of the process, because llama.cpp goes on calling it
