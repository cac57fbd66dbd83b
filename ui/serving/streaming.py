"""A streamed answer for code that runs in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from threading import Event

from assistant.records import Answer


async def stream_changes(answers: Generator[Answer, None, None]) -> AsyncGenerator[Answer, None]:
    """Yield the answer each time that it has changed. The generator runs, and is closed, in one other thread.

    Closing this returns at once; the generator ends at its next item.
    """
    loop, changed, stop = asyncio.get_running_loop(), asyncio.Queue[Answer | None](), Event()

    def run() -> None:
        last = None
        with closing(answers):
            for answer in answers:
                if stop.is_set():
                    return
                if answer is not last:
                    loop.call_soon_threadsafe(changed.put_nowait, answer)
                last = answer

    running = loop.run_in_executor(None, run)
    running.add_done_callback(lambda _: changed.put_nowait(None))
    try:
        while (answer := await changed.get()) is not None:
            yield answer
        await running
    finally:
        stop.set()
