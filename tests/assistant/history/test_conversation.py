"""What is kept: nothing lost, nothing left when deleted, damage put aside. Real files, real processes, a real disk."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from paths import ROOT
from small_disk import run_on_small_disk

from assistant.answering.care import Kind, read_care_book
from assistant.errors import ConversationError, HistoryError
from assistant.history.conversation import IMPORT_LIMIT, WHY_LIMIT, Conversation, Conversations, KeptTurn, make_title
from assistant.history.database import DATABASE_NAME, SCHEMA_VERSION, Database
from assistant.history.export import export_conversation_json
from assistant.history.plan import Plan
from assistant.question import QUESTION_LIMIT
from assistant.records import (
    HERE,
    Answer,
    AnswerSentence,
    Citation,
    Concern,
    Contact,
    NextStep,
    Passage,
    Span,
    Timings,
)

GUIDE, OTHER = "/guides/garden", "/guides/bread"

TEXT = "Water the beans at dusk. “Never” wet\nthe leaves: 60 %, <b>\\ 水 🌱."
SPAN = Span(TEXT[:24], 100, 124, page=3, gone=True, told="Beans: water at dusk")
PASSAGE = Passage(2, "a/plants.md", "Garden › Watering", TEXT, 100, 100 + len(TEXT), 0.1 + 0.2, (SPAN,), 3, "")
FULL = Answer(
    status="answered",
    sentences=(AnswerSentence("At dusk.", (Citation(2, SPAN),)), AnswerSentence("Good luck!")),
    passages=(PASSAGE, Passage(1, "b.md", "", "", 0, 0, 1e-9)),
    next_steps=(NextStep("Water the beans.", replace(PASSAGE, number=7, now="Water them at dawn.")),),
    follow_ups=("And tomatoes?", "And\u2028peas?"),
    timings=Timings(0.1, 1 / 3, 2.5, 100, 90, 30),
    contacts=(Contact("Someone", "116 123", "United Kingdom"),),
    dropped=("Sing to them.",),
    cut_short=True,
    chance=2 / 3,
    reason="why not",
    before=3,
)
QUOTED = AnswerSentence(f"“{SPAN.text}”", (Citation(2, SPAN),))
EXPORTED = replace(FULL, contacts=())
NEAREST = replace(EXPORTED, status="nearest", sentences=(QUOTED,), dropped=())
BOOK = read_care_book()


def said(text: str) -> Answer:
    return Answer("answered", (AnswerSentence(text),))


@pytest.fixture
def lines() -> list[str]:
    """What the database said."""
    return []


@pytest.fixture
def database(tmp_path: Path, lines: list[str]) -> Database:
    return Database(tmp_path, lines.append)


@pytest.fixture
def kept(database: Database) -> Conversations:
    return Conversations(database, GUIDE)


def questions(conversation: Conversation | None) -> list[str]:
    assert conversation is not None
    return [turn.question for turn in conversation.turns]


# Keeping


def records(value: object) -> Iterator[Any]:
    """A record, and every one inside it."""
    for inner in value if isinstance(value, tuple) else ():
        yield from records(inner)
    if is_dataclass(value):
        yield value
        for field in fields(value):
            yield from records(getattr(value, field.name))


def test_every_field_of_an_answer_comes_back_equal(kept: Conversations) -> None:
    listed = replace(FULL, listed=True, care=Concern("child", "unsure", "Whom to call"))
    identity = kept.keep(None, 0, "When?", FULL)
    kept.keep(identity, 1, "What else?", listed)
    conversation = kept.read(identity)
    assert conversation is not None
    assert [turn.answer for turn in conversation.turns] == [FULL, listed]
    assert hash(conversation) is not None  # lists would have come back as lists
    tried = [*records(listed), *records(FULL)]
    for kind in {type(record) for record in tried}:
        some = [record for record in tried if type(record) is kind]
        for field in fields(kind):
            if field.name == "stage":  # of no use once the answer is kept
                continue
            default = field.default if field.default_factory is MISSING else field.default_factory()
            assert any(getattr(one, field.name) != default for one in some), (
                f"{kind.__name__}.{field.name} is not tried"
            )


def test_a_turn_is_written_at_its_place_and_drops_those_behind_it(kept: Conversations) -> None:
    identity = kept.keep(None, 0, "First?", said("One."))
    for number, question in enumerate(["Second?", "Third?"], start=1):
        assert kept.keep(identity, number, question, said("More.")) == identity
    assert questions(kept.read(identity)) == ["First?", "Second?", "Third?"]
    kept.keep(identity, 1, "Other?", said("Else."))
    assert questions(kept.read(identity)) == ["First?", "Other?"]
    kept.keep(identity, 9, "Late?", said("At the end."))
    assert questions(kept.read(identity)) == ["First?", "Other?", "Late?"]


def test_nothing_is_kept_in_a_conversation_that_was_deleted(kept: Conversations) -> None:
    identity = kept.keep(None, 0, "First?", said("One."))
    kept.delete(identity)
    assert kept.read(identity) is None
    with pytest.raises(ConversationError, match="deleted"):
        kept.keep(identity, 3, "Fourth?", said("Four."))
    assert kept.list() == ()


def test_guides_do_not_see_each_other(database: Database, kept: Conversations) -> None:
    other = Conversations(database, OTHER)
    mine, theirs = kept.keep(None, 0, "Beans?", said("Yes.")), other.keep(None, 0, "Bread?", said("No."))
    assert [one.id for one in kept.list()] == [mine]
    assert other.read(mine) is None
    other.rename(mine, "Stolen")
    other.rate(mine, 0, True)
    other.delete(mine)
    other.delete_all()
    assert other.read(theirs) is None
    conversation = kept.read(mine)
    assert conversation is not None
    assert (conversation.title, conversation.turns[0].helpful) == ("Beans?", None)
    with pytest.raises(ConversationError):
        other.keep(mine, 1, "Mine?", said("No."))
    assert questions(kept.read(mine)) == ["Beans?"]


def test_ids_are_not_to_be_guessed(kept: Conversations) -> None:
    found = {kept.keep(None, 0, "Same?", said("Same.")) for _ in range(30)}
    assert len(found) == 30
    assert min(map(len, found)) >= 20


TITLES = {
    "short": ("How do I listen?", "How do I listen?"),
    "lines": ("  How\n\n do \t I\u2028listen? ", "How do I listen?"),
    "60": ("a" * 29 + " " + "b" * 30, "a" * 29 + " " + "b" * 30),
    "word that ends at 60": ("a" * 60 + " bbb", "a" * 60 + "…"),
    "cut at a word": (
        "My sister and I have not spoken since our father died, and I would like to write to her.",
        "My sister and I have not spoken since our father died, and I…",
    ),
    "mark at the cut": ("x" * 50 + ", and then " + "y" * 40, "x" * 50 + ", and then…"),
    "comma at the cut": ("x" * 55 + ", " + "y" * 40, "x" * 55 + "…"),
    "one long word": ("a" * 100, "a" * 60 + "…"),
    "no spaces": ("我怎样才能" * 20, ("我怎样才能" * 12) + "…"),
}


@pytest.mark.parametrize(("question", "title"), TITLES.values(), ids=TITLES)
def test_a_question_becomes_a_title(kept: Conversations, question: str, title: str) -> None:
    assert make_title(question) == title
    kept.keep(None, 0, question, said("Yes."))
    assert kept.list()[0].title == title


def test_a_title_can_be_changed_and_taken_back(kept: Conversations) -> None:
    identity = kept.keep(None, 0, "How do I listen?", said("Well."))
    before = kept.list()[0]
    kept.rename(identity, "  About\nlistening '); DROP TABLE turn; -- ")
    assert kept.list() == (replace(before, title="About listening '); DROP TABLE turn; --"),)
    kept.rename(identity, "x" * 5000)
    assert len(kept.list()[0].title) == 120
    kept.rename(identity, " \n ")
    assert kept.list() == (before,)
    kept.rename("no such id", "Title")


# Finding


def test_the_last_changed_stands_first(kept: Conversations) -> None:
    ids = [kept.keep(None, 0, f"Question {n}?", said("Yes.")) for n in range(5)]
    kept.keep(ids[1], 1, "Again?", said("Yes."))
    kept.rename(ids[0], "A new title is no change")
    assert [one.id for one in kept.list()] == [ids[1], ids[4], ids[3], ids[2], ids[0]]
    assert [one.id for one in kept.list(most=2)] == [ids[1], ids[4]]
    assert [one.id for one in kept.list("question", most=1)] == [ids[1]]


FOUND = {
    "capitals": ("BEANS", "When do I water the beans?"),
    "in the answer": ("dusk", "When do I water the beans?"),
    "words apart": ("dusk when DO", "When do I water the beans?"),
    "sharp s": ("STRASSE", "Wo ist die Straße?"),
    "sharp s the other way": ("straße", "WO IST DIE STRASSE?"),
    "cyrillic": ("ПРИВЕТ", "Как сказать «привет»?"),
    "greek, both sigmas": ("ΟΔΟΣ", "Πού είναι η οδός;".replace("ό", "ο")),
    "composed": ("CAFE\u0301", "Where is the café?"),
    "han": ("怎样", "我怎样才能倾听？"),
    "per cent": ("100%", "Is 100% enough?"),
    "underscore": ("a_b", "What is a_b?"),
    "quotes": ('"it\'s"', 'Why "it\'s"?'),
    "backslash": ("c:\\", "Why c:\\?"),
}


@pytest.mark.parametrize(("containing", "question"), FOUND.values(), ids=FOUND)
def test_words_are_found_whatever_their_case_and_script(kept: Conversations, containing: str, question: str) -> None:
    kept.keep(None, 0, "Something else, 1000 axb its c:?", said("Nothing."))
    wanted = kept.keep(None, 0, question, said("At dusk."))
    assert [one.id for one in kept.list(containing)] == [wanted]


def test_every_word_must_be_there_in_the_title_or_any_turn(kept: Conversations) -> None:
    identity = kept.keep(None, 0, "Beans?", said("At dusk."))
    kept.keep(identity, 1, "Tomatoes?", said("Keep the leaves dry."))
    kept.rename(identity, "My plot")
    assert [one.id for one in kept.list("plot dusk tomatoes DRY")] == [identity]
    assert kept.list("plot dusk potatoes") == ()
    assert len(kept.list("  ")) == 1


def test_what_is_no_longer_kept_is_not_found(database: Database, kept: Conversations) -> None:
    identity = kept.keep(None, 0, "Beans?", said("At dusk."))
    kept.keep(identity, 1, "Tomatoes?", said("Keep the leaves dry."))
    kept.keep(identity, 0, "Peas?", said("At dawn."))
    kept.rename(identity, "My plot")
    kept.keep(None, 0, "Leeks?", said("At dawn."))
    assert [len(kept.list(word)) for word in ("beans", "tomato", "dusk", "peas", "plot", "dawn", "")] == [
        *(0, 0, 0, 1, 1, 2, 2),
    ]
    kept.delete(identity)
    with database.reading() as connection:
        assert {term for (term,) in connection.execute("SELECT text FROM term")} == {"leeks?", "at", "dawn."}
    kept.delete_all()
    with database.reading() as connection:
        assert connection.execute("SELECT * FROM term").fetchall() == []


def test_as_many_words_as_there_are_can_be_looked_for(kept: Conversations) -> None:
    words = " ".join(f"word{number}" for number in range(3000))
    kept.keep(None, 0, "Beans?", said(words))
    kept.keep(None, 0, "Peas?", said("At dawn."))
    assert len(kept.list(words)) == 1
    assert kept.list(f"{words} {'x' * 10_000}") == ()


# Rating


def test_what_was_found_helpful_is_kept_and_listed_newest_first(kept: Conversations, database: Database) -> None:
    first = kept.keep(None, 0, "Beans?", said("At dusk."))
    kept.keep(first, 1, "Peas?", said("At dawn."))
    assert kept.list_ratings() == ()
    kept.rate(first, 0, True)
    kept.rate(first, 1, False, " Not what I asked. ")
    told = [(one.helpful, one.why, one.question, one.answer, one.guide) for one in kept.list_ratings()]
    assert told == [(False, "Not what I asked.", "Peas?", "At dawn.", GUIDE), (True, "", "Beans?", "At dusk.", GUIDE)]
    assert kept.list_ratings()[0].when >= kept.list_ratings()[1].when
    conversation = kept.read(first)
    assert conversation is not None
    assert [(turn.helpful, turn.why) for turn in conversation.turns] == [(True, ""), (False, "Not what I asked.")]
    assert Conversations(database, OTHER).list_ratings() == ()
    kept.rate(first, 0, None, "no matter")
    assert [one.question for one in kept.list_ratings()] == ["Peas?"]
    kept.keep(first, 1, "Peas?", said("At noon."))
    assert kept.list_ratings() == ()
    with pytest.raises(ConversationError, match=f"{WHY_LIMIT:,}"):
        kept.rate(first, 0, True, "x" * (WHY_LIMIT + 1))
    kept.rate("no such id", 0, True)
    assert kept.list_ratings() == ()


FEEDBACK = "from assistant.cli import main; main()"


@pytest.mark.thorough
def test_feedback_is_told_by_the_command(tmp_path: Path, kept: Conversations) -> None:
    guide = tmp_path / "guide"
    guide.mkdir()

    def told(*words: str) -> str:
        command = [sys.executable, "-c", FEEDBACK, "feedback", "--corpus", str(guide), *words]
        environment = {**os.environ, "ASSISTANT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()

    assert "Nothing" in told()
    assert json.loads(told("--json")) == []
    mine = Conversations(Database(tmp_path), str(guide.resolve()))
    identity = mine.keep(None, 0, "Am I [bold]loved[/bold]?", replace(FULL, status="care"))
    mine.keep(identity, 1, "Beans?", said("At dusk."))
    mine.rate(identity, 0, True, "It was\nkind.")
    mine.rate(identity, 1, False)
    second, said_second, first, *said_first = told().splitlines()
    assert second.endswith("  not helpful: Beans?")
    assert first.endswith("  helpful: Am I [bold]loved[/bold]?")
    assert (said_second, said_first) == ("    At dusk.", ["    At dusk.", "    Why: It was kind."])
    assert [one["why"] for one in json.loads(told("--json"))] == ["", "It was\nkind."]


# Deleting


def held(home: Path) -> bytes:
    """Every byte of the file and what lies beside it."""
    return b"".join(path.read_bytes() for path in sorted(home.glob(f"{DATABASE_NAME}*")))


@pytest.mark.parametrize("every", [False, True], ids=["one by one", "all"])
def test_what_is_deleted_is_in_no_byte(tmp_path: Path, kept: Conversations, every: bool) -> None:
    """Not in the write-ahead log either, which another connection keeps alive here."""
    assert kept.list() == ()
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as idle:
        idle.execute("SELECT count(*) FROM turn").fetchone()
        ids = []
        for number in range(30):
            ids.append(kept.keep(None, 0, f"question-{number:02}", said(f"answer-{number:02} " * 20 * number)))
            kept.keep(ids[-1], 1, f"question-{number:02}", FULL)
            kept.rate(ids[-1], 1, False, f"because-{number:02}")
        gone, left = (range(30), range(0)) if every else (range(0, 30, 2), range(1, 30, 2))
        if every:
            kept.delete_all()
        for number in () if every else gone:
            kept.delete(ids[number])
        data = held(tmp_path)
        words = ("question", "answer", "because")
        assert [number for number in gone if any(b"%b-%02d" % (w.encode(), number) in data for w in words)] == []
        assert [number for number in left if not all(b"%b-%02d" % (w.encode(), number) in data for w in words)] == []
        assert [one.id for one in kept.list()] == [ids[number] for number in reversed(left)]


def test_what_is_replaced_is_written_over(tmp_path: Path, kept: Conversations) -> None:
    identity = kept.keep(None, 0, "Beans?", said("Yes."))
    kept.keep(identity, 1, "My secret?", said("A secret answer."))
    assert held(tmp_path).count(b"ecret") >= 3
    kept.keep(identity, 1, "Peas?", said("No."))
    assert held(tmp_path).count(b"ecret") == 0


def test_nothing_is_left_in_the_slack_of_a_file_of_many_edits(tmp_path: Path, database: Database) -> None:
    """Where SQLite splits a page, copies of rows stay behind, whatever `secure_delete` says."""
    chance, left, gone = random.Random(1), ["000000000000"], []
    plan = Plan(database, GUIDE)
    last = plan.keep(NextStep("Water the beans.", PASSAGE))
    with database.writing() as connection:
        for _ in range(6000):
            if chance.random() < 0.55 or len(left) < 3:
                left.append(chance.randbytes(6).hex())
                row = (left[-1], GUIDE, f"s{left[-1]} " * chance.randint(1, 40), "a.md", 0.0, "{}")
                connection.execute(
                    "INSERT INTO step (id, guide, text, source, kept, passage) VALUES (?,?,?,?,?,?)", row
                )
            else:
                gone.append(left.pop(chance.randrange(len(left))))
                connection.execute("DELETE FROM step WHERE id = ?", gone[-1:])
    plan.drop(last)
    data = held(tmp_path)
    assert [secret for secret in gone if secret.encode() in data] == []
    assert [secret for secret in left[1:] if secret.encode() not in data] == []


def test_what_could_not_be_wiped_is_at_the_next_start(
    tmp_path: Path, database: Database, kept: Conversations, lines: list[str]
) -> None:
    """Another program reads an old state of the file: the conversation is gone at once, its traces later."""
    impatient = Conversations(Database(tmp_path, lines.append, patience=0.0), GUIDE)
    identity = impatient.keep(None, 0, "My secret?", said("Yes."))
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM turn").fetchone()
        impatient.delete(identity)
        assert impatient.list() == ()
        assert b"My secret?" in held(tmp_path)
        assert [line.split(".")[0] for line in lines] == ["Traces of what was deleted are wiped at the next start"]
    assert kept.list() == ()
    assert b"My secret?" not in held(tmp_path)
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM erasing").fetchone() == (0,)


# Many at once

WRITER = """
import sys, threading
from pathlib import Path
from assistant.history.conversation import Conversations
from assistant.history.database import Database
from assistant.records import Answer, AnswerSentence

