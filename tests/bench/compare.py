"""The same questions to this program and to what people would use instead, in turn, on this machine. Prints a table.

    pip install -e '.[bench]'
    python tests/bench/compare.py [--most N] [--only NAME ...] [--show] [--json FILE]

Everyone has the same chat model, embedder, texts, context, threads and way of choosing tokens (the likeliest), and is
asked one question first that is not timed. Each runs in a process of its own; one of them works at a time, another
first at each question. No network is needed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from measure import Examiner, compute_figures, find_mentioned, has_declined

from assistant import open_assistant
from assistant.measuring.evaluate import Case, choose_cases, read_cases
from assistant.settings import load_settings

HERE = Path(__file__).resolve().parent
QUESTIONS = HERE.parent / "questions" / "guide.jsonl"
CONTESTANTS = {"ours": "this program", "langchain_recipe": "LangChain", "llamaindex_recipe": "LlamaIndex"}
SHARED = ("llama-cpp-python", "sentence-transformers", "torch")


class Child:
    """A contestant in a process of its own; what its libraries print is shown only if it fails."""

    def __init__(self, name: str, process: subprocess.Popen[str], printed: IO[str]) -> None:
        self.name, self._process, self._printed = name, process, printed
        self.about = self._read()

    def ask(self, question: str) -> dict[str, Any]:
        assert self._process.stdin
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        if line := self._process.stdout.readline():
            return dict(json.loads(line))
        self._printed.seek(0)
        raise SystemExit(f"{self.name} ended:\n{self._printed.read()[-3000:]}")


@contextmanager
def start(name: str) -> Iterator[Child]:
    """Run a contestant in a process that ends with the block."""
    command, pipe = [sys.executable, str(HERE / "child.py"), name], subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as printed,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=printed, encoding="utf-8") as process,
    ):
        yield Child(name, process, printed)


def choose_sample(most: int) -> tuple[Case, ...]:
    """Choose questions of the checking half without a history, a third of them not covered; always the same."""
    cases = [case for case in choose_cases(read_cases(QUESTIONS), "checking") if not case.history]
    uncovered = most // 3
    return (*[c for c in cases if c.covered][: most - uncovered], *[c for c in cases if c.uncovered][:uncovered])


def ask_all(names: Sequence[str], cases: Sequence[Case]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Ask everyone; what each contestant says of itself, and its replies in the order of the questions."""
    replies: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with ExitStack() as running:
        children = [running.enter_context(start(name)) for name in names]
        for i, case in enumerate(cases):
            turn = i % len(children)
            for one in children[turn:] + children[:turn]:
                reply = one.ask(case.question)
                reply |= {"id": case.id, "question": case.question, "declined": has_declined(reply["text"])}
                replies[one.name].append(reply)
                print(f"{case.id} {one.name} {reply['total_s']:.1f} s", file=sys.stderr, flush=True)
        return {one.name: one.about for one in children}, replies


def judge(cases: Sequence[Case], replies: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, str]]:
    """Judge all replies, and compute the figures of each contestant."""
    examiner = Examiner(open_assistant(load_settings()).load())
    found = {}
    for name, given in replies.items():
        for case, reply in zip(cases, given, strict=True):
            if case.covered:
                reply |= {"verdicts": examiner.judge(reply), "mentioned": find_mentioned(reply["text"], case)}
        kinds: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for case, reply in zip(cases, given, strict=True):
            kinds[case.covered].append(reply)
        found[name] = compute_figures(kinds[True], kinds[False])
    return found


def format_table(found: dict[str, dict[str, str]]) -> str:
    """Format the figures as Markdown."""
    head = ("seconds: median (slowest)", *(CONTESTANTS[name] for name in found))
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    first = next(iter(found.values()))
    return "\n".join(rows + [f"| {row} | " + " | ".join(one[row] for one in found.values()) + " |" for row in first])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=12, help="questions, a third of them not covered (12)")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--show", action="store_true", help="print the answers to what the guide does not cover")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    options = parser.parse_args()
    cases = choose_sample(options.most)
    about, replies = ask_all(options.only, cases)
    whole: dict[str, Any] = {"contestants": about, "replies": replies}
    if options.json:  # kept in case judging, which takes a while, fails
        options.json.write_text(json.dumps(whole, indent=1, ensure_ascii=False), "utf-8")
    found = judge(cases, replies)
    versions = {name: version(name) for name in SHARED}
    for one in about.values():
        versions |= one["versions"]
    print(format_table(found))
    print("\n" + ", ".join(f"{name} {number}" for name, number in versions.items()))
    if options.show:
        for name, given in replies.items():
            for reply in given[sum(case.covered for case in cases) :]:
                word = "declined" if reply["declined"] else "answered"
                print(f"\n**{CONTESTANTS[name]}**, {word}: {reply['question']}\n\n{reply['text']}")
    if options.json:
        whole |= {"figures": found, "versions": versions}
        options.json.write_text(json.dumps(whole, indent=1, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
