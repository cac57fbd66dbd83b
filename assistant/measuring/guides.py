"""Small guides with their own questions, as JSON lines: each is given as sentences under headings, or as a text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from index.build import read_corpus

GUIDE_KEYS = ("guide", "kind", "asked", "not_answered")
"""What a row holds: title, kind, and the questions (question, manner) that the guide answers and that it does not. A
question that depends on an earlier one has that too (earlier). The guide is either sentences (heading, text), and each
question has the numbers of those that answer it (answers); or Markdown text, and its lines that do (gold)."""


@contextmanager
def write_guide(row: dict[str, Any]) -> Iterator[Path]:
    """Yield a folder with the guide as its only file; it exists until the end of the block."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "guide")
        corpus.mkdir()
        (corpus / "guide.md").write_text(row["text"] if "text" in row else _join_sentences(row), "utf-8")
        yield corpus


def _join_sentences(row: dict[str, Any]) -> str:
    parts = [f"# {row['guide']}"]
    for heading, sentences in groupby(row["sentences"], lambda one: one["heading"]):
        parts += [f"## {heading}", " ".join(one["text"] for one in sentences)]
    return "\n\n".join(parts) + "\n"


def list_gold(row: dict[str, Any], asked: dict[str, Any]) -> tuple[str, ...]:
    """The sentences or lines of a guide that answer a question; none if the guide does not answer it."""
    if "text" in row:
        return tuple(asked.get("gold", ()))
    return tuple(row["sentences"][number]["text"] for number in asked.get("answers", ()))


def tell_guide(row: dict[str, Any]) -> dict[str, Any]:
    """If a row is given as a text, add its sentences as they are embedded: table rows with their column heads."""
    if "text" not in row:
        return row
    with write_guide(row) as corpus:
        chunks, _, _ = read_corpus(corpus)
    told = [(chunk.heading, sentence) for chunk in chunks for sentence in chunk.sentences]

    def find(asked: dict[str, Any]) -> dict[str, Any]:
        lines = list_gold(row, asked)
        held = [any(one.text in line or line in one.text for line in lines) for _, one in told]
        return asked | {"answers": [at for at, holds in enumerate(held) if holds]}

    sentences = [{"heading": heading, "text": one.plain, "cells": one.cells} for heading, one in told]
    return row | {"sentences": sentences, "asked": list(map(find, row["asked"]))}
