"""The models on this machine: list, verify and choose them, and fetch the one in use if it is missing.

Opens no connection: `assistant/models/fetch.py` fetches what is missing, in a process of its own.
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
from assistant.files import write_whole
from assistant.models.catalogue import Model, Role, find_model, read_catalogue
from assistant.models.gguf import gguf_size
from assistant.settings import NO_READER, Settings, save_choices
from index.progress import Progress, ignore_progress

BLOCK = 1 << 20
"""Bytes read at a time."""
STAMP = ".verified.json"
"""A file beside the model's files, with their sizes, times and sha256 when they were last hashed."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model as it is on this machine."""

    model: Model
    here: bool
    """Whether all its files exist."""
    verified: bool
    """Whether all its files exist, unchanged since their sha256 was found right."""
    in_use: bool
    fits: bool | None
    """Whether this machine has the memory it needs; None if that is not known."""
    problem: str = ""
    """What is wrong with its files, for a person to read; empty if nothing is known to be wrong."""


def ensure_model(
    settings: Settings, role: Role, fetch: bool = True, progress: Progress = ignore_progress, choice: str = ""
) -> Path:
    """Fetch the model in use if it is missing, verify it, and return its path.

    Args:
        role: "chat" for the model of the setting `model`, "embed" for that of `embedder`.
        choice: another model of that role, by name or path.
        fetch: False never opens a connection; a missing model is then an error.
        progress: called with (done, total) in bytes while the model is fetched.

    Returns:
        The first file of a chat model, the folder of an embedder.

    Raises:
        ModelError: the model is unknown, missing, damaged, or of the other role.
        FetchError: no source gave all its files.
    """
    choice = choice or (settings.model if role == "chat" else settings.embedder)
    if is_path(choice):
        return resolve_gguf(settings, Path(choice)) if role == "chat" else resolve_folder(Path(choice))
    model = find_model(settings, choice)
    if model.role != role:
        what = f"{choice} is of the role {model.role}, and stands where one of the role {role} should"
        raise ModelError(what, "To choose another, type: assistant models")
    if is_missing(settings, model):
        if not fetch:
            raise missing_error(choice)
        fetch_model(settings, choice, progress)
    check_sums(settings, model)
    folder = folder_of(settings, model)
    return folder / model.files[0].path if role == "chat" else folder


def fetch_model(settings: Settings, name: str, progress: Progress = ignore_progress) -> None:
    """Fetch what is missing or damaged of a model, in a process of its own that ends when ours does.

    Progress goes to standard error, and to `progress` as (done, total) in bytes.

    Raises:
        ModelError: the name is unknown.
        FetchError: no source gave all its files, or the disk is too small.
    """
    where = {"--home": settings.home, "--catalogue": settings.catalogue.absolute()}
    options = [str(word) for option in where.items() for word in option]
    command = [sys.executable, "-m", "assistant.models.fetch", find_model(settings, name).name, "--child", *options]
    # Started in the folder of our packages, so that no file in the person's folder is imported as a module.
    root, pipe = Path(__file__).resolve().parents[2], subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, start_new_session=True) as child:
        last: dict[str, Any] = {}
        for line in child.stdout or ():
            last = _parse_record(line)
            if "done" in last:
                progress(last["done"], last["total"])
    try:
        error = last["error"]
    except LookupError as fault:
        what = f"Fetching {name} stopped with code {child.returncode}"
        raise FetchError(what, f"To go on, type: assistant models fetch {name}") from fault
    if error:
        raise FetchError(**error)


def _parse_record(line: bytes) -> dict[str, Any]:
    """Parse a line of the fetching process; empty if a library printed it."""
    try:
        kept = json.loads(line)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def use(settings: Settings, choice: str) -> Role:
    """Choose a model, by name or path, for later runs; return its role. ModelError if it is no model."""
    path = Path(choice).expanduser().absolute()
    if not is_path(choice):
        role = find_model(settings, choice).role
    elif path.is_dir():
        role, choice = "embed", str(resolve_folder(path))
    else:
        role, choice = "chat", str(resolve_gguf(settings, path))
    save_choices(settings, **{"model" if role == "chat" else "embedder": choice})
    return role


def list_models(settings: Settings) -> tuple[InstalledModel, ...]:
    """Every model of the catalogue as it is on this machine; reads no model file."""
    return tuple(inspect_model(settings, model) for model in read_catalogue(settings))


def verify(settings: Settings, name: str | None = None) -> tuple[InstalledModel, ...]:
    """Hash the files of one model, or of all installed ones; ModelError if that one is unknown or missing."""
    models = [find_model(settings, name)] if name else list(read_catalogue(settings))
    here = [model for model in models if not is_missing(settings, model)]
    if name and not here:
        raise missing_error(name)
    return tuple(inspect_model(settings, model, find_problem(settings, model)) for model in here)


def inspect_model(settings: Settings, model: Model, problem: str = "") -> InstalledModel:
    """A model as it is on this machine; `problem` is what is already known to be wrong with it."""
    memory, folder, here = read_memory_limit(), folder_of(settings, model), not is_missing(settings, model)
    known = read_stamp(folder)
    return InstalledModel(
        model=model,
        here=here,
        verified=here and all(known.get(f.path) == (*read_mark(folder / f.path), f.sha256) for f in model.files),
        in_use=model.name in settings.local_models,
        fits=None if memory is None else _count_memory(settings, model) <= memory,
        problem=problem,
    )


