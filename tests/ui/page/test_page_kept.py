"""The page in a real browser: conversations, private ones, files to take away, the plan, what was helpful."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from browser import (
    DRAWN_OUT,
    QUESTION,
    UNCOVERED,
    WORDS,
    Desk,
    OpenTab,
    agree,
    ask,
    downloaded,
    flat,
    until,
    whole,
    writing,
)
from icalendar import Calendar
from playwright.sync_api import Page, expect

from assistant.records import Answer, NextStep

Cli = Callable[..., "subprocess.CompletedProcess[bytes]"]

TYPED = "<b onclick=alert(1)>hi</b> <img src=x onerror='window.hit=1'> {{config}} ${7*7} `x`"
NO = Answer("not_covered")


def titles(page: Page) -> Any:
    return page.locator("#list .open")


def listed(page: Page, act: str, identity: str) -> None:
    """Press a button of a line of the list; they show when one points at the line."""
    page.hover(f"#open-{identity}")
    page.click(f"#{act}-{identity}")


# Conversations


def test_a_conversation_is_found_again_after_a_new_start(page: Page, desk: Desk) -> None:
    whole(page, UNCOVERED)
    expect(titles(page)).to_have_text([UNCOVERED])
    (kept,) = desk.conversations.list()
    expect(page).to_have_url(f"{desk.address}/?c={kept.id}")
    desk.again()
    page.reload()
    expect(page.locator("#current .asked")).to_have_text(UNCOVERED)
    expect(page.locator("#current .not-covered")).to_be_visible()
    expect(titles(page)).to_have_text([UNCOVERED])
    page.click("#new")
    page.wait_for_selector(".welcome")
    expect(page).to_have_url(f"{desk.address}/")
    titles(page).click()
    expect(page.locator("#current .asked")).to_have_text(UNCOVERED)


def test_conversations_are_searched_by_a_word_of_an_answer(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    here = desk.keep((UNCOVERED, NO))
    desk.keep((QUESTION, answer))
    page = open_tab(f"{desk.address}/?c={here}")
    expect(titles(page)).to_have_text([QUESTION, UNCOVERED])
    word = next(word for word in answer.text.split() if len(word) > 5 and word.isalpha() and word not in QUESTION)
    page.fill("#find", word.upper())
    expect(titles(page)).to_have_text([QUESTION])
    page.fill("#find", "Mongolia")
    expect(titles(page)).to_have_text([UNCOVERED])
    page.fill("#find", "no such word")
    expect(page.locator("#list")).to_have_text("Nothing found.")
    page.reload()
    expect(page.locator("#current .asked")).to_have_text(UNCOVERED)
    expect(titles(page)).to_have_text([QUESTION, UNCOVERED])


def test_a_conversation_is_renamed_and_its_new_name_shown_as_typed(page: Page, desk: Desk) -> None:
    identity = desk.keep((UNCOVERED, NO))
    page.reload()
    listed(page, "rename", identity)
    expect(page.locator("#sure-text")).to_have_value(UNCOVERED)
    page.click("#sure-no")
    expect(titles(page)).to_have_text([UNCOVERED])
    listed(page, "rename", identity)
    agree(page, TYPED[:80])
    expect(titles(page)).to_have_text([TYPED[:80]])
    page.reload()
    expect(titles(page)).to_have_text([TYPED[:80]])
    listed(page, "delete", identity)
    expect(page.locator("#sure")).to_be_visible()
    assert page.locator("#list b, #list img").count() == 0
    assert page.evaluate("window.hit") is None


def test_a_conversation_is_deleted_when_one_is_sure(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    first, second = desk.keep((QUESTION, answer)), desk.keep((UNCOVERED, NO))
    page = open_tab(f"{desk.address}/?c={first}")
    listed(page, "delete", first)
    page.click("#sure-no")
    expect(page.locator("#sure")).to_be_hidden()
    listed(page, "delete", second)
    agree(page)
    expect(titles(page)).to_have_text([QUESTION])
    expect(page.locator("#current .asked")).to_have_text(QUESTION)
    assert UNCOVERED.encode() not in desk.stored()
    listed(page, "delete", first)
    agree(page)
    page.wait_for_selector(".welcome")
    expect(titles(page)).to_have_count(0)
    assert desk.conversations.list() == ()
    assert QUESTION.encode() not in desk.stored()


def test_who_cancels_and_asks_again_at_once_is_heard(page: Page, desk: Desk) -> None:
    """The dialog's event of the first time comes when it is open for the second."""
    first, second = desk.keep((QUESTION, NO)), desk.keep((UNCOVERED, NO))
    page.reload()
    listed(page, "delete", first)
    page.evaluate(f"document.querySelector('#sure-no').click(); document.getElementById('delete-{second}').click()")
    agree(page)
    expect(titles(page)).to_have_text([QUESTION])
    assert [kept.id for kept in desk.conversations.list()] == [first]


