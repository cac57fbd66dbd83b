"""Traps made from the sentences of a guide, and how they are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.measuring.traps import MAKERS, OWN, Trap, make_traps, measure_traps
from assistant.records import CheckedSentence
from index.chunking.chunk import chunk_document
from index.progress import ignore_progress
from index.reading.documents import read_document

CLUB = """# Club

## Boats

The club owns 12 boats and 3 trailers. Any member may borrow a boat for up to 3 hours, unless the flag is red.
If the wind is strong, children stay ashore. The steward tells the helper at the gate, and the gate is shut at dusk.
Do not leave a boat on the beach. Most boats are kept in the shed, but the canoes lie outside. Where is the shed?
It is often said that paint keeps the water out.
"""


@pytest.mark.parametrize(
    ("kind", "sentence", "made"),
    [
        ("number", "It has 12 boats and 3 sheds.", ["It has 3 boats and 12 sheds.", "It has 22 boats and 3 sheds."]),
        ("number", "Heat it to 1.5 bar.", ["Heat it to 2.5 bar."]),
        ("number", "No number is here at all.", []),
        ("negation", "Do not open the valve.", ["Do open the valve."]),
        ("negation", "Guests must sign the book.", ["Guests must not sign the book."]),
        ("negation", "You can't stay overnight.", ["You can stay overnight."]),
        ("negation", "It is not only cheap, but also good.", []),
        ("condition", "You may stay, but only if you pay.", ["You may stay."]),
        ("condition", "If the flag is red, stay ashore.", ["Stay ashore."]),
        ("condition", "Say it, even if it is hard.", []),
        ("quantifier", "Some rooms have a view.", ["All rooms have a view."]),
        ("quantifier", "The rooms usually have a view.", ["The rooms always have a view."]),
        ("modality", "Guests may use the pool.", ["Guests must use the pool."]),
        ("opposite", "Stir it before you bake it.", ["Stir it after you bake it."]),
        ("opposite", "Wait at most an hour.", ["Wait at least an hour."]),
        ("role", "The tenant tells the landlord.", ["The landlord tells the tenant."]),
        ("role", "The tenant and the landlord agree.", []),
        ("myth", "It is a myth that frost kills the roots.", ["Frost kills the roots."]),
    ],
)
def test_a_sentence_is_changed_by_rule(kind: str, sentence: str, made: list[str]) -> None:
    assert list(MAKERS[kind](sentence, ())) == made


def test_halves_are_glued_and_causes_added() -> None:
    first, second = "The gate is shut, and the light is off.", "The dog barks, but nobody comes."
    assert list(MAKERS["glue"](first, (second,))) == ["The gate is shut, but nobody comes."]
    assert list(MAKERS["cause"](first, (second,))) == [
        "The gate is shut, and the light is off because the dog barks, but nobody comes."
    ]


def test_the_traps_of_a_guide_are_the_same_each_time_and_none_is_its_own_sentence(tmp_path: Path) -> None:
    path = tmp_path / "club.md"
    path.write_text(CLUB, "utf-8")
    chunks = chunk_document(read_document(path, path.name))
    traps = make_traps(chunks, 3)
    assert traps == make_traps(chunks, 3)
    kinds = [trap.kind for trap in traps]
    assert {"number", "negation", "condition", "modality", "myth", OWN} <= set(kinds)
    assert max(map(kinds.count, kinds)) == 3
    own = {sentence.plain for chunk in chunks for sentence in chunk.sentences}
    for trap in traps:
        assert trap.source in own
        assert trap.holds == (trap.text in own)
    assert not any("Where is the shed" in trap.source for trap in traps), "a question claims nothing"


def test_what_stood_is_counted() -> None:
    traps = (Trap(OWN, "a", "a"), Trap(OWN, "b", "b"), Trap("number", "c", "a"), Trap("number", "d", "a"))

    def check(text: str) -> CheckedSentence:
        return CheckedSentence(text, text in "ac")

    report = measure_traps(traps, check, ignore_progress)
    assert report.kinds == {OWN: (1, 2), "number": (1, 2)}
    assert report.wrong == (traps[1], traps[2])