home, guide, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
answer = Answer("answered", (AnswerSentence("Yes. " * 2000),))

def write(thread):
    kept = Conversations(Database(home, print), guide)
    identity = None
    for turn in range(4):
        identity = kept.keep(identity, turn, f"{name} {thread} {turn}", answer)
    kept.rate(identity, 3, True, f"{name} {thread}")

threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def started(home: Path, name: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(home), GUIDE, name]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_and_eight_threads_each_lose_nothing(tmp_path: Path, kept: Conversations) -> None:
    """From the first moment on, when there is no file yet."""
    for writer in [started(tmp_path, "one"), started(tmp_path, "two")]:
        assert writer.communicate() == ("", "")
    found = [kept.read(one.id) for one in kept.list()]
    wanted = {f"{name} {thread}": list(range(4)) for name in ("one", "two") for thread in range(8)}
    told = {questions(one)[0][:-2]: [int(question[-1]) for question in questions(one)] for one in found}
    assert told == wanted
    assert {one.why for one in kept.list_ratings()} == set(wanted)


def test_threads_of_one_database_lose_nothing(kept: Conversations) -> None:
    """As those of the page's server; they write the same conversations, too."""
    shared = kept.keep(None, 0, "Shared?", said("Yes."))
    problems: list[Exception] = []

    def write(thread: int) -> None:
        try:
            mine = kept.keep(None, 0, f"mine {thread}", said("Yes."))
            kept.keep(shared, 999, f"shared {thread}", said("Yes."))
            kept.delete(kept.keep(None, 0, "Gone?", said("Yes.")))
            assert questions(kept.read(mine)) == [f"mine {thread}"]
        except Exception as error:  # noqa: BLE001 - of a thread, told below
            problems.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(questions(kept.read(shared))) == sorted(["Shared?", *(f"shared {number}" for number in range(8))])
    assert sorted(one.title for one in kept.list("mine")) == [f"mine {number}" for number in range(8)]
    assert kept.list("gone") == ()


