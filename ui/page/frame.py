"""What surrounds the conversation, as HTML: the sidebar, the header, news, messages, downloads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from assistant.follower import Freshness
from assistant.history.conversation import Summary
from assistant.loading import LoadingStatus
from assistant.settings import Settings, writer_name
from ui.page.markup import escape, render_button, render_data
from ui.page.panel import describe_location, name_computer

PRIVATE = "Private: nothing of this conversation is written down. It is gone when you leave it."

# The sidebar


def render_sidebar_top() -> str:
    """Buttons for a new conversation, and the search box."""
    return (
        '<div class="side-top"><p class="brand">Conversations</p>'
        + render_button("×", "icon only-phone", "Close the list", "close-menu", menu="close")
        + "</div>"
        + render_button("New conversation", "wide primary", identity="new", do="new")
        + render_button("Private conversation", "wide", identity="new-private", do="private")
        + '<label class="unseen" for="find">Search your conversations</label>'
        '<input id="find" type="search" placeholder="Search …" data-type="find" autocomplete="off" dir="auto">'
    )


def render_list(kept: Sequence[Summary], current: str, searched: str, settings: Settings) -> str:
    """The list of conversations, newest first.

    Args:
        current: the id of the one that is open.
        searched: the words that the list is narrowed to.
    """
    if not kept:
        line = "Nothing found." if searched else f"What you ask is kept on {name_computer(settings)} only."
        return f'<p class="quiet">{line}</p>'
    rows = "".join(_render_summary(one, current) for one in kept)
    return f'<ul class="list" aria-label="Conversations">{rows}</ul>'


def _render_summary(one: Summary, current: str) -> str:
    here = ' aria-current="true"' if one.id == current else ""
    opened = (
        f'<button type="button" class="open" id="open-{one.id}" dir="auto"{here}'
        f"{render_data(do='open', id=one.id)}>{escape(one.title)}</button>"
    )
    asking = {"prompt": "A new name for this conversation", "given": one.title}
    sure = {"sure": f"Delete “{one.title}” for good?", "verb": "Delete"}
    rename = render_button("✎", "icon", f"Rename “{one.title}”", f"rename-{one.id}", do="rename", id=one.id, **asking)
    delete = render_button("×", "icon", f"Delete “{one.title}”", f"delete-{one.id}", do="delete", id=one.id, **sure)
    return f"<li>{opened}{rename}{delete}</li>"


def render_links(screen: str, unfinished: int, current: str, status: str) -> str:
    """The bottom of the sidebar: links to the other screens, and the status.

    Args:
        unfinished: how many steps of the plan are not done yet.
        current: the id of the open conversation, which `page.js` writes into the page's address.
    """
    plan = f"My plan ({unfinished})" if unfinished else "My plan"
    rows = (("guide", "The guide"), ("check", "Check a text"), ("plan", plan), ("settings", "Settings"))
    buttons = "".join(
        f'<button type="button" class="link" id="to-{name}"{render_data(do=name)}'
        f"{' aria-current=true' if name == screen else ''}>{text}</button>"
        for name, text in rows
    )
    return f'<div data-open="{current}">{buttons}</div><p class="standing">{escape(status)}</p>'


def describe_status(settings: Settings, freshness: Freshness, ready: bool, caveat: str = "") -> str:
    """Whether the guide is up to date, what words the answers, and what to know about the check."""
    if not ready:
        return "Getting ready …"
    read = "The guide is being read again." if freshness.share is not None else "The guide is up to date."
    read = "Not all of the guide could be read." if freshness.problem else read
    on = f" on the server at {settings.llm_host}" if settings.llm_url else ""
    return f"{read} The answers are worded by {Path(writer_name(settings)).name}{on}. {caveat}".rstrip()


# Above the conversation


def render_header(title: str, settings: Settings) -> str:
    """The title of the guide, the button for the sidebar on a phone, and the badge that says where questions go."""
    menu = (
        '<button type="button" class="icon menu" data-menu="open" id="menu" aria-label="Conversations and more" '
        'aria-expanded="false" aria-controls="aside">☰</button>'
    )
    offline = (
        '<button type="button" class="badge" id="offline" data-do="offline">'
        f'<span class="dot" aria-hidden="true"></span>{escape(describe_location(settings))}</button>'
    )
    named = f'<p class="kicker">A conversation with a guide</p><h1 dir="auto">{escape(title)}</h1>'
    return f'<header class="top">{menu}<div class="title">{named}</div>{offline}</header>'


def render_news(freshness: Freshness, preparing: LoadingStatus | None) -> str:
    """What is being loaded or read, what changed in the guide, what went wrong; empty if there is nothing to say."""
    if preparing and not preparing.problem:
        return _render_progress(preparing.line, preparing.share)
    problem = _render_news_line(preparing.problem, "problem") if preparing else ""
    return problem + _render_freshness(freshness)


def _render_freshness(freshness: Freshness) -> str:
    if freshness.share is not None:
        return _render_progress("The guide has changed and is being read again …", freshness.share)
    when = time.strftime("%H:%M", time.localtime(freshness.when))
    if freshness.problem:
        return _render_news_line(f"{freshness.problem} Answers come from what could be read.", "problem")
    return _render_news_line(f"The guide changed at {when}: {freshness.what}.") if freshness.when else ""


def _render_news_line(line: str, kind: str = "") -> str:
    return f'<p class="news {kind}" role="status">{escape(line)}</p>'


def _render_progress(line: str, share: float | None) -> str:
    value = "" if share is None else f' value="{share:.3f}"'
    percent = "" if share is None else f"<span>{share:.0%}</span>"
    return (
        f'<div class="news"><span>{escape(line)}</span> {percent}'
        f'<progress max="1"{value} aria-label="{escape(line)}"></progress></div>'
    )


def render_change_signal(when: float) -> str:
    """Tells `page.js` to send the act "looked". The text differs each time, so that the browser notices it."""
    return f'<span hidden data-stale="{when}"></span>'


def render_message(line: str) -> str:
    """A line in answer to an act: what could not be done, or that it was done."""
    close = render_button("×", "icon", "Close", "close-told", told="close")
    return f'<p class="told" role="alert">{escape(line)}{close}</p>'


def render_private_notice(settings: Settings) -> str:
    """The line above a private conversation."""
    seen = f" The server at {settings.remote_llm_host} sees it." if settings.remote_llm_host else ""
    if settings.remote_chroma_host:
        seen += f" The server at {settings.remote_chroma_host} gets numbers that stand for what you ask."
    return f'<p class="news private">{PRIVATE}{escape(seen)}</p>'


# Below it


def render_editing(question: str) -> str:
    """The line above the box while an earlier question is edited."""
    cancel = render_button("Cancel", "tool", "", "unedit", do="unedit")
    said = f"<span>Editing “{escape(question[:40])}”: what followed it is replaced.</span>"
    return f'<p class="editing">{said}{cancel}</p>'


def render_download(name: str, media: str, text: str) -> str:
    """A file that `page.js` hands to the person; the server writes nothing to disk."""
    return f"<textarea hidden{render_data(download=name, media=media)}>{escape(text)}</textarea>"
