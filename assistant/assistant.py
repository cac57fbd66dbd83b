"""An assistant over one guide: it loads what it needs, queues the questions, and answers them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

from assistant.answer import answer_question
from assistant.answering.check import check_sentence, number_citations, split_text
from assistant.answering.clock import Clock
from assistant.answering.sources import make_passage, revise
from assistant.answering.steps import form_question
from assistant.contents import Extract, ListedDocument, extract, extract_around, list_documents
from assistant.errors import GuideError, explain
from assistant.follower import Follower, Loaded
from assistant.guide import Say, open_fresh_index, say_nothing
from assistant.loading import STARTING_LINE, Components, LoadingStatus, load_components, replace_model
from assistant.problems import Problems
from assistant.question import clean_earlier, clean_question, clean_text
from assistant.queue import WAIT_SECONDS, AnswerQueue
from assistant.records import Answer, CheckedSentence, CheckedText, Passage, Turn
from assistant.settings import Length, Settings, load_settings, save_choices, writer_name
from index.progress import Progress, ignore_progress
from index.search import Searcher

SERVED_AT_ONCE = 8
"""Questions answered at the same time if the chat model runs on a server, which shares it among them."""

SAMPLED = 200
"""About how many documents the suggested questions are taken from."""


def open_assistant(settings: Settings | None = None) -> Assistant:
    """An assistant over the guide that the settings name; if None, they are read from the environment."""
    return Assistant(settings or load_settings())


class Assistant:
    """Answers questions about one guide. Models and index are loaded when they are first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.problems = settings, Problems(settings.home)
        self.loading_status: LoadingStatus | None = LoadingStatus(STARTING_LINE)
        """What is being loaded or fetched; None once everything is loaded."""
        self._components: Components | None = None
        self._loading, self._changing = Lock(), Lock()
        self._queue = AnswerQueue(SERVED_AT_ONCE if settings.llm_url else 1)

    def load(self, say: Say = say_nothing, progress: Progress = ignore_progress) -> Components:
        """Fetch what is missing, load the models, bring the index up to date, warm up; only the first call does so."""
        if self._components is None:
            with self._loading:
                if self._components is None:
                    with self._preparing(progress) as (progress, stage):
                        self._components = load_components(self.settings, say, progress, stage)
        return self._components

    @contextmanager
    def _preparing(self, progress: Progress = ignore_progress) -> Iterator[tuple[Progress, Say]]:
        """Callbacks for progress and stage that keep `loading_status` up to date."""
        line = STARTING_LINE

        def set_stage(now: str) -> None:
            nonlocal line
            line, self.loading_status = now, LoadingStatus(now)

        def set_progress(done: int, total: int) -> None:
            self.loading_status = LoadingStatus(line, done / total if total else None)
            progress(done, total)

        set_stage(line)
        self.problems.reserve()
        try:
            yield set_progress, set_stage
        except GuideError as error:
            self.problems.note("start", error)
            as_before = f"Answers are worded by {writer_name(self.settings)} as before. " if self.ready else ""
            self.loading_status = LoadingStatus(problem=f"{as_before}{error}")
            raise
        self.loading_status = None

    def use(self, *, model: str = "", length: str = "") -> None:
        """Change settings from the next question on, and keep them for later starts.

        Another model to word the answers is fetched if it is missing, and loaded while the old one goes on answering.

        Raises:
            GuideError: there is no such model or length, or the model cannot be fetched or loaded; the old one stays.
        """
        self.load()
        if length:
            self._keep_setting(self._check_settings(length=length), "length")
        if model:
            with self._changing, self._preparing() as (progress, stage), explain(f"{model} could not be loaded"):
                fresh, components = self._check_settings(model=model), self.load()
                if fresh.model != self.settings.model:
                    components = replace_model(components, fresh, progress, stage)
                self._keep_setting(fresh, "model")
                self._components = components

    def _check_settings(self, **changes: str) -> Settings:
        """The settings with some values changed; SettingsError if a value is not allowed."""
        return load_settings(**(self.settings.model_dump() | changes))

    def _keep_setting(self, fresh: Settings, name: str) -> None:
        """Take over one setting from `fresh`, and store it for later starts."""
        value = getattr(fresh, name)
        with self._loading:  # two settings may be changed at once; both changes must stay
            save_choices(fresh, **{name: value})
            self.settings = self.settings.model_copy(update={name: value})

    def over(self, corpus: Path, home: Path | None = None) -> Assistant:
        """An assistant over another guide that shares this one's models and its queue.

        Args:
            home: where its index is built; if None, in the data folder.
        """
        settings = self.settings.model_copy(update={"corpus": corpus, "home": home or self.settings.home})
        components, other = self.load(), Assistant(settings)
        store = open_fresh_index(other.settings, components.embedder)
        other._components = replace(components, store=store, searcher=Searcher(store, components.embedder))
        other._queue, other.loading_status = self._queue, None
        return other

    @property
    def ready(self) -> bool:
        """Whether everything is loaded."""
        return self._components is not None

    @property
    def caveat(self) -> str:
        """What the check loses if nothing was fitted to the model that checks; empty until everything is loaded."""
        return self._components.caveat if self._components else ""

    @property
    def at_once(self) -> int:
        """How many questions are answered at the same time."""
        return self._queue.at_once

    @property
    def waiting(self) -> int:
        """How many questions are being answered or wait in the queue."""
        return self._queue.length

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The whole answer to a question in a conversation. Raises GuideError only for what a person must fix."""
        *_, answer = self.stream(question, history)
        return answer

    def search(self, question: str, k: int = 5) -> tuple[Passage, ...]:
        """The k passages of the guide nearest to a question, best first."""
        asked, components = clean_question(question), self.load()
        with self._queue.join() as place:
            place.wait()
            matches = components.searcher.search(asked, k)
        return tuple(make_passage(m.chunk, number, m.score) for number, m in enumerate(matches, start=1))

    def check(self, text: str) -> tuple[CheckedSentence, ...]:
        """For each sentence of a text from elsewhere, whether the guide says so, and where. Raises QuestionError."""
        *_, checked = self.stream_check(text)
        return checked.sentences

    def stream_check(self, text: str) -> Generator[CheckedText, None, None]:
        """Yield the text each time one more sentence is checked; the same object again while it waits in the queue.

        Each sentence queues by itself, so that questions get a turn in between. Closing the iterator ends the check.

        Raises:
            QuestionError: empty, too long, or not text.
        """
        sentences = tuple(split_text(clean_text(text)))
        self.load()
        yield (checked := CheckedText(len(sentences)))
        before, numbers = "", dict[tuple[str, int], int]()
        for sentence in sentences:
            with self._queue.join() as place:
                while place.count_ahead():
                    yield checked
                components = self.load()  # by now another model may have taken over
                verdicts = components.verdicts.begin()
                judge = partial(check_sentence, components.searcher, verdicts, sentence, before)
                one = yield from verdicts.wait_for(judge, checked)
            one = number_citations(one, numbers)
            yield (checked := replace(checked, sentences=(*checked.sentences, one)))
            before = sentence

    @property
    def title(self) -> str:
        """The title of the longest document."""
        manifest = self.load().store.manifest
        sizes = Counter[str]()
        for document in manifest.documents if manifest else ():
            sizes[document.title] += document.size
        return max(sizes, key=lambda title: sizes[title])

    def suggest_questions(self, k: int = 4) -> tuple[str, ...]:
        """Up to k questions to start with: the guide's own, or made from its headings, spread over the guide."""
        store = self.load().store
        manifest = store.manifest
        documents = [document for document in manifest.documents if document.chunks] if manifest else []
        chunks = store.chunks(documents[:: max(1, len(documents) // SAMPLED)])
        asked = dict.fromkeys(filter(None, map(form_question, chunks)))
        questions = sorted(asked, key=lambda question: "“" in question)
        spread = questions[:: max(1, len(questions) // k)]
        return tuple(spread[:k])

    @property
    def document_hashes(self) -> frozenset[str]:
        """The hashes of the guide's files as last read."""
        manifest = self.load().store.manifest
        return frozenset(document.hash for document in manifest.documents) if manifest else frozenset()

    def list_documents(self) -> tuple[ListedDocument, ...]:
        """The documents of the guide, ordered by source."""
        return list_documents(self.load().store)

    def extract(self, source: str, first: int, count: int) -> Extract | None:
        """`count` passages of a document, from number `first` on; None if there is no such document."""
        return extract(self.load().store, source, first, count)

    def extract_around(self, source: str, start: int, before: int = 1, count: int = 3) -> Extract | None:
        """`count` passages of a document, from `before` passages ahead of the one that starts at character `start`."""
        return extract_around(self.load().store, source, start, before, count)

    def revise(self, answer: Answer) -> Answer:
        """A stored answer with its citations found again in the guide as it is now; see `Passage.now`."""
        return revise(answer, self.load().store)

    def follow(self, say: Say = say_nothing) -> Follower:
        """Keep the index up to date with the texts, from when it is loaded until the follower is closed.

        Args:
            say: called with each problem, in one line.
        """

        def find_loaded() -> Loaded | None:
            return (self._components.store, self._components.embedder) if self._components else None

        return Follower(self.settings, find_loaded, say)

    def stream(
        self, question: str, history: Sequence[Turn] = (), variation: int = 0, length: Length | None = None
    ) -> Generator[Answer, None, None]:
        """Yield the answer as it grows; the last item is whole. Closing the iterator stops the model.

        While nothing is new, the very same object is yielded again, so that the caller can close the iterator there:
        compare with `is`, and draw only what is new. `Answer.stage` says what is going on.

        Args:
            variation: 0 gives the same question the same answer; any other number words it differently.
            length: how long it may be; None stands for the setting.

        Raises:
            QuestionError: empty, too long, or not text; or an earlier turn is not text.
        """
        begun, asked = time.perf_counter(), clean_question(question)
        turns = [replace(turn, question=clean_earlier(turn.question)) for turn in history]
        waiting = Answer("answered", stage="waiting")
        while self._components is None and self._loading.locked():
            yield waiting  # another thread is loading
            time.sleep(WAIT_SECONDS)
        self.load()
        with self._queue.join() as place:
            while ahead := place.count_ahead():
                waiting = waiting if waiting.before == ahead else replace(waiting, before=ahead)
                yield waiting
            components = self.load()  # by now another model may have taken over
            length = length or self.settings.length
            yield from answer_question(components, asked, turns, Clock(begun), length, variation)
