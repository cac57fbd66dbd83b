"""The messages that danger is learned from."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import TRAINING

from assistant.errors import QuestionError
from assistant.measuring.tune import read_messages


def test_our_messages_are_read() -> None:
    messages = read_messages(TRAINING)
    assert len({one.label for one in messages}) == 7
    assert len({one.text for one in messages if not one.label}) > 5000
    assert sum(bool(one.label) for one in messages) > 2500
    for one in messages:
        assert one.text.strip()
        assert one.weight > 0
        assert 0.5 < one.chance <= 1 if one.label else one.chance == 0


def test_a_missing_file_of_messages_is_named(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match=r"danger\.jsonl"):
        read_messages(tmp_path)
