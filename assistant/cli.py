"""The command `assistant`. An error becomes one line on standard error and an exit code."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from assistant import evaluate, models
from assistant.answer import cleaned, open_assistant
from assistant.errors import GuideError, QuestionError
from assistant.fitted import NAME, save
from assistant.generate import LocalModel
from assistant.guide import looked_at, opened, told
from assistant.records import Answer, Turn
from assistant.served import served
from assistant.settings import OFFLINE, Settings, chat_name, embedder_name, index_folder, load_settings
from index.build import Report, build, planned
from index.embed import Embedder
from index.plan import Plan
from index.store import Store
from index.watch import changes

app = typer.Typer(help="Ask one guide, on this machine alone.", no_args_is_help=True, pretty_exceptions_enable=False)
models_app = typer.Typer(help="The models: list, fetch, verify, choose.", invoke_without_command=True)
app.add_typer(models_app, name="models")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Corpus = Annotated[Path | None, typer.Option(help="The folder of texts; each has its own index.")]
ModelOption = Annotated[str | None, typer.Option("--model", help="A chat model: a name, or a GGUF file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print plain data.")]


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
    from ui.server import serve as serve_page

    assistant = open_assistant(load_settings(host=host, port=port, corpus=corpus, model=model))

    def load() -> None:
        with _loading() as (say, progress):
            assistant.load(say, progress)

    serve_page(assistant, browser=browser, mcp=mcp, say=_say, load=load)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="Read from standard input if it is not given.")] = None,
    as_json: AsJson = False,
    corpus: Corpus = None,
    model: ModelOption = None,
) -> None:
    """Ask one question."""
    asked = cleaned(question if question is not None else _piped())
    assistant = open_assistant(load_settings(corpus=corpus, model=model))
    with _loading() as (say, progress):
        assistant.load(say, progress)
    if as_json:
        print(json.dumps(assistant.ask(asked).to_dict(), ensure_ascii=False, indent=2))
    else:
        _print_answer(assistant.stream(asked))


@app.command()
def chat(corpus: Corpus = None, model: ModelOption = None) -> None:
    """A conversation in the terminal."""
    assistant = open_assistant(load_settings(corpus=corpus, model=model))
    with _loading() as (say, progress):
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
        store = opened(settings, _say)
        embedder = _embedder(settings, _say, processes)
        _build(store, settings, embedder, force, as_json)
        for _ in changes(settings.corpus, Event()) if watch else ():
            _build(store, settings, embedder, False, as_json, quiet=True)


def _build(
    store: Store, settings: Settings, embedder: Callable[[], Embedder], force: bool, as_json: bool, quiet: bool = False
) -> None:
    """Build and tell; a `quiet` one goes on after a problem, and does not tell that nothing was to be done."""
    columns = (TextColumn("Reading the guide"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with _bar(*columns, TimeRemainingColumn()) as progress:
            name = embedder_name(settings)
            report = build(store, settings.corpus, embedder, name, force=force, progress=progress, say=_say)
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


@app.command("eval")
def evaluate_answers(
    questions: Annotated[Path, typer.Argument(help="A file of questions, as JSON lines; see tests/questions.")],
    corpus: Corpus = None,
    half: Annotated[evaluate.Half, typer.Option(help="Which of them, by the fixed rule.")] = "all",
    most: Annotated[int, typer.Option(help="At most so many, always the same ones; 0 is all.")] = 0,
    labels: Annotated[Path | None, typer.Option(help="Labelled pairs, for the judge's agreement.")] = None,
    details: Annotated[bool, typer.Option("--details", help="Print every failure.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how far the answers can be trusted."""
    cases = evaluate.chosen(evaluate.read_cases(questions), half, most)
    pairs = [pair for pair in evaluate.read_labels(labels) if evaluate.half_of(pair.id) == "checking"] if labels else []
    assistant = open_assistant(load_settings(corpus=corpus))
    with _loading() as (say, progress):
        assistant.load(say, progress)
    with _loading("Asking") as (_, progress):
        evaluation = evaluate.evaluate(assistant, cases, pairs, progress)
    if as_json:
        print(json.dumps(evaluation.to_dict(details), ensure_ascii=False, indent=2))
        return
    _print_evaluation(evaluation, f"{questions.name}, {half}: {len(cases)} questions")
    for one in evaluation.outcomes if details else ():
        if one.failures:
            out.print(json.dumps(evaluate.failure(one), ensure_ascii=False, indent=2), markup=False, soft_wrap=True)


