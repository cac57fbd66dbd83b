"""The speed on this machine: each figure beside its floor, which is what the hardware allows.

First the program is started in fresh processes (`starts.py`). Then single stages are timed in this process, question by
question, each floor (`bare.py`) right after its figure, so that other work on the machine slows both. The quality of
the answers is measured in `evaluate.py`, the speed of other programs in `tests/bench`.
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
from assistant.measuring.bare import BareModel, time_call
from assistant.measuring.starts import measure_import_memory, measure_serve, time_ask, time_imports
from assistant.models.installed import ensure_model
from assistant.records import Answer, Turn
from assistant.settings import Settings
from index.build import build, read_corpus
from index.embedding.embed import Embedder
from index.embedding.encoder import Encoder
from index.progress import Progress, ignore_progress
from index.storing.entries import make_entries
from index.storing.store import Store

Item = TypeVar("Item")

QUESTIONS, FOLLOW_UPS = 20, 5
"""How many different questions are asked, and how many of them are asked again, with `FOLLOW_UP` after them."""

FOLLOW_UP = "And why is that?"
"""A question that depends on the one before it, whatever that is."""

STARTS = 3
"""Starts of each command, and loads of the files; the median counts."""

DECODED_TOKENS, DECODED_ANSWERS = 48, 8
"""To measure the decode speed: the most tokens decoded of an answer, and the number of answers."""

LISTED_LIBRARIES = 8
"""Libraries whose import times are reported."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure beside its floor."""

    name: str
    value: float
    unit: str
    floor: float | None
    """None for a count, which has none."""
    reach: float
    """Bound on the ratio, or on the value of a count: the most allowed, or the least if more is better."""
    more: bool = False
    """Whether more is better."""

    @property
    def ratio(self) -> float | None:
        """Value divided by floor; None for a count."""
        return self.value / self.floor if self.floor else None

    @property
    def reached(self) -> bool:
        """Whether the bound is met."""
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.reach if self.more else measured <= self.reach


@dataclass(frozen=True, slots=True)
class BenchReport:
    """All figures of one run."""

    figures: tuple[Figure, ...]
    imports: dict[str, float]
    """Library -> seconds that its imports take, the longest first."""

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        figures = [asdict(one) | {"ratio": one.ratio, "reached": one.reached} for one in self.figures]
        return {"figures": figures, "imports": self.imports, "cores": os.cpu_count()}


@dataclass(frozen=True, slots=True)
class MeasuredQuestion:
    """What one question took, and what the same work takes with none of our code around it."""

    answer: Answer
    quoted_s: float
    """Until the first sentence of the guide is shown."""
    first_sentence_s: float
    """Until the first sentence that the model worded is shown; until the answer ends if none is."""
    new_tokens: int
    """Tokens of the prompt that were not cached."""
    sentence_tokens: int
    """Tokens of the first sentence that the model worded; of all that it generated if none is shown."""
    checks: int
    """Forward passes that check sentences."""
    embed_s: float
    """Floor: a forward pass of the embedder over the question."""
    read_s: float
    """Floor: the new tokens in one batch."""
    decode_s: float
    """Floor: one token."""
    check_s: float
    """Floor: a forward pass over an average check; 0 if there was none."""

    @property
    def first_token_floor(self) -> float:
        """Seconds of the retrieval as measured, plus the floors of the new tokens and of one decoded token."""
        return self.answer.timings.retrieve_s + self.read_s + self.decode_s

    @property
    def first_sentence_floor(self) -> float:
        """`first_token_floor` plus the sentence's tokens and one check, if there was any."""
        return self.first_token_floor + self.sentence_tokens * self.decode_s + (self.check_s if self.checks else 0.0)

    @property
    def total_floor(self) -> float:
        """`first_token_floor` plus all tokens and all checks."""
        timings = self.answer.timings
        return self.first_token_floor + timings.generated_tokens * self.decode_s + self.checks * self.check_s


