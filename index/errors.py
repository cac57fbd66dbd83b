"""The root of every error a person may meet; `assistant/errors.py` draws the whole tree."""

from __future__ import annotations


class GuideError(Exception):
    """Something that a person must mend: what and where, then what to do next.

    Args:
        what: one plain sentence naming the thing and the place, without a final stop.
        do: the next step to take, an imperative; empty if there is none.
    """

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.do = do

    def __str__(self) -> str:
        """The one line a person reads."""
        what = " ".join(self.what.split()).rstrip(".")
        return f"{what}. {self.do}".strip() if self.do else f"{what}."


class CorpusError(GuideError):
    """The folder of texts is missing, empty, or holds nothing that can be read."""


class StoreError(GuideError):
    """The index cannot be opened, read or written."""


class DamagedStoreError(StoreError):
    """The files of the index are not what was written."""


class BusyError(StoreError):
    """Another machine is building the index on their common server."""
