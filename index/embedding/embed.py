"""Texts become vectors. The only import of sentence_transformers."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from index.embedding.encoder import Encoder
from index.errors import GuideError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors: TypeAlias = NDArray[np.float32]
"""Shape (texts, dimensions); each row of length 1, so that a dot product is the cosine."""

BATCH = 64
"""Texts that one process embeds at once."""

REMEMBERED = 8
"""Questions whose vectors are kept: care and retrieval ask for the same one."""


class Embedder:
    """An embedder loaded from a folder on disk; nothing is looked up elsewhere.

    sentence_transformers is imported when texts of the guide are to be embedded, or a batch of questions, or one by a
    model of a kind that `Encoder` does not know.

    Args:
        folder: a sentence-transformers folder.
        name: what the index is stamped with; another name means another index.
        processes: that embed texts of the guide; with more than one, each has a copy of the model of its own.

    Raises:
        GuideError: the folder holds no embedder.
    """

    def __init__(self, folder: Path, name: str, processes: int = 1) -> None:
        self.name = name
        self.batch = BATCH * processes
        self.embedded = 0
        """Texts embedded so far."""
        self._folder, self._processes = folder, processes
        self._recent: dict[str, Vectors] = {}
        self._loading, self._asking = Lock(), Lock()
        self._model: SentenceTransformer | None = None
        self._pool: Any = None
        self._encoder = _encoder(folder)
        if self._encoder is None:
            self._whole()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts of the guide, in their order; about `batch` at once is best."""
        model = self._whole()
        self.embedded += len(texts)
        shared = {"pool": self._pool, "chunk_size": BATCH} if self._pool else {}
        return self._unit(model.encode_document(list(texts), **_QUIET, **shared))

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that a person wrote, in their order; the last few are remembered."""
        with self._asking:
            if new := [text for text in dict.fromkeys(texts) if text not in self._recent]:
                self._recent |= dict(zip(new, self._questions(new), strict=True))
            vectors = np.stack([self._recent[text] for text in texts])
            self._recent = dict(list(self._recent.items())[-REMEMBERED:])
        return vectors

    def _questions(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        if self._encoder and len(texts) < BATCH:
            return np.stack([self._encoder.encode(text) for text in texts])
        return self._unit(self._whole().encode_query(list(texts), **_QUIET))

    def _whole(self) -> SentenceTransformer:
        """The model of sentence_transformers, loaded once."""
        with self._loading:
            if self._model is None:
                self._model = _load(self._folder)
                if self._processes > 1:
                    self._pool = self._model.start_multi_process_pool(["cpu"] * self._processes)
                    atexit.register(self._model.stop_multi_process_pool, self._pool)
            return self._model

    @staticmethod
    def _unit(vectors: object) -> Vectors:
        return np.asarray(vectors, dtype=np.float32)


_QUIET = {"normalize_embeddings": True, "show_progress_bar": False, "convert_to_numpy": True}


def _encoder(folder: Path) -> Encoder | None:
    """Our own way for questions; None for a model of a kind that it does not know, or a damaged one."""
    try:
        return Encoder(folder)
    except (LookupError, OSError, ValueError):
        return None


def _load(folder: Path) -> SentenceTransformer:
    """The model in a folder; GuideError if it is not one."""
    # Imported late: it takes seconds, and most commands only embed a question.
    import transformers.utils.logging as transformers_logging
    from sentence_transformers import SentenceTransformer

    transformers_logging.disable_progress_bar()
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise GuideError(
            f"The embedder in {folder} does not load ({reason})", "Run `assistant models verify`."
        ) from error
