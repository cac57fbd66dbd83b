"""Records become HTML. Everything that a person or a document wrote is escaped here, and only here."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Sequence

from assistant.guide import State
from assistant.records import Answer, AnswerSentence, Contact, NextStep, Passage, Span
from assistant.sources import changed

CHANGED = "The guide has changed since"

_TEMPLATE_MARKS = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;"})


def escaped(text: str) -> str:
    """Text as HTML shows it; the marks of Gradio's own templates are data too."""
    return html.escape(text, quote=True).translate(_TEMPLATE_MARKS)


def header(title: str) -> str:
    """What this page is, above everything."""
    return (
        f'<header class="top"><div><p class="kicker">A conversation with a guide</p><h1>{escaped(title)}</h1></div>'
        '<p class="private" title="The models, the guide and this conversation are on this computer only">'
        '<span class="dot" aria-hidden="true"></span>Private: runs on this computer</p></header>'
    )


def news(state: State) -> str:
    """How the guide stands to its texts, if there is anything to say of it."""
    if state.share is not None:
        return _news(f"The guide has changed and is being read again … {state.share:.0%}")
    when = time.strftime("%H:%M", time.localtime(state.when))
    changed = f"The guide changed at {when}: {state.what}." if state.when else ""
    if state.problem:
        return _news(f"{state.problem} Answers come from what could be read.", "problem")
    return _news(changed) if changed else ""


def _news(line: str, kind: str = "") -> str:
    return f'<p class="news {kind}" role="status">{escaped(line)}</p>'


def welcome(topics: Sequence[str]) -> str:
    """The empty page: what this is, what it is not, and where to start."""
    starters = "".join(_ask(topic, "starter") for topic in topics)
    return (
        '<section class="welcome"><h2>What is on your mind?</h2>'
        "<p>Ask in your own words. Every sentence of an answer is checked against the guide and shows you where it "
        "says so. What the guide does not cover, I will not make up.</p>"
        '<p class="quiet">I am a program, not a person, and I know nothing but this guide.</p>'
        f'<div class="starters" role="group" aria-label="Questions to start with">{starters}</div></section>'
    )


def turn(question: str, answer: Answer | None, place: int, state: str = "") -> str:
    """One question and its answer.

    Args:
        answer: None while the guide is being read.
        place: the turn's number in the conversation; keeps the ids on the page apart.
        state: what is happening now; empty when the answer is whole.
    """
    asked = f'<div class="asked"><p>{escaped(question)}</p></div>'
    body = _answer(answer, place, whole=not state) if answer else ""
    busy = f'<p class="state"><span class="pulse" aria-hidden="true"></span>{escaped(state)}</p>' if state else ""
    return f'<article class="turn">{asked}<div class="reply" aria-live="polite">{body}{busy}</div></article>'


def problem(question: str, line: str) -> str:
    """A question that could not be taken, and what to do."""
    return f'<article class="turn"><div class="asked"><p>{escaped(question[:200])}</p></div>{notice(line)}</article>'


def notice(line: str) -> str:
    """A line that needs attention."""
    return f'<p class="notice" role="alert">{escaped(line)}</p>'


def _answer(answer: Answer, place: int, whole: bool) -> str:
    if answer.status == "care":
        return _care(answer)
    if answer.status == "not_covered":
        said = "".join(f"<p>{escaped(sentence.text)}</p>" for sentence in answer.sentences)
        return f'<div class="not-covered">{said}{_follow_ups(answer.follow_ups)}</div>'
    passages = {passage.number: passage for passage in answer.passages}
    text, panels = [], []
    for number, sentence in enumerate(answer.sentences, start=1):
        chips, shown = _chips(sentence, passages, f"s-{place}-{number}")
        text.append(_with_chips(sentence.text, chips))
        panels.append(shown)
    lead = '<p class="quiet">In the guide’s own words:</p>' if answer.quoted else ""
    words = f'{lead}<p class="words">{" ".join(text)}</p>' if text else ""
    rest = _rest(answer, place) if whole else ""
    return f"{words}{_since(answer)}{rest}{''.join(panels)}"


def _since(answer: Answer) -> str:
    """A line under an answer that cites what the guide no longer says."""
    if not changed(answer.passages):
        return ""
    return f'<p class="since">{CHANGED} this answer: what it cites at * reads differently now. You can ask again.</p>'


def _rest(answer: Answer, place: int) -> str:
    """Below a whole answer: next steps, sources, follow-ups."""
    steps, panels = [], []
    for number, step in enumerate(answer.next_steps, start=1):
        item, panel = _step(step, f"n-{place}-{number}")
        steps.append(item)
        panels.append(panel)
    for passage in (passage for passage in answer.passages if passage.cited):
        panels.append(_panel(passage, passage.cited, f"p-{place}-{passage.number}"))
    listed = f'<section class="steps"><h3>Next steps</h3><ul>{"".join(steps)}</ul></section>' if steps else ""
    return f"{listed}{_sources(answer.passages, place)}{_follow_ups(answer.follow_ups)}{''.join(panels)}"


