"""A conversation, as HTML: each turn with its answer, its citations and what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.history.export import export_answer_text
from assistant.records import Answer, AnswerSentence, Contact, NextStep, Passage, Span
from ui.page.citations import collect_sources
from ui.page.markup import escape, render_button, render_data, render_question_button
from ui.page.panel import CHANGED


@dataclass(frozen=True, slots=True)
class TurnDetails:
    """What a turn shows beside its answer."""

    progress: str = ""
    """What is going on now; empty once the answer is whole."""
    last: bool = False
    kept: bool = False
    """Whether its conversation is kept, so that it can be rated."""
    helpful: bool | None = None
    why: str = ""
    planned: frozenset[tuple[str, str]] = frozenset()
    """(text, source) of the steps in the plan."""


def render_welcome(topics: Sequence[str]) -> str:
    """The empty conversation: what this is, what it is not, and questions to start with."""
    starters = "".join(render_question_button(topic, "starter") for topic in topics)
    group = f'<div class="starters" role="group" aria-label="Questions to start with">{starters}</div>'
    return (
        '<section class="welcome"><h2>What is on your mind?</h2>'
        "<p>Ask in your own words. Every sentence of an answer is checked against the guide and shows you where it "
        "says so. What the guide does not cover, I will not make up.</p>"
        '<p class="quiet">I am a program, not a person, and I know nothing but this guide.</p>'
        f"{group if topics else ''}</section>"
    )


def render_turn(question: str, answer: Answer | None, number: int, details: TurnDetails) -> str:
    """One question and its answer.

    Args:
        answer: None while there is no part of it yet.
        number: of the turn in its conversation, from 0; the ids on the page are made from it.
    """
    edit = render_button("Edit", "edit", "Edit this question", f"edit-{number}", do="edit", place=number)
    asked = f'<div class="asked" dir="auto"><h2>{escape(question)}</h2></div>{"" if details.progress else edit}'
    body = _render_answer(answer, number, details) if answer else ""
    busy = f'<p class="state" dir="ltr"><span class="pulse" aria-hidden="true"></span>{escape(details.progress)}</p>'
    return (
        f'<article class="turn" id="t-{number}">{asked}'
        f'<div class="reply">{body}{busy if details.progress else ""}</div></article>'
    )


def render_problem(question: str, line: str) -> str:
    """A question that got no answer, and what to do about it."""
    asked = f'<div class="asked" dir="auto"><h2>{escape(question[:200])}</h2></div>'
    return f'<article class="turn">{asked}<p class="notice" role="alert">{escape(line)}</p></article>'


# The answer


def _render_answer(answer: Answer, number: int, details: TurnDetails) -> str:
    """An answer as far as it has come, under the quiet line if there is one."""
    return _render_quiet_line(answer, number) + _render_said(answer, number, details)


def _render_said(answer: Answer, number: int, details: TurnDetails) -> str:
    tools = "" if details.progress else _render_tools(answer, number, details)
    if answer.status == "care":
        return _render_care(answer) + tools
    if answer.status == "not_covered":
        said = "".join(f"<p>{escape(sentence.text)}</p>" for sentence in answer.sentences)
        return f'<div class="not-covered">{said}{_render_follow_ups(answer.follow_ups)}</div>{tools}'
    passages = {passage.number: passage for passage in answer.passages}
    text = [_render_sentence(sentence, passages, number, at) for at, sentence in enumerate(answer.sentences)]
    rest = "" if details.progress else _render_rest(answer, number, details.planned)
    if answer.status == "nearest" and not details.progress:
        keeps = (_render_quoted_steps(answer, sentence, number, details.planned) for sentence in answer.sentences)
        text = [said + keep for said, keep in zip(text, keeps, strict=True)]
    return f"{_render_words(answer, text)}{_render_changed(answer)}{rest}{tools}"


def _render_words(answer: Answer, text: Sequence[str]) -> str:
    """The sentences of an answer; the first ones, or all, are the guide's own words.

    Args:
        text: the sentences, rendered.
    """
    lead = f'<p class="lead" dir="ltr">{escape(answer.lead)}</p>' if answer.lead and text else ""
    if answer.listed:
        items = "".join(f'<li dir="auto">{one}</li>' for one in text)
        return f'<div class="quoted listed">{lead}<ul>{items}</ul></div>'
    said = next((at for at, one in enumerate(answer.sentences) if not one.quotes), len(text))
    quoted = "".join(f'<blockquote dir="auto">{one}</blockquote>' for one in text[:said])
    words = f'<p class="words" dir="auto">{" ".join(text[said:])}</p>' if text[said:] else ""
    return f'<div class="quoted {answer.status}">{lead}{quoted}</div>{words}' if quoted else words


def _render_care(answer: Answer) -> str:
    """A care answer; contacts come before all that can wait."""
    first, *rest = (escape(sentence.text) for sentence in answer.sentences)
    first = re.sub(r"\b\d{3}\b", r'<a href="tel:\g<0>">\g<0></a>', first)
    said = [f"<p>{line}</p>" for line in rest]
    people = _render_contacts(answer)
    return f'<div class="care"><p class="first">{first}</p>{"".join([*said[:1], people, *said[1:]])}</div>'


def _render_quiet_line(answer: Answer, number: int) -> str:
    """The line above an answer to someone who may be in danger, which opens the contacts; else nothing."""
    if not answer.quiet_line:
        return ""
    line = f'<summary id="quiet-{number}">{escape(answer.quiet_line)}</summary>'
    return f'<details class="concern" dir="ltr">{line}{_render_contacts(answer)}</details>'


def _render_contacts(answer: Answer) -> str:
    return f'<ul class="contacts">{"".join(map(_render_contact, answer.contacts))}</ul>'


def _render_contact(contact: Contact) -> str:
    """Someone to call, or a web address to open if the number has fewer than three digits."""
    number = escape(contact.number)
    digits = "".join(filter(str.isdigit, contact.number))
    address = f"tel:{digits}" if len(digits) >= 3 else f"https://{number}"
    external = "" if len(digits) >= 3 else ' target="_blank" rel="noreferrer noopener"'
    who = f"<span><b>{escape(contact.country)}</b> {escape(contact.who)}</span>"
    return f'<li>{who}<a href="{address}"{external}>{number}</a></li>'


def _render_changed(answer: Answer) -> str:
    """A line under an answer if it cites what the guide no longer says."""
    if not any(passage.changed for passage in answer.passages):
        return ""
    line = f"{CHANGED} this answer: what it cites at * reads differently now. You can ask again."
    return f'<p class="since" dir="ltr">{line}</p>'


def _render_rest(answer: Answer, number: int, planned: frozenset[tuple[str, str]]) -> str:
    """Below a whole answer: next steps, unless they can be kept where they are quoted; sources, follow-ups."""
    steps = ""
    if answer.status != "nearest":
        steps = "".join(_render_step(step, number, at, planned) for at, step in enumerate(answer.next_steps))
    listed = f'<section class="steps"><h3>Next steps</h3><ul>{steps}</ul></section>' if steps else ""
    also = _render_follow_ups(answer.follow_ups)
    asked = f"<section><h3>You could also ask</h3>{also}</section>" if also else ""
    return f"{listed}{_render_sources(answer, number)}{asked}"


def _render_sentence(sentence: AnswerSentence, passages: dict[int, Passage], number: int, at: int) -> str:
    """Sentence `at` of an answer, with a chip for each passage that it cites."""
    chips = []
    for passage in map(passages.__getitem__, sentence.citations):
        spans = tuple(c.span for c in sentence.support if c.number == passage.number)
        key = f"sentence-{number}-{at}-{passage.number}"
        chips.append(_render_chip(key, passage, spans, f"Source {passage.number}: {passage.heading}"))
    return _append_chips(sentence.text, "".join(chips))


def _append_chips(text: str, chips: str) -> str:
    """A sentence and its chips; these never wrap to a new line without the sentence's last word."""
    start, _, last = text.rpartition(" ")
    return f'<span class="said">{escape(start)} <span class="tail">{escape(last)}{chips}</span></span>'


