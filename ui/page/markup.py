"""HTML building blocks. Everything that a person or a document wrote goes through `escape`.

A button carries what it does as data: `data-do` names an act, and the other data attributes go with it. `page.js`
sends them; `acts.py` carries out the act.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from assistant.records import Passage, Span

_TEMPLATE_CHARACTERS = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;"})


def escape(text: str) -> str:
    """Text for HTML; characters that Gradio's own templates would interpret are escaped too."""
    return html.escape(text, quote=True).translate(_TEMPLATE_CHARACTERS)


def render_data(**values: object) -> str:
    """Data attributes for an element; empty values are left out."""
    return "".join(f' data-{name}="{escape(str(value))}"' for name, value in values.items() if value != "")


def render_button(text: str, kind: str, label: str = "", identity: str = "", **values: object) -> str:
    """A button that carries an act.

    Args:
        kind: its CSS classes.
        label: its name for a screen reader, where that is not its text.
        identity: its id, by which it gets the focus back after it is redrawn.
        values: the act and what goes with it.
    """
    named = f' aria-label="{escape(label)}"' if label else ""
    known = f' id="{escape(identity)}"' if identity else ""
    return f'<button type="button" class="{kind}"{known}{named}{render_data(**values)}>{escape(text)}</button>'


def render_question_button(question: str, kind: str) -> str:
    """A button that asks a question."""
    text = escape(question)
    return f'<button type="button" class="{kind}" dir="auto" data-ask="{text}">{text}</button>'


def render_screen_top(title: str) -> str:
    """The heading of a screen other than the chat, and the way back."""
    back = render_button("Back to the conversation", "tool", "", "back", do="chat")
    return f'<div class="place-top"><h2 id="place-heading" tabindex="-1">{title}</h2>{back}</div>'


def highlight(passage: Passage, spans: Sequence[Span] = ()) -> str:
    """The text of a passage with these spans marked; blank lines separate paragraphs."""
    parts, at = [], passage.start
    for span in sorted(set(spans), key=lambda span: span.start):
        before = passage.text[at - passage.start : span.start - passage.start]
        inside = passage.text[span.start - passage.start : span.end - passage.start]
        parts.append(f"{escape(before)}<mark>{escape(inside)}</mark>")
        at = span.end
    parts.append(escape(passage.text[at - passage.start :]))
    return split_paragraphs("".join(parts))


def split_paragraphs(text: str) -> str:
    """Escaped text as paragraphs, split at its blank lines."""
    return '<p dir="auto">' + text.replace("\n\n", '</p><p dir="auto">') + "</p>"
