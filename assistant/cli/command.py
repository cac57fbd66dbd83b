"""The command `assistant`. An error becomes one line on standard error and an exit code."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from threading import Event
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from assistant.assistant import open_assistant
from assistant.cli import doctor, measure
from assistant.cli.terminal import AsJson, Corpus, ModelOption, bar, embedder_when_needed, err, loading, out, say
from assistant.errors import GuideError, QuestionError
from assistant.guide import looked_at, opened, told
from assistant.models import installed
from assistant.question import clean_question
from assistant.records import Answer, Turn
from assistant.settings import Settings, embedder_name, load_settings
from index.build import Report, build, planned
from index.changes import Plan
from index.embedding.embed import Embedder
from index.storing.store import Store
from index.watch import changes

app = typer.Typer(help="Ask one guide, on this machine alone.", no_args_is_help=True, pretty_exceptions_enable=False)
models_app = typer.Typer(help="The models: list, fetch, verify, choose.", invoke_without_command=True)
app.add_typer(models_app, name="models")
app.add_typer(measure.app)
app.add_typer(doctor.app)


def main() -> None:
    """The outer door: every error that a person must mend is one line."""
    try:
        app(standalone_mode=True)
    except GuideError as error:
        err.print(str(error), style="red", soft_wrap=True, markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        err.print("Stopped.")
        raise SystemExit(130) from None
    except Exception as error:
        if os.environ.get("ASSISTANT_DEBUG"):
            raise
        err.print(f"Something went wrong inside: {type(error).__name__}: {error}", style="red", markup=False)
        err.print("Please report it with the output of `assistant doctor`; ASSISTANT_DEBUG=1 shows where.")
        raise SystemExit(70) from None


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to serve at.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to serve at.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also offer the guide as tools, over MCP.")] = False,
    corpus: Corpus = None,
    model: ModelOption = None,
) -> None:
    """Open the chat in your browser; fetches the models the first time."""
    # Imported late: this floor lies above.
    from ui.serving.start import serve as serve_page

    assistant = open_assistant(load_settings(host=host, port=port, corpus=corpus, model=model))

    def load() -> None:
        with loading() as (say, progress):
            assistant.load(say, progress)

    serve_page(assistant, browser=browser, mcp=mcp, say=say, load=load)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="Read from standard input if it is not given.")] = None,
    as_json: AsJson = False,
    corpus: Corpus = None,
    model: ModelOption = None,
) -> None:
    """Ask one question."""
    asked = clean_question(question if question is not None else _piped())
    assistant = open_assistant(load_settings(corpus=corpus, model=model))
    with loading() as (say, progress):
        assistant.load(say, progress)
    if as_json:
        print(json.dumps(assistant.ask(asked).to_dict(), ensure_ascii=False, indent=2))
    else:
        _print_answer(assistant.stream(asked))


@app.command()
def chat(corpus: Corpus = None, model: ModelOption = None) -> None:
    """A conversation in the terminal."""
    assistant = open_assistant(load_settings(corpus=corpus, model=model))
    with loading() as (say, progress):
        assistant.load(say, progress)
    out.print("Ask what you like about the guide; an empty line ends.", style="dim")
    history: list[Turn] = []
    while (question := _line()).strip():
        try:
            answer = _print_answer(assistant.stream(question, history))
        except QuestionError as error:
            err.print(str(error), style="red", markup=False)
            continue
        history.append(Turn(question, answer.text))


@app.command()
def index(
    status: Annotated[bool, typer.Option("--status", help="Only say whether it is fresh.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Embed everything again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, each time the texts change.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Embed in so many processes.")] = 1,
    as_json: AsJson = False,
    corpus: Corpus = None,
) -> None:
    """Make the index equal to the texts."""
    settings = load_settings(corpus=corpus)
    name = embedder_name(settings)
    if status or dry_run:
        store = looked_at(settings)
        doing = planned(store, settings.corpus, name, force=force)
        _print_status(store, settings, doing, as_json) if status else _print_plan(doing, as_json)
    else:
        store = opened(settings, say)
        embedder = embedder_when_needed(settings, say, processes)
        _build(store, settings, embedder, force, as_json)
        for _ in changes(settings.corpus, Event()) if watch else ():
            _build(store, settings, embedder, False, as_json, quiet=True)


def _build(
    store: Store, settings: Settings, embedder: Callable[[], Embedder], force: bool, as_json: bool, quiet: bool = False
) -> None:
    """Build and tell; a `quiet` one goes on after a problem, and does not tell that nothing was to be done."""
    columns = (TextColumn("Reading the guide"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with bar(*columns, TimeRemainingColumn()) as progress:
            name = embedder_name(settings)
            report = build(store, settings.corpus, embedder, name, force=force, progress=progress, say=say)
    except GuideError as error:
        if not quiet:
            raise
        err.print(str(error), style="red", soft_wrap=True, markup=False)
        return
    if report.reason or not quiet:
        print(json.dumps(report.to_dict()), flush=True) if as_json else _print_report(report)


def _print_status(store: Store, settings: Settings, doing: Plan, as_json: bool) -> None:
    manifest = store.manifest
    documents, chunks, entries = manifest.counts if manifest else (0, 0, 0)
    kept = {"corpus": str(settings.corpus), "fresh": not doing.reason, "reason": doing.reason}
    kept |= {"documents": documents, "chunks": chunks, "entries": entries, "folder": str(store.folder)}
    text = f"stale: {doing.reason}" if doing.reason else "fresh"
    print(json.dumps(kept, indent=2) if as_json else f"The index of {settings.corpus} is {text} ({chunks} chunks).")


def _print_plan(doing: Plan, as_json: bool) -> None:
    """What a build would do, a line for each document that it would touch."""
    if as_json:
        print(json.dumps(doing.to_dict(), indent=2))
        return
    out.print(f"To do: {doing.reason}." if doing.reason else "Nothing is to be done: the index is fresh.")
    moved = [f"{old} to {new}" for old, new in doing.moved]
    for kind, names in (("new", doing.added), ("changed", doing.changed), ("moved", moved), ("gone", doing.gone)):
        for one in names:
            out.print(f"  {kind:<8} {one}", markup=False, soft_wrap=True)
    for line in doing.unread:
        out.print(f"  unread   {line}", markup=False, soft_wrap=True)
    out.print(f"  untouched {doing.untouched}")


@app.command()
def feedback(as_json: AsJson = False, corpus: Corpus = None) -> None:
    """Show which answers were found helpful or not, the last first."""
    # Imported late: no other command needs it.
    from assistant.history.conversation import Conversations
    from assistant.history.database import Database

    settings = load_settings(corpus=corpus)
    rated = Conversations(Database(settings.home, say), str(settings.corpus.resolve())).rated()
    if as_json:
        print(json.dumps([asdict(one) for one in rated], ensure_ascii=False, indent=2))
        return
    for one in rated:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.when))
        found = "helpful" if one.helpful else "not helpful"
        out.print(f"{when}  {found}: {one.question}", style="bold", markup=False, soft_wrap=True)
        why = f"\n    Why: {' '.join(one.why.split())}" if one.why else ""
        out.print(f"    {one.answer.partition(chr(10))[0]}{why}", markup=False, soft_wrap=True)
    if not rated:
        out.print("Nothing was found helpful or not yet. Each answer on the page can be.")


@models_app.callback()
def models_main(context: typer.Context) -> None:
    """List the models: what is here, what is in use, what fits this machine's memory."""
    if context.invoked_subcommand is None:
        list_models()


