"""What is printed in a terminal that does not know every letter, and from texts that look like markup."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Cli
from hashed import HashedEmbedder
from paths import ROOT
from rich.table import Table

from assistant import Settings
from assistant.cli.printing import print_answer, print_report, print_status
from assistant.cli.terminal import out
from assistant.errors import ModelError
from assistant.guide import describe_completeness
from assistant.records import (
    HERE,
    NEAREST,
    Answer,
    AnswerSentence,
    Citation,
    Concern,
    Contact,
    NextStep,
    Passage,
    Span,
)
from index.build import build, plan_build
from index.storing.manifest import IndexedDocument
from index.storing.store import Store

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


@pytest.mark.thorough
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


# What leads to the guide's own words

TEXT = "Water the beans at dusk. Never wet [the] leaves."
DUSK, LEAVES = Span(TEXT[:24], 0, 24), Span(TEXT[25:], 25, len(TEXT))
WATERING = Passage(1, "plants.md", "Watering", TEXT, 0, len(TEXT), 0.9, (DUSK, LEAVES))
QUOTED = (
    AnswerSentence(f"“{DUSK.text}”", (Citation(1, DUSK),)),
    AnswerSentence(f"“{LEAVES.text}”", (Citation(1, LEAVES),)),
)
WORDED = AnswerSentence("Keep the leaves dry.", (Citation(1, LEAVES),))


def printed(capsys: pytest.CaptureFixture[str], *stages: Answer) -> list[str]:
    """The lines that are printed of an answer as it grows; blank ones left out."""
    assert print_answer(iter(stages)) == stages[-1]
    return [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_the_nearest_is_printed_a_quotation_a_line_with_all_that_comes_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    step = NextStep(DUSK.text, Passage(1, "plants.md", "Watering", TEXT, 0, len(TEXT), 0.9, (DUSK,)))
    nearest = Answer("nearest", QUOTED, (WATERING,), (step,), ("And peas?",))
    assert printed(capsys, Answer("answered", stage="reading"), nearest) == [
        NEAREST,
        f"“{DUSK.text}” [1]",
        f"“{LEAVES.text}” [1]",
        "[1] Watering (plants.md)",
        f"    “{DUSK.text}”",
        f"    “{LEAVES.text}”",
        "Next steps",
        f"  • {DUSK.text} (Watering, plants.md)",
        "You could also ask",
        "  ? And peas?",
    ]


def test_an_answer_that_grows_is_led_to_once(capsys: pytest.CaptureFixture[str]) -> None:
    begun = Answer("answered", QUOTED[:1], (WATERING,), stage="writing")
    whole = Answer("answered", (*QUOTED[:1], WORDED), (WATERING,))
    first, *rest = printed(capsys, Answer("answered", stage="reading"), begun, begun, whole)
    assert first == f"{HERE} “{DUSK.text}” [1] {WORDED.text} [1]"
    assert not any(HERE in line for line in rest)
    first, *_ = printed(capsys, Answer("answered", (WORDED,), (WATERING,)))
    assert first == f"{WORDED.text} [1]", "nothing leads to what the model worded"


# How much of the files is in the index


def test_a_quiet_line_is_printed_once_above_the_answer_with_whom_to_call(capsys: pytest.CaptureFixture[str]) -> None:
    concern, people = Concern("self-harm", "unsure", "People to talk to"), (Contact("A line", "116 123", "UK"),)
    answer = Answer("answered", (AnswerSentence("Yes."),), care=concern, contacts=people)
    lines = printed(capsys, replace(answer, sentences=()), answer)
    assert lines[:2] == [concern.line, "  UK: A line: 116 123"]
    assert lines.count(concern.line) == 1
    assert "Yes." in lines[2:]
    assert not any("116 123" in line for line in lines[2:])


def compared(source: str, words: int, indexed: int, missing: str = "", left_out: int = 0) -> IndexedDocument:
    return IndexedDocument(
        source, source, "", words=words, words_indexed=indexed, missing=missing, left_out=left_out, chunks=1
    )


WHOLE = [compared(f"{n}.md", 100, 100, left_out=n) for n in range(12)]
LEAFLET = compared("leaflet.pdf", 100, 62, "page 2 is missing")
HOURS = compared("hours.txt", 1000, 999, "line 14 is missing")


def test_of_whole_files_one_line_is_said() -> None:
    assert list(describe_completeness(WHOLE[:1])) == [("0.md: all of it.", False)]
    ((line, is_warning),) = describe_completeness(WHOLE)
    assert line.startswith("12 files, all of every one; 66 words are left out on purpose")
    assert not is_warning
    assert list(describe_completeness([])) == []


def test_files_of_which_something_is_missing_are_named_the_worst_first() -> None:
    said = list(describe_completeness([*WHOLE, HOURS, LEAFLET]))
    assert said[0] == ("leaflet.pdf: 62 %, page 2 is missing.", True)
    assert said[1] == ("hours.txt: 99 %, line 14 is missing.", False), "not 100 %, and no warning"
    assert said[2][1], "what to do"
    assert said[3][0].startswith("14 files, all of 12")
    assert not any(is_warning for _, is_warning in describe_completeness([*WHOLE, HOURS]))


def test_of_many_files_ten_are_named() -> None:
    lacking = [compared(f"{n:03}.pdf", 100, 50, "page 1 is missing") for n in range(322)]
    lines = [line for line, _ in describe_completeness(lacking)]
    assert sum("page 1" in line for line in lines) == 10
    assert "… and 312 more; --json names them all." in lines


def test_the_status_and_the_report_say_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "page.html").write_text("<nav><a href='/'>To the start</a></nav><p>The pool opens at nine.", "utf-8")
    store, embedder = Store(tmp_path / "index"), HashedEmbedder()
    settings = Settings(home=tmp_path, corpus=corpus)
    report = build(store, corpus, lambda: embedder, embedder.name)  # type: ignore[arg-type, return-value]
    said = "page.html: all of it; 3 words are left out on purpose (hidden, struck out, menus, page headers).\n"
    print_report(report, as_json=False)
    assert capsys.readouterr().out.endswith(said)
    pending = plan_build(store, corpus, embedder.name)
    print_status(store, settings, pending, as_json=False)
    assert capsys.readouterr().out.endswith(said)
    wanted = [{"source": "page.html", "words": 5, "words_indexed": 5, "share": 1.0, "missing": "", "left_out": 3}]
    print_report(report, as_json=True)
    assert json.loads(capsys.readouterr().out)["completeness"] == wanted
    print_status(store, settings, pending, as_json=True)
    assert json.loads(capsys.readouterr().out)["completeness"] == wanted


# Data is no markup


ODD = "How [/bold] to [red]water[/red] at :cake: time"


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    passage = Passage(1, "a[/i].md", ODD, TEXT, 0, len(TEXT), 0.9, (DUSK,))
    lines = printed(capsys, Answer("answered", QUOTED[:1], (passage,), follow_ups=(f"{ODD}?",)))
    assert f"[1] {ODD} (a[/i].md)" in lines
    assert f"  ? {ODD}?" in lines
    table = Table(ODD, title="[/].jsonl", box=None, title_justify="left")
    table.add_row("[/]")
    out.print(table)
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == ["[/].jsonl", ODD, "[/]"]


def test_an_error_in_the_middle_of_an_answer_is_said_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Iterator[Answer]:
        yield Answer("answered", QUOTED[:1], (WATERING,), stage="writing")
        raise ModelError("The chat server broke off", "Ask again.")

    with pytest.raises(ModelError):
        print_answer(broken())
    assert capsys.readouterr().out.endswith("\n")
