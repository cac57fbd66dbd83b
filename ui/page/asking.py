"""A question is asked in a tab: drawn at once, then its answer as it grows; what stands at the end is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress

from assistant.errors import GuideError, KeepingError
from assistant.history.conversation import KeptTurn
from assistant.records import Answer
from ui.page import places, view
from ui.page.desk import Desk, Shown
from ui.page.tab import Sitting, Tab

READING, WRITING = "Reading the guide …", "Writing, and checking each sentence against the guide …"

WAITING = ("One question is answered before yours …", "{} questions are answered before yours …")
"""Said of one, and of more."""

WENT_ON = "This conversation went on in another tab; here it is. Nothing was replaced."

STOPPED = "Stopped. You can ask again, or try another question."


def asked(desk: Desk, tab: Tab, question: str, instead: int | None = None, tries: int = 0) -> Iterator[Shown]:
    """Draw the question at once, then the answer as it grows.

    Args:
        instead: the turn that it takes the place of, with all that followed; None for a new one.
    """
    sitting = tab.sitting
    if not sitting.begin(tries):
        return
    try:
        if _caught_up(desk, sitting) and instead is not None:
            yield {**desk.drawn_anew(tab), "told": places.told(WENT_ON)}
            return
        yield from _written(desk, tab, sitting, question, instead)
    finally:
        sitting.end()
    yield {"busy": tab.sitting.writing, **desk.around(tab)}


def asked_again(desk: Desk, tab: Tab) -> Iterator[Shown]:
    """The last question once more, to be answered in other words."""
    if turns := tab.sitting.turns:
        yield from asked(desk, tab, turns[-1].question, len(turns) - 1, tab.sitting.tries + 1)


def _written(desk: Desk, tab: Tab, sitting: Sitting, question: str, instead: int | None) -> Iterator[Shown]:
    place = len(sitting.turns) if instead is None else instead
    tab.view = "chat"
    yield {
        **desk.moved(tab),
        "past": desk.drawn(sitting, place),
        "current": view.turn(question, None, place, view.Marks(_in_line(desk.assistant.waiting))),
        "box": "",
    }
    try:
        for answer in _grown(desk, sitting, question, place):
            if tab.sitting is sitting and answer.stage != "whole":
                yield {"current": view.turn(question, answer, place, view.Marks(_state(answer)))}
    except GuideError as error:
        yield {"current": view.problem(question, str(error))}
        return
    written = sitting.growing
    if written is None or (sitting.stop.is_set() and not written[1].sentences):
        ended: Shown = {"current": view.problem(question, STOPPED)}
    else:
        problem = _kept(desk, sitting, instead, question, written[1])
        ended = desk.drawn_anew(tab)
        if problem:
            ended["told"] = places.told(problem)
    if tab.sitting is sitting:
        yield ended


def _grown(desk: Desk, sitting: Sitting, question: str, place: int) -> Iterator[Answer]:
    """What is new of the answer as it grows, until it is whole or stopped."""
    with closing(desk.assistant.stream(question, sitting.history(place), sitting.tries)) as growing:
        last = None
        for answer in growing:
            sitting.growing = (place, answer)
            if sitting.stop.is_set():
                return
            if answer is not last:
                yield answer
            last = answer


def _state(answer: Answer) -> str:
    """What happens now, in words."""
    if answer.stage == "writing":
        return WRITING
    return _in_line(answer.before)


def _in_line(before: int) -> str:
    """What happens while nothing is worded yet, so many questions being before this one."""
    return WAITING[before > 1].format(before) if before else READING


def _kept(desk: Desk, sitting: Sitting, instead: int | None, question: str, answer: Answer) -> str:
    """The turn joins its conversation, on disk too unless that is private; gives what went wrong with that."""
    if instead is None:
        _caught_up(desk, sitting)
    place = len(sitting.turns) if instead is None else instead
    sitting.turns[place:] = [KeptTurn(question, answer, time.time())]
    if sitting.private or sitting.gone:
        return ""
    try:
        sitting.id = desk.conversations.keep(sitting.id or None, place, question, answer)
    except GuideError as error:
        return f"This answer is not kept. {error}"
    return ""


def _caught_up(desk: Desk, sitting: Sitting) -> bool:
    """Take in what another tab has added to the same conversation; whether there was anything."""
    kept = None
    with suppress(KeepingError):  # said where it is to be written
        kept = desk.conversations.read(sitting.id) if sitting.id else None
    if kept is None or len(kept.turns) <= len(sitting.turns):
        return False
    sitting.turns = list(kept.turns)
    return True
