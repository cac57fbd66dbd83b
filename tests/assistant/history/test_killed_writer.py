"""Killed at any moment, whatever it was doing: all that was said to be kept is there, and nothing that was deleted."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import chain
from pathlib import Path

import endless
import pytest
from endless import Change, Keeper, Kept
from paths import ROOT
from sizes import in_sizes

from assistant.history.database import DATABASE_NAME

LONGEST = 0.1
"""Seconds after its first change was begun, after which it is killed at the latest; one takes some thousandths."""


def assert_gone(home: Path, names: set[str]) -> None:
    """No byte of the database's files holds one of them."""
    data = b"".join(path.read_bytes() for path in sorted(home.glob(f"{DATABASE_NAME}*")))
    assert [name for name in names if name.encode() in data] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
@pytest.mark.parametrize("moments", in_sizes(10, 100, 500))
def test_what_was_kept_is_there_and_what_was_deleted_is_not(tmp_path: Path, moments: int) -> None:
    """In no byte; a change that was under way when it was killed is made or not, but never in part."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    luck, said = random.Random(seed), list[str]()
    kept: Kept = Keeper(tmp_path, said.append).read()
    deleted, ever_deleted, cut_short = set[str](), set[str](), Counter[str]()
    command = [sys.executable, endless.__file__, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as changing:
        assert changing.stdin is not None
        assert changing.stdout is not None
        for _ in range(moments):
            print(luck.randrange(10**6), file=changing.stdin, flush=True)
            child = int(changing.stdout.readline())
            first = changing.stdout.readline()
            time.sleep(luck.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
            under_way: Change | None = None
            for line in chain([first], iter(changing.stdout.readline, "killed\n")):
                if line == "made\n":
                    assert under_way is not None
                    before, kept, under_way = kept, under_way.apply(kept), None
                    deleted |= {*before} - {*kept}
                else:
                    under_way = Change(**json.loads(line))
            found = Keeper(tmp_path, said.append).read()
            assert found in (kept, under_way.apply(kept) if under_way else kept)
            deleted |= {*kept} - {*found}
            cut_short[under_way.kind if under_way else "nothing"] += 1
            kept = found
            assert_gone(tmp_path, deleted)
            ever_deleted |= deleted
            deleted.clear()
            with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert said == []
        changing.stdin.close()
    assert_gone(tmp_path, ever_deleted)
    print(f"killed {moments} times, during: {dict(cut_short)}; deleted {len(ever_deleted)}, kept {len(kept)}")
    assert cut_short["nothing"] < moments / 2
