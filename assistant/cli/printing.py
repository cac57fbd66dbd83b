"""How the command prints answers, ratings, the state of the index, and what a build did or would do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.cli.terminal import out, print_json
from assistant.guide import describe_build, describe_completeness
from assistant.records import Answer, CheckedSentence, CheckedText, Passage
from assistant.settings import Settings
from index.build import Report
from index.changes import Changes
from index.storing.manifest import IndexedDocument
from index.storing.store import Store

if TYPE_CHECKING:  # only `assistant feedback` loads the history
    from assistant.history.conversation import Rating


def print_answer(answers: Iterator[Answer]) -> Answer:
    """Print each sentence when it has passed the check, then all that comes with the answer; return the last answer."""
    shown, answer, quiet = 0, Answer("answered"), False
    try:
        for answer in answers:
            if answer.quiet_line and not quiet:
                _print_quiet_line(answer)
                quiet = True
            end = "\n" if answer.in_lines else " "
            if answer.lead and answer.sentences and not shown:
                out.print(answer.lead, end=end, soft_wrap=True)
            for sentence in answer.sentences[shown:]:
                marks = "".join(f"[{number}]" for number in sentence.citations)
                out.print(f"{sentence.text} {marks}".strip(), end=end, soft_wrap=True)
            shown = len(answer.sentences)
    finally:
        if shown:  # an error is printed on its own line
            out.print()
    _print_details(answer)
    return answer


def _print_details(answer: Answer) -> None:
    """Print cited passages, next steps and follow-ups; under a care answer, whom to call."""
    if not answer.quiet_line:
        _print_contacts(answer)
    cited = [passage for passage in answer.passages if passage.cited]
    for passage in cited:
        out.print(f"\n[{passage.number}] {passage.heading} ({_name_place(passage)})", style="bold")
        for span in passage.cited:
            out.print(f"    “{span.shown}”", style="dim", soft_wrap=True)
    if answer.next_steps:
        out.print("\nNext steps", style="bold")
        for step in answer.next_steps:
            out.print(f"  • {step.text} ({step.passage.heading}, {step.passage.source})", soft_wrap=True)
    if answer.follow_ups:
        out.print("\nYou could also ask", style="bold")
        for question in answer.follow_ups:
            out.print(f"  ? {question}", soft_wrap=True)


def _print_quiet_line(answer: Answer) -> None:
    """Print the line above an answer to someone who may be in danger, with whom to call."""
    out.print(answer.quiet_line, style="bold", soft_wrap=True)
    _print_contacts(answer)
    out.print()


def _print_contacts(answer: Answer) -> None:
    for contact in answer.contacts:
        out.print(f"  {contact.line}", soft_wrap=True)


def print_check(stages: Iterable[CheckedText]) -> None:
    """Print each sentence of a text with where the guide says so, or else the nearest that the guide says."""
    shown = 0
    for stage in stages:
        for one in stage.sentences[shown:]:
            _print_checked(one)
        shown = len(stage.sentences)


def _print_checked(one: CheckedSentence) -> None:
    said = {True: "says so", False: "does not say so", None: "claims nothing"}[one.supported]
    out.print(f"{one.sentence}", style="dim" if one.supported is None else None, soft_wrap=True)
    out.print(f"  {said}", style="bold")
    for passage in one.citations:
        _print_quoted(passage, "")
    if one.nearest:
        _print_quoted(one.nearest, "nearest: ")


def _print_quoted(passage: Passage, before: str) -> None:
    place = _name_place(passage)
    for span in passage.cited:
        out.print(f"    {before}“{span.shown}” ({place})", style="dim", soft_wrap=True)


def _name_place(passage: Passage) -> str:
    """The file of a passage, and the page of what is cited if it has pages."""
    return f"{passage.source}, page {passage.cited_page}" if passage.cited_page else passage.source


def print_ratings(ratings: Sequence[Rating], as_json: bool) -> None:
    """Print which answers helped, in the given order."""
    if as_json:
        print_json([asdict(one) for one in ratings])
        return
    for one in ratings:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.when))
        verdict = "helpful" if one.helpful else "not helpful"
        out.print(f"{when}  {verdict}: {one.question}", style="bold", soft_wrap=True)
        why = f"\n    Why: {' '.join(one.why.split())}" if one.why else ""
        out.print(f"    {one.answer.partition(chr(10))[0]}{why}", soft_wrap=True)
    if not ratings:
        out.print("Nothing was found helpful or not yet. Each answer on the page can be.")


def print_status(store: Store, settings: Settings, pending: Changes, as_json: bool) -> None:
    """Print whether the index is fresh, and its size."""
    manifest = store.manifest
    documents, chunks, entries = manifest.counts if manifest else (0, 0, 0)
    status: dict[str, Any] = {"corpus": str(settings.corpus), "fresh": not pending.reason, "reason": pending.reason}
    status |= {"documents": documents, "chunks": chunks, "entries": entries, "folder": str(store.folder)}
    compared = manifest.compared if manifest else ()
    skipped = (*(manifest.skipped if manifest else ()), *pending.passed_over)
    status |= {"skipped": skipped, "notes": manifest.notes if manifest else ()}
    status |= {"completeness": [document.describe_completeness() for document in compared]}
    text = f"stale: {pending.reason}" if pending.reason else "fresh"
    if as_json:
        print_json(status)
    else:
        print(f"The index of {settings.corpus} is {text} ({chunks} chunks).")
        _print_completeness(compared)


def _print_completeness(documents: Iterable[IndexedDocument]) -> None:
    """Print how much of the files is in the index."""
    for line, is_warning in describe_completeness(documents):
        out.print(line, style="yellow" if is_warning else None, soft_wrap=True)


def print_pending(pending: Changes, as_json: bool) -> None:
    """Print what a build would do, a line for each document that it would touch."""
    if as_json:
        print_json(pending.to_dict())
        return
    out.print(f"To do: {pending.reason}." if pending.reason else "Nothing is to be done: the index is fresh.")
    moved = [f"{old} to {new}" for old, new in pending.moved]
    for kind, names in (("new", pending.added), ("changed", pending.changed), ("moved", moved), ("gone", pending.gone)):
        for name in names:
            out.print(f"  {kind:<8} {name}", soft_wrap=True)
    for line in pending.unread:
        out.print(f"  unread   {line}", soft_wrap=True)
    out.print(f"  untouched {pending.untouched}")


def print_report(report: Report, as_json: bool) -> None:
    """Print what a build did."""
    if as_json:
        print_json(report.to_dict(), indent=None)
        return
    for line in describe_build(report):
        out.print(line, soft_wrap=True)
    if not report.reason:
        for line in report.notes:
            out.print(line, soft_wrap=True)
        out.print(f"The index is fresh: {report.documents} documents, {report.chunks} chunks. Nothing was embedded.")
    _print_completeness(report.compared)
