"""One test in three sizes: small in every run, larger among the thorough ones, largest by `pytest -m endurance`."""

from __future__ import annotations

import pytest
from _pytest.mark.structures import ParameterSet


def in_sizes(plain: int, thorough: int, endurance: int) -> list[ParameterSet]:
    """Values for `parametrize`: how many inputs, moments or seconds each size tries."""
    return [
        pytest.param(plain),
        pytest.param(thorough, marks=pytest.mark.thorough),
        pytest.param(endurance, marks=pytest.mark.endurance),
    ]
