"""What is kept about a guide stays with it when its folder is moved; what an older version kept is all there."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from conftest import Cli

from assistant.errors import HistoryError
from assistant.history.conversation import Conversations
from assistant.history.database import DATABASE_NAME, SCHEMA_VERSION, Database
from assistant.history.guides import Guides
from assistant.history.plan import Plan
from assistant.records import Answer, AnswerSentence, NextStep, Passage

VERSION_1 = Path(__file__).with_name("version1.sqlite3")
"""Made by the program when a guide was known by the path of its folder: two guides, and one that has a plan alone."""

ANSWER = Answer("answered", (AnswerSentence("At dusk."),))
DUSK = NextStep("Water at dusk.", Passage(1, "plants.md", "Watering", "Water at dusk.", 0, 14, 0.9))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "garden"
    folder.mkdir()
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Where the guide is moved to; it is not there yet."""
    return tmp_path / "my garden"


def questions(database: Database, folder: Path | str) -> set[str]:
    kept = Conversations(database, str(folder))
    return {turn.question for one in kept.list() for turn in kept.read(one.id).turns}  # type: ignore[union-attr]


def keep(database: Database, folder: Path, question: str, *documents: str) -> None:
    """As the page does: what the folder holds is noted, then a question asked."""
    if documents:
        Guides(database).note_documents(str(folder), documents)
    Conversations(database, str(folder)).keep(None, 0, question, ANSWER)


# A folder that is moved


@pytest.mark.parametrize("documents", ["abc", "abd", "abcdef"], ids=["the same", "one edited", "some added"])
def test_a_folder_that_was_moved_is_known_by_what_it_holds(
    database: Database, old: Path, new: Path, documents: str
) -> None:
    keep(database, old, "Beans?", *"abc")
    Plan(database, str(old)).keep(DUSK)
    old.rename(new)
    Guides(database).note_documents(str(new), documents)
    assert questions(database, new) == {"Beans?"}
    assert [step.text for step in Plan(database, str(new)).steps()] == [DUSK.text]
    assert questions(database, old) == set()
    new.rename(old)
    Guides(database).note_documents(str(old), documents)
    assert questions(database, old) == {"Beans?"}, "and when it comes back"


@pytest.mark.parametrize("documents", ["axy", "abcdefg", ""], ids=["little in common", "far more", "nothing"])
def test_another_guide_takes_over_nothing(database: Database, old: Path, new: Path, documents: str) -> None:
    keep(database, old, "Beans?", *"abc")
    old.rename(new)
    Guides(database).note_documents(str(new), documents)
    assert questions(database, new) == set()
    assert questions(database, old) == {"Beans?"}


def test_a_copy_takes_over_nothing_while_the_first_is_there(database: Database, old: Path, new: Path) -> None:
    keep(database, old, "Beans?", *"abc")
    shutil.copytree(old, new)
    Guides(database).note_documents(str(new), "abc")
    assert questions(database, old) == {"Beans?"}
    assert questions(database, new) == set()
    old.rmdir()
    Guides(database).note_documents(str(new), "abc")
    assert questions(database, new) == set(), "it has been a guide of its own since"


def test_the_nearest_of_several_that_are_gone_is_taken(
    database: Database, old: Path, new: Path, tmp_path: Path
) -> None:
    keep(database, old, "Beans?", *"abcd")
    keep(database, tmp_path / "gone", "Bread?", *"abxy")
    old.rename(new)
    Guides(database).note_documents(str(new), "abcd")
    assert questions(database, new) == {"Beans?"}


def test_what_was_asked_before_it_was_known_again_stays(database: Database, old: Path, new: Path) -> None:
    """A question may be asked while the guide is still being read."""
    keep(database, old, "Beans?", *"abc")
    old.rename(new)
    keep(database, new, "Peas?")
    Guides(database).note_documents(str(new), "abc")
    assert questions(database, new) == {"Beans?", "Peas?"}


# By hand