# Damage


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "a letter").write_text("Dear", "utf-8")


def spoilt(path: Path) -> None:
    """Garbage from the second page on."""
    data = path.read_bytes()
    path.write_bytes(data[:4096] + random.Random(1).randbytes(len(data) - 4096))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(random.Random(1).randbytes(50_000)),
    "text": lambda path: path.write_text("These are not the words you are looking for.\n" * 300, "utf-8"),
    "one byte": lambda path: path.write_bytes(b"x"),
    "cut in the middle of a page": lambda path: os.truncate(path, 10_000),
    "cut behind a page": lambda path: os.truncate(path, 8192),
    "cut behind the head": lambda path: os.truncate(path, 100),
    "garbage behind the first page": spoilt,
    "a folder": folder,
}


@pytest.mark.parametrize("before", [False, True], ids=["before the start", "while it runs"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_put_aside_whole(
    tmp_path: Path, kept: Conversations, lines: list[str], damage: Callable[[Path], object], before: bool
) -> None:
    """At the start nobody notices but by the line; while it runs, one operation may fail with a line of its own."""
    path = tmp_path / DATABASE_NAME
    for number in range(20):
        kept.keep(None, 0, f"Question {number}?", FULL)
    damage(path)
    bytes_then = path.read_bytes() if path.is_file() else b""
    now = kept if before else Conversations(Database(tmp_path, lines.append), GUIDE)
    try:
        assert now.list() == () or before
        identity = now.keep(None, 0, "New?", FULL)
    except HistoryError:
        assert before
        identity = now.keep(None, 0, "New?", FULL)
    assert [one.id for one in now.list()] == [identity]
    (aside,) = tmp_path.glob("conversations.damaged-*.sqlite3")
    assert [aside.name in line for line in lines] == [True]
    assert (aside / "a letter").is_file() if aside.is_dir() else aside.read_bytes() == bytes_then
    assert path.is_file()


def test_the_log_of_a_damaged_file_goes_with_it(tmp_path: Path, kept: Conversations, lines: list[str]) -> None:
    """What a killed process had written last stands there alone."""
    kept.keep(None, 0, "Beans?", FULL)
    path, log = tmp_path / DATABASE_NAME, tmp_path / f"{DATABASE_NAME}-wal"
    with closing(sqlite3.connect(path)) as idle:
        idle.execute("SELECT count(*) FROM turn").fetchone()
        kept.keep(None, 0, "Peas?", FULL)
        written = log.read_bytes()
    path.write_bytes(b"garbage" * 1000)
    log.write_bytes(written)
    assert Conversations(Database(tmp_path, lines.append), GUIDE).list() == ()
    (aside,) = tmp_path.glob("conversations.damaged-*.sqlite3")
    assert b"Peas?" in aside.with_name(f"{aside.name}-wal").read_bytes() == written


def test_a_title_that_went_bad_hides_no_other(database: Database, kept: Conversations) -> None:
    for question in ("Beans?", "Peas?"):
        kept.keep(None, 0, question, FULL)
    with database.writing() as connection:
        connection.execute("UPDATE conversation SET title = CAST(x'ff3f' AS TEXT) WHERE title = 'Beans?'")
    assert [one.title for one in kept.list()] == ["Peas?", "\ufffd?"]


def test_a_second_damaged_file_of_a_day_does_not_overwrite_the_first(tmp_path: Path, lines: list[str]) -> None:
    for number in range(3):
        (tmp_path / DATABASE_NAME).write_bytes(b"garbage %d" % number * 100)
        assert Conversations(Database(tmp_path, lines.append), GUIDE).list() == ()
    aside = list(tmp_path.glob("conversations.damaged-*.sqlite3"))
    assert {path.read_bytes()[:9] for path in aside} == {b"garbage 0", b"garbage 1", b"garbage 2"}
    assert len(lines) == 3


@pytest.mark.thorough
def test_bytes_that_went_bad_are_never_more_than_a_line(tmp_path: Path, lines: list[str]) -> None:
    """60 files with some wrong bytes each: read, searched and written, or an error of ours, and then anew."""
    (tmp_path / "good").mkdir()
    good = Conversations(Database(tmp_path / "good"), GUIDE)
    for number in range(12):
        good.keep(None, 0, f"Question {number} of many?", FULL)
    data = (tmp_path / "good" / DATABASE_NAME).read_bytes()
    worked = failed = 0
    for seed in range(60):
        chance, home = random.Random(seed), tmp_path / str(seed)
        home.mkdir()
        wrong = bytearray(data)
        for _ in range(chance.choice([1, 10, 100])):
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
        (home / DATABASE_NAME).write_bytes(wrong)
        kept = Conversations(Database(home, lines.append), GUIDE)
        for _ in range(2):
            try:
                for one in kept.list("question"):
                    kept.read(one.id)
                kept.keep(None, 0, "New?", FULL)
                worked += 1
            except HistoryError as error:
                assert "\n" not in str(error)
                failed += 1
    assert worked > 60 > failed > 0
    assert lines != []


def test_a_file_that_was_taken_away_is_begun_anew(tmp_path: Path, kept: Conversations, lines: list[str]) -> None:
    kept.keep(None, 0, "Beans?", FULL)
    (tmp_path / DATABASE_NAME).unlink()
    kept.keep(None, 0, "Peas?", FULL)
    assert [one.title for one in kept.list()] == ["Peas?"]
    assert lines == []


@pytest.mark.parametrize("running", [False, True], ids=["closed", "in use, with a log"])
def test_a_file_of_a_newer_version_is_left_alone(
    tmp_path: Path, kept: Conversations, lines: list[str], running: bool
) -> None:
    kept.keep(None, 0, "Beans?", FULL)
    path, log = tmp_path / DATABASE_NAME, tmp_path / f"{DATABASE_NAME}-wal"
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    written = log.read_bytes()
    newer.close()
    if running:  # as a killed process leaves it
        log.write_bytes(written)
    path.chmod(0o644)
    before = path.read_bytes()
    now = Conversations(Database(tmp_path, lines.append), GUIDE)
    for _ in range(2):
        with pytest.raises(HistoryError, match="newer version.*Update"):
            now.keep(None, 0, "Peas?", FULL)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert log.exists() == running
    assert not running or log.read_bytes() == written
    assert lines == []
    assert list(tmp_path.glob("*damaged*")) == []


# What a disk and other programs do


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_only_its_owner_may_read_the_file(tmp_path: Path, database: Database, kept: Conversations) -> None:
    before = os.umask(0)
    try:
        kept.keep(None, 0, "Beans?", FULL)
        (tmp_path / DATABASE_NAME).chmod(0o666)  # as it may come back from a copy
        with Database(tmp_path).writing() as connection:
            connection.execute("DELETE FROM turn")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(f"{DATABASE_NAME}*")}
    finally:
        os.umask(before)
    assert modes == {DATABASE_NAME: 0o600, f"{DATABASE_NAME}-wal": 0o600, f"{DATABASE_NAME}-shm": 0o600}


def test_a_write_that_fails_leaves_what_was(database: Database, kept: Conversations) -> None:
    identity = kept.keep(None, 0, "Beans?", FULL)
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        connection.execute("DELETE FROM conversation")
        print(1 / 0)
    assert questions(kept.read(identity)) == ["Beans?"]


def test_a_file_that_another_program_holds_is_one_line(tmp_path: Path, kept: Conversations) -> None:
    kept.keep(None, 0, "Beans?", FULL)
    impatient = Conversations(Database(tmp_path, patience=0.0), GUIDE)
    assert len(impatient.list()) == 1
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match=f"{DATABASE_NAME} is in use by another program. Try again"):
            impatient.keep(None, 0, "Peas?", FULL)
        assert len(impatient.list()) == 1
    impatient.keep(None, 0, "Peas?", FULL)
    another = Conversations(Database(tmp_path, patience=0.0), GUIDE)
    with (
        FileLock((tmp_path / DATABASE_NAME).with_suffix(".lock")),  # as while another process looks whether it is sound
        pytest.raises(HistoryError, match=f"{DATABASE_NAME} is in use by another program. Try again"),
    ):
        another.list()
    assert len(another.list()) == 2


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", "utf-8")
    with pytest.raises(HistoryError, match="cannot be opened, read or written .*ASSISTANT_HOME"):
        Conversations(Database(tmp_path / "home"), GUIDE).list()


