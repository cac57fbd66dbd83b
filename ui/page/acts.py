"""What a person can do on the page apart from asking. A button names its act, and `ACTS` says what carries it out.

An act gets the tab and the data of the button, and returns the pieces of the page that change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from threading import Thread
from typing import Any, TypeAlias

from assistant.errors import ConversationError, GuideError, SettingsError
from assistant.history.conversation import Conversation
from assistant.history.export import (
    export_conversation_json,
    export_conversation_markdown,
    export_plan_calendar,
    export_plan_markdown,
)
from assistant.models import installed
from assistant.settings import find_length
from ui.page.checking import draw_check
from ui.page.frame import render_download, render_editing, render_message, render_news
from ui.page.guide import render_guide, render_search
from ui.page.plan import render_plan
from ui.page.presenter import PageUpdate, Presenter
from ui.page.settings import render_settings
from ui.page.tab import OpenConversation, Tab

PASSAGES_SHOWN = 40
"""Passages of the guide shown at once."""

ActData: TypeAlias = Mapping[str, Any]
"""What the button sends with its act."""


def _arrive(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Draw a page that was just loaded, with the conversation that its address names."""
    tab.shown_status = presenter.read_status()
    with suppress(SettingsError):  # the browser remembers none, or one of another version
        tab.length = find_length(str(data.get("length")))
    kept = presenter.conversations.read(str(data.get("id", "")))
    if kept:
        tab.open(_reopen(kept))
    problem, presenter.database_problem = presenter.database_problem, ""
    message = {"told": render_message(problem)} if problem else {}
    news = {"news": render_news(tab.shown_status.freshness, tab.shown_status.loading_status)}
    return {**presenter.update_all(tab), **presenter.update_header(), **news, **message}


# Conversations


