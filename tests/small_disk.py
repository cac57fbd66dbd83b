"""Programs that run on a small disk of their own, which a test fills, shuts, or takes the permission from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT, TESTS

START = """
import subprocess, sys
from pathlib import Path
disk = Path(sys.argv[1])

def room(*how):
    "Mount the disk, or change how it is mounted."
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(how), "tmpfs", disk], check=True)

def fill():
    "Leave not a byte free."
    try:
        with (disk / "ballast").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError as error:
        assert error.errno == 28, error

def clear():
    (disk / "ballast").unlink()
"""

UNFORBIDDEN = ("dac_override", "dac_read_search")
"""What lets root write where nobody may."""


def run_on_small_disk(program: str, disk: Path, *words: str, forbidding: bool = False) -> None:
    """Run a program that begins as START does, and ends by saying "as it should be".

    Args:
        disk: a folder, where the program mounts the disk.
        words: its further arguments.
        forbidding: permissions hold for root, too; nothing can be mounted then.
    """
    disk.mkdir(exist_ok=True)
    apart = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    if forbidding:
        without = ",".join(f"-{name}" for name in UNFORBIDDEN)
        apart = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"] if os.geteuid() == 0 else ["env"]
    if not shutil.which(apart[0]) or subprocess.run([*apart, "true"], capture_output=True).returncode:
        reason = f"no small disk can be had here ({apart[0]}); a full or shut one is not tested"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    places = (ROOT, TESTS, TESTS / "assistant" / "models")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    command = [*apart, sys.executable, "-c", START + program, str(disk), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout == "as it should be\n", done.stdout + done.stderr
    assert "Traceback" not in done.stderr
