"""llama.cpp through its own functions: the weights of a GGUF file, and what was evaluated with them.

The only import of llama_cpp.
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
"""For a model that names no template of its own."""

REPACKED = platform.machine().lower() in ("arm64", "aarch64")
"""Whether the weights are copied into another order when they are loaded. Where x86 was measured, that reads prompts
more slowly, doubles the memory and triples the time to load (CONTRIBUTING.md); for ARM llama.cpp's is made for it."""


class Weights:
    """The weights of a model; one copy for all its contexts, shared with other processes through the file.

    Raises:
        ModelError: the file is damaged, or of an unknown kind.
    """

    def __init__(self, path: Path) -> None:
        # Imported late: it loads a shared library, and half of the commands never generate.
        import llama_cpp

        self.path, self.api = path, llama_cpp
        api: Any = llama_cpp
        silence(api)
        api.llama_backend_init()
        params = api.llama_model_default_params()
        params.n_gpu_layers = -1  # all layers, if this build of llama.cpp has a GPU
        params.use_extra_bufts = REPACKED
        self.handle = api.llama_model_load_from_file(str(path).encode(), params) if path.is_file() else None
        if not self.handle:
            raise ModelError(
                f"The chat model {path} does not load: it is damaged, or of a kind this llama.cpp does not know",
                "Run `assistant models verify`, or choose another with --model.",
            )
        self._vocabulary = api.llama_model_get_vocab(self.handle)
        self.vocabulary = int(api.llama_vocab_n_tokens(self._vocabulary))
        """How many tokens the model knows."""
        heads, size = (int(read(self.handle)) for read in (api.llama_model_n_head, api.llama_model_n_embd))
        kept = int(api.llama_model_n_head_kv(self.handle)) * size // max(1, heads)
        self.token_bytes = int(api.llama_model_n_layer(self.handle)) * kept * 2 * 2
        """Memory for a token that was evaluated: a key and a value of 16 bits a layer."""
        self.first = int(api.llama_vocab_bos(self._vocabulary)) if self._begins() else None
        """The token that begins every text, if this model wants one."""

    def ends(self, token: int) -> bool:
        """Whether a token ends a turn."""
        return bool(self.api.llama_vocab_is_eog(self._vocabulary, token))

    def tokens(self, text: str, special: bool) -> list[int]:
        """A text as tokens; `special` reads the model's own marks in it, else they are letters."""
        if not text:
            return []
        data = text.encode()
        room = len(data) + 8  # a token has at least a byte; some models put a space before
        found = (self.api.llama_token * room)()
        count = self.api.llama_tokenize(self._vocabulary, data, len(data), found, room, False, special)
        if count < 0:
            raise ModelError("The chat model cannot read the question", "Ask it in other words.")
        return list(found[:count])

    def piece(self, token: int, special: bool = False) -> bytes:
        """What a token stands for; a letter may need several."""
        size = 256
        buffer = ctypes.create_string_buffer(size)
        count = self.api.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, special)
        return bytes(buffer.raw[: max(0, count)])

    @cached_property
    def template(self) -> Any:
        """The model's chat template, to be called with `messages`."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        def text(token: int) -> str:
            return self.piece(token, special=True).decode("utf-8", "ignore") if token >= 0 else ""

        kept = self.api.llama_model_chat_template(self.handle, None)
        template = kept.decode("utf-8", "ignore") if kept else CHATML
        ends, begins = (read(self._vocabulary) for read in (self.api.llama_vocab_eos, self.api.llama_vocab_bos))
        return Jinja2ChatFormatter(template, text(ends), text(begins))

    def _begins(self) -> bool:
        return bool(self.api.llama_vocab_get_add_bos(self._vocabulary))

    def __del__(self) -> None:
        """The contexts on it hold this object, so they are gone."""
        if getattr(self, "handle", None):
            self.api.llama_model_free(self.handle)


def silence(api: Any) -> None:
    """Keep llama.cpp's own lines out of the terminal."""
    global _silent
    if _silent is None:
        _silent = api.llama_log_callback(lambda level, text, data: None)
    api.llama_log_set(_silent, ctypes.c_void_p(0))


_silent: Any = None  # llama.cpp calls it as long as the process lives


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
