"""Codes are meant exactly as typed."""

from __future__ import annotations

import pytest

from assistant.answering.codes import names_other_code


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        ("What does E8 mean?", "E9: Heat pump fault, pull the plug", True),
        ("What does e8 mean?", "E8: Pump blocked", False),
        ("What does E8 mean?", "E7 and E8: call service", False),
        ("What does E8 mean on my HD80?", "HD80, E9: Heat pump fault", True),
        ("What does E8 mean?", "F9: Heat pump fault", False),
        ("Is KM-40 safe?", "KM-41 is not safe.", True),
        ("What does E8 mean?", "Call service for anything else.", False),
        ("Does it work at 12V?", "It works at 24V.", False),
        ("What do I do with the V60?", "Rinse the cone first.", False),
        ("What does E5 mean?", "Errors E1 to E9: call the service.", False),
        ("What does E5 mean?", "E6–99: call the service.", True),
        ("Where is room B12?", "Rooms B1 to B20 are upstairs.", False),
        ("What does E5 mean?", f"E1 to E{'9' * 5000} and E{'9' * 5000} to E9", True),
    ],
)
def test_a_text_about_another_code_is_known(asked: str, text: str, expected: bool) -> None:
    assert names_other_code(asked, text) is expected
