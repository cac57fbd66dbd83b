"""The plan: what a person keeps of the steps, in its order, for each guide, and nothing left of what is dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from assistant.errors import HistoryError, PlanError
from assistant.history.conversation import Conversations
from assistant.history.database import DATABASE_NAME, Database
from assistant.history.plan import NOTE_LIMIT, KeptStep, Plan
from assistant.records import Answer, NextStep, Passage, Span

GUIDE, OTHER = "/guides/garden", "/guides/bread"
SPAN = Span("Water the beans.", 7, 23, page=3, gone=True)
PASSAGE = Passage(2, "plants.md", "Garden › Watering", "Always Water the beans.", 0, 23, 1 / 3, (SPAN,), 3, "")


def step(text: str, source: str = "plants.md") -> NextStep:
    return NextStep(text, replace(PASSAGE, source=source))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


@pytest.fixture
def plan(database: Database) -> Plan:
    return Plan(database, GUIDE)


def test_a_step_comes_back_as_it_was_kept_and_changed(plan: Plan) -> None:
    assert plan.steps() == ()
    identity = plan.keep(NextStep("Water the beans.", PASSAGE))
    (kept,) = plan.steps()
    assert kept == KeptStep(identity, "Water the beans.", PASSAGE, False, "", None, kept.kept)
    assert len(identity) >= 20
    plan.change(identity, note="With Ada:\n“now” '); DROP TABLE step; --", due=date(2030, 1, 31), done=True)
    changed = replace(kept, note="With Ada:\n“now” '); DROP TABLE step; --", due=date(2030, 1, 31), done=True)
    assert plan.steps() == (changed,)
    plan.change(identity)
    assert plan.steps() == (changed,)
    plan.change(identity, done=False, note="")
    assert plan.steps() == (replace(kept, due=date(2030, 1, 31)),)


def test_the_same_text_of_the_same_source_is_kept_once(plan: Plan) -> None:
    first = plan.keep(step("Water the beans."))
    plan.change(first, done=True, note="Done it.")
    assert plan.keep(NextStep("Water the beans.", replace(PASSAGE, number=9, score=0.1))) == first
    (kept,) = plan.steps()
    assert (kept.done, kept.note, kept.passage) == (True, "Done it.", PASSAGE)
    others = {plan.keep(step("Water the beans.", "other.md")), plan.keep(step("Water the peas."))}
    assert first not in others
    assert plan.kept() == {
        ("Water the beans.", "plants.md"),
        ("Water the beans.", "other.md"),
        ("Water the peas.", "plants.md"),
    }


def test_open_steps_stand_first_by_date_then_as_kept(plan: Plan) -> None:
    ids = {name: plan.keep(step(name)) for name in ("none 1", "late", "done 1", "none 2", "soon", "done 2", "soon too")}
    days = {"late": "2031-01-01", "soon": "2030-12-31", "soon too": "2030-12-31", "done 2": "2000-01-01"}
    for name, day in days.items():
        plan.change(ids[name], due=day)
    for name in ("done 1", "done 2"):
        plan.change(ids[name], done=True)
    told = [kept.text for kept in plan.steps()]
    assert told == ["soon", "soon too", "late", "none 1", "none 2", "done 2", "done 1"]


DAYS = {
    "date": (date(2030, 1, 31), date(2030, 1, 31)),
    "text": (" 2030-01-31\n", date(2030, 1, 31)),
    "moment": (datetime(2030, 1, 31, 23, 59), date(2030, 1, 31)),
    "far": ("9999-12-31", date.max),
    "long ago": (date.min, date.min),
    "empty": ("", None),
    "blank": ("  ", None),
    "leap": ("2028-02-29", date(2028, 2, 29)),
}


@pytest.mark.parametrize(("due", "kept"), DAYS.values(), ids=DAYS)
def test_a_date_is_set_and_taken_away(plan: Plan, due: date | str, kept: date | None) -> None:
    identity = plan.keep(step("Water the beans."))
    plan.change(identity, due="2001-01-01")
    plan.change(identity, due=due)
    assert [one.due for one in plan.steps()] == [kept]


@pytest.mark.parametrize("due", ["tomorrow", "2030-02-29", "31.01.2030", "2030-1-1", "10000-01-01", "'; --", "2030"])
def test_what_is_no_date_is_refused_and_changes_nothing(plan: Plan, due: str) -> None:
    identity = plan.keep(step("Water the beans."))
    plan.change(identity, due="2001-01-01")
    before = plan.steps()
    with pytest.raises(PlanError, match=f"“{due}” is no date. Write it as"):
        plan.change(identity, done=True, note="Never.", due=due)
    assert plan.steps() == before


def test_a_note_has_a_limit(plan: Plan) -> None:
    identity = plan.keep(step("Water the beans."))
    plan.change(identity, note="x" * NOTE_LIMIT)
    with pytest.raises(PlanError, match=r"2,001 .* 2,000"):
        plan.change(identity, note="x" * (NOTE_LIMIT + 1))
    assert [len(one.note) for one in plan.steps()] == [NOTE_LIMIT]


def test_guides_do_not_see_each_other(database: Database, plan: Plan) -> None:
    other = Plan(database, OTHER)
    mine, theirs = plan.keep(step("Water.")), other.keep(step("Water."))
    assert mine != theirs
    other.change(mine, done=True)
    other.drop(mine)
    assert [(one.id, one.done) for one in plan.steps()] == [(mine, False)]
    assert plan.left() == other.left() == 1
    other.change(theirs, done=True)
    assert (plan.left(), other.left()) == (1, 0)
    plan.drop(mine)
    assert plan.kept() == frozenset()
    assert other.kept() == {("Water.", "plants.md")}


def test_what_is_dropped_is_in_no_byte_and_conversations_stay(tmp_path: Path, database: Database, plan: Plan) -> None:
    conversations = Conversations(database, GUIDE)
    conversations.keep(None, 0, "When?", Answer("answered"))
    gone, left = plan.keep(step("Secret words.")), plan.keep(step("Other words."))
    plan.change(gone, note="A secret note.")
    plan.drop(gone)
    plan.change(gone, done=True)
    assert [one.id for one in plan.steps()] == [left]
    data = b"".join(path.read_bytes() for path in tmp_path.glob(f"{DATABASE_NAME}*"))
    assert b"Other words." in data
    assert b"ecret" not in data
    conversations.delete_all()
    assert [one.id for one in plan.steps()] == [left]


@pytest.mark.parametrize(("column", "value"), [("passage", "{"), ("due", "never")])
def test_a_step_that_went_bad_is_one_line(database: Database, plan: Plan, column: str, value: str) -> None:
    plan.keep(step("Water the beans."))
    with database.writing() as connection:
        connection.execute(f"UPDATE step SET {column} = ?", (value,))
    with pytest.raises(HistoryError, match="A step of the plan cannot be read .“Water the beans.”."):
        plan.steps()
