"""A conversation becomes HTML. Everything that a person or a document wrote goes through `escaped`.

A button carries what it does as data: `data-do` names an act of the page, its other data go with it; `page.js` sends
them, `acts.py` carries them out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.history.export import answer_text
from assistant.records import Answer, AnswerSentence, Contact, NextStep, Passage, Span
from ui.page.tab import sources

CHANGED = "The guide has changed since"

_TEMPLATE_MARKS = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;"})


@dataclass(frozen=True, slots=True)
class Marks:
    """What a turn shows beside its answer."""

    state: str = ""
    """What is happening now; empty when the answer is whole."""
    last: bool = False
    kept: bool = False
    """It is written down, so that it can be rated."""
    helpful: bool | None = None
    why: str = ""
    planned: frozenset[tuple[str, str]] = frozenset()
    """(text, source) of the steps that are in the plan."""


def escaped(text: str) -> str:
    """Text as HTML shows it; the marks of Gradio's own templates are data too."""
    return html.escape(text, quote=True).translate(_TEMPLATE_MARKS)


def data(**values: object) -> str:
    """Attributes that go with a button's act."""
    return "".join(f' data-{name}="{escaped(str(value))}"' for name, value in values.items() if value != "")


def button(text: str, kind: str, label: str = "", identity: str = "", **values: object) -> str:
    """A button that does something, with a name of its own for who hears it; by its identity the focus finds back."""
    named = f' aria-label="{escaped(label)}"' if label else ""
    known = f' id="{escaped(identity)}"' if identity else ""
    return f'<button type="button" class="{kind}"{known}{named}{data(**values)}>{escaped(text)}</button>'


def turn(question: str, answer: Answer | None, place: int, marks: Marks) -> str:
    """One question and its answer.

    Args:
        answer: None while the guide is being read.
        place: the turn's number in the conversation, from 0; keeps the ids on the page apart.
    """
    edit = button("Edit", "edit", "Edit this question", f"edit-{place}", do="edit", place=place)
    asked = f'<div class="asked" dir="auto"><h2>{escaped(question)}</h2></div>{"" if marks.state else edit}'
    body = _answer(answer, place, marks) if answer else ""
    busy = f'<p class="state" dir="ltr"><span class="pulse" aria-hidden="true"></span>{escaped(marks.state)}</p>'
    return (
        f'<article class="turn" id="t-{place}">{asked}'
        f'<div class="reply">{body}{busy if marks.state else ""}</div></article>'
    )


def problem(question: str, line: str) -> str:
    """A question that could not be taken, and what to do."""
    asked = f'<div class="asked" dir="auto"><h2>{escaped(question[:200])}</h2></div>'
    return f'<article class="turn">{asked}{notice(line)}</article>'


def notice(line: str) -> str:
    """A line that needs attention."""
    return f'<p class="notice" role="alert">{escaped(line)}</p>'


def _answer(answer: Answer, place: int, marks: Marks) -> str:
    after = "" if marks.state else _after(answer, place, marks)
    if answer.status == "care":
        return _care(answer) + after
    if answer.status == "not_covered":
        said = "".join(f"<p>{escaped(sentence.text)}</p>" for sentence in answer.sentences)
        return f'<div class="not-covered">{said}{_follow_ups(answer.follow_ups)}</div>{after}'
    passages = {passage.number: passage for passage in answer.passages}
    text = [_sentence(sentence, passages, place, number) for number, sentence in enumerate(answer.sentences)]
    lead = '<p class="quiet" dir="ltr">In the guide’s own words:</p>' if answer.quoted else ""
    words = f'{lead}<p class="words" dir="auto">{" ".join(text)}</p>' if text else ""
    return f"{words}{_since(answer)}{'' if marks.state else _rest(answer, place, marks.planned)}{after}"


def _since(answer: Answer) -> str:
    """A line under an answer that cites what the guide no longer says."""
    if not any(passage.changed for passage in answer.passages):
        return ""
    line = f"{CHANGED} this answer: what it cites at * reads differently now. You can ask again."
    return f'<p class="since" dir="ltr">{line}</p>'


def _rest(answer: Answer, place: int, planned: frozenset[tuple[str, str]]) -> str:
    """Below a whole answer: next steps, sources, follow-ups."""
    steps = "".join(_step(step, place, number, planned) for number, step in enumerate(answer.next_steps))
    listed = f'<section class="steps"><h3>Next steps</h3><ul>{steps}</ul></section>' if steps else ""
    return f"{listed}{_sources(answer, place)}{_also(answer.follow_ups)}"


def _sentence(sentence: AnswerSentence, passages: dict[int, Passage], place: int, number: int) -> str:
    """A sentence of an answer with its citations."""
    chips = []
    for passage in map(passages.__getitem__, sentence.citations):
        spans = tuple(c.span for c in sentence.support if c.number == passage.number)
        key = f"sentence-{place}-{number}-{passage.number}"
        chips.append(_chip(key, passage, spans, f"Source {passage.number}: {passage.heading}"))
    return _with_chips(sentence.text, "".join(chips))


def _with_chips(text: str, chips: str) -> str:
    """A sentence and its chips, which stay on the line of its last word."""
    start, _, last = text.rpartition(" ")
    return f'<span class="said">{escaped(start)} <span class="tail">{escaped(last)}{chips}</span></span>'


def _step(step: NextStep, place: int, number: int, planned: frozenset[tuple[str, str]]) -> str:
    key = f"step-{place}-{number}"
    chip = _chip(key, step.passage, step.passage.cited, f"Where the guide says so: {step.passage.heading}")
    known, identity = (step.text, step.passage.source) in planned, f"keep-{place}-{number}"
    keep = (
        button("In your plan", "keep kept", "In your plan; open it", identity, do="plan")
        if known
        else button("Keep", "keep", f"Keep in your plan: {step.text}", identity, do="keep", key=key)
    )
    return f'<li dir="auto">{_with_chips(step.text, chip)}{keep}</li>'


