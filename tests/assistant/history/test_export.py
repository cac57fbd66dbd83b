"""What a person takes away: complete, readable, and markup only where it is ours."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from icalendar import Calendar
from markdown_it import MarkdownIt

from assistant.history.conversation import Conversation, KeptTurn
from assistant.history.export import (
    export_answer_markdown,
    export_answer_text,
    export_conversation_markdown,
    export_plan_calendar,
    export_plan_markdown,
)
from assistant.history.plan import KeptStep
from assistant.records import NEAREST, Answer, AnswerSentence, Citation, Contact, NextStep, Passage, Span

TEXT = "Water the beans at dusk. Never wet\nthe leaves. Use a can."
DUSK, LEAVES = Span(TEXT[:24], 0, 24), Span(TEXT[25:46], 25, 46, page=4)
WATERING = Passage(1, "plants.md", "Garden › Watering", TEXT, 0, len(TEXT), 0.9, (DUSK, LEAVES))
UNUSED = Passage(2, "unused.md", "Frost", "Cover them.", 0, 11, 0.5)
PEAS = Passage(3, "my_peas.pdf", "", "Peas climb.", 0, 11, 0.4, (Span("Peas climb.", 0, 11, 7),), 7)
ANSWERED = Answer(
    "answered",
    (
        AnswerSentence("At dusk, and keep the leaves dry.", (Citation(1, DUSK), Citation(1, LEAVES))),
        AnswerSentence("Peas climb.", (Citation(3, PEAS.cited[0]), Citation(1, DUSK))),
    ),
    (WATERING, UNUSED, PEAS),
    (NextStep("Use a can.", replace(WATERING, cited=(Span("Use a can.", 47, 57),))),),
    ("And tomatoes?",),
)
CARE = Answer(
    "care",
    (AnswerSentence("I am sorry."), AnswerSentence("Please call.")),
    contacts=(
        Contact("Samaritans", "116 123", "United Kingdom"),
        Contact("Find a line", "findahelpline.com", "Elsewhere"),
    ),
)
NO = Answer("not_covered", (AnswerSentence("I can't find that."), AnswerSentence("The nearest:")), follow_ups=("Why?",))

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def blocks(markdown: str) -> list[tuple[str, str]]:
    """(kind of block, its text as a reader sees it) of what is read of a text in Markdown; nothing else is in it."""
    found: list[tuple[str, str]] = []
    open_blocks: list[str] = []
    for token in GITHUB.parse(markdown):
        if token.type == "inline":
            inside = [inner.type for inner in token.children or ()]
            assert set(inside) <= {"text", "text_special", "strong_open", "strong_close", "softbreak"}, inside
            text = "".join(" " if inner.type == "softbreak" else inner.content for inner in token.children or ())
            kind = [name for name in open_blocks if name != "paragraph"][-1:] or ["paragraph"]
            found.append((kind[0], text))
        elif token.nesting == 1:
            open_blocks.append(token.tag if token.type == "heading_open" else token.type.removesuffix("_open"))
        elif token.nesting == -1:
            open_blocks.pop()
        else:
            raise AssertionError(f"{token.type} in {markdown}")
    return found


def test_an_answer_with_everything_it_stands_on() -> None:
    assert export_answer_markdown("When do I water?", ANSWERED) == (
        "## When do I water?\n\n"
        "At dusk, and keep the leaves dry. [1] Peas climb. [1][3]\n\n"
        "**Sources**\n\n"
        "[1] Garden › Watering, plants.md\n\n> Water the beans at dusk.\n>\n> Never wet the leaves.\n\n"
        "[3] my_peas.pdf, page 7\n\n> Peas climb.\n\n"
        "**Next steps**\n\n"
        "- Use a can. (Garden › Watering, plants.md)\n"
    )
    assert export_answer_text(ANSWERED) == (
        "At dusk, and keep the leaves dry. [1] Peas climb. [1][3]\n\n"
        "Sources:\n[1] Garden › Watering, plants.md\n[3] my_peas.pdf, page 7"
    )


def test_a_stopped_answer_has_its_sources_too() -> None:
    """Each citation's, whether or not the passages have been marked with what is cited of them."""
    stopped = replace(ANSWERED, passages=tuple(replace(p, cited=()) for p in ANSWERED.passages), next_steps=())
    told = blocks(export_answer_markdown("When?", stopped))
    for citation in (citation for sentence in stopped.sentences for citation in sentence.support):
        assert ("blockquote", " ".join(citation.span.text.split())) in told
        assert any(text.startswith(f"[{citation.number}] ") for kind, text in told if kind == "paragraph")
    assert not any("unused.md" in text for _, text in told)
    assert "[3] my_peas.pdf, page 7" in export_answer_text(stopped)


