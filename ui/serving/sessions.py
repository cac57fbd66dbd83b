"""Drops what Gradio keeps of a session for good: components that stand for others, and sessions that are over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from ui.page.app import Page

EVERY_SECONDS = 20.0
"""How long it waits between one look and the next."""

UNUSED = timedelta(days=1)
"""How long a session without an open tab is kept, for a page that was asleep and comes back."""


def drop_leftovers(blocks: Any, tabs: Container[str]) -> None:
    """Call this in the server's event loop, where nothing registers a component meanwhile.

    For an output that an event leaves as it is, Gradio makes a component with an id of its own, and keeps it in the
    session beside the next one. Each question left some 40 KB.

    Args:
        blocks: the `gradio.Blocks` that is served.
        tabs: the sessions that have a tab open.
    """
    holder, laid_out, now = blocks.state_holder, blocks.blocks.keys(), datetime.now()
    for name, session in [*holder.session_data.items()]:
        for kept in (session.blocks_config.blocks, session.config_values):
            for number in kept.keys() - laid_out:
                del kept[number]
        if name not in tabs and now - holder.time_last_used.get(name, now) > UNUSED:
            del holder.session_data[name], holder.time_last_used[name]


def drop_leftovers_while_served(page: Page) -> Any:
    """The lifespan of an app that drops them every few seconds."""

    async def drop() -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            drop_leftovers(page.blocks, page.tabs)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        dropping = asyncio.create_task(drop())
        yield
        dropping.cancel()
        with suppress(asyncio.CancelledError):
            await dropping

    return lifespan
