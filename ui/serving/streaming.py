"""What the assistant streams, for code that runs in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import TypeVar

from assistant.errors import UnheardError

Item = TypeVar("Item")
"""An answer, or a checked text; an item that has not changed is the same object."""


async def stream_changes(
    items: Generator[Item, None, None], has_left: Callable[[], bool] = lambda: False
) -> AsyncGenerator[Item, None]:
    """Yield the item each time it has changed. The generator runs, and is closed, in its own thread.

    Closing this returns at once; the generator ends at its next item.

    Args:
        has_left: returns whether nobody listens any more; called at each item, in that thread. If so, the generator
            ends.

    Raises:
        UnheardError: the generator ended because nobody listened. Not all was yielded, and somebody may listen late.
    """
    loop, changed, stop = asyncio.get_running_loop(), asyncio.Queue[Item | None](), Event()

    def run() -> bool:
        """Whether the generator came to its own end."""
        last = None
        with closing(items):
            for item in items:
                if stop.is_set() or has_left():
                    return False
                if item is not last:
                    loop.call_soon_threadsafe(changed.put_nowait, item)
                last = item
        return True

    # Not the loop's own pool: on a small machine that pool has fewer threads than there are answers at once.
    pool = ThreadPoolExecutor(1, "stream")
    running = loop.run_in_executor(pool, run)
    pool.shutdown(wait=False)
    running.add_done_callback(lambda _: changed.put_nowait(None))
    try:
        while (item := await changed.get()) is not None:
            yield item
        if not await running:
            raise UnheardError("Nobody listened, so this was ended", "Ask again, and listen at once.")
    finally:
        stop.set()
