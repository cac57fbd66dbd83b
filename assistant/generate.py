"""The local chat model: it words answers, and answers yes-or-no questions by its logits.

The only import of llama_cpp. What a person or a document wrote is tokenised as plain text, so that
template tokens in it are data.
"""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
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

VARIED = 0.6
"""Temperature of an answer that is asked for once more."""

VERDICT_CONTEXT = 2048
"""Tokens of the second context, where yes-or-no questions are read."""

SPARE = 256
"""Tokens of it left free: llama.cpp hands out its cells in blocks."""

PREFIXES, VERDICTS_AT_ONCE = 2, 8
"""Kinds of yes-or-no questions, and how many are read in one pass."""

STATES_KEPT = 6
"""Evaluated prefixes on disk, about 10 MB each."""


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
        cache: the folder where evaluated prefixes are kept from start to start; None keeps none.

    Raises:
        ModelError: the file is damaged, of an unknown kind, or needs more memory than there is.
    """

    def __init__(self, path: Path, context: int, threads: int = 0, cache: Path | None = None) -> None:
        self.path = path
        self._threads = threads or os.cpu_count() or 1
        self._llama = _load(path, context, self._threads)
        self._template, self._stops = _template(self._llama)
        self._cache = _Cache(cache, path)
        self._verdicts: _Verdicts | None = None

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

    def warm(self, prefix: Sequence[Message]) -> None:
        """Evaluate the beginning of all prompts for answers, or take it from the disk."""
        tokens = self.tokens(prefix, answer=False)
        if self._cache.load(self._llama.ctx, 0, tokens):
            self._llama.n_tokens = len(tokens)
            self._llama.input_ids[: len(tokens)] = tokens
        else:
            self._llama.reset()
            self._llama.eval(tokens)
            self._cache.save(self._llama.ctx, 0, tokens)

    def warm_verdicts(self, prefix: Sequence[Message]) -> tuple[int, ...]:
        """Evaluate the beginning of a kind of yes-or-no question, or take it from the disk; gives its tokens."""
        fixed = tuple(self.tokens(prefix, answer=False))
        self._verdicts = self._verdicts or _Verdicts(self._llama, self._threads)
        self._verdicts.keep(fixed, self._cache)
        return fixed

    def stream(self, tokens: Sequence[int], limit: int, usage: Usage, variation: int = 0) -> Generator[str, None, None]:
        """Word an answer, piece by piece.

        Args:
            tokens: from `tokens`.
            limit: most tokens to generate.
            usage: filled in as it goes on.
            variation: 0 takes the likeliest token each time; each other number words the answer in its own way.

        Closing the iterator stops the model before its next token.
        """
        usage.prompt = len(tokens)
        usage.cached = int(self._llama.longest_token_prefix(self._llama._input_ids, tokens))
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._llama.set_seed(variation)
        temperature = VARIED if variation else 0.0
        for token in self._llama.generate(list(tokens), temp=temperature, repeat_penalty=1.05):
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
        fixed = self.warm_verdicts(prefix)
        assert self._verdicts is not None
        suffixes = [self.tokens([*prefix, Message("user", text)])[len(fixed) :] for text in questions]
        return self._verdicts.read(fixed, suffixes)

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
    """A second context on a loaded model: fixed prefixes in sequences of their own, copied for each question."""

    def __init__(self, llama: Llama, threads: int) -> None:
        import llama_cpp

        self._api = llama_cpp
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = VERDICT_CONTEXT
        params.n_ubatch = BATCH
        params.n_seq_max = PREFIXES + VERDICTS_AT_ONCE
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        self._context = llama_cpp.llama_init_from_model(llama.model, params)
        if not self._context:
            raise ModelError("There is not enough memory to check answers", "Use a smaller model (`assistant models`).")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._room = VERDICT_CONTEXT - SPARE
        self._prefixes: dict[tuple[int, ...], int] = {}
        self._yes, self._no = (llama.tokenize(word, add_bos=False)[0] for word in (b"Yes", b"No"))

    def keep(self, prefix: tuple[int, ...], cache: _Cache) -> int:
        """Evaluate a prefix, or take it from the disk; gives its sequence."""
        if prefix not in self._prefixes:
            sequence = len(self._prefixes)
            if not cache.load(self._context, sequence, prefix):
                self._decode([(token, place, sequence, False) for place, token in enumerate(prefix)])
                cache.save(self._context, sequence, prefix)
            self._prefixes[prefix] = sequence
            self._room -= len(prefix)
        return self._prefixes[prefix]

    def read(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[float]:
        """The difference of the logits of Yes and No after each suffix, as many at once as there is room for."""
        found: list[float] = []
        while len(found) < len(suffixes):
            some: list[Sequence[int]] = []
            total = 0
            for suffix in suffixes[len(found) : len(found) + VERDICTS_AT_ONCE]:
                total += len(suffix)
                if some and total > self._room:
                    break
                some.append(suffix[-self._room :])
            found += self._read(prefix, some)
        return found

    def _read(self, prefix: tuple[int, ...], suffixes: Sequence[Sequence[int]]) -> list[float]:
        rows: list[tuple[int, int, int, bool]] = []
        last = []
        for sequence, suffix in enumerate(suffixes, start=PREFIXES):
            self._api.llama_memory_seq_cp(self._memory, self._prefixes[prefix], sequence, 0, len(prefix))
            for place, token in enumerate(suffix, start=len(prefix)):
                rows.append((token, place, sequence, place == len(prefix) + len(suffix) - 1))
            last.append(len(rows) - 1)
        self._decode(rows)
        found = []
        for row in last:
            logits = self._api.llama_get_logits_ith(self._context, row)
            found.append(float(logits[self._yes] - logits[self._no]))
        for sequence in range(PREFIXES, PREFIXES + len(suffixes)):
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


class _Cache:
    """Evaluated prefixes on disk, so that a start need not evaluate them again; an unusable one is as none.

    Args:
        folder: None keeps nothing.
        model: what the weights are known by; another file means other states.
    """

    def __init__(self, folder: Path | None, model: Path) -> None:
        import llama_cpp

        self._api = llama_cpp
        self._folder = folder
        kept = model.stat()
        self._model = f"{model.name} {kept.st_size} {kept.st_mtime_ns} {llama_cpp.__version__}"

    def load(self, context: Any, sequence: int, tokens: Sequence[int]) -> bool:
        """Whether the state of these tokens is now in the sequence."""
        path = self._path(tokens)
        if path is None or not _sound(path):
            return False
        held, count = (self._api.llama_token * len(tokens))(), ctypes.c_size_t()
        read = self._api.llama_state_seq_load_file(
            context, str(path).encode(), sequence, held, len(tokens), ctypes.byref(count)
        )
        return bool(read) and list(held)[: count.value] == list(tokens)

    def save(self, context: Any, sequence: int, tokens: Sequence[int]) -> None:
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