DISK = """
from assistant.history.conversation import Conversations
from assistant.history.database import Database
from assistant.errors import HistoryError
from assistant.records import Answer, AnswerSentence

answer = Answer("answered", (AnswerSentence("Yes. " * 2000),))
kept, ids = lambda: Conversations(Database(disk, print), "garden"), []
room("size=600k")
try:
    while len(ids) < 1000:
        ids.append(kept().keep(None, 0, f"Question {len(ids)}?", answer))
except HistoryError as error:
    line = str(error)
assert "\\n" not in line and str(disk) in line and "no room" in line, line
assert 5 < len(ids) < 1000, len(ids)
assert {one.id for one in kept().list()} == set(ids)
room("remount", "size=50m")
ids.append(kept().keep(None, 0, "More?", answer))
assert {one.id for one in kept().list(most=2000)} == set(ids)
room("remount", "ro")
try:
    kept().keep(None, 0, "And more?", answer)
except HistoryError as error:
    line = str(error)
assert str(disk) in line and "ASSISTANT_HOME" in line, line
print("as it should be")
"""


def test_a_full_disk_and_one_that_cannot_be_written_are_one_line_each(tmp_path: Path) -> None:
    """What was kept before is there, and when the disk grows more is kept."""
    run_on_small_disk(DISK, tmp_path / "disk")


