"""The errors of the index, and the root of all errors that people see; `assistant/errors.py` lists the whole tree."""

from __future__ import annotations


class GuideError(Exception):
    """A problem that a person must fix: what and where, then what to do next.

    Args:
        what: one sentence that names the problem and the place, without a final full stop.
        do: the next step, in the imperative; empty if there is none.
        details: words from elsewhere, which may quote a conversation; they are shown, but not recorded.
    """

    def __init__(self, what: str, do: str = "", details: str = "") -> None:
        super().__init__(what)
        self.what, self.do, self.details = what, do, details
        self.recorded = False
        """Whether it is in the record of problems."""

    def __str__(self) -> str:
        """Return the line that is shown: the problem and the next step."""
        return _join(f"{self.what} ({self.details})" if self.details else self.what, self.do)

    @property
    def line(self) -> str:
        """The same without the details."""
        return _join(self.what, self.do)


def _join(what: str, do: str) -> str:
    return f"{' '.join(what.split()).rstrip('.')}. {do}".strip()


class CorpusError(GuideError):
    """The folder of texts or one of its files is missing, empty, or cannot be read."""


class StoreError(GuideError):
    """The index cannot be opened, read or written."""


class DamagedStoreError(StoreError):
    """The files of the index are damaged: they differ from what was written."""


class BusyError(StoreError):
    """Another machine is building the same index on a shared server."""
