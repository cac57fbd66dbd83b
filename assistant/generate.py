"""The local chat model: it words answers, and answers yes-or-no questions by its logits.

The only import of llama_cpp. What a person or a document wrote is tokenised as plain text, so that
template tokens in it are data.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from assistant.errors import ModelError

if TYPE_CHECKING:
    from llama_cpp import Llama

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For a model that names no template of its own."""

BATCH = 512
"""Tokens evaluated at once."""

VERDICT_CONTEXT = 2048
"""Tokens of the second context, where yes-or-no questions are read."""

VERDICTS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(slots=True)
class Usage:
    """Token counts of one generation; `prompt` includes `cached`."""

    prompt: int = 0
    cached: int = 0
    generated: int = 0
    cut_short: bool = False
    """The limit was reached before the model ended."""


class ChatModel:
    """A GGUF model on this machine; for one caller at a time.

    Args:
        path: the GGUF file.
        context: tokens the model may see at once.
        threads: 0 takes the cores of the machine.

    Raises:
        ModelError: the file is damaged, of an unknown kind, or needs more memory than there is.
    """

    def __init__(self, path: Path, context: int, threads: int = 0) -> None:
        self.path = path
        self._threads = threads or os.cpu_count() or 1
        self._llama = _load(path, context, self._threads)
        self._template, self._stops = _template(self._llama)
        self._verdicts: dict[tuple[int, ...], _Verdicts] = {}

    @property
    def context(self) -> int:
        """Tokens the model may see at once."""
        return int(self._llama.n_ctx())

    def count(self, text: str) -> int:
        """Tokens of a plain text."""
        return len(self._plain(text))

    def tokens(self, messages: Sequence[Message], answer: bool = True) -> list[int]:
        """A prompt as tokens; `answer` adds the opening of the model's turn.

        The template alone may use the model's special tokens.
        """
        merged = _without_system(messages) if not self._takes_system() else list(messages)
        marks = [f"\ue000{i}\ue001" for i in range(len(merged))]
        marked = [{"role": m.role, "content": mark} for m, mark in zip(merged, marks, strict=True)]
        rendered = self._render(marked, answer)
        tokens: list[int] = []
        for message, mark in zip(merged, marks, strict=True):
            before, _, rendered = rendered.partition(mark)
            tokens += self._special(before) + self._plain(message.content)
        tokens += self._special(rendered)
        bos = self._llama.token_bos()
        if self._llama.metadata.get("tokenizer.ggml.add_bos_token") == "true" and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def warm(self, messages: Sequence[Message]) -> None:
        """Evaluate a prefix, so that prompts that begin with it start sooner."""
        next(self._llama.generate(self.tokens(messages, answer=False), temp=0.0), None)

    def stream(self, tokens: Sequence[int], limit: int, usage: Usage) -> Generator[str, None, None]:
        """Word an answer, piece by piece, the likeliest token each time.

        Args:
            tokens: from `tokens`.
            limit: most tokens to generate.
            usage: filled in as it goes on.

        Closing the iterator stops the model before its next token.
        """
        usage.prompt = len(tokens)
        usage.cached = int(self._llama.longest_token_prefix(self._llama._input_ids, tokens))
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        for token in self._llama.generate(list(tokens), temp=0.0, repeat_penalty=1.05):
            if token in self._stops:
                return
            usage.generated += 1
            if piece := decoder.decode(self._llama.detokenize([token])):
                yield piece
            if usage.generated >= limit:
                usage.cut_short = True
                return

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """How much likelier Yes is than No, as a difference of logits, for each question after a fixed prefix.

        One forward pass for up to eight questions; the prefix is evaluated once and kept. The state of the
        conversation is not touched: this happens in a second context on the same weights.
        """
        if not questions:
            return []
        fixed = tuple(self.tokens(prefix, answer=False))
        if fixed not in self._verdicts:
            self._verdicts[fixed] = _Verdicts(self._llama, fixed, self._threads)
        reader = self._verdicts[fixed]
        suffixes = [self.tokens([*prefix, Message("user", text)])[len(fixed) :] for text in questions]
        found: list[float] = []
        while suffixes:
            some = reader.fitting(suffixes)
            found += reader.read(suffixes[:some])
            suffixes = suffixes[some:]
        return found

    def _render(self, messages: list[dict[str, str]], answer: bool) -> str:
        self._template.add_generation_prompt = answer
        return str(self._template(messages=messages, enable_thinking=False).prompt)

    def _takes_system(self) -> bool:
        """Whether the template accepts a system turn; some raise an error for it."""
        probe = [{"role": "system", "content": "\ue000"}, {"role": "user", "content": "x"}]
        try:
            return "\ue000" in self._render(probe, False)
        except (TemplateError, ValueError):
            return False

    def _special(self, text: str) -> list[int]:
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=True)) if text else []

    def _plain(self, text: str) -> list[int]:
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=False)) if text else []