# Bringing in


def exported(*turns: KeptTurn) -> str:
    whole = Conversation(
        "id", "A title of my own", 1.5, 1e9 + 1 / 3, turns or (KeptTurn("When?", EXPORTED, 2.25, True, "It was."),)
    )
    return export_conversation_json(whole)


def test_an_exported_conversation_comes_back_equal(kept: Conversations) -> None:
    identity = kept.keep(None, 0, "When? “Why”\u2028\n 🌱", EXPORTED)
    kept.keep(identity, 1, "# And?", BOOK.answer(BOOK.kinds[1]))
    kept.keep(identity, 2, "So?", replace(EXPORTED, status="not_covered", timings=Timings()))
    kept.keep(identity, 3, "Snails?", NEAREST)
    kept.rate(identity, 1, False, "Not\nthis.")
    kept.rename(identity, "Mine")
    before = kept.read(identity)
    assert before is not None
    copy = kept.import_json(export_conversation_json(before))
    assert copy != identity
    assert kept.read(copy) == replace(before, id=copy)
    assert kept.read(identity) == before
    assert [(one.helpful, one.why) for one in kept.list_ratings()] == [(False, "Not\nthis.")] * 2
    kept.delete(identity)
    assert kept.read(copy) == replace(before, id=copy)


@pytest.mark.parametrize(("title", "shown"), [("  ", "When?"), ("A\nB ", "A B"), ("\u200b", "When?")])
def test_an_imported_title_is_one_line_that_can_be_seen(kept: Conversations, title: str, shown: str) -> None:
    """Else it could not be opened or deleted from the list."""
    conversation = kept.read(kept.keep(None, 0, "When?", said("Now.")))
    assert conversation is not None
    identity = kept.import_json(export_conversation_json(replace(conversation, title=title)))
    assert {one.id: one.title for one in kept.list()}[identity] == shown