def _begin(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.open(OpenConversation(private="private" in data))
    return presenter.update_all(tab)


def _open(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    kept = presenter.conversations.read(str(data["id"]))
    if kept is None:
        return {**presenter.update_sidebar(tab), "told": render_message("That conversation is no longer here.")}
    if kept.id != tab.conversation.id or not tab.conversation.writing:
        tab.open(_reopen(kept))
    tab.screen = "chat"
    return presenter.update_all(tab)


def _reopen(kept: Conversation) -> OpenConversation:
    return OpenConversation(identity=kept.id, turns=kept.turns)


def _rename(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    presenter.conversations.rename(str(data["id"]), str(data["text"]))
    return presenter.update_sidebar(tab)


def _delete(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Delete the conversation that is named, or the open one."""
    conversation = tab.conversation
    identity = str(data.get("id") or "")
    if identity in ("", conversation.id):
        conversation.mark_deleted()
        identity = conversation.id
        tab.open(OpenConversation())
    if identity:
        presenter.conversations.delete(identity)
    return presenter.update_all(tab)


def _delete_all(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.conversation.mark_deleted()
    tab.open(OpenConversation())
    presenter.conversations.delete_all()
    return presenter.update_all(tab)


def _filter_list(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.list_filter = str(data["text"])
    return presenter.update_sidebar(tab)


def _import(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    return _open(presenter, tab, {"id": presenter.conversations.import_json(str(data["text"]))})


def _export(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    title, kind, conversation = presenter.assistant.title, str(data["file"]), tab.conversation
    if kind.startswith("conversation") and not conversation.turns:
        raise ConversationError("There is nothing to export yet", "Ask something first.")
    formats: dict[str, tuple[str, Callable[[], str]]] = {
        "conversation.md": (
            "text/markdown",
            lambda: export_conversation_markdown(_read_open(presenter, conversation), title),
        ),
        "conversation.json": (
            "application/json",
            lambda: export_conversation_json(_read_open(presenter, conversation)),
        ),
        "plan.md": ("text/markdown", lambda: export_plan_markdown(presenter.plan.steps(), title)),
        "plan.ics": ("text/calendar", lambda: export_plan_calendar(presenter.plan.steps(), title).decode()),
    }
    media, write = formats[kind]
    return {"file": render_download(f"{date.today().isoformat()}-{kind}", media, write())}


def _read_open(presenter: Presenter, conversation: OpenConversation) -> Conversation:
    """The conversation as it is kept, or as it is open if it is private."""
    kept = presenter.conversations.read(conversation.id) if conversation.id else None
    return kept or conversation.to_conversation()


# Turns


def _edit(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    conversation, number = tab.conversation, int(data["place"])
    if conversation.writing or number >= len(conversation.turns):
        return {}
    conversation.editing = number
    question = conversation.turns[number].question
    return {"box": question, "editing": render_editing(question)}


def _cancel_edit(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.conversation.editing = None
    return {"box": "", "editing": ""}


def _rate(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Note whether an answer was helpful, or why; the same rating again takes it back."""
    conversation, number = tab.conversation, int(data["place"])
    turn = conversation.turns[number]
    given = {"true": True, "false": False}.get(str(data.get("helpful", "")).lower())
    helpful = turn.helpful if "why" in data else (None if given == turn.helpful else given)
    why = str(data.get("why", turn.why)) if helpful is not None else ""
    if not presenter.conversations.rate(conversation.id, number, helpful, why, turn.asked):
        raise LookupError("another tab has replaced or deleted it")
    conversation.turns[number] = replace(turn, helpful=helpful, why=why)
    return presenter.update_conversation(tab)


def _keep_step(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Add a next step of an answer to the plan."""
    _, number, at = str(data["key"]).split("-")
    presenter.plan.keep(presenter.revise_answer(tab.conversation, int(number)).next_steps[int(at)])
    return {**presenter.update_conversation(tab), **presenter.update_sidebar(tab)}


# The panel at the side


def _open_source(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.open_panel = str(data["key"])
    return presenter.update_panel(tab)


def _open_offline(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.open_panel = "offline"
    return presenter.update_panel(tab)


def _close_panel(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.open_panel = ""
    return {"side": ""}


# Screens


def _show_chat(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.screen = "chat"
    return {**presenter.update_screen(tab), **presenter.update_conversation(tab)}


def _show_document(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Show a document from a passage on; if none is named, the one that the guide is titled after."""
    documents = presenter.assistant.list_documents()
    title = presenter.assistant.title
    main = next((one.source for one in documents if one.title == title), "")
    named = str(data.get("source") or main)
    extract = presenter.assistant.extract(named, int(data.get("first", 0)), PASSAGES_SHOWN)
    return presenter.show_screen(tab, "guide", render_guide(documents, extract))


def _show_passage(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Show a document around the passage that starts at a character."""
    named, start = str(data["source"]), int(data["start"])
    documents = presenter.assistant.list_documents()
    extract = presenter.assistant.extract_around(named, start, PASSAGES_SHOWN // 4, PASSAGES_SHOWN)
    here = next((part.number for part in extract.parts if part.passage.start == start), -1) if extract else -1
    tab.open_panel = ""
    return {**presenter.show_screen(tab, "guide", render_guide(documents, extract, here)), "side": ""}


def _search_guide(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    query = str(data["asked"]).strip()
    if not query:
        return _show_document(presenter, tab, {})
    found = presenter.assistant.search(query, 10)
    return presenter.show_screen(tab, "guide", render_search(presenter.assistant.list_documents(), query, found))


def _show_check(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Show the text that is or was checked; if its screen is already open, the box for another one."""
    if tab.screen == "check":
        tab.stop_check()
        tab.check = None
    tab.screen = "check"
    return {**presenter.update_screen(tab), **draw_check(tab, tab.check)}


def _stop_check(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    tab.stop_check()
    return {}


def _show_plan(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    return presenter.show_screen(tab, "plan", render_plan(presenter.plan.steps()))


def _change_step(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Tick a step, or write its note or date."""
    value = str(data["value"])
    given: dict[str, dict[str, Any]] = {
        "done": {"done": value == "true"},
        "note": {"note": value},
        "due": {"due": value},
    }
    if not presenter.plan.change(str(data["id"]), **given[str(data["field"])]):
        raise LookupError("another tab has dropped it")
    return {**presenter.update_sidebar(tab), "told": ""}


def _drop_step(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    presenter.plan.drop(str(data["id"]))
    return _show_plan(presenter, tab, data)


def _show_settings(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    assistant = presenter.assistant
    settings, kept = assistant.settings, presenter.conversations.count()
    passages = sum(document.parts for document in assistant.list_documents()) if assistant.ready else 0
    status = f"{passages} passages. {presenter.describe_status()}"
    models = installed.list_models(settings) if tab.is_owner else None
    shown = render_settings(settings, models, status, kept, tab.length or settings.length)
    return presenter.show_screen(tab, "settings", shown)


def _change_setting(presenter: Presenter, tab: Tab, data: ActData) -> PageUpdate:
    """Use another length in this tab at once, or another model for everybody, which is loaded in the background."""
    value = str(data["value"])
    if data["field"] == "length":
        tab.length = find_length(value)
        return {"told": ""}
    if not tab.is_owner:
        raise SettingsError("The model is changed on the computer that runs this page", "Ask whoever started it.")
    Thread(target=_change_model, args=[presenter, value], name="exchange", daemon=True).start()
    return {}


def _change_model(presenter: Presenter, model: str) -> None:
    with suppress(GuideError):  # the page shows it, from `Assistant.loading_status`
        presenter.assistant.use(model=model)


ACTS: dict[str, Callable[[Presenter, Tab, ActData], PageUpdate]] = {
    "arrive": _arrive,
    "looked": lambda presenter, tab, data: presenter.update_status(tab),
    "new": _begin,
    "private": lambda presenter, tab, data: _begin(presenter, tab, {"private": True}),
    "open": _open,
    "rename": _rename,
    "delete": _delete,
    "delete-all": _delete_all,
    "find": _filter_list,
    "import": _import,
    "export": _export,
    "edit": _edit,
    "unedit": _cancel_edit,
    "rate": _rate,
    "why": _rate,
    "keep": _keep_step,
    "source": _open_source,
    "offline": _open_offline,
    "shut": _close_panel,
    "chat": _show_chat,
    "guide": _show_document,
    "document": _show_document,
    "leaf": _show_document,
    "read": _show_passage,
    "look": _search_guide,
    "check": _show_check,
    "check-stop": _stop_check,
    "plan": _show_plan,
    "step": _change_step,
    "drop": _drop_step,
    "settings": _show_settings,
    "use": _change_setting,
}
"""The act that a button names -> what carries it out."""


def carry_out(presenter: Presenter, tab: Tab, name: str, data: ActData) -> PageUpdate:
    """Carry out an act; if that fails, show a message."""
    try:
        with presenter.assistant.problems.meet("page", "That could not be done"):
            try:
                return ACTS[name](presenter, tab, data)
            except (LookupError, ValueError):  # the page shows something that is no longer there
                return {"told": render_message("That is no longer here. Reload the page to see what is.")}
    except GuideError as error:
        return {"told": render_message(str(error))}