def test_an_answer_without_sources_has_no_list_of_them() -> None:
    bare = Answer("answered", (AnswerSentence("Yes."),))
    assert export_answer_markdown("When?", bare) == "## When?\n\nYes.\n"
    assert export_answer_text(bare) == "Yes."
    assert export_answer_markdown("When?", Answer("answered")) == "## When?\n"
    assert export_answer_text(Answer("answered")) == ""


def test_what_leads_to_the_guides_own_words_stands_before_them() -> None:
    quotation = AnswerSentence("“Peas climb.”", (Citation(3, PEAS.cited[0]),))
    begun = replace(ANSWERED, sentences=(quotation, *ANSWERED.sentences[:1]))
    words = "The guide says: “Peas climb.” [3] At dusk, and keep the leaves dry. [1]"
    assert blocks(export_answer_markdown("Peas?", begun))[1] == ("paragraph", words)
    assert export_answer_text(begun).partition("\n\n")[0] == words
    assert "The guide says" not in export_answer_markdown("When?", ANSWERED) + export_answer_text(ANSWERED)


def test_the_nearest_is_a_list_of_quotations_with_their_sources() -> None:
    step = NextStep("Never wet the leaves.", replace(WATERING, cited=(LEAVES,)))
    quoted = (
        AnswerSentence("“Never wet the leaves.”", (Citation(1, LEAVES),)),
        AnswerSentence("“Peas *climb*.”", (Citation(3, PEAS.cited[0]),)),
    )
    nearest = Answer("nearest", quoted, (replace(WATERING, cited=(LEAVES,)), UNUSED, PEAS), (step,), ("And tomatoes?",))
    assert blocks(export_answer_markdown("Snails?", nearest)) == [
        ("h2", "Snails?"),
        ("paragraph", NEAREST),
        ("list_item", "“Never wet the leaves.” [1]"),
        ("list_item", "“Peas *climb*.” [3]"),
        ("paragraph", "Sources"),
        ("paragraph", "[1] Garden › Watering, plants.md, page 4"),
        ("blockquote", "Never wet the leaves."),
        ("paragraph", "[3] my_peas.pdf, page 7"),
        ("blockquote", "Peas climb."),
        ("paragraph", "Next steps"),
        ("list_item", "Never wet the leaves. (Garden › Watering, plants.md, page 4)"),
    ]
    assert export_answer_text(nearest) == (
        f"{NEAREST}\n“Never wet the leaves.” [1]\n“Peas *climb*.” [3]\n\n"
        "Sources:\n[1] Garden › Watering, plants.md, page 4\n[3] my_peas.pdf, page 7"
    )


def test_a_source_that_changed_says_so() -> None:
    passages = (replace(WATERING, now=""), *ANSWERED.passages[1:])
    now = replace(ANSWERED, passages=passages)
    assert (
        "[1] Garden › Watering, plants.md, the guide has changed since\n[3] my_peas.pdf, page 7"
        in export_answer_text(now)
    )


def test_care_comes_with_whom_to_call() -> None:
    assert blocks(export_answer_markdown("Help?", CARE)) == [
        ("h2", "Help?"),
        ("paragraph", "I am sorry."),
        ("paragraph", "Please call."),
        ("list_item", "United Kingdom: Samaritans: 116 123"),
        ("list_item", "Elsewhere: Find a line: findahelpline.com"),
    ]
    assert export_answer_text(CARE).splitlines() == ["I am sorry.", "Please call.", *CARE.text.splitlines()[2:]]


def test_a_no_is_plain() -> None:
    assert export_answer_markdown("Mongolia?", NO) == "## Mongolia?\n\nI can't find that.\n\nThe nearest:\n\n- Why?\n"
    assert NO.text == NO.to_dict()["text"] == export_answer_text(NO) == "I can't find that.\nThe nearest:\n- Why?"


def test_a_list_has_a_line_for_each_item() -> None:
    cited = (Citation(3, PEAS.cited[0]),)
    answer = Answer("answered", (AnswerSentence("“Peas climb.”", cited), AnswerSentence("“They do.”", cited)), (PEAS,))
    listed = replace(answer, listed=True)
    assert export_answer_text(listed).startswith("The guide lists these 2:\n“Peas climb.” [3]\n“They do.” [3]\n\n")
    assert "The guide lists these 2:\n\n- “Peas climb.” [3]\n- “They do.” [3]\n" in export_answer_markdown("?", listed)
    assert export_answer_text(answer).startswith("The guide says: “Peas climb.” [3] “They do.” [3]\n")


