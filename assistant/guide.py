"""The guide that the settings name: opens its index, makes it equal to the texts, and keeps it so."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

from assistant.errors import BusyError, GuideError
from assistant.settings import Settings, embedder_name, index_folder
from index.build import Report, build, find_skipped
from index.completeness import ENOUGH, describe_share
from index.embedding.adapter import CROSS, find_adapter, hash_adapter
from index.embedding.cross import CrossEncoder
from index.embedding.embed import Embedder
from index.progress import Progress, ignore_progress
from index.storing.manifest import IndexedDocument
from index.storing.store import Store, open_store
from index.watch import watch_changes

Say = Callable[[str], None]
"""Called with a line that a person may want to read while things load."""


def say_nothing(line: str) -> None:
    """Say nothing."""


MAX_NAMED = 3
"""The most files that a line names; of more, it gives their number."""

MAX_LACKING = 10
"""The most files that are named because some of their text is not in the index."""


def open_embedder(folder: Path, settings: Settings, processes: int = 1) -> Embedder:
    """The embedder that the settings name, from the folder of its model, with its adapter; see `Embedder`."""
    return Embedder(folder, name_vectors(settings), processes, find_adapter(settings.embedder))


def name_vectors(settings: Settings) -> str:
    """The name of the vectors that the embedder makes, as an index is stamped with it: with the hash of its adapter."""
    adapter = find_adapter(settings.embedder)
    return f"{embedder_name(settings)}+{hash_adapter(adapter)}" if adapter else embedder_name(settings)


def open_cross_encoder(embedder: Embedder, settings: Settings) -> CrossEncoder | None:
    """The cross-encoder that is shipped for the embedder; None if there is none."""
    adapter = find_adapter(settings.embedder + CROSS)
    return embedder.make_cross_encoder(adapter) if adapter else None


def name_readers(settings: Settings) -> str:
    """The name of what reads a question: the vectors', with the hash of the cross-encoder's adapter."""
    adapter = find_adapter(settings.embedder + CROSS)
    return f"{name_vectors(settings)}+{hash_adapter(adapter)}" if adapter else name_vectors(settings)


def open_index(settings: Settings, say: Say = say_nothing) -> Store:
    """The store of the guide. A damaged one is put aside and started anew, with a line. Raises StoreError."""
    return open_store(index_folder(settings), say, *locate_index(settings))


def open_index_as_is(settings: Settings) -> Store:
    """The store of the guide, a damaged one left where it is. Raises StoreError."""
    return Store(index_folder(settings), *locate_index(settings))


def locate_index(settings: Settings) -> tuple[str, str]:
    """The address of the Chroma server, empty for none, and the name of the index there."""
    if not settings.chroma_url:
        return "", "guide"
    name = settings.chroma_name or re.sub(r"[^A-Za-z0-9]+", "-", f"guide {index_folder(settings).name}")
    return settings.chroma_url, name


def open_fresh_index(
    settings: Settings, embedder: Embedder, say: Say = say_nothing, progress: Progress = ignore_progress
) -> Store:
    """The store of the guide, its index made equal to the texts, or as it is if another machine is building it."""
    return refresh_index(open_index(settings, say), settings, embedder, say, progress)


def refresh_index(
    store: Store, settings: Settings, embedder: Embedder, say: Say = say_nothing, progress: Progress = ignore_progress
) -> Store:
    """The same store, its index made equal to the texts, or as it is if another machine is building it."""
    try:
        report = build(store, settings.corpus, lambda: embedder, embedder.name, progress=progress, say=say)
    except BusyError as error:
        if store.manifest is None:
            raise
        say(f"{error.what}; until then the index answers as it is.")
    else:
        for line in describe_build(report):
            say(line)
        if report.reason:
            for line, is_warning in describe_completeness(report.compared):
                if is_warning:
                    say(line)
    return store


def describe_completeness(documents: Iterable[IndexedDocument]) -> Iterator[tuple[str, bool]]:
    """Yield lines on how much of what a reader sees in the files is in the index, each with whether it is a warning.

    Files of which all is in the index are counted together; the others are named, that with the smallest share first.
    """
    every = list(documents)
    lacking = sorted((one for one in every if one.share < 1), key=lambda one: one.share)
    for one in lacking[:MAX_LACKING]:
        yield f"{one.source}: {describe_share(one.share, one.missing)}.", one.share < ENOUGH
    if len(lacking) > MAX_LACKING:
        yield f"… and {len(lacking) - MAX_LACKING} more; --json names them all.", False
    if any(one.share < ENOUGH for one in lacking):
        yield "Look at these places in the files. What matters is read from a copy saved as .docx, .md or .txt.", True
    whole, left_out = len(every) - len(lacking), sum(one.left_out for one in every)
    end = f"; {left_out} words are left out on purpose (hidden, struck out, menus, page headers)" if left_out else ""
    if whole == len(every) == 1:
        yield f"{every[0].source}: all of it{end}.", False
    elif every:
        yield (f"{len(every)} files, {'all of every one' if not lacking else f'all of {whole}'}{end}.", False)


def describe_build(report: Report) -> Iterator[str]:
    """Yield lines on what a build left out and did, for a person to read."""
    yield from (f"Left out: {line}" for line in report.skipped)
    if report.reason:
        yield from report.notes
        size = f"{report.documents} documents, {report.chunks} chunks"
        cost = f"{report.embedded} texts embedded in {report.seconds:.1f} s"
        what = describe_changes(report)
        yield f"Index made ({report.reason}{': ' + what if what else ''}): {size}; {cost}."


def describe_changes(report: Report) -> str:
    """Which texts changed, in words; empty if there was no text before, or no text changed."""
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
        f"{', '.join(names)} {kind}" if len(names) <= MAX_NAMED else f"{len(names)} {kind}"
        for kind, names in kinds.items()
        if names
    ]
    return "; ".join(parts)


def _describe_amount(report: Report) -> str:
    """What changed and how much was embedded, in words."""
    new = f", {report.embedded} sentences and passages new" if report.embedded else ""
    return f"{describe_changes(report) or 'the guide was read again'}{new}"


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the index follows the texts."""

    generation: int = 0
    """Grows with each switch of the index."""
    when: float = 0.0
    """The time of the last change, in seconds since 1970; 0 if there was none since the start."""
    what: str = ""
    """What changed, in words."""
    share: float | None = None
    """The share of the texts that is read, 0 to 1; None while nothing is being read."""
    problem: str = ""
    """Why the texts could not be read again, in one line; meanwhile the old index answers. Empty if they could."""


