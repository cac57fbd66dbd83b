"""The guide that the settings name: its index opened, made equal to the texts, and kept so while they change."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event, Thread

from assistant.errors import BusyError, GuideError
from assistant.settings import Settings, index_folder
from index.build import Report, build
from index.embedding.embed import Embedder
from index.progress import Progress, unseen
from index.storing.store import Store, open_store
from index.watch import changes

Say = Callable[[str], None]
"""Told, in one line, what a person may want to know while things load."""


def quiet(line: str) -> None:
    """Says nothing."""


NAMED = 3
"""Files named in a line; of more, the number is told."""


def opened(settings: Settings, say: Say = quiet) -> Store:
    """The store of the guide's index. Raises StoreError; a damaged one is put aside, with a line."""
    return open_store(index_folder(settings), say, *place(settings))


def looked_at(settings: Settings) -> Store:
    """The same, to look at only. Raises StoreError; a damaged one stays where it is."""
    return Store(index_folder(settings), *place(settings))


def place(settings: Settings) -> tuple[str, str]:
    """Where a `Store` is, apart from its folder: the server, empty for none, and what the index is called there."""
    if not settings.chroma_url:
        return "", "guide"
    name = settings.chroma_name or re.sub(r"[^A-Za-z0-9]+", "-", f"guide {index_folder(settings).name}")
    return settings.chroma_url, name


def indexed(settings: Settings, embedder: Embedder, say: Say = quiet, progress: Progress = unseen) -> Store:
    """The store of the guide, made equal to its texts; if another machine is building it, as it is."""
    return fresh(opened(settings, say), settings, embedder, say, progress)


def fresh(store: Store, settings: Settings, embedder: Embedder, say: Say = quiet, progress: Progress = unseen) -> Store:
    """The same store, made equal to the texts of the guide; if another machine is building it, as it is."""
    try:
        report = build(store, settings.corpus, lambda: embedder, embedder.name, progress=progress, say=say)
    except BusyError as error:
        if store.manifest is None:
            raise
        say(f"{error.what}; until then the index answers as it is.")
    else:
        for line in told(report):
            say(line)
    return store


def told(report: Report) -> Iterator[str]:
    """What a person may want to know of a build, in a line each."""
    yield from (f"Left out: {line}" for line in report.skipped)
    if report.reason:
        size = f"{report.documents} documents, {report.chunks} chunks"
        cost = f"{report.embedded} texts embedded in {report.seconds:.1f} s"
        what = changed(report)
        yield f"Index made ({report.reason}{': ' + what if what else ''}): {size}; {cost}."


def changed(report: Report) -> str:
    """What of the texts changed, in words; empty if nothing was there before, or all is as it was."""
    plan = report.plan
    if not plan.untouched and not plan.changed and not plan.gone and not plan.moved:
        return ""
    kinds = {
        "new": plan.added,
        "changed": plan.changed,
        "gone": plan.gone,
        "moved": tuple(f"{old} to {new}" for old, new in plan.moved),
    }
    parts = [
        f"{', '.join(names)} {kind}" if len(names) <= NAMED else f"{len(names)} {kind}"
        for kind, names in kinds.items()
        if names
    ]
    return "; ".join(parts)


def _how_much(report: Report) -> str:
    """What changed and how much of it is new, in words."""
    new = f", {report.embedded} sentences and passages new" if report.embedded else ""
    return f"{changed(report) or 'the guide was read again'}{new}"


@dataclass(frozen=True, slots=True)
class State:
    """How the index stands to the texts."""

    generation: int = 0
    """Grows when the guide that answers has changed."""
    when: float = 0.0
    """Of the last change, in seconds since 1970; 0 if there was none since the start."""
    what: str = ""
    """What changed, in words."""
    share: float | None = None
    """How much of the reading is done, 0 to 1; None while nothing is being read."""
    problem: str = ""
    """Why the texts could not be read again, in one line; the index answers as it was."""


class Follower:
    """Keeps an index equal to its texts in a thread of its own, from the first change until it is closed."""

    def __init__(self, store: Store, settings: Settings, embedder: Embedder) -> None:
        self.state = State(self._generation(store))
        self._store, self._settings, self._embedder = store, settings, embedder
        self._skipped = set(manifest.skipped) if (manifest := store.manifest) else set()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    @staticmethod
    def _generation(store: Store) -> int:
        manifest = store.manifest
        return manifest.generation if manifest else 0

    def close(self) -> None:
        """End the thread; a build that is under way is finished first."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for _ in changes(self._settings.corpus, self._stop):
            try:
                name = self._embedder.name
                report = build(self._store, self._settings.corpus, lambda: self._embedder, name, progress=self._tell)
                self._noted(report)
            except (GuideError, OSError) as error:
                self.state = replace(self.state, share=None, problem=str(error))

    def _tell(self, done: int, total: int) -> None:
        self.state = replace(self.state, share=done / total if total else 1.0)

    def _noted(self, report: Report) -> None:
        generation = self._generation(self._store)
        problem = report.skipped[0] if set(report.skipped) - self._skipped else ""
        self._skipped |= set(report.skipped)
        if generation == self.state.generation:
            self.state = replace(self.state, share=None, problem=problem)
        else:
            # Another process may have built: then all that is known here is that the guide has changed.
            self.state = State(generation, time.time(), _how_much(report), problem=problem)