def bench(
    assistant: Assistant,
    questions: Sequence[str] = (),
    most: int = QUESTIONS,
    starts: int = STARTS,
    progress: Progress = ignore_progress,
) -> BenchReport:
    """Measure all figures.

    Args:
        questions: the questions to ask; if empty, those that the guide's headings ask.
        most: ask at most this many of them.
        starts: how often each command is started.
        progress: called with (steps done, steps in all).

    Raises:
        SettingsError: the chat model is on a server, whose hardware cannot be measured from here, or two are in use.
    """
    settings = assistant.settings
    steps = StepCounter(progress, 2 * starts + most + FOLLOW_UPS)
    first = questions[0] if questions else "What is this about?"
    ask_seconds = [time_ask(settings, first) for _ in steps.count(range(starts))]
    serves = [measure_serve(settings, first) for _ in steps.count(range(starts))]
    parts = assistant.load()
    model = parts.writer
    if not isinstance(model, LocalModel):
        raise SettingsError("The speed of a server is not to be measured from here", "Unset ASSISTANT_LLM_URL.")
    if parts.reader is not model:
        raise SettingsError("Speed is measured where one model words and checks", "Set ASSISTANT_READER=none for that.")
    questions = (questions or assistant.suggest_questions(most))[:most]
    load_s = median(time_call(lambda: load_files(settings)) for _ in range(STARTS))
    bare, encoder = BareModel(model, (PREFIX, SUPPORT_PREFIX)), Encoder(ensure_model(settings, "embed"))
    asked = [measure_question(assistant, model, bare, encoder, question) for question in steps.count(questions)]
    follow_ups = [count_follow_up_tokens(assistant, parts, model, one) for one in steps.count(questions[:FOLLOW_UPS])]
    worded = [one for one in asked if one.answer.timings.generated_tokens] or asked
    starting = compare_starts(worded, load_s, median(ask_seconds), median(seconds for seconds, _ in serves))
    weights = sum(count_weight_bytes(ensure_model(settings, role)) for role in ("chat", "embed"))
    needed = weights + model.memory + measure_import_memory()
    peak = max(memory for _, memory in serves)
    figures = (
        *compare_stages(asked, worded),
        Figure("new prompt tokens", median(one.new_tokens for one in worded), "tokens", None, 320),
        Figure("new prompt tokens of a follow-up, beside its notes", median(follow_ups), "tokens", None, 200),
        Figure("decode speed", *measure_decoding(parts, model, bare, questions[:DECODED_ANSWERS]), 0.95, more=True),
        *starting,
        Figure("full build of the index", *measure_build(settings, parts.embedder), 1.3),
        Figure("peak memory of `assistant serve`", peak / 1e6, "MB", needed / 1e6, 1.15),
    )
    longest = list(time_imports().items())[:LISTED_LIBRARIES]
    return BenchReport(figures, {name: round(seconds, 3) for name, seconds in longest})


class StepCounter:
    """Reports progress step by step."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def count(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the same items, and count a step after each."""
        for item in items:
            self._progress(min(self._done, self._total), self._total)
            yield item
            self._done += 1


def compare_stages(asked: Sequence[MeasuredQuestion], worded: Sequence[MeasuredQuestion]) -> Iterator[Figure]:
    """Yield the figures of the stages of an answer, as medians over the questions.

    Args:
        worded: those questions whose answers the model worded; all others are answered without it.
    """
    seconds = Callable[[MeasuredQuestion], float]

    def compare(name: str, some: Sequence[MeasuredQuestion], value: seconds, floor: seconds, reach: float) -> Figure:
        return Figure(name, median(map(value, some)), "s", median(map(floor, some)), reach)

    quoted = [one for one in asked if one.answer.sentences and one.answer.sentences[0].quotes] or asked
    yield compare("first cited sentence of the guide", quoted, lambda o: o.quoted_s, lambda o: o.embed_s, 3)
    yield compare("first token", worded, lambda o: o.answer.timings.first_token_s, lambda o: o.first_token_floor, 1.15)
    yield compare(
        "first checked sentence", worded, lambda o: o.first_sentence_s, lambda o: o.first_sentence_floor, 1.25
    )
    yield compare("whole checked answer", worded, lambda o: o.answer.timings.total_s, lambda o: o.total_floor, 1.2)
    yield compare("retrieval", asked, lambda o: o.answer.timings.retrieve_s, lambda o: o.embed_s, 1.5)


def compare_starts(worded: Sequence[MeasuredQuestion], load_s: float, ask_s: float, serve_s: float) -> Iterator[Figure]:
    """Yield the figures of the starts; the floor is loading the files plus the floor of what is awaited next."""
    first_token = median(one.first_token_floor for one in worded)
    first_sentence = median(one.first_sentence_floor for one in worded)
    yield Figure("`assistant ask` to its first token", ask_s, "s", load_s + first_token, 1.3)
    yield Figure("`assistant serve` to its first sentence", serve_s, "s", load_s + first_sentence, 1.3)