def test_what_is_unknown_in_a_file_is_ignored(kept: Conversations) -> None:
    data = json.loads(exported())
    data["new"] = data["turns"][0]["new"] = data["turns"][0]["answer"]["new"] = {"a": [1]}
    conversation = kept.read(kept.import_json(json.dumps(data)))
    assert conversation is not None
    assert conversation.turns == (KeptTurn("When?", EXPORTED, 2.25, True, "It was."),)


def test_what_was_exported_when_quotations_were_marked_apart_comes_back(kept: Conversations) -> None:
    """Then an answer said that it was quoted, and not how likely it was; its words tell now what leads to them."""
    old = replace(EXPORTED, sentences=(QUOTED,), chance=0.0)
    data = json.loads(exported(KeptTurn("When?", old, 2.25)))
    kept_answer = data["turns"][0]["answer"]
    del kept_answer["chance"]
    kept_answer["quoted"] = True
    conversation = kept.read(kept.import_json(json.dumps(data)))
    assert conversation is not None
    (turn,) = conversation.turns
    assert turn.answer == old
    assert turn.answer.text.startswith(f"{HERE} {QUOTED.text}")


def test_a_conversation_is_found_by_the_words_of_the_nearest(kept: Conversations) -> None:
    identity = kept.keep(None, 0, "Snails?", NEAREST)
    kept.keep(None, 0, "Peas?", said("At noon."))
    assert [one.id for one in kept.list("beans dusk")] == [identity]


