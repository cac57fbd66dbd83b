"""What the page promises about where things stay is so, however it is served."""

from __future__ import annotations

import pytest

from assistant import Settings
from ui.page.frame import render_header, render_list, render_private_notice
from ui.page.panel import render_offline
from ui.page.settings import render_settings

OVER_A_NETWORK = ({"host": "0.0.0.0"}, {"origin": "https://guide.example"})


@pytest.mark.parametrize("changes", OVER_A_NETWORK)
def test_who_opens_it_from_another_machine_is_not_told_that_it_stays_there(
    settings: Settings, changes: dict[str, str]
) -> None:
    chosen = settings.model_copy(update=changes)
    pieces = (
        render_list((), "", "", chosen),
        render_settings(chosen, None, "", 0, "normal"),
        render_offline(chosen),
        render_header("Guide", chosen),
    )
    for piece in pieces:
        assert "his computer" not in piece
    assert "the computer that serves this page" in render_list((), "", "", chosen)
    assert "Switch off your network" not in render_offline(chosen)


@pytest.mark.parametrize("changes", OVER_A_NETWORK)
def test_nor_if_a_server_words_the_answers(settings: Settings, changes: dict[str, str]) -> None:
    for url in ("http://localhost:8080", "https://chat.example"):
        assert "his computer" not in render_offline(settings.model_copy(update={"llm_url": url} | changes))


@pytest.mark.parametrize("llm_url", ["", "http://localhost:8080", "https://chat.example"])
def test_an_index_on_another_machine_is_told(settings: Settings, llm_url: str) -> None:
    chosen = settings.model_copy(update={"llm_url": llm_url, "chroma_url": "https://chroma.example"})
    panel, header = render_offline(chosen), render_header("Guide", chosen)
    assert "On this computer only" not in panel + header
    assert "Nothing is sent anywhere" not in panel
    assert "nothing is sent anywhere" not in panel
    assert "chroma.example" in panel
    assert "chroma.example" in render_private_notice(chosen)
    assert ("chat.example" in panel) == ("chat.example" in header) == ("chat.example" in llm_url)


@pytest.mark.parametrize("chroma_url", ["", "http://localhost:8000", "http://127.0.0.1:8000"])
def test_an_index_on_this_machine_stays_here(settings: Settings, chroma_url: str) -> None:
    chosen = settings.model_copy(update={"chroma_url": chroma_url})
    assert "On this computer only" in render_header("Guide", chosen)
    assert "nothing is sent anywhere" in render_offline(chosen)
    assert "Switch off your network" in render_offline(chosen)
    assert "on this computer only" in render_list((), "", "", chosen)
