"""An assistant over one guide: it loads what it needs, keeps its line of questions, and answers them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from assistant.answer import answer_question
from assistant.answering.clock import Clock
from assistant.answering.sources import make_passage, revise
from assistant.answering.steps import form_question
from assistant.contents import Extract, Listed, around, extract, listed
from assistant.errors import GuideError
from assistant.guide import Follower, Say, indexed, quiet
from assistant.loading import STARTING_LINE, Components, LoadingStatus, load_components, replace_model
from assistant.question import clean_question
from assistant.queue import WAIT_SECONDS, AnswerQueue
from assistant.records import Answer, Passage, Turn
from assistant.settings import Settings, choose, load_settings
from index.progress import Progress, unseen
from index.search import Searcher

SERVED = 8
"""Questions answered at once where a server has the chat model; it knows how to share it."""

LOOKED_AT = 200
"""Documents, about, among which the questions to start with are looked for."""


def open_assistant(settings: Settings | None = None) -> Assistant:
    """An assistant over the guide that the settings name; without any, they come from the environment."""
    return Assistant(settings or load_settings())


class Assistant:
    """Answers questions about one guide, one at a time; loads what it needs when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.preparing: LoadingStatus | None = LoadingStatus(STARTING_LINE)
        """What is being loaded or fetched; None while nothing is."""
        self._parts: Components | None = None
        self._loading = Lock()
        self._turns = AnswerQueue(SERVED if settings.llm_url else 1)

    def load(self, say: Say = quiet, progress: Progress = unseen) -> Components:
        """Fetch what is missing, load the models, make the index equal to the corpus, warm up. Once."""
        with self._loading:
            if self._parts is None:
                with self._preparing(progress) as (progress, stage):
                    self._parts = load_components(self.settings, say, progress, stage)
            return self._parts

    @contextmanager
    def _preparing(self, progress: Progress = unseen) -> Iterator[tuple[Progress, Say]]:
        """What is told of progress and stage is kept as `preparing` meanwhile."""
        line = STARTING_LINE

        def stage(now: str) -> None:
            nonlocal line
            line, self.preparing = now, LoadingStatus(now)

        def at(done: int, total: int) -> None:
            self.preparing = LoadingStatus(line, done / total if total else None)
            progress(done, total)

        stage(line)
        try:
            yield at, stage
        except GuideError as error:
            self.preparing = LoadingStatus(problem=str(error))
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
                parts = replace_model(parts, fresh, progress, stage)
                with self._turns.join() as turn:
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
        asked, parts = clean_question(question), self.load()
        with self._turns.join() as turn:
            turn.wait()
            matches = parts.searcher.search(asked, k)
        return tuple(make_passage(m.chunk, number, m.score) for number, m in enumerate(matches, start=1))

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
        asked = dict.fromkeys(filter(None, map(form_question, chunks)))
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
        return revise(answer, self.load().store)

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
        begun, asked = time.perf_counter(), clean_question(question)
        waiting = Answer("answered", stage="waiting")
        while self._parts is None and self._loading.locked():
            yield waiting  # someone else loads
            time.sleep(WAIT_SECONDS)
        parts = self.load()
        with self._turns.join() as turn:
            while before := turn.before():
                waiting = waiting if waiting.before == before else replace(waiting, before=before)
                yield waiting  # whoever listens may leave the line
            yield from answer_question(parts, asked, history, Clock(begun), self.settings.length, variation)
