"""Checks a text in a tab: its sentences are drawn as they are checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from assistant.errors import GuideError
from ui.page import frame
from ui.page.check import render_check, render_empty_check
from ui.page.presenter import PageUpdate, Presenter
from ui.page.tab import OpenCheck, Tab


def check_text(presenter: Presenter, tab: Tab, text: str) -> Iterator[PageUpdate]:
    """Yield the page while a text is checked; one that was being checked in this tab is stopped."""
    tab.stop_check()
    check = tab.check = OpenCheck()
    told: PageUpdate = {}
    try:
        with (
            presenter.assistant.problems.meet("page", "The text could not be checked"),
            closing(presenter.assistant.stream_check(text)) as stages,
        ):
            last = None
            for checked in stages:
                if check.stop.is_set():
                    break
                check.checked = checked
                if checked is not last:
                    yield draw_check(tab, check)
                last = checked
    except GuideError as error:
        told = {"told": frame.render_message(str(error))}
    check.running = False
    if told and not check.checked.total and tab.check is check:
        tab.check = None  # the box stays, with the text in it
    else:
        told |= draw_check(tab, check)
    yield told


def draw_check(tab: Tab, check: OpenCheck | None) -> PageUpdate:
    """What fills the screen of the check; nothing if the tab shows another screen."""
    if tab.screen != "check" or check is not tab.check:
        return {}
    return {"place": render_check(check.checked, check.running) if check else render_empty_check()}
