"""Words of a question that are typed badly are put right, and no others."""

from __future__ import annotations

import pytest

from index.chunking.words import split_words
from index.spelling import Speller

GUIDE = """Listen better to your wife: put the phone away. The grafting course costs 68 euros. Clean the base filter of
the tumble dryer with care. A child lock keeps the door shut. Ask Mrs Hollin at the Fennholm counter for neighbours."""


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller(split_words(GUIDE))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hwo do i lsiten beter to my wfie", "how do i listen better to my wife"),
        ("whens the graftingcourse", "whens the grafting course"),
        ("HOW OFTEN DO I HAVETO CLEAN THE BASE FILTR", "HOW OFTEN DO I have to CLEAN THE BASE filter"),
        ("can i put the tumbel dryer here??", "can i put the tumble dryer here??"),
        ("the chidl lock", "the child lock"),
        ("my nieghbors", "my neighbours"),
        ("fenholm countr", "fennholm counter"),
    ],
)
def test_what_is_typed_badly_is_put_right(speller: Speller, typed: str, meant: str) -> None:
    assert speller.repair(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "How do I listen better to my wife?",
        "Is the lathe insured, and may the plaits be washed?",
        "Fennholm HD 80 S: E3, 4471-20, 50 \u00b0C",
        "I asked Lukas and Mensah about it on WhatsApp",
        "u r 2 l8 thx",
        "It doesn't cost much, I've cleaned the filters twice",
        "",
        "\u00bfqu\u00e9? \u8a9e \U0001f600",
    ],
)
def test_what_is_right_or_no_word_stays(speller: Speller, text: str) -> None:
    assert speller.repair(text) == text


def test_a_word_of_the_guide_comes_before_a_commoner_one() -> None:
    assert Speller(["hennet", "the", "by", "in"]).repair("the hennit") == "the hennet"
    assert Speller(["filter", "the"]).repair("the fitler") == "the filter"


def test_a_guide_in_another_language_is_left_alone() -> None:
    german = Speller(split_words("Reinigen Sie das Flusensieb nach jedem Trocknen und leeren Sie den Beh\u00e4lter"))
    assert german.repair("Wie reinige ich das Flusensib?") == "Wie reinige ich das Flusensib?"
    assert Speller(()).repair("hwo") == "how"
