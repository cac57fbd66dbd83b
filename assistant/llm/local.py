"""The local chat model: it words answers, and answers yes-or-no questions by its logits.

What a person or a document wrote is tokenised as plain text, so that
template tokens in it are data.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from jinja2 import TemplateError

from assistant.errors import QuestionError
from assistant.llm.llama import Context, Logits, Row, Weights
from assistant.llm.model import VARIED, Message, Usage, Work
from assistant.llm.prefixes import AT_ONCE, PREFIXES, TOKENS, Sequences, States
from assistant.machine import cores

LIKELIEST = 40
"""Tokens among which a varied answer chooses."""

REPEATED, LOOKED_BACK = 1.05, 64
"""What the logit of a token is divided by that stands among the last ones, and how many of those are looked at."""

KEPT, CURRENT, ASIDE = 0, 1, 2
"""The sequences of the conversation: the beginning of all prompts; the prompt that is answered; the same prompt with
something else asked at its end."""


class LocalModel:
    """A GGUF model on this machine; for one caller at a time.

    Args:
        path: the GGUF file.
        context: tokens the model may see at once.
        threads: 0 takes the physical cores of the machine.
        cache: the folder where evaluated prefixes are kept from start to start; None keeps none.

    Raises:
        ModelError: the file is damaged, of an unknown kind, or needs more memory than there is.
    """

    def __init__(self, path: Path, context: int, threads: int = 0, cache: Path | None = None) -> None:
        self.context = context
        """Tokens the model may see at once."""
        self.threads = threads or cores()
        self.weights = Weights(path)
        self._states = States(self.weights, cache)
        self._talk = Context(self.weights, context, self.threads, 3)
        self._checks = Context(self.weights, TOKENS, self.threads, PREFIXES + AT_ONCE)
        self._beside = Sequences(self._checks, self._states)
        self._prefix: list[int] = []
        self._held: list[int] = []
        self._next: Logits | None = None  # where llama.cpp keeps them, so they stand until the next evaluation
        self._known = 0

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        return self.weights.vocabulary

    @property
    def work(self) -> Work:
        """What was done so far."""
        return Work(self._talk.evaluated, self._checks.passes, self._checks.evaluated)

    @property
    def memory(self) -> int:
        """Bytes that the tokens take which it may see."""
        return (self._talk.size + self._checks.size) * self.weights.token_bytes

    def count(self, text: str) -> int:
        """Tokens of a plain text."""
        return len(self.weights.tokens(text, special=False))

    def tokens(self, messages: Sequence[Message], answer: bool = True) -> list[int]:
        """A prompt as tokens; `answer` adds the opening of the model's turn.

        The template alone may use the model's special tokens.
        """
        body, closing = self._tokens(messages, answer)
        return body + closing

    def _tokens(self, messages: Sequence[Message], answer: bool) -> tuple[list[int], list[int]]:
        """A prompt up to the end of its last message, and what the template puts behind that."""
        merged = _without_system(messages) if not self._takes_system() else list(messages)
        marks = [f"\ue000{i}\ue001" for i in range(len(merged))]
        marked = [{"role": m.role, "content": mark} for m, mark in zip(merged, marks, strict=True)]
        rendered = self._render(marked, answer)
        first = self.weights.first
        body: list[int] = []
        for message, mark in zip(merged, marks, strict=True):
            before, _, rendered = rendered.partition(mark)
            body += self.weights.tokens(before, special=True) + self.weights.tokens(message.content, special=False)
        if first is not None and body[:1] != [first]:
            body.insert(0, first)
        return body, self.weights.tokens(rendered, special=True)

    def warm(self, prefix: Sequence[Message]) -> None:
        """Evaluate the beginning of all prompts for answers, or take it from the disk."""
        self._forget()
        self._talk.cut(KEPT)
        self._prefix = self.tokens(prefix, answer=False)
        self._states.fill(self._talk, KEPT, self._prefix)

    def warm_beside(self, prefix: Sequence[Message]) -> tuple[int, ...]:
        """Evaluate the beginning of a kind of short prompts, or take it from the disk; gives its tokens."""
        fixed = tuple(self.tokens(prefix, answer=False))
        self._beside.keep(fixed)
        return fixed

    def read(self, prompt: Sequence[Message], aside: str) -> Logits:
        """The logits of the first token of a reply to something asked at the end of a prompt, in its last message.

        The prompt without it is evaluated in the same pass and stays so: to word its answer costs no second look.

        Raises:
            QuestionError: the prompt is longer than the model can take in.
        """
        body, closing = self._tokens(prompt, True)
        asked, place = self.weights.tokens(aside, special=False) + closing, len(body)
        known = self._share(body + closing, place, len(asked))
        self._talk.share(CURRENT, ASIDE, known)
        rows: list[Row] = [(body[at], at, (CURRENT, ASIDE), False) for at in range(known, place)]
        for sequence, tail in ((CURRENT, closing), (ASIDE, asked)):
            rows += [(token, place + n, (sequence,), n == len(tail) - 1) for n, token in enumerate(tail)]
        self._talk.evaluate(rows)
        self._talk.cut(ASIDE)
        self._held, self._next = body + closing, self._talk.logits(place - known + len(closing) - 1)
        return self._talk.logits(len(rows) - 1).copy()

    def stream(
        self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int = 0
    ) -> Generator[str, None, None]:
        """Word an answer, piece by piece; see `ChatModel`."""
        tokens = self.tokens(prompt)
        usage.prompt = len(tokens)
        usage.cached = self._hold(tokens, limit)
        chance = np.random.default_rng(variation) if variation else None
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        while not self.weights.ends(token := self._pick(chance)):
            usage.generated += 1
            if piece := decoder.decode(self.weights.piece(token)):
                yield piece
            if usage.generated >= limit:
                usage.cut_short = True
                return
            self._extend([token])

    def logits(self, prefix: Sequence[Message], texts: Sequence[str]) -> list[Logits]:
        """The logits of the first token of the model's turn after a fixed prefix and each text.

        One forward pass for up to eight texts; the prefix is evaluated once and kept. The state of the conversation
        is not touched: this happens in a second context on the same weights.
        """
        fixed = self.warm_beside(prefix)
        return self._beside.logits(fixed, [self.tokens([*prefix, Message("user", t)])[len(fixed) :] for t in texts])

    def verdicts(self, prefix: Sequence[Message], questions: Sequence[str]) -> list[float]:
        """How much likelier Yes is than No, as a difference of logits, for each question after a fixed prefix."""
        yes, no = (self.weights.tokens(word, special=True)[0] for word in ("Yes", "No"))
        return [float(logits[yes] - logits[no]) for logits in self.logits(prefix, questions)]

    def _hold(self, tokens: list[int], room: int) -> int:
        """Evaluate what is new of a prompt; gives how many of its tokens were known before it came."""
        if tokens != self._held or self._next is None:
            # The last token is evaluated in any case: its logits begin the answer.
            known = self._share(tokens, len(tokens) - 1, room)
            self._extend(tokens[known:])
        return self._known

    def _share(self, tokens: list[int], most: int, room: int = 0) -> int:
        """Let the current prompt begin with what is known of these tokens, `most` of them; gives how many that are."""
        if len(tokens) + room > self.context:
            raise QuestionError("The question is longer than the chat model can take in", "Ask it in fewer words.")
        known = min(_common(self._held, tokens), most)
        if known <= len(self._prefix) or not self._talk.cut(CURRENT, known):
            self._talk.cut(CURRENT)
            known = len(self._prefix) if _common(self._prefix, tokens[:most]) == len(self._prefix) else 0
            self._talk.share(KEPT, CURRENT, known)
        self._held, self._next, self._known = tokens[:known], None, known
        return known

    def _extend(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens behind those that are held. If that fails, nothing is held any more."""
        held, self._held, self._next = self._held, [], None
        self._talk.extend(CURRENT, tokens, len(held))
        self._held, self._next = [*held, *tokens], self._talk.logits()

    def _pick(self, chance: np.random.Generator | None) -> int:
        """The next token: the likeliest, or one of the likely by chance; what was just said is a little less likely."""
        assert self._next is not None
        said = list(set(self._held[-LOOKED_BACK:]))
        kept = self._next[said]
        self._next[said] = np.where(kept > 0, kept / REPEATED, kept * REPEATED)  # in their place: there are 152,000
        token = int(np.argmax(self._next)) if chance is None else _likely(self._next, chance)
        self._next[said] = kept
        return token

    def _forget(self) -> None:
        self._talk.cut(CURRENT)
        self._held, self._next = [], None

    def _render(self, messages: list[dict[str, str]], answer: bool) -> str:
        self.weights.template.add_generation_prompt = answer
        return str(self.weights.template(messages=messages, enable_thinking=False).prompt)

    def _takes_system(self) -> bool:
        """Whether the template accepts a system turn; some raise an error for it."""
        probe = [{"role": "system", "content": "\ue000"}, {"role": "user", "content": "x"}]
        try:
            return "\ue000" in self._render(probe, False)
        except (TemplateError, ValueError):
            return False


def _likely(logits: Logits, chance: np.random.Generator) -> int:
    """One of the likeliest tokens, by chance."""
    best = np.argpartition(logits, -LIKELIEST)[-LIKELIEST:]
    weights = np.exp((logits[best] - logits[best].max()) / VARIED)
    return int(chance.choice(best, p=weights / weights.sum()))


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two lists begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))  # noqa: B905


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
