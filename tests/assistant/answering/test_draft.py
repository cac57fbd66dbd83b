"""What a model says becomes plain sentences, however it says it."""

from __future__ import annotations

import pytest

from assistant.answering.draft import leave_out_thinking, make_plain, stream_sentences


def sentences(*pieces: str) -> list[str]:
    return [one for one in stream_sentences(pieces) if one is not None]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("<think>They ask. Water at noon.</think>Water at dusk.", "Water at dusk."),
        ("<THINKING>\nHm.\n</THINKING>\n\nWater at dusk.", "\n\nWater at dusk."),
        ("Water. <think>More?</think>At dusk.<reasoning>x</reasoning>", "Water. At dusk."),
        ("Water. <think>It never ends.", "Water. "),
        ("opened by the template.</think>Water.", "opened by the template.Water."),
        ("If a < b, or <b>bold</b>, water <", "If a < b, or <b>bold</b>, water <"),
    ],
)
def test_what_is_thought_aloud_is_left_out_wherever_it_is_cut(said: str, left: str) -> None:
    for size in (1, 2, 3, 5, len(said)):
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        assert "".join(leave_out_thinking(pieces)) == left


def test_a_pause_comes_with_each_piece_while_it_thinks() -> None:
    """In it the model can be stopped."""
    thinking = ["<think>", "a. ", "b. ", "c. "]
    assert list(stream_sentences(thinking)) == [None] * 4


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("**Water** the _beans_ at `dusk`.", "Water the beans at dusk."),
        ("- **Water:** at dusk.", "Water: at dusk."),
        ("1. Water the beans.", "Water the beans."),
        ("### Water the beans.", "Water the beans."),
        ("> * Water the beans.", "Water the beans."),
        ("Water the [beans](http://elsewhere.example) <b>now</b>.", "Water the beans now."),
        ("Water the beans [1], at dusk [2, 3].", "Water the beans, at dusk."),
        ("Water the beans (Notes 1 and 2).", "Water the beans."),
        ("Water 1.5 litres (note it).", "Water 1.5 litres (note it)."),
        ("Take 3 * 4 cans.", "Take 3 * 4 cans."),
    ],
)
def test_markdown_and_marks_are_taken_off(written: str, plain: str) -> None:
    assert make_plain(written) == plain


def test_a_list_gives_its_items() -> None:
    said = "Here are some tips:\n\n1. **Water** the beans.\n2. Pick the pods.\n\n* Leave some for seeds."
    assert sentences(said)[-3:] == ["Water the beans.", "Pick the pods.", "Leave some for seeds."]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("It costs \u202e12\u202c euros. ", "It costs 12 euros."),
        ("It costs \u206712\u2069 euros. ", "It costs 12 euros."),
        ("Oil\x1b[2J the hinge.\x07 ", "Oil[2J the hinge."),
        ("Oil \ud83d it. ", "Oil it."),
        ("Oil \ud83d\ude00 it. ", "Oil it."),
        ("Oil it\x00. ", "Oil it."),
        ("Oil 😀 it,\tthen\u00a0wait. ", "Oil 😀 it, then wait."),
    ],
)
def test_what_changes_how_it_is_shown_is_left_out(said: str, shown: str) -> None:
    """It would turn the order of the digits, steer a terminal, or be no text to keep."""
    for pieces in ([said, "And so on."], [*said, "And so on."]):
        assert [sentence for sentence in stream_sentences(pieces) if sentence] == [shown, "And so on."]
