"""The hub as a source of models: files at a pinned commit, resumed after a broken connection.

Runs only in the process of `fetch.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import TypeVar

from assistant.models.catalogue import HubSource, ModelFile
from assistant.models.job import Job, SourceError, read_size, write_blocks

ANSWER_S = 4.0
"""Seconds that the hub may take to accept a connection, and again to answer."""
REACH_S = 8.0
"""Seconds that a request for metadata may take in total, over all addresses of the hub's name."""
STALL_S = 15.0
"""Seconds without a byte after which a transfer counts as broken off."""
CUTS = 3
"""How often in a row a transfer may break off without a new byte."""

Result = TypeVar("Result")


def fetch_from_hub(job: Job, source: HubSource) -> None:
    """Fetch the missing files from a repository of the hub; a partial file is continued. Raises SourceError.

    Not by `hf_hub_download`, which discards partial files (huggingface_hub 2.4).
    """
    try:
        from huggingface_hub import hf_hub_url
    except (ImportError, ValueError) as error:  # not installed, or HF_ENDPOINT is no URL
        raise SourceError(f"huggingface_hub does not load ({error})") from error
    with job.meter.show(sum(file.bytes for file in job.files)):
        for file in job.list_missing():
            url = hf_hub_url(source.hub, file.path, revision=source.revision)
            check_against_pin(file, url)
            part = job.partial / "hub" / file.path
            part.parent.mkdir(parents=True, exist_ok=True)
            transfer(job, file, url, part)
            job.keep(file, part)


def check_against_pin(file: ModelFile, url: str) -> None:
    """Compare the size and sha256 that the hub states for a file with the catalogue's; SourceError if they differ."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.errors import HfHubHTTPError

    try:
        about = call_within(REACH_S, lambda: get_hf_file_metadata(url, timeout=ANSWER_S))
    except HfHubHTTPError as error:
        raise SourceError(f"it answers {error.response.status_code} for {file.path}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise SourceError(f"it cannot be reached ({type(error).__name__}: {error})") from error
    if about.size is not None and about.size != file.bytes:
        raise SourceError(f"its {file.path} has {about.size} bytes, not {file.bytes}")
    if about.etag and len(about.etag) == 64 and about.etag != file.sha256:
        raise SourceError(f"its {file.path} has the sha256 {about.etag}, not {file.sha256}")


def call_within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what a call returns; TimeoutError after so many seconds, even while a name look-up hangs."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(call).result(seconds)
    except FutureTimeout as error:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from error
    finally:
        pool.shutdown(wait=False)


def transfer(job: Job, file: ModelFile, url: str, part: Path) -> None:
    """Append to `part` until it has the file's size, reconnecting as needed; SourceError if nothing more comes."""
    before = sum(whole.bytes for whole in job.files) - sum(wanted.bytes for wanted in job.list_missing())
    if read_size(part) > file.bytes:
        part.unlink()
    best, fruitless = read_size(part), 0
    while read_size(part) < file.bytes:
        cut = append_rest(url, part, file.bytes, lambda have: job.meter.update(before + have))
        fruitless = 0 if read_size(part) > best else fruitless + 1
        best = max(best, read_size(part))
        if fruitless == CUTS:
            raise SourceError(f"{file.path} stops at {best} of {file.bytes} bytes ({cut})")
        if fruitless:
            time.sleep(1)


def append_rest(url: str, part: Path, limit: int, update: Callable[[int], None]) -> str:
    """Append the rest of a file to `part` over one connection; return why that ended.

    Raises:
        SourceError: the hub refuses, or sends more bytes than the file has.
    """
    import httpx2
    from huggingface_hub import get_session, hf_raise_for_status
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, loaded lazily

    headers = build_hf_headers() | {"Accept-Encoding": "identity", "Range": f"bytes={read_size(part)}-"}
    asked = get_session().stream(
        "GET", url, headers=headers, timeout=httpx2.Timeout(STALL_S, connect=ANSWER_S), follow_redirects=True
    )
    try:
        with asked as answer, part.open("ab") as out:
            hf_raise_for_status(answer)
            if answer.status_code != httpx2.codes.PARTIAL_CONTENT:  # it sends the whole file from the start
                out.truncate(0)
            write_blocks(answer.iter_bytes(), out, limit - out.seek(0, os.SEEK_END), update)
    except HfHubHTTPError as error:
        raise SourceError(f"it answers {error.response.status_code} for {url.rsplit('/', 1)[-1]}") from error
    except httpx2.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return "the connection was closed"
