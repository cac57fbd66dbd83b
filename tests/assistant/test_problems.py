"""The record of problems: what was met is there after a new start, nothing private is, and it harms nothing."""

from __future__ import annotations

import stat
from asyncio import CancelledError
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_disk import run_on_small_disk

from assistant.errors import (
    BusyError,
    ConversationError,
    GuideError,
    HistoryError,
    ModelError,
    PlanError,
    QuestionError,
    StoreError,
)
from assistant.problems import FILE_BYTES, LINE_CHARACTERS, MOST, RECORD_NAME, Problems

LONG = "a long way to say that something went wrong 🌱" * 100


def test_what_was_met_is_there_after_a_new_start_the_last_first(tmp_path: Path) -> None:
    Problems(tmp_path).note("start", ModelError("The model is damaged", "Fetch it again."))
    for _ in range(3):
        Problems(tmp_path).note("page", StoreError("The server does not answer"))
    Problems(tmp_path).note("texts", StoreError("The server does not answer"))
    met = Problems(tmp_path).read()
    assert [(one.place, one.line, one.times) for one in met] == [
        ("texts", "The server does not answer.", 1),
        ("page", "The server does not answer.", 3),
        ("start", "The model is damaged. Fetch it again.", 1),
    ]
    assert met[0].when >= met[2].when


@pytest.mark.parametrize("kind", [QuestionError, ConversationError, PlanError, BusyError])
def test_what_is_no_fault_is_not_recorded(tmp_path: Path, kind: type[GuideError]) -> None:
    Problems(tmp_path).note("page", kind("It is too long"))
    assert not list(tmp_path.iterdir())


def test_an_error_that_passes_several_doors_is_recorded_at_the_first(tmp_path: Path) -> None:
    problems = Problems(tmp_path)
    with (
        pytest.raises(GuideError, match=r"That could not be done: ZeroDivisionError \(secret\)\."),
        problems.meet("page", "Outside"),
        problems.meet("start", "That could not be done"),
    ):
        raise ZeroDivisionError("secret")
    (met,) = problems.read()
    assert (met.place, met.line) == ("start", "That could not be done: ZeroDivisionError.")


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, GeneratorExit, CancelledError])
def test_what_only_ends_something_is_let_pass(tmp_path: Path, end: type[BaseException]) -> None:
    with pytest.raises(end), Problems(tmp_path).meet("page", "That could not be done"):
        raise end
    assert not Problems(tmp_path).read()


def test_it_is_small_whatever_is_recorded_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / RECORD_NAME
    for number in range(2 * MOST):
        Problems(tmp_path).note("page", GuideError(f"{number} {LONG}"))
        assert path.stat().st_size == FILE_BYTES
    met = Problems(tmp_path).read()
    assert met[0].line.startswith(f"{2 * MOST - 1} ")
    assert MOST // 4 < len(met) <= MOST
    assert all(len(one.line) <= LINE_CHARACTERS for one in met)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_several_at_once_lose_none(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Problems(tmp_path).note("page", HistoryError(f"Number {n}")), range(MOST)))
    assert {one.line for one in Problems(tmp_path).read()} == {f"Number {number}." for number in range(MOST)}


@pytest.mark.parametrize(
    "left", [b"", b"\0" * 400, b'{"when": 3}\n[[[[\n', b"[" * 10**6, "\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_damaged_record_is_begun_anew(tmp_path: Path, left: bytes) -> None:
    (tmp_path / RECORD_NAME).write_bytes(left)
    assert Problems(tmp_path).read() == ()
    Problems(tmp_path).note("page", GuideError("It broke"))
    assert [one.line for one in Problems(tmp_path).read()] == ["It broke."]


@pytest.mark.parametrize("lacking", ["gone/and/gone", "file/home"])
def test_where_it_cannot_be_kept_nothing_is_said(tmp_path: Path, lacking: str) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    problems = Problems(tmp_path / lacking)
    problems.reserve()
    problems.note("page", GuideError("It broke"))
    assert problems.read() == ()
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "no folder is made, however it is misspelt"


DISK = """
from assistant.errors import GuideError
from assistant.problems import Problems

room("size=200k")
problems = Problems(disk)
problems.reserve()
fill()
for number in range(100):
    problems.note("page", GuideError(f"Number {number}"))
assert problems.read()[0].line == "Number 99." and len(problems.read()) == 40
room("remount", "ro")
problems.note("page", GuideError("One more"))
assert problems.read()[0].line == "Number 99."
room("remount", "rw")
(disk / "problems.jsonl").unlink()
fill()
problems.note("page", GuideError("One more"))
assert problems.read() == ()
clear()
problems.note("page", GuideError("One more"))
assert len(problems.read()) == 1
print("as it should be")
"""


def test_a_full_disk_is_recorded_and_one_without_room_for_it_harms_nothing(tmp_path: Path) -> None:
    run_on_small_disk(DISK, tmp_path / "disk")


def test_a_line_that_is_no_text_is_recorded_as_far_as_it_is(tmp_path: Path) -> None:
    problems = Problems(tmp_path)
    with pytest.raises(ModelError), problems.meet("page", "It could not be answered"):
        raise ModelError("The file caf\udce9.gguf is no model", "Choose another.")
    assert [one.line for one in problems.read()] == ["The file caf?.gguf is no model. Choose another."]
