"""The guides that reading is learned from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from paths import TRAINING

from assistant.measuring.jsonlines import read_json_lines
from assistant.measuring.tune import FILES, read_guides

GUIDE = {
    "guide": "Shed",
    "kind": "rules",
    "sentences": [
        {"heading": "Keys", "text": "Ada has the key."},
        {"heading": "Keys", "text": "A copy costs 4 euros."},
    ],
    "asked": [{"question": "Who has the key?", "answers": [0]}],
    "not_answered": [{"question": "Who has the bike?"}],
}
MORE = {
    "of": "guides",
    "row": 0,
    "asked": [{"earlier": "Who has the key?", "question": "and what does one cost?", "answers": [1]}],
    "not_answered": [{"earlier": "Who has the key?", "question": "why her?"}],
}


def test_more_questions_about_a_guide_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "guides.jsonl").write_text(json.dumps(GUIDE), "utf-8")
    (tmp_path / "followups.jsonl").write_text(json.dumps(MORE), "utf-8")
    (guide,) = read_guides(tmp_path, ("guides",))
    (more,) = read_guides(tmp_path, ("followups",))
    assert more.sentences == guide.sentences
    assert guide.questions == (("Who has the key?", (0,)), ("Who has the bike?", ()))
    assert more.questions == (("Who has the key? and what does one cost?", (1,)), ("Who has the key? why her?", ()))


def test_our_guides_hold_what_answers_their_questions() -> None:
    for name in FILES:
        guides = read_guides(TRAINING, (name,))
        assert guides
        for guide in guides:
            numbers = {number for _, answers in guide.questions for number in answers}
            assert numbers <= set(range(len(guide.sentences))), (name, guide.paths[0])


@pytest.mark.parametrize("name", ["tables", "why", "beside"])
def test_every_line_that_answers_is_a_sentence_of_its_guide(name: str) -> None:
    rows = read_json_lines(TRAINING / f"{name}.jsonl", ("text",))
    for guide, row in zip(read_guides(TRAINING, (name,)), rows, strict=True):
        assert sum(bool(answers) for _, answers in guide.questions) == len(row["asked"]), row["guide"]
