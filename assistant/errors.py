"""Every error that a person may meet, as one tree:

GuideError                says what happened, where, and what to do next
├── CorpusError           the folder of texts is missing, empty, or has nothing readable in it
├── StoreError            the index cannot be opened, read or written
│   ├── DamagedStoreError its files are not what was written; it is rebuilt
│   └── BusyError         another machine is building it
├── SettingsError         an option, an environment variable or the data folder cannot be used
├── QuestionError         the question is empty, too long, or not text
├── UnheardError          nobody listened to the answer, so it was stopped
├── HistoryError          the file of conversations and plan cannot be opened, read or written
├── ConversationError     an imported file is no conversation, a conversation is deleted, or a remark is too long
├── PlanError             the date of a step is not a date, or its note is too long
├── PortError             the address of the page is taken, or we may not use it
└── ModelError            a model is unknown, damaged, too large, or does not load
    └── FetchError        no source gave all files of a model

Errors of libraries become one of these where they are called. Any other exception is a bug.
"""

from __future__ import annotations

import errno
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager

from index.errors import BusyError, CorpusError, DamagedStoreError, GuideError, StoreError

__all__ = [
    "BusyError",
    "ConversationError",
    "CorpusError",
    "DamagedStoreError",
    "FetchError",
    "GuideError",
    "HistoryError",
    "ModelError",
    "PlanError",
    "PortError",
    "QuestionError",
    "SettingsError",
    "StoreError",
    "UnheardError",
    "explain",
]


class SettingsError(GuideError):
    """An option, an environment variable or the data folder cannot be used."""


class QuestionError(GuideError):
    """The question is empty, too long, or not text."""


class UnheardError(GuideError):
    """Nobody listened to the answer, so it was stopped."""


class HistoryError(GuideError):
    """The file of conversations and plan cannot be opened, read or written."""


class ConversationError(GuideError):
    """An imported file is no conversation, a conversation is deleted, or a remark on an answer is too long."""


class PlanError(GuideError):
    """The date of a step is not a date, or its note is too long."""


class PortError(GuideError):
    """The page cannot be served at this address."""


class ModelError(GuideError):
    """A model is unknown, damaged, too large, or does not load."""


class FetchError(ModelError):
    """No source gave all files of a model."""


FULL = (errno.ENOSPC, errno.EDQUOT)
"""The system's numbers for a full disk."""


@contextmanager
def explain(what: str, do: str = "") -> Iterator[None]:
    """Turn whatever goes wrong inside into a GuideError: for the top level of a thread, where it would get lost.

    Args:
        what: what could not be done, without a final full stop; the reason is added to it.
        do: see `GuideError`.
    """
    try:
        yield
    except (GuideError, KeyboardInterrupt, SystemExit, GeneratorExit, CancelledError):
        raise
    except BaseException as error:  # a panic of a Rust library is not an Exception
        if isinstance(error, OSError) and error.strerror:
            do = "Free some space on that disk." if error.errno in FULL else do
            raise GuideError(f"{what} ({error.strerror})", do) from error
        raise GuideError(f"{what}: {type(error).__name__}", do, str(error)) from error
