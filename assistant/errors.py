"""Every error that a person may meet, as one tree:

GuideError                what happened, where, and what to do next
├── CorpusError           the texts: folder missing, empty, nothing readable in it
├── StoreError            the index: its folder cannot be opened, read or written
│   ├── DamagedStoreError its files are not what was written; it is made again
│   └── BusyError         another machine is building it
├── SettingsError         an option or a variable of the environment; the data folder
├── QuestionError         the question: empty, too long, not text
├── KeepingError          conversations and plan: their file cannot be opened, read or written
├── ConversationError     a conversation to bring in is none, or a remark is too long
├── PlanError             a date or a note of a step
├── PortError             the address of the page is taken or not ours to use
└── ModelError            a model: unknown, damaged, too large, does not load
    └── FetchError        no source gave the file whole

Foreign errors become one of these at the border where they arise. Anything else is a fault of ours.
"""

from __future__ import annotations

from index.errors import BusyError, CorpusError, DamagedStoreError, GuideError, StoreError

__all__ = [
    "BusyError",
    "ConversationError",
    "CorpusError",
    "DamagedStoreError",
    "FetchError",
    "GuideError",
    "KeepingError",
    "ModelError",
    "PlanError",
    "PortError",
    "QuestionError",
    "SettingsError",
    "StoreError",
]


class SettingsError(GuideError):
    """An option, a variable of the environment, or the data folder is not usable."""


class QuestionError(GuideError):
    """The question is empty, too long, or not text."""


class KeepingError(GuideError):
    """The file of conversations and plan cannot be opened, read or written."""


class ConversationError(GuideError):
    """What is brought in is no conversation, or what is said of an answer is too long."""


class PlanError(GuideError):
    """The date of a step is none, or its note is too long."""


class PortError(GuideError):
    """The page cannot be served at this address."""


class ModelError(GuideError):
    """A model is unknown, damaged, or does not load."""


class FetchError(ModelError):
    """No source gave a model's files whole."""
