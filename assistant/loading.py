"""What a question passes through, loaded; and what is said while it loads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.answering.care import Care
from assistant.answering.prompt import COVERAGE_PREFIX, PREFIX, SUPPORT_PREFIX
from assistant.answering.verdicts import Verdicts
from assistant.guide import Say, fresh, opened
from assistant.llm.local import LocalModel
from assistant.llm.probes import Fitted, load_fitted
from assistant.llm.served import ServedModel, served
from assistant.models.catalogue import Role, find
from assistant.models.installed import is_path, missing, ready
from assistant.settings import Settings, embedder_name
from index.embedding.embed import Embedder
from index.progress import Progress
from index.reading.documents import corpus_files
from index.search import Searcher
from index.storing.store import Store

STARTING_LINE, LOADING_LINE, READING_LINE = "Starting …", "Loading the models …", "Reading the guide …"


@dataclass(frozen=True, slots=True)
class LoadingStatus:
    """What is being loaded or fetched."""

    line: str = ""
    share: float | None = None
    """How much of it is done, 0 to 1; None if that is not known."""
    problem: str = ""
    """Why it ended before it was done, in one line."""


@dataclass(frozen=True, slots=True)
class Components:
    """What a question passes through, loaded."""

    store: Store
    embedder: Embedder
    searcher: Searcher
    model: LocalModel | ServedModel
    verdicts: Verdicts
    care: Care


def load_components(settings: Settings, say: Say, progress: Progress, stage: Say) -> Components:
    """Fetch what is missing, load the models, make the index equal to the corpus, warm up.

    Args:
        say: told what is worth knowing afterwards.
        progress: told how far the fetching or reading is.
        stage: told what is being done now.
    """
    corpus_files(settings.corpus)  # a missing guide is said before anything is fetched or loaded
    chat, embed = _chat_file(settings, progress, stage), _ready(settings, "embed", progress, stage)
    stage(LOADING_LINE)
    fitted = load_fitted(settings)
    with ThreadPoolExecutor(2) as pool:
        # llama.cpp and numpy read the weights while Python imports Chroma.
        loading = pool.submit(_chat, chat, settings, fitted)
        embedding = pool.submit(Embedder, embed, embedder_name(settings))
        store, embedder = opened(settings, say), embedding.result()
        stage(READING_LINE)
        fresh(store, settings, embedder, say, progress)
        care = _care(settings, embedder, fitted)
        searcher = Searcher(store, embedder)
        model = loading.result()
    return Components(store, embedder, searcher, model, Verdicts(model, fitted), care)


def replace_model(parts: Components, settings: Settings, progress: Progress, stage: Say) -> Components:
    """The same with the chat model of these settings, fetched if it is not here."""
    chat = _chat_file(settings, progress, stage)
    stage(LOADING_LINE)
    fitted = load_fitted(settings)
    model, care = _chat(chat, settings, fitted), _care(settings, parts.embedder, fitted)
    return replace(parts, model=model, verdicts=Verdicts(model, fitted), care=care)


def _ready(settings: Settings, role: Role, progress: Progress, stage: Say) -> Path:
    choice = settings.model if role == "chat" else settings.embedder
    if not is_path(choice) and missing(settings, find(settings, choice)):
        stage(f"Fetching {choice} …")
    return ready(settings, role, progress=progress)


def _chat_file(settings: Settings, progress: Progress, stage: Say) -> Path | None:
    """The file of the chat model; None if a server has one."""
    return None if settings.llm_url else _ready(settings, "chat", progress, stage)


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
