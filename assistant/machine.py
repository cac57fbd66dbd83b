"""What machine this is: its cores and its memory."""

from __future__ import annotations

import os
import sys

import psutil


def cores() -> int:
    """Physical cores that this process may use: a second thread on a core only waits for the first one's numbers."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(here, psutil.cpu_count(logical=False) or here))


def peak_memory() -> int:
    """Bytes of memory that this process held at most, files that are mapped into it included."""
    info = psutil.Process().memory_info()
    if hasattr(info, "peak_wset"):  # Windows
        return int(info.peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
