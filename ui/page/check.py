"""A text from elsewhere to check against the guide, as HTML: the box for it, then its sentences with what was found."""

from __future__ import annotations

from assistant.question import CHECK_LIMIT
from assistant.records import CheckedSentence, CheckedText, Passage
from ui.page.markup import escape, render_button, render_screen_top

TITLE = "Check a text"

_MARKS = {
    True: ("said", "✓", "The guide says so:"),
    False: ("unsaid", "✗", "The guide does not say so:"),
    None: ("no-claim", "–", "Claims nothing:"),
}
"""`CheckedSentence.supported` -> the CSS class, the sign, and what a screen reader says in its place."""


def render_empty_check() -> str:
    """The box to paste a text into."""
    return (
        f"{render_screen_top(TITLE)}"
        '<form class="check" data-check="1"><label for="check-text">Paste an answer from elsewhere, a draft, a '
        "leaflet. Each sentence is marked: the guide says so, and where; or it does not, and what comes nearest."
        '</label><textarea id="check-text" name="text" rows="9" dir="auto" required '
        f'maxlength="{CHECK_LIMIT}"></textarea>'
        '<div class="after"><button class="tool primary" id="check-act">Check</button>'
        '<span class="quiet">Nothing of it is kept.</span></div></form>'
    )


def render_check(checked: CheckedText, running: bool) -> str:
    """The sentences that are checked, and how far the check is or what it found."""
    rows = "".join(_render_sentence(one, at) for at, one in enumerate(checked.sentences))
    done = len(checked.sentences)
    if running:
        line = f"{done} of {checked.total} sentences checked …"
        state = (
            f'<p class="state"><span class="pulse" aria-hidden="true"></span>{line}</p>'
            f'<progress max="{checked.total}" value="{done}" aria-label="{line}"></progress>'
            + render_button("Stop", "tool", "", "check-act", do="check-stop")
        )
    else:
        stopped = f" Stopped after {done} of {checked.total} sentences." if done < checked.total else ""
        state = f'<p class="found-line" data-announce="1">{summarize(checked)}{stopped}</p>' + render_button(
            "Check another text", "tool", "", "check-act", do="check"
        )
    return f'{render_screen_top(TITLE)}<div class="check-state">{state}</div><ol class="checked">{rows}</ol>'


def summarize(checked: CheckedText) -> str:
    """What a check found, in a line."""
    found = [one.supported for one in checked.sentences]
    said, claims = found.count(True), len(found) - found.count(None)
    if not claims:
        return "Nothing here is a claim that a guide could say."
    if said == claims:
        return "The guide says this." if claims == 1 else f"The guide says all {claims} of these."
    return f"The guide says {said or 'none'} of {claims}."


def _render_sentence(one: CheckedSentence, at: int) -> str:
    kind, sign, spoken = _MARKS[one.supported]
    chips = "".join(_render_chip(passage, at) for passage in one.citations)
    near = _render_nearest(one.nearest, at) if one.nearest else ""
    return (
        f'<li class="{kind}"><span class="sign" aria-hidden="true">{sign}</span><div>'
        f'<p dir="auto"><span class="unseen">{spoken} </span>{escape(one.sentence)}{chips}</p>{near}</div></li>'
    )


def _render_chip(passage: Passage, at: int) -> str:
    """The number of a passage that says so; a click on it opens the place."""
    key, number = f"check-{at}-{passage.number}", passage.number
    peek = " … ".join(span.shown for span in passage.cited)
    label = f"Source {number}: {passage.heading}"
    return render_button(str(number), "chip", label, key, do="source", key=key, peek=peek)


def _render_nearest(passage: Passage, at: int) -> str:
    """The sentence of the guide that comes nearest; a click on it opens its place."""
    key, said = f"check-{at}-0", " … ".join(span.shown for span in passage.cited)
    return f'<p class="nearest" dir="auto">Nearest: {render_button(said, "quote", "", key, do="source", key=key)}</p>'