@app.command()
def bench(
    questions: Annotated[Path | None, typer.Option(help="JSON lines with questions; else the guide's.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Questions asked.")] = 20,
    starts: Annotated[int, typer.Option(min=1, help="Starts of each command; the middle one counts.")] = 3,
    as_json: AsJson = False,
    corpus: Corpus = None,
    model: ModelOption = None,
) -> None:
    """Measure how fast it is here, beside what this machine allows; takes a few minutes, best with nothing else on."""
    # Imported late: no other command needs it.
    from assistant.bench import bench as measure
    from assistant.jsonlines import json_lines

    asked = [str(row["question"]) for row in json_lines(questions, ("question",))] if questions else []
    assistant = open_assistant(load_settings(corpus=corpus, model=model))
    with _loading("Measuring") as (_, progress):
        found = measure(assistant, asked, most, starts, progress)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2))
        return
    table = Table("figure", "value", "floor", "ratio", "reach", "", box=None)
    for one in found.figures:
        reach = f"{'at least' if one.more else 'at most'} {one.reach:g}"
        floor, ratio = (f"{value:.3g}" if value is not None else "–" for value in (one.floor, one.ratio))
        table.add_row(one.name, f"{one.value:.3g} {one.unit}", floor, ratio, reach, "" if one.reached else "missed")
    out.print(table)
    out.print("Imports of `assistant ask`: " + ", ".join(f"{name} {s:.2f} s" for name, s in found.imports.items()))


@app.command("fit")
def fit_examples(
    examples: Annotated[Path, typer.Argument(help="A folder of labelled examples; see tests/training.")],
    into: Annotated[Path | None, typer.Option(help="The file to write; else one in the data folder.")] = None,
) -> None:
    """Fit what recognises danger and reads verdicts to the models in use; takes an hour."""
    # Imported late: no other command needs it.
    from assistant.fit import fit, read_examples

    settings = load_settings()
    known, path = read_examples(examples), into or settings.home / NAME
    chat = LocalModel(models.ready(settings, "chat"), settings.context, settings.threads, settings.home / "cache")
    with _loading("Reading the examples") as (say, progress):
        fitted = fit(_embedder(settings, say)(), chat, known, progress)
    save(path, fitted, embedder_name(settings), chat_name(settings))
    out.print(
        f"Fitted to {embedder_name(settings)} and {chat_name(settings)}, in {path}.", markup=False, soft_wrap=True
    )


@app.command()
def feedback(as_json: AsJson = False, corpus: Corpus = None) -> None:
    """Show which answers were found helpful or not, the last first."""
    # Imported late: no other command needs it.
    from assistant.conversation import Conversations
    from assistant.database import Database

    settings = load_settings(corpus=corpus)
    rated = Conversations(Database(settings.home, _say), str(settings.corpus.resolve())).rated()
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
    for state in models.states(load_settings()):
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
    wanted = [name] if name else [n for n in (settings.model, settings.embedder) if not models.is_path(n)]
    for one in wanted:
        models.fetch_model(settings, one)
        out.print(f"{one} is here and verified.")


@models_app.command("verify")
def verify_models(
    name: Annotated[str | None, typer.Argument(help="All that are here if it is not given.")] = None,
) -> None:
    """Compare the files that are here with their sums."""
    problems = 0
    for state in models.verify(load_settings(), name):
        out.print(f"{state.model.name}: {state.problem or 'its files are what they should be.'}", markup=False)
        problems += bool(state.problem)
    if problems:
        raise SystemExit(1)


@models_app.command("use")
def use_model(name: Annotated[str, typer.Argument(help="A name of the catalogue, or a path.")]) -> None:
    """Choose a model for the next starts."""
    settings = load_settings()
    role = models.use(settings, name)
    out.print(f"{name} is now the {'chat model' if role == 'chat' else 'embedder'}.")
    variable = "ASSISTANT_MODEL" if role == "chat" else "ASSISTANT_EMBEDDER"
    if variable in os.environ:
        err.print(f"{variable} is set, and stands before this choice.")


