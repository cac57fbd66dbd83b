"""What a question passes through, loaded; and what is said while it loads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.care import Care
from assistant.catalogue import Role, find
from assistant.fitted import Fitted, load_fitted
from assistant.generate import LocalModel
from assistant.guide import Say, fresh, opened
from assistant.models import is_path, missing, ready
from assistant.prompt import ASIDE, COVERAGE_PREFIX, PREFIX, SUPPORT_PREFIX, answer_prompt, coverage_question
from assistant.retrieve import Retrieval, deciding
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

    def covers(self, retrieval: Retrieval) -> float:
        """How surely what was found answers the question, a logit.

        Where a reading was fitted to the chat model, it is asked beside the prompt of the answer, in the same pass;
        to word that answer costs no second look. Any other model is asked for a yes or no of its own.
        """
        asked = f"{retrieval.earlier} {retrieval.question}".strip()
        if self.fitted.coverage and isinstance(self.model, LocalModel):
            prompt = answer_prompt(retrieval.notes, retrieval.question, retrieval.earlier)
            return self.fitted.coverage.score(self.model.read(prompt, ASIDE))
        return self.model.verdicts(COVERAGE_PREFIX, [coverage_question(deciding(retrieval), asked)])[0]

    def supports(self, text: str) -> float:
        """The chat model's verdict on a `support_question`, a logit."""
        if self.fitted.support and isinstance(self.model, LocalModel):
            return self.fitted.support.score(self.model.logits(SUPPORT_PREFIX, [text])[0])
        return self.model.verdicts(SUPPORT_PREFIX, [text])[0]


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
    fitted = _fitted(settings)
    with ThreadPoolExecutor(2) as pool:
        # llama.cpp and numpy read the weights while Python imports Chroma.
        loading = pool.submit(_chat, chat, settings, fitted)
        embedding = pool.submit(Embedder, embed, embedder_name(settings))
        store, embedder = opened(settings, say), embedding.result()
        stage(READING)
        fresh(store, settings, embedder, say, progress)
        care = _care(settings, embedder, fitted)
        searcher = Searcher(store, embedder)
        model = loading.result()
    return Parts(store, embedder, searcher, model, fitted, care)


def with_model(parts: Parts, settings: Settings, progress: Progress, stage: Say) -> Parts:
    """The same with the chat model of these settings, fetched if it is not here."""
    chat = _chat_file(settings, progress, stage)
    stage(LOADING)
    fitted = _fitted(settings)
    model, care = _chat(chat, settings, fitted), _care(settings, parts.embedder, fitted)
    return replace(parts, model=model, fitted=fitted, care=care)


def _ready(settings: Settings, role: Role, progress: Progress, stage: Say) -> Path:
    choice = settings.model if role == "chat" else settings.embedder
    if not is_path(choice) and missing(settings, find(settings, choice)):
        stage(f"Fetching {choice} …")
    return ready(settings, role, progress=progress)


def _chat_file(settings: Settings, progress: Progress, stage: Say) -> Path | None:
    """The file of the chat model; None if a server has one."""
    return None if settings.llm_url else _ready(settings, "chat", progress, stage)


def _fitted(settings: Settings) -> Fitted:
    """What was fitted; of a model on a server nothing is known, and it gives no logits to read."""
    fitted = load_fitted(settings)
    return replace(fitted, coverage=None, support=None) if settings.llm_url else fitted


def _chat(path: Path | None, settings: Settings, fitted: Fitted) -> LocalModel | ServedModel:
    """The chat model: on a server, or here, its fixed prefixes evaluated or taken from the disk."""
    if path is None:
        return served(settings)
    model = LocalModel(path, settings.context, settings.threads, settings.home / "cache")
    model.warm(PREFIX)
    model.warm_beside(SUPPORT_PREFIX)
    if not fitted.coverage:
        model.warm_beside(COVERAGE_PREFIX)
    return model


def _care(settings: Settings, embedder: Embedder, fitted: Fitted) -> Care:
    return Care(embedder.embed_questions, fitted.danger, settings.home / "cache" / f"care-{embedder.name}.npz")
