"""Loading: models, index and what is built on them, and the status that is shown meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.answering.care import Care
from assistant.answering.danger import DangerReader
from assistant.answering.find import Finder
from assistant.answering.prompt import PREFIX, SUPPORT_PREFIX
from assistant.answering.verdicts import Verdicts, describe_plain_check
from assistant.guide import (
    Say,
    name_readers,
    name_vectors,
    open_cross_encoder,
    open_embedder,
    open_index,
    refresh_index,
)
from assistant.llm.local import LocalModel
from assistant.llm.probes import load_probes
from assistant.llm.served import ServedModel, connect_to_server
from assistant.models.catalogue import Role, find_model
from assistant.models.installed import ensure_model, is_missing, is_path
from assistant.settings import Settings
from index.embedding.cross import CrossEncoder
from index.embedding.embed import Embedder
from index.progress import Progress
from index.reading.documents import find_corpus_files
from index.search import Searcher
from index.storing.store import Store

STARTING_LINE, LOADING_LINE, READING_LINE = "Starting …", "Loading the models …", "Reading the guide …"


@dataclass(frozen=True, slots=True)
class LoadingStatus:
    """What is being loaded or fetched now."""

    line: str = ""
    """For a person to read."""
    share: float | None = None
    """The share that is done, 0 to 1; None if it is not known."""
    problem: str = ""
    """Why loading failed, in one line; empty if it did not."""


@dataclass(frozen=True, slots=True)
class Components:
    """What answers questions, loaded and ready."""

    store: Store
    embedder: Embedder
    cross: CrossEncoder | None
    readers: str
    """The name of embedder and cross-encoder, by which the curve of coverage is found."""
    searcher: Searcher
    writer: LocalModel | ServedModel
    """Words the answers."""
    reader: LocalModel | ServedModel
    """Checks what is worded; the same model as the writer if nothing else is chosen."""
    verdicts: Verdicts
    """The verdicts of the reader."""
    caveat: str
    """What is lost if nothing was fitted to the reader; see `describe_plain_check`."""
    care: Care

    @property
    def finder(self) -> Finder:
        """What finds answers in the guide."""
        return Finder(self.searcher, self.cross, self.readers)


def load_components(settings: Settings, say: Say, progress: Progress, stage: Say) -> Components:
    """Fetch what is missing, load the models, bring the index up to date, warm up.

    Args:
        say: called with lines that are worth reading afterwards too.
        progress: called as fetching or reading goes on.
        stage: called with a line that says what is going on now.

    Raises:
        GuideError: a model or the guide cannot be used.
    """
    find_corpus_files(settings.corpus)  # a missing guide is reported before anything is fetched or loaded
    chat = _find_chat_files(settings, progress, stage)
    embed = _fetch_if_missing(settings, "embed", settings.embedder, progress, stage)
    stage(LOADING_LINE)
    fitted = load_probes(settings)
    with ThreadPoolExecutor(2) as pool:
        # llama.cpp and numpy read the weights from disk while Python imports Chroma.
        loading = pool.submit(_load_chat_models, chat, settings)
        embedding = pool.submit(open_embedder, embed, settings)
        store, embedder = open_index(settings, say), embedding.result()
        stage(READING_LINE)
        refresh_index(store, settings, embedder, say, progress)
        care = _make_care(settings, embedder)
        searcher, cross = Searcher(store, embedder), open_cross_encoder(embedder, settings)
        writer, reader = loading.result()
    if caveat := describe_plain_check(settings, fitted):
        say(caveat)
    verdicts = Verdicts(reader, fitted)
    return Components(store, embedder, cross, name_readers(settings), searcher, writer, reader, verdicts, caveat, care)


def replace_model(components: Components, settings: Settings, progress: Progress, stage: Say) -> Components:
    """The same components with the chat models that the settings name, fetched if they are missing."""
    chat = _find_chat_files(settings, progress, stage)
    stage(LOADING_LINE)
    fitted = load_probes(settings)
    writer, reader = _load_chat_models(chat, settings)
    verdicts, caveat = Verdicts(reader, fitted), describe_plain_check(settings, fitted)
    return replace(components, writer=writer, reader=reader, verdicts=verdicts, caveat=caveat)


def _fetch_if_missing(settings: Settings, role: Role, choice: str, progress: Progress, stage: Say) -> Path:
    """The path of a model; says that it is being fetched if that is necessary."""
    if not is_path(choice) and is_missing(settings, find_model(settings, choice)):
        stage(f"Fetching {choice} …")
    return ensure_model(settings, role, progress=progress, choice=choice)


def _find_chat_files(settings: Settings, progress: Progress, stage: Say) -> tuple[Path | None, Path | None]:
    """The files of writer and reader; None for one that runs on a server."""
    writer, reader = (
        _fetch_if_missing(settings, "chat", choice, progress, stage) if choice else None
        for choice in ("" if settings.llm_url else settings.model, settings.checker)
    )
    return writer, reader


def _load_chat_models(
    files: tuple[Path | None, Path | None], settings: Settings
) -> tuple[LocalModel | ServedModel, LocalModel | ServedModel]:
    """Writer and reader: on a server, or here with their fixed prefixes evaluated or read from the prefix cache."""
    words, checks = files
    writer = _load_chat_model(words, settings) if words else connect_to_server(settings)
    if isinstance(writer, LocalModel):
        writer.warm(PREFIX)
    reader = _load_chat_model(checks, settings) if checks and checks != words else writer
    if isinstance(reader, LocalModel):
        reader.warm_check(SUPPORT_PREFIX)
    return writer, reader


def _load_chat_model(path: Path, settings: Settings) -> LocalModel:
    return LocalModel(path, settings.context, settings.threads, settings.home / "cache")


def _make_care(settings: Settings, embedder: Embedder) -> Care:
    """Care with the embedder's classifier, or with its vectors; the vectors of examples are cached between starts."""
    reader = DangerReader(embedder.classify, embedder.labels) if embedder.labels else None
    return Care(embedder.embed_questions, reader, settings.home / "cache" / f"care-{name_vectors(settings)}.npz")