def _chips(sentence: AnswerSentence, passages: dict[int, Passage], key: str) -> tuple[str, str]:
    """The citation chips of a sentence, and the panels that they open."""
    chips, panels = [], []
    for number in sentence.citations:
        spans = tuple(c.span for c in sentence.support if c.number == number)
        identity = f"{key}-{number}"
        chips.append(_chip(identity, number, f"Source {number}: {passages[number].heading}", spans))
        panels.append(_panel(passages[number], spans, identity))
    return "".join(chips), "".join(panels)


def _with_chips(text: str, chips: str) -> str:
    """A sentence and its chips, which stay on the line of its last word."""
    start, _, last = text.rpartition(" ")
    return f'<span class="said">{escaped(start)} <span class="tail">{escaped(last)}{chips}</span></span>'


def _step(step: NextStep, identity: str) -> tuple[str, str]:
    label = f"Where the guide says so: {step.passage.heading}"
    chip = _chip(identity, step.passage.number, label, step.passage.cited)
    return f"<li>{_with_chips(step.text, chip)}</li>", _panel(step.passage, step.passage.cited, identity)


def _sources(passages: Iterable[Passage], place: int) -> str:
    cards = "".join(
        f"<li>{_opener(f'p-{place}-{p.number}', f'{p.number}  {p.heading}', f'Open source {p.number}', 'card')}</li>"
        for p in passages
        if p.cited
    )
    return f'<section class="sources"><h3>Sources</h3><ul>{cards}</ul></section>' if cards else ""


def _chip(identity: str, number: int, label: str, spans: Sequence[Span]) -> str:
    """A citation; it shows if the guide no longer says so."""
    if any(span.gone for span in spans):
        return _opener(identity, f"{number}*", f"{label} ({CHANGED})", "chip changed")
    return _opener(identity, str(number), label, "chip")


def _panel(passage: Passage, spans: Sequence[Span], identity: str) -> str:
    """A passage in a panel of its own, with these sentences of it highlighted; old and new if the guide has changed."""
    page = next((span.page for span in spans), passage.page)
    place = f"{passage.source}, page {page}" if page else passage.source
    return (
        f'<aside class="panel" popover id="{identity}" aria-label="Source {passage.number}">'
        f'<div class="panel-top"><p class="kicker">Source {passage.number} · {escaped(place)}</p>'
        f'<button class="close" popovertarget="{identity}" popovertargetaction="hide" aria-label="Close">×</button>'
        f"</div><h4>{escaped(passage.heading)}</h4>{_then_and_now(passage, spans)}</aside>"
    )


def _then_and_now(passage: Passage, spans: Sequence[Span]) -> str:
    then = f"<div class='passage'>{highlighted(passage, spans)}</div>"
    if passage.now is None:
        return then
    now = (
        f"<div class='passage'>{_paragraphs(escaped(passage.now))}</div>" if passage.now else "<p>Nothing any more.</p>"
    )
    return f'<p class="since">{CHANGED}.</p><h5>It said then</h5>{then}<h5>It says there now</h5>{now}'


def highlighted(passage: Passage, spans: Sequence[Span]) -> str:
    """The passage's text with spans marked; blank lines become paragraphs."""
    parts, at = [], passage.start
    for span in sorted(set(spans), key=lambda span: span.start):
        before = passage.text[at - passage.start : span.start - passage.start]
        inside = passage.text[span.start - passage.start : span.end - passage.start]
        parts.append(f"{escaped(before)}<mark>{escaped(inside)}</mark>")
        at = span.end
    parts.append(escaped(passage.text[at - passage.start :]))
    return _paragraphs("".join(parts))


def _paragraphs(text: str) -> str:
    """Escaped text, its blank lines as paragraphs."""
    return "<p>" + text.replace("\n\n", "</p><p>") + "</p>"


def _follow_ups(questions: Sequence[str]) -> str:
    chips = "".join(_ask(question, "follow-up") for question in questions)
    return f'<div class="follow-ups" role="group" aria-label="You could also ask">{chips}</div>' if chips else ""


def _care(answer: Answer) -> str:
    first, *rest = (escaped(sentence.text) for sentence in answer.sentences)
    said = "".join(f"<p>{line}</p>" for line in rest)
    people = "".join(_contact(contact) for contact in answer.contacts)
    return f'<div class="care"><p class="first">{first}</p>{said}<ul class="contacts">{people}</ul></div>'


def _contact(contact: Contact) -> str:
    number = escaped(contact.number)
    digits = "".join(filter(str.isdigit, contact.number))
    address = f"tel:{digits}" if len(digits) >= 3 else f"https://{number}"
    external = "" if len(digits) >= 3 else ' target="_blank" rel="noreferrer noopener"'
    who = f"<span><b>{escaped(contact.country)}</b> {escaped(contact.who)}</span>"
    return f'<li>{who}<a href="{address}"{external}>{number}</a></li>'


def _ask(question: str, kind: str) -> str:
    """A button that asks a question."""
    return f'<button type="button" class="{kind}" data-ask="{escaped(question)}">{escaped(question)}</button>'


def _opener(identity: str, text: str, label: str, kind: str) -> str:
    """A button that opens a panel."""
    what = f'class="{kind}" popovertarget="{identity}" aria-label="{escaped(label)}"'
    return f'<button type="button" {what}>{escaped(text)}</button>'