def _render_step(step: NextStep, number: int, at: int, planned: frozenset[tuple[str, str]]) -> str:
    key = f"step-{number}-{at}"
    chip = _render_chip(key, step.passage, step.passage.cited, f"Where the guide says so: {step.passage.heading}")
    return f'<li dir="auto">{_append_chips(step.text, chip)}{_render_keep(step, number, at, planned)}</li>'


def _render_quoted_steps(
    answer: Answer, sentence: AnswerSentence, number: int, planned: frozenset[tuple[str, str]]
) -> str:
    """The buttons that keep the steps in a quotation."""
    quoted = {(citation.number, citation.span) for citation in sentence.support}
    return "".join(
        _render_keep(step, number, at, planned)
        for at, step in enumerate(answer.next_steps)
        if any((step.passage.number, span) in quoted for span in step.passage.cited)
    )


def _render_keep(step: NextStep, number: int, at: int, planned: frozenset[tuple[str, str]]) -> str:
    """The button that puts step `at` of an answer into the plan, or says that it is there."""
    identity = f"keep-{number}-{at}"
    if (step.text, step.passage.source) in planned:
        return render_button("In your plan", "keep kept", "In your plan; open it", identity, do="plan")
    label = f"Keep in your plan: {step.text}"
    return render_button("Keep", "keep", label, identity, do="keep", key=f"step-{number}-{at}")