def test_a_person_attaches_a_folder_and_nothing_of_either_is_lost(database: Database, old: Path, new: Path) -> None:
    keep(database, old, "Beans?", *"abc")
    keep(database, new, "Peas?", *"xyz")
    before, after = Plan(database, str(old)), Plan(database, str(new))
    before.change(before.keep(DUSK), note="Not on Mondays.", due="2030-01-31")
    before.keep(NextStep("Weed.", DUSK.passage))
    after.change(after.keep(DUSK), note="By hand.", done=True)
    Guides(database).attach(str(old), str(new))
    assert questions(database, new) == {"Beans?", "Peas?"}
    weed, dusk = after.steps()
    assert (weed.text, weed.done) == ("Weed.", False)
    assert (dusk.text, dusk.done, dusk.due) == (DUSK.text, True, date(2030, 1, 31))
    assert dusk.note == "Not on Mondays.\nBy hand."
    assert [one.folder for one in Guides(database).list()] == [str(new)]
    for wrong in (old, new):
        with pytest.raises(HistoryError, match="Nothing is kept about .*assistant guides"):
            Guides(database).attach(str(wrong), str(new))


@pytest.mark.thorough
def test_the_command_lists_the_guides_and_attaches_one(cli: Cli, old: Path, new: Path, tmp_path: Path) -> None:
    home = {"ASSISTANT_HOME": str(tmp_path)}
    (old / "plants.md").write_text("# Plants\n\nWater at dusk.\n", "utf-8")
    keep(Database(tmp_path), old, "Beans?")
    old.rename(new)
    shown = cli("guides", **home).stdout.decode()
    assert f"gone: {old}\n" in shown
    assert "conversations: 1, steps of a plan: 0" in shown
    assert "assistant guides attach" in shown
    refused = cli("guides", "attach", str(old), "--corpus", str(tmp_path / "nowhere"), **home)
    assert refused.returncode == 1
    assert b"There is no folder of texts" in refused.stderr
    done = cli("guides", "attach", str(old), "--corpus", str(new), **home)
    assert done.returncode == 0, done.stderr
    assert questions(Database(tmp_path), new) == {"Beans?"}


# Of an older version


def test_what_an_older_version_kept_is_all_there(tmp_path: Path) -> None:
    shutil.copy(VERSION_1, tmp_path / DATABASE_NAME)
    with closing(sqlite3.connect(f"{VERSION_1.as_uri()}?immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,) != (SCHEMA_VERSION,)
    said: list[str] = []
    database = Database(tmp_path, said.append)
    assert [(one.folder, one.conversations, one.steps) for one in Guides(database).list()] == [
        ("/guides/bread", 1, 0),
        ("/guides/garden", 2, 2),
        ("/guides/plans alone", 0, 1),
    ]
    assert questions(database, "/guides/bread") == {"How warm is the oven?"}
    garden = Conversations(database, "/guides/garden")
    talks = {one.title: garden.read(one.id) for one in garden.list()}
    assert {title: len(talk.turns) for title, talk in talks.items() if talk} == {"My beans": 3, "Is anyone there?": 1}
    beans = talks["My beans"]
    assert beans is not None
    first, nearest, uncovered = beans.turns
    assert (first.question, first.helpful, first.why) == ("When do I water the beans?", True, "It was dusk.")
    assert first.answer.next_steps[0].passage.text == "Water the beans at dusk."
    assert [turn.answer.status for turn in beans.turns] == ["answered", "nearest", "not_covered"]
    assert nearest.answer.sentences[0].quotes
    assert uncovered.asked <= beans.changed
    assert [(one.question, one.guide) for one in garden.list_ratings()] == [(first.question, "/guides/garden")]
    dusk, done = Plan(database, "/guides/garden").steps()
    assert (dusk.note, dusk.due, done.done) == ("Not on Mondays.", date(2030, 1, 31), True)
    assert Plan(database, "/guides/plans alone").left() == 1
    garden.keep(beans.id, 3, "And peas?", ANSWER)
    Guides(database).attach("/guides/garden", "/guides/moved")
    assert len(Conversations(database, "/guides/moved").list()) == 2
    assert not said
