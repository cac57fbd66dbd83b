"""Conversations of five turns, by writers who did not know the code, about seven guides.

In `tests/questions/conversations.jsonl` the subject changes, comes back, is corrected and asked about further. Each
turn has the sentences of the guide that answer it, any of them, or none. What is judged is what an answer begins with,
behind what was shown before.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from paths import QUESTIONS, ROOT
from test_structure_questions import copy_guide

from assistant import Answer, Assistant
from assistant.answering.quote import decline, quote, quote_nearest
from assistant.answering.retrieve import retrieve
from assistant.answering.structure import answer_from_structure
from assistant.loading import Components
from assistant.measuring.jsonlines import read_json_lines
from assistant.records import Turn

SHARE, QUOTED_SHARE, FEWEST = 0.8, 0.95, 4
"""Share of a gold sentence's words that a quotation holds, or of the quotation's words that it holds if these are at
least so many: rows of tables are told in other words than they stand."""


def answer(components: Components, question: str, history: Sequence[Turn]) -> Answer:
    """What an answer begins with, before anything is worded."""
    searcher, asked = components.searcher, (*(turn.question for turn in history), question)
    retrieval = retrieve(searcher, question, history)
    if told := answer_from_structure(retrieval, searcher, asked):
        return told.answer
    found = components.finder.find(retrieval, history)
    if found.coverage == "answered":
        return quote(found.retrieval, found.retrieval.leads)
    return (quote_nearest if found.coverage == "nearest" else decline)(found.retrieval, asked)


def split(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def holds(quoted: str, gold: str) -> bool:
    said, wanted = split(quoted), split(gold)
    both = len(said & wanted)
    return both >= SHARE * len(wanted) or (len(said) >= FEWEST and both >= QUOTED_SHARE * len(said))


def judge(answer: Answer, turn: dict[str, Any]) -> str:
    if not turn["covered"] or answer.status == "not_covered":
        return answer.status
    quoted = [sentence.text for sentence in answer.sentences if sentence.quotes]
    held = any(holds(one, gold) for one in quoted for gold in turn["gold"])
    return f"{answer.status}, {'held' if held else 'not held'}"


@pytest.mark.thorough
def test_most_turns_of_a_conversation_begin_with_what_answers_them(assistant: Assistant, tmp_path: Path) -> None:
    by_guide = defaultdict(list)
    for row in read_json_lines(QUESTIONS / "conversations.jsonl", ("guide", "turns")):
        by_guide[row["guide"]].append(row["turns"])
    counted, failed = Counter[tuple[bool, bool, str]](), []
    for number, (name, conversations) in enumerate(by_guide.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        corpus = ROOT / "corpus" if name == "love" else copy_guide(name, folder)
        components = assistant.over(corpus, home=folder).load()
        for turns in conversations:
            history: list[Turn] = []
            for turn in turns:
                shown = answer(components, turn["question"], history)
                outcome = judge(shown, turn)
                counted[turn["leans_on"] is not None, turn["covered"], outcome] += 1
                if outcome not in ("answered, held", "not_covered"):
                    failed.append((name, turn["question"], outcome, shown.text[:200], turn["gold"][:1]))
                history.append(Turn(turn["question"], shown.text))
    print("(leans, covered, outcome): turns", *sorted(counted.items()), sep="\n")
    report = "\n".join(map(repr, failed))
    assert sum(counted.values()) == 350
    assert counted[True, True, "answered, held"] >= 68, report
    assert counted[False, True, "answered, held"] >= 112, report
    assert counted[True, False, "answered"] + counted[False, False, "answered"] <= 10, report
