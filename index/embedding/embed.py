"""Embeds texts and questions. The only module that imports sentence_transformers."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from index.embedding.adapter import Adapter, read_adapter
from index.embedding.classifier import classify
from index.embedding.cross import CrossEncoder
from index.embedding.encoder import Encoder, Floats, pool
from index.errors import GuideError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors: TypeAlias = NDArray[np.float32]
"""Shape (texts, dimensions); each row has length 1, so a dot product is the cosine similarity."""

EMBEDDING_BATCH = 64
"""Texts that one process embeds at once."""

REMEMBERED_QUESTIONS = 8
"""Number of recent questions whose vectors are kept."""


class Embedder:
    """An embedding model, loaded from a folder without network access.

    sentence_transformers is imported only when needed: to embed texts of the guide or many questions at once, or if
    `Encoder` does not support the model.

    Args:
        folder: a sentence-transformers folder.
        name: stored in the index, which is rebuilt if the name is another.
        adapter: file of the adapter for the vectors of questions and texts; None for plain vectors.
        classifier: file of the adapter of a classifier, which reads questions in the same pass; None if there is none.
        processes: number of processes that embed texts of the guide; if more than 1, each loads its own copy.

    Raises:
        GuideError: the folder does not hold a model that loads.
    """

    def __init__(
        self, folder: Path, name: str, processes: int = 1, adapter: Path | None = None, classifier: Path | None = None
    ) -> None:
        self.name = name
        self.batch = EMBEDDING_BATCH * processes
        self.embedded = 0
        """Number of texts embedded so far."""
        self._folder, self._processes = folder, processes
        self._recent: dict[str, tuple[Vectors, Floats]] = {}
        """Text -> (its vector, its logits from the classifier; empty if there is none)"""
        self._loading, self._asking = Lock(), Lock()
        self._model: SentenceTransformer | None = None
        self._pool: Any = None
        self._adapter = _read_adapter(adapter) if adapter else None
        self._classifier = _read_adapter(classifier) if classifier else None
        self._encoder = _open_encoder(folder, (self._adapter, *([self._classifier] if self._classifier else [])))
        if self._encoder is None:
            self._get_model()
            if made_for := adapter or classifier:
                raise GuideError(
                    f"The model in {folder} is not the one that {made_for.name} was made for",
                    "Run `assistant models verify`.",
                )

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the classifier; empty if there is none."""
        return self._classifier.labels if self._classifier else ()

    def make_cross_encoder(self, adapter: Path) -> CrossEncoder | None:
        """A cross-encoder over the same weights; None if `Encoder` does not support the model.

        Args:
            adapter: its file.
        """
        return CrossEncoder(self._encoder, _read_adapter(adapter)) if self._encoder else None

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed texts of the guide, in order; fastest with about `self.batch` texts at once."""
        model = self._get_model()
        self.embedded += len(texts)
        shared = {"pool": self._pool, "chunk_size": EMBEDDING_BATCH} if self._pool else {}
        return self._to_float32(model.encode_document(list(texts), **_ENCODE_OPTIONS, **shared))

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, in order; the vectors of the last few are kept."""
        return np.stack([vector for vector, _ in self._read(texts)])

    def classify(self, texts: Sequence[str]) -> Floats:
        """The logits for no label and for each of `labels`, shape (texts, 1 + labels); kept with the vectors."""
        return np.stack([logits for _, logits in self._read(texts)])

    def _read(self, texts: Sequence[str]) -> list[tuple[Vectors, Floats]]:
        """(vector, logits) of each text: the kept ones of a recent text, else new ones."""
        with self._asking:
            if new := [text for text in dict.fromkeys(texts) if text not in self._recent]:
                self.embedded += len(new)
                self._recent |= dict(zip(new, self._read_new(new), strict=True))
            found = [self._recent[text] for text in texts]
            for text in list(self._recent)[:-REMEMBERED_QUESTIONS]:
                del self._recent[text]
        return found

    def _read_new(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, Floats]]:
        none = np.empty(0, np.float32)
        if self._encoder and (self._adapter or self._classifier or len(texts) < EMBEDDING_BATCH):
            for states in map(self._encoder.read, texts):
                yield pool(states[0]), classify(states[-1], self._classifier) if self._classifier else none
        else:
            for vector in self._to_float32(self._get_model().encode_query(list(texts), **_ENCODE_OPTIONS)):
                yield vector, none

    def _get_model(self) -> SentenceTransformer:
        """Return the sentence_transformers model; load it, and start its processes, at the first call."""
        with self._loading:
            if self._model is None:
                self._model = _load_model(self._folder, self._adapter)
                if self._processes > 1:
                    self._pool = self._model.start_multi_process_pool(["cpu"] * self._processes)
                    atexit.register(self._model.stop_multi_process_pool, self._pool)
            return self._model

    @staticmethod
    def _to_float32(vectors: object) -> Vectors:
        return np.asarray(vectors, dtype=np.float32)


_ENCODE_OPTIONS = {"normalize_embeddings": True, "show_progress_bar": False, "convert_to_numpy": True}


def _open_encoder(folder: Path, adapters: Sequence[Adapter | None]) -> Encoder | None:
    """Open our own encoder for questions; None if the model is damaged or of an unsupported kind."""
    try:
        return Encoder(folder, adapters)
    except (LookupError, OSError, ValueError):
        return None


def _read_adapter(path: Path) -> Adapter:
    """Read an adapter; raise GuideError if that fails."""
    try:
        return read_adapter(path)
    except (OSError, ValueError) as error:
        raise GuideError(f"The adapter {path} does not load ({error})", "Install the program again.") from error


def _load_model(folder: Path, adapter: Adapter | None) -> SentenceTransformer:
    """Load the sentence_transformers model of a folder, with the adapter merged in; raise GuideError if that fails."""
    # Imported late: it takes seconds, and most commands only embed one question.
    import transformers.utils.logging as transformers_logging
    from sentence_transformers import SentenceTransformer

    transformers_logging.disable_progress_bar()
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise GuideError(
            f"The embedder in {folder} does not load ({reason})", "Run `assistant models verify`."
        ) from error
    if adapter:
        _merge(model, adapter)
    return model


def _merge(model: SentenceTransformer, adapter: Adapter) -> None:
    """Add an adapter to the weights of a loaded model."""
    import torch

    layers = {name: layer for name, layer in model[0].model.named_modules() if name in adapter.layers}
    with torch.no_grad():
        for name, (down, up) in adapter.layers.items():
            layers[name].weight += torch.from_numpy(up @ down)
