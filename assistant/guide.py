"""The guide that the settings name: opens its index, brings it up to date with the texts, and says what was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from assistant.errors import BusyError, GuideError
from assistant.problems import Problems
from assistant.settings import Settings, embedder_name, index_folder
from index.build import Report, build
from index.completeness import ENOUGH, describe_share
from index.embedding.adapter import CROSS, DANGER, find_adapter, hash_adapter
from index.embedding.cross import CrossEncoder
from index.embedding.embed import Embedder
from index.progress import Progress, ignore_progress
from index.storing.manifest import IndexedDocument
from index.storing.store import Store, open_store

Say = Callable[[str], None]
"""Called with a line that a person may want to read while things load."""


def say_nothing(line: str) -> None:
    """Say nothing."""


MAX_NAMED = 3
"""The most files that a line names; if there are more, it gives their number."""

MAX_LACKING = 10
"""The most files that are named because some of their text is not in the index."""


def open_embedder(folder: Path, settings: Settings, processes: int = 1) -> Embedder:
    """The embedder that the settings name, from the folder of its model, with its shipped adapter and classifier."""
    adapter, classifier = find_adapter(settings.embedder), find_adapter(settings.embedder + DANGER)
    return Embedder(folder, name_vectors(settings), processes, adapter, classifier)


def name_vectors(settings: Settings) -> str:
    """The name of the embedder's vectors, with the hash of its adapter; an index is stamped with it."""
    adapter = find_adapter(settings.embedder)
    return f"{embedder_name(settings)}+{hash_adapter(adapter)}" if adapter else embedder_name(settings)


def open_cross_encoder(embedder: Embedder, settings: Settings) -> CrossEncoder | None:
    """The cross-encoder that is shipped for the embedder; None if there is none."""
    adapter = find_adapter(settings.embedder + CROSS)
    return embedder.make_cross_encoder(adapter) if adapter else None


def name_readers(settings: Settings) -> str:
    """The name of what reads a question: that of the vectors, with the hash of the cross-encoder's adapter."""
    adapter = find_adapter(settings.embedder + CROSS)
    return f"{name_vectors(settings)}+{hash_adapter(adapter)}" if adapter else name_vectors(settings)


def open_index(settings: Settings, say: Say = say_nothing) -> Store:
    """The store of the guide. A damaged one is set aside and replaced, which a line reports. Raises StoreError."""

    def tell(line: str) -> None:
        Problems(settings.home).note("index", GuideError(line))
        say(line)

    return open_store(index_folder(settings), tell, *locate_index(settings))


def open_index_as_is(settings: Settings) -> Store:
    """The store of the guide; a damaged one is left where it is. Raises StoreError."""
    return Store(index_folder(settings), *locate_index(settings))


def locate_index(settings: Settings) -> tuple[str, str]:
    """The address of the Chroma server (empty if there is none), and the name of the index there."""
    if not settings.chroma_url:
        return "", "guide"
    name = settings.chroma_name or re.sub(r"[^A-Za-z0-9]+", "-", f"guide {index_folder(settings).name}")
    return settings.chroma_url, name


def open_fresh_index(
    settings: Settings, embedder: Embedder, say: Say = say_nothing, progress: Progress = ignore_progress
) -> Store:
    """The store of the guide, its index up to date with the texts, or as it is if another machine is building it."""
    return refresh_index(open_index(settings, say), settings, embedder, say, progress)


def refresh_index(
    store: Store, settings: Settings, embedder: Embedder, say: Say = say_nothing, progress: Progress = ignore_progress
) -> Store:
    """The same store, its index up to date with the texts, or as it is if another machine is building it."""
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
    """Yield lines on how much of what is visible in the files is in the index, each with whether it is a warning.

    Files that are completely in the index are counted together; the others are named, the smallest share first.
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
    """Yield lines for a person to read on what a build left out and did."""
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
