"""What a person takes away: answers and conversations as Markdown, text or JSON, the plan as Markdown or a calendar."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone

from icalendar import Calendar, Event, Todo

from assistant.history.conversation import EXPORTED, Conversation, Exported
from assistant.history.plan import KeptStep
from assistant.records import Answer, AnswerSentence, Passage, Span

CHANGED = "the guide has changed since"

# What CommonMark reads as markup inside a line, and what only where a line begins.
_INSIDE = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|(?<=\s)#(?=#*$)")
_AT_START = re.compile(r"^(\d{1,9}(?=[.)])|(?=[#>+=-]))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def answer_markdown(question: str, answer: Answer) -> str:
    """A question and its answer, with the sentences of the guide that it stands on."""
    return "\n\n".join((f"## {_plain(question)}", *_blocks(answer))) + "\n"


def answer_text(answer: Answer) -> str:
    """An answer for the clipboard: its sentences with their markers, then the sources, a line each."""
    if answer.status != "answered":
        return "\n".join((answer.text, *(f"- {question}" for question in answer.follow_ups)))
    said = " ".join(_marked(sentence, sentence.text) for sentence in answer.sentences)
    sources = "\n".join(f"[{passage.number}] {_place(passage, spans)}" for passage, spans in _cited(answer))
    return "\n\n".join(filter(None, (said, sources and f"Sources:\n{sources}")))


def conversation_markdown(conversation: Conversation, guide_title: str) -> str:
    """A whole conversation, a heading for each question."""
    begun = time.strftime("%Y-%m-%d", time.localtime(conversation.begun))
    head = f"# {_plain(conversation.title)}\n\nFrom the guide “{_plain(guide_title)}”, {begun}.\n"
    return "\n".join((head, *(answer_markdown(turn.question, turn.answer) for turn in conversation.turns)))


def conversation_json(conversation: Conversation) -> str:
    """A conversation with nothing lost but its id; `Conversations.bring` reads it."""
    kept = Exported(conversation.title, conversation.begun, conversation.changed, conversation.turns)
    return EXPORTED.dump_json(kept).decode()


def plan_markdown(steps: Sequence[KeptStep], guide_title: str) -> str:
    """The plan as a list of tasks."""
    listed = "\n".join(line for step in steps for line in _task(step))
    return f"# My plan from “{_plain(guide_title)}”\n\n{listed or 'Nothing is kept yet.'}\n"


def plan_calendar(steps: Sequence[KeptStep], guide_title: str, now: datetime | None = None) -> bytes:
    """The plan as iCalendar: a step with a date is that whole day's, one without is a task.

    Args:
        now: the time of the export, with its zone; of two exports of a step the later one counts.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//guide-assistant//plan//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"My plan from “{_line(guide_title)}”")
    for step in steps:
        calendar.add_component(_entry(step, guide_title, now or datetime.now(timezone.utc)))
    return bytes(calendar.to_ical())


def _blocks(answer: Answer) -> Iterator[str]:
    """Paragraphs and lists of an answer in Markdown."""
    said = [_marked(sentence, _plain(sentence.text)) for sentence in answer.sentences]
    if answer.status != "answered":
        yield from said
        yield from _list(f"- {_plain(f'{one.country}: {one.who}: {one.number}')}" for one in answer.contacts)
        yield from _list(f"- {_plain(question)}" for question in answer.follow_ups)
        return
    if answer.quoted:
        yield "In the guide’s own words:"
    if said:
        yield " ".join(said)
    cited = _cited(answer)
    if cited:
        yield "**Sources**"
    for passage, spans in cited:
        quotes = "\n>\n".join(f"> {_plain(span.text)}" for span in spans)
        yield f"[{passage.number}] {_plain(_place(passage, spans))}\n\n{quotes}"
    if answer.next_steps:
        yield "**Next steps**"
        steps = ((step.text, _place(step.passage, step.passage.cited)) for step in answer.next_steps)
        yield from _list(f"- {_plain(text)} ({_plain(place)})" for text, place in steps)


def _list(items: Iterable[str]) -> Iterator[str]:
    """One block of the items; none if there are none."""
    if block := "\n".join(items):
        yield block


def _marked(sentence: AnswerSentence, text: str) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{text} {marks}".strip()


def _cited(answer: Answer) -> list[tuple[Passage, tuple[Span, ...]]]:
    """The passages that the answer stands on, each with the sentences cited, in their order."""
    spans = {passage.number: set(passage.cited) for passage in answer.passages}
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        spans.setdefault(citation.number, set()).add(citation.span)
    ordered = ((p, tuple(sorted(spans[p.number], key=lambda span: span.start))) for p in answer.passages)
    return [(passage, cited) for passage, cited in ordered if cited]


def _place(passage: Passage, spans: Sequence[Span]) -> str:
    """Where the guide says so, on one line: heading, file, page if it has pages."""
    page = next((span.page for span in spans), passage.page)
    paged = f"page {page}" if page else ""
    since = CHANGED if passage.changed else ""
    return ", ".join(filter(None, (_line(passage.heading), _line(passage.source), paged, since)))


def _task(step: KeptStep) -> Iterator[str]:
    """A step as an item of a list of tasks, with what belongs to it below."""
    due = f" (by {step.due})" if step.due else ""
    yield f"- [{'x' if step.done else ' '}] {_plain(step.text)}{due}"
    if step.note.strip():
        yield f"  - Note: {_plain(step.note)}"
    yield f"  - The guide says so in: {_plain(_place(step.passage, step.passage.cited))}"


def _entry(step: KeptStep, guide_title: str, now: datetime) -> Event | Todo:
    """A step as an event or a task; its id makes it the same one whenever it is exported."""
    entry = Event() if step.due else Todo()
    place = f"“{_line(guide_title)}” says so in: {_place(step.passage, step.passage.cited)}"
    entry.add("uid", f"{step.id}@guide-assistant")
    entry.add("dtstamp", now.astimezone(timezone.utc))
    entry.add("description", "\n".join([*map(_line, step.note.splitlines()), place]))
    if step.due:
        # An event has no status for "done".
        entry.add("summary", f"{'✓ ' if step.done else ''}{_line(step.text)}")
        entry.add("dtstart", step.due)
        entry.add("transp", "TRANSPARENT")
    else:
        entry.add("summary", _line(step.text))
        entry.add("status", "COMPLETED" if step.done else "NEEDS-ACTION")
    return entry


def _line(text: str) -> str:
    """A text on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _plain(text: str) -> str:
    """A text on one line of Markdown that shows it as it is."""
    return _AT_START.sub(r"\1\\", _INSIDE.sub(r"\\\g<0>", _line(text)))
