"""The models that are here: listed, verified, chosen, made ready.

Opens no connection: what is missing is fetched by `assistant/models/fetch.py`, in a process of its own.
A model's files lie in `<data folder>/models/<name>/`, under the paths that the catalogue gives them.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import FetchError, ModelError
from assistant.models.catalogue import Model, Role, catalogue, find
from assistant.models.gguf import gguf_size
from assistant.settings import Settings, choose
from index.progress import Progress, unseen

BLOCK = 1 << 20
"""Bytes read at once."""
STAMP = ".verified.json"
"""Beside the files that were hashed: their sizes, times and sums."""


@dataclass(frozen=True, slots=True)
class State:
    """A model as it is on this machine."""

    model: Model
    here: bool
    """All its files are in their places."""
    verified: bool
    """They are here, and unchanged since their sums were found right."""
    in_use: bool
    fits: bool | None
    """Its memory is no more than this machine's; None if that is not known."""
    problem: str = ""
    """What is wrong with the files, for a person; empty if nothing is known to be."""


def ready(settings: Settings, role: Role, fetch: bool = True, progress: Progress = unseen) -> Path:
    """The verified model in use: the first file of a chat model, the folder of an embedder.

    Args:
        role: which of the two settings, `model` ("chat") or `embedder` ("embed").
        fetch: fetch what is missing, in a process of its own; False never opens a connection.
        progress: of the fetching, told (done, in all) in bytes.

    Raises:
        ModelError: unknown, not here, damaged, or of the other role.
        FetchError: no source gave its files whole.
    """
    choice = settings.model if role == "chat" else settings.embedder
    if is_path(choice):
        return given_file(settings, Path(choice)) if role == "chat" else given_folder(Path(choice))
    model = find(settings, choice)
    if model.role != role:
        what = f"{choice} is of the role {model.role}, and stands where one of the role {role} should"
        raise ModelError(what, "To choose another, type: assistant models")
    if missing(settings, model):
        if not fetch:
            raise not_here(choice)
        fetch_model(settings, choice, progress)
    check(settings, model)
    folder = folder_of(settings, model)
    return folder / model.files[0].path if role == "chat" else folder


def fetch_model(settings: Settings, name: str, progress: Progress = unseen) -> None:
    """Bring a model whole, in a process of its own, with its progress on standard error.

    What is here and sound is not fetched again; a damaged file is replaced. That process ends with ours.

    Raises:
        ModelError: the name is unknown.
        FetchError: no source gave its files whole, or the disk is too small.
    """
    where = {"--home": settings.home, "--catalogue": settings.catalogue.absolute(), "--folder": Path.cwd()}
    options = [str(word) for option in where.items() for word in option]
    command = [sys.executable, "-m", "assistant.models.fetch", find(settings, name).name, "--child", *options]
    # Started beside our packages: no file in the person's folder may stand in for a module.
    root, pipe = Path(__file__).resolve().parents[2], subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, start_new_session=True) as child:
        last: dict[str, Any] = {}
        for line in child.stdout or ():
            last = _record(line)
            if "done" in last:
                progress(last["done"], last["total"])
    try:
        error = last["error"]
    except LookupError as fault:
        what = f"Fetching {name} stopped with code {child.returncode}"
        raise FetchError(what, f"To go on, type: assistant models fetch {name}") from fault
    if error:
        raise FetchError(error["what"], error["do"])


def _record(line: bytes) -> dict[str, Any]:
    """What the fetching process says in a line; empty for what a library of it printed."""
    try:
        kept = json.loads(line)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def use(settings: Settings, choice: str) -> Role:
    """Keep a model, by name or path, for the next starts; gives its role. ModelError if it is none."""
    path = Path(choice).expanduser().absolute()
    if not is_path(choice):
        role = find(settings, choice).role
    elif path.is_dir():
        role, choice = "embed", str(given_folder(path))
    else:
        role, choice = "chat", str(given_file(settings, path))
    choose(settings, **{"model" if role == "chat" else "embedder": choice})
    return role


def states(settings: Settings) -> tuple[State, ...]:
    """Every model of the catalogue as it is here; reads no file of theirs."""
    return tuple(state(settings, model) for model in catalogue(settings))


def verify(settings: Settings, name: str | None = None) -> tuple[State, ...]:
    """Hash the files of one model, or of all that are here; ModelError if that one is unknown or not here."""
    models = [find(settings, name)] if name else list(catalogue(settings))
    here = [model for model in models if not missing(settings, model)]
    if name and not here:
        raise not_here(name)
    return tuple(state(settings, model, problem_of(settings, model)) for model in here)


def state(settings: Settings, model: Model, problem: str = "") -> State:
    """One model as it is here."""
    memory, folder, here = machine_memory(), folder_of(settings, model), not missing(settings, model)
    known = read_stamp(folder)
    return State(
        model=model,
        here=here,
        verified=here and all(known.get(f.path) == (*mark(folder / f.path), f.sha256) for f in model.files),
        in_use=model.name in (settings.model, settings.embedder),
        fits=None if memory is None else model.memory * 1e9 <= memory,
        problem=problem,
    )


