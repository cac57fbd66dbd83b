"""What a question passes through, loaded; and what is said while it loads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.care import Care
from assistant.catalogue import Role
from assistant.chat import Message, Usage
from assistant.errors import QuestionError
from assistant.fitted import Fitted, Reading, load_fitted
from assistant.generate import LocalModel
from assistant.guide import Say, indexed
from assistant.models import ready
from assistant.prompt import COVERAGE_PREFIX, PREFIX, SUPPORT_PREFIX
from assistant.served import ServedModel, served
from assistant.settings import Settings, embedder_name
from index.documents import corpus_files
from index.embed import Embedder
from index.progress import Progress
from index.search import Searcher
from index.store import Store

STARTING, LOADING, READING = "Starting …", "Loading the models …", "Reading the guide …"


@dataclass(frozen=True, slots=True)
class Preparing:
    """What is being loaded or fetched."""

    line: str = ""
    share: float | None = None
    """How much of it is done, 0 to 1; None if that is not known."""
    problem: str = ""
    """Why it ended before it was done, in one line."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a question passes through, loaded."""

    store: Store
    embedder: Embedder
    searcher: Searcher
    model: LocalModel | ServedModel
    fitted: Fitted
    care: Care

    def worded(self, prompt: Sequence[Message], limit: int, usage: Usage, variation: int) -> Generator[str, None, None]:
        """The words of an answer, as `ChatModel.stream` says."""
        if isinstance(self.model, ServedModel):
            return self.model.stream(prompt, limit, usage, variation)
        tokens = self.model.tokens(prompt)
        if len(tokens) > self.model.context - limit:
            raise QuestionError("The question is longer than the chat model can take in", "Ask it in fewer words.")
        return self.model.stream(tokens, limit, usage, variation)

    def covers(self, text: str) -> float:
        """The chat model's verdict on a `coverage_question`, a logit."""
        return self._verdict(COVERAGE_PREFIX, text, self.fitted.coverage)

    def supports(self, text: str) -> float:
        """The chat model's verdict on a `support_question`, a logit."""
        return self._verdict(SUPPORT_PREFIX, text, self.fitted.support)

    def _verdict(self, prefix: Sequence[Message], text: str, reading: Reading | None) -> float:
        if reading is None or isinstance(self.model, ServedModel):
            return self.model.verdicts(prefix, [text])[0]
        return reading.score(self.model.logits(prefix, [text])[0])


def load_parts(settings: Settings, say: Say, progress: Progress, stage: Say) -> Parts:
    """Fetch what is missing, load the models, make the index equal to the corpus, warm up.

    Args:
        say: told what is worth knowing afterwards.
        progress: told how far the fetching or reading is.
        stage: told what is being done now.
    """
    corpus_files(settings.corpus)  # a missing guide is said before anything is fetched or loaded
    chat, embed = _chat_file(settings, progress, stage), _ready(settings, "embed", progress, stage)
    stage(LOADING)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(_chat, chat, settings)
        embedder = Embedder(embed, embedder_name(settings))
        model = loading.result()
    fitted = _fitted(settings)
    care = Care(embedder.embed_questions, fitted.danger)
    stage(READING)
    store = indexed(settings, embedder, say, progress)
    return Parts(store, embedder, Searcher(store, embedder), model, fitted, care)


def with_model(parts: Parts, settings: Settings, progress: Progress, stage: Say) -> Parts:
    """The same with the chat model of these settings, fetched if it is not here."""
    chat = _chat_file(settings, progress, stage)
    stage(LOADING)
    model, fitted = _chat(chat, settings), _fitted(settings)
    return replace(parts, model=model, fitted=fitted, care=Care(parts.embedder.embed_questions, fitted.danger))


def _ready(settings: Settings, role: Role, progress: Progress, stage: Say) -> Path:
    choice = settings.model if role == "chat" else settings.embedder
    stage(f"Fetching {Path(choice).name} …")
    return ready(settings, role, progress=progress)


def _chat_file(settings: Settings, progress: Progress, stage: Say) -> Path | None:
    """The file of the chat model; None if a server has one."""
    return None if settings.llm_url else _ready(settings, "chat", progress, stage)


def _fitted(settings: Settings) -> Fitted:
    """What was fitted; of a model on a server nothing is known, and it gives no logits to read."""
    fitted = load_fitted(settings)
    return replace(fitted, coverage=None, support=None) if settings.llm_url else fitted


def _chat(path: Path | None, settings: Settings) -> LocalModel | ServedModel:
    """The chat model: on a server, or here, its fixed prefixes evaluated or taken from the disk."""
    if path is None:
        return served(settings)
    model = LocalModel(path, settings.context, settings.threads, settings.home / "cache")
    model.warm(PREFIX)
    model.warm_beside(COVERAGE_PREFIX)
    model.warm_beside(SUPPORT_PREFIX)
    return model
