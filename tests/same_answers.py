"""Whether a change leaves the answers as they were: 200 questions, asked in one order, before and after it.

    python tests/same_answers.py before.jsonl      writes the answers if the file is not there
    python tests/same_answers.py before.jsonl      after the change: compares, and names each answer that differs

An answer is compared as `assistant ask --json` prints it, without its timings. Run it with the default models and
nothing else at work; it takes a quarter of an hour on two cores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paths import CORPORA, QUESTIONS

from assistant import Assistant, Turn, open_assistant
from assistant.settings import load_settings

SETS = (("guide", None, 140), ("bread", CORPORA / "bread", 40), ("orders", CORPORA / "orders", 6), ("care", None, 14))
"""File of questions, folder of texts (None is the shipped guide), and how many are taken, evenly over the file."""


def read_questions(name: str, count: int) -> list[dict[str, Any]]:
    """So many questions of a file, evenly spread over it."""
    rows = [json.loads(line) for line in (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines() if line.strip()]
    return [rows[place * len(rows) // count] for place in range(count)]


def ask_all() -> Iterator[dict[str, Any]]:
    """Each question with its answer as plain data, without timings."""
    assistants: dict[Path | None, Assistant] = {}
    for name, corpus, count in SETS:
        if corpus not in assistants:
            assistants[corpus] = assistants[None].over(corpus) if corpus else open_assistant(load_settings())
        for row in read_questions(name, count):
            history = tuple(Turn(question) for question in row.get("history", ()))
            answer = assistants[corpus].ask(row["question"], history).to_dict()
            del answer["timings"]
            # As it is printed: tuples are lists there.
            yield {"set": name, "question": row["question"], "answer": json.loads(json.dumps(answer))}


def main(path: Path) -> int:
    """Write or compare; 1 if an answer differs."""
    if not path.exists():
        with path.open("w", encoding="utf-8") as out:
            for row in ask_all():
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
        return 0
    before = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    differing = 0
    for number, (old, new) in enumerate(zip(before, ask_all(), strict=True), start=1):
        if old != new:
            differing += 1
            print(f"{number}. {old['set']}: {old['question']}")
            for key in old["answer"] | new["answer"]:
                was, now = old["answer"].get(key), new["answer"].get(key)
                if was != now:
                    print(f"   {key}\n   - {was}\n   + {now}", flush=True)
    print(f"{len(before) - differing} of {len(before)} answers are the same.")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