def measure_question(
    assistant: Assistant, model: LocalModel, bare: BareModel, encoder: Encoder, question: str
) -> MeasuredQuestion:
    """Ask one question, then measure the floors of the same work."""
    begun, before, last = time.perf_counter(), model.work, Answer("answered")
    shown: dict[bool, float] = {}
    for last in assistant.stream(question):
        for sentence in last.sentences:
            shown.setdefault(sentence.quotes, time.perf_counter() - begun)
    worded = [sentence for sentence in last.sentences if not sentence.quotes]
    total, timings = time.perf_counter() - begun, last.timings
    checks, checked = model.work.checks - before.checks, model.work.checked_tokens - before.checked_tokens
    new = timings.prompt_tokens - timings.cached_tokens
    return MeasuredQuestion(
        last,
        shown.get(True, total),
        shown.get(False, total),
        new,
        model.count(worded[0].text) if worded else timings.generated_tokens,
        checks,
        embed_s=time_call(lambda: encoder.encode(question)),
        read_s=bare.time_read(new),
        decode_s=bare.time_decode(read=new),
        check_s=bare.time_read(checked // checks, prefix=1) if checks else 0.0,
    )


def count_follow_up_tokens(assistant: Assistant, parts: Components, model: LocalModel, question: str) -> int:
    """Ask a follow-up to a question, and count its new prompt tokens minus those of its notes."""
    history = (Turn(question, assistant.ask(question).text),)
    timings = assistant.ask(FOLLOW_UP, history).timings
    notes = retrieve(parts.searcher, FOLLOW_UP, history).notes
    text = " ".join(f"{note.heading} {' '.join(note.sentences)}" for note in notes)
    return max(0, timings.prompt_tokens - timings.cached_tokens - model.count(text))


def measure_decoding(
    parts: Components, model: LocalModel, bare: BareModel, questions: Sequence[str]
) -> tuple[float, str, float]:
    """Measure tokens per second of unchecked answers, and of a bare loop over as many tokens; (value, unit, floor)."""
    tokens, bare_tokens, seconds, bare_seconds = 0, 0, 0.0, 0.0
    prefix = len(model.tokens(PREFIX, answer=False))
    for question in questions:
        prompt = build_answer_prompt(retrieve(parts.searcher, question, ()).notes, question)
        usage = Usage()
        with closing(model.stream(prompt, DECODED_TOKENS, usage)) as pieces:
            next(pieces, None)
            before, begun = usage.generated, time.perf_counter()
            for _ in pieces:
                pass
            seconds += time.perf_counter() - begun
        decoded = usage.generated - before
        loop = max(1, decoded)
        bare_seconds += loop * bare.time_decode(loop, len(model.tokens(prompt)) - prefix)
        tokens, bare_tokens = tokens + decoded, bare_tokens + loop
    return tokens / seconds, "tokens/s", bare_tokens / bare_seconds


def load_files(settings: Settings) -> None:
    """Load the files of the models as a start does, and nothing else."""
    model = LocalModel(ensure_model(settings, "chat"), settings.context, settings.threads, settings.home / "cache")
    model.warm(PREFIX)
    model.warm_check(SUPPORT_PREFIX)
    Encoder(ensure_model(settings, "embed")).encode("a question")


def measure_build(settings: Settings, embedder: Embedder) -> tuple[float, str, float]:
    """Measure the seconds of a full build, and of only embedding the same texts; (value, unit, floor)."""
    chunks, _, _ = read_corpus(settings.corpus)
    texts = sorted({entry.text for n, chunk in enumerate(chunks) for entry in make_entries(chunk, "", n)}, key=len)
    embedder.embed_documents(texts[:1])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        seconds = time_call(lambda: build(store, settings.corpus, lambda: embedder, embedder.name))
        store.segments.close()
    return seconds, "s", time_call(lambda: embedder.embed_documents(texts))


def count_weight_bytes(path: Path) -> int:
    """Count the bytes of a model's weights: of a GGUF file, or of the weights in a sentence-transformers folder."""
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in path.glob("*.safetensors"))
