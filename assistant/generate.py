"""The local chat model: it words answers, and answers yes-or-no questions by its logits.

The only import of llama_cpp. What a person or a document wrote is tokenised as plain text, so that
template tokens in it are data.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray

from assistant.chat import Message, Usage
from assistant.errors import ModelError
from assistant.sequences import Sequences
from assistant.states import States

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


class LocalModel:
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
        self._states = States(_api(), cache, path)
        self._beside: Sequences | None = None

    @property
    def context(self) -> int:
        """Tokens the model may see at once."""
        return int(self._llama.n_ctx())

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        return int(self._llama.n_vocab())

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
        if self._states.load(self._llama.ctx, 0, tokens):
            self._llama.n_tokens = len(tokens)
            self._llama.input_ids[: len(tokens)] = tokens
        else:
            self._llama.reset()
            self._llama.eval(tokens)
            self._states.save(self._llama.ctx, 0, tokens)

    def warm_beside(self, prefix: Sequence[Message]) -> tuple[int, ...]:
        """Evaluate the beginning of a kind of short prompts, or take it from the disk; gives its tokens."""
        fixed = tuple(self.tokens(prefix, answer=False))
        self._beside = self._beside or Sequences(_api(), self._llama.model, self._threads, self._states)
        self._beside.keep(fixed)
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
        # The last token is evaluated in any case: its logits begin the answer.
        usage.cached = int(self._llama.longest_token_prefix(self._llama._input_ids, tokens[:-1]))
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

    def logits(self, prefix: Sequence[Message], texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """The logits of the first token of the model's turn after a fixed prefix and each text, shape (vocabulary,).

        One forward pass for up to eight texts; the prefix is evaluated once and kept. The state of the conversation
        is not touched: this happens in a second context on the same weights.
        """
        fixed = self.warm_beside(prefix)
        assert self._beside is not None
        return self._beside.logits(fixed, [self.tokens([*prefix, Message("user", t)])[len(fixed) :] for t in texts])

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """How much likelier Yes is than No, as a difference of logits, for each question after a fixed prefix."""
        yes, no = (self._special(word)[0] for word in ("Yes", "No"))
        return [float(logits[yes] - logits[no]) for logits in self.logits(prefix, questions)]

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


def _api() -> Any:
    """The module llama_cpp, imported late: it loads a shared library, and half of the commands never generate."""
    import llama_cpp

    return llama_cpp


def _load(path: Path, context: int, threads: int) -> Llama:
    """The model in a GGUF file, without llama.cpp's own messages; ModelError if it does not load."""
    try:
        with _quiet():
            return _api().Llama(
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