@pytest.mark.thorough
def test_a_conversation_that_is_deleted_while_it_goes_on_does_not_come_back(
    open_tab: OpenTab, desk: Desk, answer: Answer
) -> None:
    identity = desk.keep((QUESTION, answer))
    page = open_tab(f"{desk.address}/?c={identity}")
    desk.assistant.use(length="long")
    writing(page, DRAWN_OUT)
    listed(page, "delete", identity)
    agree(page)
    page.wait_for_selector(".welcome")
    assert desk.assistant.waiting or not desk.conversations.list()
    until(lambda: not desk.assistant.waiting)
    whole(page, UNCOVERED)  # by now the answer that was cut off has had its time to be written
    assert [one.title for one in desk.conversations.list()] == [UNCOVERED]


def test_all_conversations_are_deleted_and_the_plan_stays(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    desk.keep((QUESTION, answer))
    desk.plan.keep(answer.next_steps[0])
    page = open_tab(f"{desk.address}/?c={desk.keep((UNCOVERED, NO))}")
    page.click("#to-settings")
    page.click("#delete-all")
    expect(page.locator("#sure")).to_contain_text("all 2 conversations")
    agree(page)
    page.wait_for_selector(".welcome")
    expect(titles(page)).to_have_count(0)
    assert desk.conversations.list() == ()
    assert len(desk.plan.steps()) == 1


@pytest.mark.thorough
def test_two_tabs_at_once_do_not_mix(page: Page, open_tab: OpenTab, desk: Desk) -> None:
    desk.assistant.use(length="short")
    other = open_tab(desk.address, beside=page)
    ask(page, QUESTION)
    whole(other, UNCOVERED)
    page.wait_for_selector("#current .after")
    expect(page.locator(".asked")).to_have_text([QUESTION])
    expect(other.locator(".asked")).to_have_text([UNCOVERED])
    assert sorted(one.title for one in desk.conversations.list()) == sorted((QUESTION, UNCOVERED))
    expect(page).to_have_url(re.compile(r"\?c="))
    expect(other).to_have_url(re.compile(r"\?c="))
    assert page.url != other.url


@pytest.mark.thorough
def test_who_waits_sees_their_place_in_line_and_is_answered(page: Page, open_tab: OpenTab, desk: Desk) -> None:
    tabs = [page, *(open_tab(desk.address, beside=page) for _ in range(2))]
    ask(tabs[0], DRAWN_OUT)
    until(lambda: desk.assistant.waiting == 1)
    ask(tabs[1], QUESTION)
    expect(tabs[1].locator("#current .state")).to_have_text("One question is answered before yours …")
    until(lambda: desk.assistant.waiting == 2)
    ask(tabs[2], UNCOVERED)
    expect(tabs[2].locator("#current .state")).to_have_text("2 questions are answered before yours …")
    for tab in tabs:
        tab.wait_for_selector("#current .after")


@pytest.mark.thorough
def test_a_conversation_in_two_tabs_loses_no_turn(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    identity = desk.keep((QUESTION, answer))
    page = open_tab(f"{desk.address}/?c={identity}")
    other = open_tab(f"{desk.address}/?c={identity}", beside=page)
    whole(page, UNCOVERED)
    whole(other, "How tall is the Eiffel Tower in metres?")
    assert desk.questions(identity) == [QUESTION, UNCOVERED, "How tall is the Eiffel Tower in metres?"]
    expect(other.locator(".asked")).to_have_text(desk.questions(identity))
    desk.assistant.use(length="short")
    ask(page, DRAWN_OUT)
    ask(other, "What is the capital of Peru?")
    page.wait_for_selector("#current .after")
    other.wait_for_selector("#current .after")
    until(lambda: not desk.assistant.waiting)
    assert set(desk.questions(identity)[3:]) == {DRAWN_OUT, "What is the capital of Peru?"}


# Private ones


def test_a_private_conversation_is_written_nowhere(page: Page, desk: Desk) -> None:
    desk.assistant.use(length="short")
    page.click("#new-private")
    expect(page.locator(".news.private")).to_contain_text("Private")
    whole(page, QUESTION)
    expect(page.locator(f"#current {WORDS} .said").first).to_be_visible()
    expect(page.locator(".news.private")).to_be_visible()
    said = [flat(text).rstrip("0123456789") for text in page.locator(f"#current {WORDS} .said").all_inner_texts()]
    expect(page.locator("#current .rating, #current [data-do=rate]")).to_have_count(0)
    expect(titles(page)).to_have_count(0)
    assert desk.conversations.list() == ()
    page.click("#to-settings")
    name, data = downloaded(page, "#export-markdown")
    assert name.endswith(".md")
    assert QUESTION in data.decode(), "the person may take it away"
    stored = desk.stored()
    for text in (QUESTION, *said):
        assert text.encode() not in stored
    page.reload()
    page.wait_for_selector(".welcome")
    expect(page.locator(".news.private")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(0)
    desk.keep((QUESTION, NO))
    assert QUESTION.encode() in desk.stored(), "it would have been seen"


# Files


def test_a_conversation_is_taken_away_and_brought_back(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    identity = desk.keep((QUESTION, answer), (UNCOVERED, NO))
    desk.conversations.rate(identity, 0, True, "as it was")
    page = open_tab(f"{desk.address}/?c={identity}")
    page.click("#to-settings")
    name, markdown = downloaded(page, "#export-markdown")
    assert name == f"{date.today()}-conversation.md"
    text = markdown.decode()
    assert f"## {QUESTION}" in text
    assert f"## {UNCOVERED}" in text
    assert "**Sources**" in text
    for passage in answer.passages:
        for span in passage.cited:
            assert f"[{passage.number}]" in text
            assert passage.source in text
            assert f"> {flat(span.text)[:30]}" in text
    name, exported = downloaded(page, "#export-json")
    assert name.endswith(".json")
    assert json.loads(exported)["format"] == "guide-assistant conversation"
    page.set_input_files("[data-import]", {"name": name, "mimeType": "application/json", "buffer": exported})
    expect(titles(page)).to_have_count(2)
    expect(page.locator(".asked")).to_have_text([QUESTION, UNCOVERED])
    (brought,) = [one.id for one in desk.conversations.list() if one.id != identity]
    old, new = desk.conversations.read(identity), desk.conversations.read(brought)
    assert old
    assert new
    assert new.turns == old.turns
    assert new.title == old.title


def test_what_is_no_conversation_is_not_brought_in(page: Page, desk: Desk) -> None:
    desk.keep((UNCOVERED, NO))
    page.click("#to-settings")
    told = page.locator(".told")
    for data in (b"Dear diary", b"{}", b'{"format": "other", "version": 1}', b"\xff\xfe\x00"):
        page.set_input_files("[data-import]", {"name": "a.json", "mimeType": "application/json", "buffer": data})
        expect(told).to_have_count(1)
        expect(told).to_contain_text("The file is no conversation that was exported")
        assert "\n" not in told.inner_text().rstrip("×\n ")
        told.locator("button").click()
        expect(told).to_have_count(0)
    assert len(desk.conversations.list()) == 1


def test_there_is_nothing_to_take_away_at_first(page: Page) -> None:
    page.click("#to-settings")
    page.click("#export-json")
    expect(page.locator(".told")).to_contain_text("nothing to export yet")


# The plan


def test_a_next_step_becomes_a_plan(open_tab: OpenTab, desk: Desk, answer: Answer) -> None:
    page = open_tab(f"{desk.address}/?c={desk.keep((QUESTION, answer))}")
    step = answer.next_steps[0]
    page.click("#keep-0-0")
    expect(page.locator("#keep-0-0")).to_have_text("In your plan")
    expect(page.locator("#to-plan")).to_have_text("My plan (1)")
    page.click("#keep-0-0")
    item = page.locator(".plan li")
    expect(item).to_have_count(1)
    expect(item.locator("label").first).to_have_text(step.text)
    item.locator("textarea").fill(TYPED)
    item.locator("textarea").press("Tab")
    item.locator("input[type=date]").fill("2030-05-06")
    item.locator("input[type=date]").press("Tab")
    item.locator("input[type=checkbox]").check()
    expect(page.locator("#to-plan")).to_have_text("My plan")
    until(lambda: [(s.done, s.note, s.due) for s in desk.plan.steps()] == [(True, TYPED, date(2030, 5, 6))])
    page.reload()
    page.wait_for_selector("#current .turn")
    expect(page.locator("#keep-0-0")).to_have_text("In your plan")
    page.click("#to-plan")
    expect(item.locator("textarea")).to_have_value(TYPED)
    expect(item.locator("input[type=date]")).to_have_value("2030-05-06")
    expect(item.locator("input[type=checkbox]")).to_be_checked()
    assert page.locator("#place b, #place img").count() == 0
    assert page.evaluate("window.hit") is None


def test_a_step_of_the_plan_opens_its_source_and_can_be_taken_out(page: Page, desk: Desk, answer: Answer) -> None:
    step = answer.next_steps[0]
    identity = desk.plan.keep(step)
    desk.plan.keep(answer.next_steps[-1])
    steps = len(desk.plan.steps())
    page.click("#to-plan")
    page.click(f"#kept-{identity}")
    expect(page.locator(".panel .here mark").first).to_be_visible()
    assert page.locator(".panel .here mark").all_text_contents() == [span.text for span in step.passage.cited]
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_have_count(0)
    page.click(f"#drop-{identity}")
    page.click("#sure-no")
    expect(page.locator(".plan li")).to_have_count(steps)
    page.click(f"#drop-{identity}")
    agree(page)
    expect(page.locator(".plan li, #place .quiet")).to_have_count(max(1, steps - 1))
    expect(page.locator(f"#kept-{identity}")).to_have_count(0)
    assert identity not in [step.id for step in desk.plan.steps()]


def test_the_plan_is_taken_away_as_text_and_as_a_calendar(page: Page, desk: Desk, answer: Answer) -> None:
    step = answer.next_steps[0]
    other = NextStep("Say “thank you, {name}”; then listen, always.", step.passage)
    desk.plan.change(desk.plan.keep(step), due="2030-05-06", note="With flowers,\nand time")
    desk.plan.keep(other)
    page.click("#to-plan")
    name, text = downloaded(page, "#plan-markdown")
    assert name == f"{date.today()}-plan.md"
    assert "- [ ] " in text.decode()
    assert "(by 2030-05-06)" in text.decode()
    assert "With flowers, and time" in text.decode()
    assert step.passage.source in text.decode()
    name, data = downloaded(page, "#plan-calendar")
    assert name == f"{date.today()}-plan.ics"
    assert data.count(b"\n") == data.count(b"\r\n") > 5, "the standard asks for both signs at the end of a line"
    entries = {str(one["summary"]): one for one in Calendar.from_ical(data).walk() if "summary" in one}
    assert set(entries) == {flat(step.text), flat(other.text)}
    dated = entries[flat(step.text)]
    assert dated.name == "VEVENT"
    assert dated.decoded("dtstart") == date(2030, 5, 6)
    assert str(dated["description"]).startswith("With flowers,\nand time\n")
    assert entries[flat(other.text)].name == "VTODO"


# Helpful or not


def test_what_was_helpful_is_kept_and_shown(open_tab: OpenTab, desk: Desk, answer: Answer, cli: Cli) -> None:
    def feedback() -> list[dict[str, Any]]:
        done = cli("feedback", "--json", ASSISTANT_HOME=str(desk.home), ASSISTANT_CORPUS=str(desk.corpus))
        rated: list[dict[str, Any]] = json.loads(done.stdout)
        return rated

    identity = desk.keep((UNCOVERED, NO), (QUESTION, answer))
    page = open_tab(f"{desk.address}/?c={identity}")
    page.click("#rate-1-False")
    expect(page.locator("#rate-1-False")).to_have_attribute("aria-pressed", "true")
    page.fill("#w-1", TYPED)
    page.keyboard.press("Enter")
    expect(page.locator(".why button")).to_have_text("Saved")
    page.click("#rate-0-True")
    expect(page.locator("#rate-0-True")).to_have_attribute("aria-pressed", "true")
    said = {one["question"]: (one["helpful"], one["why"]) for one in feedback()}
    assert said == {QUESTION: (False, TYPED), UNCOVERED: (True, "")}
    page.reload()
    page.wait_for_selector("#current .turn")
    expect(page.locator("#w-1")).to_have_value(TYPED)
    page.click("#rate-1-False")
    expect(page.locator("#rate-1-False")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#w-1")).to_have_count(0)
    assert [one["question"] for one in feedback()] == [UNCOVERED]
    assert TYPED.encode() not in desk.stored()


# As it was typed


@pytest.mark.thorough
def test_what_a_person_types_is_shown_as_typed(page: Page, desk: Desk) -> None:
    typed = f"{TYPED} <|im_start|> &amp; </h2>"
    whole(page, typed)
    assert page.locator("#current .asked h2").inner_text() == typed
    expect(titles(page)).to_have_count(1)
    page.click("#new")
    page.wait_for_selector(".welcome")
    titles(page).click()
    assert page.locator("#current .asked h2").inner_text() == typed
    page.click("#edit-0")
    expect(page.locator("#question textarea")).to_have_value(typed)
    assert page.locator(".asked b, .asked img, #list b, #list img, #editing b, #editing img").count() == 0
    assert page.evaluate("window.hit") is None
    assert desk.questions() == [typed]
