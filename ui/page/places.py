"""What is around a conversation, as HTML: the list, an open source, the guide, the plan, the settings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assistant.contents import Extract, Listed, Part
from assistant.guide import State as Freshness
from assistant.history.conversation import Summary
from assistant.history.plan import KeptStep
from assistant.loading import LoadingStatus
from assistant.models.installed import State as ModelState
from assistant.records import Passage, Span
from assistant.settings import Settings, wording_name
from ui.page.view import CHANGED, ask, button, data, escaped, highlighted, paragraphs

PRIVATE = "Private: nothing of this conversation is written down. It is gone when you leave it."


def sidebar() -> str:
    """The top of the side: begin anew, and look for a conversation."""
    return (
        '<div class="side-top"><p class="brand">Conversations</p>'
        + button("×", "icon only-phone", "Close the list", "close-menu", menu="close")
        + "</div>"
        + button("New conversation", "wide primary", identity="new", do="new")
        + button("Private conversation", "wide", identity="new-private", do="private")
        + '<label class="unseen" for="find">Search your conversations</label>'
        '<input id="find" type="search" placeholder="Search …" data-type="find" autocomplete="off" dir="auto">'
    )


def conversations(kept: Sequence[Summary], current: str, searched: str) -> str:
    """The list of conversations, newest first."""
    if not kept:
        line = "Nothing found." if searched else "What you ask is kept here, on this computer only."
        return f'<p class="quiet">{line}</p>'
    return f'<ul class="list" aria-label="Conversations">{"".join(_listed(one, current) for one in kept)}</ul>'


def _listed(one: Summary, current: str) -> str:
    here = ' aria-current="true"' if one.id == current else ""
    opened = (
        f'<button type="button" class="open" id="open-{one.id}" dir="auto"{here}'
        f"{data(do='open', id=one.id)}>{escaped(one.title)}</button>"
    )
    asking = {"prompt": "A new name for this conversation", "given": one.title}
    sure = {"sure": f"Delete “{one.title}” for good?", "verb": "Delete"}
    rename = button("✎", "icon", f"Rename “{one.title}”", f"rename-{one.id}", do="rename", id=one.id, **asking)
    delete = button("×", "icon", f"Delete “{one.title}”", f"delete-{one.id}", do="delete", id=one.id, **sure)
    return f"<li>{opened}{rename}{delete}</li>"


def standing(chosen: Settings, freshness: Freshness, ready: bool) -> str:
    """How the guide and the model stand, in a line."""
    if not ready:
        return "Getting ready …"
    read = "The guide is being read again." if freshness.share is not None else "The guide is up to date."
    read = "Not all of the guide could be read." if freshness.problem else read
    on = f" on the server at {chosen.llm_host}" if chosen.llm_url else ""
    return f"{read} The answers are worded by {Path(wording_name(chosen)).name}{on}."


def links(view: str, planned: int, current: str, line: str) -> str:
    """The bottom of the side: the other places, how things stand; and, for the page's address, what is open."""
    plan = f"My plan ({planned})" if planned else "My plan"
    rows = (("guide", "The guide"), ("plan", plan), ("settings", "Settings"))
    buttons = "".join(
        f'<button type="button" class="link" id="to-{name}"{data(do=name)}'
        f"{' aria-current=true' if name == view else ''}>{text}</button>"
        for name, text in rows
    )
    return f'<div data-open="{current}">{buttons}</div><p class="standing">{escaped(line)}</p>'


def header(title: str, settings: Settings) -> str:
    """What this page is, above everything."""
    badge = f"Asks {settings.elsewhere}" if settings.elsewhere else _here(settings)
    menu = (
        '<button type="button" class="icon menu" data-menu="open" id="menu" aria-label="Conversations and more" '
        'aria-expanded="false" aria-controls="aside">☰</button>'
    )
    offline = (
        '<button type="button" class="badge" id="offline" data-do="offline">'
        f'<span class="dot" aria-hidden="true"></span>{escaped(badge)}</button>'
    )
    named = f'<p class="kicker">A conversation with a guide</p><h1 dir="auto">{escaped(title)}</h1>'
    return f'<header class="top">{menu}<div class="title">{named}</div>{offline}</header>'


