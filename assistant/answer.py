"""The straight line: from a question to a checked, cited answer.

    care      is this person in danger?            -> a fixed, kind answer with people to call; stop
    retrieve  which sentences bear on it?          -> none: "not covered", with the nearest topics that are; stop
    prompt    those sentences, numbered
    generate  the local model words the answer     -> streamed
    ground    sentence by sentence, as it streams  -> supported: kept, with its citations; unsupported: out
    settle    the nearest sentence passed over?    -> the guide's own, quoted; nothing standing: the same, or a no
    steps     what to do next, what to ask next    -> from the guide, each with its citation

The terminal, the page, the tests and the evaluation all come through `Assistant.stream`.
"""

from __future__ import annotations

import time
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from assistant.clock import Clock
from assistant.contents import Extract, Listed, around, extract, listed
from assistant.draft import worded
from assistant.errors import GuideError, QuestionError
from assistant.guide import Follower, Say, indexed, quiet
from assistant.parts import STARTING, Parts, Preparing, load_parts, with_model
from assistant.records import Answer, Passage, Turn
from assistant.retrieve import ALIKE, ALIKE_UNFITTED, decided, retrieve
from assistant.settings import LENGTHS, Settings, choose, load_settings
from assistant.settle import not_covered, settled
from assistant.sources import passage_of, revised
from assistant.steps import as_question
from assistant.turns import LOOK, Turns
from index.progress import Progress, unseen
from index.search import Searcher

SERVED = 8
"""Questions answered at once where a server has the chat model; it knows how to share it."""

QUESTION_LIMIT = 4000
"""Characters of a question."""

LOOKED_AT = 200
"""Documents, about, among which the questions to start with are looked for."""


def open_assistant(settings: Settings | None = None) -> Assistant:
    """An assistant over the guide that the settings name; without any, they come from the environment."""
    return Assistant(settings or load_settings())


