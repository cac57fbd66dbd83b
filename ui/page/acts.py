"""What a person may do apart from asking: each act by its name in the page's buttons, see `page.js`.

An act gets the tab and what went with it, and gives the pieces of the page that change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any, TypeAlias

from assistant.errors import ConversationError, GuideError
from assistant.history.conversation import Conversation
from assistant.history.export import conversation_json, conversation_markdown, plan_calendar, plan_markdown
from assistant.models import installed
from ui.page import places
from ui.page.desk import Desk, Shown
from ui.page.tab import Sitting, Tab

LEAF = 40
"""Passages of the guide shown at once."""

Sent: TypeAlias = Mapping[str, Any]
"""What goes with an act."""


def _arrive(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """A page was opened, perhaps again at a conversation."""
    tab.seen = desk.look()
    kept = desk.conversations.read(str(sent.get("id", "")))
    if kept:
        tab.sit(_sitting(kept))
    problem, desk.problem = desk.problem, ""
    told = {"told": places.told(problem)} if problem else {}
    news = {"news": places.news(tab.seen.freshness, tab.seen.preparing)}
    return {**desk.sat(tab), **desk.titled(), **news, **told}


def _new(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.sit(Sitting(private="private" in sent))
    return desk.sat(tab)


def _open(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    kept = desk.conversations.read(str(sent["id"]))
    if kept is None:
        return {**desk.around(tab), "told": places.told("That conversation is no longer here.")}
    if kept.id != tab.sitting.id or not tab.sitting.writing:
        tab.sit(_sitting(kept))
    tab.view = "chat"
    return desk.sat(tab)


def _rename(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    desk.conversations.rename(str(sent["id"]), str(sent["text"]))
    return desk.around(tab)


def _delete(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    identity = str(sent.get("id") or tab.sitting.id)
    if identity == tab.sitting.id:
        tab.sitting.gone = True
        tab.sit(Sitting())
    if identity:
        desk.conversations.delete(identity)
    return desk.sat(tab)


def _delete_all(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.sitting.gone = True
    tab.sit(Sitting())
    desk.conversations.delete_all()
    return desk.sat(tab)


def _find(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.searched = str(sent["text"])
    return desk.around(tab)


def _edit(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    sitting, place = tab.sitting, int(sent["place"])
    if sitting.writing or place >= len(sitting.turns):
        return {}
    sitting.editing = place
    question = sitting.turns[place].question
    return {"box": question, "editing": places.editing(question)}


def _unedit(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.sitting.editing = None
    return {"box": "", "editing": ""}


def _rate(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """Helpful or not, and a word why; the same said again is taken back."""
    sitting, place = tab.sitting, int(sent["place"])
    turn = sitting.turns[place]
    given = {"true": True, "false": False}.get(str(sent.get("helpful", "")).lower())
    helpful = turn.helpful if "why" in sent else (None if given == turn.helpful else given)
    why = str(sent.get("why", turn.why)) if helpful is not None else ""
    desk.conversations.rate(sitting.id, place, helpful, why)
    sitting.turns[place] = replace(turn, helpful=helpful, why=why)
    return desk.conversation(tab)


def _keep(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """Keep a next step in the plan."""
    _, place, number = str(sent["key"]).split("-")
    desk.plan.keep(desk.standing(tab.sitting, int(place)).next_steps[int(number)])
    return {**desk.conversation(tab), **desk.around(tab)}


def _source(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.opened = str(sent["key"])
    return desk.opened(tab)


def _shut(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.opened = ""
    return {"side": ""}


def _offline(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.opened = "offline"
    return desk.opened(tab)


def _talk(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    tab.view = "chat"
    return {**desk.moved(tab), **desk.conversation(tab)}


def _guide(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """A document from a passage on: the one named, or the first."""
    documents = desk.assistant.documents()
    title = desk.assistant.title
    main = next((one.source for one in documents if one.title == title), "")
    named = str(sent.get("source") or main)
    shown = desk.assistant.extract(named, int(sent.get("first", 0)), LEAF)
    return desk.placed(tab, "guide", places.guide(documents, shown))


def _read(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """The guide, at a passage."""
    named, start = str(sent["source"]), int(sent["start"])
    documents = desk.assistant.documents()
    shown = desk.assistant.around(named, start, LEAF // 4, LEAF)
    here = next((part.number for part in shown.parts if part.passage.start == start), -1) if shown else -1
    tab.opened = ""
    return {**desk.placed(tab, "guide", places.guide(documents, shown, here)), "side": ""}


def _search(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    asked = str(sent["asked"]).strip()
    if not asked:
        return _guide(desk, tab, {})
    found = desk.assistant.search(asked, 10)
    return desk.placed(tab, "guide", places.found(desk.assistant.documents(), asked, found))


def _planned(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    return desk.placed(tab, "plan", places.plan(desk.plan.steps()))


def _changed(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """A step was ticked, or its note or date written."""
    value = str(sent["value"])
    given: dict[str, Any] = {str(sent["field"]): value == "true" if sent["field"] == "done" else value}
    desk.plan.change(str(sent["id"]), **given)
    return {**desk.around(tab), "told": ""}


def _dropped(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    desk.plan.drop(str(sent["id"]))
    return _planned(desk, tab, sent)


def _export(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    title, kind, sitting = desk.assistant.title, str(sent["file"]), tab.sitting
    if kind.startswith("conversation") and not sitting.turns:
        raise ConversationError("There is nothing to export yet", "Ask something first.")
    written: dict[str, tuple[str, Callable[[], str]]] = {
        "conversation.md": ("text/markdown", lambda: conversation_markdown(_whole(desk, sitting), title)),
        "conversation.json": ("application/json", lambda: conversation_json(_whole(desk, sitting))),
        "plan.md": ("text/markdown", lambda: plan_markdown(desk.plan.steps(), title)),
        "plan.ics": ("text/calendar", lambda: plan_calendar(desk.plan.steps(), title).decode()),
    }
    media, write = written[kind]
    return {"file": places.download(f"{places.today()}-{kind}", media, write())}


def _whole(desk: Desk, sitting: Sitting) -> Conversation:
    """The conversation as it is kept, or as it is open if it is private."""
    return (desk.conversations.read(sitting.id) if sitting.id else None) or sitting.whole


def _import(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    return _open(desk, tab, {"id": desk.conversations.bring(str(sent["text"]))})


def _settings(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    chosen, kept = desk.assistant.settings, len(desk.conversations.list(most=10**6))
    passages = sum(document.parts for document in desk.assistant.documents()) if desk.assistant.ready else 0
    stands = f"{passages} passages. {desk.stands()}"
    return desk.placed(tab, "settings", places.settings(chosen, installed.states(chosen), stands, kept))


def _use(desk: Desk, tab: Tab, sent: Sent) -> Shown:
    """Another model, fetched if need be, which takes its time; or another length, at once."""
    changes = {str(sent["field"]): str(sent["value"])}
    if "model" not in changes:
        desk.assistant.use(**changes)
        return {"told": ""}
    Thread(target=_exchange, args=[desk, changes["model"]], name="exchange", daemon=True).start()
    return {}


def _exchange(desk: Desk, model: str) -> None:
    with suppress(GuideError):  # said by `Assistant.preparing`, which the page looks at
        desk.assistant.use(model=model)


def _sitting(kept: Conversation) -> Sitting:
    return Sitting(identity=kept.id, turns=kept.turns)


ACTS: dict[str, Callable[[Desk, Tab, Sent], Shown]] = {
    "arrive": _arrive,
    "looked": lambda desk, tab, sent: desk.looked(tab),
    "new": _new,
    "private": lambda desk, tab, sent: _new(desk, tab, {"private": True}),
    "open": _open,
    "rename": _rename,
    "delete": _delete,
    "delete-all": _delete_all,
    "find": _find,
    "edit": _edit,
    "unedit": _unedit,
    "rate": _rate,
    "why": _rate,
    "keep": _keep,
    "source": _source,
    "shut": _shut,
    "offline": _offline,
    "chat": _talk,
    "guide": _guide,
    "document": _guide,
    "leaf": _guide,
    "read": _read,
    "look": _search,
    "plan": _planned,
    "step": _changed,
    "drop": _dropped,
    "export": _export,
    "import": _import,
    "settings": _settings,
    "use": _use,
}
"""What a button of the page may name -> what is done."""


def act(desk: Desk, tab: Tab, name: str, sent: Sent) -> Shown:
    """Carry out an act; what cannot be done is said on the page."""
    try:
        return ACTS[name](desk, tab, sent)
    except GuideError as error:
        return {"told": places.told(str(error))}
    except LookupError:  # a button of a page that is no longer as things are
        return {"told": places.told("That is no longer here. Reload the page to see what is.")}
