"""`assistant eval`, `traps` and `bench` measure answers, check and speed; `fit`, `tune` and `calibrate` fit readers."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from assistant.assistant import open_assistant
from assistant.cli.terminal import (
    AsJson,
    Corpus,
    ModelOption,
    make_embedder_loader,
    out,
    print_json,
    say,
    show_progress,
)
from assistant.errors import SettingsError
from assistant.llm.local import LocalModel
from assistant.llm.probes import FILE_NAME, save_probes
from assistant.measuring import evaluate
from assistant.measuring.jsonlines import read_json_lines
from assistant.models import installed
from assistant.settings import embedder_name, load_settings

if TYPE_CHECKING:
    from index.embedding.adapter import Adapter

app = typer.Typer()


@app.command("eval")
def evaluate_answers(  # noqa: PLR0913 - its options
    questions: Annotated[Path, typer.Argument(help="A file of questions, as JSON lines; see tests/questions.")],
    corpus: Corpus = None,
    half: Annotated[evaluate.Half, typer.Option(help="Which of them, by the fixed rule.")] = "all",
    most: Annotated[int, typer.Option(help="At most so many, always the same ones; 0 is all.")] = 0,
    labels: Annotated[Path | None, typer.Option(help="Labelled pairs, for the judge's agreement.")] = None,
    details: Annotated[bool, typer.Option("--details", help="Print every failure.")] = False,
    decide: Annotated[bool, typer.Option("--decide", help="Only what is answered, nothing worded; quick.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how far the answers can be trusted."""
    if decide:
        _print_decisions(questions, corpus, half, most, as_json)
        return
    cases = evaluate.choose_cases(evaluate.read_cases(questions), half, most)
    labelled = evaluate.read_labels(labels) if labels else ()
    pairs = [pair for pair in labelled if evaluate.assign_half(pair.id) == "checking"]
    assistant = open_assistant(load_settings(corpus=corpus))
    with show_progress() as progress:
        assistant.load(say, progress)
    with show_progress("Asking") as progress:
        evaluation = evaluate.evaluate(assistant, cases, pairs, progress)
    if as_json:
        print_json(evaluation.to_dict(details))
        return
    _print_evaluation(evaluation, f"{questions.name}, {half}: {len(cases)} questions")
    for one in evaluation.outcomes if details else ():
        if one.failures:
            text = json.dumps(evaluate.describe_failure(one), ensure_ascii=False, indent=2)
            out.print(text, soft_wrap=True)


