"""An answer as it grows, for what runs in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from threading import Event

from assistant.records import Answer


async def growing(answers: Generator[Answer, None, None]) -> AsyncGenerator[Answer, None]:
    """What is new of an answer as it grows; the generator runs, and is closed, in one other thread.

    Closing this returns at once, and ends the generator at its next item.
    """
    loop, fresh, stop = asyncio.get_running_loop(), asyncio.Queue[Answer | None](), Event()

    def run() -> None:
        last = None
        with closing(answers):
            for answer in answers:
                if stop.is_set():
                    return
                if answer is not last:
                    loop.call_soon_threadsafe(fresh.put_nowait, answer)
                last = answer

    running = loop.run_in_executor(None, run)
    running.add_done_callback(lambda _: fresh.put_nowait(None))
    try:
        while (answer := await fresh.get()) is not None:
            yield answer
        await running
    finally:
        stop.set()