def at(data: Any, path: str) -> tuple[Any, Any]:
    """The place of a value in plain data: what holds it, and its key there."""
    *first, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in first:
        data = data[key]
    return data, last


ANSWER = "turns.0.answer"
WRONG: dict[str, tuple[str, object, str]] = {
    "another format": ("format", "a recipe", "format"),
    "a newer version": ("version", 2, "version 2 .*Update"),
    "no version": ("version", None, "version"),
    "no turn": ("turns", [], "turns"),
    "turns of another type": ("turns", "none", "turns"),
    "a title on no line": ("title", "", "title"),
    "a title too long": ("title", "x" * 121, "title"),
    "a time of another type": ("begun", "yesterday", "begun"),
    "a time before all": ("begun", -1.0, "begun"),
    "a time after all": ("changed", 1e18, "changed"),
    "no time": ("turns.0.asked", float("nan"), "asked"),
    "a question too long": ("turns.0.question", "x" * (QUESTION_LIMIT + 1), "question"),
    "a question of another type": ("turns.0.question", 5, "question"),
    "no question": ("turns.0.question", "", "question"),
    "a rating of another type": ("turns.0.helpful", "yes", "helpful"),
    "a word why too long": ("turns.0.why", "x" * (WHY_LIMIT + 1), "why"),
    "no answer": ("turns.0.answer", None, "answer"),
    "a chance of another type": (f"{ANSWER}.chance", "high", "chance"),
    "a chance that is none": (f"{ANSWER}.chance", float("nan"), "chance"),
    "a status that is none": (f"{ANSWER}.status", "guessed", "status"),
    "a sentence of another type": (f"{ANSWER}.sentences.0.text", ["a"], "text"),
    "a number that is none": (f"{ANSWER}.passages.0.score", float("nan"), "score"),
    "a number without end": (f"{ANSWER}.timings.total_s", float("inf"), "total_s"),
    "a huge number": (f"{ANSWER}.passages.1.number", 10**3000, "passage does not stand"),
    "a page below none": (f"{ANSWER}.passages.0.page", -3, "passage does not stand"),
    "a passage without number": (f"{ANSWER}.passages.1.number", 0, "passage does not stand"),
    "two of one number": (f"{ANSWER}.passages.1.number", 2, "two passages"),
    "a citation of no passage": (f"{ANSWER}.sentences.0.support.0.number", 9, "names no passage"),
    "a passage that ends before its text": (f"{ANSWER}.passages.0.end", 110, "passage does not stand"),
    "a passage before the text": (f"{ANSWER}.passages.0.start", -100, "passage does not stand"),
    "a span before its passage": (f"{ANSWER}.sentences.0.support.0.span.start", 99, "citation does not stand"),
    "a span behind its passage": (f"{ANSWER}.sentences.0.support.0.span.end", 10**6, "citation does not stand"),
    "a span that ends before it begins": (f"{ANSWER}.passages.0.cited.0.end", 100, "citation does not stand"),
    "a span of other words": (
        f"{ANSWER}.passages.0.cited.0.text",
        "Never water at all, dear",
        "citation does not stand",
    ),
    "a span outside a step's passage": (f"{ANSWER}.next_steps.0.passage.cited.0.start", 0, "citation does not stand"),
}


