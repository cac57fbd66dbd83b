"""What is printed in a terminal that does not know every letter, and from texts that look like markup."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Cli
from paths import ROOT

PRINT = """
from assistant.cli.printing import print_answer
from assistant.cli.terminal import print_json, tolerate_encoding
from assistant.records import Answer, AnswerSentence, Citation, Passage, Span

tolerate_encoding()
span = Span("After the red mark → turn left.", 0, 31, page=3)
passage = Passage(1, "way.pdf", "The way [/bold] to the 🏠", "After the red mark → turn left.", 0, 31, 0.9, (span,), 2)
answer = Answer("answered", (AnswerSentence("Turn left → after the mark.", (Citation(1, span),)),), (passage,))
print_answer(iter([answer]))
print_json(answer.to_dict(), indent=None)
"""


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_an_answer_is_printed_in_any_encoding(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    *shown, data = done.stdout.decode(encoding).splitlines()
    arrow = "→" if encoding == "utf-8" else "?"
    assert f"Turn left {arrow} after the mark." in shown[0]
    assert any("The way [/bold] to the" in line and "page 3" in line for line in shown), "the page is the sentence's"
    assert json.loads(data)["text"] == "Turn left → after the mark.", "data lose nothing"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_odd_names_of_files_are_listed_in_any_encoding(cli: Cli, tmp_path: Path, encoding: str) -> None:
    for name in ("→ weg.md", "日本.txt", "🏠.md"):
        (tmp_path / name).write_text("The house stands at the lake.", "utf-8")
    for words in (("--dry-run",), ("--dry-run", "--json"), ("--status",)):
        done = cli("index", *words, "--corpus", str(tmp_path), PYTHONIOENCODING=encoding)
        assert done.returncode == 0, done.stderr
    assert set(json.loads(cli("index", "--dry-run", "--json", "--corpus", str(tmp_path)).stdout)["added"]) == {
        "→ weg.md",
        "日本.txt",
        "🏠.md",
    }
