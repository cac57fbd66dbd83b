"""A turn as HTML, without a browser: the guide's own words, what leads to them, and what comes with an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lxml.html
import pytest

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
from ui.page.view import TurnDetails, render_turn

TEXT = "Water the beans at dusk. Never wet the leaves."
DUSK, LEAVES = Span(TEXT[:24], 0, 24), Span(TEXT[25:], 25, len(TEXT))
PEAS = Span("Peas climb.", 10, 21)
WATERING = Passage(1, "plants.md", "Watering", TEXT, 0, len(TEXT), 0.9, (DUSK, LEAVES))
CLIMBERS = Passage(2, "plants.md", "Climbers", PEAS.text, 10, 21, 0.8, (PEAS,))
UNUSED = Passage(3, "plants.md", "Frost", "Cover them.", 30, 41, 0.4)
BOTH = AnswerSentence(f"“{TEXT}”", (Citation(1, LEAVES), Citation(1, DUSK)))
CLIMB = AnswerSentence(f"“{PEAS.text}”", (Citation(2, PEAS),))
WORDED = AnswerSentence("They need something to hold.", (Citation(2, PEAS), Citation(1, DUSK)))
STEP = NextStep("Never wet the leaves.", replace(WATERING, cited=(LEAVES,)))
NEAREST_SAID = Answer("nearest", (BOTH, CLIMB), (WATERING, CLIMBERS, UNUSED), (STEP,), ("And tomatoes?", "Why climb?"))
ANSWERED = Answer("answered", (CLIMB, WORDED), (WATERING, CLIMBERS, UNUSED), (STEP,), ("And tomatoes?",))


def rendered(answer: Answer, details: TurnDetails | None = None) -> Any:
    """The turn, as a browser reads it."""
    return lxml.html.fromstring(render_turn("Why?", answer, 0, details or TurnDetails()))


def texts(turn: Any, selector: str) -> list[str]:
    """What stands in the elements of a class or a name, without their citations."""
    found = turn.xpath(f"//{selector}") if selector[0] != "." else turn.find_class(selector[1:])
    for chip in (chip for one in found for chip in one.find_class("chip")):
        chip.drop_tree()
    return [one.text_content() for one in found]


def keys(turn: Any, kind: str) -> list[str]:
    return [one.get("data-key") for one in turn.find_class(kind)]


def test_each_quotation_of_the_nearest_stands_by_itself_with_its_chip() -> None:
    turn = rendered(NEAREST_SAID)
    (box,) = turn.find_class("quoted")
    assert set(box.classes) == {"quoted", "nearest"}
    assert [one.tag for one in box] == ["p", "blockquote", "blockquote"]
    assert keys(box, "chip") == ["sentence-0-0-1", "sentence-0-1-2"]
    first, second = box.find_class("chip")
    assert (first.text, first.get("data-peek")) == ("1", f"{LEAVES.text} … {DUSK.text}")
    assert (second.text, second.get("data-peek")) == ("2", PEAS.text)
    assert texts(turn, ".said") == [BOTH.text, CLIMB.text]
    assert texts(turn, ".lead") == [NEAREST]
    assert not turn.find_class("words")


def test_the_nearest_has_its_sources_and_questions_and_its_steps_where_they_are_quoted() -> None:
    turn = rendered(NEAREST_SAID, TurnDetails(last=True, kept=True))
    assert keys(turn, "card") == ["source-0-1", "source-0-2"]
    assert texts(turn, ".follow-up") == ["And tomatoes?", "Why climb?"]
    assert [one.get("data-ask") for one in turn.find_class("follow-up")] == ["And tomatoes?", "Why climb?"]
    assert not turn.find_class("steps"), "nothing is said twice"
    (keep,) = turn.find_class("keep")
    assert keep.getparent() is turn.xpath("//blockquote")[0]
    assert (keep.get("data-do"), keep.get("data-key"), keep.text) == ("keep", "step-0-0", "Keep")
    assert turn.get_element_by_id("copy-0").get("data-copy").startswith(f"{NEAREST}\n{BOTH.text} [1]\n{CLIMB.text} [2]")
    assert turn.find_class("rating")
    assert not rendered(replace(NEAREST_SAID, next_steps=(), follow_ups=())).xpath("//*[@class='keep' or @data-ask]")
    assert not rendered(NEAREST_SAID, TurnDetails(progress="…")).find_class("keep")


def test_a_step_of_the_nearest_that_is_in_the_plan_says_so() -> None:
    turn = rendered(NEAREST_SAID, TurnDetails(planned=frozenset({(STEP.text, "plants.md")})))
    (keep,) = turn.find_class("keep")
    assert (keep.get("data-do"), keep.text) == ("plan", "In your plan")


def test_a_list_of_the_guide_is_a_list() -> None:
    turn = rendered(Answer("answered", (BOTH, CLIMB), (WATERING, CLIMBERS), listed=True))
    (box,) = turn.find_class("listed")
    assert [one.tag for one in box] == ["p", "ul"]
    assert texts(box, ".lead") == ["The guide lists these 2:"]
    assert keys(box, "chip") == ["sentence-0-0-1", "sentence-0-1-2"]
    assert [one.text_content() for one in box.iter("li")] == [f"{BOTH.text}1", f"{CLIMB.text}2"]
    assert not turn.find_class("words")


def test_all_quotations_at_the_beginning_stand_by_themselves() -> None:
    turn = rendered(Answer("answered", (BOTH, CLIMB, WORDED), (WATERING, CLIMBERS)))
    assert texts(turn, "blockquote") == [BOTH.text, CLIMB.text]
    assert texts(turn, ".words") == [WORDED.text]


def test_an_answer_begins_with_a_quotation_and_the_worded_sentences_follow() -> None:
    turn = rendered(ANSWERED)
    (box,) = turn.find_class("quoted")
    assert set(box.classes) == {"quoted", "answered"}
    (words,) = turn.find_class("words")
    assert box.getnext() is words
    assert keys(box, "chip") == ["sentence-0-0-2"]
    assert keys(words, "chip") == ["sentence-0-1-1", "sentence-0-1-2"]
    assert texts(turn, ".lead") == [HERE]
    assert texts(turn, "blockquote") == [CLIMB.text]
    assert texts(turn, ".words") == [WORDED.text]


def test_while_it_is_written_an_answer_shows_its_quotation_and_what_goes_on() -> None:
    turn = rendered(replace(ANSWERED, sentences=(CLIMB,), next_steps=()), TurnDetails("Writing …"))
    assert texts(turn, ".lead") == [HERE]
    assert texts(turn, "blockquote") == [CLIMB.text]
    assert texts(turn, ".state") == ["Writing …"]
    for later in ("words", "sources", "follow-up", "after"):
        assert not turn.find_class(later), later


@pytest.mark.parametrize("sentences", [(WORDED,), (WORDED, CLIMB)], ids=["alone", "before a quotation"])
def test_nothing_leads_to_what_the_model_worded(sentences: tuple[AnswerSentence, ...]) -> None:
    turn = rendered(replace(ANSWERED, sentences=sentences))
    assert not turn.find_class("quoted")
    assert texts(turn, ".words") == [" ".join(sentence.text for sentence in sentences)]


def test_nothing_is_quoted_of_an_answer_that_has_not_begun() -> None:
    for empty in (Answer("answered", stage="reading"), Answer("answered", passages=(WATERING,)), Answer("nearest")):
        turn = rendered(empty, TurnDetails("Reading …"))
        assert not turn.find_class("quoted")
        assert not turn.find_class("lead")
        assert not turn.find_class("words")


def test_a_quotation_that_the_guide_no_longer_says_is_marked() -> None:
    gone = replace(PEAS, gone=True)
    quoted = replace(CLIMB, support=(Citation(2, gone),))
    passages = (WATERING, replace(CLIMBERS, cited=(gone,), now="Peas creep."))
    turn = rendered(replace(NEAREST_SAID, sentences=(BOTH, quoted), passages=passages))
    first, second = turn.find_class("quoted")[0].find_class("chip")
    assert (first.text, second.text) == ("1", "2*")
    assert "changed" in second.classes
    assert turn.find_class("since")


def test_markup_in_a_quotation_is_text() -> None:
    nasty = "<b onclick=alert(1)>hi</b> {{config}} ${7*7} `x`"
    span = Span(nasty, 0, len(nasty))
    passage = Passage(1, "a.md", nasty, nasty, 0, len(nasty), 0.5, (span,))
    answer = Answer("nearest", (AnswerSentence(f"“{nasty}”", (Citation(1, span),)),), (passage,), (), (nasty,))
    turn = rendered(answer)
    assert texts(turn, "blockquote") == [f"“{nasty}”"]
    assert not turn.xpath("//b")
    html = render_turn(nasty, answer, 0, TurnDetails())
    assert not set("`{}$") & set(html)


@pytest.mark.parametrize(
    "answer", [ANSWERED, NEAREST_SAID, Answer("not_covered", (AnswerSentence("I can't find it."),))]
)
def test_a_quiet_line_stands_above_whatever_is_said_and_opens_whom_to_call(answer: Answer) -> None:
    concern = Concern("self-harm", "unsure", "If part of you <does> not want to go on: people to call")
    people = (Contact("A line", "116 123", "UK"), Contact("A list", "findahelpline.com", "Elsewhere"))
    turn = rendered(replace(answer, care=concern, contacts=people))
    (line,) = turn.find_class("concern")
    assert line.tag == "details"
    assert "open" not in line.attrib, "it is quiet"
    assert line.getchildren()[0].text_content() == concern.line
    assert [one.get("href") for one in line.xpath(".//a")] == ["tel:116123", "https://findahelpline.com"]
    reply = turn.find_class("reply")[0]
    assert reply.getchildren()[0] is line
    assert len(reply) > 1, "the answer stands below it"
    assert not rendered(answer).find_class("concern")
