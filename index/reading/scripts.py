"""Exponents, indices and fractions as Unicode characters: "10³", "CO₂", "½"."""

from __future__ import annotations

import re
import unicodedata

RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
SCRIPTS = {"sup": RAISED, "sub": LOWERED}
"""By their HTML names."""

_FRACTION = re.compile(r"(\d?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)\s?[⁄/]\s?([₀₁₂₃₄₅₆₇₈₉]+)")
_WHOLE_FRACTIONS = {(1, 2): "½", (1, 3): "⅓", (2, 3): "⅔", (1, 4): "¼", (3, 4): "¾", (1, 8): "⅛", (3, 8): "⅜"}


def write_script(text: str, script: str) -> str:
    """Write an exponent or index; the text itself if Unicode lacks one of its characters."""
    letters = SCRIPTS[script]
    return text.translate(letters) if all(ord(letter) in letters for letter in text) else text


def write_fractions(text: str) -> str:
    """Write raised digits over lowered ones as "½" or "3/16"."""
    return _FRACTION.sub(_write_fraction, text)


def _write_fraction(found: re.Match[str]) -> str:
    """ "³⁄₁₆" as "3/16"; after a digit as one character or after a space, so that 2 ½ is not 21/2."""
    above, below = (int(unicodedata.normalize("NFKC", found[group])) for group in (2, 3))
    if found[1] and (above, below) in _WHOLE_FRACTIONS:
        return found[1] + _WHOLE_FRACTIONS[above, below]
    return f"{found[1]} {above}/{below}" if found[1] else _WHOLE_FRACTIONS.get((above, below), f"{above}/{below}")
