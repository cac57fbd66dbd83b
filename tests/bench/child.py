"""Run a contestant in this process: questions on standard input, answers on standard output, a line of JSON each.

python tests/bench/child.py CONTESTANT
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version
from typing import Any, TextIO

from reply import Given, Reply

import assistant  # noqa: F401  sets the switches that keep every library from the network
from assistant.models.installed import ensure_model
from assistant.settings import load_settings
from index.reading.documents import find_corpus_files, read_document

WARM_UP = "What is this about?"
"""Asked once before anything is timed."""


def load_given() -> Given:
    settings = load_settings()
    texts = {path.name: read_document(path, path.name).text for path in find_corpus_files(settings.corpus)}
    chat, embed = (ensure_model(settings, role, fetch=False) for role in ("chat", "embed"))
    return Given(chat, embed, texts, settings.context, settings.threads or os.cpu_count() or 1)


def time_answer(pieces: Generator[str, None, Reply]) -> dict[str, Any]:
    """Return the answer as plain data, with the seconds to its first shown words and to its end."""
    begun, first = time.perf_counter(), 0.0
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            total = time.perf_counter() - begun
            reply = asdict(end.value)
            shown = first or total
            reply["first_token_s"] = reply["first_token_s"] or shown
            return reply | {"first_words_s": shown, "total_s": total}
        if piece.strip() and not first:
            first = time.perf_counter() - begun


def write(out: TextIO, record: dict[str, Any]) -> None:
    print(json.dumps(record), file=out, flush=True)


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    os.environ |= {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
    begun = time.perf_counter()
    contestant = import_module(sys.argv[1]).Contestant(load_given())
    load_s = time.perf_counter() - begun
    time_answer(contestant.ask(WARM_UP))
    write(out, {"load_s": load_s, "versions": {name: version(name) for name in contestant.packages}})
    for line in sys.stdin:
        write(out, time_answer(contestant.ask(json.loads(line))))


if __name__ == "__main__":
    main()