def _count_memory(settings: Settings, model: Model) -> float:
    """Bytes of memory that a model needs; for a writer, including those of the reader beside it, if there is one."""
    return (model.memory + (0 if settings.reader in (NO_READER, model.name) else model.beside)) * 1e9


def find_problem(settings: Settings, model: Model) -> str:
    """Hash a model's files again; return what is wrong with them, empty if nothing is."""
    try:
        check_sums(settings, model, again=True)
    except ModelError as error:
        return str(error)
    return ""


def is_path(choice: str) -> bool:
    """Whether a chosen model is a path and not a name of the catalogue."""
    return choice.lower().endswith(".gguf") or os.sep in choice or "/" in choice


def missing_error(name: str) -> ModelError:
    """The error for a model that has not been fetched."""
    return ModelError(f"The model {name} is not here", f"To fetch it, type: assistant models fetch {name}")


def unreadable_error(path: Path, error: OSError) -> ModelError:
    """The error for a model file that cannot be read."""
    return ModelError(f"Model file {path} cannot be read ({error.strerror})", "Mend that or choose another.")


def folder_of(settings: Settings, model: Model) -> Path:
    """The folder of a model's files."""
    return settings.home / "models" / model.name


def is_missing(settings: Settings, model: Model) -> bool:
    """Whether a file of the model is missing."""
    return not all((folder_of(settings, model) / file.path).is_file() for file in model.files)


def check_sums(settings: Settings, model: Model, again: bool = False) -> None:
    """Compare the sha256 of every file with the catalogue's; unchanged files are only hashed if `again`.

    Raises:
        ModelError: a file is missing, or differs from the catalogue's; the error names both sums.
    """
    folder = folder_of(settings, model)
    for file in model.files:
        size, _, found = hash_if_changed(folder, file.path, folder / file.path, again)
        if found != file.sha256:
            short = "" if size == file.bytes else f"it has {size} bytes instead of {file.bytes}, and "
            what = f"{folder / file.path} is damaged: {short}its sha256 is {found}, not {file.sha256}"
            raise ModelError(what, f"To mend it, type: assistant models fetch {model.name}")


def hash_if_changed(folder: Path, key: str, path: Path, again: bool = False) -> tuple[int, int, str]:
    """(bytes, mtime in ns, sha256) of a file, hashed only if it has changed or `again`.

    The result is kept in the stamp of `folder`, under `key`.
    """
    try:
        now, known = read_mark(path), read_stamp(folder).get(key, ())
        if not again and known[:2] == now:
            return (*now, str(known[2]))
        fresh = (*now, compute_sha256(path))
    except OSError as error:
        raise unreadable_error(path, error) from error
    write_stamp(folder, read_stamp(folder) | {key: fresh})
    return fresh


def read_mark(path: Path) -> tuple[int, int]:
    """(bytes, mtime in ns) of a file, which show whether it has changed without reading it."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def compute_sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_stamp(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Key -> (bytes, mtime in ns, sha256) of a file when it was last hashed; empty if nothing is known."""
    try:
        stamp = json.loads((folder / STAMP).read_text("utf-8"))
        return {str(key): (int(value[0]), int(value[1]), str(value[2])) for key, value in stamp.items()}
    except (OSError, ValueError, TypeError, AttributeError, LookupError):
        return {}


def write_stamp(folder: Path, stamp: Mapping[str, tuple[Any, ...]]) -> None:
    """Write the stamp of a folder. Errors are ignored: the files are then hashed again."""
    with suppress(OSError), write_whole(folder / STAMP) as fresh:
        fresh.write_text(json.dumps(stamp, indent=1), "utf-8")


def resolve_folder(path: Path) -> Path:
    """The absolute path of a sentence-transformers folder; ModelError if it is none."""
    path = path.expanduser().absolute()
    if not (path / "modules.json").is_file():
        raise ModelError(f"{path} is no sentence-transformers folder (no modules.json)", "Choose another.")
    return path


def resolve_gguf(settings: Settings, path: Path) -> Path:
    """The absolute path of a GGUF file, checked as far as is possible without loading it.

    Raises:
        ModelError: it is no GGUF file, is cut short, or has the size of a catalogue file but another sha256.
    """
    path = path.expanduser().absolute()
    try:
        least, size = gguf_size(path), path.stat().st_size
    except OSError as error:
        raise unreadable_error(path, error) from error
    if size < least:
        what = f"{path} is cut short: it has {size} bytes, and should have {least} or more"
        raise ModelError(what, "Fetch it again.")
    sums = {file.sha256 for model in read_catalogue(settings) for file in model.files if file.bytes == size}
    if sums and (found := hash_if_changed(settings.home / "models" / ".given", str(path), path)[2]) not in sums:
        what = f"{path} is damaged: it has the size of a catalogue model, but its sha256 is {found}"
        what += f", not {' or '.join(sorted(sums))}"
        raise ModelError(what, "Fetch it again; if it is another model, take its twin out of the catalogue.")
    return path


def read_memory_limit() -> int | None:
    """Bytes of memory that this machine has, or its container allows; None if that is not known."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    except (OSError, ValueError):
        return memory
