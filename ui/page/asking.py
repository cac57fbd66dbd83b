"""Asks a question in a tab: the question is drawn at once, then its answer as it grows; the whole answer is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress

from assistant.errors import GuideError, HistoryError
from assistant.history.conversation import KeptTurn
from assistant.records import Answer
from assistant.settings import Length
from ui.page import frame, view
from ui.page.presenter import PageUpdate, Presenter
from ui.page.tab import OpenConversation, Tab

READING, WRITING = "Reading the guide …", "Writing, and checking each sentence against the guide …"

WAITING = ("One question is answered before yours …", "{} questions are answered before yours …")
"""The line for one question ahead, and for several."""

WENT_ON = "This conversation went on in another tab; here it is. Nothing was replaced."

BEGUN_ANEW = "The conversation that stood here was deleted elsewhere. This begins a new one."

NOT_KEPT = "This answer is not kept."

STOPPED = "Stopped. You can ask again, or try another question."


def ask_question(
    presenter: Presenter, tab: Tab, question: str, replaced: int | None = None, variation: int = 0
) -> Iterator[PageUpdate]:
    """Yield the page with the question, then with its answer as it grows, finally with the answer kept.

    Yields nothing if an answer is already being written in the conversation.

    Args:
        replaced: the number of the turn that it replaces, with all that follow; None to add a turn.
        variation: any number but 0 words the answer to the same question differently.
    """
    conversation = tab.conversation
    if not conversation.begin(variation):
        return
    try:
        with presenter.assistant.problems.meet("page", "The question could not be answered"):
            if _is_deleted(presenter, conversation):
                conversation.begin_anew()
                replaced = None
                yield {"told": frame.render_message(BEGUN_ANEW)}
            elif _catch_up(presenter, conversation) and replaced is not None:
                yield {**presenter.redraw_conversation(tab), "told": frame.render_message(WENT_ON)}
                return
            yield from _write_answer(presenter, tab, conversation, question, replaced)
    except GuideError as error:
        if tab.conversation is conversation:
            yield {"current": view.render_problem(question, str(error))}
    finally:
        conversation.end()
    yield {"busy": tab.conversation.writing, **presenter.update_sidebar(tab)}


def ask_again(presenter: Presenter, tab: Tab) -> Iterator[PageUpdate]:
    """Ask the last question once more, to have the answer worded differently. Yields as `ask_question` does."""
    if turns := tab.conversation.turns:
        variation = tab.conversation.variation + 1
        yield from ask_question(presenter, tab, turns[-1].question, len(turns) - 1, variation)


def _write_answer(
    presenter: Presenter, tab: Tab, conversation: OpenConversation, question: str, replaced: int | None
) -> Iterator[PageUpdate]:
    number = len(conversation.turns) if replaced is None else replaced
    tab.screen = "chat"
    yield {
        **presenter.update_screen(tab),
        "past": presenter.render_turns(conversation, number),
        "current": view.render_turn(
            question, None, number, view.TurnDetails(_describe_wait(presenter.assistant.waiting))
        ),
        "box": "",
    }
    for answer in _stream_changes(presenter, conversation, question, number, tab.length):
        if tab.conversation is conversation and answer.stage != "whole":
            yield {"current": view.render_turn(question, answer, number, view.TurnDetails(_describe_stage(answer)))}
    partial = conversation.partial
    if partial is None or (conversation.stop.is_set() and not _is_worth_keeping(partial[1], replaced is not None)):
        ended: PageUpdate = {"current": view.render_problem(question, STOPPED)}
    else:
        problem = _keep_turn(presenter, conversation, replaced, question, partial[1])
        # The list too, so that the address names the conversation as soon as its answer is whole.
        ended = {**presenter.redraw_conversation(tab), **presenter.update_sidebar(tab)}
        if problem:
            ended["told"] = frame.render_message(problem)
    if tab.conversation is conversation:
        yield ended


def _is_worth_keeping(answer: Answer, replaces: bool) -> bool:
    """Whether a stopped answer is kept; it replaces another one only if it has more than its first quotation."""
    return any(not (replaces and sentence.quotes) for sentence in answer.sentences)


def _stream_changes(
    presenter: Presenter, conversation: OpenConversation, question: str, number: int, length: Length | None
) -> Iterator[Answer]:
    """Yield the answer each time it has changed, until it is whole or stopped."""
    history = conversation.make_history(number)
    with closing(presenter.assistant.stream(question, history, conversation.variation, length)) as answers:
        last = None
        for answer in answers:
            conversation.partial = (number, answer)
            if conversation.stop.is_set():
                return
            if answer is not last:
                yield answer
            last = answer


def _describe_stage(answer: Answer) -> str:
    """A line that says what is going on."""
    if answer.stage == "writing":
        return WRITING
    return _describe_wait(answer.before)


def _describe_wait(before: int) -> str:
    """The same before anything is worded, with `before` questions ahead of this one."""
    return WAITING[before > 1].format(before) if before else READING


def _keep_turn(
    presenter: Presenter, conversation: OpenConversation, replaced: int | None, question: str, answer: Answer
) -> str:
    """Add the turn to its conversation, and to the database unless that is private or deleted.

    Returns:
        Why it could not be kept; empty if nothing went wrong.
    """
    known = tuple(conversation.turns)
    number = len(known) if replaced is None else replaced
    turn = KeptTurn(question, answer, time.time())
    conversation.turns[number:] = [turn]
    with conversation.keeping() as allowed:
        if not allowed:
            return ""
        identity = conversation.id or None
        try:
            conversation.id = presenter.conversations.keep(identity, number, question, answer, known, turn.asked)
        except GuideError as error:
            return f"{NOT_KEPT} {error}"
    return WENT_ON if _catch_up(presenter, conversation) and replaced is not None else ""


def _is_deleted(presenter: Presenter, conversation: OpenConversation) -> bool:
    """Whether a conversation that was kept has been deleted."""
    with suppress(HistoryError):  # keeping the turn fails too, and reports it
        return bool(conversation.id) and presenter.conversations.read(conversation.id) is None
    return False


def _catch_up(presenter: Presenter, conversation: OpenConversation) -> bool:
    """Take over turns that another tab has added to the same conversation; return whether there were any."""
    kept = None
    with suppress(HistoryError):  # keeping the turn fails too, and reports it
        kept = presenter.conversations.read(conversation.id) if conversation.id else None
    if kept is None or {turn.asked for turn in kept.turns} <= {turn.asked for turn in conversation.turns}:
        return False
    conversation.turns = list(kept.turns)
    return True
