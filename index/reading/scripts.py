"""Exponents and indices as the letters that Unicode has for them: "10³", "CO₂"."""

from __future__ import annotations

RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
SCRIPTS = {"sup": RAISED, "sub": LOWERED}
"""By the names that HTML has for them."""


def write_script(text: str, script: str) -> str:
    """Write an exponent or index; the text itself if Unicode lacks one of its letters."""
    letters = SCRIPTS[script]
    return text.translate(letters) if all(ord(letter) in letters for letter in text) else text