class _Verdicts:
    """A second context on a loaded model, with a fixed prefix in it, copied for each question of a batch."""

    def __init__(self, llama: Llama, prefix: tuple[int, ...], threads: int) -> None:
        import llama_cpp

        self._api = llama_cpp
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = max(VERDICT_CONTEXT, len(prefix) + 1024)
        params.n_batch = params.n_ctx
        params.n_ubatch = BATCH
        params.n_seq_max = VERDICTS_AT_ONCE + 1
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        self._context = llama_cpp.llama_init_from_model(llama.model, params)
        if not self._context:
            raise ModelError("There is not enough memory to check answers", "Use a smaller model (`assistant models`).")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._room = int(params.n_ctx) - len(prefix)
        self._prefix = len(prefix)
        self._vocabulary = llama.n_vocab()
        self._yes, self._no = (llama.tokenize(word, add_bos=False)[0] for word in (b"Yes", b"No"))
        self._decode([(token, place, 0, False) for place, token in enumerate(prefix)])

    def fitting(self, suffixes: Sequence[Sequence[int]]) -> int:
        """How many of the first suffixes go into one pass; at least one."""
        total, some = 0, 0
        for suffix in suffixes[:VERDICTS_AT_ONCE]:
            total += len(suffix)
            if some and total > self._room:
                break
            some += 1
        return some

    def read(self, suffixes: Sequence[Sequence[int]]) -> list[float]:
        """The difference of the logits of Yes and No after each suffix."""
        rows, last = [], []
        for sequence, suffix in enumerate(suffixes, start=1):
            kept = suffix[-self._room :]
            self._api.llama_memory_seq_cp(self._memory, 0, sequence, 0, self._prefix)
            for place, token in enumerate(kept):
                rows.append((token, self._prefix + place, sequence, place == len(kept) - 1))
            last.append(len(rows) - 1)
        self._decode(rows)
        found = []
        for row in last:
            logits = self._api.llama_get_logits_ith(self._context, row)
            found.append(float(logits[self._yes] - logits[self._no]))
        for sequence in range(1, len(suffixes) + 1):
            self._api.llama_memory_seq_rm(self._memory, sequence, 0, -1)
        return found

    def _decode(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        """Evaluate rows of (token, place, sequence, whether its logits are wanted)."""
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


def _load(path: Path, context: int, threads: int) -> Llama:
    """The model in a GGUF file, without llama.cpp's own messages; ModelError if it does not load."""
    # Imported late: it loads a shared library, and half of the commands never generate.
    import llama_cpp

    try:
        with _quiet():
            return llama_cpp.Llama(
                str(path), n_ctx=context, n_batch=BATCH, n_threads=threads, n_threads_batch=threads,
                n_gpu_layers=-1, verbose=False,
            )  # fmt: skip
    except (ValueError, RuntimeError, OSError, AssertionError) as error:
        raise ModelError(
            f"The chat model {path} does not load: it is damaged, or of a kind this llama.cpp does not know",
            "Run `assistant models verify`, or choose another with --model.",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep llama.cpp's lines out of the terminal while a model loads; they come from C."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _template(llama: Llama) -> tuple[Any, frozenset[int]]:
    """The model's chat template, and the tokens that end a turn."""
    from llama_cpp import llama_model_get_vocab, llama_vocab_is_eog
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    def text(token: int) -> str:
        return llama.detokenize([token], special=True).decode("utf-8", "ignore") if token >= 0 else ""

    template = llama.metadata.get("tokenizer.chat_template") or CHATML
    formatter = Jinja2ChatFormatter(template, text(llama.token_eos()), text(llama.token_bos()))
    vocab = llama_model_get_vocab(llama.model)
    stops = frozenset(token for token in range(llama.n_vocab()) if llama_vocab_is_eog(vocab, token))
    return formatter, stops


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """The system turn put in front of the first turn of the user."""
    merged: list[Message] = []
    system = ""
    for message in messages:
        if message.role == "system":
            system = message.content
        elif message.role == "user" and system:
            merged.append(Message("user", f"{system}\n\n{message.content}"))
            system = ""
        else:
            merged.append(message)
    return merged
