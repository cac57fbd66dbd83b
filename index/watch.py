"""Notices that the texts of a corpus changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from watchfiles import watch

SETTLE, LONGEST = 300, 1500
"""Milliseconds without a change after which a burst is over; of a burst that does not end, its part so far."""

LOOK = 30.0
"""Seconds after which the texts are looked at in any case: behind links and on networks, changes are not told."""

_AWAKE = 1000
"""Milliseconds between looks at whether the folder itself is still the same."""


def changes(corpus: Path, stop: Event) -> Iterator[None]:
    """Yields when the folder may have changed and has come to rest; ends once `stop` is set.

    A folder that is removed, or replaced by another, is watched again as soon as it is there.
    """
    first = True
    while not stop.is_set():
        if (identity := _identity(corpus)) is None:
            stop.wait(_AWAKE / 1000)
            continue
        if not first:
            yield
        first, looked = False, time.monotonic()
        try:
            # Nothing is filtered here: what counts as a text is known in one place, where the corpus is listed.
            bursts = watch(
                corpus,
                watch_filter=None,
                step=SETTLE,
                debounce=LONGEST,
                rust_timeout=_AWAKE,
                yield_on_timeout=True,
                stop_event=stop,
                ignore_permission_denied=True,
            )
            for found in bursts:
                same = _identity(corpus) == identity
                if found or time.monotonic() - looked > LOOK:
                    looked = time.monotonic()
                    yield
                if not same:
                    break
        except (OSError, RuntimeError):  # the folder went meanwhile, or the system cannot watch: look again in a while
            stop.wait(_AWAKE / 1000)


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another of the same name; None if there is none."""
    try:
        state = folder.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
