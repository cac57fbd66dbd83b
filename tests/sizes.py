"""One test in several sizes: small in every run, larger among the thorough ones, largest by `pytest -m endurance`."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterable, Iterator
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


def one_in(number: int) -> list[ParameterSet]:
    """Values for `parametrize`: of the inputs one in so many is tried in every run, each in the thorough one."""
    return [pytest.param(number), pytest.param(1, marks=pytest.mark.thorough)]


def keep_one_in(number: int, cases: Iterable[Any]) -> list[ParameterSet]:
    """Cases for `parametrize`: the first of each so many is for every run, the others are for the thorough one."""
    return [_make_parameters(case, thorough=place % number > 0) for place, case in enumerate(cases)]


def leave_out(*cases: Any) -> list[ParameterSet]:
    """Cases for `parametrize` that only the thorough run tries."""
    return [_make_parameters(case, thorough=True) for case in cases]


def _make_parameters(case: Any, thorough: bool) -> ParameterSet:
    """A case for `parametrize`; a tuple has a value for each argument."""
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.thorough if thorough else ())


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
