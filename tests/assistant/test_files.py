"""A file takes its place when it is whole; of what was not finished nothing stays, unless it is still being written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

from assistant.files import write_whole

WRITING = """
import sys
from pathlib import Path
from assistant.files import write_whole

with write_whole(Path(sys.argv[1])) as fresh:
    fresh.write_text("by another")
    print(fresh.name, flush=True)
    sys.stdin.read()
"""


def begin(path: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that writes a file until its input ends, and the name under which it does."""
    command = [sys.executable, "-c", WRITING, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, path.with_name(process.stdout.readline().strip())


def write(path: Path, text: str) -> None:
    with write_whole(path) as fresh:
        fresh.write_text(text, "utf-8")


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.txt"
    write(path, "old")
    with write_whole(path) as fresh:
        fresh.write_text("new", "utf-8")
        assert path.read_text("utf-8") == "old"
    assert [(file.name, file.read_text("utf-8")) for file in path.parent.iterdir()] == [("a.txt", "new")]


def test_a_file_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "old")
    with pytest.raises(OSError, match="no room"), write_whole(tmp_path / "a.txt") as fresh:
        fresh.write_text("ne", "utf-8")
        raise OSError("no room")
    assert [(file.name, file.read_text("utf-8")) for file in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_a_killed_process_was_writing_is_removed_by_the_next_that_writes_there(tmp_path: Path) -> None:
    process, unfinished = begin(tmp_path / "a.txt")
    process.kill()
    process.communicate()
    assert list(tmp_path.iterdir()) == [unfinished]
    write(tmp_path / "b.txt", "b")
    assert [file.name for file in tmp_path.iterdir()] == ["b.txt"]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    process, unfinished = begin(tmp_path / "a.txt")
    write(tmp_path / "b.txt", "b")
    assert unfinished.exists()
    process.communicate()
    assert (tmp_path / "a.txt").read_text("utf-8") == "by another"


def test_a_process_that_got_the_number_of_a_killed_one_does_not_write_its_files(tmp_path: Path) -> None:
    """As in a container, where the first process always has the same."""
    with write_whole(tmp_path / "a.txt") as mine:
        mine.write_text("a", "utf-8")
        left = mine.with_name(mine.name.replace("a.txt", "b.txt"))
        left.write_text("b", "utf-8")
        os.utime(left, (0, 0))
        write(tmp_path / "c.txt", "c")
        assert not left.exists()
        assert mine.exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "c.txt"]