def _render_sources(answer: Answer, number: int) -> str:
    sources = collect_sources(answer).values()
    listed = "".join(f"<li>{_render_card(passage, f'source-{number}-{passage.number}')}</li>" for passage in sources)
    return f'<section class="sources"><h3>Sources</h3><ul>{listed}</ul></section>' if listed else ""


def _render_card(passage: Passage, key: str) -> str:
    label = escape(f"Open source {passage.number}: {passage.heading}")
    shown = f'<span class="number">{passage.number}</span>'
    sent = render_data(do="source", key=key)
    return (
        f'<button type="button" class="card" dir="auto" id="{key}" aria-label="{label}"{sent}>'
        f"{shown}{escape(passage.heading)}</button>"
    )


def _render_chip(key: str, passage: Passage, spans: Sequence[Span], label: str) -> str:
    """A citation that opens its source; with an asterisk if the guide no longer says so. `key`: see `citations.py`."""
    peek = " … ".join(span.shown for span in spans)
    text, kind = str(passage.number), "chip"
    if any(span.gone for span in spans):
        text, label, kind = f"{text}*", f"{label} ({CHANGED})", "chip changed"
    return render_button(text, kind, label, key, do="source", key=key, peek=peek)


def _render_follow_ups(questions: Sequence[str]) -> str:
    chips = "".join(render_question_button(question, "follow-up") for question in questions)
    return f'<div class="follow-ups" role="group" aria-label="You could also ask">{chips}</div>' if chips else ""


# What can be done with it


def _render_tools(answer: Answer, number: int, details: TurnDetails) -> str:
    """Copy, try again and rate; under a care answer only delete."""
    if answer.status == "care":
        return f'<div class="after">{_render_delete(details)}</div>'
    label = "Copy this answer with its sources"
    copy = render_button("Copy", "tool", label, f"copy-{number}", copy=export_answer_text(answer))
    again = render_button("Try again", "tool", "", f"again-{number}", again=number) if details.last else ""
    rated = _render_rating(number, details) if details.kept else ""
    return f'<div class="after">{copy}{again}{rated}</div>'


def _render_delete(details: TurnDetails) -> str:
    """A button to delete the conversation at once, since someone else may see this screen."""
    line = "Delete this conversation for good?" if details.kept else "Close this conversation for good?"
    return render_button("Delete this conversation", "tool danger", "", "forget", do="delete", sure=line, verb="Delete")


def _render_rating(number: int, details: TurnDetails) -> str:
    """Whether the answer was helpful, and once it is rated, a field to say why."""
    buttons = "".join(
        f'<button type="button" class="tool" id="rate-{number}-{value}" '
        f'aria-pressed="{str(details.helpful is value).lower()}"'
        f"{render_data(do='rate', place=number, helpful=value)}>{text}</button>"
        for value, text in ((True, "Helpful"), (False, "Not helpful"))
    )
    if details.helpful is None:
        return f'<span class="rating">{buttons}</span>'
    why = (
        f'<form class="why" dir="ltr" data-do="why" data-place="{number}">'
        f'<label for="w-{number}">A word why? It stays here.</label>'
        f'<input id="w-{number}" name="why" dir="auto" maxlength="500" value="{escape(details.why)}" '
        f'autocomplete="off">'
        f'<button class="tool">{"Saved" if details.why else "Save"}</button></form>'
    )
    return f'<span class="rating">{buttons}</span>{why}'