@app.command()
def traps(
    corpus: Corpus = None,
    most: Annotated[int, typer.Option(min=1, help="Of each kind.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Try to fool the check: change the guide's sentences by rule, and see which of them stand all the same."""
    # Imported late: no other command needs it.
    from assistant.answering.check import check_sentence
    from assistant.measuring.traps import OWN, make_traps, measure_traps

    assistant = open_assistant(load_settings(corpus=corpus))
    with show_progress() as progress:
        components = assistant.load(say, progress)
    made = make_traps(components.store.chunks(), most)
    with show_progress("Checking") as progress:
        check = partial(check_sentence, components.searcher, components.verdicts)
        report = measure_traps(made, check, progress)
    if as_json:
        print_json(asdict(report))
        return
    for trap in report.wrong:
        out.print(f"{trap.kind}{'' if trap.holds else ', stands'}: {trap.text}", soft_wrap=True)
    table = Table("made by", "stand", "of")
    for kind, (stood, of) in report.kinds.items():
        table.add_row("the guide's own words" if kind == OWN else kind, str(stood), str(of))
    out.print(table)
    rows = [row for kind, row in report.kinds.items() if kind != OWN]
    out.print(f"Of {sum(of for _, of in rows)} traps {sum(stood for stood, _ in rows)} stand.")


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
    from assistant.measuring.bench import bench as measure
    from assistant.measuring.jsonlines import read_json_lines

    asked = [str(row["question"]) for row in read_json_lines(questions, ("question",))] if questions else []
    assistant = open_assistant(load_settings(corpus=corpus, model=model))
    with show_progress("Measuring") as progress:
        report = measure(assistant, asked, most, starts, progress)
    if as_json:
        print_json(report.to_dict())
        return
    table = Table("figure", "value", "floor", "ratio", "reach", "", box=None)
    for one in report.figures:
        reach = f"{'at least' if one.more else 'at most'} {one.reach:g}"
        floor, ratio = (f"{value:.3g}" if value is not None else "–" for value in (one.floor, one.ratio))
        table.add_row(one.name, f"{one.value:.3g} {one.unit}", floor, ratio, reach, "" if one.reached else "missed")
    out.print(table)
    out.print("Imports of `assistant ask`: " + ", ".join(f"{name} {s:.2f} s" for name, s in report.imports.items()))


@app.command("fit")
def fit_examples(
    examples: Annotated[Path, typer.Argument(help="A folder of labelled examples; see tests/training.")],
    into: Annotated[Path | None, typer.Option(help="The file to write; else one in the data folder.")] = None,
) -> None:
    """Fit what reads verdicts to embedder and reader; takes an hour. See `tune --danger` for what recognises danger."""
    # Imported late: no other command needs it.
    from assistant.measuring.fit import fit, read_examples

    settings = load_settings()
    known, path = read_examples(examples), into or settings.home / FILE_NAME
    choice = settings.checker or settings.model
    file = installed.ensure_model(settings, "chat", choice=choice)
    chat = LocalModel(file, settings.context, settings.threads, settings.home / "cache")
    with show_progress("Reading the examples") as progress:
        fitted = fit(make_embedder_loader(settings)(), chat, known, progress)
    embedder, reader = embedder_name(settings), Path(choice).name
    save_probes(path, fitted, embedder, reader)
    out.print(f"Fitted to {embedder} and {reader}, in {path}.", soft_wrap=True)


@app.command("tune")
def tune_embedder(
    examples: Annotated[Path, typer.Argument(help="A folder of labelled examples; see tests/training.")],
    into: Annotated[Path, typer.Argument(help="The file to write; the run is kept beside it, and goes on from there.")],
    cross: Annotated[bool, typer.Option("--cross", help="Tune the cross-encoder, over the tuned vectors.")] = False,
    danger: Annotated[bool, typer.Option("--danger", help="Tune what recognises danger.")] = False,
    after: Annotated[Path | None, typer.Option(help="An adapter of that kind to go on from.")] = None,
    new: Annotated[
        list[str] | None,
        typer.Option(help="With --cross --after: a file that it has not seen; the others are rehearsed."),
    ] = None,
) -> None:
    """Tune the embedder to the small guides or messages of a folder; takes an hour. `calibrate` comes after it."""
    # Imported late: no other command needs it.
    from assistant.measuring.tune import FILES, read_guides, read_messages
    from index.embedding.adapter import find_adapter, read_adapter, save_adapter
    from index.embedding.tune import tune, tune_cross
    from index.embedding.tune_classifier import tune_classifier

    settings, before = load_settings(), _read_before(after) if after else None
    folder, state = installed.ensure_model(settings, "embed"), into.with_suffix(".partial")
    vectors = find_adapter(settings.embedder)
    if new and not (cross and after and FILES.keys() >= set(new)):
        raise SettingsError("--new goes with --cross and --after", f"Name one of {', '.join(FILES)}.")
    if cross and vectors is None:
        raise SettingsError(f"There is no adapter for {settings.embedder}", "Tune the embedder without --cross first.")
    with show_progress("Learning") as progress:
        if danger:
            adapter = tune_classifier(folder, read_messages(examples), state, progress, before)
        elif cross and vectors:
            guides = read_guides(examples, new or FILES)
            known = read_guides(examples, FILES.keys() - new) if new else ()
            adapter = tune_cross(folder, read_adapter(vectors), guides, state, progress, before, known)
        else:
            adapter = tune(folder, read_guides(examples), state, progress, before)
    save_adapter(into, adapter)
    out.print(f"The adapter is in {into}.", soft_wrap=True)


def _read_before(path: Path) -> Adapter:
    """Read an adapter to go on from."""
    from index.embedding.adapter import read_adapter

    try:
        return read_adapter(path)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is no adapter ({error})", "Name a file that `assistant tune` has made.") from error


@app.command("calibrate")
def calibrate_coverage(
    files: Annotated[list[Path], typer.Argument(help="Guides with questions of their own; see tests/questions.")],
) -> None:
    """Fit the curve that tells whether a guide answers a question to the embedder in use, and print it."""
    # Imported late: no other command needs it.
    from assistant.measuring.decide import decide_guides
    from assistant.measuring.guides import GUIDE_KEYS
    from assistant.measuring.tune import fit_curve

    assistant = open_assistant(load_settings())
    with show_progress() as progress:
        components = assistant.load(say, progress)
    guides = [guide for file in files for guide in read_json_lines(file, GUIDE_KEYS)]
    curve = fit_curve(list(decide_guides(assistant, guides)))
    out.print(f"{components.readers}: {curve}", soft_wrap=True)


def _print_decisions(questions: Path, corpus: Path | None, half: evaluate.Half, most: int, as_json: bool) -> None:
    """Decide on each question of a file, about the corpus or about small guides of its own, and print the shares."""
    # Imported late: no other command needs it.
    from assistant.measuring.decide import count_by_kind, decide_cases, decide_guides, measure_reliability
    from assistant.measuring.guides import GUIDE_KEYS

    rows = list(read_json_lines(questions, ()))
    assistant = open_assistant(load_settings(corpus=corpus))
    with show_progress() as progress:
        assistant.load(say, progress)
    if rows and "asked" in rows[0]:
        decided = list(decide_guides(assistant, list(read_json_lines(questions, GUIDE_KEYS))[: most or None]))
    else:
        decided = list(decide_cases(assistant, evaluate.choose_cases(evaluate.read_cases(questions), half, most)))
    tallies, reliability = count_by_kind(decided), measure_reliability(decided)
    if as_json:
        print_json({"kinds": [asdict(one) for one in tallies], "reliability": reliability})
        return
    table = Table(
        "kind", "covered", "refused", "answered", "uncovered", "answered", "declined", "first", "three", box=None
    )
    for one in tallies:
        shares = (one.refused, one.answered, one.made_up, one.declined, one.first, one.among_three)
        refused, answered, made_up, declined, first, three = (f"{share:.3f}" for share in shares)
        table.add_row(
            one.kind, str(one.covered), refused, answered, str(one.uncovered), made_up, declined, first, three
        )
    out.print(table)
    table = Table("chance", "covered", "questions", box=None)
    for chance, share, number in reliability:
        table.add_row(f"{chance:.2f}", f"{share:.2f}", str(number))
    out.print(table)


def _print_evaluation(evaluation: evaluate.Evaluation, title: str) -> None:
    table = Table("yardstick", "reached", "wanted", "of", "", title=title, title_justify="left", box=None)
    for one in evaluation.yardsticks:
        value, bound = (f"{number:.3f}".rstrip("0").rstrip(".") for number in (one.value, one.bound))
        wanted = f"{'at least' if one.least else 'at most'} {bound}"
        table.add_row(one.name, value if one.of else "–", wanted, str(one.of), "" if one.reached else "missed")
    out.print(table)
    if agreement := evaluation.agreement:
        out.print(
            f"The judge of support is the chat model, asked in another way than the check. On {agreement.pairs} pairs "
            f"labelled by hand it agrees on {agreement.agreed:.0%}: it passes {agreement.passed:.0%} of the "
            f"unsupported sentences and fails {agreement.failed:.0%} of the supported.",
            soft_wrap=True,
        )
