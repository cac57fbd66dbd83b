"""The guide to read and to search, as HTML: one document at a time."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.contents import Extract, ListedDocument
from assistant.records import Passage
from ui.page.markup import escape, render_button, render_data, render_screen_top
from ui.page.panel import render_passage


def render_guide(documents: Sequence[ListedDocument], extract: Extract | None, here: int = -1) -> str:
    """The list of documents, and a stretch of one.

    Args:
        here: the number of the passage to start reading at; -1 for the top.
    """
    body = _render_extract(extract, here) if extract else '<p class="quiet">There is nothing to read.</p>'
    return f"{_render_top(documents, extract)}{body}"


def render_search(documents: Sequence[ListedDocument], query: str, passages: Sequence[Passage]) -> str:
    """The passages that a search found, nearest first."""
    rows = "".join(
        f'<li><button type="button" class="card" dir="auto"{render_data(do="read", source=p.source, start=p.start)}>'
        f"<b>{escape(p.heading)}</b><span>{escape(_shorten(p.text))}</span></button></li>"
        for p in passages
    )
    return f'{_render_top(documents, None, query)}<ul class="found" aria-label="Found">{rows}</ul>'


def _render_top(documents: Sequence[ListedDocument], extract: Extract | None, query: str = "") -> str:
    """The heading, the search box, and the list of documents if there are several."""
    current = extract.document.source if extract else ""
    listed = "".join(
        f'<li><button type="button" class="link" dir="auto"{render_data(do="document", source=one.source)}'
        f"{' aria-current=true' if one.source == current else ''}>{escape(one.title)}</button>"
        f"{' <small>Not all of it is here</small>' if one.is_lacking else ''}</li>"
        for one in documents
    )
    several = f'<nav class="documents" aria-label="Documents"><ul>{listed}</ul></nav>' if len(documents) > 1 else ""
    return (
        f"{render_screen_top('The guide')}"
        '<form class="search" role="search" data-do="look"><label class="unseen" for="look">Search the guide</label>'
        f'<input id="look" name="asked" type="search" dir="auto" maxlength="400" value="{escape(query)}" '
        'placeholder="Search the guide …" autocomplete="off"><button class="tool">Search</button></form>'
        f"{several}"
    )


def _render_extract(extract: Extract, here: int) -> str:
    """Passages, with headings where a section begins, and buttons for what comes before and after."""
    document, rendered = extract.document, []
    headings: tuple[str, ...] = ()
    for part in extract.parts:
        begun = "".join(
            f'<h{min(depth + 4, 6)} dir="auto">{escape(text)}</h{min(depth + 4, 6)}>'
            for depth, text in enumerate(part.headings)
            if part.headings[: depth + 1] != headings[: depth + 1] and text != document.title
        )
        headings = part.headings
        mark = ' data-here="1" tabindex="-1"' if part.number == here else ""
        rendered.append(f'{begun}<div class="passage"{mark}>{render_passage(part)}</div>')
    first = extract.parts[0].number if extract.parts else 0
    last = extract.parts[-1].number + 1 if extract.parts else 0
    before = _render_turning("Earlier", document, max(0, first - len(extract.parts))) if first else ""
    after = _render_turning("Read on", document, last) if last < document.parts else ""
    title = f'<h3 dir="auto">{escape(document.title)}</h3>'
    share = _render_share(document)
    return f'<article class="reading">{title}{share}{before}{"".join(rendered)}{after}</article>'


def _render_share(document: ListedDocument) -> str:
    """How much of a document's file is in the guide; a warning if much is missing."""
    if not document.completeness:
        return ""
    said = escape(f"{document.source}: {document.completeness}")
    if not document.is_lacking:
        return f'<p class="quiet" dir="auto">{said}</p>'
    return f'<p class="lacking" dir="auto"><b>Not all of it is here.</b> {said}. Look there in the file itself.</p>'


def _render_turning(text: str, document: ListedDocument, first: int) -> str:
    """A button that shows the document from passage number `first` on."""
    return render_button(text, "tool", "", f"turn-{first}", do="leaf", source=document.source, first=first)


def _shorten(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rpartition(" ")[0] + " …"
