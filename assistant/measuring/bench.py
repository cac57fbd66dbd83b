"""How fast it is here, beside what the hardware allows: each figure with its floor, measured in the same run.

First the program is started from nothing (`starts.py`), then single stages are timed in this process, question by
question, each floor (`bare.py`) right after its figure, as other work on the machine slows both. Not here: how good the
answers are (`evaluate.py`), and what other programs take (`tests/bench`).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from assistant.answering.prompt import PREFIX, SUPPORT_PREFIX, build_answer_prompt
from assistant.answering.retrieve import retrieve
from assistant.assistant import Assistant
from assistant.errors import SettingsError
from assistant.llm.local import LocalModel
from assistant.llm.model import Usage
from assistant.loading import Components
from assistant.measuring.bare import Bare, timed
from assistant.measuring.starts import ask_s, imports, imports_memory, serve_s
from assistant.models.installed import ready
from assistant.records import Answer, Turn
from assistant.settings import Settings
from index.build import build, read_corpus
from index.embedding.embed import Embedder
from index.embedding.encoder import Encoder
from index.progress import Progress, unseen
from index.storing.entries import entries_of
from index.storing.store import Store

Item = TypeVar("Item")

QUESTIONS, FOLLOW_UPS = 20, 5
"""Different ones that are asked; and those that something is asked after which leans on them."""

LEANING = "And why is that?"
"""Leans on any question."""

STARTS = 3
"""Of each command; the middle one counts."""

WORDED, STRETCHES = 48, 8
"""Tokens of a stretch of decoding, at most, and stretches, each of an answer of its own."""

NAMED = 8
"""Libraries whose imports are told."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure beside its floor."""

    name: str
    value: float
    unit: str
    floor: float | None
    """None for a count, which has none."""
    reach: float
    """What the ratio may be at most; where more is better, what it must be at least; of a count, the most itself."""
    more: bool = False
    """Whether more is better."""

    @property
    def ratio(self) -> float | None:
        """Of value to floor."""
        return self.value / self.floor if self.floor else None

    @property
    def reached(self) -> bool:
        """Whether it is as it should be."""
        held = self.value if self.ratio is None else self.ratio
        return held >= self.reach if self.more else held <= self.reach


@dataclass(frozen=True, slots=True)
class Bench:
    """All figures of one run, and what imports take, in seconds by library, the longest first."""

    figures: tuple[Figure, ...]
    imports: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        kept = [asdict(one) | {"ratio": one.ratio, "reached": one.reached} for one in self.figures]
        return {"figures": kept, "imports": self.imports, "cores": os.cpu_count()}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was measured of one question, in seconds and tokens, and the floors of just that."""

    answer: Answer
    first_sentence: float
    new_tokens: int
    """Of its prompt, and of what is asked beside it."""
    sentence_tokens: int
    """Of the first sentence that stands."""
    checks: int
    embedding: float
    """The embedder's forward pass."""
    reading: float
    """The new tokens in one batch."""
    decoding: float
    """One token."""
    check: float
    """One forward pass."""

    @property
    def first_token_floor(self) -> float:
        """Retrieval as it was, the new tokens, one decode."""
        return self.answer.timings.retrieve_s + self.reading + self.decoding

    @property
    def first_sentence_floor(self) -> float:
        """That, the sentence's tokens, one check if there was any."""
        return self.first_token_floor + self.sentence_tokens * self.decoding + (self.check if self.checks else 0.0)

    @property
    def total_floor(self) -> float:
        """That of the first token, all tokens, all checks."""
        return self.first_token_floor + self.answer.timings.generated_tokens * self.decoding + self.checks * self.check


def bench(
    assistant: Assistant,
    questions: Sequence[str] = (),
    most: int = QUESTIONS,
    starts: int = STARTS,
    progress: Progress = unseen,
) -> Bench:
    """All figures.

    Args:
        questions: asked in turn, at most so many; without any, those that the guide's headings ask.
        starts: of each command.
        progress: told (steps done, steps in all).

    Raises:
        SettingsError: the chat model is on a server: what that machine could do is not to be seen from here.
    """
    settings = assistant.settings
    steps = Steps(progress, 2 * starts + most + FOLLOW_UPS)
    first = questions[0] if questions else "What is this about?"
    asking = [ask_s(settings, first) for _ in steps.over(range(starts))]
    serving = [serve_s(settings, first) for _ in steps.over(range(starts))]
    parts = assistant.load()
    model = parts.model
    if not isinstance(model, LocalModel):
        raise SettingsError("The speed of a server is not to be measured from here", "Unset ASSISTANT_LLM_URL.")
    questions = (questions or assistant.topics(most))[:most]
    loading = median(timed(lambda: load_files(settings)) for _ in range(STARTS))
    bare, encoder = Bare(model, (PREFIX, SUPPORT_PREFIX)), Encoder(ready(settings, "embed"))
    asked = [measured(assistant, model, bare, encoder, question) for question in steps.over(questions)]
    leaning = [new_beside_notes(assistant, parts, model, one) for one in steps.over(questions[:FOLLOW_UPS])]
    worded = [one for one in asked if one.answer.timings.generated_tokens] or asked
    starting = started(worded, loading, median(asking), median(seconds for seconds, _ in serving))
    held = sum(weights_bytes(ready(settings, role)) for role in ("chat", "embed")) + model.memory + imports_memory()
    peak = max(memory for _, memory in serving)
    figures = (
        *staged(asked, worded),
        Figure("new prompt tokens", median(one.new_tokens for one in worded), "tokens", None, 320),
        Figure("new prompt tokens of a follow-up, beside its notes", median(leaning), "tokens", None, 200),
        Figure("decode speed", *decoding(parts, model, bare, questions[:STRETCHES]), 0.95, more=True),
        *starting,
        Figure("full build of the index", *building(settings, parts.embedder), 1.3),
        Figure("peak memory of `assistant serve`", peak / 1e6, "MB", held / 1e6, 1.15),
    )
    return Bench(figures, {name: round(seconds, 3) for name, seconds in list(imports().items())[:NAMED]})