class Assistant:
    """Answers questions about one guide, one at a time; loads what it needs when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.preparing: Preparing | None = Preparing(STARTING)
        """What is being loaded or fetched; None while nothing is."""
        self._parts: Parts | None = None
        self._loading = Lock()
        self._turns = Turns(SERVED if settings.llm_url else 1)

    def load(self, say: Say = quiet, progress: Progress = unseen) -> Parts:
        """Fetch what is missing, load the models, make the index equal to the corpus, warm up. Once."""
        with self._loading:
            if self._parts is None:
                with self._preparing(progress) as (progress, stage):
                    self._parts = load_parts(self.settings, say, progress, stage)
            return self._parts

    @contextmanager
    def _preparing(self, progress: Progress = unseen) -> Iterator[tuple[Progress, Say]]:
        """What is told of progress and stage is kept as `preparing` meanwhile."""
        line = STARTING

        def stage(now: str) -> None:
            nonlocal line
            line, self.preparing = now, Preparing(now)

        def at(done: int, total: int) -> None:
            self.preparing = Preparing(line, done / total if total else None)
            progress(done, total)

        stage(line)
        try:
            yield at, stage
        except GuideError as error:
            self.preparing = Preparing(problem=str(error))
            raise
        self.preparing = None

    def use(self, *, model: str = "", length: str = "") -> None:
        """Change settings from the next question on, and keep them for the next starts.

        Another chat model is fetched if it is not here, and loaded before it takes over.

        Raises:
            GuideError: the model is none, or not to be had; everything stays as it was.
        """
        changes = {name: value for name, value in (("model", model), ("length", length)) if value}
        fresh, parts = load_settings(**(self.settings.model_dump() | changes)), self.load()
        self.preparing = None  # a problem that was told before is past
        if fresh.model != self.settings.model:
            with self._loading, self._preparing() as (progress, stage):
                parts = with_model(parts, fresh, progress, stage)
                with self._turns.taken() as turn:
                    turn.wait()
                    self._parts = parts
        choose(fresh, **changes)
        # What was changed meanwhile stays.
        self.settings = self.settings.model_copy(update={name: getattr(fresh, name) for name in changes})

    def over(self, corpus: Path) -> Assistant:
        """An assistant over another guide, with the models of this one; one of them answers at a time."""
        parts, other = self.load(), Assistant(self.settings.model_copy(update={"corpus": corpus}))
        store = indexed(other.settings, parts.embedder)
        other._parts, other.preparing = replace(parts, store=store, searcher=Searcher(store, parts.embedder)), None
        other._turns = self._turns
        return other

    @property
    def ready(self) -> bool:
        """Whether everything is loaded."""
        return self._parts is not None

    @property
    def at_once(self) -> int:
        """How many questions are answered together."""
        return self._turns.at_once

    @property
    def waiting(self) -> int:
        """How many questions are being answered, or wait for it."""
        return self._turns.length

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The whole answer to a question in a conversation. Raises GuideError only for what someone must mend."""
        *_, answer = self.stream(question, history)
        return answer

    def search(self, question: str, k: int = 5) -> tuple[Passage, ...]:
        """The passages of the guide nearest to a question, best first."""
        asked, parts = cleaned(question), self.load()
        with self._turns.taken() as turn:
            turn.wait()
            matches = parts.searcher.search(asked, k)
        return tuple(passage_of(m.chunk, number, m.score) for number, m in enumerate(matches, start=1))

    @property
    def title(self) -> str:
        """The title of the longest document."""
        manifest = self.load().store.manifest
        sizes = Counter[str]()
        for document in manifest.documents if manifest else ():
            sizes[document.title] += document.size
        return max(sizes, key=lambda title: sizes[title])

    def topics(self, k: int = 4) -> tuple[str, ...]:
        """Questions that the guide answers, spread over it: what to start with."""
        store = self.load().store
        manifest = store.manifest
        documents = [document for document in manifest.documents if document.chunks] if manifest else []
        chunks = store.chunks(documents[:: max(1, len(documents) // LOOKED_AT)])
        asked = dict.fromkeys(filter(None, map(as_question, chunks)))
        questions = sorted(asked, key=lambda question: "“" in question)
        spread = questions[:: max(1, len(questions) // k)]
        return tuple(spread[:k])

    def documents(self) -> tuple[Listed, ...]:
        """The documents of the guide, by source."""
        return listed(self.load().store)

    def extract(self, source: str, first: int, count: int) -> Extract | None:
        """So many passages of a document from a number on; None if there is no such document."""
        return extract(self.load().store, source, first, count)

    def around(self, source: str, start: int, before: int = 1, count: int = 3) -> Extract | None:
        """The passage of a document that starts at a character, with so many before it and so many in all."""
        return around(self.load().store, source, start, before, count)

    def revised(self, answer: Answer) -> Answer:
        """A kept answer as it stands to the guide now; a passage that no longer says so has what it says `now`."""
        return revised(answer, self.load().store)

    def follow(self) -> Follower:
        """Keep the index equal to the texts from now on, until what is returned is closed."""
        parts = self.load()
        return Follower(parts.store, self.settings, parts.embedder)

    def stream(self, question: str, history: Sequence[Turn] = (), variation: int = 0) -> Generator[Answer, None, None]:
        """The answer as it grows; the last item is whole. Closing the iterator stops the model.

        Args:
            variation: the same question gets the same answer; another number gets it in other words.

        Raises:
            QuestionError: empty, too long, or not text.
        """
        begun, asked = time.perf_counter(), cleaned(question)
        while self._parts is None and self._loading.locked():
            yield Answer("answered")  # someone else loads
            time.sleep(LOOK)
        parts = self.load()
        with self._turns.taken() as turn:
            while before := turn.before():
                yield Answer("answered", before=before)  # whoever listens may leave the line
            yield from self._answered(parts, asked, history, variation, Clock(begun))

    def _answered(
        self, parts: Parts, asked: str, history: Sequence[Turn], variation: int, clock: Clock
    ) -> Iterator[Answer]:
        """The straight line, once it is this question's turn."""
        questions = (*(turn.question for turn in history), asked)
        if answer := parts.care.answer(asked):
            yield replace(answer, timings=clock.timings())
            return
        retrieval = retrieve(parts.searcher, asked, history)
        clock.retrieved()
        yield Answer("answered")
        retrieval = decided(retrieval, parts.covers, ALIKE if parts.fitted.coverage else ALIKE_UNFITTED)
        if not retrieval.found:
            yield replace(not_covered(retrieval, questions), timings=clock.timings())
            return
        draft = Answer("answered")
        for draft in worded(parts, retrieval, asked, clock, variation, LENGTHS[self.settings.length]):
            yield draft
        yield replace(settled(draft, retrieval, questions), timings=clock.timings())


def cleaned(question: str) -> str:
    """A question as plain text on single-spaced lines.

    Raises:
        QuestionError: empty, too long, or not text.
    """
    if len(question) > QUESTION_LIMIT:
        what = f"The question has {len(question):,} characters, and {QUESTION_LIMIT:,} is the most"
        raise QuestionError(what, "Ask it in fewer words.")
    if "\0" in question or "\ufffd" in question or any(0xD800 <= ord(letter) < 0xE000 for letter in question):
        raise QuestionError("The question is not text", "Type it in words.")
    shown = "".join(letter if unicodedata.category(letter) not in ("Cc", "Cf", "Co") else " " for letter in question)
    if not any(map(str.isalnum, shown)):
        raise QuestionError("The question is empty", "Type what you would like to know.")
    return " ".join(shown.split())