def news(freshness: Freshness, preparing: LoadingStatus | None) -> str:
    """How the guide and the models stand, if there is anything to say of it."""
    if preparing and not preparing.problem:
        return _progress(preparing.line, preparing.share)
    problem = _news(preparing.problem, "problem") if preparing else ""
    return problem + _fresh(freshness)


def _fresh(freshness: Freshness) -> str:
    if freshness.share is not None:
        return _progress("The guide has changed and is being read again …", freshness.share)
    when = time.strftime("%H:%M", time.localtime(freshness.when))
    if freshness.problem:
        return _news(f"{freshness.problem} Answers come from what could be read.", "problem")
    return _news(f"The guide changed at {when}: {freshness.what}.") if freshness.when else ""


def _news(line: str, kind: str = "") -> str:
    return f'<p class="news {kind}" role="status">{escaped(line)}</p>'


def _progress(line: str, share: float | None) -> str:
    value = "" if share is None else f' value="{share:.3f}"'
    percent = "" if share is None else f"<span>{share:.0%}</span>"
    return (
        f'<div class="news"><span>{escaped(line)}</span> {percent}'
        f'<progress max="1"{value} aria-label="{escaped(line)}"></progress></div>'
    )


def stale(when: float) -> str:
    """Asks `page.js` to look again; each time another text, so that it is noticed."""
    return f'<span hidden data-stale="{when}"></span>'


def private(settings: Settings) -> str:
    """Above a private conversation."""
    seen = f" The server at {settings.elsewhere} sees it." if settings.elsewhere else ""
    return f'<p class="news private">{PRIVATE}{escaped(seen)}</p>'


def welcome(topics: Sequence[str]) -> str:
    """The empty page: what this is, what it is not, and where to start."""
    starters = "".join(ask(topic, "starter") for topic in topics)
    group = f'<div class="starters" role="group" aria-label="Questions to start with">{starters}</div>'
    return (
        '<section class="welcome"><h2>What is on your mind?</h2>'
        "<p>Ask in your own words. Every sentence of an answer is checked against the guide and shows you where it "
        "says so. What the guide does not cover, I will not make up.</p>"
        '<p class="quiet">I am a program, not a person, and I know nothing but this guide.</p>'
        f"{group if topics else ''}</section>"
    )


def editing(question: str) -> str:
    """Above the box while an earlier question is edited."""
    cancel = button("Cancel", "tool", "", "unedit", do="unedit")
    return (
        f'<p class="editing"><span>Editing “{escaped(question[:40])}”: what followed it is replaced.</span>{cancel}</p>'
    )


# A source, opened


@dataclass(frozen=True, slots=True)
class Source:
    """What an opened citation shows."""

    passage: Passage
    spans: tuple[Span, ...]
    extract: Extract | None
    """The passage with its neighbours; None if its document is gone."""


def source(opened: Source) -> str:
    """A passage in its place in the guide, its sentences highlighted; old and new if the guide has changed."""
    passage = opened.passage
    page = next((span.page for span in opened.spans), passage.page)
    where = f"{passage.source}, page {page}" if page else passage.source
    number = f"Source {passage.number} · " if passage.number else ""
    on = data(do="read", source=passage.source, start=passage.start)
    read = f'<button type="button" class="tool" id="read-on"{on}>Read on in the guide</button>'
    body = _then_and_now(opened) + (read if opened.extract else "")
    return panel(f"{number}{where}", passage.heading, body)


def panel(kicker: str, heading: str, body: str) -> str:
    """What stands at the side: a drawer on a phone."""
    return (
        f'<section class="panel" aria-labelledby="panel-heading"><div class="panel-top">'
        f'<p class="kicker">{escaped(kicker)}</p>{button("×", "icon", "Close", "close-panel", do="shut")}</div>'
        f'<h2 id="panel-heading" tabindex="-1" dir="auto">{escaped(heading)}</h2>{body}</section>'
    )


def _then_and_now(opened: Source) -> str:
    passage = opened.passage
    if passage.now is None and opened.extract:
        return "".join(_near(part, opened) for part in opened.extract.parts)
    then = f'<div class="passage raw here">{highlighted(passage, opened.spans)}</div>'
    if passage.now is None:
        return then
    text = paragraphs(escaped(passage.now)) if passage.now else "<p>Nothing any more.</p>"
    now = f'<div class="passage raw">{text}</div>'
    return f'<p class="since">{CHANGED}.</p><h3>It said then</h3>{then}<h3>It says there now</h3>{now}'