class Steps:
    """Tells progress, step by step."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; each is a step."""
        for item in items:
            self._progress(min(self._done, self._total), self._total)
            yield item
            self._done += 1


def staged(asked: Sequence[Asked], worded: Sequence[Asked]) -> Iterator[Figure]:
    """The stages of an answer, each the median over the questions; `write_draft` are those that the model worded."""

    def beside(
        name: str, some: Sequence[Asked], value: Callable[[Asked], float], floor: Callable[[Asked], float], reach: float
    ) -> Figure:
        return Figure(name, median(map(value, some)), "s", median(map(floor, some)), reach)

    yield beside("first token", worded, lambda o: o.answer.timings.first_token_s, lambda o: o.first_token_floor, 1.15)
    yield beside("first checked sentence", worded, lambda o: o.first_sentence, lambda o: o.first_sentence_floor, 1.25)
    yield beside("whole checked answer", worded, lambda o: o.answer.timings.total_s, lambda o: o.total_floor, 1.2)
    yield beside("retrieval", asked, lambda o: o.answer.timings.retrieve_s, lambda o: o.embedding, 1.5)


def started(worded: Sequence[Asked], loading: float, asking: float, serving: float) -> Iterator[Figure]:
    """The starts from nothing, beside loading the files and what is then waited for."""
    first_token = median(one.first_token_floor for one in worded)
    first_sentence = median(one.first_sentence_floor for one in worded)
    yield Figure("`assistant ask` to its first token", asking, "s", loading + first_token, 1.3)
    yield Figure("`assistant serve` to its first sentence", serving, "s", loading + first_sentence, 1.3)


def measured(assistant: Assistant, model: LocalModel, bare: Bare, encoder: Encoder, question: str) -> Asked:
    """Ask one question, and take the floors of just what it took."""
    begun, before, sentence, read, last = time.perf_counter(), model.work, 0.0, 0, Answer("answered")
    for last in assistant.stream(question):
        if last.sentences and not sentence:
            sentence = time.perf_counter() - begun
        if last.stage == "writing" and not read:
            read = model.work.tokens - before.tokens
    checks, checked = model.work.checks - before.checks, model.work.checked - before.checked
    new = max(read, last.timings.prompt_tokens - last.timings.cached_tokens)
    return Asked(
        last,
        sentence,
        new,
        model.count(last.sentences[0].text),
        checks,
        embedding=timed(lambda: encoder.encode(question)),
        reading=bare.read(new),
        decoding=bare.decode(read=new),
        check=bare.read(checked // checks, behind=1) if checks else 0.0,
    )


def new_beside_notes(assistant: Assistant, parts: Components, model: LocalModel, question: str) -> int:
    """New prompt tokens of something that leans on a question, less those of its notes."""
    history = (Turn(question, assistant.ask(question).text),)
    used = assistant.ask(LEANING, history).timings
    notes = retrieve(parts.searcher, LEANING, history).notes
    text = " ".join(f"{note.heading} {' '.join(note.sentences)}" for note in notes)
    return max(0, used.prompt_tokens - used.cached_tokens - model.count(text))


def decoding(parts: Components, model: LocalModel, bare: Bare, questions: Sequence[str]) -> tuple[float, str, float]:
    """Tokens a second of answers without their checks, and of llama.cpp's bare loop over as many, in turn."""
    tokens, looped, ours, floor = 0, 0, 0.0, 0.0
    prefix = len(model.tokens(PREFIX, answer=False))
    for question in questions:
        prompt = build_answer_prompt(retrieve(parts.searcher, question, ()).notes, question)
        usage = Usage()
        with closing(model.stream(prompt, WORDED, usage)) as pieces:
            next(pieces, None)
            before, begun = usage.generated, time.perf_counter()
            for _ in pieces:
                pass
            ours += time.perf_counter() - begun
        worded = usage.generated - before
        loop = max(1, worded)
        floor += loop * bare.decode(loop, len(model.tokens(prompt)) - prefix)
        tokens, looped = tokens + worded, looped + loop
    return tokens / ours, "tokens/s", looped / floor


def load_files(settings: Settings) -> None:
    """Load the models' files as a start does, and nothing else."""
    model = LocalModel(ready(settings, "chat"), settings.context, settings.threads, settings.home / "cache")
    model.warm(PREFIX)
    model.warm_beside(SUPPORT_PREFIX)
    Encoder(ready(settings, "embed")).encode("a question")


def building(settings: Settings, embedder: Embedder) -> tuple[float, str, float]:
    """Seconds of a full build with its model loaded, and of embedding the same texts in one batch."""
    chunks, _, _ = read_corpus(settings.corpus)
    texts = sorted({entry.text for n, chunk in enumerate(chunks) for entry in entries_of(chunk, "", n)}, key=len)
    embedder.embed_documents(texts[:1])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        made = timed(lambda: build(store, settings.corpus, lambda: embedder, embedder.name))
        store.segments.close()
    return made, "s", timed(lambda: embedder.embed_documents(texts))


def weights_bytes(path: Path) -> int:
    """Bytes of a model's weights: a GGUF file, or those in a sentence-transformers folder."""
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in path.glob("*.safetensors"))
