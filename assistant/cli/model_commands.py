"""`assistant models`: list, fetch, verify and choose models."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from assistant.cli.terminal import err, out
from assistant.models import installed
from assistant.settings import load_settings

app = typer.Typer(help="The models: list, fetch, verify, choose.", invoke_without_command=True)


@app.callback()
def list_by_default(context: typer.Context) -> None:
    """List the models: what is here, what is in use, what fits this machine's memory."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models() -> None:
    """List the models of the catalogue."""
    for state in installed.list_models(load_settings()):
        model = state.model
        here = "here" if state.verified else ("damaged" if state.problem else "not verified") if state.here else ""
        beside = f" + {model.beside:.1f} for the reader" if model.beside else ""
        memory = f"{model.memory:.1f} GB memory{beside}" + (" (more than there is)" if state.fits is False else "")
        facts = f"{model.role:<5}  {model.bytes / 1e9:5.2f} GB  {memory}  {here}"
        out.print(f"{'*' if state.in_use else ' '} {model.name:<30} {facts}".rstrip(), style="bold", soft_wrap=True)
        measured = "" if model.measured else " Not measured by us."
        out.print(f"      {model.licence}. {model.note}{measured}", style="dim", soft_wrap=True)
    out.print("* in use. To get one: assistant models fetch NAME. To use it: assistant models use NAME.", style="dim")


@app.command("fetch")
def fetch_models(name: Annotated[str | None, typer.Argument(help="Those in use if it is not given.")] = None) -> None:
    """Fetch a model and verify it."""
    settings = load_settings()
    names = [name] if name else [n for n in settings.local_models if not installed.is_path(n)]
    for one in names:
        installed.fetch_model(settings, one)
        out.print(f"{one} is here and verified.")


@app.command("verify")
def verify_models(
    name: Annotated[str | None, typer.Argument(help="All that are here if it is not given.")] = None,
) -> None:
    """Compare the files that are here with their sums."""
    problems = 0
    for state in installed.verify(load_settings(), name):
        out.print(f"{state.model.name}: {state.problem or 'its files are what they should be.'}")
        problems += bool(state.problem)
    if problems:
        raise SystemExit(1)


@app.command("use")
def use_model(name: Annotated[str, typer.Argument(help="A name of the catalogue, or a path.")]) -> None:
    """Choose a model for the next starts."""
    settings = load_settings()
    role = installed.use(settings, name)
    out.print(f"{name} is now {'what words the answers' if role == 'chat' else 'the embedder'}.")
    variable = "ASSISTANT_MODEL" if role == "chat" else "ASSISTANT_EMBEDDER"
    if variable in os.environ:
        err.print(f"{variable} is set, and stands before this choice.")
