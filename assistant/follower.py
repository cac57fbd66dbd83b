"""Keeps an index up to date with its texts while it is served."""

from __future__ import annotations

import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from threading import Event, Thread
from typing import TypeAlias

from assistant.errors import BusyError, GuideError
from assistant.guide import Say, describe_changes, say_nothing
from assistant.problems import Problems
from assistant.settings import Settings
from index.build import Report, build, find_skipped
from index.embedding.embed import Embedder
from index.storing.store import Store
from index.watch import watch_changes

LOADING_SECONDS = 0.1
"""The time between two checks whether everything is loaded."""

RETRY_SECONDS = 1.0
"""The pause before the texts are watched again after watching them failed."""

Loaded: TypeAlias = tuple[Store, Embedder]
"""The store that is kept up to date, and the embedder that reads the texts for it."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How up to date the index is with the texts."""

    generation: int = 0
    """Grows with each switch of the index."""
    when: float = 0.0
    """The time of the last change, in seconds since 1970; 0 if there was none since the start."""
    what: str = ""
    """What changed, in words."""
    share: float | None = None
    """The share of the texts read so far, 0 to 1; None while nothing is being read."""
    problem: str = ""
    """Why the texts could not be read again, in one line; until then the old index answers. Empty if they could."""


class Follower:
    """Keeps an index up to date with its texts, in its own thread, from when it is loaded until this is closed.

    Each problem is reported once; the old index goes on answering, and the texts are read again at their next change.

    Args:
        find_loaded: returns None until everything is loaded.
        say: called with each problem, in one line.
    """

    def __init__(self, settings: Settings, find_loaded: Callable[[], Loaded | None], say: Say = say_nothing) -> None:
        self.state = Freshness()
        self._corpus, self._find_loaded, self._say = settings.corpus, find_loaded, say
        self._problems = Problems(settings.home)
        self._skipped = set[str]()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and any build in progress: the index stays as it is, and the next start builds it again."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while (loaded := self._find_loaded()) is None:
            if self._stop.wait(LOADING_SECONDS):
                return
        with suppress(CancelledError):
            while not self._stop.is_set():
                with self._surviving():
                    self._follow(*loaded)
                self._stop.wait(RETRY_SECONDS)

    def _follow(self, store: Store, embedder: Embedder) -> None:
        """Read the texts again at each change; once at first, as they may have changed while the models loaded."""
        self._skipped |= set(find_skipped(store.manifest, self._corpus))
        self.state = replace(self.state, generation=_read_generation(store))
        for _ in chain((None,), watch_changes(self._corpus, self._stop)):
            with self._surviving():
                report = build(store, self._corpus, lambda: embedder, embedder.name, progress=self._report_progress)
                self._note_build(report, _read_generation(store))

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Record whatever is raised inside, and go on."""
        try:
            with self._problems.meet(
                "texts", "The texts could not be read again", "That is tried at their next change."
            ):
                yield
        except BusyError:  # whoever is building it builds it for us too
            self.state = replace(self.state, share=None)
        except GuideError as error:
            self._show_problem(str(error))

    def _report_progress(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise CancelledError
        self.state = replace(self.state, share=done / total if total else 1.0)

    def _note_build(self, report: Report, generation: int) -> None:
        if generation != self.state.generation:
            # If another process built the index, the report does not say what changed.
            self.state = replace(self.state, generation=generation, when=time.time(), what=_describe_amount(report))
        line = next((line for line in report.skipped if line not in self._skipped), "")
        if line:
            self._problems.note("texts", GuideError(line))
        self._show_problem(line)
        self._skipped |= set(report.skipped)

    def _show_problem(self, line: str) -> None:
        """Show a problem, or that there is none now; report it if it is new."""
        new, self.state = line != self.state.problem, replace(self.state, share=None, problem=line)
        if line and new:
            with suppress(OSError, ValueError):  # nobody has to listen: the terminal may be gone
                self._say(line)


def _read_generation(store: Store) -> int:
    manifest = store.manifest
    return manifest.generation if manifest else 0


def _describe_amount(report: Report) -> str:
    """What changed and how much was embedded, in words."""
    new = f", {report.embedded} sentences and passages new" if report.embedded else ""
    return f"{describe_changes(report) or 'the guide was read again'}{new}"
