"""Exports: answers and conversations as Markdown, text or JSON; the plan as Markdown or a calendar."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone

from icalendar import Calendar, Event, Todo

from assistant.history.conversation import EXPORT_ADAPTER, Conversation, ExportedConversation
from assistant.history.plan import KeptStep
from assistant.records import Answer, AnswerSentence, Passage, Span

CHANGED = "the guide has changed since"

# What CommonMark reads as markup anywhere in a line, and what only at its beginning.
_INSIDE = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|(?<=\s)#(?=#*$)")
_AT_START = re.compile(r"^(\d{1,9}(?=[.)])|(?=[#>+=-]))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def export_answer_markdown(question: str, answer: Answer) -> str:
    """Format a question and its answer, with the sentences of the guide that it cites."""
    return "\n\n".join((f"## {_escape(question)}", *_format_blocks(answer))) + "\n"


def export_answer_text(answer: Answer) -> str:
    """Format an answer for the clipboard: its sentences with citation marks, then one line for each source."""
    if answer.status in ("not_covered", "care"):
        return answer.text
    said = (answer.lead, *(_add_marks(sentence, sentence.text) for sentence in answer.sentences))
    text = ("\n" if answer.in_lines else " ").join(filter(None, said))
    sources = "\n".join(
        f"[{passage.number}] {_describe_place(passage, spans)}" for passage, spans in _find_cited(answer)
    )
    return "\n\n".join(filter(None, (text, sources and f"Sources:\n{sources}")))


def export_conversation_markdown(conversation: Conversation, guide_title: str) -> str:
    """Format a whole conversation, with a heading for each question."""
    begun = time.strftime("%Y-%m-%d", time.localtime(conversation.begun))
    head = f"# {_escape(conversation.title)}\n\nFrom the guide “{_escape(guide_title)}”, {begun}.\n"
    return "\n".join((head, *(export_answer_markdown(turn.question, turn.answer) for turn in conversation.turns)))


def export_conversation_json(conversation: Conversation) -> str:
    """Dump a conversation as JSON, all but its id; `Conversations` can import it."""
    kept = ExportedConversation(conversation.title, conversation.begun, conversation.changed, conversation.turns)
    return EXPORT_ADAPTER.dump_json(kept).decode()


def export_plan_markdown(steps: Sequence[KeptStep], guide_title: str) -> str:
    """Format the plan as a task list."""
    listed = "\n".join(line for step in steps for line in _format_task(step))
    return f"# My plan from “{_escape(guide_title)}”\n\n{listed or 'Nothing is kept yet.'}\n"


def export_plan_calendar(steps: Sequence[KeptStep], guide_title: str, now: datetime | None = None) -> bytes:
    """Format the plan as iCalendar: a step with a date is an all-day event, one without a date is a task.

    Args:
        now: the time of the export, with its time zone; a calendar takes the latest export of a step.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//guide-assistant//plan//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"My plan from “{_join_lines(guide_title)}”")
    for step in steps:
        calendar.add_component(_make_entry(step, guide_title, now or datetime.now(timezone.utc)))
    return bytes(calendar.to_ical())


def _format_blocks(answer: Answer) -> Iterator[str]:
    """Yield the paragraphs and lists of an answer in Markdown."""
    said = [_add_marks(sentence, _escape(sentence.text)) for sentence in answer.sentences]
    people = [f"- {_escape(contact.line)}" for contact in answer.contacts]
    if answer.quiet_line:
        yield _escape(answer.quiet_line)
        yield from _join_items(people)
    if answer.status in ("not_covered", "care"):
        yield from said
        yield from _join_items(people if answer.status == "care" else [])
        yield from _join_items(f"- {_escape(question)}" for question in answer.follow_ups)
        return
    if answer.in_lines:
        yield answer.lead
        yield from _join_items(f"- {one}" for one in said)
    elif said:
        yield " ".join(filter(None, (answer.lead, *said)))
    cited = _find_cited(answer)
    if cited:
        yield "**Sources**"
    for passage, spans in cited:
        quotes = "\n>\n".join(f"> {_escape(span.shown)}" for span in spans)
        yield f"[{passage.number}] {_escape(_describe_place(passage, spans))}\n\n{quotes}"
    if answer.next_steps:
        yield "**Next steps**"
        steps = ((step.text, _describe_place(step.passage, step.passage.cited)) for step in answer.next_steps)
        yield from _join_items(f"- {_escape(text)} ({_escape(place)})" for text, place in steps)


def _join_items(items: Iterable[str]) -> Iterator[str]:
    """Yield the items as one block; nothing if there are none."""
    if block := "\n".join(items):
        yield block


def _add_marks(sentence: AnswerSentence, text: str) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{text} {marks}".strip()


def _find_cited(answer: Answer) -> list[tuple[Passage, tuple[Span, ...]]]:
    """List the passages that the answer cites, each with the cited sentences in the order of the document."""
    spans = {passage.number: set(passage.cited) for passage in answer.passages}
    for citation in (citation for sentence in answer.sentences for citation in sentence.support):
        spans.setdefault(citation.number, set()).add(citation.span)
    ordered = ((p, tuple(sorted(spans[p.number], key=lambda span: span.start))) for p in answer.passages)
    return [(passage, cited) for passage, cited in ordered if cited]


def _describe_place(passage: Passage, spans: Sequence[Span]) -> str:
    """Name the place in the guide on one line: heading, file, and page if there is one."""
    page = next((span.page for span in spans), passage.page)
    paged = f"page {page}" if page else ""
    since = CHANGED if passage.changed else ""
    return ", ".join(filter(None, (_join_lines(passage.heading), _join_lines(passage.source), paged, since)))


def _format_task(step: KeptStep) -> Iterator[str]:
    """Yield the lines of a step: an item of a task list, then its note and source."""
    due = f" (by {step.due})" if step.due else ""
    yield f"- [{'x' if step.done else ' '}] {_escape(step.text)}{due}"
    if step.note.strip():
        yield f"  - Note: {_escape(step.note)}"
    yield f"  - The guide says so in: {_escape(_describe_place(step.passage, step.passage.cited))}"


def _make_entry(step: KeptStep, guide_title: str, now: datetime) -> Event | Todo:
    """Make an event or a task of a step; its id lets a calendar recognise it when it is exported again."""
    entry = Event() if step.due else Todo()
    place = f"“{_join_lines(guide_title)}” says so in: {_describe_place(step.passage, step.passage.cited)}"
    entry.add("uid", f"{step.id}@guide-assistant")
    entry.add("dtstamp", now.astimezone(timezone.utc))
    entry.add("description", "\n".join([*map(_join_lines, step.note.splitlines()), place]))
    if step.due:
        # An event has no status that means done.
        entry.add("summary", f"{'✓ ' if step.done else ''}{_join_lines(step.text)}")
        entry.add("dtstart", step.due)
        entry.add("transp", "TRANSPARENT")
    else:
        entry.add("summary", _join_lines(step.text))
        entry.add("status", "COMPLETED" if step.done else "NEEDS-ACTION")
    return entry


def _join_lines(text: str) -> str:
    """Put a text on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _escape(text: str) -> str:
    """Escape a text for one line of Markdown."""
    return _AT_START.sub(r"\1\\", _INSIDE.sub(r"\\\g<0>", _join_lines(text)))