class Follower:
    """Keeps an index equal to its texts, in a thread of its own, until it is closed."""

    def __init__(self, store: Store, settings: Settings, embedder: Embedder) -> None:
        self.state = Freshness(self._read_generation(store))
        self._store, self._settings, self._embedder = store, settings, embedder
        self._skipped = set(find_skipped(store.manifest, settings.corpus))
        self._stop = Event()
        self._thread = Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    @staticmethod
    def _read_generation(store: Store) -> int:
        manifest = store.manifest
        return manifest.generation if manifest else 0

    def close(self) -> None:
        """End the thread, after the build that is under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for _ in watch_changes(self._settings.corpus, self._stop):
            try:
                name = self._embedder.name
                report = build(
                    self._store, self._settings.corpus, lambda: self._embedder, name, progress=self._report_progress
                )
                self._note_build(report)
            except (GuideError, OSError) as error:
                self.state = replace(self.state, share=None, problem=str(error))

    def _report_progress(self, done: int, total: int) -> None:
        self.state = replace(self.state, share=done / total if total else 1.0)

    def _note_build(self, report: Report) -> None:
        generation = self._read_generation(self._store)
        problem = next((line for line in report.skipped if line not in self._skipped), "")
        self._skipped |= set(report.skipped)
        if generation == self.state.generation:
            self.state = replace(self.state, share=None, problem=problem)
        else:
            # If another process built the index, the report does not say what changed.
            self.state = Freshness(generation, time.time(), _describe_amount(report), problem=problem)
