"""Questions about the guide itself, by four writers who did not know the code, about sixteen guides.

`tests/questions/structure.jsonl`, by kind: "told" has what must all stand in the answer, and what must not; "absent"
asks for what the guide does not have; "plain" asks for a fact, in words that such questions are made of.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from paths import CORPORA, QUESTIONS

from assistant import Assistant
from assistant.answering.retrieve import retrieve
from assistant.answering.structure import answer_from_structure
from assistant.measuring.jsonlines import read_json_lines


def copy_guide(name: str, folder: Path) -> Path:
    """The folder of a guide: one of tests/corpora, or of those in `manners.jsonl`."""
    corpus = folder / "guide"
    if name.startswith("manners/"):
        rows = read_json_lines(QUESTIONS / "manners.jsonl", ("guide",))
        corpus.mkdir()
        text = next(row["text"] for row in rows if row["guide"] == Path(name).name and "text" in row)
        (corpus / "guide.md").write_text(text, "utf-8")
    elif (CORPORA / name).is_dir():
        shutil.copytree(CORPORA / name, corpus)
    else:
        corpus.mkdir()
        shutil.copy(CORPORA / name, corpus)
    return corpus


def normalize(text: str) -> str:
    return " ".join(text.split()).casefold().replace("’", "'")


def judge(asked: dict[str, Any], told: str | None) -> str:
    """What came of a question: "right", "partly", "wrong", or "left" to the rest of the line."""
    if told is None:
        return "left"
    held = [normalize(one) in normalize(told) for one in asked["expected"]]
    if not any(held) or any(normalize(one) in normalize(told) for one in asked["wrong"]):
        return "wrong"
    return "right" if all(held) else "partly"


@pytest.mark.thorough
def test_most_of_what_people_ask_of_the_guide_itself_is_told(assistant: Assistant, tmp_path: Path) -> None:
    by_guide = defaultdict(list)
    for row in read_json_lines(QUESTIONS / "structure.jsonl", ("guide", "kind", "question", "expected", "wrong")):
        by_guide[row["guide"]].append(row)
    counted, failed = Counter[tuple[str, str]](), []
    for number, (name, rows) in enumerate(by_guide.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        searcher = assistant.over(copy_guide(name, folder), home=folder).load().searcher
        for row in rows:
            found = retrieve(searcher, row["question"], ())
            told = answer_from_structure(found, searcher, (row["question"],))
            text = told.answer.text if told else None
            outcome = judge(row, text)
            counted[row["kind"], outcome] += 1
            if outcome != ("right" if row["kind"] == "told" else "left"):
                failed.append((name, row["question"], outcome, text and text[:300]))
    report = f"{counted}\n" + "\n".join(map(repr, failed))
    assert counted["told", "right"] >= 112, report
    assert counted["told", "wrong"] <= 2, report
    assert counted["absent", "left"] == 32, report
    assert counted["plain", "wrong"] + counted["plain", "partly"] == 0, report