def _near(part: Part, opened: Source) -> str:
    """A neighbour under its heading, or the passage itself."""
    if part.passage.start == opened.passage.start:
        return f'<div class="passage here" data-here="1">{_read(part, opened.spans)}</div>'
    apart = part.passage.heading != opened.passage.heading
    heading = f'<h3 dir="auto">{escaped(part.headings[-1])}</h3>' if apart else ""
    return f'<div class="passage near">{heading}{_read(part)}</div>'


def _read(part: Part, spans: Sequence[Span] = ()) -> str:
    """A passage as it reads, without its file's markup; the cited sentences marked."""
    marked, text = {span.start for span in spans}, ""
    for piece in part.pieces:
        said = f"<mark>{escaped(piece.text)}</mark>" if piece.start in marked else escaped(piece.text)
        numbered = piece.lead == "item" and piece.text[:1].isdigit()
        text += _LEADS["numbered" if numbered else piece.lead] + said
    return f"{text.removeprefix('</p>')}</p>"


_LEADS = {
    "": " ",
    "line": "<br>",
    "paragraph": '</p><p dir="auto">',
    "item": '</p><p class="item" dir="auto">',
    "numbered": '</p><p class="item numbered" dir="auto">',
}


def _here(settings: Settings) -> str:
    """Where questions stay."""
    return "On this computer only" if settings.loopback else "On its server only"


def offline(settings: Settings) -> str:
    """What "on this computer only" means, and how to check it."""
    reach = (
        "This page can be opened on this computer only."
        if settings.loopback
        else f"This page is served at {settings.origin or settings.host}: whoever reaches that address can ask here "
        "and read all that is kept, every conversation too."
    )
    if settings.elsewhere:
        return panel("Online", "What leaves this computer", _leaves(settings, reach))
    model, words = "The language model, the guide", "What you ask is answered here; nothing is sent anywhere."
    if settings.llm_url:
        model = "The guide"
        words = f"What you ask goes to the chat server on this computer, {settings.llm_host}, and nowhere else."
    return panel(
        "Offline",
        _here(settings),
        f"<p>{model} and your conversations are files on this computer. {escaped(words)}</p>"
        f"<p>{escaped(reach)} Only fetching a model opens a connection, and only when you ask for one.</p>"
        "<h3>Check it yourself</h3><ul><li>Switch off your network and ask something.</li>"
        "<li>Open your browser’s developer tools, tab Network: every address is this computer’s own.</li>"
        "<li>Watch the program’s connections with the tools of your system.</li></ul>"
        f'<h3>Where it is</h3><p class="path">{escaped(str(settings.home))}</p>'
        '<p class="quiet">Delete that folder, and nothing of it is left.</p>',
    )


def _leaves(settings: Settings, reach: str) -> str:
    """What goes to a chat server on another machine, and what does not."""
    return (
        f"<p>The answers are worded by a server on another machine, <b>{escaped(settings.llm_host)}</b>. Each time you "
        "ask, your question, the one before it and the passages of the guide that bear on it leave this computer and "
        "go there; the words that come back are checked there too. Whoever runs that server can read all this.</p>"
        "<p>The search in the guide is done here, and your conversations and your plan are files on this computer. "
        "Nothing is sent anywhere else.</p>"
        f"<p>{escaped(reach)}</p>"
        f'<h3>Where it is</h3><p class="path">{escaped(str(settings.home))}</p>'
    )


# The guide


def guide(documents: Sequence[Listed], shown: Extract | None, here: int = -1) -> str:
    """The whole guide to read and search: a document at a time.

    Args:
        here: the number of the passage to start reading at; -1 for the top.
    """
    body = _document(shown, here) if shown else '<p class="quiet">There is nothing to read.</p>'
    return f"{_guide_top(documents, shown)}{body}"