def problem_of(settings: Settings, model: Model) -> str:
    """What is wrong with a model's files, hashed anew; empty if nothing is."""
    try:
        check(settings, model, again=True)
    except ModelError as error:
        return str(error)
    return ""


def is_path(choice: str) -> bool:
    """Whether a choice of model is a path rather than a name of the catalogue."""
    return choice.lower().endswith(".gguf") or os.sep in choice or "/" in choice


def not_here(name: str) -> ModelError:
    """The error for a model that was not fetched yet."""
    return ModelError(f"The model {name} is not here", f"To fetch it, type: assistant models fetch {name}")


def unreadable(path: Path, error: OSError) -> ModelError:
    """The error for a model file that cannot be read."""
    return ModelError(f"Model file {path} cannot be read ({error.strerror})", "Mend that or choose another.")


def folder_of(settings: Settings, model: Model) -> Path:
    """Where a model's files lie."""
    return settings.home / "models" / model.name


def missing(settings: Settings, model: Model) -> bool:
    """Whether a file of the model is not here."""
    return not all((folder_of(settings, model) / file.path).is_file() for file in model.files)


def check(settings: Settings, model: Model, again: bool = False) -> None:
    """Compare every file's sum with the catalogue's; only what changed since is hashed, or all `again`.

    Raises:
        ModelError: a file is gone or not the catalogue's; names both sums. Deletes nothing.
    """
    folder = folder_of(settings, model)
    for file in model.files:
        size, _, found = hashed(folder, file.path, folder / file.path, again)
        if found != file.sha256:
            short = "" if size == file.bytes else f"it has {size} bytes instead of {file.bytes}, and "
            what = f"{folder / file.path} is damaged: {short}its sha256 is {found}, not {file.sha256}"
            raise ModelError(what, f"To mend it, type: assistant models fetch {model.name}")


def hashed(folder: Path, key: str, path: Path, again: bool = False) -> tuple[int, int, str]:
    """(bytes, mtime in ns, sha256) of a file, kept under `key` in the folder's stamp for the next time."""
    try:
        now, known = mark(path), read_stamp(folder).get(key, ())
        if not again and known[:2] == now:
            return (*now, str(known[2]))
        fresh = (*now, sum_of(path))
    except OSError as error:
        raise unreadable(path, error) from error
    write_stamp(folder, read_stamp(folder) | {key: fresh})
    return fresh


def mark(path: Path) -> tuple[int, int]:
    """(bytes, mtime in ns): what shows that a file has changed, without reading it."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def sum_of(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_stamp(folder: Path) -> dict[str, tuple[Any, ...]]:
    """key -> (bytes, mtime in ns, sha256) of files as they were when last hashed; empty if not known."""
    try:
        stamp = json.loads((folder / STAMP).read_text("utf-8"))
        return {str(key): (int(value[0]), int(value[1]), str(value[2])) for key, value in stamp.items()}
    except (OSError, ValueError, TypeError, AttributeError, LookupError):
        return {}


def write_stamp(folder: Path, stamp: Mapping[str, tuple[Any, ...]]) -> None:
    """Keep what was hashed; not kept, it is only hashed again."""
    fresh = folder / f"{STAMP}.{os.getpid()}"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(stamp, indent=1), "utf-8")
        fresh.replace(folder / STAMP)


def given_folder(path: Path) -> Path:
    """The sentence-transformers folder at a path; ModelError if it is none."""
    path = path.expanduser().absolute()
    if not (path / "modules.json").is_file():
        raise ModelError(f"{path} is no sentence-transformers folder (no modules.json)", "Choose another.")
    return path


def given_file(settings: Settings, path: Path) -> Path:
    """The GGUF file at a path, as sound as can be told without loading it.

    Raises:
        ModelError: no GGUF file, cut short, or of a catalogue file's size and not of its sum.
    """
    path = path.expanduser().absolute()
    try:
        least, size = gguf_size(path), path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if size < least:
        what = f"{path} is cut short: it has {size} bytes, and should have {least} or more"
        raise ModelError(what, "Fetch it again.")
    sums = {file.sha256 for model in catalogue(settings) for file in model.files if file.bytes == size}
    if sums and (found := hashed(settings.home / "models" / ".given", str(path), path)[2]) not in sums:
        what = f"{path} is damaged: it has the size of a catalogue model, but its sha256 is {found}"
        what += f", not {' or '.join(sorted(sums))}"
        raise ModelError(what, "Fetch it again; if it is another model, take its twin out of the catalogue.")
    return path


def machine_memory() -> int | None:
    """Bytes of memory that this machine, or the container around us, may use; None if that is not known."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    except (OSError, ValueError):
        return memory