def test_a_conversation_has_a_heading_for_each_question() -> None:
    begun = datetime(2030, 1, 31, 12).timestamp()
    nearest = Answer("nearest", (AnswerSentence("“Peas climb.”", (Citation(3, PEAS.cited[0]),)),), (PEAS,))
    asked = (("Beans?", ANSWERED), ("Help?", CARE), ("Why?", NO), ("Snails?", nearest))
    turns = tuple(KeptTurn(question, answer, begun) for question, answer in asked)
    markdown = export_conversation_markdown(Conversation("id", "My *plot*", begun, begun, turns), "A Small Garden")
    told = blocks(markdown)
    assert told[:2] == [("h1", "My *plot*"), ("paragraph", "From the guide “A Small Garden”, 2030-01-31.")]
    assert [text for kind, text in told if kind == "h2"] == ["Beans?", "Help?", "Why?", "Snails?"]
    for turn in turns:
        assert export_answer_markdown(turn.question, turn.answer) in markdown


NASTY = [
    "# a heading",
    "###### six",
    "C# or F#",
    "Is it C #",
    "#",
    "> a quote",
    "- an item",
    "+ an item",
    "* an item",
    "-",
    "---",
    "===",
    "***bold***",
    "1. first",
    "1986) a year",
    "12345",
    "__init__ and snake_case and _this_ _",
    "`code` ``",
    "```",
    "~~gone~~ ~gone~",
    "~~~",
    "[a link](javascript:alert(1))",
    "![a picture](http://example.com/a.png)",
    "[1]: http://example.com",
    "[x] done",
    "<script>alert(1)</script> <b>",
    "<http://example.com>",
    "&lt;b&gt; &amp &#35; AT&T;",
    "\\# \\\\ \\",
    "| a | b |",
    "|---|---|",
    "    code",
    "\t\ttab",
    "two  \nlines\n\nand more\r\n# heading",
    "a\u2028b\x00c\x0bd\x1be",
    "👩‍👩‍👧 می‌خواهم",
    ": a definition",
    "% _ ' \" $x$ {y}",
]
SIGNS = "#>-+*_`~[]()<>&;:|=\\!1.) ab\n\t"


def shown(text: str) -> str:
    """As a reader should see it: on one line, without control characters."""
    return " ".join("".join(" " if ord(letter) < 32 else letter for letter in text).split())


@pytest.mark.parametrize("text", NASTY)
def test_what_a_person_or_a_guide_wrote_is_no_markup(text: str) -> None:
    passage = Passage(1, f"{text}.md", text, text, 0, len(text), 0.5, (Span(text, 0, len(text)),))
    answer = Answer(
        "answered", (AnswerSentence(text, (Citation(1, passage.cited[0]),)),), (passage,), (NextStep(text, passage),)
    )
    place = f"{shown(text)}, {shown(text + '.md')}"
    told = [
        ("h2", shown(text)),
        ("paragraph", f"{shown(text)} [1]"),
        ("paragraph", "Sources"),
        ("paragraph", f"[1] {place}"),
        ("blockquote", shown(text)),
        ("paragraph", "Next steps"),
        ("list_item", f"{shown(text)} ({place})"),
    ]
    assert blocks(export_answer_markdown(text, answer)) == told
    led = [told[0], ("paragraph", NEAREST), ("list_item", told[1][1]), *told[2:]]
    assert blocks(export_answer_markdown(text, replace(answer, status="nearest"))) == led
    conversation = Conversation("id", text, 0.0, 0.0, (KeptTurn(text, answer, 0.0),))
    assert blocks(export_conversation_markdown(conversation, text))[2:] == told
    assert blocks(export_conversation_markdown(conversation, text))[0] == ("h1", shown(text))
    step = KeptStep("id", text, passage, False, f"{text}\n{text}", date(2030, 1, 31), 0.0)
    assert blocks(export_plan_markdown([step], text)) == [
        ("h1", f"My plan from “{shown(text)}”"),
        ("list_item", f"[ ] {shown(text)} (by 2030-01-31)"),
        ("list_item", f"Note: {shown(f'{text} {text}')}"),
        ("list_item", f"The guide says so in: {place}"),
    ]


def test_no_mixture_of_signs_is_markup() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        text = "a" + "".join(chance.choices(SIGNS, k=chance.randint(1, 12)))
        text = text[chance.randint(0, 1) :]
        if shown(text):
            lines = blocks(
                export_answer_markdown(text, Answer("not_covered", (AnswerSentence(text),), follow_ups=(text,)))
            )
            assert lines == [("h2", shown(text)), ("paragraph", shown(text)), ("list_item", shown(text))]


