"""`assistant guides`: list the folders that conversations are kept about, and attach one that was moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.terminal import Corpus, out, say
from assistant.settings import load_settings
from index.reading.documents import find_corpus_files

app = typer.Typer(help="The guides that something is kept about: list, attach.", invoke_without_command=True)


@app.callback()
def list_by_default(context: typer.Context) -> None:
    """List the folders that conversations or steps of a plan are kept about, and whether they are still there."""
    if context.invoked_subcommand is None:
        list_guides()


@app.command("list")
def list_guides() -> None:
    """List the folders that something is kept about."""
    # Imported late, here and below: no other command but `feedback` needs it.
    from assistant.history.database import Database
    from assistant.history.guides import Guides

    known = Guides(Database(load_settings().home, say)).list()
    for one in known:
        out.print(f"{'' if one.here else 'gone: '}{one.folder}", style="bold", soft_wrap=True)
        out.print(f"    conversations: {one.conversations}, steps of a plan: {one.steps}", style="dim")
    if any(not one.here for one in known):
        out.print("Where is it now? Type: assistant guides attach OLD_FOLDER --corpus NEW_FOLDER", soft_wrap=True)
    if not known:
        out.print("Nothing is kept yet.")


@app.command("attach")
def attach_guide(
    folder: Annotated[Path, typer.Argument(help="Where the guide was, as `assistant guides` names it.")],
    corpus: Corpus = None,
) -> None:
    """Let the folder in use take over all that is kept about another one, which was moved or renamed."""
    from assistant.history.database import Database
    from assistant.history.guides import Guides

    settings = load_settings(corpus=corpus)
    find_corpus_files(settings.corpus)  # nothing is attached to a folder that is no guide
    now = settings.corpus.resolve()
    Guides(Database(settings.home, say)).attach(str(folder.expanduser().resolve()), str(now))
    out.print(f"All that was kept about {folder} is now kept about {now}.", soft_wrap=True)