def found(documents: Sequence[Listed], asked: str, passages: Sequence[Passage]) -> str:
    """What a search of the guide found, nearest first."""
    rows = "".join(
        f'<li><button type="button" class="card" dir="auto"{data(do="read", source=p.source, start=p.start)}>'
        f"<b>{escaped(p.heading)}</b><span>{escaped(_short(p.text))}</span></button></li>"
        for p in passages
    )
    return f'{_guide_top(documents, None, asked)}<ul class="found" aria-label="Found">{rows}</ul>'


def _guide_top(documents: Sequence[Listed], shown: Extract | None, asked: str = "") -> str:
    current = shown.document.source if shown else ""
    listed = "".join(
        f'<li><button type="button" class="link" dir="auto"{data(do="document", source=one.source)}'
        f"{' aria-current=true' if one.source == current else ''}>{escaped(one.title)}</button></li>"
        for one in documents
    )
    several = f'<nav class="documents" aria-label="Documents"><ul>{listed}</ul></nav>' if len(documents) > 1 else ""
    return (
        f"{_top('The guide')}"
        '<form class="search" role="search" data-do="look"><label class="unseen" for="look">Search the guide</label>'
        f'<input id="look" name="asked" type="search" dir="auto" maxlength="400" value="{escaped(asked)}" '
        'placeholder="Search the guide …" autocomplete="off"><button class="tool">Search</button></form>'
        f"{several}"
    )


def _document(shown: Extract, here: int) -> str:
    one, parts = shown.document, []
    headings: tuple[str, ...] = ()
    for part in shown.parts:
        fresh = "".join(
            f'<h{min(depth + 4, 6)} dir="auto">{escaped(text)}</h{min(depth + 4, 6)}>'
            for depth, text in enumerate(part.headings)
            if part.headings[: depth + 1] != headings[: depth + 1] and text != one.title
        )
        headings = part.headings
        mark = ' data-here="1" tabindex="-1"' if part.number == here else ""
        parts.append(f'{fresh}<div class="passage"{mark}>{_read(part)}</div>')
    first = shown.parts[0].number if shown.parts else 0
    last = shown.parts[-1].number + 1 if shown.parts else 0
    before = _turning("Earlier", one, max(0, first - len(shown.parts))) if first else ""
    after = _turning("Read on", one, last) if last < one.parts else ""
    return f'<article class="reading"><h3 dir="auto">{escaped(one.title)}</h3>{before}{"".join(parts)}{after}</article>'


def _turning(text: str, document: Listed, first: int) -> str:
    return button(text, "tool", "", f"turn-{first}", do="leaf", source=document.source, first=first)