def _card(passage: Passage, key: str) -> str:
    label = escaped(f"Open source {passage.number}: {passage.heading}")
    number = f'<span class="number">{passage.number}</span>'
    sent = data(do="source", key=key)
    return (
        f'<button type="button" class="card" dir="auto" id="{key}" aria-label="{label}"{sent}>'
        f"{number}{escaped(passage.heading)}</button>"
    )


def _sources(answer: Answer, place: int) -> str:
    cards = [_card(passage, f"source-{place}-{passage.number}") for passage in sources(answer).values()]
    listed = "".join(f"<li>{card}</li>" for card in cards)
    return f'<section class="sources"><h3>Sources</h3><ul>{listed}</ul></section>' if cards else ""


def _chip(key: str, passage: Passage, spans: Sequence[Span], label: str) -> str:
    """A citation that opens its source; `key` says which, see `tab.cited`. Marked if the guide no longer says so."""
    peek = " … ".join(" ".join(span.text.split()) for span in spans)
    text, kind = str(passage.number), "chip"
    if any(span.gone for span in spans):
        text, label, kind = f"{text}*", f"{label} ({CHANGED})", "chip changed"
    return button(text, kind, label, key, do="source", key=key, peek=peek)


def _follow_ups(questions: Sequence[str]) -> str:
    chips = "".join(ask(question, "follow-up") for question in questions)
    return f'<div class="follow-ups" role="group" aria-label="You could also ask">{chips}</div>' if chips else ""


def _also(questions: Sequence[str]) -> str:
    """The same under a heading."""
    return f"<section><h3>You could also ask</h3>{_follow_ups(questions)}</section>" if questions else ""


def ask(question: str, kind: str) -> str:
    """A button that asks a question."""
    text = escaped(question)
    return f'<button type="button" class="{kind}" dir="auto" data-ask="{text}">{text}</button>'


def _after(answer: Answer, place: int, marks: Marks) -> str:
    """What can be done with an answer."""
    if answer.status == "care":
        return f'<div class="after">{_forget(marks)}</div>'
    copy = button("Copy", "tool", "Copy this answer with its sources", f"copy-{place}", copy=answer_text(answer))
    again = button("Try again", "tool", "", f"again-{place}", again=place) if marks.last else ""
    rated = _rating(place, marks) if marks.kept else ""
    return f'<div class="after">{copy}{again}{rated}</div>'


def _forget(marks: Marks) -> str:
    """Someone else may see this screen."""
    line = "Delete this conversation for good?" if marks.kept else "Close this conversation for good?"
    return button("Delete this conversation", "tool danger", "", "forget", do="delete", sure=line, verb="Delete")


def _rating(place: int, marks: Marks) -> str:
    """Whether it was helpful, and a word why; kept on this computer only."""
    buttons = "".join(
        f'<button type="button" class="tool" id="rate-{place}-{value}" '
        f'aria-pressed="{str(marks.helpful is value).lower()}"'
        f"{data(do='rate', place=place, helpful=value)}>{text}</button>"
        for value, text in ((True, "Helpful"), (False, "Not helpful"))
    )
    if marks.helpful is None:
        return f'<span class="rating">{buttons}</span>'
    why = (
        f'<form class="why" dir="ltr" data-do="why" data-place="{place}">'
        f'<label for="w-{place}">A word why? It stays here.</label>'
        f'<input id="w-{place}" name="why" dir="auto" maxlength="500" value="{escaped(marks.why)}" autocomplete="off">'
        f'<button class="tool">{"Saved" if marks.why else "Save"}</button></form>'
    )
    return f'<span class="rating">{buttons}</span>{why}'


def _care(answer: Answer) -> str:
    """Whom to call comes before all that can wait."""
    first, *rest = (escaped(sentence.text) for sentence in answer.sentences)
    first = re.sub(r"\b\d{3}\b", r'<a href="tel:\g<0>">\g<0></a>', first)
    said = [f"<p>{line}</p>" for line in rest]
    people = f'<ul class="contacts">{"".join(map(_contact, answer.contacts))}</ul>'
    return f'<div class="care"><p class="first">{first}</p>{"".join([*said[:1], people, *said[1:]])}</div>'


def _contact(contact: Contact) -> str:
    number = escaped(contact.number)
    digits = "".join(filter(str.isdigit, contact.number))
    address = f"tel:{digits}" if len(digits) >= 3 else f"https://{number}"
    external = "" if len(digits) >= 3 else ' target="_blank" rel="noreferrer noopener"'
    who = f"<span><b>{escaped(contact.country)}</b> {escaped(contact.who)}</span>"
    return f'<li>{who}<a href="{address}"{external}>{number}</a></li>'


def highlighted(passage: Passage, spans: Sequence[Span] = ()) -> str:
    """The passage's text with spans marked; blank lines become paragraphs."""
    parts, at = [], passage.start
    for span in sorted(set(spans), key=lambda span: span.start):
        before = passage.text[at - passage.start : span.start - passage.start]
        inside = passage.text[span.start - passage.start : span.end - passage.start]
        parts.append(f"{escaped(before)}<mark>{escaped(inside)}</mark>")
        at = span.end
    parts.append(escaped(passage.text[at - passage.start :]))
    return paragraphs("".join(parts))


def paragraphs(text: str) -> str:
    """Escaped text, its blank lines as paragraphs."""
    return '<p dir="auto">' + text.replace("\n\n", '</p><p dir="auto">') + "</p>"
