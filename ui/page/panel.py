"""The panel at the side, as HTML: an opened source, or what "on this computer only" means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.contents import Extract, PlacedPassage
from assistant.records import Passage, Span
from assistant.settings import NO_READER, Settings
from ui.page.markup import escape, highlight, render_button, render_data, split_paragraphs

CHANGED = "The guide has changed since"


def render_panel(kicker: str, heading: str, body: str) -> str:
    """A panel; on a phone it is a drawer."""
    return (
        f'<section class="panel" aria-labelledby="panel-heading"><div class="panel-top">'
        f'<p class="kicker">{escape(kicker)}</p>{render_button("×", "icon", "Close", "close-panel", do="shut")}</div>'
        f'<h2 id="panel-heading" tabindex="-1" dir="auto">{escape(heading)}</h2>{body}</section>'
    )


# An opened source


@dataclass(frozen=True, slots=True)
class Source:
    """What an opened citation shows."""

    passage: Passage
    spans: tuple[Span, ...]
    extract: Extract | None
    """The passage with its neighbours; None if the guide no longer has it or says something else."""


def render_source(source: Source) -> str:
    """A passage among its neighbours, the cited sentences marked; if the guide has changed, the old and new text."""
    passage = source.passage
    page = next((span.page for span in source.spans), passage.page)
    where = f"{passage.source}, page {page}" if page else passage.source
    number = f"Source {passage.number} · " if passage.number else ""
    on = render_data(do="read", source=passage.source, start=passage.start)
    read = f'<button type="button" class="tool" id="read-on"{on}>Read on in the guide</button>'
    body = _render_source_text(source) + (read if source.extract else "")
    return render_panel(f"{number}{where}", passage.heading, body)


def _render_source_text(source: Source) -> str:
    passage = source.passage
    if passage.now is None and source.extract:
        return "".join(_render_neighbour(part, source) for part in source.extract.parts)
    then = f'<div class="passage raw here">{highlight(passage, source.spans)}</div>'
    if passage.now is None:
        return then
    text = split_paragraphs(escape(passage.now)) if passage.now else "<p>Nothing any more.</p>"
    now = f'<div class="passage raw">{text}</div>'
    return f'<p class="since">{CHANGED}.</p><h3>It said then</h3>{then}<h3>It says there now</h3>{now}'


def _render_neighbour(part: PlacedPassage, source: Source) -> str:
    """The passage itself, or a neighbour; under a heading if that differs from the passage's."""
    if part.passage.start == source.passage.start:
        return f'<div class="passage here" data-here="1">{render_passage(part, source.spans)}</div>'
    apart = part.passage.heading != source.passage.heading
    heading = f'<h3 dir="auto">{escape(part.headings[-1])}</h3>' if apart else ""
    return f'<div class="passage near">{heading}{render_passage(part)}</div>'


def render_passage(part: PlacedPassage, spans: Sequence[Span] = ()) -> str:
    """A passage for reading, without the markup of its file; the sentences of these spans are marked."""
    marked, text = {span.start for span in spans}, ""
    for piece in part.pieces:
        said = f"<mark>{escape(piece.text)}</mark>" if piece.start in marked else escape(piece.text)
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
"""How a sentence follows the one before -> the HTML between them."""


# What leaves this computer


def describe_location(settings: Settings) -> str:
    """Where questions stay, or which other machine they go to."""
    if settings.remote_llm_host:
        return f"Asks {settings.remote_llm_host}"
    if settings.remote_chroma_host:
        return f"Searches on {settings.remote_chroma_host}"
    return "On this computer only" if settings.loopback else "On its server only"


def name_computer(settings: Settings) -> str:
    """What to call the machine that serves the page, since the page may be open on another one."""
    return "this computer" if settings.loopback else "the computer that serves this page"


def render_offline(settings: Settings) -> str:
    """What "on this computer only" means and how to check it; or what leaves this computer."""
    here = name_computer(settings)
    reach = (
        "This page can be opened on this computer only."
        if settings.loopback
        else f"This page is served at {settings.origin or settings.host}: whoever reaches that address can ask here "
        "and read all that is kept, every conversation too."
    )
    if settings.remote_llm_host or settings.remote_chroma_host:
        return render_panel("Online", f"What leaves {here}", _render_online(settings, reach))
    model, words = "The language model, the guide", "What you ask is answered here; nothing is sent anywhere."
    if not settings.loopback:
        words = f"What you ask goes to {here}, is answered there, and is sent nowhere else."
    if settings.llm_url:
        model = "The guide"
        words = f"What you ask goes to the chat server on {here}, {settings.llm_host}, and nowhere else."
    off = "<li>Switch off your network and ask something.</li>" if settings.loopback else ""
    own = "this computer’s own" if settings.loopback else "that of this page"
    return render_panel(
        "Offline",
        describe_location(settings),
        f"<p>{model} and your conversations are files on {here}. {escape(words)}</p>"
        f"<p>{escape(reach)} Only fetching a model opens a connection, and only when you ask for one.</p>"
        f"<h3>Check it yourself</h3><ul>{off}"
        f"<li>Open your browser’s developer tools, tab Network: every address is {own}.</li>"
        "<li>Watch the program’s connections with the tools of your system.</li></ul>"
        f'<h3>Where it is</h3><p class="path">{escape(str(settings.home))}</p>'
        '<p class="quiet">Delete that folder, and nothing of it is left.</p>',
    )


def _render_online(settings: Settings, reach: str) -> str:
    """What goes to a chat or Chroma server on another machine, and what does not."""
    here = name_computer(settings)
    checked = "there too" if settings.reader == NO_READER else "here"
    words = (
        f"<p>The answers are worded by a server on another machine, <b>{escape(settings.llm_host)}</b>. Each time you "
        f"ask, your question, the one before it and the passages of the guide that bear on it leave {here} and "
        f"go there; the words that come back are checked {checked}. Whoever runs that server can read all this.</p>"
    )
    index = (
        f"<p>The index lies on another machine, <b>{escape(settings.remote_chroma_host)}</b>. The texts of the guide "
        "go there, and for each question the numbers that stand for its meaning. Whoever runs that server can read the "
        "texts, and guess what is asked about.</p>"
    )
    kept = "your conversations and your plan are files"
    rest = kept.capitalize() if settings.remote_chroma_host else f"The search in the guide is done here, and {kept}"
    return (
        (words if settings.remote_llm_host else "")
        + (index if settings.remote_chroma_host else "")
        + f"<p>{rest} on {here}. Nothing else is sent to another machine.</p>"
        f"<p>{escape(reach)}</p>"
        f'<h3>Where it is</h3><p class="path">{escape(str(settings.home))}</p>'
    )
