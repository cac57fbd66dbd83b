"""The hub as a source of models: files at a pinned revision, resumed where they were cut.

Only in the process of `fetch.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from pathlib import Path
from typing import TypeVar

from assistant.models.catalogue import HubSource, ModelFile
from assistant.models.job import Job, SourceError, length, pour

ANSWER_S = 4.0
"""Seconds that the hub may take to connect, and again to answer."""
REACH_S = 8.0
"""Seconds that a look-up at the hub may take altogether, all addresses of its name tried."""
STALL_S = 15.0
"""Seconds without a byte after which a transfer counts as cut."""
CUTS = 3
"""Times in a row that a transfer may be cut without a new byte."""

Result = TypeVar("Result")


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
