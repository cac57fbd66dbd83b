"""The terminal: consoles, progress bars, and what several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from assistant.guide import open_embedder
from assistant.models import installed
from assistant.settings import Settings
from index.embedding.embed import Embedder
from index.progress import Progress

# What is printed is mostly data (a heading, a file name), which is shown as it is.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)

Corpus = Annotated[Path | None, typer.Option(help="The folder of texts; each has its own index.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="What words the answers: a chat model, or a GGUF file.")
]
ReaderOption = Annotated[str | None, typer.Option("--reader", help="What checks the answers: a chat model, or none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print plain data.")]


def tolerate_encoding() -> None:
    """Read and print characters that the terminal's encoding lacks as "?", instead of failing."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_json(data: object, indent: int | None = 2) -> None:
    """Print plain data as JSON, escaped where the output's encoding needs that."""
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(data, indent=indent)
    print(text, flush=True)


def say(line: str) -> None:
    """Print a line on standard error, apart from the output."""
    err.print(line, style="dim", soft_wrap=True)


@contextmanager
def show_progress(what: str = "Reading the guide") -> Iterator[Progress]:
    """Show a progress bar that counts steps."""
    with show_bar(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        yield progress


@contextmanager
def show_bar(*columns: ProgressColumn) -> Iterator[Progress]:
    """Show a progress bar on standard error; nothing if that is not a terminal."""
    with RichProgress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def make_embedder_loader(settings: Settings, processes: int = 1) -> Callable[[], Embedder]:
    """Make a function that loads the embedder on its first call and returns the same one afterwards."""

    @cache
    def load() -> Embedder:
        folder = installed.ensure_model(settings, "embed")
        say("Loading the embedder …")
        return open_embedder(folder, settings, processes)

    return load
