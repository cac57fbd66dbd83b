"""`assistant doctor`: versions, paths, models, index and past problems of this installation, to paste into a report."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import typer

from assistant.answering.verdicts import describe_plain_check
from assistant.cli.terminal import AsJson, Corpus, ModelOption, ReaderOption, out, print_json
from assistant.errors import GuideError, SettingsError
from assistant.guide import name_vectors, open_index_as_is
from assistant.llm.probes import load_probes
from assistant.llm.served import connect_to_server
from assistant.models import installed
from assistant.problems import Problems
from assistant.settings import NO_READER, OFFLINE, Settings, ensure_writable, index_folder, read_settings
from index.build import plan_build

app = typer.Typer()


@app.command()
def doctor(
    as_json: AsJson = False, corpus: Corpus = None, model: ModelOption = None, reader: ReaderOption = None
) -> None:
    """Say what is here: what to paste into a report."""
    settings = read_settings(corpus=corpus, model=model, reader=reader)
    report, problems = _examine(settings), Problems(settings.home).read()
    if as_json:
        print_json({**report, "problems": [asdict(one) for one in problems]})
        return
    for section, rows in report.items():
        out.print(section, style="bold")
        for name, value in rows.items():
            out.print(f"  {name}: {value}", soft_wrap=True)
    out.print("problems", style="bold")
    for one in problems:
        times = f", {one.times} times" if one.times > 1 else ""
        out.print(f"  {one.when}, {one.place}{times}: {one.line}", soft_wrap=True)
    if not problems:
        out.print("  none is recorded")


def _examine(settings: Settings) -> dict[str, dict[str, Any]]:
    """Collect the report: section -> name -> value."""
    memory = installed.read_memory_limit()
    return {
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "memory": f"{memory / 1e9:.1f} GB" if memory else "unknown",
        },
        "packages": {name: _find_version(name) for name in _PACKAGES},
        "paths": {
            "data": str(settings.home),
            "writable": _describe_writing(settings.home),
            "corpus": str(settings.corpus),
            "catalogue": str(settings.catalogue),
        },
        "models": {
            "writer": _describe_server(settings) if settings.llm_url else _describe_model(settings, settings.model),
            "reader": _describe_reader(settings),
            "embedder": _describe_model(settings, settings.embedder),
        },
        "index": {"state": _describe_index(settings)},
        "offline": {name: os.environ.get(name, "not set") for name in OFFLINE},
    }


def _describe_writing(home: Path) -> str:
    try:
        ensure_writable(home)
    except SettingsError as error:
        return str(error)
    return "yes"


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


def _find_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _describe_model(settings: Settings, choice: str) -> str:
    if installed.is_path(choice):
        return f"{choice} ({'here' if Path(choice).expanduser().exists() else 'missing'})"
    state = {state.model.name: state for state in installed.list_models(settings)}.get(choice)
    if state is None:
        return f"{choice} (not in the catalogue)"
    return f"{choice} ({state.problem or ('verified' if state.verified else 'here' if state.here else 'missing')})"


def _describe_server(settings: Settings) -> str:
    """Name the chat server and its model, or say why it cannot be used."""
    try:
        model = connect_to_server(settings)
    except GuideError as error:
        return str(error)
    return f"{model.model} on {model.url} (there)"


def _describe_reader(settings: Settings) -> str:
    """Name the chat model that checks, and say what is lost if nothing was fitted to it."""
    named = NO_READER if settings.reader == NO_READER else _describe_model(settings, settings.reader)
    try:
        lost = describe_plain_check(settings, load_probes(settings))
    except GuideError as error:
        lost = str(error)
    return ". ".join(filter(None, (named, lost)))


def _describe_index(settings: Settings) -> str:
    folder = index_folder(settings)
    if not settings.chroma_url and not folder.exists():
        return "not made yet"
    try:
        store = open_index_as_is(settings)
        reason = plan_build(store, settings.corpus, name_vectors(settings)).reason
        chunks = store.manifest.counts[1] if store.manifest else 0
    except GuideError as error:
        return str(error)
    return f"{'stale: ' + reason if reason else 'fresh'}, {chunks} chunks, in {store.place}"
