"""The terminal: where lines and progress go, and the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from assistant.models import installed
from assistant.settings import Settings, embedder_name
from index.embedding.embed import Embedder

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Corpus = Annotated[Path | None, typer.Option(help="The folder of texts; each has its own index.")]
ModelOption = Annotated[str | None, typer.Option("--model", help="A chat model: a name, or a GGUF file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print plain data.")]


def say(line: str) -> None:
    """A line on standard error, beside what is printed."""
    err.print(line, style="dim", markup=False, soft_wrap=True)


@contextmanager
def loading(what: str = "Reading the guide") -> Iterator[tuple[Callable[[str], None], Callable[[int, int], None]]]:
    """A place to say things and a progress bar, on standard error."""
    with bar(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        yield say, progress


@contextmanager
def bar(*columns: ProgressColumn) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, told (done, in all)."""
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def embedder_when_needed(settings: Settings, told: Callable[[str], None], processes: int = 1) -> Callable[[], Embedder]:
    """Loads the embedder when it is first needed, and once."""

    @cache
    def load() -> Embedder:
        folder = installed.ready(settings, "embed")
        told("Loading the embedder …")
        return Embedder(folder, embedder_name(settings), processes)

    return load