@pytest.mark.parametrize(("path", "value", "said"), WRONG.values(), ids=WRONG)
def test_a_file_with_something_wrong_is_refused_in_one_line(
    kept: Conversations, path: str, value: object, said: str
) -> None:
    data = json.loads(exported())
    holder, key = at(data, path)
    assert holder[key] != value
    holder[key] = value
    with pytest.raises(ConversationError, match=said) as error:
        kept.import_json(json.dumps(data))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
    assert kept.list() == ()


NO_FILE = {
    "empty": ("", "JSON"),
    "no JSON": ("Dear diary", "JSON"),
    "half": (exported()[:-20], "JSON"),
    "a list": ("[]", "object"),
    "null": ("null", "object"),
    "deep": ("[" * 100_000, "JSON"),
    "not text": ('{"title": "\ud800"}', "not text"),
    "half a letter": (exported().replace("A title", "\\ud800"), "JSON"),
    "too large": (exported().replace("A title", "x" * IMPORT_LIMIT), "20 MB|20 is the most"),
}


@pytest.mark.parametrize(("text", "said"), NO_FILE.values(), ids=NO_FILE)
def test_what_is_no_conversation_is_refused_in_one_line(kept: Conversations, text: str, said: str) -> None:
    with pytest.raises(ConversationError, match=said) as error:
        kept.import_json(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
    assert kept.list() == ()


@pytest.mark.parametrize(("reason", "kind"), [(BOOK.kinds[2].name, BOOK.kinds[2]), ("made up", BOOK.kinds[0])])
def test_whom_to_call_is_never_taken_from_a_file(kept: Conversations, reason: str, kind: Kind) -> None:
    """Nor what is said about it, in which a number may stand too."""
    false = (Contact("A friend", "evil.example", "Everywhere"), Contact("Police", "0900 123456", "Here"))
    words = (AnswerSentence("Call 666 at once, or 0900 123456."),)
    turns = [
        KeptTurn("Help?", Answer("care", words, contacts=false, reason=reason), 1.0),
        KeptTurn("And now?", Answer("care", contacts=false, reason=reason), 2.0),
        KeptTurn("Beans?", replace(FULL, contacts=false), 3.0),
    ]
    conversation = kept.read(kept.import_json(exported(*turns)))
    assert conversation is not None
    first, second, third = (turn.answer for turn in conversation.turns)
    assert first == second == BOOK.answer(kind)
    assert third == EXPORTED


def test_nothing_is_kept_of_a_file_of_which_the_last_turn_is_wrong(kept: Conversations) -> None:
    good, bad = KeptTurn("Good?", FULL, 1.0), KeptTurn("Bad?", replace(FULL, passages=()), 1.0)
    with pytest.raises(ConversationError, match="answer 2 of the file"):
        kept.import_json(exported(good, bad))
    assert kept.list() == ()
