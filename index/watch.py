"""Notices when the texts of a corpus change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from watchfiles import watch

QUIET_MS, LONGEST_MS = 300, 1500
"""Milliseconds: a burst of changes ends after a pause of the first length, or when it has lasted for the second."""

RESCAN_SECONDS = 30.0
"""Seconds after which a change is assumed: the system reports no changes behind links and on network drives."""

_CHECK_MS = 1000
"""Milliseconds between checks that the folder is still the same one."""


def watch_changes(corpus: Path, stop: Event) -> Iterator[None]:
    """Yield each time the folder may have changed and has settled, until `stop` is set.

    A folder that is removed or replaced is watched again as soon as it exists.
    """
    came = False
    while not stop.is_set():
        if (identity := _read_identity(corpus)) is None:
            came = True
            stop.wait(_CHECK_MS / 1000)
            continue
        if came:
            yield
        came, checked = True, time.monotonic()
        try:
            # No filter here: only `find_corpus_files` decides which files are texts.
            bursts = watch(
                corpus,
                watch_filter=None,
                step=QUIET_MS,
                debounce=LONGEST_MS,
                rust_timeout=_CHECK_MS,
                yield_on_timeout=True,
                stop_event=stop,
                ignore_permission_denied=True,
            )
            for found in bursts:
                same = _read_identity(corpus) == identity
                if found or time.monotonic() - checked > RESCAN_SECONDS:
                    checked = time.monotonic()
                    yield
                if not same:
                    break
        except (OSError, RuntimeError):  # the folder is gone, or the system cannot watch it
            stop.wait(_CHECK_MS / 1000)


def _read_identity(folder: Path) -> tuple[int, int] | None:
    """What distinguishes a folder from another of the same name; None if there is no folder."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