# The plan

OPEN = KeptStep("id-1", "Use a can.", WATERING, False, "", None, 1.0)
DATED = KeptStep(
    "id-2", "Cover the, seedlings; now", UNUSED, False, "With Ada:\r\nbring \\fleece, and tea", date(2030, 12, 31), 2.0
)
DONE = KeptStep("id-3", "Sow peas.", PEAS, True, "", None, 3.0)
BOTH = KeptStep("id-4", "Dig " * 60, PEAS, True, "🌱" * 200, date(2031, 1, 1), 4.0)


def test_the_plan_is_a_list_of_tasks() -> None:
    assert export_plan_markdown([DATED, OPEN, DONE], "A Small Garden") == (
        "# My plan from “A Small Garden”\n\n"
        "- [ ] Cover the, seedlings; now (by 2030-12-31)\n"
        "  - Note: With Ada: bring \\\\fleece, and tea\n"
        "  - The guide says so in: Frost, unused.md\n"
        "- [ ] Use a can.\n"
        "  - The guide says so in: Garden › Watering, plants.md\n"
        "- [x] Sow peas.\n"
        "  - The guide says so in: my_peas.pdf, page 7\n"
    )
    assert export_plan_markdown([], "A Small Garden").endswith("\n\nNothing is kept yet.\n")


def entries(data: bytes) -> dict[str, Any]:
    """The events and tasks of a calendar by their UID."""
    (calendar,) = Calendar.from_ical(data, multiple=True)
    assert (calendar.name, str(calendar["version"])) == ("VCALENDAR", "2.0")
    assert calendar["prodid"]
    assert all(not component.errors for component in calendar.walk())
    return {str(component["uid"]): component for component in calendar.subcomponents}


def test_a_step_with_a_date_is_a_days_event_and_one_without_is_a_task() -> None:
    now = datetime(2030, 1, 31, 13, 30, tzinfo=timezone(timedelta(hours=2)))
    data = export_plan_calendar([DATED, OPEN, DONE, BOTH], "A “Small”, Garden;\nof mine", now)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    found = entries(data)
    kinds = {identity: component.name for identity, component in found.items()}
    assert list(kinds.values()) == ["VEVENT", "VTODO", "VTODO", "VEVENT"]
    dated, todo, done, both = found.values()
    assert (dated["dtstart"].dt, dated["dtstart"].params["VALUE"]) == (date(2030, 12, 31), "DATE")
    assert {"dtend", "duration"}.isdisjoint(dated)  # then a day's event lasts that day
    assert str(dated["summary"]) == "Cover the, seedlings; now"
    place = "“A “Small”, Garden; of mine” says so in: Frost, unused.md"
    assert str(dated["description"]) == f"With Ada:\nbring \\fleece, and tea\n{place}"
    assert (todo["status"], done["status"]) == ("NEEDS-ACTION", "COMPLETED")
    assert str(todo["summary"]) == "Use a can."
    assert str(both["summary"]) == "✓ " + ("Dig " * 60).strip()
    assert str(both["description"]).startswith("🌱" * 200 + "\n")
    assert {component["dtstamp"].dt for component in found.values()} == {
        datetime(2030, 1, 31, 11, 30, tzinfo=timezone.utc)
    }


def test_a_step_that_is_exported_again_is_the_same_one() -> None:
    first = entries(export_plan_calendar([DATED, OPEN], "Garden"))
    again = entries(
        export_plan_calendar([replace(OPEN, done=True), replace(DATED, due=date(2031, 5, 1), text="Else.")], "Garden")
    )
    assert set(first) == set(again)
    assert len(first) == 2
    for identity, component in again.items():
        assert component["dtstamp"].dt >= first[identity]["dtstamp"].dt
    assert set(first).isdisjoint(entries(export_plan_calendar([DONE], "Garden")))


def test_an_empty_plan_is_a_calendar_too() -> None:
    assert entries(export_plan_calendar([], "Garden")) == {}


@pytest.mark.parametrize("due", [date.min, date(999, 2, 3), date.max])
def test_every_date_there_is_can_be_in_a_calendar(due: date) -> None:
    (entry,) = entries(export_plan_calendar([replace(DATED, due=due)], "Garden")).values()
    assert entry["dtstart"].dt == due


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_a_person_wrote_breaks_a_calendar(text: str) -> None:
    for step in (replace(DATED, text=text, note=text), replace(OPEN, text=text, note=f"BEGIN:VEVENT\n{text}")):
        (entry,) = entries(export_plan_calendar([step], text)).values()
        assert str(entry["summary"]) == shown(text)
        assert shown(str(entry["description"])).startswith(shown(step.note))
