"""The hardware of this machine."""

from __future__ import annotations

import os

import psutil


def count_cores() -> int:
    """The physical cores that this process may use; a second thread on a core would only wait for the first."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(here, psutil.cpu_count(logical=False) or here))
