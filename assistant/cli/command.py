"""The command `assistant`. An error becomes one line on standard error and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
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
from assistant.cli import doctor, guide_commands, measure, model_commands
from assistant.cli.printing import print_answer, print_check, print_pending, print_ratings, print_report, print_status
from assistant.cli.terminal import (
    AsJson,
    Corpus,
    ModelOption,
    ReaderOption,
    err,
    make_embedder_loader,
    out,
    print_json,
    say,
    show_bar,
    show_progress,
    tolerate_encoding,
)
from assistant.errors import GuideError, QuestionError
from assistant.guide import name_vectors, open_index, open_index_as_is
from assistant.machine import limit_memory_pools
from assistant.problems import Problems
from assistant.question import clean_question, clean_text
from assistant.records import Turn
from assistant.settings import Settings, find_home, load_settings
from index.build import build, plan_build
from index.embedding.embed import Embedder
from index.storing.store import Store
from index.watch import watch_changes

app = typer.Typer(help="Ask one guide, on this machine alone.", no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(model_commands.app, name="models")
app.add_typer(guide_commands.app, name="guides")
app.add_typer(measure.app)
app.add_typer(doctor.app)


def main() -> None:
    """Run the command. Exit codes: 1 for an error that a person can fix, 130 if interrupted, 70 for a bug."""
    tolerate_encoding()
    problems = Problems(find_home())
    try:
        app(standalone_mode=True)
    except GuideError as error:
        problems.note("command", error)
        err.print(str(error), style="red", soft_wrap=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        err.print("Stopped.")
        raise SystemExit(130) from None
    except Exception as error:
        if os.environ.get("ASSISTANT_DEBUG"):
            raise
        inside = GuideError(f"Something went wrong inside: {type(error).__name__}", details=str(error))
        problems.note("command", inside)
        err.print(str(inside), style="red", soft_wrap=True)
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
    reader: ReaderOption = None,
) -> None:
    """Open the chat in your browser; fetches the models the first time."""
    # Imported late: `ui` lies above `assistant`.
    from ui.serving.start import serve as serve_page

    limit_memory_pools()
    assistant = open_assistant(load_settings(host=host, port=port, corpus=corpus, model=model, reader=reader))

    def load() -> None:
        with show_progress() as progress:
            assistant.load(say, progress)

    serve_page(assistant, browser=browser, mcp=mcp, say=say, load=load)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="Read from standard input if it is not given.")] = None,
    as_json: AsJson = False,
    corpus: Corpus = None,
    model: ModelOption = None,
    reader: ReaderOption = None,
) -> None:
    """Ask one question."""
    question = clean_question(question if question is not None else _read_input("question"))
    assistant = open_assistant(load_settings(corpus=corpus, model=model, reader=reader))
    with show_progress() as progress:
        assistant.load(say, progress)
    if as_json:
        print_json(assistant.ask(question).to_dict())
    else:
        print_answer(assistant.stream(question))


@app.command()
def check(
    text: Annotated[str | None, typer.Argument(help="Read from --file or standard input if it is not given.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file with the text.")] = None,
    as_json: AsJson = False,
    corpus: Corpus = None,
    reader: ReaderOption = None,
) -> None:
    """Say which sentences of a text the guide says, and where."""
    given = clean_text(text if text is not None else _read_file(file) if file else _read_input("text to check"))
    assistant = open_assistant(load_settings(corpus=corpus, reader=reader))
    with show_progress() as progress:
        assistant.load(say, progress)
        if as_json:
            for stage in assistant.stream_check(given):
                progress(len(stage.sentences), stage.total)
    if as_json:
        print_json([one.to_dict() for one in stage.sentences])
    else:
        print_check(assistant.stream_check(given))


@app.command()
def chat(corpus: Corpus = None, model: ModelOption = None, reader: ReaderOption = None) -> None:
    """A conversation in the terminal."""
    assistant = open_assistant(load_settings(corpus=corpus, model=model, reader=reader))
    with show_progress() as progress:
        assistant.load(say, progress)
    out.print("Ask what you like about the guide; an empty line ends.", style="dim")
    history: list[Turn] = []
    while (question := _read_line()).strip():
        try:
            with assistant.problems.meet("command", "The question could not be answered"):
                answer = print_answer(assistant.stream(question, history))
        except GuideError as error:
            err.print(str(error), style="red", soft_wrap=True)
            continue
        history.append(Turn(question, answer.text))


@app.command()
def index(
    status: Annotated[bool, typer.Option("--status", help="Only say whether it is fresh and whole.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Embed everything again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, each time the texts change.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Embed in so many processes.")] = 1,
    as_json: AsJson = False,
    corpus: Corpus = None,
) -> None:
    """Make the index equal to the texts."""
    settings = load_settings(corpus=corpus)
    if status or dry_run:
        store = open_index_as_is(settings)
        pending = plan_build(store, settings.corpus, name_vectors(settings), force=force)
        print_status(store, settings, pending, as_json) if status else print_pending(pending, as_json)
    else:
        store = open_index(settings, say)
        load_embedder = make_embedder_loader(settings, processes)
        _build(store, settings, load_embedder, force, as_json)
        for _ in watch_changes(settings.corpus, Event()) if watch else ():
            _build(store, settings, load_embedder, False, as_json, watching=True)


def _build(
    store: Store,
    settings: Settings,
    load_embedder: Callable[[], Embedder],
    force: bool,
    as_json: bool,
    watching: bool = False,
) -> None:
    """Build and print the report. While `watching`, print errors and go on, and print no report if nothing was done."""
    columns = (TextColumn("Reading the guide"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with show_bar(*columns, TimeRemainingColumn()) as progress:
            name = name_vectors(settings)
            report = build(store, settings.corpus, load_embedder, name, force=force, progress=progress, say=say)
    except GuideError as error:
        if not watching:
            raise
        Problems(settings.home).note("command", error)
        err.print(str(error), style="red", soft_wrap=True)
        return
    if report.reason or not watching:
        print_report(report, as_json)


@app.command()
def feedback(as_json: AsJson = False, corpus: Corpus = None) -> None:
    """Show which answers were found helpful or not, the last first."""
    # Imported late: no other command needs it.
    from assistant.history.conversation import Conversations
    from assistant.history.database import Database

    settings = load_settings(corpus=corpus)
    conversations = Conversations(Database(settings.home, say), str(settings.corpus.resolve()))
    print_ratings(conversations.list_ratings(), as_json)


def _read_input(what: str) -> str:
    """Read a question or text from standard input; QuestionError if it is not text."""
    if sys.stdin.isatty():
        err.print(f"Type your {what}, then Ctrl-D:", style="dim")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise QuestionError(f"The {what} is not text", "Type it in words.") from error


def _read_file(path: Path) -> str:
    """Read the text to check; QuestionError if it cannot be read, or is not text."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise QuestionError(f"{path} cannot be read ({error.strerror or error})", "Name another file.") from error
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path} is not UTF-8 text", "Save its text as .txt, or paste it.") from error


def _read_line() -> str:
    """Read a line of a chat; empty at the end of the input."""
    try:
        return out.input("\n[bold]You:[/bold] ")
    except EOFError:
        return ""