@models_app.command("list")
def list_models() -> None:
    """List the models of the catalogue."""
    for state in installed.states(load_settings()):
        model = state.model
        here = "here" if state.verified else ("damaged" if state.problem else "not verified") if state.here else ""
        memory = f"{model.memory:.1f} GB memory" + (" (more than there is)" if state.fits is False else "")
        facts = f"{model.role:<5}  {model.bytes / 1e9:5.2f} GB  {memory}  {here}"
        out.print(f"{'*' if state.in_use else ' '} {model.name:<30} {facts}".rstrip(), style="bold", soft_wrap=True)
        measured = "" if model.measured else " Not measured by us."
        out.print(f"      {model.licence}. {model.note}{measured}", style="dim", markup=False, soft_wrap=True)
    out.print("* in use. To get one: assistant models fetch NAME. To use it: assistant models use NAME.", style="dim")


@models_app.command("fetch")
def fetch_models(name: Annotated[str | None, typer.Argument(help="Those in use if it is not given.")] = None) -> None:
    """Fetch a model and verify it."""
    settings = load_settings()
    wanted = [name] if name else [n for n in (settings.model, settings.embedder) if not installed.is_path(n)]
    for one in wanted:
        installed.fetch_model(settings, one)
        out.print(f"{one} is here and verified.")


