"""How this process uses the memory of the machine."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from paths import ROOT

COUNT = """
import re, threading
from assistant.machine import limit_memory_pools
{limit}
held, begun = [], threading.Barrier(9)

def hold():
    held.append([bytearray(50_000) for _ in range(20)])
    begun.wait()

threads = [threading.Thread(target=hold) for _ in range(8)]
for one in threads:
    one.start()
begun.wait()
with open("/proc/self/maps") as maps:
    begins = [int(line.split("-")[0], 16) for line in maps if len(line.split()) == 5]
print(sum(begin % (64 << 20) == 0 for begin in begins))
"""
"""How many pools glibc has opened beside its first one: each begins at a multiple of 64 MB."""


def count_pools(limit: str) -> int:
    run = [sys.executable, "-c", COUNT.format(limit=limit)]
    return int(subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has such pools")
def test_threads_share_a_few_pools_of_memory() -> None:
    assert count_pools("") > 2
    assert count_pools("limit_memory_pools()") <= 2
