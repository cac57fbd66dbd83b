"""One test in three sizes: small in every run, larger among the thorough ones, largest by `pytest -m endurance`."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis.strategies import SearchStrategy

HANGS = 3 * 3600
"""Seconds after which what has not ended never will; not a measure of anything."""


def in_sizes(plain: int, thorough: int, endurance: int) -> list[ParameterSet]:
    """Values for `parametrize`: how many inputs, moments or seconds each size tries."""
    return [
        pytest.param(plain),
        pytest.param(thorough, marks=pytest.mark.thorough),
        pytest.param(endurance, marks=pytest.mark.endurance),
    ]


@contextmanager
def ends() -> Iterator[None]:
    """What goes on inside comes to an end: a watchdog around all of it shows where it hangs, and ends the run."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def try_inputs(number: int, check: Callable[..., None], **inputs: SearchStrategy[Any]) -> None:
    """Calls a check with so many generated inputs, the same in each run; a failure shows the smallest that fails."""
    always = hypothesis.settings(
        max_examples=number,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with ends():
        always(hypothesis.given(**inputs)(check))()
