"""What Gradio keeps of sessions: as much after a thousand acts as after one, and nothing once a session is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import httpx2
import pytest
from browser import until
from test_outward import events

from assistant import Assistant
from ui.page.app import Page
from ui.serving import server, sessions
from ui.serving.gate import EVENT_PATHS
from ui.serving.server import launch


@pytest.fixture
def page(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A page that is served, and in which one tab has done a few things."""
    made: list[Page] = []

    class Noted(Page):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(server, "Page", Noted)
    with closing(launch(assistant)) as served, httpx2.Client(base_url=served.address, timeout=None) as web:
        number = events(web)["_carry_out"]
        for do in ("arrive", "plan", "chat", "plan", "chat"):
            body = {"data": [None], "fn_index": number, "session_hash": "x", "event_data": {"do": do, "sent": {}}}
            assert web.post(EVENT_PATHS[1], json=body).status_code == 200
        yield made[0]


def test_components_that_stand_for_others_are_dropped(page: Page) -> None:
    session, laid_out = page.blocks.state_holder.session_data["x"], page.blocks.blocks.keys()
    assert session.blocks_config.blocks.keys() > laid_out
    sessions.drop_leftovers(page.blocks, page.tabs)
    assert session.blocks_config.blocks.keys() == laid_out
    assert session.config_values.keys() <= laid_out


def test_a_session_is_dropped_once_its_tab_is_closed_and_nobody_came_back(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = page.blocks.state_holder.session_data
    page.tabs.pop("x")
    sessions.drop_leftovers(page.blocks, page.tabs)
    assert "x" in known
    monkeypatch.setattr(sessions, "UNUSED", timedelta(0))
    sessions.drop_leftovers(page.blocks, {"x"})
    assert "x" in known
    sessions.drop_leftovers(page.blocks, page.tabs)
    assert "x" not in known


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "EVERY_SECONDS", 0.01)


def test_that_happens_while_the_page_is_served(often: None, page: Page) -> None:
    session = page.blocks.state_holder.session_data["x"]
    until(lambda: session.blocks_config.blocks.keys() == page.blocks.blocks.keys())