@models_app.command("verify")
def verify_models(
    name: Annotated[str | None, typer.Argument(help="All that are here if it is not given.")] = None,
) -> None:
    """Compare the files that are here with their sums."""
    problems = 0
    for state in installed.verify(load_settings(), name):
        out.print(f"{state.model.name}: {state.problem or 'its files are what they should be.'}", markup=False)
        problems += bool(state.problem)
    if problems:
        raise SystemExit(1)


@models_app.command("use")
def use_model(name: Annotated[str, typer.Argument(help="A name of the catalogue, or a path.")]) -> None:
    """Choose a model for the next starts."""
    settings = load_settings()
    role = installed.use(settings, name)
    out.print(f"{name} is now the {'chat model' if role == 'chat' else 'embedder'}.")
    variable = "ASSISTANT_MODEL" if role == "chat" else "ASSISTANT_EMBEDDER"
    if variable in os.environ:
        err.print(f"{variable} is set, and stands before this choice.")


def _print_report(report: Report) -> None:
    for line in told(report):
        out.print(line, markup=False, soft_wrap=True)
    if not report.reason:
        out.print(f"The index is fresh: {report.documents} documents, {report.chunks} chunks. Nothing was embedded.")


def _print_answer(answers: Iterator[Answer]) -> Answer:
    """Show sentences as they pass the check, then sources, next steps and follow-ups."""
    shown, answer = 0, Answer("answered")
    for answer in answers:
        for sentence in answer.sentences[shown:]:
            marks = "".join(f"[{number}]" for number in sentence.citations)
            end = "\n" if answer.status != "answered" else " "
            out.print(f"{sentence.text} {marks}".strip(), end=end, markup=False, soft_wrap=True)
        shown = len(answer.sentences)
    out.print()
    _print_rest(answer)
    return answer


def _print_rest(answer: Answer) -> None:
    for contact in answer.contacts:
        out.print(f"  {contact.country}: {contact.who}: {contact.number}", markup=False, soft_wrap=True)
    cited = [passage for passage in answer.passages if passage.cited]
    for passage in cited:
        out.print(f"\n\\[{passage.number}] {passage.heading} ({passage.source})", style="bold")
        for span in passage.cited:
            out.print(f"    “{' '.join(span.text.split())}”", style="dim", markup=False, soft_wrap=True)
    if answer.next_steps:
        out.print("\nNext steps", style="bold")
        for step in answer.next_steps:
            out.print(f"  • {step.text} ({step.passage.heading}, {step.passage.source})", markup=False, soft_wrap=True)
    if answer.follow_ups:
        out.print("\nYou could also ask", style="bold")
        for question in answer.follow_ups:
            out.print(f"  ? {question}", markup=False, soft_wrap=True)


def _piped() -> str:
    """The question from standard input; QuestionError if that is not text."""
    if sys.stdin.isatty():
        err.print("Type your question, then Ctrl-D:", style="dim")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise QuestionError("The question is not text", "Type it in words.") from error


def _line() -> str:
    try:
        return out.input("\n[bold]You:[/bold] ")
    except EOFError:
        return ""
