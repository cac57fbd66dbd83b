"""The chat model on this machine: it words answers, and answers yes-or-no questions by its logits.

Text of people and documents is tokenised as plain text, so template tokens in it are data.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from jinja2 import TemplateError

from assistant.errors import QuestionError
from assistant.llm.llama import Context, Logits, Weights
from assistant.llm.model import VARIED, Message, Usage, Work
from assistant.llm.prefixes import BATCH_PROMPTS, CONTEXT_TOKENS, PREFIX_SLOTS, PrefixCache, SharedPrefixes
from assistant.machine import count_cores

TOP_K = 40
"""Each token of a varied answer is sampled from this many of the likeliest tokens."""

REPETITION_PENALTY, REPETITION_WINDOW = 1.05, 64
"""What the logit of a recent token is divided by, and how many of the last tokens count as recent."""

PREFIX_SEQUENCE, PROMPT_SEQUENCE = 0, 1
"""The sequences of the main context: the prefix of all answer prompts, and the current prompt with its answer."""


class LocalModel:
    """A GGUF model on this machine, for one caller at a time. It implements `ChatModel`.

    It may word answers, check them, or both: the memory for either is taken when that is first asked for.

    Args:
        path: the GGUF file.
        context: the most tokens of a prompt and its answer.
        threads: 0 stands for the physical cores of this machine.
        cache: the folder of the `PrefixCache`; None caches nothing on disk.

    Raises:
        ModelError: the file is damaged, of an unknown kind, or needs more memory than there is.
    """

    def __init__(self, path: Path, context: int, threads: int = 0, cache: Path | None = None) -> None:
        self.context = context
        """The most tokens of a prompt and its answer."""
        self.threads = threads or count_cores()
        self.weights = Weights(path)
        self._cache = PrefixCache(self.weights, cache)
        self._prefix: list[int] = []  # what PREFIX_SEQUENCE holds
        self._prompt: list[int] = []  # what PROMPT_SEQUENCE holds
        self._next_logits: Logits | None = None  # a view into llama.cpp, valid until the next evaluation
        self._reused = 0  # tokens of the current prompt that needed no evaluation

    @cached_property
    def _main(self) -> Context:
        """The context in which prompts are read and answers are worded."""
        return Context(self.weights, self.context, self.threads, 2)

    @cached_property
    def _checks(self) -> Context:
        """The context in which yes-or-no questions are read."""
        return Context(self.weights, CONTEXT_TOKENS, self.threads, PREFIX_SLOTS + BATCH_PROMPTS)

    @cached_property
    def _check_prefixes(self) -> SharedPrefixes:
        return SharedPrefixes(self._checks, self._cache)

    @property
    def vocabulary_size(self) -> int:
        """The number of tokens that the model knows."""
        return self.weights.vocabulary_size

    @property
    def work(self) -> Work:
        """The work done since the model was loaded."""
        return Work(self._main.evaluated, self._checks.passes, self._checks.evaluated)

    @property
    def memory(self) -> int:
        """Bytes that both contexts take when they are full."""
        return (self._main.size + self._checks.size) * self.weights.token_bytes

    def count(self, text: str) -> int:
        """The number of tokens of a plain text."""
        return len(self.weights.tokens(text, special=False))

    def tokens(self, messages: Sequence[Message], answer: bool = True) -> list[int]:
        """A prompt as tokens; `answer` adds the opening of the model's turn.

        Only the template may contribute special tokens; the messages are plain text.
        """
        merged = _merge_system(messages) if not self._takes_system() else list(messages)
        marks = [f"\ue000{i}\ue001" for i in range(len(merged))]
        marked = [{"role": m.role, "content": mark} for m, mark in zip(merged, marks, strict=True)]
        rendered = self._render(marked, answer)
        bos = self.weights.bos
        body: list[int] = []
        for message, mark in zip(merged, marks, strict=True):
            before, _, rendered = rendered.partition(mark)
            body += self.weights.tokens(before, special=True) + self.weights.tokens(message.content, special=False)
        if bos is not None and body[:1] != [bos]:
            body.insert(0, bos)
        return body + self.weights.tokens(rendered, special=True)

    def warm(self, prefix: Sequence[Message]) -> None:
        """Evaluate the prefix of all answer prompts, or read it from the prefix cache."""
        self._forget()
        self._main.truncate(PREFIX_SEQUENCE)
        self._prefix = self.tokens(prefix, answer=False)
        self._cache.fill(self._main, PREFIX_SEQUENCE, self._prefix)

    def warm_check(self, prefix: Sequence[Message]) -> tuple[int, ...]:
        """Evaluate the prefix of one kind of check, or read it from the prefix cache; return its tokens."""
        fixed = tuple(self.tokens(prefix, answer=False))
        self._check_prefixes.keep(fixed)
        return fixed

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Yield an answer piece by piece; see `ChatModel.stream`. Whether there is room is checked at once."""
        tokens = self.tokens(prompt)
        if len(tokens) + limit > self.context:
            raise QuestionError("The question is longer than the chat model can take in", "Ask it in fewer words.")
        usage.prompt = len(tokens)
        return self._generate(tokens, limit, usage, variation)

    def _generate(self, tokens: list[int], limit: int, usage: Usage, variation: int) -> Generator[str, None, None]:
        usage.cached = self._evaluate_prompt(tokens)
        rng = np.random.default_rng(variation) if variation else None
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        while not self.weights.is_end(token := self._pick_token(rng)):
            usage.generated += 1
            if piece := decoder.decode(self.weights.piece(token)):
                yield piece
            if usage.generated >= limit:
                usage.cut_short = True
                return
            self._extend([token])

    def logits(self, prefix: Sequence[Message], texts: Sequence[str]) -> list[Logits]:
        """The logits of the first token of the model's turn, for each text as the user's turn after a fixed prefix.

        One forward pass takes up to eight texts; the prefix is evaluated only once. All this happens in a second
        context on the same weights, so the prompt of the answer stays evaluated.
        """
        fixed = self.warm_check(prefix)
        return self._check_prefixes.logits(
            fixed, [self.tokens([*prefix, Message("user", t)])[len(fixed) :] for t in texts]
        )

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """The logit of Yes minus that of No, for each question after a fixed prefix."""
        return [self.compare_yes_no(logits) for logits in self.logits(prefix, questions)]

    def compare_yes_no(self, logits: Logits) -> float:
        """The logit of Yes minus that of No."""
        yes, no = (self.weights.tokens(word, special=True)[0] for word in ("Yes", "No"))
        return float(logits[yes] - logits[no])

    def _evaluate_prompt(self, tokens: list[int]) -> int:
        """Evaluate the new part of a prompt; return how many of its tokens were evaluated before the question came."""
        if tokens != self._prompt or self._next_logits is None:
            # The last token is always evaluated: the answer starts from its logits.
            reused = self._reuse(tokens, len(tokens) - 1)
            self._extend(tokens[reused:])
        return self._reused

    def _reuse(self, tokens: list[int], limit: int) -> int:
        """Start the current prompt with what is already evaluated of these tokens, up to `limit`; return how many."""
        reused = min(_count_common(self._prompt, tokens), limit)
        if reused <= len(self._prefix) or not self._main.truncate(PROMPT_SEQUENCE, reused):
            self._main.truncate(PROMPT_SEQUENCE)
            reused = len(self._prefix) if _count_common(self._prefix, tokens[:limit]) == len(self._prefix) else 0
            self._main.share(PREFIX_SEQUENCE, PROMPT_SEQUENCE, reused)
        self._prompt, self._next_logits, self._reused = tokens[:reused], None, reused
        return reused

    def _extend(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens at the end of the current prompt. If that fails, the prompt counts as not evaluated."""
        prompt, self._prompt, self._next_logits = self._prompt, [], None
        self._main.extend(PROMPT_SEQUENCE, tokens, len(prompt))
        self._prompt, self._next_logits = [*prompt, *tokens], self._main.logits()

    def _pick_token(self, rng: np.random.Generator | None) -> int:
        """Choose the next token: the likeliest, or sampled with `rng`; a recent token is made a little less likely."""
        assert self._next_logits is not None
        recent = list(set(self._prompt[-REPETITION_WINDOW:]))
        original = self._next_logits[recent]
        # Changed in place and restored, because the vocabulary has 152,000 tokens.
        self._next_logits[recent] = np.where(original > 0, original / REPETITION_PENALTY, original * REPETITION_PENALTY)
        token = int(np.argmax(self._next_logits)) if rng is None else _sample(self._next_logits, rng)
        self._next_logits[recent] = original
        return token

    def _forget(self) -> None:
        self._main.truncate(PROMPT_SEQUENCE)
        self._prompt, self._next_logits = [], None

    def _render(self, messages: list[dict[str, str]], answer: bool) -> str:
        self.weights.template.add_generation_prompt = answer
        return str(self.weights.template(messages=messages, enable_thinking=False).prompt)

    def _takes_system(self) -> bool:
        """Whether the template accepts a system turn; some drop it, some raise an error."""
        probe = [{"role": "system", "content": "\ue000"}, {"role": "user", "content": "x"}]
        try:
            return "\ue000" in self._render(probe, False)
        except (TemplateError, ValueError):
            return False


def _sample(logits: Logits, rng: np.random.Generator) -> int:
    """Sample one of the TOP_K likeliest tokens at temperature VARIED."""
    best = np.argpartition(logits, -TOP_K)[-TOP_K:]
    weights = np.exp((logits[best] - logits[best].max()) / VARIED)
    return int(rng.choice(best, p=weights / weights.sum()))


def _count_common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common prefix of two lists of tokens."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))  # noqa: B905


def _merge_system(messages: Sequence[Message]) -> list[Message]:
    """Put the system turn in front of the user turn that follows it."""
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