def _short(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rpartition(" ")[0] + " …"


# The plan


def plan(steps: Sequence[KeptStep]) -> str:
    """The steps that the person keeps."""
    top = _top("My plan")
    if not steps:
        return f'{top}<p class="quiet">Next steps that you keep stand here, with room for a note and a date.</p>'
    export = button("As Markdown", "tool", "", "plan-markdown", do="export", file="plan.md")
    export += button("As calendar file", "tool", "", "plan-calendar", do="export", file="plan.ics")
    return f'{top}<ul class="plan">{"".join(map(_kept, steps))}</ul><div class="after">{export}</div>'


def _kept(step: KeptStep) -> str:
    sent = {"change": "step", "id": step.id}
    due = step.due.isoformat() if step.due else ""
    text, name = escaped(step.text), f"done-{step.id}"
    where = f"Where the guide says so: {step.passage.heading}"
    drop = {"do": "drop", "id": step.id, "sure": "Take this step out of your plan?", "verb": "Take out"}
    return (
        f'<li><div class="step-top"><input type="checkbox" id="{name}"{" checked" if step.done else ""}'
        f'{data(field="done", **sent)}><label for="{name}" dir="auto">{text}</label>'
        f"{button('§', 'chip', where, f'kept-{step.id}', do='source', key=f'kept-{step.id}')}</div>"
        f'<div class="step-rest"><label>By <input type="date" value="{due}"{data(field="due", **sent)} '
        f'aria-label="By when: {text}"></label>'
        f'<textarea rows="1" dir="auto" maxlength="2000" placeholder="A note …" aria-label="Note: {text}"'
        f"{data(field='note', **sent)}>{escaped(step.note)}</textarea>"
        f"{button('×', 'icon', f'Take out: {step.text}', f'drop-{step.id}', **drop)}</div></li>"
    )


# The settings


def settings(chosen: Settings, models: Iterable[ModelState], chunks: str, kept: int) -> str:
    """What can be changed, and how things stand."""
    return (
        f'{_top("Settings")}<div class="settings">'
        f"{_model(chosen, models)}{_lengths(chosen)}{_sizes()}{_yours(kept)}"
        f"<section><h3>How things stand</h3><p>{escaped(chunks)}</p>"
        f'<p class="path">Texts: {escaped(str(chosen.corpus))}</p>'
        f'<p class="path">Models, index and conversations: {escaped(str(chosen.home))}</p></section></div>'
    )


def _model(chosen: Settings, models: Iterable[ModelState]) -> str:
    if chosen.llm_url:
        return (
            "<section><h3>Language model</h3>"
            f"<p>{escaped(wording_name(chosen))}, on the server at {escaped(chosen.llm_host)}.</p></section>"
        )
    chat = [one for one in models if one.model.role == "chat"]
    names = {one.model.name for one in chat}
    sure = "Change the language model? One that is not here is fetched first."
    own = "" if chosen.model in names else f"<option selected>{escaped(chosen.model)}</option>"
    options = own + "".join(
        f'<option value="{escaped(one.model.name)}"{" selected" if one.model.name == chosen.model else ""}>'
        f"{escaped(_about(one))}</option>"
        for one in chat
    )
    return (
        '<section><h3><label for="model">Language model</label></h3>'
        f'<select id="model"{data(change="use", field="model", sure=sure, verb="Change")}>{options}</select>'
        '<p class="quiet">A larger one words answers better and is slower. '
        "The guide is checked all the same.</p></section>"
    )


def _about(one: ModelState) -> str:
    where = "here" if one.here else "to be fetched"
    large = ", too large for this computer" if one.fits is False else ""
    return f"{one.model.name} ({one.model.bytes / 1e9:.1f} GB, {where}{large})"


def _lengths(chosen: Settings) -> str:
    rows = (("short", "Short"), ("normal", "Normal"), ("long", "Long"))
    return _radios("Length of answers", "length", rows, chosen.length, "change", "use")


def _sizes() -> str:
    rows = (("100", "Normal"), ("125", "Large"), ("150", "Larger"), ("200", "Largest"))
    return _radios("Size of the text", "size", rows, "100", "size", "1")


def _radios(title: str, name: str, rows: Sequence[tuple[str, str]], chosen: str, act: str, value: str) -> str:
    radios = "".join(
        f'<label><input type="radio" name="{name}" value="{key}"{" checked" if key == chosen else ""}'
        f"{data(**{act: value, 'field': name})}> {text}</label>"
        for key, text in rows
    )
    return f'<fieldset class="radios"><legend>{title}</legend>{radios}</fieldset>'


def _yours(kept: int) -> str:
    sure = f"Delete all {kept} conversations for good? Your plan stays."
    delete = {"do": "delete-all", "sure": sure, "verb": "Delete all"}
    return (
        '<section><h3>Your conversations</h3><div class="after">'
        + button("This one as Markdown", "tool", "", "export-markdown", do="export", file="conversation.md")
        + button("This one as JSON", "tool", "", "export-json", do="export", file="conversation.json")
        + '<label class="tool file">Import JSON'
        '<input type="file" accept=".json,application/json" data-import="1"></label>'
        + (button("Delete all", "tool danger", "", "delete-all", **delete) if kept else "")
        + f'</div><p class="quiet">{kept} kept, on this computer only.</p></section>'
    )


def _top(title: str) -> str:
    back = button("Back to the conversation", "tool", "", "back", do="chat")
    return f'<div class="place-top"><h2 id="place-heading" tabindex="-1">{title}</h2>{back}</div>'


def download(name: str, media: str, text: str) -> str:
    """A file for the person, which the page hands over; nothing is written on the way."""
    return f"<textarea hidden{data(download=name, media=media)}>{escaped(text)}</textarea>"


def told(line: str) -> str:
    """A line that answers an act: what could not be done, or that it was."""
    return f'<p class="told" role="alert">{escaped(line)}{button("×", "icon", "Close", "close-told", told="close")}</p>'


def today() -> str:
    """For file names."""
    return date.today().isoformat()
