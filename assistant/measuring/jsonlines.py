"""Files of questions and examples: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assistant.errors import QuestionError


def read_json_lines(path: Path, needed: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines. QuestionError names a line that is no object or lacks a needed key."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path} cannot be read ({error})", "Name a file of JSON lines.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            missing = [name for name in needed if name not in row]
        except (ValueError, TypeError) as error:
            raise QuestionError(f"{path}, line {number}: {error}", "See tests/questions for the form.") from error
        if missing:
            raise QuestionError(f"{path}, line {number}: no {missing[0]}", "See tests/questions for the form.")
        yield row