@app.command()
def doctor(as_json: AsJson = False, corpus: Corpus = None, model: ModelOption = None) -> None:
    """Say what is here: what to paste into a report."""
    report = _examined(load_settings(corpus=corpus, model=model))
    if as_json:
        print(json.dumps(report, indent=2))
        return
    for section, rows in report.items():
        out.print(section, style="bold")
        for name, value in rows.items():
            out.print(f"  {name}: {value}", markup=False, soft_wrap=True)


def _examined(settings: Settings) -> dict[str, dict[str, Any]]:
    """Versions, paths, models, index, memory and offline switches."""
    memory = models.machine_memory()
    return {
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "memory": f"{memory / 1e9:.1f} GB" if memory else "unknown",
        },
        "packages": {name: _version(name) for name in _PACKAGES},
        "paths": {"data": str(settings.home), "corpus": str(settings.corpus), "catalogue": str(settings.catalogue)},
        "models": {
            "chat": _served_state(settings) if settings.llm_url else _model_state(settings, settings.model),
            "embedder": _model_state(settings, settings.embedder),
        },
        "index": {"state": _index_state(settings)},
        "offline": {name: os.environ.get(name, "not set") for name in OFFLINE},
    }


_PACKAGES = (
    "guide-assistant",
    "llama-cpp-python",
    "openai",
    "sentence-transformers",
    "torch",
    "chromadb",
    "gradio",
    "huggingface_hub",
)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _model_state(settings: Settings, choice: str) -> str:
    if models.is_path(choice):
        return f"{choice} ({'here' if Path(choice).expanduser().exists() else 'missing'})"
    states = {state.model.name: state for state in models.states(settings)}
    state = states.get(choice)
    if state is None:
        return f"{choice} (not in the catalogue)"
    return f"{choice} ({state.problem or ('verified' if state.verified else 'here' if state.here else 'missing')})"


def _served_state(settings: Settings) -> str:
    """The chat server and its model, or why there is none."""
    try:
        model = served(settings)
    except GuideError as error:
        return str(error)
    return f"{model.model} on {model.url} (there)"


def _index_state(settings: Settings) -> str:
    folder = index_folder(settings)
    if not settings.chroma_url and not folder.exists():
        return "not made yet"
    try:
        store = looked_at(settings)
        reason = planned(store, settings.corpus, embedder_name(settings)).reason
        chunks = store.manifest.counts[1] if store.manifest else 0
    except GuideError as error:
        return str(error)
    return f"{'stale: ' + reason if reason else 'fresh'}, {chunks} chunks, in {store.place}"


def _embedder(settings: Settings, say: Callable[[str], None], processes: int = 1) -> Callable[[], Embedder]:
    """Loads the embedder when it is first needed, and once."""

    @cache
    def load() -> Embedder:
        folder = models.ready(settings, "embed")
        say("Loading the embedder …")
        return Embedder(folder, embedder_name(settings), processes)

    return load


def _say(line: str) -> None:
    err.print(line, style="dim", markup=False, soft_wrap=True)


@contextmanager
def _loading(what: str = "Reading the guide") -> Iterator[tuple[Callable[[str], None], Callable[[int, int], None]]]:
    """A place to say things and a progress bar, on standard error."""
    with _bar(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        yield _say, progress


@contextmanager
def _bar(*columns: ProgressColumn) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, told (done, in all)."""
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def _print_report(report: Report) -> None:
    for line in told(report):
        out.print(line, markup=False, soft_wrap=True)
    if not report.reason:
        out.print(f"The index is fresh: {report.documents} documents, {report.chunks} chunks. Nothing was embedded.")


def _print_evaluation(evaluation: evaluate.Evaluation, title: str) -> None:
    table = Table("yardstick", "reached", "wanted", "of", "", title=title, title_justify="left", box=None)
    for one in evaluation.yardsticks:
        value, bound = (f"{number:.3f}".rstrip("0").rstrip(".") for number in (one.value, one.bound))
        wanted = f"{'at least' if one.least else 'at most'} {bound}"
        table.add_row(one.name, value if one.of else "–", wanted, str(one.of), "" if one.reached else "missed")
    out.print(table)
    if told := evaluation.agreement:
        out.print(
            f"The judge of support is the chat model, asked in another way than the check. On {told.pairs} pairs "
            f"labelled by hand it agrees on {told.agreed:.0%}: it passes {told.passed:.0%} of the unsupported "
            f"sentences and fails {told.failed:.0%} of the supported.",
            soft_wrap=True,
        )


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
